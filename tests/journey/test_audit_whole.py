"""The audit log has every child that was shown, in every format; a log that was cut is found; its
key is its own."""

import datetime as dt
import json
import re

import pytest
import sqlalchemy as sa

from sanket.app import main
from serving.access.permissions import COOKIE, local_key
from serving.app import create_app
from serving.audit import recorder
from serving.audit.audit_key import audit_key_path, own_audit_key
from serving.book.ticks import tick
from serving.database import engine_of
from serving.http.observe import Log
from serving.process.service_state import KEPT_UNSEEN
from tests.support.list_store import children, make_store, token
from tests.support.listed_children import AS_OF
from tests.support.service_cases import Client

KEY = b"audit-key" * 4


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("audit"), count=60)


@pytest.fixture(autouse=True)
def on_the_day_of_the_list(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", AS_OF.isoformat())


@pytest.fixture
def app(store):
    app = create_app(store, follow=False, log=Log(lambda _: None))
    yield app
    app.close()


def newest(app):
    with app.state.engine.connect() as connection:
        row = connection.execute(
            sa.select(recorder.ENTRIES).order_by(recorder.ENTRIES.c.number.desc())
        ).first()
    return row.act, set(json.loads(row.children))


def shown_in(app, text):
    known = [child.child_id for child in children(60)]
    return {
        recorder.named(app.state.audit._key, name)
        for name in known
        if re.search(rf"\b{re.escape(name)}\b", text)
    }


@pytest.mark.parametrize("capacity", [1, 5, 20, 500])
@pytest.mark.parametrize(
    "path", ["/visits", "/visits.txt", "/visits.csv", "/visits.html", "/v1/visits"]
)
def test_every_child_on_a_list_is_audited_in_any_format(app, store, path, capacity):
    own = [child for child in children(60) if child.sector_id == "S0001"]
    done = {"finding": "sam_again", "listed_on": AS_OF, "listed_for": None, "sector_id": "S0001"}
    tick(
        app.state.engine,
        [done | {"child_id": own[n].child_id, "visited_on": AS_OF} for n in (0, 7)],
    )
    tick(
        app.state.engine,
        [done | {"child_id": own[9].child_id, "visited_on": AS_OF, "finding": "well"}],
    )
    headers = {"Cookie": f"{COOKIE}={token(store)}"} if path[1] != "v" or path[2] != "1" else {}
    client = Client(app, token(store) if path.startswith("/v1") else None)
    answer = client.get(f"{path}?capacity={capacity}", headers=headers)
    assert answer.status_code == 200
    act, audited = newest(app)
    seen = shown_in(app, answer.text)
    assert act == "list" and seen and seen <= audited


@pytest.mark.parametrize("form", ["pdf", "xlsx"])
def test_the_printed_and_the_filled_in_list_audit_as_many(app, store, form):
    headers = {"Cookie": f"{COOKIE}={token(store)}"}
    text = Client(app).get("/visits.txt", headers=headers).text
    assert Client(app).get(f"/visits.{form}", headers=headers).status_code == 200
    assert shown_in(app, text) <= newest(app)[1]


def test_a_list_made_at_the_command_line_is_audited_too(app, store, capsys):
    main_of("visits", store, "--sector", "S0001", "--format", "txt")
    text = capsys.readouterr().out
    act, audited = newest(app)
    assert act == "list" and shown_in(app, text) <= audited and audited


def main_of(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code or 0


def test_a_page_kept_for_later_is_marked_as_not_seen(app, store):
    headers = {"Cookie": f"{COOKIE}={token(store)}"}
    child = next(child.child_id for child in children(60) if child.sector_id == "S0001")
    for more, act in (({KEPT_UNSEEN: "1"}, "child_prefetched"), ({}, "child")):
        assert Client(app).get(f"/children/{child}", headers=headers | more).status_code == 200
        assert newest(app) == (act, {recorder.named(app.state.audit._key, child)})


@pytest.fixture
def engine(tmp_path):
    engine = engine_of(str(tmp_path / "x.db"))
    recorder.make_tables(engine)
    year = [2024, 2024, 2025, 2026, 2026]
    entries = [
        recorder.Entry(
            f"{at}-01-0{n + 1}T00:00:00.000+00:00", "t", "officer", "list", "", f"r-{n}", ()
        )
        for n, at in enumerate(year)
    ]
    recorder.append(engine, KEY, entries)
    yield engine
    engine.dispose()


def _cut(connection, upto):
    row = connection.execute(
        sa.select(recorder.ENTRIES).where(recorder.ENTRIES.c.number == upto)
    ).one()
    connection.execute(sa.delete(recorder.ENTRIES).where(recorder.ENTRIES.c.number <= upto))
    connection.execute(sa.update(recorder.HEAD).values(removed_to=upto, removed_seal=row.seal))
    return row


@pytest.mark.parametrize("upto", [1, 3, 5])
def test_a_log_cut_at_its_beginning_is_found(engine, upto):
    with engine.begin() as connection:
        row = _cut(connection, upto)
    assert recorder.first_broken(engine, KEY) == 1
    with engine.begin() as connection:
        forged = {"id": 1, "removed_to": upto, "removed_seal": row.seal, "seal": "0" * 64}
        connection.execute(sa.insert(recorder.CUT), forged)
    assert recorder.first_broken(engine, KEY) == 1
    assert recorder.remove_old(engine, KEY, now=dt.datetime(2027, 6, 1, tzinfo=dt.UTC)) == 0
    assert recorder.first_broken(engine, KEY) == 1


def test_what_grew_old_is_cut_under_a_seal_and_an_older_cut_is_no_cover(engine):
    assert recorder.remove_old(engine, KEY, now=dt.datetime(2025, 6, 1, tzinfo=dt.UTC)) == 2
    assert recorder.first_broken(engine, KEY) is None
    with engine.begin() as connection:
        _cut(connection, 3)
    assert recorder.first_broken(engine, KEY) is not None


def test_an_anchor_finds_a_log_that_was_cut_at_its_end_or_begun_anew(engine):
    kept = recorder.anchor(engine)
    assert recorder.holds(engine, KEY, kept)
    with engine.connect() as connection:
        head = connection.execute(
            sa.select(recorder.ENTRIES).where(recorder.ENTRIES.c.number == 3)
        ).one()
    with engine.begin() as connection:
        connection.execute(sa.delete(recorder.ENTRIES).where(recorder.ENTRIES.c.number > 3))
        connection.execute(sa.update(recorder.HEAD).values(number=3, seal=head.seal))
    assert recorder.first_broken(engine, KEY) is None and not recorder.holds(engine, KEY, kept)
    with engine.begin() as connection:
        connection.execute(sa.delete(recorder.ENTRIES))
        connection.execute(sa.update(recorder.HEAD).values(number=0, seal=recorder.FIRST_SEAL))
    assert recorder.first_broken(engine, KEY) is None and not recorder.holds(engine, KEY, kept)


def test_the_command_takes_an_anchor_and_the_service_keeps_one_beside_the_key(store, capsys):
    app = create_app(store, follow=False, log=Log(lambda _: None))
    headers = {"Cookie": f"{COOKIE}={token(store)}"}
    Client(app).get("/visits", headers=headers)
    app.close()
    assert main_of("audit", store, "--anchor") == 0
    kept = capsys.readouterr().out.strip()
    assert main_of("audit", store, "--since", kept) == 0
    assert main_of("audit", store, "--since", "nonsense") == 3
    engine = engine_of(store)
    with engine.begin() as connection:
        last = int(kept.partition(":")[0]) - 1
        row = connection.execute(
            sa.select(recorder.ENTRIES).where(recorder.ENTRIES.c.number == last)
        ).one()
        gone = (
            connection.execute(sa.select(recorder.ENTRIES).where(recorder.ENTRIES.c.number > last))
            .mappings()
            .all()
        )
        gone = [dict(each) for each in gone]
        connection.execute(sa.delete(recorder.ENTRIES).where(recorder.ENTRIES.c.number > last))
        connection.execute(sa.update(recorder.HEAD).values(number=last, seal=row.seal))
    assert main_of("audit", store, "--since", kept) == 5 and main_of("audit", store) == 5
    with engine.begin() as connection:
        connection.execute(sa.insert(recorder.ENTRIES), gone)
        connection.execute(sa.update(recorder.HEAD).values(number=last + 1, seal=gone[-1]["seal"]))
    engine.dispose()
    assert main_of("audit", store) == 0


def test_the_signing_key_may_go_and_the_log_stays_readable(tmp_path):
    address = str(tmp_path / "y.db")
    engine = engine_of(address)
    signing = local_key(address)
    key = own_audit_key(address, engine)
    assert (
        key not in (signing, recorder.audit_key(signing))
        and audit_key_path(address).stat().st_mode & 0o777 == 0o600
    )
    recorder.make_tables(engine)
    recorder.append(engine, key, [recorder.Entry("2026", "t", "officer", "list", "", "", ())])
    (tmp_path / "y.tokens.key").unlink()
    assert local_key(address) != signing
    assert recorder.first_broken(engine, own_audit_key(address, engine)) is None
    engine.dispose()


def test_a_log_of_the_time_of_one_key_stays_readable(tmp_path):
    address = str(tmp_path / "y.db")
    engine = engine_of(address)
    signing = local_key(address)
    recorder.make_tables(engine)
    recorder.append(
        engine,
        recorder.audit_key(signing),
        [recorder.Entry("2026", "t", "officer", "list", "", "", ())],
    )
    assert recorder.first_broken(engine, own_audit_key(address, engine)) is None
    (tmp_path / "y.tokens.key").unlink()
    local_key(address)
    assert recorder.first_broken(engine, own_audit_key(address, engine)) is None
    engine.dispose()
