"""The forms of the monthly report: one table for the command, the buttons and the address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from serving.access.permissions import Person
from serving.language.words import Words
from serving.pages.areas.report.monthly_report import MonthlyReport, monthly_report
from serving.pages.areas.report.report_card import card_pdf, card_png
from serving.pages.areas.report.report_pdf import pdf
from serving.pages.areas.report.report_xlsx import workbook
from serving.process.service_state import ServiceState


@dataclass(frozen=True)
class ReportForm:
    """One form: the ending of its file, its media type, and what makes it."""

    ending: str
    media_type: str
    made_by: Callable[[MonthlyReport, Words], bytes]


_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REPORT_FORMS = {
    "pdf": ReportForm(".pdf", "application/pdf", pdf),
    "xlsx": ReportForm(".xlsx", _WORKBOOK, workbook),
    "card": ReportForm("-card.pdf", "application/pdf", card_pdf),
    "png": ReportForm("-card.png", "image/png", card_png),
}
"""By name; the first is made where none is asked for."""


def answer(
    state: ServiceState,
    request: Request,
    person: Person,
    words: Words,
    *,
    level: str,
    area_id: str,
    form: str,
) -> Response:
    """The report of an area of the scope as a file; it names no child."""
    reader = state.reader(person)
    report = monthly_report(reader, reader.run(), words, level=level, area_id=area_id)
    made = REPORT_FORMS[form]
    download = {"Content-Disposition": f'attachment; filename="{report.file}{made.ending}"'}
    return Response(made.made_by(report, words), media_type=made.media_type, headers=download)
