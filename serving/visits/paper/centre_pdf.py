"""A centre's due list as PDF: A4, black and white, one line for each child with a box to tick.

Sixty children take two pages. What a block is: `blocks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from fpdf.prefs import ViewerPreferences

from models.visits.centre_due import CentreDue
from serving.language.words import Words
from serving.visits.centre_sheet import (
    DueGroup,
    DueLine,
    DuePart,
    sheet_count,
    sheet_parts,
    sheet_title,
    sheet_warnings,
)
from serving.visits.paper.blocks import (
    WIDTH,
    Block,
    Part,
    draw_page,
    paginate,
    space,
    stack,
    text,
)
from serving.visits.paper.columns import lines_of
from serving.visits.paper.ink import LEFT, RIGHT, SMALL, Paper, line_height
from serving.visits.paper.list_tables import BOX_MM, title

HEAD, PART, STEP = 14.0, 12.0, 11.0
"""Sizes in points: the sheet's title, a part's, a step's."""
PAD = 0.3
BETWEEN = 2.0
FIRST_MM = BOX_MM + 2.0
"""The columns begin behind the box."""
WIDTHS_MM = (27.0, 30.0, 48.0, 49.8, 25.0)
"""Code; sex and age; last weight; by when; what else must be known."""


def pdf(due: CentreDue, words: Words) -> bytes:
    """The sheet as a PDF; of a centre where nobody needs anything, a page that says so."""
    paper = Paper(words)
    paper.set_title(sheet_title(due, words))
    paper.viewer_preferences = ViewerPreferences(duplex="Simplex")
    print_of = _SheetPrint(paper, words)
    pages = paginate([print_of.whole(due)], whole=False)
    for number, page in enumerate(pages, 1):
        draw_page(
            paper,
            page,
            words,
            foot=sheet_title(due, words),
            number=number,
            total=len(pages),
        )
    return paper.finished()


@dataclass(frozen=True)
class _SheetPrint:
    """The blocks of a sheet, measured for one paper and language."""

    paper: Paper
    words: Words

    def whole(self, due: CentreDue) -> Part:
        """The sheet as one part that is torn where a page ends."""
        warned = [(said, SMALL, True) for said in sheet_warnings(due, self.words)]
        count = (sheet_count(due, self.words), SMALL, False)
        head = title(self.paper, sheet_title(due, self.words), [*warned, count], size=HEAD)
        again = title(self.paper, sheet_title(due, self.words), [], size=PART)
        blocks = [block for part in sheet_parts(due, self.words) for block in self._part(part)]
        end = text(self.paper, self.words("ui", "not_a_verdict"), size=SMALL)
        return Part("sheet", head, again, [*blocks, stack([space(1.5), end])])

    def _part(self, part: DuePart) -> list[Block]:
        """The rows; a heading is never the last on a page."""
        above = [self._part_head(part), text(self.paper, part.said, size=SMALL)]
        blocks: list[Block] = []
        for group in part.groups:
            above += [self._group_head(group)] if group.heading else []
            first, *others = (self._child(line, part) for line in group.lines)
            blocks += [stack([*above, first]), *others]
            above = []
        return blocks

    def _part_head(self, part: DuePart) -> Block:
        """The title on a bar: white on black for danger, in a frame for the others."""
        danger, height = part.name == "danger", line_height(PART) + 0.8
        told = f"{part.title} ({len(part.lines)})"

        def draw(y: float) -> None:
            paper = self.paper
            paper.set_fill_color(0)
            paper.set_line_width(0.4)
            paper.rect(LEFT, y + 2.0, WIDTH, height, style="F" if danger else "D")
            paper.set_text_color(255 if danger else 0)
            paper.write_line(LEFT + 2, y + 2.2, told, size=PART, bold=True)
            paper.set_text_color(0)

        return Block(height + 2.6, draw)

    def _group_head(self, group: DueGroup) -> Block:
        told = f"{group.heading} ({len(group.lines)})"
        return stack([space(1.0), text(self.paper, told, size=STEP, bold=True)])

    def _child(self, line: DueLine, part: DuePart) -> Block:
        """A row; where no heading tells the step, it stands below, with why for who is in
        danger."""
        below = [line.why] if part.name == "danger" else []
        below += [line.do] if part.name in ("danger", "watch") else []
        return stack([self._row(line), *([self._below(below)] if below else []), self._rule()])

    def _row(self, line: DueLine) -> Block:
        told = (line.child_id, line.whom, line.last_weight, line.when, line.note)
        cells = [
            lines_of(self.paper, said, width=width - BETWEEN, size=SMALL, bold=place == 0)
            for place, (said, width) in enumerate(zip(told, WIDTHS_MM, strict=True))
        ]
        height = max(max(map(len, cells)) * line_height(SMALL), BOX_MM) + 2 * PAD

        def draw(y: float) -> None:
            self.paper.set_line_width(0.4)
            self.paper.rect(LEFT, y + PAD + 0.2, BOX_MM, BOX_MM)
            x = LEFT + FIRST_MM
            for place, (lines, width) in enumerate(zip(cells, WIDTHS_MM, strict=True)):
                for number, said in enumerate(lines):
                    at = y + PAD + number * line_height(SMALL)
                    self.paper.write_line(x, at, said, size=SMALL, bold=place == 0)
                x += width

        return Block(height, draw)

    def _below(self, told: list[str]) -> Block:
        """What to do, behind why."""
        *why, do = told
        said = self.words("ui", "stop").join([*why, do])
        return text(
            self.paper,
            said,
            size=SMALL,
            bold=True,
            x=LEFT + FIRST_MM,
            width=RIGHT - LEFT - FIRST_MM,
        )

    def _rule(self) -> Block:
        def draw(y: float) -> None:
            self.paper.set_line_width(0.1)
            self.paper.rule(y)

        return Block(0.2, draw)
