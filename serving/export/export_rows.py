"""The rows of an export, a few thousand at a time, all of one run and within a reader's scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from models.visits.listed_child import Candidate, counted_to
from serving.book.area_indicators import month_or_period
from serving.book.reader import Reader, Sector, day_of_reading
from serving.book.scorebook import Run, Score
from serving.book.scoring.area_rows import LEVELS
from serving.language.telling import what_to_do, why_line
from serving.language.words import words
from serving.visits.capacity import DEFAULT_CAPACITY
from serving.visits.lists import list_of_run

ROWS_AT_ONCE = 4000
Row = dict[str, Any]
_OF_CHILD = (
    "centre_id",
    "centre_name",
    "child_id",
    "sex",
    "age_months",
    "state",
    "rule",
    "next_step",
    "who",
    "by_when",
    "overdue_days",
    "danger",
    "last_visited_on",
    "last_finding",
)
_OF_FACTS = ("last_weight_kg", "last_weight_on", "last_muac_mm", "last_muac_on")
_OF_SCORE = ("why_not", "landmark_day", "risk", "risk_low", "risk_high", "model_version")


@dataclass(frozen=True)
class ExportQuestion:
    """What is exported: a key of `export_columns.EXPORTS`, of the newest run by a day, with
    lists of so many visits in a language."""

    what: str
    as_of: dt.date | None = None
    capacity: int = DEFAULT_CAPACITY
    language: str = "en"


@dataclass(frozen=True)
class ExportBatch:
    """Some of an export's rows, and the ids of the children whom they show, for the audit."""

    rows: list[Row]

    @property
    def child_ids(self) -> list[str]:
        """Each child once."""
        return list(dict.fromkeys(row["child_id"] for row in self.rows if "child_id" in row))


def export_of(reader: Reader, question: ExportQuestion) -> tuple[Run, Iterator[ExportBatch]]:
    """The run that is exported, looked up now, and its batches, read as they are asked for.
    NothingScored, BookUnreadable."""
    run = reader.run(question.as_of)
    rows = _indicators(reader, run) if question.what == "indicators" else None
    return run, _batches(_of_sectors(reader, run, question) if rows is None else iter([rows]), run)


def _batches(parts: Iterator[list[Row]], run: Run) -> Iterator[ExportBatch]:
    """The parts put together to batches; at least one, so that an empty export has its header."""
    facts = {
        "as_of": run.as_of,
        "synthetic": bool(run.facts.get("synthetic")),
        "protocol_version": run.facts.get("protocol_version"),
    }
    waiting: list[Row] = []
    given = False
    for part in parts:
        waiting += [facts | row for row in part]
        if len(waiting) >= ROWS_AT_ONCE:
            yield ExportBatch(waiting)
            waiting, given = [], True
    if waiting or not given:
        yield ExportBatch(waiting)


def _of_sectors(reader: Reader, run: Run, question: ExportQuestion) -> Iterator[list[Row]]:
    codes = reader.every_other_code() if question.what == "children" else {}
    for sector in reader.sectors(run):
        yield (
            _listed(reader, run, sector, question)
            if question.what == "visits"
            else _children(reader, run, sector, question, codes)
        )


def _children(
    reader: Reader, run: Run, sector: Sector, question: ExportQuestion, codes: Mapping[str, str]
) -> list[Row]:
    """Every child of a sector, with its other codes and what each model said."""
    day = day_of_reading(run.as_of, question.as_of)
    made = []
    for row in reader.rows(run, sector.sector_id):
        child = counted_to(row.candidate, day, as_of=run.as_of)
        made.append(_child(child, sector, day) | {"other_codes": codes.get(child.child_id)})
        for target, score in row.scores.items():
            made[-1] |= _said(target, score)
    return made


def _said(target: str, score: Score) -> Row:
    told = {f"{target}_{name}": getattr(score, name) for name in _OF_SCORE}
    return {f"{target}_score_status": score.status} | told


def _listed(reader: Reader, run: Run, sector: Sector, question: ExportQuestion) -> list[Row]:
    """The visit list of a sector: visits by rank, the ANM's children, those beyond the places."""
    listed = list_of_run(
        reader, run, sector.sector_id, asked=question.as_of, capacity=question.capacity
    )
    spoken, day = words(question.language), listed.day or listed.as_of

    def row(child: Candidate, part: str, rank: int | None, section: str | None) -> Row:
        return _child(child, sector, day) | {
            "part": part,
            "rank": rank,
            "section": section,
            "why": why_line(child, spoken),
            "what_to_do": what_to_do(child, spoken),
            "target": child.target,
            "risk": child.risk,
            "risk_low": child.risk_low,
            "risk_high": child.risk_high,
        }

    return [
        *(row(one.candidate, "rows", one.rank, one.section) for one in listed.rows),
        *(row(child, "for_the_anm", None, None) for child in listed.anm),
        *(row(child, "beyond", None, None) for child in listed.beyond),
    ]


def _child(child: Candidate, sector: Sector, day: dt.date) -> Row:
    """What every row of a child tells, with days late counted to a day."""
    return {
        "counted_to": day,
        **asdict(sector),
        **{name: getattr(child, name) for name in _OF_CHILD},
        **{name: child.facts.get(name) for name in _OF_FACTS},
    }


def _indicators(reader: Reader, run: Run) -> list[Row]:
    """One row a place and month, and one over all months of each; small cells were withheld when
    the run was made, over all places, levels and months together."""
    sectors = reader.sectors(run)
    parents: dict[str, dict[str, Row]] = {
        "sector": {
            one.sector_id: {"district_id": one.district_id, "project_id": one.project_id}
            for one in sectors
        },
        "project": {one.project_id: {"district_id": one.district_id} for one in sectors},
    }
    return [
        {"level": level, "place": place, **parents.get(level, {}).get(place, {})}
        | month_or_period(month)
        for level in LEVELS
        for place, page in reader.areas(run, level).items()
        for month in page["programme"]
    ]
