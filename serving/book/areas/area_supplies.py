"""The food of areas as a run kept it: of areas that a person's scope holds whole, and no more of it
than may be told.

What a place needs, and so what is to be sent and how long its stock lasts, says how many children
it treats. It is told to who may see children, and to others where the programme's indicators tell
the children in treatment; what was counted and issued points at no child.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from serving.book.reader import Reader
from serving.book.scorebook import Run
from serving.book.scoring.supply_rows import OF_ALL, SUPPLY, level_of_supply


@dataclass(frozen=True)
class ToldOfAll:
    """As of which day; for how many days what is sent should last; beyond how many weeks nothing is
    said; the last month known to the forecast that admissions follow (None: as in the last twelve
    weeks)."""

    today: dt.date
    send_days: int
    weeks_known: int
    season: str | None


@dataclass(frozen=True)
class Room:
    """An item in the store rooms of a place, packets. centres: of how many it tells; counted: those
    with a count to reckon with, made from `first_counted` to `last_counted`; empty: those of them
    with none left; not_known: the others, by how they stand.

    weeks: expected, earliest, latest (None: beyond what is known); weeks, send and send_at_most are
    None where there is no count or no known need; may_tell: False where they are withheld.
    """

    item: str
    centres: int
    counted: int
    left: float | None
    empty: int
    first_counted: dt.date | None
    last_counted: dt.date | None
    not_known: Mapping[str, int]
    may_tell: bool
    weeks: tuple[float | None, float | None, float | None] | None
    send: int | None
    send_at_most: int | None
    need_of_others: int | None

    @property
    def by(self) -> float | None:
        """In how many weeks it may be empty at the earliest; None: not known, or beyond."""
        return self.weeks[1] if self.weeks else None


@dataclass(frozen=True)
class AreaFood:
    """needs: (weeks, expected, low, high) sachets each; empty where they are withheld."""

    needs: tuple[tuple[int, int, int, int], ...]
    rooms: tuple[Room, ...]

    def room(self, item: str) -> Room | None:
        """The store rooms of an item; None where nobody ever counted it."""
        return next((room for room in self.rooms if room.item == item), None)


def of_all(reader: Reader, run: Run) -> ToldOfAll | None:
    """What goes for all places; None for a run of an earlier version."""
    found = reader.area_pages(run, SUPPLY, [OF_ALL]).get(OF_ALL)
    if found is None:
        return None
    today = dt.date.fromisoformat(found["today"])
    return ToldOfAll(today, found["send_days"], found["weeks_known"], found["season"])


def foods(
    reader: Reader, run: Run, level: str, told: Mapping[str, bool], *, sector: str = ""
) -> dict[str, AreaFood]:
    """By id the food of these places, which `Reader.whole_places` has named; of centres, those of a
    sector that it has named. told: by id, whether what a place needs may be told."""
    if level == "centre":
        pages = reader.area_pages(run, level_of_supply("centre"), [sector]).get(sector, {})
    else:
        pages = reader.area_pages(run, level_of_supply(level), list(told))
    return {place: _food(pages[place], told[place]) for place in told if place in pages}


def _food(page: Mapping[str, Any], told: bool) -> AreaFood:
    needs: Iterable[list[int]] = page["needs"] if told else ()
    return AreaFood(
        tuple((weeks, expected, low, high) for weeks, expected, low, high in needs),
        tuple(_room(item, room, told) for item, room in page["items"].items()),
    )


def _room(item: str, kept: Mapping[str, Any], told: bool) -> Room:
    counted = kept["centres"] - sum(kept["not_known"].values())
    return Room(
        item,
        kept["centres"],
        counted,
        kept["left"] if counted else None,
        kept["empty"],
        _day(kept["first_counted"]),
        _day(kept["last_counted"]),
        kept["not_known"],
        told,
        tuple(kept["weeks"]) if told and kept["weeks"] else None,
        kept["send"] if told else None,
        kept["send_at_most"] if told else None,
        kept["need_of_others"] if told else None,
    )


def _day(day: str | None) -> dt.date | None:
    return dt.date.fromisoformat(day) if day else None
