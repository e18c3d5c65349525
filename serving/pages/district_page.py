"""For the district: sectors side by side, what is expected next month, visits made against planned, who is visited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from models.outlook import AtRisk, Expected, expected, non_response_share, relapse_share
from models.ranking import IN_TREATMENT, Candidate
from models.trips import kilometres
from registry.tables import FINDING
from serving.access import Person
from serving.desk import Desk
from serving.lists import DEFAULT_CAPACITY
from serving.pages.templates import html
from serving.scorebook import BookRow
from serving.words import Words

MONTH_DAYS = 30
FAR_KM = 5.0
"""Farther than this from the middle of the sector's centres a visit costs half a day. verified: false."""
SMALLEST_CELL = 5


@dataclass(frozen=True)
class SectorLine:
    """One sector's figures; None stands for a number under the smallest cell, which is not shown."""

    sector_id: str
    in_treatment: int | None
    in_danger: int | None
    overdue: int | None
    relapse: Expected
    non_response: Expected
    visits_done: int
    visits_planned: int


@dataclass(frozen=True)
class Share:
    """Of a group of children on watch, how many were visited in the last month."""

    group: str
    children: int
    visited: int


def show(desk: Desk, request: Request, person: Person, words: Words) -> Response:
    """The page; it names no child."""
    reader = desk.reader(person)
    run = reader.run()
    by_sector: dict[str, list[BookRow]] = {sector.sector_id: [] for sector in reader.sectors(run)}
    for row in reader.rows(run):
        by_sector.setdefault(row.candidate.sector_id, []).append(row)
    children = [row.candidate for rows in by_sector.values() for row in rows]
    return html(
        "district.html",
        request,
        words,
        title=words("ui", "sectors"),
        person=person,
        as_of=words.day(run.as_of),
        lines=[sector_line(name, rows, run.as_of) for name, rows in by_sector.items()],
        shares=equity(children, run.as_of, words),
        found=findings(children, run.as_of),
        written=lambda cell: written(cell, words),
        interval=lambda value: interval(value, words),
        percent=lambda share: percent(share, words),
        synthetic=bool(run.facts.get("synthetic")),
    )


def sector_line(sector_id: str, rows: Sequence[BookRow], as_of: dt.date) -> SectorLine:
    """A sector's figures from its rows in the score book."""
    children = [row.candidate for row in rows]
    return SectorLine(
        sector_id,
        _cell(child.state in IN_TREATMENT for child in children),
        _cell(child.danger for child in children),
        _cell((child.overdue_days or 0) > 0 for child in children),
        expected(_at_risk(rows, "relapse", "days_since_discharge", relapse_share)),
        expected(_at_risk(rows, "non_response", "days_in_treatment", non_response_share)),
        sum(visited_lately(child, as_of) for child in children),
        min(DEFAULT_CAPACITY, len(children)),
    )


def _at_risk(rows: Iterable[BookRow], target: str, days: str, share: Callable[[float], float]) -> list[AtRisk]:
    """The scored children of a target, with the share of their risk that falls into the next month."""
    made = []
    for row in rows:
        score, since = row.scores.get(target), row.candidate.facts.get(days)
        if score is not None and score.risk is not None and since is not None:
            low, high = (score.risk if bound is None else bound for bound in (score.risk_low, score.risk_high))
            made.append(AtRisk(score.risk, low, high, share(since)))
    return made


def visited_lately(child: Candidate, as_of: dt.date) -> bool:
    """Visited within the month before the list, or since."""
    return child.last_visited_on is not None and (as_of - child.last_visited_on).days <= MONTH_DAYS


def _cell(marks: Iterable[bool]) -> int | None:
    count = sum(marks)
    return count if count == 0 or count >= SMALLEST_CELL else None


def equity(children: Sequence[Candidate], as_of: dt.date, words: Words) -> list[Share]:
    """The share visited by setting, sex and distance, in this order; groups under the smallest cell are left out."""
    far = _far(children)
    groups: list[tuple[str, Callable[[Candidate], bool]]] = [
        *(
            (words("setting", code), lambda child, code=code: child.setting == code)
            for code in ("urban", "rural", "tribal")
        ),
        *((words("sex", code), lambda child, code=code: child.sex == code) for code in ("F", "M")),
        *(
            (words("ui", word), lambda child, is_far=is_far: far.get(child.centre_id) is is_far)
            for word, is_far in (("distance_near", False), ("distance_far", True), ("distance_unknown", None))
        ),
    ]
    shares = []
    for name, belongs in groups:
        members = [child for child in children if belongs(child)]
        if len(members) >= SMALLEST_CELL:
            shares.append(Share(name, len(members), sum(visited_lately(child, as_of) for child in members)))
    return shares


def _far(children: Sequence[Candidate]) -> dict[str, bool]:
    """For each centre with coordinates, whether it lies far from the centre that is nearest to all of its sector."""
    sectors: dict[str, dict[str, Candidate]] = {}
    for child in children:
        if child.latitude is not None and child.longitude is not None:
            sectors.setdefault(child.sector_id, {})[child.centre_id] = child
    far = {}
    for centres in sectors.values():
        middle = min(centres.values(), key=lambda one: sum(kilometres(one, other) for other in centres.values()))
        far |= {name: kilometres(one, middle) >= FAR_KM for name, one in centres.items()}
    return far


def findings(children: Sequence[Candidate], as_of: dt.date) -> dict[str, int]:
    """What the last month's visits found, by finding."""
    lately = [child.last_finding for child in children if visited_lately(child, as_of)]
    return {code: lately.count(code) for code in FINDING if code in lately}


def written(cell: int | None, words: Words) -> str:
    """A count, or that it is under the smallest cell."""
    return f"< {SMALLEST_CELL}" if cell is None else words.number(cell)


def interval(value: Expected, words: Words) -> str:
    """`3.2 (1.1 to 5.3)`; a dash where no child is scored."""
    if not value.children:
        return "\u2013"
    events, low, high = (words.number(number, 1) for number in (value.events, value.low, value.high))
    return words.say("ui", "interval", value=events, low=low, high=high)


def percent(share: Share, words: Words) -> str:
    """`12 of 60 (20%)`."""
    done = words.say("ui", "visits_of", done=share.visited, planned=share.children)
    return f"{done} ({words.number(100 * share.visited / share.children)}%)"
