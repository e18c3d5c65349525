"""Areas compared fairly over the real service: drawn, named, told as a table, with what is withheld
left out, in each role and language."""

import html
import re

import pytest

from serving.app import create_app
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from tests.support.days_of_scoring import AS_OF, measured_centres
from tests.support.service_cases import KEY, Client, token

FIGURES = ("sam_share", "cured_share", "defaulted_share", "relapse_6_months")


@pytest.fixture(autouse=True)
def on_the_scoring_day(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", AS_OF)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    days = measured_centres(tmp_path_factory.mktemp("funnels"))
    app = create_app(days.address, days.home / "m", key=KEY, log=Log(lambda _: None), follow=False)
    yield app
    app.close()


def get(service, path, *scopes, role="officer", language="en"):
    cookie = f"sanket_session={token(*scopes, role=role)}"
    headers = {"Cookie": cookie, "Accept-Language": language, "Accept-Encoding": "gzip"}
    return Client(service).get(path, headers=headers)


def text_of(cell):
    return html.unescape(re.sub(r"<[^>]+>", "", cell)).strip()


def lines(text):
    part = text.split('aria-labelledby="table"', 1)[1].split("</section>")[0]
    return [
        [text_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL)]
        for line in re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL)
    ][1:]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_has_its_page_in_each_language(service, figure, language):
    answer = get(service, f"/compare/state/state?figure={figure}", language=language)
    assert answer.status_code == 200 and int(answer.headers["content-length"]) < 60_000
    plain = re.sub(r"data-words='[^']*'", "", answer.text)
    assert "{" not in plain and f'<option value="{figure}" selected' in plain


def test_areas_are_drawn_and_told_with_counts_limits_and_place(service):
    text = get(service, "/compare/state/state?parts=sector").text
    table = {line[0]: line[1:] for line in lines(text)}
    assert table["Sector S2"][:4] == ["far above", "50.0%", "30", "60"]
    assert table["Sector S4"][:4] == ["far below", "0.0%", "0", "90"]
    assert '<svg class="funnel"' in text and text.count("<circle") >= 2 and ">S2</text>" in text
    said = html.unescape(text)
    assert "The rate of all: 10.6%." in said, "46 of 433"
    assert "Without a single child with SAM: 1 areas; in 1 of them so many were measured" in said


def test_what_is_withheld_is_neither_drawn_nor_told(service):
    """A2 has three children: withheld, and with it another, lest it follow from the sector's sum."""
    text = get(service, "/compare/sector/S1").text
    shown = [line[0] for line in lines(text)] if 'aria-labelledby="table"' in text else []
    assert not any("A2" in one for one in shown) and len(shown) < 2
    told = html.unescape(text)
    assert "Not drawn" in told or words("en")("funnel", "none") in told


@pytest.mark.parametrize("role", ("supervisor", "officer", "analyst", "dashboard"))
def test_each_role_compares_its_own_scope_and_no_other(service, role):
    answer = get(service, "/compare/project/P2", "project:P2", role=role)
    assert answer.status_code == 200 and "S1" not in answer.text
    assert get(service, "/compare/project/P1", "project:P2", role=role).status_code == 404
    assert get(service, "/compare/nothing/P1", role=role).status_code == 404
    area = get(service, "/areas/project/P1", role=role).text
    assert ('href="/compare/project/P1"' in area) == (area.count("/areas/sector/") > 1)


def test_a_centre_has_nothing_to_compare_and_says_so(service):
    assert words("en")("funnel", "none") in get(service, "/compare/centre/A1").text
