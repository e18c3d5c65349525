"""What spoils an area's records, in words with what to do, and at which of its centres most."""

from __future__ import annotations

from collections.abc import Sequence

from serving.book.scoring.quality_reasons import checks_of
from serving.language.words import Words
from serving.pages.areas.area_parts import AreaPart
from serving.pages.areas.area_shown import AreaShown
from serving.visits.quality_told import check_told, quality_words

MOST_CENTRES = 3


def told(area: AreaShown, parts: Sequence[AreaPart], words: Words) -> list[str]:
    """Of a centre its own checks; of other areas what spoils most of their centres, and of a sector
    also its poorest centres by name. Nothing where all records are good."""
    if area.level == "centre":
        own = (area.figures or {}).get("quality")
        return [check_told(name, share, words) for name, share in checks_of(own or {}).items()]
    return [*_of_all(area, words), *_poorest(parts, words)]


def _of_all(area: AreaShown, words: Words) -> list[str]:
    figures = area.figures or {}
    doubted = figures.get("centres_amber", 0) + figures.get("centres_red", 0)
    return [
        words.say("areas", "spoiled_at", n=centres, of=doubted, why=check_told(check, share, words))
        for check, centres, share in area.spoiled
    ]


def _poorest(parts: Sequence[AreaPart], words: Words) -> list[str]:
    """The centres with the least score that is not good, with the check that costs most."""
    doubted = [
        (quality["score"], part.place.place, quality)
        for part in parts
        if part.level == "centre"
        and (quality := part.figures.get("quality")) is not None
        and quality["colour"] != "green"
    ]
    lines = []
    for _, centre, quality in sorted(doubted, key=lambda one: one[:2])[:MOST_CENTRES]:
        name, share = next(iter(checks_of(quality).items()), ("", 0.0))
        if name:
            lines.append(
                words.say(
                    "areas",
                    "spoiled_centre",
                    centre=f"{words('areas', 'centre')} {centre}",
                    records=quality_words(quality, words),
                    why=check_told(name, share, words),
                )
            )
    return lines
