"""`GET /v1/children`: pages that hold each child once, filters, changes, and who is gone."""

import base64
import datetime as dt
import json
from dataclasses import replace

import jsonschema_rs
import pytest
import sqlalchemy as sa

from registry.store.forgetting import forget
from registry.store.store import open_store
from serving.app import create_app
from serving.audit.recorder import entries_about
from serving.book import scorebook
from serving.book.ticks import tick
from serving.export import child_list
from serving.http.observe import Log
from tests.support.service_cases import AS_OF, KEY, Client, book, row, token

IDS = [f"{sector}-{n}" for sector in ("S1", "S2", "S3") for n in range(5)]


def rows(ids=IDS, **changes):
    return [row(child, child[:2], **changes.get(child.replace("-", ""), {})) for child in ids]


@pytest.fixture
def service(tmp_path):
    open_store(tmp_path / "x.db").close()
    app = create_app(
        str(tmp_path / "x.db"), tmp_path / "m", key=KEY, log=Log(lambda _: None), follow=False
    )
    yield app
    app.close()


def pages(client, query=""):
    """All pages of a question, from the first on."""
    found, cursor = [], ""
    while len(found) < 40:
        answer = client.get(f"/v1/children?{query}{cursor}")
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        if found[-1]["next"] is None:
            return found
        cursor = f"&cursor={found[-1]['next']}"
    raise AssertionError("the pages do not end")


def ids_of(found):
    return [child["child_id"] for page in found for child in page["children"]]


@pytest.mark.parametrize("limit", [1, 2, 5, 7, 15, 1000])
def test_pages_hold_every_child_once(service, limit):
    book(service.state.engine, rows())
    found = pages(Client(service, token()), f"limit={limit}")
    assert sorted(ids_of(found)) == IDS
    assert all(len(page["children"]) <= limit for page in found)


def test_a_page_looks_through_few_sectors_and_the_next_goes_on(service, monkeypatch):
    monkeypatch.setattr(child_list, "SECTORS_A_PAGE", 1)
    book(service.state.engine, rows())
    found = pages(Client(service, token()), "centre=S3-A1")
    assert len(found) == 3 and sorted(ids_of(found)) == IDS[10:]


def test_pages_stay_with_their_run_whatever_is_scored_meanwhile(service):
    book(service.state.engine, rows())
    client = Client(service, token())
    first = client.get("/v1/children?limit=4").json()
    book(service.state.engine, rows(IDS[:2]), as_of=AS_OF + dt.timedelta(1))
    told = first["children"]
    while first["next"]:
        first = client.get(f"/v1/children?limit=4&cursor={first['next']}").json()
        told += first["children"]
        assert first["as_of"] == AS_OF.isoformat()
    assert sorted(child["child_id"] for child in told) == IDS


def test_a_cursor_names_no_child_and_goes_only_with_its_filter(service):
    book(service.state.engine, rows())
    client = Client(service, token())
    cursor = client.get("/v1/children?limit=2").json()["next"]
    plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    assert not any(child in plain for child in IDS)
    other = base64.urlsafe_b64encode(json.dumps([99, *json.loads(plain)[1:]]).encode()).decode()
    for query, status in (
        (f"danger=true&cursor={cursor}", 422),
        ("cursor=nonsense", 422),
        ("cursor=%22", 422),
        ("cursor=WzFd", 422),
        (f"cursor={other}", 404),
    ):
        assert client.get(f"/v1/children?{query}").status_code == status, query


def test_a_cursor_opens_no_other_scope(service):
    book(service.state.engine, rows())
    cursor = Client(service, token()).get("/v1/children?limit=2").json()["next"]
    own = Client(service, token("sector:S3")).get(f"/v1/children?cursor={cursor}").json()
    assert sorted(child["child_id"] for child in own["children"]) == IDS[10:]


