"""A model in use changes what it learns from: what a retrained model says of the children most at
risk, taught with visits as they were made, and without.

A model of non-response is learnt on one simulated registry and put to use on another: on the first
of each month, of the children in treatment, those of the highest risk in each sector are visited
(once a stay), but for a share that is held out by lot (`models.visits.hold_out`). A visit keeps a
non-response from happening with the probability `--effect`: the stay then ends as cured, two weeks
after the visit and before day 84. Three models learn from what became of it:

- nobody visited: the same registry without lists, the truth to aim at;
- with visits: all outcomes as they were recorded (`sanket train`);
- without visits: followed until the first visit, weighed (`sanket train --without-visits`).

All three are judged on a third registry in which nobody is visited. Printed: mean risk of the tenth
with the highest risks, the share of that tenth that had the event, AUC, observed over expected; and
of the registry in use the comparison of listed and held out.

    python benchmarks/feedback.py [--children 9000] [--effect 0.7] [--holdout-share 0.1]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import pandas as pd

from benchmarks._simulated import TABLES
from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import HAPPENED, NON_RESPONSE
from models.visits.hold_out import drawn
from registry.checks.table import build
from registry.contract.errors import BadInput
from registry.contract.registry import Registry, day_date
from registry.simulate.dials import Dials
from registry.simulate.write import simulate
from training.cohorts.landmarks import cohort
from training.evaluation.scored_rows import score_rows
from training.evaluation.stability import sectors
from training.evaluation.visit_lists import at_days, month_starts
from training.fitting import uncertainty
from training.fitting.pipeline import learn
from training.metrics.calibration import calibration
from training.metrics.discrimination import auc
from training.validation.held_out import ListedAndHeldOut, compare_held_out

MONTHS = 30
Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Mark:
    """A child on a list, or held out of it."""

    child_id: str
    as_of: object
    target: str
    held_out: bool


def sources(children: int, seed: int) -> Tables:
    """The tables of a simulation; its own visits, which no list asked for and change nothing, are
    left out."""
    with tempfile.TemporaryDirectory() as folder:
        dials = Dials(truth_draws=0)
        simulate(folder, children=children, months=MONTHS, seed=seed, dials=dials)
        tables = {name: pd.read_parquet(Path(folder) / f"{name}.parquet") for name in TABLES}
    return tables | {"visits": tables["visits"].iloc[:0]}


def registry_of(tables: Tables) -> Registry:
    """The validated registry of some tables."""
    return build(tables)[0]


def in_use(
    tables: Tables, bundle: Bundle, *, places: int, effect: float, share: float, seed: int
) -> tuple[Tables, list[Mark]]:
    """(the tables as lists by this model, and visits, would have left them; who was listed)."""
    registry = registry_of(tables)
    clock, lot = Clock(registry), np.random.default_rng(seed)
    first = int(registry.episodes["admitted_on"].min())
    starts = np.array(month_starts(first, registry.recorded_until))
    rows = at_days(clock, NON_RESPONSE, starts)
    judged = score_rows(clock, bundle, rows, block="", context=Context(clock))
    sector = sectors(clock, judged.rows)
    ids = registry.child_ids.astype(str)
    seen: set[int] = set()
    visits, cured, marks = [], {}, []
    for day in np.unique(judged.rows.day):
        for at in np.unique(sector):
            here = np.flatnonzero((judged.rows.day == day) & (sector == at))
            here = here[[index not in seen for index in judged.rows.index[here]]]
            for row in here[np.argsort(-judged.risk[here], kind="stable")][:places]:
                index, child = int(judged.rows.index[row]), ids[judged.rows.child[row]]
                held_out = drawn("in use", child, share)
                marks.append(Mark(child, day_date(int(day)), NON_RESPONSE.name, held_out))
                seen.add(index)
                if held_out:
                    continue
                visited_on = int(day) + int(lot.integers(1, 11))
                visits.append((child, visited_on, int(day)))
                event_on = int(judged.rows.day[row] + judged.rows.time[row])
                started = int(judged.rows.outcomes.index_on[index])
                spared = judged.rows.outcome[row] == HAPPENED and lot.random() < effect
                if spared and visited_on < min(event_on, started + 70):
                    cured[child, started] = max(visited_on + 14, started + 42)
    return with_visits(tables, visits, cured), marks


def with_visits(
    tables: Tables, visits: list[tuple[str, int, int]], cured: dict[tuple[str, int], int]
) -> Tables:
    """The tables with these visits (child, day, the list's day), and these stays (child, admitted
    on) closed as cured on a day."""
    stays = tables["episodes"].copy()
    admitted = pd.to_datetime(stays["admitted_on"]).to_numpy("datetime64[D]").astype(int)
    for row, key in enumerate(zip(stays["child_id"], admitted.tolist(), strict=True)):
        if key in cured:
            stays.iloc[row, stays.columns.get_loc("closed_on")] = day_date(cured[key])
            stays.iloc[row, stays.columns.get_loc("outcome")] = "cured"
            stays.iloc[row, stays.columns.get_loc("transfer_reason")] = None
    made = pd.DataFrame(
        {
            "child_id": [child for child, _, _ in visits],
            "visited_on": [day_date(day) for _, day, _ in visits],
            "finding": "well",
            "listed_on": [day_date(day) for _, _, day in visits],
        }
    )
    return tables | {"episodes": stays, "visits": made}


def judged_on(clock: Clock, context: Context, bundle: Bundle) -> dict[str, float]:
    """Figures of a model where nobody is visited."""
    rows = cohort(clock, NON_RESPONSE, cutoff=clock.registry.recorded_until)
    told = score_rows(clock, bundle, rows, block="", context=context)
    known = told.take(told.known)
    top = known.risk >= np.quantile(known.risk, 0.9)
    level = calibration(known.risk, known.happened, known.weight)
    return {
        "top tenth: mean risk": float(np.average(known.risk[top], weights=known.weight[top])),
        "had the event": float(np.average(known.happened[top], weights=known.weight[top])),
        "AUC": auc(known.risk, known.happened, known.weight),
        "observed / expected": level.observed_over_expected,
    }


def compared(found: ListedAndHeldOut | None) -> str:
    """One line on listed and held out."""
    if found is None:
        return "nobody was held out"
    listed, out, less = found.listed, found.held_out, found.avoided
    return (
        f"listed: {listed.indexes} stays, {listed.visited:.0%} visited, event "
        f"{listed.share.value:.3f} ({listed.share.low:.3f} to {listed.share.high:.3f}); held out: "
        f"{out.indexes} stays, {out.visited:.0%} visited, event {out.share.value:.3f} "
        f"({out.share.low:.3f} to {out.share.high:.3f}); avoided {less.value:.3f} "
        f"({less.low:.3f} to {less.high:.3f})"
    )


def main() -> None:
    """Print a line a model."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=9_000)
    asked.add_argument("--effect", type=float, default=0.7)
    asked.add_argument("--holdout-share", type=float, default=0.1)
    asked.add_argument("--places", type=int, default=3, help="a sector and month")
    asked.add_argument("--seed", type=int, default=1)
    wanted = asked.parse_args()
    uncertainty.REFITS = 2

    def taught(registry: Registry, *, without: bool = False) -> Bundle:
        clock, until = Clock(registry), registry.recorded_until + 1
        return learn(clock, NON_RESPONSE, until=until, without_visits=without).bundle

    first = taught(registry_of(sources(wanted.children, wanted.seed)))
    plain = sources(wanted.children, wanted.seed + 1)
    used, marks = in_use(
        plain,
        first,
        places=wanted.places,
        effect=wanted.effect,
        share=wanted.holdout_share,
        seed=wanted.seed,
    )
    registry = registry_of(used)
    judge = Clock(registry_of(sources(wanted.children, wanted.seed + 2)))
    context = Context(judge)
    print(compared(compare_held_out(Clock(registry), NON_RESPONSE, marks)), flush=True)
    for name, records, without in (
        ("nobody visited", registry_of(plain), False),
        ("with visits", registry, False),
        ("without visits", registry, True),
    ):
        try:
            bundle = taught(records, without=without)
        except BadInput as refused:
            print(f"{name}: refused, {refused}", flush=True)
            continue
        told = judged_on(judge, context, bundle)
        met = bundle.facts["share_visited"]
        line = "  ".join(f"{word} {value:.3f}" for word, value in told.items())
        if (share := bundle.facts["share_stood_for"]) is not None:
            line += f"  stands for {share:.0%} of the rows before a visit"
        print(f"{name}: {met:.0%} of rows visited  {line}", flush=True)


if __name__ == "__main__":
    main()
