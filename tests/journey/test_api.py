"""The API over plain ASGI: what it answers, what it refuses, and that it never tells what it should
not."""

import datetime as dt
import json
import math
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.contract.registry import day_number
from registry.store.store import open_store
from serving.answering.schemas import EXAMPLE
from serving.app import create_app
from serving.audit.recorder import ENTRIES, entries_about, first_broken
from serving.book.outbox import hand_on
from serving.http.bounds import Limits
from serving.http.observe import Log
from serving.http.problems import KINDS
from tests.support.service_cases import AS_OF, KEY, Client, book, bundle, promoted, row, token

CHILD = EXAMPLE["children"][0]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    for target in ("relapse", "non_response"):
        promoted(folder / "x.models", bundle(target))
    open_store(folder / "x.db").close()
    lines = []
    limits = Limits(children=20, body_bytes=200_000, drained_bytes=60_000_000, lag_seconds=60)
    app = create_app(
        str(folder / "x.db"),
        folder / "x.models",
        key=KEY,
        limits=limits,
        log=Log(lines.append),
        follow=False,
    )
    rows = [row(f"{sector}-{n}", sector) for sector in ("S1", "S2", "S3") for n in range(3)]
    book(app.state.engine, rows)
    app.lines = lines
    yield app
    app.close()


@pytest.fixture(scope="module")
def client(service):
    return Client(service, token())


