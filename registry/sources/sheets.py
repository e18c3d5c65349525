"""Files to sheets, by what a file holds and not by its name, for an import, a survey and a visit
list that comes back; and from a sheet the columns that the contract knows."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from registry.checks.raw import ALL_AT_ONCE, Raw, RawOnDisk, Sizes
from registry.checks.rejected import broken_lines
from registry.contract.errors import BadInput
from registry.contract.tables import SPECS
from registry.sources.csv_files import read_csv
from registry.sources.raw_sheet import RawSheet, ShortRows
from registry.sources.rows_on_disk import no_parquet, parquet_rows

CSV_ENDINGS = (".csv", ".tsv", ".txt")
DATABASE_ENDINGS = (".db", ".sqlite", ".sqlite3")
ENDINGS = (*CSV_ENDINGS, ".parquet", ".xlsx", ".xlsm", ".xls")
PARQUET, WORKBOOKS = b"PAR1", (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""First bytes of such files; those of a workbook are a zip archive's (XLSX) or OLE's (XLS)."""


@dataclass(frozen=True)
class Source:
    """What arrived: raw tables by name, a checksum of bytes and map, and what the source says of
    itself."""

    name: str
    checksum: str
    raws: dict[str, Raw]
    facts: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    past: bool = False
    """A first load of the past: rows are known from their own days, in a later import too."""
    retry: bool = False
    """Rows out of the store's own quarantine: their ids are hashed already, and what is refused is
    in it already."""


def sql_address(source: str | Path) -> str | None:
    """The SQL address of a source that is a database (a file by its ending, or written as an
    address); else None."""
    text = str(source)
    if "://" not in text:
        return (
            f"sqlite:///{_existing(Path(text))}"
            if Path(text).suffix.lower() in DATABASE_ENDINGS
            else None
        )
    if text.startswith("sqlite:///"):
        # SQLite would make a missing file, and find it empty.
        _existing(Path(text.removeprefix("sqlite:///").partition("?")[0]))
    return text


def _existing(path: Path) -> Path:
    if not path.exists():
        raise BadInput("REG003", f"there is no file or folder {path}")
    return path


def files_of(path: Path) -> list[Path]:
    """The table files of a folder (those of the contract's names, and workbooks), or the one
    file."""
    if _existing(path).is_file():
        return [path]
    named = [
        file
        for file in table_files(path)
        if file.stem.lower() in SPECS or file.suffix.lower().startswith(".xls")
    ]
    twice = {
        file.stem.lower()
        for file in named
        if sum(other.stem.lower() == file.stem.lower() for other in named) > 1
    }
    if twice:
        raise BadInput(
            "REG003", f"{path.name} holds the table {min(twice)} in two forms; leave one"
        )
    return named


def table_files(path: Path) -> list[Path]:
    """Every file of a folder that could hold a table; what a spreadsheet leaves behind (`~$…`,
    `.…`) is none."""
    return [
        file
        for file in sorted(path.iterdir())
        if file.suffix.lower() in ENDINGS
        and file.is_file()
        and not file.name.startswith(("~$", "."))
    ]


def others_of(path: Path, read: Iterable[Path]) -> list[str]:
    """Names of all else in a folder that a person may have meant to be read; folders with a
    stroke."""
    known = {file.name for file in read} | {"provenance.json"}
    if (path / "provenance.json").exists():
        # A simulated registry's truth is not for reading.
        known.add("truth")
    return [
        one.name + "/" * one.is_dir()
        for one in sorted(path.iterdir())
        if one.name not in known and not one.name.startswith(("~$", "."))
    ]


def sheets_of(
    path: Path,
    *,
    short_rows: ShortRows = ShortRows.REFUSE,
    any_ending: bool = False,
    header: Collection[str] = (),
    sizes: Sizes = ALL_AT_ONCE,
) -> list[RawSheet]:
    """The tables in a file, by what it holds.

    any_ending: a text is read as CSV whatever its name ends in. header: names by which the header
    is known, where it is not to be told from its looks. sizes: tables of more rows than a
    chunk are left on disk.
    """
    start = _start(path)
    if start.startswith(PARQUET):
        return [_parquet_sheet(path, sizes.chunk)]
    if start.startswith(WORKBOOKS) or path.suffix.lower().startswith(".xls"):
        from registry.sources.excel import read_workbook

        return read_workbook(path, header=header)
    if not start:
        raise BadInput("REG004", f"{path.name} is empty: export it again")
    if path.suffix.lower() == ".parquet":
        raise no_parquet(path)
    if path.suffix.lower() not in ENDINGS and not any_ending:
        raise BadInput("REG003", f"{path.name} is none of {', '.join(ENDINGS)}")
    return [read_csv(path, short_rows=short_rows, header=header, sizes=sizes)]


def is_text(path: Path) -> bool:
    """Is this file a text (CSV), and neither a workbook nor Parquet?"""
    return not _start(path).startswith((PARQUET, *WORKBOOKS))


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError as error:
        raise BadInput("REG003", f"{path.name} cannot be opened: {type(error).__name__}") from error


def _parquet_sheet(path: Path, in_memory: int) -> RawSheet:
    found = parquet_rows(path)
    if found.rows > in_memory:
        empty = found.kinds.empty_table()
        return RawSheet(path.stem.lower(), empty, file=path.name, on_disk=found)
    try:
        return RawSheet(path.stem.lower(), pq.read_table(path), file=path.name)
    except (pa.ArrowException, OSError) as error:
        raise no_parquet(path) from error


def contract_columns(name: str, sheet: RawSheet) -> Raw:
    """A sheet's columns that the contract knows; the others are kept out by name."""
    spec = SPECS[name]
    by_name = {column.strip().lower(): column for column in reversed(sheet.data.column_names)}
    missing = [column for column in spec.required if column not in by_name]
    if missing:
        raise BadInput(
            "REG002",
            f"{name} has no column {', '.join(missing)}; name where it comes from in a map "
            "(`sanket map FILE` proposes one)",
            table=name,
            columns=missing,
        )
    wanted = [column.name for column in spec.columns if column.name in by_name]
    if twice := sorted(by_name[column] for column in wanted if by_name[column] in sheet.twice):
        raise BadInput(
            "REG002", f"{sheet.place} names the column {', '.join(twice)} twice: rename one of each"
        )
    data = pa.table({column: sheet.data[by_name[column]] for column in wanted})
    extra = tuple(
        column for column in sheet.data.column_names if column.strip().lower() not in wanted
    )
    # A broken line cannot be taken apart, so it is kept only where no column may hold a name.
    shown = not extra and "family_id" not in wanted
    refused = broken_lines(name, sheet.refused, shown=shown)
    if sheet.on_disk is not None:
        names = {column: by_name[column] for column in wanted}
        return RawOnDisk(data, sheet.numbers, refused, extra, on_disk=sheet.on_disk, names=names)
    return Raw(data, sheet.numbers, refused, extra)


def left_out(place: str, columns: list[str]) -> str:
    """The line that says which columns were kept out."""
    return f"{place}: {len(columns)} columns kept out: {', '.join(columns)}"


def checksum_of(path: Path, files: list[Path] | None = None) -> str:
    """SHA-256 over the table files' bytes, in the order of their names."""
    whole = hashlib.sha256()
    for file in files or files_of(path):
        whole.update(file.name.encode())
        with file.open("rb") as handle:
            while piece := handle.read(1 << 22):
                whole.update(piece)
    return whole.hexdigest()
