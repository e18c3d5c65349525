"""The stay in question, and the stays before it."""

from __future__ import annotations

import numpy as np

from features.clock import days_apart
from features.episodes import Stays
from features.trajectory.columns.missing_values import at_least, is_code
from features.trajectory.feature import Feature
from registry.contract.codes import AppetiteTest, Programme
from registry.machine.numba_kernels import njit

FOLLOW_UP_DAYS = 183.0
"""How long after discharge a relapse counts (the registry contract): the less is left, the less can
happen."""

STAY = (
    Feature(
        "days_in_treatment",
        "days",
        "days from admission to today or to discharge",
        "length_of_stay",
    ),
    Feature("days_since_discharge", "days", "days since discharge", "early_in_recovery"),
    Feature(
        "follow_up_left", "log", "logarithm of share left of the 183 days", "early_in_recovery"
    ),
    Feature("centre_is_vcdc", "0/1", "treated in a VCDC", "family_and_centre"),
    Feature(
        "appetite_failed",
        "0/1",
        "appetite test failed at admission",
        "poor_appetite",
        {"non_response": 1},
    ),
    Feature(
        "complications", "0/1", "medical complication at admission", "illness", {"non_response": 1}
    ),
    Feature(
        "stays_before",
        "count",
        "stays in any programme before this one",
        "earlier_episodes",
        {"relapse": 1, "non_response": 1},
    ),
    Feature(
        "cured_before",
        "count",
        "earlier stays that ended as cured",
        "earlier_episodes",
        {"relapse": 1},
    ),
    Feature("defaulted_before", "count", "earlier stays that ended in default", "earlier_episodes"),
    Feature("facility_before", "count", "earlier stays in an NRC or CTC", "earlier_episodes"),
    Feature(
        "days_between_stays",
        "days",
        "days from the last close to this admission",
        "earlier_episodes",
    ),
)


@njit(cache=True, nogil=True)
def stay(i: int, today: int, of: Stays) -> tuple[float, ...]:
    """The values of STAY."""
    days_out = days_apart(of.closed_on[i], today)
    left = np.log((1.0 + at_least(FOLLOW_UP_DAYS - days_out, 0.0)) / (1.0 + FOLLOW_UP_DAYS))
    return (
        days_apart(of.admitted_on[i], min(today, of.closed_on[i])),
        days_out,
        left,
        is_code(of.programme[i], Programme.VCDC),
        is_code(of.appetite_test[i], AppetiteTest.FAIL),
        of.complications[i],
        of.before[i],
        of.cured_before[i],
        of.defaulted_before[i],
        of.facility_before[i],
        days_apart(of.previous_closed_on[i], of.admitted_on[i]),
    )
