"""`sanket serve` as a person runs it: BentoML and all its processes, from start to Ctrl-C."""

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from registry.store.store import open_store
from serving.access.permissions import issue, local_key
from serving.answering.schemas import EXAMPLE
from serving.process import start
from tests.support.service_cases import bundle, promoted

START_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sanket(*words, **settings):
    return subprocess.run(
        [sys.executable, "-m", "sanket.app", *words], capture_output=True, text=True, **settings
    )


@pytest.fixture
def store(tmp_path):
    open_store(tmp_path / "x.db").close()
    return tmp_path / "x.db"


def test_what_is_not_right_before_the_start_is_said(store, tmp_path):
    port = free_port()
    missing = sanket("serve", str(tmp_path / "no.db"), "--port", str(port))
    assert missing.returncode == 3 and "REG060" in missing.stderr
    without = sanket("serve", str(store), "--port", str(port))
    assert (
        without.returncode == 3 and "SRV003" in without.stderr and "sanket train" in without.stderr
    )
    promoted(tmp_path / "x.models", bundle("relapse"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        refused = sanket("serve", str(store), "--port", str(port))
    assert refused.returncode == 3 and "SRV002" in refused.stderr and str(port) in refused.stderr


def test_a_time_zone_that_is_none_is_said_before_the_start(store):
    wrong = sanket("serve", str(store), env=os.environ | {"SANKET_TIMEZONE": "Mars/Olympus"})
    assert wrong.returncode == 2 and "REG069" in wrong.stderr and "SANKET_TIMEZONE" in wrong.stderr


def test_an_exercise_is_served_on_its_own_day(store, tmp_path, monkeypatch):
    promoted(tmp_path / "x.models", bundle("relapse"))
    served = []

    class Started:
        pid = 2**31 - 1

        def __init__(self, command, *, env, start_new_session):
            served.append(env.get("SANKET_TODAY"))

        def wait(self):
            return 0

    monkeypatch.setattr(start.subprocess, "Popen", Started)
    monkeypatch.setattr(start.signal, "signal", lambda *_: None)
    monkeypatch.delenv("SANKET_TODAY", raising=False)
    for today in (dt.date(2026, 6, 30), None):
        start.run(str(store), port=free_port(), workers=1, say=lambda text: None, today=today)
    assert served == ["2026-06-30", None]


def test_it_starts_answers_outlives_a_killed_worker_and_stops_whole(store, tmp_path):
    for target in ("relapse", "non_response"):
        promoted(tmp_path / "x.models", bundle(target))
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "sanket.app",
        "serve",
        str(store),
        "--port",
        str(port),
        "--workers",
        "2",
    ]
    with (tmp_path / "log").open("w") as log:
        service = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        token = issue(key=local_key(str(store)), role="officer", scopes=["state:*"], name="test")
        assert scored(port, token)["children"][0]["relapse"]["score_status"] == "scored"
        assert answered(port, "/readyz")["status"] == "degraded"
        killed = two_workers(service.pid)
        assert len({json.dumps(scored(port, token)) for _ in range(20)}) == 1
        follows(
            tmp_path / "x.models",
            lambda: scored(port, token)["children"][0]["relapse"]["model_version"],
        )
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        assert scored(port, token)["children"][0]["relapse"]["score_status"] == "scored"
        assert not set(workers(service.pid)) & set(killed)
    finally:
        service.send_signal(signal.SIGINT)
        assert service.wait(timeout=60) == 0
    whole = sanket("audit", str(store), "--json")
    assert whole.returncode == 0 and json.loads(whole.stdout)["first_broken"] is None
    assert f"http://127.0.0.1:{port}/visits" in (tmp_path / "log").read_text()
    assert processes_of(service.pid) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def two_workers(ancestor):
    """Ids of both workers, once both are there."""
    until = time.monotonic() + START_SECONDS
    while len(found := workers(ancestor)) < 2 and time.monotonic() < until:
        time.sleep(0.2)
    assert len(found) == 2
    return found


def follows(models, answering):
    """A promoted champion answers in both workers: twenty answers in a row name it, soon and from
    then on."""
    version, until = promoted(models, bundle("relapse", seed=5)), time.monotonic() + START_SECONDS
    while {answering() for _ in range(20)} != {version} and time.monotonic() < until:
        time.sleep(0.2)
    assert {answering() for _ in range(20)} == {version}


def answered(port, path, token=None, body=None):
    """The JSON answer, asked for again while nothing listens."""
    headers = {"Content-Type": "application/json"} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def scored(port, token):
    return answered(port, "/v1/score", token, json.dumps(EXAMPLE).encode())


def processes_of(ancestor):
    """Ids of the processes below this one that live."""
    below = {ancestor}
    stats = [place for place in os.listdir("/proc") if place.isdigit()]
    parents = {}
    for place in stats:
        try:
            with open(f"/proc/{place}/stat") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(place)] = int(parent)
    for _ in range(6):
        below |= {process for process, parent in parents.items() if parent in below}
    return sorted(below - {ancestor})


def workers(ancestor):
    """Ids of BentoML's worker processes."""
    found = []
    for process in processes_of(ancestor):
        with open(f"/proc/{process}/cmdline") as file:
            if "_bentoml_impl.worker.service" in file.read():
                found.append(process)
    return found
