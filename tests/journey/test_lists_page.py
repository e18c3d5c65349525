"""What came of the lists, over the real service: by month and part, in each role and language, with
the caution, and nothing of few children."""

import html
import re

import pytest

from serving.app import create_app
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from tests.support.days_of_scoring import DaysOfScoring
from tests.support.service_cases import KEY, Client, token

AS_OF = "2026-06-15"
CENTRES = {"A": "S1,P1,D1", "B": "S2,P1,D1", "C": "S3,P2,D1"}


def children():
    """In each sector eight visited and then SAM, and eight not visited and then not SAM; in S3 of
    the second group two are SAM."""
    return [(f"{centre}{at:02}", centre, at) for centre in CENTRES for at in range(16)]


@pytest.fixture(autouse=True)
def on_the_scoring_day(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", AS_OF)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    days = DaysOfScoring(tmp_path_factory.mktemp("lists"))
    days.record(
        "2026-02-02",
        centres="\n".join(f"{one},,{of},rural" for one, of in CENTRES.items()),
        children="\n".join(f"{name},F,2024-12-05,{of},,," for name, of, _ in children()),
        measurements="\n".join(f"{name},2026-02-01,6.9,74,lying,108," for name, *_ in children()),
    )
    days.score("2026-03-02")
    days.record(
        "2026-06-14",
        visits="\n".join(f"{name},2026-03-10,well" for name, _, at in children() if at < 8),
        measurements="\n".join(
            f"{name},2026-04-01,8.4,74,lying,"
            f"{109 if at < 8 or (centre == 'C' and at < 10) else 131},"
            for name, centre, at in children()
        ),
    )
    days.score(AS_OF)
    app = create_app(days.address, days.home / "m", key=KEY, log=Log(lambda _: None), follow=False)
    yield app
    app.close()


def get(service, path, *scopes, role="officer", language="en"):
    cookie = f"sanket_session={token(*scopes, role=role)}"
    headers = {"Cookie": cookie, "Accept-Language": language, "Accept-Encoding": "gzip"}
    return Client(service).get(path, headers=headers)


def table(text, section):
    part = text.split(f'aria-labelledby="{section}"', 1)[1].split("</section>")[0]
    cells = r"<t[hd][^>]*>(.*?)</t[hd]>"
    return [
        [html.unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(cells, line)]
        for line in re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL)
    ][1:]


def test_a_sectors_lists_are_told_by_month_and_group(service):
    text = get(service, "/lists/sector/S2").text
    assert table(text, "months-rule") == [
        ["All months", "visited", "8", "0", "0", "8", "0", "0"],
        ["All months", "not visited", "8", "0", "0", "0", "8", "0"],
        ["Mar 2026", "visited", "8", "0", "0", "8", "0", "0"],
        ["Mar 2026", "not visited", "8", "0", "0", "0", "8", "0"],
    ]
    assert words("en")("lists", "caution") in html.unescape(text)


def test_parts_stand_below_and_small_counts_are_withheld_at_every_level(service):
    withheld = words("en")("areas", "withheld")
    text = get(service, "/lists/state/state").text
    parts = {(line[0], line[1]): line[2:] for line in table(text, "parts-rule")}
    assert parts["District D1", "visited"] == ["24", "0", "0", "24", "0", "0"]
    small = table(get(service, "/lists/sector/S3").text, "months-rule")
    (line,) = (line for line in small if line[:2] == ["Mar 2026", "not visited"])
    assert line[2] == line[5] == withheld and line.count(withheld) >= 3
    # Two of S3 in a state of 24: told nowhere, lest it follow from the sum.
    above = table(get(service, "/lists/district/D1").text, "parts-rule")
    of_p2 = next(line for line in above if line[:2] == ["Project P2", "not visited"])
    assert of_p2[5] == withheld


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "level", ("state/state", "district/D1", "project/P1", "sector/S1", "centre/A")
)
def test_every_level_has_its_page_in_each_language(service, level, language):
    answer = get(service, f"/lists/{level}", language=language)
    assert answer.status_code == 200 and int(answer.headers["content-length"]) < 60_000
    assert "{" not in re.sub(r"data-words='[^']*'", "", answer.text)
    assert html.escape(words(language)("lists", "caution"), quote=False) in answer.text
    assert f'href="/lists/{level}"' in get(service, f"/areas/{level}").text


@pytest.mark.parametrize("role", ("supervisor", "officer", "analyst", "dashboard"))
def test_each_role_reads_its_own_scope_and_no_child(service, role):
    answer = get(service, "/lists/project/P1", "project:P1", role=role)
    assert answer.status_code == 200 and "S3" not in answer.text
    assert not re.search(r"\b[ABC]\d\d\b", answer.text)
    assert get(service, "/lists/project/P2", "project:P1", role=role).status_code == 404
    assert get(service, "/lists/state/state", "project:P1", role=role).status_code == 404
