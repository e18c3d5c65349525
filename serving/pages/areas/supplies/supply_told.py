"""An area's food and money in words: needed, issued, in the store rooms, how long that lasts, what
to send by when, and what it costs at the Resolution's rates."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from care.money import PAISE, Budget, BudgetPlan, budget
from care.programme.supplies.stock_cover import COUNT_HOLDS_DAYS
from care.protocol import standard
from registry.contract.codes import RationItem
from serving.book.areas.area_supplies import AreaFood, Room, ToldOfAll
from serving.book.scoring.supply_rows import PLAN
from serving.language.words import Words
from serving.pages.areas.area_figures import month_name
from serving.pages.areas.attention import percent

EDNF = RationItem.EDNF.text
TOLD_WEEKS = (4, 12)
"""Of the weeks for which a need is known, those on the pages."""


@dataclass(frozen=True)
class ItemLine:
    """One item of an area in words; `needs` as `TOLD_WEEKS`."""

    name: str
    issued: str
    needs: tuple[str, ...]
    stock: str
    lasts: str
    send: str


@dataclass(frozen=True)
class Order:
    """What must be sent to a part, or to the area itself: a sentence, and its cells. `soon`: how it
    is ranked, the earliest and then the most first."""

    level: str
    place: str
    sentence: str
    stock: str
    lasts: str
    send: str
    by: str
    soon: tuple[float, int]


@dataclass(frozen=True)
class MoneyLine:
    """A line of the Resolution's table in rupees: for the children known now, and as the Resolution
    plans for as many projects ("" for areas below a project)."""

    name: str
    working: str
    now_round: str
    now_year: str
    plan_round: str
    plan_year: str


def item_lines(
    food: AreaFood | None, month: Mapping[str, Any], of_all: ToldOfAll, words: Words
) -> list[ItemLine]:
    """Every item that was issued last month or is told of; month: the programme's record of it."""
    found = []
    for item in RationItem:
        issued = month.get(f"{item.text.lower()}_issued")
        room = food.room(item.text) if food else None
        if item.text != EDNF and room is None and not issued:
            continue
        needs = tuple(_need(food, weeks, words) for weeks in TOLD_WEEKS)
        found.append(
            ItemLine(
                words("supply", f"item_{item.text.lower()}"),
                _issued(issued, month.get("ednf_share") if item.text == EDNF else None, words),
                needs if item.text == EDNF else ("\u2013",) * len(needs),
                stock_told(room, words),
                lasts_told(room, of_all, words),
                send_told(room, words),
            )
        )
    return found


def _issued(issued: float | None, share: float | None, words: Words) -> str:
    if issued is None:
        return "\u2013"
    told = words.number(issued)
    if share is None or math.isnan(share):
        return told
    return words.say("supply", "issued_of", issued=told, share=percent(share, words))


def _need(food: AreaFood | None, weeks: int, words: Words) -> str:
    if food is None:
        return "\u2013"
    for many, expected, low, high in food.needs:
        if many == weeks:
            return words.say("supply", "interval", value=expected, low=low, high=high)
    return words("areas", "withheld")


def stock_told(room: Room | None, words: Words) -> str:
    """`1,912 in 105 of 105 centres, counted 30 Jun 2026; 3 have none left`."""
    if room is None:
        return words("supply", "nobody_counted")
    told = []
    if room.counted and room.last_counted:
        one_day = "stock" if room.first_counted == room.last_counted else "stock_days"
        key = one_day if room.centres > 1 else "stock_here"
        told.append(
            words.say(
                "supply",
                key,
                left=words.number(room.left or 0),
                counted=room.counted,
                all=room.centres,
                first=words.day(room.first_counted, short=True),
                day=words.day(room.last_counted, short=True),
            )
        )
        if room.empty and room.centres > 1:
            told.append(words.say("supply", "empty", n=room.empty))
    told += [
        words.say("supply", f"not_known_{how}", n=many, days=COUNT_HOLDS_DAYS)
        for how, many in room.not_known.items()
    ]
    if room.not_known and room.need_of_others:
        told.append(words.say("supply", "need_of_others", n=room.need_of_others))
    return "; ".join(told)


def lasts_told(room: Room | None, of_all: ToldOfAll, words: Words) -> str:
    """`3 weeks (2 to 5)`: whole weeks that it lasts for certain."""
    if room is None or not room.counted:
        return "\u2013"
    if not room.may_tell:
        return words("areas", "withheld")
    if room.weeks is None:
        return words("supply", "need_unknown")
    if room.weeks[0] == 0:
        return words("supply", "none_left")
    expected, low, high = (_weeks(week, of_all.weeks_known, words) for week in room.weeks)
    return words.say("supply", "weeks", n=expected, low=low, high=high)


def _weeks(week: float | None, known: int, words: Words) -> str | int:
    if week is None:
        return words.say("supply", "more_than", weeks=known)
    return math.floor(week + 1e-9)


def send_told(room: Room | None, words: Words) -> str:
    """`2,051 (at most 2,888)`."""
    if room is None or not room.counted:
        return "\u2013"
    if not room.may_tell:
        return words("areas", "withheld")
    if room.send is None:
        return "\u2013"
    if not room.send:
        return words("supply", "send_nothing")
    return words.say("supply", "send_most", send=room.send, most=room.send_at_most or room.send)


