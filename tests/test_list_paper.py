"""The list on paper: what stands on it, that Devanagari reads back, that a workbook is ready to be filled in."""

from __future__ import annotations

import csv
import datetime as dt
import io
import time
import unicodedata
from dataclasses import replace

import openpyxl
import pypdf
import pytest

from models.ranking import rank
from registry.errors import UsageError
from serving.paper import CSV_COLUMNS, FORMS, render
from serving.paper_ink import FONTS, LEFT, RIGHT, Paper
from serving.paper_xlsx import BACK_SHEET, CODES_ROW, COLUMNS, HEADS_ROW
from serving.sheets import TICK_BOXES, key, sheets
from serving.words import LANGUAGES, words
from tests.list_cases import AS_OF, child, in_danger, sector, visit_list


def pages(content: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def one_list(*children):
    return rank(children, sector_id="S0001", capacity=20, as_of=AS_OF, facts={"synthetic": True})


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_reads_back_as_text_word_for_word(language):
    say = words(language)
    listed = visit_list(20)
    listed = replace(listed, beyond=tuple(in_danger(n) for n in range(900, 902)))
    *read, officers = pages(render(listed, say, form="pdf"))
    count = len(listed.by_centre())
    read = [
        " ".join(text for text in read if say.say("ui", "sheet_of", n=n, total=count) in text)
        for n in range(1, count + 1)
    ]
    assert say("ui", "beyond_title") in officers and say.say("ui", "officers_page", n=1, total=1) in officers
    assert "C00900" in officers and "C00901" in officers
    for text, sheet in zip(read, sheets(listed, say), strict=True):
        assert sheet.centre in text
        for line in sheet.lines:
            for told in (line.child_id, line.whom, line.why, line.do, line.last_weight):
                assert " ".join(told.split()) in text
        blanks = ("weight_found", "muac_found", "visited_on", "what_was_done")
        for word in ("bring", "fill_in", *blanks, "synthetic", "key_title", "return_by"):
            assert say("ui", word) in text
        assert all(text.count(say("findings", box)) >= len(sheet.lines) for box in TICK_BOXES)


def test_the_devanagari_is_shaped_and_not_only_spelled():
    paper = Paper(words("hi"))
    [letter] = paper._shaped("क", False)
    assert len(paper._shaped("क्ष", False)) < 3, "a conjunct is one glyph or two, not three letters"
    before, after = paper._shaped("कि", False)
    assert after[1] == letter[1] != before[1], "the short i stands before its letter"
    paper.finished()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_character_of_every_word_is_in_the_font(language):
    from fontTools.ttLib import TTFont

    with TTFont(FONTS / "SanketSans-Regular.ttf") as regular, TTFont(FONTS / "SanketSans-Bold.ttf") as bold:
        known = set(regular.getBestCmap()) & set(bold.getBestCmap())
    text = "".join(letter for _, letter in _letters(words(language).tree))
    missing = {letter for letter in unicodedata.normalize("NFC", text) if ord(letter) not in known and letter != "\n"}
    assert not missing


def _letters(tree):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _letters(value)
        else:
            yield name, "".join(value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_written_over_the_edge(language, monkeypatch):
    ends = []
    draw = Paper.line
    monkeypatch.setattr(Paper, "line", _noting(draw, ends))
    long_name = child(child_id="27-511-0042-000123456", centre_name="Chandrapur Ward 12 Near the Water Tank")
    render(one_list(in_danger(), long_name, *sector(12, centres=1)), words(language), form="pdf")
    assert min(start for start, _, _ in ends) >= LEFT - 0.1
    assert max(end for _, end, _ in ends) <= RIGHT + 0.1
    assert max(y for _, _, y in ends) < 290


def _noting(draw, ends):
    def line(self, x, y, text, **how):
        end = draw(self, x, y, text, **how)
        ends.append((x, end, y))
        return end

    return line


def test_many_children_of_one_centre_go_on_over_pages_with_its_name():
    read = pages(render(one_list(*(in_danger(n) for n in range(1, 12))), words("en"), form="pdf"))
    assert len(read) >= 2 and all("Centre Rampur (A001)" in text for text in read)
    assert sum(text.count("What you found:") for text in read) == 11


def test_25_centres_in_under_three_seconds():
    listed = rank(sector(400), sector_id="S0001", capacity=120, as_of=AS_OF)
    began = time.process_time()
    content = render(listed, words("mr"), form="pdf")
    assert time.process_time() - began < 3
    assert len(listed.by_centre()) == 25 and len(content) < 400_000


def test_the_sheet_holds_no_more_identifiers_than_it_needs():
    candidate = in_danger(latitude=20.123456, longitude=77.654321)
    for form in ("txt", "html", "pdf"):
        content = render(one_list(candidate), words("en"), form=form)
        text = " ".join(pages(content)) if form == "pdf" else content.decode()
        assert "20.123" not in text and "0.3" not in text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_list_says_so(form, language):
    content = render(one_list(), words(language), form=form)
    if form in ("txt", "html"):
        assert words(language)("ui", "empty_list") in content.decode()
    if form == "pdf":
        assert words(language)("ui", "empty_list") in pages(content)[0]


def test_danger_beyond_the_capacity_is_said_on_every_sheet():
    listed = rank([in_danger(n) for n in range(5)], sector_id="S0001", capacity=3, as_of=AS_OF)
    assert "2 more children are in danger" in pages(render(listed, words("en"), form="pdf"))[0]


@pytest.mark.parametrize("form", ["txt", "html", "pdf"])
def test_the_children_in_danger_without_a_place_are_named_for_the_officer(form):
    listed = rank([in_danger(n) for n in range(80)], sector_id="S0001", capacity=3, as_of=AS_OF)
    content = render(listed, words("en"), form=form)
    told = " ".join(pages(content)) if form == "pdf" else content.decode()
    assert len(listed.beyond) == 77 and all(child.child_id in told for child in listed.beyond)
    assert words("en")("ui", "beyond_give") in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_key_stands_above_the_first_child_and_says_what_to_do_where_no_box_fits(language):
    say = words(language)
    first = pages(render(visit_list(20), say, form="pdf"))[0]
    child_id = visit_list(20).by_centre()[0][1][0].candidate.child_id
    above = first[: first.index(child_id)]
    for name, meaning in key(say):
        assert f"{name}:" in above and " ".join(meaning.split()) in above


def test_children_beyond_the_places_have_boxes_and_lines_too():
    listed = replace(one_list(in_danger(1)), beyond=(in_danger(900), in_danger(901)))
    *read, _ = pages(render(listed, words("en"), form="pdf"))
    told = " ".join(read)
    assert told.count("Weight (kg)") == told.count("Died") - 1 == 3 and "1.3 C00901" in told
    page = render(listed, words("en"), form="html").decode()
    assert page.count("Visited on ________") == 3 and "1.3 C00901" in page


def test_csv_is_for_programs_and_for_excel():
    content = render(one_list(in_danger(child_id="=1+1"), child(2)), words("hi"), form="csv")
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert rows[0]["child_id"] == "'=1+1" and rows[0]["by_when"] == "2026-03-13" and rows[1]["risk"] == "0.3"
    assert rows[0]["finding"] == ""


def test_html_escapes_and_stands_alone():
    listed = one_list(in_danger(centre_name="<script>alert(1)</script>"))
    page = render(listed, words("en"), form="html").decode()
    assert "<script>" not in page and "&lt;script&gt;" in page and "http" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_is_ready_to_be_filled_in(language):
    listed = visit_list(20)
    listed = replace(listed, facts=listed.facts | {"store": "/data/x.db", "registry_id": "R1"})
    book = openpyxl.load_workbook(io.BytesIO(render(listed, words(language), form="xlsx")))
    sheet = book.worksheets[0]
    assert sheet.freeze_panes == f"E{HEADS_ROW + 1}" and sheet.auto_filter.ref.startswith(f"A{HEADS_ROW}:L")
    assert [cell.value for cell in sheet[CODES_ROW]] == [code for code, _, _ in COLUMNS]
    assert sheet.row_dimensions[CODES_ROW].hidden
    assert [sheet.column_dimensions[cell.column_letter].width for cell in sheet[HEADS_ROW]] == [
        w for _, _, w in COLUMNS
    ]
    assert sheet.max_row == HEADS_ROW + 20
    choices = {rule.type for rule in sheet.data_validations.dataValidation}
    assert choices == {"list", "date", "decimal", "custom"}
    back = {row[0]: row[1] for row in book[BACK_SHEET].iter_rows(values_only=True)}
    assert (
        back["store"] == "/data/x.db" and back["as_of"] == "2026-03-16" and book[BACK_SHEET].sheet_state == "hidden"
    )


def test_a_formula_in_a_code_stays_text():
    book = openpyxl.load_workbook(
        io.BytesIO(render(one_list(in_danger(child_id="=HYPERLINK(1)")), words("en"), form="xlsx"))
    )
    cell = book.worksheets[0].cell(HEADS_ROW + 1, 4)
    assert cell.value == "=HYPERLINK(1)" and cell.data_type == "s"


def test_text_for_a_terminal():
    told = render(one_list(in_danger(), child(2)), words("en"), form="txt").decode()
    assert "== In danger: go first ==" in told
    assert "Why: SAM, not yet examined (WHZ \u22123.4, arm 11.2 cm on 2 Mar)\n" in told
    assert "What to do: Have the ANM or doctor examine the child, due since 13 March 2026 (3 days late)" in told


def test_another_format_is_a_usage_error():
    with pytest.raises(UsageError, match="LST001"):
        render(one_list(), words("en"), form="docx")


@pytest.mark.parametrize("places", range(1, 5))
def test_a_heading_stands_with_its_first_child(places):
    """However full the sheet is: who is also in danger at a centre is named on a page with the heading."""
    say = words("hi")
    listed = one_list(*(in_danger(n) for n in range(1, places + 1)))
    listed = replace(listed, beyond=tuple(in_danger(n) for n in range(900, 903)))
    read = pages(render(listed, say, form="pdf"))
    headed = [text for text in read if say("ui", "also_here") in text]
    assert "C00900" in headed[0]
    officers = sum(say("ui", "beyond_title") in text for text in read)
    for number in range(900, 903):
        on = [text for text in read[: len(read) - officers] if f"C00{number}" in text]
        assert on and all(text in headed for text in on)
    for later in headed[1:]:
        assert say("ui", "continued") in later


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("days", "old"), [(2, False), (3, True), (16, True)])
def test_paper_and_text_say_from_the_third_day_that_the_list_is_old(language, days, old):
    day, say = AS_OF + dt.timedelta(days=days), words(language)
    late = replace(visit_list(), day=day)
    note = say.say("ui", "stale", n=days, date=say.day(AS_OF), today=say.day(day))
    assert (note in render(late, say, form="txt").decode()) == old
    assert (note in render(late, say, form="html").decode()) == old
    book = openpyxl.load_workbook(io.BytesIO(render(late, say, form="xlsx")))
    assert (note in book.worksheets[0]["A2"].value) == old
    if language == "en":
        assert all((note in page) == old for page in pages(render(late, say, form="pdf")) if "Sheet " in page)
