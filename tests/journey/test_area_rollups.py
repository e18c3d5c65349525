"""`GET /v1/areas`: state, district, project, sector and centre in one shape, as the run counted and
withheld them."""

import csv
import io

import numpy as np
import pytest

from care.programme.areas import Areas
from care.programme.disclosure_control import withheld
from care.programme.indicators import COUNTS, RATIOS
from serving.app import create_app
from serving.book import scorebook
from serving.book.areas import area_rollups
from serving.book.publishing import publish
from serving.http.observe import Log
from tests.support.area_store import AS_OF, CENTRES, make_store
from tests.support.service_cases import KEY, Client, row, token


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    home = tmp_path_factory.mktemp("areas")
    address = make_store(home, [row("A1-0", "S1")])
    app = create_app(address, home / "m", key=KEY, log=Log(lambda _: None), follow=False)
    yield app
    app.close()


def areas(service, query="", scope="state:*"):
    """All pages of a question."""
    client, found, cursor = Client(service, token(*scope.split())), [], ""
    while True:
        answer = client.get(f"/v1/areas?{query}{cursor}")
        assert answer.status_code == 200, answer.text
        found += answer.json()["areas"]
        if answer.json()["next"] is None:
            return found
        cursor = f"&cursor={answer.json()['next']}"


def named(found):
    return [(one["level"], one["area_id"]) for one in found]


EVERY = [
    ("state", "state"),
    *(("district", one) for one in ("D1", "D2")),
    *(("project", one) for one in ("P1", "P2")),
    *(("sector", one) for one in ("S1", "S2", "S3")),
]


def test_all_levels_have_one_shape_with_those_that_hold_them(service):
    found = areas(service)
    assert named(found) == EVERY
    shapes = {tuple(one) for one in found + areas(service, "level=centre")}
    assert len(shapes) == 1
    held = {
        (one["level"], one["area_id"]): (one["sector_id"], one["project_id"], one["district_id"])
        for one in found + areas(service, "level=centre")
    }
    assert held["state", "state"] == held["district", "D1"] == (None, None, None)
    assert held["project", "P2"] == (None, None, "D2")
    assert held["sector", "S1"] == (None, "P1", "D1")
    assert held["centre", "A2"] == ("S1", "P1", "D1")


def test_months_are_months_and_the_period_is_a_period(service):
    (state,) = areas(service, "level=state&months=3")
    told = [(one["month"], one["from_month"], one["to_month"]) for one in state["months"]]
    assert told == [(f"2026-0{n}", f"2026-0{n}", f"2026-0{n}") for n in (4, 5, 6)]
    whole = state["period"]
    assert (whole["month"], whole["from_month"], whole["to_month"]) == (None, "2025-07", "2026-06")
    assert whole["children"] == state["months"][-1]["children"] == 144
    assert areas(service, "level=state&months=0")[0]["months"] == []
    assert len(areas(service, "level=state&months=12")[0]["months"]) == 12
    for one in areas(service, "months=12") + areas(service, "level=centre&months=12"):
        for record in [*one["months"], one["period"]]:
            assert all(type(record[name]) in (int, type(None)) for name in COUNTS)
            assert all(type(record[ratio.name]) in (float, type(None)) for ratio in RATIOS)


def test_pages_hold_every_area_once_whatever_the_limit(service, monkeypatch):
    for limit in (1, 2, 3, 7, 8, 9):
        assert named(areas(service, f"limit={limit}")) == EVERY
        assert len(areas(service, f"limit={limit}&level=centre")) == len(CENTRES)
    monkeypatch.setattr(area_rollups, "READ_AT_ONCE", 2)
    assert named(areas(service, "limit=3")) == EVERY


def test_a_scope_is_told_what_it_holds_whole(service):
    assert named(areas(service, scope="sector:S1")) == [("sector", "S1")]
    assert {one["area_id"] for one in areas(service, "level=centre", scope="sector:S1")} == {
        "A1",
        "A2",
        "A3",
    }
    project = named(areas(service, scope="project:P1"))
    assert project == [("project", "P1"), ("sector", "S1"), ("sector", "S2")]
    assert named(areas(service, scope="district:D2"))[0] == ("district", "D2")
    assert areas(service, scope="sector:none") == []
    assert areas(service, "level=state", scope="district:D1 district:D2") == []


def test_places_within_a_place(service):
    assert named(areas(service, "district=D2")) == [
        ("district", "D2"),
        ("project", "P2"),
        ("sector", "S3"),
    ]
    assert named(areas(service, "project=P1&level=sector")) == [("sector", "S1"), ("sector", "S2")]
    assert len(areas(service, "sector=S3&level=centre")) == 2
    assert areas(service, "district=D1&sector=S3") == []


