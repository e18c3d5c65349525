"""The visit list as CSV, for programs and for spreadsheets."""

from __future__ import annotations

import csv
import io

from models.visits.ranking import VisitList
from registry.sources.formula_guard import harmless
from serving.language.words import Words
from serving.visits.sheet_lines import ListLine, anm_lines, beyond_lines, ranked_lines

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


def _cells(line: ListLine, words: Words) -> dict[str, object]:
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