def refused(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (document["code"], document["status"], document["title"]) == (
        code,
        status,
        KINDS[code].title,
    )
    assert document["request_id"] == answer.headers["x-request-id"]
    return document


def asking(*children, as_of="2026-03-14"):
    return {"as_of": as_of, "children": list(children)}


def test_the_example_that_the_page_shows_is_answered(client):
    answer = client.post("/v1/score", EXAMPLE)
    assert answer.status_code == 200 and answer.headers["content-language"] == "en"
    child = answer.json()["children"][0]
    assert (
        child["child_id"] == "C-104" and child["status"] == "answered" and child["problems"] == []
    )
    assert [point["whz"] for point in child["growth_points"]] == [-3.38, -2.15, -1.28, -2.39]
    assert (
        child["classification"] | {"nutrition_status": "MAM", "measured_on": "2026-03-02"}
        == child["classification"]
    )
    assert child["care"]["state"] == "follow_up" and child["care"]["by_when"] == "2026-03-16"
    assert child["care"]["verified"] is False
    assert child["care"]["sources"]["follow_up_days"]["source"].startswith(
        "National protocol, October 2023"
    )
    assert child["relapse"]["score_status"] == "scored" and child["relapse"]["landmark_day"] == 47
    assert (
        child["non_response"] | {"why_not": "not_in_treatment", "risk": None, "reasons": []}
        == child["non_response"]
    )


def test_reasons_add_up_to_the_risk(client):
    score = client.post("/v1/score", EXAMPLE).json()["children"][0]["relapse"]
    log_odds = score["base_log_odds"] + sum(reason["log_odds"] for reason in score["reasons"])
    assert log_odds == pytest.approx(math.log(score["risk"] / (1 - score["risk"])), abs=1e-9)
    assert score["risk_low"] <= score["risk"] <= score["risk_high"]
    told = [abs(reason["log_odds"]) for reason in score["reasons"]]
    assert told == sorted(told, reverse=True)
    sentences = [reason["sentence"] for reason in score["reasons"] if reason["sentence"]]
    assert len(sentences) == len(set(sentences)) >= 2


def test_a_score_warns_where_the_level_of_the_childs_group_was_surely_off(client, tmp_path):
    """The example is a girl: of girls 1.6 times as many relapsed as were told."""
    assert client.post("/v1/score", EXAMPLE).json()["children"][0]["relapse"]["level_off"] is None
    girls = {"by": "sex", "group": "girls", "ratio": 1.6, "low": 1.3, "high": 1.9}
    off = bundle("relapse")
    promoted(tmp_path, replace(off, facts=off.facts | {"groups_off": [girls]}))
    open_store(tmp_path / "y.db").close()
    app = create_app(str(tmp_path / "y.db"), tmp_path, key=KEY, follow=False)
    child = Client(app, token()).post("/v1/score", EXAMPLE).json()["children"][0]
    told = {"by": "sex", "group": "girls", "observed_over_expected": 1.6, "low": 1.3, "high": 1.9}
    assert child["relapse"]["level_off"] == told
    assert child["non_response"]["level_off"] is None
    boy = EXAMPLE | {"children": [CHILD | {"sex": "M"}]}
    assert (
        Client(app, token()).post("/v1/score", boy).json()["children"][0]["relapse"]["level_off"]
        is None
    )
    app.close()


@pytest.mark.parametrize(("asked", "given"), [("hi-IN,hi;q=0.9", "hi"), ("mr", "mr"), ("fr", "en")])
def test_reasons_are_told_in_the_language_asked_for(client, asked, given):
    answer = client.post("/v1/score", EXAMPLE, headers={"Accept-Language": asked})
    reasons = answer.json()["children"][0]["relapse"]["reasons"]
    sentences = [reason["sentence"] for reason in reasons if reason["sentence"]]
    assert answer.headers["content-language"] == given and sentences
    for sentence in sentences:
        assert any("\u0900" <= sign <= "\u097f" for sign in sentence) == (given != "en")


def test_children_are_answered_in_order_and_a_bad_one_is_its_own_problem(client):
    bad = CHILD | {"child_id": "bad", "birth_date": "2031-01-01"}
    grams = {"measured_on": "2026-03-09", "weight_kg": 7300}
    gram = CHILD | {"child_id": "gram", "measurements": [*CHILD["measurements"], grams]}
    asked = asking(
        CHILD, bad, CHILD | {"child_id": "B"}, gram, 7, CHILD | {"child_id": "Z", "checks": "none"}
    )
    children = client.post("/v1/score", asked).json()["children"]
    assert [child["child_id"] for child in children] == ["C-104", "bad", "B", "gram", None, "Z"]
    assert [place for place, child in enumerate(children) if child["status"] == "problem"] == [1, 4]
    assert children[1]["problems"][0]["field"] == "birth_date" and "relapse" not in children[1]
    assert (
        children[3]["problems"][0] | {"code": "REG012", "field": "measurements[4].weight_kg"}
        == (children[3]["problems"][0])
    )
    told = json.dumps([child["problems"] for child in children])
    assert "7300" not in told and "2031" not in told
    alone = [
        client.post("/v1/score", asking(asked["children"][at])).json()["children"][0]
        for at in (0, 2, 3)
    ]
    assert alone == [children[0], children[2], children[3]]


def test_the_same_child_sent_twice_is_said_to_be(client):
    children = client.post("/v1/score", asking(CHILD, CHILD)).json()["children"]
    assert [child["status"] for child in children] == ["problem"] * 2
    assert {child["problems"][0]["code"] for child in children} == {"REG041"}


def test_what_is_recorded_later_changes_nothing_said_of_a_day(client):
    later = CHILD | {
        "measurements": [*CHILD["measurements"], {"measured_on": "2026-03-20", "weight_kg": 5.1}]
    }
    assert (
        client.post("/v1/score", asking(later)).json()
        == client.post("/v1/score", asking(CHILD)).json()
    )


CELL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
    st.sampled_from(["2026-01-05", "F", "UCDC", "lying", "cured", "1e999", "٣", "0x10"]),
)
COLUMNS = [
    *CHILD,
    "measured_on",
    "weight_kg",
    "height_cm",
    "oedema",
    "admitted_on",
    "closed_on",
    "outcome",
    "month",
]
RECORD = st.dictionaries(st.sampled_from(COLUMNS), CELL, max_size=6)
ANY_CHILD = st.one_of(
    CELL,
    RECORD,
    RECORD.map(lambda cells: CHILD | cells),
    st.lists(st.one_of(CELL, RECORD), max_size=3).map(lambda rows: CHILD | {"measurements": rows}),
    st.lists(st.one_of(CELL, RECORD), max_size=3).map(
        lambda rows: CHILD | {"episodes": rows, "checks": rows}
    ),
)


