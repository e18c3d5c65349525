"""Programme codes as integers: each text of a kind (child, centre, sector, …) has one number in a
store, for good."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from registry.checks.cells import positions
from registry.contract.arrays import Days
from registry.store.bulk import Bulk

KINDS = ("child", "centre", "sector", "project", "district", "family", "episode", "source", "name")


class Numbering:
    """The numbers of one store, read by kind when first asked for; new texts get the next
    numbers."""

    def __init__(self, bulk: Bulk):
        self._bulk = bulk
        self._texts: dict[str, pa.Array] = {}
        self._numbers: dict[str, Days] = {}
        self._stored: dict[str, int] = {}
        self.written = 0
        """New texts written so far, of all kinds."""

    def texts(self, kind: str) -> pa.Array:
        """All texts of a kind, those of the store first."""
        self._read(kind)
        return self._texts[kind]

    def numbers(self, kind: str) -> Days:
        """Their numbers."""
        self._read(kind)
        return self._numbers[kind]

    def number(self, kind: str, texts: pa.Array) -> Days:
        """The number of each text (int32), giving new ones where needed; one more at the end: -1,
        of the missing."""
        self._read(kind)
        at = positions(self._texts[kind], texts)
        new = texts if (at < 0).all() else texts.filter(pa.array(at < 0))
        if len(new):
            next_number = int(self._numbers[kind].max(initial=-1)) + 1
            # An empty store's ids are those that came: a state's are in memory once.
            known = self._texts[kind]
            self._texts[kind] = pa.concat_arrays([known, new]) if len(known) else new
            self._numbers[kind] = np.append(
                self._numbers[kind], np.arange(next_number, next_number + len(new), dtype=np.int32)
            )
            at[at < 0] = len(self._texts[kind]) - len(new) + np.arange(len(new), dtype=np.int32)
        return np.append(self._numbers[kind][at], -1).astype(np.int32)

    def write(self) -> None:
        """Write the new ones."""
        for kind in list(self._stored):
            self._write(kind)

    def done_with(self, kind: str) -> None:
        """Write the new ones of a kind that is not asked for again, and let go of its texts."""
        self._write(kind)
        del self._texts[kind], self._numbers[kind], self._stored[kind]

    def _write(self, kind: str) -> None:
        stored = self._stored[kind]
        texts, numbers = self._texts[kind][stored:], self._numbers[kind][stored:]
        if len(texts):
            self.written += len(texts)
            kinds = pa.array([kind]).take(pa.array(np.zeros(len(texts), np.int8)))
            self._bulk.ingest("ids", {"kind": kinds, "number": pa.array(numbers), "text": texts})

    def _read(self, kind: str) -> None:
        if kind in self._texts:
            return
        question = f"SELECT number, text FROM ids WHERE kind = '{kind}' ORDER BY number"
        rows = self._bulk.query(question, {"number": np.int32})
        self._texts[kind] = pa.array(rows["text"], pa.string())
        self._numbers[kind] = rows["number"]
        self._stored[kind] = len(rows["number"])
