"""The area that a page is of, and how areas are named and addressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from serving.book.reader import Place
from serving.book.scoring.quality_reasons import Spoiled
from serving.language.words import Words


@dataclass(frozen=True)
class Link:
    """An area by its name, and the address of its page."""

    name: str
    address: str


@dataclass(frozen=True)
class AreaShown:
    """The area of a page: `sector` is that of a centre, else None; `records` are months and, last,
    all of them; `figures` its line; `year_before` its figures of the same months a year before;
    `spoiled` what spoils its centres' records."""

    level: str
    place: Place
    sector: Place | None
    records: Sequence[Mapping[str, Any]]
    figures: Mapping[str, Any] | None
    year_before: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    spoiled: Spoiled = field(default_factory=list)


def address(level: str, area_id: str) -> str:
    """Where an area's page is."""
    return f"/areas/{level}/{quote(area_id, safe='')}"


def link(level: str, area_id: str, words: Words) -> Link:
    """An area by its level and code."""
    if level == "child":
        name = f"{words('ui', 'child')} {area_id}"
        return Link(name, f"/children/{quote(area_id, safe='')}")
    if level == "state":
        return Link(words("areas", "state"), address(level, area_id))
    return Link(f"{words('areas', level)} {area_id}", address(level, area_id))
