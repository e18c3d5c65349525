"""The keys of a store, each in a file for its owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from registry.contract.errors import BadInput


def key_path(store_address: str) -> Path:
    """The key of a store's tokens: $SANKET_KEY, else `x.tokens.key` beside `x.db`, else
    ./sanket.tokens.key."""
    if configured := os.environ.get("SANKET_KEY"):
        return Path(configured)
    if "://" in store_address:
        return Path("sanket.tokens.key")
    return Path(store_address).with_suffix(".tokens.key")


def local_key(store_address: str) -> bytes:
    """The store's own signing key; made (32 random bytes, readable by its owner alone) when
    missing."""
    return key_at(key_path(store_address))


def key_at(path: Path, *, made_as: bytes | None = None) -> bytes:
    """The key in a file; made when missing (32 random bytes, or `made_as`). Raises BadInput ACC002
    for a short one."""
    if not path.exists():
        _make_key(path, made_as or secrets.token_bytes(32))
    key = path.read_bytes()
    if len(key) < 32:
        raise BadInput(
            "ACC002",
            f"{path.name} is not a key of at least 32 bytes; remove it to have a new one made",
        )
    return key


def _make_key(path: Path, content: bytes) -> None:
    """Written beside and linked into place, so that two processes that start together share one
    key."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BadInput("ACC007", f"cannot make the key {path}: {error.strerror}") from None
    try:
        os.write(handle, content)
        os.fsync(handle)
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        os.close(handle)
        beside.unlink()
