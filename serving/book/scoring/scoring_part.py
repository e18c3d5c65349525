"""Scoring one part of a store into its run: the children's rows, and what their areas count.

The same function for a store of one part in this process and for a state's parts on a cluster. What
it returns is also kept in the run until that is published, so that a run which was broken off does
not do a finished part again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from care.programme.by_month import Months
from care.programme.supplies import supply_counts
from models.bundle import Bundle
from models.champion import of_versions
from registry.contract.arrays import Days
from registry.contract.registry import Registry
from registry.store.partitions import Partition, StorePart, read
from registry.store.store import open_store
from serving.access.permissions import Scope
from serving.book import scorebook
from serving.book.escalation.escalation_records import children_in_sight
from serving.book.reader import Reader
from serving.book.scorebook import AREAS, BookRow, Run
from serving.book.scoring.area_rows import AreaCounts, count_areas
from serving.book.scoring.book_rows import Scoring
from serving.book.scoring.kept_children import FirstLook, first_look
from serving.book.scoring.list_outcomes import lists_of_sectors
from serving.book.scoring.listed_marks import keep_marks
from serving.database import engine_of

CHUNK = 2_000
"""Kept children that are scored and written in one step; what a broken-off run has to do again at
most, beside the first look at the children of its part."""
CHUNKS_OF_A_PART = 100_000
"""A part's chunks are numbered from its own number times this."""

Progress = Callable[[int, int], None]
SectorRows = dict[str, list[BookRow]]
"""Rows that were written, by sector: what the book would give back, without reading it."""
CountOutcomes = Callable[[Registry, str, dt.date], int]
"""How many outcomes of a target a registry knows by a day."""


@dataclass(frozen=True)
class PartTask:
    """One part to be scored, as a worker gets it: nothing but addresses and names.

    `versions`: the bundle of each target, in `models_dir`. `outcomes_of`: the targets whose known
    outcomes are counted with `count_outcomes`.
    """

    address: str
    models_dir: Path
    versions: Mapping[str, str]
    run: Run
    partition: Partition
    outcomes_of: tuple[str, ...] = ()
    count_outcomes: CountOutcomes | None = None


@dataclass(frozen=True)
class PartDone:
    """What a scored part says: the counts of its areas, and the outcomes it knows."""

    counts: AreaCounts
    outcomes: dict[str, int] = field(default_factory=dict)

    def packed(self) -> bytes:
        """As the run keeps it."""
        months, supply = self.counts.months, self.counts.supply
        return scorebook.packed_area(
            {
                "centres": self.counts.centres.tolist(),
                "months": months and _plain(months),
                "sectors": self.counts.sectors,
                "supply": supply_counts.plain(supply),
                "outcomes": self.outcomes,
            }
        )

    @classmethod
    def of(cls, page: bytes) -> PartDone:
        """Inverse of `packed`."""
        found = scorebook.area_of(page)
        months = found["months"] and _months(found["months"])
        centres = np.array(found["centres"], np.int64)
        supply = supply_counts.from_plain(found["supply"])
        return cls(AreaCounts(centres, months, found["sectors"], supply), found["outcomes"])


def _plain(months: Months) -> dict[str, Any]:
    return {
        "firsts": [first.isoformat() for first in months.firsts],
        "ends": months.ends.tolist(),
        "sums": {name: cells.tolist() for name, cells in months.sums.items()},
    }


def _months(plain: Mapping[str, Any]) -> Months:
    return Months(
        tuple(map(dt.date.fromisoformat, plain["firsts"])),
        np.array(plain["ends"], np.int32),
        {name: np.array(cells, np.float64) for name, cells in plain["sums"].items()},
    )


