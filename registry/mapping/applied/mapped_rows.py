"""All rows of one table, out of the sheets that a map names for it, mapped piece by piece: in
memory while they are few, on disk beyond that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks import rejected as refusing
from registry.checks.cells import encode
from registry.checks.raw import Raw
from registry.checks.rejected import broken_lines
from registry.contract.arrays import Ints
from registry.contract.errors import BadInput
from registry.contract.tables import MEASURED, MOST_UNCERTAIN_DAYS, SPECS, bound
from registry.indian_digits import grouped
from registry.machine.memory import give_back
from registry.mapping.applied.birth_windows import UNCERTAIN, BirthWindows
from registry.mapping.applied.equal_rows import DistinctRows, distinct
from registry.mapping.applied.reshape import (
    LongRows,
    ParentRows,
    as_text_table,
    filled_cells,
    long_rows,
    pivot,
    wide_columns,
)
from registry.mapping.applied.settle import settle, settled_floats
from registry.mapping.applied.source_sheets import SourceSheets
from registry.mapping.applied.translate import as_texts, cells_of, column_cells, find_header
from registry.mapping.date_formats import YEAR_ALONE, is_year
from registry.mapping.map_file import ColumnMap, Map, TableMap
from registry.sources.raw_sheet import RawSheet
from registry.sources.rows_on_disk import GatheredRows

MONTHS = 100_000
"""More months or visits than a sheet has: rows go by their sheet, then by these."""


class MappedRows:
    """The rows of the table `name`; rows of several sheets are counted on from one to the next.

    sheets: out of how many (and of the map's own rows) they come. Taken one after the other, then
    `raw` once; `notes` is what a person should know.
    """

    def __init__(self, name: str, plan: Map, arrived: SourceSheets, *, sheets: int):
        self.notes: list[str] = []
        self._name, self._plan, self._arrived = name, plan, arrived
        self._sizes = arrived.sizes
        same = [table for table in plan.tables if table.name == name]
        self._is_one_of_several = len(same) > 1
        self._one_of_equals = any(table.distinct for table in same)
        self._windows = {column.name for table in same for column in table.columns if column.age}
        self._as_text = bool(sheets > 1 or self._one_of_equals or self._windows)
        self._rows = GatheredRows(self._sizes.chunk, self._sizes.folder)
        self._broken: list[refusing.RejectedRows] = []
        self._places: list[str] = []
        self._declared: list[frozenset[str]] = []
        self._before = 0

    def take_own(self, table: TableMap) -> None:
        """The rows that the map itself gives."""
        names = list(dict.fromkeys(name for row in table.rows for name in row))
        cells = {name: pa.array([_text(row.get(name)) for row in table.rows]) for name in names}
        data = pa.table(cells)
        self._begin("the map's own rows", frozenset())
        if self._as_text:
            data = as_text_table(data)
        self._before += self._add([(data, np.arange(1, data.num_rows + 1))])

    def take(self, table: TableMap, sheet: RawSheet) -> None:
        """The rows of a sheet. Raises BadInput."""
        used: set[str] = set()
        sheet, beside = self._shaped(table, sheet, used)
        self._begin(sheet.place, _declared(table))
        counts, last = PieceCounts(), 0
        for piece in self._pieces(table, sheet, beside):
            last = max(last, self._add(self._of_piece(table, piece, used, counts)))
        self._arrived.note_used(sheet, used)
        broken = broken_lines(table.name, sheet.refused, shown=False)
        if broken is not None:
            last = max(last, int(broken.numbers.max(initial=0)))
            self._broken.append(replace(broken, numbers=broken.numbers + self._before))
        self._before += last
        self.notes += counts.lines(table, sheet.place)

    def raw(self) -> Raw:
        """All of it as one raw table."""
        if len(self._places) > 1:
            self.notes.append(
                f"{self._name}: rows are counted on over {len(self._places)} sheets: "
                f"{', '.join(self._places)}"
            )
        for column in sorted(self._windows & set(self._rows.kinds.names)):
            self._narrow(column)
        if self._one_of_equals:
            self._keep_one_of_equals()
        # A coding that one sheet's map declares says nothing of another's.
        declared = frozenset.intersection(*self._declared)
        return self._rows.raw(refusing.joined(self._broken), declared)

    def _narrow(self, column: str) -> None:
        """Each child's windows of birth to one date."""
        births = BirthWindows(column)
        for data in self._rows.chunks(self._sizes.chunk):
            births.look(data)
        self.notes.append(births.note())
        self._rows = self._rows.changed(lambda data, numbers: (births.narrowed(data), numbers))

    def _keep_one_of_equals(self) -> None:
        self._rows = self._rows.changed(distinct if self._rows.are_few else DistinctRows().of)

    def _shaped(
        self, table: TableMap, sheet: RawSheet, used: set[str]
    ) -> tuple[RawSheet, Callable[[RawSheet], RawSheet]]:
        """The sheet to be read in pieces, and what is to be done with each of them. A parent is
        held in memory; of one value a row the whole sheet is, until all that belongs together
        stands in a row."""
        beside: Callable[[RawSheet], RawSheet] = _as_it_is
        if table.parent:
            parent = self._arrived.parent(table, table.parent, sheet)
            self._arrived.note_used(parent, set(parent.data.column_names))
            beside = ParentRows(parent, table.parent).beside
        if not table.values:
            return sheet, beside
        whole = beside(sheet.in_memory())
        used |= set(whole.data.column_names)
        return pivot(whole, table.values), _as_it_is

    def _pieces(
        self, table: TableMap, sheet: RawSheet, beside: Callable[[RawSheet], RawSheet]
    ) -> Iterator[RawSheet]:
        """The sheet's pieces, in which everything is decided that takes the whole of it; one alone
        where they are few."""
        headers = wide_columns(table, sheet.data.column_names)
        places = len(headers) // max(len({column.name for column in headers}), 1)
        at_once = max(self._sizes.chunk // max(places, 1), 1)
        if sheet.rows <= at_once:
            yield from map(beside, sheet.pieces(at_once))
            return
        floats = settled_floats(sheet, at_once)

        def pieces() -> Iterator[RawSheet]:
            for piece in sheet.pieces(at_once):
                yield beside(replace(piece, settled=floats))

        settled = settle(table, pieces, floats)
        for piece in pieces():
            yield replace(piece, settled=settled)
            del piece
            give_back()

    def _of_piece(
        self, table: TableMap, piece: RawSheet, used: set[str], counts: PieceCounts
    ) -> list[LongRows]:
        """The table's rows out of a piece of a sheet, by months or visits."""
        as_text = self._as_text or bool(table.wide)
        fixed = {
            column.name: column_cells(column, piece, self._plan, used, as_text=as_text)
            for column in table.columns
        }
        data = pa.table(fixed)
        if table.wide:
            parts = long_rows(table, piece, data, self._plan, used)
        else:
            parts = [(data, piece.numbered())]
        _refuse_missing(table, parts[0][0].column_names)
        for column in table.columns:
            if column.day and column.dates and column.headers and column.join is None:
                alone = self._alone(column, piece)
                counts.take(column, *alone)
                if column.name == "birth_date" and table.name == "children" and not table.wide:
                    parts = [(_with_uncertain(parts[0][0], column, *alone), parts[0][1])]
        if table.name == "measurements" and self._is_one_of_several:
            parts = [counts.without_blank(*part) for part in parts]
        return parts

    def _alone(self, column: ColumnMap, piece: RawSheet) -> tuple[pa.Array, pa.Array]:
        """Where a date is a year alone, and where it is a month alone (or a year): the map gives
        the day."""
        first, last = (
            column_cells(replace(column, day=day), piece, self._plan, set(), as_text=True)
            for day in (1, 28)
        )
        return years_alone(column, piece), pc.fill_null(pc.not_equal(first, last), False)

    def _begin(self, place: str, declared: frozenset[str]) -> None:
        self._places.append(f"{place} from {grouped(self._before + 1)}")
        self._declared.append(declared)

    def _add(self, parts: list[LongRows]) -> int:
        """Some rows of the sheet at hand, by months or visits; returns their highest number."""
        last, sheet = 0, len(self._places)
        for turn, (data, numbers) in enumerate(parts):
            last = max(last, int(numbers.max(initial=0)))
            if self._one_of_equals and not self._windows:
                data, numbers = distinct(data, numbers)
            self._rows.add(data, numbers + self._before, turn=sheet * MONTHS + turn)
        return last


class PieceCounts:
    """What a person should know of a sheet, counted piece by piece."""

    def __init__(self) -> None:
        self._years: Counter[str] = Counter()
        self._months: Counter[str] = Counter()
        self._blank = 0

    def take(self, column: ColumnMap, is_year: pa.Array, is_month: pa.Array) -> None:
        """Dates of a column that are a year or a month alone."""
        self._years[column.name] += pc.sum(is_year).as_py() or 0
        self._months[column.name] += pc.sum(is_month).as_py() or 0

    def without_blank(self, data: pa.Table, numbers: Ints) -> LongRows:
        """Measurements without those that have neither a day nor a measure: of a row of two
        measurements, the discharge that has not come yet."""
        names = [name for name in ("measured_on", *MEASURED) if name in data.column_names]
        cells = (as_texts(data[name].combine_chunks()) for name in names)
        filled = np.any([filled_cells(cell) for cell in cells], axis=0)
        self._blank += int((~filled).sum())
        return data.filter(pa.array(filled)), numbers[filled]

    def lines(self, table: TableMap, place: str) -> Iterator[str]:
        """A line for dates of which the month (or the year) alone is written: the map gave the day,
        and an age is that far off. One for rows in which nothing was measured."""
        for column in table.columns:
            if years := self._years[column.name]:
                yield (
                    f"{table.name}: {column.name} of {grouped(years)} rows is a year alone, taken "
                    f"as its middle: ages are up to {MOST_UNCERTAIN_DAYS} days off, WAZ and HAZ "
                    "with them"
                )
            if many := self._months[column.name]:
                yield (
                    f"{table.name}: {column.name} of {grouped(many)} rows is a month "
                    f"alone, taken as day {column.day}: ages are up to {_off(column)} days off, "
                    "and WAZ and HAZ with them"
                )
        if self._blank:
            yield (
                f"measurements: {grouped(self._blank)} rows of {place} have neither a day nor a "
                "measure in one of the map's tables, and give no measurement there"
            )


def _off(column: ColumnMap) -> int:
    """By how many days a date may be off of which the map gives the day of the month."""
    return max(column.day - 1, 31 - column.day)


def _with_uncertain(
    data: pa.Table, column: ColumnMap, is_year: pa.Array, is_month: pa.Array
) -> pa.Table:
    """Children whose birth date is a month alone, for which the map gives the day: with the days
    that the true one may be off."""
    if UNCERTAIN in data.column_names:
        return data
    days = pc.if_else(is_month, str(_off(column)), pa.scalar(None, pa.string()))
    return data.append_column(UNCERTAIN, pc.if_else(is_year, str(MOST_UNCERTAIN_DAYS), days))


def years_alone(column: ColumnMap, sheet: RawSheet) -> pa.Array:
    """Where a column's cells are a year alone, and its map reads them so."""
    header = find_header(sheet, column.headers, column.name, set())
    cells = encode(cells_of(sheet, header, as_text=True))
    if YEAR_ALONE not in column.dates:
        return pa.array(np.zeros(len(cells), bool))
    different = cells.dictionary.cast(pa.string()).to_pylist()
    alone = pa.array([is_year(text) for text in different], pa.bool_())
    return pc.fill_null(alone.take(cells.indices), False)


def _declared(table: TableMap) -> frozenset[str]:
    """The columns of which the map says what their codes mean."""
    alone = {one.name for one in table.columns if one.codes or one.value is not None}
    return frozenset(alone | {one.name for _, one in table.wide if one.codes})


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _as_it_is(sheet: RawSheet) -> RawSheet:
    return sheet


def _refuse_missing(table: TableMap, names: list[str]) -> None:
    missing = [name for name in SPECS[table.name].required if name not in names]
    if missing:
        raise BadInput(
            "REG002",
            f"the map gives [tables.{table.name}] no {', '.join(missing)}: name the header each "
            f'comes from, or {missing[0]} = {{ value = "…" }} where it is one for all rows '
            f"({bound(SPECS[table.name].column(missing[0]))})",
            table=table.name,
        )
