"""The score book: what was said of each child on each day, with the models that said it. Written
here, read by `serving/book/reader.py`.

A run (one `as_of`) is written in chunks of children and published in one step: readers see the
former run or the new one, never half. A run that was broken off goes on where it stopped, if the
registry and the models are the same. Nothing is overwritten: a score of last March stays, with last
March's models named beside it.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

import orjson
import sqlalchemy as sa

from models.visits.listed_child import Candidate, Reason
from registry.store.connections.many_rows import insert_many
from registry.store.schema import make_missing, refuse_newer
from serving.book import events

TABLES = sa.MetaData()
RUNS = sa.Table(
    "sanket_runs",
    TABLES,
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("as_of", sa.Date, nullable=False, index=True),
    sa.Column("made_at", sa.String(32), nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("made_from", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
)
CHUNKS = sa.Table(
    "sanket_run_chunks",
    TABLES,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("chunk", sa.Integer, primary_key=True, autoincrement=False),
)
PLACES = sa.Table(
    "sanket_run_places",
    TABLES,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sector_id", sa.String(500), primary_key=True),
    sa.Column("project_id", sa.String(500), nullable=False),
    sa.Column("district_id", sa.String(500), nullable=False),
)
ROWS = sa.Table(
    "sanket_scores",
    TABLES,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("child_id", sa.String(500), primary_key=True),
    sa.Column("sector_id", sa.String(500), nullable=False),
    sa.Column("page", sa.LargeBinary, nullable=False),
    sa.Index("sanket_scores_by_sector", "run", "sector_id"),
    sa.Index("sanket_scores_by_child", "child_id", "run"),
)
TARGET_SCORES = sa.Table(
    "sanket_target_scores",
    TABLES,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("child_id", sa.String(500), primary_key=True),
    sa.Column("target", sa.String(40), primary_key=True),
    sa.Column("why_not", sa.String(60)),
    sa.Column("risk", sa.Float),
    sa.Column("risk_low", sa.Float),
    sa.Column("risk_high", sa.Float),
    sa.Index("sanket_target_scores_by_child", "child_id"),
    sqlite_with_rowid=False,
)
"""What each model said of each child of a run, for questions about one target: the risk, or why
there is none. Written and erased together with the child's page, which says it too."""
AREAS = sa.Table(
    "sanket_run_areas",
    TABLES,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("level", sa.String(20), primary_key=True),
    sa.Column("place", sa.String(500), primary_key=True),
    sa.Column("page", sa.LargeBinary, nullable=False),
)
"""What a run counted of each sector, project and district; holds no child's id (see also
`serving/book/usual.py`)."""
LISTED = sa.Table(
    "sanket_listed",
    TABLES,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("child_id", sa.String(500), primary_key=True),
    sa.Column("section", sa.String(20), nullable=False),
    sa.Column("target", sa.String(40)),
    sa.Column("held_out", sa.Boolean, nullable=False),
    sa.Index("sanket_listed_by_child", "child_id"),
)
"""Whom a run's lists name, and whom a lot holds out (`serving/book/scoring/listed_marks.py`)."""
TICKS = sa.Table(
    "sanket_ticks",
    TABLES,
    sa.Column("child_id", sa.String(500), primary_key=True),
    sa.Column("visited_on", sa.Date, primary_key=True),
    sa.Column("finding", sa.String(20), nullable=False),
    sa.Column("listed_on", sa.Date),
    sa.Column("listed_for", sa.String(60)),
    sa.Column("ticked_at", sa.String(32), nullable=False),
    sa.Column("handed_on", sa.Boolean, nullable=False, default=False),
    sa.Index("sanket_ticks_by_time", "ticked_at"),
)
"""Outcomes of visits that came back since the run; `serving/book/outbox.py` brings them into the
registry's `visits`."""
MEASURED = sa.Table(
    "sanket_measured_at_home",
    TABLES,
    sa.Column("child_id", sa.String(500), primary_key=True),
    sa.Column("visited_on", sa.Date, primary_key=True),
    sa.Column("weight_kg", sa.Float),
    sa.Column("muac_mm", sa.Float),
    sa.Column("ticked_at", sa.String(32), nullable=False),
    sa.Column("handed_on", sa.Boolean, nullable=False, default=False),
)
"""Weights and arms that those visits took, on their way into the registry's `measurements`."""
TOLD = sa.Table(
    "sanket_told",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("child_id", sa.String(500), nullable=False),
    sa.Column("sector_id", sa.String(500), nullable=False),
    sa.Column("finding", sa.String(20), nullable=False),
    sa.Column("visited_on", sa.Date, nullable=False),
    sa.Column("told_on", sa.Date, nullable=False),
    sa.Column("told_at", sa.String(32), nullable=False),
    sa.Column("told_by", sa.String(200), nullable=False),
    sa.Column("told_as", sa.String(40), nullable=False),
    sa.Column("closed_at", sa.String(32)),
    sa.Column("closed_by", sa.String(200)),
    sa.Column("closed_as", sa.String(40)),
    sa.Index("sanket_told_by_sector", "sector_id", "told_on"),
    sa.Index("sanket_told_by_child", "child_id", "visited_on"),
)
"""Findings that need somebody (`serving/book/ticks.py`): who told them, when, as what, and whether
and how they were closed. Rows stay when a tick is replaced or a child leaves the book; `told_on` is
the programme's day, the others are UTC."""
ESCALATIONS = sa.Table(
    "sanket_escalations",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("child_id", sa.String(500), nullable=False),
    sa.Column("sector_id", sa.String(500), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("began_on", sa.Date, nullable=False),
    sa.Column("gravity", sa.Integer, nullable=False),
    sa.Column("opened_on", sa.Date, nullable=False),
    sa.Column("opened_at", sa.String(32), nullable=False),
    sa.Column("opened_by", sa.String(200), nullable=False),
    sa.Column("opened_as", sa.String(40), nullable=False),
    sa.Column("holds", sa.Boolean, nullable=False),
    sa.Column("closed_on", sa.Date),
    sa.Column("closed_at", sa.String(32)),
    sa.Column("closed_by", sa.String(200)),
    sa.Column("closed_as", sa.String(40)),
    sa.Column("closed_because", sa.String(200)),
    sa.Index("sanket_escalations_by_sector", "sector_id", "kind"),
    sa.Index("sanket_escalations_by_child", "child_id", "kind"),
)
"""What an officer must see to (`serving/book/escalation/escalation_records.py`). began_on: since
when it is so; gravity: 0 to 4 (`models.visits.severity`) at the last run; holds: whether the newest
run's records still say so; closed_because: a person's words, or the rule that the records lead to
now. Days are the programme's, times are UTC."""


@dataclass(frozen=True)
class Score:
    """What one model said of one child: `status` is `scored` or `not_scored` (with `why_not`).

    `base_log_odds` and the reasons' log-odds add up to the log-odds of `risk`.
    """

    status: str
    why_not: str | None
    landmark_day: int | None
    risk: float | None
    risk_low: float | None
    risk_high: float | None
    base_log_odds: float | None
    reasons: tuple[Reason, ...]
    model_version: str | None


@dataclass(frozen=True)
class BookRow:
    """One child on one day: as the list sees it, and what each model said."""

    candidate: Candidate
    scores: dict[str, Score] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One scoring of a registry. `made_from` tells whether a broken-off run may go on; `facts` are
    for readers."""

    run: int
    as_of: dt.date
    made_at: str
    complete: bool
    made_from: dict[str, Any]
    facts: dict[str, Any]


def make_tables(engine: sa.Engine) -> None:
    """Make the score book's tables where they are missing, and bring those of an earlier version up
    to date. Raises Refused REG061 for a newer store."""
    make_missing(engine, TABLES)
    events.make_tables(engine)


_COMPLETE: WeakSet[sa.Engine] = WeakSet()


def complete_tables(engine: sa.Engine) -> None:
    """Bring an earlier version's score book up to date; looks once. A store never scored stays as
    it is. Raises Refused REG061 for a newer one."""
    if engine in _COMPLETE:
        return
    refuse_newer(engine)
    if sa.inspect(engine).has_table(RUNS.name):
        make_tables(engine)
        _COMPLETE.add(engine)


def begin(
    engine: sa.Engine,
    *,
    as_of: dt.date,
    made_from: dict[str, Any],
    places: Iterable[tuple[str, str, str]],
) -> Run:
    """A run to be written: the broken-off one of the same day, registry and models, or a new one.

    places: (sector_id, project_id, district_id) of every sector. Broken-off runs of the day that
    cannot go on are removed.
    """
    make_tables(engine)
    text = orjson.dumps(made_from, option=orjson.OPT_SORT_KEYS).decode()
    with engine.begin() as connection:
        unfinished = sa.select(RUNS).where(RUNS.c.as_of == as_of, ~RUNS.c.complete)
        for row in connection.execute(unfinished).all():
            if row.made_from == text:
                return run_of(row)
            _remove(connection, row.run)
        made_at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        new = {
            "as_of": as_of,
            "made_at": made_at,
            "complete": False,
            "made_from": text,
            "facts": "{}",
        }
        (number,) = connection.execute(sa.insert(RUNS).returning(RUNS.c.run), new).one()
        named = ("sector_id", "project_id", "district_id")
        if rows := [dict(zip(named, place, strict=True), run=number) for place in places]:
            connection.execute(sa.insert(PLACES), rows)
    return Run(number, as_of, made_at, False, made_from, {})


def _remove(connection: sa.Connection, number: int) -> None:
    for table in (LISTED, TARGET_SCORES, ROWS, CHUNKS, PLACES, AREAS, RUNS):
        connection.execute(sa.delete(table).where(table.c.run == number))


def chunks_written(engine: sa.Engine, run: Run) -> set[int]:
    """Numbers of the chunks of children that this run holds already."""
    with engine.connect() as connection:
        return set(connection.scalars(sa.select(CHUNKS.c.chunk).where(CHUNKS.c.run == run.run)))


def write_chunk(engine: sa.Engine, run: Run, chunk: int, rows: Iterable[BookRow]) -> int:
    """Write one chunk of children in one transaction; how many rows. A chunk is there whole or not
    at all."""
    pages: list[dict[str, object]] = []
    scores: list[dict[str, object]] = []
    for row in rows:
        pages.append(_encoded(run, row))
        scores += _scores_by_target(run, row)
    with engine.begin() as connection:
        connection.execute(sa.insert(CHUNKS), {"run": run.run, "chunk": chunk})
        insert_many(connection, ROWS, pages)
        insert_many(connection, TARGET_SCORES, scores)
    return len(pages)


def _encoded(run: Run, row: BookRow) -> dict[str, Any]:
    scores = {
        target: vars(score) | _reasons_kept(score.reasons) for target, score in row.scores.items()
    }
    page = {"candidate": _kept(row.candidate), "scores": scores}
    return {
        "run": run.run,
        "child_id": row.candidate.child_id,
        "sector_id": row.candidate.sector_id,
        "page": orjson.dumps(page, option=orjson.OPT_SERIALIZE_NUMPY),
    }


def _kept(candidate: Candidate) -> dict[str, Any]:
    kept = vars(candidate) | _reasons_kept(candidate.reasons)
    return kept if candidate.held_out else {n: of for n, of in kept.items() if n != "held_out"}


def _reasons_kept(reasons: tuple[Reason, ...]) -> dict[str, Any]:
    """The reasons without what is usual: that is known only when the whole sector is scored
    (`serving/book/usual.py`)."""
    return {"reasons": [{"key": reason.key, "log_odds": reason.log_odds} for reason in reasons]}


def _scores_by_target(run: Run, row: BookRow) -> list[dict[str, object]]:
    """The child's rows of `TARGET_SCORES`, one for each target."""
    child = {"run": run.run, "child_id": row.candidate.child_id}
    return [
        child
        | {
            "target": target,
            "why_not": score.why_not,
            "risk": score.risk,
            "risk_low": score.risk_low,
            "risk_high": score.risk_high,
        }
        for target, score in row.scores.items()
    ]


def packed_area(page: dict[str, Any]) -> bytes:
    """A large page of an area, a tenth of its size."""
    return zlib.compress(orjson.dumps(page), 3)


def area_of(page: bytes) -> dict[str, Any]:
    """What a run counted of an area, from its stored page, packed or not."""
    plain = page if page.startswith(b"{") else zlib.decompress(page)
    found: dict[str, Any] = orjson.loads(plain)
    return found


def run_of(row: sa.Row[Any]) -> Run:
    """A run from its row."""
    return Run(
        row.run,
        row.as_of,
        row.made_at,
        row.complete,
        orjson.loads(row.made_from),
        orjson.loads(row.facts),
    )


def row_of(page: bytes) -> BookRow:
    """A child's row from its stored page."""
    stored = orjson.loads(page)
    scores = {
        target: Score(**score | {"reasons": _reasons(score["reasons"])})
        for target, score in stored["scores"].items()
    }
    return BookRow(_candidate(stored["candidate"]), scores)


def candidate_of(page: bytes) -> Candidate:
    """A child's row from its stored page as a list sees it, without what each model said."""
    return _candidate(orjson.loads(page)["candidate"])


def _candidate(stored: dict[str, Any]) -> Candidate:
    for name in ("by_when", "last_visited_on"):
        stored[name] = _date(stored[name])
    facts = stored["facts"]
    stored["facts"] = facts | {name: _date(facts[name]) for name in facts if name.endswith("_on")}
    stored["reasons"] = _reasons(stored["reasons"])
    return Candidate(**stored)


def _date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _reasons(stored: list[dict[str, Any]]) -> tuple[Reason, ...]:
    return tuple(Reason(reason["key"], reason["log_odds"]) for reason in stored)
