"""The pages on plain ASGI: who sees what, in which language, how large, and that forms come from
our own pages."""

from __future__ import annotations

import asyncio
import datetime as dt
import html
import json
import re
import time
from html.parser import HTMLParser

import httpx
import numpy as np
import pytest
import sqlalchemy as sa

from registry.contract.registry import NEVER, day_number
from registry.store.store import open_store
from serving.access.permissions import COOKIE
from serving.app import create_app
from serving.book.outbox import hand_on
from serving.book.scorebook import TOLD, BookRow, Score
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.telling import ToldReason
from serving.language.words import words
from serving.pages.child_page import _unscored
from serving.pages.pictures import MapPlace, centre_map, reason_bars
from serving.pages.session import own_path
from serving.visits.from_store import listed_from_store
from serving.visits.lists import told_of
from serving.visits.paper.formats import FORMATS, render
from tests.support.list_store import make_store, token
from tests.support.listed_children import AS_OF, child

FIRST_LOAD_BYTES = 20_000
"""On the wire: what a phone on 2G waits for. Unpacked it is under 85,000."""

SHEET = "/visits/centres/A000/sheet"


@pytest.fixture(autouse=True)
def on_the_day_of_the_list(monkeypatch):
    """The calendar stands still on the scoring day; a test that reads later sets another day."""
    monkeypatch.setenv("SANKET_TODAY", AS_OF.isoformat())


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def app(store):
    made = create_app(store, follow=False, log=Log(lambda line: None))
    yield made
    made.close()


def browser(app, store, *, language="en", role="supervisor", scope="sector:S0001", signed_in=True):
    return Reader(app, language, token(store, role=role, scope=scope) if signed_in else None)


class Reader:
    """A browser without a script: keeps cookies, follows redirects, asks one page at a time."""

    def __init__(self, app, language: str, session: str | None):
        self._app, self._headers = app, {"accept-language": language}
        self.cookies = httpx.Cookies({COOKIE: session} if session else {})

    def get(self, path: str, **how) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, **how))

    def post(self, path: str, **how) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, **how))

    async def _ask(
        self, method: str, path: str, *, follow_redirects: bool = True, headers=None, **how
    ):
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._app),
            base_url="http://sanket.test",
            cookies=self.cookies,
            headers=self._headers | (headers or {}),
            follow_redirects=follow_redirects,
        )
        async with client:
            answer = await client.request(method, path, **how)
            self.cookies = client.cookies
            return answer


def first_child(client) -> str:
    return re.search(r'/children/([^"]+)"', client.get("/visits").text).group(1)


def test_a_page_comes_gzipped_to_who_takes_it_and_plain_to_who_does_not(app, store):
    client = browser(app, store)
    plain = client.get("/visits", headers={"accept-encoding": "identity"})
    squeezed = client.get("/visits", headers={"accept-encoding": "gzip, deflate"})
    assert (
        "content-encoding" not in plain.headers and squeezed.headers["content-encoding"] == "gzip"
    )
    assert plain.text == squeezed.text and "accept-encoding" in squeezed.headers["vary"].lower()
    assert int(squeezed.headers["content-length"]) < len(plain.content) / 4


