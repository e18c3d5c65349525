"""The files or the database of one import through a map: the sheets that it names in them, and what
of them no table took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

from registry.checks.raw import ALL_AT_ONCE, Sizes
from registry.contract.errors import BadInput
from registry.mapping.map_file import ParentSheet, TableMap
from registry.sources.raw_sheet import RawSheet
from registry.sources.sheets import (
    ENDINGS,
    left_out,
    others_of,
    sheets_of,
    sql_address,
    table_files,
)


class SourceSheets:
    """The files or the database of one import: the sheets that a map names in them, and what of
    them no table took. Each file is read once, its first `rows` only where told; sheets of more
    rows than a chunk of `sizes` are left on disk."""

    def __init__(self, source: str | Path, *, rows: int | None = None, sizes: Sizes = ALL_AT_ONCE):
        self.address, self.rows, self.sizes = sql_address(source), rows, sizes
        self.files = [] if self.address else _files(Path(source))
        self.folder = None if self.address or Path(source).is_file() else Path(source)
        self._read: dict[Path, list[RawSheet]] = {}
        self.used: dict[str, set[str]] = {}
        """By place, the headers that some table took."""

    def sheets(self, table: TableMap) -> list[RawSheet]:
        """The sheets that a map's table comes from."""
        if self.address:
            from registry.sources.sql import query_sheet

            sheet = query_sheet(
                self.address, table.name, table.query, rows=self.rows, sizes=self.sizes
            )
            self._read.setdefault(Path(table.name), []).append(sheet)
            return [sheet]
        found = [sheet for file in self._files_of(table) for sheet in self._sheets_of(file, table)]
        if not found:
            raise BadInput(
                "REG006",
                f"no sheet of {', '.join(file.name for file in self.files)} is called "
                f"{' or '.join(table.sheets)}, as [tables.{table.name}] has it",
            )
        return [first_rows(sheet, self.rows) for sheet in found]

    def parent(self, table: TableMap, link: ParentSheet, beside: RawSheet) -> RawSheet:
        """The parent sheet of a table's sheet; by default in the same file."""
        if self.address:
            raise BadInput(
                "REG006",
                f"[tables.{table.name}] comes from a database: join the parent in its query",
            )
        wanted = TableMap(
            table.name, (link.file or beside.file,), (link.sheet,) if link.sheet else ()
        )
        return self.sheets(wanted)[0]

    def note_used(self, sheet: RawSheet, headers: set[str]) -> None:
        """Remember which headers of a sheet a table took."""
        self.used.setdefault(sheet.place, set()).update(headers)

    def _files_of(self, table: TableMap) -> list[Path]:
        if table.files:
            wanted = [
                file
                for file in self.files
                if any(fnmatch(file.name, pattern) for pattern in table.files)
            ]
            if wanted:
                return wanted
        elif len(self.files) == 1:
            return self.files
        wanted = (
            [file for file in self.files if file.stem.lower() == table.name]
            if not table.files
            else []
        )
        if len(wanted) != 1:
            raise BadInput(
                "REG006",
                f"the map does not say which of these files [tables.{table.name}] comes from "
                f'(file = "…", or a pattern): {", ".join(file.name for file in self.files)}',
            )
        return wanted

    def _sheets_of(self, file: Path, table: TableMap) -> list[RawSheet]:
        if file not in self._read:
            self._read[file] = sheets_of(file, sizes=self.sizes)
        sheets = self._read[file]
        if table.sheets:
            patterns = [pattern.strip().lower() for pattern in table.sheets]
            return [
                sheet
                for sheet in sheets
                if any(
                    name in patterns
                    or (not sheet.hidden and any(fnmatch(name, one) for one in patterns))
                    for name in (sheet.name, sheet.title)
                )
            ]
        shown = [sheet for sheet in sheets if not sheet.hidden] or sheets
        wanted = (
            shown if len(shown) == 1 else [sheet for sheet in shown if sheet.name == table.name]
        )
        if len(wanted) != 1:
            raise BadInput(
                "REG006",
                f"the map does not say which of these sheets [tables.{table.name}] comes from "
                f'(sheet = "…"): {", ".join(sheet.name for sheet in sheets)}',
            )
        return wanted

    def notes(self) -> Iterator[str]:
        """A line for each file, sheet and column that no table took, and for what was read past."""
        others = others_of(self.folder, self.files) if self.folder else []
        if unread := [file.name for file in self.files if file not in self._read] + others:
            yield f"not read, no table of the map names it: {', '.join(unread)}"
        for sheets in self._read.values():
            for sheet in sheets:
                yield from sheet.notes
                if sheet.place not in self.used:
                    yield (
                        "not read, no table of the map names it: "
                        f"{'hidden ' * sheet.hidden}sheet {sheet.place}"
                    )
                elif left := [
                    name for name in sheet.data.column_names if name not in self.used[sheet.place]
                ]:
                    yield left_out(sheet.place, left)


def _files(path: Path) -> list[Path]:
    files = [path] if path.is_file() else table_files(path) if path.is_dir() else []
    files = [file for file in files if file.suffix.lower() in ENDINGS]
    if not files:
        raise BadInput("REG003", f"there is no file or folder of tables at {path}")
    return files


def first_rows(sheet: RawSheet, rows: int | None) -> RawSheet:
    """A sheet's first rows; all where none are given."""
    if rows is None or sheet.data.num_rows <= rows:
        return sheet
    numbers = None if sheet.numbers is None else sheet.numbers[:rows]
    return replace(
        sheet, data=sheet.data.slice(0, rows), numbers=numbers, refused=sheet.refused[:rows]
    )
