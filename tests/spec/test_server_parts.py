"""What is used of BentoML and uvicorn beyond their manuals, by name: a new version that changes a
part fails here, and not when the service starts."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.protocols.http import auto
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

ROOT = Path(__file__).resolve().parents[2]


def test_uvicorn_takes_the_protocol_that_stands_in_this_place():
    assert HTTP_PROTOCOLS["auto"] == f"{auto.__name__}:AutoHTTPProtocol"
    assert issubclass(auto.AutoHTTPProtocol, HttpToolsProtocol)


def test_a_connection_of_uvicorn_has_what_our_bounds_need():
    assert list(inspect.signature(HttpToolsProtocol.connection_made).parameters)[1:] == [
        "transport"
    ]
    assert list(inspect.signature(HttpToolsProtocol.data_received).parameters)[1:] == ["data"]
    assert list(inspect.signature(HttpToolsProtocol.send_400_response).parameters)[1:] == ["msg"]
    for name in ("connection_lost", "on_message_begin", "on_headers_complete"):
        assert callable(getattr(HttpToolsProtocol, name))
    made = inspect.getsource(HttpToolsProtocol.__init__)
    for name in ("connections", "cycle", "loop", "transport"):
        assert f"self.{name}" in made
    assert STATUS_LINE[408].startswith(b"HTTP/1.1 408 ") and STATUS_LINE[408].endswith(b"\r\n")


def bentoml_says(program: str, **surroundings: str) -> str:
    """What a program prints. In a process of its own: importing BentoML changes logging and
    warnings."""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | surroundings,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


def test_bentoml_has_the_public_names_that_the_service_uses():
    program = """
import inspect, bentoml
assert list(inspect.signature(bentoml.Service.add_asgi_middleware).parameters)[1:] == ["middleware_cls", "options"]
assert {"name", "kwargs"} <= set(inspect.signature(bentoml.service).parameters)
for name in ("api", "on_shutdown", "use_arguments", "SyncHTTPClient", "AsyncHTTPClient"):
    assert callable(getattr(bentoml, name)), name
for name in ("BentoModel", "create", "get"):
    assert callable(getattr(bentoml.models, name)), name
print("as we use it")
"""
    assert bentoml_says(program) == "as we use it\n"


OVER_ASGI = """
import asyncio
import serving.service as s

async def asked(app, path, body, headers=()):
    sent = []
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}
    async def send(message):
        sent.append(message)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "scheme": "http", "headers": [(b"content-type", b"application/json"), *headers],
        "client": ("127.0.0.1", 9), "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]
"""


WITH_THE_GUARD = """
from serving.app import create_app
s.mounted.app = create_app(None, key=b"k" * 32, follow=False)
app = s.Sanket.to_asgi()
for path in ("/score", "/classify", "/v1/score", "/readyz", "/schema.json", "/"):
    status, headers, body = asyncio.run(asked(app, path, b"{}"))
    print(path, status, headers[b"content-type"].decode(), b"request_id" in body)
print(END)
"""


PAST_THE_GUARD = """
s.Sanket.middlewares.clear()
app = s.Sanket.to_asgi()

async def whole():
    began, ended = asyncio.Event(), asyncio.Event()
    life = [{"type": "lifespan.startup"}]
    async def receive():
        if life:
            return life.pop()
        await ended.wait()
        return {"type": "lifespan.shutdown"}
    async def send(message):
        began.set()
    s.Sanket.inner.__init__ = lambda self: None
    task = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send))
    await began.wait()
    for path in ("/score", "/classify"):
        status, _, body = await asked(app, path, b'{"children": [{"child_id": "C-1"}]}')
        print(path, status, b"C-1" in body)
    ended.set()
    await task
asyncio.run(whole())
"""
END = "== past the guard =="


@pytest.fixture(scope="module")
def said_of_requests(tmp_path_factory):
    """What is said with the guard, and without: both in one process, which takes long to start."""
    program = f"END = {END!r}\n{OVER_ASGI}{WITH_THE_GUARD}{PAST_THE_GUARD}"
    said = bentoml_says(program, SANKET_MODELS=str(tmp_path_factory.mktemp("models")))
    return said.split(END)


def test_every_request_to_bentomls_application_comes_to_ours_first(said_of_requests):
    said = said_of_requests[0].splitlines()
    problem = "application/problem+json True"
    # Not even one of BentoML's own routes is answered past the guard: 503 is ours (no champion),
    # 404 too (its documents are not served here), and its probes take no POST.
    assert said == [
        f"/score 404 {problem}",
        f"/classify 404 {problem}",
        f"/v1/score 503 {problem}",
        f"/readyz 405 {problem}",
        f"/schema.json 404 {problem}",
        f"/ 405 {problem}",
    ]


def test_an_endpoint_past_the_guard_answers_nothing(said_of_requests):
    assert (
        "/score 503 False" in said_of_requests[1] and "/classify 503 False" in said_of_requests[1]
    )
