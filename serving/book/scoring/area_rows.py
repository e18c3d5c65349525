"""What a run keeps of each area beside its children: figures, the programme's indicators, the
centres' data quality; and of all places of a level together a short line each, so that a page ranks
thousands of them from one read."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from care.programme import by_month, indicators
from care.programme.by_month import Months
from care.programme.indicators import COUNTS, FOLLOWED, OUTCOMES, Indicators
from care.programme.programme_report import indicators_rows
from care.programme.supplies import supply_counts
from care.programme.supplies.supply_counts import SupplyCounts
from care.protocol import Protocol
from features import data_quality
from models.expected_events import AtRisk
from registry.contract.arrays import Ints
from registry.contract.registry import Registry
from serving.book.scorebook import BookRow, Run, packed_area
from serving.book.scoring.book_rows import Scoring
from serving.book.scoring.list_outcomes import SectorLists, list_pages
from serving.book.scoring.quality_reasons import spoiled_by
from serving.book.sector_figures import figures_of
from serving.book.usual import USUAL_REASONS, usual_reasons

LEVELS = ("sector", "project", "district")
PAGED = (*LEVELS, "state")
"""Levels of which each place has a page of its own; of centres a sector's stand together."""
MONTHS = 12
YEAR_BEFORE = "year_before"
"""In the page of an area above the centres: the same months a year before, `OF_YEAR_BEFORE`."""
OF_YEAR_BEFORE = (
    "month",
    "coverage",
    "sam_share",
    "mam_share",
    "in_treatment",
    "sam_untreated",
    "danger",
    "overdue",
)
QUALITY_MONTHS = 3
"""A centre's last score older than this says nothing of its records now."""

PARTS = "parts"
"""The level of the areas under which a run keeps these lines, by the level that they are of; under
`centre` the centres of each sector alone, to find one by its code."""
SPOILED = "spoiled"
"""In the page of an area above the centres: what spoils its centres' records (`spoiled_by`)."""
LISTS = "lists"
"""What came of a sector's lists, in the counts of a part."""
FIGURES = "figures"
"""Under `PARTS`: the figures of every sector's book."""
OF_MONTH = (
    "children",
    "judged",
    "sam",
    "mam",
    "in_treatment",
    "sam_untreated",
    "danger",
    "overdue",
    "coverage",
    "sam_share",
    "mam_share",
)
"""Told of the last month."""
OF_PERIOD = (
    "cured_share",
    "defaulted_share",
    "died_share",
    *OUTCOMES,
    "relapse_6_months",
    *FOLLOWED,
    "sphere_cured_share",
    "sphere_defaulted_share",
    "sphere_died_share",
)
"""Told of all months together."""
COLOURS = ("green", "amber", "red", "unknown")
"""How far a centre's records can be believed (`features.data_quality`); unknown: not judged."""
QUALITY = tuple(f"centres_{colour}" for colour in COLOURS)
Records = Mapping[str, Sequence[Mapping[str, Any]]]
"""By place its records: one a month and, last, that of all months."""


Page = tuple[str, str, dict[str, Any] | bytes]
YearBefore = dict[str, dict[str, dict[str, list[Any]]]]


@dataclass(frozen=True)
class AreaCounts:
    """What one part of a registry counted of its own centres and sectors.

    `months`: the programme's sums of `centres` (positions in the registry's centres), None where
    nothing was measured. `sectors`: by id, what the page of each holds beside the programme's
    indicators, and under `USUAL_REASONS` its usual reasons. `supply`: what the food of `centres` is
    reckoned from.
    """

    centres: Ints
    months: Months | None
    sectors: Mapping[str, dict[str, Any]]
    supply: SupplyCounts


