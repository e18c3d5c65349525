"""The list as a workbook that comes back: `sanket visits record FILE` reads what was filled in.

A sheet to fill in, with heads, codes behind the heads in a hidden row, a list to choose findings
from, widths, filters and frozen panes set; others like it for the ANM's children and for those in
danger without a place on the list; a hidden sheet that says which store, sector and day the list is
of.
"""

from __future__ import annotations

import datetime as dt
import io

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from models.visits.ranking import VisitList
from serving.language.arm import MM_PER_CM
from serving.language.words import Words
from serving.visits.sheet_lines import (
    TICK_BOXES,
    ListLine,
    anm_lines,
    beyond_lines,
    centre_name,
    notes,
    ranked_lines,
    title,
)
from serving.visits.visit_outcomes import BOUNDS

COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("number", "number", 6),
    ("section", "visit_first", 15),
    ("centre", "centre", 20),
    ("child_id", "child", 16),
    ("whom", "age", 18),
    ("why", "why", 44),
    ("last_weight", "last_weight", 24),
    ("arm", "last_arm", 18),
    ("height", "last_height", 18),
    ("target", "weight_to_reach", 16),
    ("do", "what_to_do", 44),
    ("finding", "finding", 16),
    ("visited_on", "visited_on", 15),
    ("weight_kg", "weight_found", 12),
    ("muac_mm", "muac_found", 14),
)
"""Code, the word over the column, width in characters. The last four are filled in by hand."""
FILLED_IN = ("finding", "visited_on", "weight_kg", "muac_mm")
NUMBER_FORMATS = {"visited_on": "yyyy-mm-dd", "weight_kg": "0.00", "muac_mm": "General"}
"""How a cell shows what is typed into it; an arm as it was typed, in cm or mm."""
CODES_ROW, HEADS_ROW = 3, 4
"""Row 1: title; row 2: notes; row 3 (hidden): the columns' codes; row 4: heads; from 5: children.
"""
BACK_SHEET = "sanket"


def workbook(listed: VisitList, words: Words) -> bytes:
    """The workbook's bytes."""
    book = Workbook()
    sheet = book.active
    sheet.title = words("ui", "visit_list")[:31]
    _heads(sheet, listed, words)
    _fill(sheet, ranked_lines(listed, words), words)
    for name, heading, lines_of in (
        ("beyond_sheet", "beyond_title", beyond_lines),
        ("anm_sheet", "anm_part", anm_lines),
    ):
        if lines := lines_of(listed, words):
            others = book.create_sheet(words("ui", name)[:31])
            _heads(others, listed, words)
            others["A1"] = words("ui", heading)
            _fill(others, lines, words)
    _way_back(book, listed, words)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: Worksheet, lines: list[ListLine], words: Words) -> None:
    """A row for each child, and what makes the sheet ready to be filled in, filtered and
    printed."""
    for place, line in enumerate(lines, HEADS_ROW + 1):
        _row(sheet, place, line, words)
    last = HEADS_ROW + max(1, len(lines))
    _choices(sheet, words, last)
    sheet.auto_filter.ref = f"A{HEADS_ROW}:{get_column_letter(len(COLUMNS))}{last}"
    sheet.freeze_panes = f"E{HEADS_ROW + 1}"
    _for_paper(sheet)


def _heads(sheet: Worksheet, listed: VisitList, words: Words) -> None:
    sheet["A1"], sheet["A1"].font = title(listed, words), Font(bold=True, size=14)
    sheet["A2"] = " ".join([words("ui", "not_a_verdict"), *notes(listed, words)])
    for column, (code, word, width) in enumerate(COLUMNS, 1):
        sheet.cell(CODES_ROW, column, code)
        head = sheet.cell(HEADS_ROW, column, words("ui", word))
        head.font, head.border = Font(bold=True), Border(bottom=Side("medium"))
        head.alignment = Alignment(wrap_text=True, vertical="top")
        if code in FILLED_IN:
            head.fill = PatternFill("solid", "D9D9D9")
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.row_dimensions[CODES_ROW].hidden = True


def _row(sheet: Worksheet, place: int, line: ListLine, words: Words) -> None:
    number = line.number if line.mark == str(line.number) else line.mark
    texts = {
        "number": number,
        "section": line.tag(words),
        "centre": centre_name(line.row.candidate, words),
    }
    for column, (code, _, _) in enumerate(COLUMNS, 1):
        cell = sheet.cell(place, column)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.border = Border(bottom=Side("thin"))
        if code in FILLED_IN:
            cell.number_format = NUMBER_FORMATS.get(code, "@")
            continue
        cell.value = texts.get(code) or getattr(line, code)
        cell.data_type = "n" if isinstance(cell.value, int) else "s"
    sheet.cell(place, 4).font = Font(bold=True)


def _choices(sheet: Worksheet, words: Words, last: int) -> None:
    """Findings to choose from, bounds for the numbers; a wrong one is refused while it is typed."""
    letters = {code: get_column_letter(place) for place, (code, _, _) in enumerate(COLUMNS, 1)}
    lightest, heaviest = (f"{bound:g}" for bound in BOUNDS["weight_kg"])
    rules = {
        "finding": DataValidation(
            "list", formula1=f'"{",".join(words("findings", code) for code in TICK_BOXES)}"'
        ),
        "visited_on": DataValidation(
            "date", operator="greaterThan", formula1=str(_serial(dt.date(2000, 1, 1)))
        ),
        "weight_kg": DataValidation(
            "decimal", operator="between", formula1=lightest, formula2=heaviest
        ),
        "muac_mm": DataValidation(
            "custom",
            formula1=_arm_in_cm_or_mm(f"{letters['muac_mm']}{HEADS_ROW + 1}"),
            error=words("ui", "muac_written"),
        ),
    }
    for code, rule in rules.items():
        rule.showErrorMessage, rule.allow_blank = True, True
        sheet.add_data_validation(rule)
        rule.add(f"{letters[code]}{HEADS_ROW + 1}:{letters[code]}{last}")


def _arm_in_cm_or_mm(cell: str) -> str:
    """The formula that holds for an arm in either unit; a sheet's programs move `cell` along with
    the row."""
    low, high = BOUNDS["muac_mm"]
    in_unit = (
        f"AND({cell}>={low / factor:g},{cell}<={high / factor:g})" for factor in (MM_PER_CM, 1)
    )
    return f"AND(ISNUMBER({cell}),OR({','.join(in_unit)}))"


def _serial(day: dt.date) -> int:
    return (day - dt.date(1899, 12, 30)).days


def _for_paper(sheet: Worksheet) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{HEADS_ROW}:{HEADS_ROW}"


def _way_back(book: Workbook, listed: VisitList, words: Words) -> None:
    """The hidden sheet: what `visits record` must know. No password of a database is written."""
    back = book.create_sheet(BACK_SHEET)
    back.sheet_state = "hidden"
    facts = {
        "form": 1,
        "sector_id": listed.sector_id,
        "as_of": listed.as_of.isoformat(),
        "language": words.language,
        "store": listed.facts.get("store", ""),
        "registry_id": listed.facts.get("registry_id", ""),
    }
    for name, value in facts.items():
        back.append([name, str(value)])
