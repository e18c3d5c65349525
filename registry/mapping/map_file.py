"""The map: a TOML file in which a person says which column of an export is which of the contract's,
in what unit; what it declares, read and checked.

Nothing is guessed here: a unit, a date's format, a code's translation or a made-up epoch is used
only where declared. All faults of a map are reported at once.
"""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from registry.checks.ages import AGE_UNITS
from registry.contract.errors import BadInput
from registry.contract.tables import SPECS
from registry.mapping.date_formats import NAMED_FORMATS, YEAR_ALONE, is_date_format
from registry.mapping.map_settings import (
    KINDS,
    TABLE_KINDS,
    Settings,
    as_text,
    is_texts,
    is_whole,
    unknown,
    well_typed,
)

UNITS = {
    "weight_kg": {"kg": 1.0, "g": 0.001, "100 g": 0.1},
    "birth_weight_kg": {"kg": 1.0, "g": 0.001, "100 g": 0.1},
    "height_cm": {"cm": 1.0, "m": 100.0, "mm": 0.1},
    "muac_mm": {"mm": 1.0, "cm": 10.0},
}
"""What one of a declared unit is in the contract's. DHS files hold weights in 100 g and heights in
mm."""
PLACES = ("file", "sheet")


@dataclass(frozen=True)
class ColumnMap:
    """Where one column of the contract comes from; `headers` are tried in turn (or joined by
    `join`), `value` is the same for every row, `month_of` takes the month out of a file's or
    sheet's name.

    `age` says that a birth date is to be found from an age in that unit, at the day in the column
    `on`.
    """

    name: str
    headers: tuple[str, ...] = ()
    value: str | None = None
    factor: float = 1.0
    codes: Mapping[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    decimal: str = "."
    hashed: bool = False
    missing: tuple[str, ...] | None = None
    join: str | None = None
    month_of: str = ""
    day: int = 0
    age: str = ""
    on: str = ""
    unit: str = ""


@dataclass(frozen=True)
class ParentSheet:
    """The sheet that holds what rows have in common (Kobo's form above its repeats), and the
    columns that link them."""

    key: str
    by: str
    file: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class ValueRows:
    """An export of one value a row: the column with each value's name, that with the value, and
    those that say which values belong together."""

    name: str
    value: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class TableMap:
    """Where one table comes from: files, sheets or a query, its columns, and columns that stand
    once for each month.

    `distinct` keeps one of equal rows (a child's row repeated at each visit); `wide` gives patterns
    of headers such as `weight_{YYYY}_{MM}`, and `wide_day` the day of the month that such a cell is
    given; `wide_first` is the first of months that have no year. A table may be given more than
    once: each gives rows of its own.
    """

    name: str
    files: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    query: str | None = None
    distinct: bool = False
    rows: tuple[Mapping[str, object], ...] = ()
    columns: tuple[ColumnMap, ...] = ()
    wide: tuple[tuple[str, ColumnMap], ...] = ()
    wide_day: int = 0
    wide_first: dt.date | None = None
    parent: ParentSheet | None = None
    values: ValueRows | None = None


@dataclass(frozen=True)
class Map:
    """A whole map; `text` is what it was read from, for the import's checksum; `past` is `sanket
    import --past`."""

    tables: tuple[TableMap, ...]
    made_up_epoch: dt.date | None = None
    past: bool = False
    text: str = ""


def read_map(source: object) -> Map:
    """Read and check a map (a file's path, or its tables); raises BadInput with all its faults."""
    said, text = _loaded(source)
    faults: list[str] = []
    unknown(said, {"tables", "made_up_epoch", "past"}, "the map", faults)
    epoch = said.get("made_up_epoch")
    if epoch is not None and (not isinstance(epoch, dt.date) or isinstance(epoch, dt.datetime)):
        faults.append("made_up_epoch must be a date: made_up_epoch = 2000-01-01")
        epoch = None
    if not isinstance(said.get("past", False), bool):
        faults.append("past must be true or false")
    named = said.get("tables", {})
    if not isinstance(named, Mapping):
        faults.append("tables must be tables such as [tables.children]")
        named = {}
    tables = tuple(
        _table(name, one, faults)
        for name, settings in named.items()
        for one in (settings if isinstance(settings, list) and settings else [settings])
    )
    if not tables:
        faults.append("it has no [tables.…]")
    dates = [date for table in tables for column in _all_columns(table) for date in column.dates]
    if said.get("made_up_epoch") is None and any("made_up_epoch" in date for date in dates):
        faults.append("it uses a made-up epoch without declaring one: made_up_epoch = 2000-01-01")
    if faults:
        raise BadInput("REG006", "the map does not fit: " + "; ".join(faults), faults=faults)
    return Map(tables, epoch, said.get("past", False), text)


def _all_columns(table: TableMap) -> list[ColumnMap]:
    return [*table.columns, *(column for _, column in table.wide)]


def _loaded(source: object) -> tuple[Settings, str]:
    if isinstance(source, Mapping):
        return source, json.dumps(source, default=str, sort_keys=True)
    if not isinstance(source, str | Path):
        raise BadInput("REG006", "a map is the path of a file, or tables as such a file has them")
    try:
        text = Path(source).read_text(encoding="utf-8-sig")
        return tomllib.loads(text), text
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput("REG006", f"the map {Path(source).name} cannot be read: {error}") from error


def _table(name: str, settings: object, faults: list[str]) -> TableMap:
    where = f"[tables.{name}]"
    if name not in SPECS or not isinstance(settings, Mapping):
        faults.append(f"{where} is none of {', '.join(SPECS)}")
        return TableMap(name)
    said = well_typed(settings, TABLE_KINDS, where, faults)
    columns = tuple(
        _column(name, column, one, faults) for column, one in said.get("columns", {}).items()
    )
    wide, day = _wide(name, said.get("wide", {}), where, faults)
    first = _first_month(said.get("wide", {}), where, faults)
    strange = {str(key) for row in said.get("rows", ()) for key in row} - {
        one.name for one in SPECS[name].columns
    }
    if strange:
        faults.append(f"{where} rows: {', '.join(sorted(strange))} is no column of the contract")
    if both := sorted({column.name for column in columns} & {column.name for _, column in wide}):
        faults.append(f"{where} gives {', '.join(both)} both in columns and in wide: leave one")
    if not columns and not said.get("rows"):
        faults.append(f"{where} needs columns or rows")
    return TableMap(
        name,
        _several(said.get("file")),
        _several(said.get("sheet")),
        said.get("query"),
        said.get("distinct") is True,
        tuple(said.get("rows", ())),
        columns,
        wide,
        day,
        first,
        _parent(said.get("parent"), where, faults),
        _values(said.get("values"), where, faults),
    )


def _several(said: str | list[str] | None) -> tuple[str, ...]:
    return () if said is None else (said,) if isinstance(said, str) else tuple(said)


def _wide(
    table: str, said: Settings, where: str, faults: list[str]
) -> tuple[tuple[tuple[str, ColumnMap], ...], int]:
    if not said:
        return (), 0
    unknown(said, {"day", "first_month", "columns"}, f"{where} wide", faults)
    named, day = said.get("columns", {}), said.get("day", 0)
    if not isinstance(named, Mapping) or not named:
        faults.append(f"{where} wide needs columns")
        return (), 0
    patterns = []
    for name, one in named.items():
        for single in (
            one
            if isinstance(one, list) and any(isinstance(part, Mapping) for part in one)
            else [one]
        ):
            column = _column(table, name, single, faults)
            patterns += [(header, column) for header in column.headers]
    dated_by_header = all("{DD}" in pattern for pattern, _ in patterns)
    if (
        SPECS[table].own_day not in named
        and not dated_by_header
        and not (is_whole(day) and 1 <= day <= 28)
    ):
        faults.append(
            f"{where} wide needs day = 1 to 28: the day of the month that its cells are given"
        )
    return tuple(patterns), day if is_whole(day) else 0


def _first_month(said: Settings, where: str, faults: list[str]) -> dt.date | None:
    """`first_month = "2025-04"`: the first of the months whose names stand without a year."""
    if "first_month" not in said:
        return None
    try:
        return dt.datetime.strptime(str(said["first_month"]), "%Y-%m").date()
    except ValueError:
        faults.append(f'{where} wide: first_month must be a month: first_month = "2025-04"')
        return None


def _parent(said: Settings | None, where: str, faults: list[str]) -> ParentSheet | None:
    if said is None:
        return None
    unknown(said, {"file", "sheet", "key", "by"}, f"{where} parent", faults)
    texts = all(isinstance(one, str) for one in said.values())
    if not texts or not {"key", "by"} <= set(said) or not ({"file", "sheet"} & set(said)):
        faults.append(
            f'{where} parent needs file or sheet, key = "…" (its column) and by = "…" (ours)'
        )
        return None
    return ParentSheet(said["key"], said["by"], said.get("file"), said.get("sheet"))


def _values(said: Settings | None, where: str, faults: list[str]) -> ValueRows | None:
    if said is None:
        return None
    unknown(said, {"name", "value", "by"}, f"{where} values", faults)
    by = _several(said.get("by")) if isinstance(said.get("by"), str | list) else ()
    if not (
        isinstance(said.get("name"), str)
        and isinstance(said.get("value"), str)
        and by
        and all(isinstance(one, str) for one in by)
    ):
        faults.append(
            f'{where} values needs name = "…", value = "…" and by = ["…"]: the headers of '
            "what a value is "
            "called, of the value, and of what belongs together"
        )
        return None
    return ValueRows(said["name"], said["value"], by)


def _column(table: str, name: str, said: object, faults: list[str]) -> ColumnMap:
    where = f"[tables.{table}] {name}"
    if isinstance(said, str) or is_texts(said):
        said = {"from": said}
    if name not in [column.name for column in SPECS[table].columns] or not isinstance(
        said, Mapping
    ):
        faults.append(f"{where} is no column of the contract")
        return ColumnMap(name)
    said = well_typed(said, KINDS, where, faults)
    if ("from" in said) + ("value" in said) + ("month_of" in said) != 1 and said.get(
        "date"
    ) != "made_up_epoch":
        faults.append(f"{where} needs one of from (a header), value and month_of")
    dates = _several(said.get("date"))
    _check_dates(dates, said, where, faults)
    kind = SPECS[table].column(name).kind
    if kind not in ("day", "month") and (
        useless := sorted({"date", "day", "age", "on", "month_of"} & set(said))
    ):
        faults.append(f"{where} is no date: {', '.join(useless)} means nothing here")
    _check_column(name, said, where, faults)
    missing = said.get("missing")
    return ColumnMap(
        name,
        _several(said.get("from")),
        None if "value" not in said else as_text(said["value"]),
        UNITS.get(name, {}).get(said.get("unit", ""), 1.0),
        {
            as_text(key).strip().lower(): as_text(code)
            for key, code in said.get("codes", {}).items()
        },
        dates,
        said.get("decimal", "."),
        said.get("personal") == "hash",
        None if missing is None else tuple(map(as_text, missing)),
        said.get("join"),
        said.get("month_of", ""),
        said.get("day", 0),
        said.get("age", ""),
        said.get("on", ""),
        said.get("unit", ""),
    )


def _check_dates(dates: tuple[str, ...], said: Settings, where: str, faults: list[str]) -> None:
    if "ask" in dates:
        faults.append(
            f'{where}: date = "ask" waits for your answer: "%d/%m/%Y" (day first), '
            '"%m/%d/%Y" (month first), '
            "or as the line's remark says"
        )
    elif not all(
        is_date_format(date) or ("day" in said and is_date_format(date, month_only=True))
        for date in dates
    ):
        faults.append(
            f"{where}: date is none of {', '.join(NAMED_FORMATS)}, nor a pattern with a day, "
            "a month and a "
            "year such as %d/%m/%Y, nor a list of these; a month alone (%m/%Y) needs day = "
            "15 beside it"
        )


def _check_column(name: str, said: Settings, where: str, faults: list[str]) -> None:
    if YEAR_ALONE in _several(said.get("date")) and name != "birth_date":
        faults.append(f"{where}: a year alone is a date of birth and of nothing else")
    units = UNITS.get(name, {})
    if "unit" in said and said["unit"] not in units:
        faults.append(f"{where}: unit {said['unit']} is none of {', '.join(units) or 'no units'}")
    for key, allowed in (
        ("personal", ("hash",)),
        ("decimal", (".", ",")),
        ("month_of", PLACES),
        ("age", AGE_UNITS),
    ):
        if key in said and said[key] not in allowed:
            extra = "; to drop a column leave it out" if key == "personal" else ""
            faults.append(f"{where}: {key} is one of {', '.join(allowed)}{extra}")
    if ("age" in said) != ("on" in said) or ("age" in said and name != "birth_date"):
        faults.append(
            f'{where}: age = "months" and on = "…" (the header of the visit\'s date) '
            "belong together, and to "
            "a birth_date"
        )
    if "month_of" in said and "day" not in said:
        faults.append(
            f"{where}: month_of needs day = 1 to 28: the day of the month that its rows are given"
        )
