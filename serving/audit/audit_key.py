"""The audit log's own key, apart from the one that signs tokens: either may be changed without the
other."""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa

from serving.access.local_keys import key_at, key_path
from serving.audit.audit_chain import ENTRIES, audit_key


def audit_key_path(store_address: str) -> Path:
    """$SANKET_AUDIT_KEY, else beside the signing key: `x.audit.key` beside `x.tokens.key`."""
    if configured := os.environ.get("SANKET_AUDIT_KEY"):
        return Path(configured)
    signing = key_path(store_address)
    stem = signing.name.removesuffix(".key").removesuffix(".tokens")
    return signing.with_name(f"{stem}.audit.key")


def anchor_path(store_address: str) -> Path:
    """Where the running service keeps the newest anchor: `x.audit.anchor` beside `x.audit.key`."""
    return audit_key_path(store_address).with_suffix(".anchor")


def own_audit_key(store_address: str, engine: sa.Engine) -> bytes:
    """The key of a store's audit log; made when missing (readable by its owner alone).

    A log that was begun when one key did both goes on under the key that was made from it, now kept
    in its own file.
    """
    path = audit_key_path(store_address)
    if path.exists() or not key_path(store_address).exists() or _is_empty(engine):
        return key_at(path)
    return key_at(path, made_as=audit_key(key_at(key_path(store_address))))


def _is_empty(engine: sa.Engine) -> bool:
    """Whether the log is known to hold nothing yet; a database that does not answer is not known
    to."""
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table(ENTRIES.name):
                return True
            return connection.execute(sa.select(ENTRIES.c.number).limit(1)).first() is None
    except sa.exc.SQLAlchemyError:
        return False
