"""Areas of a map, drawn: greys in order of lightness, so that a photocopy says the same, with a
legend. What the colours mean, and in which language, is the caller's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from features.charts.svg import Canvas, Label, Point, Region, Shape
from registry.contract.arrays import Floats
from registry.sources.geojson import Polygons

WIDTH, HEIGHT, MARGIN, TOP = 440, 420, 10, 30
LEGEND_ROW = 16
GREYS = ("#f7f7f7", "#cccccc", "#969696", "#636363", "#252525")
"""ColorBrewer's five greys, made to be told apart in print."""
DARK_FROM = 2
"""Words on this grey and darker ones are white."""
NOT_TOLD = "#fff"
LABEL_SIZE, LABEL_ROOM, LETTER_WIDTH = 9.0, 16.0, 5.5
TOLERANCE = 0.4
"""Pixels by which a border may be off when it is drawn with fewer corners."""
Rings = list[tuple[Point, ...]]


@dataclass(frozen=True)
class MapFigures:
    """What a map shows. grey: each area's class (0 the lightest), None where its figure is not
    told; told: what is written in it; legend: the words of each class; names: what areas are
    called, where that is not their id; links: where a click on an area leads."""

    grey: Mapping[str, int | None]
    told: Mapping[str, str]
    legend: Sequence[str]
    names: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def area_map(title: str, shapes: Mapping[str, Rings], figures: MapFigures) -> Canvas:
    """The map. shapes: of each area its rings in pixels (`placed`)."""
    words = ", ".join(f"{name} {figures.told[name]}" for name in shapes)
    canvas = Canvas(WIDTH, HEIGHT, title, f"{title}: {words}")
    canvas.shapes += [Label((MARGIN, 18), title, 12.0, "#222", bold=True)]
    labels: list[Shape] = []
    for name, rings in shapes.items():
        grey, called = figures.grey[name], figures.names.get(name, name)
        canvas.shapes.append(
            Region(
                tuple(rings),
                NOT_TOLD if grey is None else GREYS[grey],
                dashed=grey is None,
                link=figures.links.get(name, ""),
                title=f"{called}: {figures.told[name]}" if figures.links else "",
            )
        )
        dark = grey is not None and grey >= DARK_FROM
        labels += _labels(rings, name, figures.told[name], "#fff" if dark else "#222")
    canvas.shapes += [*labels, *_legend(figures.legend)]
    return canvas


def breaks_of(values: Floats, least: float) -> list[int]:
    """Least whole figures of the second to the last class: quantiles of the known values from
    `least` on, without repeats."""
    told = values[np.isfinite(values) & (values >= least)]
    if not len(told):
        return []
    wanted = np.quantile(np.round(told), np.linspace(0, 1, len(GREYS) + 1)[1:-1])
    return sorted({int(np.ceil(one)) for one in wanted if one > least})


def grey_of(value: float, breaks: Sequence[int]) -> int:
    """The class of a figure."""
    return int(np.searchsorted(breaks, round(value), side="right"))


def _labels(rings: list[tuple[Point, ...]], name: str, words: str, colour: str) -> list[Shape]:
    """The count in the middle of an area's largest part, and its name above, each where there is
    room for it."""
    ring = np.array(max(rings, key=_box))
    wide, high = np.ptp(ring, axis=0)
    if wide < LABEL_ROOM or high < LABEL_SIZE + 2:
        return []
    x, y = _middle(ring)
    count = Label((x, y + 3), words, LABEL_SIZE, colour, anchor="middle")
    if wide < LETTER_WIDTH * len(name) or high < 3 * LABEL_SIZE:
        return [count]
    named = Label((x, y - 2), name, LABEL_SIZE - 1, colour, anchor="middle")
    return [named, Label((x, y + LABEL_SIZE), words, LABEL_SIZE, colour, anchor="middle")]


def _box(ring: tuple[Point, ...]) -> float:
    x, y = zip(*ring, strict=True)
    return float((max(x) - min(x)) * (max(y) - min(y)))


def _middle(ring: Floats) -> Point:
    """The centroid of a ring."""
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    whole = 3 * cross.sum()
    if abs(whole) < 1e-9:
        return float(ring[:, 0].mean()), float(ring[:, 1].mean())
    return (
        float(ring[0, 0] + ((x + np.roll(x, -1)) * cross).sum() / whole),
        float(ring[0, 1] + ((y + np.roll(y, -1)) * cross).sum() / whole),
    )


def _legend(words: Sequence[str]) -> list[Shape]:
    """A row of squares below the map, each with its words."""
    step, y = (WIDTH - 2 * MARGIN) / len(GREYS), HEIGHT - MARGIN
    shapes: list[Shape] = []
    for at, said in enumerate(words):
        x = MARGIN + at * step
        square = ((x, y - 10), (x + 12, y - 10), (x + 12, y), (x, y), (x, y - 10))
        shapes += [Region((square,), GREYS[at]), Label((x + 16, y - 1), said, 10.0)]
    return shapes


def placed(areas: Mapping[str, Polygons]) -> dict[str, list[tuple[Point, ...]]]:
    """Rings in pixels, as an equirectangular map shows them that is true to shape in its middle."""
    corners = np.array([xy for parts in areas.values() for part in parts for xy in part[0]])
    (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    narrower = np.cos(np.radians((south + north) / 2))
    wide, high = WIDTH - 2 * MARGIN, HEIGHT - TOP - MARGIN - 2 * LEGEND_ROW
    scale = min(wide / max((east - west) * narrower, 1e-9), high / max(north - south, 1e-9))
    left = MARGIN + (wide - (east - west) * narrower * scale) / 2

    def placed(ring: list[tuple[float, float]]) -> tuple[Point, ...]:
        at = np.array(ring)
        x = left + (at[:, 0] - west) * narrower * scale
        return simplified(np.stack([x, TOP + (north - at[:, 1]) * scale], axis=1))

    return {
        name: [placed(ring) for part in parts for ring in part] for name, parts in areas.items()
    }


def simplified(ring: Floats, tolerance: float = TOLERANCE) -> tuple[Point, ...]:
    """A closed ring without the corners that lie within the tolerance of the line between those
    that stay (Douglas and Peucker, 1973); at least a triangle."""
    keep = np.zeros(len(ring), np.bool_)
    far = int(np.argmax(np.hypot(*(ring - ring[0]).T)))
    keep[[0, far, -1]] = True
    pieces = [(0, far), (far, len(ring) - 1)]
    while pieces:
        start, end = pieces.pop()
        if end - start < 2:
            continue
        off = _off_line(ring[start + 1 : end], ring[start], ring[end])
        worst = int(np.argmax(off))
        if off[worst] > tolerance:
            middle = start + 1 + worst
            keep[middle] = True
            pieces += [(start, middle), (middle, end)]
    if keep.sum() < 4:
        keep[np.argmax(_off_line(ring, ring[0], ring[far]))] = True
    return tuple((float(x), float(y)) for x, y in ring[keep])


def _off_line(points: Floats, start: Floats, end: Floats) -> Floats:
    """The distance of points from the stretch between two others."""
    along = end - start
    length = float(along @ along)
    share = np.clip((points - start) @ along / length, 0, 1) if length else np.zeros(len(points))
    off: Floats = np.hypot(*(points - start - share[:, None] * along).T)
    return off
