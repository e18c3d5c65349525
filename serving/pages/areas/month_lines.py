"""Figures of a year as small lines, inline SVG, that print in grey; the same stand in the table of
months."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 320, 150
LEFT, RIGHT, TOP, BOTTOM = 44, 52, 14, 118
LETTERS = 13
"""Height of a line of text."""
STROKES = ("", "6 4", "2 3")
"""A line's pattern tells it from the others, without colour."""


@dataclass(frozen=True)
class Line:
    """One figure by month; None where a month has none, or one that is withheld."""

    name: str
    values: Sequence[float | None]
    of_year_before: int | None = None
    """For a line of the year before: which of the figures it is of."""
    months: Sequence[str] = ()
    """The names of its own months, where they are others than the picture's."""


def month_lines(
    lines: Sequence[Line], months: Sequence[str], written: Callable[[float], str], *, title: str
) -> Markup | None:
    """The lines over one scale from nought, broken where a month is not told. None where no month
    is told.

    months: their names; written: how a value of the scale is written.
    """
    known = [value for line in lines for value in line.values if value is not None]
    if not known:
        return None
    most = max(known) or 1.0
    # The year before lies below, so that this year's lines are never hidden.
    below_first = sorted(enumerate(lines), key=lambda one: one[1].of_year_before is None)
    drawn = Markup("").join(
        _line(line, most, STROKES[at if line.of_year_before is None else line.of_year_before])
        for at, line in below_first
    )
    this_year = [line for line in lines if line.of_year_before is None]
    drawn += _last_values(this_year, most, written)
    said = "; ".join([title, *(_said(line, months, written) for line in lines if _ends(line))])
    return Markup(
        '<svg class="months" viewBox="0 0 {0} {1}" role="img" aria-label="{2}"><title>{2}</title>'
        "{3}{4}</svg>"
    ).format(WIDTH, HEIGHT, escape(said), _axes(months, written(most), written(0)), drawn)


def _axes(months: Sequence[str], most: str, least: str) -> Markup:
    end = WIDTH - RIGHT
    return Markup(
        '<path d="M{0} {1}V{2}H{3}" fill="none" stroke="currentColor"/>'
        '<text x="{4}" y="{5}" text-anchor="end">{6}</text>'
        '<text x="{4}" y="{2}" text-anchor="end">{7}</text>'
        '<text x="{0}" y="{8}">{9}</text><text x="{3}" y="{8}" text-anchor="end">{10}</text>'
    ).format(
        LEFT, TOP, BOTTOM, end, LEFT - 4, TOP + 8, most, least, BOTTOM + 24, months[0], months[-1]
    )


def _at(month: int, months: int, value: float, most: float) -> tuple[float, float]:
    """Where a value lies in the picture."""
    across = (WIDTH - LEFT - RIGHT - 8) * month / max(1, months - 1)
    return LEFT + 4 + across, BOTTOM - (BOTTOM - TOP) * value / most


def _line(line: Line, most: float, pattern: str) -> Markup:
    """One figure: its stretches of months, a dot where a month stands alone."""
    stretches: list[list[tuple[float, float]]] = [[]]
    for month, value in enumerate(line.values):
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append(_at(month, len(line.values), value, most))
    made, old = Markup(""), line.of_year_before is not None
    grey = Markup(' class="before"') if old else ""
    for points in filter(None, stretches):
        if len(points) == 1:
            radius = 2 if old else 3
            made += Markup('<circle cx="{:.0f}" cy="{:.0f}" r="{}"{}/>').format(
                *points[0], radius, grey
            )
        else:
            path = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
            made += Markup('<polyline points="{}" stroke-dasharray="{}"{}/>').format(
                path, pattern, grey
            )
    return made


def _last_values(lines: Sequence[Line], most: float, written: Callable[[float], str]) -> Markup:
    """The last value told of each figure beside its line, the lower ones pushed down as far as
    they can be read."""
    told = []
    for line in lines:
        if ends := _ends(line):
            value = line.values[ends[1]] or 0.0
            x, y = _at(ends[1], len(line.values), value, most)
            told.append((y, x, written(value)))
    made, free = Markup(""), float(TOP)
    for y, x, text in sorted(told):
        free = max(y + 4, free + LETTERS)
        made += Markup('<text x="{:.0f}" y="{:.0f}">{}</text>').format(x + 6, free, text)
    return made


def _ends(line: Line) -> tuple[int, int] | None:
    """The first and the last month that are told."""
    known = [month for month, value in enumerate(line.values) if value is not None]
    return (known[0], known[-1]) if known else None


def _said(line: Line, months: Sequence[str], written: Callable[[float], str]) -> str:
    """`Measured: 61% (Jul 2025), 70% (Jun 2026)`."""
    first, last = _ends(line) or (0, 0)
    months = line.months or months
    told = [f"{written(line.values[at] or 0.0)} ({months[at]})" for at in sorted({first, last})]
    return f"{line.name}: {', '.join(told)}"
