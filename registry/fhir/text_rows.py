"""Rows of texts that may be too many for memory, handed back by their owners."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from registry.checks.cells import Parsed, encode
from registry.checks.checked_table import TextsSoFar
from registry.checks.raw import Sizes
from registry.checks.sorted_rows import SortedRows
from registry.contract.arrays import AnyArray, Ints
from registry.fhir.rows import AT_ONCE

OWNER, NUMBER = "owner", "number"
BY_NUMBER = 8
"""Rows in the order of their numbers are owned by a span of these: so many spans are a part."""


class TextRows:
    """Rows of `names`, texts or None, each with its number in the source. Their different texts are
    in memory once, the rows as positions of them in a file without a name, unless they are few.

    owner: the column whose rows come back together; empty: rows come back by their numbers.
    at_once: about so many rows come back at a time.
    """

    def __init__(self, names: Sequence[str], sizes: Sizes, *, owner: str = "", at_once: int):
        self._names, self._sizes, self._owner = list(names), sizes, owner
        self._at_once = at_once
        self._span = max(at_once // BY_NUMBER, 1)
        self._texts = {name: TextsSoFar() for name in self._names}
        self._waiting: list[tuple[str | None, ...]] = []
        self._numbers: list[int] = []
        self._first: dict[str, AnyArray] | None = None
        self._rows: SortedRows | None = None

    def take(self, row: tuple[str | None, ...], number: int) -> None:
        """One row more."""
        self._waiting.append(row)
        self._numbers.append(number)
        if len(self._waiting) >= min(AT_ONCE, self._sizes.chunk):
            self._take_waiting()

    def take_all(self, data: pa.Table, numbers: Ints) -> None:
        """Many rows more."""
        columns = {name: self._positions(name, data[name]) for name in self._names}
        columns[NUMBER] = np.asarray(numbers, np.int64)
        spans = columns[NUMBER] // self._span
        columns[OWNER] = columns[self._owner] if self._owner else spans.astype(np.int32)
        if self._rows is None and self._first is None:
            self._first = columns
            return
        self._beyond_the_first().add(columns)

    def parts(self) -> Iterator[tuple[pa.Table, Ints]]:
        """All rows once: those of some owners at a time, by their numbers, and as they came where
        these are equal. Without rows one part, which is empty."""
        if self._waiting or self._first is None and self._rows is None:
            self._take_waiting()
        texts = {name: so_far.taken() for name, so_far in self._texts.items()}
        if self._first is not None:
            self._rows = self._sorted(in_memory=True)
            self._rows.add(self._first)
        if self._rows is None:
            return
        for part in self._rows.parts():
            order = np.argsort(part[NUMBER], kind="stable")
            data = {name: _told(texts[name], part[name][order]) for name in self._names}
            yield pa.table(data), part[NUMBER][order]
        self._rows.close()

    def _take_waiting(self) -> None:
        columns = zip(*self._waiting, strict=True) if self._waiting else [()] * len(self._names)
        cells = [pa.array(column, pa.string()) for column in columns]
        numbers = np.array(self._numbers, np.int64)
        self._waiting, self._numbers = [], []
        self.take_all(pa.table(cells, self._names), numbers)

    def _positions(self, name: str, cells: pa.ChunkedArray) -> AnyArray:
        different = encode(cells.combine_chunks())
        at = different.indices.fill_null(-1).to_numpy()
        texts = different.dictionary.to_numpy(zero_copy_only=False)
        return self._texts[name].add(Parsed(at, at < 0, None, texts))

    def _beyond_the_first(self) -> SortedRows:
        """The rows on disk, with what came first."""
        if self._rows is None:
            self._rows = self._sorted(in_memory=False)
        if self._first is not None:
            first, self._first = self._first, None
            self._rows.add(first)
        return self._rows

    def _sorted(self, *, in_memory: bool) -> SortedRows:
        return SortedRows(
            OWNER, folder=self._sizes.folder, part_rows=self._at_once, in_memory=in_memory
        )


def _told(texts: pa.Array, at: AnyArray) -> pa.Array:
    return texts.take(pa.array(at, mask=at < 0))
