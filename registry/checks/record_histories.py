"""One table of histories of a few children: its rows read together, judged, and sorted by child and
own day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from operator import ge, gt, lt
from typing import Any

import numpy as np

from registry.checks.record_cells import Values, read_rows
from registry.contract import tables
from registry.contract.days import LAST_DAY_UNDER_FIVE, NEVER
from registry.contract.keys import key_numbers, repeats
from registry.contract.registry import OWN_DAY
from registry.contract.tables import SPECS

Columns = dict[str, Values]
Wrong = dict[int, tuple[str, str]]
"""By row the first rule that it broke, as (column, code)."""


@dataclass(slots=True)
class HistoryRows:
    """The kept rows' columns, `child` among them, those that nobody has left out; and the other
    rows as (child, row from 1, column, code), in the order in which people read them."""

    columns: Columns
    faults: list[tuple[int, int, str, str]]


def read_history(
    name: str, children: Sequence[Mapping[str, Any]], born: Mapping[int, int], today: int
) -> HistoryRows | None:
    """One table of the kept children, whose birth dates by position are `born`; None where nobody
    has a row."""
    owners = [at for at in born if children[at].get(name)]
    if not owners:
        return None
    each = [children[at][name] for at in owners]
    columns, wrong = read_rows(name, list(chain.from_iterable(each)), today)
    child = columns["child"] = _spread(owners, each)
    _check(name, columns, _spread([born[at] for at in owners], each), wrong)
    rows, repeated, conflicting = _in_order(name, columns, wrong)
    faults = []
    if wrong or repeated or conflicting:
        said = [(at, *wrong[at]) for at in sorted(wrong)] + _said(name, repeated, conflicting)
        faults = [
            (child[at], at - child.index(child[at]) + 1, column, code) for at, column, code in said
        ]
    return HistoryRows(columns if rows is None else taken(columns, rows), faults)


def _spread(values: list[int], each: list[Sequence[object]]) -> list[int]:
    """Each value once for every row."""
    return list(
        chain.from_iterable([value] * len(rows) for value, rows in zip(values, each, strict=True))
    )


def _said(name: str, repeated: list[int], conflicting: list[int]) -> list[tuple[int, str, str]]:
    key = SPECS[name].key[0]
    column = key if name == "episodes" else OWN_DAY[name]
    return [(at, key, "REG040") for at in repeated] + [(at, column, "REG041") for at in conflicting]


def taken(columns: Columns, rows: list[int]) -> Columns:
    """These rows of all columns, in this order."""
    return {name: [values[at] for at in rows] for name, values in columns.items()}


def _check(name: str, columns: Columns, born: list[int], wrong: Wrong) -> None:
    """Days and numbers of a row against each other and against the birth date."""
    own = columns.get(OWN_DAY[name])
    if own is None:
        return
    # A month is its first day: a child born on the 20th may attend in that month.
    refuse(
        wrong,
        map(lt, own, [day - 30 for day in born] if name == "attendance" else born),
        OWN_DAY[name],
        "REG031",
    )
    if name == "measurements":
        for column, (most, code) in tables.MOST_UNDER_FIVE.items():
            if column in columns and True in map(gt, columns[column], repeat(most)):
                over = zip(columns[column], own, born, strict=True)
                refuse(
                    wrong,
                    (
                        value > most and day - birth <= LAST_DAY_UNDER_FIVE
                        for value, day, birth in over
                    ),
                    column,
                    code,
                )
        refuse(wrong, _nothing_measured(columns, len(own)), tables.MEASURED[0], "REG036")
    elif name == "episodes" and "closed_on" in columns:
        refuse(wrong, map(lt, columns["closed_on"], own), "closed_on", "REG033")
    elif name == "attendance" and "attended_days" in columns and "open_days" in columns:
        refuse(
            wrong,
            map(gt, columns["attended_days"], columns["open_days"]),
            "attended_days",
            "REG035",
        )


def _nothing_measured(columns: Columns, rows: int) -> list[bool]:
    """Rows in which no column of a measurement holds anything: NaN, and -1 of a colour."""
    said = [columns[name] for name in tables.MEASURED if name in columns]
    return (
        [all(value != value or value == -1 for value in row) for row in zip(*said, strict=True)]
        if said
        else [True] * rows
    )


def refuse(wrong: Wrong, rows: Iterable[bool], column: str, code: str) -> None:
    """Give these rows (a truth for each) this code, unless an earlier rule has them
    already."""
    rows = list(rows)
    if True in rows:
        for at, broken in enumerate(rows):
            if broken:
                wrong.setdefault(at, (column, code))


def _in_order(
    name: str, columns: Columns, wrong: Wrong
) -> tuple[list[int] | None, list[int], list[int]]:
    """The kept rows by child and own day (None: all of them as they came), exact repeats, and rows
    in conflict."""
    child = columns["child"]
    rows = [at for at in range(len(child)) if at not in wrong] if wrong else None
    if rows == []:
        return rows, [], []
    if name != "episodes" or _own_ids(columns):
        day = columns[OWN_DAY[name]]
        day = (
            day
            if child[0] == child[-1]
            else [whose * 2**32 + own for whose, own in zip(child, day, strict=True)]
        )
        if rows is None and _ascends(day):
            return None, [], []
        order = sorted(range(len(child)) if rows is None else rows, key=day.__getitem__)
        if _ascends([day[at] for at in order]):
            return order, [], []
    return _without_repeats(name, columns, wrong)


def _ascends(numbers: list[int]) -> bool:
    return True not in map(ge, numbers, numbers[1:])


def _own_ids(columns: Columns) -> bool:
    """Has every row an episode's id that no other row of its child has, or none?"""
    if "episode" not in columns:
        return True
    named = [pair for pair in zip(columns["child"], columns["episode"], strict=True) if pair[1]]
    return len(set(named)) == len(named)


def _without_repeats(
    name: str, columns: Columns, wrong: Wrong
) -> tuple[list[int], list[int], list[int]]:
    kept = np.ones(len(columns["child"]), bool)
    kept[list(wrong)] = False
    numbers = {
        column: np.array(_ranks(values) if type(values[0]) is str else values, np.float64)
        for column, values in columns.items()
    }
    nothing = np.full(len(kept), -1.0)
    key = [numbers.get(tables.TEXTS.get(column, column), nothing) for column in SPECS[name].key]
    if name == "episodes":
        # A child whose episodes have no ids, or not all, has one for each day of admission.
        unnamed = np.unique(numbers["child"][kept & (key[0] < 0)])
        key = [
            numbers["child"],
            *key,
            np.where(np.isin(numbers["child"], unnamed), numbers["admitted_on"], NEVER),
        ]
    repeated, conflicting = repeats(key_numbers(key), list(numbers.values()), among=kept)
    rows = np.flatnonzero(kept & ~repeated & ~conflicting)
    order = np.lexsort(
        [column[rows] for column in reversed([numbers["child"], numbers[OWN_DAY[name]], *key])]
    )
    return (
        rows[order].tolist(),
        np.flatnonzero(repeated).tolist(),
        np.flatnonzero(conflicting).tolist(),
    )


def _ranks(texts: list[str]) -> list[int]:
    """Places in the sorted different texts; -1 of the empty."""
    rank = {text: at for at, text in enumerate(sorted(set(texts) - {""}))} | {"": -1}
    return [rank[text] for text in texts]
