"""Fair comparison of an area's parts: a funnel of their rates with limits by size, and the table
beside it. No ranking: an area inside the limits differs from the others by no more than chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from care.programme import funnel
from care.programme.funnel import AreaRate
from care.programme.indicators import OUTCOMES
from serving.access.permissions import Person
from serving.language.words import Words
from serving.pages.areas import area_page, area_shown
from serving.pages.areas.area_parts import AreaPart
from serving.pages.areas.area_shown import AreaShown, Link
from serving.pages.areas.attention import AT_ONCE, page_asked, percent
from serving.pages.areas.funnels.funnel_picture import funnel as picture_of
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.sheet_lines import level_notes, practice_key

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """A rate that areas are compared by: events of a size (counts of a part's line, or their sums),
    over which time, and the name of the share of all."""

    events: str
    size: tuple[str, ...]
    share: str
    of_month: bool = False

    def rate_of(self, part: AreaPart) -> AreaRate | None:
        """The part's own; None where a count is withheld, was not counted, or there is nobody."""
        counts = [part.figures.get(name) for name in (self.events, *self.size)]
        if any(count is None for count in counts):
            return None
        size = sum(int(count) for count in counts[1:] if count is not None)
        return AreaRate(part.place.place, int(counts[0] or 0), size) if size else None


COMPARED = {
    "sam_share": Compared("sam", ("judged",), "sam_share", of_month=True),
    "cured_share": Compared("cured", OUTCOMES, "cured_share"),
    "defaulted_share": Compared("defaulted", OUTCOMES, "defaulted_share"),
    "relapse_6_months": Compared("relapsed_183", ("followed_183",), "relapse_6_months"),
}
PLACES = {
    funnel.FAR_ABOVE: "far_above",
    funnel.ABOVE: "above",
    funnel.WITHIN: "within",
    funnel.BELOW: "below",
    funnel.FAR_BELOW: "far_below",
}


@dataclass(frozen=True)
class RateLine:
    """An area of the table: its counts, its rate, between what it would lie by chance, where it
    lies."""

    link: Link
    size: str
    events: str
    rate: str
    near: str
    far: str
    place: str
    outside: bool


@dataclass(frozen=True)
class Funnel:
    """What is shown of one rate: the picture, what it says, the lines of a page of the table."""

    picture: Markup
    said: list[str]
    lines: list[RateLine]
    pages: int


def show(
    state: ServiceState,
    request: Request,
    person: Person,
    words: Words,
    *,
    level: str,
    area_id: str,
    query: Mapping[str, str],
) -> Response:
    """The page. OutOfScope where the scope does not hold the area."""
    reader, run, area, levels, below = area_page.area_asked(state, person, level, area_id, query)
    figure = query.get("figure", "")
    figure = figure if figure in COMPARED else "sam_share"
    parts = area_page.parts_below(reader, run, area, below)
    found = _funnel(figure, area, parts, words, page_asked(query))
    page = min(page_asked(query), found.pages) if found else 1

    def address(**changes: object) -> str:
        asked = {"figure": figure, "parts": below, "page": page} | changes
        return "?" + urlencode({name: value for name, value in asked.items() if value})

    return html(
        "funnel.html",
        request,
        words,
        title=words.say("funnel", "title", area=area_shown.link(level, area_id, words).name),
        person=person,
        scored_on=run.as_of,
        as_of=words.day(run.as_of),
        crumbs=area_page.crumbs_of(reader, run, area, words),
        own=f"/compare/{level}/{quote(area_id, safe='')}",
        figure=figure,
        figures=list(COMPARED),
        below=below,
        levels=levels,
        found=found,
        of_month=COMPARED[figure].of_month,
        page=page,
        address=address,
        practice=practice_key(run.facts),
        levels_said=level_notes(run.facts, words),
    )


def _funnel(
    figure: str, area: AreaShown, parts: Sequence[AreaPart], words: Words, page: int
) -> Funnel | None:
    """None where the rate of all is not told, or no part's."""
    asked = COMPARED[figure]
    records = area.records[-2:-1] if asked.of_month else area.records[-1:]
    rate = records[0].get(asked.share) if records else None
    rates = [one for part in parts if (one := asked.rate_of(part)) is not None]
    if rate is None or not rates:
        return None
    places = funnel.places_of(rates, rate)
    pages = -(-len(rates) // AT_ONCE)
    level = parts[0].level
    ordered = sorted(
        zip(rates, places, strict=True), key=lambda pair: (-abs(pair[1]), pair[0].area)
    )
    start = (min(page, pages) - 1) * AT_ONCE
    picture = picture_of(
        rates,
        places,
        rate,
        lambda share: percent(share, words),
        title=words.say("funnel", "picture", figure=words("areas", f"figure_{figure}")),
        across=words("funnel", f"size_{figure}"),
        numbered=words.number,
    )
    return Funnel(
        picture,
        _said(figure, rate, rates, places, len(parts), words),
        _lines(level, ordered[start : start + AT_ONCE], rate, words),
        pages,
    )


def _said(
    figure: str,
    rate: float,
    rates: Sequence[AreaRate],
    places: Sequence[int],
    parts: int,
    words: Words,
) -> list[str]:
    """What the funnel says: the rate of all, how many lie outside and how many would by chance, the
    spread, the areas without a single case, those not shown."""
    say: Callable[..., str] = lambda key, **facts: words.say("funnel", key, **facts)  # noqa: E731
    many = len(rates)
    outside = sum(map(bool, places))
    by_chance = words.number((1 - funnel.NEAR) * many, 1)
    told = [
        say("rate_of_all", share=percent(rate, words)),
        say("outside", n=outside, of=many, chance=by_chance),
    ]
    spread = funnel.over_dispersion(rates, rate)
    if spread is None:
        told.append(say("spread_unknown", least=funnel.FEWEST_AREAS))
    else:
        wide = spread > funnel.spread_by_chance(many)
        key = "spread_wide" if wide else "spread_chance"
        told.append(say(key, times=words.number(spread, 1)))
    if figure == "sam_share":
        none = [place for one, place in zip(rates, places, strict=True) if not one.events]
        doubtful = sum(place < 0 for place in none)
        told.append(say("zero_sam", zero=len(none), n=doubtful))
    if parts > many:
        told.append(say("left_out", n=parts - many))
    return told


def _lines(
    level: str, pairs: Sequence[tuple[AreaRate, int]], rate: float, words: Words
) -> list[RateLine]:
    size = np.array([one.size for one, _ in pairs], np.int64)
    bounds = [funnel.limits(rate, size, cover) for cover in (funnel.NEAR, funnel.FAR)]

    def between(cover: int, at: int) -> str:
        low, high = (float(side[at]) for side in bounds[cover])
        return words.say("funnel", "between", low=percent(low, words), high=percent(high, words))

    return [
        RateLine(
            area_shown.link(level, one.area, words),
            words.number(one.size),
            words.number(one.events),
            percent(one.rate, words),
            between(0, at),
            between(1, at),
            words("funnel", PLACES[place]),
            bool(place),
        )
        for at, (one, place) in enumerate(pairs)
    ]
