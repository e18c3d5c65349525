"""The true process: what happens to a child's body from one day to the next, whoever is looking.

True weight-for-height z = what the child tends to (set point, age, lean season) + a slow wander + a
household shock - what illness took + what treatment gave. Every part is hidden; the registry sees
readings of the sum.
"""

from __future__ import annotations

import math

import numpy as np

from registry.simulate.chance import exponential, happens, mix, normal, uniform
from registry.simulate.compiled import compiled, compiled_whole
from registry.simulate.growth_curves import length_cm
from registry.simulate.records import Centre, Child, Today, Whole
from registry.simulate.state import LAST_DAY_UNDER_FIVE, LEFT_DIED, NRC

SEASON_SWING = 0.42
"""January to July fall of the mean z of an average household: wasting doubles (pone.0260301)."""

WANDER_SD, WANDER_KEEP = 0.50, 0.93
"""Slow wander: SD, and what is left of it after a week (with the rest: month-to-month correlation
0.92)."""

WEANING_DIP, WEANING_AGE, WEANING_WIDTH = 0.45, 400.0, 260.0
"""Wasting is worst around 13 months of age (z, days, days)."""

ILLNESS_EVERY_DAYS = 85.0
SHOCK_A_WEEK, SHOCK_DAYS = 0.006, 45.0
LASTS = 0.81
"""Share of treatment's gain that stays for good; the rest fades after discharge."""

FADE_DAYS = 37.0
SETBACK = 1.4
"""Food and watching end together: a household shock (z) that treatment had hidden shows as its gain
fades, and passes as shocks do. It is deepest in the sixth week, which front-loads relapse."""

_MONTH = np.uint64(0x2545F4914F6CDD1D)
DEATH_A_DAY, DEATH_A_DAY_SEVERE = 2.5e-6, 9e-5


@compiled
def month_age_effect(age_days: float) -> float:
    """The weaning dip on this day of age (z)."""
    return -WEANING_DIP * math.exp(-(((age_days - WEANING_AGE) / WEANING_WIDTH) ** 2))


@compiled
def haz_now(child: Child, age_days: float) -> float:
    """Height-for-age z: falls from birth towards its later level over the first two years."""
    return float(
        child.haz_later + (child.haz_birth - child.haz_later) * math.exp(-age_days / 240.0)
    )


@compiled
def true_length_cm(child: Child) -> float:
    """Length (lying) today."""
    age = child.day - child.birth
    return length_cm(child.sex, age, haz_now(child, age))


@compiled
def true_muac_mm(child: Child) -> float:
    """Arm circumference today: follows z, age and the child's own build (correlation with z about
    0.5)."""
    age = child.day - child.birth
    return float(
        146.5
        + 6.2 * child.whz
        + 0.0085 * (min(1.0 * age, 1.0 * LAST_DAY_UNDER_FIVE) - 900.0)
        + child.arm
    )


@compiled
def _fall_ill(child: Child, age: float, sick_season: float) -> None:
    """Maybe a new illness: more often when weaning, poor, wasted or in the monsoon."""
    young = 1.5 if 150 < age < 800 else 0.8
    wasted = 1.4 if child.whz < -2.5 else 1.0
    if not happens(
        child, sick_season * young * wasted * math.exp(child.frailty) / ILLNESS_EVERY_DAYS
    ):
        return
    child.ill_days = int(3 + exponential(child, 5.0))
    child.ill_severity = 0.02 + exponential(child, 0.025)
    child.diarrhoea, child.fever, child.cough = (
        happens(child, 0.5),
        happens(child, 0.5),
        happens(child, 0.45),
    )


@compiled
def _be_ill(child: Child, age: float, sick_season: float) -> None:
    """Illness takes weight while it lasts; what it took comes back in weeks, faster in resilient
    children."""
    if child.ill_days > 0:
        child.ill_days -= 1
        child.deficit = min(child.deficit + child.ill_severity, 2.5)
        if child.ill_days == 0:
            child.diarrhoea, child.fever, child.cough = 0, 0, 0
    else:
        child.deficit -= child.deficit * 0.055 * child.resilience
        _fall_ill(child, age, sick_season)


@compiled
def _live_a_week(child: Child, lean: float) -> None:
    """Once a week: the wander moves, and a poor household may meet a shock (lost work, migration, a
    birth)."""
    child.wander = WANDER_KEEP * child.wander + WANDER_SD * math.sqrt(1 - WANDER_KEEP**2) * normal(
        child
    )
    child.shock -= child.shock * 7.0 / SHOCK_DAYS
    if happens(child, SHOCK_A_WEEK * (1.0 + lean) * math.exp(-0.6 * child.food)):
        child.shock = min(child.shock + 0.25 + 0.55 * uniform(child), 6.0)


