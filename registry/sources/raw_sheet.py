"""One table as it arrived (a CSV file, a workbook's sheet, a database's table): its own headers,
its cells as texts, and the row in which it begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

import numpy as np
import pyarrow as pa

from registry.checks.raw import RowsOnDisk
from registry.contract.arrays import Ints

HEADER_WITHIN = 15
"""Rows from the top in which the header is looked for."""


class ShortRows(Enum):
    """What becomes of rows with fewer cells than the header (or with more, all of them empty)."""

    REFUSE = "refuse"
    """Such a row may have lost a cell in its middle: it goes to quarantine."""
    FILL = "fill"
    """The cells that are missing at its end are empty, as survey tools write them."""


@dataclass(frozen=True)
class SettledColumns:
    """What holds of a sheet's whole columns, whatever piece of it is read.

    fractions: columns of floats of which not all are whole. dates: columns that are a part of a
    code, and dates throughout. undecided: by a column of the contract and the headers that it comes
    from, why it can be read in two ways (REG008).
    """

    fractions: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()
    undecided: Mapping[tuple[str, ...], str] = field(default_factory=dict)


@dataclass(frozen=True)
class RawSheet:
    """One file's (or sheet's) rows with its own headers.

    `numbers` are the rows' numbers (1 is the first below the header) where some rows are missing;
    `refused` the rows (number, text) that have too many or too few cells; `twice` the headers that
    stand there more than once (the second one got a number); `notes` what was read past.
    """

    name: str
    data: pa.Table
    numbers: Ints | None = None
    refused: list[tuple[int, str]] = field(default_factory=list)
    file: str = ""
    twice: frozenset[str] = frozenset()
    hidden: bool = False
    notes: tuple[str, ...] = ()
    title: str = ""
    """A workbook sheet's own name, where it answers to its file's."""
    comma: bool = False
    """Are cells parted by commas, so that no comma can be a decimal one?"""
    on_disk: RowsOnDisk | None = None
    """The rows, where they are too many for memory: `data` has the columns alone."""
    above: int = 0
    """Lines of the file down to the header, it included: row 1 is line `above + 1`."""
    settled: SettledColumns | None = None
    """Of a piece: what was decided about whole columns. None: the rows at hand are all."""

    @property
    def rows(self) -> int:
        """How many rows became cells."""
        return int(self.data.num_rows) if self.on_disk is None else self.on_disk.rows

    def pieces(self, at_once: int, columns: Sequence[str] | None = None) -> Iterator[RawSheet]:
        """The rows in their order, at most so many at a time, with their numbers; of some columns
        only, where these are given. At least one piece, which may be empty."""
        start = 0
        for data in self._chunks(at_once, columns or self.data.column_names):
            numbers = self._numbers(np.arange(start, start + data.num_rows))
            start += data.num_rows
            yield replace(self, data=data, numbers=numbers, on_disk=None)

    def numbered(self) -> Ints:
        """The numbers of all rows."""
        return self._numbers(np.arange(self.rows))

    def in_memory(self) -> RawSheet:
        """The sheet with all its rows at hand."""
        return self if self.on_disk is None else next(self.pieces(max(self.rows, 1)))

    def _chunks(self, at_once: int, columns: Sequence[str]) -> Iterator[pa.Table]:
        if self.on_disk is not None:
            return self.on_disk.chunks(at_once, columns)
        starts, data = range(0, max(self.rows, 1), at_once), self.data.select(columns)
        return (data.slice(start, at_once) for start in starts)

    def _numbers(self, rows: Ints) -> Ints:
        if self.numbers is not None:
            return np.asarray(self.numbers, np.int64)[rows]
        return rows + 1 if self.on_disk is None else self.on_disk.numbers_of(rows)

    @property
    def place(self) -> str:
        """The sheet as a person finds it: its file, and its own name where it has another."""
        if not self.file:
            return self.name
        is_whole_file = self.name in ("", Path(self.file).stem.lower())
        return self.file if is_whole_file else f"{self.file} [{self.name}]"


def titles_above(rows: Sequence[Sequence[str]]) -> int:
    """How many rows stand above the header: titles, with one cell or less than half as many as the
    table has.

    The table's width is that of most rows near the top. Where no row is as wide as that, the first
    is the header.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    widths = Counter(map(len, rows))
    width = max(widths, key=lambda size: (widths[size], size), default=0)
    for at, count in enumerate(filled[:HEADER_WITHIN]):
        if count > 1 and count * 2 >= width:
            return at
    return 0


def row_with(names: Collection[str], rows: Sequence[Sequence[str]]) -> int | None:
    """The place of the first row near the top that holds all these names; None where none does."""
    wanted = set(names)
    near = enumerate(rows[:HEADER_WITHIN])
    return next(
        (at for at, row in near if wanted <= {" ".join(cell.split()) for cell in row}), None
    )


def different_names(names: Sequence[str]) -> tuple[list[str], frozenset[str]]:
    """Different names for all columns (`Other (2)`, `unnamed_3`), and those that stood there more
    than once."""
    seen: Counter[str] = Counter()
    different: list[str] = []
    for at, name in enumerate(names):
        seen[name] += 1
        taken = f"{name} ({seen[name]})" if name and seen[name] > 1 else name or f"unnamed_{at}"
        while taken in different:
            taken += "_"
        different.append(taken)
    return different, frozenset(name for name, count in seen.items() if name and count > 1)
