"""What came of the lists: of the children whom a month's first list named, how those stand eight
weeks later who were visited, who were not, and whom a lot held out.

Counted when a run is made, by sector and month; what is withheld is decided over sectors, projects,
districts, the state and months together. It compares no treatments: who was visited was chosen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from care.pathway.conditions import LEFT_BY_DEATH
from care.programme.areas import STATE_ID, Areas
from care.programme.disclosure_control import withheld
from features.clock import Known, Ragged
from features.trajectory.points import growth_points
from registry.contract.arrays import Floats
from registry.contract.codes import StayOutcome, VisitFinding
from registry.contract.registry import day_number
from registry.small_counts import SMALLEST_CELL
from serving.book.scorebook import LISTED, ROWS, RUNS, Run, packed_area
from serving.book.scoring.book_rows import Scoring
from serving.book.scoring.listed_marks import BY_RISK

MONTHS = 12
VISITED_DAYS = 28
"""A visit within four weeks of the list is the list's."""
FOLLOWED_DAYS = 56
"""How a child stands is looked up in the eight weeks after the list; younger lists are not
counted. verified: false (ours)."""
FATES = ("died", "admitted", "sam", "not_sam", "unmeasured")
"""Each child has one, the first that is true: died; newly admitted to any programme; SAM at the
last valid reading, or found at home; not SAM at it; not validly measured."""
GROUPS = (
    "rule_visited",
    "rule_not_visited",
    "risk_visited",
    "risk_not_visited",
    "risk_held_out",
)
"""Listed by a rule (danger, late) or for the risk alone, and visited or not."""
LEVELS = ("sector", "project", "district", "state")
MET = frozenset(VisitFinding) - {VisitFinding.AWAY}
"""Findings of a visit that met somebody."""
SectorLists = dict[str, dict[str, list[int]]]
"""By month (`2026-04`) and group, how many of each of `FATES`."""


def level_of_lists(level: str) -> str:
    """Under which level a run keeps what came of the lists of a level's places."""
    return f"lists:{level}"


@dataclass(frozen=True)
class Named:
    """A child whom the first list of a month named, or would have named but for the lot."""

    child_id: str
    sector_id: str
    as_of: dt.date
    section: str
    held_out: bool


def lists_of_sectors(
    engine: sa.Engine, run: Run, scoring: Scoring, sectors: Sequence[str]
) -> dict[str, SectorLists]:
    """What came of the lists of these sectors, whose children the scoring has."""
    found: dict[str, SectorLists] = {}
    for one, group, fate in fates(engine, run, scoring, sectors):
        by_month = found.setdefault(one.sector_id, {}).setdefault(f"{one.as_of:%Y-%m}", {})
        by_month.setdefault(group, [0] * len(FATES))[FATES.index(fate)] += 1
    return found


def fates(
    engine: sa.Engine, run: Run, scoring: Scoring, sectors: Sequence[str]
) -> Iterator[tuple[Named, str, str]]:
    """Each child whom a list of these sectors named, with its group and what became of it, as the
    run's day knows it."""
    at = {str(child): i for i, child in enumerate(scoring.registry.child_ids)}
    named = [one for one in _named(engine, run, sectors) if one.child_id in at]
    if not named:
        return
    child = np.array([at[one.child_id] for one in named], np.int32)
    known = scoring.clock.known_by(child, np.full(len(child), scoring.day, np.int32))
    points = growth_points(known)
    for i, one in enumerate(named):
        listed_on = day_number(one.as_of)
        window = listed_on, listed_on + FOLLOWED_DAYS
        yield one, _group(one, known, i, listed_on), _fate(known, points, i, window)


def _named(engine: sa.Engine, run: Run, sectors: Sequence[str]) -> Iterator[Named]:
    """The children of the first list of each month that is old enough, of a year's months."""
    last = run.as_of - dt.timedelta(FOLLOWED_DAYS)
    first = dt.date(last.year - 1, last.month, 1)
    days = sa.select(RUNS.c.as_of, sa.func.max(RUNS.c.run).label("run"))
    days = days.where(RUNS.c.complete, RUNS.c.as_of <= last, RUNS.c.as_of > first)
    with engine.connect() as connection:
        months: dict[str, tuple[dt.date, int]] = {}
        for row in connection.execute(days.group_by(RUNS.c.as_of).order_by(RUNS.c.as_of)):
            months.setdefault(f"{row.as_of:%Y-%m}", (row.as_of, row.run))
        for as_of, number in list(months.values())[-MONTHS:]:
            for start in range(0, len(sectors), 500):
                own = ROWS.c.sector_id.in_(sectors[start : start + 500])
                same = (ROWS.c.run == LISTED.c.run) & (ROWS.c.child_id == LISTED.c.child_id)
                wanted = sa.select(LISTED, ROWS.c.sector_id).join(ROWS, same)
                for row in connection.execute(wanted.where(LISTED.c.run == number, own)):
                    yield Named(row.child_id, row.sector_id, as_of, row.section, row.held_out)


