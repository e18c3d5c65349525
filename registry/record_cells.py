"""One row's cells to values, for records that come a few at a time: the same readings as `registry.cells`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from registry import contract
from registry.cells import BAD, MISSING, read_day, read_month, read_number, read_text, read_truth, reader
from registry.contract import SPECS, Column
from registry.tables import NEVER, day_number

_EMPTY = {"number": float("nan"), "truth": float("nan"), "day": int(NEVER), "month": int(NEVER), "code": -1, "id": "",
          "text": ""}
_cached_day, _cached_month = lru_cache(65536)(read_day), lru_cache(4096)(read_month)
HISTORY = ("measurements", "episodes", "checks", "rations", "attendance", "visits")


def read_row(name: str, record: Mapping[str, object], today: int) -> tuple[list, tuple[str, str] | None]:
    """The cells in the contract's order, and the first rule broken as (column, code)."""
    empty, readers, required = PLANS[name]
    cells, wrong = empty[:], None
    for column, cell in record.items():
        if cell is None or column not in readers:
            continue
        at, read = readers[column]
        value = read(cell, today)
        if type(value) is Fault:
            if wrong is None or at < wrong[0]:
                wrong = at, column, value.code
        elif value is not MISSING:
            cells[at] = value
    for at, column, code in required:
        if cells[at] is empty[at] and (wrong is None or at < wrong[0]):
            wrong = at, column, code
    return cells, wrong and wrong[1:]


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell that cannot be right, by its rule."""

    code: str


_FUTURE, _EARLY, _NO_DAY, _NO_MONTH = Fault("REG030"), Fault("REG032"), Fault("REG021"), Fault("REG022")
_NO_TRUTH, _NO_TEXT = Fault("REG024"), Fault("REG025")


def _number_reader(column: Column) -> Callable[[object, int], object]:
    low, high, whole = column.low, column.high, column.whole
    outside, unreadable = Fault(column.rule), Fault(column.rule if column.whole else "REG020")

    def read(cell: object, _today: int) -> object:
        kind = type(cell)
        value = cell if kind is float or kind is int else read_number(cell) if kind is str else BAD
        if value is BAD or value is MISSING:
            return unreadable if value is BAD else value
        if low <= value <= high and not (whole and value != int(value)):
            return value
        return MISSING if value != value else outside

    return read


def _day(cell: object, today: int) -> object:
    if type(cell) is str:
        value = _cached_day(cell) if len(cell) < 40 else BAD
    else:
        value = day_number(dt.date(cell.year, cell.month, cell.day)) if isinstance(cell, dt.date) else BAD
    return _dated(value, today, _NO_DAY)


def _month(cell: object, today: int) -> object:
    text = cell.isoformat()[:10] if isinstance(cell, dt.date) else cell
    return _dated(_cached_month(text) if type(text) is str and len(text) < 40 else BAD, today, _NO_MONTH)


def _dated(value: object, today: int, unreadable: Fault) -> object:
    if value is BAD or value is MISSING:
        return unreadable if value is BAD else value
    if value > today:
        return _FUTURE
    return value if value >= contract.EARLIEST else _EARLY


def _truth(cell: object, _today: int) -> object:
    if type(cell) is str:
        value = read_truth(cell)
        return _NO_TRUTH if value is BAD else value
    if isinstance(cell, bool | int | float):
        return MISSING if cell != cell else float(cell) if cell in (0, 1) else _NO_TRUTH
    return _NO_TRUTH


def _text(cell: object, _today: int) -> object:
    text = read_text(cell) if type(cell) is str else str(cell) if type(cell) is int else BAD
    return _NO_TEXT if text is BAD else MISSING if text.lower() in contract.MISSING_IDS else text


def _code_reader(column: Column) -> Callable[[object, int], object]:
    read, unreadable = lru_cache(256)(reader(column)), Fault("REG023")

    def read_code(cell: object, _today: int) -> object:
        value = read(cell) if type(cell) is str and len(cell) < 40 else BAD
        return unreadable if value is BAD else value

    return read_code


_READ = {"day": _day, "month": _month, "truth": _truth, "id": _text, "text": _text}
_OPTIONAL = {("children", "centre_id"), ("episodes", "episode_id")}
"""Ids that the store needs and a single child's records do not."""


def _plan(name: str) -> tuple[list, dict, tuple]:
    """A row of empty cells; place and reader by column; place, name and code of what may not be empty."""
    columns = [column for column in SPECS[name].columns if name == "children" or column.name != "child_id"]
    readers = {column.name: (at, _reader(column)) for at, column in enumerate(columns)}
    required = tuple((at, column.name, code) for at, column in enumerate(columns) if (code := _needed(name, column)))
    return [_EMPTY[column.kind] for column in columns], readers, required


def _reader(column: Column) -> Callable[[object, int], object]:
    if column.kind in ("number", "code"):
        return _number_reader(column) if column.kind == "number" else _code_reader(column)
    return _READ[column.kind]


def _needed(name: str, column: Column) -> str:
    """The code of this column's empty cell; nothing where it may be empty."""
    if not column.required or (name, column.name) in _OPTIONAL:
        return ""
    return "REG010" if column.kind == "id" else "REG011"


PLANS = {name: _plan(name) for name in ("children", *HISTORY)}
PLACES = {
    name: {contract.TEXTS.get(column, column): at for column, (at, _) in plan[1].items()} | {"child": len(plan[0])}
    for name, plan in PLANS.items()
}
"""Where each column stands in a row of `rows`."""
