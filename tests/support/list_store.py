"""A small store with a score book for the tests of the list: two sectors, records of every child,
one run."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import replace
from pathlib import Path

from models.visits.listed_child import Candidate
from registry.store.store import open_store
from serving.access.permissions import issue, local_key
from serving.book.publishing import publish
from serving.book.scorebook import BookRow, Score, begin, write_chunk
from tests.support.listed_children import AS_OF, child, sector

FACTS = {"synthetic": True, "protocol_version": "2026.11-1"}


def children(count: int = 40) -> list[Candidate]:
    """The children of sector S0001, and one of S0002 whom its supervisor must never see."""
    other = child(90001, sector_id="S0002", centre_id="B001", centre_name="Elsewhere")
    return [*sector(count, centres=8), other]


def make_store(folder: Path, *, count: int = 40) -> str:
    """A store whose registry and score book hold these children; its address."""
    address = str(folder / "list.db")
    known = children(count)
    store = open_store(address)
    store.import_source(str(_records(folder / "records", known)), imported_on=AS_OF)
    places = [("S0001", "P1", "D1"), ("S0002", "P1", "D1")]
    run = begin(store.engine, as_of=AS_OF, made_from={}, places=places)
    write_chunk(store.engine, run, 0, [_scored(candidate) for candidate in known])
    publish(store.engine, run, facts=FACTS)
    store.close()
    return address


def _scored(candidate: Candidate) -> BookRow:
    score = Score(
        "scored",
        None,
        28,
        candidate.risk,
        candidate.risk_low,
        candidate.risk_high,
        -1.0,
        candidate.reasons,
        "1",
    )
    missing = Score("not_scored", "not_in_treatment", None, None, None, None, None, (), "1")
    targets = {"relapse": missing, "non_response": missing} | {candidate.target: score}
    return BookRow(candidate, targets)


def _records(folder: Path, known: list[Candidate]) -> Path:
    """Every child weighed monthly for five months, treated once, checked once with fever."""
    folder.mkdir()
    centres = {one.centre_id: one for one in known}
    _table(
        folder,
        "centres",
        "centre_id,name,sector_id,project_id,district_id,setting,latitude,longitude",
        (
            (
                one.centre_id,
                one.centre_name,
                one.sector_id,
                "P1",
                "D1",
                one.setting,
                one.latitude,
                one.longitude,
            )
            for one in centres.values()
        ),
    )
    born = {one.child_id: AS_OF - dt.timedelta(days=30 * one.age_months + 15) for one in known}
    _table(
        folder,
        "children",
        "child_id,sex,birth_date,centre_id",
        ((one.child_id, one.sex, born[one.child_id], one.centre_id) for one in known),
    )
    days = [AS_OF - dt.timedelta(days=14 + 30 * month) for month in range(5)]
    _table(
        folder,
        "measurements",
        "child_id,measured_on,weight_kg,height_cm,height_position,muac_mm",
        (
            (one.child_id, day, round(7.4 - 0.1 * month, 1), 70 - month, "lying", 124 - month)
            for one in known
            for month, day in enumerate(days)
            if day > born[one.child_id]
        ),
    )
    _table(
        folder,
        "episodes",
        "episode_id,child_id,programme,admitted_on,appetite_test,complications,closed_on,outcome",
        (
            (f"E{one.child_id}", one.child_id, "UCDC", days[3], "pass", "false", days[2], "cured")
            for one in known
            if days[3] > born[one.child_id]
        ),
    )
    _table(
        folder,
        "checks",
        "child_id,checked_on,diarrhoea,fever,cough,poor_appetite",
        (
            (one.child_id, days[2], "false", "true", "", "false")
            for one in known
            if days[2] > born[one.child_id]
        ),
    )
    return folder


def _table(folder: Path, name: str, head: str, rows) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(head.split(","))
        table.writerows(rows)


def token(address: str, *, role: str = "supervisor", scope: str = "sector:S0001") -> str:
    """A sign-in for this store."""
    return issue(key=local_key(address), role=role, scopes=[scope], name=f"test-{role}")


def visited(candidate: Candidate, *, finding: str, days_ago: int) -> Candidate:
    """The same child after a visit."""
    return replace(
        candidate, last_visited_on=AS_OF - dt.timedelta(days=days_ago), last_finding=finding
    )