@given(st.lists(ANY_CHILD, min_size=1, max_size=3), st.sampled_from(["/v1/score", "/v1/classify"]))
@settings(max_examples=60, deadline=None)
def test_whatever_a_child_is_made_of_it_is_answered_or_a_problem(client, children, path):
    answer = client.ask("POST", path, content=json.dumps(asking(*children)).encode())
    if answer.status_code == 400:
        # A number beyond 64 bits is no JSON that we read.
        assert answer.json()["code"] == "API001"
        return
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["children"]) == len(children)
    for child in answer.json()["children"]:
        assert child["status"] in ("answered", "problem") and (
            child["status"] == "answered" or child["problems"]
        )


LINES = [b"{}"] * 21
BODIES = [
    (b"", 400, "API001"),
    (b"{", 400, "API001"),
    (b"\xff\xfe{}", 400, "API001"),
    (b'{"as_of": NaN}', 400, "API001"),
    (b"[" * 100_000, 400, "API001"),
    (b"[]", 422, "API002"),
    (b"null", 422, "API002"),
    (b"{}", 422, "API002"),
    (b'{"as_of":"2026-03-14","children":[]}', 422, "API002"),
    (b'{"as_of":"14/03/2026","children":[{}]}', 422, "API002"),
    (b'{"as_of":"2026-02-30","children":[{}]}', 422, "API002"),
    (b'{"as_of":20260314,"children":[{}]}', 422, "API002"),
    (b'{"as_of":"2026-03-14","children":{"a":1}}', 422, "API002"),
    (b'{"as_of":"2026-03-14","children":[{}],"model":"x"}', 422, "API002"),
    (b'{"as_of":"0001-01-01","children":[{}]}', 422, "API002"),
    (b'{"as_of":"2026-03-14","children":[' + b",".join(LINES) + b"]}", 422, "API002"),
    (b" " * 300_000, 413, "API005"),
    (b"x" * 50_000_000, 413, "API005"),
]


@pytest.mark.parametrize(("body", "status", "code"), BODIES)
def test_a_body_that_is_not_as_documented_has_its_code(client, body, status, code):
    document = refused(client.ask("POST", "/v1/score", content=body), status, code)
    assert code != "API002" or document["errors"]


def test_deep_json_within_a_child_is_a_problem_of_the_child(client):
    deep = b'{"as_of":"2026-03-14","children":[{"child_id":' + b"[" * 900 + b"]" * 900 + b"}]}"
    answer = client.ask("POST", "/v1/score", content=deep)
    assert answer.status_code == 200 and answer.json()["children"][0]["status"] == "problem"


def test_another_kind_of_body_is_named(client):
    refused(
        client.ask("POST", "/v1/score", content=b"a,b", headers={"Content-Type": "text/csv"}),
        415,
        "API006",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/v1/score",
        "/v1/classify",
        "/v1/visits",
        "/v1/children/S1-0",
        "/v1/indicators",
        "/v1/models/champion",
        "/v1/visits/S1-0/outcome",
    ],
)
def test_every_route_wants_a_token(service, path):
    method = "POST" if path in ("/v1/score", "/v1/classify", "/v1/visits/S1-0/outcome") else "GET"
    for wrong in (None, "a.b.c", token()[:-3] + "abc"):
        answer = Client(service, wrong).ask(method, path)
        refused(answer, 401, "API010")
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_address_that_is_not_there_or_a_method_that_is_not(client):
    refused(client.get("/v1/score"), 405, "API004")
    assert client.get("/v1/score").headers["allow"] == "POST"
    for path in ("/v1/nothing", "/nothing", "/v1/", "/v1", "/v1/score/"):
        refused(client.get(path), 404, "API003")


def test_another_sectors_child_is_as_one_that_does_not_exist(service):
    one = Client(service, token("sector:S1"))
    assert one.get("/v1/children/S1-0").status_code == 200
    answers = []
    for child in ("S3-0", "no-such"):
        document = refused(one.get(f"/v1/children/{child}"), 404, "API003")
        answers.append(document | {"request_id": ""})
        refused(
            one.post(
                f"/v1/visits/{child}/outcome", {"visited_on": "2026-03-16", "finding": "well"}
            ),
            404,
            "API003",
        )
    assert answers[0] == answers[1]
    for sector in ("S3", "no-such"):
        refused(one.get(f"/v1/visits?sector={sector}"), 404, "API003")
    assert {found["sector_id"] for found in one.get("/v1/indicators").json()["sectors"]} == {"S1"}


