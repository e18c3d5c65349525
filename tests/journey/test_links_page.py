"""The page of pairs over the real service: an officer decides within the scope, it is kept and
audited, and can be undone on the same page."""

from __future__ import annotations

import csv
import datetime as dt
import re
from contextlib import closing
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from registry.contract.days import day_number
from registry.linkage.comparisons import COMPARISONS
from registry.store import schema
from registry.store.links.decisions import decide
from registry.store.store import open_store
from serving.app import create_app
from serving.audit.audit_chain import ENTRIES
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.pages.links.links_page import reason_key
from tests.support.service_cases import KEY, Client, book, row, token
from tests.support.two_registers import said, two_stores

TODAY = "2025-06-01"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def served(tmp_path, monkeypatch):
    """(the service, its store's address, lines of its log): one twin in each register waits, and
    k2 and k3, of two sectors, that somebody was not sure of."""
    monkeypatch.setenv("SANKET_TODAY", TODAY)
    address, other = two_stores(tmp_path)
    said("link", address, other, "--keep", "health")
    with closing(open_store(address)) as store:
        with store.engine.begin() as connection:
            day = day_number(TODAY)
            decide(connection, "k2", "k3", "unsure", by="a clerk", on=day, because="moved")
        children = [row(f"k{at}", f"S{1 + at % 2}") for at in range(40)] + [row("twin", "S1")]
        book(store.engine, children, as_of=dt.date(2025, 5, 31))
    lines: list[str] = []
    app = create_app(address, tmp_path / "m", key=KEY, log=Log(lines.append), follow=False)
    yield app, address, lines
    app.close()


def asked(app, method, path, *scopes, role="officer", language="en", **request):
    headers = {
        "Cookie": f"sanket_session={token(*scopes, role=role)}",
        "Accept-Language": language,
    } | request.pop("headers", {})
    return Client(app).ask(method, path, headers=headers, **request)


def pairs(text):
    """By the codes of a pair: the number of its form."""
    heads = re.findall(r'<h2 id="pair-(\d+)">(.*?)</h2>', text)
    return {tuple(codes.split(" · ")): int(number) for number, codes in heads}


def decided(app, number, verdict, *scopes, because="", **how):
    form = urlencode({"verdict": verdict, "because": because})
    return asked(app, "POST", f"/links/{number}", *scopes, content=form, headers=FORM, **how)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_records_stand_side_by_side_with_what_speaks_for_and_against(served, language):
    app, *_ = served
    text, say = asked(app, "GET", "/links", language=language).text, words(language)
    assert list(pairs(text)) == [("twin", "ptwin"), ("k2", "k3")], "the linkage's first"
    twins = text.split('<section aria-labelledby="pair')[1].split("</section>")[0]
    assert say("link_reasons", "same_date_of_birth") in twins
    assert say("link_reasons", "other_readings_on_the_same_days") in twins
    lines = re.findall(r"<tr><th scope=\"row\">(.*?)</th><td>(.*?)</td><td>(.*?)</td>", twins)
    told = {re.sub(r"<.*", "", name).strip(): (mine, theirs) for name, mine, theirs in lines}
    april = say.day(dt.date(2025, 4, 9), short=True)
    assert told[april] == ("8.6 kg, 75.0 cm", "10.3 kg, 75.0 cm")
    assert told[say("links", "centre")] == ("A", "A")
    differing = [name for name, *_ in lines if say("links", "differs") in name]
    assert len(differing) == 4, "the four weighings"
    assert "bits" not in text and "{" not in re.sub(r"data-words='[^']*'", "", text)


def test_every_level_of_every_comparison_has_its_words(served):
    for language in LANGUAGES:
        for comparison in COMPARISONS:
            for level in comparison.levels:
                assert words(language)("link_reasons", reason_key(level)), level


def test_a_decision_is_kept_with_who_and_when_audited_and_undone_on_the_same_page(served):
    app, address, lines = served
    number = pairs(asked(app, "GET", "/links").text)["twin", "ptwin"]
    answer = decided(app, number, "same", because="one weighing book")
    assert answer.status_code == 303 and answer.headers["location"] == "/links?decided=1&saved=1"
    page = asked(app, "GET", answer.headers["location"]).text
    assert "The same child: decided on 1 June 2025 by test." in page and "one weighing book" in page
    assert ("twin", "ptwin") not in pairs(asked(app, "GET", "/links").text)
    with closing(open_store(address)) as store:
        assert len(weighed(store, "twin")) == 8
        again = pairs(page)["twin", "ptwin"]
        assert decided(app, again, "different").status_code == 303
        assert len(weighed(store, "twin")) == 4
        with store.engine.connect() as connection:
            rows = connection.execute(sa.select(schema.LINKS).order_by(schema.LINKS.c.no)).all()
            acts = connection.scalars(sa.select(ENTRIES.c.act)).all()
    of_twins = [(one.verdict, one.decided_by) for one in rows if one.no in (number, again)]
    assert of_twins == [("look", "sanket link"), ("same", "test")]
    assert (rows[-1].verdict, rows[-1].because) == ("different", "")
    assert acts.count("decide_link") == 2 and acts.count("links") == 3
    assert not any("twin" in line for line in lines)


