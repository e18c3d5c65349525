"""The escalations of a scope as an inbox tells them: counted by part and kind, and line by line
with owner, since when, what stands now and what was done."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from models.visits.listed_child import Candidate, counted_to
from serving.book.escalation.escalation_kinds import DIED
from serving.book.escalation.escalation_records import BY_RECORDS, CORRECTED, Escalation
from serving.book.reader import Reader, Sector
from serving.book.scorebook import ESCALATIONS, Run
from serving.language.telling import rule_line, step_words
from serving.language.words import Words, whom
from serving.visits.sheet_lines import centre_name

LEVELS = ("district", "project", "sector")
PLACE = {"sector": "sector_id", "project": "project_id", "district": "district_id"}
CENTRE = "centre"
"""The level below these, of which an inbox tells to who may see children."""
Counts = dict[str, Counter[str]]


@dataclass(frozen=True)
class EscalationLine:
    """One escalation in words. `child_known`: whether the newest run has a page of the child."""

    number: int
    child_id: str
    child_known: bool
    whom: str
    where: str
    danger: bool
    since: str
    stands: str
    owner: str
    due: str
    done: str
    closed: str


@dataclass(frozen=True)
class InboxArea:
    """What an inbox is of: areas as the reader takes them (none: the whole scope), and of a centre
    the children whom the run knows there."""

    places: Mapping[str, str] = field(default_factory=dict)
    children: Sequence[str] | None = None

    @classmethod
    def of_centre(cls, reader: Reader, run: Run, sector: str, centre: str) -> InboxArea:
        """The children of a centre of a sector that the scope holds."""
        rows = reader.rows(run, sector, ticked=False)
        own = [row.candidate for row in rows]
        return cls(
            {PLACE["sector"]: sector}, [one.child_id for one in own if one.centre_id == centre]
        )

    def of_escalations(self, reader: Reader, run: Run, wanted: sa.Select[Any]) -> Sequence[Any]:
        """What is asked of `ESCALATIONS`, within this."""
        if self.children is not None:
            wanted = wanted.where(ESCALATIONS.c.child_id.in_(self.children))
        return reader.of_escalations(run, wanted, self.places)


IS_OPEN = ESCALATIONS.c.closed_on.is_(None)
STILL_SO = ESCALATIONS.c.holds & ESCALATIONS.c.closed_as.not_in((BY_RECORDS, CORRECTED))
"""A person closed it, and the newest run's records say that it is so still."""


@dataclass(frozen=True)
class OpenCounts:
    """The open escalations of a scope or an area: by sector and kind, by kind, and how many
    children they are of."""

    by_sector: Mapping[str, Counter[str]]
    by_kind: Counter[str]
    children: int


def open_counts(reader: Reader, run: Run, area: InboxArea) -> OpenCounts:
    """Counted in the database: a state has thousands."""
    columns = ESCALATIONS.c
    found: Counts = {}
    by_kind: Counter[str] = Counter()
    wanted = sa.select(columns.sector_id, columns.kind, sa.func.count()).where(IS_OPEN)
    wanted = wanted.group_by(columns.sector_id, columns.kind)
    for sector, kind, many in area.of_escalations(reader, run, wanted):
        found.setdefault(sector, Counter())[kind] = many
        by_kind[kind] += many
    distinct = sa.select(sa.func.count(sa.distinct(columns.child_id))).where(IS_OPEN)
    ((children,),) = area.of_escalations(reader, run, distinct)
    return OpenCounts(found, by_kind, children)


def of_kind(
    reader: Reader,
    run: Run,
    kind: str,
    area: InboxArea,
    *,
    start: int,
    many: int,
    oldest_first: bool = False,
) -> list[Escalation]:
    """Some open ones of a kind: the gravest first, then the oldest; or the other way round."""
    columns = ESCALATIONS.c
    wanted = sa.select(ESCALATIONS).where(IS_OPEN, columns.kind == kind)
    order = [columns.gravity.desc(), columns.began_on]
    wanted = wanted.order_by(*(reversed(order) if oldest_first else order), columns.number)
    rows = area.of_escalations(reader, run, wanted.limit(many).offset(start))
    return [Escalation(*row) for row in rows]


def _closed_since(since: dt.date) -> tuple[sa.ColumnElement[bool], ...]:
    """Closed since a day, without what was a mistake of a form."""
    return ESCALATIONS.c.closed_on >= since, ESCALATIONS.c.closed_as != CORRECTED


def closed_count(reader: Reader, run: Run, area: InboxArea, since: dt.date) -> int:
    """How many were closed since a day."""
    wanted = sa.select(sa.func.count()).select_from(ESCALATIONS).where(*_closed_since(since))
    ((many,),) = area.of_escalations(reader, run, wanted)
    return int(many)


def closed(
    reader: Reader, run: Run, area: InboxArea, since: dt.date, *, start: int, many: int
) -> list[Escalation]:
    """Some of those closed since a day: first those that a person closed although the records still
    say so, then the newest."""
    columns = ESCALATIONS.c
    wanted = sa.select(ESCALATIONS).where(*_closed_since(since))
    first = sa.case((STILL_SO, 0), else_=1)
    wanted = wanted.order_by(first, columns.closed_at.desc(), columns.number.desc())
    rows = area.of_escalations(reader, run, wanted.limit(many).offset(start))
    return [Escalation(*row) for row in rows]


