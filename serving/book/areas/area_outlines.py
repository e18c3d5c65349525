"""What areas look like on a map: the boundaries that the state supplied, else a line around the
coordinates of their centres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import orjson
import sqlalchemy as sa

from features.charts.area_map import Rings, placed
from registry.contract.arrays import Floats
from registry.sources.geojson import Polygons, Ring
from registry.store import schema
from serving.errors import BookUnreadable

AT_ONCE = 500
POINT_SHARE = 0.015
"""A centre is drawn this large, of the map's extent; an area of one centre or two likewise."""
CORNERS, DIRECTIONS = 8, 64
"""Of a circle about a centre; and in how many directions an area's outermost centres are sought."""


@dataclass(frozen=True)
class Outlines:
    """Shapes of areas in pixels, by id; `around`: which of them are drawn around their centres."""

    shapes: Mapping[str, Rings]
    around: frozenset[str]


def outlines(engine: sa.Engine, run: int, level: str, named: Sequence[str]) -> Outlines:
    """Of these areas of a level, which the caller may see; those of which nothing is known are left
    out. Worked out once for each run: boundaries that are imported show from the next run on.

    BookUnreadable where the store does not answer.
    """
    return _outlines(_Store(engine), run, level, tuple(named))


@dataclass(frozen=True)
class _Store:
    """An engine as part of a cache's key: the same address is the same store."""

    engine: sa.Engine

    def __hash__(self) -> int:
        return hash(str(self.engine.url))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Store) and self.engine.url == other.engine.url


@lru_cache(maxsize=64)
def _outlines(store: _Store, run: int, level: str, named: tuple[str, ...]) -> Outlines:
    try:
        with store.engine.connect() as connection:
            known = _boundaries(connection, level, named)
            rest = [name for name in named if name not in known]
            points = _coordinates(connection, level, rest)
    except sa.exc.SQLAlchemyError as error:
        raise BookUnreadable.of(error) from None
    corners = [np.array(part[0]) for parts in known.values() for part in parts]
    corners += list(points.values())
    if not corners:
        return Outlines({}, frozenset())
    everywhere = np.concatenate(corners)
    radius = max(float(np.ptp(everywhere, axis=0).max()) * POINT_SHARE, 1e-4)
    around = {name: [[_around(found, radius)]] for name, found in points.items()}
    return Outlines(placed(known | around), frozenset(around))


def _boundaries(connection: sa.Connection, level: str, named: Sequence[str]) -> dict[str, Polygons]:
    rows, found = schema.BOUNDARIES.c, {}
    for start in range(0, len(named), AT_ONCE):
        part = rows.area_id.in_(named[start : start + AT_ONCE])
        wanted = sa.select(rows.area_id, rows.polygons).where(rows.level == level, part)
        for area, text in connection.execute(wanted.order_by(rows.area_id)):
            found[area] = orjson.loads(text)
    return found


def _coordinates(connection: sa.Connection, level: str, named: Sequence[str]) -> dict[str, Floats]:
    """Longitude and latitude of each area's centres, float64 (centres, 2)."""
    centres, ids = schema.TABLES["centres"].c, schema.IDS.c
    found: dict[str, list[tuple[float, float]]] = {}
    for start in range(0, len(named), AT_ONCE):
        wanted = sa.select(ids.text, centres.longitude, centres.latitude).where(
            ids.kind == level,
            ids.number == centres[level],
            ids.text.in_(named[start : start + AT_ONCE]),
            centres.known_until.is_(None),
            centres.longitude.is_not(None),
            centres.latitude.is_not(None),
        )
        for area, longitude, latitude in connection.execute(wanted):
            found.setdefault(area, []).append((longitude, latitude))
    return {area: np.array(places, float) for area, places in sorted(found.items())}


def _around(points: Floats, radius: float) -> Ring:
    """A closed line around points with some room: the convex hull of small circles about them."""
    outermost = points[np.unique((points @ _directions(DIRECTIONS).T).argmax(axis=0))]
    circle = radius * _directions(CORNERS)
    hull = convex_hull((outermost[:, None, :] + circle).reshape(-1, 2))
    return [(float(x), float(y)) for x, y in [*hull, hull[0]]]


def _directions(many: int) -> Floats:
    turn = np.linspace(0, 2 * np.pi, many, endpoint=False)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def convex_hull(points: Floats) -> list[tuple[float, float]]:
    """The corners of the convex hull, counter-clockwise (Andrew's monotone chain, 1979)."""
    ordered = [(float(x), float(y)) for x, y in np.unique(points, axis=0)]
    if len(ordered) < 3:
        return ordered
    lower, upper = _chain(ordered), _chain(ordered[::-1])
    return lower[:-1] + upper[:-1]


def _chain(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for x, y in points:
        while len(kept) > 1:
            (a, b), (c, d) = kept[-2:]
            if (c - a) * (y - b) - (d - b) * (x - a) > 0:
                break
            kept.pop()
        kept.append((x, y))
    return kept