def score_part(task: PartTask, progress: Progress = lambda done, of: None) -> PartDone:
    """Read the part, write its kept children's rows, count its areas, and keep the counts."""
    with closing(open_store(task.address, must_exist=True)) as store:
        part = read(store, task.partition)
    bundles = _bundles(task.models_dir, tuple(sorted(task.versions.items())))
    scoring = Scoring.of(
        part.registry,
        bundles,
        task.run.as_of,
        own_centres=part.own_centres,
        holdout_share=task.run.made_from.get("holdout_share", 0.0),
    )
    own = scoring.own_children()
    children, outcomes = len(own), _outcomes(task, part, own)
    engine = engine_of(task.address)
    try:
        with engine.connect() as connection:
            escalated = children_in_sight(connection, task.run)
        engine.dispose()
        looked = first_look(scoring, lambda done: progress(done, 2 * children), escalated=escalated)
        rows = _write_rows(engine, task, scoring, looked, progress)
        lists = lists_of_sectors(engine, task.run, scoring, scoring.own_sectors())
        counts = count_areas(
            partial(_rows_of, engine, task.run, rows),
            task.run,
            scoring,
            looked.at_risk(),
            lists=lists,
            read=partial(keep_marks, engine, task.run),
        )
        done = PartDone(counts, outcomes)
        keep_part(engine, task.run, task.partition.number, done.packed())
    finally:
        engine.dispose()
    return done


PART = "part 2"
"""The level of the areas under which an unfinished run keeps what its parts have counted; another
one where that changes, so that a run which an earlier version left unfinished counts anew."""


def keep_part(engine: sa.Engine, run: Run, number: int, page: bytes) -> None:
    """Keep what a part of a run has counted, until the run is published."""
    own = {"run": run.run, "level": PART, "place": str(number)}
    with engine.begin() as connection:
        same = [AREAS.c[name] == value for name, value in own.items()]
        connection.execute(sa.delete(AREAS).where(*same))
        connection.execute(sa.insert(AREAS), own | {"page": page})


def parts_kept(engine: sa.Engine, run: Run) -> dict[int, bytes]:
    """What the finished parts of an unfinished run have counted, by their numbers."""
    wanted = sa.select(AREAS.c.place, AREAS.c.page).where(
        AREAS.c.run == run.run, AREAS.c.level == PART
    )
    with engine.connect() as connection:
        return {int(row.place): row.page for row in connection.execute(wanted)}


@lru_cache(maxsize=1)
def _bundles(folder: Path, versions: tuple[tuple[str, str], ...]) -> dict[str, Bundle]:
    """The bundles of a run, read once by a worker."""
    found = of_versions(folder, dict(versions))
    return {target: bundle.prepare() for target, bundle in found.items()}


def _outcomes(task: PartTask, part: StorePart, own: Days) -> dict[str, int]:
    """Of each target asked for, how many outcomes of the part's own children are known."""
    if task.count_outcomes is None or not task.outcomes_of:
        return {}
    alone = part.of_children(own)
    return {
        target: task.count_outcomes(alone, target, task.run.as_of) for target in task.outcomes_of
    }


def _write_rows(
    engine: sa.Engine, task: PartTask, scoring: Scoring, looked: FirstLook, progress: Progress
) -> SectorRows | None:
    """Write the kept children's rows, but for the chunks that a broken-off run wrote already; the
    rows by sector, None where some were written before."""
    before, children = scorebook.chunks_written(engine, task.run), len(scoring.own_children())
    kept = np.flatnonzero(looked.kept).astype(np.int32)
    first = task.partition.number * CHUNKS_OF_A_PART
    found: SectorRows = {}
    for chunk, start in enumerate(range(0, len(kept), CHUNK), start=first):
        if chunk not in before:
            rows = list(scoring.rows(kept[start : start + CHUNK]))
            scorebook.write_chunk(engine, task.run, chunk, rows)
            for row in rows:
                found.setdefault(row.candidate.sector_id, []).append(row)
        ready = children * min(start + CHUNK, len(kept)) // len(kept)
        progress(children + ready, 2 * children)
    progress(2 * children, 2 * children)
    written_here = before.isdisjoint(range(first, first + CHUNKS_OF_A_PART))
    return found if written_here else None


def _rows_of(engine: sa.Engine, run: Run, written: SectorRows | None, sector: str) -> list[BookRow]:
    """A sector's rows by id, as the book has them: without a child that was forgotten since its row
    was written."""
    reader = Reader(engine, Scope.of(["state:*"]))
    if written is None:
        return reader.rows(run, sector, ticked=False)
    there = set(reader.child_ids(run, sector))
    rows = (row for row in written.get(sector, ()) if row.candidate.child_id in there)
    return sorted(rows, key=lambda row: row.candidate.child_id)
