"""The card of the monthly report, for a message: counts alone, as a small PDF and as its picture.

PDFium draws the picture from the PDF, so that letters are shaped as on paper.
"""

from __future__ import annotations

import io
from contextlib import closing
from threading import Lock

import pypdfium2

from serving.language.words import Words
from serving.pages.areas.report.monthly_report import MonthlyReport
from serving.visits.paper.blocks import Block, space, stack, text
from serving.visits.paper.ink import BASE, Paper, line_height

PAGE_MM = (100.0, 125.0)
"""Four to five, as phones show a picture."""
WIDTH_PX = 1080
"""Phones send and show a picture of this width unchanged."""
EDGE, GAP = 7.0, 1.5
HEAD, COUNT, NAME, NOTE = 16.0, 13.0, 11.0, 9.0
"""Sizes in points: the area, a count, what is counted, a note."""
_ONE_AT_A_TIME = Lock()
"""PDFium keeps its state in the process and is not made for threads."""


def card_pdf(report: MonthlyReport, words: Words) -> bytes:
    """The card as a PDF of one small page: no part and no child."""
    paper = Paper(words, page=PAGE_MM)
    paper.set_title(report.title)
    paper.add_page()
    head = stack(
        [
            _told(paper, report.area, size=HEAD, bold=True),
            _told(paper, report.month, size=COUNT),
            *(_told(paper, said, size=NOTE) for said in report.warnings[:1]),
            space(GAP),
        ]
    )
    note = _told(paper, words("report", "card_note"), size=NOTE)
    room = PAGE_MM[1] - 2 * EDGE - head.height - GAP - note.height
    counts = stack(_count(paper, *count, high=room / len(report.counts)) for count in report.counts)
    stack([head, counts, space(GAP), note]).draw(EDGE)
    return paper.finished()


def card_png(report: MonthlyReport, words: Words) -> bytes:
    """The card as a PNG of 1080 by 1350 pixels, in greys."""
    return first_page_as_png(card_pdf(report, words), width_px=WIDTH_PX)


def first_page_as_png(document: bytes, *, width_px: int) -> bytes:
    """The first page of a PDF as a picture of this width, in greys, as high as its sides ask."""
    written = io.BytesIO()
    with (
        _ONE_AT_A_TIME,
        closing(pypdfium2.PdfDocument(document)) as opened,
        closing(opened[0]) as page,
        # PDFium rounds up to whole pixels.
        closing(page.render(scale=(width_px - 0.5) / page.get_width(), grayscale=True)) as bitmap,
    ):
        bitmap.to_pil().save(written, "PNG")
    return written.getvalue()


def _told(paper: Paper, said: str, *, size: float, bold: bool = False) -> Block:
    return text(paper, said, size=size, bold=bold, x=EDGE, width=PAGE_MM[0] - 2 * EDGE)


def _count(paper: Paper, name: str, value: str, *, high: float) -> Block:
    """A count's name and value on one base line, below a thin line."""
    right = PAGE_MM[0] - EDGE

    def draw(y: float) -> None:
        paper.set_line_width(0.2)
        paper.line(EDGE, y, right, y)
        top = y + (high - line_height(COUNT)) / 2
        lower = (line_height(COUNT) - line_height(NAME)) * BASE
        paper.write_line(EDGE, top + lower, name, size=NAME)
        paper.write_line_to(right, top, value, size=COUNT, bold=True)

    return Block(high, draw)
