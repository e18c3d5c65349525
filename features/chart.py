"""A child's points on WHO's curves: weight and height for age, weight for height and MUAC, treatment shaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.criteria import criteria
from features.drawing import Area, Canvas, Dots, Line, Text
from features.growth import DAYS_PER_MONTH, round_z, zscores
from features.inverse import measure_at
from features.projection import Projection

WORDS = {
    "waz": "Weight for age (kg)", "haz": "Length or height for age (cm)", "whz": "Weight for height (z-score)",
    "muac": "Mid-upper arm circumference (mm)", "months": "age in months", "severe": "severe", "moderate": "moderate",
    "normal": "normal", "stale": "hollow: its height was carried forward", "treatment": "in treatment",
    "girl": "girl", "boy": "boy", "source": "WHO Child Growth Standards, 2006", "empty": "nothing measured",
    "projection": "Purple band: where 9 in 10 readings would lie in the next 8 weeks if nothing changed; no forecast",
}  # fmt: skip
"""The words of a chart; a page in another language passes its own."""

GREEN, YELLOW, RED, SHADE, INK, LINE = "#e6f4e6", "#fdf3cf", "#f9dcd9", "#5b7fb5", "#1d3557", "#8a8a8a"
AHEAD = "#6a2c91"
WIDTH, PANEL, LEFT, RIGHT, TOP, BOTTOM = 640, 236, 44, 74, 26, 30
LAST_DAY = 1826


@dataclass(frozen=True)
class Points:
    """A child's measurements, arrays of n by age; NaN missing. `stale` (bool): the height was carried forward."""

    age_days: np.ndarray
    weight_kg: np.ndarray
    height_cm: np.ndarray
    height_position: np.ndarray
    muac_mm: np.ndarray
    oedema: np.ndarray
    stale: np.ndarray


@dataclass(frozen=True)
class Treatment:
    """One episode in days of age; `until` is None while it is open."""

    since: float
    until: float | None
    programme: str


def growth_chart(
    points: Points, *, sex: int, treatments: Sequence[Treatment] = (), title: str = "",
    panels: Sequence[str] | None = None, words: Mapping[str, str] = WORDS, projection: Projection | None = None,
) -> Canvas:
    """The chart of one child: `.svg()` is under 25 kB for 60 points, `.png()` needs matplotlib. sex 0 girl, 1 boy.

    `panels` are of waz, haz, whz, muac; left out: those that have a point. Ages run from birth to 1,826 days.
    A projection is drawn as a band ahead of the points, with what it is in words below.
    """
    values = {
        "waz": points.weight_kg,
        "haz": np.where(points.stale, np.nan, points.height_cm),
        "whz": _whz(points, sex),
        "muac": points.muac_mm,
    }
    if panels is None:
        panels = [name for name, value in values.items() if np.isfinite(value).any()] or ["waz"]
    ahead = projection.age_days[-1:] if projection else ()
    span = _span([*points.age_days, *ahead], treatments)
    named = title or f"{words['girl'] if sex == 0 else words['boy']}"
    height = 30 + PANEL * len(panels) + (38 if projection else 22)
    canvas = Canvas(WIDTH, height, named, _description(values, points, words))
    canvas.shapes.append(Text((LEFT, 20), named, 14, "#111", bold=True))
    for at, name in enumerate(panels):
        shown = [values[name], *(bound[name] for bound in _bounds(projection, name))]
        panel = _Panel(canvas, 30 + at * PANEL, span, _extent(name, np.concatenate(shown), sex, span))
        _bands(panel, name, sex, words)
        _treatments(panel, treatments, words)
        _ahead(panel, projection, name)
        panel.frame(words[name], words["months"])
        _points(panel, points, values[name], stale=points.stale & (name == "whz"))
    note = f"{words['source']}; {words['stale']}" if points.stale.any() else words["source"]
    canvas.shapes.append(Text((LEFT, height - 8), note, 10, "#666"))
    if projection:
        canvas.shapes.append(Text((LEFT, height - 24), words["projection"], 10, AHEAD))
    return canvas


def _bounds(projection: Projection | None, name: str) -> tuple[Mapping[str, np.ndarray], ...]:
    """The bounds that a panel must have room for."""
    return (projection.low, projection.high) if projection and name in projection.middle else ()