def test_the_worker_keeps_a_page_without_a_network_in_each_language(app, store):
    script = browser(app, store).get("/sw.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert f"const LANGUAGES = {json.dumps(list(LANGUAGES))};" in script.text


def test_the_list_offers_its_downloads(app, store):
    client = browser(app, store)
    offered = dict(
        re.findall(r'href="/visits\.(\w+)\?[^"]*" download>([^<]+)<', client.get("/visits").text)
    )
    linked = {name: words("en")("ui", one.link) for name, one in FORMATS.items() if one.link}
    assert offered == linked
    for name in FORMATS:
        assert client.get(f"/visits.{name}").headers["content-type"] == FORMATS[name].media_type


def test_page_api_and_paper_number_the_same_children_by_urgency(app, store):
    client, headers = browser(app, store), {"authorization": f"Bearer {token(store)}"}
    listed = listed_from_store(store, sector="S0001", capacity=9)
    numbered = {row.candidate.child_id: row.rank for row in listed.rows}
    page = client.get("/visits?capacity=9").text
    told = r'<span class="number">(\d+)</span> <a href="/children/(C\d+)"'
    assert {child: int(number) for number, child in re.findall(told, page)} == numbered
    asked = client.get("/v1/visits?sector=S0001&capacity=9", headers=headers).json()
    assert [(row["child_id"], row["rank"]) for row in asked["rows"]] == list(numbered.items())
    paper = client.get("/visits.txt?capacity=9").text
    assert {
        child: int(number) for number, child in re.findall(r"(\d+)\. (C\d+)", paper)
    } == numbered


def test_the_first_three_stand_above_the_centres_in_their_order(app, store):
    listed = listed_from_store(store, sector="S0001", capacity=20)
    page = browser(app, store).get("/visits").text
    box = page.split('aria-labelledby="first"')[1].split("</section>")[0]
    assert re.findall(r'href="#child-(\d+)">(C\d+)<', box) == [
        (str(row.rank), row.candidate.child_id) for row in listed.rows[:3]
    ]
    assert words("en")("ui", "first_three") in box and page.index('id="first"') < page.index(
        'id="by-centre"'
    )


def test_every_child_in_danger_is_told_on_the_page_and_in_the_api(app, store):
    listed = listed_from_store(store, sector="S0001", capacity=1)
    others = [one.child_id for one in (*listed.beyond, *listed.anm)]
    assert len(others) > 1 and sorted(told_of(listed)) == sorted(
        [listed.rows[0].candidate.child_id, *others]
    )
    client, headers = browser(app, store), {"authorization": f"Bearer {token(store)}"}
    page = client.get("/visits?capacity=1").text
    assert (
        all(f"/children/{child}" in page for child in others)
        and words("en")("ui", "anm_title") in page
    )
    asked = client.get("/v1/visits?sector=S0001&capacity=1", headers=headers).json()
    assert [row["child_id"] for row in asked["beyond"] + asked["for_the_anm"]] == others
    assert all(row["why"] and row["what_to_do"] for row in asked["for_the_anm"])


@pytest.mark.parametrize(
    "path",
    ["/", "/visits", "/children/C00001", "/sector", "/areas", "/areas/visits", "/visits.pdf"],
)
def test_without_a_session_the_way_leads_to_sign_in(app, store, path):
    answer = browser(app, store, signed_in=False).get(path, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_a_token_link_signs_in_and_leaves_no_token_in_the_address(app, store):
    client = browser(app, store, signed_in=False)
    answer = client.get(f"/sign-in?token={token(store)}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/visits")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert client.get("/visits").status_code == 200


def test_a_pasted_token_signs_in_and_a_wrong_one_is_told_kindly(app, store):
    client = browser(app, store, signed_in=False)
    wrong = client.post("/sign-in", data={"token": "nonsense"})
    assert (
        wrong.status_code == 401
        and words("en")("ui", "token_bad") in wrong.text
        and COOKIE not in client.cookies
    )
    assert client.post("/sign-in", data={"token": f" {token(store)} "}).status_code == 200
    assert COOKIE in client.cookies


def test_signing_out_forgets(app, store):
    client = browser(app, store)
    answer = client.post("/sign-out", follow_redirects=False)
    assert answer.status_code == 303 and "cache" in answer.headers["clear-site-data"]
    assert (
        "Max-Age=0" in answer.headers["set-cookie"]
        or "expires" in answer.headers["set-cookie"].lower()
    )


def test_the_list_shows_its_sector_and_no_other(app, store):
    text = browser(app, store).get("/visits").text
    assert "S0001" in text and "S0002" not in text and "C90001" not in text
    assert text.count('<li class="child ') == 20
    for path in (
        "/visits?sector=S0002",
        "/children/C90001",
        "/visits.pdf?sector=S0002",
        "/sector?sector=S0002",
    ):
        hidden, absent = (
            browser(app, store).get(path),
            browser(app, store).get(path.replace("S0002", "S9").replace("C90001", "C8")),
        )
        assert hidden.status_code == absent.status_code == 404
        assert _without_path(hidden.text) == _without_path(absent.text)


def _without_path(text: str) -> str:
    return re.sub(r'to=[^"]*"', "", text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "path", ["/visits", "/sector", "/children/C00001", "/children/C00001/growth", SHEET]
)
def test_every_page_is_small_and_speaks_the_language(app, store, language, path):
    client = browser(app, store, language=language)
    answer = client.get(path)
    fixed = [
        client.get(f"/static/{name}") for name in ("devanagari.css", "sanket.css", "sanket.js")
    ]
    loaded = [answer, *fixed]
    assert answer.status_code == 200
    assert all(part.headers["content-encoding"] == "gzip" for part in loaded)
    assert sum(part.num_bytes_downloaded for part in loaded) < FIRST_LOAD_BYTES
    assert sum(len(part.content) for part in loaded) < 85_000
    assert f'<html lang="{language}">' in answer.text
    assert words(language)("ui", "synthetic") in answer.text
    assert not re.search(
        r"https?://(?!sanket\.test)", answer.text.replace("http://www.w3.org/2000/svg", "")
    )
    assert "None" not in answer.text and "nan" not in re.sub(
        r"[a-z]nan|nan[a-z]", "", answer.text.lower()
    )


def test_the_language_is_chosen_per_person_and_kept(app, store):
    client = browser(app, store, language="en")
    answer = client.get("/language/mr?to=/sector%3Fcapacity%3D5", follow_redirects=False)
    assert answer.headers["location"] == "/sector?capacity=5"
    assert '<html lang="mr">' in client.get("/visits").text
    assert client.get("/language/xx").status_code == 404


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/visits?a=1", "/visits?a=1"),
        ("https://evil.example/x", "/x"),
        ("//evil.example/x", "/x"),
        ("/\\evil.example", "/visits"),
        ("javascript:alert(1)", "/visits"),
        ("", "/visits"),
        (None, "/visits"),
        ("https:////evil.example", "/visits"),
    ],
)
def test_no_link_of_another_leads_people_elsewhere(address, path):
    assert own_path(address) == path


