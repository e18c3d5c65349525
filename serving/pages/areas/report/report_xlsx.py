"""The monthly report as a workbook: a sheet for each table, numbers as numbers."""

from __future__ import annotations

import io
import re

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from serving.language.words import Words
from serving.pages.areas.report.monthly_report import MonthlyReport, ReportTable

CHARACTERS = 11.0
"""Width of a column of weight 1."""
NUMBER = re.compile(r"\d[\d,]*|\d[\d,]*(\.\d+)?%")
"""A count, or a share; a figure with another unit is a text."""


def workbook(report: MonthlyReport, words: Words) -> bytes:
    """The workbook's bytes."""
    book = Workbook()
    first = book.active
    first.title = words("report", "sheet_about")[:31]
    lines = [report.title, *report.warnings, *report.notes]
    for row, said in enumerate(lines, 1):
        cell = first.cell(row, 1, said)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.font = Font(bold=row == 1)
    first.column_dimensions["A"].width = 100
    for table in report.tables:
        _fill(book.create_sheet(words("report", f"sheet_{table.code}")[:31]), table)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: Worksheet, table: ReportTable) -> None:
    sheet.append([table.title])
    sheet.append([table.note])
    sheet.append(table.heads)
    for row in table.rows:
        sheet.append(list(map(_plain, row)))
    for number in (1, 3):
        for cell in sheet[number]:
            cell.font = Font(bold=True)
            cell.alignment = Alignment(wrap_text=number == 3, vertical="top")
    for line in sheet.iter_rows():
        for cell in line:
            if isinstance(cell.value, float):
                cell.number_format = "0.0%"
            elif isinstance(cell.value, str):
                # A code that begins like a formula stays a text.
                cell.data_type = "s"
    for at, weight in enumerate(table.widths, 1):
        sheet.column_dimensions[get_column_letter(at)].width = CHARACTERS * max(weight, 1.0)
    sheet.freeze_panes = "A4"


def _plain(told: str) -> str | int | float:
    """A count as a whole number, a share as a number shown in percent, everything else as text."""
    if not NUMBER.fullmatch(told):
        return told
    number = told.rstrip("%").replace(",", "")
    return float(number) / 100 if told.endswith("%") else int(number)
