"""`GET /v1/events`: what happened, in order, once, within the scope, with children by key."""

import datetime as dt
import threading

import pytest
import sqlalchemy as sa

from registry.store.forgetting import forget
from registry.store.store import open_store
from serving.app import create_app
from serving.audit.recorder import ENTRIES
from serving.book import events, scorebook
from serving.book.events import EVENTS, BookEvent, append, note_promotion
from serving.book.ticks import tick
from serving.database import engine_of
from serving.http.observe import Log
from tests.support.postgres import fresh_database, own_server
from tests.support.service_cases import AS_OF, KEY, Client, book, bundle, promoted, row, token


@pytest.fixture
def service(tmp_path, monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", "2026-03-17")
    open_store(tmp_path / "x.db").close()
    app = create_app(
        str(tmp_path / "x.db"), tmp_path / "m", key=KEY, log=Log(lambda _: None), follow=False
    )
    app.folder = tmp_path
    yield app
    app.close()


def danger(child, sector="S1", **more):
    said = {"state": "sam_suspected", "rule": "sam_suspected", "next_step": "examine"}
    return row(child, sector, danger=True, **(said | {"who": "anm_or_mo"} | more))


def read(app, query="", scope="state:*"):
    """(all events from a cursor on, where to go on)."""
    client, found, cursor = Client(app, token(scope)), [], query
    while True:
        answer = client.get(f"/v1/events?{cursor}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["events"]
        cursor = f"after={page['next']}" + ("&" + query.partition("&")[2] if "&" in query else "")
        if not page["more"]:
            return found, page["next"]


def short(found):
    return [(one["kind"], one["sector_id"], one["finding"]) for one in found]


def keys(app):
    told = Client(app, token()).get("/v1/children").json()["children"]
    return {child["child_id"]: child["child_key"] for child in told}


def test_a_run_is_told_with_the_children_newly_in_danger(service):
    engine = service.state.engine
    book(engine, [danger("C-1"), row("C-2"), danger("C-3", "S3")])
    found, after = read(service)
    assert [one["kind"] for one in found] == ["run_published", *["child_in_danger"] * 2]
    assert found[0]["as_of"] == "2026-03-14" and found[0]["child_key"] is None
    known = keys(service)
    assert {one["child_key"] for one in found[1:]} == {known["C-1"], known["C-3"]}
    assert {one["state"] for one in found[1:]} == {"sam_suspected"}
    assert "C-1" not in str(found)
    later = AS_OF + dt.timedelta(1)
    book(engine, [danger("C-1"), danger("C-2"), row("C-3", "S3")], as_of=later)
    new, after = read(service, f"after={after}")
    assert [(one["kind"], one["child_key"]) for one in new] == [
        ("run_published", None),
        ("child_in_danger", known["C-2"]),
    ]
    # In danger, well, and in danger again is new each time.
    book(engine, [danger("C-3", "S3")], as_of=later, made_from={"again": 1})
    new, after = read(service, f"after={after}")
    assert [one["child_key"] for one in new] == [None, known["C-3"]]
    assert read(service, f"after={after}")[0] == []


def test_nothing_is_newly_wrong_in_the_past(service):
    engine = service.state.engine
    book(engine, [row("C-1")])
    _, after = read(service)
    book(engine, [danger("C-1")], as_of=AS_OF - dt.timedelta(30))
    new, _ = read(service, f"after={after}")
    assert [one["kind"] for one in new] == ["run_published"]


def test_a_run_that_is_not_whole_is_not_told(service):
    engine = service.state.engine
    book(engine, [row("C-1")])
    _, after = read(service)
    run = scorebook.begin(engine, as_of=AS_OF + dt.timedelta(1), made_from={}, places=[])
    scorebook.write_chunk(engine, run, 0, [danger("C-1")])
    assert read(service, f"after={after}")[0] == []


def outcome(app, child, finding, by=None):
    said = {"visited_on": "2026-03-16", "finding": finding, "muac_mm": 112}
    answer = Client(app, by or token()).post(f"/v1/visits/{child}/outcome", said)
    assert answer.status_code == 201


def test_a_finding_is_told_once_and_a_corrected_one_again(service):
    book(service.state.engine, [row("C-1"), row("C-3", "S3")])
    _, after = read(service)
    for finding in ("ill", "ill", "well", "well"):
        outcome(service, "C-1", finding)
    found, after = read(service, f"after={after}")
    assert short(found) == [("finding_entered", "S1", "ill"), ("finding_entered", "S1", "well")]
    assert {one["visited_on"] for one in found} == {"2026-03-16"}
    assert {one["child_key"] for one in found} == {keys(service)["C-1"]}
    from_a_list = {"child_id": "C-3", "visited_on": AS_OF, "finding": "away"}
    tick(service.state.engine, [from_a_list | {"listed_on": AS_OF, "listed_for": None}])
    found, _ = read(service, f"after={after}")
    assert short(found) == [("finding_entered", "S3", "away")]


def test_a_measurement_without_a_finding_is_no_finding(service):
    book(service.state.engine, [row("C-1")])
    _, after = read(service)
    said = {"visited_on": "2026-03-16", "weight_kg": 7.1}
    assert Client(service, token()).post("/v1/visits/C-1/outcome", said).status_code == 201
    assert read(service, f"after={after}")[0] == []


def test_a_scope_is_told_its_own_children_and_what_concerns_all(service):
    book(service.state.engine, [danger("C-1", "S1"), danger("C-2", "S2"), danger("C-3", "S3")])
    stranger = {"child_id": "C-7", "visited_on": AS_OF, "finding": "well"}
    tick(service.state.engine, [stranger | {"listed_on": None, "listed_for": None}])
    assert len(read(service)[0]) == 5
    for scope, sectors in (
        ("sector:S1", {"S1"}),
        ("project:P1", {"S1", "S2"}),
        ("district:D2", {"S3"}),
        ("sector:none", set()),
    ):
        found, after = read(service, scope=scope)
        assert {one["sector_id"] for one in found} - {None} == sectors
        assert [one["kind"] for one in found if one["sector_id"] is None] == ["run_published"]
        assert after == read(service)[1]
    assert Client(service, token(role="analyst")).get("/v1/events").json()["code"] == "API011"
    assert Client(service).get("/v1/events").json()["code"] == "API010"


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
def test_pages_of_any_size_tell_everything_once_in_order(service, limit):
    book(service.state.engine, [danger(f"C-{n}", ("S1", "S3")[n % 2]) for n in range(8)])
    for finding in ("ill", "well"):
        outcome(service, "C-0", finding)
    whole = read(service)[0]
    assert read(service, f"after=&limit={limit}".replace("after=&", "&"))[0] == whole
    narrow = read(service, f"&limit={limit}", scope="sector:S3")[0]
    assert narrow == [one for one in whole if one["sector_id"] in (None, "S3")]


def test_who_read_of_whom_is_written_down(service):
    book(service.state.engine, [danger("C-1")])
    read(service)
    read(service, scope="sector:none")
    with service.state.engine.connect() as connection:
        acts = connection.scalars(sa.select(ENTRIES.c.act)).all()
    assert acts == ["events"]


def test_a_forgotten_child_leaves_the_events_and_no_later_one_is_missed(service):
    book(service.state.engine, [danger("C-1")])
    outcome(service, "C-1", "died")
    _, after = read(service)
    store = open_store(service.folder / "x.db")
    forget(store, "C-1")
    store.close()
    assert [one["kind"] for one in read(service)[0]] == ["run_published"]
    book(service.state.engine, [row("C-2")], as_of=AS_OF + dt.timedelta(1))
    assert [one["kind"] for one in read(service, f"after={after}")[0]] == ["run_published"]


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIl0", "Wy0xXQ", "bnVsbA", "%22", "WzFd" * 60])
def test_a_cursor_that_is_none_is_refused(service, cursor):
    book(service.state.engine, [row("C-1")])
    answer = Client(service, token()).get(f"/v1/events?after={cursor}")
    assert answer.status_code == 422 and answer.json()["code"] == "API002"


def test_old_events_go_and_who_missed_them_is_told(service):
    engine = service.state.engine
    book(engine, [row("C-1")])
    _, after = read(service)
    outcome(service, "C-1", "ill")
    outcome(service, "C-1", "well")
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(events.KEPT_DAYS + 1)
    with engine.begin() as connection:
        connection.execute(sa.update(EVENTS).values(at=long_ago.isoformat(timespec="milliseconds")))
    book(engine, [row("C-1")], as_of=AS_OF + dt.timedelta(1))
    client = Client(service, token())
    page = client.get(f"/v1/events?after={after}").json()
    assert page["gap"] is True and len(page["events"]) == 1
    assert client.get(f"/v1/events?after={page['next']}").json()["gap"] is False
    assert client.get("/v1/events").json()["gap"] is False


def test_before_anything_is_scored(service):
    assert Client(service, token()).get("/v1/events").json()["code"] == "API032"


def test_a_promoted_model_is_told_once_by_many_and_through_restarts(service):
    engine, folder = service.state.engine, service.folder / "m"
    book(engine, [row("C-1")])
    _, after = read(service)
    first = promoted(folder, bundle("relapse"))
    others = [
        create_app(
            str(service.folder / "x.db"), folder, key=KEY, log=Log(lambda _: None), follow=False
        )
        for _ in range(2)
    ]
    service.state.champions.look()
    for app in (service, *others):
        app.state.champions.tell()
        app.close() if app is not service else None
    found, after = read(service, f"after={after}")
    assert [(one["kind"], one["target"], one["version"]) for one in found] == [
        ("model_promoted", "relapse", first)
    ]
    second = promoted(folder, bundle("relapse", seed=5))
    service.state.champions.look()
    service.state.champions.tell()
    assert promoted(folder, bundle("relapse")) == first
    service.state.champions.look()
    service.state.champions.tell()
    found, _ = read(service, f"after={after}", scope="sector:S1")
    assert [one["version"] for one in found] == [second, first]


def test_a_promotion_that_cannot_be_written_yet_is_told_later(service):
    promoted(service.folder / "m", bundle("relapse"))
    champions = service.state.champions
    champions.look()
    champions.tell()
    book(service.state.engine, [row("C-1")])
    champions.tell()
    assert [one["kind"] for one in read(service)[0]] == ["run_published"]
    champions._tell_from = 0.0
    champions.tell()
    assert [one["kind"] for one in read(service)[0]] == ["run_published", "model_promoted"]
    engine = sa.create_engine(f"sqlite:///{service.folder}/nowhere/x.db")
    assert not note_promotion(engine, "relapse", "v", "1")


def test_on_postgresql_no_event_comes_to_be_seen_behind_one_that_was_read():
    """Two transactions write events: the one that began first commits last. A reader in between
    must not step over its events."""
    with own_server() as server:
        in_order(engine_of(fresh_database(server)))


def in_order(engine):
    book(engine, [row("C-1")])
    began, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def slow():
        with engine.begin() as connection:
            append(connection, [BookEvent("finding_entered", "S1", "C-1", {"finding": "slow"})])
            began.set()
            go_on.wait(20)

    def quick():
        with engine.begin() as connection:
            append(connection, [BookEvent("finding_entered", "S1", "C-1", {"finding": "quick"})])
        done.set()

    threads = [threading.Thread(target=slow), threading.Thread(target=quick)]
    threads[0].start()
    assert began.wait(20)
    threads[1].start()
    assert not done.wait(0.5)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(EVENTS)) == 1
    go_on.set()
    for thread in threads:
        thread.join(20)
    with engine.connect() as connection:
        told = connection.scalars(sa.select(EVENTS.c.told).order_by(EVENTS.c.number)).all()
    assert ["slow" in told[1], "quick" in told[2]] == [True, True]
    engine.dispose()
