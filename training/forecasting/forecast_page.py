"""The forecast as one self-contained HTML page: alerts, the areas ranked, and a plot of each of the
first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

import numpy as np

from features.charts.forecast_chart import ChartWords, ForecastSeries, forecast_chart, highest
from features.charts.svg import Canvas
from registry.sources.geojson import Polygons
from training.forecasting.counts_panel import Panel
from training.forecasting.forecast import Forecast
from training.forecasting.forecast_map import maps
from training.forecasting.forecast_run import Result, ranked

STYLE = """
body{font:15px/1.45 sans-serif;color:#222;max-width:960px;margin:2em auto;padding:0 1em}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .8em;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}figure{display:inline-block;margin:.5em;width:440px;max-width:100%}
.note{color:#555;font-size:13px}@media print{body{margin:0}figure{break-inside:avoid}}
"""  # noqa: E501
HISTORY = 36
MOST_PLOTS = 60
WORDS = {
    "above_band": "Above its band",
    "no_sam_unlikely": "None, where it is unlikely",
    "peak_coming": "A peak ahead",
}


def page(
    result: Result,
    *,
    title: str,
    counted: str,
    boundaries: Mapping[str, Polygons] | None = None,
) -> str:
    """The whole page as text; nothing in it is loaded from elsewhere, and no child is in it.

    boundaries: the areas' polygons by id, where the source has any; a map is drawn of them.
    """
    forecast = result.forecasts[0]
    order = ranked(result)
    drawn = [f"<figure>{svg}</figure>" for _, svg in plots(result, MOST_PLOTS)]
    origin = forecast.panel.month_name(forecast.origin)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>Forecast: {escape(title)}</title><style>{STYLE}</style></head><body>",
            f"<h1>Forecast: {escape(title)}</h1>",
            (
                f"<p>{escape(counted)}, {len(order)} areas, from what was known at the end of "
                f"{origin}.</p>"
            ),
            *(f'<p class="note">{escape(warning)}.</p>' for warning in result.warnings),
            "<h2>Alerts</h2>",
            _alerts(result),
            *_map(result, boundaries or {}),
            "<h2>Areas, the most expected first</h2>",
            _table(result),
            "<h2>Plots</h2>",
            *drawn,
            '<p class="note">Black: counted (a gap: not reported). Blue: expected, with '
            "the bands that hold 8 and 9 "
            "outcomes in 10. Brown, dashed: the same months a year before. Red: the newest "
            "month lies above its band."
            f"{f' The first {MOST_PLOTS} of {len(order)} areas.' if len(order) > MOST_PLOTS else ''}</p></body></html>",  # noqa: E501
        ]
    )


def plots(result: Result, most: int) -> Iterator[tuple[str, str]]:
    """(area, SVG) of the areas of which most is expected."""
    forecast = result.forecasts[0]
    place = {str(area): at for at, area in enumerate(forecast.panel.areas)}
    alerted = {alert.area for alert in result.alerts if alert.kind == "above_band"}
    for row in ranked(result)[:most]:
        area = row["area"]
        yield area, plot(forecast, place[area], alerted=area in alerted).svg()


def _map(result: Result, boundaries: Mapping[str, Polygons]) -> list[str]:
    """The maps, and how to read them; nothing where no area of the forecast has a boundary."""
    drawn = maps(result.forecasts[0], boundaries)
    if drawn is None:
        return []
    figures = "".join(f"<figure>{canvas.svg()}</figure>" for canvas in drawn.canvases)
    return ["<h2>Map</h2>", figures, f'<p class="note">{escape(drawn.note)}</p>']


def _alerts(result: Result) -> str:
    if not result.alerts:
        return "<p>None.</p>"
    rows = "".join(
        f"<tr><td>{WORDS[alert.kind]}</td><td>{escape(alert.level)}</td>"
        f'<td style="text-align:left">{escape(alert.text)}</td></tr>'
        for alert in result.alerts
    )
    return (
        f"<table><tr><th>What</th><th>Level</th><th>Figures</th></tr>{rows}</table>"
        '<p class="note">A month is above its band in three of a hundred calm area-months.</p>'
    )


def _table(result: Result) -> str:
    forecast = result.forecasts[0]
    place = {str(area): at for at, area in enumerate(forecast.panel.areas)}
    quantiles, first = forecast.quantiles, forecast.panel.month_name(forecast.origin + 1)
    rows = []
    for row in ranked(result):
        low, high = quantiles[place[row["area"]], 0, [1, 5]]
        last = "" if row["a_month_last_year"] is None else f"{row['a_month_last_year']:.1f}"
        rows.append(
            f"<tr><td>{escape(row['area'])}</td><td>{row['a_month_expected']:.1f}</td><td>{last}</td>"
            f"<td>{forecast.mean[place[row['area']], 0]:.1f}</td><td>{low:.0f} to "
            f"{high:.0f}</td></tr>"
        )
    return (
        "<table><tr><th>Area</th><th>A month, expected</th><th>A month, last year</th>"
        f"<th>{first}</th><th>8 in 10</th></tr>{''.join(rows)}</table>"
    )


def plot(forecast: Forecast, at: int, *, alerted: bool) -> Canvas:
    """One area: what was counted, what is expected with its bands, and the same months of the year
    before."""
    panel, origin, mean = forecast.panel, forecast.origin, forecast.mean[at]
    start = max(0, origin + 1 - HISTORY)
    counts, bands = panel.counts[at, start : origin + 1], forecast.quantiles[at]
    series = ForecastSeries(
        counts,
        mean,
        bands,
        _year_before(panel, at, origin, len(mean)),
        (len(counts) - 1,) if alerted else (),
    )
    name = str(panel.areas[at])
    words = ChartWords(
        name,
        f"{name}: {mean[0]:.1f} expected in {panel.month_name(origin + 1)}, {bands[0, 1]:.0f} "
        f"to {bands[0, 5]:.0f}",
        panel.month_name(start),
        panel.month_name(origin),
        f"{highest(series):.0f}",
    )
    return forecast_chart(series, words)


def _year_before(panel: Panel, at: int, origin: int, horizons: int) -> np.ndarray:
    columns = origin + np.arange(1, horizons + 1) - 12
    inside = (columns >= 0) & (columns <= origin)
    return np.where(inside, panel.counts[at, np.clip(columns, 0, origin)], np.nan)
