"""The visit list on paper and as files: `render(listed, words, form=...)` for txt, csv, html, pdf, xlsx.

A `Line` is one child as every form shows it, in words. Identifiers are kept to the least: the programme's own code
of the child and the centre, sex, age; no family, no name, no phone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

from models.ranking import VisitList, VisitRow
from registry.errors import UsageError
from registry.tables import FINDING
from serving.words import Words, how_often, last_weight, may_happen, what_to_do, whom, why_line

TICK_BOXES = FINDING
"""The findings with a box on the sheet: all that the registry's visits know."""
CSV_COLUMNS = (
    "number",
    "section",
    "centre_id",
    "centre_name",
    "child_id",
    "sex",
    "age_months",
    "last_weight_kg",
    "last_weight_on",
    "why",
    "what_to_do",
    "who",
    "by_when",
    "overdue_days",
    "risk",
    "risk_low",
    "risk_high",
    "finding",
    "visited_on",
    "weight_kg",
    "muac_mm",
)
"""Columns of the CSV; the last four are empty, for what the visit finds (`sanket visits record`)."""


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
    return f"{step} ({words('ui', 'overdue_by_one') if late == 1 else words.say('ui', 'overdue_by', n=late)})"


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
    """What the reader of one sheet must know: that it is an exercise, and who is beyond the capacity."""
    synthetic = [words("ui", "synthetic")] if listed.facts.get("synthetic") else []
    return [*synthetic, *filter(None, [beyond_note(listed, words)])]


def notes(listed: VisitList, words: Words) -> list[str]:
    """What a reader of the whole list must know: synthetic, who is beyond capacity, who has no score."""
    said = sheet_notes(listed, words)
    for fact, note in (("not_scored", "not_scored_count"), ("lately_visited", "lately_visited_count")):
        if count := listed.facts.get(fact):
            said.append(words("ui", f"{note}_one") if count == 1 else words.say("ui", note, n=count))
    return said


def beyond_note(listed: VisitList, words: Words) -> str:
    """That children in danger have no place on the list; empty where all have."""
    beyond = len(listed.beyond)
    if beyond <= 1:
        return words("ui", "beyond_one") if beyond else ""
    return words.say("ui", "beyond", n=beyond)


def title(listed: VisitList, words: Words) -> str:
    """`Visit list: Sector S0001, as of 12 March 2026`."""
    as_of = words.say("ui", "as_of", date=words.day(listed.as_of))
    return f"{words('ui', 'visit_list')}: {words('ui', 'sector')} {listed.sector_id}, {as_of}"


def text(listed: VisitList, words: Words) -> bytes:
    """Plain text for a terminal or a message."""
    out = [title(listed, words), *notes(listed, words), ""]
    if not listed.rows:
        out.append(words("ui", "empty_list"))
    section, centre = None, None
    for row in listed.rows:
        if row.section != section:
            section, centre = row.section, None
            out += ["", f"== {words('sections', section)} =="]
        if row.candidate.centre_id != centre:
            centre = row.candidate.centre_id
            out.append(f"{words('ui', 'centre')} {centre_name(row.candidate, words)}")
        line = line_of(row, words)
        out.append(f"{line.number:>3}. {line.child_id} ({line.whom}); {words('ui', 'last_weight')}: {line.last_weight}")
        out.append(f"     {words('ui', 'why')}: {line.why}")
        out.append(f"     {words('ui', 'what_to_do')}: {line.do}")
    if listed.beyond:
        out += ["", f"== {words('ui', 'beyond_title')} ==", words("ui", "beyond_give")]
    for line in beyond_lines(listed, words):
        centre = centre_name(line.row.candidate, words)
        out.append(f"  {line.child_id} ({line.whom}); {words('ui', 'centre')} {centre}: {line.why}; {line.do}")
    return ("\n".join([*out, "", words("ui", "not_a_verdict")]) + "\n").encode()


def comma_separated(listed: VisitList, words: Words) -> bytes:
    """CSV with a byte-order mark, so that Excel reads Devanagari; dates and numbers as programs read them."""
    out = io.StringIO()
    table = csv.DictWriter(out, CSV_COLUMNS, restval="", lineterminator="\r\n")
    table.writeheader()
    for row in listed.rows:
        table.writerow(_cells(row, words))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cells(row: VisitRow, words: Words) -> dict[str, object]:
    child, line = row.candidate, line_of(row, words)
    cells = {
        "number": row.rank,
        "section": words("sections_short", row.section),
        "centre_id": child.centre_id,
        "centre_name": child.centre_name,
        "child_id": child.child_id,
        "sex": child.sex,
        "age_months": child.age_months,
        "last_weight_kg": child.facts.get("last_weight_kg"),
        "last_weight_on": child.facts.get("last_weight_on"),
        "why": line.why,
        "what_to_do": line.do,
        "who": line.who,
        "by_when": child.by_when,
        "overdue_days": child.overdue_days,
        "risk": child.risk,
        "risk_low": child.risk_low,
        "risk_high": child.risk_high,
    }
    return {name: _plain(value) for name, value in cells.items()}


def _plain(value: object) -> object:
    """A cell that a spreadsheet will not take for a formula."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def render(listed: VisitList, words: Words, *, form: str) -> bytes:
    """The list in one of FORMS. Raises UsageError (LST001) for another."""
    if form not in FORMS:
        raise UsageError("LST001", f"a format is one of {', '.join(FORMS)}")
    return FORMS[form](listed, words)


def _page(listed: VisitList, words: Words) -> bytes:
    from serving.paper_page import page

    return page(listed, words)


def _pdf(listed: VisitList, words: Words) -> bytes:
    from serving.paper_pdf import pdf

    return pdf(listed, words)


def _xlsx(listed: VisitList, words: Words) -> bytes:
    from serving.paper_xlsx import workbook

    return workbook(listed, words)


FORMS: dict[str, Callable[[VisitList, Words], bytes]] = {
    "txt": text,
    "csv": comma_separated,
    "html": _page,
    "pdf": _pdf,
    "xlsx": _xlsx,
}
MEDIA_TYPES = {
    "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
