"""Every child of the registry in the reader's scope has a page, whether a run kept it or not: found by
its code, with its records, why it has no score, and a form for what was found."""

from __future__ import annotations

from html import unescape

import pytest

from registry.store.store import open_store
from serving.access.permissions import COOKIE
from serving.app import create_app
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from tests.journey.test_audit_whole import newest
from tests.support.service_cases import AS_OF, KEY, Client, book, row, token

WELL = [("2025-12-12", 8.7, 76), ("2026-01-12", 8.9, 77), ("2026-02-12", 9.1, 78)]
FELL = [("2025-12-12", 9.4, 76), ("2026-01-12", 9.5, 77), ("2026-02-12", 8.4, 78)]
OLD = [("2024-11-12", 8.0, 70)]
TABLES = {
    "centres": "centre_id,sector_id,project_id,district_id,setting\n"
    "S1-A1,S1,P1,D1,urban\nS2-A1,S2,P1,D1,urban\n",
    "children": "child_id,sex,birth_date,centre_id\nK-1,F,2024-10-14,S1-A1\n"
    "W-1,F,2024-10-14,S1-A1\nF-1,F,2024-10-14,S1-A1\nO-1,F,2024-05-14,S1-A1\n"
    "G-1,F,2020-02-14,S1-A1\nX-1,F,2024-10-14,S2-A1\nN-1,F,2024-10-14,\n",
    "measurements": "child_id,measured_on,weight_kg,height_cm,height_position\n"
    + "".join(
        f"{name},{day},{kg},{cm},lying\n"
        for name, rows in {"W-1": WELL, "X-1": WELL, "F-1": FELL, "O-1": OLD, "K-1": WELL}.items()
        for day, kg, cm in rows
    ),
}
EN = words("en")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outside")
    (folder / "in").mkdir()
    for name, text in TABLES.items():
        (folder / "in" / f"{name}.csv").write_text(text)
    address = str(folder / "x.db")
    store = open_store(address)
    store.import_source(folder / "in", imported_on="2026-03-01")
    store.close()
    made = create_app(address, folder / "m", key=KEY, log=Log(lambda _: None), follow=False)
    book(made.state.engine, [row("K-1", "S1"), row("K-2", "S2")], as_of=AS_OF)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def on_the_scoring_day(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", AS_OF.isoformat())


def headers(*scopes, language="en"):
    cookie = f"{COOKIE}={token(*(scopes or ('sector:S1',)), role='supervisor')}"
    return {"Cookie": cookie, "Accept-Language": language}


def get(app, path, *scopes, language="en"):
    return Client(app).get(path, headers=headers(*scopes, language=language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_child_whom_nobody_watches_has_a_page_with_its_records(app, language):
    say, answer = words(language), get(app, "/children/W-1", language=language)
    page = unescape(answer.text)
    assert answer.status_code == 200 and newest(app)[0] == "child"
    assert say("ui", "outside_book") in page and say("ui", "outside_unwatched") in page
    assert say("states", "screened_well") in page
    assert "9.1" in page and '<figure class="chart">' in answer.text
    assert get(app, "/children/W-1/growth", language=language).status_code == 200
    assert get(app, "/children/W-1/slip.pdf", language=language).content[:4] == b"%PDF"


def test_what_its_records_lack_to_be_scored_is_said(app):
    assert EN("not_scored", "no_weight_in_a_year") in get(app, "/children/O-1").text
    grown = unescape(get(app, "/children/G-1").text)
    assert EN("not_scored", "too_old") in grown and EN("ui", "outside_unwatched") not in grown


def test_a_weight_that_fell_since_the_lists_were_made_is_not_called_well(app):
    page = unescape(get(app, "/children/F-1").text)
    assert EN("states", "losing_weight") in page and EN("ui", "outside_since") in page
    assert "9.5 kg on 12 Jan, 8.4 kg on 12 Feb" in page
    assert EN("ui", "outside_unwatched") not in page


@pytest.mark.parametrize("child", ["X-1", "N-1", "nobody", "W-1/"])
def test_another_sectors_child_one_without_a_centre_and_none_are_not_told_apart(app, child):
    answers = [get(app, f"/children/{child}{more}") for more in ("", "/growth", "/slip.pdf")]
    assert {answer.status_code for answer in answers} == {404}
    assert "9.1" not in answers[0].text


def test_the_whole_state_sees_the_others(app):
    assert get(app, "/children/X-1", "state:*").status_code == 200


def test_it_is_found_by_its_code_and_what_was_found_is_kept(app):
    client, mine = Client(app), headers() | {"origin": "http://sanket.test"}
    found = client.post(
        "/visits/find", None, json=None, data={"code": "W-1", "sector": "S1"}, headers=mine
    )
    assert found.status_code == 303 and found.headers["location"] == "/children/W-1"
    sent = {"finding": "sam_again", "visited_on": AS_OF.isoformat(), "muac_mm": "11.2"}
    sent |= {"confirmed": "1", "back": "/children/W-1"}
    assert (
        client.post("/visits/W-1/outcome", None, json=None, data=sent, headers=mine).status_code
        == 303
    )
    page = unescape(get(app, "/children/W-1").text)
    assert EN("findings", "sam_again") in page and "arm 11.2 cm" in page
    assert (
        client.post("/visits/X-1/outcome", None, json=None, data=sent, headers=mine).status_code
        == 404
    )


def test_an_arm_of_sam_is_told_whatever_was_ticked_and_the_child_stands_in_danger(app):
    client, mine = Client(app), headers() | {"origin": "http://sanket.test"}
    for child, finding in (("F-1", "none"), ("K-1", "well")):
        sent = {"finding": finding, "visited_on": AS_OF.isoformat(), "muac_mm": "11.2"}
        sent["back"] = "/visits"
        answer = client.post(f"/visits/{child}/outcome", None, json=None, data=sent, headers=mine)
        assert answer.status_code == 303
        page = unescape(get(app, f"/children/{child}").text)
        assert EN.say("home", "sam", limit="11.5") in page and "arm 11.2 cm" in page
    today = unescape(get(app, "/visits").text)
    told = today[today.index('id="told"') :]
    told = told[: told.index("</section>")]
    assert "F-1" in told and "K-1" in told and told.count(EN("findings", "sam_again")) >= 2
    assert "arm 11.2 cm" in today[today.index('id="anm"') :]
    sent = {"finding": "none", "visited_on": AS_OF.isoformat(), "muac_mm": "12.8"}
    sent["back"] = "/visits"
    client.post("/visits/O-1/outcome", None, json=None, data=sent, headers=mine)
    told = unescape(get(app, "/visits").text).split('id="told"')[1].split("</section>")[0]
    assert "O-1" not in told