def _ahead(panel: _Panel, projection: Projection | None, name: str) -> None:
    """The projected band with its middle dashed."""
    if not _bounds(projection, name):
        return
    low, middle, high = (
        tuple((panel.x(day), panel.y(value)) for day, value in zip(projection.age_days, part[name], strict=True))
        for part in (projection.low, projection.middle, projection.high)
    )
    panel.add(Area((*low, *reversed(high)), AHEAD, 0.28), Line(middle, AHEAD, 1.4, dashed=True))


def _whz(points: Points, sex: int) -> np.ndarray:
    z = zscores(
        sex=np.full(len(points.age_days), sex), age_days=points.age_days, weight_kg=points.weight_kg,
        height_cm=points.height_cm, height_position=points.height_position, oedema=points.oedema,
    )["whz"]
    return np.array([round_z(value) for value in z])


def _span(age_days: Sequence[float], treatments: Sequence[Treatment]) -> tuple[float, float]:
    """First and last day of age to show: half years around what there is, at least one year, within 0 to 1,826."""
    ages = [*age_days, *(t.since for t in treatments), *(t.until for t in treatments if t.until is not None)]
    ages = [age for age in ages if 0 <= age <= LAST_DAY]
    half_year = 6 * DAYS_PER_MONTH
    if not ages:
        return 0.0, float(LAST_DAY)
    first = max(0.0, np.floor(min(ages) / half_year) * half_year)
    last = min(float(LAST_DAY), max(np.ceil(max(ages) / half_year) * half_year, first + 2 * half_year))
    return min(first, last - 2 * half_year), last


def _extent(name: str, values: np.ndarray, sex: int, span: tuple[float, float]) -> tuple[float, float]:
    """Least and greatest value to show: the curves of ±3 SD and every point."""
    if name == "whz":
        around = np.array([-4.2, 2.2])
    elif name == "muac":
        around = np.array([100.0, 160.0])
    else:
        at = np.round(np.linspace(*span, 9))
        around = np.concatenate([measure_at(name, sex=sex, at=at, z=np.array(z)) for z in (-3.4, 2.4)])
    shown = np.concatenate([around, values[np.isfinite(values)]])
    return float(shown.min()), float(shown.max())


class _Panel:
    """One frame on the canvas: turns ages and values into pixels."""

    def __init__(self, canvas: Canvas, top: float, span: tuple[float, float], extent: tuple[float, float]):
        self.canvas, self.span, self.extent = canvas, span, extent
        self.left, self.right = LEFT, WIDTH - RIGHT
        self.top, self.bottom = top + TOP, top + PANEL - BOTTOM

    def x(self, day: float) -> float:
        first, last = self.span
        return self.left + (min(max(day, first), last) - first) / (last - first) * (self.right - self.left)

    def y(self, value: float) -> float:
        low, high = self.extent
        return self.bottom - (min(max(value, low), high) - low) / (high - low) * (self.bottom - self.top)

    def add(self, *shapes) -> None:
        self.canvas.shapes.extend(shapes)

    def frame(self, title: str, months: str) -> None:
        """Title, ticks of both axes and a border."""
        # At the right: on a phone the chart is scrolled, and what is newest is seen first.
        self.add(Text((self.right, self.top - 8), title, 12, "#111", "end", bold=True))
        step = 3 if self.span[1] - self.span[0] < 800 else 6
        first, last = (int(round(day / DAYS_PER_MONTH)) for day in self.span)
        for month in range(first, last + 1, step):
            self.add(Text((self.x(month * DAYS_PER_MONTH), self.bottom + 13), str(month), 10, "#555", "middle"))
        self.add(Text((self.right, self.bottom + 25), months, 10, "#555", "end"))
        for value in _ticks(*self.extent):
            at = self.y(value)
            self.add(Line(((self.left - 4, at), (self.left, at)), LINE))
            self.add(Text((self.left - 6, at + 3.5), f"{value:g}".replace("-", "−"), 10, "#555", "end"))
        corners = ((self.left, self.top), (self.right, self.top), (self.right, self.bottom), (self.left, self.bottom))
        self.add(Line((*corners, corners[0]), LINE))


