"""The formats of a visit list, and of a centre's due list: one row each, with what makes it.

A format is added by a row here and a module beside it that makes its bytes. The command line, the
pages' downloads and the tests read this table. It loads what makes a format only when one is made,
so that `sanket --help` may import it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.contract.errors import UsageError

if TYPE_CHECKING:
    from models.visits.centre_due import CentreDue
    from models.visits.ranking import VisitList
    from serving.language.words import Words


@dataclass(frozen=True)
class ListFormat:
    """One format of the list.

    name: as in `--format`; also the ending of its files and addresses (`/visits.pdf`).
    made_by: gives the bytes.
    for_screens: whether a terminal can show it.
    link: the word (`[ui]` of the words) of its button on the page of the list; None: the page has
    none.
    """

    name: str
    media_type: str
    made_by: Callable[[VisitList, Words], bytes]
    for_screens: bool = True
    link: str | None = None


def _text(listed: VisitList, words: Words) -> bytes:
    from serving.visits.paper.plain_text import plain_text

    return plain_text(listed, words)


def _csv(listed: VisitList, words: Words) -> bytes:
    from serving.visits.paper.comma_separated import comma_separated

    return comma_separated(listed, words)


def _html(listed: VisitList, words: Words) -> bytes:
    from serving.visits.paper.html import page

    return page(listed, words)


def _pdf(listed: VisitList, words: Words) -> bytes:
    from serving.visits.paper.pdf import pdf

    return pdf(listed, words)


def _xlsx(listed: VisitList, words: Words) -> bytes:
    from serving.visits.paper.xlsx import workbook

    return workbook(listed, words)


_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {
    one.name: one
    for one in (
        ListFormat("txt", "text/plain; charset=utf-8", _text),
        ListFormat("csv", "text/csv; charset=utf-8", _csv),
        ListFormat("html", "text/html; charset=utf-8", _html),
        ListFormat("pdf", "application/pdf", _pdf, for_screens=False, link="print_pdf"),
        ListFormat("xlsx", _WORKBOOK, _xlsx, for_screens=False, link="download_xlsx"),
    )
}
"""By name; the first is printed where none is asked for."""
DEFAULT_FORMAT = next(iter(FORMATS))


def render(listed: VisitList, words: Words, *, form: str) -> bytes:
    """The list in a format of FORMATS. Raises UsageError (LST001) for another."""
    if form not in FORMATS:
        raise UsageError("LST001", f"a format is one of {', '.join(FORMATS)}")
    return FORMATS[form].made_by(listed, words)


@dataclass(frozen=True)
class SheetFormat:
    """One format of a centre's due list (`serving.visits.centre_sheet`); the fields are those of
    `ListFormat`."""

    name: str
    media_type: str
    made_by: Callable[[CentreDue, Words], bytes]
    for_screens: bool = True


def _sheet_text(due: CentreDue, words: Words) -> bytes:
    from serving.visits.paper.centre_text import plain_text

    return plain_text(due, words)


def _sheet_html(due: CentreDue, words: Words) -> bytes:
    from serving.visits.paper.centre_html import page

    return page(due, words)


def _sheet_pdf(due: CentreDue, words: Words) -> bytes:
    from serving.visits.paper.centre_pdf import pdf

    return pdf(due, words)


def _sheet_message(due: CentreDue, words: Words) -> bytes:
    from serving.visits.paper.centre_text import message

    return (message(due, words) + "\n").encode()


SHEET_FORMATS = {
    one.name: one
    for one in (
        SheetFormat("txt", "text/plain; charset=utf-8", _sheet_text),
        SheetFormat("html", "text/html; charset=utf-8", _sheet_html),
        SheetFormat("pdf", "application/pdf", _sheet_pdf, for_screens=False),
        SheetFormat("message", "text/plain; charset=utf-8", _sheet_message),
    )
}
"""By name; the first is printed where none is asked for."""


def render_sheet(due: CentreDue, words: Words, *, form: str) -> bytes:
    """A centre's due list in a format of SHEET_FORMATS. Raises UsageError (LST001) for another."""
    if form not in SHEET_FORMATS:
        raise UsageError("LST001", f"a format of a sheet is one of {', '.join(SHEET_FORMATS)}")
    return SHEET_FORMATS[form].made_by(due, words)
