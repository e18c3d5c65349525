"""Reasons a second: `models.forest.explain` beside LightGBM's own `pred_contrib`, same rows, same
run, one thread.

300 trees of 31 leaves on 40 columns with a tenth of the cells missing. Rounds of both take turns,
so that a busy machine is busy for both; the ratio is the median over the rounds. `one_row_ms` is
the median of single-row calls.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import lightgbm
import numpy as np

# A script's own folder stands first on the path, and features.py and training.py there would hide
# the packages.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from models.forest.explain import Forest

TREES, LEAVES, COLUMNS, ROUNDS = 300, 31, 40, 7
PEER_ROWS, BULK_ROWS, SINGLE_ROWS = 150, 4_000, 150


def train() -> tuple[lightgbm.Booster, np.ndarray]:
    """A model of the stated size and rows to explain."""
    random = np.random.default_rng(20260314)
    rows = random.normal(size=(12_000, COLUMNS))
    rows[random.random(rows.shape) < 0.1] = np.nan
    known = np.nan_to_num(rows)
    signal = known @ random.normal(size=COLUMNS) * 0.3 + np.sin(2 * known[:, 0]) * known[:, 1]
    label = signal + random.normal(size=len(rows)) > 1
    settings = {
        "objective": "binary",
        "num_leaves": LEAVES,
        "learning_rate": 0.05,
        "verbosity": -1,
        "num_threads": 1,
    }
    return lightgbm.train(settings, lightgbm.Dataset(rows, label), TREES), rows


def seconds(work) -> float:
    """Wall seconds of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def one_round(
    booster: lightgbm.Booster, forest: Forest, rows: np.ndarray
) -> tuple[float, float, float]:
    """Seconds a row: `pred_contrib`, ours in bulk, ours one at a time (median)."""
    peer = (
        seconds(lambda: booster.predict(rows[:PEER_ROWS], pred_contrib=True, num_threads=1))
        / PEER_ROWS
    )
    bulk = seconds(lambda: forest.contributions(rows[:BULK_ROWS])) / BULK_ROWS
    alone = [seconds(lambda i=i: forest.contributions(rows[i : i + 1])) for i in range(SINGLE_ROWS)]
    return peer, bulk, float(np.median(alone))


def measure() -> dict[str, float]:
    """All figures of one run; agreement with `pred_contrib` is checked, not assumed."""
    booster, rows = train()
    forest = Forest.from_text(booster.model_to_string()).prepare()
    again = Forest.from_text(booster.model_to_string())
    setup = seconds(again.prepare)
    expected = booster.predict(rows[:PEER_ROWS], pred_contrib=True)
    shares, _ = forest.contributions(rows[:PEER_ROWS])
    forest.contributions(rows[:1])
    peer, bulk, alone = np.array([one_round(booster, forest, rows) for _ in range(ROUNDS)]).T
    return {
        "ratio_to_pred_contrib": round(float(np.median(peer / bulk)), 2),
        "one_row_ms": round(float(np.median(alone)) * 1e3, 4),
        "rows_per_second": round(float(1 / np.median(bulk))),
        "pred_contrib_rows_per_second": round(float(1 / np.median(peer))),
        "setup_seconds": round(setup, 3),
        "table_megabytes": round(forest.table_bytes_used / 1e6, 1),
        "largest_difference": float(np.abs(shares - expected[:, :-1]).max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--json", action="store_true", help="the figures as one JSON object on the last line"
    )
    as_json = parser.parse_args().json
    figures = measure()
    print(
        json.dumps(figures)
        if as_json
        else "\n".join(f"{name:30s} {figure}" for name, figure in figures.items())
    )


if __name__ == "__main__":
    main()
