"""Nobody exposed: family codes as keyed hashes, children forgotten with a tombstone, small cells
suppressed."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from sqlalchemy import URL

from registry.checks.cells import encode, why_bad
from registry.checks.raw import Raw, as_codes, whole_floats
from registry.contract.errors import Refused
from registry.contract.tables import AADHAAR_WITHHELD
from registry.sources.family_codes import TwelveDigits, is_aadhaar, plain_code

KEY_NAME = "SANKET_IDENTITY_KEY"
"""The environment's variable with the key (any text of 16 characters or more)."""
FAMILY, HASHED_AT_ONCE = "family_id", 1_000_000


def identity_key(url: URL) -> bytes | None:
    """The key for hashes of this store: from the environment, else from the file `x.key` beside
    `x.db`, made when missing and readable by its owner only. None for PostgreSQL without the
    variable: family codes are then dropped.
    """
    text = os.environ.get(KEY_NAME, "")
    if text:
        return text.encode()
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    path = Path(url.database).with_suffix(".key")
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text().strip().encode()


def tombstone_key(url: URL, registry_id: object) -> bytes:
    """The key of tombstones: the identity key, or the store's own random id where there is none."""
    return identity_key(url) or str(registry_id).encode()


def environment_key() -> bytes:
    """The key from the environment, for columns that a map marks as personal; refused without
    it."""
    text = os.environ.get(KEY_NAME, "")
    if len(text) < 16:
        raise Refused(
            "REG064",
            f"the map hashes personal columns: set {KEY_NAME} to a secret of 16 characters or more",
        )
    return text.encode()


def keyed_hash(key: bytes, text: str) -> str:
    """HMAC-SHA-256 of a text, its first 128 bits as hex: the same text gives the same hash under
    the same key only."""
    return hmac.digest(key, text.strip().encode(), "sha256").hex()[:32]


def hash_families(raws: Mapping[str, Raw], url: URL) -> dict[str, Raw]:
    """The tables with `family_id` hashed, before anything (a refused row too) keeps it."""
    children = raws.get("children")
    if children is None or FAMILY not in children.data.column_names:
        return dict(raws)
    key = identity_key(url)
    if key is None:
        return dict(raws) | {"children": children.without(FAMILY)}
    are_whole = whole_floats(children, [FAMILY], HASHED_AT_ONCE).get(FAMILY, False)

    aadhaar = TwelveDigits()
    for data in children.chunks(HASHED_AT_ONCE, [FAMILY]):
        different = encode(as_codes(data[FAMILY], are_whole=are_whole).combine_chunks())
        aadhaar.look(map(plain_code, different.dictionary.to_pylist()))

    def hashed(column: pa.ChunkedArray) -> pa.DictionaryArray:
        codes = as_codes(column, are_whole=are_whole)
        return hash_column(codes, key, aadhaar=aadhaar.are_aadhaar)

    return dict(raws) | {"children": children.mapped(FAMILY, hashed)}


def hash_column(column: pa.ChunkedArray, key: bytes, *, aadhaar: bool) -> pa.DictionaryArray:
    """A column with every text hashed, in one spelling; empty cells stay empty. aadhaar: its
    numbers of twelve digits are Aadhaar numbers, and become a note that they were withheld."""
    different = encode(column.combine_chunks())
    hashed = [_hashed(text, key, aadhaar=aadhaar) for text in different.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(different.indices, pa.array(hashed, pa.string()))


def _hashed(text: str, key: bytes, *, aadhaar: bool) -> str:
    # What a spreadsheet spoiled is no family's code; hashed, it would make one family of many.
    if why_bad(text, "id"):
        return text
    code = plain_code(text)
    if aadhaar and is_aadhaar(code):
        return AADHAAR_WITHHELD
    return keyed_hash(key, code) if code else ""
