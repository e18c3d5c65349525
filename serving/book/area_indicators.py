"""Sectors side by side, and the programme's indicators of an area: all counted when the run was
made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from care.programme.indicators import AMOUNTS, COUNTS, RATIOS, SPHERE, TOO_FEW
from serving.book.disclosure import ShownFigures, decided, withheld_of
from serving.book.reader import Reader, day_of_reading
from serving.book.scoring.area_rows import LEVELS
from serving.book.sector_figures import counted_day, sector_figures


def indicators(
    reader: Reader, as_of: dt.date | None = None, *, months: bool = False
) -> dict[str, Any]:
    """For each sector of the scope: children, states, danger, overdue (counted to `counted_to`),
    and the events that the risks add up to.

    `programme`: the care indicators of each sector, project and district that the scope holds
    whole: the last month's and those of all months together, or with `months` every month's.
    """
    run = reader.run(as_of)
    stored = {level: reader.areas(run, level) for level in LEVELS}
    day = counted_day(stored["sector"], run, day_of_reading(run.as_of, as_of))
    found = sector_figures(reader, run, stored["sector"], day=day)
    beside = {name: withheld_of(_last_month(page)) for name, page in stored["sector"].items()}
    shown = decided(found, whole_is_told=reader.sees_all, beside=beside)
    return {
        "as_of": run.as_of.isoformat(),
        "counted_to": day.isoformat(),
        "facts": _facts(run.facts, shown.totals),
        "sectors": [
            {"sector_id": name, **_figures(figures, shown.sectors[name])}
            for name, figures in found.items()
        ],
        "programme": {level: _programme(pages, months) for level, pages in stored.items()},
    }


def _last_month(page: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The programme's record of the last month, before that of all months together."""
    records = page.get("programme", [])
    return records[-2] if len(records) > 1 else None


def _facts(facts: dict[str, Any], totals: dict[str, int | None]) -> dict[str, Any]:
    """The run's facts, with the totals as they may be shown beside the sectors."""
    told = facts | {name: count for name, count in totals.items() if name in facts}
    if "scored" in told:
        told["scored"] = {
            target: totals.get(f"scored {target}", count)
            for target, count in told["scored"].items()
        }
    return told


def _programme(pages: dict[str, dict[str, Any]], months: bool) -> list[dict[str, Any]]:
    return [
        {
            "place": place,
            "months": [month_or_period(told) for told in page["programme"][0 if months else -2 :]],
        }
        for place, page in pages.items()
    ]


def month_or_period(found: Mapping[str, Any]) -> dict[str, Any]:
    """A run's record of a month (`2026-06`) or of all of them (`2025-07/2026-06`), told apart, with
    whole counts and null for what it does not hold."""
    first, _, last = str(found["month"]).partition("/")
    counts = {name: None if found.get(name) is None else int(found[name]) for name in COUNTS}
    numbers = {name: found.get(name) for name in (*AMOUNTS, *(one.name for one in RATIOS))}
    return {
        "month": None if last else first,
        "from_month": first,
        "to_month": last or first,
        **counts,
        **numbers,
        "ednf_share": found.get("ednf_share"),
        **{f"sphere_{name}": found.get(f"sphere_{name}") or TOO_FEW for name, *_ in SPHERE},
    }


def _figures(found: dict[str, Any], told: ShownFigures) -> dict[str, Any]:
    return {
        "children": told.children,
        "in_danger": told.in_danger,
        "overdue": told.overdue,
        "visited_since": told.visited_ever,
        "by_state": told.by_state,
        "expected": {
            target: _expected(told.scored[target], risks["events"])
            for target, risks in found["risks"].items()
        },
    }


def _expected(scored: int | None, events: float) -> dict[str, Any] | None:
    """How many children are scored and how many events their risks add up to; None where the
    children are withheld."""
    return {"scored": scored, "events": round(events, 2)} if scored else None
