"""EDNF: the stock that the coming weeks need.

The forecast follows each child now in treatment and those expected to be admitted through the
length of stay that the records show (Kaplan-Meier, so open stays count for as long as they have
lasted). Admissions go on as in the last twelve weeks, or as the published forecast expects them
(`care/programme/supplies/admissions_ahead.py`), which knows the season.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import gamma

from care.money import BudgetPlan
from care.programme.stays import stays_of_centres
from features.clock import Known
from features.kaplan_meier import lasting as share_lasting
from registry.contract.arrays import Flags, Floats, Ints
from registry.contract.registry import NEVER

WEEKS = (4, 8, 12)
LOOKED_BACK_DAYS = 84
"""Admissions are counted over as long as the longest stay: twelve weeks."""
LAST_DAY_OF_STAY = 183
"""A stay still open after half a year was not closed in the register; it is no caseload."""
AHEAD_DAYS = 182
"""Nothing is said of more than 26 weeks ahead."""
INTERVAL = (0.05, 0.95)
HALF_AN_ADMISSION = 0.5
"""Jeffreys' prior for a Poisson rate: none in twelve weeks does not mean none for ever. One for all
places together, so that they add up to the same as the whole."""


@dataclass(frozen=True)
class Need:
    """Sachets needed over so many weeks by each place: float64[places], with the interval of nine
    in ten."""

    weeks: int
    expected: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Flow:
    """Treatment by place: children in it (`present`: place and days in treatment of each),
    admissions a day.

    ahead: float64 (places, days), the admissions expected on each day to come; None: as many on
    each day as now. admissions_variance: of the rate a day, whose error is that of all days.
    """

    places: int
    present_place: Ints
    present_days: Ints
    admissions_a_day: Floats
    admissions_variance: Floats
    ahead: Floats | None = None

    @property
    def known_days(self) -> int:
        """For how many days to come the flow speaks."""
        return AHEAD_DAYS if self.ahead is None else min(self.ahead.shape[1], AHEAD_DAYS)

    def arriving(self, days: int) -> Floats:
        """Expected admissions on each of the coming days, float64 (places, days)."""
        if self.ahead is None:
            return np.repeat(self.admissions_a_day[:, None], days, axis=1)
        return self.ahead[:, :days]


def survival(known: Known) -> Floats:
    """The Kaplan–Meier estimate of the share of stays that last longer than d days, for d = 0 to
    183: float64[184]. Open stays are censored on the day.

    An NRC stay is no stay here. With no closed stay at all the answer is 1 up to the end.
    """
    return survival_of(*lengths(*stays_of_centres(known)))


def lengths(days: Ints, closed: Flags) -> tuple[Ints, Ints]:
    """How many stays were followed for 0 to 183 days (longer ones: 183), and how many of these
    ended then: int64[184] each, which add up over the parts of a registry."""
    at, many = np.clip(days, 0, LAST_DAY_OF_STAY), LAST_DAY_OF_STAY + 1
    return np.bincount(at, minlength=many), np.bincount(at[closed], minlength=many)


def survival_of(followed: Ints, ended: Ints) -> Floats:
    """`survival`, from how many stays had each length."""
    day = np.flatnonzero(followed)
    shares = share_lasting(followed[day], ended[day].astype(np.float64))
    upto = np.searchsorted(day, np.arange(LAST_DAY_OF_STAY + 1), side="right")
    return np.concatenate([[1.0], shares])[upto]


@dataclass(frozen=True)
class RecentStays:
    """The UCDC and VCDC stays that are open or began within the last twelve weeks: each one's
    centre (-1: not known), days since admission, whether it is open. Sorted, so that sums over them
    are the same to the bit however they were gathered."""

    centre: Ints
    days: Ints
    open: Flags

    @classmethod
    def sorted(cls, centre: Ints, days: Ints, open_: Flags) -> RecentStays:
        """From the stays in any order."""
        order = np.lexsort((open_, days, centre))
        return cls(centre[order], days[order], open_[order])

    @classmethod
    def of(cls, known: Known, own: Flags) -> RecentStays:
        """Of the children marked in `own`, bool (children asked about)."""
        episodes = known.episodes
        programme, child = episodes["programme"], episodes.question
        days = known.day[child].astype(np.int64) - episodes["admitted_on"]
        open_ = episodes["closed_on"] == NEVER
        rows = own[child] & (programme >= 0) & (programme <= 1)
        rows &= open_ | (days < LOOKED_BACK_DAYS)
        centre = known.children["centre"][child[rows]].astype(np.int64)
        return cls.sorted(centre, days[rows], open_[rows])

    @property
    def never_closed(self) -> int:
        """Stays that have been open for more than half a year: they count nowhere."""
        return int((self.open & (self.days >= LAST_DAY_OF_STAY)).sum())


def flow(stays: RecentStays, place_of: Ints, places: int) -> Flow:
    """The caseload and the admissions of each place. place_of: each centre's place, and last that
    of children without a centre (-1: none).

    A small place's admissions lean on the average of all places, as if each had also been watched
    for twelve weeks at the average rate; a single one stands for itself.
    """
    of = place_of[stays.centre]
    here = of >= 0
    now = here & stays.open & (stays.days < LAST_DAY_OF_STAY)
    came = np.bincount(of[here & (stays.days < LOOKED_BACK_DAYS)], minlength=places)
    recent = came + HALF_AN_ADMISSION / max(places, 1)
    lean = LOOKED_BACK_DAYS if places > 1 else 0
    admissions = recent + lean * (recent.sum() / max(places, 1)) / LOOKED_BACK_DAYS
    watched = LOOKED_BACK_DAYS + lean
    return Flow(places, of[now], stays.days[now], admissions / watched, admissions / watched**2)


def need(flow: Flow, lasting: Floats, plan: BudgetPlan, *, weeks: int) -> Need:
    """Sachets over so many weeks, for a flow of children and the survival of stays."""
    return Need(weeks, *need_of_days(flow, lasting, plan, days=7 * weeks))


def need_of_days(
    flow: Flow, lasting: Floats, plan: BudgetPlan, *, days: int
) -> tuple[Floats, Floats, Floats]:
    """(expected, low, high) sachets of each place over so many days from tomorrow on."""
    first, second = _moments(lasting, days)
    share = float(plan.intensive_share)
    most = 1 + plan.extra_sachets
    a_day, a_day_squared = 1 - share + share * most, 1 - share + share * most**2
    now_first, now_second = first[flow.present_days, days], second[flow.present_days, days]
    mean = a_day * _sums(flow, now_first)
    spread = a_day_squared * now_second - (a_day * now_first) ** 2
    variance = _sums(flow, spread)
    # Who comes on the first day may stay for all of them, who comes on the last for one.
    arriving = flow.arriving(days)
    new_mean = a_day * (arriving @ first[0, days:0:-1])
    mean += new_mean
    variance += a_day_squared * (arriving @ second[0, days:0:-1])
    rate = flow.admissions_a_day
    relative = np.divide(
        flow.admissions_variance, rate**2, out=np.zeros(flow.places), where=rate > 0
    )
    variance += relative * new_mean**2
    low, high = (quantile(q, mean, variance) for q in INTERVAL)
    return mean, low, high


def _sums(flow: Flow, amounts: Floats) -> Floats:
    """What the children present add up to in each place, float64[places]."""
    return np.bincount(flow.present_place, amounts, minlength=flow.places).astype(float)


def _moments(lasting: Floats, horizon: int) -> tuple[Floats, Floats]:
    """Mean and mean square of the days still to come within h days, float64[days in treatment, h =
    0..horizon]."""
    padded = np.concatenate([lasting, np.zeros(horizon)])
    ahead = np.lib.stride_tricks.sliding_window_view(padded, horizon)[: len(lasting)]
    here = ahead[:, :1]
    still = np.divide(ahead, here, out=np.zeros(ahead.shape), where=here > 0)
    nothing = np.zeros((len(lasting), 1))
    odd = 2 * np.arange(horizon) + 1
    first = np.concatenate([nothing, np.cumsum(still, axis=1)], axis=1)
    return first, np.concatenate([nothing, np.cumsum(odd * still, axis=1)], axis=1)


def quantile(q: float, mean: Floats, variance: Floats) -> Floats:
    """Of the gamma distribution with that mean and variance; the mean itself where there is no
    spread."""
    sure = (mean <= 0) | (variance <= 0)
    shape = np.divide(mean**2, variance, out=np.ones(len(mean)), where=~sure)
    scale = np.divide(variance, mean, out=np.ones(len(mean)), where=~sure)
    return np.where(sure, mean, gamma.ppf(q, shape, scale=scale))


def mean_stay_days(lasting: Floats, *, at_most: int) -> float:
    """Mean length of stay, none counted beyond `at_most` days."""
    return float(lasting[:at_most].sum())
