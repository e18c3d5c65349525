"""Rows as links say whose they are: a version of a row divides into the days on which it was its
own id's and those on which it was read as another child's.

Pure functions of stored columns and links: no row is moved or deleted in the store, so that a
question about a day before a link, or after its end, has the answer that it had.

Example: a weight of the id `usha-2`, known from 1 March; linked to `usha` on 10 June, undone on 1
August. Read as `usha-2`'s from 1 March to 9 June, as `usha`'s from 10 June to 31 July, and as
`usha-2`'s again from 1 August.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from registry.contract.arrays import AnyArray, Days, Flags, Ints
from registry.contract.keys import key_numbers
from registry.contract.registry import OF_CENTRES, OWN_DAY
from registry.contract.versions import EVER
from registry.store.links.known_links import KnownLinks, positions_of

SAME_EVENT = {
    "checks": ("checked_on",),
    "rations": ("issued_on", "item"),
    "attendance": ("month",),
    "visits": ("visited_on",),
}
"""What makes two ids' rows of one child the same event, written down twice: the child's own counts
(the contract's keys)."""
MEASURED = ("weight_kg", "height_cm", "muac_mm", "oedema")
SAME_STAY_DAYS = 7
"""Two admissions of one child to one programme so many days apart at most are one stay: registers
are kept up once a week (chosen)."""

Columns = dict[str, AnyArray]


def linked(name: str, columns: Columns, links: KnownLinks) -> Columns:
    """A table's stored versions as the links have them. `child` holds numbers of the store; rows
    keep their order, those that changed hands come last, by the decision that moved them.

    `moved` (bool, of tables with an own day) marks the versions that begin because of a link and
    not because a record came in (`registry.contract.versions.told_anew`).
    """
    if name in OF_CENTRES or not links:
        return columns
    touched = links.touched(columns["child"])
    if not touched.any():
        return columns
    columns = columns | {"came_in": columns["known_from"]}
    pieces = _divided(columns, np.flatnonzero(touched), links)
    mine = pieces.by < 0
    own = _stacked(_taken(columns, ~touched), pieces.of(columns, mine))
    if name not in OWN_DAY:
        # The child that goes on has its own row; the other is no child of its own meanwhile.
        return {column: values for column, values in own.items() if column != "came_in"}
    moved = pieces.of(columns, ~mine)
    # What was brought on the day of the link tells of the past.
    with_link = moved["came_in"] <= _days_of(links, pieces.by[~mine])
    brought = np.isin(columns["child"][pieces.row[~mine]], links.brought)
    moved["came_in"] = np.where(brought & with_link, EVER, moved["came_in"])
    rows = _stacked(own, _told_once(name, own, moved, pieces.by[~mine]))
    return rows | {"moved": rows["known_from"] != rows.pop("came_in")}


def _days_of(links: KnownLinks, no: Days) -> Days:
    """From when the links of these decisions hold."""
    order = np.argsort(links.no)
    return links.known_from[order][np.searchsorted(links.no[order], no)]


@dataclass(frozen=True)
class _Pieces:
    """Parts of versions: their rows, whose they are, from when until when, and the number of the
    decision that moved them (-1: none)."""

    row: Ints
    owner: Days
    start: Days
    end: Days
    by: Days

    def take(self, at: Ints | Flags) -> _Pieces:
        return _Pieces(self.row[at], self.owner[at], self.start[at], self.end[at], self.by[at])

    def of(self, columns: Columns, at: Flags) -> Columns:
        """The rows of some pieces."""
        own = {"child": self.owner[at], "known_from": self.start[at], "known_until": self.end[at]}
        return _taken(columns, self.row[at]) | own


def _divided(columns: Columns, rows: Ints, links: KnownLinks) -> _Pieces:
    """The pieces of these rows, through links of links; none of brought children who stand
    alone."""
    waiting = _Pieces(
        rows,
        columns["child"][rows],
        columns["known_from"][rows],
        columns["known_until"][rows],
        np.full(len(rows), -1, np.int32),
    )
    done = []
    while len(waiting.row):
        stay, waiting = _once(waiting, links)
        done.append(stay)
    parts = [(one.row, one.owner, one.start, one.end, one.by) for one in done]
    pieces = _Pieces(*map(np.concatenate, zip(*parts, strict=True)))
    pieces = pieces.take(~np.isin(pieces.owner, links.brought))
    # By decision, so that the order does not depend on how the rows were read.
    return pieces.take(np.lexsort((pieces.start, pieces.row, pieces.by)))


def _once(pieces: _Pieces, links: KnownLinks) -> tuple[_Pieces, _Pieces]:
    """(what stays its owner's, what a link gives to another child)."""
    first, stop = positions_of(links, pieces.owner)
    many = stop - first
    at = np.repeat(np.arange(len(many)), many)
    link = _ranges(first, many)
    start = np.maximum(pieces.start[at], links.known_from[link])
    end = np.minimum(pieces.end[at], links.known_until[link])
    moved = _Pieces(pieces.row[at], links.child[link], start, end, links.no[link])
    # Between its links, before the first and after the last, a row is its owner's.
    at = np.repeat(np.arange(len(many)), many + 1)
    gap = _ranges(np.zeros(len(many), np.int64), many + 1)
    before, after = first[at] + gap - 1, first[at] + gap
    start, end = pieces.start[at].copy(), pieces.end[at].copy()
    later, sooner = gap > 0, gap < many[at]
    start[later] = np.maximum(start[later], links.known_until[before[later]])
    end[sooner] = np.minimum(end[sooner], links.known_from[after[sooner]])
    stay = _Pieces(pieces.row[at], pieces.owner[at], start, end, pieces.by[at])
    return stay.take(stay.start < stay.end), moved.take(moved.start < moved.end)


def _told_once(name: str, own: Columns, moved: Columns, by: Days) -> Columns:
    """The moved rows without what the child's own rows, or rows that an earlier decision moved, say
    already on the same days."""
    theirs = np.flatnonzero(np.isin(own["child"], moved["child"]))
    every = _stacked(_taken(own, theirs), moved)
    rank = np.concatenate([np.full(len(theirs), -1, np.int32), by])
    first, second = _pairs(name, every, rank)
    told = _agreeing(name, every, first, second)
    first, second = first[told], second[told]
    order = np.lexsort([first, second])
    pieces = _Pieces(
        np.arange(len(theirs), len(rank)),
        moved["child"],
        moved["known_from"],
        moved["known_until"],
        np.zeros(len(by), np.int32),
    )
    return _without_told(name, every, pieces, first[order], second[order])


def _pairs(name: str, every: Columns, rank: Days) -> tuple[Ints, Ints]:
    """(earlier, later) rows of one child that may tell the same event, by an earlier and a later
    decision."""
    within = {"measurements": ("measured_on",), "episodes": ("programme",)}
    keys = within.get(name) or SAME_EVENT[name]
    key = key_numbers([every["child"], *(every[column] for column in keys)])
    order = np.argsort(key, kind="stable")
    start = np.searchsorted(key[order], key, side="left")
    many = np.searchsorted(key[order], key, side="right") - start
    many = np.where(rank >= 0, many, 0)
    later = np.repeat(np.arange(len(key)), many)
    earlier = order[_ranges(start, many)]
    kept = rank[earlier] < rank[later]
    return earlier[kept], later[kept]


def _agreeing(name: str, every: Columns, first: Ints, second: Ints) -> Flags:
    """Which pairs are the same event written down twice."""
    if name == "episodes":
        days = every["admitted_on"].astype(np.int64)
        near: Flags = np.abs(days[first] - days[second]) <= SAME_STAY_DAYS
        return near
    if name != "measurements":
        return np.ones(len(first), np.bool_)
    equal, unlike = np.zeros(len(first), np.bool_), np.zeros(len(first), np.bool_)
    for column in MEASURED:
        one, other = every[column][first], every[column][second]
        equal |= one == other
        unlike |= (one != other) & ~np.isnan(one) & ~np.isnan(other)
    return equal & ~unlike


def _without_told(name: str, every: Columns, pieces: _Pieces, first: Ints, second: Ints) -> Columns:
    """Each piece outside the days on which an earlier row tells it; of a measurement, on those
    days, only what the earlier row leaves out. `second` is sorted."""
    values = _taken(every, pieces.row)
    begin = np.searchsorted(second, pieces.row, side="left")
    many = np.searchsorted(second, pieces.row, side="right") - begin
    for nth in range(int(many.max(initial=0))):
        hit = many > nth
        row = first[np.where(hit, begin + nth, 0)] if len(first) else pieces.row
        start = np.where(hit, every["known_from"][row], pieces.end)
        end = np.where(hit, every["known_until"][row], pieces.end)
        before = _cut(pieces, values, pieces.start, np.minimum(pieces.end, start))
        after = _cut(pieces, values, np.maximum(pieces.start, end), pieces.end)
        parts = [before, after]
        if name == "measurements":
            over = np.maximum(pieces.start, start), np.minimum(pieces.end, end)
            parts.append(_left_out(_cut(pieces, values, *over), every, row))
        at = np.concatenate([part[1] for part in parts])
        values = _stacked(*(part[0] for part in parts))
        pieces = _Pieces(
            pieces.row[at],
            values["child"],
            values["known_from"],
            values["known_until"],
            pieces.by[at],
        )
        order = np.lexsort((pieces.start, pieces.row))
        at, pieces, values = at[order], pieces.take(order), _taken(values, order)
        begin, many = begin[at], many[at]
    return values


def _cut(pieces: _Pieces, values: Columns, start: Days, end: Days) -> tuple[Columns, Ints]:
    """(the rows of the pieces between these days, their positions), where any day is left."""
    at = np.flatnonzero(start < end)
    days = {"known_from": start[at].astype(np.int32), "known_until": end[at].astype(np.int32)}
    return _taken(values, at) | {"child": pieces.owner[at]} | days, at


def _left_out(part: tuple[Columns, Ints], every: Columns, row: Ints) -> tuple[Columns, Ints]:
    """Of a measurement only the cells that the earlier row (of each position) does not say."""
    values, at = part
    values = dict(values)
    left = np.zeros(len(at), np.bool_)
    for column in MEASURED:
        said = ~np.isnan(every[column][row[at]])
        values[column] = np.where(said, np.nan, values[column])
        left |= ~np.isnan(values[column])
    kept = np.flatnonzero(left)
    return _taken(values, kept), at[kept]


def _ranges(start: Ints, many: Ints) -> Ints:
    """start[i], start[i] + 1, … of `many[i]` each, one after the other."""
    ends = np.cumsum(many)
    within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - many, many)
    return np.repeat(start, many) + within


def _taken(columns: Mapping[str, AnyArray], at: Ints | Flags) -> Columns:
    return {name: column[at] for name, column in columns.items()}


def _stacked(*parts: Mapping[str, AnyArray]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