def test_the_childs_page_says_why_what_next_and_what_happened(app, store):
    client = browser(app, store)
    text = client.get(f"/children/{first_child(client)}").text
    for heading in ("next_step", "growth_chart", "timeline", "found"):
        assert f">{words('en')('ui', heading)}</h2>" in text
    assert text.count("<svg") == 2 and "Weighed: 7.4 kg" in text
    assert "Admitted to UCDC" in text and "UCDC: cured" in text and "Ill: fever" in text


def test_a_child_never_treated_is_not_told_two_reasons_that_contradict_each_other():
    def told(*reasons):
        scores = dict(
            zip(
                ("relapse", "non_response"),
                (
                    Score("not_scored", why, None, None, None, None, None, (), "1")
                    for why in reasons
                ),
                strict=True,
            )
        )
        return _unscored(BookRow(child(1), scores), words("en"))

    assert told("not_discharged_as_cured", "not_in_treatment") == [
        words("en")("ui", "not_scored_untreated")
    ]
    assert told("left", "left") == [words("en")("not_scored", "left")]


def test_the_picture_adds_up_with_the_sentences(app, store):
    reasons = [ToldReason("illness", "वजन " * 20, 0.5), ToldReason("age", "वय 14 महिने", -0.3)]
    drawn = reason_bars(reasons, words("mr"), title="<x>")
    assert drawn.count("<rect") == 2 and "<x>" not in drawn and "&lt;x&gt;" in drawn
    widths = [float(width) for width in re.findall(r'width="([\d.]+)" height="10"', drawn)]
    assert widths[1] / widths[0] == pytest.approx(0.6, abs=0.01)
    lines = re.findall(r'<text x="0" y="(\d+)">([^<]+)</text>', drawn)
    lines = [(float(y), text) for y, text in lines if "\u2190" not in text]
    assert len(lines) == 3 and all(len(text) <= 44 for _, text in lines), (
        "a long sentence is broken, not cut off"
    )
    tops = [float(top) for top in re.findall(r'<rect x="[\d.]+" y="(\d+)"', drawn)]
    assert lines[0][0] < lines[1][0] < tops[0] < lines[2][0] < tops[1]


def test_the_map_keeps_north_up_and_distances_true():
    places = [
        MapPlace(1, "South", 20.0, 77.0, 4, 0),
        MapPlace(2, "North", 20.2, 77.0, 9, 1),
        MapPlace(3, "East", 20.0, 77.1, 1, 0),
    ]
    drawn = centre_map(places, words("en"))
    at = {
        name: (float(x), float(y))
        for name, x, y in re.findall(r"<title>(\w+):.*?cx=\"([\d.]+)\" cy=\"([\d.]+)\"", drawn)
    }
    assert at["North"][1] < at["South"][1] and at["East"][0] > at["South"][0]
    tall, wide = at["South"][1] - at["North"][1], at["East"][0] - at["South"][0]
    assert wide / tall == pytest.approx(0.1 * 0.939 / 0.2, rel=0.02)
    assert centre_map([], words("en")) is None and centre_map(places[:1], words("en"))


