"""Attacks on the door and the audit log: names that are no text, a writer that dies, more than can
be written down."""

import time

import jwt
import pytest
import sqlalchemy as sa

from registry.contract.errors import UsageError
from registry.store.store import open_store
from serving.access.permissions import TokenReader, issue
from serving.answering.schemas import EXAMPLE
from serving.app import create_app
from serving.audit import recorder
from serving.errors import NeverKept
from serving.http.observe import Log
from serving.http.problems import http_problem
from tests.support.service_cases import KEY, Client, book, bundle, promoted, row, token

NO_NAMES = [
    "a\udcff",
    "\ud800",
    "a\x00b",
    "a\nb",
    "a\x1b[2J",
    "a\x7f",
    "a\u2028b",
    "\u202eevil",
    "",
    "  ",
    "x" * 201,
]
NAMES = ["Sunita Pawar", "सुनीता पवार", "क्‍ष", "user:7", "a" * 200, "😀"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for target in ("relapse", "non_response"):
        promoted(folder, bundle(target))
    return folder


@pytest.fixture
def app(tmp_path, models):
    open_store(tmp_path / "x.db").close()
    app = create_app(str(tmp_path / "x.db"), models, key=KEY, log=Log(lambda _: None), follow=False)
    book(app.state.engine, [row("C-1")])
    yield app
    app.close()


def signed(**claims):
    whole = {
        "iss": "sanket-local",
        "sub": "t",
        "role": "officer",
        "scope": ["state:*"],
        "exp": time.time() + 600,
    }
    return jwt.encode(whole | claims, KEY)


@pytest.mark.parametrize("name", NO_NAMES, ids=ascii)
def test_a_name_that_cannot_be_written_down_is_refused_at_the_door(app, name):
    with pytest.raises(UsageError):
        issue(key=KEY, role="officer", scopes=["state:*"], name=name)
    is_long = len(name) > 200  # An id may be longer than a name.
    for claims in ({"sub": name}, {"scope": [f"sector:{name * 3 if is_long else name}"]}):
        stranger = Client(app, signed(**claims))
        assert stranger.get("/v1/children/C-1").status_code == 401
        assert stranger.post("/v1/score", EXAMPLE).status_code == 401
    client = Client(app, token())
    assert client.get("/v1/children/C-1").status_code == 200
    assert client.get("/readyz").json()["audit_log"] == {"fault": None, "held": 0, "restarts": 0}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_any_script_is_one(app, name):
    assert (
        TokenReader(key=KEY)
        .person(issue(key=KEY, role="officer", scopes=["state:*"], name=name))
        .name
        == name
    )
    assert Client(app, signed(sub=name)).get("/v1/children/C-1").status_code == 200
    assert recorder.entries_about(app.state.engine, app.state.audit._key, "C-1")[-1].who == name


@pytest.mark.parametrize("fault", [ValueError, UnicodeEncodeError, MemoryError, RecursionError])
def test_a_writer_that_meets_what_it_does_not_know_goes_on(app, monkeypatch, fault):
    def broken(*_):
        raise fault("utf-8", "\udcff", 0, 1, "no") if fault is UnicodeEncodeError else fault

    client = Client(app, token())
    with monkeypatch.context() as patched:
        patched.setattr(recorder, "append", broken)
        assert client.get("/v1/children/C-1").status_code == 200
        ready = client.get("/readyz").json()
        assert ready["audit_log"] == {"fault": fault.__name__, "held": 1, "restarts": 0}
    assert client.get("/v1/children/C-1").status_code == 200
    assert client.get("/readyz").json()["audit_log"]["held"] == 0
    assert len(recorder.entries_about(app.state.engine, app.state.audit._key, "C-1")) == 2


def test_a_dead_writer_is_started_again_loses_nothing_and_is_told_of(app, monkeypatch):
    client = Client(app, token())

    def dies(*_):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(recorder, "append", dies)
        monkeypatch.setattr("serving.process.service_state.AUDIT_WAIT_SECONDS", 0.5)
        assert client.get("/v1/children/C-1").status_code == 503
        app.state.audit._thread.join(timeout=10)
        assert not app.state.audit._thread.is_alive()
    ready = client.get("/readyz").json()["audit_log"]
    assert ready["restarts"] == 1
    assert (
        client.get("/v1/children/C-1").status_code == 200
        and client.post("/v1/score", EXAMPLE).status_code == 200
    )
    after = client.get("/readyz").json()["audit_log"]
    assert after["fault"] is None and after["held"] == 0 and after["restarts"] >= 1
    assert len(recorder.entries_about(app.state.engine, app.state.audit._key, "C-1")) == 2


def test_what_cannot_be_audited_is_not_answered_scores_neither(app, monkeypatch):
    client = Client(app, token())

    def broken(*_):
        raise sa.exc.OperationalError("", {}, Exception("disk full"))

    monkeypatch.setattr(recorder, "append", broken)
    monkeypatch.setattr(app.state.audit, "_spared", 3)
    statuses = []
    for _ in range(6):
        statuses.append(client.post("/v1/score", EXAMPLE).status_code)
        time.sleep(recorder.LINGER_SECONDS * 1.5)
    assert statuses == [200] * 3 + [503] * 3
    for path in ("/v1/children/C-1", "/v1/visits?sector=S1"):
        assert client.get(path).json()["code"] == "API033"
    assert client.post("/v1/classify", EXAMPLE).json()["code"] == "API033"


def test_an_entry_that_is_no_text_is_refused_where_it_is_handed_in(app):
    noted = {"who": "t", "role": "officer", "act": "child", "came_from": "", "request_id": "r-1"}
    for wrong in (
        {"who": "\udcff"},
        {"came_from": "a\x00"},
        {"request_id": "\ud800"},
        {"child_ids": ["\udcff"]},
    ):
        for hand_in in (app.state.audit.note, app.state.audit.note_soon):
            with pytest.raises(NeverKept) as refused:
                hand_in(**noted | wrong)
            assert http_problem(refused.value).code == "API033"
    app.state.audit.note(**noted).result(timeout=10)
