"""Page layout of the printed list: blocks of known height, parts of blocks under one heading, and
page breaks.

A block is measured before it is drawn, so the pages are known (and can be named on the first)
before ink is spent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from serving.language.words import Words
from serving.visits.paper.ink import BOTTOM, LEFT, RIGHT, SMALL, TOP, Paper, line_height

WIDTH = RIGHT - LEFT
FOOT = 6.0
"""Room in mm for the foot of each page."""
GAP = 9.0
"""Between two parts of one page, with the line to cut along in its middle."""


@dataclass(frozen=True)
class Block:
    """Something that is not torn apart: its height in mm, and how it is drawn with its top at y."""

    height: float
    draw: Callable[[float], object]


@dataclass(frozen=True)
class Part:
    """Blocks under one head: a centre's sheet, a table. The head stands again, as continued, on
    each further page."""

    key: str
    head: Block
    head_continued: Block
    blocks: Sequence[Block]


@dataclass
class Page:
    """What one page holds: blocks with their tops, the parts that begin here, and where it may be
    cut."""

    blocks: list[tuple[float, Block]] = field(default_factory=list)
    begins: list[str] = field(default_factory=list)
    cuts: list[float] = field(default_factory=list)
    y: float = TOP

    def add(self, block: Block) -> None:
        """Place a block below the last one."""
        self.blocks.append((self.y, block))
        self.y += block.height

    def room(self) -> float:
        """Height in mm that is left."""
        return BOTTOM - FOOT - self.y


def paginate(parts: Iterable[Part], *, whole: bool = True) -> list[Page]:
    """The parts on pages, with a line to cut along between two of one page.

    whole: each part on the first page that has room for all of it, and only one longer than a page
    is torn; so a small part may stand on an earlier page than a longer one before it. Otherwise one
    after the other, torn where a page ends, which takes the fewest pages.
    """
    pages: list[Page] = []
    for part in parts:
        asked = part.blocks if whole else part.blocks[:1]
        height = GAP + part.head.height + sum(block.height for block in asked)
        page = next(
            (page for page in (pages if whole else pages[-1:]) if height <= page.room()), None
        )
        if page is None:
            page = Page()
            pages.append(page)
        else:
            page.cuts.append(page.y + GAP / 2)
            page.y += GAP
        page.begins.append(part.key)
        page.add(part.head)
        for block in part.blocks:
            if block.height > page.room():
                page = Page()
                pages.append(page)
                page.add(part.head_continued)
            page.add(block)
    return pages


def draw_page(
    paper: Paper, page: Page, words: Words, *, foot: str, number: int, total: int
) -> None:
    """Put a page on paper, with what it is part of and its number at its foot."""
    paper.add_page()
    for y, block in page.blocks:
        block.draw(y)
    for y in page.cuts:
        paper.cut_line(y)
    y = BOTTOM - line_height(SMALL)
    paper.write_line(LEFT, y, foot, size=SMALL)
    paper.write_line_to(RIGHT, y, words.say("ui", "page_of", n=number, total=total), size=SMALL)


def stack(blocks: Iterable[Block]) -> Block:
    """Blocks one below the other as one."""
    held = list(blocks)

    def draw(y: float) -> None:
        for block in held:
            block.draw(y)
            y += block.height

    return Block(sum(block.height for block in held), draw)


def space(height: float) -> Block:
    """Nothing, of this height."""
    return Block(height, lambda y: None)


def text(
    paper: Paper,
    said: str,
    *,
    size: float,
    bold: bool = False,
    x: float = LEFT,
    width: float = WIDTH,
) -> Block:
    """A paragraph."""
    lines = paper.wrapped(said, width=width, size=size, bold=bold)

    def draw(y: float) -> None:
        for number, line in enumerate(lines):
            paper.write_line(x, y + number * line_height(size), line, size=size, bold=bold)

    return Block(len(lines) * line_height(size), draw)


def labelled(
    paper: Paper, label: str, said: str, *, size: float, bold: bool, x: float, width: float
) -> Block:
    """A label with its text, whose later lines begin below the label; one of the two is bold."""
    start = paper.width_of(label, size=size, bold=not bold) + 1.8
    first, *over = paper.wrapped(said, width=width - start, size=size, bold=bold)
    rest = paper.wrapped(" ".join(over), width=width, size=size, bold=bold) if over else []

    def draw(y: float) -> None:
        paper.write_line(x, y, label, size=size, bold=not bold)
        paper.write_line(x + start, y, first, size=size, bold=bold)
        for number, line in enumerate(rest, 1):
            paper.write_line(x, y + number * line_height(size), line, size=size, bold=bold)

    return Block((1 + len(rest)) * line_height(size), draw)


def framed(paper: Paper, inner: Block, *, pad: float, line_width: float) -> Block:
    """A block in a frame over the whole width, with room above and below it."""

    def draw(y: float) -> None:
        paper.set_line_width(line_width)
        paper.rect(LEFT, y, WIDTH, inner.height + 2 * pad)
        inner.draw(y + pad)

    return Block(inner.height + 2 * pad, draw)