def test_the_district_sees_sectors_and_no_child(app, store):
    text = browser(app, store, role="analyst", scope="district:D1").get("/areas/visits").text
    assert "S0001" in text and "S0002" in text and "C0000" not in text
    assert "&lt; 5" in text, "a count under five is not shown"
    assert (
        browser(app, store, role="analyst", scope="district:D1").get("/visits").status_code == 403
    )
    assert browser(app, store, role="supervisor").get("/areas/visits").status_code == 403


def test_an_officer_chooses_among_sectors(app, store):
    text = browser(app, store, role="officer", scope="district:D1").get("/visits").text
    assert '<select id="sector"' in text and "<option selected>S0001" in text


@pytest.mark.parametrize("form", ["pdf", "xlsx", "csv", "txt", "html"])
def test_the_list_can_be_taken_along(app, store, form):
    answer = browser(app, store).get(f"/visits.{form}?sector=S0001&capacity=5")
    assert answer.status_code == 200 and f'.{form}"' in answer.headers["content-disposition"]


def test_a_form_from_another_site_changes_nothing(app, store):
    client = browser(app, store)
    form = {"finding": "well", "visited_on": "2026-03-15"}
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert client.post("/visits/C00001/outcome", data=form, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "form", [{}, {"finding": "fine"}, {"finding": "well", "visited_on": "2999-01-01"}]
)
def test_a_form_that_cannot_be_is_refused(app, store, form):
    assert browser(app, store).post("/visits/C00001/outcome", data=form).status_code == 422


@pytest.mark.parametrize("capacity", ["0", "501", "-1", "x", "1e3", "٣", "9" * 40])
def test_a_capacity_that_is_none_is_refused(app, store, capacity):
    assert browser(app, store).get(f"/visits?capacity={capacity}").status_code == 422


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/children/C99999", "not_found"),
        ("/sector?sector=S0002", "not_found"),
        ("/visits?capacity=0", "not_understood"),
        ("/visits?day=tomorrow", "not_understood"),
    ],
)
def test_a_refusal_says_in_plain_words_what_it_is_and_its_code_small(
    app, store, language, path, word
):
    client, say = browser(app, store, language=language), words(language)
    answer = client.get(path)
    assert answer.status_code in (403, 404, 422)
    assert f"<h1>{say('ui', 'product')}</h1>" in answer.text
    told = re.search(r"<p>([^<]*) <span class=\"aside\">\((API\d+)\)</span></p>", answer.text)
    assert told and html.unescape(told.group(1)) == say("ui", word)


def test_a_dashboard_may_look_but_not_tick(app, store):
    client = browser(app, store, role="dashboard")
    assert '/outcome"' not in client.get("/visits").text
    assert client.post("/visits/C00001/outcome", data={"finding": "well"}).status_code == 403


def test_an_outcome_ticked_on_the_page_leaves_the_list_and_is_shown(tmp_path):
    address = make_store(tmp_path, count=8)
    made = create_app(address, follow=False, log=Log(lambda line: None))
    client = browser(made, address)
    child_id = first_child(client)
    answer = client.post(
        f"/visits/{child_id}/outcome",
        data={"finding": "away", "visited_on": "2026-03-16", "back": "/visits"},
    )
    assert answer.status_code == 200 and str(answer.url).endswith("/visits?saved=1")
    assert f'href="/children/{child_id}">{child_id}</a> <span>' not in answer.text
    assert f"{child_id}</a>: 16 March 2026, Not at home" in answer.text
    assert words("en")("ui", "visits_warning") in answer.text
    assert "Home visit: Not at home" in client.get(f"/children/{child_id}").text
    made.close()


def test_the_list_of_a_sector_comes_quickly(app, store):
    client = browser(app, store)
    client.get("/visits")
    began = time.process_time()
    client.get("/visits")
    assert time.process_time() - began < 0.2


