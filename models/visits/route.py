"""Trips: in which order the centres of a list are visited, so that centres near one another
follow."""

from __future__ import annotations

import math

from models.visits.listed_child import Candidate

NEAR_KM = 2.0
"""Centres nearer than this are put next to each other: half an hour's walk. verified: false."""


def route(children: list[Candidate]) -> list[str]:
    """The centres of these children, the centre of the first child first, centres near one just
    placed following it.

    Example: children, the most urgent first, of Rampur, Sonpur (30 km away), Rampur and Belpur (1
    km from Rampur): Rampur, Belpur, Sonpur.
    """
    centres: dict[str, Candidate] = {}
    for child in children:
        centres.setdefault(child.centre_id, child)
    ordered, waiting = [], list(centres)
    while waiting:
        here = waiting.pop(0)
        near = [other for other in waiting if kilometres(centres[here], centres[other]) <= NEAR_KM]
        ordered += [here, *near]
        waiting = [other for other in waiting if other not in near]
    return ordered


def trips(in_danger: list[Candidate], others: list[Candidate]) -> list[str]:
    """The centres of all these children: those of children in danger first, by their own route,
    then the others'. A centre that is near and can wait does not go before danger that is far.

    Example: in danger at Rampur and at Sonpur (30 km away), late at Belpur (1 km from Rampur):
    Rampur, Sonpur, Belpur.
    """
    first = route(in_danger)
    return [*first, *(centre for centre in route(others) if centre not in first)]


def kilometres(one: Candidate, other: Candidate) -> float:
    """Distance between two children's centres on a sphere of 6,371 km (haversine); infinite where
    not known."""
    places = (one.latitude, one.longitude, other.latitude, other.longitude)
    known = [place for place in places if place is not None and not math.isnan(place)]
    if len(known) < len(places):
        return math.inf
    north, east, north_2, east_2 = map(math.radians, known)
    chord = math.sin((north_2 - north) / 2) ** 2
    chord += math.cos(north) * math.cos(north_2) * math.sin((east_2 - east) / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(chord))
