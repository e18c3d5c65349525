"""What is shown of an area's food and money, as a block on its page and on a page of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from serving.access.permissions import Person
from serving.book.areas import area_supplies
from serving.book.areas.area_supplies import AreaFood
from serving.book.reader import Reader
from serving.book.scorebook import Run
from serving.language.words import Words
from serving.pages.areas import area_shown
from serving.pages.areas.area_figures import month_name
from serving.pages.areas.area_parts import AreaPart
from serving.pages.areas.area_shown import AreaShown, Link
from serving.pages.areas.supplies import supply_told
from serving.pages.areas.supplies.supply_told import ItemLine, Order

FIRST_ORDERS = 5
"""So many orders stand on an area's own page."""


@dataclass(frozen=True)
class SupplyShown:
    """What is shown of an area's food and money; `orders` with the link of each part."""

    about: str
    month: str
    items: Sequence[ItemLine]
    orders: Sequence[tuple[Link, Order]]
    withheld: int
    money: Sequence[str]
    address: str
    weeks: Sequence[int] = supply_told.TOLD_WEEKS

    @property
    def first(self) -> Sequence[tuple[Link, Order]]:
        """The orders on the area's own page."""
        return self.orders[:FIRST_ORDERS]


def shown(
    reader: Reader,
    run: Run,
    area: AreaShown,
    parts: Sequence[AreaPart],
    person: Person,
    words: Words,
) -> SupplyShown | None:
    """Of an area whose run kept its food; None for a run of an earlier version, and for an area
    without figures. parts: those that the orders are told of; of a centre none, it is told of
    itself."""
    of_all = area_supplies.of_all(reader, run)
    if of_all is None or len(area.records) < 2:
        return None
    sees, month = person.may("see_children"), area.records[-2]
    own = _own(reader, run, area, sees)
    foods, level = _of_parts(reader, run, area, own, parts, sees)
    names = {place: area_shown.link(level, place, words).name for place in foods}
    orders = supply_told.orders(foods, level, of_all, names, words)
    projects = projects_of(reader, run, area)
    money = (
        supply_told.needs_cost(own, words),
        supply_told.round_cost(month, projects, words),
    )
    return SupplyShown(
        supply_told.about(of_all, words),
        month_name(month, words),
        supply_told.item_lines(own, month, of_all, words),
        [(area_shown.link(one.level, one.place, words), one) for one in orders],
        sum(not food.needs for food in foods.values()),
        [line for line in money if line],
        address_of(area.level, area.place.place),
    )


def _own(reader: Reader, run: Run, area: AreaShown, sees: bool) -> AreaFood | None:
    place, told = area.place.place, sees or area.records[-2].get("in_treatment") is not None
    sector = area.sector.place if area.sector else ""
    return area_supplies.foods(reader, run, area.level, {place: told}, sector=sector).get(place)


def _of_parts(
    reader: Reader,
    run: Run,
    area: AreaShown,
    own: AreaFood | None,
    parts: Sequence[AreaPart],
    sees: bool,
) -> tuple[Mapping[str, AreaFood], str]:
    """The food of the parts and their level; of a centre its own."""
    if area.level == "centre":
        return ({area.place.place: own} if own else {}), "centre"
    if not parts:
        return {}, ""
    told = {
        part.place.place: sees or part.figures.get("in_treatment") is not None for part in parts
    }
    level = parts[0].level
    return (
        area_supplies.foods(reader, run, level, told, sector=area.place.place),
        level,
    )


def projects_of(reader: Reader, run: Run, area: AreaShown) -> int:
    """How many projects an area holds whole; none below a project."""
    if area.level == "project":
        return 1
    if area.level not in ("state", "district"):
        return 0
    own = area.place.place
    return sum(
        area.level == "state" or place.district_id == own
        for place in reader.whole_places(run, "project")
    )


def address_of(level: str, area_id: str) -> str:
    """Where an area's food and money is."""
    return f"/supply/{level}/{quote(area_id, safe='')}"
