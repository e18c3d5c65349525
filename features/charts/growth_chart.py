"""A child's points on WHO's curves: weight and height for age, weight for height and MUAC,
treatment shaded."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.charts.panel import (
    GREEN,
    PANEL,
    RED,
    SMALL,
    STEP_CM,
    WIDTH,
    YELLOW,
    ChartPanel,
    Treatment,
    bounds_of,
    draw_ahead,
    draw_bands,
    draw_crosses,
    draw_points,
    draw_step,
    draw_treatments,
)
from features.charts.reference_lines import MM_PER_CM, steps
from features.charts.svg import Area, Canvas, Label
from features.trajectory.projection import Projection
from features.who.growth import STANDING_FROM_DAYS, round_z, zscores
from features.who.measure_of_z import measure_at
from registry.contract.arrays import AnyArray, Codes, Flags, Floats
from registry.contract.codes import HeightPosition
from registry.contract.days import DAYS_PER_MONTH, LAST_DAY_UNDER_FIVE

__all__ = ["WORDS", "Points", "Treatment", "growth_chart"]

WORDS = {
    "waz": "Weight for age (kg)",
    "haz": "Length or height for age (cm)",
    "whz": "Weight for height (z-score)",
    "muac": "Mid-upper arm circumference (cm)",
    "months": "age in months",
    "severe": "severe",
    "moderate": "moderate",
    "normal": "normal",
    "stale": "hollow: its height was carried forward",
    "treatment": "in treatment",
    "implausible": "cross: not plausible; a mistake, or a very sick child: measure again today",
    "girl": "girl",
    "boy": "boy",
    "source": "WHO Child Growth Standards, 2006",
    "empty": "nothing measured",
    "projection": (
        "Purple band: where 9 in 10 readings would lie in the next 8 weeks if nothing changed; "
        "no forecast"
    ),
    "lying": "lying",
    "standing": "standing",
    "step": "At 24 months WHO's curves step down by 0.7 cm: till then length, measured lying; from "
    "then on height, "
    "measured standing. A child measured the other way is drawn 0.7 cm higher or lower",
}
"""The words of a chart; a page in another language passes its own."""

HEAD, LETTERS = 42, 52
"""Pixels of the title with the key of the bands; letters that a line of notes holds."""


@dataclass(frozen=True)
class Points:
    """A child's measurements, arrays of n by age; NaN missing. `stale` (bool): the height was
    carried forward."""

    age_days: Floats
    weight_kg: Floats
    height_cm: Floats
    height_position: Codes
    muac_mm: Floats
    oedema: Floats
    stale: Flags


def growth_chart(
    points: Points,
    *,
    sex: int,
    treatments: Sequence[Treatment] = (),
    title: str = "",
    panels: Sequence[str] | None = None,
    words: Mapping[str, str] = WORDS,
    projection: Projection | None = None,
    today: float | None = None,
    with_notes: bool = True,
) -> Canvas:
    """The chart of one child: `.svg()` is under 25 kB for 60 points, `.png()` needs matplotlib. sex
    0 girl, 1 boy.

    `panels` are of waz, haz, whz, muac; left out: those that have a point. Ages run from birth to
    1,826 days. An open stay is shaded up to `today` (days of age; left out: the last point). A
    projection is drawn as a band ahead of the points. `with_notes`: the canvas's notes stand below
    it; a page that sets them itself leaves them out.
    """
    values, odd = values_of(points, sex), implausible_of(points, sex)
    of_age = (points.age_days >= 0) & (points.age_days <= LAST_DAY_UNDER_FIVE)
    if panels is None:
        panels = [name for name, value in values.items() if np.isfinite(value[of_age]).any()] or [
            "waz"
        ]
    last_age = float(np.nanmax(points.age_days, initial=0.0))
    today = last_age if today is None else today
    span = span_of(
        [*points.age_days, *(projection.age_days[-1:] if projection else ())], treatments
    )
    odd = {name: odd[name] & np.isfinite(values[name]) & of_age for name in panels}
    notes = _notes(points, span, panels=panels, words=words, projection=projection)
    notes += (words["implausible"],) if any(map(np.any, odd.values())) else ()
    lines = [line for note in notes if with_notes for line in textwrap.wrap(note, LETTERS)]
    canvas = _canvas(points, len(lines), sex=sex, title=title, panels=panels, words=words)
    canvas.notes = notes
    for at, name in enumerate(panels):
        shown = [values[name][~odd[name]], *(bound[name] for bound in bounds_of(projection, name))]
        panel = ChartPanel(
            canvas, HEAD + at * PANEL, span, _extent(name, np.concatenate(shown), sex, span)
        )
        draw_bands(panel, name, sex)
        draw_treatments(panel, treatments, words, today=today)
        if name == "haz":
            draw_step(panel, words)
        draw_ahead(panel, projection, name)
        panel.frame(words[name], words["months"])
        good = np.where(odd[name], np.nan, values[name])
        draw_points(panel, points.age_days, good, stale=points.stale & (name == "whz"), name=name)
        draw_crosses(panel, points.age_days[odd[name]], values[name][odd[name]])
        if not np.isfinite(values[name][of_age]).any():
            middle = (panel.left + panel.right) / 2, (panel.top + panel.bottom) / 2
            panel.add(Label(middle, words["empty"], SMALL, "#222", "middle"))
    for at, line in enumerate(lines):
        canvas.shapes.append(
            Label((0, HEAD + PANEL * len(panels) + 14 + 15 * at), line, SMALL, "#555")
        )
    return canvas


def _canvas(
    points: Points,
    lines: int,
    *,
    sex: int,
    title: str,
    panels: Sequence[str],
    words: Mapping[str, str],
) -> Canvas:
    """An empty chart with its title, the key of the bands, and room for lines of notes."""
    named = title or words["girl" if sex == 0 else "boy"]
    height = HEAD + PANEL * len(panels) + (15 * lines + 8 if lines else 0)
    canvas = Canvas(WIDTH, height, named, _description(points, sex, words))
    canvas.shapes.append(Label((0, 16), named, 14, "#111", bold=True))
    x = 0.0
    for fill, word in ((RED, "severe"), (YELLOW, "moderate"), (GREEN, "normal")):
        canvas.shapes.append(Area(((x, 24), (x + 12, 24), (x + 12, 36), (x, 36)), fill))
        canvas.shapes.append(Label((x + 16, 34), words[word], SMALL, "#444"))
        x += 120
    return canvas


def _notes(
    points: Points,
    span: tuple[float, float],
    *,
    panels: Sequence[str],
    words: Mapping[str, str],
    projection: Projection | None,
) -> tuple[str, ...]:
    """What must be said below a chart: the source, hollow points, the step at 24 months, the
    projected band."""
    stepped = "haz" in panels and steps(span)
    asked = {
        "source": True,
        "stale": bool(points.stale.any()) and "whz" in panels,
        "step": stepped
        or bool((_drawn_height(points) != points.height_cm)[np.isfinite(points.height_cm)].any()),
        "projection": projection is not None,
    }
    return tuple(words[name] for name, wanted in asked.items() if wanted)


def values_of(points: Points, sex: int) -> dict[str, Floats]:
    """What each panel shows; the arm in cm, as the tape and the register have it."""
    return {
        "waz": points.weight_kg,
        "haz": np.where(points.stale, np.nan, _drawn_height(points)),
        "whz": _whz(points, sex),
        "muac": points.muac_mm / MM_PER_CM,
    }


def implausible_of(points: Points, sex: int) -> dict[str, Flags]:
    """Where each panel's value has a z-score that WHO calls implausible: it is not drawn like a
    good one."""
    z = _z(points, sex)
    flags = {"waz": "waz_flag", "haz": "haz_flag", "whz": "whz_flag", "muac": "muacz_flag"}
    return {name: z[flag] == 1 for name, flag in flags.items()}


def _drawn_height(points: Points) -> Floats:
    """Heights in the position of the age's curve, so that a point stands to the curves as its HAZ
    does."""
    lies = points.age_days < STANDING_FROM_DAYS
    up, down = (
        lies & (points.height_position == HeightPosition.STANDING),
        ~lies & (points.height_position == HeightPosition.LYING),
    )
    drawn: Floats = points.height_cm + STEP_CM * up - STEP_CM * down
    return drawn


def _whz(points: Points, sex: int) -> Floats:
    return np.array([round_z(value) for value in _z(points, sex)["whz"]])


def _z(points: Points, sex: int) -> dict[str, AnyArray]:
    return zscores(
        sex=np.full(len(points.age_days), sex),
        age_days=points.age_days,
        weight_kg=points.weight_kg,
        height_cm=points.height_cm,
        height_position=points.height_position,
        muac_mm=points.muac_mm,
        oedema=points.oedema,
    )


def span_of(age_days: Sequence[float], treatments: Sequence[Treatment]) -> tuple[float, float]:
    """First and last day of age to show: half years around what there is, at least one year, within
    0 to 1,826."""
    ages = [
        *age_days,
        *(t.since for t in treatments),
        *(t.until for t in treatments if t.until is not None),
    ]
    ages = [age for age in ages if 0 <= age <= LAST_DAY_UNDER_FIVE]
    half_year = 6 * DAYS_PER_MONTH
    if not ages:
        return 0.0, float(LAST_DAY_UNDER_FIVE)
    first = max(0.0, np.floor(min(ages) / half_year) * half_year)
    last = min(
        float(LAST_DAY_UNDER_FIVE),
        max(np.ceil(max(ages) / half_year) * half_year, first + 2 * half_year),
    )
    return min(first, last - 2 * half_year), last


def _extent(name: str, values: Floats, sex: int, span: tuple[float, float]) -> tuple[float, float]:
    """Least and greatest value to show: the curves of ±3 SD and every point."""
    if name == "whz":
        around = np.array([-4.2, 2.2])
    elif name == "muac":
        around = np.array([10.0, 16.0])
    else:
        at = np.round(np.linspace(*span, 9))
        around = np.concatenate(
            [measure_at(name, sex=sex, at=at, z=np.array(z)) for z in (-3.4, 2.4)]
        )
    shown = np.concatenate([around, values[np.isfinite(values)]])
    return float(shown.min()), float(shown.max())


def _description(points: Points, sex: int, words: Mapping[str, str]) -> str:
    """The last value of each panel, as it was measured, for those who cannot see the picture."""
    last = []
    for name, value in (
        values_of(points, sex) | {"haz": np.where(points.stale, np.nan, points.height_cm)}
    ).items():
        known = np.flatnonzero(np.isfinite(value) & np.isfinite(points.age_days))
        if len(known):
            month = points.age_days[known[-1]] / DAYS_PER_MONTH
            last.append(f"{words[name]}: {value[known[-1]]:g} ({words['months']}: {month:.1f})")
    return "; ".join(last) or words["empty"]
