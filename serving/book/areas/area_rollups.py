"""The programme from the state down to each centre, all levels in one shape, page by page: what the
scoring run counted and withheld, over all of them together."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from care.programme.areas import UPWARDS
from registry.contract.errors import UsageError
from serving.book.area_indicators import month_or_period
from serving.book.reader import Place, Reader
from serving.book.scorebook import Run

DOWNWARDS = UPWARDS[::-1]
ABOVE_CENTRES = DOWNWARDS[:-1]
READ_AT_ONCE = 50
"""Places whose pages are read in one step."""


@dataclass(frozen=True)
class AreaQuestion:
    """Which areas: of a level (None: all above the centres), within a district, project or sector;
    each with so many of its last months."""

    level: str | None = None
    district: str | None = None
    project: str | None = None
    sector: str | None = None
    months: int = 1

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels asked for, the uppermost first."""
        return (self.level,) if self.level else ABOVE_CENTRES

    def holds(self, level: str, place: Place) -> bool:
        """Whether a place lies within what is asked for, or is it."""
        own = place.place
        held = {
            "district": own if level == "district" else place.district_id,
            "project": own if level == "project" else place.project_id,
            "sector": own if level in ("sector", "centre") else None,
        }
        asked = {name: getattr(self, name) for name in held}
        return all(value in (None, held[name]) for name, value in asked.items())

    @property
    def digest(self) -> str:
        """Which question this is: a cursor goes on with the one it began with."""
        return hashlib.sha256(orjson.dumps(asdict(self))).hexdigest()[:16]


@dataclass(frozen=True)
class AreaPage:
    """One page of areas, and the cursor of the next one (None: that was the last)."""

    run: Run
    areas: list[dict[str, Any]]
    next: str | None


def area_page(
    reader: Reader,
    asked: AreaQuestion,
    *,
    as_of: dt.date | None,
    cursor: str | None,
    limit: int,
) -> AreaPage:
    """The areas of the scope that lie in it whole, from the state down, by id; `limit` places. A
    sector's centres come together, so that a page of centres may hold some more.

    NothingScored, OutOfScope where the cursor's run is no more, UsageError EXP004.
    """
    number, last = _read(cursor, asked)
    run = reader.run(as_of) if number is None else reader.run_numbered(number)
    rest = [one for one in _places(reader, run, asked) if _key(one) > last]
    found: list[dict[str, Any]] = []
    for start in range(0, len(rest), READ_AT_ONCE):
        for one, areas in _told(reader, run, rest[start : start + READ_AT_ONCE], asked.months):
            if len(found) >= limit:
                return AreaPage(run, found, _text(run, last, asked))
            found += areas
            last = _key(one)
    return AreaPage(run, found, None)


LevelPlace = tuple[str, Place]
Key = tuple[int, str]


def _key(one: LevelPlace) -> Key:
    """How places are ordered: from the state down, then by id."""
    return DOWNWARDS.index(one[0]), one[1].place


def _places(reader: Reader, run: Run, asked: AreaQuestion) -> list[LevelPlace]:
    """All places asked for, in their order; a sector stands for its centres."""
    return [
        (level, place)
        for level in asked.levels
        for place in reader.whole_places(run, "sector" if level == "centre" else level)
        if asked.holds(level, place)
    ]


def _told(
    reader: Reader, run: Run, places: list[LevelPlace], months: int
) -> Iterator[tuple[LevelPlace, list[dict[str, Any]]]]:
    """Each place with the areas that it stands for: itself, or a sector's centres."""
    pages = {
        level: reader.area_pages(run, level, [place.place for of, place in places if of == level])
        for level in dict.fromkeys(level for level, _ in places)
    }
    for one in places:
        level, place = one
        page = pages[level].get(place.place, {})
        made = (
            _centres(place, page, months)
            if level == "centre"
            else [_area(level, place, page.get("programme", []), months)]
        )
        yield one, made


def _centres(sector: Place, page: dict[str, Any], months: int) -> list[dict[str, Any]]:
    columns, made = page.get("columns", []), []
    for centre, rows in sorted(page.get("centres", {}).items()):
        records = [dict(zip(columns, row, strict=True)) for row in rows]
        place = Place(centre, sector.project_id, sector.district_id)
        made.append(_area("centre", place, records, months, sector_id=sector.place))
    return made


def _area(
    level: str,
    place: Place,
    records: list[dict[str, Any]],
    months: int,
    *,
    sector_id: str | None = None,
) -> dict[str, Any]:
    """One area of any level. Its records are months and, last, the period of all of them."""
    told = [month_or_period(record) for record in records]
    return {
        "level": level,
        "area_id": place.place,
        "sector_id": sector_id,
        "project_id": place.project_id,
        "district_id": place.district_id,
        "months": told[:-1][len(told) - 1 - months :] if months and told else [],
        "period": told[-1] if told else None,
    }


def _text(run: Run, last: Key, asked: AreaQuestion) -> str:
    """A cursor as a client keeps it."""
    plain = orjson.dumps([run.run, *last, asked.digest])
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def _read(text: str | None, asked: AreaQuestion) -> tuple[int | None, Key]:
    """The run and the last place of a cursor. UsageError EXP004 for one that is none, or of another
    question."""
    if text is None:
        return None, (-1, "")
    try:
        run, level, place, digest = orjson.loads(
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        )
    except (ValueError, TypeError):
        raise no_cursor() from None
    right = (
        type(run) is int
        and abs(run) < 2**31
        and type(level) is int
        and isinstance(place, str)
        and digest == asked.digest
    )
    if not right:
        raise no_cursor()
    return run, (level, place)


def no_cursor() -> UsageError:
    """The refusal of a text that is no cursor of this question."""
    return UsageError(
        "EXP004", "cursor: take `next` of the page before as it is, with the same filters"
    )
