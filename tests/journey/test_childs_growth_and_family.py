"""The child's chart to print and its brothers and sisters over the real service: within the scope,
written down, in each language."""

from __future__ import annotations

import re
from html import unescape

import pytest

from features.charts.panel import GREEN, RED, YELLOW
from registry.store.store import open_store
from serving.access.permissions import COOKIE
from serving.app import create_app
from serving.audit import recorder
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.pages.routes import STATIC
from serving.pages.templates import _environment
from serving.visits.child.family_told import MOST_OF_A_FAMILY, _family
from tests.journey.test_audit_whole import newest
from tests.support.listed_children import FACTS
from tests.support.service_cases import AS_OF, KEY, Client, book, row, token

SECTORS = {"C-1": "S1", "C-2": "S1", "C-3": "S2", "C-4": "S3", "C/5": "S1"}
"""C-1 to C-4 are of one family, C/5 of another; C-4 is in another district."""
TABLES = {
    "centres": "centre_id,sector_id,project_id,district_id,setting\n"
    "S1-A1,S1,P1,D1,urban\nS2-A1,S2,P1,D1,urban\nS3-A1,S3,P2,D2,urban\n",
    "children": "child_id,sex,birth_date,centre_id,family_id\n"
    + "".join(
        f"{name},F,2024-0{at}-14,{of}-A1,{'F9' if name == 'C/5' else 'F1'}\n"
        for at, (name, of) in enumerate(SECTORS.items(), 1)
    ),
    "measurements": "child_id,measured_on,weight_kg,height_cm,height_position,muac_mm,oedema\n"
    + "".join(
        f"{name},2026-01-14,8.6,78,lying,128,\n{name},2026-02-14,3.1,78.4,lying,113,\n"
        for name in SECTORS
    )
    + "C-2,2026-03-02,8.8,79,lying,129,\n",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("family")
    (folder / "in").mkdir()
    for name, text in TABLES.items():
        (folder / "in" / f"{name}.csv").write_text(text)
    address = str(folder / "x.db")
    store = open_store(address)
    store.import_source(folder / "in", imported_on="2026-03-10")
    store.close()
    made = create_app(address, folder / "m", key=KEY, log=Log(lambda _: None), follow=False)
    states = {"C-2": "in_ucdc", "C-3": "sam_suspected"}
    facts = FACTS | {"asked_on": AS_OF}
    rows = [
        row(name, of, state=states.get(name, "follow_up"), facts=facts)
        for name, of in SECTORS.items()
    ]
    book(made.state.engine, rows, as_of=AS_OF)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def on_the_scoring_day(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", AS_OF.isoformat())


def get(app, path, *scopes, role="supervisor", language="en"):
    cookie = f"{COOKIE}={token(*(scopes or ('sector:S1',)), role=role)}"
    return Client(app).get(path, headers={"Cookie": cookie, "Accept-Language": language})


def audited(app, *names):
    return "child", {recorder.named(app.state.audit._key, name) for name in names}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_childs_page_leads_to_its_chart_with_pictures_and_a_table(app, language):
    say = words(language)
    page = unescape(get(app, "/children/C%2F5", language=language).text)
    assert say("growth", "button") in page
    address = re.search(r'href="([^"]+/growth)"', page).group(1)
    answer = get(app, address, language=language)
    text = unescape(answer.text)
    assert answer.headers["cache-control"] == "no-store" and answer.status_code == 200
    assert text.count("<svg") == text.count("<figcaption>") == 4
    assert all(say("chart", name) in text for name in ("waz", "whz", "muac", "haz"))
    lines = re.findall(r'<tr><th scope="row">(.*?)</th>', text)
    assert lines == [
        say.day(one, short=True) for one in (AS_OF.replace(month=2), AS_OF.replace(month=1))
    ]
    assert (
        say.say("growth", "implausible", what="WHZ") in text and say("chart", "implausible") in text
    )
    assert say("ui", "synthetic") in text, "on paper too"
    assert newest(app) == audited(app, "C/5")


def test_a_chart_is_for_whoever_may_see_the_child_and_is_written_down(app):
    assert get(app, "/children/C-1/growth").status_code == 200
    assert newest(app) == audited(app, "C-1")
    for hidden in ("C-3", "C-4", "nobody"):
        answer = get(app, f"/children/{hidden}/growth")
        assert answer.status_code == 404 and "<svg" not in answer.text
        assert newest(app)[1].isdisjoint(audited(app, hidden)[1])
    assert get(app, "/children/C-1/growth", role="analyst").status_code == 403
    stranger = Client(app).get("/children/C-1/growth")
    assert stranger.status_code == 303 and stranger.headers["location"] == "/sign-in"


def test_the_chart_prints_in_grey_on_a4_and_needs_no_script(app):
    style = (STATIC / "sanket.css").read_text()
    assert "@page growth{size:A4 portrait" in style and ".growth{page:growth" in style
    for colour in (RED, YELLOW, GREEN):
        assert f'.panels [fill="{colour}"]{{fill:#' in style, "each band has its grey"
    own = _environment().loader.get_source(_environment(), "growth.html")[0]
    assert "<script" not in own
    assert '<body class="growth">' in get(app, "/children/C-1/growth").text


def family(text):
    """The codes and lines of the family's part of a page."""
    part = text.partition('id="family"')[2].partition("</section>")[0]
    return {
        code: unescape(said)
        for code, said in re.findall(r'<li><a href="[^"]+">([^<]+)</a> (.*?)</li>', part)
    }


@pytest.mark.parametrize(
    ("scope", "theirs"),
    [
        ("sector:S1", ["C-2"]),
        ("project:P1", ["C-2", "C-3"]),
        ("state:*", ["C-2", "C-3", "C-4"]),
    ],
)
def test_brothers_and_sisters_are_those_the_reader_may_see(app, scope, theirs):
    text = get(app, "/children/C-1", scope).text
    assert list(family(text)) == theirs
    assert newest(app) == audited(app, "C-1", *theirs), "whom the page names is written down"
    for hidden in {"C-2", "C-3", "C-4"} - set(theirs):
        assert hidden not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_stands_with_state_and_last_measurement(app, language):
    say = words(language)
    told = family(get(app, "/children/C-1", "project:P1", language=language).text)
    assert say("states", "in_ucdc") in told["C-2"] and say("states", "sam_suspected") in told["C-3"]
    day = say.day(AS_OF.replace(month=3, day=2), short=True)
    assert say.say("family", "measured", date=day) in told["C-2"], "not the weighing before it"
    assert say.day(AS_OF.replace(month=2), short=True) in told["C-3"]


def test_a_child_alone_in_its_scope_has_no_family_part(app):
    for path, scope in (("/children/C-4", "sector:S3"), ("/children/C%2F5", "state:*")):
        text = get(app, path, scope).text
        assert 'id="family"' not in text and words("en")("family", "title") not in text
    assert newest(app) == audited(app, "C/5")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_two_lines_for_the_reasons_it_shows_with_their_source(app, language):
    say = words(language)
    text = unescape(get(app, "/children/C-1", language=language).text)
    part = text.partition('id="say"')[2].partition("</section>")[0]
    assert say("counsel", "note") in part and part.count("<li>") == 2
    for topic, source in (("feeding", "iycf"), ("illness", "imnci")):
        for line in ("first", "second"):
            assert say("counsel", topic, line) in part
        assert say("counsel", "sources", source) in part
    assert say("counsel", "weighing", "first") not in part


def test_a_code_that_a_whole_village_shares_is_no_family(tmp_path):
    def siblings(count):
        folder = tmp_path / str(count)
        folder.mkdir()
        named = "".join(f"D-{at},F,2024-01-14,S1-A1,F1\n" for at in range(count))
        (folder / "centres.csv").write_text(TABLES["centres"])
        head = TABLES["children"].splitlines()[0]
        (folder / "children.csv").write_text(f"{head}\n{named}")
        head = TABLES["measurements"].splitlines()[0]
        (folder / "measurements.csv").write_text(f"{head}\nD-0,2026-02-14,8.4,78,lying,128,\n")
        address = str(tmp_path / f"{count}.db")
        store = open_store(address)
        store.import_source(folder, imported_on="2026-03-10")
        store.close()
        return _family(address, "D-0", AS_OF)

    assert siblings(MOST_OF_A_FAMILY) == {f"D-{at}": None for at in range(1, MOST_OF_A_FAMILY)}
    assert siblings(MOST_OF_A_FAMILY + 1) == {}