def test_what_is_no_question_and_no_cursor_is_refused(service):
    client = Client(service, token())
    cursor = client.get("/v1/areas?limit=1").json()["next"]
    for query, status in (
        ("level=village", 422),
        ("months=13", 422),
        ("cursor=x", 422),
        (f"level=sector&cursor={cursor}", 422),
        ("cursor=" + "W10", 422),
    ):
        assert client.get(f"/v1/areas?{query}").status_code == status, query
    assert Client(service, token(role="supervisor")).get("/v1/areas").json()["code"] == "API011"
    assert Client(service, token(role="analyst")).get("/v1/areas").status_code == 200


def test_no_withheld_count_can_be_worked_out_from_all_levels_together(service):
    """Of each count and month: what is shown, with what adds up to what, leaves every withheld cell
    more than one value."""
    found = areas(service, "months=3") + areas(service, "level=centre&months=3")
    at = {(one["level"], one["area_id"]): number for number, one in enumerate(found)}
    children = {}
    for one in found:
        held = [
            ("state", "state"),
            *((name, one[f"{name}_id"]) for name in ("district", "project", "sector")),
        ]
        above = [of for of in held if of[1] and of != (one["level"], one["area_id"])]
        if above:
            children.setdefault(above[-1], []).append((one["level"], one["area_id"]))
    some = 0
    for count in COUNTS:
        for month in range(3):
            cells = [one["months"][month][count] for one in found]
            rows = []
            for whole, parts in children.items():
                rows.append(np.zeros(len(at)))
                rows[-1][at[whole]] = -1
                rows[-1][[at[part] for part in parts]] = 1
            for number, cell in enumerate(cells):
                if cell is not None:
                    rows.append(np.eye(len(at))[number])
                    assert cell == 0 or cell >= 5
            _, sizes, vectors = np.linalg.svd(np.array(rows))
            null = vectors[np.sum(sizes > 1e-9) :]
            moved = np.abs(null).max(axis=0, initial=0)
            for number, cell in enumerate(cells):
                if cell is None:
                    some += 1
                    assert moved[number] > 1e-7, (count, month, found[number]["area_id"])
    assert some > 10
    small = next(one for one in found if one["area_id"] == "A2")
    assert small["months"][-1]["children"] is None


def test_sums_of_what_is_shown_are_the_sums_above(service):
    found = {one["area_id"]: one["months"][-1] for one in areas(service)}
    for count in COUNTS:
        parts = [found[name][count] for name in ("D1", "D2")]
        if None not in (*parts, found["state"][count]):
            assert sum(parts) == found["state"][count]
    assert found["D1"]["children"] == 95 and found["D2"]["children"] == 49


def test_indicators_of_the_same_run_say_the_same(service):
    client = Client(service, token())
    programme = client.get("/v1/indicators?months=true").json()["programme"]
    for level in ("sector", "project", "district"):
        told = {
            one["area_id"]: [*one["months"], one["period"]]
            for one in areas(service, f"level={level}&months=12")
        }
        assert told == {one["place"]: one["months"] for one in programme[level]}
    lines = csv.DictReader(io.StringIO(client.get("/v1/export/indicators.csv").text))
    exported = {(one["level"], one["place"], one["month"]): one["children"] for one in lines}
    for one in areas(service, "level=district"):
        month = one["months"][0]
        assert exported["district", one["area_id"], month["month"]] == str(month["children"])


def test_a_run_of_an_earlier_version_has_its_areas_without_state_and_centres(tmp_path):
    app = create_app(
        str(tmp_path / "x.db"), tmp_path, key=KEY, log=Log(lambda _: None), follow=False
    )
    places = [("S1", "P1", "D1")]
    run = scorebook.begin(app.state.engine, as_of=AS_OF, made_from={}, places=places)
    publish(app.state.engine, run, facts={}, areas=[("sector", "S1", {"programme": []})])
    told = areas(app)
    assert [(one["area_id"], one["months"], one["period"]) for one in told] == [
        (name, [], None) for name in ("state", "D1", "P1", "S1")
    ]
    assert areas(app, "level=centre") == []
    app.close()


def test_the_state_is_a_parent_in_disclosure_control():
    """Two districts of 3 and 40, and their sum of 43 is told: neither 3 nor 40 is."""
    own = np.array([[0, 1], [0, 1], [0, 1], [0, 1], [0, 0]], np.int64)
    tree = Areas.from_places(own, [2, 2, 2, 2, 1])
    counts = tree.summed(np.array([[3.0, 40.0]]))[None]
    both = np.concatenate([counts, counts], axis=2)
    hidden = withheld(both, tree, smallest=5, last_is_sum=False)[0, :, 0]
    assert hidden[:8].all() and not hidden[8]
