"""Accepted is kept: an outcome answered 201 is in the registry afterwards; what cannot be is
refused with its field."""

import datetime as dt
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.contract.registry import day_date
from registry.machine import today as calendar
from registry.store.quarantine import refused as in_quarantine
from registry.store.store import open_store
from serving.access.permissions import COOKIE
from serving.app import create_app
from serving.book import outbox
from serving.http.observe import Log
from tests.support.service_cases import KEY, Client, book, row, token


def _store(tmp_path):
    folder = tmp_path / "registry"
    folder.mkdir()
    tables = {
        "centres": "centre_id,sector_id,project_id,district_id,setting\nS1-A1,S1,P1,D1,urban\n",
        "children": "child_id,sex,birth_date,centre_id\nC-1,F,2024-09-02,S1-A1\nC-2,M,2026-03-16,S1-A1\n",
        "measurements": "child_id,measured_on,weight_kg\nC-1,2026-03-02,7.3\n",
    }
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    store = open_store(tmp_path / "x.db")
    store.import_source(folder, imported_on="2026-03-16")
    return store


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", "2026-03-17")
    monkeypatch.setattr(outbox, "GATHER_SECONDS", 0.05)
    store = _store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def app(store, tmp_path):
    app = create_app(
        str(tmp_path / "x.db"), tmp_path, key=KEY, log=Log(lambda _: None), follow=False
    )
    book(app.state.engine, [row("C-1"), row("C-2")])
    yield app
    app.close()


def handed_on(store):
    """All that waits is in the registry, or in quarantine."""
    outbox.hand_on(store)
    return list(in_quarantine(store))


SLIPS = ["2016-03-16", "2024-09-01", "2000-01-01"]


@pytest.mark.parametrize("day", SLIPS)
@pytest.mark.parametrize(
    "more", [{"finding": "well"}, {"weight_kg": 7.4}, {"finding": "ill", "muac_mm": 121}]
)
def test_a_slip_in_the_year_is_refused_with_its_field(app, store, day, more):
    answer = Client(app, token()).post("/v1/visits/C-1/outcome", {"visited_on": day, **more})
    assert answer.status_code == 422 and [error["field"] for error in answer.json()["errors"]] == [
        "visited_on"
    ]
    assert "REG031" in answer.json()["errors"][0]["problem"] and day not in answer.text
    assert handed_on(store) == [] and store.load().visits.rows == 0


@pytest.mark.parametrize("day", SLIPS)
def test_the_page_gives_the_form_back_and_says_why(app, day):
    headers = {"Cookie": f"{COOKIE}={token()}", "Content-Type": "application/x-www-form-urlencoded"}
    content = f"finding=well&visited_on={day}&back={quote('/visits')}"
    answer = Client(app).ask("POST", "/visits/C-1/outcome", content=content, headers=headers)
    assert answer.status_code == 422 and "before the child" in answer.text and day in answer.text


@pytest.mark.parametrize(
    "moment", ["2026-03-16T18:31", "2026-03-16T20:00", "2026-03-16T23:59", "2026-03-17T00:01"]
)
def test_the_night_between_utc_and_india_loses_nothing(app, store, monkeypatch, moment):
    monkeypatch.delenv("SANKET_TODAY")

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC).astimezone(tz)

    class Calendar:
        date, datetime = dt.date, Clock

    monkeypatch.setattr(calendar, "dt", Calendar)
    answer = Client(app, token()).post(
        "/v1/visits/C-1/outcome", {"visited_on": "2026-03-17", "finding": "well", "weight_kg": 7.2}
    )
    assert answer.status_code == 201 and handed_on(store) == []
    assert [day_date(day) for day in store.load().visits["visited_on"]] == [dt.date(2026, 3, 17)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One service and its store for all examples of a property; nothing is handed on but by the
    test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox.HandingOn, "_try", lambda self: None)
        patch.setenv("SANKET_TODAY", "2026-03-17")
        folder = tmp_path_factory.mktemp("accepted")
        opened = _store(folder)
        app = create_app(
            str(folder / "x.db"), folder, key=KEY, log=Log(lambda _: None), follow=False
        )
        book(app.state.engine, [row("C-1"), row("C-2")])
        yield app, opened
        app.close()
        opened.close()


@given(
    day=st.dates(dt.date(1999, 12, 30), dt.date(2026, 3, 20)),
    weight=st.none() | st.floats(0.1, 50),
    arm=st.none() | st.floats(30, 400),
    finding=st.sampled_from(["well", "away", "died", None]),
    child=st.sampled_from(["C-1", "C-2"]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_answered_201_is_never_quarantined(shared, day, weight, arm, finding, child):
    service, store = shared
    told = {"visited_on": day.isoformat(), "finding": finding, "weight_kg": weight, "muac_mm": arm}
    answer = Client(service, token()).post(f"/v1/visits/{child}/outcome", told)
    assert answer.status_code in (201, 422) and handed_on(store) == []
    if answer.status_code == 422:
        assert all(error["field"] in told for error in answer.json()["errors"])


def test_what_the_registry_refuses_afterwards_is_shown_and_told(app, store):
    client = Client(app, token())
    assert client.get("/readyz").json()["outcomes_quarantined"] == 0
    app.state.handing_on.stop()
    assert (
        client.post(
            "/v1/visits/C-1/outcome", {"visited_on": "2026-03-10", "finding": "well"}
        ).status_code
        == 201
    )
    with app.state.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE children SET birth_date = 20526")
        )  # 14 March 2026: corrected meanwhile
    assert [row["code"] for row in handed_on(store)] == ["REG031"]
    ready = client.get("/readyz").json()
    assert ready["status"] != "ready" and ready["outcomes_quarantined"] == 1
    page = Client(app).get("/visits?sector=S1", headers={"Cookie": f"{COOKIE}={token()}"})
    assert (
        "not taken into the registry" in page.text
        and "REG031" in page.text
        and "2026-03-10" in page.text
    )
    other = Client(app).get("/visits?sector=S2", headers={"Cookie": f"{COOKIE}={token()}"})
    assert "not taken into the registry" not in other.text
