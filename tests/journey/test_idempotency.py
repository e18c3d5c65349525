"""An outcome with an Idempotency-Key: once noted, the same answer at each try; never another's."""

import asyncio
import datetime as dt
import threading

import httpx
import pytest
import sqlalchemy as sa

from registry.store.forgetting import forget
from registry.store.store import open_store
from serving.access.permissions import issue
from serving.app import create_app
from serving.audit.recorder import ENTRIES
from serving.book.scorebook import TICKS
from serving.errors import AnsweringStill, OutOfScope
from serving.http.observe import Log
from serving.visits import keyed_outcomes
from serving.visits.keyed_outcomes import KEYS, answered_once
from serving.visits.visit_outcomes import VisitOutcome
from tests.support.service_cases import AS_OF, KEY, Client, book, row, token

PATH = "/v1/visits/C-1/outcome"
WELL = {"visited_on": "2026-03-16", "finding": "well", "weight_kg": 7.4}


def started(folder):
    return create_app(
        str(folder / "x.db"), folder / "m", key=KEY, log=Log(lambda _: None), follow=False
    )


@pytest.fixture
def service(tmp_path, monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", "2026-03-17")
    open_store(tmp_path / "x.db").close()
    app = started(tmp_path)
    app.folder = tmp_path
    book(app.state.engine, [row("C-1"), row("C-2"), row("C-3", "S2")])
    yield app
    app.close()


def send(app, document=WELL, key="a-key", path=PATH, by=None):
    headers = {"Idempotency-Key": key} if key is not None else {}
    return Client(app, by or token()).post(path, document, headers=headers)


def ticks(app):
    with app.state.engine.connect() as connection:
        return connection.execute(sa.select(TICKS.c.child_id, TICKS.c.finding)).all()


def test_sent_again_it_is_answered_as_before_also_after_a_restart(service):
    first = send(service)
    assert first.status_code == 201 and "idempotent-replayed" not in first.headers
    with service.state.engine.begin() as connection:
        connection.execute(sa.delete(TICKS))
    for app in (service, started(service.folder)):
        again = send(app, dict(reversed(WELL.items())))
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotent-replayed"] == "true"
    assert ticks(service) == []
    app.close()
    with service.state.engine.connect() as connection:
        acts = connection.scalars(sa.select(ENTRIES.c.act).order_by(ENTRIES.c.number)).all()
    assert acts == ["outcome", "outcome_repeated", "outcome_repeated"]


@pytest.mark.parametrize(
    "other",
    [{"finding": "ill"}, {"visited_on": "2026-03-15"}, {"weight_kg": 7.5}, {"muac_mm": 120}],
)
def test_a_key_with_another_outcome_is_refused_and_changes_nothing(service, other):
    send(service)
    answer = send(service, WELL | other)
    assert answer.status_code == 422 and answer.json()["code"] == "API017"
    elsewhere = send(service, path="/v1/visits/C-2/outcome")
    assert elsewhere.json()["code"] == "API017"
    assert ticks(service) == [("C-1", "well")]


def test_without_a_key_and_with_another_s_the_same_visit_is_noted_anew(service):
    assert send(service).status_code == 201
    assert "idempotent-replayed" not in send(service, key=None).headers
    other = issue(key=KEY, role="officer", scopes=["state:*"], name="somebody else")
    assert "idempotent-replayed" not in send(service, WELL | {"finding": "ill"}, by=other).headers
    assert ticks(service) == [("C-1", "ill")]


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "é"])
def test_a_key_that_is_none_is_named(service, key):
    answer = send(service, key=key.encode("latin-1"))
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == ["Idempotency-Key"]
    assert ticks(service) == []


def test_what_was_refused_may_be_mended_under_the_same_key(service):
    assert send(service, WELL | {"visited_on": "2031-01-01"}).status_code == 422
    unknown = send(service, path="/v1/visits/C-9/outcome")
    assert unknown.status_code == 404
    assert send(service).status_code == 201


