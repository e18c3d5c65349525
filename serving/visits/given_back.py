"""A filled-in list that is given back at the page: what becomes of each of its rows, for whom may
see the children alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from starlette.requests import Request

from models.visits.listed_child import Candidate, counted_to
from models.visits.ranking import main_reason
from serving.access.permissions import Person, Scope
from serving.book.reader import Reader
from serving.book.scorebook import Run
from serving.book.ticks import Teller, said_before, tick
from serving.errors import NoScoreBook, NothingScored, NotKept, OutcomeRefused, OutOfScope
from serving.process.service_state import ServiceState
from serving.visits.filled_lists import (
    FileFault,
    NotAVisitList,
    ReturnedLine,
    ReturnedList,
    read_back,
    refuse_another_registry,
)
from serving.visits.visit_outcomes import (
    BOUNDS,
    ListedOutcome,
    asked,
    must_be_kept,
    written_number,
)

MOST_ROWS = 500
"""Filled-in rows of one file: a sector's supervisor has some 40 children to visit."""
NO_DAY, ELSEWHERE, SAID_OTHERWISE = "no_day", "elsewhere", "said_otherwise"
"""Why a row is refused that can be read: no day of its own or for all, no child of this person's
lists, another row with something else of the same child and day."""


class Became(StrEnum):
    """What became of a row."""

    REFUSED = "refused"
    KEPT = "kept"
    KEPT_BEFORE = "kept_before"


@dataclass(frozen=True)
class RowAnswer:
    """What became of one row of the file.

    outcome: what was kept, now or before. why: words by which a refused row, or what was left out
    of a kept one, is explained.
    """

    row: int
    sheet: str
    became: Became
    outcome: ListedOutcome | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class GivenBack:
    """What became of a file: its rows in their order, and how many were blank."""

    rows: tuple[RowAnswer, ...]
    blank: int

    def of(self, became: Became) -> list[RowAnswer]:
        """The rows of which this became."""
        return [row for row in self.rows if row.became == became]

    @property
    def all_elsewhere(self) -> bool:
        """Whether every row is of a child outside this person's lists: another sector's list."""
        return bool(self.rows) and all(row.why == (ELSEWHERE,) for row in self.rows)


def give_back(
    state: ServiceState, request: Request, person: Person, path: Path, *, visited_on: dt.date | None
) -> GivenBack:
    """Keep what the file's rows say of children of the person's scope; what became of each row.

    visited_on: the day of rows that say none; without it they are refused, so that a file given
    back on another day keeps nothing twice. NotAVisitList, BadInput LST005 (another registry's
    list), NothingScored, NotKept: nothing is kept then.
    """
    returned = read_back(path, today=state.today(), visited_on=visited_on)
    if len(returned.outcomes) + len(returned.problems) > MOST_ROWS:
        raise NotAVisitList(FileFault.MANY_ROWS, f"more than {MOST_ROWS} rows are filled in")
    desk = ReturnDesk(state, person, returned)
    refuse_another_registry(returned, desk.run.facts.get("registry_id"))
    answers = desk.answers(any_day=visited_on is not None)
    _keep(state, request, person, desk, answers)
    return GivenBack(tuple(sorted(answers, key=desk.place)), returned.blank)


def _keep(
    state: ServiceState,
    request: Request,
    person: Person,
    desk: ReturnDesk,
    answers: Iterable[RowAnswer],
) -> None:
    """Into the score book, all at once, after who did it is written down; from there on into the
    registry."""
    new = [one.outcome for one in answers if one.became is Became.KEPT and one.outcome]
    if not new:
        return
    if state.handing_on is None:
        raise NoScoreBook("this service has no store")
    state.noted(request, person, "outcome", sorted({one.child_id for one in new}))
    try:
        ticks = [asdict(one) | desk.asked_for(one) for one in new]
        tick(state.book_engine, ticks, teller=Teller(person.name, person.role))
    except (sa.exc.SQLAlchemyError, OSError):
        raise NotKept("the list cannot be written down: try again later") from None
    state.handing_on.soon()


