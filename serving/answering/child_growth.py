"""The growth history of a stored child as coordinates: its measurements, WHO's lines and bands, its
stays, and where the next readings would lie, with a chart's words in a reader's language."""

from __future__ import annotations

import datetime as dt
import math
import sqlite3
from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from features.charts.child_chart import points_of, treatments_of
from features.charts.growth_chart import Points, implausible_of, span_of, values_of
from features.charts.reference_lines import cuts_of, line, lines_of, stretches
from features.clock import Clock, Known
from features.trajectory.projection import Projection, project
from features.who.growth import round_z, zscores
from registry.contract.arrays import AnyArray
from registry.contract.codes import HeightPosition, Sex
from registry.contract.errors import SanketError
from registry.contract.registry import NEVER, Registry, day_date, day_number
from registry.store.single_sqlite import open_beside_the_book
from serving.errors import BookUnreadable
from serving.language.words import Words

UNITS = {"waz": "kg", "haz": "cm", "whz": "z", "muac": "cm"}
"""By panel, the unit of its values."""
Z = ("waz", "haz", "whz", "muacz")
NOT_KNOWN = ("not_in_registry", "not_known_by_then")
"""Why a child has no chart."""
Document = dict[str, Any]


def registry_of_child(store_address: str, child_id: str) -> Registry:
    """One child's records, read from the store beside an open score book."""
    store = open_beside_the_book(store_address)
    try:
        return store.load(children=[child_id])
    finally:
        store.close()


def growth_document(
    store_address: str, child_id: str, as_of: dt.date, words: Words, *, projected: bool
) -> Document:
    """What was known of a child's growth by the end of a day. BookUnreadable where the registry
    cannot be read.

    projected: with the band of the next eight weeks' readings, where the records bear one.
    """
    try:
        registry = registry_of_child(store_address, child_id)
    except (SanketError, SQLAlchemyError, sqlite3.Error, OSError):
        raise BookUnreadable("the registry cannot be read") from None
    told: Document = {"child_id": child_id, "as_of": as_of.isoformat(), "language": words.language}
    told |= {"words": {name: words("chart", name) for name in words.tree["chart"]}}
    at = np.flatnonzero(registry.child_ids == child_id)
    if not len(at):
        return told | _nothing("not_in_registry")
    day = np.array([day_number(as_of)], np.int32)
    known = Clock(registry).known_by(at[:1].astype(np.int32), day)
    sex, born = int(known.children["sex"][0]), int(known.children["birth_date"][0])
    if sex < 0 or born == NEVER:
        return told | _nothing("not_known_by_then")
    return told | _known_growth(known, sex, born, words, projected=projected)


def _nothing(why_not: str) -> Document:
    empty: Document = {"points": [], "treatments": [], "panels": [], "projection": None}
    return {"why_not": why_not, "sex": None, "birth_date": None} | empty


def _known_growth(known: Known, sex: int, born: int, words: Words, *, projected: bool) -> Document:
    points = points_of(known, born)
    projection = project(known) if projected else None
    ahead = projection.age_days[-1:] if projection else ()
    span = span_of([*points.age_days, *ahead], treatments_of(known, born))
    return {
        "why_not": None,
        "sex": Sex.text_of(sex),
        "birth_date": day_date(born).isoformat(),
        "points": _points(known, points, sex),
        "treatments": [
            {
                "programme": stay.programme or None,
                "from_age_days": int(stay.since),
                "to_age_days": None if stay.until is None else int(stay.until),
            }
            for stay in treatments_of(known, born)
        ],
        "panels": [_panel(name, sex, span, words.tree["chart"]) for name in UNITS],
        "projection": None if projection is None else _ahead(projection),
    }


def _points(known: Known, points: Points, sex: int) -> list[Document]:
    """Each measurement as it was recorded, its own z-scores, and where a chart draws it."""
    rows, drawn, odd = known.measurements, values_of(points, sex), implausible_of(points, sex)
    own = zscores(
        sex=np.full(len(points.age_days), sex),
        age_days=points.age_days,
        weight_kg=rows["weight_kg"],
        height_cm=rows["height_cm"],
        height_position=rows["height_position"],
        muac_mm=rows["muac_mm"],
        oedema=rows["oedema"],
    )
    return [
        {
            "measured_on": day_date(int(rows["measured_on"][i])).isoformat(),
            "age_days": int(points.age_days[i]),
            "weight_kg": number(rows["weight_kg"][i]),
            "height_cm": number(rows["height_cm"][i]),
            "height_position": _position(int(rows["height_position"][i])),
            "muac_mm": number(rows["muac_mm"][i]),
            "oedema": _grade(rows["oedema"][i]),
            **{name: number(round_z(float(own[name][i]))) for name in Z},
            "chart": {name: number(values[i], 4) for name, values in drawn.items()},
            "height_carried_forward": bool(points.stale[i]),
            "implausible": [name for name, flags in odd.items() if flags[i]],
        }
        for i in range(len(points.age_days))
    ]


def number(value: AnyArray | float, digits: int | None = None) -> float | None:
    """A plain number; None for NaN."""
    plain = float(value)
    if math.isnan(plain):
        return None
    return plain if digits is None else round(plain, digits)


def _position(code: int) -> str | None:
    return HeightPosition.text_of(code) if code >= 0 else None


def _grade(code: AnyArray | float) -> int | None:
    plain = float(code)
    return None if math.isnan(plain) or plain < 0 else int(plain)


def _panel(name: str, sex: int, span: tuple[float, float], words: Mapping[str, str]) -> Document:
    """One chart: its title and unit, WHO's lines, and the bands between them."""
    severe, moderate = cuts_of(name)
    drawn = {cut: _curve(name, sex, cut, span) for cut in lines_of(name)}
    bands = (
        ("severe", None, drawn[severe]),
        ("moderate", drawn[severe], drawn[moderate]),
        ("normal", drawn[moderate], None),
    )
    return {
        "panel": name,
        "title": words[name],
        "unit": UNITS[name],
        "from_age_days": round(span[0]),
        "to_age_days": round(span[1]),
        "lines": [{"line": cut, "curves": curves} for cut, curves in drawn.items()],
        "bands": [
            {"band": band, "label": words[band], "from_line": low, "to_line": high}
            for band, low, high in bands
        ],
    }


def _curve(name: str, sex: int, cut: float, span: tuple[float, float]) -> list[Document]:
    made = []
    for stretch in stretches(name, span):
        days, values = line(name, sex, cut, stretch)
        made.append(
            {
                "age_days": [int(day) for day in days],
                "values": [round(float(value), 4) for value in values],
            }
        )
    return made


def _ahead(projection: Projection) -> Document:
    """Where nine in ten of the next readings would lie if nothing changed."""
    return {
        "age_days": [int(day) for day in projection.age_days],
        "panels": [
            {
                "panel": name,
                "low": [number(value, 4) for value in projection.low[name]],
                "middle": [number(value, 4) for value in projection.middle[name]],
                "high": [number(value, 4) for value in projection.high[name]],
            }
            for name in projection.middle
        ],
    }
