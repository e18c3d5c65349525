"""A map applied to a source: from other headers, units, date formats, codes and shapes, in one
sheet or many, to the contract's raw tables."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks import rejected as refusing
from registry.checks.cells import encode
from registry.checks.rejected import broken_lines
from registry.checks.table import Raw
from registry.contract.days import day_date, day_number
from registry.contract.errors import BadInput
from registry.contract.tables import MEASURED, MOST_UNCERTAIN_DAYS, SPECS, bound
from registry.indian_digits import grouped
from registry.mapping.date_formats import YEAR_ALONE, is_year
from registry.mapping.map_file import ColumnMap, Map, ParentSheet, TableMap, read_map
from registry.mapping.reshape import (
    as_text_table,
    distinct,
    filled_cells,
    join_parent,
    long_rows,
    pivot,
)
from registry.mapping.translate import as_texts, column_cells, find_header
from registry.sources.raw_sheet import RawSheet
from registry.sources.sheets import (
    ENDINGS,
    Source,
    checksum_of,
    left_out,
    others_of,
    sheets_of,
    sql_address,
    table_files,
)


def read_mapped(source: str | Path, map: object) -> Source:
    """Read a file, folder or database through a map (a path, a dict, or `Map`)."""
    plan = map if isinstance(map, Map) else read_map(map)
    arrived = SourceSheets(source)
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


UNCERTAIN = "birth_date_uncertain_days"
"""The column that keeps by how many days a birth date out of a month or an age may be off."""
_WINDOW = re.compile(r"(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)", re.ASCII)


@dataclass(frozen=True)
class _Part:
    """What one sheet gives of one table, and what a person should know of it."""

    place: str
    raw: Raw
    notes: tuple[str, ...] = ()


def mapped_tables(
    tables: Iterable[TableMap], arrived: SourceSheets, plan: Map
) -> tuple[dict[str, Raw], list[str]]:
    """Some tables of a map, and what a person should know; raises BadInput with what is wrong with
    all of them."""
    parts: dict[str, list[_Part]] = {}
    faults: list[BadInput] = []
    for table in tables:
        try:
            parts.setdefault(table.name, []).extend(_parts(table, arrived, plan))
        except BadInput as fault:
            faults.append(fault)
    if len(faults) > 1:
        raise BadInput(faults[0].code, "; ".join(dict.fromkeys(fault.message for fault in faults)))
    if faults:
        raise faults[0]
    raws, notes = {}, []
    for name, some in parts.items():
        notes += [note for part in some for note in part.notes]
        one_of_equals = any(table.distinct for table in plan.tables if table.name == name)
        raws[name] = _one(name, some, notes, one_of_equals=one_of_equals)
    return raws, notes


def _parts(table: TableMap, arrived: SourceSheets, plan: Map) -> list[_Part]:
    if table.rows:
        names = list(dict.fromkeys(name for row in table.rows for name in row))
        cells = {name: pa.array([_text(row.get(name)) for row in table.rows]) for name in names}
        return [_Part("the map's own rows", Raw(pa.table(cells)))]
    is_one_of_several = sum(other.name == table.name for other in plan.tables) > 1
    parts = []
    for sheet in arrived.sheets(table):
        raw, notes = _mapped(table, sheet, arrived, plan), list(_months_alone(table, sheet, plan))
        if table.name == "measurements" and is_one_of_several:
            raw = _without_blank(raw, sheet.place, notes)
        parts.append(_Part(sheet.place, raw, tuple(notes)))
    return parts


def _without_blank(raw: Raw, place: str, notes: list[str]) -> Raw:
    """Measurements without those that have neither a day nor a measure: of a row of two
    measurements, the discharge that has not come yet."""
    names = [name for name in ("measured_on", *MEASURED) if name in raw.data.column_names]
    filled = np.any([filled_cells(as_texts(_whole(raw.data[name]))) for name in names], axis=0)
    if filled.all():
        return raw
    notes.append(
        f"measurements: {grouped(int((~filled).sum()))} rows of {place} have neither a day nor a "
        "measure in one of the map's tables, and give no measurement there"
    )
    numbers = np.arange(1, len(filled) + 1) if raw.numbers is None else np.asarray(raw.numbers)
    return replace(raw, data=raw.data.filter(pa.array(filled)), numbers=numbers[filled])


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _mapped(table: TableMap, sheet: RawSheet, arrived: SourceSheets, plan: Map) -> Raw:
    """One table of the contract from one sheet."""
    used: set[str] = set()
    if table.parent:
        parent = arrived.parent(table, table.parent, sheet)
        arrived.note_used(parent, set(parent.data.column_names))
        sheet = join_parent(sheet, parent, table.parent)
    if table.values:
        used |= set(sheet.data.column_names)
        sheet = pivot(sheet, table.values)
    fixed = {column.name: column_cells(column, sheet, plan, used) for column in table.columns}
    numbers = sheet.numbers if sheet.numbers is not None else np.arange(1, sheet.data.num_rows + 1)
    data = pa.table(fixed)
    if table.wide:
        data, numbers = long_rows(table, sheet, data, numbers, plan, used)
    _refuse_missing(table, data.column_names)
    arrived.note_used(sheet, used)
    declared = frozenset(
        column.name for column in table.columns if column.codes or column.value is not None
    ) | frozenset(column.name for _, column in table.wide if column.codes)
    windows = frozenset(column.name for column in table.columns if column.age)
    data = _with_uncertain_births(table, sheet, plan, data)
    return Raw(
        data, numbers, broken_lines(table.name, sheet.refused, shown=False), (), declared, windows
    )


def _with_uncertain_births(table: TableMap, sheet: RawSheet, plan: Map, data: pa.Table) -> pa.Table:
    """Children whose birth date is a month alone, for which the map gives the day: with the days
    that the true one may be off."""
    births = [one for one in table.columns if one.name == "birth_date" and one.day and one.dates]
    if table.name != "children" or not births or UNCERTAIN in data.column_names:
        return data
    (column,) = births
    first, last = (
        as_texts(_whole(column_cells(replace(column, day=day), sheet, plan, set())))
        for day in (1, 28)
    )
    is_month = pc.fill_null(pc.not_equal(first, last), False)
    off = str(max(column.day - 1, 31 - column.day))
    days = pc.if_else(is_month, off, pa.scalar(None, pa.string()))
    days = pc.if_else(years_alone(column, sheet), str(MOST_UNCERTAIN_DAYS), days)
    return data.append_column(UNCERTAIN, days)


def years_alone(column: ColumnMap, sheet: RawSheet) -> pa.Array:
    """Where a column's cells are a year alone, and its map reads them so."""
    cells = encode(_whole(sheet.data[find_header(sheet, column.headers, column.name, set())]))
    if YEAR_ALONE not in column.dates:
        return pa.array(np.zeros(len(cells), bool))
    different = cells.dictionary.cast(pa.string()).to_pylist()
    alone = pa.array([is_year(text) for text in different], pa.bool_())
    return pc.fill_null(alone.take(cells.indices), False)


