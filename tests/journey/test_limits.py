"""What stands before every request, on plain ASGI: ids, headers, bounds on body, rate, time and
load."""

import asyncio
import time

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.contract.errors import BadInput
from serving.http.guard import SAFE_HEADERS, Guard, Limits, Rates
from serving.http.observe import Log, Metrics
from serving.http.problems import HttpProblem

LIMITS = Limits(
    body_bytes=1000,
    drained_bytes=5000,
    seconds=0.2,
    in_flight=3,
    rate_per_second=1000,
    rate_burst=1000,
)


async def echo(scope, receive, send):
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


class Told:
    """One exchange with a guarded application, and what was logged."""

    def __init__(self, app=echo, limits=LIMITS):
        self.lines = []
        self.metrics = Metrics()
        self.guard = Guard(app, limits=limits, metrics=self.metrics, log=Log(self.lines.append))

    async def ask(self, *, body=(b"",), headers=(), path="/v1/x", method="POST", wait=0.0):
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": list(headers),
            "client": ("10.0.0.1", 5),
        }
        parts, said = list(body), []

        async def receive():
            await asyncio.sleep(wait)
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def send(message):
            said.append(message)

        await self.guard(scope, receive, send)
        sent = {name.decode(): value.decode() for name, value in said[0]["headers"]}
        return said[0]["status"], sent, b"".join(part.get("body", b"") for part in said[1:]), parts

    def once(self, **asked):
        return asyncio.run(self.ask(**asked))


def code(answer):
    return orjson.loads(answer[2])["code"]


def test_every_answer_has_safe_headers_and_an_id():
    status, headers, body, _ = Told().once(body=[b"abc"])
    assert (status, body) == (200, b"3")
    assert {name.decode() for name in SAFE_HEADERS} <= headers.keys()
    assert len(headers["x-request-id"]) == 16


@given(st.binary(max_size=80))
@settings(max_examples=50, deadline=None)
def test_a_request_id_from_outside_is_passed_on_only_if_plain(text):
    given_id = Told().once(headers=[(b"x-request-id", text)])[1]["x-request-id"]
    plain = 8 <= len(text) <= 64 and all(
        chr(sign).isalnum() and sign < 128 or chr(sign) in "_.-" for sign in text
    )
    assert (given_id == text.decode("latin-1")) == plain


@pytest.mark.parametrize("declared", [[(b"content-length", b"2000")], []])
def test_a_large_body_is_read_to_a_bound_thrown_away_and_refused(declared):
    answer = Told().once(body=[b"x" * 500] * 4, headers=declared)
    assert answer[0] == 413 and code(answer) == "API005" and answer[3] == []


def test_a_boundless_body_is_broken_off():
    answer = Told().once(body=[b"x" * 500] * 400)
    assert answer[0] == 413 and len(answer[3]) > 380


def test_a_body_that_does_not_come_and_work_that_does_not_end():
    assert code(Told().once(body=[b"x"] * 50, wait=0.02)) == "API007"

    async def endless(scope, receive, send):
        await receive()
        await asyncio.sleep(5)

    assert code(Told(endless).once()) == "API022"


def test_our_fault_is_said_without_its_message():
    async def broken(scope, receive, send):
        raise ValueError("child C-104 weighs 7.3 kg")

    told = Told(broken)
    answer = told.once()
    assert answer[0] == 500 and code(answer) == "API099"
    said = "".join(told.lines) + answer[2].decode()
    assert "C-104" not in said and "weighs" not in said and "ValueError at test_limits.py" in said


def test_an_answer_that_breaks_off_is_not_passed_off_as_whole():
    async def half(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError

    with pytest.raises(ValueError):
        Told(half).once()


def test_too_many_at_once_are_shed_and_probes_are_not():
    async def slow(scope, receive, send):
        await asyncio.sleep(0.05)
        await echo(scope, receive, send)

    async def crowd(told):
        return await asyncio.gather(*(told.ask() for _ in range(6)), told.ask(path="/livez"))

    *answers, probe = asyncio.run(crowd(Told(slow)))
    assert sorted(answer[0] for answer in answers) == [200, 200, 503, 503, 503, 503]
    shed = next(answer for answer in answers if answer[0] == 503)
    assert code(shed) == "API021" and shed[1]["retry-after"] == "1" and probe[0] == 200


def test_a_late_event_loop_sheds_until_it_has_caught_up():
    async def story():
        told = Told(limits=Limits(lag_seconds=0.1))
        before = await told.ask()
        await asyncio.sleep(0)
        time.sleep(0.3)
        await asyncio.sleep(0.001)
        late = await told.ask()
        await asyncio.sleep(0.12)
        return before[0], late[0], (await told.ask())[0]

    assert asyncio.run(story()) == (200, 503, 200)


def test_a_rate_is_kept_for_each_address():
    async def many(told):
        return [await told.ask() for _ in range(8)]

    answers = asyncio.run(many(Told(limits=Limits(rate_per_second=1, rate_burst=5))))
    assert [answer[0] for answer in answers] == [200] * 5 + [429] * 3
    assert code(answers[-1]) == "API020" and int(answers[-1][1]["retry-after"]) >= 1


@given(st.lists(st.floats(0, 3), max_size=60))
@settings(max_examples=50, deadline=None)
def test_a_bucket_never_gives_more_than_its_burst_and_rate(steps):
    rates, now, passed = Rates(per_second=2, burst=4), 100.0, 0
    for step in steps:
        now += step
        passed += rates.wait("a", now) == 0
        assert passed <= 4 + 2 * (now - 100.0) + 1e-6


def test_a_log_line_has_the_route_and_no_path():
    async def routed(scope, receive, send):
        scope["route"] = type("Route", (), {"path": "/children/{child_id}", "endpoint": None})()
        await echo(scope, receive, send)

    told = Told(routed)
    told.once(path="/v1/children/C-104", method="GET")
    line = orjson.loads(told.lines[-1])
    assert (
        line["route"] == "/children/{child_id}"
        and line["status"] == 200
        and "C-104" not in told.lines[-1]
    )
    assert (
        b'route="/children/{child_id}"' in told.metrics.text()
        and b"C-104" not in told.metrics.text()
    )


def test_a_problem_of_the_application_keeps_its_code_and_headers():
    async def refuses(scope, receive, send):
        raise HttpProblem("API010", headers={"WWW-Authenticate": "Bearer"})

    answer = Told(refuses).once()
    assert answer[0] == 401 and answer[1]["www-authenticate"] == "Bearer"
    assert answer[1]["content-type"] == "application/problem+json"


def test_limits_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("SANKET_BODY_BYTES", "1000")
    monkeypatch.setenv("SANKET_LAG_SECONDS", "0.5")
    assert Limits.configured() == Limits(body_bytes=1000, lag_seconds=0.5)
    for wrong in ("much", "-1", "0"):
        monkeypatch.setenv("SANKET_BODY_BYTES", wrong)
        with pytest.raises(BadInput):
            Limits.configured()


def test_a_full_disk_under_the_log_stops_nothing():
    def full(text):
        raise OSError(28, "No space left on device")

    Log(full).line("request", status=200)
