"""Tokens of an outside issuer, whose keys are fetched over HTTP: rotation, forgery, and an issuer
that is down."""

import base64
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from serving.access.permissions import REFRESH_SECONDS, Issuer, TokenReader
from serving.app import create_app
from serving.errors import AccessError
from serving.http.observe import Log
from serving.http.problems import http_problem
from tests.support.service_cases import KEY, Client, token

NAME = "https://login.state.example"


class Login:
    """An issuer with keys by name, its JWKS on a port of this machine."""

    def __init__(self):
        self.keys, self.asked, self.body = {}, 0, None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _handler(login):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                login.asked += 1
                body = (
                    login.body
                    or json.dumps({"keys": [login.public(name) for name in login.keys]}).encode()
                )
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Nothing on standard error."""

        return Handler

    def public(self, name):
        kind = (
            jwt.algorithms.RSAAlgorithm
            if self.algorithm(name) == "RS256"
            else jwt.algorithms.ECAlgorithm
        )
        document = kind.to_jwk(self.keys[name].public_key(), as_dict=True)
        return document | {"kid": name, "alg": self.algorithm(name), "use": "sig"}

    def algorithm(self, name):
        return "RS256" if isinstance(self.keys[name], rsa.RSAPrivateKey) else "ES256"

    def token(self, name, *, key=None, **changes):
        claims = {
            "iss": NAME,
            "aud": "sanket",
            "sub": "u7",
            "role": "officer",
            "scope": "sector:S1",
            "exp": time.time() + 600,
            "jti": str(time.monotonic_ns()),
        } | changes
        return jwt.encode(
            claims, key or self.keys[name], algorithm=self.algorithm(name), headers={"kid": name}
        )

    @property
    def issuer(self):
        return Issuer(NAME, f"http://127.0.0.1:{self.port}/jwks", "sanket")

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def login():
    login = Login()
    login.keys = {"first": ec.generate_private_key(ec.SECP256R1())}
    yield login
    login.stop()


def refusal(door, text):
    with pytest.raises(AccessError) as refused:
        door.person(text)
    return http_problem(refused.value).code


def test_a_rotated_key_opens_and_a_withdrawn_one_no_longer_does(login, monkeypatch):
    door = TokenReader(key=KEY, issuer=login.issuer)
    assert door.person(login.token("first")).scope.texts == ["sector:S1"] and login.asked == 1
    first = login.keys["first"]
    login.keys = {"second": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
    assert door.person(login.token("second")).role == "officer" and login.asked == 2
    login.keys["first"] = first
    late = login.token("first")
    del login.keys["first"]
    assert refusal(door, late) == "API010" and login.asked == 2
    later = time.monotonic() + REFRESH_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert refusal(door, late) == "API010" and login.asked == 3


def test_forged_tokens_of_every_kind_open_nothing(login):
    login.keys["rsa"] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    door, public = TokenReader(key=KEY, issuer=login.issuer), login.keys["rsa"].public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = public.public_bytes(serialization.Encoding.PEM, form)
    other = ec.generate_private_key(ec.SECP256R1())
    claims = {
        "iss": NAME,
        "aud": "sanket",
        "sub": "u7",
        "role": "officer",
        "scope": "state:*",
        "exp": 9e9,
    }
    forged = [
        login.token("first", aud="another"),
        login.token("first", aud=None),
        login.token("first", iss="https://else"),
        login.token("first", exp=time.time() - 60),
        login.token("first", key=other),
        login.token("first", role="root"),
        jwt.encode(claims, None, algorithm="none", headers={"kid": "first"}),
        jwt.encode(claims, KEY, algorithm="HS256", headers={"kid": "first"}),
        token("sector:S1"),
        *(
            sealed_with(claims, {"alg": "HS256", "kid": "rsa"}, secret)
            for secret in (pem, pem.strip())
        ),
        jwt.encode(claims, login.keys["rsa"], algorithm="RS256", headers={"kid": "first"}),
        jwt.encode(claims, login.keys["rsa"], algorithm="RS256"),
        jwt.encode(
            claims,
            other,
            algorithm="ES256",
            headers={"kid": "first", "jku": "http://127.0.0.1:9/jwks"},
        ),
    ]
    assert {refusal(door, text) for text in forged} == {"API010"}
    assert door.person(login.token("rsa")).name == "u7"


def sealed_with(claims, head, secret):
    """A token whose seal is an HMAC under any bytes: `jwt.encode` refuses a public key as the
    secret."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims)
    ]
    seal = hmac.digest(secret, b".".join(parts), "sha256")
    return b".".join([*parts, base64.urlsafe_b64encode(seal).rstrip(b"=")]).decode()


def test_an_issuer_that_goes_away_leaves_the_door_to_those_it_let_in(login, monkeypatch):
    door = TokenReader(key=KEY, issuer=login.issuer)
    early, late = login.token("first"), login.token("first")
    door.person(early)
    for answer in (b"<html>upkeep</html>", b'{"keys": []}'):
        login.body = answer
        door._keys.jwk_set_cache.jwk_set_with_timestamp = None
        assert door.person(login.token("first")).name == "u7"
    login.stop()
    door._keys.jwk_set_cache.jwk_set_with_timestamp = None
    assert door.person(early).name == "u7" and door.person(late).name == "u7"
    login.keys["new"] = login.keys["first"]
    assert refusal(door, login.token("new")) == "API034"
    assert refusal(TokenReader(key=KEY, issuer=login.issuer), late) == "API034"


def test_the_service_asks_the_configured_issuer(login, tmp_path, monkeypatch):
    for name, value in (("ISSUER", NAME), ("JWKS", login.issuer.jwks), ("AUDIENCE", "sanket")):
        monkeypatch.setenv(f"SANKET_{name}", value)
    app = create_app(
        str(tmp_path / "x.db"),
        tmp_path / "x.models",
        key=KEY,
        log=Log(lambda _: None),
        follow=False,
    )
    asked = {"as_of": "2026-03-14", "children": [{"child_id": "C-1"}]}
    good = Client(app, login.token("first")).post("/v1/classify", asked)
    local = Client(app, token("sector:S1")).post("/v1/classify", asked)
    assert (good.status_code, local.status_code) == (200, 401) and login.asked == 1
    login.stop()
    assert Client(app, login.token("first")).post("/v1/classify", asked).status_code == 200
    app.close()


def test_a_withdrawn_key_opens_nothing_within_a_minute_also_for_a_token_that_was_let_in(
    login, monkeypatch
):
    door = TokenReader(key=KEY, issuer=login.issuer)
    known = login.token("first", exp=time.time() + 3600)
    door.person(known)
    login.keys = {"second": ec.generate_private_key(ec.SECP256R1())}
    assert door.person(known).name == "u7"
    now, steady = time.time(), time.monotonic()
    monkeypatch.setattr(time, "time", lambda: now + 59)
    monkeypatch.setattr(time, "monotonic", lambda: steady + 59)
    assert door.remembered(known) is None and refusal(door, known) == "API010"
