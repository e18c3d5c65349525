"""How long what is in the store rooms lasts, and what to send: counts, less what was given out
since, against what the coming weeks need.

Deliveries are not recorded. So what cannot be right is said by name instead of being reckoned with:
a count too old, more given out than there was, less counted than must be there.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from care.money import BudgetPlan
from care.programme.supplies import supply
from care.programme.supplies.supply import Flow, Need
from registry.contract.arrays import Flags, Floats, Ints, Texts
from registry.contract.codes import RationItem
from registry.contract.registry import Table

COUNT_HOLDS_DAYS = 45
"""A store room is counted once a month; half a month late is still heard. verified: false
(ours)."""
RATION_WEEKS = 12
"""An item without a forecast goes on as in so many weeks."""
NEVER_COUNTED, TOO_OLD, GIVEN_MORE, COUNTED = "never_counted", "too_old", "given_more", "counted"
"""What stands of a centre's item: no count at all; a count of more than 45 days ago; more was given
out since than was counted, so a delivery came that nobody counted; a count to reckon with."""
Weeks = tuple[float, float, float]
"""Expected, earliest and latest; infinite beyond what is known of the coming weeks."""


@dataclass(frozen=True)
class StockLine:
    """One item in one centre. quantities in the item's packets (EDNF: sachets).

    counted_on: day number of the last count (-1: none); given_since: given out after that day;
    missing: so many less were counted than the count before it, less what was given out between,
    must have left; left, weeks, send and send_at_most are None where `standing` is not `counted`,
    weeks and what to send also where no need is known.
    """

    centre: str
    item: str
    standing: str
    counted_on: int
    counted: float
    given_since: float
    missing: float
    left: float | None = None
    weeks: Weeks | None = None
    send: int | None = None
    send_at_most: int | None = None


@dataclass(frozen=True)
class AreaStock:
    """One item in an area above the centres: those with a count to reckon with, together.

    empty: how many of these have none left; first_counted, last_counted: day numbers of the oldest
    and newest of their counts (-1: none); `not_known` counts the other centres by how they stand;
    `need_of_others`: what these need, of which nothing is known.
    """

    place: str
    item: str
    centres: int
    left: float
    weeks: Weeks | None
    send: int | None
    send_at_most: int | None
    empty: int
    first_counted: int
    last_counted: int
    not_known: dict[str, int]
    need_of_others: int | None


@dataclass(frozen=True)
class StoreRooms:
    """All lines, by item and then by place; `send_days`: for how many days what is sent should
    last; `weeks_known`: beyond so many nothing is said."""

    send_days: int
    weeks_known: int
    centres: tuple[StockLine, ...] = ()
    projects: tuple[AreaStock, ...] = ()
    items_without_forecast: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoreRoomPlace:
    """The centres of a registry as the store rooms are told of: ids, each one's project (-1: not
    known)."""

    centre_ids: Texts
    project_ids: Texts
    project_of: Ints


@dataclass(frozen=True)
class Counts:
    """One item in every centre (n,): the last count's day (-1: none) and quantity, what was given
    out after it, what is missing beside the count before it; and what was given out in each of the
    last twelve weeks, float64 (n, 12), the newest first."""

    counted_on: Ints
    counted: Floats
    given_since: Floats
    missing: Floats
    weekly: Floats

    def standing(self, today: int) -> list[str]:
        """How each centre's count stands."""
        old = today - self.counted_on > COUNT_HOLDS_DAYS
        cases = [self.counted_on < 0, old, self.given_since > self.counted]
        found = np.select(cases, [NEVER_COUNTED, TOO_OLD, GIVEN_MORE], COUNTED)
        return [str(one) for one in found]


def counts_of(stocks: Table, given: Table, centres: int, today: int) -> Counts:
    """The counts of one item's rows. stocks: of `Clock.stocks`; given: `centre`, `day`, `quantity`
    of what was given out."""
    order = np.lexsort((stocks["counted_on"], stocks["centre"]))
    centre, day, quantity = (stocks[name][order] for name in ("centre", "counted_on", "quantity"))
    last = np.full(centres, -1, np.int64)
    last[centre] = np.arange(len(centre))
    here = last >= 0
    counted_on = np.where(here, day[last] if len(day) else -1, -1).astype(np.int64)
    counted = np.where(here, quantity[last] if len(day) else 0.0, 0.0)
    second = here & (last > 0)
    second[second] = centre[last[second] - 1] == np.flatnonzero(second)
    before_on, before = counted_on.copy(), counted.copy()
    before_on[second], before[second] = day[last[second] - 1], quantity[last[second] - 1]
    after = _given(given, counted_on, None, centres)
    between = _given(given, before_on, counted_on, centres)
    missing = np.where(second, np.maximum(before - between - counted, 0.0), 0.0)
    weekly = _weekly(given, centres, today)
    return Counts(counted_on, counted, np.where(here, after, 0.0), missing, weekly)


