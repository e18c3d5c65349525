"""A sector's figures: counted once when a run is made, so that no page reads every child of a
district.

Visits come in after a run: the few children ticked since are taken out of the counts and put in
again as they are.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any

from models.expected_events import AtRisk, expected
from models.targets import TARGETS, Asked
from models.visits.caseload import caseload, is_overdue
from models.visits.listed_child import Candidate
from models.visits.route import kilometres
from serving.book.reader import Reader, Sector
from serving.book.scorebook import BookRow, Run

MONTH_DAYS = 30
FAR_KM = 5.0
"""Farther than this from the middle of the sector's centres a visit costs half a day. verified:
false."""
GROUPS = (
    "setting:urban",
    "setting:rural",
    "setting:tribal",
    "sex:F",
    "sex:M",
    "distance:near",
    "distance:far",
    "distance:unknown",
)


def figures_of(
    rows: Sequence[BookRow], as_of: dt.date, *, asked: Mapping[str, Sequence[AtRisk]] | None = None
) -> dict[str, Any]:
    """What a sector's rows add up to, ready for JSON; `visits` is the part that a later visit
    changes.

    asked: by target that untreated children are asked, all who were, of whom the book keeps a few;
    such a target that is not among them has no figures.
    """
    children = [row.candidate for row in rows]
    at_risk: dict[str, Sequence[AtRisk]] = {
        target: _at_risk(rows, target)
        for target, one in TARGETS.items()
        if one.asked is not Asked.UNTREATED
    } | dict(asked or {})
    far = far_centres(children)
    return {
        **asdict(caseload(children)),
        "due": _due(children),
        "states": dict(sorted(Counter(child.state for child in children).items())),
        "risks": {target: _risks(those) for target, those in at_risk.items()},
        "month": {target: asdict(expected(those)) for target, those in at_risk.items()},
        "far": far,
        "visits": visits_of(children, as_of, far),
    }


def _due(children: Iterable[Candidate]) -> dict[str, int]:
    """By ISO day, how many steps fall due on it and are not late yet."""
    days = (child.by_when for child in children if not is_overdue(child))
    return dict(sorted(Counter(day.isoformat() for day in days if day).items()))


def overdue_on(figures: Mapping[str, Any], day: dt.date) -> int:
    """How many steps of a sector are late on a day from the scoring day on.

    Example: 3 late when scored on 14 March 2026, 2 due on the 16th: 3 on the 16th, 5 on the 17th.
    """
    due: Mapping[str, int] = figures.get("due", {})
    late = sum(count for on, count in due.items() if on < day.isoformat())
    return int(figures["overdue"]) + late


def counted_day(stored: Mapping[str, Mapping[str, Any]], run: Run, day: dt.date) -> dt.date:
    """The day to which `sector_figures` counts: the scoring day where the run is of an earlier
    version, which kept no due days."""
    old = any("due" not in page["figures"] for page in stored.values())
    return run.as_of if old else day


def _risks(children: Sequence[AtRisk]) -> dict[str, Any]:
    """How many children are scored and how many events their risks add up to."""
    return {"scored": len(children), "events": sum(one.risk for one in children)}


def _at_risk(rows: Iterable[BookRow], target: str) -> list[AtRisk]:
    """The scored children of a target, with the share of their risk that falls into the next
    month."""
    made = []
    for row in rows:
        score = row.scores.get(target)
        if score is not None and score.risk is not None:
            low, high = (
                score.risk if bound is None else bound
                for bound in (score.risk_low, score.risk_high)
            )
            share = TARGETS[target].month_share(float(score.landmark_day or 0))
            made.append(AtRisk(score.risk, low, high, share))
    return made


def visits_of(
    children: Iterable[Candidate], as_of: dt.date, far: dict[str, bool]
) -> dict[str, Any]:
    """Counts of visits: ever, in the last month, by group of children and by what was found."""
    counts: dict[str, Any] = {
        "ever": 0,
        "lately": 0,
        "groups": {name: {"children": 0, "visited": 0} for name in GROUPS},
        "found": {},
    }
    for child in children:
        lately = visited_lately(child, as_of)
        counts["ever"] += child.last_visited_on is not None
        counts["lately"] += lately
        for name in _groups(child, far):
            counts["groups"][name]["children"] += 1
            counts["groups"][name]["visited"] += lately
        if lately and child.last_finding:
            counts["found"][child.last_finding] = counts["found"].get(child.last_finding, 0) + 1
    return counts


def visited_lately(child: Candidate, as_of: dt.date) -> bool:
    """Visited within the month before the list, or since."""
    return child.last_visited_on is not None and (as_of - child.last_visited_on).days <= MONTH_DAYS


def _groups(child: Candidate, far: dict[str, bool]) -> list[str]:
    distance = {True: "far", False: "near", None: "unknown"}[far.get(child.centre_id)]
    named = (f"setting:{child.setting}", f"sex:{child.sex}", f"distance:{distance}")
    return [name for name in named if name in GROUPS]


def far_centres(children: Iterable[Candidate]) -> dict[str, bool]:
    """For each centre with coordinates, whether it lies far from the centre that is nearest to all
    of its sector."""
    centres = {
        child.centre_id: child
        for child in children
        if None not in (child.latitude, child.longitude)
    }
    if not centres:
        return {}
    middle = min(
        centres.values(), key=lambda one: sum(kilometres(one, other) for other in centres.values())
    )
    return {name: kilometres(one, middle) >= FAR_KM for name, one in sorted(centres.items())}


def sector_figures(
    reader: Reader,
    run: Run,
    stored: dict[str, dict[str, Any]] | None = None,
    *,
    day: dt.date | None = None,
    sectors: Sequence[Sector] | None = None,
) -> dict[str, dict[str, Any]]:
    """The figures of each sector of the scope, by id, with the visits ticked since the run and
    `overdue` counted to a day (left out: the scoring day).

    stored: the sectors' pages, where they were read already; their figures are brought up to date.
    sectors: those of the scope, where they were read already.
    """
    stored = reader.areas(run, "sector") if stored is None else stored
    found = {
        sector.sector_id: stored[sector.sector_id]["figures"]
        if sector.sector_id in stored
        else figures_of(reader.rows(run, sector.sector_id), run.as_of)
        for sector in (reader.sectors(run) if sectors is None else sectors)
    }
    for figures in found.values():
        figures["overdue"] = overdue_on(figures, day or run.as_of)
    for before, now in reader.ticked_since(run):
        sector = before.candidate.sector_id
        if sector in stored:
            visits, far = found[sector]["visits"], found[sector]["far"]
            _add(visits, visits_of([before.candidate], run.as_of, far), -1)
            _add(visits, visits_of([now.candidate], run.as_of, far), 1)
    return found


def summed(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Counts of the same shape added up."""
    # Name by name, not part by part: a state has thousands of parts.
    every = list(parts)
    total: dict[str, Any] = {}
    for name in dict.fromkeys(chain.from_iterable(every)):
        values = [part[name] for part in every if name in part]
        total[name] = summed(values) if isinstance(values[0], dict) else sum(values)
    return total


def _add(total: dict[str, Any], part: dict[str, Any], times: int) -> None:
    """Add (or take away) every number of a nested dictionary."""
    for name, value in part.items():
        if isinstance(value, dict):
            _add(total.setdefault(name, {}), value, times)
        else:
            total[name] = total.get(name, 0) + times * value
