"""Tokens, roles and areas: what opens the door, and that nothing else does."""

import base64
import hmac
import json
import stat
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.contract.errors import UsageError
from serving.access.permissions import (
    PERMISSIONS,
    Issuer,
    Scope,
    TokenReader,
    issue,
    key_path,
    local_key,
    same_site,
)
from serving.errors import AccessError, OtherSite
from serving.http.problems import http_problem

KEY = b"k" * 32


def token(**changes):
    asked = {"key": KEY, "role": "supervisor", "scopes": ["sector:S1"], "name": "demo"} | changes
    return issue(**asked)


def code_of(call, *arguments):
    with pytest.raises(AccessError) as refused:
        call(*arguments)
    return http_problem(refused.value).code


def test_a_local_token_says_who_in_which_role_and_area():
    person = TokenReader(key=KEY).person(token(scopes=["sector:S2", "sector:S1", "district:D"]))
    assert (person.name, person.role) == ("demo", "supervisor")
    assert person.scope.texts == ["district:D", "sector:S1", "sector:S2"]


def test_forged_expired_and_malformed_tokens_get_one_and_the_same_answer():
    door = TokenReader(key=KEY)
    head, body, seal = token().split(".")
    claims = {"sub": "x", "role": "officer", "scope": "state:*", "exp": time.time() + 9}
    unsigned = jwt.encode(claims, None, algorithm="none")
    widened = (
        base64.urlsafe_b64encode(
            json.dumps(
                jwt.decode(token(), options={"verify_signature": False}) | {"scope": "state:*"}
            ).encode()
        )
        .rstrip(b"=")
        .decode()
    )
    forged = [
        token(key=b"x" * 32),
        token(now=time.time() - 40 * 86_400),
        f"{head}.{body}",
        f"{head}.{widened}.{seal}",
        unsigned,
        "",
        "a.b.c",
        "é" * 40,
        f"{head}.{body}.{seal[:-4]}",
        jwt.encode(
            {"sub": "x", "iss": "sanket-local", "role": "root", "scope": "state:*", "exp": 9e9}, KEY
        ),
        jwt.encode(
            {"sub": "x", "iss": "sanket-local", "role": "officer", "scope": "", "exp": 9e9}, KEY
        ),
        jwt.encode(
            {"sub": "x", "iss": "sanket-local", "role": "officer", "scope": "sector:S1"}, KEY
        ),
        jwt.encode(
            {"sub": "x", "iss": "other", "role": "officer", "scope": "sector:S1", "exp": 9e9}, KEY
        ),
        jwt.encode(
            {
                "sub": "x",
                "iss": "sanket-local",
                "role": ["officer"],
                "scope": "sector:S1",
                "exp": 9e9,
            },
            KEY,
        ),
    ]
    answers = set()
    for text in forged:
        with pytest.raises(AccessError) as refused:
            door.person(text)
        answers.add(json.dumps(http_problem(refused.value).document()))
    assert len(answers) == 1 and "API010" in answers.pop()


def test_a_remembered_token_still_ends_on_its_day(monkeypatch):
    door = TokenReader(key=KEY)
    good = token(days=1)
    assert door.person(good) is door.person(good)
    later = time.time() + 2 * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    assert door.remembered(good) is None


ACTS = ("see_children", "record_visits", "see_indicators", "score", "other")


@given(st.sampled_from(sorted(PERMISSIONS)), st.sampled_from(ACTS))
@settings(max_examples=25, deadline=None)
def test_a_role_may_do_what_its_row_says_and_nothing_else(role, act):
    person = TokenReader(key=KEY).person(token(role=role))
    if act in PERMISSIONS[role]:
        person.must(act)
    else:
        assert code_of(person.must, act) == "API011"


def test_an_analyst_never_sees_a_named_child():
    assert (
        "see_children" not in PERMISSIONS["analyst"]
        and "record_visits" not in PERMISSIONS["dashboard"]
    )


