"""Programme indicators per centre, sector, project or district and month, against Sphere's
thresholds.

Every indicator is a ratio of two sums, so a place's figure is never a mean of means. What would
show fewer children than the protocol's `smallest_cell` is left out: a count from 1 up to it, a
share of so few, and what such a count could be worked out from
(`care/programme/disclosure_control.py`), other places, levels, months and shares taken together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from care.programme.areas import STATE_ID, UPWARDS, Areas
from care.programme.by_month import Months
from care.programme.disclosure_control import withheld
from care.protocol import Protocol
from registry.contract.arrays import AnyArray, Flags, Floats, Ints, Texts
from registry.contract.registry import Registry

LEVELS = ("district", "project", "sector", "centre")
COUNTS = (
    "children",
    "screened",
    "judged",
    "sam",
    "mam",
    "suw",
    "in_treatment",
    "sam_untreated",
    "danger",
    "overdue",
    "admitted_ucdc",
    "admitted_nrc",
    "cured",
    "defaulted",
    "died",
    "not_recovered",
    "transferred",
    "failed_discharge",
)
"""Numbers of children."""
STOCKS = (
    "children",
    "screened",
    "judged",
    "sam",
    "mam",
    "suw",
    "in_treatment",
    "sam_untreated",
    "danger",
    "overdue",
)
"""Counts that say how things stand in a month: over the whole time, the last month's stands for
them."""
OUTCOMES = ("cured", "defaulted", "died", "not_recovered")
"""Counts whose total can be told: from any of them and its share."""
FOLLOWED = ("followed_183", "relapsed_183")
"""Cured children who were followed for 183 days, and those of them who were SAM again: what a
relapse of six months is of."""
AMOUNTS = ("child_days", "ednf_issued", "thr_issued", "hcm_issued", "open_days", "attended_days")
"""Numbers of days and rations, which point at no child."""


@dataclass(frozen=True)
class Ratio:
    """An indicator: `over` of `under`; `children` (where it differs from `under`) counts those it
    speaks of."""

    name: str
    over: str
    under: str
    says: str
    children: str | None = None


RATIOS = (
    Ratio(
        "coverage", "screened", "children", "children measured in the month, of those on the rolls"
    ),
    Ratio("sam_share", "sam", "judged", "SAM, of those validly measured"),
    Ratio("mam_share", "mam", "judged", "MAM, of those validly measured"),
    Ratio(
        "cured_share",
        "cured",
        "ended",
        "cured, of stays ended (cured, defaulted, died, not recovered)",
    ),
    Ratio("defaulted_share", "defaulted", "ended", "defaulted, of stays ended"),
    Ratio("died_share", "died", "ended", "died, of stays ended"),
    Ratio("not_recovered_share", "not_recovered", "ended", "not recovered, of stays ended"),
    Ratio(
        "relapse_1_month",
        "relapsed_30",
        "followed_30",
        "SAM again within 30 days of cure, of those followed",
    ),
    Ratio(
        "relapse_3_months",
        "relapsed_91",
        "followed_91",
        "SAM again within 91 days of cure, of those followed",
    ),
    Ratio(
        "relapse_6_months",
        "relapsed_183",
        "followed_183",
        "SAM again within 183 days of cure, of those followed",
    ),
    Ratio(
        "gain_g_kg_day",
        "gain_g_kg_day",
        "gain_weighed",
        "grams gained per kg and day by those cured",
    ),
    Ratio("stay_days", "stay_days", "cured", "days of stay of those cured"),
    Ratio(
        "attendance_share",
        "attended_days",
        "open_days",
        "days attended, of days open",
        children="children",
    ),
    Ratio(
        "ednf_per_child_day",
        "ednf_issued",
        "child_days",
        "EDNF sachets issued per child-day in treatment",
        children="treated_or_admitted",
    ),
)
MEASUREMENTS = {"gain_g_kg_day", "stay_days", "attendance_share", "ednf_per_child_day"}
"""Ratios that are no shares of children: there a small numerator gives nobody away."""
SPHERE = (
    ("cured_share", "sphere_cured_above", "above"),
    ("defaulted_share", "sphere_defaulted_below", "below"),
    ("died_share", "sphere_died_below", "below"),
)
"""Indicator, the protocol's value, and on which side of it Sphere wants the share."""
MET, NOT_MET, TOO_FEW = "met", "not met", "too few"


@dataclass(frozen=True)
class Indicators:
    """One row per place and month: ids and ISO months as text, numbers as float64 (NaN: none, or
    too few to show), Sphere's verdicts as text. `synthetic` and `protocol_version` go with the
    figures."""

    level: str
    columns: dict[str, AnyArray]
    synthetic: bool
    protocol_version: str
    smallest_cell: int


@dataclass(frozen=True)
class Hidden:
    """For each count the withheld cells of every place and month, bool (places, months and the
    whole)."""

    areas: Areas
    cells: dict[str, Flags]

    def of(self, level: str) -> dict[str, Flags]:
        """The cells of a level's places, in one row."""
        return {name: cells[self.areas.rows(level)].ravel() for name, cells in self.cells.items()}


