"""The supervisor's today: progress, a day and a number of visits of one's choice, one centre, a child
by its code, the month's plan."""

from __future__ import annotations

import re

import pytest
from markupsafe import escape

from serving.app import create_app
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.visits.from_store import listed_from_store
from tests.browser.test_pages import browser
from tests.journey.test_audit_whole import newest, shown_in
from tests.support.list_store import make_store
from tests.support.listed_children import AS_OF

EN = words("en")
NUMBERED = r'<span class="number">(\d+)</span> <a href="/children/(C\d+)"'


@pytest.fixture(autouse=True)
def on_the_day_of_the_list(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", AS_OF.isoformat())


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A served store, and every line that it logs."""
    address, lines = make_store(tmp_path_factory.mktemp("today")), []
    made = create_app(address, follow=False, log=Log(lines.append))
    yield made, address, lines
    made.close()


@pytest.fixture
def client(service):
    return browser(*service[:2])


def progress_of(page: str) -> str:
    found = re.search(r'<p class="progress">(.*?)</p>', page, re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", found.group(1)).split()) if found else ""


def tick(client, child_id, finding, *, day=AS_OF):
    form = {"finding": finding, "visited_on": day.isoformat(), "back": "/visits", "confirmed": "1"}
    assert client.post(f"/visits/{child_id}/outcome", data=form).status_code == 200


def test_progress_counts_each_child_of_the_list_once(tmp_path):
    address = make_store(tmp_path)
    made = create_app(address, follow=False, log=Log(lambda line: None))
    client, places = browser(made, address), "/visits?capacity=2"
    listed = listed_from_store(address, sector="S0001", capacity=2)
    first, second = (row.candidate.child_id for row in listed.rows)
    beside = listed_from_store(address, sector="S0001", capacity=20).rows[-1].candidate.child_id
    assert progress_of(client.get(places).text) == "Done 0 of 2"
    tick(client, first, "away")
    assert progress_of(client.get(places).text).startswith(
        "Done 0 of 2 " + EN.say("today", "away", n=1)
    )
    tick(client, first, "well")
    tick(client, first, "well")
    assert progress_of(client.get(places).text) == "Done 1 of 2"
    tick(client, beside, "well")
    tick(client, second, "ill")
    page = client.get(places).text
    assert progress_of(page).startswith("Done 2 of 2 " + EN("today", "all_done"))
    assert EN.say("today", "others", n=1) in page
    left = {child: rank for rank, child in re.findall(NUMBERED, page)}
    rested = listed_from_store(address, sector="S0001", capacity=2)
    assert list(left) == [row.candidate.child_id for row in rested.rows]
    made.close()


def test_a_list_can_be_asked_for_a_day_ahead(client):
    """Late on the 16th by nine days, so by thirteen on the 20th; what was due stays known."""
    now, later = client.get("/visits").text, client.get("/visits?day=2026-03-20").text
    assert EN.say("ui", "overdue_by", n=9) in now and EN.say("ui", "overdue_by", n=13) in later
    assert 'value="2026-03-20"' in later
    paper = client.get("/visits.txt?day=2026-03-20").text
    assert EN.say("ui", "overdue_by", n=13) in paper


@pytest.mark.parametrize(
    "asked",
    [
        "day=2026-03-15",
        "day=2026-04-17",
        "day=16.3.2026",
        "day=2026-02-30",
        "per_day=0",
        "per_day=31",
    ],
)
def test_a_day_or_a_number_that_cannot_be_is_refused(client, asked):
    assert client.get(f"/visits?{asked}").status_code == 422
    assert client.get(f"/visits/plan?{asked}").status_code == 422


def test_by_urgency_all_stand_in_their_order_and_by_the_route_danger_is_first(client):
    by_urgency = client.get("/visits?order=urgency").text
    assert [int(number) for number, _ in re.findall(NUMBERED, by_urgency)] == list(range(1, 21))
    by_route = client.get("/visits").text
    at = [bool(danger) for danger in re.findall(r'<li class="child (?:(danger)|\w+)"', by_route)]
    sections = re.split(r"<h3>", by_route.split('id="by-centre"')[1].split("</section>")[0])[1:]
    with_danger = ["child danger" in one for one in sections]
    assert sum(at) == 4 and with_danger == sorted(with_danger, reverse=True)


def test_chosen_centres_have_a_list_of_their_own_in_the_same_order(service, client):
    whole = listed_from_store(service[1], sector="S0001", capacity=20)
    chosen = list(dict.fromkeys(row.candidate.centre_id for row in whole.rows))[1:4]
    asked = "&".join(f"centre={one}" for one in chosen)
    page = client.get(f"/visits?capacity=8&order=urgency&{asked}").text
    found = {int(at): child for at, child in re.findall(NUMBERED, page)}
    assert sorted(found) == list(range(1, len(found) + 1)) and 3 < len(found) <= 8
    order = {row.candidate.child_id: row.rank for row in whole.rows}
    places = [order[found[at]] for at in sorted(found) if found[at] in order]
    assert places == sorted(places)
    here = {row.candidate.child_id for row in whole.rows if row.candidate.centre_id in chosen}
    assert len(here & set(found.values())) == min(8, len(here))
    danger = [row.candidate for row in whole.rows if row.candidate.danger]
    danger += [child for child in (*whole.anm, *whole.beyond) if child.danger]
    elsewhere = sum(child.centre_id not in chosen for child in danger)
    assert elsewhere and EN.say("today", "elsewhere", n=elsewhere) in page
    assert EN.say("today", "only_centres", n=3) in page
    assert page.count(" checked>") == 3
    assert progress_of(page) == "Done 0 of 8"
    paper = client.get(f"/visits.txt?capacity=8&{asked}").text
    assert all(child in paper for child in found.values())


def test_a_plan_of_chosen_centres_names_nobody_of_another(service, client):
    whole = listed_from_store(service[1], sector="S0001", capacity=20)
    centre = whole.rows[0].candidate.centre_id
    others = {one.child_id for one in whole.anm if one.centre_id != centre}
    plan = client.get(f"/visits/plan?centre={centre}").text
    assert whole.rows[0].candidate.child_id in plan
    assert not {child for child in others if f'/children/{child}"' in plan}


def test_a_child_is_found_by_its_code_and_its_code_stands_in_no_address_and_no_log(service, client):
    found = client.post("/visits/find", data={"code": " C00007 ", "sector": "S0001"})
    assert found.status_code == 200 and str(found.url).endswith("/children/C00007")
    some = client.post("/visits/find", data={"code": "0003", "sector": "S0001"})
    assert str(some.url).endswith("/visits/find")
    assert re.findall(r'/children/(C\d+)"', some.text) == [
        "C00003",
        *(f"C0003{at}" for at in range(10)),
    ]
    in_devanagari = client.post("/visits/find", data={"code": "०००३", "sector": "S0001"})
    assert in_devanagari.status_code == 200
    assert in_devanagari.text.count("/children/C0003") == some.text.count("/children/C0003") == 10
    for code in ("C90001", "90001", "nobody", ""):
        none = client.post("/visits/find", data={"code": code, "sector": "S0001"})
        assert none.status_code == 404 and str(escape(EN("today", "found_none"))) in none.text
        assert not code or code not in none.text
    assert not any("C00007" in line or "0003" in line for line in service[2])
    assert 'method="post" action="/visits/find"' in client.get("/visits").text
    other = client.post("/visits/find", data={"code": "C", "sector": "S0002"})
    assert other.status_code == 404
    assert (
        client.post(
            "/visits/find", data={"code": "C1"}, headers={"origin": "https://elsewhere.example"}
        ).status_code
        == 403
    )


def test_the_plan_names_every_visit_of_the_list_once_and_is_audited(service, client):
    listed = listed_from_store(service[1], sector="S0001", capacity=20)
    page = client.get("/visits/plan?per_day=3").text
    assert {child: rank for rank, child in re.findall(NUMBERED, page)} == {
        row.candidate.child_id: str(row.rank) for row in listed.rows
    }
    days = page.split('<ol class="calendar">')[1].split("<time ")[1:]
    assert len(days) == 31 and all(len(re.findall(NUMBERED, day)) <= 3 for day in days)
    due = next(day for day in days if "2026-04-02" in day)
    assert EN("today", "due") in due and "/visits/centres/A000/sheet?sector=S0001" in due
    act, audited = newest(service[0])
    assert act == "list" and audited == shown_in(service[0], page)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "path", ["/visits?order=urgency", "/visits/plan", "/visits/plan?per_day=1"]
)
def test_every_page_is_small_and_speaks_the_language(service, language, path):
    page = browser(*service[:2], language=language).get(path)
    assert page.status_code == 200 and f'<html lang="{language}">' in page.text
    assert page.num_bytes_downloaded < 12_000 and "None" not in page.text


def test_who_sees_no_children_sees_no_plan(service):
    analyst = browser(*service[:2], role="analyst", scope="district:D1")
    assert analyst.get("/visits/plan").status_code == 403
    form = {"code": "C00007", "sector": "S0001"}
    assert analyst.post("/visits/find", data=form).status_code == 403
    assert browser(*service[:2]).get("/visits/plan?sector=S0002").status_code == 404