@pytest.mark.parametrize("text", ["", "sector", "sector:", "state:north", "block:B1", "SECTOR:S1"])
def test_a_scope_that_means_nothing_is_refused(text):
    with pytest.raises(UsageError):
        Scope.of([text])


def test_a_token_needs_a_role_and_an_area():
    with pytest.raises(UsageError):
        token(role="root")
    with pytest.raises(UsageError):
        token(scopes=[])


def test_the_key_of_a_store_is_made_once_for_its_owner_alone(tmp_path):
    store = str(tmp_path / "x.db")
    assert key_path(store) == tmp_path / "x.tokens.key"
    key = local_key(store)
    assert len(key) == 32 and local_key(store) == key
    assert stat.S_IMODE(key_path(store).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["x.tokens.key"]


class Keys:
    """An issuer's keys, and how often they were fetched."""

    def __init__(self, private):
        document = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key()))
        self.keys = [jwt.PyJWK(document | {"kid": "one", "alg": "ES256"})]
        self.fetched = 0

    def get_signing_keys(self, refresh=False):
        self.fetched += refresh
        return self.keys


@pytest.fixture
def issued():
    private = ec.generate_private_key(ec.SECP256R1())
    door = TokenReader(
        key=KEY, issuer=Issuer("https://state.example", "https://state.example/jwks", "sanket")
    )
    door._keys = Keys(private)
    claims = {
        "iss": "https://state.example",
        "aud": "sanket",
        "sub": "u7",
        "role": "dashboard",
        "scope": "district:D1",
        "exp": time.time() + 60,
    }
    return door, private, claims


def test_a_configured_issuer_opens_and_the_local_key_does_not(issued):
    door, private, claims = issued
    good = jwt.encode(claims, private, algorithm="ES256", headers={"kid": "one"})
    assert door.person(good).scope.texts == ["district:D1"]
    assert code_of(door.person, token()) == "API010"
    for wrong in ({"aud": "other"}, {"iss": "https://else.example"}, {"exp": 1}):
        bad = jwt.encode(claims | wrong, private, algorithm="ES256", headers={"kid": "one"})
        assert code_of(door.person, bad) == "API010"


def test_forged_key_names_do_not_make_us_ask_the_issuer_each_time(issued):
    door, private, claims = issued
    for number in range(50):
        bad = jwt.encode(claims, private, algorithm="ES256", headers={"kid": f"no-{number}"})
        assert code_of(door.person, bad) == "API010"
    assert door._keys.fetched == 1


def test_a_public_key_cannot_be_used_as_a_secret(issued):
    door, private, claims = issued
    public = jwt.algorithms.ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    parts = [{"alg": "HS256", "typ": "JWT", "kid": "one"}, claims]
    signed = b".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts
    )
    seal = hmac.digest(json.dumps(public).encode(), signed, "sha256")
    forged = (signed + b"." + base64.urlsafe_b64encode(seal).rstrip(b"=")).decode()
    assert code_of(door.person, forged) == "API010"


def test_an_issuer_out_of_reach_is_said_so():
    door = TokenReader(key=None, issuer=Issuer("x", "http://127.0.0.1:9/jwks", "sanket"))
    private = ec.generate_private_key(ec.SECP256R1())
    asked = jwt.encode({"sub": "x"}, private, algorithm="ES256", headers={"kid": "one"})
    assert code_of(door.person, asked) == "API034"


def test_a_form_from_another_site_is_refused():
    same_site(host="a:3000", origin="http://a:3000", fetch_site="same-origin")
    same_site(host="a:3000", origin=None, fetch_site=None)
    for origin, fetch_site in (
        ("http://evil", None),
        (None, "cross-site"),
        ("null", None),
        (None, "same-site"),
    ):
        with pytest.raises(OtherSite):
            same_site(host="a:3000", origin=origin, fetch_site=fetch_site)
