"""One centre's due list for a month, for its anganwadi worker: read from the score book, and told
in words.

Identifiers are kept to the least, as on the supervisor's list: the programme's codes, sex, age.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from models.visits.centre_due import CentreDue, centre_due
from models.visits.listed_child import Candidate, counted_to
from models.visits.visit_order import PREVENTION, rests
from serving.book.reader import Reader, day_of_reading
from serving.errors import OutOfScope
from serving.language.centre_names import called
from serving.language.telling import rule_line, step_told
from serving.language.words import Words, whom
from serving.visits.lists import seen_of, the_sector
from serving.visits.sheet_lines import practice_key, stale_line, weight_told

STEP_ORDER = (
    "admit_nrc",
    "trace",
    "bring_back",
    "admit_ucdc",
    "examine",
    "appetite_test",
    "review_gain",
    "medical_check",
    "check_feeding",
    "review_stay",
    "review_long_stay",
    "review_at_nrc",
    "discharge",
    "measure",
    "remeasure",
    "measure_arm",
    "measure_height",
    "weigh_weekly",
    "weigh_fortnightly",
    "follow_up_weighing",
    "weigh_monthly",
    "ask_birth_date",
)
"""The steps as a worker takes them up: who must go somewhere, who must be examined, who is
measured. verified: false."""
OWN_WORK = "awc_worker"


def centre_sheet(
    reader: Reader,
    centre_id: str,
    *,
    sector_id: str | None,
    as_of: dt.date | None = None,
    centre_name: str | None = None,
    exists: bool = False,
) -> CentreDue:
    """The due list of a centre of the reader's scope, days late counted to `day_of_reading`.

    `exists`: that the caller knows the centre, so that one whose children all need nothing more
    than their monthly weighing has an empty sheet. OutOfScope for a sector or centre that the scope
    does not hold; SectorNotNamed where a sector must be named.
    """
    run = reader.run(as_of)
    sector_id = the_sector(reader, run, sector_id)
    day = day_of_reading(run.as_of, as_of)
    rows = (row.candidate for row in reader.rows(run, sector_id))
    here = [one for one in rows if one.centre_id == centre_id]
    if not here and not exists:
        raise OutOfScope("there is no such centre in the list")
    return centre_due(
        [counted_to(one, day, as_of=run.as_of) for one in here],
        centre_id=centre_id,
        sector_id=sector_id,
        as_of=run.as_of,
        day=day,
        centre_name=centre_name,
        facts=run.facts,
    )


def told_of_sheet(due: CentreDue) -> list[str]:
    """The ids of all children whom a sheet tells of: for the audit."""
    return [child.child_id for child in due.children]


@dataclass(frozen=True)
class DueLine:
    """One child of the sheet in words; `do` is the step, `when` its day and how late it is (in a
    message: `when_short`), `note` what else the worker must know."""

    child_id: str
    whom: str
    last_weight: str
    why: str
    do: str
    when: str
    when_short: str
    note: str


@dataclass(frozen=True)
class DueGroup:
    """Children below one heading: a step and who does it; the heading is empty where each line
    tells its own step."""

    heading: str
    lines: tuple[DueLine, ...]


@dataclass(frozen=True)
class DuePart:
    """A part of the sheet (`danger`, `late`, `watch`, `due`): its title, what is said below it, and
    its groups."""

    name: str
    title: str
    said: str
    groups: tuple[DueGroup, ...]

    @property
    def lines(self) -> tuple[DueLine, ...]:
        """All lines of the part."""
        return tuple(line for group in self.groups for line in group.lines)


def sheet_parts(due: CentreDue, words: Words) -> list[DuePart]:
    """The parts that have a child, in the order of the sheet."""
    one_group = {
        "danger": [DueGroup("", _lines(due.danger, due, words))],
        "watch": [DueGroup("", _lines(due.watch, due, words))],
    }
    by_step = {"late": by_steps(due.late, due, words), "due": by_steps(due.due, due, words)}
    told = one_group | by_step
    parts = [
        DuePart(
            name, words("centre_sheet", name), words("centre_sheet", f"{name}_do"), tuple(those)
        )
        for name in ("danger", "late", "watch", "due")
        if (those := told[name])
    ]
    return [part for part in parts if part.lines]


def by_steps(children: Iterable[Candidate], due: CentreDue, words: Words) -> list[DueGroup]:
    """The children below their step and who does it, in `STEP_ORDER`; within a step as they
    came."""
    steps: dict[tuple[int, str, str], list[Candidate]] = {}
    for child in children:
        step = step_told(child)
        steps.setdefault((STEP_ORDER.index(step), step, child.who), []).append(child)
    return [
        DueGroup(_heading(step, who, words), _lines(steps[place, step, who], due, words))
        for place, step, who in sorted(steps)
    ]


def _heading(step: str, who: str, words: Words) -> str:
    """`Measure the arm`; with who does it where that is not the worker."""
    told = words("steps", step)
    return told if who == OWN_WORK else f"{told} ({words('who', who)})"


def _lines(children: Iterable[Candidate], due: CentreDue, words: Words) -> tuple[DueLine, ...]:
    return tuple(_line(child, due, words) for child in children)


def _line(child: Candidate, due: CentreDue, words: Words) -> DueLine:
    return DueLine(
        child_id=child.child_id,
        whom=whom(child, words),
        last_weight=weight_told(child, due.day, words, short=True),
        why=rule_line(child, words),
        do=_heading(step_told(child), child.who, words),
        when=_when(child, words),
        when_short=_when_short(child, due.day, words),
        note="; ".join(_notes(child, due, words)),
    )


def _when(child: Candidate, words: Words) -> str:
    """`9 days late (7 Mar 2026)`, `by 4 Apr 2026`; empty where no day is set."""
    day, late = child.by_when, child.overdue_days or 0
    if late < 1:
        return words.say("ui", "by_when", date=words.day(day, short=True)) if day else ""
    told = words.say("ui", "overdue_by", n=late)
    return f"{told} ({words.day(day, short=True)})" if day else told


def _when_short(child: Candidate, today: dt.date, words: Words) -> str:
    """`9 days late`, `by 4 Apr`; empty where no day is set."""
    day, late = child.by_when, child.overdue_days or 0
    if late:
        return words.say("ui", "overdue_by", n=late)
    return words.say("ui", "by_when", date=words.lately(day, max(day, today))) if day else ""


def _notes(child: Candidate, due: CentreDue, words: Words) -> list[str]:
    """That the child may soon be SAM, where that is not its part's title; and what a visit of the
    last days found."""
    said = []
    if child.child_id in due.watched and child not in due.watch:
        said.append(words("sections_short", PREVENTION))
    if child.last_finding and rests(child, as_of=due.day):
        found = words.say("ui", "visited", finding=words("findings", child.last_finding))
        said.append(f"{found}, {words.day(child.last_visited_on, short=True)}")
    return said


def sheet_title(due: CentreDue, words: Words) -> str:
    """`Due list of the centre: Rampur (AWC00012), 16 Mar 2026 to 15 Apr 2026`."""
    return words.say(
        "centre_sheet",
        "title",
        centre=called(due.centre_name, due.centre_id, words),
        since=words.day(due.day, short=True),
        until=words.day(due.until, short=True),
    )


def sheet_warnings(due: CentreDue, words: Words) -> list[str]:
    """That it is an exercise, that it is old."""
    practice = practice_key(due.facts)
    said = [words("ui", practice)] if practice else []
    return [*said, *filter(None, [stale_line(due.as_of, due.day, words)])]


def sheet_count(due: CentreDue, words: Words) -> str:
    """How many children stand on the sheet, in danger and late among them; or that nobody does."""
    if not due.children:
        return words("centre_sheet", "empty")
    return words.say(
        "centre_sheet",
        "counts",
        all=len(due.children),
        danger=len(due.danger),
        late=len(due.late),
    )


def sheet_document(due: CentreDue, language: str, words: Words) -> dict[str, Any]:
    """The sheet for programs: each part's children as plain values, with their lines in words."""
    told = {line.child_id: line for part in sheet_parts(due, words) for line in part.lines}
    return {
        "centre_id": due.centre_id,
        "sector_id": due.sector_id,
        "as_of": due.as_of.isoformat(),
        "counted_to": due.day.isoformat(),
        "until": due.until.isoformat(),
        "language": language,
        **{
            name: [
                {**seen_of(child), "told": asdict(told[child.child_id])}
                for child in getattr(due, name)
            ]
            for name in ("danger", "late", "watch", "due")
        },
    }


def sheet_file_name(due: CentreDue, form: str) -> str:
    """`sheet-AWC00012-2026-03-16.pdf`; what a file system or a header may not carry becomes `_`."""
    centre = re.sub(r"[^A-Za-z0-9-]+", "_", due.centre_id)
    return f"sheet-{centre}-{due.day}.{form}"
