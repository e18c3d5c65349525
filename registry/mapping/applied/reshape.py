"""Sheets of another shape than one row a measurement: wide (a column for each month or visit), one
value a row, and rows that share a parent sheet's (Kobo's repeats)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.cells import encode
from registry.checks.months import composed, expression_of, month_of
from registry.contract.arrays import Flags, Ints
from registry.contract.errors import BadInput
from registry.contract.tables import MISSING_WORDS, SPECS
from registry.mapping.applied.translate import as_texts, cells_of, column_cells, find_header
from registry.mapping.map_file import ColumnMap, Map, ParentSheet, TableMap, ValueRows
from registry.sources.raw_sheet import RawSheet

Place = dt.date | int
"""What a wide column stands for: a month (or a day), or the number of a visit."""
LongRows = tuple[pa.Table, Ints]
"""The rows of one month or visit, and their numbers in the source."""


def long_rows(
    table: TableMap, sheet: RawSheet, fixed: pa.Table, plan: Map, used: set[str]
) -> list[LongRows]:
    """A column for each month or visit to a row for each in which a cell is filled: month after
    month, or visit after visit, all of a sheet's rows.

    fixed: the columns that stand once, as plain texts.
    """
    own = SPECS[table.name].own_day
    names = list(dict.fromkeys(column.name for _, column in table.wide))
    numbers = sheet.numbered()
    parts = []
    for place, found in sorted(
        _columns_by_place(table, sheet, used).items(), key=lambda item: str(item[0])
    ):
        cells = {
            name: column_cells(_of_one(column, header), sheet, plan, used, as_text=True)
            for name, (header, column) in found.items()
        }
        filled = np.any([filled_cells(cell) for cell in cells.values()], axis=0)
        part = fixed
        if own not in names:
            part = part.append_column(own, pa.repeat(_day(place, table), len(filled)))
        for name in names:
            part = part.append_column(name, cells.get(name, pa.nulls(len(filled), pa.string())))
        parts.append((part.filter(pa.array(filled)), numbers[filled]))
    if not parts:
        raise BadInput(
            "REG006", f"no header of {sheet.place} fits the patterns of [tables.{table.name}.wide]"
        )
    return parts


def wide_columns(table: TableMap, names: Iterable[str]) -> list[ColumnMap]:
    """The columns that stand once for each month or visit, each from its one header of these."""
    return [
        _of_one(column, header)
        for pattern, column in table.wide
        for header in names
        if expression_of(pattern).fullmatch(" ".join(composed(header).split()))
    ]


def _day(place: Place, table: TableMap) -> str:
    if isinstance(place, int):
        raise BadInput(
            "REG006",
            f"[tables.{table.name}.wide] numbers its visits ({{N}}): give the pattern of the "
            f"column with each visit's date as {SPECS[table.name].own_day}",
        )
    if SPECS[table.name].own_day == "month":
        return str(place)[:7]
    return str(place.replace(day=table.wide_day) if table.wide_day else place)


def _columns_by_place(
    table: TableMap, sheet: RawSheet, used: set[str]
) -> dict[Place, dict[str, tuple[str, ColumnMap]]]:
    """Headers by month (or visit) and column; two headers of one month are a conflict that a person
    decides."""
    found: dict[Place, dict[str, tuple[str, ColumnMap]]] = {}
    for pattern, column in table.wide:
        expression = expression_of(pattern)
        for header in sheet.data.column_names:
            match = expression.fullmatch(" ".join(composed(header).split()))
            place = match and _place_of(match.groupdict(), table.wide_first)
            if not place:
                continue
            if header in sheet.twice:
                raise BadInput(
                    "REG006", f"{sheet.place} has two columns called {header}: leave one"
                )
            other = found.setdefault(place, {}).setdefault(column.name, (header, column))
            if other[0] != header:
                raise BadInput(
                    "REG006",
                    f"{sheet.place} has two columns of {column.name} for {str(place)[:7]}, "
                    f"{other[0]} and {header}: name in the map the one that is meant",
                )
            used.add(header)
    return found


def _place_of(parts: dict[str, str], first: dt.date | None) -> Place | None:
    parts = {name: part for name, part in parts.items() if part is not None}
    return int(parts["n"]) if "n" in parts else month_of(parts, first)


def filled_cells(cell: pa.Array) -> Flags:
    """Where a cell says something: a blank, `-` and `N/A` of a month are no measurement."""
    word = pc.utf8_lower(pc.utf8_trim_whitespace(cell))
    says_nothing = pc.is_in(word, pa.array(sorted(MISSING_WORDS)))
    filled: Flags = pc.and_(pc.is_valid(cell), pc.invert(says_nothing)).to_numpy(
        zero_copy_only=False
    )
    return filled


def as_text_table(data: pa.Table) -> pa.Table:
    """All columns as plain texts."""
    return pa.table({name: as_texts(data[name].combine_chunks()) for name in data.column_names})


def _of_one(column: ColumnMap, header: str) -> ColumnMap:
    return replace(column, headers=(header,), join=None, age="")


class ParentRows:
    """The rows of a parent sheet, all in memory, to stand beside those that name them."""

    def __init__(self, parent: RawSheet, link: ParentSheet):
        parent = parent.in_memory()
        self._parent, self._link = parent, link
        key = as_texts(_whole(parent, find_header(parent, (link.key,), "parent.key", set())))
        there = pc.drop_null(key)
        if len(there) > len(there.unique()):
            raise BadInput(
                "REG006",
                f"{parent.place} holds the same {link.key} in several rows: name the column that "
                "tells its rows apart",
            )
        self._key, self._data = key, as_text_table(parent.data)

    def beside(self, sheet: RawSheet) -> RawSheet:
        """A sheet (or a piece of it) with its parent row's columns beside its own; of one name in
        both, the parent's is `parent.NAME`."""
        header = find_header(sheet, (self._link.by,), "parent.by", set())
        by = as_texts(cells_of(sheet, header, as_text=True))
        at = pc.index_in(by, value_set=self._key, skip_nulls=True)
        data = sheet.data
        for name in self._data.column_names:
            taken = name if name not in sheet.data.column_names else f"parent.{name}"
            data = data.append_column(taken, self._data[name].combine_chunks().take(at))
        return replace(sheet, data=data, twice=sheet.twice | self._parent.twice)


