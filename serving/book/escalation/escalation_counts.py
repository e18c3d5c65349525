"""How many escalations are open of each kind in each sector, project, district and the state, as
whoever may not see children is told: counted when a run is published, and withheld over all levels
together, so that no page of one level tells what another withholds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from care.programme.areas import STATE_ID, Areas
from care.programme.disclosure_control import withheld
from registry.small_counts import SMALLEST_CELL
from serving.book.escalation.escalation_kinds import KINDS
from serving.book.scorebook import AREAS, ESCALATIONS, PLACES, Run, packed_area

LEVELS = ("sector", "project", "district", "state")


def level_of_escalations(level: str) -> str:
    """Under which level a run keeps the counts of a level's places."""
    return f"open:{level}"


def keep_counts(connection: sa.Connection, run: Run) -> None:
    """Count what is open and keep it with the run, in the transaction that publishes it."""
    columns = PLACES.c.sector_id, PLACES.c.project_id, PLACES.c.district_id
    wanted = sa.select(*columns).where(PLACES.c.run == run.run).order_by(PLACES.c.sector_id)
    places = [tuple(row) for row in connection.execute(wanted)]
    if not places:
        return
    counted = sa.select(ESCALATIONS.c.sector_id, ESCALATIONS.c.kind, sa.func.count())
    counted = counted.where(ESCALATIONS.c.closed_on.is_(None))
    counts: dict[str, Counter[str]] = {}
    for sector, kind, many in connection.execute(
        counted.group_by(ESCALATIONS.c.sector_id, ESCALATIONS.c.kind)
    ):
        counts.setdefault(sector, Counter())[kind] = many
    rows = [
        {"run": run.run, "level": level_of_escalations(level), "place": place, "page": page}
        for level, place, page in counted_pages(counts, places)
    ]
    levels = {row["level"] for row in rows}
    connection.execute(sa.delete(AREAS).where(AREAS.c.run == run.run, AREAS.c.level.in_(levels)))
    connection.execute(sa.insert(AREAS), rows)


def counted_pages(
    counts: dict[str, Counter[str]], places: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[str, str, bytes]]:
    """(level, place, page) with the count of each kind, None where it is withheld.

    counts: by sector; places: (sector, project, district) of every sector.
    """
    ids = [sorted({place[at] for place in places}) for at in range(3)]
    at_place = [{name: at for at, name in enumerate(names)} for names in ids]
    own = [[at_place[level][place[level]] for place in places] for level in range(3)]
    own.append([0] * len(places))
    areas = Areas.from_places(np.array(own, np.int64), [*map(len, ids), 1])
    told: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for kind in KINDS:
        cells = np.array([[counts.get(place[0], Counter())[kind] for place in places]], float)
        sums = areas.summed(cells)
        twice = np.concatenate([sums, sums], axis=1)[None]
        hidden = withheld(twice, areas, smallest=SMALLEST_CELL, last_is_sum=False)
        told[kind] = sums[:, 0], hidden[0, :, 0]
    all_ids = zip(LEVELS, [*ids, [STATE_ID]], strict=True)
    named = [(level, name) for level, names in all_ids for name in names]
    for at, (level, name) in enumerate(named):
        page = {
            kind: None if hidden[at] else int(sums[at]) for kind, (sums, hidden) in told.items()
        }
        yield level, name, packed_area(page)
