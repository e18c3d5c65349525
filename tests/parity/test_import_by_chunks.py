"""An import in chunks of a few rows is the import of everything at once: the same rows kept and
refused, in the same order, under the same numbers, whatever lies in different chunks."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from registry.checks.table import raw_table
from registry.contract.errors import BadInput, Refused
from registry.contract.registry import COLUMNS
from registry.sources.sheets import Source
from registry.store import importing, quarantine
from registry.store.arrivals.ahead import ahead
from registry.store.forgetting import forget
from registry.store.single_sqlite import open_beside_the_book
from registry.store.store import Store, open_store
from tests.support.postgres import fresh_database, own_server

CHUNK, PART = 10, 7
SETTLED = settings(max_examples=5, deadline=None)
MANY = settings(SETTLED, max_examples=60)
CHILDREN = [f"c{at}" for at in range(12)]
CENTRES = ["A", "B", "C"]
DAYS = ["2025-01-10", "2025-01-11", "2025-02-10", "2025-03-10", "2025-04-10"]


@pytest.fixture(scope="module")
def postgres():
    with own_server() as address:
        yield address


@contextlib.contextmanager
def by_chunks():
    """Imports read a few rows at once, and write a few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "CHUNK_ROWS", CHUNK)
        patch.setattr(importing, "PART_ROWS", PART)
        yield


@contextlib.contextmanager
def by_chunks_with_two_workers():
    """The same, and each table is checked while the one before it is written."""
    with by_chunks(), pytest.MonkeyPatch.context() as patch:
        for one in (Store.import_source, importing.import_source):
            patch.setitem(one.__kwdefaults__, "workers", 2)
        yield


