"""A source (a folder of files, one file, a workbook or a database) to raw tables under the
contract's names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from registry.checks.raw import ALL_AT_ONCE, Raw, Sizes
from registry.contract.errors import BadInput
from registry.contract.tables import SPECS
from registry.sources.raw_sheet import RawSheet
from registry.sources.sheets import (
    Source,
    checksum_of,
    contract_columns,
    files_of,
    left_out,
    others_of,
    sheets_of,
    sql_address,
)


def read(source: str | Path, *, map: object = None, sizes: Sizes = ALL_AT_ONCE) -> Source:
    """Read a source; `map` says how its columns become the contract's. Tables of more
    rows than a chunk of `sizes` are left on disk (`registry.checks.raw.RawOnDisk`). Raises BadInput
    where it is no source."""
    if map is not None:
        from registry.mapping.applied.apply_map import read_mapped

        return read_mapped(source, map, sizes)
    if address := sql_address(source):
        from registry.sources.sql import read_database

        return read_database(address, sizes=sizes)
    path = Path(source)
    from registry.fhir.resources import fhir_files

    if found := fhir_files(path):
        return _with_fhir(path, found, sizes)
    files = files_of(path)
    everything = [sheet for file in files for sheet in sheets_of(file, sizes=sizes)]
    sheets = [sheet for sheet in everything if sheet.name in SPECS]
    if not sheets:
        raise BadInput(
            "REG001",
            f"{path.name or path} holds none of the tables {', '.join(SPECS)}; name the files (or "
            "sheets) so, or give a map (`sanket map FILE` proposes one)",
        )
    if twice := {
        sheet.name for sheet in sheets if sum(other.name == sheet.name for other in sheets) > 1
    }:
        raise BadInput(
            "REG003",
            f"{path.name} holds the table {min(twice)} twice; leave one, or name both in a map",
        )
    return source_of(
        path, {sheet.name: sheet for sheet in sheets}, tuple(_unread(path, files, everything))
    )


def _with_fhir(path: Path, found: list[Path], sizes: Sizes) -> Source:
    """A source of FHIR resources. Table files that stand beside them are read too; where both hold
    the centres, the file is meant, since resources seldom say where a centre lies."""
    from registry.fhir.source import fhir_tables

    files = files_of(path) if path.is_dir() else []
    raws, facts, notes = fhir_tables(found, sizes)
    beside: dict[str, Raw] = {}
    if files:
        sheets = {sheet.name: sheet for file in files for sheet in sheets_of(file, sizes=sizes)}
        plain = source_of(path, {name: one for name, one in sheets.items() if name in SPECS})
        beside, facts, notes = plain.raws, plain.facts | facts, plain.notes + notes
    if twice := (raws.keys() & beside.keys()) - {"centres"}:
        raise BadInput(
            "REG003",
            f"{path.name} holds {min(twice)} as FHIR and as a table; leave one of them",
        )
    left = others_of(path, [*files, *found]) if path.is_dir() else []
    unread = (f"not read, neither FHIR nor a table: {', '.join(left)}",) if left else ()
    checksum = checksum_of(path, [*files, *found])
    return Source(path.name, checksum, raws | beside, facts, (*unread, *notes))


def _unread(path: Path, files: list[Path], sheets: list[RawSheet]) -> Iterator[str]:
    """A line for the files and for the sheets that have none of the contract's names."""
    if path.is_dir() and (left := others_of(path, files)):
        yield f"not read, not named as a table of the contract: {', '.join(left)}"
    if left := [
        f"{'hidden ' * sheet.hidden}sheet {sheet.place}"
        for sheet in sheets
        if sheet.name not in SPECS
    ]:
        yield f"not read, not named as a table of the contract: {', '.join(left)}"


def source_of(path: Path, sheets: dict[str, RawSheet], unread: tuple[str, ...] = ()) -> Source:
    """The contract's columns of these sheets, checked for what must be there."""
    raws, notes = {}, list(unread)
    for name, sheet in sheets.items():
        raws[name] = contract_columns(name, sheet)
        notes += sheet.notes
        if raws[name].extra:
            notes.append(left_out(name, list(raws[name].extra)))
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
        raise BadInput(
            "REG003", "provenance.json cannot be read; remove it or write it again"
        ) from error
    return {"synthetic": "true"} if isinstance(said, dict) and said.get("synthetic") is True else {}
