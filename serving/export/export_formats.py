"""An export as bytes, given out as they are made: CSV, Parquet, JSON lines."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from registry.sources.formula_guard import harmless_table
from serving.export.export_columns import EXPORTS, ExportColumn, schema_of

Rows = Sequence[dict[str, Any]]


class _Outgoing(io.RawIOBase):
    """A file that is only written, and whose bytes are taken away as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """How much was written in all."""
        return self._written

    def write(self, part: Any) -> int:
        """Keep a part until it is taken."""
        kept = bytes(part)
        self._parts.append(kept)
        self._written += len(kept)
        return len(kept)

    def taken(self) -> bytes:
        """What was written since this was asked before."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _table(what: str, rows: Rows) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema_of(EXPORTS[what]))


def _csv(what: str, batches: Iterable[Rows]) -> Iterator[bytes]:
    """UTF-8 without a byte-order mark, a header line; a cell that a spreadsheet would run gets an
    apostrophe before it."""
    for number, rows in enumerate(batches):
        out = io.BytesIO()
        options = arrow_csv.WriteOptions(include_header=number == 0)
        arrow_csv.write_csv(harmless_table(_table(what, rows)), out, options)
        yield out.getvalue()


def _parquet(what: str, batches: Iterable[Rows]) -> Iterator[bytes]:
    """One row group a batch; the meaning of each column stands in its metadata."""
    out = _Outgoing()
    with parquet.ParquetWriter(out, schema_of(EXPORTS[what])) as writer:
        for rows in batches:
            writer.write_table(_table(what, rows))
            yield out.taken()
    yield out.taken()


def _json_lines(what: str, batches: Iterable[Rows]) -> Iterator[bytes]:
    """One object a line, every column in each, null where there is nothing."""
    for rows in batches:
        lines = (
            orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
            for row in _table(what, rows).to_pylist()
        )
        yield b"".join(lines)


@dataclass(frozen=True)
class ExportFormat:
    """A format of exports: how its bytes are made, and as what HTTP names them."""

    media_type: str
    encoded: Callable[[str, Iterable[Rows]], Iterator[bytes]]


EXPORT_FORMATS = {
    "csv": ExportFormat("text/csv; charset=utf-8", _csv),
    "parquet": ExportFormat("application/vnd.apache.parquet", _parquet),
    "jsonl": ExportFormat("application/jsonl", _json_lines),
}


_JSON_KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": ["string", "null"]},
    "day": {"type": ["string", "null"], "format": "date"},
    "whole": {"type": ["integer", "null"]},
    "number": {"type": ["number", "null"]},
    "truth": {"type": ["boolean", "null"]},
}


def export_schemas() -> dict[str, Any]:
    """A line of each export's JSON lines as a named JSON Schema: `ExportChildren` and so on."""
    return {f"Export{what.title()}": _row_schema(columns) for what, columns in EXPORTS.items()}


def _row_schema(columns: Sequence[ExportColumn]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [column.name for column in columns],
        "properties": {
            column.name: _JSON_KINDS[column.kind] | {"description": column.meaning}
            for column in columns
        },
        "additionalProperties": False,
    }
