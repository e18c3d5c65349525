"""The store: one SQL database that keeps every version of every row, and hands out the registry as
columns."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, event, func, select
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import Registry
from registry.store import schema
from registry.store.bulk import READ_ONLY, Bulk, writes_refused
from registry.store.connections.plain_bulk import connect_alone, count_connections
from registry.store.connections.replica import caught_up, read_from
from registry.store.links.decisions import holding_links
from registry.store.loading import digest, load, version
from registry.store.store_facts import facts_of

if TYPE_CHECKING:
    from registry.checks.plausible import ZScores
    from registry.sources.sheets import Source
    from registry.store.importing import ImportReport


def open_store(address: str | Path, *, must_exist: bool = False) -> Store:
    """Open a store (a path ending in `.db`, or a `postgresql://` address), made when missing."""
    url = store_url(str(address))
    path = database_file(url)
    if must_exist and path is not None and not path.exists():
        raise BadInput(
            "REG060",
            f"there is no store at {path}: `sanket import SOURCE --to STORE` makes one",
        )
    make_private(url)
    try:
        return Store(url)
    except DBAPIError as error:
        said = str(error.orig).strip().splitlines()[0][:200]
        raise BadInput(
            "REG060",
            f"the store at {url.database} cannot be opened or made ({said}): check the path or "
            "the address, and that you may write there",
        ) from error


@contextmanager
def made_for(address: str | Path) -> Iterator[Store]:
    """Open a store to import into; one that was made for an import that failed is taken away
    again."""
    url = store_url(str(address))
    path = database_file(url)
    beside = (
        [path, path.with_suffix(".key"), path.with_name(f"{path.name}-journal")] if path else []
    )
    made = [one for one in beside if not one.exists()] if path and not path.exists() else []
    store = open_store(address)
    try:
        yield store
    except BaseException:
        store.close()
        for one in made:
            one.unlink(missing_ok=True)
        raise
    store.close()


def make_private(url: URL) -> None:
    """A store's file that is not there yet, made empty and for its owner alone: SQLite would let
    everybody read it, and gives its other files (-wal, -shm) the rights of this one."""
    path = database_file(url)
    if path is not None and not path.exists():
        # Where it cannot be made, SQLite itself says so when it opens it.
        with suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def database_file(url: URL) -> Path | None:
    """The file of a SQLite database; None of any other."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def store_url(address: str) -> URL:
    """The SQLAlchemy address of a STORE as people write it."""
    if address.startswith(("postgresql://", "postgres://")):
        return make_url(address).set(drivername="postgresql+psycopg")
    if address.endswith(".db"):
        return URL.create("sqlite", database=address)
    raise UsageError("REG062", "a store is a path ending in .db or a postgresql:// address")


class Store:
    """An open store. `engine` is for whoever keeps tables of their own beside the registry's."""

    def __init__(self, url: URL):
        self.url = url
        self.engine: Engine = _engine(url)
        try:
            schema.make(self.engine)
        except BaseException:
            self.engine.dispose()
            raise

    def bulk(self) -> Bulk:
        """A connection for whole columns; a transaction of its own."""
        return connect_alone(self.url)

    def reading(self) -> Bulk:
        """A connection that reads whole columns and writes none: to a replica of the store that
        $SANKET_READ_FROM names, once it holds all that the store holds now."""
        replica = read_from(self.url)
        return self.bulk() if replica is None else caught_up(store_url(replica), self.engine)

    def facts(self) -> dict[str, object]:
        """What a reader of results must know: see `registry.contract.registry.Registry.facts`."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(schema.FACTS.c.name, schema.FACTS.c.value)).all()
        return facts_of(dict(map(tuple, rows)))

    def load(
        self,
        *,
        sectors: Iterable[str] | None = None,
        children: Iterable[str] | None = None,
        own_only: bool = False,
    ) -> Registry:
        """Every version of every row as a registry; of some sectors' or some children only, where
        these are given. `own_only`: without what links brought from other registers.

        What a page asks, some children or the places alone, is read in the store itself: waiting
        for a replica would take longer than the reading.
        """
        with self.reading() if children is None else self.bulk() as bulk:
            return load(bulk, sectors=sectors, children=children, own_only=own_only)

    def import_source(
        self,
        source: str | Path | Source,
        *,
        map: object = None,
        imported_on: dt.date | str | None = None,
        past: bool = False,
        zscores: ZScores | None = None,
        workers: int | None = None,
        told: Callable[[str], None] | None = None,
    ) -> ImportReport:
        """Read, check and keep a source; see `registry.store.importing.import_source`."""
        from registry.store.importing import import_source

        return import_source(
            self,
            source,
            map=map,
            imported_on=imported_on,
            past=past,
            zscores=zscores,
            workers=workers,
            told=told,
        )

    def digest(self) -> str:
        """A checksum of all that the store knows, whatever the order or the time in which it
        came."""
        with self.reading() as bulk:
            return digest(bulk)

    def children(self) -> int:
        """How many children the store has: linked ids are one, and what another register brought
        is none by itself."""
        with self.engine.connect() as connection:
            of_children = select(func.count()).where(schema.IDS.c.kind == "child")
            ids = int(connection.scalar(of_children) or 0)
            brought = set(connection.scalars(select(schema.OTHER_CHILDREN.c.child)))
            return ids - len(brought | holding_links(connection).keys())

    def version(self) -> str:
        """A checksum that changes with every import and forgotten child, without reading the rows
        (see `registry.store.loading.version`)."""
        with self.reading() as bulk:
            return version(bulk)

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return refusing_writes(create_engine(url, pool_pre_ping=True))
    # No connection is kept: two copies of SQLite in one process undo each other's locks, and one
    # that is closed while a `Bulk` writes would let another process write too.
    engine = create_engine(url, poolclass=NullPool)
    count_connections(engine)

    @event.listens_for(engine, "connect")
    def patient(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout = 30000")

    return engine


def refusing_writes(engine: Engine) -> Engine:
    """An engine of a PostgreSQL store that says why a replica takes no writes (BadInput REG073)."""

    @event.listens_for(engine, "handle_error")
    def told(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
            raise writes_refused() from context.original_exception

    return engine
