"""Food of every area: what it needs in the coming weeks, what is in its store rooms, how long that
lasts and what to send; one reckoning for the budget and the officers' pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from care.money import BudgetPlan
from care.programme import indicators
from care.programme.areas import UPWARDS
from care.programme.supplies import stock_cover, supply
from care.programme.supplies.stock_cover import AreaStock, StockLine, StoreRoomPlace
from care.programme.supplies.supply import Need
from care.programme.supplies.supply_ahead import Ahead
from registry.contract.arrays import Ints, Texts
from registry.contract.registry import Registry

SEND_MONTHS = 2
"""For so long lasts what is sent, unless somebody says otherwise. verified: false (ours)."""
NeedOfWeeks = tuple[int, float, float, float]
"""Weeks; sachets expected, and what nine in ten lie between."""


@dataclass(frozen=True)
class PlaceSupply:
    """One place. needs: EDNF sachets for the next 4, 8 and 12 weeks; rooms: by item its store
    rooms, of a centre its own (`StockLine`)."""

    level: str
    place: str
    needs: tuple[NeedOfWeeks, ...]
    rooms: tuple[AreaStock | StockLine, ...]


@dataclass(frozen=True)
class SupplyTold:
    """What goes for all places: as of which day, for how many days what is sent should last, beyond
    how many weeks nothing is said, the origin of the forecast that admissions follow (None: as in
    the last twelve weeks)."""

    today: int
    send_days: int
    weeks_known: int
    season: str | None


def told(ahead: Ahead, *, send_months: int = SEND_MONTHS) -> SupplyTold:
    """The same for every place."""
    season = ahead.forecast.of.origin if ahead.forecast else None
    return SupplyTold(ahead.today, ahead.send_days(send_months), ahead.days_known // 7, season)


def places(
    registry: Registry, ahead: Ahead, plan: BudgetPlan, of_all: SupplyTold
) -> Iterator[PlaceSupply]:
    """Every place of every level, centres first. Of the registry only its centres are read."""
    curve_of = ahead.ednf(plan, of_all.send_days)
    room_place = StoreRoomPlace(registry.centre_ids, ahead.project_ids, ahead.parts.project_of)
    items = list(
        stock_cover.items_told(
            room_place,
            ahead.counts.items,
            curve_of,
            today=of_all.today,
            send_days=of_all.send_days,
        )
    )
    for level in UPWARDS:
        ids, place_of = _placed(registry, level)
        needs = _needs(ahead, place_of, len(ids), plan)
        rooms: list[list[AreaStock | StockLine]] = [[] for _ in ids]
        for one in items:
            lines: Sequence[AreaStock | StockLine] = one.lines
            if level != "centre":
                lines = stock_cover.area_lines(one.item, ids, place_of, one.lines, one.curve_of)
            for room, line in zip(rooms, lines, strict=True):
                room.append(line)
        for at, name in enumerate(ids):
            own = tuple((need.weeks, *_three(need, at)) for need in needs)
            yield PlaceSupply(level, str(name), own, tuple(rooms[at]))


def _placed(registry: Registry, level: str) -> tuple[Texts, Ints]:
    if level == "centre":
        return registry.centre_ids, np.arange(len(registry.centre_ids))
    return indicators.places(registry, level)


def _needs(ahead: Ahead, place_of: Ints, many: int, plan: BudgetPlan) -> list[Need]:
    flow, lasting = ahead.flow(place_of, many), ahead.counts.survival
    return [supply.need(flow, lasting, plan, weeks=weeks) for weeks in supply.WEEKS]


def _three(need: Need, at: int) -> tuple[float, float, float]:
    return float(need.expected[at]), float(need.low[at]), float(need.high[at])