def orders(
    foods: Mapping[str, AreaFood],
    level: str,
    of_all: ToldOfAll,
    names: Mapping[str, str],
    words: Words,
) -> list[Order]:
    """What must be sent to these places, the soonest empty first. names: what each is called."""
    found = [
        _order(place, level, room, of_all, names[place], words)
        for place, food in foods.items()
        for room in food.rooms
        if room.send
    ]
    return sorted(found, key=lambda one: (*one.soon, one.place))


def _order(place: str, level: str, room: Room, of_all: ToldOfAll, name: str, words: Words) -> Order:
    by = day_empty(room, of_all)
    at_once = by is not None and by <= of_all.today
    soonest = "order_now" if not room.left else "order_today"
    key = soonest if at_once else "order_by" if by else "order"
    told = words.say(
        "supply",
        key,
        send=room.send,
        most=room.send_at_most or room.send,
        item=words("supply", f"packets_{room.item.lower()}"),
        area=name,
        date=words.day(by),
    )
    if room.empty and room.centres > 1:
        told = f"{told} {words.say('supply', 'order_empty', n=room.empty)}"
    soon = room.by if room.by is not None else math.inf
    return Order(
        level,
        place,
        told,
        stock_told(room, words),
        lasts_told(room, of_all, words),
        send_told(room, words),
        words("supply", "now") if at_once else words.day(by),
        (soon, -(room.send or 0)),
    )


def day_empty(room: Room, of_all: ToldOfAll) -> dt.date | None:
    """The day by which it may be empty at the earliest; None beyond what is known.

    Example: counted to 30 June, at the earliest empty in 1.8 weeks: 12 July.
    """
    if room.by is None:
        return None
    return of_all.today + dt.timedelta(math.floor(7 * room.by + 1e-9))


def about(of_all: ToldOfAll, words: Words) -> str:
    """As of which day, how long what is sent lasts, and what admissions follow."""
    key = "about" if of_all.season is None else "about_season"
    origin = month_name({"month": of_all.season}, words) if of_all.season else ""
    return words.say("supply", key, date=words.day(of_all.today), origin=origin, n=of_all.send_days)


def rupees(paise: float, words: Words) -> str:
    """Whole rupees: `₹ 1,30,703`."""
    return words.say("supply", "rupees", amount=words.number(round(paise / PAISE)))


def known_sam(month: Mapping[str, Any]) -> int | None:
    """The children with known SAM, in treatment or not; None where one of the counts is withheld,
    so that the sum tells nothing more."""
    treated, untreated = month.get("in_treatment"), month.get("sam_untreated")
    return None if treated is None or untreated is None else int(treated + untreated)


def plan_of(children: int, projects: int) -> BudgetPlan:
    """The Resolution's plan for so many children and projects."""
    return replace(standard().plan(PLAN), children=children, projects=projects)


def share_of_plan(projects: int) -> BudgetPlan:
    """The Resolution's own plan for so many of its projects, as if they were alike: whole children,
    rounded down."""
    whole = standard().plan(PLAN)
    children = whole.children * projects // whole.projects if whole.projects else 0
    return replace(whole, children=children, projects=projects)


def needs_cost(food: AreaFood | None, words: Words) -> str:
    """What the sachets of the longest time told cost; "" where that is not told."""
    price = standard().plan(PLAN).sachet_price_paise
    for weeks, *sachets in food.needs if food else ():
        if weeks == TOLD_WEEKS[-1]:
            cost, low, high = (rupees(price * many, words) for many in sachets)
            return words.say(
                "supply",
                "needs_cost",
                n=weeks,
                cost=cost,
                low=low,
                high=high,
                price=words.number(price / PAISE, 2),
            )
    return ""


def round_cost(month: Mapping[str, Any], projects: int, words: Words) -> str:
    """What a round costs for the children with known SAM, beside the Resolution's plan."""
    children = known_sam(month)
    if children is None:
        return words("supply", "round_withheld")
    plan = plan_of(children, projects)
    total = budget(plan).line("total")
    told = words.say(
        "supply",
        "round_cost",
        n=children,
        days=plan.days,
        cost=rupees(total.round_paise, words),
        year=rupees(total.year_paise, words),
        rounds=plan.rounds,
    )
    if not projects:
        return told
    own = share_of_plan(projects)
    planned = budget(own).line("total")
    beside = words.say(
        "supply",
        "plan_cost",
        n=own.children,
        projects=projects,
        of=standard().plan(PLAN).projects,
        cost=rupees(planned.round_paise, words),
        year=rupees(planned.year_paise, words),
    )
    return f"{told} {beside}"


def money_lines(month: Mapping[str, Any], projects: int, words: Words) -> list[MoneyLine]:
    """The Resolution's table; empty where the children are withheld."""
    children = known_sam(month)
    if children is None:
        return []
    now = budget(plan_of(children, projects))
    planned = budget(share_of_plan(projects)) if projects else None
    return [
        MoneyLine(
            words("supply", f"line_{line.key}"),
            line.working,
            rupees(line.round_paise, words),
            rupees(line.year_paise, words),
            *_planned(planned, line.key, words),
        )
        for line in now.lines
        if projects or line.key in ("food", "extra_food", "pay", "children_total")
    ]


def _planned(planned: Budget | None, key: str, words: Words) -> Sequence[str]:
    if planned is None:
        return "", ""
    line = planned.line(key)
    return rupees(line.round_paise, words), rupees(line.year_paise, words)
