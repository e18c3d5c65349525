"""One area's forecast as a picture: what was counted, what is expected with its bands, and the same
months of the year before. Counts alone; it knows no child."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.charts.svg import Area, Canvas, Dots, Label, Point, Polyline
from registry.contract.arrays import Floats

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 440, 210, 40, 8, 26, 24
COUNTED, BAND, MIDDLE, LAST_YEAR, ALERT = "#222", "#9bb8d3", "#1d3557", "#b06a00", "#b00020"
OUTER, INNER = ((0, -1), 0.35), ((1, -2), 0.7)
"""Columns of the quantiles between which the two bands lie, and how strongly each is drawn."""
ALERT_RADIUS = 5.0


@dataclass(frozen=True)
class ForecastSeries:
    """What is drawn. counts: the months up to the newest, NaN where not reported or not told; mean:
    the months after it; quantiles: (months ahead, levels from low to high); year_before: the counts
    of the months ahead a year before; alerts: positions in `counts` of months above their band."""

    counts: Floats
    mean: Floats
    quantiles: Floats
    year_before: Floats
    alerts: tuple[int, ...] = ()


@dataclass(frozen=True)
class ChartWords:
    """The words of the picture: its title, what it says to those who cannot see it, the names of
    its first and its newest month, the highest count as it is written."""

    title: str
    description: str
    first: str
    newest: str
    highest: str
    zero: str = "0"


def highest(series: ForecastSeries) -> float:
    """The count at the top of the picture."""
    values = [series.counts, series.quantiles[:, -1], series.year_before]
    return max(float(np.nan_to_num(np.concatenate(values)).max()), 1.0)


def forecast_chart(series: ForecastSeries, words: ChartWords) -> Canvas:
    """The picture, to be put in a page."""
    months, top = len(series.counts) + len(series.mean), highest(series)
    x = LEFT + (WIDTH - LEFT - RIGHT) * (np.arange(months) + 0.5) / months
    past, ahead = x[: len(series.counts)], x[len(series.counts) :]

    def y(values: Any) -> Floats:
        found: Floats = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * np.asarray(values, float) / top
        return found

    canvas = Canvas(WIDTH, HEIGHT, words.title, words.description)
    for (low, high), opacity in (OUTER, INNER):
        edge = _points(ahead, y(series.quantiles[:, low]))[::-1]
        outline = (*_points(ahead, y(series.quantiles[:, high])), *edge)
        canvas.shapes.append(Area(outline, BAND, opacity))
    canvas.shapes += _lines(past, y(series.counts), COUNTED)
    canvas.shapes += _lines(ahead, y(series.year_before), LAST_YEAR, dashed=True)
    canvas.shapes += _lines(ahead, y(series.mean), MIDDLE)
    colour = ALERT if len(series.counts) - 1 in series.alerts else COUNTED
    canvas.shapes += [
        Polyline(((LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM)), "#999"),
        Label((LEFT, 16), words.title, 12.0, colour, bold=True),
        Label((LEFT - 4, TOP + 8), words.highest, 10.0, anchor="end"),
        Label((LEFT - 4, HEIGHT - BOTTOM), words.zero, 10.0, anchor="end"),
        Label((LEFT, HEIGHT - 8), words.first, 10.0),
        Label((float(ahead[0]), HEIGHT - 8), words.newest, 10.0, anchor="end"),
    ]
    told = [at for at in series.alerts if np.isfinite(series.counts[at])]
    if told:
        places = tuple((float(past[at]), float(y(series.counts[at]))) for at in told)
        canvas.shapes.append(Dots(places, ALERT_RADIUS, ALERT, hollow=True))
    return canvas


def _points(x: Floats, y: Floats) -> list[Point]:
    return [(float(a), float(b)) for a, b in zip(x, y, strict=True)]


def _lines(x: Floats, y: Floats, colour: str, *, dashed: bool = False) -> list[Polyline]:
    """Lines through the known points, broken where a month is missing; a point alone is a short
    stroke."""
    runs = np.split(np.arange(len(x)), np.flatnonzero(np.diff(np.isfinite(y).astype(int))) + 1)
    found = []
    for run in (run for run in runs if len(run) and np.isfinite(y[run[0]])):
        points = _points(x[run], y[run])
        if len(points) == 1:
            ((across, up),) = points
            points = [(across - 1, up), (across + 1, up)]
        found.append(Polyline(tuple(points), colour, 1.6, dashed))
    return found
