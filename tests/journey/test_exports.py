"""Bulk for tools: what an export holds, for whom, and what it never tells."""

import csv
import datetime as dt
import io
import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest

from registry.store.store import open_store
from sanket.app import main
from serving.app import create_app
from serving.audit.recorder import ENTRIES, entries_about
from serving.book import scorebook
from serving.book.publishing import publish
from serving.book.scorebook import Score
from serving.export import export_rows
from serving.export.export_columns import EXPORTS, columns_page
from serving.http.observe import Log
from serving.http.problems import HttpProblem
from tests.support.service_cases import AS_OF, KEY, Client, row, token

PLACES = [("S1", "P1", "D1"), ("S2", "P1", "D1"), ("S3", "P2", "D2")]
NOT_SCORED = Score("not_scored", "not_in_treatment", None, None, None, None, None, (), "v9")
MONTHS = [
    {"month": "2026-02", "children": 40.0, "sam": None, "coverage": 0.8},
    {"month": "2025-03/2026-02", "children": 40.0, "sam": 12.0, "coverage": 0.75},
]


def rows():
    late = {"by_when": dt.date(2026, 3, 4), "overdue_days": 10, "danger": True}
    made = [row(f"{sector}-{n}", sector) for sector in ("S1", "S2", "S3") for n in range(3)]
    made.append(row("=cmd|'/c calc'!A1", "S2", centre_name="@SUM(A1)", **late))
    made[0] = replace(made[0], scores=made[0].scores | {"non_response": NOT_SCORED})
    return made


def published(engine):
    run = scorebook.begin(engine, as_of=AS_OF, made_from={}, places=PLACES)
    scorebook.write_chunk(engine, run, 0, rows())
    areas = [("sector", "S1", {"programme": MONTHS}), ("district", "D1", {"programme": MONTHS})]
    publish(engine, run, facts={"synthetic": True, "protocol_version": "1"}, areas=areas)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    open_store(folder / "x.db").close()
    app = create_app(
        str(folder / "x.db"), folder / "x.models", key=KEY, log=Log(lambda _: None), follow=False
    )
    published(app.state.engine)
    yield app
    app.close()