class ReturnDesk:
    """One file before one person: what may be kept of it."""

    def __init__(self, state: ServiceState, person: Person, returned: ReturnedList):
        self._state, self._returned = state, returned
        self._reader = state.reader(person)
        self._whole = Reader(state.book_engine, Scope.of(["state:*"]))
        self._found: dict[str, tuple[Run, Candidate]] = {}
        self._sheets = list(dict.fromkeys(one.sheet for one in returned.outcomes))
        self.run = self._reader.run()

    def place(self, one: RowAnswer) -> tuple[int, int]:
        """Where a row stands in the file."""
        known = one.sheet in self._sheets
        return self._sheets.index(one.sheet) if known else len(self._sheets), one.row

    def answers(self, *, any_day: bool) -> list[RowAnswer]:
        """What becomes of each row, before anything is written."""
        outcomes = self._returned.outcomes
        left_out = {(one.row, one.sheet): one.fault.name.lower() for one in self._returned.problems}
        visits: dict[tuple[str, dt.date], list[ReturnedLine]] = {}
        for line in outcomes:
            if line.dated or any_day:
                visits.setdefault((line.child_id, line.visited_on), []).append(line)
        answers = [
            self._answer(line, visits[line.child_id, line.visited_on])
            if line.dated or any_day
            else RowAnswer(line.row, line.sheet, Became.REFUSED, why=(NO_DAY,))
            for line in outcomes
        ]
        answers = [
            replace(one, why=(*one.why, left_out.pop((one.row, one.sheet))))
            if (one.row, one.sheet) in left_out
            else one
            for one in answers
        ]
        read = {(one.row, one.sheet) for one in outcomes}
        alone = [
            RowAnswer(one.row, one.sheet, Became.REFUSED, why=(one.fault.name.lower(),))
            for one in self._returned.problems
            if (one.row, one.sheet) not in read
        ]
        return [*self._known(answers), *alone]

    def _answer(self, line: ReturnedLine, same: list[ReturnedLine]) -> RowAnswer:
        """One row by itself; `same`: the rows of its child and day, it included."""
        refused = RowAnswer(line.row, line.sheet, Became.REFUSED)
        if any(_said(other) != _said(line) for other in same):
            return replace(refused, why=(SAID_OTHERWISE,))
        try:
            outcome, left_out = self._outcome(line)
        except OutOfScope:
            return replace(refused, why=(ELSEWHERE,))
        except OutcomeRefused as why:
            return replace(refused, why=_faults(why))
        again = line is not same[0]
        became = Became.KEPT_BEFORE if again else Became.KEPT
        return RowAnswer(line.row, line.sheet, became, outcome, left_out)

    def _outcome(self, line: ReturnedLine) -> tuple[ListedOutcome, tuple[str, ...]]:
        """The outcome that is kept of a row, and what is left out of it: a measurement that cannot
        be right takes no finding with it. OutOfScope, OutcomeRefused."""
        self._find(line.child_id)
        try:
            return self._accepted(line), ()
        except OutcomeRefused as why:
            wrong = {str(error["field"]) for error in why.errors}
            if not line.finding or not wrong <= BOUNDS.keys():
                raise
            right = replace(
                line,
                weight_kg=None if "weight_kg" in wrong else line.weight_kg,
                muac_mm=None if "muac_mm" in wrong else line.muac_mm,
            )
            return self._accepted(right), _faults(why)

    def _accepted(self, line: ReturnedLine) -> ListedOutcome:
        """A row's outcome, as a form's would be judged. OutcomeRefused, NotKept."""
        stated = {
            "visited_on": line.visited_on.isoformat(),
            "finding": line.finding,
            "weight_kg": line.weight_kg and written_number(line.weight_kg),
            "muac_mm": line.muac_mm,
        }
        outcome = asked(stated, child_id=line.child_id, today=self._state.today())
        listed_on = self._returned.listed_on or self.run.as_of
        whole = ListedOutcome(**asdict(outcome), listed_on=min(listed_on, self._state.today()))
        must_be_kept(self._state.book_engine, whole)
        return whole

    def _find(self, child_id: str) -> None:
        """Remember a child's place in the book. OutOfScope for whom the person may not see now, and
        alike for whom nobody knows.

        Ravi, listed on 1 March, is well and in no book on 1 April: his row of March's list is still
        taken. Where he stands in another sector's book by then, it is not.
        """
        if child_id in self._found:
            return
        try:
            run, row = self._reader.child(child_id)
        except OutOfScope:
            run, row = self._once_listed(child_id)
        self._found[child_id] = run, row.candidate

    def _once_listed(self, child_id: str) -> tuple[Run, Any]:
        """A child that no book has now, in that of the day of the list."""
        gone = OutOfScope("there is no such child in this list")
        if self._returned.listed_on is None:
            raise gone
        try:
            self._whole.child(child_id)
        except OutOfScope:
            try:
                return self._reader.child(child_id, self._returned.listed_on)
            except NothingScored:
                raise gone from None
        raise gone

    def _known(self, answers: list[RowAnswer]) -> list[RowAnswer]:
        """The same answers, with those marked whose visit the book has already, to the letter."""
        outcomes = [one.outcome for one in answers if one.outcome]
        try:
            before = said_before(self._state.book_engine, {one.child_id for one in outcomes})
        except sa.exc.SQLAlchemyError:
            raise NotKept("the score book cannot be read: try again later") from None
        return [
            replace(one, became=Became.KEPT_BEFORE)
            if one.outcome and _holds(before, one.outcome)
            else one
            for one in answers
        ]

    def asked_for(self, outcome: ListedOutcome) -> dict[str, object]:
        """Why the visit was asked for, and the child's sector."""
        run, candidate = self._found[outcome.child_id]
        reason = main_reason(counted_to(candidate, outcome.visited_on, as_of=run.as_of))
        return {"listed_for": reason, "sector_id": candidate.sector_id}


def _said(line: ReturnedLine) -> tuple[object, ...]:
    return line.finding, line.weight_kg, line.muac_mm


def _holds(before: dict[tuple[str, dt.date], dict[str, Any]], outcome: ListedOutcome) -> bool:
    """Whether the book has all that an outcome says."""
    known = before.get((outcome.child_id, outcome.visited_on), {})
    said = {name: getattr(outcome, name) for name in ("finding", *BOUNDS)}
    return all(known.get(name) == value for name, value in said.items() if value is not None)


def _faults(why: OutcomeRefused) -> tuple[str, ...]:
    """The words for what is wrong with a row's fields, each once."""
    early = {"visited_on": "before_birth"}
    named = [
        early.get(str(error["field"]), str(error["field"]))
        if str(error["problem"]).startswith("REG031")
        else str(error["field"])
        for error in why.errors
    ]
    return tuple(dict.fromkeys(named))
