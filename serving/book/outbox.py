"""Outcomes ticked go on from the score book into the registry's visits (weights and arms that a
visit took into its measurements), some seconds later and many at once.

The tick itself is durable in the score book and shows at once. An import into a large registry
takes seconds and locks it, so no request waits for one; what was not handed on when the service
stopped is, at the next start or run.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from registry.checks.table import raw_table
from registry.contract.errors import SanketError
from registry.sources.sheets import Source
from registry.store.single_sqlite import open_beside_the_book
from registry.store.store import Store
from serving.book.accepted import TICKED, import_day
from serving.book.scorebook import MEASURED, TICKS, make_tables
from serving.http.observe import Log, place_of

GATHER_SECONDS = 2
RETRY_SECONDS = 60
SOURCE = "home_visit"
"""The `source` of measurements that a visit took."""
TABLES = {
    "visits": (TICKS, ("child_id", "visited_on", "finding", "listed_on")),
    "measurements": (MEASURED, ("child_id", "visited_on", "weight_kg", "muac_mm")),
}
"""The registry's table, ours, and the columns that go on."""


def hand_on(store: Store) -> int:
    """Import what waits of visits and measurements into the registry; how many rows. Done twice, it
    changes nothing."""
    make_tables(store.engine)
    with store.engine.connect() as connection:
        waiting = {
            name: connection.execute(
                sa.select(table).where(~table.c.handed_on).order_by(table.c.child_id)
            ).all()
            for name, (table, _) in TABLES.items()
        }
    waiting = {name: rows for name, rows in waiting.items() if rows}
    if not waiting:
        return 0
    store.import_source(_source(waiting), imported_on=import_day(store.engine))
    with store.engine.begin() as connection:
        for name, rows in waiting.items():
            _handed_on(connection, TABLES[name][0], rows)
    return sum(map(len, waiting.values()))


def _handed_on(connection: sa.Connection, table: sa.Table, rows: Sequence[sa.Row[Any]]) -> None:
    for row in rows:
        same = (table.c.child_id == row.child_id) & (table.c.visited_on == row.visited_on)
        changed = sa.update(table).where(same, table.c.ticked_at == row.ticked_at)
        connection.execute(changed.values(handed_on=True))


def registry_rows(
    waiting: Mapping[str, Sequence[object]],
) -> dict[str, dict[str, list[str | None]]]:
    """The registry's columns, as texts, of rows of ours (anything with their columns as attributes)
    by table."""
    tables = {
        name: {column: [_text(getattr(row, column)) for row in rows] for column in TABLES[name][1]}
        for name, rows in waiting.items()
    }
    if taken := tables.get("measurements"):
        taken["measured_on"] = taken.pop("visited_on")
        taken["source"] = [SOURCE] * len(taken["measured_on"])
    return tables


def _source(waiting: dict[str, Sequence[sa.Row[Any]]]) -> Source:
    tables = registry_rows(waiting)
    digest = hashlib.sha256(orjson.dumps(tables)).hexdigest()
    return Source(TICKED, digest, {name: raw_table(table) for name, table in tables.items()})


def _text(cell: dt.date | float | str | None) -> str | None:
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return repr(cell) if isinstance(cell, float) else cell


class HandingOn:
    """A thread that hands outcomes on after they were ticked; failures are logged and tried
    again."""

    def __init__(self, store_address: str, log: Log):
        self._address, self._log = store_address, log
        self._ticked, self._stopped = threading.Event(), threading.Event()
        self.fault: str | None = None
        self._ticked.set()
        self._thread = threading.Thread(target=self._go_on, name="handing-on", daemon=True)
        self._thread.start()

    def soon(self) -> None:
        """There is something to hand on."""
        self._ticked.set()

    def stop(self) -> None:
        """Hand on what waits, then end."""
        self._stopped.set()
        self._ticked.set()
        self._thread.join(timeout=30)

    def _go_on(self) -> None:
        while not self._stopped.is_set():
            waited = self._ticked.wait(timeout=RETRY_SECONDS if self.fault else None)
            self._stopped.wait(GATHER_SECONDS if waited else 0)
            self._ticked.clear()
            self._try()
        if self._ticked.is_set():
            # Ticked, or told to stop, while the last hand-over ran.
            self._try()

    def _try(self) -> None:
        try:
            store = open_beside_the_book(self._address)
            try:
                hand_on(store)
            finally:
                store.close()
            self.fault = None
        except Exception as error:
            # Whatever it was (each database's driver has errors of its own), what was ticked stays
            # in the book and is tried again.
            self.fault = error.code if isinstance(error, SanketError) else place_of(error)
            self._log.line("handing_on_fault", fault=self.fault)