def test_a_role_without_the_right_is_refused(service):
    refused(Client(service, token(role="analyst")).get("/v1/children/S1-0"), 403, "API011")
    refused(Client(service, token(role="supervisor")).get("/v1/indicators"), 403, "API011")
    said = {"visited_on": "2026-03-16", "finding": "well"}
    refused(
        Client(service, token(role="dashboard")).post("/v1/visits/S1-0/outcome", said),
        403,
        "API011",
    )


def test_the_list_says_whom_why_and_what(service):
    answer = Client(service, token("sector:S2")).get(
        "/v1/visits?capacity=2", headers={"Accept-Language": "mr"}
    )
    document = answer.json()
    assert (document["sector_id"], document["as_of"], document["language"]) == (
        "S2",
        "2026-03-14",
        "mr",
    )
    assert [child["rank"] for child in document["rows"]] == [1, 2]
    assert all(child["why"] and child["what_to_do"] for child in document["rows"])


def test_a_child_of_the_book_with_its_history(client):
    document = client.get("/v1/children/S1-1?history=true&as_of=2026-03-20").json()
    assert document["scores"]["relapse"]["risk"] == 0.4 and document["as_of"] == "2026-03-14"
    assert [then["as_of"] for then in document["history"]] == ["2026-03-14"]


@pytest.mark.parametrize(
    "query", ["capacity=0", "capacity=x", "as_of=yesterday", "capacity=501", "sector="]
)
def test_a_query_out_of_bounds_names_its_field_and_not_its_value(client, query):
    document = refused(client.get(f"/v1/visits?{query}"), 422, "API002")
    assert document["errors"][0]["field"] == query.partition("=")[
        0
    ] and "yesterday" not in json.dumps(document)


def test_several_sectors_need_one_to_be_named(client):
    assert refused(client.get("/v1/visits"), 422, "API002")["errors"][0]["field"] == "sector"


OUTCOMES = [
    {},
    [],
    {"visited_on": "2026-03-16"},
    {"visited_on": "2026-03-16", "finding": "fine"},
    {"visited_on": "2199-01-01", "finding": "well"},
    {"visited_on": 5, "finding": ["well"]},
    {"visited_on": "2026-03-16", "finding": "well", "height_cm": 70},
    {"visited_on": "2026-03-16", "finding": "well", "muac_mm": 11.5},
]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_that_is_not_as_documented_changes_nothing(client, outcome):
    refused(client.post("/v1/visits/S1-0/outcome", outcome), 422, "API002")


