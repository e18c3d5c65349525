"""What to expect in an area, and its map, over the real service: figures told by hand, what is
withheld neither told nor drawn, each scope its own, in each language."""

import datetime as dt
import html
import json
import re
from contextlib import closing

import numpy as np
import pytest

from care.programme.published_forecast import Publication
from registry.store.boundaries import import_boundaries
from registry.store.store import open_store
from serving.app import create_app
from serving.book.areas.area_outlines import convex_hull
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.pages.areas.expected_page import _old
from tests.support.days_of_scoring import AS_OF, measured_centres
from tests.support.forecast_by_hand import place_centres, publish_by_hand
from tests.support.service_cases import KEY, Client, token


@pytest.fixture(autouse=True)
def on_the_scoring_day(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", AS_OF)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    home = tmp_path_factory.mktemp("forecasts")
    days = measured_centres(home)
    publish_by_hand(days.address)
    place_centres(days.address, ("A1", "A3", "B1", "C1", "C2"))
    square = [[73.9, 19.9], [74.05, 19.9], [74.05, 20.05], [73.9, 20.05], [73.9, 19.9]]
    feature = {"type": "Feature", "properties": {"sector_id": "S1"}}
    feature["geometry"] = {"type": "Polygon", "coordinates": [square]}
    file = home / "areas.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with closing(open_store(days.address)) as store:
        import_boundaries(store, file)
    app = create_app(days.address, home / "m", key=KEY, log=Log(lambda _: None), follow=False)
    yield app
    app.close()


def get(service, path, *scopes, role="officer", language="en"):
    cookie = f"sanket_session={token(*scopes, role=role)}"
    headers = {"Cookie": cookie, "Accept-Language": language, "Accept-Encoding": "gzip"}
    return Client(service).get(path, headers=headers)


def text_of(cell):
    return html.unescape(re.sub(r"<[^>]+>", "", cell)).strip()


def table(text, name):
    part = text.split(f'aria-labelledby="{name}"', 1)[1].split("</section>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL)
    return [
        [text_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in rows
    ][1:]


def said(text):
    part = text.split('aria-labelledby="alerts"', 1)[1].split("</section>")[0]
    return [text_of(line) for line in re.findall(r"<li>(.*?)</li>", part, re.DOTALL)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ("state/state", "district/D1", "sector/S1", "centre/A1"))
@pytest.mark.parametrize("page", ("forecast", "map"))
def test_each_level_has_its_page_in_each_language(service, page, path, language):
    answer = get(service, f"/{page}/{path}", language=language)
    assert answer.status_code == 200 and int(answer.headers["content-length"]) < 60_000
    plain = re.sub(r"data-words='[^']*'", "", answer.text)
    assert "{" not in plain
    told = html.unescape(answer.text)
    assert page == "map" or words(language)("forecast", "how") in told


def test_the_months_are_told_as_they_are_drawn(service):
    text = get(service, "/forecast/sector/S1").text
    rows = {row[0]: row[1:] for row in table(text, "months")}
    assert rows["Jul 2026"] == ["", "9", "10.4", "9 to 11"]
    assert rows["Sep 2026"][1] == "not reported" and rows["May 2026"][0] == "not shown"
    assert rows["Jun 2026"] == ["20 (above its band)", "12", "", ""]
    assert "Made on 2 July 2026" in text and "end of Jun 2026" in text
    assert text.count("<svg") == 1 and "10.4 expected in Jul 2026" in text


def ahead(text):
    part = text.split('aria-labelledby="ahead"', 1)[1].split("</section>")[0]
    return [text_of(line) for line in re.findall(r"<p>(.*?)</p>", part, re.DOTALL)]


def test_the_areas_own_page_tells_the_months_ahead_and_its_alerts_in_short(service):
    page = get(service, "/areas/sector/S1").text
    assert ahead(page) == [
        "Newly confirmed SAM expected, and what 8 months in 10 lie between: Jul 2026: 10.4 (9 to 11); "
        "Aug 2026: 10.4 (9 to 11); Sep 2026: 10.4 (9 to 11).",
        "20 in Jun 2026, where 8.2 were expected: more than chance explains.",
        "33 expected in the three months from Jul 2026, at least half more than in an average three months of "
        "the last year. Let food and beds be ready.",
    ]
    assert '<a href="/forecast/sector/S1">' in page.split('id="ahead"', 1)[1].split("</h2>")[0]
    assert ahead(get(service, "/areas/sector/S2").text)[1:] == [
        "more in Jun 2026 than chance explains, where 0.4 were expected."
    ], "three children: their number is told nowhere"
    assert 'id="ahead"' not in get(service, "/areas/centre/A1").text


def test_alerts_are_one_line_each_and_tell_no_small_count(service):
    lines = said(get(service, "/forecast/state/state").text)
    assert lines == [
        "Sector S1: 20 in Jun 2026, where 8.2 were expected: more than chance explains.",
        "Sector S2: more in Jun 2026 than chance explains, where 0.4 were expected.",
        "Sector S3: no child with SAM in the last twelve months, where areas like it found 7.5 on "
        "average. Have children measured again.",
        "Sector S4: 31 expected in the three months from Jul 2026, where an average three "
        "months of the last year counted 18.0. Let food and beds be ready.",
        "Sector S1: 33 expected in the three months from Jul 2026, at least half more than in an "
        "average three months of the last year. Let food and beds be ready.",
    ], "S1's May is withheld: a sum over the year would tell it"


def test_parts_are_ranked_by_what_is_expected(service):
    rows = table(get(service, "/forecast/state/state").text, "ranked")
    assert [row[1] for row in rows] == ["Sector S2", "Sector S1", "Sector S4", "Sector S3"]
    assert rows[1] == ["2", "Sector S1", "62", "10.4", "9 to 11", "not reported"]
    assert rows[2][2:] == ["45", "7.5", "6 to 8", "36"]
    assert rows[0][5] == "0", "July to December of S2 a year before: none"
    districts = table(get(service, "/forecast/state/state?parts=district").text, "ranked")
    assert [row[1] for row in districts] == ["District D1", "District D2"]


@pytest.mark.parametrize("role", ("supervisor", "officer", "analyst", "dashboard"))
@pytest.mark.parametrize("page", ("forecast", "map"))
def test_each_role_sees_its_own_scope_and_no_other(service, page, role):
    answer = get(service, f"/{page}/project/P2", "project:P2", role=role)
    assert answer.status_code == 200 and "S1" not in answer.text and "S4" in answer.text
    assert get(service, f"/{page}/project/P1", "project:P2", role=role).status_code == 404
    assert get(service, f"/{page}/state/state", "project:P2", role=role).status_code == 404
    assert get(service, f"/{page}/nothing/P1", role=role).status_code == 404
    own = get(service, "/areas/project/P2", "project:P2", role=role).text
    assert f'href="/{page}/project/P2"' in own


def test_a_centre_of_a_forecast_by_sector_says_that_there_is_none(service):
    assert words("en")("forecast", "none") in get(service, "/forecast/centre/A1").text


def test_the_map_leads_down_and_says_in_a_table_what_it_colours(service):
    text = get(service, "/map/state/state").text
    for sector in ("S1", "S2", "S3"):
        assert f'<a href="/areas/sector/{sector}" aria-label="Sector {sector}: ' in text
    rows = dict(table(text, "table"))
    assert rows == {"Sector S2": "118", "Sector S1": "62", "Sector S4": "45", "Sector S3": "15.0"}
    told = html.unescape(text)
    assert "2 areas without a boundary are drawn around their centres." in told
    assert "Not drawn, without a boundary or coordinates: 1." in told, "S4's centre has none"
    assert 'role="group"' in text


def test_a_figure_that_is_withheld_is_white_with_a_broken_border(service):
    text = get(service, "/map/sector/S1?figure=sam_share").text
    rows = dict(table(text, "table"))
    assert rows["Centre A2"] == "not shown"
    shape = re.search(r'<a href="/areas/centre/A3".*?</a>', text, re.DOTALL).group()
    dashed = rows["Centre A3"] == "not shown"
    assert ("stroke-dasharray" in shape) == dashed == ('fill="#fff"' in shape)


def test_expected_of_a_thousand_children(service):
    rows = dict(table(get(service, "/map/state/state?figure=expected_per_1000").text, "table"))
    assert rows["Sector S2"] == "1,960", "117.6 expected of 60 children"


def test_without_a_publication_the_pages_say_so(tmp_path):
    days = measured_centres(tmp_path)
    app = create_app(days.address, tmp_path / "m", key=KEY, log=Log(lambda _: None), follow=False)
    assert words("en")("forecast", "none") in get(app, "/forecast/state/state").text
    text = get(app, "/map/state/state").text
    assert words("en")("map", "none") in text and 'value="sam_share" selected' in text
    app.close()


def test_a_forecast_that_newer_months_have_overtaken_says_so():
    of = Publication(
        counted="confirmed_sam",
        level="sector",
        origin="2025-12",
        horizon=6,
        as_of=dt.date(2025, 12, 31),
        made_on=dt.date(2026, 1, 2),
        facts={},
    )
    assert _old(of, dt.date(2026, 2, 27), words("en")) == ""
    assert "3 months have ended since" in _old(of, dt.date(2026, 3, 31), words("en"))


def test_a_hull_goes_around_its_points():
    square = np.array([[0, 0], [2, 0], [2, 2], [0, 2], [1, 1], [1, 0]], float)
    assert sorted(convex_hull(square)) == [(0, 0), (0, 2), (2, 0), (2, 2)]
    assert convex_hull(np.array([[1.0, 1.0], [1.0, 1.0]])) == [(1.0, 1.0)]
