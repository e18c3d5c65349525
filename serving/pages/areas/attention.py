"""Which part of an area needs attention first, and why: ranked, sorted and filtered by figures that
may be shown, so that no order tells what is withheld."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from care.programme.indicators import NOT_MET
from serving.book.scoring.area_rows import COLOURS
from serving.language.words import Words
from serving.pages.areas.area_parts import AreaPart
from serving.visits.quality_told import score_told

AT_ONCE = 50
"""Parts on one page."""
LEAST_MEASURED = 0.8
"""With a smaller share measured, many children with SAM may be unknown. verified: false (ours)."""
POOR_CENTRES = 0.25
"""From this share of centres with poor records on, the area's figures are doubtful. verified: false
(ours)."""
WITHHELD_AS = 1
"""A withheld count is ranked as the smallest that it may be: after those told, before nought."""
COUNTED = ("danger", "sam_untreated", "overdue")
"""Counts of children for whom something is to be done, the gravest first."""
OUTCOMES = ("died_share", "defaulted_share", "cured_share")
WORST_IS_LEAST = ("coverage", "cured_share", "code")
"""What is sorted upwards: where the least is the worst."""
SORTS = (
    "attention",
    "code",
    *COUNTED,
    "in_treatment",
    "coverage",
    "sam_share",
    "mam_share",
    "cured_share",
    "defaulted_share",
    "died_share",
    "poor_records",
)
Figures = Mapping[str, Any]
FILTERS: dict[str, Callable[[Figures], bool]] = {
    "all": lambda figures: True,
    "danger": lambda figures: figures["danger"] != 0,
    "untreated": lambda figures: figures["sam_untreated"] != 0,
    "unmeasured": lambda figures: _below(figures["coverage"], LEAST_MEASURED),
    "sphere": lambda figures: any(figures[f"sphere_{name}"] == NOT_MET for name in OUTCOMES),
    "records": lambda figures: (poor_records(figures) or 0) >= POOR_CENTRES,
}
"""Which parts are shown. A withheld count may be one to four, so it is shown too."""


def page_asked(query: Mapping[str, str]) -> int:
    """Which page of a table an address asks for: 1 where it names none."""
    page = query.get("page", "")
    return max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1


@dataclass(frozen=True)
class PartsAsked:
    """What the address asks of the table of parts."""

    parts: str = ""
    sort: str = "attention"
    turned: bool = False
    show: str = "all"
    begins: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> PartsAsked:
        """From an address; what it does not know is as if it were not there."""
        sort, show = query.get("sort", ""), query.get("show", "")
        return cls(
            query.get("parts", ""),
            sort if sort in SORTS else "attention",
            query.get("order") == "turned",
            show if show in FILTERS else "all",
            query.get("begins", "").strip()[:100],
            page_asked(query),
        )

    def address(self, **changes: object) -> str:
        """The query of the same table with these changes; what is usual is left out."""
        one = replace(self, **changes)  # type: ignore[arg-type]
        usual = PartsAsked()
        told = {
            "parts": one.parts,
            "sort": one.sort,
            "order": "turned" if one.turned else "",
            "show": one.show,
            "begins": one.begins,
            "page": one.page,
        }
        return "?" + urlencode(
            {
                name: value
                for name, value in told.items()
                if value not in ("", vars(usual).get(name))
            }
        )


@dataclass(frozen=True)
class Shown:
    """The parts of one page of the table, each with its rank by need; how many there are in all and
    after filtering, and how many pages these fill."""

    parts: list[tuple[int, AreaPart]]
    of_all: int
    found: int
    page: int
    pages: int


def chosen(parts: Sequence[AreaPart], asked: PartsAsked) -> Shown:
    """The parts that are asked for, in the order asked for. A page beyond the last is the last."""
    found = whole_order(parts, asked)
    pages = max(1, -(-len(found) // AT_ONCE))
    page = min(asked.page, pages)
    cut = found[(page - 1) * AT_ONCE : page * AT_ONCE]
    return Shown(cut, len(parts), len(found), page, pages)


def whole_order(parts: Sequence[AreaPart], asked: PartsAsked) -> list[tuple[int, AreaPart]]:
    """All parts that are asked for, each with its rank by need, in the order asked for."""
    ranked = list(enumerate(sorted(parts, key=_need), start=1))
    begins = asked.begins.casefold()
    found = [
        (rank, part)
        for rank, part in ranked
        if FILTERS[asked.show](part.figures) and part.place.place.casefold().startswith(begins)
    ]
    if asked.sort != "attention":
        # Ties stay in the order of need; what is not told comes last in either direction.
        value = _value_of(asked.sort)
        told = [one for one in found if value(one[1]) is not None]
        untold = [one for one in found if value(one[1]) is None]
        downwards = (asked.sort not in WORST_IS_LEAST) != asked.turned
        found = sorted(told, key=lambda one: value(one[1]), reverse=downwards) + untold
    elif asked.turned:
        found = found[::-1]
    return found


def _need(part: AreaPart) -> tuple[Any, ...]:
    """In danger, then SAM without treatment, then overdue; then by how much else is amiss, the
    least measured, the code."""
    counts = [part.figures[name] for name in COUNTED]
    measured = part.figures["coverage"]
    return (
        *(-(WITHHELD_AS if count is None else count) for count in counts),
        -len(_amiss(part.figures)),
        2.0 if measured is None else measured,
        part.place.place,
    )


def _value_of(sort: str) -> Callable[[AreaPart], Any]:
    if sort == "code":
        return lambda part: part.place.place
    if sort == "poor_records":
        return lambda part: poor_records(part.figures)
    return lambda part: part.figures[sort]


def _below(share: float | None, limit: float) -> bool:
    return share is not None and share < limit


def centres(figures: Figures) -> int:
    """How many centres an area has."""
    return sum(figures[f"centres_{colour}"] for colour in COLOURS)


def poor_records(figures: Figures) -> float | None:
    """The share of an area's centres whose records are poor; None where it has none."""
    many = centres(figures)
    return figures["centres_red"] / many if many else None


def _amiss(figures: Figures) -> list[str]:
    """What else is amiss: outcomes beyond Sphere's lines, few measured, poor records."""
    found = [name for name in OUTCOMES if figures[f"sphere_{name}"] == NOT_MET]
    if FILTERS["unmeasured"](figures):
        found.append("coverage")
    if FILTERS["records"](figures):
        found.append("records")
    return found


def reasons(figures: Figures, words: Words) -> list[str]:
    """Why a part needs attention, the gravest first: `7 in danger`, `measured only 40%`."""
    told = [words.say("areas", f"why_{name}", n=figures[name]) for name in COUNTED if figures[name]]
    for name in _amiss(figures):
        facts: dict[str, Any]
        if name == "records" and "quality" in figures:
            name, facts = "own_records", {"score": score_told(figures["quality"], words)}
        elif name == "records":
            facts = {"n": figures["centres_red"], "of": centres(figures)}
        else:
            facts = {"share": percent(figures[name], words)}
        told.append(words.say("areas", f"why_{name}", **facts))
    return told


def percent(share: float, words: Words) -> str:
    """`76.4%`: to one place, as Sphere's lines lie close to many shares."""
    return f"{words.number(100 * share, 1)}%"
