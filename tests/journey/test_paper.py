"""The list on paper: what stands on it, that Devanagari reads back, that a workbook is ready to be
filled in."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import time
import unicodedata
from dataclasses import replace

import openpyxl
import pypdf
import pytest

from care.pathway.decide import RULES
from models.reasons import KEYS
from models.visits.listed_child import Reason
from models.visits.ranking import VisitRow, rank
from registry.contract.errors import UsageError
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.visits.paper.comma_separated import CSV_COLUMNS
from serving.visits.paper.formats import FORMATS, render
from serving.visits.paper.ink import FONTS, LEFT, RIGHT, Paper
from serving.visits.paper.xlsx import BACK_SHEET, CODES_ROW, COLUMNS, HEADS_ROW
from serving.visits.sheet_lines import (
    TICK_BOXES,
    centre_name,
    file_name,
    key,
    line_of,
    ranked_lines,
    sheets,
)
from tests.support.listed_children import AS_OF, child, in_danger, sector, visit_list


def pages(content: bytes) -> list[str]:
    return [
        " ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(content)).pages
    ]


def one_list(*children):
    return rank(children, sector_id="S0001", capacity=20, as_of=AS_OF, facts={"synthetic": True})


def scattered(visits: int = 20, centres: int = 18, *, others: int = 0):
    """A list of that many visits at so many centres, of one supervisor's sector; the first ones in
    danger."""
    made = [
        (in_danger if number <= 12 else child)(
            number,
            centre_id=f"A{number % centres:03d}",
            centre_name=f"Rampur Ward {number % centres}",
            latitude=20 + 0.05 * number,
            facts={
                "last_muac_mm": 112.0,
                "last_muac_on": dt.date(2026, 2, 20),
                "last_height_cm": 70.0,
                "last_height_on": dt.date(2026, 1, 14),
                "target_weight_kg": 8.1,
            },
        )
        for number in range(1, visits + 1)
    ]
    listed = replace(
        one_list(),
        rows=tuple(
            VisitRow("danger" if one.danger else "risk", n, one) for n, one in enumerate(made, 1)
        ),
    )
    rest = [
        in_danger(
            900 + n, centre_id=f"A{n % centres:03d}", centre_name=f"Rampur Ward {n % centres}"
        )
        for n in range(others)
    ]
    return replace(listed, beyond=tuple(rest[::2]), anm=tuple(rest[1::2]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_reads_back_as_text_word_for_word(language):
    say = words(language)
    listed = scattered(others=4)
    overview, how_to, *rest = pages(render(listed, say, form="pdf"))
    told = " ".join(rest)
    for line in ranked_lines(listed, say):
        for text in (line.mark, line.child_id, line.why_short.split()[0]):
            assert text in overview
        for text in (f"{line.mark} {line.child_id}", line.whom, line.why, line.do, line.measured):
            assert " ".join(text.split()) in told
    for sheet in sheets(listed, say):
        assert f"{say('ui', 'centre')} {sheet.centre}" in told
    for word in (
        "weight_found",
        "muac_found",
        "visited_on",
        "what_was_done",
        "sheet_reminder",
        "synthetic_short",
    ):
        assert told.count(say("ui", word)) >= 18
    assert say("ui", "synthetic") in overview
    for name, meaning in key(say):
        assert f"{name}:" in how_to and " ".join(meaning.split()) in how_to
        assert " ".join(meaning.split()) not in told, "the key stands once"
    for word in ("bring", "fill_in", "key_title", "return_by", "find_child"):
        assert say("ui", word) in how_to
    assert all(told.count(say("findings", box)) >= 20 for box in TICK_BOXES)
    for word, children in (("anm_part", listed.anm), ("beyond_title", listed.beyond)):
        assert say("ui", word) in told and all(one.child_id in told for one in children)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("others", [0, 12])
def test_20_visits_at_18_centres_are_at_most_12_pages(language, others):
    read = pages(render(scattered(others=others), words(language), form="pdf"))
    assert len(read) <= 12
    assert sum("C00020" in text for text in read) == 2, "the overview and one sheet"


def test_the_overview_is_one_page_and_names_the_page_of_each_sheet(monkeypatch):
    listed, say = scattered(others=30), words("en")
    read = pages(render(listed, say, form="pdf"))
    assert say("ui", "how_to") in read[1] and say("ui", "how_to") not in read[0]
    for line in ranked_lines(listed, say):
        row = read[0][read[0].index(f"{line.mark} {line.child_id}") :]
        named = int(re.search(r" (\d+) ", row[len(f"{line.mark} {line.child_id}") + 16 :])[1])
        assert f"Centre {centre_name(line.row.candidate, say)}" in read[named - 1]
    assert (
        "(page "
        f"{next(n for n, text in enumerate(read, 1) if say('ui', 'beyond_title') + ' Visit list' in text)})"
    ) in read[0]


def test_two_centres_on_a_page_are_parted_by_a_line_to_cut_along(monkeypatch):
    cuts = []
    monkeypatch.setattr(Paper, "cut_line", lambda paper, y: cuts.append((paper.page, y)))
    read = pages(render(scattered(), words("en"), form="pdf"))
    heads = [text.count("Sector S0001, 16 March 2026") for text in read]
    assert [sum(page == n for page, _ in cuts) for n in range(1, len(read) + 1)] == [
        max(0, n - 1) for n in heads
    ]
    assert sum(heads) == 18, "no centre's sheet is torn over two pages"


def test_what_was_measured_stands_on_the_childs_line_with_its_day_where_it_is_another():
    line = ranked_lines(scattered(1), words("en"))[0]
    assert line.last_weight == "7.4 kg on 2 March 2026"
    assert (
        line.height == "height 70.0 cm (14 January 2026)"
        and line.target == "weight to reach 8.1 kg"
    )
    assert line.arm.endswith(" (20 February 2026)") and "11" in line.arm
    same = in_danger(
        facts={"last_height_cm": 70.0, "last_height_on": dt.date(2026, 3, 2), "last_muac_mm": None}
    )
    line = line_of(VisitRow("danger", 1, same), words("en"))
    assert line.height == "height 70.0 cm" and line.arm == "arm not recorded" and line.target == ""


@pytest.mark.parametrize("form", FORMATS)
def test_the_anms_children_stand_in_every_form_apart_from_the_visits(form):
    listed = replace(
        one_list(in_danger(1)), anm=(in_danger(700, rule="check_late", next_step="medical_check"),)
    )
    content = render(listed, words("mr"), form=form)
    if form == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        told = " ".join(
            str(cell)
            for row in book[words("mr")("ui", "anm_sheet")].iter_rows(values_only=True)
            for cell in row
        )
    else:
        told = " ".join(pages(content)) if form == "pdf" else content.decode("utf-8-sig")
    if form == "txt":
        assert "  1. C00001, Rampur (A001): " in told
    assert "A1" in told and "C00700" in told and words("mr")("steps", "medical_check") in told
    assert words("mr")("ui", "anm_part") in told or words("mr")("sections_short", "anm") in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_anms_part_names_every_child_below_its_step_and_takes_few_pages(language):
    say = words(language)
    late = [
        child(
            500 + n,
            rule="check_late",
            next_step="medical_check",
            overdue_days=n,
            by_when=AS_OF,
            centre_name="Chandrapur Ward 12 Near the Water Tank",
        )
        for n in range(80)
    ]
    listed = replace(scattered(), anm=(*(in_danger(700 + n) for n in range(30)), *late))
    read = pages(render(listed, say, form="pdf"))
    told = " ".join(text for text in read if say("ui", "anm_part") in text)
    assert len(read) <= 12 and all(one.child_id in told for one in listed.anm)
    assert f"{say('sections_short', 'danger')}: {say('steps', 'examine')} (30)" in told
    assert f"{say('steps', 'medical_check')} (80)" in told and "A110" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_and_reason_has_a_word_of_its_own_of_few_words(language):
    tree = words(language).tree
    assert set(tree["rules_short"]) >= set(RULES) and set(tree["reasons_short"]) >= set(KEYS)
    for table in ("rules_short", "reasons_short"):
        for told in tree[table].values():
            assert len(told.split()) <= 5 and len(told) <= 28, told


def test_the_overview_says_no_more_than_the_facts_bear():
    say = words("en")

    def short(**changes):
        return ranked_lines(one_list(child(**changes)), say)[0].why_short

    assert short(reasons=(Reason("falling_weight", 0.7),)) == "Poor weight gain"
    never_ill = {"ill_checks": 0}
    assert short(reasons=(Reason("illness", 0.7),), facts=never_ill) == say(
        "sections_short", "risk"
    )
    assert ranked_lines(one_list(in_danger(rule="oedema")), say)[0].why_short == "Both feet swollen"


def test_a_file_is_named_by_sector_and_day():
    listed = one_list()
    assert file_name(listed, "pdf") == "visits-S0001-2026-03-16.pdf"
    assert file_name(replace(listed, sector_id='बीट/1"\r\n'), "csv") == "visits-_1_-2026-03-16.csv"


def test_the_devanagari_is_shaped_and_not_only_spelled():
    paper = Paper(words("hi"))
    [letter] = paper.shaped("क", bold=False)
    assert len(paper.shaped("क्ष", bold=False)) < 3, "a conjunct is one glyph or two, not three"
    before, after = paper.shaped("कि", bold=False)
    assert after.width == letter.width != before.width, "the short i stands before its letter"
    paper.finished()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_character_of_every_word_is_in_the_font(language):
    from fontTools.ttLib import TTFont

    with (
        TTFont(FONTS / "SanketSans-Regular.ttf") as regular,
        TTFont(FONTS / "SanketSans-Bold.ttf") as bold,
    ):
        known = set(regular.getBestCmap()) & set(bold.getBestCmap())
    text = "".join(letter for _, letter in _letters(words(language).tree))
    missing = {
        letter
        for letter in unicodedata.normalize("NFC", text)
        if ord(letter) not in known and letter != "\n"
    }
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
    draw = Paper.write_line
    monkeypatch.setattr(Paper, "write_line", _noting(draw, ends))
    long_name = child(
        child_id="27-511-0042-000123456", centre_name="Chandrapur Ward 12 Near the Water Tank"
    )
    listed = one_list(in_danger(), long_name, *sector(12, centres=1))
    listed = replace(
        listed, anm=(replace(long_name, danger=True), long_name, long_name), beyond=(long_name,)
    )
    render(listed, words(language), form="pdf")
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
    overview, how_to, *rest = read
    assert len(rest) >= 2 and all("Centre Rampur (A001)" in text for text in rest)
    assert all("(A001), continued" in text for text in rest[1:]) and "continued" not in rest[0]
    assert sum(text.count("What was done") for text in rest) == 11


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


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_list_says_so(form, language):
    content = render(one_list(), words(language), form=form)
    if form in ("txt", "html"):
        assert words(language)("ui", "empty_list") in content.decode()
    if form == "pdf":
        assert words(language)("ui", "empty_list") in pages(content)[0]


def test_danger_beyond_the_capacity_is_said_on_the_overview():
    listed = replace(one_list(in_danger(1)), beyond=(in_danger(900), in_danger(901)))
    assert (
        "In danger, without a place on this list: 2 (page 2)"
        in pages(render(listed, words("en"), form="pdf"))[0]
    )


@pytest.mark.parametrize("form", ["txt", "html", "pdf"])
def test_the_children_in_danger_without_a_place_are_named_for_the_officer(form):
    listed = rank([in_danger(n) for n in range(80)], sector_id="S0001", capacity=3, as_of=AS_OF)
    content = render(listed, words("en"), form=form)
    told = " ".join(pages(content)) if form == "pdf" else content.decode()
    assert len(listed.beyond) == 77 and all(child.child_id in told for child in listed.beyond)
    assert words("en")("ui", "beyond_give") in told


def test_children_beyond_the_places_have_boxes_and_lines_too():
    listed = replace(one_list(in_danger(1)), beyond=(in_danger(900), in_danger(901)))
    told = " ".join(pages(render(listed, words("en"), form="pdf")))
    assert told.count("Weight (kg)") == told.count("Died") - 1 == 3 and "B2 C00901" in told
    page = render(listed, words("en"), form="html").decode()
    assert page.count("Visited on ________") == 3 and "B2  C00901" in page


def test_csv_is_for_programs_and_for_excel():
    content = render(one_list(in_danger(child_id="=1+1"), child(2)), words("hi"), form="csv")
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert (
        rows[0]["child_id"] == "'=1+1"
        and rows[0]["by_when"] == "2026-03-13"
        and rows[1]["risk"] == "0.3"
    )
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
    assert sheet.freeze_panes == f"E{HEADS_ROW + 1}" and sheet.auto_filter.ref.startswith(
        f"A{HEADS_ROW}:O"
    )
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
        back["store"] == "/data/x.db"
        and back["as_of"] == "2026-03-16"
        and book[BACK_SHEET].sheet_state == "hidden"
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
    assert (
        "What to do: Have the ANM or doctor examine the child, due since 13 March 2026 (3 "
        "days late)"
    ) in told


def test_another_format_is_a_usage_error():
    with pytest.raises(UsageError, match="LST001"):
        render(one_list(), words("en"), form="docx")


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
        assert (note in pages(render(late, say, form="pdf"))[0]) == old