@compiled
def stock(centre: Centre, today: Today) -> float:
    """Share of the therapeutic food that the centre has this month."""
    return _month_stock(centre.stock_seed, today.month_number)


@compiled
def _month_stock(stock_seed: Whole, month_number: Whole) -> float:
    """Share of the need that a centre has in a month: one month in seven runs short."""
    luck = mix(stock_seed + np.uint64(month_number) * _MONTH) >> np.uint64(40)
    share = luck / 16777216.0
    return 0.2 + 0.6 * share / 0.14 if share < 0.14 else 0.97


@compiled_whole
def months_in_stock(stock_seeds: np.ndarray, month_numbers: np.ndarray, shares: np.ndarray) -> None:
    """Fill `shares` with `_month_stock` of every centre (rows) in every month (columns)."""
    for i in range(len(stock_seeds)):
        for j in range(len(month_numbers)):
            shares[i, j] = _month_stock(stock_seeds[i], month_numbers[j])


@compiled
def _be_treated(child: Child, supply: float) -> None:
    """Treatment's gain today: a rate of the child's own, falling with the weeks, nothing while
    ill."""
    if child.programme < 0:
        child.boost -= child.boost / child.fade
        return
    days = child.day - child.admitted
    course = 0.3 + 0.7 * math.exp(-days / 26.0)
    room = min(max((-0.7 - child.whz) / 0.8, 0.0), 1.0)
    inpatient = 2.0 if child.programme >= NRC else 1.0
    well = 0.15 if child.ill_days > 0 else 1.0
    coming = 0.3 if child.absent_since >= 0 else 1.0
    child.boost += child.gain * course * room * inpatient * well * coming * supply


@compiled
def _maybe_die(child: Child, age: float) -> None:
    hazard = DEATH_A_DAY * (6.0 if age < 365 else 1.0)
    if child.whz < -3.0:
        hazard += (
            DEATH_A_DAY_SEVERE
            * math.exp(min(-3.0 - child.whz, 2.0))
            * (2.0 if child.ill_days > 0 else 1.0)
        )
    if happens(child, hazard):
        child.alive, child.present, child.left_on, child.left_reason = 0, 0, child.day, LEFT_DIED


@compiled
def live_a_day(child: Child, centre: Centre, today: Today) -> None:
    """The body's day: illness, season, shocks, treatment, and what they come to in true z."""
    child.day += 1
    age = child.day - child.birth
    _be_ill(child, age, today.sick)
    if (child.day + child.phase) % 7 == 0:
        _live_a_week(child, today.lean)
    _be_treated(child, stock(centre, today))
    child.whz = (
        child.setpoint
        + month_age_effect(age)
        - SEASON_SWING * child.lean_gain * today.lean
        + child.wander
        - child.shock
        - child.deficit
        + child.boost
    )
    child.whz = max(child.whz, -5.2)
    child.ill_share += ((1.0 if child.ill_days > 0 else 0.0) - child.ill_share) / 30.0
    if age < LAST_DAY_UNDER_FIVE:
        child.days += 1
        child.wasted_days += child.whz < -2.0
        child.severe_days += child.whz < -3.0
    _maybe_die(child, age)


@compiled
def course_of_treatment(child: Child) -> None:
    """On admission: how fast this child will gain (z a day) and how long the gain will last (days).

    Fast, slow and failing responders (OptiMA: four in five non-responders are slow). Young, stunted
    and poor children, and those often ill, respond worse; the same child responds alike in its next
    episode.
    """
    age = child.day - child.birth
    leaning = (
        child.response
        + 0.35 * child.food
        + 0.2 * (haz_now(child, age) + 1.7)
        - 1.2 * child.ill_share
        - (0.35 if age < 365 else 0.0)
        - 0.15 * child.episodes
        + 0.35 * normal(child)
    )
    if leaning > 0.25:
        child.gain = 0.056 + 0.014 * normal(child)
    elif leaning > -0.85:
        child.gain = 0.030 + 0.008 * normal(child)
    else:
        child.gain = 0.006 + 0.005 * normal(child)
    child.gain = max(child.gain, 0.0)


@compiled
def lasting_of_gain(child: Child, lean: float, relapse: float, set_point: float) -> None:
    """On leaving treatment: what of the gain stays, and the setback to come (deep in poor
    households, lean season).

    The dial `set_point` says how strongly the child is drawn back to where it stood before.
    """
    leaning = -0.45 * child.food - 0.20 * child.adherence + 0.35 * lean + 0.40 * normal(child)
    setback = min(relapse * SETBACK * math.exp(leaning), 6.0)
    lost = min(relapse * (1.0 - LASTS**set_point), 1.0) * child.boost
    child.setpoint += child.boost - lost
    child.boost = lost + setback
    child.shock += setback
    child.fade = FADE_DAYS * math.exp(0.3 * normal(child))
