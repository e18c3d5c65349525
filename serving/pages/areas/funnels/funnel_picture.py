"""A funnel of areas as inline SVG that prints in grey: each area a dot at its size and rate, the
rate of all and the limits around it. The same stands in the table beside."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from markupsafe import Markup, escape

from care.programme.funnel import FAR, NEAR, AreaRate, limits

WIDTH, HEIGHT = 360, 320
LEFT, RIGHT, TOP, BOTTOM = 50, 10, 16, 270
CURVE_POINTS = 60
NAMED = 12
"""So many areas outside the limits are named in the picture at most; the table has all."""
LETTERS = 13


def funnel(
    rates: Sequence[AreaRate],
    places: Sequence[int],
    rate: float,
    written: Callable[[float], str],
    *,
    title: str,
    across: str,
    numbered: Callable[[int], str],
) -> Markup:
    """The picture. places: where each area lies (`care.programme.funnel`); written: how a rate is
    written; across: what the sizes are of; numbered: how a size is written."""
    largest = max(one.size for one in rates)
    sizes = _sizes(min(one.size for one in rates), largest)
    near, far = (limits(rate, sizes, cover) for cover in (NEAR, FAR))
    most = max(max(one.rate for one in rates), float(np.quantile(far[1], 0.75)), rate) or 1.0
    scale = _Scale(largest, most)
    lines = Markup("").join(
        _curve(scale, sizes, line, dashes)
        for both, dashes in ((near, "6 4"), (far, ""))
        for line in both
    )
    y = scale.y(rate)
    middle = Markup('<path d="M{} {:.1f}H{}" stroke="currentColor" stroke-width="1.5"/>').format(
        LEFT, y, WIDTH - RIGHT
    )
    return Markup(
        '<svg class="funnel" viewBox="0 0 {0} {1}" role="img" aria-label="{2}"><title>{2}</title>'
        "{3}{4}{5}{6}</svg>"
    ).format(
        WIDTH,
        HEIGHT,
        escape(title),
        _axes(scale, across, written, numbered),
        middle,
        lines,
        _dots(scale, rates, places),
    )


def _sizes(least: int, largest: int) -> np.ndarray:
    return np.unique(np.geomspace(max(1, least), largest, CURVE_POINTS).astype(np.int64))


class _Scale:
    """Where a size and a rate lie in the picture; sizes by their square root, as chance goes."""

    def __init__(self, largest: int, most: float):
        self.largest, self.most = largest, most

    def x(self, size: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.sqrt(size / self.largest)

    def y(self, rate: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * min(rate / self.most, 1.0)


def _curve(scale: _Scale, sizes: np.ndarray, line: np.ndarray, dashes: str) -> Markup:
    points = " ".join(
        f"{scale.x(size):.0f},{scale.y(share):.1f}"
        for size, share in zip(sizes.tolist(), line.tolist(), strict=True)
    )
    return Markup(
        '<polyline points="{}" fill="none" stroke="currentColor" stroke-dasharray="{}"/>'
    ).format(points, dashes)


def _dots(scale: _Scale, rates: Sequence[AreaRate], places: Sequence[int]) -> Markup:
    """Those within as small open dots in one path; those outside filled, the farthest named."""
    within = {
        (round(scale.x(one.size)), round(scale.y(one.rate)))
        for one, place in zip(rates, places, strict=True)
        if not place
    }
    path = "".join(f"M{x} {y}h0" for x, y in sorted(within))
    made = Markup('<path d="{}" stroke="#767676" stroke-width="5" stroke-linecap="round"/>').format(
        path
    )
    outside = [(one, place) for one, place in zip(rates, places, strict=True) if place]
    outside.sort(key=lambda pair: (-abs(pair[1]), -pair[0].size, pair[0].area))
    for at, (one, place) in enumerate(outside):
        x, y = scale.x(one.size), scale.y(one.rate)
        made += Markup('<circle cx="{:.0f}" cy="{:.0f}" r="{}"/>').format(x, y, 3 + abs(place))
        if at < NAMED:
            end = x > WIDTH * 0.8
            made += Markup('<text x="{:.0f}" y="{:.0f}"{}>{}</text>').format(
                x - 8 if end else x + 8,
                y + 4,
                Markup(' text-anchor="end"') if end else "",
                one.area,
            )
    return made


def _axes(
    scale: _Scale,
    across: str,
    written: Callable[[float], str],
    numbered: Callable[[int], str],
) -> Markup:
    made = Markup('<path d="M{0} {1}V{2}H{3}" fill="none" stroke="currentColor"/>').format(
        LEFT, TOP, BOTTOM, WIDTH - RIGHT
    )
    for share in (0.0, scale.most / 2, scale.most):
        made += Markup('<text x="{}" y="{:.0f}" text-anchor="end">{}</text>').format(
            LEFT - 4, scale.y(share) + 4, written(share)
        )
    for part in (0.25, 1.0):
        size = max(1, round(scale.largest * part))
        made += Markup('<text x="{:.0f}" y="{}" text-anchor="end">{}</text>').format(
            scale.x(size), BOTTOM + LETTERS + 4, numbered(size)
        )
    return made + Markup('<text x="{}" y="{}">{}</text>').format(LEFT, HEIGHT - 10, across)
