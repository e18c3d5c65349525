"""One panel of the growth chart: ages and values turned into pixels, WHO's bands, stays in
treatment, the points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.charts.reference_lines import FLAT, cuts_of, line, lines_of, steps, stretches
from features.charts.svg import Area, Canvas, Dots, Label, Polyline, Shape
from features.trajectory.projection import Projection
from features.who.growth import STANDING_FROM_DAYS
from registry.contract.arrays import Flags, Floats, Ints
from registry.contract.days import DAYS_PER_MONTH, LAST_DAY_UNDER_FIVE

GREEN, YELLOW, RED, SHADE, INK, LINE = (
    "#e6f4e6",
    "#fdf3cf",
    "#f9dcd9",
    "#5b7fb5",
    "#1d3557",
    "#8a8a8a",
)
AHEAD, CROSS = "#6a2c91", "#b00020"
WIDTH, PANEL, LEFT, RIGHT, TOP, BOTTOM = 360, 212, 38, 34, 24, 34
SMALL, LARGE = 12, 13
"""A phone of 360 pixels shows the chart nearly as it is: no word on it is under 11 pixels there."""
STEP_CM = 0.7
LETTER = 0.6
"""Width of a letter, of its size: about right for the programmes' names."""


@dataclass(frozen=True)
class Treatment:
    """One episode in days of age; `until` is None while it is open."""

    since: float
    until: float | None
    programme: str


class ChartPanel:
    """One frame on the canvas: turns ages and values into pixels."""

    def __init__(
        self, canvas: Canvas, top: float, span: tuple[float, float], extent: tuple[float, float]
    ):
        self.canvas, self.span, self.extent = canvas, span, extent
        self.left, self.right = LEFT, WIDTH - RIGHT
        self.top, self.bottom = top + TOP, top + PANEL - BOTTOM

    def x(self, day: float) -> float:
        first, last = self.span
        return self.left + (min(max(day, first), last) - first) / (last - first) * (
            self.right - self.left
        )

    def y(self, value: float) -> float:
        low, high = self.extent
        return self.bottom - (min(max(value, low), high) - low) / (high - low) * (
            self.bottom - self.top
        )

    def add(self, *shapes: Shape) -> None:
        self.canvas.shapes.extend(shapes)

    def frame(self, title: str, months: str) -> None:
        """Title, ticks of both axes and a border."""
        self.add(Label((0, self.top - 8), title, LARGE, "#111", bold=True))
        step = 3 if self.span[1] - self.span[0] < 800 else 6
        first, last = (int(round(day / DAYS_PER_MONTH)) for day in self.span)
        for month in range(first, last + 1, step):
            self.add(
                Label(
                    (self.x(month * DAYS_PER_MONTH), self.bottom + 14),
                    str(month),
                    SMALL,
                    "#444",
                    "middle",
                )
            )
        self.add(Label((self.right, self.bottom + 28), months, SMALL, "#444", "end"))
        for value in _ticks(*self.extent):
            at = self.y(value)
            self.add(Polyline(((self.left - 4, at), (self.left, at)), LINE))
            self.add(
                Label((self.left - 6, at + 4), f"{value:g}".replace("-", "−"), SMALL, "#444", "end")
            )
        corners = (
            (self.left, self.top),
            (self.right, self.top),
            (self.right, self.bottom),
            (self.left, self.bottom),
        )
        self.add(Polyline((*corners, corners[0]), LINE))

    @property
    def steps(self) -> bool:
        """Whether the ages shown lie on both sides of the day on which WHO turns from length to
        height."""
        return steps(self.span)