def of(
    registry: Registry,
    months: Months,
    protocol: Protocol,
    *,
    level: str,
    hidden: Hidden | None = None,
) -> Indicators:
    """The indicators of all places of a level, by place and month, with small cells left out.

    hidden: what `hidden_cells` says of the same months, where it was asked already for another
    level.

    After a place's months comes one row for all of them (`2025-07/2026-06`): events are added up,
    shares are those of the whole time, and counts of children are the last month's.
    """
    ids, place = places(registry, level)
    summed = {
        name: _with_whole(_rolled_up(cells, place, len(ids))) for name, cells in months.sums.items()
    }
    sums = _with_totals({name: cells.ravel() for name, cells in summed.items()})
    shown = sums | {name: _with_last(summed[name]).ravel() for name in STOCKS}
    smallest = int(protocol["smallest_cell"])
    labels = [f"{first:%Y-%m}" for first in months.firsts]
    labels.append(f"{labels[0]}/{labels[-1]}")
    columns: dict[str, AnyArray] = {
        level: np.repeat(ids.astype(object), len(labels)),
        "month": np.tile(np.array(labels, object), len(ids)),
    }
    withheld_here = (hidden or hidden_cells(registry, months, protocol)).of(level)
    columns |= {name: np.where(withheld_here[name], np.nan, shown[name]) for name in COUNTS}
    columns |= {name: sums[name] for name in AMOUNTS}
    columns |= {name: np.where(withheld_here[name], np.nan, sums[name]) for name in FOLLOWED}
    columns |= {ratio.name: _ratio(ratio, sums, withheld_here, smallest) for ratio in RATIOS}
    columns["ednf_share"] = columns["ednf_per_child_day"] / _expected_sachets(protocol)
    columns |= {
        f"sphere_{name}": _verdict(columns[name], float(protocol[value]), side)
        for name, value, side in SPHERE
    }
    return Indicators(
        level, columns, bool(registry.facts.get("synthetic")), protocol.version, smallest
    )


def _expected_sachets(protocol: Protocol) -> float:
    """EDNF sachets expected per child-day: those of the protocol's budget plans, else the fewest
    that it allows."""
    plans = list(protocol.plans.values())
    return float(plans[0].sachets_a_child_day) if plans else float(protocol["fewest_sachets"])


def places(registry: Registry, level: str) -> tuple[Texts, Ints]:
    """The ids of a level's places and, for each centre, the position of its place (-1 where
    unknown)."""
    if level == UPWARDS[-1]:
        return np.array([STATE_ID], object), np.zeros(len(registry.centre_ids), np.int64)
    ids = getattr(registry, f"{level}_ids")
    place = np.full(len(registry.centre_ids), -1, np.int64)
    place[registry.centres["centre"]] = registry.centres[level]
    return ids, place


def _rolled_up(cells: Floats, place: Ints, places: int) -> Floats:
    """Sums by place and month, float64[places, months], from sums by month and centre."""
    rolled = np.zeros((places + 1, len(cells)))
    np.add.at(rolled, place, cells.T)
    return rolled[:places]


def _with_whole(cells: Floats) -> Floats:
    """The months and, last, their sum."""
    return np.hstack([cells, cells.sum(axis=1, keepdims=True)])


def _with_last(cells: Floats) -> Floats:
    """The same, with the last month in the place of a sum that would count children once a
    month."""
    return np.hstack([cells[:, :-1], cells[:, -2:-1]])


def _with_totals(sums: dict[str, Floats]) -> dict[str, Floats]:
    ended = sums["cured"] + sums["defaulted"] + sums["died"] + sums["not_recovered"]
    return sums | {
        "ended": ended,
        "treated_or_admitted": np.maximum(sums["fed"], sums["admitted_ucdc"]),
    }


def hidden_cells(registry: Registry, months: Months, protocol: Protocol) -> Hidden:
    """What is withheld of each count, looked at over all levels together: asked once for all of
    them."""
    areas = Areas.of(registry)
    cells: dict[str, Flags] = {}
    alone = [name for name in (*COUNTS, *FOLLOWED) if name not in OUTCOMES]
    for names in (OUTCOMES, *((name,) for name in alone)):
        sums = np.stack([areas.summed(months.sums[name]) for name in names])
        stock = names[0] in STOCKS
        whole = sums[..., -1:] if stock else sums.sum(axis=2, keepdims=True)
        counts, smallest = np.concatenate([sums, whole], axis=2), int(protocol["smallest_cell"])
        cells |= zip(
            names, withheld(counts, areas, smallest=smallest, last_is_sum=not stock), strict=True
        )
    return Hidden(areas, cells)


def _ratio(
    ratio: Ratio, sums: dict[str, Floats], hidden: dict[str, Flags], smallest: int
) -> Floats:
    """A ratio where it speaks of enough children, and where it gives away no count that is
    withheld."""
    over, under = sums[ratio.over], sums[ratio.under]
    few = sums[ratio.children or ratio.under] < smallest
    if ratio.name not in MEASUREMENTS:
        few |= (over > 0) & (over < smallest)
    for name in (ratio.over, ratio.under):
        few |= hidden.get(name, False)
    share: Floats = np.full(len(under), np.nan)
    np.divide(over, under, out=share, where=(under > 0) & ~few)
    return share


def _verdict(share: Floats, limit: float, side: str) -> Texts:
    met = share > limit if side == "above" else share < limit
    return np.where(np.isnan(share), TOO_FEW, np.where(met, MET, NOT_MET)).astype(object)
