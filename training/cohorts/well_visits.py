"""Questions about wasting in records that know visits and no treatment: the rows, and what came of
each.

A row is a visit at which a child under five stands at WHZ -2 or above, and after which it was seen
late enough to have had the event: whether or not it came. (Were an event asked for less room than
its absence, then where following ends at a fixed age, age alone would tell who is wasted.) The
event is WHZ under -2 at a later visit within the horizon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from features.clock import Clock
from features.trajectory.points import growth_points
from models.targets import DID_NOT_HAPPEN, FOLLOWED_FROM, HAPPENED, ONSET, RELAPSE, Target
from registry.contract.arrays import Floats
from registry.contract.days import LAST_DAY_UNDER_FIVE
from registry.contract.registry import NEVER

SIX_MONTHS_DAYS = 183


@dataclass(frozen=True)
class WellVisits:
    """Visits at which a child is well, arrays of length m: `child`, `day`; `after_wasting`: wasted
    earlier; `outcome` (1, 0); `seen` (m, len(SEEN)): what the visit and those before it show."""

    child: np.ndarray
    day: np.ndarray
    after_wasting: np.ndarray
    outcome: np.ndarray
    seen: np.ndarray

    def take(self, rows: np.ndarray) -> WellVisits:
        """Some of the rows."""
        return WellVisits(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def column(self, name: str) -> Floats:
        """One of the columns of SEEN (m,)."""
        found: Floats = self.seen[:, SEEN.index(name)]
        return found


Group = Callable[[WellVisits], np.ndarray]


@dataclass(frozen=True)
class WastingQuestion:
    """One question: of visits that are the `well_visits`-th in a row or more at WHZ -2 or above,
    where `never_wasted` of children who were never under it before; the event comes within the
    target's horizon, and each row's child was seen on day `followed_from` or later.

    Features and fit are those of `target`. `groups`: masks of rows that are judged by themselves.
    """

    name: str
    target: Target
    well_visits: int
    never_wasted: bool
    followed_from: int
    groups: Mapping[str, Group]


def _thin(rows: WellVisits) -> np.ndarray:
    found: np.ndarray = (rows.column("age_days") >= SIX_MONTHS_DAYS) & (rows.column("whz") < -1)
    return found


RECURRENCE = WastingQuestion(
    "recurrence",
    # Without stays no time at risk is known that the forest could start from.
    replace(RELAPSE, offset=None),
    well_visits=2,
    never_wasted=False,
    followed_from=FOLLOWED_FROM,
    groups=MappingProxyType({"after_wasting": lambda rows: rows.after_wasting}),
)
FIRST_WASTING = WastingQuestion(
    "onset",
    # Its events are as few here as those of relapse are.
    replace(ONSET, forests=RELAPSE.forests),
    well_visits=1,
    never_wasted=True,
    # Visits are a month apart: the last one asked for may lie at the end of the horizon itself.
    followed_from=ONSET.horizon,
    groups=MappingProxyType({"six_months_whz_under_minus_1": _thin}),
)
QUESTIONS = {question.name: question for question in (RECURRENCE, FIRST_WASTING)}

SEEN = (
    "age_days",
    "sex",
    "whz",
    "waz",
    "haz",
    "whz_before",
    "whz_change",
    "days_between",
    "whz_slope",
    "whz_lowest",
    "whz_highest",
    "whz_mean",
    "visits",
)
"""What an afternoon's look at a visit gives: `whz_slope` (z a day, least squares over the last
three visits; over two where there are no more), lowest, highest and mean WHZ so far."""
SLOPE_OVER = 3


def well_visits(clock: Clock, question: WastingQuestion) -> WellVisits:
    """All rows of a question, with what the whole registry knows of their outcome.

    Example (recurrence): WHZ -2.3 on day 0, -1.5 on days 30 and 60, -2.2 on day 120, -1.8 on day
    210: one row, day 60, after wasting, happened. Without the visit of day 210 the child was not
    followed for 148 days: no row.
    """
    children = np.arange(len(clock.registry.child_ids), dtype=np.int32)
    known = clock.known_by(
        children, np.full(len(children), clock.registry.recorded_until, np.int32)
    )
    growth = growth_points(known)
    visit = np.flatnonzero((growth["age_days"] < LAST_DAY_UNDER_FIVE) & ~np.isnan(growth["wasted"]))
    child, day = growth.question[visit], growth["measured_on"][visit].astype(np.int64)
    wasted = growth["wasted"][visit] == 1.0
    run, before = _so_far(child, wasted)
    event, last = _what_came(child, day, wasted)
    asked = (
        (run >= question.well_visits)
        & (last - day >= question.followed_from)
        & ~(before & question.never_wasted)
    )
    rows = WellVisits(
        children[child],
        day.astype(np.int32),
        before,
        np.where(event - day <= question.target.horizon, HAPPENED, DID_NOT_HAPPEN).astype(np.int8),
        _seen(
            child,
            day,
            {name: growth[name][visit] for name in ("age_days", "whz", "waz", "haz")},
            known.children["sex"][child],
        ),
    )
    return rows.take(np.flatnonzero(asked))


def _begins(child: np.ndarray) -> np.ndarray:
    """Where each row's child begins (positions; rows sorted by child)."""
    found: np.ndarray = np.searchsorted(child, child, side="left")
    return found


