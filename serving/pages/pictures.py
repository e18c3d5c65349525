"""Small pictures as inline SVG: what raises and lowers a risk; where the centres lie. Black, white
and one pattern."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from serving.language.telling import ToldReason
from serving.language.words import Words

WIDTH, LINE, BAR_ROOM = 320, 17, 20
LINE_LETTERS = 44
"""So many letters of 13 pixels fit the picture's width, in Latin and in Devanagari."""
MIDDLE, REACH = 160, 150
MAP_SIDE, MAP_MARGIN, MAP_ROUNDS = 320, 24, 30


def reason_bars(reasons: Sequence[ToldReason], words: Words, *, title: str) -> Markup:
    """A signed bar for each reason: to the right (filled) it raises the risk, to the left (open) it
    lowers it.

    Over each stands its sentence, as in the list below the picture.
    """
    longest = max((abs(reason.log_odds) for reason in reasons), default=1.0)
    bars, bottom = Markup(""), 4
    for reason in reasons:
        lines = textwrap.wrap(reason.sentence, LINE_LETTERS)
        bars += _bar(bottom, lines, REACH * reason.log_odds / longest)
        bottom += LINE * len(lines) + BAR_ROOM
    axis = Markup('<line x1="{0}" x2="{0}" y1="4" y2="{1}" stroke="currentColor"/>').format(
        MIDDLE, bottom
    )
    ends = Markup(
        '<text x="0" y="{0}">\u2190 {1}</text><text x="{2}" y="{0}" text-anchor="end">{3} '
        "\u2192</text>"
    ).format(bottom + 14, words("ui", "lowers"), WIDTH, words("ui", "raises"))
    return _svg(axis + ends + bars, width=WIDTH, height=bottom + 18, title=title, name="reasons")


def _bar(top: int, lines: Sequence[str], length: float) -> Markup:
    """The lines of a sentence and below them its bar; a length under 0 goes to the left."""
    label = Markup("").join(
        Markup('<text x="0" y="{}">{}</text>').format(top + LINE * number - 2, line)
        for number, line in enumerate(lines, 1)
    )
    fill = "currentColor" if length > 0 else "none"
    bar = Markup(
        '<rect x="{:.1f}" y="{}" width="{:.1f}" height="10" fill="{}" stroke="currentColor"/>'
    )
    return label + bar.format(
        min(MIDDLE, MIDDLE + length), top + LINE * len(lines) + 2, abs(length), fill
    )


@dataclass(frozen=True)
class MapPlace:
    """A centre on the map: its number in the table beside it, its children on watch, whether one is
    in danger."""

    number: int
    name: str
    latitude: float
    longitude: float
    children: int
    danger: int


def centre_map(places: Sequence[MapPlace], words: Words) -> Markup | None:
    """The centres by their coordinates, north up, without any map behind; None where none has
    coordinates."""
    if not places:
        return None
    at = _apart(_projected(places), {place.number: _radius(place) for place in places})
    dots = Markup("").join(
        _dot(place, *at[place.number], words) for place in sorted(places, key=lambda p: -p.children)
    )
    return _svg(dots, width=MAP_SIDE, height=MAP_SIDE, title=words("ui", "map"), name="map")


def _projected(places: Sequence[MapPlace]) -> dict[int, tuple[float, float]]:
    """Positions in the square: kilometres east and south of the middle, one scale for both."""
    middle = sum(place.latitude for place in places) / len(places)
    east = [place.longitude * math.cos(math.radians(middle)) for place in places]
    north = [place.latitude for place in places]
    span = max(max(east) - min(east), max(north) - min(north)) or 1.0
    scale = (MAP_SIDE - 2 * MAP_MARGIN) / span
    x0, y0 = (max(east) + min(east)) / 2, (max(north) + min(north)) / 2
    return {
        place.number: (MAP_SIDE / 2 + (x - x0) * scale, MAP_SIDE / 2 - (y - y0) * scale)
        for place, x, y in zip(places, east, north, strict=True)
    }


def _radius(place: MapPlace) -> float:
    return 6 + 1.2 * math.sqrt(place.children)


def _apart(
    at: dict[int, tuple[float, float]], radius: dict[int, float]
) -> dict[int, tuple[float, float]]:
    """The positions with circles that lie on each other pushed aside until every number can be
    read."""
    moved = dict(at)
    for _ in range(MAP_ROUNDS):
        for one, other in itertools.combinations(moved, 2):
            (x, y), (u, v) = moved[one], moved[other]
            away, wanted = math.hypot(u - x, v - y), radius[one] + radius[other]
            if away < wanted:
                # Two centres at one place part to the side, the lower number to the left.
                east, north = ((u - x) / away, (v - y) / away) if away > 0 else (1.0, 0.0)
                step = (wanted - away) / 2
                moved[one] = _inside(x - east * step, y - north * step)
                moved[other] = _inside(u + east * step, v + north * step)
    return moved


def _inside(x: float, y: float) -> tuple[float, float]:
    east, south = (min(max(at, MAP_MARGIN), MAP_SIDE - MAP_MARGIN) for at in (x, y))
    return east, south


def _dot(place: MapPlace, x: float, y: float, words: Words) -> Markup:
    radius = _radius(place)
    fill, ink = (
        ("currentColor", "var(--paper)") if place.danger else ("var(--paper)", "currentColor")
    )
    children, danger = words.number(place.children), words.number(place.danger)
    said = (
        f"{place.name}: {words('ui', 'children')} {children}, {words('ui', 'in_danger')} {danger}"
    )
    return Markup(
        '<g><title>{}</title><circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" fill="{}" '
        'stroke="currentColor"/>'
        '<text x="{:.1f}" y="{:.1f}" text-anchor="middle" fill="{}">{}</text></g>'
    ).format(said, x, y, radius, fill, x, y + 4, ink, place.number)


def _svg(body: Markup, *, width: int, height: int, title: str, name: str) -> Markup:
    return Markup(
        '<svg class="{0}" viewBox="0 0 {1} {2}" role="img" '
        'aria-label="{3}"><title>{3}</title>{4}</svg>'
    ).format(name, width, height, escape(title), body)