def test_filters(service):
    changed = {
        "S10": {"state": "sam_suspected", "danger": True, "next_step": "medical_check"},
        "S21": {"risk": None},
    }
    made = rows(**changed)
    high = made[3].scores["relapse"]
    made[3] = replace(made[3], scores={"relapse": replace(high, risk=0.9)})
    none = replace(high, status="not_scored", why_not="left", risk=None)
    made[4] = replace(made[4], scores={"relapse": none})
    book(service.state.engine, made)
    client = Client(service, token())
    assert ids_of(pages(client, "state=sam_suspected")) == ["S1-0"]
    assert ids_of(pages(client, "danger=true")) == ["S1-0"]
    assert len(ids_of(pages(client, "danger=false"))) == 14
    assert ids_of(pages(client, "step=medical_check")) == ["S1-0"]
    assert ids_of(pages(client, "min_risk=0.5")) == ["S1-3"]
    assert ids_of(pages(client, "target=relapse&min_risk=0.9")) == ["S1-3"]
    assert "S1-4" not in ids_of(pages(client, "target=relapse&min_risk=0"))
    assert ids_of(pages(client, "target=onset")) == []
    assert sorted(ids_of(pages(client, "sector=S2"))) == IDS[5:10]
    assert ids_of(pages(Client(service, token("sector:S1")), "sector=S2")) == []
    for wrong in ("state=dead", "min_risk=2", "changed_since=2026-03-14", "limit=0", "target=x"):
        assert client.get(f"/v1/children?{wrong}").json()["code"] == "API002"


def backdated(engine, run, days):
    """As if the run had been begun so many days before."""
    made_at = (dt.datetime.now(dt.UTC) - dt.timedelta(days)).isoformat(timespec="milliseconds")
    with engine.begin() as connection:
        table = scorebook.RUNS
        connection.execute(sa.update(table).where(table.c.run == run.run).values(made_at=made_at))


def hours_ago(hours):
    then = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    return "changed_since=" + then.isoformat(timespec="seconds").replace("+00:00", "Z")


def test_what_changed_is_told_and_what_did_not_is_not(service):
    engine, client = service.state.engine, Client(service, token())
    backdated(engine, book(engine, rows()), 5)
    again = rows(IDS[:-1], S11={"state": "sam_suspected"})
    book(engine, [*again, row("S1-new")], as_of=AS_OF + dt.timedelta(1))
    found = pages(client, hours_ago(48))
    assert sorted(ids_of(found)) == ["S1-1", "S1-new"]
    keys = {child["child_id"]: child["child_key"] for child in pages(client)[0]["children"]}
    assert len(found[-1]["left"]) == 1 and found[-1]["left"][0] not in keys.values()
    assert sorted(ids_of(pages(client, hours_ago(24 * 30)))) == sorted([*IDS[:-1], "S1-new"])
    narrow = pages(Client(service, token("sector:S1")), hours_ago(48))
    assert narrow[-1]["left"] == []


def test_a_ticked_visit_is_a_change(service):
    engine, client = service.state.engine, Client(service, token())
    backdated(engine, book(engine, rows()), 5)
    assert ids_of(pages(client, hours_ago(1))) == []
    ticked = {"child_id": "S2-3", "visited_on": AS_OF, "finding": "well"}
    tick(engine, [ticked | {"listed_on": AS_OF, "listed_for": None}])
    found = pages(client, hours_ago(1))
    assert ids_of(found) == ["S2-3"] and found[0]["children"][0]["last_finding"] == "well"


def test_a_forgotten_child_is_named_by_the_key_it_had(service, tmp_path):
    engine, client = service.state.engine, Client(service, token())
    book(engine, rows())
    found = pages(client, "limit=3")
    keys = {child["child_id"]: child["child_key"] for page in found for child in page["children"]}
    assert len(set(keys.values())) == 15
    store = open_store(tmp_path / "x.db")
    forget(store, "S2-0")
    store.close()
    last = pages(client, hours_ago(1))[-1]
    assert last["forgotten"] == [keys["S2-0"]]
    assert pages(client)[-1]["forgotten"] == []


def test_every_child_of_a_page_is_audited_and_no_other(service):
    book(service.state.engine, rows())
    Client(service, token("sector:S1")).get("/v1/children")
    key = service.state.audit._key
    for child, acts in (("S1-0", ["children"]), ("S2-0", [])):
        assert [entry.act for entry in entries_about(service.state.engine, key, child)] == acts
    assert Client(service, token(role="analyst")).get("/v1/children").json()["code"] == "API011"


def test_answers_are_as_their_schemas_say(service):
    book(service.state.engine, rows(S10={"overdue_days": 3, "by_when": dt.date(2026, 3, 11)}))
    client = Client(service, token())
    document = client.get("/v1/openapi.json").json()
    for name, path in (
        ("ChildPage", "/v1/children"),
        ("StoredChildAnswer", "/v1/children/S1-0?history=true"),
    ):
        schema = {"$ref": f"#/components/schemas/{name}"} | document
        jsonschema_rs.Draft202012Validator(schema).validate(client.get(path).json())
