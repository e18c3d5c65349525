"""What a page of an area costs in a made-up state of 3,200 sectors and 80,000 centres: milliseconds
of one core and bytes packed, the first time and the slowest of
some more, each page asked of the whole service.

40 districts of 20 projects of 4 sectors of 25 centres; every figure of twelve months drawn at
random, some withheld. `--json` prints one object as its last line.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

# This file's folder would hide the packages behind its files.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from care.programme.indicators import AMOUNTS, COUNTS, MET, NOT_MET, RATIOS, SPHERE
from registry.store.store import open_store
from serving.app import create_app
from serving.book import scorebook
from serving.book.escalation.escalation_kinds import KINDS
from serving.book.publishing import publish
from serving.book.scorebook import ESCALATIONS
from serving.book.scoring.area_rows import FIGURES, PARTS, centres_page, lines_page
from serving.book.sector_figures import figures_of
from serving.http.observe import Log
from tests.support.service_cases import KEY, Client, row, token

AS_OF = dt.date(2026, 6, 30)
SECTORS, CENTRES, ROUNDS = 3_200, 25, 5
OPEN = 10_000
MONTHS = [f"2025-{month:02}" for month in range(7, 13)] + [
    f"2026-0{month}" for month in range(1, 7)
]
PAGES = (
    "/areas/state/state",
    "/areas/state/state?parts=sector",
    "/areas/state/state?parts=sector&sort=coverage&page=40",
    "/areas/state/state?parts=sector&show=danger&begins=S31",
    "/areas/district/D7",
    "/areas/project/P150",
    "/areas/sector/S0700",
    "/areas/centre/S0700-C3",
    "/areas?code=S0700-C3",
    "/areas?code=S07",
    "/areas/visits",
    "/compare/state/state?parts=sector",
    "/escalations",
    "/escalations?level=district&area=D7",
    "/report/xlsx/state/state",
)


def records(draw: np.random.Generator) -> list[dict[str, Any]]:
    """A place's months and, last, all of them."""
    found = []
    for month in [*MONTHS, f"{MONTHS[0]}/{MONTHS[-1]}"]:
        told: dict[str, Any] = {"month": month}
        told |= {name: float(draw.integers(5, 3000)) for name in COUNTS}
        told |= {name: float(draw.integers(0, 9000)) for name in AMOUNTS}
        told |= {one.name: float(draw.random()) for one in RATIOS}
        told |= {f"sphere_{name}": (MET, NOT_MET)[draw.integers(2)] for name, *_ in SPHERE}
        told["sam"] = round(told["judged"] * told["sam_share"])
        for name in draw.choice(list(COUNTS), 3, replace=False):
            told[name] = None
        found.append(told)
    return found


def areas(places: list[tuple[str, str, str]], figures: dict[str, Any]) -> Any:
    """(level, place, page) of a run over these sectors."""
    draw = np.random.default_rng(1)
    named = {
        "sector": [sector for sector, *_ in places],
        "project": list(dict.fromkeys(project for _, project, _ in places)),
        "district": list(dict.fromkeys(district for *_, district in places)),
        "state": ["state"],
    }
    colours = Counter(green=9, amber=8, red=6, unknown=2)
    for level, those in named.items():
        told = {place: records(draw) for place in those}
        for place, months in told.items():
            beside = {"figures": figures, "quality": {}} if level == "sector" else {}
            yield level, place, beside | {"programme": months}
        yield PARTS, level, lines_page(told, dict.fromkeys(those, colours))
    centres = {sector: [f"{sector}-C{at}" for at in range(CENTRES)] for sector in named["sector"]}
    yield PARTS, "centre", centres_page(centres)
    yield PARTS, FIGURES, scorebook.packed_area(dict.fromkeys(named["sector"], figures))
    rows = [list(one.values()) for one in records(draw)]
    columns = list(records(draw)[0])
    for sector, those in centres.items():
        page = {"columns": columns, "centres": dict.fromkeys(those, rows)}
        yield "centre", sector, scorebook.packed_area(page)


def escalations(places: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """`OPEN` of them, of all kinds, over all sectors; their children are those of the book."""
    draw = np.random.default_rng(2)
    return [
        {
            "child_id": f"C{at % 300}",
            "sector_id": places[at % len(places)][0],
            "kind": KINDS[int(draw.integers(len(KINDS)))],
            "began_on": AS_OF - dt.timedelta(int(draw.integers(60))),
            "gravity": int(draw.integers(5)),
            "opened_on": AS_OF,
            "opened_at": "2026-06-30T00:00:00.000+00:00",
            "opened_by": "",
            "opened_as": "run",
            "holds": True,
        }
        for at in range(OPEN)
    ]


def main() -> None:
    """Make the state's run, ask each page, print what it took."""
    home = Path(tempfile.mkdtemp())
    address = str(home / "x.db")
    places = [(f"S{at:04}", f"P{at // 4}", f"D{at // 80}") for at in range(SECTORS)]
    children = [row(f"C{at}", "S0700", centre_id=f"S0700-C{at % CENTRES}") for at in range(300)]
    with closing(open_store(address)) as store:
        run = scorebook.begin(store.engine, as_of=AS_OF, made_from={}, places=places)
        scorebook.write_chunk(store.engine, run, 0, children)
        figures = figures_of(children, AS_OF)
        publish(store.engine, run, facts={}, areas=areas(places, figures))
        with store.engine.begin() as connection:
            connection.execute(sa.insert(ESCALATIONS), escalations(places))
    app = create_app(address, home / "m", key=KEY, log=Log(lambda line: None), follow=False)
    # As the service does once it is warm (`serving/service.py`).
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    client, found = Client(app), {}
    cookie = {"Cookie": f"sanket_session={token()}", "Accept-Encoding": "gzip"}
    for page in PAGES:
        taken = []
        for _ in range(ROUNDS):
            begun = time.process_time()
            answer = client.get(page, headers=cookie)
            taken.append(time.process_time() - begun)
        assert answer.status_code in (200, 303), (page, answer.status_code)
        found[page] = {
            "ms_first": round(1000 * taken[0]),
            "ms_slowest_after": round(1000 * max(taken[1:])),
            "packed_bytes": int(answer.headers.get("content-length", 0)),
        }
        print(f"{page:56} {found[page]}")
    app.close()
    if "--json" in sys.argv:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