def count_areas(
    rows_of: Callable[[str], list[BookRow]],
    run: Run,
    scoring: Scoring,
    asked: Mapping[str, Mapping[str, Sequence[AtRisk]]],
    *,
    lists: Mapping[str, SectorLists] | None = None,
    read: Callable[[str, list[BookRow]], None] = lambda sector, rows: None,
) -> AreaCounts:
    """Count the sectors and centres of one part, whose rows are written.

    rows_of: a sector's rows, by id, as the book has them; asked: by target and sector, all
    untreated children asked, of whom the book keeps a few (`serving.book.scoring.kept_children`);
    lists: by sector, what came of its lists; `read` hears of each sector's rows.
    """
    registry, own = scoring.registry, scoring.own_centres
    centres = np.arange(len(registry.centre_ids))
    centres = centres if own is None else np.flatnonzero(own[:-1])
    months = None
    if registry.measurements.rows:
        months = by_month.of(
            registry, scoring.protocol, months=2 * MONTHS, until=scoring.day
        ).taken(centres)
    trusted = quality_of(registry, run.as_of)
    named = centres_by_sector(registry)
    sectors = {}
    for place in scoring.own_sectors():
        rows = rows_of(place)
        read(place, rows)
        sectors[place] = {LISTS: (lists or {}).get(place, {})} | _sector_page(
            rows,
            run,
            {target: of.get(place, []) for target, of in asked.items()},
            {centre: trusted[centre] for centre in named.get(place, []) if centre in trusted},
        )
    return AreaCounts(
        centres,
        months,
        sectors,
        _supply_of(scoring).taken(centres),
    )


def _supply_of(scoring: Scoring) -> SupplyCounts:
    """What is known of stays, rations and store rooms on the scoring day."""
    today = min(scoring.day, scoring.registry.recorded_until)
    children = np.arange(len(scoring.registry.child_ids), dtype=np.int32)
    known = scoring.clock.known_by(children, np.full(len(children), today, np.int32))
    return supply_counts.of_known(
        scoring.clock, known, scoring.day, own_centres=scoring.own_centres
    )


def _sector_page(
    rows: Sequence[BookRow],
    run: Run,
    asked: Mapping[str, Sequence[AtRisk]],
    quality: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        USUAL_REASONS: usual_reasons(rows),
        "figures": figures_of(rows, run.as_of, asked=asked),
        "quality": quality,
    }


def area_pages(
    counts: Iterable[AreaCounts], registry: Registry, protocol: Protocol
) -> Iterator[Page]:
    """(level, place, page) of every sector, project, district and the state of a run; of a sector
    also its usual reasons and its centres; and the lines of all places of a level together.

    registry: its centres and areas; nothing else of it is read.
    """
    parts = list(counts)
    counted = _counted(parts, len(registry.centre_ids))
    this_year, last_year = (
        counted and counted.between(*ends) for ends in ((-MONTHS, None), (None, -MONTHS))
    )
    figures = indicators_of(this_year, registry, protocol)
    programme = {level: _records(figures, level) for level in PAGED}
    former = _year_before(indicators_of(last_year, registry, protocol), last_year)
    quality = _quality_of(parts)
    spoiled = {level: spoiled_by(quality, _places(registry, level)) for level in PAGED}
    for place, page in sorted(one for part in parts for one in part.sectors.items()):
        beside = {name: told for name, told in page.items() if name not in (USUAL_REASONS, LISTS)}
        yield USUAL_REASONS, place, page[USUAL_REASONS]
        own: dict[str, Any] = {"programme": programme["sector"].get(place, [])}
        own |= {SPOILED: spoiled["sector"].get(place, [])}
        yield "sector", place, beside | own | {YEAR_BEFORE: former["sector"].get(place, {})}
    for level in PAGED[1:]:
        for place, months in programme[level].items():
            own = {"programme": months, YEAR_BEFORE: former[level].get(place, {})}
            yield level, place, own | {SPOILED: spoiled[level].get(place, [])}
    yield from list_pages(_lists_of(parts), _sector_places(registry))
    named = centres_by_sector(registry)
    for place, packed in _centre_pages(figures, named):
        yield "centre", place, packed
    for level, records in programme.items():
        colours = colours_by_place(quality, _places(registry, level))
        yield PARTS, level, lines_page(records, colours)
    yield PARTS, "centre", centres_page(named)
    yield PARTS, FIGURES, figures_page(parts)


