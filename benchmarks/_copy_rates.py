"""An import into PostgreSQL in a process of its own, which says how fast COPY took each table's
rows: `_copy_rates.py SOURCE ADDRESS` prints one JSON object, by table `rows`, `mb` (as Arrow hands
them over), `s`, and both a second."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

# A script's own folder stands first on the path, and features.py and training.py there would hide
# the packages.
sys.path[0] = str(Path(__file__).resolve().parents[1])


def main() -> None:
    """Import, print."""
    from features.who.growth import zscores
    from registry.contract.tables import SPECS
    from registry.store.bulk import Bulk
    from registry.store.store import made_for

    source, address = sys.argv[1:]
    taken: dict[str, list[float]] = {}
    copy = Bulk.ingest

    def timed(bulk: Bulk, table: str, columns: Mapping[str, object]) -> None:
        start = time.perf_counter()
        copy(bulk, table, columns)  # type: ignore[arg-type]
        rows, size, seconds = taken.setdefault(table, [0, 0, 0.0])
        values = list(columns.values())
        taken[table] = [
            rows + len(values[0]),  # type: ignore[arg-type]
            size + sum(one.nbytes for one in values),  # type: ignore[attr-defined]
            seconds + time.perf_counter() - start,
        ]

    Bulk.ingest = timed  # type: ignore[assignment,method-assign]
    with made_for(address) as store:
        store.import_source(source, zscores=zscores)
    print(json.dumps({name: rates(*taken[name]) for name in (*SPECS, "ids") if name in taken}))


def rates(rows: float, size: float, seconds: float) -> dict[str, float]:
    """What was taken in so many seconds, `size` in bytes."""
    seconds = max(seconds, 1e-9)
    return {
        "rows": int(rows),
        "mb": round(size / 1e6, 1),
        "s": round(seconds, 2),
        "rows_a_s": round(rows / seconds),
        "mb_a_s": round(size / 1e6 / seconds, 1),
    }


if __name__ == "__main__":
    main()
