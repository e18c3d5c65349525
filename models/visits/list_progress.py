"""How far a list has got: of the children whom it named when it was made, how many were visited
since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.visits.listed_child import Candidate
from models.visits.ranking import rank
from models.visits.visit_order import UNANSWERED


@dataclass(frozen=True)
class Progress:
    """Children, each once. `done` of `of` were seen; `away` of `of` were not at home and wait;
    `others` were seen and had no place when the list was made."""

    of: int = 0
    done: int = 0
    away: int = 0
    others: int = 0

    @property
    def all_done(self) -> bool:
        """Whether nobody of the list is left."""
        return 0 < self.of == self.done


def progress_of(
    before: Sequence[Candidate],
    now: Iterable[Candidate],
    *,
    as_of: dt.date,
    sector_id: str,
    capacity: int,
) -> Progress:
    """The progress of a sector's list. before: its children as the run of `as_of` has them; now:
    the same with what was ticked since.

    The list is the one of the scoring day, so that a visit of Monday still counts on Friday, when
    other steps have become late. What the run knew already is no progress. A finding that is
    corrected, or of a second visit, counts its child once, by the newest.
    """
    listed = rank(before, sector_id=sector_id, capacity=capacity, as_of=as_of)
    places = {row.candidate.child_id for row in listed.rows}
    known = {child.child_id: _visit(child) for child in before}
    visited = [child for child in now if _visit(child) != known.get(child.child_id)]
    seen = {one.child_id for one in visited if one.last_finding not in UNANSWERED}
    away = {one.child_id for one in visited} - seen
    return Progress(len(places), len(seen & places), len(away & places), len(seen - places))


def _visit(child: Candidate) -> tuple[object, str | None]:
    return child.last_visited_on, child.last_finding
