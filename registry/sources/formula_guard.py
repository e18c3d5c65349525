"""Cells that a spreadsheet will not run: what begins like a formula gets an apostrophe before it,
which Excel hides."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Signs by which Excel, LibreOffice and Google Sheets know a formula (OWASP, CSV injection), full
width ones too."""


def harmless(cell: str) -> str:
    """The cell, or with an apostrophe before it where it would be run; numbers stay numbers."""
    return f"'{cell}" if cell[:1] in BEGINS_A_FORMULA and cell and not _is_number(cell) else cell


def unharmed(cell: str | None) -> str | None:
    """Inverse of `harmless`."""
    return cell[1:] if cell and cell[0] == "'" and harmless(cell[1:]) == cell else cell


def harmless_table(table: pa.Table) -> pa.Table:
    """The table with every column of texts made harmless, and the names of its columns."""
    columns = [_harmless_column(column) for column in table.columns]
    return pa.table(
        columns, names=[harmless(name) for name in table.column_names]
    ).replace_schema_metadata(table.schema.metadata)


def _harmless_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    begins = pc.is_in(
        pc.utf8_slice_codeunits(column, 0, 1), value_set=pa.array(BEGINS_A_FORMULA, column.type)
    )
    if not pc.any(begins).as_py():
        return column
    return pa.chunked_array(
        [
            pa.array(
                [None if cell is None else harmless(cell) for cell in column.to_pylist()],
                column.type,
            )
        ]
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and cell[-1:].isdigit()
