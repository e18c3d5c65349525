"""Sources to raw tables: a folder of tables, one file, a workbook or a database, under the contract's names."""

from __future__ import annotations

import json
from pathlib import Path

from registry.contract import SPECS
from registry.errors import BadInput
from registry.sheets import Sheet, Source, checksum_of, contract_columns, files_of, sheets_of, sql_address


def read(source: str | Path, *, map: object = None) -> Source:
    """Read a source; `map` says how its columns become the contract's. Raises BadInput where it is no source."""
    if map is not None:
        from registry.mapped import read_mapped

        return read_mapped(source, map)
    if address := sql_address(source):
        from registry.databases import read_database

        return read_database(address)
    path = Path(source)
    sheets = [sheet for file in files_of(path) for sheet in sheets_of(file) if sheet.name in SPECS]
    if not sheets:
        raise BadInput("REG001", f"{path.name or path} holds none of the tables {', '.join(SPECS)}; name the files (or "
                                 "sheets) so, or give a map (`sanket map FILE` proposes one)")
    return source_of(path, {sheet.name: sheet for sheet in sheets})


def source_of(path: Path, sheets: dict[str, Sheet]) -> Source:
    """The contract's columns of these sheets, checked for what must be there."""
    raws, notes = {}, []
    for name, sheet in sheets.items():
        raws[name] = contract_columns(name, sheet)
        if raws[name].extra:
            notes.append(f"{name}: {len(raws[name].extra)} columns kept out: {', '.join(raws[name].extra)[:300]}")
    facts = provenance(path) if path.is_dir() else {}
    return Source(path.name, checksum_of(path), raws, facts, tuple(notes))


def provenance(folder: Path) -> dict[str, str]:
    """What a folder says of itself in `provenance.json`: whether it was simulated."""
    path = folder / "provenance.json"
    if not path.exists():
        return {}
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise BadInput("REG003", "provenance.json cannot be read; remove it or write it again") from error
    return {"synthetic": "true"} if isinstance(said, dict) and said.get("synthetic") is True else {}
