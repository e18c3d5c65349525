"""The escalation inbox, and the page of one escalation: closed by an officer with a reason, opened
again where that was wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from serving.access.permissions import Person
from serving.access.scope import is_name
from serving.book.escalation import escalation_records as records
from serving.book.escalation.escalation_counts import level_of_escalations
from serving.book.escalation.escalation_kinds import KINDS
from serving.book.escalation.escalation_records import KEPT_IN_SIGHT_DAYS, Acting, Escalation
from serving.book.reader import Reader, day_of_reading
from serving.book.scorebook import ESCALATIONS, Run
from serving.errors import NotKept, OutOfScope
from serving.language.words import Words
from serving.pages.areas.area_parts import sector_of_centre, uppermost
from serving.pages.areas.area_shown import Link, link
from serving.pages.areas.attention import page_asked
from serving.pages.escalation import inbox
from serving.pages.escalation.inbox import (
    CENTRE,
    LEVELS,
    PLACE,
    EscalationLine,
    InboxArea,
    OpenCounts,
)
from serving.pages.session import see_other
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.sheet_lines import level_notes, practice_key

FIRST, AT_ONCE = 10, 50
"""So many of each kind are shown at first, and on a page of one kind."""
CLOSED = "closed"
"""The view of what was closed, beside the kinds."""
SHORTEST, LONGEST = 3, 200
"""Signs of a reason."""
OLDEST = "oldest"


@dataclass(frozen=True)
class InboxAsked:
    """What the address asks for: an area of the scope ("": all of it), a kind ("": all), in which
    order ("": the gravest first, OLDEST: the longest open)."""

    level: str = ""
    area: str = ""
    kind: str = ""
    page: int = 1
    first: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> InboxAsked:
        """From an address; what it does not know is as if it were not there."""
        level, kind = query.get("level", ""), query.get("kind", "")
        area = query.get("area", "") if level in (*LEVELS, CENTRE) else ""
        known = kind if kind in (*KINDS, CLOSED) else ""
        first = OLDEST if query.get("first") == OLDEST else ""
        return cls(level if area else "", area, known, page_asked(query), first)

    def within(self, reader: Reader, run: Run) -> InboxArea:
        """The area that is asked for. OutOfScope where the scope does not hold it."""
        if not self.area:
            return InboxArea()
        if self.level == CENTRE:
            sector = sector_of_centre(reader, run, self.area)
            if sector is not None:
                return InboxArea.of_centre(reader, run, sector.place, self.area)
        elif reader.whole_places(run, self.level, named=self.area):
            return InboxArea({PLACE[self.level]: self.area})
        raise OutOfScope("there is no such area in the list")

    def above_centre(self, reader: Reader, run: Run) -> InboxAsked:
        """The same of a centre's sector: below it no counts are kept."""
        if self.level != CENTRE:
            return self
        sector = sector_of_centre(reader, run, self.area)
        return replace(self, level="sector", area=sector.place if sector else "")

    def address(self, **changes: object) -> str:
        """The address of the inbox with these changes."""
        told = {name: value for name, value in (vars(self) | changes).items() if value}
        return "/escalations?" + urlencode({n: v for n, v in told.items() if (n, v) != ("page", 1)})


@dataclass(frozen=True)
class KindGroup:
    """One kind, or what was closed: how many there are, and the lines of them that are shown."""

    kind: str
    name: str
    many: int
    lines: list[EscalationLine]
    pages: int


@dataclass(frozen=True)
class PartCounts:
    """An area of the scope with the open escalations of each kind, and of all; None is withheld."""

    link: Link
    counts: list[int | None]