def _lists_of(parts: Iterable[AreaCounts]) -> dict[str, SectorLists]:
    """By sector what came of its lists; a part of an earlier version kept none."""
    pages = (one for part in parts for one in part.sectors.items())
    return {place: found for place, page in pages if (found := page.get(LISTS))}


def _sector_places(registry: Registry) -> set[tuple[str, str, str]]:
    """(sector, project, district) of every sector that has a centre."""
    by_level = [dict(_places(registry, level)) for level in LEVELS]
    return {
        (sector, *(of.get(centre, "") for of in by_level[1:]))  # type: ignore[misc]
        for centre, sector in by_level[0].items()
    }


def _quality_of(parts: Iterable[AreaCounts]) -> dict[str, Any]:
    """By centre, its score of data quality."""
    return {
        centre: told
        for part in parts
        for page in part.sectors.values()
        for centre, told in page["quality"].items()
    }


def _places(registry: Registry, level: str) -> Iterator[tuple[str, str]]:
    """(centre, its place of a level), without centres whose place is not known."""
    ids, place_of = indicators.places(registry, level)
    for centre, place in zip(registry.centre_ids, place_of, strict=True):
        if place >= 0:
            yield str(centre), str(ids[place])


IndicatorsOf = Callable[[str], Indicators]


def _counted(parts: Sequence[AreaCounts], centres: int) -> Months | None:
    """The parts' sums together, two years of months. None where nothing was measured."""
    own = ((part.centres, part.months) for part in parts if part.months is not None)
    return by_month.gathered(own, centres)


def indicators_of(
    counted: Months | None, registry: Registry, protocol: Protocol
) -> IndicatorsOf | None:
    """The indicators of any level from the sums of some months, what is withheld decided over all
    levels together. None where nothing was measured."""
    if counted is None:
        return None
    hidden = indicators.hidden_cells(registry, counted, protocol)
    return lambda level: indicators.of(registry, counted, protocol, level=level, hidden=hidden)


def _year_before(figures: IndicatorsOf | None, counted: Months | None) -> YearBefore:
    """By level and place, for each of the months a year before, `OF_YEAR_BEFORE` in columns. Of a
    month in which nobody was measured anywhere nothing is told: the records begin later."""
    if figures is None or counted is None:
        return {level: {} for level in PAGED}
    recorded = counted.sums["screened"].sum(axis=1) > 0
    found: YearBefore = {}
    for level in PAGED:
        records = _records(figures, level).items()
        found[level] = {
            place: {
                name: [
                    row[name] if name == "month" or known else None
                    for row, known in zip(rows, recorded, strict=False)
                ]
                for name in OF_YEAR_BEFORE
            }
            for place, rows in records
            if recorded.any()
        }
    return found


def _records(figures: IndicatorsOf | None, level: str) -> dict[str, list[dict[str, Any]]]:
    """By place: one record a month and one for all of them, cells under five children left out
    (None)."""
    found: dict[str, list[dict[str, Any]]] = {}
    rows: Any = indicators_rows(figures(level))["rows"] if figures else []
    for row in rows:
        found.setdefault(str(row.pop(level)), []).append(row)
    return found


def _centre_pages(
    figures: IndicatorsOf | None, centres: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, bytes]]:
    """By sector its centres' records as columns, packed: there may be a hundred thousand
    centres."""
    if figures is None:
        return
    found = figures("centre")
    columns = {name: column for name, column in found.columns.items() if name != "centre"}
    at: dict[str, list[int]] = {}
    for row, centre in enumerate(found.columns["centre"]):
        at.setdefault(str(centre), []).append(row)
    for sector, named in centres.items():
        own = {centre: at[centre] for centre in named}
        cut = np.array([row for rows in own.values() for row in rows], np.int64)
        one = replace(found, columns={name: column[cut] for name, column in columns.items()})
        told: dict[str, Any] = indicators_rows(one)
        rows = iter(told["rows"])
        by_centre = {
            centre: [list(next(rows).values()) for _ in many] for centre, many in own.items()
        }
        yield sector, packed_area({"columns": list(columns), "centres": by_centre})


