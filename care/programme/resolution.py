"""The Resolution's table for a registry: from its present caseload, from the forecast, the sachets
to order, and how long what is in the store rooms lasts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from care.money import Budget, BudgetPlan, budget
from care.pathway import facts
from care.pathway.conditions import UCDC, VCDC
from care.pathway.decide import STATES, place
from care.programme import admissions_ahead, by_month, indicators, stock_cover, supply
from care.programme.admissions_ahead import AdmissionsForecast, Parts
from care.programme.published_forecast import Publication
from care.programme.stock_cover import NeedCurve, StoreRoomPlace, StoreRooms
from care.protocol import Protocol
from features.clock import Clock, Known
from features.trajectory.points import growth_points
from registry.contract.arrays import Floats, Ints, Texts
from registry.contract.registry import Registry, Table, day_date

SAM_STATES = ("sam_suspected", "appetite_test_due", "to_ucdc", "sam_again")
YEAR_DAYS, MONTH_DAYS = 365, 30.4375
MOVES_MONTHS = 12
"""For so long back a ration is given out in the centre where the child was then."""


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


NOT_PUBLISHED = (
    "no forecast of admissions is published: `sanket forecast STORE --counted admissions --publish`"
)
NOT_USED = "the published forecast of admissions (from {origin}, by {level}) ends within twelve weeks or stops above projects"  # noqa: E501


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
    today = registry.recorded_until if day is None else min(day, registry.recorded_until)
    children, clock = np.arange(len(registry.child_ids), dtype=np.int32), Clock(registry)
    known = clock.known_by(children, np.full(len(children), today, np.int32))
    lasting = supply.survival(known)
    whole = supply.flow(known, np.zeros(len(children), np.int64), 1)
    ahead = _Ahead.of(registry, known, forecast, today)
    stay = supply.mean_stay_days(lasting, at_most=int(protocol["longest_stay_days"]))
    a_year = ahead.admissions_a_year(whole)
    here = len(np.unique(registry.centres["project"])) if projects is None else projects
    own = replace(plan, projects=here, children=_caseload(known, protocol))
    of_forecast = replace(
        own,
        children=round(a_year[0] / plan.rounds) if plan.rounds else 0,
        days=max(round(stay), 1),
    )
    levels = {level: indicators.places(registry, level) for level in ("project", "centre")}
    flows = {level: ahead.flow(place, len(ids)) for level, (ids, place) in levels.items()}
    return Outlook(
        as_of=day_date(today).isoformat(),
        budgets={"caseload": budget(own), "forecast": budget(of_forecast)},
        mean_stay_days=stay,
        admissions_a_year=a_year,
        ids={level: ids for level, (ids, _) in levels.items()},
        in_treatment=len(whole.present_days),
        never_closed=whole.never_closed,
        needs={
            level: tuple(supply.need(flow, lasting, plan, weeks=weeks) for weeks in supply.WEEKS)
            for level, flow in flows.items()
        },
        synthetic=bool(registry.facts.get("synthetic")),
        store_rooms=_store_rooms(clock, known, ahead, lasting, plan, send_months),
        season=ahead.forecast.of if ahead.forecast else None,
        no_season=ahead.why_not,
    )


@dataclass(frozen=True)
class _Ahead:
    """Who is admitted in the coming weeks: as in the last twelve, or (`forecast`) with the
    season."""

    known: Known
    today: int
    forecast: AdmissionsForecast | None
    why_not: str
    project_ids: Texts
    parts: Parts
    share: float

    @classmethod
    def of(
        cls, registry: Registry, known: Known, forecast: AdmissionsForecast | None, today: int
    ) -> _Ahead:
        ids, project_of = indicators.places(registry, "project")
        why_not = NOT_PUBLISHED if forecast is None else ""
        if forecast is not None and not forecast.speaks(today):
            why_not = NOT_USED.format(origin=forecast.of.origin, level=forecast.of.level)
            forecast = None
        centres = supply.flow(known, known.children["centre"], len(registry.centre_ids))
        parts = Parts.of(centres, project_of)
        return cls(known, today, forecast, why_not, ids, parts, _share_of_centres(known))

    def flow(self, place_of: Ints, places: int) -> supply.Flow:
        """The flow of places; place_of: each centre's place (-1: none)."""
        centre = self.known.children["centre"]
        flow = supply.flow(self.known, np.where(centre < 0, -1, place_of[centre]), places)
        if self.forecast is None:
            return flow
        return admissions_ahead.with_season(
            flow,
            self.forecast,
            self.parts,
            place_of=place_of,
            project_ids=self.project_ids,
            today=self.today,
            share=self.share,
        )

    @property
    def days_known(self) -> int:
        """For how many days to come anything is said."""
        if self.forecast is None:
            return supply.AHEAD_DAYS
        return min(self.forecast.days_known(self.today), supply.AHEAD_DAYS)

    def admissions_a_year(self, flow: supply.Flow) -> tuple[float, float, float]:
        """Expected, low and high: by the season, else by the last twelve weeks' rate, with
        Poisson's uncertainty on rate and year."""
        mean = flow.admissions_a_day * YEAR_DAYS
        variance = mean + flow.admissions_variance * YEAR_DAYS**2
        of_year = self.forecast and admissions_ahead.admissions_of_year(self.forecast, self.share)
        if of_year:
            mean, variance = (np.array([value]) for value in of_year)
        low, high = (supply.quantile(q, mean, variance) for q in supply.INTERVAL)
        return float(mean[0]), float(low[0]), float(high[0])


