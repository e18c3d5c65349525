"""BentoML as its users expect it: `bentoml serve` from a checkout, its clients, a Bento that carries
its models. Every service here is really running."""

import contextlib
import copy
import functools
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from models.targets import TARGETS
from registry.machine.today import today
from registry.store.store import open_store
from serving.access.permissions import issue, local_key
from serving.answering.schemas import EXAMPLE
from tests.journey.test_serve import START_SECONDS, answered, free_port, sanket
from tests.support.bentoml_client import BentoClient, ClientRaised
from tests.support.service_cases import KEY, bundle, promoted

ROOT = Path(__file__).resolve().parents[2]
CHILDREN = EXAMPLE["children"]
SETTINGS = ("SANKET_STORE", "SANKET_MODELS", "SANKET_KEY", "SANKET_AUDIT_KEY", "SANKET_TODAY")


@contextlib.contextmanager
def running(*words, log, start_seconds=START_SECONDS, **settings):
    """`bentoml serve` as a person types it in the checkout; its port."""
    port = free_port()
    command = [sys.executable, "-m", "bentoml", "serve", *words, "--port", str(port)]
    surroundings = {k: v for k, v in os.environ.items() if k not in SETTINGS} | settings
    with log.open("w") as file:
        service = subprocess.Popen(
            command, cwd=ROOT, env=surroundings, stdout=file, stderr=file, start_new_session=True
        )
    try:
        until = time.monotonic() + start_seconds
        while not alive(port) and time.monotonic() < until:
            time.sleep(0.5)
        yield port
    finally:
        os.killpg(service.pid, signal.SIGINT)
        try:
            service.wait(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(service.pid, signal.SIGKILL)


def alive(port):
    try:
        return answered_once(port, "/livez")["status"] == "alive"
    except OSError:
        return False


def answered_once(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bentoml")
    open_store(folder / "x.db").close()
    for target in ("relapse", "non_response"):
        promoted(folder / "x.models", bundle(target))
    return folder


@pytest.fixture(scope="module")
def port(folder):
    store = str(folder / "x.db")
    keys = {
        "SANKET_KEY": str(folder / "x.tokens.key"),
        "SANKET_AUDIT_KEY": str(folder / "x.audit.key"),
    }
    models = {"SANKET_STORE": store, "SANKET_MODELS": str(folder / "x.models")}
    with running(log=folder / "log", **keys, **models) as port:
        yield port


@pytest.fixture(scope="module")
def access(folder):
    return issue(
        key=local_key(str(folder / "x.db")), role="dashboard", scopes=["state:*"], name="test"
    )


@pytest.fixture(scope="module")
def process():
    """BentoML's clients, in one process for all tests."""
    clients = BentoClient()
    yield clients
    clients.close()


@pytest.fixture
def client(port, access, process):
    """Calls an endpoint of the running service, with a token that may."""
    return functools.partial(process.call, port, access)


def api(port, access, route, document):
    return answered(port, f"/v1/{route}", access, json.dumps(document).encode())


@pytest.mark.parametrize("act", ["score", "classify"])
def test_a_client_gets_what_the_api_answers(client, port, access, act):
    asked = {"as_of": "2026-03-14", "children": CHILDREN}
    told = client(act, children=CHILDREN, as_of="2026-03-14")
    assert told == api(port, access, act, asked)
    assert client(act, children=CHILDREN)["as_of"] == today().isoformat()
    marathi = client(act, children=CHILDREN, as_of="2026-03-14", language="mr")
    assert (
        marathi["language"] == "mr"
        and marathi["children"][0]["care"] == told["children"][0]["care"]
    )


def test_rules_come_before_scores_there_as_everywhere(client):
    sick = copy.deepcopy(CHILDREN)
    sick[0]["measurements"][-1] |= {"muac_mm": 108, "oedema": 2}
    child = client("score", children=sick, as_of="2026-03-14")["children"][0]
    assert child["care"]["danger"] and child["classification"]["nutrition_status"] == "SAM"
    assert {one["criterion"] for one in child["care"]["findings"]} >= {"muac_mm", "oedema"}


def test_a_misspelt_field_is_named_and_no_client_drops_it(client):
    child = copy.deepcopy(CHILDREN[0])
    child["measurements"][-1]["muac"] = child["measurements"][-1].pop("muac_mm")
    problems = client("score", children=[child], as_of="2026-03-14")["children"][0]["problems"]
    assert [(one["code"], one["field"]) for one in problems] == [("REG029", "measurements[3].muac")]
    with pytest.raises(ClientRaised) as told:
        client("score", children=CHILDREN, as_off="2026-03-14")
    assert told.value.kind == "TypeError" and "as_off" in told.value.text


def test_an_async_client_and_many_children(client):
    many = [CHILDREN[0] | {"child_id": f"C-{number}"} for number in range(40)]
    told = client("score", by="AsyncHTTPClient", children=many, as_of="2026-03-14")["children"]
    assert [child["child_id"] for child in told] == [child["child_id"] for child in many]
    assert {child["relapse"]["score_status"] for child in told} == {"scored"}


def test_its_arguments_and_answers_are_typed(client):
    endpoints = client("endpoints")
    asked, told = endpoints["score"]["input"], endpoints["score"]["output"]
    child = asked["properties"]["children"]["items"]["oneOf"][0]
    weight = child["properties"]["measurements"]["items"]["properties"]["weight_kg"]
    assert (weight["type"], weight["minimum"], weight["maximum"]) == ("number", 0.5, 150)
    assert "kg" in weight["description"] and asked["required"] == ["children"]
    scored = told["properties"]["children"]["items"]["properties"]
    assert scored["relapse"]["properties"]["score_status"]["enum"] == ["scored", "not_scored"]
    classified = endpoints["classify"]["output"]["properties"]["children"]["items"]["properties"]
    assert classified.keys() == scored.keys() - set(TARGETS)


def refused(port, path, *, token="", body=b"{}", **headers):
    """Status and problem code of a refusal."""
    named = {"Content-Type": "application/json"} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    named |= {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, named)
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(request, timeout=30)
    assert told.value.headers["Content-Type"] == "application/problem+json"
    return told.value.code, json.loads(told.value.read())["code"]


SECRET = "SHANTABAI-9.99"


def test_there_is_no_back_door(port, access, folder, process):
    body = json.dumps({"children": CHILDREN}).encode()
    forged = issue(key=b"x" * 32, role="dashboard", scopes=["state:*"], name="t")
    for act in ("/score", "/classify"):
        assert refused(port, act, body=body) == (401, "API010")
        assert refused(port, act, body=body, token=forged) == (401, "API010")
        # BentoML's own parser would read these.
        for kind in (
            "application/vnd.bentoml+pickle",
            "application/vnd.bentoml+arrow",
            "text/plain",
        ):
            assert refused(port, act, body=body, token=access, Content_Type=kind) == (415, "API006")
        assert refused(port, act, body=SECRET.encode(), token=access) == (400, "API001")
        for wrong in ({}, {"children": []}, {"children": CHILDREN, "as_of": SECRET}, [SECRET]):
            asked = json.dumps(wrong).encode()
            assert refused(port, act, body=asked, token=access) == (422, "API002")
        wrong = json.dumps({"children": CHILDREN, "language": SECRET}).encode()
        assert refused(port, act, body=wrong, token=access) == (422, "API002")
    with pytest.raises(ClientRaised) as told:
        process.call(port, forged, "score", children=CHILDREN)
    assert told.value.status == 401 and "API010" in told.value.text
    log = (folder / "log").read_text()
    assert SECRET not in log and "C-104" not in log and '"route":"/score"' in log


def test_who_asked_is_in_the_audit_log(client, folder):
    client("classify", children=CHILDREN)
    from serving.audit.recorder import ENTRIES

    store = open_store(folder / "x.db", must_exist=True)
    until, acts = time.monotonic() + 20, []
    while "classify" not in acts and time.monotonic() < until:
        with store.engine.connect() as connection:
            acts = [entry.act for entry in connection.execute(ENTRIES.select())]
        time.sleep(0.1)
    store.close()
    assert "classify" in acts


@pytest.mark.soak
def test_from_a_fresh_checkout_rules_answer_without_store_and_models(tmp_path, process):
    (tmp_path / "key").write_bytes(KEY)
    access = issue(key=KEY, role="dashboard", scopes=["state:*"], name="test")
    with running(log=tmp_path / "log", SANKET_KEY=str(tmp_path / "key")) as port:
        told = process.call(port, access, "classify", children=CHILDREN, as_of="2026-03-14")
        assert told["children"][0]["care"]["state"] == "follow_up"
        with pytest.raises(ClientRaised) as none:
            process.call(port, access, "score", children=CHILDREN)
        assert none.value.status == 503 and "API030" in none.value.text
        assert answered(port, "/readyz")["status"] == "degraded"
        assert refused(port, "/classify", body=b'{"children": [{}]}') == (401, "API010")
    # Without a store there is no audit log: who asked is in the log of requests.
    acts = [
        json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if '"act"' in line
    ]
    assert [(one["act"], one["who"]) for one in acts] == [("classify", "test")]


@pytest.mark.soak
def test_a_bento_carries_its_champions_and_scores_elsewhere(folder, tmp_path, process):
    here, there = (
        {"BENTOML_HOME": str(tmp_path / "here")},
        {"BENTOML_HOME": str(tmp_path / "there")},
    )
    built = sanket("bento", str(folder / "x.db"), "--json", env=os.environ | here)
    assert built.returncode == 0, built.stderr
    made = json.loads(built.stdout)
    versions = {
        target: json.loads((folder / "x.models" / f"champion-{target}.json").read_text())["bundle"]
        for target in ("relapse", "non_response")
    }
    assert made["labels"] == versions | {"synthetic": "yes"}
    told = bento("get", made["bento"], "-o", "json", **here)
    assert json.loads(told)["labels"] == made["labels"] and made["model"] in told
    bento("export", made["bento"], str(tmp_path / "x.bento"), **here)
    bento("import", str(tmp_path / "x.bento"), **there)
    (tmp_path / "key").write_bytes(KEY)
    access = issue(key=KEY, role="dashboard", scopes=["state:*"], name="test")
    surroundings = there | {"SANKET_KEY": str(tmp_path / "key")}
    # Its sources lie in another place than the checkout's: all kernels are compiled anew.
    with running(made["bento"], log=tmp_path / "log", start_seconds=1800, **surroundings) as port:
        told = process.call(port, access, "score", children=CHILDREN, as_of="2026-03-14")
        child = told["children"][0]
        assert child["relapse"]["score_status"] == "scored"
        assert child["relapse"]["model_version"] == versions["relapse"]
        assert answered(port, "/readyz")["status"] == "degraded"


def bento(*words, **surroundings):
    ran = subprocess.run(
        [sys.executable, "-m", "bentoml", *words],
        capture_output=True,
        text=True,
        env=os.environ | surroundings,
        timeout=START_SECONDS,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
