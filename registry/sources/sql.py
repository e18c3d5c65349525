"""Tables of a SQLite or PostgreSQL database: those of the contract's names, or the answers to a
map's queries."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
from sqlalchemy import Engine, MetaData, Row, Table, create_engine, inspect, select, text
from sqlalchemy.exc import NoSuchTableError, OperationalError, ProgrammingError, SQLAlchemyError

from registry.checks.raw import ALL_AT_ONCE, Sizes
from registry.contract.errors import BadInput
from registry.contract.tables import SPECS
from registry.sources.raw_sheet import RawSheet
from registry.sources.rows_on_disk import GatheredRows
from registry.sources.sheets import Source, contract_columns, left_out

PIECE = 100_000
"""Rows fetched at a time."""


def read_database(address: str, *, sizes: Sizes = ALL_AT_ONCE) -> Source:
    """All tables of the contract's names in a database (`sqlite:///file.db` or `postgresql://…`);
    those of more rows than a chunk of `sizes` are set down on disk."""
    engine = _engine(address)
    try:
        names = [name for name in SPECS if inspect(engine).has_table(name)]
        if not names:
            raise BadInput(
                "REG001",
                f"the database has none of the tables {', '.join(SPECS)}; give a map with queries "
                "(`sanket map` proposes one)",
            )
        sheets = {name: _sheet(engine, name, None, sizes=sizes) for name in names}
        others = [name for name in inspect(engine).get_table_names() if name not in SPECS]
    except SQLAlchemyError as error:
        raise _unreadable(error) from error
    finally:
        engine.dispose()
    raws = {name: contract_columns(name, sheet) for name, sheet in sheets.items()}
    notes = (
        [f"not read, not named as a table of the contract: {', '.join(others)}"] if others else []
    )
    notes += [left_out(name, list(raw.extra)) for name, raw in raws.items() if raw.extra]
    return Source("database", checksum_of_tables(sheets), raws, notes=tuple(notes))


def query_sheet(
    address: str,
    name: str,
    query: str | None,
    *,
    rows: int | None = None,
    sizes: Sizes = ALL_AT_ONCE,
) -> RawSheet:
    """One table of a database, or the answer to a query that a map gives; its first rows only,
    where told. More rows than a chunk of `sizes` are set down on disk."""
    engine = _engine(address)
    try:
        return _sheet(engine, name, query, rows=rows, sizes=sizes)
    except NoSuchTableError as error:
        raise BadInput(
            "REG006", f'the database has no table {name}: give [tables.{name}] a query = "SELECT …"'
        ) from error
    except SQLAlchemyError as error:
        raise _unreadable(error, f" for [tables.{name}]") from error
    finally:
        engine.dispose()


def database_sheets(address: str, *, rows: int) -> list[RawSheet]:
    """Every table of a database with its first rows."""
    engine = _engine(address)
    try:
        return [_sheet(engine, name, None, rows=rows) for name in inspect(engine).get_table_names()]
    except SQLAlchemyError as error:
        raise _unreadable(error) from error
    finally:
        engine.dispose()


def _engine(address: str) -> Engine:
    if address.startswith(("postgresql://", "postgres://")):
        address = "postgresql+psycopg://" + address.split("://", 1)[1]
    try:
        return create_engine(address)
    except (SQLAlchemyError, ImportError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception, where: str = "") -> BadInput:
    """The database's own words on a name or a connection; what it says of values may hold a
    child's."""
    own = error.orig if isinstance(error, OperationalError | ProgrammingError) else None
    said = type(error).__name__ if own is None else str(own).strip().splitlines()[0][:200]
    return BadInput(
        "REG003", f"the database cannot be read{where} ({said}): check the address and the names"
    )


def _sheet(
    engine: Engine,
    name: str,
    query: str | None,
    *,
    rows: int | None = None,
    sizes: Sizes = ALL_AT_ONCE,
) -> RawSheet:
    """The answer as it is given out, some rows at a time: asked again, the database might answer
    otherwise."""
    statement = (
        text(query) if query else select(Table(name, MetaData(), autoload_with=engine)).limit(rows)
    )
    at_once = min(PIECE, rows or PIECE, sizes.chunk)
    gathered = GatheredRows(sizes.chunk, sizes.folder)
    with (
        engine.connect() as connection,
        connection.execution_options(yield_per=at_once).execute(statement) as answer,
    ):
        if not answer.returns_rows:
            raise BadInput(
                "REG006", f"the query of [tables.{name}] answers with no rows: it must be a SELECT"
            )
        names = list(answer.keys())
        gathered.add(pa.table({column: pa.array([], pa.string()) for column in names}))
        for part in islice(answer.partitions(at_once), 1 if rows else None):
            gathered.add(_arrow(names, part))
    if gathered.are_few:
        return RawSheet(name, gathered.whole()[0])
    return RawSheet(name, gathered.kinds.empty_table(), on_disk=gathered)


def _arrow(names: list[str], rows: Sequence[Row[Any]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    texts = {
        name: pa.array([_text(cell) for cell in column], pa.string())
        for name, column in zip(names, columns, strict=True)
    }
    return pa.table(texts)


def _text(cell: object) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) <= 2**53 else repr(cell)
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def checksum_of_tables(sheets: dict[str, RawSheet]) -> str:
    """SHA-256 over the tables' cells."""
    whole = hashlib.sha256()
    for name, sheet in sheets.items():
        whole.update(name.encode())
        for column in sheet.data.column_names:
            between = b""
            for piece in sheet.pieces(PIECE, [column]):
                cells = "\x1f".join(str(cell) for cell in piece.data[column].to_pylist())
                whole.update(between + cells.encode())
                between = b"\x1f"
    return whole.hexdigest()
