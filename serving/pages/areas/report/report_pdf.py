"""The monthly report on paper: A4, black and white."""

from __future__ import annotations

from collections.abc import Sequence

from serving.language.words import Words
from serving.pages.areas.report.monthly_report import MonthlyReport, ReportTable
from serving.visits.paper.blocks import WIDTH, Block, Part, draw_page, paginate, stack, text
from serving.visits.paper.ink import LEFT, SMALL, Paper, line_height
from serving.visits.paper.list_tables import cell_lines, title

HEAD, PART, CELL, NARROW = 15.0, 12.0, 9.5, 7.5
"""Sizes in points: the report's title, a table's, a cell, a cell of a table of many columns."""
MANY = 9
PAD, BETWEEN = 0.5, 1.5


def pdf(report: MonthlyReport, words: Words) -> bytes:
    """The report as a PDF."""
    paper = Paper(words)
    paper.set_title(report.title)
    warned = [(said, SMALL, False) for said in report.warnings]
    first, *others = report.tables
    head = stack([title(paper, report.title, warned, size=HEAD), _title(paper, first)])
    parts = [_part(paper, first, head), *(_part(paper, one, _title(paper, one)) for one in others)]
    last = parts[-1]
    notes = [text(paper, said, size=SMALL) for said in report.notes]
    parts[-1] = Part(last.key, last.head, last.head_continued, [*last.blocks, *notes])
    pages = paginate(parts, whole=False)
    for number, page in enumerate(pages, 1):
        page.cuts.clear()
        draw_page(paper, page, words, foot=report.title, number=number, total=len(pages))
    return paper.finished()


def _part(paper: Paper, table: ReportTable, head: Block) -> Part:
    heads = _row(paper, table, table.heads, bold=True)
    again = stack([text(paper, table.title, size=PART, bold=True), heads])
    return Part(
        table.code,
        stack([head, heads]),
        again,
        [_row(paper, table, cells) for cells in table.rows],
    )


def _title(paper: Paper, table: ReportTable) -> Block:
    below = [(table.note, SMALL, False)] if table.note else []
    return title(paper, table.title, below, size=PART)


def _row(paper: Paper, table: ReportTable, cells: Sequence[str], *, bold: bool = False) -> Block:
    """A row of wrapped cells above a thin line; the heads' line is thicker."""
    size = NARROW if len(table.heads) > MANY else CELL
    part = WIDTH / sum(table.widths)
    widths = [width * part for width in table.widths]
    lines = [
        cell_lines(paper, told, width=width - BETWEEN, size=size, bold=bold)
        for told, width in zip(cells, widths, strict=True)
    ]
    height = max(map(len, lines)) * line_height(size) + 2 * PAD

    def draw(y: float) -> None:
        x = LEFT
        for column, width in zip(lines, widths, strict=True):
            for number, said in enumerate(column):
                at = y + PAD + number * line_height(size)
                paper.write_line(x, at, said, size=size, bold=bold)
            x += width
        paper.set_line_width(0.4 if bold else 0.1)
        paper.rule(y + height)

    return Block(height, draw)
