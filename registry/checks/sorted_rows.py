"""Typed rows of one table that may be too many for memory: kept while they are few, in a file
without a name beyond that, and handed back by their owners in parts of bounded size.

An external sort: each chunk is written as a run, sorted by owner; a part is what all runs have of
some owners that follow each other, so a child's rows are always together.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from weakref import finalize

import numpy as np

from registry.contract.arrays import AnyArray, Days, Ints

PART_ROWS = 1_000_000
"""Rows of a part; more only where one owner alone has more."""


@dataclass(frozen=True)
class _Run:
    """Where the columns of one chunk begin in the file, by name; its rows are sorted by owner."""

    rows: int
    begins: Mapping[str, int]


class TablePart(Mapping[str, AnyArray]):
    """The rows of some owners: columns by name, read when asked for."""

    def __init__(self, rows: int, source: SortedRows, slices: list[tuple[_Run, int, int]]):
        self.rows, self._source, self._slices = rows, source, slices

    def __getitem__(self, name: str) -> AnyArray:
        return self._source.read(name, self._slices)

    def __iter__(self) -> Iterator[str]:
        return iter(self._source.kinds)

    def __len__(self) -> int:
        return len(self._source.kinds)


class SortedRows:
    """Rows of one table, by the positions of their owners (int32, from 0) in the column `owner`.

    folder: where the file without a name is made; it holds children's records, takes as much room
    as the rows, and is gone when its process is. None: where the system keeps such files.
    in_memory: all of them come in one chunk, and stay as they came.
    """

    def __init__(
        self, owner: str, *, folder: Path | None, part_rows: int = PART_ROWS, in_memory: bool
    ):
        self._owner, self._folder, self._part_rows = owner, folder, part_rows
        self._in_memory = in_memory
        self._held: dict[str, AnyArray] | None = None
        self._file: IO[bytes] | None = None
        self._end = 0
        self._runs: list[_Run] = []
        self._counts: Ints = np.zeros(0, np.int64)
        self.kinds: dict[str, np.dtype[np.generic]] = {}
        self.rows = 0

    @property
    def in_memory(self) -> bool:
        """Is all of it in memory, in the order in which it came?"""
        return self._in_memory

    def add(self, columns: dict[str, AnyArray]) -> None:
        """One more chunk; all have the same columns of the same kinds."""
        self.kinds = self.kinds or {name: values.dtype for name, values in columns.items()}
        self.rows += len(columns[self._owner])
        if self._in_memory:
            self._held = columns
        else:
            self._write(columns)

    def parts(self) -> Iterator[TablePart]:
        """The rows in parts, owners ascending; within a part by run, and as they came in each."""
        if self._held is not None:
            run = _Run(self.rows, {})
            yield TablePart(self.rows, self, [(run, 0, self.rows)])
            return
        if not self.rows:
            return
        bounds = self._bounds()
        cuts = [np.searchsorted(self._whole(run), bounds) for run in self._runs]
        for at in range(len(bounds) - 1):
            slices = [
                (run, int(cut[at]), int(cut[at + 1]))
                for run, cut in zip(self._runs, cuts, strict=True)
                if cut[at] < cut[at + 1]
            ]
            yield TablePart(sum(stop - start for _, start, stop in slices), self, slices)

    def by_rank(self, rank: Days) -> SortedRows:
        """The same rows by other owners: `rank[owner]` in the place of `owner`."""
        again = SortedRows(
            self._owner, folder=self._folder, part_rows=self._part_rows, in_memory=False
        )
        again.kinds = dict(self.kinds)
        for run in self._runs:
            columns = {name: self.read(name, [(run, 0, run.rows)]) for name in self.kinds}
            again.add(columns | {self._owner: rank[columns[self._owner]]})
        return again

    def read(self, name: str, slices: list[tuple[_Run, int, int]]) -> AnyArray:
        """A column of these slices of runs, one after the other."""
        if self._held is not None:
            return self._held[name]
        kind = self.kinds[name]
        values = np.empty(sum(stop - start for _, start, stop in slices), kind)
        filled = 0
        for run, start, stop in slices:
            into = values[filled : filled + stop - start]
            self._fill(into, run.begins[name] + start * kind.itemsize)
            filled += stop - start
        return values

    def close(self) -> None:
        """Give the file's room back."""
        if self._file is not None:
            self._file.close()
        self._held = self._file = None

    def _bounds(self) -> Ints:
        """The first owner of each part, and one more than the last."""
        before = np.concatenate([[0], np.cumsum(self._counts)])
        bounds = [0]
        while bounds[-1] < len(self._counts):
            full = np.searchsorted(before, before[bounds[-1]] + self._part_rows, side="right") - 1
            bounds.append(max(int(full), bounds[-1] + 1))
        return np.array(bounds, np.int64)

    def _whole(self, run: _Run) -> AnyArray:
        return self.read(self._owner, [(run, 0, run.rows)])

    def _write(self, columns: dict[str, AnyArray]) -> None:
        owner = columns[self._owner]
        if not len(owner):
            return
        self._count(owner)
        order = None if (owner[1:] >= owner[:-1]).all() else np.argsort(owner, kind="stable")
        begins = {}
        for name, values in columns.items():
            begins[name] = self._append(values if order is None else values[order])
        self._runs.append(_Run(len(owner), begins))

    def _count(self, owner: AnyArray) -> None:
        more = np.bincount(owner, minlength=len(self._counts))
        more[: len(self._counts)] += self._counts
        self._counts = more

    def _append(self, values: AnyArray) -> int:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
            finalize(self, self._file.close)
        begin = self._end
        self._file.seek(begin)
        self._file.write(np.ascontiguousarray(values).data.cast("B"))
        self._end += values.nbytes
        return begin

    def _fill(self, values: AnyArray, offset: int) -> None:
        if self._file is None:
            raise ValueError("these rows were closed")
        self._file.flush()
        into = values.data.cast("B")
        while len(into):
            read = os.preadv(self._file.fileno(), [into], offset)
            if not read:
                raise OSError("a file of spilled rows is shorter than what was written")
            into, offset = into[read:], offset + read
