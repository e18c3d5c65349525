"""The visit list as sheets of lines, in words: what every form on paper and the page show of a child.

A `Line` is one child. Identifiers are kept to the least: the programme's own code of the child and the centre, sex,
age; no family, no name, no phone.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.ranking import VisitList, VisitRow
from registry.tables import FINDING
from serving.telling import what_to_do, why_line
from serving.words import Words, how_often, last_weight, may_happen, whom

TICK_BOXES = tuple(sorted(FINDING, key=("well", "ill", "sam_again", "away", "moved", "data_wrong", "died").index))
"""The findings in the order of the boxes, on paper and on the page: all that the registry's visits know."""
STALE_DAYS = 3
"""From this day after the scoring on, a list says that it is old. verified: false."""


@dataclass(frozen=True)
class Line:
    """One child in words; `row` is what it was made from."""

    row: VisitRow
    number: int
    section: str
    child_id: str
    whom: str
    why: str
    last_weight: str
    do: str
    who: str
    risk: str


@dataclass(frozen=True)
class Sheet:
    """One centre's children: one trip, one sheet of paper."""

    centre_id: str
    centre: str
    lines: tuple[Line, ...]
    also_here: tuple[Line, ...] = ()
    """Children in danger at this centre for whom the list has no place."""


def line_of(row: VisitRow, words: Words) -> Line:
    """A row of the list in words."""
    child = row.candidate
    return Line(
        row=row,
        number=row.rank,
        section=row.section,
        child_id=child.child_id,
        whom=whom(child, words),
        why=_why(row, words),
        last_weight=last_weight(child, words),
        do=_in_time(row, what_to_do(child, words), words),
        who=words("who", child.who),
        risk=how_often(child, words),
    )


def _why(row: VisitRow, words: Words) -> str:
    """Why: the rule; or what may happen, and its reasons."""
    why = why_line(row.candidate, words)
    return f"{may_happen(row.candidate, words)}{words('ui', 'stop')}{why}" if row.section == "risk" else why


def _in_time(row: VisitRow, step: str, words: Words) -> str:
    """What to do, by when, and how late it is, where a rule asks for it."""
    child = row.candidate
    late = child.overdue_days or 0
    if row.section == "risk" or (child.by_when is None and late < 1):
        return step
    if child.by_when is not None:
        step += f", {words.say('ui', 'due_since' if late > 0 else 'by_when', date=words.day(child.by_when))}"
    if late < 1:
        return step
    return f"{step} ({words.say('ui', 'overdue_by', n=late)})"


def key(words: Words) -> list[tuple[str, str]]:
    """What each box means and asks for, and what to do where none fits: (box, meaning)."""
    boxes = [(words("findings", finding), words("key", finding)) for finding in TICK_BOXES]
    return [*boxes, (words("ui", "none_fits"), words("key", "other"))]


def sheets(listed: VisitList, words: Words) -> list[Sheet]:
    """The list by centre, in the order of the route."""
    beyond = beyond_lines(listed, words)
    return [
        Sheet(
            centre_id,
            centre_name(rows[0].candidate, words),
            tuple(line_of(row, words) for row in rows),
            tuple(line for line in beyond if line.row.candidate.centre_id == centre_id),
        )
        for centre_id, rows in listed.by_centre()
    ]


def centre_name(candidate, words: Words) -> str:
    """`Name (id)`, or the id alone where the centre has no name."""
    name, centre_id = candidate.centre_name, candidate.centre_id
    return words.say("ui", "name_of_centre", name=name, id=centre_id) if name and name != centre_id else centre_id


def beyond_lines(listed: VisitList, words: Words) -> list[Line]:
    """The children in danger for whom the list has no place, in words, numbered from 1."""
    return [line_of(VisitRow("danger", n, child), words) for n, child in enumerate(listed.beyond, 1)]


def sheet_notes(listed: VisitList, words: Words) -> list[str]:
    """What the reader of one sheet must know: that it is an exercise, that it is old, who is beyond the capacity."""
    synthetic = [words("ui", "synthetic")] if listed.facts.get("synthetic") else []
    return [*synthetic, *filter(None, [stale_note(listed, words), beyond_note(listed, words)])]


def stale_note(listed: VisitList, words: Words) -> str:
    """That the list is old: from the third day after the scoring day; empty before."""
    if listed.age_days < STALE_DAYS:
        return ""
    days = {"date": words.day(listed.as_of), "today": words.day(listed.day)}
    return words.say("ui", "stale", n=words.number(listed.age_days), **days)


def notes(listed: VisitList, words: Words) -> list[str]:
    """What a reader of the whole list must know: synthetic, who is beyond capacity, who has no score."""
    said = sheet_notes(listed, words)
    for fact, note in (("not_scored", "not_scored_count"), ("lately_visited", "lately_visited_count")):
        if count := listed.facts.get(fact):
            said.append(words.say("ui", note, n=count))
    return said


def beyond_note(listed: VisitList, words: Words) -> str:
    """That children in danger have no place on the list; empty where all have."""
    return words.say("ui", "beyond", n=len(listed.beyond)) if listed.beyond else ""


def title(listed: VisitList, words: Words) -> str:
    """`Visit list: Sector S0001, as of 12 March 2026`."""
    as_of = words.say("ui", "as_of", date=words.day(listed.as_of))
    return f"{words('ui', 'visit_list')}: {words('ui', 'sector')} {listed.sector_id}, {as_of}"
