"""The visit list over the score book: which sector, ranked by `models.visits.ranking`, as a
document for programs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, replace
from itertools import chain
from typing import Any

from models.visits.listed_child import Candidate, counted_to
from models.visits.ranking import PREVENTION, VisitList, VisitRow, rank
from serving.book.reader import Reader, day_of_reading
from serving.book.scorebook import Run
from serving.errors import OutOfScope, SectorNotNamed
from serving.language.telling import what_to_do, why_line
from serving.language.words import Words, words
from serving.visits.capacity import DEFAULT_CAPACITY


def visit_list(
    reader: Reader,
    *,
    sector_id: str | None,
    as_of: dt.date | None = None,
    capacity: int = DEFAULT_CAPACITY,
) -> VisitList:
    """The list of one sector of the reader's scope. OutOfScope for a sector outside of it, as for
    one that is not there.

    Days late, and the rest after a visit, are counted to `day_of_reading`.
    """
    run = reader.run(as_of)
    sector_id = the_sector(reader, run, sector_id)
    return list_of_run(reader, run, sector_id, asked=as_of, capacity=capacity)


def the_sector(reader: Reader, run: Run, sector_id: str | None) -> str:
    """The sector asked for, or the only one of the scope. OutOfScope where the scope does not hold
    it, SectorNotNamed where one must be named."""
    sectors = {sector.sector_id for sector in reader.sectors(run, named=sector_id)}
    if sector_id is None:
        return _only(sectors)
    if sector_id not in sectors:
        raise OutOfScope("there is no such sector in the list")
    return sector_id


def list_of_run(
    reader: Reader, run: Run, sector_id: str, *, asked: dt.date | None, capacity: int
) -> VisitList:
    """The list of a sector of one run; `asked`: the day that was asked for, if any."""
    children = [row.candidate for row in reader.rows(run, sector_id)]
    return list_among(children, run, sector_id, asked=asked, capacity=capacity)


def list_among(
    children: Iterable[Candidate],
    run: Run,
    sector_id: str,
    *,
    asked: dt.date | None,
    capacity: int,
) -> VisitList:
    """The same among the sector's children, where they were read already."""
    day = day_of_reading(run.as_of, asked)
    counted = [counted_to(child, day, as_of=run.as_of) for child in children]
    listed = rank(counted, sector_id=sector_id, capacity=capacity, as_of=day, facts=run.facts)
    return replace(listed, as_of=run.as_of, day=day)


def _only(sectors: set[str]) -> str:
    """The sector, where the scope has only one. OutOfScope where it has none, SectorNotNamed
    where one must be named."""
    if not sectors:
        raise OutOfScope("the list has no sector")
    if len(sectors) > 1:
        raise SectorNotNamed(
            "name a sector: there are several",
            errors=[{"field": "sector", "problem": "this token is for several sectors: name one"}],
        )
    return next(iter(sectors))


def list_document(listed: VisitList, language: str) -> dict[str, Any]:
    """The list as the API gives it, each child with its one line why and what to do in this
    language.

    `counts` of all the sector's children; `rows` in order of urgency; `for_the_anm`, the work at
    the centres; `beyond`, in danger and without a visit; `watch`, by centre the ids of the children
    who may soon be SAM, where the run has a model that says so.
    """
    spoken = words(language)
    return {
        "sector_id": listed.sector_id,
        "as_of": listed.as_of.isoformat(),
        "counted_to": (listed.day or listed.as_of).isoformat(),
        "capacity": listed.capacity,
        "language": language,
        "rows": [_row_document(row, spoken) for row in listed.rows],
        "for_the_anm": [_child_document(child, spoken) for child in listed.anm],
        "beyond": [_child_document(child, spoken) for child in listed.beyond],
        "in_danger_beyond_capacity": len(listed.beyond),
        "counts": _counts(listed),
        "facts": {name: fact for name, fact in listed.facts.items() if name not in _COUNTED},
        **({"watch": _watched(listed)} if listed.watch else {}),
    }


_SECTIONS = ("danger", "overdue", "risk", PREVENTION)
_COUNTED = (
    "candidates",
    "lately_visited",
    "not_scored",
    "no_cure",
    "held_out",
    *(f"{one}_in_all" for one in _SECTIONS),
)
"""What `rank` counts, beside the run's facts."""


def _counts(listed: VisitList) -> dict[str, Any]:
    """The sector's children, counted as everywhere; and by section those who wait for a visit: one
    section each, none of those visited lately."""
    waiting = {name: listed.facts.get(f"{name}_in_all", 0) for name in _SECTIONS}
    more = {name: listed.facts.get(name, 0) for name in ("lately_visited", "not_scored", "no_cure")}
    return asdict(listed.caseload) | {"waiting": waiting} | more


def _watched(listed: VisitList) -> dict[str, list[str]]:
    return {centre: [one.child_id for one in those] for centre, those in listed.watch.items()}


def _row_document(row: VisitRow, spoken: Words) -> dict[str, Any]:
    return {"rank": row.rank, "section": row.section, **_child_document(row.candidate, spoken)}


def _child_document(child: Candidate, spoken: Words) -> dict[str, Any]:
    return {
        "why": why_line(child, spoken),
        "what_to_do": what_to_do(child, spoken),
        **seen_of(child),
    }


def seen_of(child: Candidate) -> dict[str, Any]:
    """A child as plain values; not what a lot drew: who visits need not know it."""
    return {name: value for name, value in asdict(child).items() if name != "held_out"}


def told_of(listed: VisitList, *more: Iterable[str]) -> list[str]:
    """The ids of all children whom a list tells of, on whatever part of it and beside it (`more`),
    each once: for the audit."""
    watched = chain.from_iterable(listed.watch.values())
    children = (*(row.candidate for row in listed.rows), *listed.anm, *listed.beyond, *watched)
    return list(dict.fromkeys(chain((child.child_id for child in children), *more)))
