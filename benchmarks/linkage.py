"""Two registers of one simulated population, linked without names: precision, recall and seconds
against the known truth.

`.venv/bin/python benchmarks/linkage.py [--children N] [--seed S] [--own-readings] [--within]
[--json]`. With `--within`, who stands twice in the first register and in the second. The last line
of the JSON form is one object.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

# A script's own folder stands first on the path, and features.py and training.py there would hide
# the packages.
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import pyarrow.parquet

from registry.checks.table import check, raw_table, registry_of_checked
from registry.contract.days import day_number
from registry.linkage.duplicates import duplicates
from registry.linkage.links import Links, link
from registry.linkage.register_view import RegisterView, views_of
from registry.machine.today import today
from registry.simulate.dials import Dials
from registry.simulate.second_register import TwoRegisters, two_registers
from registry.simulate.write import simulate


@dataclass(frozen=True)
class Truth:
    """Of all rows that both checks let in: whose row each is, and of the pairs of two registers
    what makes them hard."""

    person: dict[str, str]
    kind: dict[str, str]
    pairs: dict[str, int]
    """Links that a child can have: the fewer of its rows in either register."""


def simulated_pair(
    children: int, seed: int, *, months: int = 30, own_readings: bool = False
) -> TwoRegisters:
    """Two registers of one simulated population."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(folder, children=children, months=months, seed=seed, dials=Dials(truth_draws=0))
        tables = {
            name: pyarrow.parquet.read_table(Path(folder) / f"{name}.parquet")
            for name in ("centres", "children", "measurements", "truth/registered_twice")
        }
    first, second = (column.to_pylist() for column in tables.pop("truth/registered_twice"))
    return two_registers(
        tables,
        np.random.default_rng([seed, 23]),
        twice=dict(zip(second, first, strict=True)),
        own_readings=own_readings,
    )


def views_and_truth(pair: TwoRegisters) -> tuple[tuple[RegisterView, RegisterView], Truth]:
    """Both registers as linkage sees them, and the truth of the rows that both checks let in."""
    day = day_number(today())
    both = [
        check({name: raw_table(table) for name, table in tables.items()}, imported_on=day)
        for tables in (pair.one, pair.other)
    ]
    registries = [registry_of_checked(one) for one in both]
    views = views_of(*registries, families=(both[0].texts["family"], both[1].texts["family"]))
    many = [Counter(pair.person[child] for child in view.child_ids) for view in views]
    kind = {pair.person[one]: kind for one, _, kind in zip(*pair.truth.values(), strict=True)}
    pairs = {one: min(many[0][one], many[1][one]) for one in many[0].keys() & many[1].keys()}
    return views, Truth(pair.person, kind, pairs)


def linked(pair: TwoRegisters) -> tuple[Links, Truth, dict[str, float]]:
    """The links, the truth, and the seconds that linking took, of the clock and the processor."""
    views, truth = views_and_truth(pair)
    started, used = time.perf_counter(), time.process_time()
    links = link(*views)
    cost = {
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(time.process_time() - used, 1),
    }
    return links, truth, cost


def scored(
    same: Iterable[tuple[str, str]], look: Iterable[tuple[str, str]], truth: Truth
) -> dict[str, float]:
    """Precision and recall of pairs linked without a person, recall with those shown to one, and
    both by what makes a pair hard. A pair is right if both rows are of one child."""
    same, look = list(same), list(look)
    right = [pair for pair in same if truth.person[pair[0]] == truth.person[pair[1]]]
    seen = right + [pair for pair in look if truth.person[pair[0]] == truth.person[pair[1]]]
    true_pairs = sum(truth.pairs.values())
    hit, shown = _found(right, truth), _found(seen, truth)
    found = {
        "true_pairs": true_pairs,
        "precision": len(right) / max(len(same), 1),
        "recall": sum(hit.values()) / max(true_pairs, 1),
        "recall_with_look": sum(shown.values()) / max(true_pairs, 1),
        "look_share": len(look) / max(len(same) + len(look), 1),
    }
    kinds: dict[str, list[str]] = {}
    for one in truth.pairs:
        kinds.setdefault(truth.kind.get(one, "registered_twice"), []).append(one)
    for kind, ones in sorted(kinds.items()):
        many = sum(truth.pairs[one] for one in ones)
        found[f"recall_{kind}"] = sum(hit[one] for one in ones) / many
        found[f"recall_with_look_{kind}"] = sum(shown[one] for one in ones) / many
    twins = {one for one, kind in truth.kind.items() if kind == "twin"}
    of_twins = [pair for pair in same if {truth.person[one] for one in pair} & twins]
    found["precision_twin"] = len(set(of_twins) & set(right)) / max(len(of_twins), 1)
    return found


