"""A simulated registry in memory for the benchmarks, and the same one many times over."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from registry.checks.table import build
from registry.contract.registry import OWN_DAY, Registry, Table
from registry.simulate.dials import Dials
from registry.simulate.write import simulate

TABLES = ("centres", "children", *OWN_DAY)
COUNTED = {
    "child": "child_ids",
    "centre": "centre_ids",
    "sector": "sector_ids",
    "project": "project_ids",
    "district": "district_ids",
    "episode": "episode_ids",
}


def simulated(children: int, *, months: int = 30, seed: int = 1) -> Registry:
    """The validated registry of a simulation, as a first import would have it."""
    return with_truth(children, months=months, seed=seed, dials=Dials(truth_draws=0))[0]


def with_truth(
    children: int, *, months: int = 30, seed: int = 1, dials: Dials
) -> tuple[Registry, dict[str, pd.DataFrame]]:
    """The registry of a simulation, and by target the truth beside it (`child_id`, `index_on`,
    `landmark_day`, `probability`); no truth where the dials ask for no draws."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(folder, children=children, months=months, seed=seed, dials=dials)
        sources = {name: pd.read_parquet(Path(folder) / f"{name}.parquet") for name in TABLES}
        truths = {
            file.stem: pd.read_parquet(file) for file in (Path(folder) / "truth").glob("*.parquet")
        }
    return build(sources)[0], truths


def tiled(registry: Registry, times: int) -> Registry:
    """The registry so many times over: other children, families and centres with the same
    records."""
    families = int(registry.children["family"].max(initial=-1)) + 1
    counts = {name: len(getattr(registry, ids)) for name, ids in COUNTED.items()} | {
        "family": families
    }
    tables = {name: _tiled(registry.table(name), counts, times) for name in TABLES}
    ids = {ids: np.arange(counts[name] * times) for name, ids in COUNTED.items()}
    return replace(registry, **tables, **ids)


def _tiled(table: Table, counts: dict[str, int], times: int) -> Table:
    columns = {}
    for name, column in table.items():
        columns[name] = np.tile(column, times)
        if name in counts:
            step = np.repeat(np.arange(times, dtype=np.int32) * np.int32(counts[name]), table.rows)
            columns[name] = np.where(columns[name] < 0, columns[name], columns[name] + step).astype(
                column.dtype
            )
    return Table(columns)
