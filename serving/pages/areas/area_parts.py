"""The parts of an area and the ways up and down, as far as a person's scope holds them whole: read
from what the newest run counted and withheld."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from care.programme.areas import UPWARDS
from serving.book.reader import Place, Reader
from serving.book.scorebook import Run
from serving.book.scoring.area_rows import (
    PARTS,
    SPOILED,
    YEAR_BEFORE,
    colours_by_place,
    line_of,
)
from serving.book.scoring.quality_reasons import Spoiled


@dataclass(frozen=True)
class AreaPart:
    """A place within an area, and its line: the figures by name, None what is withheld or was not
    counted."""

    level: str
    place: Place
    figures: Mapping[str, Any]


def parts_of(reader: Reader, run: Run, level: str, places: Sequence[Place]) -> list[AreaPart]:
    """These places of a level above the centres, which `reader.whole_places` has named, with their
    lines."""
    wanted = [place.place for place in places]
    kept = reader.area_pages(run, PARTS, [level]).get(level)
    lines = _kept_lines(kept, wanted) if kept else _counted_lines(reader, run, level, wanted)
    nothing = line_of((), Counter())
    return [AreaPart(level, place, lines.get(place.place, nothing)) for place in places]


def _kept_lines(kept: Mapping[str, Any], wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    at = {place: row for row, place in enumerate(kept["places"])}
    return {
        place: {name: column[at[place]] for name, column in kept["columns"].items()}
        for place in wanted
        if place in at
    }


def _counted_lines(
    reader: Reader, run: Run, level: str, wanted: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """From the places' own pages: a run of an earlier version kept no lines."""
    pages = reader.area_pages(run, level, wanted)
    return {place: line_of(page.get("programme", ()), Counter()) for place, page in pages.items()}


def centres_of(reader: Reader, run: Run, sector: Place) -> list[AreaPart]:
    """The centres of a sector that the scope holds, by id, with their lines."""
    records = centre_records(reader, run, sector.place)
    page = reader.area_pages(run, "sector", [sector.place]).get(sector.place, {})
    quality = page.get("quality", {})
    colours = colours_by_place(quality, ((centre, centre) for centre in records))
    return [
        AreaPart(
            "centre",
            Place(centre, sector.project_id, sector.district_id),
            line_of(told, colours[centre]) | {"quality": quality.get(centre)},
        )
        for centre, told in sorted(records.items())
    ]


def centre_records(reader: Reader, run: Run, sector_id: str) -> dict[str, list[dict[str, Any]]]:
    """By centre of a sector its records: months and, last, all of them."""
    page = reader.area_pages(run, "centre", [sector_id]).get(sector_id, {})
    columns = page.get("columns", [])
    return {
        centre: [dict(zip(columns, row, strict=True)) for row in rows]
        for centre, rows in page.get("centres", {}).items()
    }


def year_before(reader: Reader, run: Run, level: str, place: str) -> dict[str, list[Any]]:
    """The figures of a place above the centres a year before, by name for each month; empty where
    the run counted none."""
    page = reader.area_pages(run, level, [place]).get(place, {})
    found: dict[str, list[Any]] = page.get(YEAR_BEFORE, {})
    return found


def spoiled_of(reader: Reader, run: Run, level: str, place: str) -> Spoiled:
    """What spoils the records of a place above the centres; nothing for a run of an earlier
    version."""
    page = reader.area_pages(run, level, [place]).get(place, {})
    return [(check, centres, share) for check, centres, share in page.get(SPOILED, ())]


def records_of(reader: Reader, run: Run, level: str, place: str) -> list[dict[str, Any]]:
    """The records of one place above the centres; empty where the run counted none."""
    page = reader.area_pages(run, level, [place]).get(place, {})
    found: list[dict[str, Any]] = page.get("programme", [])
    return found


def sectors_with_centres(reader: Reader, run: Run) -> dict[str, list[str]]:
    """By sector of the scope the ids of its centres."""
    own = [place.place for place in reader.whole_places(run, "sector")]
    kept = reader.area_pages(run, PARTS, ["centre"]).get("centre")
    if kept is None:
        pages = reader.area_pages(run, "centre", own)
        return {sector: list(page["centres"]) for sector, page in pages.items()}
    named = dict(zip(kept["sectors"], kept["centres"], strict=True))
    return {sector: named[sector] for sector in own if sector in named}


def sector_of_centre(reader: Reader, run: Run, centre_id: str) -> Place | None:
    """The sector of a centre, where the scope holds it; None elsewhere, as for no such centre."""
    for sector, centres in sectors_with_centres(reader, run).items():
        if centre_id in centres:
            return reader.whole_places(run, "sector", named=sector)[0]
    return None


def above(reader: Reader, run: Run, level: str, place: Place) -> list[tuple[str, Place]]:
    """The areas that hold a place and that the scope holds whole, the uppermost first."""
    ids = {"state": "state", "district": place.district_id, "project": place.project_id}
    held = UPWARDS[UPWARDS.index(level) + 1 :][::-1]
    return [
        (one, found)
        for one in held
        if ids.get(one)
        for found in reader.whole_places(run, one, named=ids[one])
    ]


def uppermost(reader: Reader, run: Run) -> list[tuple[str, Place]]:
    """The areas that the scope holds whole and that lie in no other such area, by level and id."""
    if state := reader.whole_places(run, "state"):
        return [("state", state[0])]
    held = {level: reader.whole_places(run, level) for level in ("district", "project", "sector")}
    districts = {place.place for place in held["district"]}
    projects = {place.place for place in held["project"]}
    return [
        (level, place)
        for level, places in held.items()
        for place in places
        if place.district_id not in districts
        and (level != "sector" or place.project_id not in projects)
    ]
