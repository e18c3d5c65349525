"""A store whose newest run has counted its areas: two districts, small counts among them, store
rooms of which one is empty and one was never counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from contextlib import closing
from functools import partial
from pathlib import Path

from care.protocol import standard
from registry.store.store import open_store
from serving.access.scope import Scope
from serving.book import scorebook
from serving.book.publishing import publish
from serving.book.reader import Reader
from serving.book.scorebook import BookRow
from serving.book.scoring.area_rows import area_pages, count_areas
from serving.book.scoring.book_rows import Scoring
from serving.book.scoring.supply_rows import supply_pages
from tests.support.registry_samples import folder

AS_OF = dt.date(2026, 6, 30)
CENTRES = {  # centre: sector, project, district, children
    "A1": ("S1", "P1", "D1", 30),
    "A2": ("S1", "P1", "D1", 3),
    "A3": ("S1", "P1", "D1", 22),
    "B1": ("S2", "P1", "D1", 40),
    "C1": ("S3", "P2", "D2", 25),
    "C2": ("S3", "P2", "D2", 24),
}
STOCKS = {  # centre: when its sachets were counted, how many there were
    "A1": ("2026-06-30", 200),
    "A2": ("2026-06-30", 0),
    "A3": ("2026-04-30", 90),
    "B1": ("2026-06-28", 500),
    "C1": ("2026-06-28", 100),
}
FACTS = {"synthetic": True, "protocol_version": "7"}


def registry_folder(path: Path) -> Path:
    """Every child weighed in each of the last months; some in treatment."""
    children, weighed, stays = [], [], []
    for centre, (*_, many) in CENTRES.items():
        for at in range(many):
            child = f"{centre}-{at}"
            children.append(f"{child},F,2024-06-01,{centre}")
            weighed += [
                f"{child},2026-0{month}-10,{'7.0' if at % 5 else '5.9'}" for month in (4, 5, 6)
            ]
            if at % 5 == 0:
                stays.append(f"E{child},{child},VCDC,2026-05-12")
    centres = "".join(f"{one},{','.join(of[:3])},rural\n" for one, of in CENTRES.items())
    return folder(
        path,
        centres=f"centre_id,sector_id,project_id,district_id,setting\n{centres}",
        children="child_id,sex,birth_date,centre_id\n" + "\n".join(children) + "\n",
        measurements="child_id,measured_on,weight_kg\n" + "\n".join(weighed) + "\n",
        episodes="episode_id,child_id,programme,admitted_on\n" + "\n".join(stays) + "\n",
        stocks="centre_id,counted_on,item,quantity\n"
        + "".join(f"{centre},{on},EDNF,{many}\n" for centre, (on, many) in STOCKS.items()),
        rations="child_id,issued_on,item,quantity\nA1-0,2026-06-12,EDNF,28\nC1-0,2026-06-20,EDNF,14\n",
    )


def make_store(home: Path, rows: Iterable[BookRow]) -> str:
    """The store, scored with these rows; its address."""
    address = str(home / "x.db")
    with closing(open_store(address)) as store:
        store.import_source(registry_folder(home / "in"), imported_on=AS_OF.isoformat())
        places = sorted({of[:3] for of in CENTRES.values()})
        run = scorebook.begin(store.engine, as_of=AS_OF, made_from={}, places=places)
        scorebook.write_chunk(store.engine, run, 0, rows)
        reader = Reader(store.engine, Scope.of(["state:*"]))
        registry = store.load()
        rows_of = partial(reader.rows, run, ticked=False)
        counted = count_areas(rows_of, run, Scoring.of(registry, {}, run.as_of), {})
        areas = list(area_pages([counted], registry, standard()))
        areas += supply_pages([counted], registry, standard(), None)
        publish(store.engine, run, facts=FACTS, areas=areas)
    return address
