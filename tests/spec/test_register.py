"""The register's own columns on the child's page: weight to be gained, each week's gain and
shortfall."""

import csv
import datetime as dt
import re

import numpy as np
import pytest

from registry.store.store import open_store
from serving.app import create_app
from serving.book.scoring.book_rows import Scoring
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.pages.timeline import history_of
from tests.browser.test_pages import browser
from tests.support.list_store import children, make_store
from tests.support.listed_children import AS_OF
from tests.support.stories import date
from tests.support.stories import registry as story

TREATED = children(6)[0].child_id


def _csv(path, head, *rows):
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([head.split(","), *rows])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A list's store in which one child was admitted 21 days ago and weighed in the first and the
    third week."""
    folder = tmp_path_factory.mktemp("register")
    address, more = make_store(folder, count=6), folder / "more"
    more.mkdir()
    admitted = AS_OF - dt.timedelta(days=21)
    stay = ["X", TREATED, "UCDC", admitted, "pass"]
    _csv(more / "episodes.csv", "episode_id,child_id,programme,admitted_on,appetite_test", stay)
    _csv(
        more / "measurements.csv",
        "child_id,measured_on,weight_kg,height_cm,height_position",
        [TREATED, admitted, 6.2, 70, "lying"],
        [TREATED, admitted + dt.timedelta(days=7), 6.5, "", ""],
        [TREATED, AS_OF, 6.4, "", ""],
    )
    opened = open_store(address)
    opened.import_source(str(more), imported_on=AS_OF)
    opened.close()
    return address


def test_the_columns_are_those_of_the_open_stay(store):
    stay = history_of(store, TREATED, AS_OF, words("en"), told={}).stay
    assert stay.admission_kg == 6.2 and stay.target_kg > 6.5
    assert [week.weight_kg for week in stay.weeks] == [6.5, None, 6.4]
    assert stay.weeks[2].gain_kg == -0.1 and stay.to_gain_kg == pytest.approx(stay.target_kg - 6.4)
    assert history_of(store, children(6)[1].child_id, AS_OF, words("en"), told={}).stay is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_them_in_each_language(store, language):
    app = create_app(store, follow=False, log=Log(lambda line: None))
    text = browser(app, store, language=language).get(f"/children/{TREATED}").text
    app.close()
    spoken = words(language)
    assert f">{spoken('ui', 'register')}</h2>" in text and spoken("ui", "shortfall_column") in text
    assert re.search(r'<td class="n">−0\.10</td>', text) and '<td class="n">–</td>' in text


def test_the_book_keeps_the_last_arm_and_height_with_their_days_and_the_weight_to_reach():
    # Admitted on 1 June with 9.3 kg, 76.0 cm and an arm of 110 mm; on 15 June weighed only.
    def facts(**more):
        told = story("0 sam, 14 stale", **more)
        [row] = Scoring.of(told, {}, dt.date.fromisoformat(date(20))).rows(np.array([0], np.int32))
        return row.candidate.facts

    kept, first = (
        facts(episodes=[{"admitted_on": 0, "appetite_test": "pass"}]),
        dt.date.fromisoformat(date(0)),
    )
    assert (kept["last_weight_kg"], kept["last_weight_on"]) == (
        9.3,
        dt.date.fromisoformat(date(14)),
    )
    assert (kept["last_muac_mm"], kept["last_muac_on"]) == (110.0, first)
    assert (kept["last_height_cm"], kept["last_height_on"]) == (76.0, first)
    assert 7.5 < kept["target_weight_kg"] < 8.5, "WHZ -2 of a girl of 76 cm"
    assert "target_weight_kg" not in facts(), "no weight to reach outside of treatment"
