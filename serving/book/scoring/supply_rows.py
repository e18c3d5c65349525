"""What a run keeps of each area's food: needed in the coming weeks, in the store rooms, how long
that lasts, what to send. Counted part by part, told of every level when all parts are done.

A place's amounts say how many children it treats, so they are told to who may see children, or
where the programme's indicators tell that count (`serving.book.areas.area_supplies`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from care.programme.supplies import area_supply, supply_counts
from care.programme.supplies.admissions_ahead import AdmissionsForecast
from care.programme.supplies.area_supply import PlaceSupply, SupplyTold
from care.programme.supplies.stock_cover import AreaStock, StockLine
from care.programme.supplies.supply_ahead import Ahead
from care.protocol import Protocol
from registry.contract.registry import Registry, day_date
from serving.book.scorebook import packed_area
from serving.book.scoring.area_rows import AreaCounts, Page, centres_by_sector

PLAN = "government-resolution"
SUPPLY = "supply"
"""The level under which a run keeps what goes for the food of all places, and of the centres of
each sector together."""
OF_ALL = "all"


def level_of_supply(level: str) -> str:
    """Under which level a run keeps the food of a level's places; of centres by their sector."""
    return f"{SUPPLY}:{level}"


def supply_pages(
    parts: Iterable[AreaCounts],
    registry: Registry,
    protocol: Protocol,
    forecast: AdmissionsForecast | None,
) -> Iterator[Page]:
    """(level, place, page) of every place with its food; nothing where the protocol has no plan of
    the Resolution.

    registry: its centres alone are read; forecast: as it was published by the run's day.
    """
    own = ((part.centres, part.supply) for part in parts)
    counts = supply_counts.gathered(own, len(registry.centre_ids))
    if counts is None or PLAN not in protocol.plans:
        return
    ahead = Ahead.of(registry, counts, forecast)
    of_all = area_supply.told(ahead)
    yield SUPPLY, OF_ALL, _told_of_all(of_all)
    sector_of = {
        centre: sector
        for sector, centres in centres_by_sector(registry).items()
        for centre in centres
    }
    centres: dict[str, dict[str, Any]] = {}
    for place in area_supply.places(registry, ahead, protocol.plan(PLAN), of_all):
        if place.level != "centre":
            yield level_of_supply(place.level), place.place, _page(place)
        elif place.place in sector_of:
            centres.setdefault(sector_of[place.place], {})[place.place] = _page(place)
    for sector, pages in centres.items():
        yield level_of_supply("centre"), sector, packed_area(pages)


def _told_of_all(told: SupplyTold) -> dict[str, Any]:
    return asdict(told) | {"today": day_date(told.today).isoformat()}


def _page(place: PlaceSupply) -> dict[str, Any]:
    """needs: [weeks, expected, low, high] each, whole sachets; items: by name."""
    return {
        "needs": [[weeks, *map(_up, amounts)] for weeks, *amounts in place.needs],
        "items": {room.item: _room(room) for room in place.rooms},
    }


def _up(packets: float) -> int:
    return math.ceil(round(packets, 6))


def _room(room: AreaStock | StockLine) -> dict[str, Any]:
    """An item's store rooms, a centre's in the same shape as an area's."""
    own = asdict(room)
    kept: Mapping[str, Any] = own
    if isinstance(room, StockLine):
        counted = room.left is not None
        kept = own | {
            "centres": 1,
            "empty": int(room.left == 0),
            "first_counted": room.counted_on,
            "last_counted": room.counted_on,
            "not_known": {} if counted else {room.standing: 1},
            "need_of_others": None,
        }
    names = ("centres", "empty", "left", "send", "send_at_most", "not_known", "need_of_others")
    days = ("first_counted", "last_counted")
    return (
        {name: kept[name] for name in names}
        | {name: _day(kept[name]) for name in days}
        | {"weeks": kept["weeks"] and [_week(week) for week in kept["weeks"]]}
    )


def _day(number: int) -> str | None:
    return None if number < 0 else day_date(number).isoformat()


def _week(week: float) -> float | None:
    """None: beyond what is known of the coming weeks."""
    return None if math.isinf(week) else week
