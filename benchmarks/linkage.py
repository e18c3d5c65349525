"""Two registers of one simulated population, linked without names: precision, recall and seconds
against the known truth.

`.venv/bin/python benchmarks/linkage.py [--children N] [--seed S] [--own-readings]
[--json]`. The last line of the
JSON form is one object.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

# A script's own folder stands first on the path, and features.py and training.py there would hide
# the packages.
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import pyarrow.parquet

from registry.checks.table import check, raw_table, registry_of_checked
from registry.contract.days import day_number
from registry.linkage.links import Links, link
from registry.linkage.register_view import views_of
from registry.simulate.dials import Dials
from registry.simulate.second_register import TwoRegisters, two_registers
from registry.simulate.write import simulate
from registry.today import today


def simulated_pair(
    children: int, seed: int, *, months: int = 30, own_readings: bool = False
) -> TwoRegisters:
    """Two registers of one simulated population."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(folder, children=children, months=months, seed=seed, dials=Dials(truth_draws=0))
        tables = {
            name: pyarrow.parquet.read_table(Path(folder) / f"{name}.parquet")
            for name in ("centres", "children", "measurements")
        }
    return two_registers(tables, np.random.default_rng([seed, 23]), own_readings=own_readings)


def linked(pair: TwoRegisters) -> tuple[Links, dict[tuple[str, str], str], float]:
    """The links, the truth (pair of ids to its kind) of children whom both checks let in, and the
    seconds that linking took."""
    day = day_number(today())
    both = [
        check({name: raw_table(table) for name, table in tables.items()}, imported_on=day)
        for tables in (pair.one, pair.other)
    ]
    registries = [registry_of_checked(one) for one in both]
    families = (both[0].texts["family"], both[1].texts["family"])
    started = time.perf_counter()
    views = views_of(*registries, families=families)
    links = link(*views)
    seconds = time.perf_counter() - started
    mine, theirs = (set(view.child_ids) for view in views)
    truth = {
        (one, other): kind
        for one, other, kind in zip(*pair.truth.values(), strict=True)
        if one in mine and other in theirs
    }
    return links, truth, seconds


def figures(links: Links, truth: dict[tuple[str, str], str], seconds: float) -> dict[str, float]:
    """Precision and recall at the automatic threshold, recall with what a person is shown, by what
    makes a pair hard."""
    pairs = list(zip(*links.ids(), strict=True))
    same = {pair for pair, is_same in zip(pairs, links.same, strict=True) if is_same}
    seen = set(pairs)
    right = same & truth.keys()
    found = {
        "children": len(links.one),
        "other_children": len(links.other),
        "true_pairs": len(truth),
        "candidate_pairs": links.candidates,
        "precision": len(right) / max(len(same), 1),
        "recall": len(right) / max(len(truth), 1),
        "recall_with_look": len(seen & truth.keys()) / max(len(truth), 1),
        "look_share": (len(seen) - len(same)) / max(len(seen), 1),
        "seconds": round(seconds, 1),
        "peak_gb_of_whole_run": round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2
        ),
    }
    good = np.array([pair in truth for pair in pairs], np.bool_)
    for name, low, high in (("look", -99, 4), ("4_to_7_bits", 4, 7), ("over_7_bits", 7, 999)):
        band = (links.confidence_bits >= low) & (links.confidence_bits < high)
        found[f"true_share_{name}"] = float(good[band].mean()) if band.any() else float("nan")
    many = Counter(truth.values())
    hit = Counter(truth[pair] for pair in right)
    shown = Counter(truth[pair] for pair in seen & truth.keys())
    for kind, count in sorted(many.items()):
        found[f"recall_{kind}"] = hit[kind] / count
        found[f"recall_with_look_{kind}"] = shown[kind] / count
    twin_ids = {one for pair, kind in truth.items() if kind == "twin" for one in pair}
    of_twins = [pair for pair in same if pair[0] in twin_ids or pair[1] in twin_ids]
    found["precision_twin"] = sum(pair in truth for pair in of_twins) / max(len(of_twins), 1)
    return found


def main() -> None:
    """Print the figures, one a line; with `--json` as one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--own-readings", action="store_true", help="the second system weighs itself"
    )
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures(
        *linked(simulated_pair(asked.children, asked.seed, own_readings=asked.own_readings))
    )
    for name, figure in found.items():
        print(f"{name:30} {figure:,.4f}" if figure != int(figure) else f"{name:30} {figure:,.0f}")
    if asked.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
