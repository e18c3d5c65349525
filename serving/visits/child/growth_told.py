"""A child's growth for the printed chart: each measurement as a line of a table, and what each
panel draws. A reading that the rules do not hold valid stands in the table, with why, and on no
curve.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from care.pathway.findings import judged
from care.pathway.heights import BELIEVED, COPIED
from features.charts.child_chart import points_of, treatments_of
from features.charts.growth_chart import Points, growth_chart, implausible_of
from features.charts.reference_lines import cuts_of
from features.charts.svg import Canvas
from features.clock import Known, Ragged
from features.criteria import criteria
from features.status import height_is_stale
from features.trajectory.points import growth_points
from features.who.growth import round_z
from registry.contract.arrays import Flags, Floats
from registry.contract.days import DAYS_PER_MONTH
from registry.contract.registry import NEVER, day_date
from serving.language.arm import arm_cm
from serving.language.words import Words

PANELS = ("waz", "whz", "muac", "haz")
"""In the order of the page."""
MEASURES = {"waz": "weight", "haz": "height", "whz": "whz", "muac": "arm"}
"""By panel, the word for what it measures."""
NOTHING = "\u2013"


@dataclass(frozen=True)
class GrowthReading:
    """One measurement in words: `cells` in the order of the table's columns after the day (age in
    months, weight, WAZ, height, HAZ, WHZ, arm), and `notes`, what speaks against a value."""

    day: str
    cells: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class GrowthFigure:
    """One panel as a picture, with its cut-offs in words."""

    name: str
    title: str
    cuts: str
    picture: Canvas


@dataclass(frozen=True)
class GrowthSheet:
    """The printed chart of one child: the panels, what must be said of them, the measurements, the
    newest first."""

    figures: tuple[GrowthFigure, ...]
    notes: tuple[str, ...]
    readings: tuple[GrowthReading, ...]


def growth_sheet(known: Known, words: Words, *, title: str) -> GrowthSheet | None:
    """The chart of the only question of a view; None where sex or birth date are not known, or
    nothing was measured."""
    sex, born = int(known.children["sex"][0]), int(known.children["birth_date"][0])
    if sex < 0 or born == NEVER or not known.measurements.rows.rows:
        return None
    points = judged(known, growth_points(known))
    drawn = points_of(known, born)
    odd, held = implausible_of(drawn, sex), _held(points, drawn)
    day = float(known.day[0] - born)
    figures = tuple(
        GrowthFigure(
            name,
            words("chart", name),
            _cuts(name, words),
            growth_chart(
                _on_panel(name, drawn, held[name] | (odd[name] & _may_cross(name, points))),
                sex=sex,
                treatments=treatments_of(known, born),
                title=title,
                panels=[name],
                words=words.tree["chart"],
                today=day,
                with_notes=False,
            ),
        )
        for name in PANELS
    )
    notes = dict.fromkeys(note for figure in figures for note in figure.picture.notes)
    readings = [_reading(points, held, odd, i, words) for i in range(points.rows.rows)]
    return GrowthSheet(figures, tuple(notes), tuple(reversed(readings)))


def _held(points: Ragged, drawn: Points) -> dict[str, Flags]:
    """By panel, which readings the rules hold valid: of a swollen child no weight; of a height that
    is doubted no WHZ but one of SAM; no arm under six months."""
    c, age = criteria(), points["age_days"]
    believed = (points["doubt"] == BELIEVED) | (points["by_whz"] == 1)
    return {
        "waz": np.isfinite(points["waz"]),
        "haz": np.isfinite(points["haz"]),
        "whz": np.isfinite(points["whz"]) & believed,
        "muac": np.isfinite(drawn.muac_mm)
        & (age >= c.muac_from_days)
        & (age <= c.last_day)
        & (drawn.muac_mm >= c.least_muac_mm)
        & (drawn.muac_mm <= c.most_muac_mm),
    }


def _may_cross(name: str, points: Ragged) -> Flags:
    """Where an implausible value is shown as a cross: not a WHZ on a height that is too old, nor an
    arm that no limit judges."""
    if name == "whz":
        return ~_stale(points)
    if name == "muac":
        allowed: Flags = points["age_days"] >= criteria().muac_from_days
        return allowed
    return np.ones(points.rows.rows, np.bool_)


def _stale(points: Ragged) -> Flags:
    """Where the height in use is too old to judge a weight by."""
    ages = zip(points["age_days"], points["height_days"], strict=True)
    c = criteria()
    return np.array([height_is_stale(age, old, c) for age, old in ages], np.bool_)


def _on_panel(name: str, drawn: Points, shown: Flags) -> Points:
    """A child's measurements with those of one panel that are not shown taken out."""

    def where(values: Floats) -> Floats:
        return np.where(shown, values, np.nan)

    if name == "waz":
        return replace(drawn, weight_kg=where(drawn.weight_kg))
    if name == "muac":
        return replace(drawn, muac_mm=where(drawn.muac_mm))
    return replace(drawn, height_cm=where(drawn.height_cm), stale=drawn.stale & shown)


