"""How many rows a training needs: fits on draws of the rows that a training by parts kept, judged
on the children left out of all of them.

`x.models/rows/DIGEST` of a store of more than some 50,000 children: what one `sanket train x.db`
learnt from. A fifth of the children judge; of the others all rows with the event (at most half) and
a draw of the others teach. Prints AUC, log loss, trees and CPU seconds of the fit by size.
`--slow`: as below `training.fitting.fit.MANY_ROWS` (its slower rate, its bag) at every size.

    python benchmarks/fitted_rows.py x.models/rows/DIGEST [--target onset] [--sizes 40000 80000]
    [--slow] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.trajectory.catalogue import NAMES
from models.targets import TARGETS
from training.fitting import fit as fitting
from training.fitting.examples import Examples, log_loss
from training.metrics.discrimination import auc

SEED = 3


def main() -> None:
    """Fit on each size and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, nargs="?", help="x.models/rows/DIGEST")
    parser.add_argument("--target", default="onset")
    parser.add_argument("--sizes", type=int, nargs="+", default=[40_000, 80_000, 120_000])
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.rows is None:
        print("no rows given: name the folder x.models/rows/DIGEST of a training by parts")
        return
    if asked.slow:
        fitting.MANY_ROWS = sys.maxsize
    every = kept(asked.rows, asked.target)
    draw = np.random.default_rng(SEED)
    children = np.unique(every.child)
    judges = np.isin(every.child, children[draw.random(len(children)) < 0.2])
    taught, judged = every.take(np.flatnonzero(~judges)), every.take(np.flatnonzero(judges))
    found = {}
    for size in asked.sizes:
        found[str(size)] = told = of_size(taught, judged, asked.target, size, draw)
        print(f"{size:9,} {told}", file=sys.stderr, flush=True)
    if asked.json:
        print(json.dumps(found))


def kept(folder: Path, target: str) -> Examples:
    """The rows of a target with a known outcome, as the fit takes them."""
    files = sorted(folder.glob(f"{target}/*.parquet"))
    if not files:
        raise SystemExit(f"{folder}: no rows of {target}")
    table = pa.concat_tables([pq.read_table(file) for file in files])
    weight = table["weight"].to_numpy() if "weight" in table.column_names else None
    outcome = np.array(table["outcome"].to_pylist())
    weight = np.ones(len(outcome)) if weight is None else np.nan_to_num(weight, nan=0.0)
    known = np.flatnonzero((outcome != "censored") & (weight > 0))
    day = table["predicted_on"].to_numpy().astype("datetime64[D]").astype(np.int64)
    return Examples(
        np.column_stack([table[name].to_numpy() for name in NAMES])[known],
        (outcome[known] == "happened").astype(np.int8),
        weight[known],
        table["child"].to_numpy()[known],
        day[known],
        table["landmark_day"].to_numpy()[known],
    )


def of_size(
    taught: Examples, judged: Examples, target: str, size: int, draw: np.random.Generator
) -> dict[str, float]:
    """A fit on so many rows (all, where there are fewer), judged on the other children's."""
    some = drawn(taught, size, draw)
    begun = time.process_time()
    fitted = fitting.fit(some, target=TARGETS[target], settings={}, seed=1)
    seconds = time.process_time() - begun
    margin = fitted.log_odds(judged.rows)
    return {
        "rows": len(some.child),
        "events": int(some.happened.sum()),
        "trees": fitted.choice.rounds,
        "auc": round(auc(margin, judged.happened, judged.weight), 4),
        "log_loss": round(log_loss(margin, judged), 5),
        "cpu_s": round(seconds, 1),
    }


def drawn(taught: Examples, size: int, draw: np.random.Generator) -> Examples:
    """All events (at most half of `size`) and a draw of the others, weighed for whom they stand."""
    if size >= len(taught.child):
        return taught
    events, others = (np.flatnonzero(taught.happened == one) for one in (1, 0))
    few = min(len(events), size // 2)
    rest = min(size - few, len(others))
    weight = taught.weight.copy()
    weight[events] *= len(events) / few
    weight[others] *= len(others) / rest
    at = np.sort(
        np.concatenate(
            [draw.choice(events, few, replace=False), draw.choice(others, rest, replace=False)]
        )
    )
    some = taught.take(at)
    return Examples(some.rows, some.happened, weight[at], some.child, some.day, some.landmark)


if __name__ == "__main__":
    main()
