"""What is decided about whole columns of a sheet that is read in pieces, so that each piece is read
as the whole would be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pyarrow as pa

from registry.checks.cells import encode, is_whole
from registry.contract.errors import BadInput
from registry.mapping.applied.reshape import wide_columns
from registry.mapping.applied.translate import (
    TwoReadings,
    code_part,
    dated_cells,
    place_of,
    source_cells,
    visit_day,
)
from registry.mapping.map_file import ColumnMap, TableMap
from registry.sources.raw_sheet import RawSheet, SettledColumns

Pieces = Callable[[], Iterator[RawSheet]]
"""The pieces of a sheet from its first, as often as asked."""


def settled_floats(sheet: RawSheet, at_once: int) -> SettledColumns:
    """Which columns of floats have fractions; they are looked for in all rows."""
    floats = [kind.name for kind in sheet.data.schema if pa.types.is_floating(kind.type)]
    fractions: set[str] = set()
    for piece in sheet.pieces(at_once, floats) if floats else ():
        fractions |= {name for name in floats if not is_whole(piece.data[name])}
        if fractions == set(floats):
            break
    return SettledColumns(frozenset(fractions))


def settle(table: TableMap, pieces: Pieces, settled: SettledColumns) -> SettledColumns:
    """All that a table's columns need to have decided, out of the pieces (parents' columns beside
    them) in up to two readings. What is not there to be looked at is a fault that the first piece
    tells."""
    first = next(pieces())
    asked = [column for column in _columns(table, first) if _is_there(column, first)]
    parts = {header for one in asked if one.join is not None for header in place_of(one, first)[1:]}
    if parts:
        settled = replace(settled, dates=_dates(parts, pieces))
    looks = {place_of(one, first): (one, TwoReadings(one)) for one in asked}
    looks = {place: look for place, look in looks.items() if look[1].are_asked}
    for piece in pieces() if looks else ():
        for column, look in looks.values():
            cells = source_cells(column, replace(piece, settled=settled), set())
            look.look(encode(cells))
    words = {place: look.words() for place, (_, look) in looks.items()}
    return replace(settled, undecided={place: said for place, said in words.items() if said})


def _columns(table: TableMap, sheet: RawSheet) -> list[ColumnMap]:
    """The columns that come from cells: those that stand once, and those of each month or visit."""
    fixed = [visit_day(column) if column.age else column for column in table.columns]
    # Of an age no date is read, and no unit.
    fixed += [ColumnMap(one.name, one.headers, join=one.join) for one in table.columns if one.age]
    return [one for one in fixed if one.headers] + wide_columns(table, sheet.data.column_names)


def _is_there(column: ColumnMap, sheet: RawSheet) -> bool:
    try:
        place_of(column, sheet)
    except BadInput:
        return False
    return True


def _dates(headers: set[str], pieces: Pieces) -> frozenset[str]:
    """The parts of codes that are dates throughout."""
    filled, dated = dict.fromkeys(headers, 0), dict.fromkeys(headers, 0)
    for piece in pieces():
        for header in headers:
            many, dates = dated_cells(code_part(piece, header))
            filled[header] += many
            dated[header] += dates
    return frozenset(header for header in headers if filled[header] == dated[header])
