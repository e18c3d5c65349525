"""The PDF page of the list: A4, black and white, with shaped text (Devanagari too) that can be
searched and copied.

A line is drawn by one `TJ` with its own `ActualText`, so that a reader gets the words in the order
in which they were written, whatever order the glyphs stand in.
"""

from __future__ import annotations

import re
from itertools import accumulate, takewhile
from pathlib import Path

from serving.language.languages import LANGUAGES
from serving.language.words import Words
from serving.visits.paper.shaped_pdf import ShapedGlyph, ShapedPDF

FONTS = Path(__file__).parents[2] / "language" / "fonts"
NO_BREAK = "\u00a0"
BOUND = re.compile(r"(?<=\d) (?=[^\s\d(])|(?<=WHZ) |(?<=\S) (?=\d{4}\b)|(?<=arm) (?=\d)")
"""Spaces at which a line is not broken: after a number, after WHZ, before a year."""
LEFT, RIGHT, TOP, BOTTOM = 12.0, 198.0, 11.0, 286.0
"""Edges of the print in mm on A4 (210 x 297)."""
BASE = 0.72
"""How far below a line's top its letters stand, as a share of its height."""
LARGE, BODY, SMALL = 17.0, 13.0, 10.0
"""Sizes in points: a sheet is read at arm's length, in a doorway."""


def line_height(size: float) -> float:
    """Height of a line in mm for a size in points: Devanagari has marks above and below."""
    return size * 0.46


class Paper(ShapedPDF):
    """A page in one language. Lengths in mm, sizes in points."""

    def __init__(self, words: Words, *, page: str | tuple[float, float] = "A4"):
        language = LANGUAGES[words.language]
        super().__init__(
            regular=FONTS / f"{language.font}-Regular.ttf",
            bold=FONTS / f"{language.font}-Bold.ttf",
            script=language.script,
            language=language.shaping_language,
            page=page,
        )
        self.set_auto_page_break(False)
        self.set_lang(words.language)

    def write_line(
        self, x: float, y: float, text: str, *, size: float, bold: bool = False
    ) -> float:
        """Write one line with its top at y; the x where it ends."""
        font = self.pen(size=size, bold=bold)
        glyphs = self.shaped(text, bold=bold)
        actual = text.encode("utf-16-be").hex().upper()
        baseline = self.h - y - line_height(size) * BASE
        colour = f"{told} " if (told := self.colour_operator()) else ""
        place = f"{x * self.k:.2f} {baseline * self.k:.2f} Td"
        self.write_operators(
            f"q {colour}/Span <</ActualText <FEFF{actual}>>> BDC BT {font} {place} "
            f"{_drawn(glyphs, size)} ET EMC Q"
        )
        return x + _advance(glyphs, size) / self.k

    def write_line_to(
        self, x: float, y: float, text: str, *, size: float, bold: bool = False
    ) -> None:
        """Write one line that ends at x."""
        self.write_line(
            x - self.width_of(text, size=size, bold=bold), y, text, size=size, bold=bold
        )

    def wrapped(self, text: str, *, width: float, size: float, bold: bool = False) -> list[str]:
        """Text cut between words into lines of at most this width; a number stays with its unit or
        its name."""
        joined = BOUND.sub(NO_BREAK, text)
        rest = [word.replace(NO_BREAK, " ") for word in joined.split(" ") if word]
        lines = []
        while rest:
            count = self._fitting(rest, width=width, size=size, bold=bold)
            lines.append(" ".join(rest[:count]))
            rest = rest[count:]
        return lines or [""]

    def _fitting(self, words: list[str], *, width: float, size: float, bold: bool) -> int:
        """How many of these words, at least one, fit on a line of this width.

        Guessed from the words one by one, which come again and again; whole lines are shaped only
        beside the guess.
        """

        def fits(count: int) -> bool:
            return self.width_of(" ".join(words[:count]), size=size, bold=bold) <= width

        gap = self.width_of(" ", size=size, bold=bold)
        ends = accumulate(self.width_of(word, size=size, bold=bold) + gap for word in words)
        count = max(1, sum(1 for _ in takewhile(lambda end: end - gap <= width, ends)))
        while count < len(words) and fits(count + 1):
            count += 1
        while count > 1 and not fits(count):
            count -= 1
        return count

    def width_of(self, text: str, *, size: float, bold: bool = False) -> float:
        """Width of a line in mm."""
        return _advance(self.shaped(text, bold=bold), size) / self.k

    def line_between(self, x: float, y: float, end: float) -> None:
        """A thin line to write on."""
        self.set_line_width(0.3)
        self.line(x, y, end, y)

    def rule(self, y: float) -> None:
        """A line over the whole width, as thick as was set."""
        self.line(LEFT, y, RIGHT, y)

    def cut_line(self, y: float) -> None:
        """A dashed line from edge to edge, to cut or fold along."""
        self.set_line_width(0.3)
        self.set_dash_pattern(dash=2.5, gap=2)
        self.line(0, y, self.w, y)
        self.set_dash_pattern()


def _advance(glyphs: tuple[ShapedGlyph, ...], size: float) -> float:
    """Width in points."""
    return sum(glyph.advance for glyph in glyphs) * size / 1000


def _drawn(glyphs: tuple[ShapedGlyph, ...], size: float) -> str:
    """The operators that draw glyphs: one TJ, broken only where a glyph is raised."""
    drawn: list[str] = []
    array: list[str] = []
    shift = raised = 0.0
    for code, width, advance, x, y in glyphs:
        if y != raised:
            drawn.append(f"[{''.join(array)}] TJ {y * size / 1000:.2f} Ts")
            array, raised = [], y
        shift -= x
        array.append(f"{_moved(round(shift))}<{code:04X}>")
        shift = width - advance + x
    drawn.append(f"[{''.join(array)}] TJ" + (" 0 Ts" if raised else ""))
    return " ".join(drawn)


def _moved(shift: int) -> str:
    """A move in steps of at most 100 thousandths: readers take one long move for a space between
    words."""
    steps = -(-abs(shift) // 100)
    return " ".join(
        f"{round(shift * (step + 1) / steps) - round(shift * step / steps)}"
        for step in range(steps)
    )