def _so_far(child: np.ndarray, wasted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(visits in a row that are not wasted, this one among them; whether an earlier one was)."""
    at, begins = np.arange(len(child)), _begins(child)
    last_wasted = np.maximum.accumulate(np.where(wasted, at, -1)) if len(at) else at
    run = at - np.maximum(last_wasted, begins - 1)
    count = np.concatenate([[0], np.cumsum(wasted)])
    return run, count[:-1] > count[begins]


def _what_came(
    child: np.ndarray, day: np.ndarray, wasted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(day of the next visit that is wasted, NEVER where none; day of the child's last visit)."""
    n = len(child)
    ends = np.searchsorted(child, child, side="right")
    # Of the rows after each one, the first that is wasted; n where there is none.
    following = np.append(np.where(wasted, np.arange(n), n), n)
    following = np.minimum.accumulate(following[::-1])[::-1][1:]
    came = following < ends
    event = np.where(came, day[np.minimum(following, max(n - 1, 0))], int(NEVER)) if n else day
    return event, day[ends - 1]


def _seen(
    child: np.ndarray, day: np.ndarray, of: Mapping[str, np.ndarray], sex: np.ndarray
) -> np.ndarray:
    """The columns of SEEN (m, 13) of every visit; NaN where there is none before it."""
    whz, begins, at = of["whz"], _begins(child), np.arange(len(child))
    first = at == begins
    lowest, highest = whz.copy(), whz.copy()
    for row in np.flatnonzero(~first):
        lowest[row] = min(lowest[row - 1], whz[row])
        highest[row] = max(highest[row - 1], whz[row])
    total = np.concatenate([[0.0], np.cumsum(whz)])
    visits = at - begins + 1
    before = np.where(first, np.nan, np.roll(whz, 1))
    return np.column_stack(
        [
            of["age_days"],
            sex.astype(np.float64),
            whz,
            of["waz"],
            of["haz"],
            before,
            whz - before,
            np.where(first, np.nan, day - np.roll(day, 1)),
            _slope(day, whz, np.minimum(visits, SLOPE_OVER)),
            lowest,
            highest,
            (total[at + 1] - total[begins]) / visits,
            visits,
        ]
    )


def _slope(day: np.ndarray, whz: np.ndarray, over: np.ndarray) -> np.ndarray:
    """Least-squares slope (z a day) over the last `over` visits (m,) of each; NaN over one."""
    at = np.arange(len(day))
    window = at[:, None] - np.arange(SLOPE_OVER)[None, :]
    inside = np.arange(SLOPE_OVER)[None, :] < over[:, None]
    window = np.where(inside, window, 0)
    x, y = np.where(inside, day[window], 0.0), np.where(inside, whz[window], 0.0)
    x_away = np.where(inside, x - x.sum(axis=1, keepdims=True) / over[:, None], 0.0)
    y_away = np.where(inside, y - y.sum(axis=1, keepdims=True) / over[:, None], 0.0)
    spread = (x_away**2).sum(axis=1)
    slope = (x_away * y_away).sum(axis=1) / np.where(spread > 0, spread, 1.0)
    return np.where(spread > 0, slope, np.nan)
