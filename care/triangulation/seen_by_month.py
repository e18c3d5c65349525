"""What one register says of each child in each month: what its readings say, whether the child is
in treatment, whether it is registered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.clock import Clock, Known, Ragged
from features.status import YES, classify
from features.trajectory.points import growth_points
from registry.contract.arrays import AnyArray, Codes, Days, Flags, Ints
from registry.contract.codes import ReportedStatus
from registry.contract.days import LAST_DAY_UNDER_FIVE
from registry.contract.registry import NEVER, Registry

NOTHING, NORMAL, MAM, SAM = -1, 0, 1, 2
SAID = {NOTHING: "not measured", NORMAL: "normal", MAM: "MAM", SAM: "SAM"}
"""What the readings of a month say, the gravest of them; "normal" is also a green colour without a
reading that can be judged."""


@dataclass(frozen=True)
class CalendarMonths:
    """Calendar months: names (`2026-03`), first and last days."""

    names: tuple[str, ...]
    starts: Days
    ends: Days


@dataclass(frozen=True)
class SeenByMonth:
    """One row a child, one column a month.

    `said`: int8, see `SAID`. `treated`: in a UCDC, VCDC, NRC or CTC on a day of the month.
    `registered`: on the month's last day, not left, under five.
    """

    said: Codes
    treated: Flags
    registered: Flags


def seen_by_month(registry: Registry, months: CalendarMonths) -> tuple[SeenByMonth, Ragged]:
    """One register's months, and the readings that they are of (with `says` in the codes of
    `SAID`).

    A month is told from what is known today, as the programme's indicators are: what was entered
    late counts in the month in which it happened.
    """
    everyone = np.arange(len(registry.child_ids), dtype=np.int32)
    day = np.full(len(everyone), registry.recorded_until, np.int32)
    known = Clock(registry).known_by(everyone, day)
    readings = _said(growth_points(known))
    size = (len(everyone), len(months.names))
    said = np.full(size, NOTHING, np.int8)
    month = _month(months, readings["measured_on"])
    inside = month >= 0
    np.maximum.at(
        said, (readings.question[inside], month[inside]), readings["says"][inside].astype(np.int8)
    )
    return SeenByMonth(said, _treated(known, months), _registered(known, months)), readings


def _said(points: Ragged) -> Ragged:
    """The readings with what each says."""
    status = classify(
        age_days=points["age_days"],
        waz=points["waz"],
        haz=points["haz"],
        whz=points["whz"],
        muac_mm=points["muac_mm"],
        oedema=points["oedema"],
        height_age_days=points["height_days"],
    )
    judged, sam = points["valid"] == 1, points["sam"] == 1
    green = points["reported_status"] == int(ReportedStatus.GREEN)
    conditions = [sam, status["mam"] == YES, judged, green]
    says = np.select(conditions, [SAM, MAM, NORMAL, NORMAL], NOTHING).astype(np.int8)
    return points.having(says=says)


def _month(months: CalendarMonths, day: AnyArray) -> Ints:
    """The position of each day's month; -1 outside of them."""
    month = np.searchsorted(months.starts, day, side="right") - 1
    return np.where((month >= 0) & (day <= months.ends[-1]), month, -1)


def _treated(known: Known, months: CalendarMonths) -> Flags:
    stays = known.episodes
    found = np.zeros((len(known.child), len(months.names)), np.bool_)
    for at, (start, end) in enumerate(zip(months.starts, months.ends, strict=True)):
        there = (stays["admitted_on"] <= end) & (stays["closed_on"] >= start)
        found[stays.question[there], at] = True
    return found


def _registered(known: Known, months: CalendarMonths) -> Flags:
    child = known.children
    ends = months.ends[None, :].astype(np.int64)
    birth = child["birth_date"].astype(np.int64)[:, None]
    since, left = child["registered_on"][:, None], child["left_on"][:, None]
    since = np.where(since == NEVER, birth, since)
    # Who has no row today has no date of birth (NEVER), and was not born.
    born = (birth <= ends) & (ends - birth <= LAST_DAY_UNDER_FIVE)
    found: Flags = born & (since <= ends) & (left > ends)
    return found
