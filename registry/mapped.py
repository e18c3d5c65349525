"""A source through a map: other headers, units, date forms and codes, and a column for each month, to raw tables."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.cells import BAD, MISSING, encode, read_number
from registry.check import Raw
from registry.contract import SPECS, bound
from registry.errors import BadInput
from registry.maps import MONTHS, ColumnMap, Map, TableMap, read_map
from registry.refused import broken_lines
from registry.sheets import ENDINGS, Sheet, Source, checksum_of, sheets_of, sql_address

EXCEL_DAY_0 = dt.date(1899, 12, 30)
"""Excel's serial dates count from here (its own 1900 has a 29 February; from 1900-03-01 on this is right)."""
_NAMED = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
MONTH_TOKENS = {"{YYYY}": r"(?P<Y>\d{4})", "{YY}": r"(?P<y>\d{2})", "{MM}": r"(?P<m>\d{2})", "{M}": r"(?P<m>\d{1,2})",
                "{Mon}": r"(?P<b>[A-Za-z]{3})", "{Month}": f"(?P<b>{_NAMED})"}


def read_mapped(source: str | Path, map: object) -> Source:
    """Read a file, folder or database through a map (a path, a dict, or `Map`)."""
    plan = map if isinstance(map, Map) else read_map(map)
    address = sql_address(source)
    raws = mapped_tables(plan.tables, finder(source), plan)
    notes = [f"{name}: {len(raw.extra)} columns kept out" for name, raw in raws.items() if raw.extra]
    facts = {"made_up_epoch": str(plan.made_up_epoch)} if plan.made_up_epoch else {}
    checksum = "" if address else checksum_of(Path(source), _files(Path(source)))
    whole = hashlib.sha256(f"{checksum}{plan.text}".encode()).hexdigest()
    return Source("database" if address else Path(source).name, whole, raws, facts, tuple(notes))


def finder(source: str | Path, *, rows: int | None = None) -> Callable[[TableMap], Sheet | None]:
    """A function that finds the sheet which a map's table comes from (its first `rows` only, where given)."""
    if address := sql_address(source):
        from registry.databases import query_sheet

        return lambda table: None if table.rows else query_sheet(address, table.name, table.query, rows=rows)
    files = _files(Path(source))
    read: dict[Path, list[Sheet]] = {}

    def find(table: TableMap) -> Sheet | None:
        if table.rows:
            return None
        file = _file(files, table)
        sheets = read.setdefault(file, read.get(file) or sheets_of(file))
        return first_rows(_sheet(sheets, table), rows)

    return find


def first_rows(sheet: Sheet, rows: int | None) -> Sheet:
    """A sheet's first rows; all where none are given."""
    if rows is None or sheet.data.num_rows <= rows:
        return sheet
    numbers = None if sheet.numbers is None else sheet.numbers[:rows]
    return Sheet(sheet.name, sheet.data.slice(0, rows), numbers, sheet.refused[:rows])