def dirty_tables(draw: random.Random, *, rows: int = 60) -> dict[str, dict[str, list]]:
    """A registry with everything that a register gets wrong, its rows in no order."""
    some = draw.choice

    def repeated(made: list[dict[str, str]]) -> list[dict[str, str]]:
        # Exact repeats and, one cell changed, conflicts: far from the first where they can be.
        again = [dict(draw.choice(made)) for _ in range(len(made) // 5)]
        for row in again[::2]:
            row[draw.choice(list(row)[2:])] = ""
        return draw.sample(made + again, len(made) + len(again))

    children = [
        {
            "child_id": child if draw.random() > 0.05 else f" {child} ",
            "family_id": some(["1111", "2222", "3333", ""]),
            "sex": some(["F", "M", "M", "x"]) if draw.random() < 0.1 else "F",
            "birth_date": some(["2023-05-05", "2024-01-01", "2024-12-30"]),
            "centre_id": some([*CENTRES, "nowhere"]) if draw.random() < 0.2 else some(CENTRES),
            "registered_on": some(["", "2024-12-31", "2020-01-01"]),
        }
        for child in CHILDREN
    ]
    ids = [*CHILDREN, *CHILDREN, "stranger", " c1", "00c2", ""]
    measurements = [
        {
            "child_id": some(ids),
            "measured_on": some([*DAYS, *DAYS, "2025-02-30", "2030-01-01", "2024-06-01"]),
            "weight_kg": some(["7.1", "7.4", "12", "78", "0", "7;4", "", "NM"]),
            "height_cm": some(["70", "70", "71.5", "", "170"]),
            "muac_mm": some(["121", "", "112", "11.2"]),
            "oedema": some(["0", "", "3", "7"]),
            "source": some(["register", "app", "", "zz", "#REF!"]),
            "recorded_on": some(["", "", "2025-05-01"]),
        }
        for _ in range(rows)
    ]
    episodes = [
        {
            "episode_id": f"e{draw.randrange(rows // 3)}",
            "child_id": some(ids),
            "programme": some(["UCDC", "VCDC", "NRC"]),
            "admitted_on": some(DAYS),
            "closed_on": some(["", "2025-05-01", "2025-01-01"]),
            "outcome": some(["", "cured"]),
        }
        for _ in range(rows // 3)
    ]
    attendance = [
        {
            "child_id": some(ids),
            "month": some(["2025-01", "2025-02", "2025-13"]),
            "open_days": "25",
            "attended_days": some(["20", "26"]),
        }
        for _ in range(rows // 2)
    ]
    stocks = [
        {
            "centre_id": some([*CENTRES, "nowhere"]),
            "counted_on": some(DAYS),
            "item": some(["EDNF", "THR"]),
            "quantity": some(["10", "11", "x"]),
        }
        for _ in range(rows // 3)
    ]
    centres = [
        {
            "centre_id": centre,
            "name": some(["Amba", "", "Am\nba", "Zoo"]),
            "sector_id": some(["S1", "S2"]),
            "project_id": "P",
            "district_id": "D",
            "setting": "rural",
            "latitude": some(["18.5", "95", ""]),
        }
        for centre in [*CENTRES, "00Z", "Q1", "Q2", "Q3", "Q4", "Q5"]
    ]
    made = {
        "centres": centres,
        "children": repeated(children),
        "measurements": repeated(measurements),
        "episodes": repeated(episodes),
        "attendance": repeated(attendance),
        "stocks": repeated(stocks),
    }
    return {
        name: {column: [row[column] or None for row in rows_] for column in rows_[0]}
        for name, rows_ in made.items()
    }


def source_of(tables: dict[str, dict[str, list]], name: str = "in") -> Source:
    """The tables as a source, the same checksum for the same tables."""
    return Source(name, repr(tables), {table: raw_table(rows) for table, rows in tables.items()})


def all_of(store: Store) -> dict[str, object]:
    """Everything that a store holds but its random id, in the order in which it is read."""
    questions = {
        "ids": "SELECT kind, number, text FROM ids ORDER BY kind, number",
        "quarantine": "SELECT * FROM quarantine ORDER BY no",
        "facts": "SELECT name, value FROM store_facts WHERE name <> 'registry_id' ORDER BY name",
        "imports": "SELECT import_no, import_id, imported_on, report FROM imports ORDER BY import_no",
        "superseded": "SELECT * FROM superseded",
    }
    with store.engine.connect() as connection:
        held: dict[str, object] = {
            name: [tuple(row) for row in connection.execute(text(question))]
            for name, question in questions.items()
        }
        for name in COLUMNS:
            rows = connection.execute(text(f"SELECT * FROM {name}")).mappings()
            held[name] = sorted(
                repr([value for column, value in row.items() if column != "no"]) for row in rows
            )
    loaded = store.load()
    held["ids in memory"] = [list(loaded.child_ids), list(loaded.episode_ids)]
    held["loaded"] = {
        name: {column: values.tolist() for column, values in loaded.table(name).items()}
        for name in COLUMNS
    }
    held["digest"] = store.digest()
    return held


def both(home: str | Path, steps) -> None:
    """The steps on a store at once, on one by chunks, and on one with two workers: what they
    return and leave is equal."""
    left = []
    for name, sizes in (
        ("whole", contextlib.nullcontext),
        ("chunks", by_chunks),
        ("workers", by_chunks_with_two_workers),
    ):
        folder = Path(home) / name
        folder.mkdir()
        store = open_store(folder / "x.db")
        with sizes():
            said = [step(store) for step in steps]
        left.append((said, {key: str(value) for key, value in all_of(store).items()}))
        store.close()
    for other in left[1:]:
        assert left[0][0] == other[0]
        for name, held in left[0][1].items():
            assert held == other[1][name], name


def imported(tables, on: str, **more):
    """A step: these tables imported on this day; what the report says, also of a refusal."""

    def step(store: Store) -> object:
        try:
            report = store.import_source(source_of(tables), imported_on=on, **more)
        except Refused as refusal:
            return str(refusal)
        counts = report.tables.values()
        assert all(table["rows"] == table["kept"] + table["quarantined"] for table in counts)
        return report

    return step


@pytest.fixture(autouse=True)
def one_key(monkeypatch):
    monkeypatch.setenv("SANKET_IDENTITY_KEY", "a key of the test, long enough")


def first_and_again(seed):
    tables = dirty_tables(random.Random(seed))
    again = imported(tables, "2026-02-01")
    with tempfile.TemporaryDirectory() as home:
        both(home, [imported(tables, "2026-01-01"), again, lambda store: again(store).changed])


@SETTLED
@given(st.integers(0, 10**6))
def test_a_first_import_and_the_same_again(seed):
    first_and_again(seed)


@pytest.mark.soak
@MANY
@given(st.integers(0, 10**6))
def test_many_first_imports_and_the_same_again(seed):
    first_and_again(seed)


def later_ones(seed, past):
    draw = random.Random(seed)
    first, second = dirty_tables(draw), dirty_tables(draw, rows=30)
    with tempfile.TemporaryDirectory() as home:
        both(
            home,
            [
                imported(first, "2026-01-01"),
                imported({"measurements": second["measurements"]}, "2026-02-01", past=past),
                imported(second, "2026-03-01"),
                lambda store: quarantine.retry(store, imported_on="2026-03-02"),
            ],
        )


@SETTLED
@given(st.integers(0, 10**6), st.booleans())
def test_a_later_import_supersedes_the_same_rows(seed, past):
    later_ones(seed, past)


@pytest.mark.soak
@MANY
@given(st.integers(0, 10**6), st.booleans())
def test_many_later_imports_supersede_the_same_rows(seed, past):
    later_ones(seed, past)


def test_a_table_of_several_chunks_of_which_no_row_is_kept(tmp_path):
    tables = clean_tables()
    strangers = {
        "episode_id": [f"e{at}" for at in range(20)],
        "child_id": ["stranger"] * 20,
        "programme": ["UCDC"] * 20,
        "admitted_on": ["2025-02-01"] * 20,
    }
    both(tmp_path, [imported(tables | {"episodes": strangers}, "2026-01-01")])


def few_of_many(store: Store) -> object:
    """One new row and one changed, of children who have many."""
    rows = {
        "child_id": ["c1", "c8"],
        "measured_on": ["2025-01-02", "2025-02-10"],
        "weight_kg": ["7.7", "9.9"],
    }
    report = store.import_source(source_of({"measurements": rows}), imported_on="2026-02-01")
    return report.tables


def clean_tables() -> dict[str, dict[str, list]]:
    """Twelve children with forty weights each."""
    days = [str(day) for day in np.arange("2025-01-01", "2025-02-10", dtype="datetime64[D]")]
    rows = [(child, day) for day in days for child in CHILDREN] + [("c8", "2025-02-10")]
    children = len(CHILDREN)
    return {
        "centres": {
            "centre_id": ["A"],
            "sector_id": ["S"],
            "project_id": ["P"],
            "district_id": ["D"],
            "setting": ["rural"],
        },
        "children": {
            "child_id": CHILDREN[::-1],
            "sex": ["F"] * children,
            "birth_date": ["2024-01-01"] * children,
            "centre_id": ["A"] * children,
        },
        "measurements": {
            "child_id": [child for child, _ in rows],
            "measured_on": [day for _, day in rows],
            "weight_kg": [f"{7 + at % 17 / 10:.1f}" for at in range(len(rows))],
        },
    }


def in_folder(tables: dict[str, dict[str, list]], form: str):
    """A step: these tables as files of a folder (the same for both stores), imported twice."""

    def step(store: Store) -> object:
        folder = Path(str(store.url.database)).parents[1] / form
        if not folder.exists():
            folder.mkdir()
            for name, rows in tables.items():
                write_table(folder / name, pa.table(rows), form)
        first = store.import_source(folder, imported_on="2026-01-01")
        return first, store.import_source(folder, imported_on="2026-01-02")

    return step


def write_table(path: Path, table: pa.Table, form: str) -> None:
    if form == "parquet":
        # Row groups that are no chunks.
        pq.write_table(table, path.with_suffix(".parquet"), row_group_size=11)
        return
    lines = [",".join(table.column_names)]
    lines += [",".join(map(csv_cell, row)) for row in zip(*table.to_pydict().values(), strict=True)]
    # Lines with too few and too many cells, in the middle and at the end.
    lines.insert(9, "short")
    lines.insert(30, "," * 40)
    lines.append("last")
    path.with_suffix(".csv").write_text("\n".join(lines), encoding=form)


def csv_cell(cell: str | None) -> str:
    return f'"{cell}"' if cell and "\n" in cell else cell or ""


@pytest.mark.parametrize("form", ["parquet", "utf-8", "utf-16", "cp1252"])
def test_files_that_are_read_from_disk_again_and_again(tmp_path, form):
    tables = dirty_tables(random.Random(11), rows=150)
    tables["centres"]["name"][0] = "Ambé"
    both(tmp_path, [in_folder(tables, form)])


def test_files_of_clean_rows(tmp_path):
    both(tmp_path, [in_folder(clean_tables(), "parquet"), in_folder(clean_tables(), "utf-8")])


def test_a_column_that_can_be_read_in_two_ways_is_found_in_all_chunks(tmp_path):
    tables = clean_tables()
    rows = len(tables["measurements"]["child_id"])
    for oedema in (["1"] * 30 + ["2"] * (rows - 30), ["1", "2"] * 20 + ["0"] * (rows - 40)):
        asked = tables | {"measurements": tables["measurements"] | {"oedema": oedema}}
        home = tmp_path / oedema[-1]
        (home / "in").mkdir(parents=True)
        for name, columns in asked.items():
            write_table(home / "in" / name, pa.table(columns), "parquet")
        store = open_store(home / "x.db")
        undecided = "0" not in oedema
        with (
            by_chunks(),
            pytest.raises(BadInput, match="REG008") if undecided else (contextlib.nullcontext()),
        ):
            store.import_source(home / "in", imported_on="2026-01-01")
        store.close()


def test_a_parquet_file_cut_short_changes_nothing(tmp_path):
    tables, source = clean_tables(), tmp_path / "in"
    source.mkdir()
    for name, rows in tables.items():
        write_table(source / name, pa.table(rows), "parquet")
    whole = (source / "measurements.parquet").read_bytes()
    # A page in its middle, which the footer knows nothing of.
    broken = whole[:400] + bytes(200) + whole[600:]
    (source / "measurements.parquet").write_bytes(broken)
    store = open_store(tmp_path / "x.db")
    before = all_of(store)
    with by_chunks(), pytest.raises(BadInput, match="REG003"):
        store.import_source(source, imported_on="2026-01-01")
    assert all_of(store) == before
    (source / "measurements.parquet").write_bytes(whole)
    with by_chunks():
        assert store.import_source(source, imported_on="2026-01-01").changed
    store.close()


KILLED = """
import os, signal, sys
from registry.store import importing
from registry.store.arrivals.table_writer import TableWriter
from registry.store.store import open_store
importing.CHUNK_ROWS, importing.PART_ROWS = 7, 5
write, parts = TableWriter.write, []
def dies(self, columns):
    write(self, columns)
    parts.append(1)
    if len(parts) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
TableWriter.write = dies
open_store(sys.argv[1]).import_source(sys.argv[2], imported_on="2026-01-01")
"""


def test_killed_between_two_parts_nothing_is_kept_and_no_file_is_left(tmp_path):
    home, source = tmp_path / "home", tmp_path / "in"
    home.mkdir()
    source.mkdir()
    for name, rows in clean_tables().items():
        write_table(source / name, pa.table(rows), "parquet")
    store = open_store(home / "x.db")
    empty = all_of(store)
    for part in (2, 9, 20):
        command = [sys.executable, "-c", KILLED, str(home / "x.db"), str(source), str(part)]
        assert subprocess.run(command).returncode == -signal.SIGKILL
        assert all_of(store) == empty
        assert {path.name for path in home.iterdir()} <= {"x.db", "x.db-journal", "x.key"}
    with by_chunks():
        report = store.import_source(source, imported_on="2026-01-01")
    assert report.tables["measurements"]["kept"] == store.load().measurements.rows == 481
    store.close()


def test_a_person_hears_how_far_a_large_table_is(tmp_path):
    store, heard = open_store(tmp_path / "x.db"), []
    with by_chunks():
        store.import_source(source_of(clean_tables()), imported_on="2026-01-01", told=heard.append)
    assert "measurements: 10 of 481 rows checked" in heard
    assert heard[-1] == "measurements: 481 of 481 rows written"
    store.close()


def test_the_next_table_is_checked_while_one_is_written():
    made, used = [], []

    def tables():
        for table in "abc":
            made.append(table)
            yield table

    with ahead(tables(), at_once=2) as found:
        for table in found:
            for _ in range(1000):
                if len(made) > len(used) + 1 or len(made) == 3:
                    break
                time.sleep(0.01)
            used.append((table, len(made)))
    assert used == [("a", 2), ("b", 3), ("c", 3)]
    with ahead(tables(), at_once=1) as found:
        assert next(found) == "a" and len(made) == 4


def test_a_file_cut_short_is_refused_by_two_workers_too(tmp_path):
    store = open_store(tmp_path / "x.db")
    before = all_of(store)
    tables = clean_tables()
    source = tmp_path / "in"
    source.mkdir()
    for name, rows in tables.items():
        write_table(source / name, pa.table(rows), "parquet")
    whole = (source / "measurements.parquet").read_bytes()
    (source / "measurements.parquet").write_bytes(whole[:400] + bytes(200) + whole[600:])
    with by_chunks_with_two_workers(), pytest.raises(BadInput, match="REG003"):
        store.import_source(source, imported_on="2026-01-01")
    assert all_of(store) == before
    store.close()


def test_rows_of_children_who_have_too_many_are_met_by_their_keys(tmp_path):
    both(tmp_path, [imported(clean_tables(), "2026-01-01"), few_of_many])


def test_a_forgotten_child_stays_out_of_every_chunk(tmp_path):
    tables = clean_tables()

    def forgotten(store: Store) -> object:
        return forget(store, "c3")

    both(
        tmp_path,
        [imported(tables, "2026-01-01"), forgotten, imported(tables, "2026-02-01"), few_of_many],
    )


def test_codes_that_are_floats_with_gaps_lose_their_zero_in_all_chunks_or_in_none(tmp_path):
    tables = clean_tables()
    numbered = {child: float(at + 1) for at, child in enumerate(CHILDREN)}
    for name in ("children", "measurements"):
        ids = [numbered[child] for child in tables[name]["child_id"]]
        tables[name] |= {"child_id": pa.array([*ids[:-1], None], pa.float64())}
    halves = tables | {
        "measurements": tables["measurements"]
        | {"source": pa.array([1.0] * (len(tables["measurements"]["weight_kg"]) - 1) + [1.5])}
    }
    both(tmp_path, [imported(tables, "2026-01-01"), imported(halves, "2026-02-01")])


def test_whether_codes_of_twelve_digits_are_aadhaar_numbers_is_decided_over_all_chunks(tmp_path):
    """One of another state's codes has the right check digit by chance, in a chunk of its own."""
    tables = clean_tables()
    others = [f"{at}23412341231" for at in range(2, 10)]
    tables["children"] |= {"family_id": ["234123412346", "12345678", *others, "12345678", ""]}
    both(tmp_path, [imported(tables, "2026-01-01")])


def test_through_pythons_own_sqlite_and_postgresql_too(tmp_path, postgres):
    tables, later = dirty_tables(random.Random(5)), dirty_tables(random.Random(6), rows=30)
    held = []
    for name in ("whole", "plain", "postgresql"):
        address = fresh_database(postgres) if name == "postgresql" else str(tmp_path / f"{name}.db")
        open_store(address).close()
        store = open_beside_the_book(address) if name == "plain" else open_store(address)
        with contextlib.nullcontext() if name == "whole" else by_chunks():
            said = [
                imported(tables, "2026-01-01")(store),
                imported(later, "2026-02-01")(store),
                imported(later, "2026-02-01")(store),
            ]
        kept = all_of(store)
        held.append((said, kept["quarantine"], kept["loaded"], kept["digest"]))
        store.close()
    assert str(held[0]) == str(held[1]) == str(held[2])
