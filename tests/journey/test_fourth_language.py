"""A language is a row in the table of languages, a file of words, and the targets' words: with no
other file touched, lists and pages are told in it to the last word."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from models.targets import TARGETS
from sanket.app import main
from serving.app import create_app
from serving.http.observe import Log
from serving.language import words as word_files
from serving.language.languages import LANGUAGES
from serving.visits.paper.formats import FORMATS
from tests.browser.test_pages import browser, first_child
from tests.support.list_store import make_store
from tests.support.listed_children import AS_OF

CODE = "xx"
VALUE = re.compile(r'"(?:[^"\\]|\\.)*"')
FACT_OR_ESCAPE = re.compile(r"(\{[^}]*\}|\\.)")
NOT_WORDS = re.compile(r"Rampur|" + "|".join(re.escape(of.own_name) for of in LANGUAGES.values()))
"""Names of centres, and of the languages on offer."""


def shouted(text: str) -> str:
    """English in capitals: no word of it stays, and a reader of the test can still read it."""
    parts = FACT_OR_ESCAPE.split(text)
    return "".join(part if i % 2 else part.upper() for i, part in enumerate(parts))


@pytest.fixture(scope="module")
def language(tmp_path_factory):
    """The language, added as CONTRIBUTING.md says; taken away again afterwards."""
    folder = tmp_path_factory.mktemp("words")
    for file in word_files.WORDS.glob("*.toml"):
        (folder / file.name).write_bytes(file.read_bytes())
    lines = (folder / "en.toml").read_text(encoding="utf-8").splitlines(keepends=True)
    told = [VALUE.sub(lambda found: shouted(found.group()), line) for line in lines]
    (folder / f"{CODE}.toml").write_text("".join(told), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_files, "WORDS", folder)
        patch.setitem(LANGUAGES, CODE, replace(LANGUAGES["en"], code=CODE, own_name="SHOUTED"))
        for name, target in TARGETS.items():
            its_words = {key: shouted(text) for key, text in target.words["en"].items()}
            patch.setitem(TARGETS, name, replace(target, words={**target.words, CODE: its_words}))
        patch.setenv("SANKET_TODAY", AS_OF.isoformat())
        yield CODE
    word_files.words.cache_clear()


@pytest.fixture(scope="module")
def store(language, tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("shouted"))


class Visible(HTMLParser):
    """The text of a page that a person sees."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag, attrs):
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag):
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data):
        if not self._hidden:
            self.text.append(data)


def unsaid(text: str) -> set[str]:
    """Words of a text that are not in the language: those with lower-case letters."""
    return {
        word
        for word in re.findall(r"[^\W\d_]{2,}", NOT_WORDS.sub("", text))
        if word != word.upper()
    }


def seen(page: str) -> str:
    reader = Visible()
    reader.feed(page)
    return " ".join(reader.text)


def test_every_word_of_the_file_is_another_one(language):
    english = tomllib.loads((word_files.WORDS / "en.toml").read_text(encoding="utf-8"))
    own = word_files.words(language)
    assert own("ui", "visit_list") == "VISIT LIST" != english["ui"]["visit_list"]
    assert own.tree.keys() == english.keys()


def test_the_command_prints_a_list_in_it(store, language, capsys):
    with pytest.raises(SystemExit) as end:
        main(["visits", store, "--sector", "S0001", "--lang", language])
    listed = capsys.readouterr().out
    assert end.value.code in (0, None) and "VISIT LIST" in listed
    assert unsaid(listed) == set()


@pytest.mark.parametrize("form", [name for name, of in FORMATS.items() if not of.for_screens])
def test_paper_can_be_made_in_it(store, language, form, tmp_path):
    out = tmp_path / f"list.{form}"
    with pytest.raises(SystemExit) as end:
        main(["visits", store, "--sector", "S0001", "--lang", language, "-o", str(out)])
    assert end.value.code in (0, None) and out.stat().st_size > 5_000


def test_the_pages_are_in_it(store, language):
    app = create_app(store, follow=False, log=Log(lambda line: None))
    try:
        reader = browser(app, store, language=language)
        pages = ["/visits", f"/children/{first_child(reader)}", "/sector"]
        pages += ["/areas/sector/S0001", "/areas?code=none"]
        answers = {path: reader.get(path) for path in pages}
    finally:
        app.close()
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(
        pages, 200
    ) | {"/areas?code=none": 404}
    assert {path: unsaid(seen(answer.text)) for path, answer in answers.items()} == {
        path: set() for path in pages
    }
    assert f'<html lang="{language}"' in answers["/visits"].text


def test_what_is_not_in_it_would_be_seen():
    assert unsaid(seen("<p>VISIT first</p><script>never()</script> Rampur 3 हिन्दी")) == {"first"}
