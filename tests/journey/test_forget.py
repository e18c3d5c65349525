"""`sanket forget` leaves nothing of a child where people look: book, ticks, pages."""

import datetime as dt
import json
import subprocess
import sys

import sqlalchemy as sa

from registry.store.store import open_store
from serving.access.permissions import Scope
from serving.app import create_app
from serving.book import ticks
from serving.book.reader import Reader
from serving.book.sector_figures import sector_figures
from serving.http.observe import Log
from tests.support.list_store import make_store, token
from tests.support.service_cases import Client


def test_a_forgotten_child_is_in_no_run_no_tick_and_on_no_page(tmp_path):
    address = make_store(tmp_path, count=8)
    app = create_app(address, follow=False, log=Log(lambda line: None), pages=False)
    client = Client(app, token(address, role="officer"))
    child, other = [row["child_id"] for row in client.get("/v1/visits").json()["rows"]][:2]
    day = dt.date(2026, 3, 16)
    seen = {"visited_on": day, "finding": "well", "listed_on": None, "listed_for": None}
    ticks.tick(app.state.engine, [seen | {"child_id": name} for name in (child, other)])
    assert client.get(f"/v1/children/{child}?history=true").status_code == 200
    forget = [sys.executable, "-m", "sanket.app", "forget", address, child, "--json"]
    done = subprocess.run(forget, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {"sanket_scores", "sanket_ticks", "measurements"} <= set(json.loads(done.stdout)["rows"])
    assert (
        client.get(f"/v1/children/{child}").status_code
        == 404
        != client.get(f"/v1/children/{other}").status_code
    )
    assert (
        child not in client.get("/v1/visits").text
        and child not in client.get("/v1/indicators").text
    )
    reader = Reader(app.state.engine, Scope.of(["state:*"]))
    assert child not in str(sector_figures(reader, reader.run()))
    app.close()
    assert nowhere(address, child) == []
    assert nowhere(address, other) != []


def nowhere(address, child):
    """Tables of the store in whose rows the id still stands."""
    store = open_store(address)
    with store.engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
        found = [
            name
            for name in names
            if any(
                child in str(cell) or child.encode() in (cell if isinstance(cell, bytes) else b"")
                for row in connection.execute(sa.text(f'SELECT * FROM "{name}"'))
                for cell in row
            )
        ]
    store.close()
    return found
