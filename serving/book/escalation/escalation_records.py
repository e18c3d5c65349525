"""The record of every escalation: opened by a run or by what a visit found, kept when it is closed.

A run follows them when it is published; a visit's finding opens one at once. Nothing here is erased
but with the child (`sanket forget`): the table names it by `child_id`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from models.visits.listed_child import Candidate
from models.visits.severity import MODERATE, SEVERE, WELL
from models.visits.visit_order import gravity
from registry.machine.today import today
from serving.book.escalation.escalation_kinds import BY_VISIT, LATE, answered, holding, opens
from serving.book.scorebook import ESCALATIONS, ROWS, TOLD, Run, candidate_of

BY_RUN, BY_RECORDS, CORRECTED = "run", "records", "corrected"
"""Who opened or closed it, where no person did: a run, later records, a corrected finding."""
KEPT_IN_SIGHT_DAYS = 31
"""So long a closed escalation stays in sight, and its child in the book."""


@dataclass(frozen=True)
class Escalation:
    """One escalation; see `ESCALATIONS`."""

    number: int
    child_id: str
    sector_id: str
    kind: str
    began_on: dt.date
    gravity: int
    opened_on: dt.date
    opened_at: str
    opened_by: str
    opened_as: str
    holds: bool
    closed_on: dt.date | None
    closed_at: str | None
    closed_by: str | None
    closed_as: str | None
    closed_because: str | None

    @property
    def closed_by_person(self) -> bool:
        """Whether a person closed it, and not the records."""
        return self.closed_on is not None and self.closed_as not in (BY_RECORDS, CORRECTED)


Known = dict[tuple[str, str], list[Escalation]]
"""By child and kind its escalations, the earliest first."""


def children_in_sight(connection: sa.Connection, run: Run) -> set[str]:
    """Children with an open escalation, or one closed in the last month, when a run was begun: the
    book keeps them, so that no escalation leads to a child whom it does not know.

    What was opened or closed since then changes nothing: a run that was broken off goes on with the
    same children.
    """
    since, columns = run.as_of - dt.timedelta(KEPT_IN_SIGHT_DAYS), ESCALATIONS.c
    closed_late = sa.or_(columns.closed_on >= since, columns.closed_at > run.made_at)
    shown = sa.or_(columns.closed_on.is_(None), closed_late) & (columns.opened_at <= run.made_at)
    return set(connection.scalars(sa.select(columns.child_id).where(shown)))


@dataclass(frozen=True)
class Held:
    """A child of a run of whom something holds: its kinds, each with the day since when."""

    child: Candidate
    kinds: Mapping[str, dt.date]


MARKS = (b'"danger":true', b'"rule":"defaulted"', b'"state":"died"', b'_found_on":"')
"""Without one of these a stored row is in no danger and holds no kind: it is not read as JSON."""


def marked_in(connection: sa.Connection, run: Run) -> Iterator[Candidate]:
    """The children of a run's rows who are in danger, or of whom some kind may hold."""
    wanted = sa.select(ROWS.c.page).where(ROWS.c.run == run.run)
    for page in connection.execution_options(yield_per=2_000).scalars(wanted):
        if any(mark in page for mark in MARKS):
            yield candidate_of(page)


def held_of(children: Iterable[Candidate]) -> list[Held]:
    """Of some children those of whom some kind holds."""
    kinds = ((child, holding(child)) for child in children)
    return [Held(child, of) for child, of in kinds if of]