def test_an_outcome_leaves_the_list_at_once_and_reaches_the_registry(tmp_path, monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", "2026-03-17")
    store = open_store(tmp_path / "x.db")
    store.import_source(_small_registry(tmp_path), imported_on=AS_OF)
    app = create_app(
        str(tmp_path / "x.db"), tmp_path, key=KEY, log=Log(lambda text: None), follow=False
    )
    client = Client(app, token("sector:S1"))
    book(app.state.engine, [row("C-1"), row("C-2")])
    for _ in range(2):
        answer = client.post(
            "/v1/visits/C-1/outcome", {"visited_on": "2026-03-16", "finding": "well"}
        )
        assert answer.status_code == 201 and answer.json()["listed_on"] == "2026-03-14"
    assert [child["child_id"] for child in client.get("/v1/visits").json()["rows"]] == ["C-2"]
    app.close()
    visits = store.load().visits
    assert (visits["visited_on"].tolist(), visits["finding"].tolist()) == (
        [day_number("2026-03-16")],
        [0],
    )
    assert visits["listed_on"].tolist() == [day_number(AS_OF)] and hand_on(store) == 0
    store.close()


def _small_registry(folder):
    tables = {
        "centres": "centre_id,sector_id,project_id,district_id,setting\nA1,S1,P1,D1,urban\n",
        "children": "child_id,sex,birth_date,centre_id\nC-1,F,2024-09-02,A1\nC-2,M,2024-09-02,A1\n",
        "measurements": "child_id,measured_on,weight_kg\nC-1,2026-03-02,7.3\n",
    }
    place = folder / "registry"
    place.mkdir()
    for name, text in tables.items():
        (place / f"{name}.csv").write_text(text)
    return place


def test_who_saw_a_child_is_written_down_and_nothing_measured(service, client):
    client.get("/v1/children/S2-2")
    key = service.state.audit._key
    seen = entries_about(service.state.engine, key, "S2-2")[-1]
    assert (seen.who, seen.act, seen.role) == ("test", "child", "officer")
    assert first_broken(service.state.engine, key) is None
    with service.state.engine.connect() as connection:
        assert "S2-2" not in str(connection.execute(sa.select(ENTRIES)).all())


def test_nothing_of_a_child_reaches_a_log_line_or_a_figure(service, client):
    secret = CHILD | {
        "child_id": "SECRET-1",
        "measurements": [{"measured_on": "2026-02-02", "weight_kg": 98765.4}],
    }
    client.post("/v1/score", asking(secret))
    client.ask("POST", "/v1/score", content=b'{"SECRET-1": ')
    client.get("/v1/children/SECRET-1")
    client.get("/v1/visits?capacity=SECRET-1")
    said = "".join(service.lines) + client.get("/metrics").text
    assert "SECRET" not in said and "98765" not in said and "request" in said


def test_probes_and_figures(client):
    assert client.get("/livez").json() == {"status": "alive"}
    ready = client.get("/readyz")
    assert ready.status_code == 200 and ready.json()["status"] == "ready", ready.text
    figures = client.get("/metrics").text
    for name in (
        "requests_total",
        "request_seconds_bucket",
        "scores_total",
        "list_age_days",
        "bundle_ready",
    ):
        assert f"sanket_{name}" in figures


def test_the_reference_page_and_document_need_no_token_and_no_network(service):
    stranger = Client(service)
    page = stranger.get("/v1/docs")
    assert page.status_code == 200 and "<script" not in page.text and "weight_kg" in page.text
    assert "http" not in page.text.replace("http://127.0.0.1:3000", "")
    document = stranger.get("/v1/openapi.json").json()
    assert (
        document["components"]["schemas"]["measurements"]["properties"]["weight_kg"]["maximum"] > 30
    )
    shown = document["paths"]["/score"]["post"]["requestBody"]["content"]["application/json"][
        "example"
    ]
    assert shown == EXAMPLE


def test_history_is_told_with_the_models_of_its_time(tmp_path):
    app = create_app(
        str(tmp_path / "x.db"),
        tmp_path,
        key=KEY,
        log=Log(lambda text: None),
        follow=False,
        pages=False,
    )
    book(app.state.engine, [row("C-1")])
    book(app.state.engine, [row("C-1", risk=0.9)], as_of=AS_OF + dt.timedelta(days=30))
    document = Client(app, token()).get("/v1/children/C-1?as_of=2026-03-31").json()
    assert document["risk"] == 0.4 and document["scores"]["relapse"]["model_version"] == "abc"
    app.close()


@pytest.mark.parametrize(
    ("readings", "status", "valid"),
    [
        ([{"muac_mm": 112}, {"muac_mm": 126, "source": "b"}], "SAM", True),
        ([{"muac_mm": 126}, {"muac_mm": 112, "source": "b"}], "SAM", True),
        ([{"oedema": 1}, {"oedema": 0, "source": "b"}], "SAM", True),
        ([{"height_cm": 70.0}], "normal", False),
    ],
    ids=["arm by two sources", "the other way round", "oedema by one of two", "shorter by 4 cm"],
)
def test_the_classification_does_not_contradict_the_care(client, readings, status, valid):
    day = {
        "measured_on": "2026-03-10",
        "weight_kg": 8.6,
        "height_cm": 74.0,
        "height_position": "lying",
    }
    earlier = day | {"measured_on": "2026-02-10", "height_cm": 74.0 if valid else 78.0}
    child = {
        "child_id": "c",
        "sex": "F",
        "birth_date": "2024-10-26",
        "measurements": [earlier, *(day | one for one in readings)],
    }
    answer = client.post("/v1/classify", asking(child)).json()["children"][0]
    said = answer["classification"]
    assert answer["problems"] == []
    if valid:
        assert said["nutrition_status"] == status and said["valid"] and answer["care"]["danger"]
        assert answer["care"]["findings"][-1]["measured_on"] == "2026-03-10"
    else:
        assert (
            said["measured_on"] == "2026-02-10" and answer["care"]["next_step"] == "measure_height"
        )