class _Outline(HTMLParser):
    """Collects what a screen reader needs: labels of fields, names of links and buttons, ids,
    headings."""

    def __init__(self):
        super().__init__()
        self.ids, self.problems, self.headings, self.open = [], [], [], []
        self.label_for, self.fields, self.text, self.unnamed = set(), [], "", False

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label":
            self.label_for.add(given.get("for"))
        if tag in ("input", "select") and given.get("type") != "hidden":
            self.fields.append((given.get("id"), "label" in self.open or "aria-label" in given))
        if tag in ("a", "button", "summary", "h1", "h2", "h3", "th"):
            self.text = ""
        if tag == "svg":
            self.unnamed = not given.get("aria-label")
        if tag == "title":
            self.unnamed = False
        if tag in ("path", "polyline", "rect", "circle") and self.unnamed:
            self.problems.append("svg without a name")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data):
        self.text += data.strip()

    def handle_endtag(self, tag):
        if tag in ("a", "button", "summary", "h1", "h2", "h3", "th") and not self.text:
            self.problems.append(f"{tag} without a name")
        while self.open and self.open.pop() != tag:
            pass


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/visits",
            "/sector",
            "/children/C00001",
            "/children/C00001/growth",
            SHEET,
            "/sign-in",
            "/offline/en",
            "/children/none",
        ),
        *("/areas/sector/S0001", "/areas?code=none", "/areas/sector/none"),
    ],
)
def test_every_page_can_be_heard(app, store, path):
    outline = _Outline()
    text = browser(app, store).get(path).text
    outline.feed(text)
    unlabelled = [
        name for name, labelled in outline.fields if not labelled and name not in outline.label_for
    ]
    assert outline.problems == [] and unlabelled == []
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.headings.count(1) == 1
    assert all(
        after - before <= 1
        for before, after in zip(outline.headings, outline.headings[1:], strict=False)
    )
    assert "<main" in text and '<html lang="en"' in text and "<title>" in text


def measured(address):
    """(child, weight, arm) of what was measured on the day of the visit."""
    store = open_store(address)
    try:
        hand_on(store)
        registry = store.load()
    finally:
        store.close()
    rows = registry.measurements
    on_the_day = (rows["measured_on"] == day_number(dt.date(2026, 3, 16))) & (
        rows["known_until"] == NEVER
    )
    return [
        (registry.child_ids[rows["child"][i]], rows["weight_kg"][i], rows["muac_mm"][i])
        for i in np.flatnonzero(on_the_day)
    ]


@pytest.mark.parametrize(
    ("written", "arm"),
    [("7.45", "112"), ("7,45", "11.2"), ("7.45", "11,2"), ("7.45", "११.२"), ("7.45", "११२")],
)
def test_a_weight_and_an_arm_measured_at_the_visit_become_measurements(tmp_path, written, arm):
    address = make_store(tmp_path, count=8)
    made = create_app(address, follow=False, log=Log(lambda line: None))
    client = browser(made, address)
    child_id = first_child(client)
    for finding, leaves in (("none", False), ("sam_again", True)):
        form = {
            "finding": finding,
            "visited_on": "2026-03-16",
            "weight_kg": written,
            "muac_mm": arm,
        }
        answer = client.post(
            f"/visits/{child_id}/outcome", data=form | {"back": "/visits", "confirmed": "1"}
        )
        assert str(answer.url).endswith("saved=1" if leaves else "kept=1")
        assert words("en")("ui", "saved" if leaves else "kept") in answer.text
        assert (f'href="/children/{child_id}">{child_id}</a> <span>' in answer.text) != leaves
    made.close()
    assert measured(address) == [(child_id, 7.45, 112.0)] and measured(address) == [
        (child_id, 7.45, 112.0)
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("form", "faults"),
    [
        ({"weight_kg": "74"}, ["weight_kg"]),
        *(({"muac_mm": arm}, ["muac_mm"]) for arm in ("40", "26.1", "5.9", "261", "114 cm")),
        ({"weight_kg": "heavy"}, ["weight_kg"]),
        ({"muac_mm": "nan"}, ["muac_mm"]),
        ({"finding": "none"}, ["finding"]),
        ({"visited_on": "2026-03-17"}, ["visited_on"]),
        (
            {"finding": "died", "visited_on": "2026-03-17", "weight_kg": "74"},
            ["visited_on", "weight_kg"],
        ),
    ],
)
def test_what_cannot_be_is_given_back_with_its_values_and_why(app, store, language, form, faults):
    given = {"finding": "well", "visited_on": "2026-03-16", "back": "/visits?sector=S0001"} | form
    answer = browser(app, store, language=language).post("/visits/C00001/outcome", data=given)
    say = words(language)
    assert answer.status_code == 422 and all(
        say("ui", f"fault_{name}") in answer.text for name in faults
    )
    assert f'<input type="radio" name="finding" value="{given["finding"]}"' in answer.text
    assert re.search(rf'value="{given["finding"]}"( required)? checked', answer.text)
    assert f'name="back" value="{given["back"]}"' in answer.text and "confirmed" not in answer.text
    for name in ("weight_kg", "muac_mm", "visited_on"):
        assert name not in form or f'value="{form[name]}"' in answer.text


