"""Who is admitted in the coming weeks, and so what each place needs: as in the last twelve weeks,
or with the season that the published forecast knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from care.money import BudgetPlan
from care.programme import indicators
from care.programme.supplies import admissions_ahead, stock_cover, supply
from care.programme.supplies.admissions_ahead import AdmissionsForecast, Parts
from care.programme.supplies.stock_cover import CurveOf
from care.programme.supplies.supply_counts import YEAR_DAYS, SupplyCounts
from registry.contract.arrays import Ints, Texts
from registry.contract.registry import Registry

MONTH_DAYS = 30.4375
NOT_PUBLISHED = (
    "no forecast of admissions is published: `sanket forecast STORE --counted admissions --publish`"
)
NOT_USED = "the published forecast of admissions (from {origin}, by {level}) ends within twelve weeks or stops above projects"  # noqa: E501


@dataclass(frozen=True)
class Ahead:
    """The coming weeks of a registry. forecast: the published one that admissions follow; None: as
    in the last twelve weeks, and `why_not` says why."""

    counts: SupplyCounts
    forecast: AdmissionsForecast | None
    why_not: str
    project_ids: Texts
    parts: Parts

    @classmethod
    def of(
        cls, registry: Registry, counts: SupplyCounts, forecast: AdmissionsForecast | None
    ) -> Ahead:
        """From the counts of a registry's centres; of the registry only these are read."""
        ids, project_of = indicators.places(registry, "project")
        why_not = NOT_PUBLISHED if forecast is None else ""
        if forecast is not None and not forecast.speaks(counts.today):
            why_not = NOT_USED.format(origin=forecast.of.origin, level=forecast.of.level)
            forecast = None
        every = np.append(np.arange(len(registry.centre_ids)), -1)
        centres = supply.flow(counts.stays, every, len(registry.centre_ids))
        return cls(counts, forecast, why_not, ids, Parts.of(centres, project_of))

    @property
    def today(self) -> int:
        """The day (number) after which the weeks begin."""
        return self.counts.today

    @property
    def whole(self) -> supply.Flow:
        """The flow of all children together, also of those without a centre."""
        everybody = np.zeros(len(self.parts.project_of) + 1, np.int64)
        return supply.flow(self.counts.stays, everybody, 1)

    def flow(self, place_of: Ints, places: int) -> supply.Flow:
        """The flow of places; place_of: each centre's place (-1: none)."""
        flow = supply.flow(self.counts.stays, np.append(place_of, -1), places)
        if self.forecast is None:
            return flow
        return admissions_ahead.with_season(
            flow,
            self.forecast,
            self.parts,
            place_of=place_of,
            project_ids=self.project_ids,
            today=self.today,
            share=self.counts.share_of_centres,
        )

    @property
    def days_known(self) -> int:
        """For how many days to come anything is said."""
        if self.forecast is None:
            return supply.AHEAD_DAYS
        return min(self.forecast.days_known(self.today), supply.AHEAD_DAYS)

    def send_days(self, months: int) -> int:
        """For how many days what is sent should last, to last so many months."""
        return min(round(months * MONTH_DAYS), self.days_known)

    def ednf(self, plan: BudgetPlan, send_days: int) -> CurveOf:
        """The sachets that any places need."""
        lasting = self.counts.survival

        def curve_of(place_of: Ints, places: int) -> stock_cover.NeedCurve:
            flow = self.flow(place_of, places)
            return stock_cover.ednf_curve(flow, lasting, plan, send_days=send_days)

        return curve_of

    def admissions_a_year(self, flow: supply.Flow) -> tuple[float, float, float]:
        """Expected, low and high: by the season, else by the last twelve weeks' rate, with
        Poisson's uncertainty on rate and year."""
        mean = flow.admissions_a_day * YEAR_DAYS
        variance = mean + flow.admissions_variance * YEAR_DAYS**2
        share = self.counts.share_of_centres
        of_year = self.forecast and admissions_ahead.admissions_of_year(self.forecast, share)
        if of_year:
            mean, variance = (np.array([value]) for value in of_year)
        low, high = (supply.quantile(q, mean, variance) for q in supply.INTERVAL)
        return float(mean[0]), float(low[0]), float(high[0])
