"""Birth dates found from ages: each child's windows cut down to the days that all its visits
allow."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.cells import Parsed, encode
from registry.checks.checked_table import TextsSoFar
from registry.contract.arrays import Ints
from registry.contract.days import day_date, day_number
from registry.contract.tables import MOST_UNCERTAIN_DAYS

UNCERTAIN = "birth_date_uncertain_days"
"""The column that keeps by how many days a birth date out of a month or an age may be off."""
_WINDOW = re.compile(r"(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)", re.ASCII)
_NONE, _ANY = -1, 10**6


class BirthWindows:
    """The windows of all children, in two readings of the rows: looked at piece by piece (`look`),
    then narrowed (`narrowed`).

    column: the one that holds days `earliest/latest`; ids stand in `child_id`.
    """

    def __init__(self, column: str):
        self._column = column
        self._ids = TextsSoFar()
        # By child, the last one of those without an id.
        self._low, self._high = np.full(1, _NONE), np.full(1, _ANY)

    def look(self, data: pa.Table) -> None:
        """Some rows more."""
        child = self._children(data)
        more = len(self._ids) + 1 - len(self._low)
        self._low = np.insert(self._low, -1, np.full(more, _NONE))
        self._high = np.insert(self._high, -1, np.full(more, _ANY))
        first, last = _bounds_of(encode(_whole(data, self._column)))
        known = first >= 0
        np.maximum.at(self._low, child[known], first[known])
        np.minimum.at(self._high, child[known], last[known])

    def note(self) -> str:
        """How far off the dates may be."""
        wide = (self._high - self._low)[(self._low >= 0) & (self._high >= self._low)]
        widest = int(wide.max(initial=0) + 1) // 2
        return (
            f"{self._column}: found from ages at visits, up to {widest} days off, as WAZ and HAZ "
            "then are"
        )

    def narrowed(self, data: pa.Table) -> pa.Table:
        """Rows with the middle of the days that all visits of their child allow. Where no day fits
        all of them the rows stay different, and are a conflict (REG041)."""
        column, child = self._column, self._children(data)
        windows = encode(_whole(data, column))
        first, last = _bounds_of(windows)
        known = first >= 0
        low, high = self._low[child], self._high[child]
        fits = low <= high
        middle = np.where(fits, (low + high) // 2, (first + last) // 2)
        days, back = np.unique(middle[known], return_inverse=True)
        texts = np.full(len(known), None, object)
        texts[known] = np.array([str(day_date(day)) for day in days], object)[back]
        place = _places(windows)
        unread = ~known & (place >= 0)
        said = windows.dictionary.take(pa.array(place[unread]))
        texts[unread] = said.to_numpy(zero_copy_only=False)
        at = data.column_names.index(column)
        data = data.set_column(at, column, pa.array(texts, pa.string()))
        if column != "birth_date" or UNCERTAIN in data.column_names:
            return data
        half = np.where(fits, high - low + 1, last - first + 1) // 2
        # Two windows without a common day are a conflict; half a year is what the contract takes.
        off = np.where(known & (half > 0), np.minimum(half, MOST_UNCERTAIN_DAYS), -1)
        return data.append_column(UNCERTAIN, pa.array(off, mask=off < 0).cast(pa.string()))

    def _children(self, data: pa.Table) -> Ints:
        """The child of each row; -1 without an id."""
        ids = encode(_whole(data, "child_id"))
        place = _places(ids)
        texts = ids.dictionary.to_numpy(zero_copy_only=False)
        return self._ids.add(Parsed(place, place < 0, None, texts)).astype(np.int64)


def _bounds_of(windows: pa.DictionaryArray) -> tuple[Ints, Ints]:
    """The first and the last day of each row's window; -1 without one."""
    each = [_bounds(text) for text in windows.dictionary.to_pylist()]
    bounds = np.array([*each, (-1, -1)]).reshape(-1, 2)
    first, last = bounds[_places(windows)].T
    return first, last


def _bounds(window: str) -> tuple[int, int]:
    found = _WINDOW.fullmatch(window)
    return (day_number(found[1]), day_number(found[2])) if found else (-1, -1)


def _places(cells: pa.DictionaryArray) -> Ints:
    places: Ints = pc.fill_null(cells.indices.cast(pa.int64()), -1).to_numpy()
    return places


def _whole(data: pa.Table, name: str) -> pa.Array:
    return data[name].combine_chunks()