def lines(answer):
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize("what", EXPORTS)
def test_the_three_formats_hold_the_same_rows(service, what):
    client = Client(service, token())
    told = lines(client.get(f"/v1/export/{what}.jsonl"))
    names = [column.name for column in EXPORTS[what]]
    assert told and all(list(one) == names for one in told)
    table = pyarrow.parquet.read_table(io.BytesIO(client.get(f"/v1/export/{what}.parquet").content))
    assert json.loads(json.dumps(table.to_pylist(), default=str)) == told
    answer = client.get(f"/v1/export/{what}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"sanket-{what}-2026-03-14.csv" in answer.headers["content-disposition"]
    header, *cells = csv.reader(io.StringIO(answer.text))
    assert header == names and len(cells) == len(told)


def test_a_child_has_its_step_and_what_each_model_said(service):
    told = {one["child_id"]: one for one in lines(Client(service, token()).get(CHILDREN))}
    child = told["S1-0"]
    assert {"district_id": "D1", "project_id": "P1", "sector_id": "S1"}.items() <= child.items()
    assert (child["relapse_score_status"], child["relapse_risk"]) == ("scored", 0.4)
    assert (child["relapse_risk_low"], child["relapse_risk_high"]) == (0.3, 0.5)
    assert (child["non_response_score_status"], child["non_response_risk"]) == ("not_scored", None)
    assert child["non_response_why_not"] == "not_in_treatment"
    assert child["onset_score_status"] is None
    assert child["synthetic"] is True and child["last_weight_on"] == "2026-03-02"


CHILDREN = "/v1/export/children.jsonl"


def test_the_lists_are_those_of_each_sector(service):
    client = Client(service, token())
    exported = lines(client.get("/v1/export/visits.jsonl?capacity=2&as_of=2026-03-20"))
    for sector in ("S1", "S2", "S3"):
        listed = client.get(f"/v1/visits?sector={sector}&capacity=2&as_of=2026-03-20").json()
        own = [one for one in exported if one["sector_id"] == sector]
        told = [(one["child_id"], one["rank"], one["why"]) for one in own if one["part"] == "rows"]
        rows = [(one["child_id"], one["rank"], one["why"]) for one in listed["rows"]]
        assert told == rows
        late = {one["child_id"]: one["overdue_days"] for one in own}
        assert all(late[one["child_id"]] == one["overdue_days"] for one in listed["rows"])
        assert {one["counted_to"] for one in own} == {listed["counted_to"]}


def test_lines_are_told_in_the_language_asked_for(service):
    told = lines(
        Client(service, token()).get("/v1/export/visits.jsonl", headers={"Accept-Language": "mr"})
    )
    assert any("\u0900" <= sign <= "\u097f" for sign in told[0]["what_to_do"])


def test_an_export_holds_what_the_scope_holds_and_no_more(service):
    told = lines(Client(service, token("sector:S1")).get(CHILDREN))
    assert {one["sector_id"] for one in told} == {"S1"}
    elsewhere = Client(service, token("sector:none"))
    assert lines(elsewhere.get(CHILDREN)) == []
    assert elsewhere.get("/v1/export/children.csv").text.count("\n") == 1
    places = lines(Client(service, token("sector:S1")).get("/v1/export/indicators.jsonl"))
    assert {(one["level"], one["place"]) for one in places} == {("sector", "S1")}


def test_an_analyst_sees_figures_and_no_child(service):
    analyst = Client(service, token(role="analyst"))
    assert analyst.get("/v1/export/indicators.jsonl").status_code == 200
    for path in (CHILDREN, "/v1/export/visits.csv"):
        assert analyst.get(path).json()["code"] == "API011"
    supervisor = Client(service, token(role="supervisor"))
    assert supervisor.get("/v1/export/indicators.jsonl").json()["code"] == "API011"
    assert Client(service).get(CHILDREN).json()["code"] == "API010"


def test_months_are_months_and_periods_periods(service):
    told = lines(Client(service, token()).get("/v1/export/indicators.jsonl"))
    month, whole = (one for one in told if one["place"] == "S1")
    assert (month["month"], month["from_month"], month["to_month"]) == (
        "2026-02",
        "2026-02",
        "2026-02",
    )
    assert (whole["month"], whole["from_month"], whole["to_month"]) == (None, "2025-03", "2026-02")
    assert (month["children"], month["sam"], month["coverage"]) == (40, None, 0.8)
    assert isinstance(month["children"], int)
    assert (month["district_id"], month["project_id"]) == ("D1", "P1")


def test_a_spreadsheet_runs_no_cell(service):
    text = Client(service, token("sector:S2")).get("/v1/export/children.csv").text
    (cells,) = [one for one in csv.DictReader(io.StringIO(text)) if "cmd" in one["child_id"]]
    assert cells["child_id"] == "'=cmd|'/c calc'!A1" and cells["centre_name"] == "'@SUM(A1)"


@pytest.mark.parametrize("path", ["people.csv", "children.xlsx", "children.csv?capacity=0"])
def test_what_is_not_exported_is_a_documented_problem(service, path):
    answer = Client(service, token()).get(f"/v1/export/{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "API002")


def test_every_child_is_in_the_audit_log_before_it_is_sent(service):
    state = service.state
    Client(service, token()).get("/v1/export/children.csv")
    for one in rows():
        entries = entries_about(state.engine, service.state.audit._key, one.candidate.child_id)
        assert "export_children" in {entry.act for entry in entries}


def test_nothing_is_sent_that_cannot_be_audited(service, monkeypatch):
    def full(*_, **__):
        raise HttpProblem("API033")

    monkeypatch.setattr(service.state, "noted", full)
    answer = Client(service, token()).get(CHILDREN)
    assert (answer.status_code, answer.json()["code"]) == (503, "API033")


def test_a_long_export_comes_in_batches_that_are_audited_one_by_one(service, monkeypatch):
    monkeypatch.setattr(export_rows, "ROWS_AT_ONCE", 1)
    client, acts = Client(service, token()), []
    noted = service.state.noted

    def told(request, person, act, child_ids):
        acts.append(len(child_ids))
        noted(request, person, act, child_ids)

    monkeypatch.setattr(service.state, "noted", told)
    assert len(lines(client.get(CHILDREN))) == 10 and acts == [3, 4, 3]
    table = pyarrow.parquet.ParquetFile(
        io.BytesIO(client.get("/v1/export/children.parquet").content)
    )
    assert table.metadata.num_row_groups == 3 and table.metadata.num_rows == 10


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    address = tmp_path_factory.mktemp("store") / "y.db"
    opened = open_store(address)
    published(opened.engine)
    opened.close()
    return address


def ended(*words):
    with pytest.raises(SystemExit) as end:
        main([*map(str, words)])
    return end.value.code


def test_the_command_writes_the_same_rows(service, store, tmp_path, capsys):
    out = tmp_path / "children.jsonl"
    assert ended("export", store, "children", "-o", out, "--json") in (0, None)
    assert json.loads(capsys.readouterr().out) == {
        "export": "children",
        "as_of": "2026-03-14",
        "rows": 10,
    }
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert told == lines(Client(service, token()).get(CHILDREN))
    assert out.stat().st_mode & 0o777 == 0o600 and [*tmp_path.iterdir()] == [out]
    opened = open_store(store)
    with opened.engine.connect() as connection:
        acts = [entry.act for entry in connection.execute(ENTRIES.select())]
    opened.close()
    assert acts == ["export_children"]


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (["people", "-o", "x.csv"], "EXP001", 2),
        (["children", "-o", "x.csv", "--format", "fhir2"], "EXP002", 2),
        (["children", "-o", "none/x.csv"], "EXP003", 3),
        (["children", "-o", "x.csv", "--as-of", "1999-01-01"], "LST011", 3),
    ],
)
def test_a_refused_export_leaves_nothing_behind(
    store, tmp_path, monkeypatch, capsys, words, code, status
):
    monkeypatch.chdir(tmp_path)
    assert ended("export", store, *words) == status
    assert code in capsys.readouterr().err and [*tmp_path.iterdir()] == []


def test_the_page_tells_every_column():
    page = (Path(__file__).resolve().parents[2] / "docs" / "connect.md").read_text("utf-8")
    assert page.endswith(columns_page())


def test_an_export_that_fails_half_way_is_broken_off_not_ended(service, monkeypatch):
    monkeypatch.setattr(export_rows, "ROWS_AT_ONCE", 1)
    left = iter(range(1))

    def full_soon(*_, **__):
        if next(left, None) is None:
            raise HttpProblem("API033")

    monkeypatch.setattr(service.state, "noted", full_soon)
    with pytest.raises((HttpProblem, RuntimeError)):
        Client(service, token()).get(CHILDREN)
