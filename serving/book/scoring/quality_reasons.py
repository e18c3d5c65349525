"""What spoils the records of an area: the checks of data quality that its centres fail."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

MOST_TOLD = 3
Spoiled = list[tuple[str, int, float]]
"""Checks with the number of centres that fail them and the mean share of what fails there, those of
most centres first."""


def checks_of(quality: Mapping[str, Any]) -> dict[str, float]:
    """A centre's checks that cost most and those that all children fail, each with the share that
    fails it; none for a score of an earlier version."""
    return dict(quality.get("worst", ())) | dict.fromkeys(quality.get("at_100_percent", ()), 1.0)


def spoiled_by(
    quality: Mapping[str, Mapping[str, Any]], place_of: Iterable[tuple[str, str]]
) -> dict[str, Spoiled]:
    """By place, what spoils the records of its centres that are not good.

    quality: by centre its score (`serving.book.scoring.area_rows.quality_of`); place_of: (centre,
    place). A mean of shares is the same in whatever order the centres come.
    """
    shares: dict[str, dict[str, list[float]]] = {}
    for centre, place in place_of:
        told = quality.get(centre)
        if told is None or told["colour"] == "green":
            continue
        for check, share in checks_of(told).items():
            shares.setdefault(place, {}).setdefault(check, []).append(share)
    return {
        place: sorted(
            ((check, len(of), math.fsum(of) / len(of)) for check, of in checks.items()),
            key=lambda one: (-one[1], -one[2], one[0]),
        )[:MOST_TOLD]
        for place, checks in shares.items()
    }
