"""Stored children as FHIR: the command's files, the routes of /fhir, who may see them, and what is
written down."""

from __future__ import annotations

import json
import stat
from contextlib import closing

import pytest

from registry.store.store import open_store
from sanket.app import main
from serving.app import create_app
from serving.audit.recorder import ENTRIES, entries_about
from serving.fhir.fhir_export import TYPES
from serving.http.observe import Log
from tests.support.fhir_validation import faults_of
from tests.support.list_store import make_store
from tests.support.listed_children import AS_OF
from tests.support.service_cases import KEY, Client, token

OTHER = "C90001"
"""The one child of sector S0002."""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("fhir"), count=4)


@pytest.fixture(scope="module")
def service(address, tmp_path_factory):
    app = create_app(
        address, tmp_path_factory.mktemp("models"), key=KEY, log=Log(lambda _: None), follow=False
    )
    yield app
    app.close()


def sanket(*words):
    """A command's exit code."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return ended.value.code


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def found(client, path):
    """The resources of a search, all pages of it; each page is a valid Bundle."""
    told = []
    while path:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/fhir+json"
        page = answer.json()
        assert faults_of(page) == []
        told += [
            one["resource"] for one in page.get("entry", []) if one["search"]["mode"] == "match"
        ]
        path = next((one["url"] for one in page["link"] if one["relation"] == "next"), None)
    return told


def keys(resources):
    return {
        (one.get("subject") or one.get("patient") or {"reference": f"Patient/{one['id']}"})[
            "reference"
        ]
        for one in resources
    }


@pytest.fixture(scope="module")
def everything(service):
    """All resources that the service exports, and the keys of its children by sector."""
    answer = Client(service, token()).get("/fhir/$export")
    assert answer.headers["content-type"] == "application/fhir+ndjson"
    return lines(answer.text)


def test_every_resource_is_valid_and_names_no_child_by_its_own_id(everything):
    assert [fault for one in everything for fault in faults_of(one)] == []
    assert {one["resourceType"] for one in everything} >= set(TYPES) - {"Condition"}
    text = json.dumps(everything)
    assert OTHER not in text and "C000" not in text


def test_what_is_referred_to_is_there(everything):
    there = {f"{one['resourceType']}/{one['id']}" for one in everything}
    assert len(there) == len(everything)

    def references(part):
        if isinstance(part, dict):
            yield from [part["reference"]] if isinstance(part.get("reference"), str) else []
            part = list(part.values())
        if isinstance(part, list):
            for one in part:
                yield from references(one)

    assert set(references(everything)) <= there


def test_a_z_score_is_derived_from_its_readings(everything):
    by_id = {one["id"]: one for one in everything}
    z = [one for one in everything if one["id"].endswith("-whz")]
    assert z
    for one in z:
        assert one["code"]["coding"][0] == {
            "system": "urn:sanket:fhir:reading",
            "code": "whz",
            "display": "Weight-for-length/height z-score (WHO 2006)",
        }
        readings = [by_id[part["reference"].partition("/")[2]] for part in one["derivedFrom"]]
        assert [part["code"]["coding"][0]["code"] for part in readings] == ["29463-7", "8302-2"]
        assert {part["effectiveDateTime"] for part in readings} == {one["effectiveDateTime"]}


def test_a_condition_names_its_criterion_and_the_reading_that_says_so(everything):
    by_id = {one["id"]: one for one in everything}
    conditions = [one for one in everything if one["resourceType"] == "Condition"]
    assert conditions
    for one in conditions:
        assert one["verificationStatus"]["coding"][0]["code"] == "provisional"
        for evidence in one["evidence"]:
            criterion = evidence["code"][0]["coding"][0]["code"]
            assert one["id"].endswith(f"-{one['code']['coding'][0]['code'].lower()}-{criterion}")
            (seen,) = evidence["detail"]
            said = by_id[seen["reference"].partition("/")[2]]
            assert said["id"].endswith(f"-{criterion}")
            assert said["effectiveDateTime"] == one["recordedDate"]


def test_a_risk_has_its_interval_reasons_model_and_tag(everything):
    risks = [one for one in everything if one["resourceType"] == "RiskAssessment"]
    assert risks
    for one in risks:
        (prediction,) = one["prediction"]
        told = {part["url"].rpartition(":")[2]: part for part in prediction["extension"]}
        interval = told["risk-interval"]["valueRange"]
        assert (
            interval["low"]["value"]
            <= prediction["probabilityDecimal"]
            <= interval["high"]["value"]
        )
        assert "reason" in told and one["method"]["coding"][0]["code"] == "1"
        assert {tag["code"] for tag in one["meta"]["tag"]} == {"synthetic", "HTEST"}


def test_the_command_writes_one_file_or_one_for_each_type(address, tmp_path, capsys, everything):
    one, many = tmp_path / "children.ndjson", tmp_path / "folder"
    assert sanket("export", address, "children", "--format", "fhir", "-o", one, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["rows"] == len(everything) and lines(one.read_text()) == everything
    assert sanket("export", address, "children", "--format", "fhir", "-o", many) == 0
    assert {file.stem for file in many.iterdir()} == set(said["resources"])
    for file in many.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert len(lines(file.read_text())) == said["resources"][file.stem]
    assert sanket("export", address, "children", "--format", "fhir", "-o", many) == 3
    assert sanket("export", address, "indicators", "--format", "fhir", "-o", one) == 2


def test_the_file_is_imported_again(address, tmp_path):
    source = tmp_path / "children.ndjson"
    assert sanket("export", address, "children", "-o", source) == 0
    with closing(open_store(tmp_path / "y.db")) as store, closing(open_store(address)) as first:
        report = store.import_source(source, imported_on=AS_OF)
        assert all(counts["quarantined"] == 0 for counts in report.tables.values())
        ours, theirs = first.load(), store.load()
    assert theirs.facts["synthetic"] is True
    for table in ("children", "measurements", "episodes"):
        assert theirs.table(table).rows == ours.table(table).rows > 0


def test_a_scope_sees_its_children_alone(service, everything):
    client = Client(service, token("sector:S0002", role="supervisor"))
    (own,) = found(client, "/fhir/Patient")
    assert lines(client.get("/fhir/$export?_type=Patient").text) == [own]
    every = {one["id"] for one in everything if one["resourceType"] == "Patient"}
    stranger = min(every - {own["id"]})
    paths = (
        f"/fhir/Patient/{stranger}",
        f"/fhir/Patient/{stranger}/$everything",
        f"/fhir/Observation?patient={stranger}",
        f"/fhir/Observation/{stranger}-birth-weight",
        "/fhir/Patient/nobody",
        "/fhir/Device",
        "/fhir/EpisodeOfCare/1",
    )
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 404 and stranger not in answer.text
        assert faults_of(answer.json()) == []
    sector = "urn:sanket:fhir:id:sector|S0001"
    assert found(client, f"/fhir/Patient?organization={sector}") == []


def test_who_has_no_token_or_no_children_sees_none(service):
    told = Client(service).get("/fhir/Patient")
    assert told.status_code == 401 and told.json()["issue"][0]["code"] == "login"
    assert told.headers["www-authenticate"].startswith("Bearer")
    analyst = Client(service, token(role="analyst"))
    assert [analyst.get(f"/fhir/{path}").status_code for path in ("Patient", "$export")] == [
        403,
        403,
    ]


def test_pages_hold_every_child_once(service, everything):
    client = Client(service, token())
    told = found(client, "/fhir/Patient?_count=2")
    assert sorted(one["id"] for one in told) == sorted(
        one["id"] for one in everything if one["resourceType"] == "Patient"
    )
    named = {one["id"]: one for one in everything if one["resourceType"] == "Organization"}
    for name, area in named.items():
        by_id = found(client, f"/fhir/Patient?organization=Organization/{name}")
        (code,) = area["identifier"]
        assert by_id == found(
            client, f"/fhir/Patient?organization={code['system']}|{code['value']}"
        )
        assert by_id


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        ("date=ge2026-02-01", lambda day: day >= "2026-02-01"),
        ("date=2026-01", lambda day: day.startswith("2026-01")),
        ("date=gt2025-12-31&date=lt2026-02", lambda day: "2026-01-01" <= day < "2026-02-01"),
        ("date=le2025", lambda day: day <= "2025-12-31"),
    ],
)
def test_search_by_date(service, everything, asked, holds):
    every = [one for one in everything if one["resourceType"] == "Observation"]
    told = found(Client(service, token()), f"/fhir/Observation?{asked}")
    expected = [one for one in every if holds(one["effectiveDateTime"])]
    assert expected and sorted(map(json.dumps, told)) == sorted(map(json.dumps, expected))


def test_everything_of_a_child_is_what_was_exported_of_it(service, everything):
    client = Client(service, token("sector:S0002"))
    (own,) = found(client, "/fhir/Patient")
    told = found(client, f"/fhir/Patient/{own['id']}/$everything")
    mine = [one for one in everything if keys([one]) == {f"Patient/{own['id']}"}]
    assert told == [one for one in mine if one["resourceType"] != "Organization"]
    assert client.get(f"/fhir/Patient/{own['id']}").json() == own
    one = next(part for part in told if part["resourceType"] == "Observation")
    assert client.get(f"/fhir/Observation/{one['id']}").json() == one


@pytest.mark.parametrize(
    "path",
    [
        "/fhir/Observation?date=yesterday",
        "/fhir/Observation?date=2026-00",
        "/fhir/Patient?organization=urn:other|S0001",
        "/fhir/Patient?name=Sunita",
        "/fhir/Patient?_count=0",
        "/fhir/Patient?_count=1000",
        "/fhir/Patient?_cursor=x",
        "/fhir/Patient?as-of=today",
        "/fhir/$export?_type=Device",
    ],
)
def test_what_cannot_be_read_is_refused_and_not_repeated(service, path):
    answer = Client(service, token()).get(path)
    assert answer.status_code == 422 and "Sunita" not in answer.text
    assert faults_of(answer.json()) == [] and answer.json()["issue"][0]["code"] == "invalid"


def test_what_the_service_says_it_can_it_can(service):
    answer = Client(service).get("/fhir/metadata")
    statement = answer.json()
    assert answer.status_code == 200 and faults_of(statement) == []
    client = Client(service, token())
    for resource in statement["rest"][0]["resource"]:
        assert (
            found(client, f"/fhir/{resource['type']}?_count=200") or resource["type"] == "Condition"
        )
        for parameter in resource["searchParam"]:
            value = "2026" if parameter["type"] == "date" else "0" * 32
            asked = client.get(f"/fhir/{resource['type']}?{parameter['name']}={value}")
            assert asked.status_code in (200, 404)


def test_who_saw_which_children_is_in_the_audit_log(service, address):
    client = Client(service, token("sector:S0002"))
    with service.state.engine.connect() as connection:
        before = len(connection.execute(ENTRIES.select()).all())
    (own,) = found(client, "/fhir/Patient")
    found(client, f"/fhir/Patient/{own['id']}/$everything")
    client.get("/fhir/$export")
    with service.state.engine.connect() as connection:
        acts = [one.act for one in connection.execute(ENTRIES.select()).all()[before:]]
    assert acts == ["fhir_search", "fhir_child", "export_fhir"]
    key = service.state.audit._key
    mine = entries_about(service.state.engine, key, OTHER)
    assert [one.act for one in mine][-3:] == acts
