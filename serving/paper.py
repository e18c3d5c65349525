"""The visit list on paper and as files: `render(listed, words, form=...)` for txt, csv, html, pdf, xlsx."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from models.ranking import VisitList, VisitRow
from registry.errors import UsageError
from serving.paper_page import page
from serving.sheets import beyond_lines, centre_name, line_of, notes, title
from serving.words import Words

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


def _pdf(listed: VisitList, words: Words) -> bytes:
    from serving.paper_pdf import pdf

    return pdf(listed, words)


def _xlsx(listed: VisitList, words: Words) -> bytes:
    from serving.paper_xlsx import workbook

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
