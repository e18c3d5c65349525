"""What is used of BentoML and uvicorn beyond their manuals, by name: a new version that changes a
part fails here, and not when the service starts."""

from __future__ import annotations

import inspect
import subprocess
import sys

from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.protocols.http import auto
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol


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


def test_bentoml_lets_a_service_say_what_answers_its_requests():
    # In a process of its own: importing BentoML changes the process's logging and warnings.
    program = """
import inspect, bentoml
from _bentoml_sdk import Service
assert inspect.signature(bentoml.service).parameters["service_class"].default is Service
assert list(inspect.signature(Service.to_asgi).parameters) == ["self", "is_main"]
print("as we use it")
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout == "as we use it\n", ran.stderr
