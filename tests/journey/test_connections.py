"""What is held open or sent by halves keeps nobody out; what is no HTTP is refused in our shape;
settings; proxies."""

import json
import socket
import subprocess
import sys
import threading
import time

import pytest
import uvicorn
from uvicorn.protocols.http import auto

from registry.contract.errors import SanketError
from registry.store.store import open_store
from serving.app import create_app
from serving.audit.recorder import ENTRIES
from serving.http import connections
from serving.http.bounds import BETWEEN, Limits
from serving.http.observe import Log
from serving.http.proxies import Proxies
from serving.process import settings
from tests.support.service_cases import KEY, book, row, token

LIMITS = Limits(
    header_seconds=1.5, idle_seconds=1.5, connections=60, in_flight=5, arriving=500, lag_seconds=60
)


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("connections")
    open_store(folder / "x.db").close()
    former, patch = auto.AutoHTTPProtocol, pytest.MonkeyPatch()
    patch.setenv("SANKET_PROXIES", "127.0.0.2")
    connections.install(LIMITS)
    app = create_app(
        str(folder / "x.db"), folder, key=KEY, limits=LIMITS, log=Log(lambda _: None), follow=False
    )
    book(app.state.engine, [row("C-1")])
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, forwarded_allow_ips="none", lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    server.state = app.state
    port.server = server
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(timeout=20)
    app.close()
    auto.AutoHTTPProtocol = former
    patch.undo()


def connected(port, source=None):
    made = socket.create_connection(
        ("127.0.0.1", port), timeout=10, source_address=(source, 0) if source else None
    )
    return made


def answered(
    port, text=b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", source=None
):
    """The whole answer to some bytes."""
    with connected(port, source) as made:
        made.sendall(text)
        said = b""
        while piece := made.recv(65536):
            said += piece
    return said


def problem(said):
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head and b"nosniff" in head
    document = json.loads(body)
    assert str(document["status"]).encode() in head.split(b"\r\n")[0]
    return document["code"]


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n",
    ],
)
def test_what_is_no_http_gets_a_problem_document(port, text):
    assert problem(answered(port, text)) == "API013"


def test_endless_headers_are_refused(port):
    assert problem(
        answered(
            port, b"GET /livez HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(7_000))
        )
    ) == ("API008")


