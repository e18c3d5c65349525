"""Score book and audit log in PostgreSQL, two services over one database: the same answers, one
whole chain."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from registry.store.forgetting import forget
from registry.store.store import open_store
from serving.answering.schemas import EXAMPLE
from serving.app import create_app
from serving.audit import recorder
from serving.book import scorebook
from serving.http.observe import Log
from tests.journey.test_first_use import begun_together
from tests.support.postgres import fresh_database, own_server
from tests.support.service_cases import AS_OF, KEY, Client, book, bundle, promoted, row, token


@pytest.fixture(scope="module")
def address():
    """The address of a PostgreSQL server of our own, with a store in it."""
    with own_server() as uri:
        open_store(uri).close()
        yield uri


@pytest.fixture(scope="module")
def services(address, tmp_path_factory):
    """Two services, as two worker processes open them: begun together, over the same database and
    models."""
    models = tmp_path_factory.mktemp("two") / "x.models"
    for target in ("relapse", "non_response"):
        promoted(models, bundle(target))
    apps = [
        create_app(address, models, key=KEY, log=Log(lambda _: None), follow=False)
        for _ in range(2)
    ]
    apps[0].models = models
    yield apps
    for app in apps:
        app.close()


def test_both_answer_alike_and_write_one_whole_chain(services):
    asked = [Client(app, token("sector:S1")) for app in services]
    book(
        services[0].state.engine,
        [row(f"{sector}-{n}", sector) for sector in ("S1", "S2") for n in range(3)],
    )

    def ask(client):
        return [
            client.get("/v1/visits").json()
            if turn % 2 == 0
            else client.post("/v1/score", EXAMPLE).json()
            for turn in range(16)
        ]

    with ThreadPoolExecutor(2) as together:
        answers = list(together.map(ask, asked))
    assert answers[0] == answers[1] and answers[0][0]["sector_id"] == "S1"
    assert answers[0][1]["children"][0]["relapse"]["score_status"] == "scored"
    engine, key = services[0].state.engine, services[0].state.audit._key
    for client in asked:
        assert client.get("/v1/children/S1-2").status_code == 200
        assert client.get("/v1/children/S2-2").status_code == 404
    assert recorder.first_broken(engine, key) is None
    with engine.connect() as connection:
        lists = (
            sa.select(sa.func.count())
            .select_from(recorder.ENTRIES)
            .where(recorder.ENTRIES.c.act == "list")
        )
        assert connection.scalar(lists) == 16
    assert len(recorder.entries_about(engine, key, "S1-2")) == 18


@pytest.mark.parametrize("kept_in", [scorebook, recorder], ids=["score book", "audit log"])
def test_two_that_make_the_tables_at_once_both_find_them_made(kept_in, address):
    begun_together(fresh_database(address), kept_in.make_tables)


def test_both_follow_a_promoted_champion(services):
    version = promoted(services[0].models, bundle("relapse", seed=3))
    for app in services:
        app.state.champions.look()
        told = Client(app, token("sector:S1")).post("/v1/score", EXAMPLE).json()["children"][0]
        assert told["relapse"]["model_version"] == version


def test_a_visit_told_to_one_shows_in_the_other_and_a_child_is_forgotten_in_both(
    services, address, monkeypatch
):
    monkeypatch.setenv("SANKET_IDENTITY_KEY", "a key of the test, long enough")
    one, other = (Client(app, token("state:*")) for app in services)
    engine = services[0].state.engine
    book(engine, [row("S3-0", "S3"), row("S3-1", "S3")], as_of=AS_OF + dt.timedelta(days=1))
    told = one.post("/v1/visits/S3-0/outcome", {"visited_on": AS_OF.isoformat(), "finding": "well"})
    assert told.status_code == 201
    assert other.get("/v1/children/S3-0").json()["last_finding"] == "well"
    store = open_store(address)
    gone = dict.fromkeys(
        ("sanket_scores", "sanket_target_scores", "sanket_ticks", "sanket_events"), 1
    )
    assert forget(store, "S3-0") == gone
    store.close()
    assert [client.get("/v1/children/S3-0").status_code for client in (one, other)] == [404, 404]
    again = scorebook.begin(
        engine, as_of=AS_OF, made_from={"registry": "r"}, places=[("S1", "P1", "D1")]
    )
    assert (
        scorebook.begin(engine, as_of=AS_OF, made_from={"registry": "r"}, places=[]).run
        == again.run
    )


def test_a_key_sent_to_both_at_once_notes_one_outcome_and_events_are_read_from_either(services):
    one, other = (Client(app, token("state:*")) for app in services)
    book(services[0].state.engine, [row("S2-7", "S2")], as_of=AS_OF + dt.timedelta(days=2))
    after = one.get("/v1/events?limit=1000").json()["next"]
    said, sent = {"visited_on": AS_OF.isoformat(), "finding": "ill"}, {"Idempotency-Key": "k"}

    def send(client):
        return client.post("/v1/visits/S2-7/outcome", said, headers=sent)

    with ThreadPoolExecutor(4) as together:
        answers = list(together.map(send, [one, other, one, other]))
    assert {answer.status_code for answer in answers} <= {201, 409}
    new = [one for one in answers if one.is_success and "idempotent-replayed" not in one.headers]
    assert len(new) == 1 and send(other).content == new[0].content
    for client in (one, other):
        told = client.get(f"/v1/events?after={after}").json()["events"]
        assert [(event["kind"], event["finding"]) for event in told] == [("finding_entered", "ill")]
        areas = client.get("/v1/areas?months=0").json()["areas"]
        assert [area["level"] for area in areas][:3] == ["state", "district", "district"]


def test_a_database_that_goes_away_is_said_and_its_entries_wait(address, tmp_path):
    gone = address.replace("/postgres?", "/not_there?")
    app = create_app(
        gone, tmp_path / "x.models", key=KEY, log=Log(lambda _: None), follow=False, pages=False
    )
    client = Client(app, token("state:*"))
    refused = client.get("/v1/visits?sector=S1")
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
        503,
        "API031",
        "5",
    )
    assert client.post("/v1/classify", EXAMPLE).status_code == 200
    assert client.get("/readyz").json()["score_book"]["fault"]
    app.close()
    assert app.state.audit.held == 1 and app.state.audit.fault == "OperationalError"
