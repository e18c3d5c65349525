"""Scopes that stay what they are whatever their ids hold; tokens that are listed and revoked."""

import json
import time

import jwt
import pytest

from registry.contract.errors import UsageError
from registry.store.store import open_store
from sanket.app import main
from serving.access import permissions
from serving.access.permissions import Scope, TokenReader, issue
from serving.app import create_app
from serving.errors import UnknownToken
from serving.http.observe import Log
from tests.support.service_cases import KEY, Client, book, row

ODD = ["X state:*", "a b", "a:b", "état:*", "*", "X%20state:*", "sector:S1 sector:S2", "ज़िला १"]


def signed(scope):
    claims = {
        "iss": "sanket-local",
        "sub": "t",
        "role": "officer",
        "scope": scope,
        "exp": time.time() + 600,
    }
    return jwt.encode(claims, KEY)


@pytest.mark.parametrize("name", ODD)
def test_an_id_never_becomes_another_scope(name):
    person = TokenReader(key=KEY).person(
        issue(key=KEY, role="officer", scopes=[f"sector:{name}"], name="t")
    )
    assert person.scope == Scope(sectors=frozenset([name])) and not person.scope.state
    assert Scope.claimed(person.scope.quoted) == person.scope
    assert Scope.claimed(person.scope.texts) == person.scope


def test_a_local_token_of_one_text_opens_nothing():
    client_scopes = (
        "sector:S1",
        "sector:X state:*",
        "state:*",
        {"state": "*"},
        ["sector:S1", 5],
        [],
        None,
    )
    for scope in client_scopes:
        with pytest.raises(UnknownToken):
            TokenReader(key=KEY).person(signed(scope))
    with pytest.raises(UsageError):
        Scope.claimed("state:* bogus")


@pytest.fixture
def app(tmp_path):
    open_store(tmp_path / "x.db").close()
    app = create_app(
        str(tmp_path / "x.db"), tmp_path, key=None, log=Log(lambda _: None), follow=False
    )
    book(app.state.engine, [row("C-1"), row("C-2", "S1 odd: state:*")])
    yield app
    app.close()


def run(capsys, *arguments):
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert not ended.value.code
    return capsys.readouterr().out


def answered(client, status):
    until = time.monotonic() + 10
    while (
        found := client.get("/v1/children/C-1").status_code
    ) != status and time.monotonic() < until:
        time.sleep(0.1)
    return found == status


def test_a_revoked_token_opens_nothing_and_the_register_says_who_and_when(app, tmp_path, capsys):
    store = str(tmp_path / "x.db")
    one, two = (
        json.loads(
            run(
                capsys,
                "token",
                store,
                "--json",
                "--role",
                "officer",
                "--scope",
                "state:*",
                "--name",
                name,
            )
        )
        for name in ("Sunita", "Asha")
    )
    clients = [Client(app, each["token"]) for each in (one, two)]
    assert all(client.get("/v1/children/C-1").status_code == 200 for client in clients)
    run(capsys, "token", store, "--revoke", one["id"])
    assert answered(clients[0], 401) and clients[1].get("/v1/children/C-1").status_code == 200
    assert clients[0].get("/v1/models/champion").status_code == 401
    fresh = create_app(store, tmp_path, log=Log(lambda _: None), follow=False)
    assert Client(fresh, one["token"]).get("/v1/children/C-1").status_code == 401
    fresh.close()
    app.state.tokens._look()
    found = {each["who"]: each for each in json.loads(run(capsys, "tokens", store, "--json"))}
    assert found["Sunita"]["revoked_at"] and not found["Asha"]["revoked_at"]
    assert found["Asha"]["last_used_at"] and found["Asha"]["scope"] == ["state:*"]
    assert "Sunita" in run(capsys, "tokens", store) and one["token"] not in run(
        capsys, "tokens", store
    )
    with pytest.raises(SystemExit) as ended:
        main(["token", store, "--revoke", "nobody"])
    assert ended.value.code == 3


def test_peoples_tokens_are_short_and_a_dashboards_is_longer(tmp_path, capsys):
    store = str(tmp_path / "x.db")
    open_store(store).close()
    for role, days in (("supervisor", 7), ("officer", 7), ("analyst", 7), ("dashboard", 30)):
        said = json.loads(
            run(capsys, "token", store, "--json", "--role", role, "--scope", "sector:a b")
        )
        assert said["days"] == pytest.approx(days, abs=0.01) and said["scope"] == ["sector:a b"]


def test_a_token_of_a_sector_with_an_odd_name_sees_that_sector_alone(app):
    client = Client(
        app,
        issue(
            key=permissions.local_key(app.state.store_address),
            role="officer",
            scopes=["sector:S1 odd: state:*"],
            name="t",
        ),
    )
    assert client.get("/v1/children/C-1").status_code == 404
    assert client.get("/v1/visits?sector=S1").status_code == 404
