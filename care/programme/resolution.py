"""The Resolution's table for a registry: from its present caseload, from the forecast, the sachets
to order, and how long what is in the store rooms lasts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from care.money import Budget, BudgetPlan, budget
from care.pathway import facts
from care.pathway.conditions import UCDC, VCDC
from care.pathway.decide import place
from care.programme import indicators
from care.programme.by_month import UNTREATED
from care.programme.published_forecast import Publication
from care.programme.supplies import admissions_ahead, stock_cover, supply, supply_counts
from care.programme.supplies.admissions_ahead import AdmissionsForecast
from care.programme.supplies.stock_cover import StoreRoomPlace, StoreRooms
from care.programme.supplies.supply_ahead import Ahead
from care.programme.supplies.supply_counts import SupplyCounts
from care.protocol import Protocol
from features.clock import Clock, Known
from features.trajectory.points import growth_points
from registry.contract.arrays import Flags, Ints, Texts
from registry.contract.registry import Registry, day_date
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store.partitions import StorePart, over_parts
from registry.store.store import open_store


@dataclass(frozen=True)
class Outlook:
    """A registry's money and supply on the last day reported.

    budgets: `caseload` (children in treatment or SAM now, each round) and `forecast` (a year's
    expected admissions over the rounds, each for the mean stay). needs: by level (`project`,
    `centre`), for 4, 8 and 12 weeks, in the order of `ids`. never_closed: stays open for more than
    half a year, which count nowhere. season: the published forecast that admissions follow; where
    it is None, `no_season` says why.
    """

    as_of: str
    budgets: dict[str, Budget]
    mean_stay_days: float
    admissions_a_year: tuple[float, float, float]
    ids: dict[str, Texts]
    needs: dict[str, tuple[supply.Need, ...]]
    in_treatment: int
    never_closed: int
    synthetic: bool
    store_rooms: StoreRooms
    season: Publication | None = None
    no_season: str = ""


def of(
    registry: Registry,
    protocol: Protocol,
    plan: BudgetPlan,
    *,
    projects: int | None = None,
    forecast: AdmissionsForecast | None = None,
    send_months: int = 2,
    day: int | None = None,
) -> Outlook:
    """Money and supply as known by the end of a day (number; default: the last one reported).

    projects: those of the registry, unless given; forecast: the published one of admissions, whose
    season the coming weeks and the year then have; send_months: for how long what is to be sent
    should last.
    """
    counted = counted_of(registry, protocol, registry.recorded_until if day is None else day)
    return _told(
        registry,
        counted,
        plan,
        longest_stay_days=int(protocol["longest_stay_days"]),
        projects=projects,
        forecast=forecast,
        send_months=send_months,
    )


def of_store(
    address: str,
    protocol: Protocol,
    plan: BudgetPlan,
    *,
    projects: int | None = None,
    send_months: int = 2,
    day: int | None = None,
    engine: Engine = IN_THIS_PROCESS,
    done: Callable[[int, int], None] = lambda children, of: None,
) -> Outlook:
    """As `of` the whole registry of a store, to the bit, counted part by part; with the forecast of
    admissions that was published by the day."""
    with closing(open_store(address, must_exist=True)) as store:
        until = store.load(children=()).recorded_until
        day = until if day is None else day
        forecast = admissions_ahead.read(store.engine, day)
    task = partial(_of_part, protocol=protocol, day=day)
    places, parts = over_parts(address, task, engine, day=min(day, until), done=done)
    own = [(centres, counted.supply) for centres, counted in parts]
    gathered = supply_counts.gathered(own, len(places.centre_ids))
    assert gathered is not None, "a store has one part at least"
    caseload = sum(counted.caseload for _, counted in parts)
    return _told(
        places,
        BudgetCounts(gathered, caseload),
        plan,
        longest_stay_days=int(protocol["longest_stay_days"]),
        projects=projects,
        forecast=forecast,
        send_months=send_months,
    )


class BudgetCounts(NamedTuple):
    """What money and supply are reckoned from: the counts of `supply`, and the `caseload`, which is
    children in treatment or SAM now."""

    supply: SupplyCounts
    caseload: int


def _of_part(part: StorePart, *, protocol: Protocol, day: int) -> tuple[Ints, BudgetCounts]:
    centres = np.flatnonzero(part.own_centres[:-1])
    counted = counted_of(part.registry, protocol, day, own_centres=part.own_centres)
    return centres, counted._replace(supply=counted.supply.taken(centres))


def counted_of(
    registry: Registry, protocol: Protocol, day: int, *, own_centres: Flags | None = None
) -> BudgetCounts:
    """The counts of a registry as known by the end of a day (number). own_centres: bool[centres +
    1], whose children are counted (last: of no centre); None: everybody."""
    children, clock = np.arange(len(registry.child_ids), dtype=np.int32), Clock(registry)
    today = min(day, registry.recorded_until)
    known = clock.known_by(children, np.full(len(children), today, np.int32))
    supplied = supply_counts.of_known(clock, known, day, own_centres=own_centres)
    treated = _treated_or_sam(known, protocol)
    own = True if own_centres is None else own_centres[known.children["centre"]]
    return BudgetCounts(supplied, int((treated & own).sum()))


def _told(
    registry: Registry,
    counted: BudgetCounts,
    plan: BudgetPlan,
    *,
    longest_stay_days: int,
    projects: int | None,
    forecast: AdmissionsForecast | None,
    send_months: int,
) -> Outlook:
    """From the counts of all children; of the registry only its centres are read."""
    ahead = Ahead.of(registry, counted.supply, forecast)
    lasting, whole = ahead.counts.survival, ahead.whole
    stay = supply.mean_stay_days(lasting, at_most=longest_stay_days)
    a_year = ahead.admissions_a_year(whole)
    here = len(np.unique(registry.centres["project"])) if projects is None else projects
    own = replace(plan, projects=here, children=counted.caseload)
    of_forecast = replace(
        own,
        children=round(a_year[0] / plan.rounds) if plan.rounds else 0,
        days=max(round(stay), 1),
    )
    levels = {level: indicators.places(registry, level) for level in ("project", "centre")}
    flows = {level: ahead.flow(place, len(ids)) for level, (ids, place) in levels.items()}
    return Outlook(
        as_of=day_date(ahead.today).isoformat(),
        budgets={"caseload": budget(own), "forecast": budget(of_forecast)},
        mean_stay_days=stay,
        admissions_a_year=a_year,
        ids={level: ids for level, (ids, _) in levels.items()},
        in_treatment=len(whole.present_days),
        never_closed=ahead.counts.stays.never_closed,
        needs={
            level: tuple(supply.need(flow, lasting, plan, weeks=weeks) for weeks in supply.WEEKS)
            for level, flow in flows.items()
        },
        synthetic=bool(registry.facts.get("synthetic")),
        store_rooms=_store_rooms(registry, ahead, plan, send_months),
        season=ahead.forecast.of if ahead.forecast else None,
        no_season=ahead.why_not,
    )


def _store_rooms(
    registry: Registry, ahead: Ahead, plan: BudgetPlan, send_months: int
) -> StoreRooms:
    send_days = ahead.send_days(send_months)
    return stock_cover.store_rooms(
        StoreRoomPlace(registry.centre_ids, ahead.project_ids, ahead.parts.project_of),
        ahead.counts.items,
        ahead.ednf(plan, send_days),
        today=ahead.today,
        send_days=send_days,
        weeks_known=ahead.days_known // 7,
    )


def _treated_or_sam(known: Known, protocol: Protocol) -> Flags:
    """Children (mask) in treatment at an anganwadi (for less than half a year), or known with SAM
    and in no treatment: as the programme's indicators count them."""
    table = facts.of(known, growth_points(known), protocol)
    due = np.isin(place(table, protocol).state, UNTREATED)
    treated = (table["programme"] == UCDC) | (table["programme"] == VCDC)
    started = np.where(treated, table["day"].astype(np.int64) - table["admitted_on"], 0)
    found: Flags = due | (treated & (started < supply.LAST_DAY_OF_STAY))
    return found