def test_nothing_is_said_of_a_child_outside_the_scope_by_a_form(app, store):
    for given in ({"finding": "died"}, {"finding": "well", "weight_kg": "74"}):
        answers = [
            browser(app, store).post(f"/visits/{child_id}/outcome", data=given)
            for child_id in ("C90001", "no")
        ]
        assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("finding", ["sam_again", "ill", "died"])
def test_a_finding_that_needs_somebody_is_asked_for_once_recorded_and_shown(
    tmp_path, language, finding
):
    address = make_store(tmp_path, count=8)
    made = create_app(address, follow=False, log=Log(lambda line: None))
    client, say = browser(made, address, language=language), words(language)
    child_id = first_child(client)
    form = {
        "finding": finding,
        "visited_on": "2026-03-15",
        "muac_mm": "112",
        "back": "/visits?sector=S0001",
    }
    asks = client.post(f"/visits/{child_id}/outcome", data=form)
    assert (
        asks.status_code == 428
        and say("ui", "confirm_title") in asks.text
        and say("findings", finding) in asks.text
    )
    assert say("key", finding)[1:] in asks.text and told(made) == []
    again = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asks.text))
    assert again == form | {"confirmed": "1"}
    saved = client.post(f"/visits/{child_id}/outcome", data=again)
    assert (
        str(saved.url).endswith("/visits?sector=S0001&saved=1")
        and say("ui", "told_today") in saved.text
    )
    assert f"{child_id}</a>: <strong>{say('findings', finding)}</strong>" in saved.text
    who = ("test-supervisor", "supervisor", None)
    assert told(made) == [(child_id, "S0001", finding, dt.date(2026, 3, 15), AS_OF, *who)]
    client.post(f"/visits/{child_id}/outcome", data=again)
    assert len(told(made)) == 1, "the same finding sent again by a phone opens no second record"
    made.close()


def told(app) -> list[tuple]:
    """Who told what of whom on which day, and how it was closed."""
    with app.state.engine.connect() as connection:
        rows = (
            connection.execute(sa.select(TOLD).order_by(TOLD.c.number)).all()
            if has_told(app)
            else []
        )
    return [
        (
            row.child_id,
            row.sector_id,
            row.finding,
            row.visited_on,
            row.told_on,
            row.told_by,
            row.told_as,
            row.closed_as,
        )
        for row in rows
    ]


def has_told(app) -> bool:
    return sa.inspect(app.state.engine).has_table(TOLD.name)


def test_a_finding_told_by_mistake_is_corrected_and_its_record_stays(tmp_path, monkeypatch):
    address = make_store(tmp_path, count=8)
    made = create_app(address, follow=False, log=Log(lambda line: None))
    client = browser(made, address)
    child_id = first_child(client)
    for finding in ("died", "away", "died"):
        form = {"finding": finding, "visited_on": "2026-03-16", "confirmed": "1"}
        page = client.post(f"/visits/{child_id}/outcome", data=form | {"back": "/visits"}).text
        assert (words("en")("ui", "told_today") in page) == (finding == "died")
    assert [(row[2], row[-1]) for row in told(made)] == [("died", "corrected"), ("died", None)]
    monkeypatch.setenv("SANKET_TODAY", "2026-03-17")
    assert (
        words("en")("ui", "told_today") not in client.get("/visits").text and len(told(made)) == 2
    )
    made.close()