def _group(one: Named, known: Known, i: int, listed_on: int) -> str:
    if one.held_out:
        return "risk_held_out"
    visits = _rows(known.visits, i)
    on, finding = known.visits["visited_on"][visits], known.visits["finding"][visits]
    in_time = (on >= listed_on) & (on < listed_on + VISITED_DAYS) & np.isin(finding, list(MET))
    asked = "risk" if one.section in BY_RISK else "rule"
    return f"{asked}_visited" if in_time.any() else f"{asked}_not_visited"


def _fate(known: Known, points: Ragged, i: int, window: tuple[int, int]) -> str:
    """What became of a child in a window of days (the first is the list's, the last is counted)."""
    after, until = window

    def within(days: Any) -> Any:
        return (days > after) & (days <= until)

    stays, visits, seen = (_rows(one, i) for one in (known.episodes, known.visits, points))
    closed, outcome = (known.episodes[name][stays] for name in ("closed_on", "outcome"))
    finding = known.visits["finding"][visits]
    on_visit = within(known.visits["visited_on"][visits]) | (
        known.visits["visited_on"][visits] == after
    )
    left = known.children["left_reason"][i] == LEFT_BY_DEATH
    died = (
        (within(closed) & (outcome == StayOutcome.DIED)).any()
        or (on_visit & (finding == VisitFinding.DIED)).any()
        or (left and within(known.children["left_on"][i]))
    )
    if died:
        return "died"
    if within(known.episodes["admitted_on"][stays]).any():
        return "admitted"
    valid = within(points["measured_on"][seen]) & (points["valid"][seen] == 1)
    sam = points["sam"][seen][valid]
    if (len(sam) and sam[-1] == 1) or (on_visit & (finding == VisitFinding.SAM_AGAIN)).any():
        return "sam"
    return "not_sam" if len(sam) else "unmeasured"


def _rows(ragged: Ragged, i: int) -> slice:
    return slice(int(ragged.offsets[i]), int(ragged.offsets[i + 1]))


Page = tuple[str, str, bytes]


def list_pages(
    lists: Mapping[str, SectorLists], places: Iterable[tuple[str, str, str]]
) -> Iterator[Page]:
    """(level, place, page) of every place with a list that is old enough; withheld cells are None.

    places: (sector, project, district) of every sector. A page has `months` and, by group and fate,
    a count for each month and, last, for all of them.
    """
    months = sorted({month for of in lists.values() for month in of})
    if not months:
        return
    of_sector = {place[0]: place for place in places if place[0] in lists}
    sectors = sorted(of_sector)
    ids = [
        sectors,
        *(sorted({of_sector[one][at] for one in sectors}) for at in (1, 2)),
        [STATE_ID],
    ]
    own = np.array(
        [
            [ids[0].index(one) for one in sectors],
            *([ids[at].index(of_sector[one][at]) for one in sectors] for at in (1, 2)),
            [0] * len(sectors),
        ],
        np.int64,
    )
    areas = Areas.from_places(own, [len(one) for one in ids])
    told = {group: _decided(group, lists, sectors, months, areas) for group in GROUPS}
    at = 0
    for level, named in zip(LEVELS, ids, strict=True):
        for place in named:
            groups = {
                group: {fate: _plain(counts[k, at], hidden[k, at]) for k, fate in enumerate(FATES)}
                for group, (counts, hidden) in told.items()
            }
            yield level_of_lists(level), place, packed_area({"months": months, "groups": groups})
            at += 1


def _decided(
    group: str,
    lists: Mapping[str, SectorLists],
    sectors: Sequence[str],
    months: Sequence[str],
    areas: Areas,
) -> tuple[Floats, np.ndarray]:
    """A group's counts (fates, places, months and all) and which of them are withheld."""
    none = [0] * len(FATES)
    cells = np.array(
        [[lists[sector].get(month, {}).get(group, none) for sector in sectors] for month in months],
        float,
    )
    sums = np.stack([areas.summed(cells[:, :, k]) for k in range(len(FATES))])
    counts = np.concatenate([sums, sums.sum(axis=2, keepdims=True)], axis=2)
    return counts, withheld(counts, areas, smallest=SMALLEST_CELL, last_is_sum=True)


def _plain(counts: Floats, hidden: np.ndarray) -> list[int | None]:
    return [None if gone else int(count) for count, gone in zip(counts, hidden, strict=True)]
