"""A small registry that grows from day to day and is scored by the rules alone, as the morning's run
does it."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from care.protocol import standard
from registry.contract.registry import day_number
from registry.store.partitions import divide
from registry.store.store import open_store
from serving.access.permissions import Scope
from serving.book import scorebook
from serving.book.publishing import publish
from serving.book.reader import Reader
from serving.book.scoring.area_rows import area_pages
from serving.book.scoring.book_rows import Places
from serving.book.scoring.scoring_part import PartTask, score_part

HEADS = {
    "centres": "centre_id,name,sector_id,project_id,district_id,setting",
    "children": "child_id,sex,birth_date,centre_id,registered_on,left_on,left_reason",
    "measurements": "child_id,measured_on,weight_kg,height_cm,height_position,muac_mm,oedema",
    "episodes": "episode_id,child_id,programme,admitted_on,appetite_test,complications,closed_on,"
    "outcome,transfer_reason",
    "checks": "child_id,checked_on,diarrhoea,fever,poor_appetite,examiner,appetite_test",
    "visits": "child_id,visited_on,finding",
}
FACTS = {"synthetic": True, "protocol_version": "7"}


class DaysOfScoring:
    """One store. `record` adds rows as they come to be known on a day; `score` makes a run."""

    def __init__(self, home: Path):
        self.home, self.address = home, str(home / "days.db")
        self._imports = 0

    def record(self, day: str, **tables: str) -> None:
        """Import these rows (a table's lines without its head) on a day."""
        self._imports += 1
        into = self.home / f"in{self._imports}"
        into.mkdir()
        for name, lines in tables.items():
            rows = [line.strip() for line in lines.strip().splitlines()]
            (into / f"{name}.csv").write_text("\n".join([HEADS[name], *rows]) + "\n")
        with closing(open_store(self.address)) as store:
            found = store.import_source(str(into), imported_on=day)
        refused = {name: told["quarantined"] for name, told in found.tables.items()}
        assert not any(refused.values()), refused

    def score(self, day: str, **made_from: float) -> Reader:
        """A run of a day, its areas counted; a reader of the whole book. made_from: as a run keeps
        it (`holdout_share`)."""
        as_of = dt.date.fromisoformat(day)
        with closing(open_store(self.address)) as store:
            areas = store.load(children=())
            parts = divide(store, day_number(as_of))
            places = sorted(Places.of(areas, day_number(as_of)).sectors)
            run = scorebook.begin(
                store.engine, as_of=as_of, made_from=made_from | {"day": day}, places=places
            )
            done = [
                score_part(PartTask(self.address, self.home / "models", {}, run, part))
                for part in parts
            ]
            pages = area_pages((part.counts for part in done), areas, standard())
            publish(store.engine, run, facts=FACTS, areas=list(pages))
        return self.reader()

    def reader(self, *scope: str) -> Reader:
        """The book as a scope may see it."""
        return Reader(self.engine(), Scope.of(scope or ["state:*"]))

    def engine(self) -> sa.Engine:
        """The store's database."""
        from serving.database import engine_of

        return engine_of(self.address)


AS_OF = "2026-06-30"
CENTRES = {  # centre: sector, project, district, children measured, of them with SAM
    "A1": ("S1", "P1", "D1", 60, 0),
    "A2": ("S1", "P1", "D1", 3, 1),
    "A3": ("S1", "P1", "D1", 60, 6),
    "B1": ("S2", "P1", "D1", 60, 30),
    "C1": ("S3", "P2", "D2", 80, 0),
    "C2": ("S3", "P2", "D2", 80, 9),
    "D1": ("S4", "P2", "D2", 90, 0),
}


def measured_centres(home: Path) -> DaysOfScoring:
    """A store of `CENTRES`, every child measured in the month of the run."""
    days = DaysOfScoring(home)
    who = [(f"{c}-{at}", c, at < of[4]) for c, of in CENTRES.items() for at in range(of[3])]
    days.record(
        AS_OF,
        centres="\n".join(f"{c},,{','.join(of[:3])},rural" for c, of in CENTRES.items()),
        children="\n".join(f"{name},F,2025-01-05,{c},,," for name, c, _ in who),
        measurements="\n".join(
            f"{name},2026-06-12,9.0,74,lying,{108 if sam else 140}," for name, _, sam in who
        ),
    )
    days.score(AS_OF)
    return days