def test_what_the_api_tells_is_recorded_too_without_asking(tmp_path):
    address = make_store(tmp_path, count=8)
    made = create_app(address, follow=False, log=Log(lambda line: None))
    headers = {"authorization": f"Bearer {token(address)}"}
    document = {"visited_on": "2026-03-16", "finding": "ill"}
    assert (
        browser(made, address)
        .post("/v1/visits/C00002/outcome", json=document, headers=headers)
        .status_code
        == 201
    )
    assert [row[:3] for row in told(made)] == [("C00002", "S0001", "ill")]
    made.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "path", ["/visits", "/sector", "/children/C00001", "/children/C00001/growth", SHEET]
)
@pytest.mark.parametrize(
    ("today", "old"),
    [("2026-03-16", None), ("2026-03-18", None), ("2026-03-19", 3), ("2026-04-01", 16)],
)
def test_a_page_says_from_the_third_day_that_it_is_old(
    app, store, monkeypatch, language, path, today, old
):
    monkeypatch.setenv("SANKET_TODAY", today)
    text = browser(app, store, language=language).get(path).text
    line = re.search(r'<p id="stale"[^>]*>([^<]*)</p>', text)
    assert ("hidden" in line.group(0)) == (old is None)
    if old:
        say, days = words(language), (AS_OF, dt.date.fromisoformat(today))
        date, now = map(say.day, days)
        assert line.group(1) == say.say("ui", "stale", n=old, date=date, today=now)


def test_days_late_are_counted_to_today_on_the_page_in_the_api_and_on_paper(
    app, store, monkeypatch
):
    headers = {"authorization": f"Bearer {token(store)}"}
    for today, more in (("2026-03-16", 0), ("2026-03-20", 4)):
        monkeypatch.setenv("SANKET_TODAY", today)
        client = browser(app, store)
        rows = client.get("/v1/visits?capacity=100", headers=headers).json()
        late = [row for row in rows["rows"] if row["rule"] == "weighing_late"]
        assert rows["counted_to"] == today and rows["as_of"] == "2026-03-16"
        assert late and all(row["overdue_days"] == 9 + more for row in late)
        child_id = late[0]["child_id"]
        assert (
            client.get(f"/v1/children/{child_id}", headers=headers).json()["overdue_days"]
            == 9 + more
        )
        said = words("en").say("ui", "overdue_by", n=9 + more)
        assert (
            said in client.get(f"/children/{child_id}").text
            and said in client.get("/visits?capacity=100").text
        )
        listed = listed_from_store(store, sector="S0001", capacity=100)
        assert said in render(listed, words("en"), form="txt").decode()
    then = client.get("/v1/visits?capacity=100&as_of=2026-03-17", headers=headers).json()
    late = {row["overdue_days"] for row in then["rows"] if row["rule"] == "weighing_late"}
    assert then["counted_to"] == "2026-03-17" and late == {10}


def test_a_visited_child_is_asked_for_again_though_nobody_scored_since(tmp_path, monkeypatch):
    address = make_store(tmp_path, count=8)
    made = create_app(address, follow=False, log=Log(lambda line: None))
    client = browser(made, address)
    child_id = first_child(client)
    form = {"finding": "ill", "visited_on": "2026-03-16", "confirmed": "1", "back": "/visits"}
    listed = f'href="/children/{child_id}">{child_id}</a> <span>'
    assert listed not in client.post(f"/visits/{child_id}/outcome", data=form).text
    monkeypatch.setenv("SANKET_TODAY", "2026-03-23")
    assert listed in client.get("/visits").text
    made.close()


def test_the_api_takes_what_was_measured_and_says_it_back(app, store):
    def send(document):
        headers = {"authorization": f"Bearer {token(store)}"}
        return browser(app, store).post("/v1/visits/C00002/outcome", json=document, headers=headers)

    told = send({"visited_on": "2026-03-16", "finding": None, "weight_kg": 6.9, "muac_mm": 113})
    assert (
        told.status_code == 201
        and told.json()["weight_kg"] == 6.9
        and told.json()["finding"] is None
    )
    arms = ({"muac_mm": 400}, {"muac_mm": 11.4}, {"muac_mm": "114"})
    for wrong in (
        {"weight_kg": True},
        {"weight_kg": "6.9"},
        *arms,
        {"finding": None},
        {"height_cm": 70},
    ):
        assert send({"visited_on": "2026-03-16", "finding": "well"} | wrong).status_code == 422