def _files(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(path.glob("*")) if path.is_dir() else []
    files = [file for file in files if file.suffix.lower() in ENDINGS]
    if not files:
        raise BadInput("REG003", f"there is no file or folder of tables at {path}")
    return files


def _file(files: list[Path], table: TableMap) -> Path:
    wanted = [file for file in files if file.name == table.file] if table.file else files
    wanted = wanted if len(wanted) == 1 else [file for file in wanted if file.stem.lower() == table.name]
    if len(wanted) != 1:
        raise BadInput("REG006", f'the map does not say which of these files [tables.{table.name}] comes from '
                                 f'(file = "…"): {", ".join(file.name for file in files)}')
    return wanted[0]


def _sheet(sheets: list[Sheet], table: TableMap) -> Sheet:
    wanted = [sheet for sheet in sheets if table.sheet is None or sheet.name == table.sheet.lower()]
    wanted = wanted if len(wanted) == 1 else [sheet for sheet in wanted if sheet.name == table.name]
    if len(wanted) != 1:
        raise BadInput("REG006", f'the map does not say which of these sheets [tables.{table.name}] comes from '
                                 f'(sheet = "…"): {", ".join(sheet.name for sheet in sheets)}')
    return wanted[0]


def mapped_tables(tables: Iterable[TableMap], find: Callable[[TableMap], Sheet | None], plan: Map) -> dict[str, Raw]:
    """Some tables of a map; raises BadInput with what is wrong with all of them."""
    raws, faults = {}, []
    for table in tables:
        try:
            raws[table.name] = mapped_table(table, find(table), plan)
        except BadInput as fault:
            faults.append(fault)
    if len(faults) > 1:
        raise BadInput(faults[0].code, "; ".join(dict.fromkeys(fault.message for fault in faults)))
    if faults:
        raise faults[0]
    return raws


def mapped_table(table: TableMap, sheet: Sheet | None, plan: Map) -> Raw:
    """One table of the contract from a sheet, or from the rows that the map itself gives."""
    if sheet is None:
        names = list(dict.fromkeys(name for row in table.rows for name in row))
        return Raw(pa.table({name: pa.array([_text(row.get(name)) for row in table.rows]) for name in names}))
    used: set[str] = set()
    fixed = {column.name: _column(column, sheet, plan, used) for column in table.columns}
    numbers = sheet.numbers if sheet.numbers is not None else np.arange(1, sheet.data.num_rows + 1)
    data = pa.table(fixed)
    if table.wide:
        data, numbers = _long(table, sheet, data, numbers, plan, used)
    missing = [name for name in SPECS[table.name].required if name not in data.column_names]
    if missing:
        raise BadInput("REG002", f'the map gives [tables.{table.name}] no {", ".join(missing)}: name the header each '
                                 f'comes from, or {missing[0]} = {{ value = "…" }} where it is one for all rows '
                                 f"({bound(SPECS[table.name].column(missing[0]))})", table=table.name)
    if table.distinct:
        data, numbers = _distinct(data, numbers)
    extra = tuple(name for name in sheet.data.column_names if name not in used)
    return Raw(data, numbers, broken_lines(table.name, sheet.refused, shown=False), extra)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _column(column: ColumnMap, sheet: Sheet, plan: Map, used: set[str]) -> pa.Array:
    rows = sheet.data.num_rows
    if column.dates == ("made_up_epoch",):
        return pa.array([str(plan.made_up_epoch)]).take(pa.array(np.zeros(rows, np.int8)))
    if column.value is not None:
        return pa.array([column.value]).take(pa.array(np.zeros(rows, np.int8)))
    by_name = {_spaced(name): name for name in reversed(sheet.data.column_names)}
    header = next((by_name[_spaced(name)] for name in column.headers if _spaced(name) in by_name), None)
    if header is None:
        raise BadInput("REG006", f"{sheet.name} has no column {' or '.join(column.headers)} for {column.name}; its "
                                 f"columns are {', '.join(sheet.data.column_names)[:500]}")
    used.add(header)
    return translated(sheet.data[header], column, plan)


def translated(cells: pa.ChunkedArray, column: ColumnMap, plan: Map) -> pa.Array:
    """A column with each different text translated as the map declares; what cannot be stays and is refused later."""
    cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
    steps = _steps(column, plan)
    if not steps:
        return cells
    different = encode(cells)
    texts = different.dictionary.to_pylist()
    for step in steps:
        texts = [None if text is None else step(text) for text in texts]
    return pa.array(texts, pa.string()).take(different.indices)


def _steps(column: ColumnMap, plan: Map) -> list[Callable[[str], str]]:
    steps: list[Callable[[str], str]] = []
    if column.codes:
        steps.append(lambda text: column.codes.get(text.strip().lower(), text))
    if column.decimal != ".":
        steps.append(lambda text: text.replace(column.decimal, "."))
    if column.factor != 1.0:
        steps.append(lambda text: _scaled(text, column.factor))
    if forms := [form for form in column.dates if form not in ("iso", "made_up_epoch")]:
        steps.append(lambda text: next(filter(None, (_dated(text, form, plan) for form in forms)), text))
    if column.hashed:
        from registry.identity import environment_key, keyed_hash

        key = environment_key()
        steps.append(lambda text: keyed_hash(key, text) if text.strip() else text)
    return steps


def _scaled(text: str, factor: float) -> str:
    number = read_number(text)
    return text if number is BAD or number is MISSING else repr(round(number * factor, 9))


def _dated(text: str, form: str, plan: Map) -> str | None:
    """The date that a cell has in this form; None where it has none."""
    try:
        if form == "excel_1900":
            return str(EXCEL_DAY_0 + dt.timedelta(int(float(text))))
        if form == "days_after_made_up_epoch":
            days = float(text)
            return str(plan.made_up_epoch + dt.timedelta(int(days))) if days == int(days) else None
        return str(dt.datetime.strptime(text.strip(), form).date())
    except (ValueError, OverflowError):
        return None


def _long(table: TableMap, sheet: Sheet, fixed: pa.Table, numbers: np.ndarray, plan: Map,
          used: set[str]) -> tuple[pa.Table, np.ndarray]:
    """A column for each month to a row for each month in which a cell is filled."""
    own = SPECS[table.name].own_day
    parts, counted = [], []
    for month, headers in sorted(_months(table, sheet, used).items()):
        cells = {name: translated(sheet.data[headers[name]], column, plan) for name, column in
                 ((column.name, column) for _, column in table.wide) if name in headers}
        texts = {name: _as_texts(cell) for name, cell in cells.items()}
        filled = np.any([_filled(cell) for cell in texts.values()], axis=0)
        day = str(month)[:7] if own == "month" else str(month.replace(day=table.wide_day))
        part = fixed.append_column(own, pa.array([day]).take(pa.array(np.zeros(len(filled), np.int8))))
        for _, column in table.wide:
            cell = texts.get(column.name, pa.nulls(len(filled), pa.string()))
            part = part.append_column(column.name, cell)
        parts.append(_plain(part).filter(pa.array(filled)))
        counted.append(numbers[filled])
    if not parts:
        raise BadInput("REG006", f"no header of the source fits the patterns of [tables.{table.name}.wide]")
    return pa.concat_tables(parts), np.concatenate(counted)


def _months(table: TableMap, sheet: Sheet, used: set[str]) -> dict[dt.date, dict[str, str]]:
    """Headers by month and column."""
    found: dict[dt.date, dict[str, str]] = {}
    for pattern, column in table.wide:
        expression = re.escape(_composed(pattern)).replace(r"\{", "{").replace(r"\}", "}")
        for token, group in MONTH_TOKENS.items():
            expression = expression.replace(token, group)
        for header in sheet.data.column_names:
            match = re.fullmatch(expression, _composed(header.strip()), re.IGNORECASE)
            month = match and _month_of(match.groupdict())
            if month:
                used.add(header)
                found.setdefault(month, {})[column.name] = header
    return found


def _month_of(parts: dict[str, str]) -> dt.date | None:
    year = int(parts["Y"]) if "Y" in parts else 2000 + int(parts["y"]) if "y" in parts else None
    month = int(parts["m"]) if "m" in parts else MONTHS.get(parts.get("b", "").lower())
    return dt.date(year, month, 1) if year and month and 1 <= month <= 12 else None


def _spaced(header: str) -> str:
    return " ".join(header.split()).lower()


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _as_texts(cell: pa.Array) -> pa.Array:
    different = encode(cell)
    return different.dictionary.cast(pa.string()).take(different.indices)


def _filled(cell: pa.Array) -> np.ndarray:
    return pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(cell), ""), False).to_numpy(zero_copy_only=False)


def _plain(data: pa.Table) -> pa.Table:
    return pa.table({name: _as_texts(data[name].combine_chunks()) for name in data.column_names})


def _distinct(data: pa.Table, numbers: np.ndarray) -> tuple[pa.Table, np.ndarray]:
    """One of equal rows, the first."""
    data = _plain(data)
    rows = data.append_column("__row", pa.array(np.arange(data.num_rows)))
    first = rows.group_by(data.column_names).aggregate([("__row", "min")])["__row_min"].to_numpy()
    first = np.sort(first)
    return data.take(pa.array(first)), numbers[first]