def follow(connection: sa.Connection, run: Run, held: Iterable[Held]) -> None:
    """Bring the escalations up to a run that is being published, in its transaction: open what is
    new, close what later records answer, leave everything else open."""
    known, new = _known(connection), []
    holds: dict[int, Candidate] = {}
    for one in held:
        for kind, since in one.kinds.items():
            found = known.get((one.child.child_id, kind), [])
            is_open = [before for before in found if before.closed_on is None]
            still = is_open or [before for before in found if before.began_on == since]
            holds |= {before.number: one.child for before in still}
            if (
                not is_open
                and _is_new(found, kind, since, one.child)
                and opens(kind, since, run.as_of)
            ):
                new.append(_opened_by_run(one.child, kind, since, run.as_of))
    held_before = sa.update(ESCALATIONS).where(ESCALATIONS.c.holds)
    connection.execute(held_before.values(holds=False))
    _still_holding(connection, holds)
    waiting = [one for of in known.values() for one in of if one.closed_on is None]
    _close_answered(connection, run, [one for one in waiting if one.number not in holds])
    if new:
        connection.execute(sa.insert(ESCALATIONS), new)


def _still_holding(connection: sa.Connection, holds: Mapping[int, Candidate]) -> None:
    """Say of these (by number) that they hold, and how grave they are now: sent all at once, of a
    state's there are thousands."""
    if not holds:
        return
    told = [{"of": number, **_as_it_is(child)} for number, child in holds.items()]
    one = sa.update(ESCALATIONS).where(ESCALATIONS.c.number == sa.bindparam("of"))
    connection.execute(one.values(holds=True), told)


def _as_it_is(child: Candidate) -> dict[str, Any]:
    return {"gravity": gravity(child), "sector_id": child.sector_id}


def _update(connection: sa.Connection, number: int, **values: Any) -> None:
    connection.execute(
        sa.update(ESCALATIONS).where(ESCALATIONS.c.number == number).values(**values)
    )


def _is_new(before: Sequence[Escalation], kind: str, since: dt.date, child: Candidate) -> bool:
    """Whether what holds since a day is to be opened: not where a person closed it and nothing new
    has come since; a child who is still in danger and late at a newer record is something new."""
    recorded_on = child.facts.get("record_on") if kind == LATE else None
    settled = (
        one.began_on >= since
        and not (recorded_on and one.closed_on and recorded_on > one.closed_on)
        for one in before
        if one.closed_by_person
    )
    return not any(settled)


def _opened_by_run(child: Candidate, kind: str, since: dt.date, as_of: dt.date) -> dict[str, Any]:
    return {
        "opened_at": _now(),
        "child_id": child.child_id,
        "sector_id": child.sector_id,
        "kind": kind,
        "began_on": since,
        "gravity": gravity(child),
        "opened_on": as_of,
        "opened_by": "",
        "opened_as": BY_RUN,
        "holds": True,
    }


def _known(connection: sa.Connection) -> Known:
    found: Known = {}
    for row in connection.execute(sa.select(ESCALATIONS).order_by(ESCALATIONS.c.number)):
        one = Escalation(*row)
        found.setdefault((one.child_id, one.kind), []).append(one)
    return found


def _close_answered(connection: sa.Connection, run: Run, waiting: Sequence[Escalation]) -> None:
    """Close those that a record after their beginning answers; of a child whom the run does not
    know none."""
    children = _children(connection, run, [one.child_id for one in waiting])
    for one in waiting:
        child = children.get(one.child_id)
        if child is None or one.began_on > run.as_of:
            continue
        values = _as_it_is(child)
        if answered(one.kind, one.began_on, child):
            values |= _closing("", BY_RECORDS, child.rule or child.state, run.as_of)
        _update(connection, one.number, **values)


def _children(connection: sa.Connection, run: Run, ids: Sequence[str]) -> dict[str, Candidate]:
    found = {}
    for start in range(0, len(ids), 500):
        own = ROWS.c.child_id.in_(ids[start : start + 500])
        wanted = sa.select(ROWS.c.page).where(ROWS.c.run == run.run, own)
        for page in connection.scalars(wanted):
            child = candidate_of(page)
            found[child.child_id] = child
    return found


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


def _closing(by: str, as_role: str, because: str, on: dt.date) -> dict[str, Any]:
    return {
        "closed_on": on,
        "closed_at": _now(),
        "closed_by": by,
        "closed_as": as_role,
        "closed_because": because,
    }


FOUND_GRAVITY = {"sam_again": SEVERE, "ill": MODERATE, "died": WELL}
"""How grave a visit's finding is until a run has looked at the child. verified: false."""


