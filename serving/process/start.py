"""Starts the service, after checking that it can: a store, a champion, keys, a free port; and makes
its tokens."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from models.champion import models_folder, pointer, trained
from models.targets import TARGETS
from registry.contract.errors import BadInput, UsageError
from serving.access import tokens
from serving.access.local_keys import key_path, local_key
from serving.access.permissions import IssuedToken, issued
from serving.access.scope import LONGEST_NAME, Scope
from serving.audit.audit_key import audit_key_path, own_audit_key
from serving.process import settings

ROOT = Path(__file__).resolve().parents[2]


def run(
    store: str,
    *,
    port: int,
    workers: int,
    host: str = "127.0.0.1",
    say: Callable[[str], None],
    today: dt.date | None = None,
) -> int:
    """Serve until stopped; the exit code. Raises BadInput: REG060 (no store), SRV003 (no champion),
    SRV002 (port).

    today: the day on which the calendar stands still, for an exercise (`registry.machine.today`).
    """
    store = ready_to_serve(store, host=host, port=port)
    command = [
        sys.executable,
        "-m",
        "bentoml",
        "serve",
        "serving.service:Sanket",
        "--working-dir",
        str(ROOT),
        "--host",
        host,
        "--port",
        str(port),
    ]
    surroundings = _surroundings(store, workers) | (
        {"SANKET_TODAY": today.isoformat()} if today else {}
    )
    say(addresses(host, port))
    return _until_stopped(subprocess.Popen(command, env=surroundings, start_new_session=True))


def ready_to_serve(store: str, *, host: str, port: int) -> str:
    """The store's whole address, if there is a store, a champion, a key, a calendar, and if the
    port is free."""
    from registry.store.store import open_store

    settings.checked()
    open_store(store, must_exist=True).close()
    folder = models_folder(store)
    if not any(pointer(folder, target) for target in TARGETS) and not trained(folder):
        raise BadInput(
            "SRV003",
            f"there is no champion in {folder}: train a model first (`sanket train {store}`)",
        )
    port_is_free(port, host=host)
    local_key(store)
    with _engine_of(store) as engine:
        own_audit_key(store, engine)
    return store if "://" in store else str(Path(store).resolve())


def port_is_free(port: int, *, host: str = "127.0.0.1") -> None:
    """Raise BadInput SRV002 where something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            taken = f"port {port} of {host} is taken: stop what listens there, or name another one"
            raise BadInput("SRV002", taken) from None


def addresses(host: str, port: int) -> str:
    """What a person opens."""
    base = f"http://{host}:{port}"
    return "\n".join(
        (
            f"Visit list   {base}/visits",
            f"API          {base}/v1/docs",
            f"State        {base}/readyz  {base}/metrics",
            "Stop with Ctrl-C.",
        )
    )


def _surroundings(store: str, workers: int) -> dict[str, str]:
    """The service's environment: absolute places, since BentoML runs it from the source's
    folder."""
    fixed = {
        "SANKET_STORE": store,
        "SANKET_MODELS": str(models_folder(store).resolve()),
        "SANKET_KEY": str(key_path(store).resolve()),
        "SANKET_AUDIT_KEY": str(audit_key_path(store).resolve()),
        "SANKET_WORKERS": str(workers),
        "BENTOML_DO_NOT_TRACK": "True",
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "passive",
    }
    return {**os.environ, **fixed}


def _until_stopped(service: subprocess.Popen[bytes]) -> int:
    """Wait for the service; pass Ctrl-C and SIGTERM on to all of its processes, and leave none
    behind."""

    def stop(*_: object) -> None:
        _signal(service, signal.SIGTERM)

    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, stop)
    code = service.wait()
    _signal(service, signal.SIGKILL)
    return 0 if code in (0, -signal.SIGTERM, -signal.SIGINT) else 70


def _signal(service: subprocess.Popen[bytes], wanted: signal.Signals) -> None:
    try:
        os.killpg(service.pid, wanted)
    except ProcessLookupError:
        return


def store_meant(store: str) -> str:
    """The store named, or the only one in this folder. Raises UsageError SRV006 where that is not
    clear."""
    if store or os.environ.get("SANKET_KEY"):
        return store or "sanket.db"
    found = sorted(Path().glob("*.db"))
    if len(found) != 1:
        raise UsageError("SRV006", "name the store whose key signs the token: sanket token STORE …")
    return str(found[0])


PEOPLES_DAYS, PROGRAMS_DAYS = 7, 30
"""How long a token holds where nobody says: a person's goes with a phone that may be lost."""


def made_token(
    store: str, *, role: str, scopes: list[str], name: str, days: float | None
) -> IssuedToken:
    """A token signed by the store's key, in the store's register where there is a store at hand."""
    name, days = _whose(name, role, scopes), days or _days_of(role)
    made = issued(key=local_key(store), role=role, scopes=scopes, name=name, days=days)
    if "://" in store or Path(store).exists():
        with _engine_of(store) as engine:
            tokens.enter(engine, made)
    return made


def made_link(
    store: str, address: str, *, role: str, scopes: list[str], name: str, days: float | None
) -> str:
    """A sign-in link with a code that is good once: what stands in a proxy's log afterwards opens
    nothing."""
    name, days = _whose(name, role, scopes), days or _days_of(role)
    local_key(store)
    with _engine_of(store) as engine:
        code = tokens.make_code(engine, role=role, scopes=scopes, name=name, days=days)
    return f"{address.rstrip('/')}/sign-in?code={code}"


def _whose(name: str, role: str, scopes: list[str]) -> str:
    """The name given, or one made of role and scope."""
    return name or f"{role} {Scope.of(scopes).quoted}"[:LONGEST_NAME]


def _days_of(role: str) -> float:
    return PROGRAMS_DAYS if role == "dashboard" else PEOPLES_DAYS


def revoked_token(store: str, token_id: str) -> None:
    """Close the door to a token of a store. Raises BadInput ACC006 for an id that its register does
    not hold."""
    with _engine_of(store) as engine:
        tokens.revoke(engine, token_id)


def tokens_of(store: str) -> list[dict[str, Any]]:
    """The register of a store's tokens, the newest first."""
    with _engine_of(store) as engine:
        return tokens.listed(engine)


@contextmanager
def _engine_of(store: str) -> Iterator[Engine]:
    from registry.store.store import open_store

    opened = open_store(store, must_exist=True)
    try:
        yield opened.engine
    finally:
        opened.close()


def audited(store: str, *, child_id: str | None, kept_anchor: str | None = None) -> dict[str, Any]:
    """Whether the audit log of a store is whole and has all that it had at an anchor, and who saw a
    child.

    kept_anchor: one taken earlier; beside it counts the one that the running service keeps with the
    key.
    """
    from serving.audit import recorder
    from serving.audit.audit_key import anchor_path

    with _engine_of(store) as engine:
        key = own_audit_key(store, engine)
        recorder.make_tables(engine)
        entries = recorder.entries_about(engine, key, child_id) if child_id else []
        broken = recorder.first_broken(engine, key)
        beside = anchor_path(store)
        anchors = [*filter(None, [kept_anchor]), *([beside.read_text()] if beside.exists() else [])]
        cut = [text.strip() for text in anchors if not recorder.holds(engine, key, text)]
        return {
            "first_broken": broken,
            "cut": bool(cut),
            "anchor": recorder.anchor(engine),
            "entries": [entry._asdict() for entry in entries],
        }