def pivot(sheet: RawSheet, said: ValueRows) -> RawSheet:
    """A sheet of one value a row as one row for all that belongs together, a column for each name.

    A second value of one name stands in a row of its own: the two rows have one key, and neither is
    taken for right.
    """
    by = [find_header(sheet, (name,), "values.by", set()) for name in said.by]
    name, value = (find_header(sheet, (one,), "values", set()) for one in (said.name, said.value))
    group = _numbered(sheet, by)
    names = encode(_whole(sheet, name))
    labels, at = (
        names.dictionary.cast(pa.string()).to_pylist(),
        pc.fill_null(names.indices, -1).to_numpy(),
    )
    turn = _occurrence(group * (len(labels) + 1) + at)
    rows, first, place = np.unique(
        np.stack([group, turn]), axis=1, return_index=True, return_inverse=True
    )
    values = as_texts(_whole(sheet, value))
    columns = {one: as_texts(_whole(sheet, one)).take(pa.array(first)) for one in by}
    for number, label in enumerate(labels):
        mine = np.flatnonzero(at == number)
        source = np.full(rows.shape[1], -1)
        source[place.ravel()[mine]] = mine
        columns[label] = values.take(pa.array(source, mask=source < 0))
    data, numbers = pa.table(columns), sheet.numbered()[first]
    return RawSheet(sheet.name, data, numbers, sheet.refused, sheet.file, sheet.twice)


def _numbered(sheet: RawSheet, by: list[str]) -> Ints:
    """A number for each different combination of these columns' cells."""
    cells = np.stack(
        [pc.fill_null(encode(_whole(sheet, name)).indices, -1).to_numpy() for name in by]
    )
    return np.unique(cells, axis=1, return_inverse=True)[1].ravel()


def _occurrence(keys: Ints) -> Ints:
    """For each row, how many rows before it have its key."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = (
        np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        if len(keys)
        else np.empty(0, np.int64)
    )
    turn = np.empty(len(keys), np.int64)
    turn[order] = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    return turn


def _whole(sheet: RawSheet, name: str) -> pa.Array:
    return sheet.data[name].combine_chunks()
