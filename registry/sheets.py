"""Files as sheets: what arrived, with its own headers, and the columns of it that the contract knows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from registry.check import Raw
from registry.contract import SPECS
from registry.csvs import read_csv
from registry.errors import BadInput
from registry.refused import broken_lines

CSV_ENDINGS = (".csv", ".tsv", ".txt")
DATABASE_ENDINGS = (".db", ".sqlite", ".sqlite3")
ENDINGS = (*CSV_ENDINGS, ".parquet", ".xlsx", ".xlsm", ".xls")


@dataclass(frozen=True)
class Source:
    """What arrived: raw tables by name, a checksum of bytes and map, and what the source says of itself."""

    name: str
    checksum: str
    raws: dict[str, Raw]
    facts: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    retry: bool = False
    """Rows out of the store's own quarantine: their ids are hashed already, and what is refused is in it already."""


@dataclass(frozen=True)
class Sheet:
    """One file's (or sheet's) rows with its own headers."""

    name: str
    data: pa.Table
    numbers: object = None
    refused: list[tuple[int, str]] = field(default_factory=list)


def sql_address(source: str | Path) -> str | None:
    """The SQL address of a source that is a database (a file by its ending, or written as an address); else None."""
    text = str(source)
    if "://" not in text:
        return f"sqlite:///{_existing(Path(text))}" if Path(text).suffix.lower() in DATABASE_ENDINGS else None
    if text.startswith("sqlite:///"):
        # SQLite would make a missing file, and find it empty.
        _existing(Path(text.removeprefix("sqlite:///").partition("?")[0]))
    return text


def _existing(path: Path) -> Path:
    if not path.exists():
        raise BadInput("REG003", f"there is no file or folder {path}")
    return path


def files_of(path: Path) -> list[Path]:
    """The table files of a folder, or the one file."""
    if _existing(path).is_file():
        return [path]
    files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in ENDINGS and file.is_file()]
    named = [file for file in files if file.stem.lower() in SPECS or file.suffix.lower().startswith(".xls")]
    twice = {file.stem.lower() for file in named if sum(other.stem.lower() == file.stem.lower() for other in named) > 1}
    if twice:
        raise BadInput("REG003", f"{path.name} holds the table {min(twice)} in two forms; leave one")
    return named


def sheets_of(path: Path) -> list[Sheet]:
    """The tables in a file, by its ending."""
    ending = path.suffix.lower()
    if ending.startswith(".xls"):
        from registry.workbooks import read_workbook

        return [Sheet(name, table, numbers) for name, table, numbers in read_workbook(path)]
    if path.stat().st_size == 0:
        raise BadInput("REG004", f"{path.name} is empty: export it again")
    if ending == ".parquet":
        return [Sheet(path.stem.lower(), _read_parquet(path))]
    if ending in CSV_ENDINGS:
        table, numbers, refused = read_csv(path)
        return [Sheet(path.stem.lower(), table, numbers, refused)]
    raise BadInput("REG003", f"{path.name} is none of {', '.join(ENDINGS)}")


def _read_parquet(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise BadInput("REG003", f"{path.name} is no whole Parquet file (cut short?); export it again") from error
    return table


def contract_columns(name: str, sheet: Sheet) -> Raw:
    """A sheet's columns that the contract knows; the others are kept out by name."""
    spec = SPECS[name]
    by_name = {column.strip().lower(): column for column in reversed(sheet.data.column_names)}
    missing = [column for column in spec.required if column not in by_name]
    if missing:
        raise BadInput("REG002", f"{name} has no column {', '.join(missing)}; name where it comes from in a map "
                                 "(`sanket map FILE` proposes one)", table=name, columns=missing)
    wanted = [column.name for column in spec.columns if column.name in by_name]
    data = pa.table({column: sheet.data[by_name[column]] for column in wanted})
    extra = tuple(column for column in sheet.data.column_names if column.strip().lower() not in wanted)
    # A broken line cannot be taken apart, so it is kept only where no column may hold a name.
    shown = not extra and "family_id" not in wanted
    return Raw(data, sheet.numbers, broken_lines(name, sheet.refused, shown=shown), extra)


def checksum_of(path: Path, files: list[Path] | None = None) -> str:
    """SHA-256 over the table files' bytes, in the order of their names."""
    whole = hashlib.sha256()
    for file in files or files_of(path):
        whole.update(file.name.encode())
        with file.open("rb") as handle:
            while piece := handle.read(1 << 22):
                whole.update(piece)
    return whole.hexdigest()
