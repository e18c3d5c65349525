"""How often drift cries wolf on steady registries, and how soon it sees what changes.

One champion a target, trained on the first store before its last year; each store's last twelve
months are asked about one by one, as `sanket drift` does each month. Steady: nothing changes, but
that from the training's end on records come in monthly and are known late. Changed, from that day
on: the noise of weighings and measuring tapes doubled; scales that show 4 % more; a programme that
weighs children in treatment every other week only and no longer checks them. Found: an alarm within
the first two months.

    python benchmarks/drift.py [--children 4000] [--stores 5] [--targets non_response,relapse]
    [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np

from benchmarks._simulated import simulated
from features.clock import Clock
from models.bundle import Bundle
from models.targets import TARGETS
from registry.contract.registry import OWN_DAY, Registry, day_date
from training.cohorts.entry_delay import as_recorded
from training.commands.drift import of_month
from training.evaluation.drift.drift_views import Views, days_of, views_of_everyone
from training.evaluation.drift.month_views import timely
from training.evaluation.scored_rows import of_learned
from training.fitting.pipeline import learn
from training.fitting.reference_profile import of_risks

MONTHS, WATCHED, SEED = 42, 12, 100
FOUND_WITHIN = 2
WEIGHT_NOISE_KG, HEIGHT_NOISE_CM, MUAC_NOISE_MM = 0.13, 0.85, 4.5
"""The simulator's own spreads in a middling centre (`registry/simulate/measure.py`). Noise of root
three times as much, added, makes the spread twice as wide."""
SCALE = 1.04


def noisier(registry: Registry, since: int) -> Registry:
    """Readings from a day on with noise of twice the spread."""
    random, table = np.random.default_rng(5), registry.measurements
    late = table["measured_on"] >= since
    root = np.sqrt(3.0)

    def shaken(column: str, spread: float) -> np.ndarray:
        added = random.normal(0.0, spread * root, table.rows)
        return np.where(late, table[column] + added, table[column])

    changed = table.having(
        weight_kg=np.round(shaken("weight_kg", WEIGHT_NOISE_KG), 1),
        height_cm=np.round(shaken("height_cm", HEIGHT_NOISE_CM), 1),
        muac_mm=np.round(shaken("muac_mm", MUAC_NOISE_MM)),
    )
    return replace(registry, measurements=changed)


def other_scales(registry: Registry, since: int) -> Registry:
    """Weights from a day on 4 % too high."""
    table = registry.measurements
    late = table["measured_on"] >= since
    weight = np.where(late, np.round(table["weight_kg"] * SCALE, 1), table["weight_kg"])
    return replace(registry, measurements=table.having(weight_kg=weight))


def other_programme(registry: Registry, since: int) -> Registry:
    """Weighings from a day on only in every other week, and no checks of illness any more."""
    measured, checks = registry.measurements, registry.checks
    kept = (measured["measured_on"] < since) | (measured["measured_on"] // 7 % 2 == 0)
    return replace(
        registry,
        measurements=measured.take(np.flatnonzero(kept)),
        checks=checks.take(np.flatnonzero(checks["checked_on"] < since)),
    )


CHANGES: dict[str, Callable[[Registry, int], Registry]] = {
    "noise doubled": noisier,
    "scales 4 % high": other_scales,
    "programme changed": other_programme,
}


def late_since(registry: Registry, since: int) -> Registry:
    """The registry with records from a day on known from the first of the month after."""
    late, _ = as_recorded(registry)
    tables = {}
    for name, own_day in OWN_DAY.items():
        here, there = registry.table(name), late.table(name)
        after = here[own_day] >= since
        columns = ("known_from", "closed_known_from") if name == "episodes" else ("known_from",)
        tables[name] = here.having(
            **{column: np.where(after, there[column], here[column]) for column in columns}
        )
    return replace(registry, **tables)


def watched_months(registry: Registry) -> list[str]:
    """The last twelve months that are over in the records."""
    ends = day_date(registry.recorded_until + 1).replace(day=1)
    number = ends.year * 12 + ends.month - 1
    months = [(number - back) for back in range(WATCHED, 0, -1)]
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months]


def trained(registry: Registry, target: str, until: int) -> Bundle:
    """A champion with the profile of its risks, as `sanket train` keeps it."""
    learned = learn(Clock(registry), TARGETS[target], until=until)
    bundle, rows = learned.bundle, learned.features
    risk = of_learned(learned).risk if not learned.not_rehearsed else None
    if risk is None:
        risk = 1.0 / (1.0 + np.exp(-bundle.log_odds(rows)))
    reference = bundle.reference | {"risk_deciles": of_risks(risk)}
    return replace(bundle, reference=reference, version=target)


def alarms(
    registry: Registry, bundles: dict[str, Bundle], months: list[str]
) -> dict[str, list[list[str]]]:
    """By target the reasons of each month's alarm, empty where there was none."""
    seen = timely(registry)
    of_everyone, told = views_of_everyone(seen), {}
    for target, bundle in bundles.items():
        views = replace(Views.of(seen, bundle), everyone=of_everyone)
        told[target] = [list(of_month(bundle, month, views).reasons) for month in months]
    return told


def main() -> None:
    """Print the table, and with --json one object as the last line."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=4_000)
    asked.add_argument("--stores", type=int, default=5)
    asked.add_argument("--targets", default="non_response")
    asked.add_argument("--changes", default=",".join(CHANGES))
    asked.add_argument("--json", action="store_true")
    wanted = asked.parse_args()
    targets, bundles = wanted.targets.split(","), {}
    steady, found, tried = [], {change: [] for change in CHANGES}, 0
    for store in range(wanted.stores):
        print(f"store {store + 1}: simulating {wanted.children:,} children", file=sys.stderr)
        registry = simulated(wanted.children, months=MONTHS, seed=SEED + store)
        months = watched_months(registry)
        since = days_of(months[0])[0]
        late = late_since(registry, since)
        for target in targets:
            if target not in bundles:
                print(f"training {target}", file=sys.stderr)
                bundles[target] = trained(registry, target, since)
        for target, told in alarms(late, bundles, months).items():
            steady += [bool(reasons) for reasons in told]
            tried += len(months)
            for month, reasons in zip(months, told, strict=True):
                if reasons:
                    print(f"  steady, {target}, {month}: {'; '.join(reasons)}", file=sys.stderr)
        for change in wanted.changes.split(","):
            changed = CHANGES[change](late, since)
            for target, told in alarms(changed, bundles, months[:FOUND_WITHIN]).items():
                found[change].append(any(told))
                print(f"  {change}, {target}: {told}", file=sys.stderr)
    print(
        f"{wanted.stores * WATCHED} steady registry-months, {tried} target-months "
        f"({', '.join(targets)}): {sum(steady)} alarms ({np.mean(steady):.1%})"
    )
    for change, of in found.items():
        if of:
            print(f"{change}: found within {FOUND_WITHIN} months in {sum(of)} of {len(of)}")
    if wanted.json:
        counts = {change: [sum(of), len(of)] for change, of in found.items()}
        print(json.dumps({"target_months": tried, "alarms": sum(steady), "found": counts}))


if __name__ == "__main__":
    main()
