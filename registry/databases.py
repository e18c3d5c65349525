"""SQL sources: the contract's tables of a SQLite or PostgreSQL database, or a query for each in a map."""

from __future__ import annotations

import datetime as dt
import hashlib

import pyarrow as pa
from sqlalchemy import Engine, MetaData, Table, create_engine, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from registry.contract import SPECS
from registry.errors import BadInput
from registry.read import Sheet, Source, contract_columns

PIECE = 100_000
"""Rows fetched at a time."""


def read_database(address: str) -> Source:
    """All tables of the contract's names in a database (`sqlite:///file.db` or `postgresql://…`)."""
    engine = _engine(address)
    try:
        names = [name for name in SPECS if inspect(engine).has_table(name)]
        if not names:
            raise BadInput("REG001", f"the database has none of the tables {', '.join(SPECS)}; give a map with queries")
        sheets = {name: _sheet(engine, name, None) for name in names}
    except SQLAlchemyError as error:
        raise _unreadable(error) from error
    finally:
        engine.dispose()
    raws = {name: contract_columns(name, sheet) for name, sheet in sheets.items()}
    return Source("database", checksum_of_tables(sheets), raws)


def query_sheet(address: str, name: str, query: str | None) -> Sheet:
    """One table of a database, or the answer to a query that a map gives."""
    engine = _engine(address)
    try:
        return _sheet(engine, name, query)
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


def _unreadable(error: Exception) -> BadInput:
    return BadInput("REG003", f"the database cannot be read ({type(error).__name__}): check the address and the names")


def _sheet(engine: Engine, name: str, query: str | None) -> Sheet:
    statement = text(query) if query else select(Table(name, MetaData(), autoload_with=engine))
    with engine.connect() as connection:
        answer = connection.execution_options(yield_per=PIECE).execute(statement)
        names = list(answer.keys())
        pieces = [_arrow(names, rows) for rows in answer.partitions(PIECE)]
    empty = pa.table({column: pa.array([], pa.string()) for column in names})
    return Sheet(name, pa.concat_tables(pieces) if pieces else empty)


def _arrow(names: list[str], rows: list) -> pa.Table:
    columns = zip(*rows, strict=True)
    texts = {name: pa.array([_text(cell) for cell in column], pa.string()) for name, column in
             zip(names, columns, strict=True)}
    return pa.table(texts)


def _text(cell: object) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def checksum_of_tables(sheets: dict[str, Sheet]) -> str:
    """SHA-256 over the tables' cells."""
    whole = hashlib.sha256()
    for name, sheet in sheets.items():
        whole.update(name.encode())
        for column in sheet.data.columns:
            whole.update("\x1f".join(str(cell) for cell in column.to_pylist()).encode())
    return whole.hexdigest()
