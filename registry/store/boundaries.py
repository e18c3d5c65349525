"""Boundaries of areas in the store: what a state supplies once, and maps are drawn from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select

from registry.contract.errors import BadInput, UsageError
from registry.sources.geojson import TOLD, Polygons, read_boundaries
from registry.store import schema

if TYPE_CHECKING:
    from registry.store.store import Store

LEVELS = ("sector", "project", "district")


@dataclass(frozen=True)
class AreasImported:
    """What one import of boundaries did; `without` counts the level's areas that have none yet."""

    level: str
    areas: int
    replaced: int
    skipped: int
    without: int
    notes: tuple[str, ...] = ()


def import_boundaries(
    store: Store,
    path: Path,
    *,
    level: str | None = None,
    property: str | None = None,
    skip_unknown: bool = False,
) -> AreasImported:
    """Keep the boundaries of a GeoJSON file; an area that has one already gets the new one.

    level: sector, project or district; told from the ids where left out. property: where the id
    stands; by default `sector_id` (or the other levels'), `area_id`, `id`. Raises UsageError ARE010
    for a level that is none, BadInput ARE001 to ARE006; nothing is changed then.
    """
    if level is not None and level not in LEVELS:
        raise UsageError("ARE010", f"--level is {level!r}: give one of {', '.join(LEVELS)}")
    levels = (level,) if level else LEVELS
    names = (property,) if property else (*(f"{one}_id" for one in levels), "area_id", "id")
    found = read_boundaries(path, properties=names)
    with store.engine.begin() as connection:
        known = {one: _ids(connection, one) for one in levels}
        if level is None:
            level = _level_of(found.areas, found.property, known, path.name)
        unknown = sorted(found.areas.keys() - known[level])
        if unknown and not skip_unknown:
            raise BadInput(
                "ARE004",
                f"{len(unknown)} of {len(found.areas)} areas of {path.name} are no {level} of "
                f"this store: {', '.join(unknown[:TOLD])}{', …' if len(unknown) > TOLD else ''}; "
                "import the centres first, name the property with --id, or leave them out with "
                "--skip-unknown",
            )
        kept = {area: rings for area, rings in found.areas.items() if area in known[level]}
        had = _kept_already(connection, level)
        _keep(connection, level, kept)
        without = len(known[level] - had - kept.keys())
        notes = _far_away(connection, kept)
    return AreasImported(level, len(kept), len(kept.keys() & had), len(unknown), without, notes)


def boundaries(store: Store, level: str) -> dict[str, Polygons]:
    """The polygons of each area of a level that has them, by its id; none of any other level."""
    rows = schema.BOUNDARIES.c
    with store.engine.connect() as connection:
        found = connection.execute(
            select(rows.area_id, rows.polygons).where(rows.level == level).order_by(rows.area_id)
        ).all()
    return {
        area: [
            [[(float(x), float(y)) for x, y in ring] for ring in part] for part in json.loads(text)
        ]
        for area, text in found
    }


def _kept_already(connection: Connection, level: str) -> set[str]:
    rows = schema.BOUNDARIES.c
    return set(connection.execute(select(rows.area_id).where(rows.level == level)).scalars())


def _keep(connection: Connection, level: str, areas: dict[str, Polygons]) -> None:
    rows = schema.BOUNDARIES
    for area in areas:
        connection.execute(delete(rows).where(rows.c.level == level, rows.c.area_id == area))
    if areas:
        connection.execute(
            insert(rows),
            [
                {"level": level, "area_id": area, "polygons": json.dumps(rings)}
                for area, rings in areas.items()
            ],
        )


def _ids(connection: Connection, level: str) -> set[str]:
    """The ids of a level's areas in this store."""
    centres, ids = schema.TABLES["centres"].c, schema.IDS.c
    used = select(centres[level])
    question = select(ids.text).where(ids.kind == level, ids.number.in_(used))
    return set(connection.execute(question).scalars())


def _level_of(
    areas: dict[str, Polygons], property: str, known: dict[str, set[str]], file: str
) -> str:
    """The level whose id the property names, else the one that has most of these ids."""
    if property.removesuffix("_id") in known:
        return property.removesuffix("_id")
    hits = {one: len(areas.keys() & ids) for one, ids in known.items()}
    best = max(hits, key=hits.__getitem__)
    if not hits[best] or list(hits.values()).count(hits[best]) > 1:
        raise BadInput(
            "ARE004",
            f"the ids of {file} ({', '.join(sorted(areas)[:TOLD])}) are not clearly of one level "
            "of this store: name it with --level, and the id's property with --id",
        )
    return best


def _far_away(connection: Connection, areas: dict[str, Polygons]) -> tuple[str, ...]:
    """A line where no centre that has coordinates lies within the frame of all these areas."""
    centres = schema.TABLES["centres"].c
    places = connection.execute(
        select(centres.longitude, centres.latitude).where(
            centres.known_until.is_(None),
            centres.longitude.is_not(None),
            centres.latitude.is_not(None),
        )
    ).all()
    corners = [corner for parts in areas.values() for part in parts for corner in part[0]]
    if not places or not corners:
        return ()
    (west, east), (south, north) = (
        (min(values), max(values)) for values in zip(*corners, strict=True)
    )
    if any(west <= x <= east and south <= y <= north for x, y in places):
        return ()
    return (
        "LOOK: no centre of this store lies within these boundaries: are longitude and latitude "
        "exchanged, or is it another place?",
    )
