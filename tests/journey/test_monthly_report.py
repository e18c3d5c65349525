"""The monthly report: by command and by button, as PDF, workbook and card (as PDF and as picture), in
each language and role, with the figures of the area's page and no other."""

import html
import io
import re
from contextlib import closing

import numpy
import openpyxl
import pypdf
import pytest
from PIL import Image

from registry.store.store import open_store
from sanket.app import main
from serving.access.scope import Scope
from serving.app import create_app
from serving.book.reader import Reader
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.pages.areas.report import report_card
from serving.pages.areas.report.monthly_report import CARD, monthly_report
from serving.visits.paper.ink import Paper
from tests.support.days_of_scoring import measured_centres
from tests.support.service_cases import KEY, Client, token

LEVELS = ("state/state", "district/D1", "project/P1", "sector/S1", "centre/A1")


@pytest.fixture(autouse=True)
def on_the_scoring_day(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", "2026-06-30")


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    return measured_centres(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def service(days):
    app = create_app(days.address, days.home / "m", key=KEY, log=Log(lambda _: None), follow=False)
    yield app
    app.close()


def get(service, path, *scopes, role="officer", language="en"):
    cookie = f"sanket_session={token(*scopes, role=role)}"
    return Client(service).get(path, headers={"Cookie": cookie, "Accept-Language": language})


def command(arguments):
    """The exit code of a command."""
    try:
        main(arguments)
    except SystemExit as ended:
        return ended.code or 0
    return 0


def text_of(content):
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages), pages


def words_on(page):
    """The words that stand on a page: of each line as it was written."""
    lines = re.findall(rb"/ActualText <FEFF([0-9A-F]+)>", page.get_contents().get_data())
    texts = [bytes.fromhex(line.decode()).decode("utf-16-be") for line in lines]
    return {word for text in texts for word in text.split()}


def now(text):
    """The page's figures at a glance by name."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text)
    return {html.unescape(name): html.unescape(value) for name, value in found}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("area", LEVELS)
def test_the_pdf_has_the_figures_of_the_page_in_each_language(service, area, language):
    say = words(language)
    answer = get(service, f"/report/pdf/{area}", language=language)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/pdf"
    read, pages = text_of(answer.content)
    assert len(pages) <= 4 and say("ui", "synthetic").split(":")[0] in read
    for name, value in now(get(service, f"/areas/{area}", language=language).text).items():
        assert value in read, (name, value)
    for table in (("areas", "treatment"), ("areas", "months")):
        assert say(*table) in read
    assert (say("escalations", "kind_facility") in read) == (not area.startswith("centre"))


def test_the_workbook_has_a_sheet_for_each_table_with_numbers_as_numbers(service):
    answer = get(service, "/report/xlsx/state/state")
    assert 'filename="report-state-state-2026-06.xlsx"' in answer.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    say = words("en")
    sheets = ("about", "now", "treatment", "parts", "escalations", "months")
    assert book.sheetnames == [say("report", f"sheet_{name}") for name in sheets]
    rows = {row[0]: row[1:] for row in book[say("report", "sheet_now")].iter_rows(values_only=True)}
    assert rows["Children on the rolls"][0] == 433
    assert rows[say("areas", "figure_sam_share")][0] == pytest.approx(0.106)
    parts = list(book[say("report", "sheet_parts")].iter_rows(min_row=4, values_only=True))
    assert [row[0] for row in parts] == [1, 2] and parts[0][1] == "District D1"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_is_one_small_page_of_counts_alone(service, language):
    say = words(language)
    answer = get(service, "/report/card/project/P1", language=language)
    read, pages = text_of(answer.content)
    (page,) = pages
    assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == [100, 125]
    assert f"{say('areas', 'project')} P1" in read and "183" in read, "children on the rolls"
    assert "%" not in read and not re.search(r"\b[ABC]\d-\d", read)
    withheld = say("areas", "withheld")
    for name in ("children", "screened", "sam", "in_treatment", "danger", "died"):
        label = say("report", f"card_{name}")
        count = re.search(re.escape(label) + r" ([\d,]+|" + re.escape(withheld) + ")", read)
        assert count, label
        told = count.group(1)
        assert told == withheld or int(told.replace(",", "")) not in range(1, 5)


def picture(service, language):
    """The card's picture, dark where there is ink."""
    answer = get(service, "/report/png/project/P1", language=language)
    assert answer.headers["content-type"] == "image/png" and len(answer.content) < 300_000
    assert 'filename="report-project-P1-2026-06-card.png"' in answer.headers["content-disposition"]
    with Image.open(io.BytesIO(answer.content)) as opened:
        assert (opened.format, opened.size) == ("PNG", (1080, 1350))
        return 255 - numpy.asarray(opened.convert("L"))


def test_the_picture_of_the_card_is_1080_wide_not_blank_and_its_language_s_own(service):
    inks = {language: picture(service, language) for language in LANGUAGES}
    for ink in inks.values():
        assert 0.02 < (ink > 128).mean() < 0.2, "letters and lines on white"
        edge = round(report_card.EDGE / 100 * 1080)
        assert not ink[:, : edge - 9].any() and not ink[:, 9 - edge :].any(), "a white edge"
    shown = {ink.tobytes() for ink in inks.values()}
    assert len(shown) == len(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letters_of_the_picture_are_shaped_as_those_of_the_paper(service, language):
    ink, say = picture(service, language), words(language)
    paper, pixels = Paper(say), 1080 / 100
    rules = [y for y in range(1, 1350) if (ink[y] > 100).mean() > 0.8 > (ink[y - 1] > 100).mean()]
    assert len(rules) == 10, "one above each count"
    apart = 0.0
    for top, name in zip(rules, CARD, strict=True):
        told = say("report", f"card_{name}")
        shaped = paper.width_of(told, size=report_card.NAME) * pixels
        withheld = paper.width_of(say("areas", "withheld"), size=report_card.COUNT, bold=True)
        value_from = 1080 - (report_card.EDGE + withheld) * pixels
        row = ink[top + 4 : top + (rules[1] - rules[0]) - 2, : round(value_from)]
        columns = numpy.flatnonzero((row > 100).any(axis=0))
        letters = sum(paper.width_of(one, size=report_card.NAME) for one in told) * pixels
        # A line is as wide as its glyphs' advances; its ink a little less, or a vowel sign more.
        assert -8 <= shaped - (columns[-1] - columns[0]) <= 12, told
        apart = max(apart, abs(letters - shaped))
    paper.finished()
    assert language == "en" or apart > 30, "letters one by one would be told from a shaped line"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("area", ("state/state", "project/P1"))
def test_no_word_on_paper_is_cut_in_any_language(service, days, area, language):
    say, (level, area_id) = words(language), area.split("/")
    with closing(open_store(days.address, must_exist=True)) as store:
        reader = Reader(store.engine, Scope.of(["state:*"]))
        made = monthly_report(reader, reader.run(), say, level=level, area_id=area_id)
    told = [made.title, *made.warnings, *made.notes]
    for table in made.tables:
        told += [
            table.title,
            table.note,
            *table.heads,
            *(cell for row in table.rows for cell in row),
        ]
    _, pages = text_of(get(service, f"/report/pdf/{area}", language=language).content)
    told += [
        say.say("ui", "page_of", n=number, total=len(pages)) for number in range(1, len(pages) + 1)
    ]
    whole = {word for text in told for word in text.split()}
    assert set().union(*map(words_on, pages)) == whole


@pytest.mark.parametrize("role", ("supervisor", "officer", "analyst", "dashboard"))
def test_each_role_has_the_report_of_its_own_scope(service, role):
    assert get(service, "/report/pdf/project/P1", "project:P1", role=role).status_code == 200
    for path in ("pdf/project/P2", "xlsx/state/state", "card/district/D1", "docx/project/P1"):
        assert get(service, f"/report/{path}", "project:P1", role=role).status_code == 404
    page = get(service, "/areas/project/P1", "project:P1", role=role).text
    for form in ("pdf", "xlsx", "png", "card"):
        assert f'href="/report/{form}/project/P1"' in page


def test_the_command_writes_the_same_file(service, days, tmp_path, capsys):
    for out, form, asked in (
        ("r.xlsx", "xlsx", ["--level", "project", "--area", "P1", "--lang", "mr"]),
        ("r.pdf", "pdf", []),
        ("c.pdf", "card", ["--format", "card", "--level", "sector", "--area", "S1"]),
        ("c.png", "png", ["--level", "project", "--area", "P1", "--lang", "hi"]),
    ):
        path = tmp_path / out
        assert command(["areas", "report", days.address, *asked, "-o", str(path)]) == 0
        assert path.read_bytes()[:4] in (b"%PDF", b"PK\x03\x04", b"\x89PNG"), form
    drawn = get(service, "/report/png/project/P1", language="hi").content
    assert (tmp_path / "c.png").read_bytes() == drawn
    read, _ = text_of((tmp_path / "r.pdf").read_bytes())
    assert read == text_of(get(service, "/report/pdf/state/state").content)[0]
    assert str(tmp_path / "r.pdf") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (["--level", "project", "--area", "P9"], 3),
        (["--lang", "xx"], 2),
        (["--format", "docx"], 2),
        (["--as-of", "2020-01-01"], 3),
    ],
)
def test_what_cannot_be_reported_is_refused(days, tmp_path, capsys, asked, code):
    out = tmp_path / "r.pdf"
    assert command(["areas", "report", days.address, *asked, "-o", str(out)]) == code
    assert not out.exists() and "Traceback" not in capsys.readouterr().err