def _ticks(low: float, high: float) -> list[float]:
    """About six round numbers between two."""
    rough = (high - low) / 6
    power = 10 ** np.floor(np.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [round(float(value), 6) for value in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step]


def _curve(panel: _Panel, name: str, sex: int, cut: float) -> list[tuple[float, float]]:
    """Points (pixels) of the line at this many SD, or at this value where the panel's bands are flat."""
    first, last = panel.span
    if name in ("whz", "muac"):
        return [(panel.x(first), panel.y(cut)), (panel.x(last), panel.y(cut))]
    days = np.unique([*np.round(np.linspace(first, last, 19)), *(day for day in (730, 731) if first < day < last)])
    values = measure_at(name, sex=sex, at=days, z=np.array(cut))
    return [(panel.x(day), panel.y(value)) for day, value in zip(days, values, strict=True)]


def _bands(panel: _Panel, name: str, sex: int, words: Mapping[str, str]) -> None:
    """Severe, moderate and normal as coloured bands with their names, and WHO's lines with theirs."""
    c = criteria()
    cuts = (c.severe_z_below, c.moderate_z_below)
    if name == "muac":
        cuts = (c.severe_muac_below_mm, c.moderate_muac_below_mm)
    severe, moderate = (_curve(panel, name, sex, cut) for cut in cuts)
    floor = [(x, panel.bottom) for x, _ in severe]
    roof = [(x, panel.top) for x, _ in severe]
    for lower, upper, fill, word in (
        (floor, severe, RED, "severe"), (severe, moderate, YELLOW, "moderate"), (moderate, roof, GREEN, "normal"),
    ):  # fmt: skip
        panel.add(Area((*lower, *reversed(upper)), fill))
        middle = (lower[-1][1] + upper[-1][1]) / 2 if word != "normal" else moderate[-1][1] - 18
        if abs(lower[-1][1] - upper[-1][1]) > 9:
            panel.add(Text((panel.right + 22, middle + 3.5), words[word], 10, "#444"))
    further = () if name == "muac" else (0.0, 2.0)
    for cut in (*cuts, *further):
        curve = _curve(panel, name, sex, cut)
        panel.add(Line(tuple(curve), LINE, 1.0 if cut in cuts or cut == 0 else 0.6, dashed=cut not in (*cuts, 0.0)))
        if panel.top < curve[-1][1] < panel.bottom:
            label = f"{cut:g}" if name == "muac" else f"{cut:+g}".replace("-", "−").replace("+0", "0")
            panel.add(Text((panel.right + 3, curve[-1][1] + 3.5), label, 9, "#666"))


def _treatments(panel: _Panel, treatments: Sequence[Treatment], words: Mapping[str, str]) -> None:
    """Episodes as shaded spans with the programme's name; an open one runs to the edge."""
    for treatment in (one for one in treatments if one.since <= LAST_DAY):
        until = panel.span[1] if treatment.until is None else treatment.until
        left, right = panel.x(treatment.since), max(panel.x(until), panel.x(treatment.since) + 2)
        corners = ((left, panel.top), (right, panel.top), (right, panel.bottom), (left, panel.bottom))
        panel.add(Area(corners, SHADE, 0.18))
        panel.add(Text((left + 2, panel.top + 10), treatment.programme or words["treatment"], 9, "#2a4a7f"))


def _points(panel: _Panel, points: Points, values: np.ndarray, *, stale: np.ndarray) -> None:
    """The child's points joined by a line; a WHZ of a height carried forward is hollow."""
    known = np.flatnonzero(np.isfinite(values) & (points.age_days >= 0) & (points.age_days <= LAST_DAY))
    places = [(panel.x(points.age_days[i]), panel.y(values[i])) for i in known]
    if len(places) > 1:
        panel.add(Line(tuple(places), INK, 1.4))
    for hollow in (False, True):
        some = tuple(place for i, place in zip(known, places, strict=True) if bool(stale[i]) == hollow)
        if some:
            panel.add(Dots(some, 3, INK, hollow))


def _description(values: Mapping[str, np.ndarray], points: Points, words: Mapping[str, str]) -> str:
    """The last value of each panel, for those who cannot see the picture."""
    last = []
    for name, value in values.items():
        known = np.flatnonzero(np.isfinite(value) & np.isfinite(points.age_days))
        if len(known):
            month = points.age_days[known[-1]] / DAYS_PER_MONTH
            last.append(f"{words[name]}: {value[known[-1]]:g} ({words['months']}: {month:.1f})")
    return "; ".join(last) or words["empty"]
