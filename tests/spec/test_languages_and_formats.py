"""One table of languages and one of formats: a row more is offered, read and refused everywhere."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from fontTools.ttLib import TTFont
from starlette.requests import Request
from typer.testing import CliRunner

from models.targets import TARGETS
from sanket.app import app
from sanket.options import format_of, language_of
from serving.answering.schemas import answer_schema
from serving.language import words as word_files
from serving.language.languages import ARABIC_DIGITS, LANGUAGES
from serving.language.words import preferred, words
from serving.pages.templates import html
from serving.visits.paper.formats import FORMATS, ListFormat, render
from serving.visits.paper.ink import FONTS
from tests.support.listed_children import visit_list

ADDRESS = {"scheme": "http", "server": ("127.0.0.1", 3000), "query_string": b""}


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_has_a_file_of_words_and_a_font_with_its_letters(code):
    language = LANGUAGES[code]
    assert words(code).language == code == language.code
    for weight in ("Regular", "Bold"):
        with TTFont(FONTS / f"{language.font}-{weight}.ttf") as font:
            written = (language.own_name, language.digits, *language.centimetres)
            assert {ord(letter) for letter in "".join(written)} <= set(font.getBestCmap())
    assert (
        [int(digit) for digit in language.digits] == list(range(10)) == [*map(int, ARABIC_DIGITS)]
    )


def test_every_target_is_told_in_every_language():
    assert all(set(target.words) == set(LANGUAGES) for target in TARGETS.values())


def test_every_file_of_words_is_of_a_language():
    assert {file.stem for file in word_files.WORDS.glob("*.toml")} == set(LANGUAGES)


@pytest.fixture
def forgotten_words():
    yield
    words.cache_clear()


def test_a_language_more_is_a_row_and_its_words(monkeypatch, tmp_path, forgotten_words):
    shutil.copytree(word_files.WORDS, tmp_path / "words")
    english = (tmp_path / "words" / "en.toml").read_text(encoding="utf-8")
    told = english.replace('visit_list = "Visit list"', 'visit_list = "Besuchsliste"')
    (tmp_path / "words" / "de.toml").write_text(told, encoding="utf-8")
    monkeypatch.setattr(word_files, "WORDS", tmp_path / "words")
    for name, target in TARGETS.items():
        spoken = target.words | {"de": target.words["en"]}
        monkeypatch.setitem(TARGETS, name, replace(target, words=spoken))
    german = replace(LANGUAGES["en"], code="de", own_name="Deutsch", shaping_language="deu")
    monkeypatch.setitem(LANGUAGES, "de", german)

    assert language_of("de") == "de" and preferred("de-AT,de;q=0.9") == "de"
    assert "Besuchsliste" in render(visit_list(), words("de"), form="txt").decode()
    assert render(visit_list(), words("de"), form="pdf").startswith(b"%PDF")
    assert "de" in answer_schema(scored=False)["properties"]["language"]["enum"]
    asking = Request({"type": "http", "method": "GET", "path": "/", "headers": [], **ADDRESS})
    page = html("offline.html", asking, words("de"), title="").body.decode()
    assert '<a href="/language/de?to=/" lang="de"' in page and ">Deutsch</a>" in page


def test_a_format_more_is_a_row(monkeypatch, tmp_path):
    shouted = ListFormat("loud", "text/plain", lambda listed, words: b"FIRST", link="print_pdf")
    monkeypatch.setitem(FORMATS, "loud", shouted)
    assert render(visit_list(), words("en"), form="loud") == b"FIRST"
    assert format_of(None, tmp_path / "list.LOUD", otherwise="txt") == "loud"


def test_the_file_to_write_names_the_format_unless_one_is_asked_for(tmp_path):
    assert format_of(None, tmp_path / "list.pdf", otherwise="txt") == "pdf"
    assert format_of("csv", tmp_path / "list.pdf", otherwise="txt") == "csv"
    assert format_of(None, tmp_path / "list.out", otherwise="txt") == "txt"
    assert format_of(None, None, otherwise="txt") == "txt"


def test_help_names_every_language_and_format():
    told = " ".join(CliRunner().invoke(app, ["visits", "--help"]).output.replace("│", " ").split())
    assert ", ".join(LANGUAGES) in told and ", ".join(FORMATS) in told