def _ticks(low: float, high: float) -> list[float]:
    """About six round numbers between two."""
    rough = (high - low) / 6
    power = 10 ** np.floor(np.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [
        round(float(value), 6)
        for value in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    ]


def _curve(
    panel: ChartPanel, name: str, sex: int, cut: float, stretch: tuple[float, float]
) -> list[tuple[float, float]]:
    """Points (pixels) of the line at this many SD, or at this value where the panel's bands are
    flat."""
    days, values = line(name, sex, cut, stretch)
    at = [(panel.x(day), panel.y(value)) for day, value in zip(days, values, strict=True)]
    if name not in FLAT and stretch[0] == STANDING_FROM_DAYS and panel.steps:
        at[0] = (at[0][0] + 3, at[0][1])
    return at


def draw_bands(panel: ChartPanel, name: str, sex: int) -> None:
    """Severe, moderate and normal as coloured bands, and WHO's lines with their numbers."""
    cuts, lines = cuts_of(name), lines_of(name)
    for stretch in stretches(name, panel.span):
        severe, moderate = (_curve(panel, name, sex, cut, stretch) for cut in cuts)
        floor, roof = ([(x, edge) for x, _ in severe] for edge in (panel.bottom, panel.top))
        for lower, upper, fill in (
            (floor, severe, RED),
            (severe, moderate, YELLOW),
            (moderate, roof, GREEN),
        ):
            panel.add(Area((*lower, *reversed(upper)), fill))
        for cut in lines:
            width = 1.0 if cut in cuts or cut == 0 else 0.6
            curve = tuple(_curve(panel, name, sex, cut, stretch))
            panel.add(Polyline(curve, LINE, width, dashed=cut not in (*cuts, 0.0)))
    for cut in lines:
        last = _curve(panel, name, sex, cut, stretches(name, panel.span)[-1])
        _number(panel, last[-1][1], cut, name)


def _number(panel: ChartPanel, y: float, cut: float, name: str) -> None:
    """What a line stands for, at its right end."""
    if panel.top < y < panel.bottom:
        label = f"{cut:g}" if name == "muac" else f"{cut:+g}".replace("-", "−").replace("+0", "0")
        panel.add(Label((panel.right + 4, y + 4), label, SMALL, "#444"))


def draw_step(panel: ChartPanel, words: Mapping[str, str]) -> None:
    """The day on which length (lying) turns to height (standing), as a dotted line with both
    words."""
    if panel.steps:
        at, foot = panel.x(STANDING_FROM_DAYS - 0.5), panel.bottom - 5
        panel.add(Polyline(((at, panel.top), (at, panel.bottom)), LINE, 1.0, dashed=True))
        panel.add(Label((at - 4, foot), words["lying"], SMALL, "#444", "end"))
        panel.add(Label((at + 4, foot), words["standing"], SMALL, "#444"))


def draw_treatments(
    panel: ChartPanel, stays: Sequence[Treatment], words: Mapping[str, str], *, today: float
) -> None:
    """Episodes as shaded spans with the programme's name; an open one ends at `today` (days of
    age)."""
    taken = [float(panel.left)] * 2
    for stay in (one for one in stays if one.since <= min(LAST_DAY_UNDER_FIVE, today)):
        until = today if stay.until is None else stay.until
        left, right = panel.x(stay.since), max(panel.x(until), panel.x(stay.since) + 2)
        corners = (
            (left, panel.top),
            (right, panel.top),
            (right, panel.bottom),
            (left, panel.bottom),
        )
        panel.add(Area(corners, SHADE, 0.18))
        named = stay.programme or words["treatment"]
        row = 0 if left >= taken[0] else 1
        taken[row] = left + LETTER * SMALL * (len(named) + 1)
        panel.add(Label((left + 2, panel.top + 12 + 13 * row), named, SMALL, "#2a4a7f"))


def draw_ahead(panel: ChartPanel, projection: Projection | None, name: str) -> None:
    """The projected band with its middle dashed."""
    if projection is None or not bounds_of(projection, name):
        return
    low, middle, high = (
        tuple(
            (panel.x(day), panel.y(value))
            for day, value in zip(projection.age_days, part[name], strict=True)
        )
        for part in (projection.low, projection.middle, projection.high)
    )
    panel.add(Area((*low, *reversed(high)), AHEAD, 0.28), Polyline(middle, AHEAD, 1.4, dashed=True))


def bounds_of(projection: Projection | None, name: str) -> tuple[Mapping[str, Floats], ...]:
    """The bounds that a panel must have room for."""
    return (projection.low, projection.high) if projection and name in projection.middle else ()


def draw_points(
    panel: ChartPanel, age_days: Floats, values: Floats, *, stale: Flags, name: str
) -> None:
    """The child's points joined by a line; a WHZ of a height carried forward is hollow.

    No line joins a length to a height: the step between them is the way of measuring, not the
    child's.
    """
    known = np.flatnonzero(
        np.isfinite(values) & (age_days >= 0) & (age_days <= LAST_DAY_UNDER_FIVE)
    )
    at = {i: (panel.x(age_days[i]), panel.y(values[i])) for i in known}
    for part in _parted(known, age_days) if name == "haz" else (known,):
        if len(part) > 1:
            panel.add(Polyline(tuple(at[i] for i in part), INK, 1.4))
    for hollow in (False, True):
        some = tuple(place for i, place in at.items() if bool(stale[i]) == hollow)
        if some:
            panel.add(Dots(some, 2.5, INK, hollow))


def draw_crosses(panel: ChartPanel, age_days: Floats, values: Floats) -> None:
    """Implausible points as crosses: they join no line and stretch no axis; beyond it they stand at
    its edge."""
    for day, value in zip(age_days, values, strict=True):
        x, y = panel.x(day), panel.y(value)
        for slope in (-1, 1):
            panel.add(Polyline(((x - 4, y - 4 * slope), (x + 4, y + 4 * slope)), CROSS, 1.6))


def _parted(known: Ints, age_days: Floats) -> Iterable[Ints]:
    lying = age_days[known] < STANDING_FROM_DAYS
    return known[lying], known[~lying]
