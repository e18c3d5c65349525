"""A black and white A4 page that writes shaped lines, Devanagari among them, which can be read back
as text.

fpdf2 and HarfBuzz shape; a line is drawn by one `TJ` with its own `ActualText`, so that a reader
gets the words in the order in which they were written, whatever order the glyphs stand in.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import Glyph

from serving.language.words import Words

FONTS = Path(__file__).parents[2] / "language" / "fonts"
SCRIPTS = {"en": ("latn", "eng"), "hi": ("deva", "hin"), "mr": ("deva", "mar")}
NO_BREAK = "\u00a0"
BOUND = re.compile(r"(?<=\d) (?=[^\s\d(])|(?<=WHZ) |(?<=\S) (?=\d{4}\b)|(?<=arm) (?=\d)")
"""Spaces at which a line is not broken: after a number, after WHZ, before a year."""
LEFT, RIGHT, TOP, BOTTOM = 12.0, 198.0, 11.0, 286.0
"""Edges of the print in mm on A4 (210 x 297)."""
LARGE, BODY, SMALL = 17.0, 13.0, 10.0
"""Sizes in points: a sheet is read at arm's length, in a doorway."""


def line_height(size: float) -> float:
    """Height of a line in mm for a size in points: Devanagari has marks above and below."""
    return size * 0.46


class _Nothing(int):
    """A code point that writes as nothing: a glyph whose cluster another glyph stands for."""

    def __format__(self, spec: str) -> str:
        return ""


class Paper(FPDF):
    """A page in one language. Lengths in mm, sizes in points."""

    def __init__(self, words: Words):
        super().__init__(format="A4")
        script, language = SCRIPTS[words.language]
        for style, name in (("", "Regular"), ("B", "Bold")):
            self.add_font("Sanket", style, FONTS / f"SanketSans-{name}.ttf")
        self.set_text_shaping(True, script=script, language=language)
        self.set_auto_page_break(False)
        self.set_lang(words.language)
        self._shaped = cache(self._shape)

    def line(self, x: float, y: float, text: str, *, size: float, bold: bool = False) -> float:
        """Write one line with its top at y; the x where it ends."""
        font = self._pen(size, bold)
        glyphs = self._shaped(text, bold)
        actual = text.encode("utf-16-be").hex().upper()
        baseline = self.h - y - line_height(size) * 0.72
        colour = f"{self.text_color.serialize()} " if self.text_color is not None else ""
        place = f"{x * self.k:.2f} {baseline * self.k:.2f} Td"
        self._out(
            f"q {colour}/Span <</ActualText <FEFF{actual}>>> BDC BT {font} {place} "
            f"{_drawn(glyphs, size)} ET EMC Q"
        )
        return x + _advance(glyphs, size) / self.k

    def line_to(self, x: float, y: float, text: str, *, size: float, bold: bool = False) -> None:
        """Write one line that ends at x."""
        self.line(x - self.width_of(text, size=size, bold=bold), y, text, size=size, bold=bold)

    def wrapped(self, text: str, *, width: float, size: float, bold: bool = False) -> list[str]:
        """Text cut between words into lines of at most this width; a number stays with its unit or
        its name."""
        lines, rest = (
            [],
            [word.replace(NO_BREAK, " ") for word in BOUND.sub(NO_BREAK, text).split(" ") if word],
        )
        while rest:
            count = len(rest)
            while count > 1 and self.width_of(" ".join(rest[:count]), size=size, bold=bold) > width:
                count -= 1
            lines.append(" ".join(rest[:count]))
            rest = rest[count:]
        return lines or [""]

    def width_of(self, text: str, *, size: float, bold: bool = False) -> float:
        """Width of a line in mm."""
        return _advance(self._shaped(text, bold), size) / self.k

    def line_between(self, x: float, y: float, end: float) -> None:
        """A thin line to write on."""
        self.set_line_width(0.3)
        super().line(x, y, end, y)

    def rule(self, y: float) -> None:
        """A line over the whole width, as thick as was set."""
        super().line(LEFT, y, RIGHT, y)

    def cut_line(self, y: float) -> None:
        """A dashed line from edge to edge, to cut or fold along."""
        self.set_line_width(0.3)
        self.set_dash_pattern(dash=2.5, gap=2)
        super().line(0, y, self.w, y)
        self.set_dash_pattern()

    def finished(self) -> bytes:
        """The document; the fonts' files are closed."""
        for font in self.fonts.values():
            codes = font.subset._char_id_per_glyph
            for glyph in [glyph for glyph in codes if glyph is not None and glyph.unicode == ()]:
                codes[Glyph(glyph.glyph_id, (_Nothing(),), glyph.glyph_name, glyph.glyph_width)] = (
                    codes.pop(glyph)
                )
        content = bytes(self.output())
        for font in self.fonts.values():
            font.ttfont.close()
        return content

    def _pen(self, size: float, bold: bool) -> str:
        """The operator that chooses a font, which is noted among the page's resources."""
        self.set_font("Sanket", "B" if bold else "", size)
        return self._set_font_for_page(self.current_font, size, wrap_in_text_object=False)

    def _shape(self, text: str, bold: bool) -> tuple[tuple[int, float, float, float, float], ...]:
        """(code, glyph's width, advance, x offset, y offset) of each glyph, in thousandths of the
        size."""
        font = self.fonts["sanketB" if bold else "sanket"]
        shaped = font.shape_text(text, BODY, self.text_shaping)
        widths = {
            code: glyph.glyph_width for glyph, code in font.subset.items() if glyph is not None
        }
        return tuple(
            (
                glyph["mapped_char"],
                widths[glyph["mapped_char"]],
                *(glyph[part] * font.scale for part in ("x_advance", "x_offset", "y_offset")),
            )
            for glyph in shaped
        )


def _advance(glyphs: tuple, size: float) -> float:
    """Width in points."""
    return sum(glyph[2] for glyph in glyphs) * size / 1000


def _drawn(glyphs: tuple, size: float) -> str:
    """The operators that draw glyphs: one TJ, broken only where a glyph is raised."""
    drawn, array, shift, raised = [], [], 0.0, 0.0
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
