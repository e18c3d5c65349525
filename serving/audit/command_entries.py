"""What a person at the command line is shown of children, written into the store's audit log."""

from __future__ import annotations

import datetime as dt
import getpass
import os
from collections.abc import Iterable

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from registry.contract.errors import BadInput
from serving.access.scope import is_name
from serving.audit import recorder
from serving.audit.audit_key import own_audit_key


def note_command(address: str, engine: Engine, act: str, child_ids: Iterable[str]) -> None:
    """Write down in the audit log who is shown these children by a command. BadInput AUD002 where
    that cannot be written."""
    key = own_audit_key(address, engine)
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    children = tuple(recorder.named(key, child_id) for child_id in child_ids)
    entry = recorder.Entry(at, _account(), "operator", act, "command line", "", children)
    try:
        recorder.make_tables(engine)
        recorder.append(engine, key, [entry])
    except (SQLAlchemyError, OSError):
        raise BadInput(
            "AUD002", "the audit log of this store cannot be written: nothing is shown unaudited"
        ) from None


def _account() -> str:
    """The account of the machine that runs the command."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
    return name if is_name(name) else f"uid {os.getuid()}"
