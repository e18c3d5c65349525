"""Sectors side by side, from the score book alone."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from serving.bundles import TARGETS
from serving.reader import Reader
from serving.scorebook import BookRow

SMALLEST_CELL = 5
"""A count of 1 to 4 children is not given: one child could be told from it."""


def indicators(reader: Reader, as_of: dt.date | None = None) -> dict:
    """For each sector of the scope: children, states, danger, overdue, and the events that the risks add up to."""
    run = reader.run(as_of)
    by_sector: dict[str, list[BookRow]] = {sector.sector_id: [] for sector in reader.sectors(run)}
    for row in reader.rows(run):
        by_sector[row.candidate.sector_id].append(row)
    return {
        "as_of": run.as_of.isoformat(),
        "facts": run.facts,
        "sectors": [{"sector_id": sector_id, **_figures(rows)} for sector_id, rows in by_sector.items()],
    }


def _figures(rows: list[BookRow]) -> dict:
    children = [row.candidate for row in rows]
    states = Counter(child.state for child in children)
    return {
        "children": _cell(len(children)),
        "in_danger": _cell(sum(child.danger for child in children)),
        "overdue": _cell(sum((child.overdue_days or 0) > 0 for child in children)),
        "visited_since": _cell(sum(child.last_visited_on is not None for child in children)),
        "by_state": {state: _cell(count) for state, count in sorted(states.items())},
        "expected": {target: _expected(rows, target) for target in TARGETS},
    }


def _cell(count: int) -> int | None:
    """The count, or None where it would single out children."""
    return count if count == 0 or count >= SMALLEST_CELL else None


def _expected(rows: list[BookRow], target: str) -> dict | None:
    """How many children are scored and how many events their risks add up to; None under the smallest cell."""
    risks = [row.scores[target].risk for row in rows if target in row.scores and row.scores[target].risk is not None]
    if len(risks) < SMALLEST_CELL:
        return None
    return {"scored": len(risks), "events": round(sum(risks), 2)}