def _share_of_centres(known: Known) -> float:
    """Of the last year's admissions those to UCDC and VCDC: the forecast is of all programmes."""
    episodes = known.episodes
    ago = known.day[episodes.question].astype(np.int64) - episodes["admitted_on"]
    lately = episodes["programme"][ago < YEAR_DAYS]
    own = (lately == UCDC) | (lately == VCDC)
    return float(own.mean()) if len(own) else 1.0


def _store_rooms(
    clock: Clock,
    known: Known,
    ahead: _Ahead,
    lasting: Floats,
    plan: BudgetPlan,
    send_months: int,
) -> StoreRooms:
    send_days = min(round(send_months * MONTH_DAYS), ahead.days_known)

    def ednf(place_of: Ints, places: int) -> NeedCurve:
        return stock_cover.ednf_curve(
            ahead.flow(place_of, places), lasting, plan, send_days=send_days
        )

    return stock_cover.store_rooms(
        StoreRoomPlace(clock.registry.centre_ids, ahead.project_ids, ahead.parts.project_of),
        clock.stocks(ahead.today),
        _given(clock.registry, known, ahead.today),
        ednf,
        today=ahead.today,
        send_days=send_days,
        weeks_known=ahead.days_known // 7,
    )


def _given(registry: Registry, known: Known, today: int) -> Table:
    """The rations known, each in the centre where its child was at the end of its month."""
    rations = known.rations
    _, ends = by_month.calendar(until=today, months=MOVES_MONTHS)
    centre = by_month.centres_at(registry, known, ends)
    month = np.minimum(np.searchsorted(ends, rations["issued_on"]), len(ends) - 1)
    return Table(
        {
            "centre": centre[month, rations.question].astype(np.int64),
            "item": rations["item"],
            "day": rations["issued_on"].astype(np.int64),
            "quantity": rations["quantity"],
        }
    )


def _caseload(known: Known, protocol: Protocol) -> int:
    """Children in treatment at an anganwadi, or SAM and to be treated there."""
    table = facts.of(known, growth_points(known), protocol)
    state = place(table, protocol).state
    due = np.isin(state, [STATES.index(name) for name in SAM_STATES])
    treated = (table["programme"] == UCDC) | (table["programme"] == VCDC)
    started = np.where(treated, table["day"].astype(np.int64) - table["admitted_on"], 0)
    return int((due | (treated & (started < supply.LAST_DAY_OF_STAY))).sum())
