"""The Resolution's table for a registry: from its present caseload, from the forecast, and the
sachets to order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from care.money import Budget, BudgetPlan, budget
from care.pathway import facts
from care.pathway.conditions import UCDC, VCDC
from care.pathway.decide import STATES, place
from care.programme import indicators, supply
from care.protocol import Protocol
from features.clock import Clock, Known
from features.trajectory.points import growth_points
from registry.contract.arrays import Texts
from registry.contract.registry import Registry, day_date

SAM_STATES = ("sam_suspected", "appetite_test_due", "to_ucdc", "sam_again")
YEAR_DAYS = 365


@dataclass(frozen=True)
class Outlook:
    """A registry's money and supply on the last day reported.

    budgets: `caseload` (children in treatment or SAM now, each round) and `forecast` (a year's
    expected admissions over the rounds, each for the mean stay). needs: by level (`project`,
    `centre`), for 4, 8 and 12 weeks, in the order of `ids`. never_closed: stays open for more than
    half a year, which count nowhere.
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


def of(
    registry: Registry, protocol: Protocol, plan: BudgetPlan, *, projects: int | None = None
) -> Outlook:
    """Money and supply as known on the last day reported. projects: those of the registry, unless
    given."""
    children, today = np.arange(len(registry.child_ids), dtype=np.int32), registry.recorded_until
    known = Clock(registry).known_by(children, np.full(len(children), today, np.int32))
    lasting = supply.survival(known)
    whole = supply.flow(known, np.zeros(len(children), np.int64), 1)
    stay = max(round(supply.mean_stay_days(lasting, at_most=int(protocol["longest_stay_days"]))), 1)
    ids, flows = _flows(registry, known)
    a_year = _admissions_a_year(whole)
    here = len(np.unique(registry.centres["project"])) if projects is None else projects
    own = replace(plan, projects=here, children=_caseload(known, protocol))
    forecast = replace(
        own, children=round(a_year[0] / plan.rounds) if plan.rounds else 0, days=stay
    )
    return Outlook(
        as_of=day_date(today).isoformat(),
        budgets={"caseload": budget(own), "forecast": budget(forecast)},
        mean_stay_days=supply.mean_stay_days(lasting, at_most=int(protocol["longest_stay_days"])),
        admissions_a_year=a_year,
        ids=ids,
        in_treatment=len(whole.present_days),
        never_closed=whole.never_closed,
        needs={
            level: tuple(supply.need(flow, lasting, plan, weeks=weeks) for weeks in supply.WEEKS)
            for level, flow in flows.items()
        },
        synthetic=bool(registry.facts.get("synthetic")),
    )


def _caseload(known: Known, protocol: Protocol) -> int:
    """Children in treatment at an anganwadi, or SAM and to be treated there."""
    table = facts.of(known, growth_points(known), protocol)
    state = place(table, protocol).state
    due = np.isin(state, [STATES.index(name) for name in SAM_STATES])
    treated = (table["programme"] == UCDC) | (table["programme"] == VCDC)
    started = np.where(treated, table["day"].astype(np.int64) - table["admitted_on"], 0)
    return int((due | (treated & (started < supply.LAST_DAY_OF_STAY))).sum())


def _flows(registry: Registry, known: Known) -> tuple[dict[str, Texts], dict[str, supply.Flow]]:
    ids, flows = {}, {}
    for level in ("project", "centre"):
        ids[level], place_of = indicators.places(registry, level)
        centre = known.children["centre"]
        place = np.where(centre < 0, -1, place_of[centre])
        flows[level] = supply.flow(known, place, len(ids[level]))
    return ids, flows


def _admissions_a_year(flow: supply.Flow) -> tuple[float, float, float]:
    """Expected, low and high: the last twelve weeks' rate, with Poisson's uncertainty on rate and
    year."""
    mean = flow.admissions_a_day * YEAR_DAYS
    variance = mean + flow.admissions_variance * YEAR_DAYS**2
    low, high = (supply.quantile(q, mean, variance) for q in supply.INTERVAL)
    return float(mean[0]), float(low[0]), float(high[0])
