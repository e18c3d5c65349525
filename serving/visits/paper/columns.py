"""How wide the columns of a table are, and how large its letters: so that no word is cut.

A line ends between words. Where a column is narrower than its longest word it is widened at the
cost of the others; where all of them together ask for more than there is, letters are smaller.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from serving.visits.paper.ink import Paper

READABLE, SMALLEST = 7.0, 5.5
"""Points down to which letters get smaller so that short cells stay on one line; below which none
are read on paper."""
SHORT = 14
"""A cell of at most so many signs ("not shown", a month) stays on one line where there is room."""
ROUNDING_MM = 0.01
"""A width is a sum of parts: so much more is no word too long."""
VIRAMA = "\u094d"


@dataclass(frozen=True)
class Columns:
    """The columns of a table: widths in mm with the room between two, size of letters in points."""

    widths: tuple[float, ...]
    size: float


def fitted_columns(
    paper: Paper,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    asked: Sequence[float],
    size: float,
    room: float,
    between: float,
) -> Columns:
    """Columns over `room` mm, in letters up to `size` in which no word of a head (bold) or a cell
    is cut; where none are small enough, a cell's code may be cut and no head. `asked`: how wide the
    columns are to each other where nothing else is.
    """
    columns = [[row[at] for row in rows] for at in range(len(heads))]
    for smaller, kept in [*_tried(size, READABLE, SHORT), *_tried(size, SMALLEST, 0)]:
        least = [
            between
            + max(
                _longest(paper, head, size=smaller, bold=True),
                _asked_by(paper, cells, size=smaller, kept=kept),
            )
            for head, cells in zip(heads, columns, strict=True)
        ]
        if sum(least) <= room:
            return Columns(_shared(asked, least, room), smaller)
    words = [_longest(paper, head, size=SMALLEST, bold=True) for head in heads]
    fits = min(1.0, (room - between * len(heads)) / sum(words))
    least = [between + word * fits for word in words]
    return Columns(_shared(asked, least, room), SMALLEST * fits)


def _tried(size: float, least: float, kept: int) -> list[tuple[float, int]]:
    """Sizes from one down to another by quarter points, each with how long a cell stays whole."""
    return [(size - step / 4, kept) for step in range(int((size - least) * 4) + 1)]


def head_size(paper: Paper, heads: Sequence[str], widths: Sequence[float], *, size: float) -> float:
    """The largest letters up to `size` in which each word of each head is no wider than its
    column."""
    widest = max(
        _longest(paper, head, size=size) / width
        for head, width in zip(heads, widths, strict=True)
        if head
    )
    return size if widest <= 1 else size / widest


def lines_of(
    paper: Paper, told: str, *, width: float, size: float, bold: bool = False
) -> list[str]:
    """A cell's lines; a code that is longer than its column is cut where it must be, and never
    between a letter and its signs."""
    width += ROUNDING_MM
    lines = []
    for line in paper.wrapped(told, width=width, size=size, bold=bold):
        while paper.width_of(line, size=size, bold=bold) > width:
            cuts = [at for at in range(1, len(line)) if _may_part(line, at)]
            if not cuts:
                break
            count = next(
                (
                    at
                    for at in reversed(cuts)
                    if paper.width_of(line[:at], size=size, bold=bold) <= width
                ),
                cuts[0],
            )
            lines.append(line[:count])
            line = line[count:]
        lines.append(line)
    return lines


def _may_part(line: str, at: int) -> bool:
    """Whether a cut before this place leaves letters whole: no sign begins a line, no half letter
    ends one."""
    return unicodedata.category(line[at])[0] not in "MC" and line[at - 1] != VIRAMA


def _longest(paper: Paper, told: str, *, size: float, bold: bool = False) -> float:
    """Width in mm of the longest word, a number with its unit counted as one."""
    return max(
        paper.width_of(word, size=size, bold=bold)
        for word in paper.wrapped(told, width=0.0, size=size, bold=bold)
    )


def _asked_by(paper: Paper, cells: Sequence[str], *, size: float, kept: int) -> float:
    """Width in mm that a column's cells ask for: a cell of at most `kept` signs as a whole, a
    longer one for its longest word."""
    return max(
        (
            paper.width_of(told, size=size)
            if len(told) <= kept
            else _longest(paper, told, size=size)
            for told in set(cells)
        ),
        default=0.0,
    )


def _shared(asked: Sequence[float], least: Sequence[float], room: float) -> tuple[float, ...]:
    """Widths that fill the room in the proportions asked for, none under its least."""
    held: set[int] = set()
    while True:
        free = [at for at in range(len(asked)) if at not in held]
        left = room - sum(least[at] for at in held)
        share = left / sum(asked[at] for at in free) if free else 0.0
        short = {at for at in free if asked[at] * share < least[at]}
        if not short:
            return tuple(least[at] if at in held else asked[at] * share for at in range(len(asked)))
        held |= short
