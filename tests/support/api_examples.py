"""A small made-up service whose answers are the examples of the API's document, and what each
operation is asked."""

from __future__ import annotations

import datetime as dt
import os
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from care.protocol import standard
from registry.store.store import open_store
from serving.access.scope import Scope
from serving.answering.schemas import EXAMPLE
from serving.app import create_app
from serving.book.publishing import publish
from serving.book.reader import Reader
from serving.book.scorebook import begin, write_chunk
from serving.book.scoring.area_rows import area_pages, count_areas
from serving.book.scoring.book_rows import Scoring
from serving.http.observe import Log
from tests.support.list_store import FACTS, make_store
from tests.support.listed_children import AS_OF
from tests.support.service_cases import KEY, Client, bundle, promoted, token

TODAY = AS_OF + dt.timedelta(2)
CHILD = "C90001"
ASKED: dict[str, tuple[str, str, Any]] = {
    "score_children": ("POST", "/v1/score", EXAMPLE),
    "classify_children": ("POST", "/v1/classify", EXAMPLE),
    "get_child": ("GET", f"/v1/children/{CHILD}", None),
    "list_children": ("GET", "/v1/children?sector=S0002", None),
    "list_visits": ("GET", "/v1/visits?sector=S0002", None),
    "get_growth": ("GET", f"/v1/growth/{CHILD}", None),
    "get_indicators": ("GET", "/v1/indicators", None),
    "list_areas": ("GET", "/v1/areas?level=sector&months=0", None),
    "get_champions": ("GET", "/v1/models/champion", None),
    "list_events": ("GET", "/v1/events?limit=3", None),
    "record_outcome": (
        "POST",
        f"/v1/visits/{CHILD}/outcome",
        {"visited_on": TODAY.isoformat(), "finding": "well", "weight_kg": 7.4},
    ),
}
"""By operation: method, path and body; in this order, since an outcome changes the lists."""
STEADY = {
    "made_at": "2026-03-14T01:30:00.000+00:00",
    "told_at": "2026-03-16T04:00:00.000+00:00",
    "at": "2026-03-16T02:00:00.000+00:00",
    "next": "WzE3XQ",
    "child_key": "3f2a9c5d7e8b4a106c1d2e3f4a5b6c7d",
    "version": "0123456789abcdef",
    "model_version": "0123456789abcdef",
}
"""What is another one in each store, as the examples have it."""


@contextmanager
def example_service(folder: Path):
    """The application over a scored store of made-up children, on a day that stands still."""
    with mock.patch.dict(os.environ, {"SANKET_TODAY": TODAY.isoformat()}):
        address = make_store(folder)
        _published_with_areas(address)
        for target in ("relapse", "non_response"):
            promoted(folder / "list.models", bundle(target))
        app = create_app(
            address, folder / "list.models", key=KEY, log=Log(lambda _: None), follow=False
        )
        try:
            yield app
        finally:
            app.close()


def _published_with_areas(address: str) -> None:
    """A second run of the same children, with what a scoring run counts of areas."""
    with closing(open_store(address)) as store:
        reader = Reader(store.engine, Scope.of(["state:*"]))
        former = reader.run()
        places = [
            (one.sector_id, one.project_id, one.district_id) for one in reader.sectors(former)
        ]
        run = begin(store.engine, as_of=former.as_of, made_from={"again": 1}, places=places)
        write_chunk(store.engine, run, 0, reader.rows(former))
        registry = store.load()
        rows_of = partial(reader.rows, run, ticked=False)
        counted = count_areas(rows_of, run, Scoring.of(registry, {}, run.as_of), {})
        areas = list(area_pages([counted], registry, standard()))
        publish(store.engine, run, facts=FACTS | {"exercise": False}, areas=areas)


def answers_of(app) -> dict[str, Any]:
    """What each operation answers, with what differs from store to store made steady."""
    client, found = Client(app, token("district:D1")), {}
    for operation, (method, path, body) in ASKED.items():
        answer = client.ask(method, path, **({"json": body} if body else {}))
        assert answer.is_success, (operation, answer.text)
        found[operation] = steady(answer.json())
    return found


def steady(part: Any) -> Any:
    """A document with the words of STEADY in the place of its own."""
    if isinstance(part, dict):
        return {
            name: STEADY[name] if name in STEADY and isinstance(value, str) else steady(value)
            for name, value in part.items()
        }
    return [steady(one) for one in part] if isinstance(part, list) else part
