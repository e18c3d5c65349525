"""What a reason usually adds in a sector: counted by the scoring run, read beside every row of its
book.

It is known only when the whole sector is scored, so it stands in the book by itself, and not in the
children's rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import orjson
import sqlalchemy as sa

from models.reasons import usual
from models.visits.listed_child import Reason
from serving.book.scorebook import AREAS, BookRow, Run

USUAL_REASONS = "reasons"
"""The level of the book's areas that keeps them, by sector."""


def usual_reasons(rows: Iterable[BookRow]) -> dict[str, dict[str, float]]:
    """By target, what each reason usually adds among these rows' scored children
    (`models.reasons.usual`)."""
    scored: dict[str, list[dict[str, float]]] = {}
    for row in rows:
        for target, score in row.scores.items():
            if score.risk is not None:
                scored.setdefault(target, []).append(
                    {reason.key: reason.log_odds for reason in score.reasons}
                )
    return {target: usual(children) for target, children in scored.items()}


def compared(row: BookRow, with_usual: Mapping[str, Mapping[str, float]]) -> BookRow:
    """The row with what is usual beside each of its reasons; `with_usual`: as `usual_reasons`
    counted it."""

    def beside(reasons: tuple[Reason, ...], target: str | None) -> tuple[Reason, ...]:
        known = with_usual.get(target or "", {})
        return (
            tuple(replace(reason, usual=known.get(reason.key, 0.0)) for reason in reasons)
            if known
            else reasons
        )

    child = row.candidate
    return BookRow(
        replace(child, reasons=beside(child.reasons, child.target)),
        {
            target: replace(score, reasons=beside(score.reasons, target))
            for target, score in row.scores.items()
        },
    )


def compared_rows(connection: sa.Connection, run: Run, rows: list[BookRow]) -> list[BookRow]:
    """The rows with what each reason usually adds in their sector, where the run has counted it."""
    wanted = sa.select(AREAS.c.place, AREAS.c.page).where(
        AREAS.c.run == run.run, AREAS.c.level == USUAL_REASONS
    )
    sectors = {row.candidate.sector_id for row in rows}
    if len(sectors) == 1:
        wanted = wanted.where(AREAS.c.place.in_(sectors))
    found = connection.execute(wanted) if rows else ()
    of_sector = {row.place: orjson.loads(row.page) for row in found}
    return [compared(row, of_sector.get(row.candidate.sector_id, {})) for row in rows]
