"""A column of a few children's records, as the API brings them, to values: the same readings as
`registry.checks.cells`.

A column that holds only what JSON and the contract call for (numbers, ISO dates, the codes as
written) is taken over whole; any other is read cell by cell. Values are Python's, in lists: for
thirty rows, arrays would cost more to start than lists to walk through.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from math import nan
from operator import itemgetter, ne
from typing import Any, NamedTuple

from registry.checks.cells import (
    BAD,
    MISSING,
    CellReader,
    NoValue,
    read_day,
    read_id,
    read_month,
    read_number,
    read_text,
    read_truth,
    reader,
    why_bad,
)
from registry.contract import tables
from registry.contract.days import NEVER, day_number
from registry.contract.tables import SPECS, ColumnSpec

Faults = dict[int, str]
"""The code of each cell that cannot be right, by its row."""
Cells = list[Any]
"""Cells of one column as they came."""
Values = list[Any]
"""One column's values: floats, day numbers, codes or texts."""
Reader = Callable[[Cells, int], tuple[Values, Faults]]
"""Cells of one column, and today's number, to values and faults."""


class Fault:
    """A cell that cannot be right, by its rule."""

    __slots__ = ("code",)

    def __init__(self, code: str):
        self.code = code


_Read = float | str | NoValue | Fault
_OneReader = Callable[[Any, int], _Read]
"""One cell, and today's number, to its value."""
_Seen = dict[Any, int]
"""Day numbers by the cells that say them."""
_DayReader = Callable[[_Seen, Any, int], _Read]

_PLAIN_NUMBERS, _PLAIN_TEXTS = {float, int, type(None)}, {str, type(None)}
_LONGEST = 40
"""Characters beyond which a cell is no date and no code; it is not worth reading, nor remembering.
"""
_NEVER = int(NEVER)


class _Bounds(NamedTuple):
    """The bounds of a column of numbers, inclusive, and the code of a number beyond them."""

    low: float
    high: float
    whole: bool
    rule: str


def _numbers(bounds: _Bounds, needed: str, cells: Cells, today: int) -> tuple[Values, Faults]:
    """Numbers within the column's bounds; NaN where missing."""
    if set(map(type, cells)) <= _PLAIN_NUMBERS:
        said = [cell for cell in cells if cell is not None] if None in cells else cells
        if _within(bounds, said) and not (
            needed and (len(said) < len(cells) or True in map(ne, said, said))
        ):
            return (
                cells if said is cells else [nan if cell is None else cell for cell in cells]
            ), {}
    return _one_by_one(partial(_number, bounds), nan, needed, cells, today)


def _within(bounds: _Bounds, said: Cells) -> bool:
    """Surely all right? A NaN in front may say no where it is yes, never the other way."""
    if bounds.whole and not set(said) <= set(range(int(bounds.low), int(bounds.high) + 1)):
        return False
    return not said or bool(bounds.low <= min(said) and max(said) <= bounds.high)


def _days(
    seen: _Seen, read: _DayReader, needed: str, cells: Cells, today: int
) -> tuple[Values, Faults]:
    """Day numbers up to today; NEVER where missing. `seen` remembers plain dates: there are few
    different ones."""
    values = _looked_up(seen, cells)
    if values and (
        max(values) <= today or not (needed or {day for day in values if day > today} - {_NEVER})
    ):
        return values, {}
    return _one_by_one(partial(read, seen), _NEVER, needed, cells, today)


def _known(
    values_of: Mapping[Any, float],
    empty: object,
    read: _OneReader,
    needed: str,
    cells: Cells,
    today: int,
) -> tuple[Values, Faults]:
    """Cells that have a known value: codes to positions (-1 where missing), truths to 1.0 and 0.0
    (NaN)."""
    values = _looked_up(values_of, cells)
    if values and not (needed and empty in values):
        return values, {}
    return _one_by_one(read, empty, needed, cells, today)


def _looked_up(known: Mapping[Any, object], cells: Cells) -> Values:
    """The known value of each cell; nothing where one has none."""
    try:
        values = list(map(known.get, cells))
    except TypeError:
        return []
    return [] if None in values else values


def _texts(kind: str, needed: str, cells: Cells, today: int) -> tuple[Values, Faults]:
    """Texts without outer spaces; empty where missing. Each different text is read once."""
    if set(map(type, cells)) <= _PLAIN_TEXTS:
        read = {cell: MISSING if cell is None else _text(kind, cell, today) for cell in set(cells)}
        if all(type(value) is str or (value is MISSING and not needed) for value in read.values()):
            return ["" if read[cell] is MISSING else read[cell] for cell in cells], {}
    return _one_by_one(partial(_text, kind), "", needed, cells, today)


def _one_by_one(
    read: _OneReader, empty: object, needed: str, cells: Cells, today: int
) -> tuple[Values, Faults]:
    values: Values = [empty] * len(cells)
    faults: Faults = {}
    for at, cell in enumerate(cells):
        value = MISSING if cell is None else read(cell, today)
        if type(value) is Fault:
            faults[at] = (type(cell) is str and why_bad(cell[:_LONGEST], "")) or value.code
        elif value is not MISSING:
            values[at] = value
        elif needed:
            faults[at] = needed
    return values, faults


_FUTURE, _EARLY, _NO_DAY, _NO_MONTH = (
    Fault("REG030"),
    Fault("REG032"),
    Fault("REG021"),
    Fault("REG022"),
)
_NO_TRUTH, _NO_TEXT, _NO_CODE = Fault("REG024"), Fault("REG025"), Fault("REG023")


