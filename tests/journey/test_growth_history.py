"""`GET /v1/growth/{child_id}`: a stored child's measurements as a chart draws them, with WHO's lines
and bands, in each language."""

import datetime as dt

import numpy as np
import pytest
import sqlalchemy as sa

from features.who.measure_of_z import measure_at
from registry.store.store import open_store
from serving.app import create_app
from serving.audit.recorder import entries_about
from serving.http.observe import Log
from serving.language.words import words
from tests.support.service_cases import AS_OF, KEY, Client, book, row, token

TABLES = {
    "centres": "centre_id,sector_id,project_id,district_id,setting\nS1-A1,S1,P1,D1,urban\n",
    "children": "child_id,sex,birth_date,centre_id\n"
    "C-1,F,2024-03-14,S1-A1\nC/2,M,2026-03-12,S1-A1\n",
    "measurements": "child_id,measured_on,weight_kg,height_cm,height_position,muac_mm,oedema\n"
    "C-1,2025-09-14,7.9,76.0,lying,118,0\n"
    "C-1,2025-12-14,8.3,,,124,\n"
    "C-1,2026-03-01,8.6,80.5,lying,126,1\n"
    "C-1,2026-03-10,3.1,80.6,standing,,\n"
    "C-1,2026-03-20,9.9,90.0,standing,150,\n",
    "episodes": "episode_id,child_id,programme,admitted_on,closed_on,outcome\n"
    "E-1,C-1,UCDC,2025-09-20,2025-11-20,cured\nE-2,C-1,VCDC,2026-03-02,,\n",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("growth")
    (folder / "in").mkdir()
    for name, text in TABLES.items():
        (folder / "in" / f"{name}.csv").write_text(text)
    store = open_store(folder / "x.db")
    store.import_source(folder / "in", imported_on="2026-03-25")
    store.close()
    app = create_app(
        str(folder / "x.db"), folder / "m", key=KEY, log=Log(lambda _: None), follow=False
    )
    book(
        app.state.engine,
        [row("C-1"), row("C/2"), row("C-9"), row("C-8", "S3")],
        as_of=AS_OF + dt.timedelta(14),
    )
    book(app.state.engine, [row("C-1"), row("C/2")], as_of=dt.date(2026, 3, 10))
    book(app.state.engine, [row("C-1", state="in_ucdc")], as_of=AS_OF + dt.timedelta(15))
    yield app
    app.close()


def growth(service, child="C-1", query="?as_of=2026-03-28", scope="sector:S1", **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(service, token(scope)).get(f"/v1/growth/{child}{query}", headers=given)


def test_each_measurement_is_told_as_recorded_and_as_drawn(service):
    points = growth(service).json()["points"]
    days = ["2025-09-14", "2025-12-14", "2026-03-01", "2026-03-10", "2026-03-20"]
    assert [one["measured_on"] for one in points] == days
    first, carried, third, odd, standing = points
    assert (first["age_days"], first["weight_kg"], first["muac_mm"]) == (549, 7.9, 118)
    assert first["chart"] == {"waz": 7.9, "haz": 76.0, "whz": first["whz"], "muac": 11.8}
    assert (carried["height_cm"], carried["haz"], carried["whz"]) == (None, None, None)
    assert carried["height_carried_forward"] and carried["chart"]["haz"] is None
    assert carried["chart"]["whz"] is not None
    assert (third["oedema"], first["oedema"], carried["oedema"]) == (1, 0, None)
    # Lying under 731 days as WHO asks; standing at 726 days is drawn 0.7 cm longer.
    assert odd["height_position"] == "standing" and odd["height_cm"] == 80.6
    assert odd["chart"]["haz"] == pytest.approx(81.3) and "whz" in odd["implausible"]
    assert standing["chart"]["haz"] == pytest.approx(90.0)


def test_what_is_told_is_what_was_known_on_the_scoring_day(service, tmp_path):
    told = growth(service, query="").json()
    assert told["as_of"] == "2026-03-29" and len(told["points"]) == 5
    assert told["projection"] is None
    assert told["treatments"] == [
        {"programme": "UCDC", "from_age_days": 555, "to_age_days": 616},
        {"programme": "VCDC", "from_age_days": 718, "to_age_days": None},
    ]
    earlier = growth(service, query="?as_of=2026-03-01")
    assert earlier.status_code == 404 and earlier.json()["code"] == "API032"


def test_bands_are_whos_lines_with_the_step_from_length_to_height(service):
    panels = {one["panel"]: one for one in growth(service).json()["panels"]}
    assert list(panels) == ["waz", "haz", "whz", "muac"]
    for name in ("waz", "haz"):
        panel = panels[name]
        assert (panel["from_age_days"], panel["to_age_days"]) == (548, 913)
        for line in panel["lines"]:
            for curve in line["curves"]:
                days = np.array(curve["age_days"])
                wanted = measure_at(name, sex=0, at=days, z=np.array(line["line"]))
                assert curve["values"] == pytest.approx(list(wanted), abs=1e-4)
    assert [len(line["curves"]) for line in panels["haz"]["lines"]] == [2, 2, 2, 2]
    ends = [
        (curve["age_days"][0], curve["age_days"][-1])
        for curve in panels["haz"]["lines"][0]["curves"]
    ]
    assert ends == [(548, 730), (731, 913)]
    lines = {line["line"]: line["curves"] for line in panels["muac"]["lines"]}
    severe, moderate, normal = panels["muac"]["bands"]
    assert (severe["band"], severe["from_line"], severe["to_line"]) == ("severe", None, lines[11.5])
    assert (moderate["from_line"], moderate["to_line"]) == (lines[11.5], lines[12.5])
    assert (normal["from_line"], normal["to_line"]) == (lines[12.5], None)
    assert set(lines[11.5][0]["values"]) == {11.5}


def test_the_next_readings_are_told_where_the_page_draws_them(service):
    ahead = growth(service).json()["projection"]
    assert ahead["age_days"] == [744 + 7 * week for week in range(9)]
    panels = {one["panel"]: one for one in ahead["panels"]}
    assert "waz" in panels
    for one in panels.values():
        triples = zip(one["low"], one["middle"], one["high"], strict=True)
        assert all(low < middle < high for low, middle, high in triples)


@pytest.mark.parametrize("language", ["en", "hi", "mr"])
def test_a_charts_words_are_in_the_language_asked_for(service, language):
    answer = growth(service, Accept_Language=language)
    told, spoken = answer.json(), words(language)
    assert answer.headers["content-language"] == told["language"] == language
    assert told["words"]["months"] == spoken("chart", "months")
    assert [one["title"] for one in told["panels"]] == [
        spoken("chart", name) for name in ("waz", "haz", "whz", "muac")
    ]
    assert told["panels"][0]["bands"][0]["label"] == spoken("chart", "severe")


def test_a_child_without_a_chart_says_why(service):
    early = "?as_of=2026-03-10"
    for child, query, why in (
        ("C-9", "?as_of=2026-03-28", "not_in_registry"),
        ("C/2", early, "not_known_by_then"),
    ):
        told = growth(service, child, query).json()
        assert told["why_not"] == why and told["points"] == told["panels"] == []
    plain = growth(service, "C/2").json()
    assert plain["why_not"] is None and plain["points"] == [] and len(plain["panels"]) == 4


def test_only_who_may_see_the_child_sees_it_and_is_written_down(service):
    for child in ("C-8", "nobody"):
        assert growth(service, child).json()["code"] == "API003"
    analyst = Client(service, token(role="analyst")).get("/v1/growth/C-1")
    assert analyst.json()["code"] == "API011"
    with service.state.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    key = service.state.audit._key
    acts = {one.act for one in entries_about(service.state.engine, key, "C-1")}
    assert acts == {"growth"}
    assert not list(entries_about(service.state.engine, key, "C-8"))
