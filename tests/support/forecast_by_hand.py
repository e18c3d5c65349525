"""A forecast of a few areas, made by hand and published."""

from __future__ import annotations

import datetime as dt
from contextlib import closing

import numpy as np
import sqlalchemy as sa

from care.programme import published_forecast as book
from care.programme.published_forecast import WITHHELD, AreaAlert, AreaForecast, Publication
from registry.store import schema
from registry.store.store import open_store

HISTORY = (*[12] * 12, 9, 8, None, 7, 6, 5, 5, 6, 7, 8, WITHHELD, 20)
"""July 2024 to June 2026: the September of last year was not reported, this May is withheld."""
ALERTS = (
    AreaAlert("sector", "S1", "above_band", "2026-06", 20.0, 8.2),
    AreaAlert("sector", "S2", "above_band", "2026-06", 3.0, 0.4),
    AreaAlert("sector", "S3", "no_sam_unlikely", "2026-06", 0.0, 7.5),
    AreaAlert("sector", "S4", "peak_coming", "2026-07", 31.0, 18.0),
    AreaAlert("sector", "S1", "peak_coming", "2026-07", 33.0, 20.0),
)


def area(level: str, name: str, a_month: float, history: tuple = HISTORY) -> AreaForecast:
    """The same for each of six months, with a band of one either way."""
    mean = np.full(6, float(a_month))
    quantiles = mean[:, None] + np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    return AreaForecast(level, name, mean, quantiles, history)


def publish_by_hand(address: str) -> None:
    """Two districts, two projects, four sectors, from June 2026."""
    new = Publication(
        counted="confirmed_sam",
        level="sector",
        origin="2026-06",
        horizon=6,
        as_of=dt.date(2026, 6, 30),
        made_on=dt.date(2026, 7, 2),
        facts={},
    )
    areas = [
        area("state", "state", 40),
        area("district", "D1", 30),
        area("district", "D2", 10),
        area("project", "P1", 30),
        area("project", "P2", 10),
        area("sector", "S1", 10.4),
        area("sector", "S2", 19.6, (*[0] * 23, WITHHELD)),
        area("sector", "S3", 2.5, (*[0] * 24,)),
        area("sector", "S4", 7.5, (*[6] * 24,)),
    ]
    with closing(open_store(address)) as store:
        book.publish(store.engine, new, areas, ALERTS)


def place_centres(address: str, centres: tuple[str, ...]) -> None:
    """Give these centres coordinates."""
    rows, ids = schema.TABLES["centres"], schema.IDS
    wanted = sa.select(ids.c.text, ids.c.number).where(ids.c.kind == "centre")
    with closing(open_store(address)) as store, store.engine.begin() as connection:
        numbers = {row.text: row.number for row in connection.execute(wanted)}
        for at, centre in enumerate(centres):
            places = {"longitude": 74.0 + at / 10, "latitude": 20.0 + at % 2 / 10}
            changed = sa.update(rows).where(rows.c.centre == numbers[centre])
            connection.execute(changed.values(**places))