def show(
    state: ServiceState, request: Request, person: Person, words: Words, query: Mapping[str, str]
) -> Response:
    """The inbox. Without the right to see children: counts alone. OutOfScope for an area that the
    scope does not hold."""
    reader = state.reader(person)
    run, asked = reader.run(), InboxAsked.of(query)
    sees = person.may("see_children")
    area = asked.within(reader, run)
    if not sees:
        asked = asked.above_centre(reader, run)
    counts = inbox.open_counts(reader, run, area) if sees else None
    groups = (
        _groups(state, request, person, reader, run, words, asked, area, counts) if counts else []
    )
    parts, total = (
        _parts(reader, run, counts, asked, words)
        if counts
        else _told_parts(reader, run, asked, words)
    )
    return html(
        "escalations.html",
        request,
        words,
        title=words("escalations", "title"),
        person=person,
        scored_on=run.as_of,
        as_of=words.day(run.as_of),
        asked=asked,
        of_area=link(asked.level, asked.area, words) if asked.area else None,
        of_sector=asked.above_centre(reader, run).address() if asked.level == CENTRE else "",
        sees=sees,
        kinds=KINDS,
        groups=groups,
        parts=parts,
        total=total,
        some=bool(counts.by_sector) if counts else bool(parts or total),
        children=counts.children if counts else None,
        saved=next((said for said in ("closed", "opened") if said in query), None),
        practice=practice_key(run.facts),
        levels_said=level_notes(run.facts, words),
    )