def _number(bounds: _Bounds, cell: Any, _today: int) -> _Read:
    kind = type(cell)
    value: float | NoValue = (
        cell if kind is float or kind is int else read_number(cell) if kind is str else BAD
    )
    if value is BAD:
        return Fault(bounds.rule if bounds.whole else "REG020")
    if value is MISSING or value != value:
        return MISSING
    good = bounds.low <= value <= bounds.high and not (bounds.whole and value != int(value))
    return value if good else Fault(bounds.rule)


def _day(seen: _Seen, cell: Any, today: int) -> _Read:
    if type(cell) is str:
        value = read_day(cell) if len(cell) < _LONGEST else BAD
    else:
        value = (
            day_number(dt.date(cell.year, cell.month, cell.day))
            if isinstance(cell, dt.date)
            else BAD
        )
    return _remembered(seen, cell, len("2026-03-14"), _dated(value, today, _NO_DAY))


def _month(seen: _Seen, cell: Any, today: int) -> _Read:
    text = cell.isoformat()[:10] if isinstance(cell, dt.date) else cell
    value = read_month(text) if type(text) is str and len(text) < _LONGEST else BAD
    return _remembered(seen, cell, len("2026-03"), _dated(value, today, _NO_MONTH))


def _remembered(seen: _Seen, cell: object, length: int, value: _Read) -> _Read:
    """Plain ISO texts alone are remembered: at most as many as there are days since 1950."""
    if type(value) is int and type(cell) is str and len(cell) == length and cell.isascii():
        seen[cell] = value
    return value


def _dated(value: int | NoValue, today: int, unreadable: Fault) -> _Read:
    if value is BAD or value is MISSING:
        return unreadable if value is BAD else value
    if value > today:
        return _FUTURE
    return value if value >= tables.EARLIEST else _EARLY


def _truth(cell: Any, _today: int) -> _Read:
    if type(cell) is str:
        value = read_truth(cell)
        return _NO_TRUTH if value is BAD else value
    if isinstance(cell, bool | int | float):
        return MISSING if cell != cell else float(cell) if cell in (0, 1) else _NO_TRUTH
    return _NO_TRUTH


def _text(kind: str, cell: Any, _today: int) -> _Read:
    read = read_id if kind == "id" else read_text
    text = read(cell) if type(cell) is str else str(cell) if type(cell) is int else BAD
    if text is BAD:
        return Fault(why_bad(cell, kind)) if type(cell) is str and why_bad(cell, kind) else _NO_TEXT
    return MISSING if text.lower() in tables.MISSING_IDS else text


def _code(read: CellReader, cell: Any, _today: int) -> _Read:
    value = read(cell) if type(cell) is str and len(cell) < _LONGEST else BAD
    return _NO_CODE if value is BAD else value


def _bounds(column: ColumnSpec) -> _Bounds:
    if column.low is None or column.high is None:
        raise ValueError(f"{column.name} is a number without bounds")
    return _Bounds(column.low, column.high, column.whole, column.rule)


def _reader(column: ColumnSpec, needed: str) -> Reader:
    if column.kind == "number":
        return partial(_numbers, _bounds(column), needed)
    if column.kind == "code":
        known = {None: -1, "": -1} | {code: at for at, code in enumerate(column.codes)}
        return partial(_known, known, -1, partial(_code, lru_cache(256)(reader(column))), needed)
    if column.kind == "truth":
        return partial(_known, {None: nan, True: 1.0, False: 0.0}, nan, _truth, needed)
    if column.kind in ("id", "text"):
        return partial(_texts, column.kind, needed)
    return partial(
        _days, {None: _NEVER, "": _NEVER}, _day if column.kind == "day" else _month, needed
    )


_OPTIONAL = {("children", "centre_id"), ("episodes", "episode_id")}
"""Ids that the store needs and a single child's records do not."""


def _needed(name: str, column: ColumnSpec) -> str:
    """The code of this column's empty cell; nothing where it may be empty."""
    if not column.required or (name, column.name) in _OPTIONAL:
        return ""
    return "REG010" if column.kind == "id" else "REG011"


HISTORY = ("measurements", "episodes", "checks", "rations", "attendance", "visits")
_PLANS = {
    name: tuple(
        (
            column.name,
            tables.TEXTS.get(column.name, column.name),
            itemgetter(column.name),
            _reader(column, _needed(name, column)),
            _needed(name, column),
        )
        for column in SPECS[name].columns
        if name == "children" or column.name != "child_id"
    )
    for name in ("children", *HISTORY)
}
"""By table, in order: a column's name, its name in the registry, how its cells are got and read,
its empty cell's code where it may not be empty."""


def read_rows(
    name: str, records: Sequence[Mapping[str, Any]], today: int
) -> tuple[dict[str, Values], dict[int, tuple[str, str]]]:
    """The columns that any record has, and by row the first rule broken as (column, code)."""
    present: set[str] = set().union(*records)
    columns: dict[str, Values] = {}
    wrong: dict[int, tuple[str, str]] = {}
    for said, column, get, read, needed in _PLANS[name]:
        if said in present:
            columns[column], faults = read(_cells(records, said, get), today)
        elif needed:
            faults = dict.fromkeys(range(len(records)), needed)
        else:
            continue
        if faults:
            for at, code in faults.items():
                wrong.setdefault(at, (said, code))
    return columns, wrong


def _cells(
    records: Sequence[Mapping[str, Any]], name: str, get: Callable[[Mapping[str, Any]], Any]
) -> Cells:
    try:
        return list(map(get, records))
    except KeyError:
        return [record.get(name) for record in records]
