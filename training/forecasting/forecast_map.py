"""Maps of the areas: how many are expected, beside the same months a year before; small counts are
not told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.charts.area_map import MapFigures, Rings, area_map, breaks_of, grey_of, placed
from features.charts.svg import Canvas
from registry.contract.arrays import Floats
from registry.indian_digits import grouped
from registry.small_counts import SMALLEST_CELL, is_small
from registry.sources.geojson import Polygons
from training.forecasting.forecast import Forecast


@dataclass(frozen=True)
class Maps:
    """The two maps, and what must be said below them."""

    canvases: tuple[Canvas, Canvas]
    note: str


def maps(forecast: Forecast, boundaries: Mapping[str, Polygons]) -> Maps | None:
    """What is expected over all months ahead, and what was counted in the same months a year
    before; None where no area has a boundary."""
    panel = forecast.panel
    names = [str(area) for area in panel.areas]
    drawn = [at for at, name in enumerate(names) if name in boundaries]
    if not drawn:
        return None
    ahead = forecast.mean.shape[1]
    columns = forecast.origin + np.arange(1, ahead + 1) - 12
    inside = (columns >= 0) & (columns <= forecast.origin)
    before = np.where(inside, panel.counts[:, np.clip(columns, 0, panel.months - 1)], np.nan).sum(
        axis=1
    )
    expected = forecast.mean.sum(axis=1)
    first, last = (panel.month_name(forecast.origin + step) for step in (1, ahead))
    shapes = placed({names[at]: boundaries[names[at]] for at in drawn})
    breaks = breaks_of(np.concatenate([expected[drawn], before[drawn]]), SMALLEST_CELL)
    said = (
        (f"Expected, {first} to {last}", expected),
        ("Counted, the same months a year before", before),
    )
    one, other = (_canvas(title, values, names, shapes, breaks) for title, values in said)
    return Maps((one, other), _note(len(names) - len(drawn)))


def _note(without: int) -> str:
    missing = f" Areas without a boundary in the store, not drawn: {without}." if without else ""
    return (
        "The darker, the more, in the same classes on both maps. Dashed, with <5: 1 to "
        f"{SMALLEST_CELL - 1}, not told (0 is told). Dashed, with ?: one of these months was not "
        f"reported, or there is no forecast.{missing}"
    )


def _canvas(
    title: str, values: Floats, names: list[str], shapes: dict[str, Rings], breaks: list[int]
) -> Canvas:
    by_name = dict(zip(names, map(float, values), strict=True))
    figures = MapFigures(
        {name: _grey(by_name[name], breaks) for name in shapes},
        {name: _told(by_name[name]) for name in shapes},
        _legend(breaks),
    )
    return area_map(title, shapes, figures)


def _told(value: float) -> str:
    """A count as it may be told."""
    if not np.isfinite(value):
        return "?"
    whole = round(float(value))
    small = is_small(whole) or 0 < value < SMALLEST_CELL
    return f"<{SMALLEST_CELL}" if small else grouped(whole)


def _grey(value: float, breaks: list[int]) -> int | None:
    """The class of a count; None where it is not told."""
    if not np.isfinite(value) or 0 < value < SMALLEST_CELL:
        return None
    return grey_of(value, breaks)


def _legend(breaks: list[int]) -> list[str]:
    """`0 to 7`, `8`, `9 or more`."""
    starts = [0, *breaks]
    ends = [
        f" to {grouped(at - 1)}" if at - 1 > low else ""
        for low, at in zip(starts, breaks, strict=False)
    ]
    return [f"{grouped(low)}{end}" for low, end in zip(starts, [*ends, " or more"], strict=True)]
