"""One child on a sheet: who, why, what to do, what was last measured, boxes to tick and lines to
write on."""

from __future__ import annotations

from serving.language.words import Words
from serving.visits.paper.blocks import Block, framed, labelled, space, stack, text
from serving.visits.paper.ink import LEFT, RIGHT, Paper, line_height
from serving.visits.sheet_lines import TICK_BOXES, CentreSheet, ListLine

NAME, TOLD, FACTS = 13.0, 11.5, 10.5
"""Sizes in points: the child's number and code, why and what to do, what was measured."""
PAD = 2.0
INDENT, WIDTH = LEFT + 3.0, RIGHT - LEFT - 6.0
BOX_MM = 4.2
BLANK_MM = 30.0
"""Room for a number or a date written by hand, where the line has it."""
WRITING_MM = 7.5
"""Height of a line that is written on by hand."""


def child_block(paper: Paper, line: ListLine, words: Words) -> Block:
    """A child with a place on the list, with a line for what was done."""
    parts = [
        *_told(paper, line, words),
        boxes(paper, words),
        blanks(paper, words),
        _what_was_done(paper, words),
    ]
    inner = framed(paper, stack(parts), pad=PAD, line_width=0.5)
    return stack([inner, space(PAD)])


def also_block(paper: Paper, line: ListLine, words: Words) -> Block:
    """A child in danger for whom the list has no place: seen on the same trip; thinner framed, with
    boxes and lines."""
    why = f"{line.why}{words('ui', 'stop')}{line.do}"
    parts = [
        _name(paper, line, words, beside=f"({line.whom})  {line.last_weight}"),
        text(paper, why, size=FACTS, x=INDENT, width=WIDTH),
        boxes(paper, words),
        blanks(paper, words),
    ]
    return stack([framed(paper, stack(parts), pad=1.0, line_width=0.2), space(PAD)])


def watch_block(paper: Paper, sheet: CentreSheet, words: Words) -> Block:
    """The centre's children who may soon be SAM, one a line below what its worker does for them."""
    parts = [
        text(paper, f"{words('ui', 'also_watch')}:", size=FACTS, bold=True, x=INDENT, width=WIDTH),
        *(text(paper, told, size=FACTS, x=INDENT, width=WIDTH) for told in sheet.watch),
    ]
    return stack([framed(paper, stack(parts), pad=1.0, line_width=0.2), space(PAD)])


def _told(paper: Paper, line: ListLine, words: Words) -> list[Block]:
    def said(name: str, told: str, size: float, bold: bool) -> Block:
        return labelled(
            paper, f"{words('ui', name)}:", told, size=size, bold=bold, x=INDENT, width=WIDTH
        )

    return [
        _name(paper, line, words, beside=f"({line.whom})"),
        said("why", line.why, TOLD, True),
        said("what_to_do", line.do, TOLD, True),
        said("last_measured", line.measured, FACTS, False),
        space(1.0),
    ]


def _name(paper: Paper, line: ListLine, words: Words, *, beside: str) -> Block:
    """Number and code with what stands beside them, and at the right the section: white on black
    for danger listed."""

    def draw(y: float) -> None:
        end = paper.write_line(INDENT, y, f"{line.mark}  {line.child_id}", size=NAME, bold=True)
        paper.write_line(end + 3, y + 1.1, beside, size=FACTS)
        _tag(paper, line.tag(words), y, filled=line.section == "danger" and not line.beyond)

    return Block(line_height(NAME) + 0.5, draw)


def _tag(paper: Paper, told: str, y: float, *, filled: bool) -> None:
    width = paper.width_of(told, size=FACTS, bold=True) + 4
    paper.set_fill_color(0)
    paper.set_line_width(0.3)
    paper.rect(RIGHT - 3 - width, y, width, line_height(FACTS) + 0.4, style="F" if filled else "D")
    paper.set_text_color(255 if filled else 0)
    paper.write_line(RIGHT - 1 - width, y + 0.2, told, size=FACTS, bold=True)
    paper.set_text_color(0)


def boxes(paper: Paper, words: Words) -> Block:
    """A box to tick before each finding, spread over as many rows as they need."""
    labels = [words("findings", finding) for finding in TICK_BOXES]
    wide = {label: BOX_MM + 1.3 + paper.width_of(label, size=TOLD) for label in labels}
    rows = _rows(labels, wide)
    high = line_height(TOLD) + 0.8

    def draw(y: float) -> None:
        paper.set_line_width(0.4)
        for row in rows:
            x, gap = (
                INDENT,
                max(3.0, (WIDTH - sum(wide[label] for label in row)) / max(1, len(row) - 1)),
            )
            for label in row:
                paper.rect(x, y + 0.6, BOX_MM, BOX_MM)
                paper.write_line(x + BOX_MM + 1.3, y, label, size=TOLD)
                x += wide[label] + min(gap, 14.0)
            y += high

    return Block(len(rows) * high, draw)


def _rows(labels: list[str], wide: dict[str, float]) -> list[list[str]]:
    """Labels in rows that the width holds, at least 3 mm apart."""
    rows: list[list[str]] = [[]]
    taken = 0.0
    for label in labels:
        if rows[-1] and taken + 3.0 + wide[label] > WIDTH:
            rows.append([])
            taken = 0.0
        taken += wide[label] + (3.0 if rows[-1] else 0.0)
        rows[-1].append(label)
    return rows


def blanks(paper: Paper, words: Words) -> Block:
    """Lines to write on: weight, arm, the day of the visit."""
    labels = [words("ui", name) for name in ("weight_found", "muac_found", "visited_on")]
    taken = sum(paper.width_of(label, size=TOLD) + 2 for label in labels)
    blank = min(BLANK_MM, (WIDTH - taken - 8) / len(labels))

    def draw(y: float) -> None:
        x, y = INDENT, y + WRITING_MM - line_height(TOLD) - 0.5
        for label in labels:
            end = paper.write_line(x, y, label, size=TOLD) + 2
            paper.line_between(end, y + line_height(TOLD) - 0.8, end + blank)
            x = end + blank + 4

    return Block(WRITING_MM, draw)


def _what_was_done(paper: Paper, words: Words) -> Block:
    def draw(y: float) -> None:
        y += WRITING_MM - line_height(TOLD) - 0.5
        end = paper.write_line(INDENT, y, f"{words('ui', 'what_was_done')}:", size=TOLD)
        paper.line_between(end + 2, y + line_height(TOLD) - 0.8, INDENT + WIDTH)

    return Block(WRITING_MM, draw)
