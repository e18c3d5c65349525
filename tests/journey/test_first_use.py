"""First use: two services that begin together, and first requests that come at once, find nothing
half-made."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from registry.store.store import open_store
from serving.answering.schemas import EXAMPLE
from serving.app import create_app
from serving.audit import recorder
from serving.book import scorebook
from serving.database import engine_of
from serving.http.observe import Log
from tests.support.service_cases import AS_OF, KEY, Client, book, bundle, promoted, row, token


def begun_together(address: str, make) -> None:
    """Make tables from two engines at once; whatever one of them raises."""
    barrier, engines = threading.Barrier(2), [engine_of(address) for _ in range(2)]

    def begin(engine):
        barrier.wait(timeout=30)
        make(engine)

    with ThreadPoolExecutor(2) as together:
        list(together.map(begin, engines))
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("kept_in", [scorebook, recorder], ids=["score book", "audit log"])
def test_two_that_make_the_tables_at_once_both_find_them_made(kept_in, tmp_path):
    for number in range(10):
        address = str(tmp_path / f"{number}.db")
        begun_together(address, kept_in.make_tables)
        engine = engine_of(address)
        assert set(kept_in.TABLES.tables) <= set(sa.inspect(engine).get_table_names())
        engine.dispose()


def test_no_request_changes_the_process_in_which_others_run(tmp_path, monkeypatch):
    """FastAPI makes an included router's parts at its first request, inside
    `warnings.catch_warnings`: of two threads that do so at once, one loses its filters (seen as a
    warning, or an error where warnings are errors)."""
    for target in ("relapse", "non_response"):
        promoted(tmp_path / "x.models", bundle(target))
    open_store(tmp_path / "x.db").close()
    app = create_app(
        str(tmp_path / "x.db"),
        tmp_path / "x.models",
        key=KEY,
        log=Log(lambda _: None),
        follow=False,
    )
    book(app.state.engine, [row("S1-1")])
    client = Client(app, token())
    client.get("/livez")
    changed = []
    monkeypatch.setattr(warnings.catch_warnings, "__enter__", lambda self: changed.append(self))
    monkeypatch.setattr(warnings.catch_warnings, "__exit__", lambda self, *_: None)
    asked = [
        client.get(path)
        for path in (
            "/v1/visits?sector=S1",
            "/v1/children/S1-1",
            "/v1/indicators",
            "/v1/models/champion",
            "/v1/openapi.json",
        )
    ]
    asked += [client.post("/v1/score", EXAMPLE), client.post("/v1/classify", EXAMPLE)]
    told = client.post(
        "/v1/visits/S1-1/outcome", {"visited_on": AS_OF.isoformat(), "finding": "well"}
    )
    monkeypatch.undo()
    app.close()
    assert [answer.status_code for answer in (*asked, told)] == [200] * 7 + [201]
    assert changed == []
