"""Boundaries of areas out of a GeoJSON file (RFC 7946): polygons by the area's id, checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from registry.contract.errors import BadInput

Ring = list[tuple[float, float]]
"""Longitude and latitude of each corner; the last is the first again."""
Polygons = list[list[Ring]]
"""Of one area: its parts, each the ring around it and then those of its holes."""

LARGEST = 256 << 20
"""Bytes of a file that are read: boundaries of a state's sectors are a tenth of it."""
WGS84 = ("CRS84", "EPSG::4326", "EPSG:4326", "4326")
FEWEST_CORNERS = 4
TOLD = 5
"""How many ids a message names."""


@dataclass(frozen=True)
class Boundaries:
    """The polygons of each area by its id, and the property that the ids stood in."""

    areas: dict[str, Polygons]
    property: str


def read_boundaries(path: Path, *, properties: tuple[str, ...]) -> Boundaries:
    """The areas of a FeatureCollection of Polygon and MultiPolygon features.

    properties: names of the id's property; the first that every feature has is taken. Raises
    BadInput: ARE001 (no such file or content), ARE002 (not degrees of WGS84), ARE003 (an area
    without an id), ARE005 (an id twice), ARE006 (a ring that is none).
    """
    features = _features(path)
    name = next((one for one in properties if all(_id(f, one) for f in features)), None)
    if name is None:
        has = sorted({str(key) for one in features for key in _properties(one)})
        raise BadInput(
            "ARE003",
            f"not every feature of {path.name} has an id in {' or '.join(properties)}; its "
            f"properties are {', '.join(has)[:300] or 'none'}: name one with --id",
        )
    areas: dict[str, Polygons] = {}
    for at, feature in enumerate(features, 1):
        area = _id(feature, name)
        if area in areas:
            raise BadInput(
                "ARE005", f"{area} stands twice in {path.name}: join its parts to a MultiPolygon"
            )
        areas[area] = _polygons(feature.get("geometry"), f"feature {at} ({area}) of {path.name}")
    return Boundaries(areas, name)


def _features(path: Path) -> list[dict[str, Any]]:
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput("ARE001", f"{path.name} is larger than {LARGEST >> 20} MB: simplify it")
        said = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInput("ARE001", f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput("ARE001", f"{path.name} is no JSON: export it again as GeoJSON") from error
    if not isinstance(said, dict) or said.get("type") != "FeatureCollection":
        kind = str(said.get("type"))[:40] if isinstance(said, dict) else type(said).__name__
        raise BadInput("ARE001", f"{path.name} is a {kind}, no FeatureCollection of GeoJSON")
    _refuse_other_crs(said, path.name)
    features = said.get("features")
    if not isinstance(features, list) or not features:
        raise BadInput("ARE001", f"{path.name} holds no feature")
    for at, feature in enumerate(features, 1):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise BadInput("ARE001", f"feature {at} of {path.name} is none")
    return features


def _refuse_other_crs(collection: Mapping[str, Any], file: str) -> None:
    """RFC 7946 knows WGS84 alone; files of the former standard name theirs in `crs`."""
    crs = collection.get("crs")
    if crs is None:
        return
    named = crs.get("properties") if isinstance(crs, dict) else None
    name = str(named.get("name")) if isinstance(named, dict) else str(crs)[:60]
    if not name.upper().endswith(WGS84):
        raise BadInput(
            "ARE002", f"{file} is in {name}: export it in WGS84 (EPSG:4326), longitude first"
        )


def _properties(feature: Mapping[str, Any]) -> Mapping[str, Any]:
    found = feature.get("properties")
    return found if isinstance(found, dict) else {}


def _id(feature: Mapping[str, Any], name: str) -> str:
    """A feature's id as text; empty where it has none. `id` may stand beside the properties."""
    found = _properties(feature).get(name, feature.get("id") if name == "id" else None)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    return str(found).strip() if isinstance(found, str | int) else ""


def _polygons(geometry: object, where: str) -> Polygons:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or kind not in ("Polygon", "MultiPolygon"):
        raise BadInput("ARE006", f"{where} is a {kind}: an area is a Polygon or a MultiPolygon")
    parts = geometry.get("coordinates")
    parts = [parts] if kind == "Polygon" else parts
    if (
        not isinstance(parts, list)
        or not parts
        or not all(isinstance(p, list) and p for p in parts)
    ):
        raise BadInput("ARE006", f"{where} has no ring")
    return [[_ring(ring, where) for ring in part] for part in parts]


def _ring(ring: object, where: str) -> Ring:
    if not isinstance(ring, list) or len(ring) < FEWEST_CORNERS:
        raise BadInput(
            "ARE006",
            f"a ring of {where} has fewer than {FEWEST_CORNERS} corners, the last of "
            "which is the first again",
        )
    found = [_corner(corner, where) for corner in ring]
    if found[0] != found[-1]:
        raise BadInput("ARE006", f"a ring of {where} is not closed: its last corner is the first")
    if _area(found) == 0.0:
        raise BadInput("ARE006", f"a ring of {where} encloses nothing")
    return found


def _corner(corner: object, where: str) -> tuple[float, float]:
    numbers = corner[:2] if isinstance(corner, list) else []
    if len(numbers) < 2 or not all(
        isinstance(one, int | float) and not isinstance(one, bool) and isfinite(one)
        for one in numbers
    ):
        raise BadInput("ARE006", f"a corner of {where} is no pair of numbers")
    longitude, latitude = float(numbers[0]), float(numbers[1])
    if abs(longitude) > 180 or abs(latitude) > 90:
        raise BadInput(
            "ARE002",
            f"a corner of {where} lies at {longitude:g}, {latitude:g}, outside of longitude "
            "-180 to 180 and latitude -90 to 90: export it in WGS84 (EPSG:4326), longitude first",
        )
    return longitude, latitude


def _area(ring: Ring) -> float:
    """Twice the area within a ring, with its sign (the shoelace formula)."""
    (x, y), total = ring[0], 0.0
    for (x1, y1), (x2, y2) in zip(ring, ring[1:], strict=False):
        total += (x1 - x) * (y2 - y) - (x2 - x) * (y1 - y)
    return total
