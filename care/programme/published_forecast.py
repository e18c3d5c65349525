"""The forecast that a programme works by: published whole into the store, read from there by the
pages, the budget and drift. Counts of areas; nothing of a child.

A publication is one transaction: readers see the former one until the new one is whole. Former ones
stay, with what they said; only the newest two keep the counts they were made from.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from registry.contract.arrays import Floats
from registry.contract.errors import UsageError
from registry.store.schema import make_missing

QUANTILES = {"q05": 0.05, "q10": 0.10, "q25": 0.25, "q50": 0.50} | {
    "q75": 0.75,
    "q90": 0.90,
    "q95": 0.95,
}
"""The columns of a forecast's distribution, and the share of outcomes below each."""
WITHHELD = "withheld"
"""Stands in a history for a count that disclosure control withholds."""
KEEP_HISTORY_OF = 2

TABLES = sa.MetaData()
FORECASTS = sa.Table(
    "sanket_forecasts",
    TABLES,
    sa.Column("forecast", sa.Integer, primary_key=True),
    sa.Column("counted", sa.String(40), nullable=False),
    sa.Column("level", sa.String(20), nullable=False),
    sa.Column("origin", sa.String(7), nullable=False),
    sa.Column("horizon", sa.Integer, nullable=False),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("made_on", sa.Date, nullable=False),
    sa.Column("made_at", sa.String(32), nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Index("sanket_forecasts_by_origin", "counted", "origin"),
)
"""One row a publication. level: the finest that was forecast; origin: the last month known, as
2026-06; as_of: by the end of which day; made_on: the day it was made."""
ROWS = sa.Table(
    "sanket_forecast_rows",
    TABLES,
    sa.Column("forecast", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("level", sa.String(20), primary_key=True),
    sa.Column("area", sa.String(500), primary_key=True),
    sa.Column("horizon", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("month", sa.String(7), nullable=False),
    sa.Column("mean", sa.Float, nullable=False),
    *(sa.Column(name, sa.Float, nullable=False) for name in QUANTILES),
    sqlite_with_rowid=False,
)
HISTORY = sa.Table(
    "sanket_forecast_history",
    TABLES,
    sa.Column("forecast", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("level", sa.String(20), primary_key=True),
    sa.Column("area", sa.String(500), primary_key=True),
    sa.Column("counts", sa.Text, nullable=False),
)
"""What was counted in the months up to the origin, the earliest first: JSON of whole counts, null
(not reported) and "withheld"."""
ALERTS = sa.Table(
    "sanket_forecast_alerts",
    TABLES,
    sa.Column("forecast", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("level", sa.String(20), nullable=False),
    sa.Column("area", sa.String(500), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("month", sa.String(7), nullable=False),
    sa.Column("figure", sa.Float, nullable=False),
    sa.Column("expected", sa.Float, nullable=False),
    sa.Index("sanket_forecast_alerts_by_area", "forecast", "level", "area"),
)
"""What an officer should look at, the farthest off first."""

Count = int | str | None
"""A whole count; None: not reported; `WITHHELD`."""


@dataclass(frozen=True)
class AreaForecast:
    """What one area expects. mean: float64 (months ahead,); quantiles: float64 (months ahead,
    levels of `QUANTILES`); history: the months up to the origin, the earliest first."""

    level: str
    area: str
    mean: Floats
    quantiles: Floats
    history: tuple[Count, ...] = ()


@dataclass(frozen=True)
class AreaAlert:
    """An alert as it was published; `figure` is what was counted (of a coming peak: what is
    expected), `expected` what it is held against."""

    level: str
    area: str
    kind: str
    month: str
    figure: float
    expected: float


@dataclass(frozen=True, kw_only=True)
class Publication:
    """One published forecast, without its areas; `forecast` is its number (0: not yet
    published)."""

    counted: str
    level: str
    origin: str
    horizon: int
    as_of: dt.date
    made_on: dt.date
    facts: dict[str, Any]
    forecast: int = 0

    @property
    def months(self) -> list[str]:
        """The months ahead, as 2026-07."""
        year, month = map(int, self.origin.split("-"))
        numbers = (year * 12 + month - 1 + ahead for ahead in range(1, self.horizon + 1))
        return [f"{number // 12}-{number % 12 + 1:02d}" for number in numbers]


def publish(
    engine: sa.Engine,
    new: Publication,
    areas: Iterable[AreaForecast],
    alerts: Iterable[AreaAlert] = (),
) -> Publication:
    """Write a forecast whole, or nothing; from then on readers see it.

    Raises UsageError FCT016 where one of a later month is published.
    """
    make_missing(engine, TABLES)
    with engine.begin() as connection:
        later = sa.select(sa.func.max(FORECASTS.c.origin)).where(FORECASTS.c.counted == new.counted)
        published = connection.scalar(later)
        if published is not None and published > new.origin:
            raise UsageError(
                "FCT016",
                f"a forecast of {new.counted} from {published} is published already; this one is "
                f"from {new.origin}",
            )
        number = connection.execute(
            sa.insert(FORECASTS).returning(FORECASTS.c.forecast),
            {
                **{name: getattr(new, name) for name in ("counted", "level", "origin", "horizon")},
                "as_of": new.as_of,
                "made_on": new.made_on,
                "made_at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
                "facts": json.dumps(new.facts),
            },
        ).scalar_one()
        areas = list(areas)
        _insert(connection, ROWS, _rows(number, new, areas))
        _insert(connection, HISTORY, _histories(number, areas))
        _insert(
            connection,
            ALERTS,
            ({"forecast": number, "number": at, **vars(one)} for at, one in enumerate(alerts)),
        )
        _drop_old_history(connection, new.counted)
    return replace(new, forecast=number)


def _publication(row: sa.Row[Any]) -> Publication:
    names = ("counted", "level", "origin", "horizon", "as_of", "made_on")
    return Publication(
        **{name: getattr(row, name) for name in names},
        facts=json.loads(row.facts),
        forecast=row.forecast,
    )


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    if kept := list(rows):
        connection.execute(sa.insert(table), kept)


def _rows(number: int, new: Publication, areas: Iterable[AreaForecast]) -> Iterator[dict[str, Any]]:
    for one in areas:
        for ahead, month in enumerate(new.months):
            quantiles = zip(QUANTILES, one.quantiles[ahead].tolist(), strict=True)
            yield {
                "forecast": number,
                "level": one.level,
                "area": one.area,
                "horizon": ahead + 1,
                "month": month,
                "mean": float(one.mean[ahead]),
                **dict(quantiles),
            }


def _histories(number: int, areas: Iterable[AreaForecast]) -> Iterator[dict[str, Any]]:
    for one in areas:
        yield {
            "forecast": number,
            "level": one.level,
            "area": one.area,
            "counts": json.dumps(one.history),
        }


def _drop_old_history(connection: sa.Connection, counted: str) -> None:
    """A reader that has just found the former publication still reads it whole."""
    of_counted = sa.select(FORECASTS.c.forecast).where(FORECASTS.c.counted == counted)
    kept = of_counted.order_by(FORECASTS.c.forecast.desc()).limit(KEEP_HISTORY_OF)
    old = set(connection.scalars(of_counted)) - set(connection.scalars(kept))
    if old:
        connection.execute(sa.delete(HISTORY).where(HISTORY.c.forecast.in_(old)))


def published(engine: sa.Engine, counted: str, *, by: dt.date | None = None) -> list[Publication]:
    """The publications of what is counted, the newest of each origin, the latest origin first;
    `by`: made from what was known by the end of that day. Empty where there is none."""
    if not sa.inspect(engine).has_table(FORECASTS.name):
        return []
    wanted = sa.select(FORECASTS).where(FORECASTS.c.counted == counted)
    if by is not None:
        wanted = wanted.where(FORECASTS.c.as_of <= by)
    with engine.connect() as connection:
        rows = connection.execute(
            wanted.order_by(FORECASTS.c.origin.desc(), FORECASTS.c.forecast.desc())
        ).all()
    newest: dict[str, Publication] = {}
    for row in rows:
        newest.setdefault(row.origin, _publication(row))
    return list(newest.values())


def newest(engine: sa.Engine, counted: str, *, by: dt.date | None = None) -> Publication | None:
    """The publication that stands; None where there is none."""
    found = published(engine, counted, by=by)
    return found[0] if found else None


def areas_of(
    engine: sa.Engine,
    of: Publication,
    level: str,
    named: Sequence[str] | None = None,
) -> dict[str, AreaForecast]:
    """By id the areas of a level in a publication (`named`: only these), with their forecasts."""
    rows: dict[str, list[Any]] = {}
    histories: dict[str, tuple[Count, ...]] = {}
    with engine.connect() as connection:
        for part in _parts(named):
            for row in connection.execute(_of_level(ROWS, of, level, part)):
                rows.setdefault(row.area, []).append(row)
            for row in connection.execute(_of_level(HISTORY, of, level, part)):
                histories[row.area] = tuple(json.loads(row.counts))
    return {
        area: _area_forecast(level, area, found, histories.get(area, ()))
        for area, found in sorted(rows.items())
    }


def totals_of(engine: sa.Engine, of: Publication, level: str) -> dict[str, float]:
    """By id of every area of a level what a publication expects over all its months together."""
    total = sa.func.sum(ROWS.c.mean)
    wanted = sa.select(ROWS.c.area, total).where(
        ROWS.c.forecast == of.forecast, ROWS.c.level == level
    )
    with engine.connect() as connection:
        found = connection.execute(wanted.group_by(ROWS.c.area)).all()
    return {area: float(mean) for area, mean in found}


def _area_forecast(
    level: str, area: str, rows: list[Any], history: tuple[Count, ...]
) -> AreaForecast:
    ahead = sorted(rows, key=lambda row: row.horizon)
    return AreaForecast(
        level,
        area,
        np.array([row.mean for row in ahead]),
        np.array([[getattr(row, name) for name in QUANTILES] for row in ahead]),
        history,
    )


def _of_level(
    table: sa.Table, of: Publication, level: str, named: Sequence[str] | None
) -> sa.Select[Any]:
    wanted = sa.select(table).where(table.c.forecast == of.forecast, table.c.level == level)
    return wanted if named is None else wanted.where(table.c.area.in_(named))


def _parts(named: Sequence[str] | None) -> Iterator[Sequence[str] | None]:
    if named is None:
        yield None
        return
    for start in range(0, len(named), 500):
        yield named[start : start + 500]


def alerts_of(
    engine: sa.Engine, of: Publication, level: str, named: Sequence[str] | None = None
) -> list[AreaAlert]:
    """The alerts of a publication in a level's areas, the farthest off first."""
    found: list[tuple[int, AreaAlert]] = []
    with engine.connect() as connection:
        for part in _parts(named):
            for row in connection.execute(_of_level(ALERTS, of, level, part)):
                told = AreaAlert(row.level, row.area, row.kind, row.month, row.figure, row.expected)
                found.append((row.number, told))
    return [alert for _, alert in sorted(found, key=lambda one: one[0])]


def months_alerted(
    engine: sa.Engine, of: Publication, level: str, area: str, kind: str
) -> set[str]:
    """The months of which the publications up to this one told an alert of this kind of an area."""
    joined = sa.join(ALERTS, FORECASTS, ALERTS.c.forecast == FORECASTS.c.forecast)
    wanted = sa.select(ALERTS.c.month).select_from(joined)
    wanted = wanted.where(
        FORECASTS.c.counted == of.counted,
        FORECASTS.c.origin <= of.origin,
        ALERTS.c.level == level,
        ALERTS.c.area == area,
        ALERTS.c.kind == kind,
    )
    with engine.connect() as connection:
        return set(connection.scalars(wanted))
