"""The visit list on paper and as files: `render(listed, words, form=...)` for txt, csv, html, pdf,
xlsx."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from itertools import groupby

from models.visits.ranking import VisitList
from registry.contract.errors import UsageError
from registry.sources.formula_guard import harmless
from serving.language.words import Words
from serving.visits.paper.html import page
from serving.visits.sheet_lines import (
    Line,
    anm_lines,
    beyond_lines,
    centre_name,
    notes,
    ranked_lines,
    sheets,
    title,
)

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
    "last_muac_mm",
    "last_muac_on",
    "last_height_cm",
    "last_height_on",
    "target_weight_kg",
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
"""Columns of the CSV, whose rows are the visits by rank, those in danger beyond the places (B1 on)
and the ANM's children (A1 on); the last four are empty, for what the visit finds (`sanket visits
record`)."""


def text(listed: VisitList, words: Words) -> bytes:
    """Plain text for a terminal or a message: the overview, then each centre's children, then who
    sees the others."""
    out = [title(listed, words), *notes(listed, words), ""]
    if not listed.rows:
        out.append(words("ui", "empty_list"))
    for section, lines in groupby(ranked_lines(listed, words), key=lambda line: line.section):
        out += [
            f"== {words('sections', section)} ==",
            *(_overview_line(line, words) for line in lines),
        ]
    for sheet in sheets(listed, words):
        out += ["", f"== {words('ui', 'centre')} {sheet.centre} =="]
        for line in sheet.lines:
            out += _told(line, words)
        for line in sheet.also_here:
            out.append(f"{words('ui', 'also_here')}: {line.mark}. {line.child_id}")
    parts = (
        ("beyond_title", "beyond_give", beyond_lines),
        ("anm_part", "anm_part_give", anm_lines),
    )
    for heading, give, lines_of in parts:
        if lines := lines_of(listed, words):
            out += ["", f"== {words('ui', heading)} ==", words("ui", give)]
            out += [_others_line(line, words) for line in lines]
    return ("\n".join([*out, "", words("ui", "not_a_verdict")]) + "\n").encode()


def _overview_line(line: Line, words: Words) -> str:
    return (
        f"{line.mark:>3}. {line.child_id}, {centre_name(line.row.candidate, words)}: "
        f"{line.why_short}; {line.step}"
    )


def _told(line: Line, words: Words) -> list[str]:
    return [
        (
            f"{line.mark:>3}. {line.child_id} ({line.whom}); {words('ui', 'last_measured')}: "
            f"{line.measured}"
        ),
        f"     {words('ui', 'why')}: {line.why}",
        f"     {words('ui', 'what_to_do')}: {line.do}",
    ]


def _others_line(line: Line, words: Words) -> str:
    centre = centre_name(line.row.candidate, words)
    return (
        f"{line.mark:>3}. {line.child_id} ({line.whom}); {words('ui', 'centre')} {centre}: "
        f"{line.why}; {line.do}; "
        f"{words('ui', 'last_measured')}: {line.measured}"
    )


def comma_separated(listed: VisitList, words: Words) -> bytes:
    """CSV with a byte-order mark, so that Excel reads Devanagari; dates and numbers as programs
    read them."""
    out = io.StringIO()
    table = csv.DictWriter(out, CSV_COLUMNS, restval="", lineterminator="\r\n")
    table.writeheader()
    for line in [
        *ranked_lines(listed, words),
        *beyond_lines(listed, words),
        *anm_lines(listed, words),
    ]:
        table.writerow(_cells(line, words))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cells(line: Line, words: Words) -> dict[str, object]:
    child = line.row.candidate
    facts = (
        "last_weight_kg",
        "last_weight_on",
        "last_muac_mm",
        "last_muac_on",
        "last_height_cm",
        "last_height_on",
    )
    cells = {
        "number": line.mark,
        "section": line.tag(words),
        "centre_id": child.centre_id,
        "centre_name": child.centre_name,
        "child_id": child.child_id,
        "sex": child.sex,
        "age_months": child.age_months,
        **{name: child.facts.get(name) for name in (*facts, "target_weight_kg")},
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
    return harmless(value) if isinstance(value, str) else value


def render(listed: VisitList, words: Words, *, form: str) -> bytes:
    """The list in one of FORMS. Raises UsageError (LST001) for another."""
    if form not in FORMS:
        raise UsageError("LST001", f"a format is one of {', '.join(FORMS)}")
    return FORMS[form](listed, words)


def _pdf(listed: VisitList, words: Words) -> bytes:
    from serving.visits.paper.pdf import pdf

    return pdf(listed, words)


def _xlsx(listed: VisitList, words: Words) -> bytes:
    from serving.visits.paper.xlsx import workbook

    return workbook(listed, words)


FORMS: dict[str, Callable[[VisitList, Words], bytes]] = {
    "txt": text,
    "csv": comma_separated,
    "html": page,
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
