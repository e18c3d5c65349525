"""The quarantine of a store: what was refused, to look at, to export for correction, to try
again."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import func, select, update

from registry.checks.rejected import AT_ONCE
from registry.checks.table import Raw
from registry.contract.errors import BadInput
from registry.contract.rules import RULES
from registry.contract.tables import SPECS
from registry.sources.formula_guard import harmless, unharmed
from registry.sources.sheets import Source, checksum_of, sheets_of
from registry.store import schema
from registry.store.store import Store

ROWS = schema.QUARANTINE.c
NOT_AGAIN = ("REG005", "REG040", "REG053")
"""Codes that no later import can mend: a broken line, an exact repeat, a child that was forgotten.
"""


def summary(store: Store) -> list[dict[str, object]]:
    """How many rows wait in quarantine, by table and code, with the code's words."""
    question = (
        select(ROWS.table_name, ROWS.code, func.count())
        .where(ROWS.state == "open")
        .group_by(ROWS.table_name, ROWS.code)
        .order_by(ROWS.table_name, ROWS.code)
    )
    with store.engine.connect() as connection:
        found = connection.execute(question).all()
    return [
        {
            "table": table,
            "code": code,
            "rows": rows,
            "title": RULES[code].title,
            "advice": RULES[code].advice,
        }
        for table, code, rows in found
    ]


def refused(
    store: Store, *, table: str | None = None, code: str | None = None, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """The rows in quarantine, in the order in which they came, with the import that brought
    them."""
    question = (
        select(
            ROWS.no,
            schema.IMPORTS.c.import_id,
            ROWS.table_name,
            ROWS.row_number,
            ROWS.code,
            ROWS.column_name,
            ROWS.value,
            ROWS.bound,
            ROWS.raw,
        )
        .join(schema.IMPORTS, schema.IMPORTS.c.import_no == ROWS.import_no)
        .where(ROWS.state == "open")
        .order_by(ROWS.no)
        .limit(limit)
    )
    question = question.where(ROWS.table_name == table) if table else question
    question = question.where(ROWS.code == code) if code else question
    with store.engine.connect() as connection:
        for row in connection.execution_options(yield_per=AT_ONCE).execute(question).mappings():
            yield dict(row)


def export(store: Store, path: Path, *, table: str | None = None, code: str | None = None) -> int:
    """Write the rows as CSV for correction: the contract's columns first, so that it can be
    imported again."""
    names = [column.name for column in SPECS[table].columns] if table else []
    said = ["no", "import_id", "table_name", "row_number", "code", "column_name", "value", "bound"]
    written = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, *said] if table else [*said, "raw"])
        for row in refused(store, table=table, code=code):
            cells = json.loads(row["raw"]) if table else {}
            own = [cells.get(name, "") for name in names] if table else []
            tail = [row[name] for name in said] + ([] if table else [row["raw"]])
            writer.writerow([harmless(str(cell)) for cell in [*own, *tail]])
            written += 1
    return written


def retry(
    store: Store, *, corrected: Path | None = None, imported_on: dt.date | str | None = None
) -> dict[str, int]:
    """Check every waiting row again, as an import of today; returns how many were tried and how
    many let through.

    With `corrected`, a table's export in which a person mended cells, its rows are checked instead
    of those waiting.
    """
    from registry.store.importing import import_source

    raws, checksum = _corrected(store, corrected) if corrected else _waiting(store)
    if not raws:
        return {"tried": 0, "released": 0}
    report = import_source(
        store, Source("quarantine", checksum, raws, retry=True), imported_on=imported_on
    )
    tried = np.sort(
        np.concatenate([raw.numbers for raw in raws.values() if raw.numbers is not None])
    )
    released = np.setdiff1d(tried, np.array(report.refused, np.int64)).tolist()
    with store.engine.begin() as connection:
        for start in range(0, len(released), 500):
            connection.execute(
                update(schema.QUARANTINE)
                .where(ROWS.no.in_(released[start : start + 500]))
                .values(state="released")
            )
    return {"tried": len(tried), "released": len(released)}


def _waiting(store: Store) -> tuple[dict[str, Raw], str]:
    """The rows to try again, by table in the contract's order, and a checksum over them."""
    whole = hashlib.sha256()
    raws: dict[str, Raw] = {}
    with store.engine.connect() as connection:
        for name in SPECS:
            question = (
                select(ROWS.no, ROWS.raw)
                .where(ROWS.state == "open", ROWS.code.not_in(NOT_AGAIN), ROWS.table_name == name)
                .order_by(ROWS.no)
            )
            answer = connection.execution_options(yield_per=AT_ONCE).execute(question)
            pieces: list[pa.Table] = []
            numbers: list[int] = []
            for rows in answer.partitions(AT_ONCE):
                whole.update("".join(row.raw for row in rows).encode())
                pieces.append(_cells(name, [json.loads(row.raw) for row in rows]))
                numbers += [row.no for row in rows]
            if pieces:
                raws[name] = Raw(pa.concat_tables(pieces), np.array(numbers, np.int64))
    return raws, whole.hexdigest()


def _cells(name: str, rows: list[dict[str, str]]) -> pa.Table:
    return pa.table(
        {
            column.name: pa.array([row.get(column.name) for row in rows], pa.string())
            for column in SPECS[name].columns
        }
    )


def _corrected(store: Store, path: Path) -> tuple[dict[str, Raw], str]:
    """The rows of a corrected export that still wait, by their numbers; raises BadInput where it is
    no such export."""
    data = {name.strip().lower(): values for name, values in _texts_of(path).items()}
    tables = {text or "" for text in data.get("table_name", ())}
    numbers = [int(text) if text and text.isdecimal() else -1 for text in data.get("no", ())]
    if (
        len(tables) != 1
        or not tables <= set(SPECS)
        or -1 in numbers
        or len(set(numbers)) < len(numbers)
    ):
        raise BadInput(
            "REG067",
            f"{path.name} is no export of one table's refused rows: make it with `sanket "
            "quarantine export STORE --table TABLE -o FILE` and keep its columns no, table_name",
        )
    name = tables.pop()
    with store.engine.connect() as connection:
        question = select(ROWS.no).where(ROWS.state == "open", ROWS.table_name == name)
        open_ = set(connection.execute(question).scalars())
    rows = [at for at, number in enumerate(numbers) if number in open_]
    cells = {
        column.name: pa.array([unharmed(data[column.name][at]) for at in rows], pa.string())
        for column in SPECS[name].columns
        if column.name in data
    }
    if not rows or not cells:
        return {}, ""
    return {
        name: Raw(pa.table(cells), np.array([numbers[at] for at in rows], np.int64))
    }, checksum_of(path)


def _texts_of(path: Path) -> dict[str, list[str | None]]:
    sheets = sheets_of(path) if path.is_file() else []
    if len(sheets) != 1:
        raise BadInput("REG003", f"there is no file with one table at {path}")
    return {name: sheets[0].data[name].to_pylist() for name in sheets[0].data.column_names}
