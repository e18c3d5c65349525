"""Store rooms as a person or a program reads them: one line each, the soonest empty first, and what
cannot be right by its name."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from care.programme.supplies.stock_cover import (
    COUNT_HOLDS_DAYS,
    GIVEN_MORE,
    NEVER_COUNTED,
    RATION_WEEKS,
    TOO_OLD,
    AreaStock,
    StockLine,
    StoreRooms,
    Weeks,
)
from registry.contract.registry import day_date
from registry.indian_digits import grouped

MOST_CENTRES, MOST_LOOKS = 20, 10
WORDS = {
    NEVER_COUNTED: "never counted",
    TOO_OLD: f"counted more than {COUNT_HOLDS_DAYS} days ago",
    GIVEN_MORE: "more given out since than was counted",
}


def lasts(weeks: Weeks, known: int) -> str:
    """`runs out in 3 weeks (2 to 5)`: whole weeks that the stock lasts for certain."""
    if weeks[0] == 0:
        return "is empty"
    expected, low, high = (_whole(week, known) for week in weeks)
    one = "week" if expected == "1" else "weeks"
    return f"runs out in {expected} {one} ({low} to {high})"


def _whole(weeks: float, known: int) -> str:
    return f"more than {known}" if math.isinf(weeks) else str(math.floor(weeks + 1e-9))


def store_rooms_text(rooms: StoreRooms) -> list[str]:
    """The projects, then the centres that run out first and those whose count cannot be right."""
    if not rooms.centres or all(line.standing == NEVER_COUNTED for line in rooms.centres):
        return ["No store room was counted by that day (the table `stocks`)."]
    lines = [
        f"In the store rooms; to send: so that it lasts {rooms.send_days} days (at most: so that "
        "it does in 19 of 20):"
    ]
    lines += [f"  {_project(one, rooms.weeks_known)}" for one in rooms.projects]
    soon = sorted(
        (one for one in rooms.centres if one.weeks is not None),
        key=lambda one: ((one.weeks or (0.0,))[0], -(one.send or 0)),
    )
    lines += [f"  {_centre(one, rooms.weeks_known)}" for one in soon[:MOST_CENTRES]]
    if len(soon) > MOST_CENTRES:
        lines.append(f"  and {grouped(len(soon) - MOST_CENTRES)} further centres (--json)")
    lines += _look(rooms)
    if rooms.items_without_forecast:
        items = " and ".join(rooms.items_without_forecast)
        lines.append(
            f"  {items}: as it was given out in the last {RATION_WEEKS} weeks; no season in it."
        )
    return lines


def _look(rooms: StoreRooms) -> list[str]:
    """The counts that cannot be right, the most that is missing or given out too much first."""
    odd = sorted(
        (one for one in rooms.centres if odd_of(one)),
        key=lambda one: -max(one.missing, one.given_since - one.counted),
    )
    lines = [f"  LOOK: {odd_of(one)}" for one in odd[:MOST_LOOKS]]
    if len(odd) > MOST_LOOKS:
        lines.append(f"  and {grouped(len(odd) - MOST_LOOKS)} further ones (--json)")
    return lines


def _project(one: AreaStock, known: int) -> str:
    counted = one.centres - sum(one.not_known.values())
    parts = [
        f"{one.place}, {one.item}: {grouped(round(one.left))} in {grouped(counted)} of "
        f"{grouped(one.centres)} centres"
    ]
    if one.weeks is not None:
        parts.append(lasts(one.weeks, known))
    if one.send is not None:
        parts.append(_send(one.send, one.send_at_most))
    parts += [f"{grouped(many)} {WORDS[standing]}" for standing, many in one.not_known.items()]
    if one.need_of_others:
        parts.append(f"these need {grouped(one.need_of_others)}")
    return "; ".join(parts)


def _send(send: int, at_most: int | None) -> str:
    return f"send {grouped(send)} (at most {grouped(at_most or send)})"


def _centre(one: StockLine, known: int) -> str:
    parts = [f"{one.centre}, {one.item}: {grouped(round(one.left or 0.0))} left"]
    if one.weeks is not None:
        parts.append(lasts(one.weeks, known))
    if one.send is not None:
        parts.append(_send(one.send, one.send_at_most))
    return "; ".join(parts)


def odd_of(one: StockLine) -> str:
    """What cannot be right of a centre's counts, in a sentence; "" where nothing is odd."""
    where = f"{one.centre}, {one.item}"
    if one.standing == GIVEN_MORE:
        return (
            f"{where}: {grouped(round(one.given_since))} given out since {_day(one.counted_on)}, "
            f"when {grouped(round(one.counted))} were counted: a delivery came that nobody counted"
        )
    if one.missing > 0:
        return (
            f"{where}: {grouped(round(one.missing))} fewer counted on {_day(one.counted_on)} than "
            "the count before it and what was given out leave: lost, given out without a record, "
            "or miscounted"
        )
    if one.standing == TOO_OLD:
        return f"{where}: counted on {_day(one.counted_on)}, too long ago: count again"
    return ""


def _day(number: int) -> str:
    return day_date(number).isoformat()


def store_rooms_record(rooms: StoreRooms) -> dict[str, Any]:
    """Every centre and project, plain JSON values; `weeks` null where they are not known, and
    within it null for more than `weeks_known`."""
    return {
        "send_days": rooms.send_days,
        "weeks_known": rooms.weeks_known,
        "items_without_forecast": list(rooms.items_without_forecast),
        "projects": [_project_record(one) for one in rooms.projects],
        "centres": [
            asdict(one)
            | {
                "weeks": _weeks(one.weeks),
                "counted_on": None if one.counted_on < 0 else _day(one.counted_on),
                "look": odd_of(one),
            }
            for one in rooms.centres
        ],
    }


def _project_record(one: AreaStock) -> dict[str, Any]:
    days = {
        name: None if (day := getattr(one, name)) < 0 else _day(day)
        for name in ("first_counted", "last_counted")
    }
    told = asdict(one) | {"weeks": _weeks(one.weeks)} | days
    return {"project": told.pop("place")} | told


def _weeks(weeks: Weeks | None) -> dict[str, float | None] | None:
    if weeks is None:
        return None
    told = (None if math.isinf(week) else round(week, 2) for week in weeks)
    return dict(zip(("expected", "earliest", "latest"), told, strict=True))
