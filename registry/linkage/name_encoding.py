"""Names as keyed Bloom filters, so that two offices can link without showing each other a name.

Schnell R, Bachteler T, Reiher J. A novel error-tolerant anonymous linking code (CLK), 2011. Each
bigram sets bits that HMAC-SHA-256 chooses (no double hashing, whose structure was attacked:
Niedermeyer et al. 2014), and each bit is then flipped at random with 2 % (BLIP: Alaggan et al.
2012). What this does not withstand is said in docs/linkage.md.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from registry.contract.arrays import Ints
from registry.contract.errors import BadInput, Refused
from registry.linkage.name_spelling import bigrams

KEY_NAME = "SANKET_LINKAGE_KEY"
"""The environment's variable with the key that both offices, and nobody else, hold."""
SHORTEST_KEY = 32
BITS, POSITIONS, FLIPPED = 1024, 30, 0.02
FIELDS = ("name", "mother_name")
"""Columns that are encoded, all into one filter, each with bigrams of its own."""
HEADER = "filter_1_"


def linkage_key() -> bytes:
    """The key from the environment. Refused LNK001 without a long one."""
    text = os.environ.get(KEY_NAME, "")
    if len(text) < SHORTEST_KEY or len(set(text)) < 8:
        raise Refused(
            "LNK001",
            f"set {KEY_NAME} to a random secret of {SHORTEST_KEY} characters or more, for example "
            "of `openssl rand -hex 32`; both offices need the same",
        )
    return text.encode()


def key_tag(key: bytes) -> str:
    """Eight signs that tell two keys apart without telling the key."""
    return hmac.new(key, b"sanket: which linkage key", hashlib.sha256).hexdigest()[:8]


class NameEncoder:
    """Filters of names under one key; `noise` draws the flipped bits, the system's own chance by
    default."""

    def __init__(self, key: bytes, *, noise: np.random.Generator | None = None):
        self._key = key
        self._noise = noise or np.random.default_rng(secrets.randbits(256))
        self._known: dict[str, Ints] = {}

    def filter(self, record: Mapping[str, str]) -> bytes | None:
        """The filter of a record's names, 128 bytes; None where it has none that can be read."""
        words = [
            f"{field}:{pair}" for field in FIELDS for pair in sorted(bigrams(record.get(field, "")))
        ]
        if not words:
            return None
        bits = np.zeros(BITS, np.bool_)
        bits[np.concatenate([self._positions(word) for word in words])] = True
        return np.packbits(bits ^ (self._noise.random(BITS) < FLIPPED)).tobytes()

    def _positions(self, word: str) -> Ints:
        if word not in self._known:
            digest = partial(hmac.new, self._key, digestmod=hashlib.sha256)
            both = b"".join(digest(f"{part}:{word}".encode()).digest() for part in (0, 1))
            numbers = np.frombuffer(both, ">u2")[:POSITIONS].astype(np.int64)
            self._known[word] = numbers % BITS
        return self._known[word]


def encode_file(source: Path, out: Path) -> dict[str, int]:
    """Write the encoded file of a table with `child_id`, `name` and perhaps `mother_name`; returns
    counts. BadInput LNK002 (no such columns), LNK003 (a child twice)."""
    key = linkage_key()
    records = list(_records(source))
    if len({record["child_id"] for record in records}) < len(records):
        raise BadInput("LNK003", f"{source.name} has a child_id twice: leave one row a child")
    encoder = NameEncoder(key)
    filters = {record["child_id"]: encoder.filter(record) for record in records}
    encoded = {child: one for child, one in filters.items() if one is not None}
    out.unlink(missing_ok=True)
    handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("child_id", HEADER + key_tag(key)))
        writer.writerows((child, encoded[child].hex()) for child in sorted(encoded))
    return {"rows": len(records), "encoded": len(encoded)}


def _records(source: Path) -> Iterable[dict[str, str]]:
    from registry.sources.sheets import sheets_of

    sheets = [
        sheet for sheet in sheets_of(source) if {"child_id", "name"} <= set(sheet.data.column_names)
    ]
    if len(sheets) != 1:
        raise BadInput(
            "LNK002", f"{source.name} is no one table with the columns child_id and name"
        )
    data = sheets[0].data
    names = [name for name in ("child_id", *FIELDS) if name in data.column_names]
    for row in zip(*(data[name].to_pylist() for name in names), strict=True):
        record = {name: str(cell or "").strip() for name, cell in zip(names, row, strict=True)}
        if record["child_id"]:
            yield record


def read_filters(paths: tuple[Path, Path]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Filters by child id of both registers' encoded files. BadInput LNK004 (no encoded file),
    LNK005 (encoded under two keys, or by two versions)."""
    (first, mine), (second, theirs) = (_read_filters(path) for path in paths)
    if first != second:
        raise BadInput(
            "LNK005", "the two files were encoded under different keys: encode one again"
        )
    return mine, theirs


def _read_filters(path: Path) -> tuple[str, dict[str, bytes]]:
    bad = BadInput(
        "LNK004", f"{path.name} is no encoded file; `sanket encode FILE -o ENCODED` makes one"
    )
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        filters = {child: bytes.fromhex(text) for child, text in rows}
    except (OSError, ValueError):
        raise bad from None
    if len(header) != 2 or not header[1].startswith(HEADER):
        raise bad
    if any(len(one) != BITS // 8 for one in filters.values()):
        raise bad
    return header[1], filters
