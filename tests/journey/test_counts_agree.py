"""One count for one thing: the sector's page, its list, `/v1/indicators` and `/v1/children` of one
day say the same of the same children."""

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.visits.caseload import caseload
from models.visits.listed_child import counted_to
from registry.store.store import open_store
from serving.app import create_app
from serving.book import scorebook
from serving.book.publishing import publish
from serving.book.sector_figures import figures_of, overdue_on
from serving.http.observe import Log
from tests.support.service_cases import AS_OF, KEY, Client, row, token

PLACES = [("S1", "P1", "D1"), ("S2", "P1", "D1")]
DAYS = [AS_OF + dt.timedelta(offset) for offset in (-9, -1, 0, 1, 2, 5, 30)]


def a_row(number, *, due, state="follow_up", danger=False):
    late = None if due is None else max(0, (AS_OF - due).days) or None
    return row(f"C-{number}", by_when=due, overdue_days=late, state=state, danger=danger)


def rows():
    """Twenty-one children: three of each day, of several states, some visited lately."""
    made = []
    for number in range(21):
        state = ("follow_up", "in_ucdc", "sam_suspected")[number % 3]
        made.append(a_row(number, due=DAYS[number % 7], state=state, danger=number < 6))
    return made


@pytest.fixture
def service(tmp_path, monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", (AS_OF + dt.timedelta(3)).isoformat())
    open_store(tmp_path / "x.db").close()
    app = create_app(
        str(tmp_path / "x.db"), tmp_path / "m", key=KEY, log=Log(lambda _: None), follow=False
    )
    engine = app.state.engine
    run = scorebook.begin(engine, as_of=AS_OF, made_from={}, places=PLACES)
    scorebook.write_chunk(engine, run, 0, rows())
    figures = {"figures": figures_of(rows(), AS_OF), "programme": []}
    publish(engine, run, facts={"protocol_version": "1"}, areas=[("sector", "S1", figures)])
    yield app
    app.close()


def told(service, query=""):
    """What each says of sector S1: children, in danger, overdue."""
    client = Client(service, token())
    counts = client.get(f"/v1/visits?sector=S1{query}").json()["counts"]
    answer = client.get(f"/v1/indicators?{query}").json()
    figures = next(one for one in answer["sectors"] if one["sector_id"] == "S1")
    return {
        "list": (counts["children"], counts["in_danger"], counts["overdue"]),
        "indicators": (figures["children"], figures["in_danger"], figures["overdue"]),
        "counted_to": answer["counted_to"],
    }


def test_page_list_and_api_agree_on_the_day_of_reading(service):
    said = told(service)
    # Read on 17 March: due on the 5th, 13th, 14th, 15th and 16th, three of each.
    assert said["list"] == said["indicators"] == (21, 6, 15)
    assert said["counted_to"] == "2026-03-17"
    children = Client(service, token()).get("/v1/children?sector=S1").json()["children"]
    assert len(children) == 21 and sum(bool(one["overdue_days"]) for one in children) == 15
    browser = {"Cookie": f"sanket_session={token()}"}
    page = Client(service).get("/sector?sector=S1", headers=browser).text
    cells = re.findall(r'<td class="n">(\d+)</td>', page)
    assert cells[1] == "6" and cells[3] == "15"
    district = Client(service).get("/areas/visits", headers=browser).text
    line = re.search(r"<tr><th scope=\"row\"><a [^>]*>S1</a>.*?</tr>", district, re.DOTALL).group()
    assert '<td class="n">15</td>' in line


def test_a_day_that_is_asked_for_counts_to_that_day(service):
    said = told(service, f"&as_of={AS_OF}")
    assert said["list"] == said["indicators"] == (21, 6, 6) and said["counted_to"] == "2026-03-14"


def test_sections_of_the_list_are_told_apart_from_what_is_overdue(service):
    counts = Client(service, token()).get("/v1/visits?sector=S1").json()["counts"]
    # Late by more than three days and not in danger: two of each of the first two days.
    assert counts["waiting"] == {"danger": 6, "overdue": 4, "risk": 11, "prevention": 0}
    assert counts["in_treatment"] == 7


dues = st.one_of(st.none(), st.integers(-40, 40).map(lambda days: AS_OF + dt.timedelta(days)))


@given(st.lists(dues, max_size=12), st.integers(0, 60))
def test_figures_count_to_a_later_day_as_the_children_do(due_days, later):
    made = [a_row(number, due=due) for number, due in enumerate(due_days)]
    day = AS_OF + dt.timedelta(later)
    then = [counted_to(one.candidate, day, as_of=AS_OF) for one in made]
    assert overdue_on(figures_of(made, AS_OF), day) == caseload(then).overdue


def test_a_run_of_an_earlier_version_counts_to_its_scoring_day_and_says_so(service):
    engine = service.state.engine
    run = scorebook.begin(engine, as_of=AS_OF + dt.timedelta(1), made_from={}, places=PLACES)
    scorebook.write_chunk(engine, run, 0, rows())
    old = {name: count for name, count in figures_of(rows(), AS_OF).items() if name != "due"}
    areas = [("sector", "S1", {"figures": old, "programme": []})]
    publish(engine, run, facts={}, areas=areas)
    answer = Client(service, token()).get("/v1/indicators").json()
    assert answer["counted_to"] == answer["as_of"] == "2026-03-15"
    assert answer["sectors"][0]["overdue"] == old["overdue"] == 6
