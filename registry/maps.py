"""Maps: a TOML file in which a person says which column of an export is which of the contract's, in what unit.

Nothing is guessed here: a unit, a date's form, a code's translation or a made-up epoch is used only where declared.
All faults of a map are reported at once.
"""

from __future__ import annotations

import datetime as dt
import json
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from registry.contract import SPECS
from registry.errors import BadInput

UNITS = {
    "weight_kg": {"kg": 1.0, "g": 0.001}, "birth_weight_kg": {"kg": 1.0, "g": 0.001},
    "height_cm": {"cm": 1.0, "m": 100.0, "mm": 0.1}, "muac_mm": {"mm": 1.0, "cm": 10.0},
}
"""What one of a declared unit is in the contract's."""
MONTHS = {
    name: number
    for number, names in enumerate((
        "january jan जनवरी जानेवारी", "february feb फरवरी फ़रवरी फेब्रुवारी", "march mar मार्च", "april apr अप्रैल एप्रिल",
        "may मई मे", "june jun जून", "july jul जुलाई जुलै", "august aug अगस्त ऑगस्ट",
        "september sept sep सितंबर सितम्बर सप्टेंबर", "october oct अक्टूबर अक्तूबर ऑक्टोबर",
        "november nov नवंबर नवम्बर नोव्हेंबर", "december dec दिसंबर दिसम्बर डिसेंबर"), 1)
    for name in unicodedata.normalize("NFC", names).split()
}
"""Names of months in headers: English, Hindi, Marathi."""
DATE_FORMS = ("iso", "excel_1900", "made_up_epoch", "days_after_made_up_epoch")
"""Beside these, a date's form may be any pattern with %d, %m (or %b, %B) and %Y (or %y); of a list, the first that
fits a cell reads it."""
SETTINGS = {"from", "value", "unit", "codes", "date", "decimal", "personal"}
TABLE_SETTINGS = {"file", "sheet", "query", "distinct", "rows", "columns", "wide"}


@dataclass(frozen=True)
class ColumnMap:
    """Where one column of the contract comes from; `headers` are tried in turn, `value` is the same for every row."""

    name: str
    headers: tuple[str, ...] = ()
    value: str | None = None
    factor: float = 1.0
    codes: Mapping[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] = ("iso",)
    decimal: str = "."
    hashed: bool = False


@dataclass(frozen=True)
class TableMap:
    """Where one table comes from: a file, sheet or query, its columns, and columns that stand once for each month.

    `distinct` keeps one of equal rows (a child's row repeated at each visit); `wide` gives patterns of headers such as
    `weight_{YYYY}_{MM}`, and `wide_day` the day of the month that such a cell is given.
    """

    name: str
    file: str | None = None
    sheet: str | None = None
    query: str | None = None
    distinct: bool = False
    rows: tuple[Mapping[str, object], ...] = ()
    columns: tuple[ColumnMap, ...] = ()
    wide: tuple[tuple[str, ColumnMap], ...] = ()
    wide_day: int = 0


@dataclass(frozen=True)
class Map:
    """A whole map; `text` is what it was read from, for the import's checksum."""

    tables: tuple[TableMap, ...]
    made_up_epoch: dt.date | None = None
    text: str = ""


def read_map(source: str | Path | Mapping) -> Map:
    """Read and check a map; raises BadInput with all its faults."""
    said, text = _loaded(source)
    faults: list[str] = []
    _unknown(said, {"tables", "made_up_epoch"}, "the map", faults)
    epoch = said.get("made_up_epoch")
    if epoch is not None and not isinstance(epoch, dt.date):
        faults.append('made_up_epoch must be a date: made_up_epoch = 2000-01-01')
    tables = tuple(_table(name, settings, faults) for name, settings in dict(said.get("tables", {})).items())
    if not tables:
        faults.append("it has no [tables.…]")
    dates = [date for table in tables for column in table.columns for date in column.dates]
    if epoch is None and any("made_up_epoch" in date for date in dates):
        faults.append("it uses a made-up epoch without declaring one: made_up_epoch = 2000-01-01")
    if faults:
        raise BadInput("REG006", "the map does not fit: " + "; ".join(faults), faults=faults)
    return Map(tables, epoch, text)


def _loaded(source: str | Path | Mapping) -> tuple[Mapping, str]:
    if isinstance(source, Mapping):
        return source, json.dumps(source, default=str, sort_keys=True)
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
    _unknown(settings, TABLE_SETTINGS, where, faults)
    columns = tuple(_column(name, column, said, faults) for column, said in dict(settings.get("columns", {})).items())
    wide = settings.get("wide", {})
    patterns = tuple((_pattern(said), _column(name, column, said, faults))
                     for column, said in dict(wide.get("columns", {})).items())
    day = wide.get("day", 0)
    if patterns and not (isinstance(day, int) and 1 <= day <= 28):
        faults.append(f"{where} wide needs day = 1 to 28: the day of the month that its cells are given")
    if not columns and not settings.get("rows"):
        faults.append(f"{where} needs columns or rows")
    texts = {key: settings.get(key) for key in ("file", "sheet", "query")}
    return TableMap(name, **texts, distinct=settings.get("distinct") is True, rows=tuple(settings.get("rows", ())),
                    columns=columns, wide=patterns, wide_day=day if isinstance(day, int) else 0)


def _pattern(said: object) -> str:
    header = said.get("from", "") if isinstance(said, Mapping) else said
    return str(header)


def _column(table: str, name: str, said: object, faults: list[str]) -> ColumnMap:
    where = f"[tables.{table}] {name}"
    said = {"from": said} if isinstance(said, str | list) else said
    if name not in [column.name for column in SPECS[table].columns] or not isinstance(said, Mapping):
        faults.append(f"{where} is no column of the contract")
        return ColumnMap(name)
    _unknown(said, SETTINGS, where, faults)
    if ("from" in said) == ("value" in said) and said.get("date") != "made_up_epoch":
        faults.append(f"{where} needs either from (a header) or value")
    headers = said.get("from", ())
    dates = said.get("date", "iso")
    dates = tuple(map(str, dates)) if isinstance(dates, list) else (str(dates),)
    if not all(date in DATE_FORMS or ("%d" in date and ("%Y" in date or "%y" in date)) for date in dates):
        faults.append(f"{where}: date is none of {', '.join(DATE_FORMS)}, nor a pattern such as %d/%m/%Y, nor a list "
                      "of these")
    if said.get("personal", "hash") != "hash":
        faults.append(f'{where}: personal = "hash" is all there is; to drop a column leave it out')
    return ColumnMap(
        name, (headers,) if isinstance(headers, str) else tuple(headers),
        None if "value" not in said else str(said["value"]), _factor(name, said, where, faults),
        {str(key).strip().lower(): str(code) for key, code in dict(said.get("codes", {})).items()}, dates,
        str(said.get("decimal", ".")), said.get("personal") == "hash",
    )


def _factor(name: str, said: Mapping, where: str, faults: list[str]) -> float:
    if "unit" not in said:
        return 1.0
    units = UNITS.get(name, {})
    if said["unit"] not in units:
        faults.append(f"{where}: unit {said['unit']} is none of {', '.join(units) or 'no units'}")
    return units.get(said["unit"], 1.0)


def _unknown(said: Mapping, known: set[str], where: str, faults: list[str]) -> None:
    if strange := sorted(set(said) - known):
        faults.append(f"{where} has unknown settings {', '.join(strange)}; known are {', '.join(sorted(known))}")