def _weekly(given: Table, centres: int, today: int) -> Floats:
    """Given out in each centre in each of the last weeks, the newest first."""
    week = (today - given["day"]) // 7
    rows = (given["centre"] >= 0) & (week >= 0) & (week < RATION_WEEKS)
    weekly = np.zeros((centres, RATION_WEEKS))
    np.add.at(weekly, (given["centre"][rows], week[rows]), given["quantity"][rows])
    return weekly


def _given(given: Table, after: Ints, until: Ints | None, centres: int) -> Floats:
    """Given out in each centre after a day (a count is made at its day's end), up to another."""
    centre, day = given["centre"], given["day"]
    rows = (centre >= 0) & (day > after[centre])
    if until is not None:
        rows &= day <= until[centre]
    return np.bincount(centre[rows], given["quantity"][rows], minlength=centres).astype(float)


@dataclass(frozen=True)
class NeedCurve:
    """What each place needs over the first 0, 1, 2 … weeks, float64 (weeks + 1, places) each, and
    over the days that what is sent should last (places,). `known`: whether anything is known."""

    expected: Floats
    low: Floats
    high: Floats
    to_send: Need
    known: Flags

    def lasts(self, left: Floats) -> list[Weeks | None]:
        """How many weeks so much lasts in each place; at once empty where nothing is left."""
        found: list[Weeks | None] = []
        for at, quantity in enumerate(left):
            curves = (self.expected, self.high, self.low)
            weeks = tuple(crossing(curve[:, at], float(quantity)) for curve in curves)
            found.append((weeks[0], weeks[1], weeks[2]) if self.known[at] else None)
        return found

    def sends(self, left: Floats) -> tuple[Ints, Ints]:
        """Whole packets to send to each place: as expected, and so that nineteen places in twenty
        have enough."""
        wanted, most = (
            np.maximum(np.ceil(np.round(need - left, 6)), 0).astype(np.int64)
            for need in (self.to_send.expected, self.to_send.high)
        )
        return wanted, most


def crossing(curve: Floats, left: float) -> float:
    """The week (with its fraction) up to which a rising curve of need stays within what is left;
    infinite where it does so to its end.

    Example: 25 a week, 100 left: 4.0.
    """
    if left <= 0:
        return 0.0
    above = np.flatnonzero(curve > left)
    if not len(above):
        return float("inf")
    at = int(above[0])
    step = float(curve[at] - curve[at - 1])
    return at - 1 + (left - float(curve[at - 1])) / step


def ednf_curve(flow: Flow, lasting: Floats, plan: BudgetPlan, *, send_days: int) -> NeedCurve:
    """Of the children in treatment and expected: a need is always known."""
    weeks = flow.known_days // 7
    nothing = np.zeros(flow.places), np.zeros(flow.places), np.zeros(flow.places)
    steps = [
        supply.need_of_days(flow, lasting, plan, days=7 * week) if week else nothing
        for week in range(weeks + 1)
    ]
    expected, low, high = (
        np.maximum.accumulate(np.stack(part)) for part in zip(*steps, strict=True)
    )
    to_send = Need(0, *supply.need_of_days(flow, lasting, plan, days=send_days))
    return NeedCurve(expected, low, high, to_send, np.ones(flow.places, np.bool_))


