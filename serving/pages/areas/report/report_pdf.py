"""The monthly report on paper: A4, black and white."""

from __future__ import annotations

from collections.abc import Sequence

from serving.language.words import Words
from serving.pages.areas.report.monthly_report import MonthlyReport, ReportTable
from serving.visits.paper.blocks import WIDTH, Block, Part, draw_page, paginate, space, stack, text
from serving.visits.paper.columns import Columns, fitted_columns, lines_of
from serving.visits.paper.ink import LEFT, SMALL, Paper, line_height
from serving.visits.paper.list_tables import title

HEAD, PART, CELL = 15.0, 12.0, 9.5
"""Sizes in points: the report's title, a table's, a cell where its columns have room."""
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
    notes: list[Block] = [space(BETWEEN)]
    notes += [text(paper, said, size=SMALL) for said in report.notes]
    parts[-1] = Part(last.key, last.head, last.head_continued, [*last.blocks, *notes])
    pages = paginate(parts, whole=False)
    for number, page in enumerate(pages, 1):
        page.cuts.clear()
        draw_page(paper, page, words, foot=report.title, number=number, total=len(pages))
    return paper.finished()


def _part(paper: Paper, table: ReportTable, head: Block) -> Part:
    columns = fitted_columns(
        paper,
        table.heads,
        table.rows,
        asked=table.widths,
        size=CELL,
        room=WIDTH,
        between=BETWEEN,
    )
    heads = _row(paper, columns, table.heads, bold=True)
    again = stack([text(paper, table.title, size=PART, bold=True), heads])
    return Part(
        table.code,
        stack([head, heads]),
        again,
        [_row(paper, columns, cells) for cells in table.rows],
    )


def _title(paper: Paper, table: ReportTable) -> Block:
    below = [(table.note, SMALL, False)] if table.note else []
    return title(paper, table.title, below, size=PART)


def _row(paper: Paper, columns: Columns, cells: Sequence[str], *, bold: bool = False) -> Block:
    """A row of wrapped cells above a thin line; the heads' line is thicker."""
    size = columns.size
    lines = [
        lines_of(paper, told, width=width - BETWEEN, size=size, bold=bold)
        for told, width in zip(cells, columns.widths, strict=True)
    ]
    height = max(map(len, lines)) * line_height(size) + 2 * PAD

    def draw(y: float) -> None:
        x = LEFT
        for column, width in zip(lines, columns.widths, strict=True):
            for number, said in enumerate(column):
                at = y + PAD + number * line_height(size)
                paper.write_line(x, at, said, size=size, bold=bold)
            x += width
        paper.set_line_width(0.4 if bold else 0.1)
        paper.rule(y + height)

    return Block(height, draw)
