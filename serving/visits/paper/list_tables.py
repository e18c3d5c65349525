"""Tables of the printed list: the overview of all visits, the ANM's children, the children beyond
the places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from serving.language.words import Words
from serving.visits.paper.blocks import Block, space, stack, text
from serving.visits.paper.columns import head_size, lines_of
from serving.visits.paper.ink import LEFT, RIGHT, Paper, line_height
from serving.visits.sheet_lines import ListLine, centre_name, short_centre_name

SIZES = (12.0, 11.0, 10.5, 10.0)
"""The overview's letters in points: the largest with which it fits on its page."""
PAD = 0.6
BETWEEN = 2.0
BOX_MM = 4.2


@dataclass(frozen=True)
class PaperColumn:
    """A column: the word over it, its width in mm, what it says of a child (asked when drawn),
    whether in bold."""

    head: str
    width: float
    told: Callable[[ListLine], str]
    bold: bool = False


def overview_columns(words: Words, page_of: Callable[[ListLine], str]) -> tuple[PaperColumn, ...]:
    """Number, code, centre's name, why in three words, step, page of its sheet; the box to tick
    follows."""
    say = words
    return (
        PaperColumn(say("ui", "number"), 9, lambda line: line.mark, bold=True),
        PaperColumn(say("ui", "child"), 28, lambda line: line.child_id, bold=True),
        PaperColumn(
            say("ui", "centre"),
            32,
            lambda line: short_centre_name(line.row.candidate, say),
        ),
        PaperColumn(say("ui", "why"), 41, lambda line: line.why_short, bold=True),
        PaperColumn(say("ui", "what_to_do"), 52, lambda line: line.step),
        PaperColumn(say("ui", "page"), 12, page_of),
    )


def others_columns(words: Words, page_of: Callable[[ListLine], str]) -> tuple[PaperColumn, ...]:
    """The same for children whom somebody else sees, who has no sheet: with age, values and how
    late it is."""
    say = words
    return (
        PaperColumn(say("ui", "number"), 10, lambda line: line.mark, bold=True),
        PaperColumn(say("ui", "child"), 34, lambda line: f"{line.child_id} ({line.whom})"),
        PaperColumn(say("ui", "centre"), 32, lambda line: centre_name(line.row.candidate, say)),
        PaperColumn(say("ui", "why"), 40, lambda line: line.why, bold=True),
        PaperColumn(say("ui", "what_to_do"), 46, lambda line: line.do),
        PaperColumn(say("ui", "page"), 12, page_of),
    )


def anm_columns(words: Words) -> tuple[PaperColumn, ...]:
    """The ANM's children in danger, below the step that they need: one line each."""
    say = words
    return (
        PaperColumn(say("ui", "number"), 11, lambda line: line.mark, bold=True),
        PaperColumn(say("ui", "child"), 25, lambda line: line.child_id, bold=True),
        PaperColumn(say("ui", "age"), 32, lambda line: line.whom),
        PaperColumn(
            say("ui", "centre"),
            34,
            lambda line: short_centre_name(line.row.candidate, say),
        ),
        PaperColumn(say("ui", "why"), 46, lambda line: line.why_short),
        PaperColumn("", 32, lambda line: line.late),
    )


def head_row(paper: Paper, columns: tuple[PaperColumn, ...], words: Words, *, size: float) -> Block:
    """The words over the columns, above a thick line: in smaller letters where a word is wider than
    its column."""
    done, end = words("ui", "done"), LEFT + sum(column.width for column in columns)
    heads = [*(column.head for column in columns), done]
    before = paper.width_of(columns[-1].head, size=size)
    rooms = [column.width - BETWEEN for column in columns]
    rooms += [RIGHT - end + columns[-1].width - before - BETWEEN]
    size = head_size(paper, heads, rooms, size=size)
    *told, done_lines = (
        lines_of(paper, head, width=room, size=size)
        for head, room in zip(heads, rooms, strict=True)
    )
    high = max(map(len, [*told, done_lines])) * line_height(size)

    def draw(y: float) -> None:
        x = LEFT
        for column, lines in zip(columns, told, strict=True):
            for number, line in enumerate(lines):
                paper.write_line(x, y + number * line_height(size), line, size=size)
            x += column.width
        for number, line in enumerate(done_lines):
            paper.write_line_to(RIGHT, y + number * line_height(size), line, size=size)
        paper.set_line_width(0.5)
        paper.rule(y + high + 0.2)

    return Block(high + 0.6, draw)


def pair(paper: Paper, two: list[ListLine], words: Words, *, size: float) -> Block:
    """One or two children side by side, of whom the step above them says what is due: number, code,
    centre, how late.

    A centre's name that is too long for what is left is cut off with an ellipsis.
    """
    half, to_code, end = (RIGHT - LEFT) / 2, 11, (RIGHT - LEFT) / 2 - BOX_MM - 4.5
    to_centre = max(
        36, *(to_code + BETWEEN + paper.width_of(line.child_id, size=size) for line in two)
    )

    def centre(line: ListLine) -> str:
        name = short_centre_name(line.row.candidate, words)
        late = paper.width_of(line.late, size=size)
        return _shortened(paper, name, width=end - to_centre - late - BETWEEN, size=size)

    cells = [(line, centre(line)) for line in two]

    def draw(y: float) -> None:
        paper.set_line_width(0.4)
        for x, (line, name) in zip((LEFT, LEFT + half), cells, strict=False):
            for at, told in ((0, line.mark), (to_code, line.child_id), (to_centre, name)):
                paper.write_line(x + at, y + PAD, told, size=size)
            paper.write_line_to(x + end, y + PAD, line.late, size=size)
            paper.rect(x + half - BOX_MM - 3, y + PAD + 0.3, BOX_MM, BOX_MM)

    return Block(max(line_height(size), BOX_MM) + 2 * PAD, draw)


def _shortened(paper: Paper, told: str, *, width: float, size: float) -> str:
    while len(told) > 1 and paper.width_of(told, size=size) > width:
        told = told.removesuffix("\u2026")[:-1].rstrip() + "\u2026"
    return told


def row(paper: Paper, columns: tuple[PaperColumn, ...], line: ListLine, *, size: float) -> Block:
    """One child, with a box to tick; texts are wrapped when measured, the page is read when
    drawn."""
    cells = [
        lines_of(
            paper, column.told(line), width=column.width - BETWEEN, size=size, bold=column.bold
        )
        for column in columns[:-1]
    ]
    height = max(max(map(len, cells)) * line_height(size), BOX_MM) + 2 * PAD

    def draw(y: float) -> None:
        x = LEFT
        told = [*cells, [columns[-1].told(line)]]
        for column, lines in zip(columns, told, strict=True):
            for number, said in enumerate(lines):
                paper.write_line(
                    x, y + PAD + number * line_height(size), said, size=size, bold=column.bold
                )
            x += column.width
        paper.set_line_width(0.4)
        paper.rect(RIGHT - BOX_MM - 1, y + PAD + 0.4, BOX_MM, BOX_MM)
        paper.set_line_width(0.1)
        paper.rule(y + height)

    return Block(height, draw)


def title(paper: Paper, told: str, below: list[tuple[str, float, bool]], *, size: float) -> Block:
    """A heading with lines below it: (text, size, bold)."""
    heading = text(paper, told, size=size, bold=True)
    return stack(
        [
            heading,
            *(text(paper, said, size=points, bold=bold) for said, points, bold in below),
            space(1.5),
        ]
    )
