"""The store: idempotent, atomic, and true about what was known when; on SQLite and on a real
PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.checks.table import build
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import NEVER, OWN_DAY, Registry, day_date, day_number
from registry.store import loading, schema
from registry.store.arrivals import table_writer
from registry.store.partitions import told_before
from registry.store.store import open_store
from tests.support.postgres import fresh_database, own_server
from tests.support.registry_samples import CENTRES, CHILDREN, MEASUREMENTS, folder, tables
from training.cohorts.known_before import known_before

EPISODES = "episode_id,child_id,programme,admitted_on,closed_on,outcome\ne1,c1,UCDC,2025-01-05,,\n"


@pytest.fixture(scope="module")
def postgres():
    with own_server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    """An empty store."""
    if request.param == "sqlite":
        opened = open_store(tmp_path / "x.db")
    else:
        opened = open_store(fresh_database(request.getfixturevalue("postgres")))
    yield opened
    opened.close()


def same(one: Registry, other: Registry) -> None:
    """Two registries hold the same rows."""
    for name in OWN_DAY:
        for column, values in one.table(name).items():
            np.testing.assert_array_equal(
                values, other.table(name)[column], err_msg=f"{name}.{column}"
            )


def test_what_is_loaded_is_what_a_first_import_builds(store, tmp_path):
    report = store.import_source(
        folder(tmp_path / "in", episodes=EPISODES), imported_on="2026-01-01"
    )
    built, _ = build(tables(episodes=EPISODES), imported_on="2026-01-01")
    loaded = store.load()
    same(loaded, built)
    assert list(loaded.child_ids) == ["c1", "c2", "c3"] and loaded.recorded_until == day_number(
        "2025-02-10"
    )
    assert report.tables["measurements"] == {"rows": 4, "kept": 4, "quarantined": 0, "codes": {}}
    assert loaded.facts["centre_names"] == {"A": "Amba"} and loaded.facts["synthetic"] is False


def test_a_large_first_import_makes_its_index_after_its_rows(store, tmp_path, monkeypatch):
    from sqlalchemy import inspect

    monkeypatch.setattr(table_writer, "MANY", 1)
    store.import_source(folder(tmp_path / "in"), imported_on="2026-01-01")
    indexes = inspect(store.engine).get_indexes("measurements")
    assert [index["column_names"] for index in indexes] == [["child", "measured_on"]]
    assert store.load().measurements.rows == 4


def test_importing_again_changes_nothing(store, tmp_path):
    source = folder(tmp_path / "in", measurements=MEASUREMENTS + "c1,2025-03-10,78,70,\n")
    first = store.import_source(source, imported_on="2026-01-01")
    before = store.digest()
    again = store.import_source(source, imported_on="2026-02-01")
    assert (again.import_id, again.tables, again.changed) == (first.import_id, first.tables, False)
    assert store.digest() == before


def test_a_correction_supersedes_and_the_former_value_stays_known_for_the_days_before(
    store, tmp_path
):
    store.import_source(folder(tmp_path / "one", episodes=EPISODES), imported_on="2026-01-01")
    closed = EPISODES.replace("2025-01-05,,", "2025-01-05,2025-03-01,cured")
    changed = MEASUREMENTS.replace("c1,2025-01-10,7.1", "c1,2025-01-10,7.9")
    store.import_source(
        folder(tmp_path / "two", measurements=changed, episodes=closed), imported_on="2026-02-01"
    )
    loaded = store.load()
    row = loaded.measurements["measured_on"] == day_number("2025-01-10")
    weights, known = loaded.measurements["weight_kg"][row], loaded.measurements["known_from"][row]
    assert list(weights) == [7.1, 7.9] and list(known) == [
        day_number("2025-01-10"),
        day_number("2026-02-01"),
    ]
    assert list(loaded.measurements["known_until"][row]) == [day_number("2026-02-01"), NEVER]
    assert list(loaded.episodes["closed_known_from"]) == [NEVER, day_number("2026-02-01")]


def test_some_sectors_or_children_only(store, tmp_path):
    store.import_source(folder(tmp_path / "in", episodes=EPISODES), imported_on="2026-01-01")
    one = store.load(sectors=["S2"])
    assert list(one.child_ids) == ["c2"] and one.measurements.rows == 1 and one.episodes.rows == 0
    few = store.load(children=["c1", "nobody"])
    assert (
        list(few.child_ids) == ["c1"]
        and few.measurements.rows == 2
        and list(few.episode_ids) == ["e1"]
    )


def test_the_longest_list_of_children_is_looked_up_and_not_searched_for(tmp_path):
    open_store(tmp_path / "x.db").close()
    some = ",".join(map(str, range(0, 97 * loading.MOST_IN_A_LIST, 97)))
    with closing(sqlite3.connect(tmp_path / "x.db")) as base:
        for table in ("children", *OWN_DAY):
            asked = f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE child IN ({some})"
            plan = [row[-1] for row in base.execute(asked)]
            assert any(step.startswith("SEARCH") for step in plan), (table, plan)


def test_the_last_day_told_is_counted_in_the_database_as_in_memory(store, tmp_path):
    """Two children weighed daily for 600 days (one weighing in three entered 30 days later), then
    one of them twice more, and once three years later, which a typing error may have made."""
    begin = day_number("2023-01-01")
    rows = [
        (child, begin + at, begin + at + 30 if at % 3 == 0 else None)
        for child in ("c1", "c2")
        for at in range(600)
    ]
    rows += [("c2", begin + at, None) for at in (610, 640, 1_600)]
    lines = ["child_id,measured_on,weight_kg,recorded_on"]
    lines += [
        f"{child},{day_date(on)},7.{on % 10},{'' if entered is None else day_date(entered)}"
        for child, on, entered in rows
    ]
    children = CHILDREN.replace("2024-", "2022-")
    source = folder(
        tmp_path / "in", children=children, measurements="\n".join(lines), centres=CENTRES
    )
    store.import_source(source, imported_on="2028-06-01")
    whole, found = store.load(), []
    for until in (begin, begin + 40, begin + 601, begin + 650, begin + 2_000):
        told, share = told_before(store, until)
        found.append(told)
        assert told == known_before(whole, until).recorded_until
        known = [entered for _, on, entered in rows if (entered or on) < until]
        assert share == pytest.approx(known.count(None) / len(known) if known else 0.0)
    assert found[1:] == [begin + 38, begin + 599, begin + 640, begin + 640], "no stray is the last"
    assert found[0] < begin


def test_an_import_is_never_dated_before_the_last(store, tmp_path):
    store.import_source(folder(tmp_path / "in"), imported_on="2026-02-01")
    with pytest.raises(UsageError, match="REG063"):
        store.import_source(folder(tmp_path / "in"), imported_on="2026-01-01")


def test_a_needed_table_may_come_from_an_earlier_import_only(store, tmp_path):
    (tmp_path / "measurements.csv").write_text(MEASUREMENTS)
    with pytest.raises(BadInput, match="REG001.*centres, children"):
        store.import_source(tmp_path / "measurements.csv")
    store.import_source(folder(tmp_path / "in"), imported_on="2026-01-01")
    assert store.import_source(tmp_path / "measurements.csv").changed is False


DAYS = st.sampled_from(["2025-01-10", "2025-02-10", "2025-03-10"])
VERSION = st.lists(
    st.tuples(st.sampled_from(["c1", "c2"]), DAYS, st.sampled_from(["7.1", "7.2"])),
    max_size=5,
    unique_by=lambda row: row[:2],
)


def known_on(registry: Registry, day: int) -> list[tuple]:
    """What was known of measurements and episodes on a day."""
    known = []
    for name, content in (("measurements", "weight_kg"), ("episodes", "outcome")):
        table = registry.table(name)
        rows = np.flatnonzero((table["known_from"] <= day) & (day < table["known_until"]))
        known += sorted(
            (
                str(registry.child_ids[table["child"][row]]),
                int(table[OWN_DAY[name]][row]),
                float(table[content][row]),
            )
            for row in rows
        )
    return known


@settings(max_examples=8, deadline=None)
@given(st.lists(VERSION, min_size=2, max_size=3))
def test_what_was_known_on_a_day_never_changes(versions):
    with tempfile.TemporaryDirectory() as home:
        opened, past = open_store(Path(home) / "x.db"), []
        for month, rows in enumerate(versions, 4):
            text = "child_id,measured_on,weight_kg\n" + "".join(
                f"{','.join(row)}\n" for row in rows
            )
            # Episodes first come with the second import, with a past of their own.
            later = {"episodes": EPISODES} if month > 4 else {}
            source = folder(Path(home) / "in", measurements=text, **later)
            opened.import_source(source, imported_on=f"2025-{month:02}-01")
            registry = opened.load()
            assert all(known_on(registry, day) == known for day, known in past)
            past += [
                (day, known_on(registry, day))
                for day in (
                    day_number(text)
                    for text in ("2025-01-20", f"2025-{month:02}-01", f"2025-{month:02}-15")
                )
            ]
        opened.close()


IMPORTER = (
    "import sys; from registry.store.store import open_store; "
    "open_store(sys.argv[1]).import_source(sys.argv[2])"
)


def _killed_import(source: Path, home: Path, whole: str, moments: np.ndarray, first: Path) -> None:
    for moment in moments:
        db = home / "x.db"
        for left in home.glob("x.*"):
            left.unlink()
        shutil.copy(first.with_suffix(".key"), home / "x.key")
        process = subprocess.Popen(
            [sys.executable, "-c", IMPORTER, str(db), str(source)], cwd=Path.cwd()
        )
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        opened = open_store(db)
        loaded = opened.load()
        assert loaded.measurements.rows in (0, whole[1]), "half an import is visible"
        opened.import_source(source)
        assert opened.digest() == whole[0]
        opened.close()


def _kill_at(tmp_path: Path, children: int, kills: int) -> None:
    source, first = _larger(tmp_path, children), tmp_path / "first.db"
    start = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", IMPORTER, str(first), str(source)], check=True, cwd=Path.cwd()
    )
    took = time.monotonic() - start
    opened = open_store(first)
    whole = opened.digest(), opened.load().measurements.rows
    opened.close()
    home = tmp_path / "killed"
    home.mkdir()
    # Half of the time goes into starting Python; the moments cover what comes after.
    moments = np.random.default_rng(4).uniform(0.3, 1.0, kills) * took
    _killed_import(source, home, whole, moments, first)


def _larger(home: Path, children: int) -> Path:
    child = "".join(f"k{at},{at // 2},F,2024-01-01,A\n" for at in range(children))
    months = [f"2025-{month:02}-01,{6 + month / 10},70,\n" for month in range(1, 13)]
    rows = "".join(f"k{at},{month}" for at in range(children) for month in months)
    return folder(
        home / "in",
        children=CHILDREN.split("\n")[0] + "\n" + child,
        measurements=MEASUREMENTS.split("\n")[0] + "\n" + rows,
        centres=CENTRES,
    )


def test_a_store_whose_making_was_cut_short_is_made_whole(tmp_path, monkeypatch):
    made = schema.METADATA.create_all

    def cut_short(connection, **_):
        made(connection, tables=[schema.FACTS, schema.IDS])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(schema.METADATA, "create_all", cut_short)
        open_store(tmp_path / "x.db")
    with sqlite3.connect(tmp_path / "x.db") as left:
        assert left.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,), (
            "nothing of it stays"
        )
        # What an earlier version, which made table by table, may have left.
        left.execute("CREATE TABLE store_facts (name TEXT PRIMARY KEY, value TEXT)")
    left.close()
    opened = open_store(tmp_path / "x.db")
    assert opened.import_source(folder(tmp_path / "in"), imported_on="2026-01-01").changed
    opened.close()


def test_a_table_that_first_comes_in_a_later_import_is_known_from_that_day(store, tmp_path):
    """The contract: a row is known from its own day in the first import, from the import's date in
    a later one.

    First import on 2026-01-01, without episodes. On 2026-02-01 the episodes come: e1, admitted on
    2025-01-05. On 2026-01-31 nobody knew of e1, and what was known on a day never changes: it is
    known from 2026-02-01.
    """
    store.import_source(folder(tmp_path / "in"), imported_on="2026-01-01")
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "episodes.csv").write_text(EPISODES)
    report = store.import_source(tmp_path / "later", imported_on="2026-02-01")
    assert store.load().episodes["known_from"].tolist() == [day_number("2026-02-01")]
    assert store.load().measurements["known_from"][0] == day_number("2025-01-10"), (
        "the first import's are as they were"
    )
    assert any("episodes: first came after the first import" in note for note in report.notes)


def test_killed_half_way_nothing_is_visible_and_it_can_be_done_again(tmp_path):
    _kill_at(tmp_path, children=1500, kills=3)


@pytest.mark.soak
def test_killed_at_twenty_moments(tmp_path):
    _kill_at(tmp_path, children=20_000, kills=20)


def test_postgres_and_sqlite_hold_the_same(postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("SANKET_IDENTITY_KEY", "a key of the test, long enough")
    source = folder(
        tmp_path / "in", episodes=EPISODES, measurements=MEASUREMENTS + "c1,2025-03-10,78,70,\n"
    )
    digests = []
    for address in (str(tmp_path / "x.db"), fresh_database(postgres)):
        opened = open_store(address)
        opened.import_source(source, imported_on="2026-01-01")
        digests.append(opened.digest())
        opened.close()
    assert digests[0] == digests[1]


def test_a_newer_store_is_refused(tmp_path):
    from sqlalchemy import text

    from registry.contract.errors import Refused

    opened = open_store(tmp_path / "x.db")
    with opened.engine.begin() as connection:
        connection.execute(
            text("UPDATE store_facts SET value = '999' WHERE name = 'schema_version'")
        )
    opened.close()
    with pytest.raises(Refused, match="REG061"):
        open_store(tmp_path / "x.db")
    assert os.path.exists(tmp_path / "x.db")


def test_a_store_of_version_1_is_brought_up_and_loses_nothing(tmp_path):
    """`tests/data/store_v1.db.gz`: 150 simulated children, made by the last version whose checks
    had no examiner."""
    import gzip

    old = tmp_path / "v1.db"
    old.write_bytes(
        gzip.decompress((Path(__file__).parents[1] / "data" / "store_v1.db.gz").read_bytes())
    )
    opened = open_store(old)
    registry = opened.load()
    opened.close()
    assert registry.measurements.rows > 1000 and registry.checks.rows > 0
    assert (registry.checks["examiner"] == -1).all() and np.isnan(
        registry.checks["sam_confirmed"]
    ).all()
    again = open_store(old)
    assert again.load().checks.rows == registry.checks.rows
    again.close()
