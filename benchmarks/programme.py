"""A year of a district of 200,000 children: growth points, facts, pathway and indicators,
measurements a second.

One core. The registry is drawn at random here (no store is read): monthly weighings, of which 15 in
100 are missed, and 3 in 100 children weighed weekly for ten weeks in a UCDC. `ratio_to_zscores`
sets the whole against `features.who.growth.zscores` of the same measurements in the same run:
z-scores alone would be 1. `--json` prints one object as its last line.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

# This file's folder would hide the package `features` behind a benchmark of that name.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from care.programme import by_month, indicators
from care.protocol import standard
from features.who.growth import zscores
from registry.contract.registry import COLUMNS, NEVER, Registry, Table, day_number, empty_table

CHILDREN, MONTHS, ROUNDS = 200_000, 12, 3
FIRST = day_number("2025-01-01")


def table(name: str, known_from: np.ndarray | int = 0, **columns: np.ndarray) -> Table:
    """A table of the contract from its columns, each row known from its day and never
    superseded."""
    rows = len(next(iter(columns.values())))
    typed = {
        column: np.broadcast_to(columns[column], rows).astype(kind)
        for column, kind in COLUMNS[name].items()
    }
    known = {
        "known_from": np.broadcast_to(known_from, rows).astype(np.int32),
        "known_until": np.full(rows, NEVER),
    }
    return Table(typed | known)


def district(children: int) -> Registry:
    """A registry of so many children over twelve months of thirty days."""
    draw = np.random.default_rng(2026)
    centres = max(children // 60, 1)
    born, sex = FIRST - draw.integers(0, 1700, children), draw.integers(0, 2, children)
    treated = np.flatnonzero(draw.random(children) < 0.03)
    admitted = FIRST + draw.integers(0, 250, len(treated))
    ids = {
        kind: np.array([f"{kind}{i}" for i in range(n)], object)
        for kind, n in (
            ("child", children),
            ("centre", centres),
            ("sector", centres // 25 + 1),
            ("project", centres // 100 + 1),
            ("district", 1),
            ("episode", len(treated)),
        )
    }
    place = np.arange(centres)
    return Registry(
        centres=table(
            "centres",
            centre=place,
            sector=place // 25,
            project=place // 100,
            district=0,
            setting=0,
            latitude=np.nan,
            longitude=np.nan,
        ),
        children=table(
            "children",
            child=np.arange(children),
            family=-1,
            sex=sex,
            birth_date=born,
            centre=draw.integers(0, centres, children),
            birth_weight_kg=2.8,
            registered_on=born + 20,
            left_on=NEVER,
            left_reason=-1,
            left_known_from=NEVER,
        ),
        measurements=weighings(draw, born, sex, treated, admitted),
        episodes=table(
            "episodes",
            admitted,
            child=treated,
            episode=np.arange(len(treated)),
            programme=0,
            admitted_on=admitted,
            appetite_test=0,
            complications=0.0,
            closed_on=admitted + 63,
            outcome=draw.choice(4, len(treated), p=[0.7, 0.12, 0.02, 0.16]),
            transfer_reason=-1,
            closed_known_from=admitted + 63,
        ),
        checks=empty_table("checks"),
        rations=empty_table("rations"),
        attendance=empty_table("attendance"),
        visits=empty_table("visits"),
        recorded_until=FIRST + 30 * MONTHS,
        **{f"{kind}_ids": texts for kind, texts in ids.items()},
    )


def weighings(draw, born, sex, treated, admitted) -> Table:
    """Monthly weighings of all, weekly ones of those treated, sorted by child and day."""
    child, month = np.repeat(np.arange(len(born)), MONTHS), np.tile(np.arange(MONTHS), len(born))
    kept = draw.random(len(child)) < 0.85
    day = FIRST + month * 30 + draw.integers(0, 28, len(child))
    weekly = np.repeat(admitted, 10) + np.tile(np.arange(10) * 7, len(treated))
    child, day = (
        np.concatenate([child[kept], np.repeat(treated, 10)]),
        np.concatenate([day[kept], weekly]),
    )
    order = np.lexsort((day, child))
    child, day = child[order], day[order]
    age = np.maximum(day - born[child], 0)
    height = 50 + 24 * (1 - np.exp(-age / 300)) + age * 0.02
    weight = (height / 10) ** 2 * 0.145 * (1 + draw.normal(0, 0.09, len(child)))
    return table(
        "measurements",
        day,
        child=child,
        measured_on=day,
        weight_kg=weight.round(1),
        height_cm=height.round(1),
        height_position=(age >= 731),
        oedema=np.nan,
        reported_status=-1,
        muac_mm=(140 + draw.normal(0, 12, len(child))).round(),
    )


def seconds(work) -> float:
    """Processor time of one call, so that a busy neighbour does not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


def year(registry: Registry) -> None:
    """Every child at every month's end, and the indicators of every centre."""
    indicators.of(
        registry, by_month.of(registry, standard(), months=MONTHS), standard(), level="centre"
    )


def only_zscores(registry: Registry) -> None:
    """WHO z-scores of all measurements, and nothing else."""
    seen, children = registry.measurements, registry.children
    zscores(
        sex=children["sex"][seen["child"]],
        age_days=seen["measured_on"] - children["birth_date"][seen["child"]],
        weight_kg=seen["weight_kg"],
        height_cm=seen["height_cm"],
        height_position=seen["height_position"],
        muac_mm=seen["muac_mm"],
        oedema=seen["oedema"],
    )


def main() -> None:
    """Best of a few rounds, after one on a small registry for the compiler."""
    small, registry = district(500), district(CHILDREN)
    for warm in (year, only_zscores):
        warm(small)
    whole = min(seconds(lambda: year(registry)) for _ in range(ROUNDS))
    bare = min(seconds(lambda: only_zscores(registry)) for _ in range(ROUNDS))
    rows = registry.measurements.rows
    found = {
        "measurements": rows,
        "measurements_a_second": round(rows / whole),
        "seconds": round(whole, 2),
        "ratio_to_zscores": round(whole / bare, 2),
    }
    if "--json" in sys.argv:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name}: {value:,}" for name, value in found.items()))


if __name__ == "__main__":
    main()