def test_a_replay_needs_the_child_still_to_be_seen(service):
    narrow = token("sector:S1")
    assert send(service, by=narrow).status_code == 201
    assert send(service, by=token("sector:S2")).status_code == 404
    store = open_store(service.folder / "x.db")
    forget(store, "C-1")
    store.close()
    assert send(service, by=narrow).status_code == 404
    with service.state.engine.connect() as connection:
        assert connection.execute(sa.select(KEYS)).all() == []


def test_two_at_once_note_one_outcome(service):
    async def both():
        transport = httpx.ASGITransport(service)
        headers = {"Authorization": f"Bearer {token()}", "Idempotency-Key": "race"}
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            asking = [client.post(PATH, json=WELL, headers=headers) for _ in range(8)]
            return await asyncio.gather(*asking)

    found = asyncio.run(both())
    new = [
        one for one in found if one.status_code == 201 and "idempotent-replayed" not in one.headers
    ]
    others = [one for one in found if one not in new]
    assert len(new) == 1
    for one in others:
        if one.status_code == 201:
            assert one.content == new[0].content
        else:
            assert one.status_code == 409 and one.headers["retry-after"] == "1"
            assert one.json()["code"] == "API018"
    assert ticks(service) == [("C-1", "well")]
    with service.state.engine.connect() as connection:
        acts = connection.scalars(sa.select(ENTRIES.c.act)).all()
    assert acts.count("outcome") == 1
    assert send(service, key="race").content == new[0].content


OUTCOME = VisitOutcome("C-1", AS_OF, "well")


def test_only_one_of_many_threads_makes_the_answer(service):
    made, told, gate = [], [], threading.Barrier(6)

    def make():
        made.append(1)
        return {"number": len(made)}

    def ask():
        gate.wait()
        try:
            told.append(answered_once(service.state.engine, "me", "k", OUTCOME, make))
        except AnsweringStill:
            told.append(None)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and {str(one.document) for one in told if one} == {"{'number': 1}"}


def test_a_request_that_died_is_taken_over_after_its_time(service):
    engine = service.state.engine

    def dies():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answered_once(engine, "me", "k", OUTCOME, dies)
    with pytest.raises(AnsweringStill):
        answered_once(engine, "me", "k", OUTCOME, dict)
    moved(engine, dt.timedelta(seconds=keyed_outcomes.ANSWERING_SECONDS + 1))
    assert answered_once(engine, "me", "k", OUTCOME, lambda: {"n": 1}).document == {"n": 1}
    assert answered_once(engine, "me", "k", OUTCOME, dict).document == {"n": 1}


def test_a_key_is_kept_for_its_days_and_no_longer(service):
    engine = service.state.engine
    answered_once(engine, "me", "k", OUTCOME, lambda: {"n": 1})
    moved(engine, dt.timedelta(keyed_outcomes.KEPT_DAYS, seconds=-60))
    assert answered_once(engine, "me", "k", OUTCOME, dict).replayed
    moved(engine, dt.timedelta(seconds=120))
    assert answered_once(engine, "me", "k", OUTCOME, lambda: {"n": 2}).document == {"n": 2}


def test_a_refusal_leaves_the_key_free(service):
    def refuses():
        raise OutOfScope("no such child")

    with pytest.raises(OutOfScope):
        answered_once(service.state.engine, "me", "k", OUTCOME, refuses)
    other = VisitOutcome("C-2", AS_OF, "ill")
    assert not answered_once(service.state.engine, "me", "k", other, dict).replayed


def moved(engine, by):
    """As if all keys had come so much earlier."""
    with engine.begin() as connection:
        for one in connection.execute(sa.select(KEYS)).all():
            then = dt.datetime.fromisoformat(one.begun_at) - by
            mine = sa.update(KEYS).where(KEYS.c.digest == one.digest)
            connection.execute(mine.values(begun_at=then.isoformat(timespec="milliseconds")))
