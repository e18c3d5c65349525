"""How answers go out and bodies come in over real HTTP: HEAD, ETag and 304, gzip both ways, other
sites' pages (CORS)."""

import contextlib
import gzip
import http.client
import json
import threading
import time
import zlib

import pytest
import sqlalchemy as sa
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.contract.errors import BadInput
from registry.store.forgetting import forget
from registry.store.store import open_store
from serving.answering.schemas import EXAMPLE
from serving.app import create_app
from serving.audit.recorder import ENTRIES
from serving.book.ticks import tick
from serving.export.export_tag import code_digest
from serving.http.bounds import Limits
from serving.http.delivery import LEAST_PACKED, is_unchanged, takes_gzip
from serving.http.observe import Log
from serving.http.origins import Origins
from serving.http.packed_body import PIECE
from tests.support.service_cases import AS_OF, KEY, book, bundle, promoted, row, token

SITE, OTHER = "https://dashboard.example.org", "https://elsewhere.example.org"
MOST = 400_000


@contextlib.contextmanager
def served(folder):
    """The application of a scored store, answering on a port."""
    patch = pytest.MonkeyPatch()
    patch.setenv("SANKET_ALLOWED_ORIGINS", f"{SITE}, http://localhost:8080")
    patch.setenv("SANKET_TODAY", "2026-03-16")
    open_store(folder / "x.db").close()
    promoted(folder / "x.models", bundle("relapse"))
    limits = Limits(body_bytes=MOST, drained_bytes=4 * MOST, lag_seconds=60)
    app = create_app(
        str(folder / "x.db"),
        folder / "x.models",
        key=KEY,
        limits=limits,
        log=Log(lambda _: None),
        follow=False,
    )
    app.folder = folder
    book(app.state.engine, [row(f"S1-{n}", "S1") for n in range(30)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    app.port = server.servers[0].sockets[0].getsockname()[1]
    yield app
    server.should_exit = True
    thread.join(timeout=20)
    app.close()
    patch.undo()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with served(tmp_path_factory.mktemp("delivery")) as app:
        yield app


@pytest.fixture
def fresh(tmp_path):
    with served(tmp_path) as app:
        yield app


def ask(service, method, path, body=None, **headers):
    """(status, headers by lower-case name, body) of one request on a connection of its own."""
    given = {"Authorization": f"Bearer {token()}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
    with contextlib.closing(connection):
        connection.request(method, path, body, given)
        with connection.getresponse() as answer:
            read, found = answer.read(), {}
            for name, value in answer.getheaders():
                found[name.lower()] = ", ".join(filter(None, [found.get(name.lower()), value]))
            return answer.status, found, read


READ = [
    "/v1/visits?sector=S1",
    "/v1/children",
    "/v1/children/S1-0",
    "/v1/indicators",
    "/v1/models/champion",
    "/v1/openapi.json",
    "/v1/docs",
    "/v1/export/children.csv",
    "/v1/export/indicators.parquet",
]
OF_ONE_REQUEST = {"date", "x-request-id", "content-length", "transfer-encoding"}


@pytest.mark.parametrize("path", [*READ, "/livez", "/readyz", "/metrics", "/sign-in", "/sw.js"])
def test_head_is_answered_as_get_is_without_its_body(service, path):
    got, head = ask(service, "GET", path), ask(service, "HEAD", path)
    assert got[0] == head[0] == 200 and head[2] == b"" and got[2]
    plain = [{name: one[1][name] for name in one[1].keys() - OF_ONE_REQUEST} for one in (got, head)]
    assert plain[0] == plain[1]
    if path not in ("/v1/children", "/metrics") and "content-length" in head[1]:
        assert head[1]["content-length"] == str(len(got[2]))


def test_head_of_what_is_not_there_and_of_what_is_posted(service):
    assert ask(service, "HEAD", "/v1/nothing")[0] == 404
    status, headers, _ = ask(service, "HEAD", "/v1/score")
    assert status == 405 and headers["allow"] == "POST"
    assert ask(service, "DELETE", "/v1/visits")[1]["allow"] == "GET, HEAD"


def test_a_head_is_no_seeing_in_the_audit(fresh):
    ask(fresh, "HEAD", "/v1/children/S1-0")
    ask(fresh, "HEAD", "/v1/export/children.csv")
    with fresh.state.engine.connect() as connection:
        assert set(connection.scalars(sa.select(ENTRIES.c.act))) == {"child_headers_only"}


@pytest.mark.parametrize("path", READ)
def test_what_has_not_changed_is_not_sent_again(service, path):
    status, headers, body = ask(service, "GET", path)
    tag = headers["etag"]
    assert status == 200 and body and tag.startswith('W/"')
    for asked in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = ask(service, "GET", path, If_None_Match=asked)
        assert (again[0], again[2], again[1]["etag"]) == (304, b"", tag)
        assert "content-type" not in again[1]
    assert ask(service, "GET", path, If_None_Match='"other"')[0] == 200
    packed = ask(service, "GET", path, Accept_Encoding="gzip")
    assert packed[1]["etag"] == tag
    assert ask(service, "HEAD", path, If_None_Match=tag)[0] == 304


def tags(service, scope="state:*"):
    paths = ("/v1/export/visits.csv", "/v1/children", "/v1/visits?sector=S1")
    given = {"Authorization": f"Bearer {token(scope)}"}
    return [ask(service, "GET", path, **given)[1]["etag"] for path in paths]


def test_a_tag_changes_with_whatever_changes_the_answer(fresh):
    engine, seen = fresh.state.engine, [tags(fresh)]
    assert tags(fresh) == seen[0]
    ticked = {"child_id": "S1-3", "visited_on": AS_OF, "finding": "well"}
    tick(engine, [ticked | {"listed_on": AS_OF, "listed_for": None}])
    seen.append(tags(fresh))
    with pytest.MonkeyPatch.context() as later:
        later.setenv("SANKET_TODAY", "2026-03-25")
        seen.append(tags(fresh))
    store = open_store(fresh.folder / "x.db")
    forget(store, "S1-0")
    store.close()
    seen.append(tags(fresh))
    book(engine, [row("S1-9", "S1")])
    seen.append(tags(fresh))
    for of_path in zip(*seen, strict=True):
        assert len(set(of_path)) == len(seen)
    assert tags(fresh, "sector:S1")[0] != seen[-1][0]
    assert len(code_digest()) == 16


def test_a_304_of_an_export_shows_nobody(fresh):
    tag = ask(fresh, "GET", "/v1/export/children.csv")[1]["etag"]
    with fresh.state.engine.connect() as connection:
        before = len(connection.scalars(sa.select(ENTRIES.c.act)).all())
    assert ask(fresh, "GET", "/v1/export/children.csv", If_None_Match=tag)[0] == 304
    denied = ask(
        fresh,
        "GET",
        "/v1/export/children.csv",
        If_None_Match=tag,
        Authorization=f"Bearer {token(role='analyst')}",
    )
    assert denied[0] == 403
    with fresh.state.engine.connect() as connection:
        assert len(connection.scalars(sa.select(ENTRIES.c.act)).all()) == before


@pytest.mark.parametrize("path", [*READ[:-1], "/sign-in", "/static/sanket.css"])
def test_answers_are_packed_for_who_takes_it(service, path):
    plain, packed = (
        ask(service, "GET", path, Accept_Encoding=asked) for asked in ("gzip;q=0, br", "br, gzip")
    )
    assert "content-encoding" not in plain[1]
    assert "accept-encoding" in packed[1]["vary"].lower()
    assert "accept-encoding" in plain[1]["vary"].lower()
    if len(plain[2]) < LEAST_PACKED["GET"] and "content-length" in plain[1]:
        assert "content-encoding" not in packed[1]
        return
    assert packed[1]["content-encoding"] == "gzip" and len(packed[2]) < len(plain[2])
    if not path.startswith("/v1/children?") and path != "/v1/children":
        assert gzip.decompress(packed[2]) == plain[2]


def test_what_is_packed_already_is_not_packed_again(service):
    parquet = ask(service, "GET", READ[-1], Accept_Encoding="gzip")
    assert "content-encoding" not in parquet[1] and parquet[2][:4] == b"PAR1"


def asking(children=1):
    one = EXAMPLE["children"][0]
    return EXAMPLE | {"children": [one | {"child_id": f"C-{n}"} for n in range(children)]}


JSON = {"Content_Type": "application/json"}


def test_one_child_goes_out_as_it_is_and_many_packed(service):
    body = json.dumps(asking()).encode()
    answer = ask(service, "POST", "/v1/score", body, Accept_Encoding="gzip", **JSON)
    assert answer[0] == 200 and "content-encoding" not in answer[1]
    many = json.dumps(asking(20)).encode()
    packed = ask(service, "POST", "/v1/score", many, Accept_Encoding="gzip", **JSON)
    assert packed[1]["content-encoding"] == "gzip"
    plain = ask(service, "POST", "/v1/score", many, **JSON)
    assert gzip.decompress(packed[2]) == plain[2] and "etag" not in plain[1]


def posted(service, body, encoding="gzip", **more):
    status, _, said = ask(
        service, "POST", "/v1/score", body, Content_Encoding=encoding, **JSON, **more
    )
    return status, json.loads(said)


def test_a_packed_body_is_read_as_a_plain_one(service):
    plain = json.dumps(asking(2)).encode()
    answer = ask(service, "POST", "/v1/score", plain, **JSON)[2]
    half = len(plain) // 2
    two_files = gzip.compress(plain[:half]) + gzip.compress(plain[half:])
    for body, encoding in (
        (gzip.compress(plain), "gzip"),
        (gzip.compress(plain), "X-GZIP"),
        (two_files, "gzip"),
        (plain, "identity"),
    ):
        assert posted(service, body, encoding) == (200, json.loads(answer))


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (b"{}", "br", 415, "API014"),
        (b"{}", "gzip, gzip", 415, "API014"),
        (b"{}", "gzip", 400, "API015"),
        (b"", "gzip", 400, "API015"),
        (gzip.compress(b"{}", mtime=0)[:-4], "gzip", 400, "API015"),
        (gzip.compress(b"{}", mtime=0) + b"more", "gzip", 400, "API015"),
        (gzip.compress(b"not json", mtime=0), "gzip", 400, "API001"),
        (zlib.compress(b"{}"), "gzip", 400, "API015"),
        (gzip.compress(b" " * (MOST + 1), mtime=0), "gzip", 413, "API005"),
        (gzip.compress(b" " * 80_000_000, mtime=0), "gzip", 413, "API005"),
        (gzip.compress(b"[" * (MOST - 10), mtime=0), "gzip", 400, "API001"),
    ],
)
def test_a_packed_body_that_is_none_or_too_much_is_refused(service, body, encoding, status, code):
    began = time.process_time()
    said = posted(service, body, encoding)
    assert (said[0], said[1]["code"]) == (status, code)
    assert time.process_time() - began < 2


@given(st.lists(st.binary(max_size=300_000), max_size=4), st.integers(1, 70_000))
@settings(max_examples=40, deadline=None)
def test_pieces_of_any_size_unpack_to_what_was_packed(parts, cut):
    import asyncio

    from serving.http.packed_body import unpacked

    packed = b"".join(gzip.compress(part * 3, 1) for part in parts) or gzip.compress(b"")
    pieces = [packed[at : at + cut] for at in range(0, len(packed), cut)]

    async def receive():
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def too_large():
        raise AssertionError

    async def read():
        plain, ask = b"", unpacked(receive, "gzip", most=10**7, too_large=too_large)
        while True:
            message = await ask()
            assert len(message["body"]) <= PIECE
            plain += message["body"]
            if not message["more_body"]:
                return plain

    assert asyncio.run(read()) == b"".join(part * 3 for part in parts)


def test_a_page_of_an_allowed_site_may_ask_and_read(service):
    asked = {"Origin": SITE, "Access_Control_Request_Method": "POST"}
    status, headers, body = ask(service, "OPTIONS", "/v1/score", **asked)
    assert (status, body) == (204, b"") and headers["access-control-allow-origin"] == SITE
    assert "Idempotency-Key" in headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in headers
    status, headers, _ = ask(service, "GET", "/v1/indicators", Origin=SITE)
    assert status == 200 and headers["access-control-allow-origin"] == SITE
    assert "ETag" in headers["access-control-expose-headers"] and "Origin" in headers["vary"]
    refused = ask(service, "GET", "/v1/indicators", Origin=SITE, Authorization="Bearer none")
    assert refused[0] == 401 and refused[1]["access-control-allow-origin"] == SITE


def test_a_page_of_another_site_may_not(service):
    for origin in (OTHER, "null", SITE + ".evil.org", SITE.upper()):
        asked = {"Origin": origin, "Access_Control_Request_Method": "GET"}
        status, headers, body = ask(service, "OPTIONS", "/v1/indicators", **asked)
        assert status == 403 and json.loads(body)["code"] == "API016"
        assert "access-control-allow-origin" not in headers
        plain = ask(service, "GET", "/v1/indicators", Origin=origin)
        assert plain[0] == 200 and "access-control-allow-origin" not in plain[1]


def test_pages_are_no_other_site_s_business(service):
    asked = {"Origin": SITE, "Access_Control_Request_Method": "GET"}
    assert ask(service, "OPTIONS", "/visits", **asked)[0] == 405
    assert "access-control-allow-origin" not in ask(service, "GET", "/sign-in", Origin=SITE)[1]


def test_by_default_no_site_may_ask(monkeypatch):
    monkeypatch.delenv("SANKET_ALLOWED_ORIGINS", raising=False)
    none = Origins.configured()
    asked = {"origin": SITE, "access-control-request-method": "GET"}
    assert none.preflight("/v1/visits", asked) is None and none.told("/v1/visits", SITE) == []


@pytest.mark.parametrize(
    "text",
    ["*", "null", "dashboard.example.org", "https://a.org/path", "https://", "ftp://a.org", "a b"],
)
def test_an_origin_that_is_none_stops_the_start(monkeypatch, text):
    monkeypatch.setenv("SANKET_ALLOWED_ORIGINS", f"{SITE},{text}")
    with pytest.raises(BadInput, match=r"LIM001.*SANKET_ALLOWED_ORIGINS"):
        Origins.configured()


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("gzip", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("identity", False),
        ("", False),
        ("xgzip", False),
    ],
)
def test_which_accept_encodings_take_gzip(text, takes):
    assert takes_gzip(text) is takes


def test_tags_are_compared_weakly():
    assert is_unchanged('W/"a", "b"', '"b"') and is_unchanged('"a"', 'W/"a"')
    assert not is_unchanged('"ab"', 'W/"a"') and not is_unchanged(None, '"a"')
