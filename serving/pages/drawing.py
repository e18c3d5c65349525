"""Small pictures as inline SVG: what raises and lowers a risk; where the centres lie. Black, white and one pattern."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from models.candidate import Reason
from serving.words import Words

WIDTH, ROW = 320, 34
MIDDLE, REACH = 160, 150
SHOWN_REASONS = 8
LEAST_LOG_ODDS = 0.02
"""Parts smaller than this are left out of the picture: a fiftieth of a log-odds moves no one's order."""
MAP_SIDE, MAP_MARGIN, MAP_ROUNDS = 320, 24, 30


def shown(reasons: Sequence[Reason]) -> list[Reason]:
    """The reasons worth showing, the largest first."""
    large = [reason for reason in reasons if abs(reason.log_odds) >= LEAST_LOG_ODDS]
    return sorted(large, key=lambda reason: -abs(reason.log_odds))[:SHOWN_REASONS]


def reason_bars(reasons: Sequence[Reason], words: Words, *, title: str, facts: Mapping | None = None) -> Markup:
    """A signed bar for each reason: to the right (filled) it raises the risk, to the left (open) it lowers it.

    Over each stands its sentence, as in the list below the picture; without facts its short form or its label.
    """
    rows = shown(reasons)
    longest = max((abs(reason.log_odds) for reason in rows), default=1.0)
    bars = Markup("").join(_bar(place, reason, longest, words, facts or {}) for place, reason in enumerate(rows))
    height = ROW * len(rows) + 22
    axis = Markup('<line x1="{0}" x2="{0}" y1="4" y2="{1}" stroke="currentColor"/>').format(MIDDLE, ROW * len(rows) + 4)
    ends = Markup(
        '<text x="0" y="{0}">\u2190 {1}</text><text x="{2}" y="{0}" text-anchor="end">{3} \u2192</text>'
    ).format(height - 4, words("ui", "lowers"), WIDTH, words("ui", "raises"))
    return _svg(axis + ends + bars, width=WIDTH, height=height, title=title, name="reasons")


def _bar(place: int, reason: Reason, longest: float, words: Words, facts: Mapping) -> Markup:
    length = REACH * abs(reason.log_odds) / longest
    left = MIDDLE if reason.log_odds > 0 else MIDDLE - length
    top = place * ROW + 16
    fill = "currentColor" if reason.log_odds > 0 else "none"
    label = Markup('<text x="0" y="{}">{}</text>').format(top, words.reason(reason, facts))
    bar = Markup('<rect x="{:.1f}" y="{}" width="{:.1f}" height="10" fill="{}" stroke="currentColor"/>')
    return label + bar.format(left, top + 4, length, fill)


@dataclass(frozen=True)
class Place:
    """A centre on the map: its number in the table beside it, its children on watch, whether one is in danger."""

    number: int
    name: str
    latitude: float
    longitude: float
    children: int
    danger: int


def centre_map(places: Sequence[Place], words: Words) -> Markup | None:
    """The centres by their coordinates, north up, without any map behind; None where none has coordinates."""
    if not places:
        return None
    at = _apart(_projected(places), {place.number: _radius(place) for place in places})
    dots = Markup("").join(_dot(place, *at[place.number], words) for place in sorted(places, key=lambda p: -p.children))
    return _svg(dots, width=MAP_SIDE, height=MAP_SIDE, title=words("ui", "map"), name="map")


def _projected(places: Sequence[Place]) -> dict[int, tuple[float, float]]:
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


def _radius(place: Place) -> float:
    return 6 + 1.2 * math.sqrt(place.children)


def _apart(at: dict[int, tuple[float, float]], radius: dict[int, float]) -> dict[int, tuple[float, float]]:
    """The positions with circles that lie on each other pushed aside until every number can be read."""
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
    return tuple(min(max(number, MAP_MARGIN), MAP_SIDE - MAP_MARGIN) for number in (x, y))


def _dot(place: Place, x: float, y: float, words: Words) -> Markup:
    radius = _radius(place)
    fill, ink = ("currentColor", "var(--paper)") if place.danger else ("var(--paper)", "currentColor")
    children, danger = words.number(place.children), words.number(place.danger)
    said = f"{place.name}: {words('ui', 'children')} {children}, {words('ui', 'in_danger')} {danger}"
    return Markup(
        '<g><title>{}</title><circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" fill="{}" stroke="currentColor"/>'
        '<text x="{:.1f}" y="{:.1f}" text-anchor="middle" fill="{}">{}</text></g>'
    ).format(said, x, y, radius, fill, x, y + 4, ink, place.number)


def _svg(body: Markup, *, width: int, height: int, title: str, name: str) -> Markup:
    return Markup(
        '<svg class="{0}" viewBox="0 0 {1} {2}" role="img" aria-label="{3}"><title>{3}</title>{4}</svg>'
    ).format(name, width, height, escape(title), body)
