"""How far above the cut-offs a child will be on the last day that counts, projected at its present
level and velocity."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.clock import Day, days_apart
from features.trajectory.columns.missing_values import at_least
from features.trajectory.columns.recorded_rows import GrowthRows
from features.trajectory.columns.stay import FOLLOW_UP_DAYS
from features.trajectory.feature import Feature
from features.trajectory.smoother import VELOCITY_DAYS, Prior
from features.trajectory.windows import LAST, MONTH_DAYS, summary_of

WHZ_CUTS, MUAC_CUTS = (-2.0, -3.0), (125.0, 115.0)
"""What decides: in treatment the exit criteria, after it SAM's."""
STAY_DAYS = 84.0
"""The longest stay (12 weeks)."""

PROSPECT = (
    Feature(
        "whz_room",
        "SD",
        "WHZ above the exit's (after discharge SAM's) cut-off on the last day that counts, "
        "if it goes on so",
        "low_weight_for_height",
        {"relapse": -1, "non_response": -1},
    ),
    Feature("muac_room", "SD", "the same of MUAC", "low_muac", {"relapse": -1, "non_response": -1}),
    Feature(
        "least_room",
        "SD",
        "the lesser of the two",
        "low_weight_for_height",
        {"relapse": -1, "non_response": -1},
    ),
    Feature(
        "sam_last",
        "0/1",
        "SAM at the last judged reading",
        "low_weight_for_height",
        {"relapse": 1, "non_response": 1},
    ),
)


@njit(cache=True, nogil=True)
def prospect(
    begin: int,
    end: int,
    rows: GrowthRows,
    today: int,
    admitted: Day,
    closed: Day,
    whz: tuple[float, ...],
    muac: tuple[float, ...],
    whz_prior: Prior,
    muac_prior: Prior,
) -> tuple[float, ...]:
    """The values of PROSPECT: how far above the cut-offs the child is projected to be on the last
    day that counts (day 84 of a stay, day 183 after it), in standard deviations of the projected
    reading; and SAM at the last judged reading.

    `whz`, `muac`: what `features.trajectory.columns.series.series` found.
    """
    out = closed <= today
    days = at_least(
        FOLLOW_UP_DAYS - days_apart(closed, today)
        if out
        else STAY_DAYS - days_apart(admitted, today),
        1.0,
    )
    at = 1 if out else 0
    of_whz, of_muac = (
        _room(whz, days, WHZ_CUTS[at], whz_prior),
        _room(muac, days, MUAC_CUTS[at], muac_prior),
    )
    least = of_muac if np.isnan(of_whz) or of_muac < of_whz else of_whz
    sam = summary_of(begin, end, rows.measured_on, rows.sam, today - 179, today)[LAST]
    return of_whz, of_muac, least, sam


@njit(cache=True, nogil=True)
def _room(found: tuple[float, ...], days: float, cut: float, prior: Prior) -> float:
    """Standard deviations above a cut-off, so many days on. `found`: the values of a series."""
    _, _, noise, drift, _ = prior
    level, level_sd, velocity = found[2], found[3], found[4] / MONTH_DAYS
    reach = VELOCITY_DAYS * (1.0 - np.exp(-days / VELOCITY_DAYS))
    spread = np.sqrt(level_sd * level_sd + drift * days + noise)
    return float((level + reach * velocity - cut) / spread)