def _cuts(name: str, words: Words) -> str:
    """What a panel's lines part."""
    severe, moderate = (words.number(cut, 1 if name == "muac" else 0) for cut in cuts_of(name))
    key = "cuts_arm" if name == "muac" else "cuts_z"
    return words.say("growth", key, severe=severe, moderate=moderate)


def _reading(
    points: Ragged, held: dict[str, Flags], odd: dict[str, Flags], i: int, words: Words
) -> GrowthReading:
    """One row of the table."""

    def shown(name: str, column: str) -> str:
        return words.z(round_z(float(points[column][i]))) if held[name][i] else NOTHING

    def written(column: str, decimals: int) -> str:
        value = float(points[column][i])
        return NOTHING if math.isnan(value) else words.number(value, decimals)

    kg, arm = float(points["weight_kg"][i]), float(points["muac_mm"][i])
    age = float(points["age_days"][i])
    cells = (
        str(int(age / DAYS_PER_MONTH)) if age >= 0 else NOTHING,
        NOTHING if math.isnan(kg) else words.kilograms(kg),
        shown("waz", "waz"),
        written("height_cm", 1),
        shown("haz", "haz"),
        shown("whz", "whz"),
        NOTHING if math.isnan(arm) else arm_cm(arm),
    )
    notes = _notes(points, held, odd, i, words)
    return GrowthReading(_day(points, i, words), cells, tuple(notes))


def _day(points: Ragged, i: int, words: Words, *, before: float = 0.0) -> str:
    return words.day(day_date(int(points["measured_on"][i] - before)), short=True)


def _notes(
    points: Ragged, held: dict[str, Flags], odd: dict[str, Flags], i: int, words: Words
) -> Iterator[str]:
    """What speaks against a reading's values."""
    say, c = partial(words.say, "growth"), criteria()
    age, old = float(points["age_days"][i]), float(points["height_days"][i])
    if points["oedema"][i] > 0:
        yield say("swollen")
    if age > c.last_day:
        yield say("over_five")
        return
    for name, measure in MEASURES.items():
        if odd[name][i] and not held[name][i] and (name != "whz" or not _too_old(age, old)):
            yield say("implausible", what=say(measure))
    weighed = not math.isnan(points["weight_kg"][i])
    if old > 0 and weighed:
        key = "height_too_old" if _too_old(age, old) else "height_of"
        yield say(key, date=_day(points, i, words, before=old))
    if points["doubt"][i] != BELIEVED:
        yield say("height_copied" if points["doubt"][i] == COPIED else "height_shrank")
    if 0 <= age < c.muac_from_days and not math.isnan(points["muac_mm"][i]):
        yield say("early_arm")
    if points["age_uncertain"][i]:
        yield say("birth_unsure")


def _too_old(age_days: float, height_days: float) -> bool:
    return bool(height_is_stale(age_days, height_days, criteria()))
