"""A survey's summary as one self-contained HTML page: distributions of z-scores beside WHO's curve,
prevalence, flags, digit preference."""

from __future__ import annotations

import math
from html import escape

import numpy as np

from features.charts.svg import Area, Canvas, Label, Polyline
from features.survey.summary import Facts
from features.survey.survey_results import SurveyResults
from features.survey.suspicion import CODES
from features.who.growth import INDICATORS
from registry.contract.arrays import AnyArray
from registry.indian_digits import grouped

NAMES = {
    "waz": "Weight for age",
    "haz": "Length or height for age",
    "whz": "Weight for length or height",
    "baz": "BMI for age",
    "muacz": "Mid-upper arm circumference for age",
    "hcz": "Head circumference for age",
}
BAR, WHO_LINE, OURS = "#9bb8d3", "#2e7d32", "#1d3557"
WIDTH, HEIGHT, LEFT, BOTTOM = 420, 220, 14, 24
LOW, HIGH, STEP = -6.0, 6.0, 0.25

STYLE = """
body{font:15px/1.45 sans-serif;color:#222;max-width:900px;margin:2em auto;padding:0 1em}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .8em;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}figure{display:inline-block;margin:.5em;width:420px;max-width:100%}
.note{color:#666;font-size:13px}@media print{body{margin:0}}
"""  # noqa: E501


def page(results: SurveyResults, facts: Facts, *, title: str) -> str:
    """The whole page as text; nothing in it is loaded from elsewhere, and no row of the table is in
    it."""
    pictures = [
        f"<figure>{distribution(results.rounded[name][results.flags[name] == 0], NAMES[name]).svg()}</figure>"  # noqa: E501
        for name in INDICATORS
        if facts["z"][name]["answered"]
    ]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>Growth: {escape(title)}</title><style>{STYLE}</style></head><body>",
            (
                f"<h1>Growth: {escape(title)}</h1><p>{grouped(facts['rows'])} rows. WHO Child "
                "Growth Standards, 2006.</p>"
            ),
            "<h2>Prevalence</h2>",
            _prevalence(facts),
            '<p class="note">As WHO counts: implausible z-scores are left out, oedema '
            "counts as severe by anything "
            "that weighs. The intervals are those of a simple random sample (Wilson); "
            "those of a cluster survey are "
            "wider.</p>",
            "<h2>Distributions</h2>",
            *pictures,
            '<p class="note">Bars: this table, without flagged values. Blue line: its mean '
            "and SD. Green line: the "
            "children of WHO's standard (mean 0, SD 1).</p>",
            "<h2>Quality</h2>",
            _quality(facts),
            _digits(facts),
            _suspicions(facts),
            _warnings(facts),
            "</body></html>",
        ]
    )


def distribution(z: AnyArray, name: str) -> Canvas:
    """Bars of the share of z-scores in each quarter, the table's own normal curve and WHO's."""
    mean, sd = float(z.mean()) if len(z) else np.nan, float(z.std(ddof=1)) if len(z) > 1 else 0.0
    figures = (
        [f"mean {mean:.2f}"] * bool(len(z))
        + [f"SD {sd:.2f}"] * (len(z) > 1)
        + [f"n {grouped(len(z))}"]
    )
    said = f"{name}: {', '.join(figures)}"
    canvas = Canvas(WIDTH, HEIGHT, name, said)
    counts, edges = np.histogram(z, np.arange(LOW, HIGH + STEP, STEP))
    density = counts / max(len(z), 1) / STEP
    top = max(float(density.max()), _normal(0.0, 0.0, 1.0)) * 1.1
    across, up = (WIDTH - 2 * LEFT) / (HIGH - LOW), (HEIGHT - BOTTOM - 30) / top

    def at(value: float, dense: float) -> tuple[float, float]:
        return LEFT + (value - LOW) * across, HEIGHT - BOTTOM - dense * up

    for left, dense in zip(edges, density, strict=False):
        if dense:
            right = left + STEP
            canvas.shapes.append(
                Area((at(left, 0), at(left, dense), at(right, dense), at(right, 0)), BAR)
            )
    for middle, spread, colour in ((0.0, 1.0, WHO_LINE), (mean, sd, OURS)):
        if spread > 0:
            curve = tuple(at(x, _normal(x, middle, spread)) for x in np.linspace(LOW, HIGH, 81))
            canvas.shapes.append(Polyline(curve, colour, 1.6))
    canvas.shapes.append(Polyline((at(LOW, 0), at(HIGH, 0)), "#888"))
    for tick in range(int(LOW), int(HIGH) + 1, 2):
        canvas.shapes.append(
            Label((at(tick, 0)[0], HEIGHT - 9), f"{tick:+d}" if tick else "0", 11, "#555", "middle")
        )
    canvas.shapes += [
        Label((LEFT, 16), name, 13, "#111", bold=True),
        Label((LEFT, 30), said.split(": ")[1], 11, "#555"),
    ]
    return canvas


def _normal(x: float, mean: float, sd: float) -> float:
    return (
        math.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))
        if sd
        else 1 / math.sqrt(2 * math.pi)
    )


def _table(header: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _prevalence(facts: Facts) -> str:
    rows = [
        [name.replace("_", " "), grouped(one['cases']), grouped(one['n']), f"{one['percent']:.1f}",
         f"{one['low']:.1f} to {one['high']:.1f}"]
        for name, one in facts["prevalence"].items() if one["n"]
    ]  # fmt: skip
    return _table(["", "cases", "of judged", "%", "95 % interval"], rows)


def _quality(facts: Facts) -> str:
    rows = [
        [NAMES[name], grouped(one['answered']), grouped(one['flagged']),
         *("" if one[key] is None else f"{one[key]:.2f}" for key in ("mean", "sd"))]
        for name, one in facts["z"].items()
    ]  # fmt: skip
    return _table(["z-score", "answered", "flagged", "mean", "SD"], rows)


def _digits(facts: Facts) -> str:
    rows = [
        [name, f"{one['score']:.1f}", one["verdict"], *(grouped(count) for count in one["digits"])]
        for name, one in facts["digit_preference"].items()
    ]
    header = ["last digit", "score", "", *(str(digit) for digit in range(10))]
    return f"<h3>Digit preference</h3>{_table(header, rows)}" if rows else ""


def _suspicions(facts: Facts) -> str:
    rows = [[code, grouped(count), CODES[code]] for code, count in facts["suspicions"].items()]
    return (
        f"<h3>Rows named with a suspicion</h3>{_table(['code', 'rows', 'meaning'], rows)}"
        if rows
        else ""
    )


def _warnings(facts: Facts) -> str:
    return "".join(f'<p class="note">{escape(warning)}</p>' for warning in facts["warnings"])