def weighed(store, child):
    registry = store.load(children=[child])
    open_ = registry.measurements["known_until"] > day_number(TODAY)
    return registry.measurements["weight_kg"][open_]


def test_what_somebody_decided_meanwhile_is_not_decided_over(served):
    app, address, _ = served
    number = pairs(asked(app, "GET", "/links").text)["twin", "ptwin"]
    decided(app, number, "different")
    answer = decided(app, number, "same")
    assert answer.headers["location"] == "/links?changed=1"
    assert words("en")("links", "said_changed") in asked(app, "GET", "/links?changed=1").text
    with closing(open_store(address)) as store:
        assert len(weighed(store, "twin")) == 4


def test_nobody_sees_or_decides_beyond_the_scope_or_the_role(served):
    app, *_ = served
    number = pairs(asked(app, "GET", "/links").text)
    assert set(pairs(asked(app, "GET", "/links", "sector:S1").text)) == {("twin", "ptwin")}
    assert pairs(asked(app, "GET", "/links", "sector:S2").text) == {}
    assert len(pairs(asked(app, "GET", "/links", "project:P1").text)) == 2
    beyond = decided(app, number["twin", "ptwin"], "same", "sector:S2")
    assert beyond.headers["location"] == "/links?changed=1"
    assert decided(app, number["k2", "k3"], "same", role="supervisor").status_code == 403
    looked = asked(app, "GET", "/links", "sector:S1", role="supervisor").text
    assert '<button name="verdict"' not in looked and ("twin", "ptwin") in pairs(looked)
    assert asked(app, "GET", "/links", role="analyst").status_code == 403
    assert decided(app, number["k2", "k3"], "married").status_code == 404
    other_site = {"headers": FORM | {"Origin": "http://elsewhere.test"}, "content": "verdict=same"}
    answer = asked(app, "POST", f"/links/{number['k2', 'k3']}", **other_site)
    assert answer.status_code == 403
    assert set(pairs(asked(app, "GET", "/links").text)) == set(number), "nothing was kept"


def test_a_link_that_cannot_be_is_said_and_not_kept(served):
    app, address, _ = served
    waiting = pairs(asked(app, "GET", "/links").text)
    with closing(open_store(address)) as store, store.engine.begin() as connection:
        decide(connection, "k1", "ptwin", "same", by="a clerk", on=day_number(TODAY))
    answer = decided(app, waiting["twin", "ptwin"], "same")
    assert answer.headers["location"] == "/links?cannot=1"


def test_a_child_is_found_by_either_code_and_its_page_and_export_name_both(served, tmp_path):
    app, address, _ = served
    for code in ("pk0", "health:pk0"):
        answer = asked(app, "GET", f"/areas?code={code}", "sector:S1")
        assert answer.headers["location"] == "/children/k0"
    assert asked(app, "GET", "/areas?code=pk0", "sector:S2").status_code == 404
    assert "Also recorded as: health:pk0." in asked(app, "GET", "/children/k0").text
    out = tmp_path / "children.csv"
    said("export", address, "children", "-o", str(out))
    rows = {
        row["child_id"]: row["other_codes"] for row in csv.DictReader(out.read_text().splitlines())
    }
    assert rows["k0"] == "health:pk0" and rows["twin"] == "" and len(rows) == 41


def test_the_page_of_a_second_code_leads_to_the_child_it_is(served):
    app, address, _ = served
    with closing(open_store(address)) as store:
        with store.engine.begin() as connection:
            decide(connection, "k2", "k3", "same", by="a clerk", on=day_number(TODAY))
        children = [row(f"k{at}", f"S{1 + at % 2}") for at in range(40) if at != 3]
        book(store.engine, children, as_of=dt.date(2025, 6, 1))
    assert asked(app, "GET", "/children/k3").headers["location"] == "/children/k2"
    assert asked(app, "GET", "/children/k3", "sector:S2").status_code == 404
    assert asked(app, "GET", "/children/nobody").status_code == 404
    assert "health:pk3" in asked(app, "GET", "/children/k2").text, "links of links"
    assert ("k2", "k3") in pairs(asked(app, "GET", "/links?decided=1", "sector:S1").text)