def _groups(
    state: ServiceState,
    request: Request,
    person: Person,
    reader: Reader,
    run: Run,
    words: Words,
    asked: InboxAsked,
    area: InboxArea,
    counts: OpenCounts,
) -> list[KindGroup]:
    """The kinds and what was closed lately; who saw which children is written down first."""
    since = state.today() - timedelta(KEPT_IN_SIGHT_DAYS)
    all_of = {kind: counts.by_kind[kind] for kind in KINDS}
    all_of |= {CLOSED: inbox.closed_count(reader, run, area, since)}
    many = AT_ONCE if asked.kind else FIRST
    shown = {}
    for kind in (kind for kind, of in all_of.items() if of and asked.kind in ("", kind)):
        page = min(asked.page if asked.kind else 1, -(-all_of[kind] // many))
        part = {"start": (page - 1) * many, "many": many}
        shown[kind] = (
            inbox.closed(reader, run, area, since, **part)
            if kind == CLOSED
            else inbox.of_kind(reader, run, kind, area, oldest_first=asked.first == OLDEST, **part)
        )
    told = [one.child_id for those in shown.values() for one in those]
    state.noted(request, person, "escalations", list(dict.fromkeys(told)))
    day = day_of_reading(run.as_of)
    return [
        KindGroup(
            kind,
            words("escalations", f"kind_{kind}"),
            all_of[kind],
            inbox.lines_of(reader, run, those, words, day=day),
            -(-all_of[kind] // many),
        )
        for kind, those in shown.items()
    ]


def _parts(
    reader: Reader,
    run: Run,
    open_counts: OpenCounts,
    asked: InboxAsked,
    words: Words,
) -> tuple[list[PartCounts], list[int | None]]:
    """The open ones by part and kind, and over all parts, beside the children themselves."""
    sectors = reader.sectors(run)
    if asked.level == CENTRE:
        return [], [open_counts.by_kind[kind] for kind in KINDS]
    if asked.area:
        sectors = [one for one in sectors if getattr(one, PLACE[asked.level]) == asked.area]
    level = inbox.parts_level(sectors, asked.level)
    counts, total = inbox.counted(open_counts, sectors, level), open_counts.by_kind
    parts = [
        PartCounts(_inbox_of(level, part, words), [of[one] for one in KINDS])
        for part, of in counts.items()
    ]
    return parts, [total[kind] for kind in KINDS]


def _inbox_of(level: str, place: str, words: Words) -> Link:
    return Link(link(level, place, words).name, InboxAsked(level, place).address())


def _told_parts(
    reader: Reader, run: Run, asked: InboxAsked, words: Words
) -> tuple[list[PartCounts], list[int | None]]:
    """The same for whoever may not see children, as the run counted and withheld them: the area,
    and its parts below it; over all only where the scope is one area."""
    if asked.area:
        tops = [(asked.level, asked.area)]
    else:
        tops = [(level, place.place) for level, place in uppermost(reader, run)]
    parts: list[PartCounts] = []
    for level, area in tops:
        own = _told_counts(reader, run, level, [area], words)
        below = next(iter(LEVELS[LEVELS.index(level) + 1 :] if level in LEVELS else LEVELS), "")
        inside = [
            place.place
            for place in (reader.whole_places(run, below) if below else [])
            if level == "state"
            or area == {"district": place.district_id, "project": place.project_id}[level]
        ]
        parts += [*own, *_told_counts(reader, run, below, inside, words)]
    whole = parts[0].counts if len(tops) == 1 and parts else []
    return parts[1:] if whole else parts, list(whole)


def _told_counts(
    reader: Reader, run: Run, level: str, places: Sequence[str], words: Words
) -> list[PartCounts]:
    kept = reader.area_pages(run, level_of_escalations(level), places)
    return [
        PartCounts(
            _inbox_of(level, place, words) if level in LEVELS else link(level, place, words),
            [kept[place][kind] for kind in KINDS],
        )
        for place in places
        if place in kept
    ]


def one(
    state: ServiceState,
    request: Request,
    person: Person,
    words: Words,
    *,
    number: int,
    given: str | None = None,
) -> Response:
    """The page of one escalation, with all that were of the child; given: a reason that was not
    taken."""
    reader = state.reader(person)
    run = reader.run()
    found = _found(reader, run, number)
    of_child = reader.escalations(run, ESCALATIONS.c.child_id == found.child_id)
    state.noted(request, person, "escalations", [found.child_id])
    (line,) = inbox.lines_of(reader, run, [found], words, day=day_of_reading(run.as_of))
    response = html(
        "escalation.html",
        request,
        words,
        title=words("escalations", f"kind_{found.kind}"),
        person=person,
        scored_on=run.as_of,
        as_of=words.day(run.as_of),
        line=line,
        found=found,
        still=inbox.still_so(found),
        opened=inbox.opened_in_words(found, words),
        former=[
            (words("escalations", f"kind_{was.kind}"), was.number, *_told(was, words))
            for was in of_child[::-1]
            if was.number != number
        ],
        may_close=person.may("close_escalations"),
        given=given,
        shortest=SHORTEST,
        longest=LONGEST,
        practice=practice_key(run.facts),
    )
    if given is not None:
        response.status_code = 422
    return response


def _told(was: Escalation, words: Words) -> tuple[str, str]:
    return inbox.opened_in_words(was, words), inbox.closed_in_words(was, words)


def _found(reader: Reader, run: Run, number: int) -> Escalation:
    found = reader.escalations(run, ESCALATIONS.c.number == number)
    if not found:
        raise OutOfScope("there is no such escalation")
    return found[0]


def close(
    state: ServiceState,
    request: Request,
    person: Person,
    words: Words,
    form: Mapping[str, str],
    *,
    number: int,
) -> Response:
    """An officer closes one with a reason, or opens it again; written down first. A reason that is
    none is given back."""
    reader = state.reader(person)
    found = _found(reader, reader.run(), number)
    again, because = "again" in form, " ".join(form.get("because", "").split())
    if not again and not (len(because) >= SHORTEST and is_name(because, longest=LONGEST)):
        return one(state, request, person, words, number=number, given=because[:LONGEST])
    act = "open_escalation" if again else "close_escalation"
    state.noted(request, person, act, [found.child_id])
    own = Acting(person.name, person.role, state.today())
    try:
        if again:
            records.open_again(state.book_engine, found, own)
        else:
            records.close(state.book_engine, number, own, because=because)
    except (sa.exc.SQLAlchemyError, OSError):
        raise NotKept("this cannot be written down: try again later") from None
    return see_other(f"/escalations?{'opened' if again else 'closed'}=1#{found.kind}")
