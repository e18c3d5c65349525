"""Sectors side by side, and the programme's indicators of an area: all counted when the run was made."""

from __future__ import annotations

import datetime as dt

from serving.area_pages import LEVELS
from serving.figures import SMALLEST_CELL, cell, sector_figures
from serving.reader import Reader


def indicators(reader: Reader, as_of: dt.date | None = None, *, months: bool = False) -> dict:
    """For each sector of the scope: children, states, danger, overdue, and the events that the risks add up to.

    `programme`: the care indicators of each sector, project and district that the scope holds whole: the last month's
    and those of all months together, or with `months` every month's.
    """
    run = reader.run(as_of)
    stored = {level: reader.areas(run, level) for level in LEVELS}
    found = sector_figures(reader, run, stored["sector"])
    sectors = [{"sector_id": name, **_figures(figures)} for name, figures in found.items()]
    return {
        "as_of": run.as_of.isoformat(),
        "facts": run.facts,
        "sectors": sectors,
        "programme": {level: _programme(pages, months) for level, pages in stored.items()},
    }


def _programme(pages: dict[str, dict], months: bool) -> list[dict]:
    return [{"place": place, "months": page["programme"][0 if months else -2 :]} for place, page in pages.items()]


def _figures(found: dict) -> dict:
    return {
        "children": cell(found["children"]),
        "in_danger": cell(found["in_danger"]),
        "overdue": cell(found["overdue"]),
        "visited_since": cell(found["visits"]["ever"]),
        "by_state": by_state(found["states"]),
        "expected": {target: _expected(**risks) for target, risks in found["risks"].items()},
    }


def by_state(counts: dict[str, int]) -> dict[str, int | None]:
    """Children by state. With a small count others are left out, the smallest first: the sum of all is known, so two
    at least, of five children together, must share what is left."""
    rising = sorted(counts, key=counts.__getitem__)
    withheld = [state for state in rising if counts[state] and cell(counts[state]) is None]
    for state in [state for state in rising if counts[state] and state not in withheld]:
        enough = len(withheld) != 1 and (not withheld or sum(map(counts.__getitem__, withheld)) >= SMALLEST_CELL)
        if enough:
            break
        withheld.append(state)
    return {state: None if state in withheld else count for state, count in counts.items()}


def _expected(*, scored: int, events: float) -> dict | None:
    """How many children are scored and how many events their risks add up to; None under the smallest cell."""
    return None if scored < SMALLEST_CELL else {"scored": scored, "events": round(events, 2)}