@pytest.mark.parametrize(
    "half", [b"", b"GET /livez HT", b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: "]
)
def test_headers_that_do_not_come_are_given_up(port, half):
    began = time.monotonic()
    assert problem(answered(port, half)) == "API009"
    assert time.monotonic() - began < 5


def test_many_half_sent_headers_keep_nobody_out(port):
    held = []
    try:
        for _ in range(300):
            made = connected(port)
            made.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n")
            held.append(made)
        began = time.monotonic()
        for _ in range(5):
            assert answered(port).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began < 5
    finally:
        for made in held:
            made.close()


def test_many_stalled_sign_ins_keep_nobody_out(port):
    head = (
        b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 900\r\n\r\ntoken="
    )
    held = []
    try:
        for _ in range(40):
            made = connected(port)
            made.sendall(head)
            held.append(made)
        time.sleep(0.3)
        asked = (
            b"GET /v1/children/C-1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: "
            b"Bearer %s\r\n\r\n"
        )
        for _ in range(5):
            assert answered(port, asked % token().encode()).startswith(b"HTTP/1.1 200")
        said = held[0].recv(65536)
        assert b" 408 " in said.split(b"\r\n")[0]
    finally:
        for made in held:
            made.close()


def test_a_form_is_read_to_its_bound_and_no_farther(port):
    head = (
        b"POST /sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    said = answered(port, head + b"4e20\r\n" + b"x" * 20_000 + b"\r\n0\r\n\r\n")
    assert b" 413 " in said.split(b"\r\n")[0]
    kind = head.replace(b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x")
    assert b" 415 " in answered(port, kind + b"0\r\n\r\n").split(b"\r\n")[0]


def came_from(port, source, forwarded):
    asked = (
        b"GET /v1/children/C-1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: "
        b"Bearer %s\r\n%s\r\n\r\n"
    )
    assert answered(port, asked % (token().encode(), forwarded), source).startswith(b"HTTP/1.1 200")
    import sqlalchemy as sa

    with port_state().engine.connect() as connection:
        return (
            connection.execute(sa.select(ENTRIES).order_by(ENTRIES.c.number.desc()))
            .first()
            .came_from
        )


def port_state():
    return port.server.state


def test_only_a_trusted_proxy_is_believed_about_an_address(port):
    told = b"X-Forwarded-For: 6.6.6.6, 203.0.113.9"
    assert came_from(port, "127.0.0.2", told) == "203.0.113.9"
    assert came_from(port, "127.0.0.3", told) == "127.0.0.3"
    assert came_from(port, None, told) == "127.0.0.1"
    assert came_from(port, "127.0.0.2", b"X-Forwarded-For: nonsense") == "127.0.0.2"


def test_a_forwarded_address_is_the_last_that_is_none_of_ours(monkeypatch):
    monkeypatch.setenv("SANKET_PROXIES", "127.0.0.1, 10.0.0.0/8, ::1")
    proxies = Proxies.configured()
    for said, address in (
        ("1.1.1.1, 2.2.2.2", "2.2.2.2"),
        ("9.9.9.9, 10.1.1.1", "9.9.9.9"),
        ("", "127.0.0.1"),
        ("evil\n", "127.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("1.1.1.1, bad", "127.0.0.1"),
    ):
        assert proxies.client("127.0.0.1", {"x-forwarded-for": said})[0] == address
    assert proxies.client("127.0.0.1", {"x-forwarded-proto": "https"})[1]
    assert proxies.client(
        "8.8.8.8", {"x-forwarded-for": "1.1.1.1", "x-forwarded-proto": "https"}
    ) == ("8.8.8.8", False)
    assert Proxies().client("127.0.0.1", {"x-forwarded-for": "1.1.1.1"}) == ("127.0.0.1", False)


WRONG = [
    *(
        (f"SANKET_{name.upper()}", text)
        for name, kind in Limits.__annotations__.items()
        for text in (
            "much",
            "-1",
            "0",
            "nan",
            "inf",
            "1e99",
            *(("0.5", "1.5") if kind == "int" else ()),
        )
    ),
    ("SANKET_WORKERS", "0.5"),
    ("SANKET_WORKERS", "0"),
    ("SANKET_WORKERS", "65"),
    ("SANKET_PROXIES", "everybody"),
    ("SANKET_PROXIES", "10.0.0.1/8"),
    ("SANKET_TIMEZONE", "Mars/Olympus"),
    ("SANKET_TODAY", "tomorrow"),
    ("SANKET_JWKS", "keys.json"),
]


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_wrong_setting_refuses_to_start_with_its_name_and_bound(monkeypatch, name, text):
    monkeypatch.setenv(name, text)
    if name == "SANKET_JWKS":
        monkeypatch.setenv("SANKET_ISSUER", "https://state.example")
    with pytest.raises(SanketError) as refused:
        settings.checked()
    assert name in refused.value.message and refused.value.exit_code in (2, 3)
    if name.removeprefix("SANKET_").lower() in BETWEEN:
        low, high = BETWEEN[name.removeprefix("SANKET_").lower()]
        assert f"from {low:g} to {high:g}" in refused.value.message


def test_bentoml_stops_at_a_wrong_setting_before_it_starts_a_worker(tmp_path):
    import os

    surroundings = os.environ | {"SANKET_IN_FLIGHT": "0.5", "SANKET_STORE": str(tmp_path / "x.db")}
    ended = subprocess.run(
        [sys.executable, "-c", "import serving.service"],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (
        ended.returncode != 0 and "SANKET_IN_FLIGHT must be a whole number from 1" in ended.stderr
    )
