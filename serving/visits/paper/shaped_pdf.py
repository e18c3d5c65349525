"""fpdf2's own parts, which its manual does not promise: used here and nowhere else.

Why they are needed: fpdf2 shapes by HarfBuzz, but writes the glyphs so that who copies or searches
gets Devanagari in the order in which they stand. One `TJ` operator under its own `ActualText` reads
back as it was written, and fpdf2 has no public way to write it. The alternative, outlines drawn by
HarfBuzz, needs no font, but a list of twenty visits is then 8 (English) to 14 (Marathi) times as
large, and readers find no text in it. What is used, and how it must behave, is held by
`tests/spec/test_shaped_pdf.py`, which fails when a new fpdf2 changes it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from fpdf import FPDF
from fpdf.fonts import Glyph, SubsetMap, TTFFont

SHAPED_AT_PT = 13.0
"""fpdf2 asks for a size, and answers in the font's own units whatever it is."""
SHAPING_TABLES = {"GDEF", "GPOS", "GSUB"}
"""What HarfBuzz has read of the font's file by itself, and fpdf2 leaves out of the document after a
long reading."""


class ShapedGlyph(NamedTuple):
    """A glyph of a shaped line: its code in the font's subset; widths and moves in thousandths of
    the size."""

    code: int
    width: float
    advance: float
    x_offset: float
    y_offset: float


class _WritesNothing(int):
    """A code point that writes as nothing: of a glyph whose letters another glyph stands for."""

    def __format__(self, spec: str) -> str:
        return ""


class _Subset(SubsetMap):
    """The glyphs of a font that a document uses, each with the letters that it reads back as.

    The letters of a cluster go with its first glyph. fpdf2 leaves the others out of the table of
    letters, and readers that know no `ActualText` then print the glyph's number instead.
    """

    @cache  # noqa: B019 - fpdf2 clears it by `cache_clear` when the document is written
    def get_glyph(
        self,
        glyph: int | None = None,
        unicode: int | tuple[int, ...] | None = None,
        glyph_name: str | None = None,
        glyph_width: int | None = None,
    ) -> Glyph | None:
        """A glyph of the font, by its own number or by its letter."""
        letters = (_WritesNothing(),) if unicode == () else unicode
        found: Glyph | None = super().get_glyph(glyph, letters, glyph_name, glyph_width)
        return found


class ShapedPDF(FPDF):
    """A PDF of one font family in which whole lines are shaped, measured and written at once."""

    def __init__(
        self,
        *,
        regular: Path,
        bold: Path,
        script: str,
        language: str,
        page: str | tuple[float, float] = "A4",
    ):
        """script: ISO 15924; language: ISO 639-3; both as HarfBuzz knows them; page: its size, by
        name or in mm."""
        super().__init__(format=page)
        for style, file in (("", regular), ("B", bold)):
            self.add_font("Sanket", style, file)
        for font in self._own_fonts():
            font.subset = _Subset(font)
        self.set_text_shaping(True, script=script, language=language)
        self._glyphs = cache(self._shape)
        # Of each code in a font's subset, which only grows.
        self._widths: dict[bool, dict[int, float]] = {False: {}, True: {}}

    def shaped(self, text: str, *, bold: bool) -> tuple[ShapedGlyph, ...]:
        """The glyphs of a line in the order in which they stand."""
        return self._glyphs(text, bold)

    def pen(self, *, size: float, bold: bool) -> str:
        """The operator that chooses the font, which is noted among the page's resources."""
        self.set_font("Sanket", "B" if bold else "", size)
        return self._set_font_for_page(self._font(bold), size, wrap_in_text_object=False)

    def write_operators(self, operators: str) -> None:
        """Put PDF operators on the page as they stand."""
        self._out(operators)

    def colour_operator(self) -> str:
        """The operator that sets the colour of letters; empty for a page's own black."""
        return "" if self.text_color is None else self.text_color.serialize()

    def finished(self) -> bytes:
        """The document; the fonts' files are closed."""
        for font in self._own_fonts():
            for table in SHAPING_TABLES & set(font.ttfont.keys()):
                del font.ttfont[table]
        content = bytes(self.output())
        for font in self._own_fonts():
            font.ttfont.close()
        return content

    def _shape(self, text: str, bold: bool) -> tuple[ShapedGlyph, ...]:
        font = self._font(bold)
        shaped = font.shape_text(text, SHAPED_AT_PT, self.text_shaping)
        widths = self._widths[bold]
        if any(glyph["mapped_char"] not in widths for glyph in shaped):
            widths |= {code: glyph.glyph_width for glyph, code in font.subset.items() if glyph}
        return tuple(
            ShapedGlyph(
                glyph["mapped_char"],
                widths[glyph["mapped_char"]],
                *(glyph[part] * font.scale for part in ("x_advance", "x_offset", "y_offset")),
            )
            for glyph in shaped
        )

    def _own_fonts(self) -> list[TTFFont]:
        return [self._font(bold) for bold in (False, True)]

    def _font(self, bold: bool) -> TTFFont:
        font = self.fonts["sanketB" if bold else "sanket"]
        assert isinstance(font, TTFFont)
        return font
