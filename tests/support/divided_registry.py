"""A simulated registry of five sectors whose children moved between them, for what is done by
parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from registry.contract.registry import day_date
from registry.simulate.dials import Dials
from registry.simulate.write import simulate
from registry.store.store import Store

SECTORS, MOVED, CHILDREN = 5, 90, 700


def tables(folder: Path) -> Path:
    """The first import's tables: centres in five sectors of two districts."""
    simulate(
        folder, children=CHILDREN, months=8, seed=11, format="parquet", dials=Dials(truth_draws=0)
    )
    centres = pq.read_table(folder / "centres.parquet")
    sector = [at % SECTORS for at in range(centres.num_rows)]
    named = {
        "sector_id": [f"S{one}" for one in sector],
        "project_id": [f"P{one // 2}" for one in sector],
        "district_id": [f"D{one // 4}" for one in sector],
    }
    for name, ids in named.items():
        at = centres.column_names.index(name)
        centres = centres.set_column(at, name, pa.array(ids, pa.string()))
    pq.write_table(centres, folder / "centres.parquet")
    return folder


def moves(folder: Path, source: Path) -> Path:
    """The second import's: some children, brothers and sisters apart, at another centre."""
    folder.mkdir()
    children = pq.read_table(source / "children.parquet")
    draw = np.random.default_rng(3)
    chosen = np.sort(draw.choice(children.num_rows, MOVED, replace=False))
    moved = children.take(pa.array(chosen))
    centres = pq.read_table(source / "centres.parquet")["centre_id"]
    to = centres.take(pa.array(draw.integers(0, len(centres), MOVED)))
    at = children.column_names.index("centre_id")
    pq.write_table(moved.set_column(at, "centre_id", to), folder / "children.parquet")
    return folder


def fill(store: Store, source: Path, moved: Path) -> int:
    """Import both; gives the day after which the moves are known."""
    store.import_source(source)
    until = store.load().recorded_until
    store.import_source(moved)
    return until


def as_date(day: int) -> str:
    """A day number as ISO text."""
    return day_date(day).isoformat()