def _found(pairs: list[tuple[str, str]], truth: Truth) -> Counter[str]:
    """How many of the links it can have each child got: as many as rows of it on the poorer side
    stand in right pairs."""
    rows = [Counter(truth.person[one] for one in {pair[side] for pair in pairs}) for side in (0, 1)]
    return Counter(
        {one: min(many, rows[1][one], truth.pairs[one]) for one, many in rows[0].items()}
    )


def figures(links: Links, truth: Truth, cost: dict[str, float]) -> dict[str, float]:
    """What was found, how sure the bits are, and what it cost."""
    pairs = list(zip(*links.ids(), strict=True))
    same = [pair for pair, is_same in zip(pairs, links.same, strict=True) if is_same]
    look = [pair for pair, is_same in zip(pairs, links.same, strict=True) if not is_same]
    found = {
        "children": len(links.one),
        "other_children": len(links.other),
        "candidate_pairs": links.candidates,
        **scored(same, look, truth),
        **cost,
        "peak_gb_of_whole_run": peak_gb(),
    }
    good = np.array([truth.person[one] == truth.person[other] for one, other in pairs], np.bool_)
    for name, low, high in (
        ("look", -99, 2),
        ("2_to_3_bits", 2, 3),
        ("3_to_5_bits", 3, 5),
        ("over_5_bits", 5, 999),
    ):
        band = (links.confidence_bits >= low) & (links.confidence_bits < high)
        found[f"true_share_{name}"] = float(good[band].mean()) if band.any() else float("nan")
    return found


def figures_within(view: RegisterView, truth: Truth) -> dict[str, float]:
    """How many of the pairs of one register's rows that are of one child are found."""
    rows: dict[str, list[str]] = {}
    for child in view.child_ids:
        rows.setdefault(truth.person[child], []).append(str(child))
    true = {pair for one in rows.values() for pair in combinations(sorted(one), 2)}
    used = time.process_time()
    links = duplicates(view)
    seconds = time.process_time() - used
    pairs = list(zip(*links.ids(), strict=True))
    same = {pair for pair, is_same in zip(pairs, links.same, strict=True) if is_same}
    return {
        "children": len(view),
        "true_pairs": len(true),
        "same": len(same),
        "precision": len(same & true) / max(len(same), 1),
        "recall": len(same & true) / max(len(true), 1),
        "recall_with_look": len(set(pairs) & true) / max(len(true), 1),
        "look": len(pairs) - len(same),
        "cpu_seconds": round(seconds, 1),
    }


def peak_gb() -> float:
    """Most memory that this process has held, in GB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def main() -> None:
    """Print the figures, one a line; with `--json` as one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--own-readings", action="store_true", help="the second system weighs itself"
    )
    parser.add_argument("--within", action="store_true", help="who stands twice in one register")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    pair = simulated_pair(asked.children, asked.seed, own_readings=asked.own_readings)
    if asked.within:
        both, truth = views_and_truth(pair)
        found = {
            f"{side}_{name}": figure
            for side, view in zip(("one", "other"), both, strict=True)
            for name, figure in figures_within(view, truth).items()
        }
    else:
        found = figures(*linked(pair))
    for name, figure in found.items():
        print(f"{name:30} {figure:,.4f}" if figure != int(figure) else f"{name:30} {figure:,.0f}")
    if asked.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