def lines_page(
    records: Records,
    colours: Mapping[str, Counter[str]],
) -> bytes:
    """The lines of all places of a level as columns, packed.

    colours: by place, how many of its centres have records of each colour.
    """
    lines = {place: line_of(told, colours.get(place, Counter())) for place, told in records.items()}
    names = (*OF_MONTH, *OF_PERIOD, *QUALITY)
    columns = {name: [line[name] for line in lines.values()] for name in names}
    return packed_area({"places": list(lines), "columns": columns})


def centres_page(centres: Mapping[str, Sequence[str]]) -> bytes:
    """The centres of each sector, packed."""
    return packed_area({"sectors": list(centres), "centres": list(centres.values())})


def figures_page(parts: Iterable[AreaCounts]) -> bytes:
    """The figures of every sector's book, packed; they are decided when they are read."""
    found = {
        place: page["figures"] for part in parts for place, page in sorted(part.sectors.items())
    }
    return packed_area(found)


_WHOLE = frozenset((*COUNTS, *FOLLOWED))


def line_of(records: Sequence[Mapping[str, Any]], colours: Counter[str]) -> dict[str, Any]:
    """An area's line from its records, months and, last, all of them: whole counts, shares and
    Sphere's verdicts by name, None what is withheld or was not counted."""
    month, period = (records[-2], records[-1]) if len(records) > 1 else ({}, {})
    told = {name: month.get(name) for name in OF_MONTH}
    told |= {name: period.get(name) for name in OF_PERIOD}
    return {
        **{
            name: int(value) if name in _WHOLE and value is not None else value
            for name, value in told.items()
        },
        **{f"centres_{colour}": colours[colour] for colour in COLOURS},
    }


def colours_by_place(
    quality: Mapping[str, Mapping[str, Any]], place_of: Iterable[tuple[str, str]]
) -> dict[str, Counter[str]]:
    """By place, how many of its centres have records of each colour.

    quality: by centre its score; place_of: (centre, place).
    """
    found: dict[str, Counter[str]] = {}
    for centre, place in place_of:
        colour = str(quality[centre]["colour"]) if centre in quality else "unknown"
        found.setdefault(place, Counter())[colour] += 1
    return found


def centres_by_sector(registry: Registry) -> dict[str, list[str]]:
    """The centres of each sector, by id."""
    ids, sector_of = indicators.places(registry, "sector")
    found: dict[str, list[str]] = {}
    for centre, sector in zip(registry.centre_ids, sector_of, strict=True):
        if sector >= 0:
            found.setdefault(str(ids[sector]), []).append(str(centre))
    return found


def quality_of(registry: Registry, as_of: dt.date) -> dict[str, dict[str, Any]]:
    """By centre: its newest score of the last months, its month and colour; the checks that cost
    most, with the shares that fail them, and those that all fail. Without a score, the centre is
    left out."""
    if not registry.measurements.rows:
        return {}
    scored = data_quality.score(registry, by="centre")
    last = as_of.year * 12 + as_of.month - 1
    wanted = np.flatnonzero((scored.months <= last) & (scored.months > last - QUALITY_MONTHS))
    found = {}
    for place, centre in enumerate(scored.areas):
        points = scored.score[place, wanted]
        if len(at := np.flatnonzero(~np.isnan(points))):
            row = data_quality.row_of(scored, place, centre, int(wanted[at[-1]]))
            found[str(centre)] = {
                name: row[name] for name in ("month", "score", "colour", "worst", "at_100_percent")
            }
    return found