def open_by_visit(connection: sa.Connection, told: Mapping[str, Any]) -> None:
    """Open what a visit found, in the transaction that keeps the finding; nothing where the child
    has such an escalation open, or this visit opened one before.

    told: `child_id`, `sector_id`, `finding`, `visited_on`, `told_on`, `told_at`, `told_by`,
    `told_as`.
    """
    kind = BY_VISIT[told["finding"]]
    of_kind = ESCALATIONS.c.child_id == told["child_id"], ESCALATIONS.c.kind == kind
    same_visit = ESCALATIONS.c.began_on == told["visited_on"]
    corrected = sa.func.coalesce(ESCALATIONS.c.closed_as, "") == CORRECTED
    stands = sa.or_(ESCALATIONS.c.closed_on.is_(None), same_visit & ~corrected)
    if connection.scalar(sa.select(ESCALATIONS.c.number).where(*of_kind, stands).limit(1)):
        return
    row = {
        "child_id": told["child_id"],
        "sector_id": told["sector_id"],
        "kind": kind,
        "began_on": told["visited_on"],
        "gravity": FOUND_GRAVITY[told["finding"]],
        "opened_on": told["told_on"],
        "opened_at": told["told_at"],
        "opened_by": told["told_by"],
        "opened_as": told["told_as"],
        "holds": True,
    }
    connection.execute(sa.insert(ESCALATIONS), row)


def correct_visit(
    connection: sa.Connection, child_id: str, visited_on: dt.date, *, finding: str, by: str
) -> None:
    """Close what a visit opened and did not find, as it is told now: `finding` is what it found."""
    opened = (
        ESCALATIONS.c.child_id == child_id,
        ESCALATIONS.c.began_on == visited_on,
        ESCALATIONS.c.opened_as != BY_RUN,
        ESCALATIONS.c.closed_on.is_(None),
        ESCALATIONS.c.kind != BY_VISIT.get(finding, ""),
    )
    closing = _closing(by, CORRECTED, "", today()) | {"holds": False}
    connection.execute(sa.update(ESCALATIONS).where(*opened).values(closing))


def take_over_told(engine: sa.Engine) -> None:
    """Open what visits found in a store of an earlier version, which kept the findings alone."""
    with engine.begin() as connection:
        rows = connection.execute(sa.select(TOLD).where(TOLD.c.closed_at.is_(None)))
        for row in rows.all():
            open_by_visit(connection, row._asdict())


@dataclass(frozen=True)
class Acting:
    """A person who closes or opens: name and role of the sign-in, and the programme's day."""

    name: str
    role: str
    on: dt.date


def close(engine: sa.Engine, number: int, by: Acting, *, because: str) -> bool:
    """A person closes an open escalation with a reason; False where it was closed meanwhile."""
    still = ESCALATIONS.c.number == number, ESCALATIONS.c.closed_on.is_(None)
    closed = _closing(by.name, by.role, because, by.on)
    with engine.begin() as connection:
        closing = sa.update(ESCALATIONS).where(*still).values(closed)
        return connection.execute(closing).rowcount == 1


def open_again(engine: sa.Engine, closed: Escalation, by: Acting) -> None:
    """A person opens anew what was closed: a record of its own, so that the closing stays; nothing
    where the child has one of the kind open."""
    same = ESCALATIONS.c.child_id == closed.child_id, ESCALATIONS.c.kind == closed.kind
    wanted = sa.select(ESCALATIONS.c.number).where(*same, ESCALATIONS.c.closed_on.is_(None))
    names = ("child_id", "sector_id", "kind", "began_on", "gravity", "holds")
    row = {name: getattr(closed, name) for name in names} | {
        "opened_on": by.on,
        "opened_at": _now(),
        "opened_by": by.name,
        "opened_as": by.role,
    }
    with engine.begin() as connection:
        if connection.scalar(wanted.limit(1)) is None:
            connection.execute(sa.insert(ESCALATIONS), row)
