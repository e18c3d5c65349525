"""Trips: children of one centre stand together on the list, and centres near one another follow."""

from __future__ import annotations

import math

from models.candidate import Candidate

NEAR_KM = 2.0
"""Centres nearer than this are put next to each other: half an hour's walk. verified: false."""


def route(children: list[Candidate]) -> list[Candidate]:
    """Grouped by centre, the centre of the most urgent child first, centres near one just placed following it."""
    centres: dict[str, list[Candidate]] = {}
    for child in children:
        centres.setdefault(child.centre_id, []).append(child)
    route, waiting = [], list(centres)
    while waiting:
        here = waiting.pop(0)
        near = [other for other in waiting if kilometres(centres[here][0], centres[other][0]) <= NEAR_KM]
        route += [here, *near]
        waiting = [other for other in waiting if other not in near]
    return [child for centre in route for child in centres[centre]]


def kilometres(one: Candidate, other: Candidate) -> float:
    """Distance between two children's centres on a sphere of 6,371 km (haversine); infinite where not known."""
    places = (one.latitude, one.longitude, other.latitude, other.longitude)
    if any(place is None or math.isnan(place) for place in places):
        return math.inf
    north, east, north_2, east_2 = map(math.radians, places)
    chord = math.sin((north_2 - north) / 2) ** 2
    chord += math.cos(north) * math.cos(north_2) * math.sin((east_2 - east) / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(chord))