def _whole(cells: pa.Array | pa.ChunkedArray) -> pa.Array:
    return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells


def _months_alone(table: TableMap, sheet: RawSheet, plan: Map) -> Iterator[str]:
    """A line for dates of which the month alone is written: the map gave the day, and an age is
    that far off."""
    for column in table.columns:
        if column.day and column.dates and column.headers and column.join is None:
            if years := int(pc.sum(years_alone(column, sheet)).as_py() or 0):
                yield (
                    f"{table.name}: {column.name} of {grouped(years)} rows is a year alone, taken "
                    f"as its middle: ages are up to {MOST_UNCERTAIN_DAYS} days off, WAZ and HAZ "
                    "with them"
                )
            first, last = (
                column_cells(replace(column, day=day), sheet, plan, set()) for day in (1, 28)
            )
            if many := int(pc.sum(pc.fill_null(pc.not_equal(first, last), False)).as_py() or 0):
                off = max(column.day - 1, 31 - column.day)
                yield (
                    f"{table.name}: {column.name} of {grouped(many)} rows is a month "
                    "alone, taken as day "
                    f"{column.day}: ages are up to {off} days off, and WAZ and HAZ with them"
                )


def _refuse_missing(table: TableMap, names: list[str]) -> None:
    missing = [name for name in SPECS[table.name].required if name not in names]
    if missing:
        raise BadInput(
            "REG002",
            f"the map gives [tables.{table.name}] no {', '.join(missing)}: name the header each "
            f'comes from, or {missing[0]} = {{ value = "…" }} where it is one for all rows '
            f"({bound(SPECS[table.name].column(missing[0]))})",
            table=table.name,
        )


def _one(name: str, parts: list[_Part], notes: list[str], *, one_of_equals: bool) -> Raw:
    """All that came for one table as one raw table; rows of several sheets are counted on from one
    to the next."""
    raw = parts[0].raw if len(parts) == 1 else _together(name, parts, notes)
    data, numbers = raw.data, raw.numbers
    for column in raw.windows:
        data = _narrowed(data, column, notes)
    if one_of_equals:
        data, numbers = distinct(
            data, numbers if numbers is not None else np.arange(1, data.num_rows + 1)
        )
    return Raw(data, numbers, raw.refused, raw.extra, raw.declared)


