"""What is used of fpdf2 beyond its manual: each part by name, and what a page made of it reads as. A
new fpdf2 that changes one of them fails here, before a list is printed wrongly."""

from __future__ import annotations

import inspect
import io
import re

import pypdf
import pytest
from fpdf import FPDF
from fpdf.fonts import Glyph, SubsetMap, TTFFont

from serving.language.languages import LANGUAGES
from serving.visits.paper.ink import FONTS
from serving.visits.paper.shaped_pdf import ShapedPDF

CLUSTER = "कि"
"""Two letters whose signs stand the other way round: the sign of the short i before its letter."""


def a_page(language="hi"):
    spoken = LANGUAGES[language]
    pdf = ShapedPDF(
        regular=FONTS / f"{spoken.font}-Regular.ttf",
        bold=FONTS / f"{spoken.font}-Bold.ttf",
        script=spoken.script,
        language=spoken.shaping_language,
    )
    pdf.add_page()
    return pdf


def written(pdf, text, *, actual=None):
    """The page with one line, under its own ActualText where one is given."""
    codes = "".join(f"{glyph.code:04X}" for glyph in pdf.shaped(text, bold=False))
    pen = pdf.pen(size=13, bold=False)
    line = f"BT {pen} 50 700 Td [<{codes}>] TJ ET"
    if actual is not None:
        line = f"/Span <</ActualText <FEFF{actual.encode('utf-16-be').hex()}>>> BDC {line} EMC"
    pdf.write_operators(line)
    return pdf.finished()


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (FPDF, "_out", ["self", "s"]),
        (FPDF, "_set_font_for_page", ["self", "font", "font_size_pt", "wrap_in_text_object"]),
        (TTFFont, "shape_text", ["self", "text", "font_size_pt", "text_shaping_params"]),
        (SubsetMap, "get_glyph", ["self", "glyph", "unicode", "glyph_name", "glyph_width"]),
        (SubsetMap, "items", ["self"]),
    ],
)
def test_the_functions_used_take_what_we_give(owner, name, parameters):
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


def test_a_font_has_what_we_read_of_it():
    pdf = a_page()
    font = pdf.fonts["sanket"]
    assert isinstance(font, TTFFont) and isinstance(pdf.fonts["sanketB"], TTFFont)
    assert font.scale == 1000 / font.ttfont["head"].unitsPerEm
    one, other = font.shape_text(CLUSTER, 13, pdf.text_shaping)
    assert {"mapped_char", "x_advance", "x_offset", "y_offset"} <= one.keys() & other.keys()
    assert font.shape_text(CLUSTER, 40, pdf.text_shaping) == [one, other], "in the font's own units"
    used = {code: glyph for glyph, code in font.subset.items()}
    assert isinstance(used[one["mapped_char"]], Glyph)
    assert used[one["mapped_char"]].glyph_width > 0
    pdf.finished()


def test_the_pen_names_a_font_that_the_page_has():
    pdf = a_page()
    [(name, size)] = re.findall(r"^/(F\d+) (\S+) Tf$", pdf.pen(size=13, bold=True))
    content = written(pdf, "w")
    page = pypdf.PdfReader(io.BytesIO(content)).pages[0]
    assert f"/{name}" in page["/Resources"]["/Font"] and float(size) == 13


def test_operators_stand_on_the_page_as_they_were_given():
    content = written(a_page(), CLUSTER, actual=CLUSTER)
    stream = pypdf.PdfReader(io.BytesIO(content)).pages[0].get_contents().get_data().decode()
    assert re.search(r"/Span <</ActualText <FEFF0915093f>>> BDC BT /F\d+ 13.00 Tf", stream)


def test_a_cluster_reads_as_its_letters_once_where_a_reader_knows_no_actual_text():
    content = written(a_page(), f"{CLUSTER} w")
    # pypdf goes by the font's own table of letters.
    assert pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text() == f"{CLUSTER} w"


def test_a_colour_is_an_operator_and_a_fresh_page_has_none():
    pdf = a_page()
    assert pdf.colour_operator() in ("", "0 g")
    pdf.set_text_color(255)
    assert pdf.colour_operator() == "1 g"
    pdf.finished()


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_is_shaped_in_its_own_script(code):
    pdf = a_page(code)
    name = pdf.shaped(LANGUAGES[code].own_name, bold=False)
    assert all(glyph.code and glyph.advance >= 0 for glyph in name)
    pdf.finished()
