"""The published forecast as the officers' pages read it: of areas that a person's scope holds
whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from care.programme import published_forecast
from care.programme.published_forecast import AreaAlert, AreaForecast, Publication
from serving.book.reader import Place
from serving.errors import BookUnreadable

COUNTED = "confirmed_sam"


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise BookUnreadable.of(error) from None


def standing(engine: sa.Engine) -> Publication | None:
    """The publication that stands, of new confirmed SAM; None where none is. BookUnreadable."""
    with _readable():
        return published_forecast.newest(engine, COUNTED)


def forecasts(
    engine: sa.Engine, of: Publication, level: str, places: Sequence[Place]
) -> dict[str, AreaForecast]:
    """By id the forecasts of these places, which `Reader.whole_places` (of centres: their sector's)
    has named."""
    with _readable():
        return published_forecast.areas_of(engine, of, level, [one.place for one in places])


def totals(
    engine: sa.Engine, of: Publication, level: str, places: Sequence[Place]
) -> dict[str, float]:
    """By id what is expected in all months together, of these places, which `Reader.whole_places`
    has named."""
    with _readable():
        found = published_forecast.totals_of(engine, of, level)
    return {one.place: found[one.place] for one in places if one.place in found}


def alerts(
    engine: sa.Engine, of: Publication, level: str, places: Sequence[Place]
) -> list[AreaAlert]:
    """The alerts of these places, which `Reader.whole_places` has named, the farthest off first."""
    with _readable():
        return published_forecast.alerts_of(engine, of, level, [one.place for one in places])


def months_above(engine: sa.Engine, of: Publication, level: str, place: Place) -> set[str]:
    """The months of this place that lay above their band, as far as publications told it."""
    with _readable():
        return published_forecast.months_alerted(engine, of, level, place.place, "above_band")
