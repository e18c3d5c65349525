"""A map applied to a source: from other headers, units, date formats, codes and shapes, in one
sheet or many, to the contract's raw tables. Large sheets are mapped piece by piece."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from registry.checks.raw import ALL_AT_ONCE, Raw, Sizes
from registry.contract.errors import BadInput
from registry.mapping.applied.mapped_rows import MappedRows
from registry.mapping.applied.source_sheets import SourceSheets
from registry.mapping.map_file import Map, TableMap, read_map
from registry.sources.raw_sheet import RawSheet
from registry.sources.sheets import Source, checksum_of


def read_mapped(source: str | Path, map: object, sizes: Sizes = ALL_AT_ONCE) -> Source:
    """Read a file, folder or database through a map (a path, a dict, or `Map`). Tables of more rows
    than a chunk of `sizes` are left on disk, as they are mapped."""
    plan = map if isinstance(map, Map) else read_map(map)
    arrived = SourceSheets(source, sizes=sizes)
    raws, notes = mapped_tables(plan.tables, arrived, plan)
    facts = {"made_up_epoch": str(plan.made_up_epoch)} if plan.made_up_epoch else {}
    checksum = "" if arrived.address else checksum_of(Path(source), arrived.files)
    whole = hashlib.sha256(f"{checksum}{plan.text}".encode()).hexdigest()
    return Source(
        "database" if arrived.address else Path(source).name,
        whole,
        raws,
        facts,
        (*notes, *dict.fromkeys(arrived.notes())),
        past=plan.past,
    )


def mapped_tables(
    tables: Iterable[TableMap], arrived: SourceSheets, plan: Map
) -> tuple[dict[str, Raw], list[str]]:
    """Some tables of a map, and what a person should know; raises BadInput with what is wrong with
    all of them."""
    found: list[tuple[TableMap, list[RawSheet] | BadInput]] = []
    for table in tables:
        try:
            found.append((table, [] if table.rows else arrived.sheets(table)))
        except BadInput as fault:
            found.append((table, fault))
    rows, faults = _mapped(found, arrived, plan)
    if len(faults) > 1:
        raise BadInput(faults[0].code, "; ".join(dict.fromkeys(fault.message for fault in faults)))
    if faults:
        raise faults[0]
    raws: dict[str, Raw] = {}
    notes: list[str] = []
    for name, mapped in rows.items():
        raws[name] = mapped.raw()
        notes += mapped.notes
    return raws, notes


def _mapped(
    found: list[tuple[TableMap, list[RawSheet] | BadInput]], arrived: SourceSheets, plan: Map
) -> tuple[dict[str, MappedRows], list[BadInput]]:
    """The rows of each table out of all its sheets, and the first fault of each of the map's."""
    rows: dict[str, MappedRows] = {}
    faults: list[BadInput] = []
    for table, sheets in found:
        if isinstance(sheets, BadInput):
            faults.append(sheets)
            continue
        if table.name not in rows:
            rows[table.name] = MappedRows(table.name, plan, arrived, sheets=_sheets(table, found))
        try:
            if table.rows:
                rows[table.name].take_own(table)
            for sheet in sheets:
                rows[table.name].take(table, sheet)
        except BadInput as fault:
            faults.append(fault)
    return rows, faults


def _sheets(table: TableMap, found: list[tuple[TableMap, list[RawSheet] | BadInput]]) -> int:
    """Out of how many sheets, and of the map's own rows, the rows of a table come."""
    return sum(
        1 if other.rows or isinstance(sheets, BadInput) else len(sheets)
        for other, sheets in found
        if other.name == table.name
    )