def still_so(one: Escalation) -> bool:
    """Whether a person closed it and the newest run's records say that it is so still."""
    return one.closed_by_person and one.holds


def parts_level(sectors: Sequence[Sector], asked: str) -> str:
    """By which level the open ones are counted: the one below what is asked for, where a scope has
    several of it. "" below a sector."""
    if asked == CENTRE:
        return ""
    below = LEVELS[LEVELS.index(asked) + 1 :] if asked else LEVELS
    several = (level for level in below if len({_of(one, level) for one in sectors}) > 1)
    return next(several, below[-1] if below else "")


def _of(sector: Sector, level: str) -> str:
    found: str = getattr(sector, PLACE[level])
    return found


def counted(counts: OpenCounts, sectors: Sequence[Sector], level: str) -> Counts:
    """The open ones by part of a level and kind; the parts with most first."""
    found: Counts = {}
    for one in sectors if level else ():
        if own := counts.by_sector.get(one.sector_id):
            found.setdefault(_of(one, level), Counter()).update(own)
    return dict(sorted(found.items(), key=lambda part: (-part[1].total(), part[0])))


def lines_of(
    reader: Reader, run: Run, those: Sequence[Escalation], words: Words, *, day: dt.date
) -> list[EscalationLine]:
    """These escalations in words; days late are counted to a day."""
    children = reader.children(run, {one.child_id for one in those})
    return [_line(one, _counted(children.get(one.child_id), day, run), words, day) for one in those]


def _counted(child: Candidate | None, day: dt.date, run: Run) -> Candidate | None:
    return child and counted_to(child, day, as_of=run.as_of)


def _line(one: Escalation, child: Candidate | None, words: Words, day: dt.date) -> EscalationLine:
    where = f"{words('ui', 'sector')} {one.sector_id}"
    return EscalationLine(
        one.number,
        one.child_id,
        child is not None,
        whom(child, words) if child else "",
        f"{words('ui', 'centre')} {centre_name(child, words)}, {where}" if child else where,
        bool(child and child.danger),
        _since(one, words, day),
        _stands(child, words) if child else words("escalations", "not_in_run"),
        _owner(one, child, words),
        _due(child, words),
        "; ".join(done_since(one, child, words)) or words("escalations", "nothing_done"),
        closed_in_words(one, words),
    )


def _since(one: Escalation, words: Words, day: dt.date) -> str:
    days = max(0, (day - one.began_on).days)
    return words.say("escalations", "since", date=words.day(one.began_on, short=True), n=days)


def _stands(child: Candidate, words: Words) -> str:
    told = words.sentence(rule_line(child, words))
    if child.next_step == "none":
        return told
    return words.say("escalations", "stands", rule=told, step=step_words(child, words))


def _owner(one: Escalation, child: Candidate | None, words: Words) -> str:
    """Who acts next: by the pathway; of a death, and of a child whom no run knows, the officer."""
    if one.kind == DIED or child is None or child.who == "nobody":
        return words("escalations", "officer")
    return words("who", child.who)


def _due(child: Candidate | None, words: Words) -> str:
    if child is None or child.by_when is None:
        return ""
    if child.overdue_days:
        return words.say("ui", "overdue_by", n=child.overdue_days)
    return words.say("ui", "by_when", date=words.day(child.by_when, short=True))


def done_since(one: Escalation, child: Candidate | None, words: Words) -> list[str]:
    """What the records and the visits tell that was done since it began."""
    if child is None:
        return []
    told, facts = [], child.facts
    if (on := child.last_visited_on) and on >= one.began_on and child.last_finding:
        found = words("findings", child.last_finding)
        told.append(_on("visited", on, words, found=found))
    if (on := facts.get("last_weight_on")) and on > one.began_on:
        told.append(_on("weighed", on, words, kg=words.kilograms(facts["last_weight_kg"])))
    if (on := facts.get("passed_on")) and on > one.began_on:
        told.append(_on("test_passed", on, words))
    if (on := facts.get("stay_on")) and on > one.began_on:
        told.append(_on("admitted", on, words))
    return told


def _on(what: str, on: dt.date, words: Words, **facts: object) -> str:
    return words.say("escalations", what, date=words.day(on, short=True), **facts)


def opened_in_words(one: Escalation, words: Words) -> str:
    """When it was opened, and by whom: a scoring run, or who told what a visit found."""
    date = words.day(one.opened_on, short=True)
    if one.opened_by:
        return words.say("escalations", "opened_by", date=date, name=one.opened_by)
    return words.say("escalations", "opened", date=date)


def closed_in_words(one: Escalation, words: Words) -> str:
    """When, by whom and why it was closed; "" for an open one."""
    if one.closed_on is None:
        return ""
    date = words.day(one.closed_on, short=True)
    if one.closed_as == CORRECTED:
        return words.say("escalations", "closed_corrected", date=date, name=one.closed_by or "")
    if not one.closed_by_person:
        rule = words.tree["rules"].get(one.closed_because, "")
        return words.say("escalations", "closed_by_records", date=date, rule=rule)
    facts: Mapping[str, object] = {"name": one.closed_by, "because": one.closed_because}
    return words.say("escalations", "closed_by", date=date, **facts)