def _together(name: str, parts: list[_Part], notes: list[str]) -> Raw:
    before, counted, broken, places = 0, [], [], []
    for part in parts:
        raw = part.raw
        numbers = (
            np.arange(1, raw.data.num_rows + 1) if raw.numbers is None else np.asarray(raw.numbers)
        )
        lines = raw.refused.numbers if raw.refused else np.empty(0, np.int64)
        counted.append(numbers + before)
        if raw.refused:
            broken.append(
                refusing.RejectedRows(
                    name, lines + before, raw.refused.code, raw.refused.column, raw.refused.cells
                )
            )
        places.append(f"{part.place} from {grouped(before + 1)}")
        before += int(max(numbers.max(initial=0), lines.max(initial=0)))
    notes.append(f"{name}: rows are counted on over {len(parts)} sheets: {', '.join(places)}")
    data = pa.concat_tables(
        [as_text_table(part.raw.data) for part in parts], promote_options="default"
    )
    # A coding that one sheet's map declares says nothing of another's.
    declared = frozenset.intersection(*(part.raw.declared for part in parts))
    windows = frozenset().union(*(part.raw.windows for part in parts))
    return Raw(data, np.concatenate(counted), refusing.joined(broken), (), declared, windows)


def _narrowed(data: pa.Table, column: str, notes: list[str]) -> pa.Table:
    """Birth dates found from ages: each child's windows cut down to the days that all its visits
    allow, and of these the middle one. Where no day fits all visits the rows stay different, and
    are a conflict (REG041)."""
    at = data.column_names.index(column)
    windows, ids = encode(data[column].combine_chunks()), encode(data["child_id"].combine_chunks())
    bounds = np.array(
        [_bounds(text) for text in windows.dictionary.to_pylist()] + [(-1, -1)]
    ).reshape(-1, 2)
    place = pc.fill_null(windows.indices, len(windows.dictionary)).to_numpy()
    child = pc.fill_null(ids.indices, len(ids.dictionary)).to_numpy()
    first, last = bounds[place].T
    known = first >= 0
    low, high = np.full(len(ids.dictionary) + 1, -1), np.full(len(ids.dictionary) + 1, 10**6)
    np.maximum.at(low, child[known], first[known])
    np.minimum.at(high, child[known], last[known])
    fits = low[child] <= high[child]
    middle = np.where(fits, (low[child] + high[child]) // 2, (first + last) // 2)
    widest = int((high - low)[(low >= 0) & (high >= low)].max(initial=0) + 1) // 2
    notes.append(
        f"{column}: found from ages at visits, up to {widest} days off, as WAZ and HAZ then are"
    )
    days, back = np.unique(middle[known], return_inverse=True)
    texts = np.full(len(known), None, object)
    texts[known] = np.array([str(day_date(day)) for day in days], object)[back]
    unread = ~known & (place < len(windows.dictionary))
    texts[unread] = windows.dictionary.take(pa.array(place[unread])).to_numpy(zero_copy_only=False)
    data = data.set_column(at, column, pa.array(texts, pa.string()))
    if column != "birth_date" or UNCERTAIN in data.column_names:
        return data
    half = np.where(fits, high[child] - low[child] + 1, last - first + 1) // 2
    # Two windows without a common day are a conflict; half a year is what the contract takes.
    off = np.where(known & (half > 0), np.minimum(half, MOST_UNCERTAIN_DAYS), -1)
    return data.append_column(UNCERTAIN, pa.array(off, mask=off < 0).cast(pa.string()))


def _bounds(window: str) -> tuple[int, int]:
    found = _WINDOW.fullmatch(window)
    return (day_number(found[1]), day_number(found[2])) if found else (-1, -1)


class SourceSheets:
    """The files or the database of one import: the sheets that a map names in them, and what of
    them no table took. Each file is read once, its first `rows` only where told."""

    def __init__(self, source: str | Path, *, rows: int | None = None):
        self.address, self.rows = sql_address(source), rows
        self.files = [] if self.address else _files(Path(source))
        self.folder = None if self.address or Path(source).is_file() else Path(source)
        self._read: dict[Path, list[RawSheet]] = {}
        self.used: dict[str, set[str]] = {}
        """By place, the headers that some table took."""

    def sheets(self, table: TableMap) -> list[RawSheet]:
        """The sheets that a map's table comes from."""
        if self.address:
            from registry.sources.sql import query_sheet

            sheet = query_sheet(self.address, table.name, table.query, rows=self.rows)
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
        sheets = self._read.setdefault(file, self._read.get(file) or sheets_of(file))
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