def given_curve(counts: Counts, place: Ints, places: int, *, send_days: int) -> NeedCurve:
    """Of an item that goes on as it was given out over the last twelve weeks, with the spread of
    these weeks; not known where none was given.

    place: of each centre (-1: none of them).
    """
    weekly = np.zeros((places, RATION_WEEKS))
    here = place >= 0
    np.add.at(weekly, place[here], counts.weekly[here])
    rate, variance = weekly.mean(axis=1), weekly.var(axis=1, ddof=1)

    def over(weeks: float) -> tuple[Floats, Floats, Floats]:
        mean = rate * weeks
        # The spread of single weeks, and of the rate that was learnt from twelve of them.
        spread = variance * weeks * (1 + weeks / RATION_WEEKS)
        low, high = (supply.quantile(q, mean, spread) for q in supply.INTERVAL)
        return mean, low, high

    steps = [over(float(week)) for week in range(supply.AHEAD_DAYS // 7 + 1)]
    expected, low, high = (
        np.maximum.accumulate(np.stack(part)) for part in zip(*steps, strict=True)
    )
    return NeedCurve(expected, low, high, Need(0, *over(send_days / 7)), rate > 0)


def centre_lines(
    item: str, place: StoreRoomPlace, counts: Counts, curve: NeedCurve, today: int
) -> list[StockLine]:
    """One line a centre."""
    left = np.maximum(counts.counted - counts.given_since, 0.0)
    weeks, (send, most) = curve.lasts(left), curve.sends(left)
    lines = []
    for at, standing in enumerate(counts.standing(today)):
        told: dict[str, object] = {}
        if standing == COUNTED:
            told = {"left": float(left[at]), "weeks": weeks[at]}
            if curve.known[at]:
                told |= {"send": int(send[at]), "send_at_most": int(most[at])}
        lines.append(
            StockLine(
                str(place.centre_ids[at]),
                item,
                standing,
                int(counts.counted_on[at]),
                float(counts.counted[at]),
                float(counts.given_since[at]),
                float(counts.missing[at]),
                **told,  # type: ignore[arg-type]
            )
        )
    return lines


def _whole(packets: float) -> int:
    return math.ceil(round(float(packets), 6))


CurveOf = Callable[[Ints, int], NeedCurve]
"""The need of an item by place: of each centre's place (-1: none) and how many there are."""


def area_lines(
    item: str, ids: Texts, place_of: Ints, lines: Sequence[StockLine], curve_of: CurveOf
) -> list[AreaStock]:
    """One line a place of a level above the centres: the stock and the need of its centres that
    have a count, what is sent to these, and the need of the others.

    ids: of the places; place_of: each centre's (-1: not known); lines: of the centres, in order.
    """
    counted = np.array([line.standing == COUNTED for line in lines], np.bool_)
    many = len(ids)
    curve = curve_of(np.where(counted, place_of, -1), many)
    others = curve_of(np.where(counted, -1, place_of), many)
    inside: list[list[StockLine]] = [[] for _ in range(many)]
    for line, at in zip(lines, place_of.tolist(), strict=True):
        if at >= 0:
            inside[at].append(line)
    left = np.array([sum(line.left or 0.0 for line in own) for own in inside])
    weeks = curve.lasts(left)
    found = []
    for at, own in enumerate(inside):
        usable = [one for one in own if one.standing == COUNTED]
        tells = bool(usable) and all(one.send is not None for one in usable)
        not_known = Counter(one.standing for one in own if one.standing != COUNTED)
        need = _whole(others.to_send.expected[at]) if others.known[at] else None
        sent = sum(one.send or 0 for one in usable)
        beyond = _whole(curve.to_send.high[at] - curve.to_send.expected[at])
        days = [one.counted_on for one in usable]
        found.append(
            AreaStock(
                str(ids[at]),
                item,
                len(own),
                float(left[at]),
                weeks[at] if usable else None,
                sent if tells else None,
                sent + beyond if tells else None,
                sum(one.left == 0 for one in usable),
                min(days, default=-1),
                max(days, default=-1),
                dict(not_known),
                need if not_known else 0,
            )
        )
    return found


def every_item(stocks: Table, given: Table, centres: int, today: int) -> dict[str, Counts]:
    """By item the counts of all centres. stocks: as known today (`Clock.stocks`); given: `centre`,
    `item`, `day`, `quantity` of the rations known today."""
    return {
        item.text: counts_of(
            stocks.take(stocks["item"] == item),
            given.take((given["item"] == item) & np.isfinite(given["quantity"])),
            centres,
            today,
        )
        for item in RationItem
    }


@dataclass(frozen=True)
class ItemRooms:
    """One item in the store rooms: the centres' lines, and how the need of any places is told."""

    item: str
    lines: list[StockLine]
    curve_of: CurveOf


def items_told(
    place: StoreRoomPlace,
    counted: Mapping[str, Counts],
    ednf: CurveOf,
    *,
    today: int,
    send_days: int,
) -> Iterator[ItemRooms]:
    """The items that any centre counted, and EDNF always. ednf: its need."""
    every = np.arange(len(place.centre_ids))
    for item, counts in counted.items():
        is_ednf = item == RationItem.EDNF.text
        if not is_ednf and not (counts.counted_on >= 0).any():
            continue
        curve_of = ednf if is_ednf else _as_given(counts, send_days)
        lines = centre_lines(item, place, counts, curve_of(every, len(every)), today)
        yield ItemRooms(item, lines, curve_of)


def store_rooms(
    place: StoreRoomPlace,
    counted: Mapping[str, Counts],
    ednf: CurveOf,
    *,
    today: int,
    send_days: int,
    weeks_known: int,
) -> StoreRooms:
    """How long what was counted lasts, of centres and projects. counted: of `every_item`; ednf: its
    need."""
    rooms = list(items_told(place, counted, ednf, today=today, send_days=send_days))
    projects = [
        line
        for room in rooms
        for line in area_lines(
            room.item, place.project_ids, place.project_of, room.lines, room.curve_of
        )
    ]
    return StoreRooms(
        send_days,
        weeks_known,
        tuple(line for room in rooms for line in room.lines),
        tuple(projects),
        tuple(room.item for room in rooms if room.item != RationItem.EDNF.text),
    )


def _as_given(counts: Counts, send_days: int) -> CurveOf:
    return lambda place_of, places: given_curve(counts, place_of, places, send_days=send_days)
