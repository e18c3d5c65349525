"""What the order of a list knows of a child beside what is told of it: illness now, the arm that holds, weight lost."""

from __future__ import annotations

import math

import numpy as np

from features.clock import Known, days_between
from features.trace import Trace

ILL_DAYS = 14
"""An older check says nothing of illness today: checks are twice a week in treatment. verified: false."""
ARM_HOLDS_DAYS = 63
"""As long as the pathway holds a finding (`care.protocol`, finding_holds_days). verified: false."""
LOSS_FROM_DAYS, LOSS_TO_DAYS = 14, 60
"""A loss is judged against the latest weight of so many days before the last: under two weeks it is mostly the scale's
and the day's. verified: false."""


def ill_at_newest_check(known: Known) -> np.ndarray:
    """Mask: each question's newest check, of the last `ILL_DAYS` days, found fever, diarrhoea or poor appetite.

    Example: fever at the check of 2 March 2026, none at that of 5 March: not ill on 6 March, ill on 4 March.
    """
    ends = known.checks.offsets[1:]
    checked, ill = ends > known.checks.offsets[:-1], np.zeros(len(ends), bool)
    newest = ends[checked] - 1
    signs = [known.checks[sign][newest] == 1.0 for sign in ("fever", "diarrhoea", "poor_appetite")]
    lately = days_between(known.checks["checked_on"][newest], known.day[checked]) < ILL_DAYS
    ill[checked] = np.logical_or.reduce(signs) & lately
    return ill


def urgency_facts(traced: Trace, question: int) -> dict[str, object]:
    """`newest_muac_mm`: the last arm of nine weeks, weighed since or not; `lost_share`: of weight, negative for a gain.

    Either is None where it is not known. Example: 6.0 kg on 1 March 2026, 5.2 kg on 29 March: `lost_share` 0.133.
    """
    growth, day = traced.growth, int(traced.day[question])
    rows = slice(int(growth.offsets[question]), int(growth.offsets[question + 1]))
    on, weights, arms = (growth[name][rows].tolist() for name in ("measured_on", "weight_kg", "muac_mm"))
    held = [arm for when, arm in zip(on, arms, strict=True) if not math.isnan(arm) and day - when < ARM_HOLDS_DAYS]
    weighed = [(when, kg) for when, kg in zip(on, weights, strict=True) if not math.isnan(kg)]
    return {"newest_muac_mm": int(held[-1]) if held else None, "lost_share": _lost_share(weighed)}


def _lost_share(weighed: list[tuple[int, float]]) -> float | None:
    """The share of weight lost since the latest weight of 14 to 60 days before the last; None without such a one."""
    if not weighed:
        return None
    last_on, last_kg = weighed[-1]
    before = [kg for when, kg in weighed if LOSS_FROM_DAYS <= last_on - when <= LOSS_TO_DAYS]
    return round(1 - last_kg / before[-1], 3) if before else None
