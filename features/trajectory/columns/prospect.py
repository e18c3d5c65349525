"""How far above the cut-offs a child will be on the last day that counts, projected at its present
level and velocity."""

from __future__ import annotations

import numpy as np

from features.clock import Day, days_apart
from features.trajectory.columns.missing_values import at_least
from features.trajectory.columns.recorded_rows import GrowthRows
from features.trajectory.columns.stay import FOLLOW_UP_DAYS
from features.trajectory.feature import Feature
from features.trajectory.smoother import Prior, Readings, advanced, growth_time, last_noise
from features.trajectory.windows import LAST, MONTH_DAYS, summary_of
from registry.machine.numba_kernels import njit

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
    birth_date: Day,
    of_whz: Readings,
    of_muac: Readings,
    whz_prior: Prior,
    muac_prior: Prior,
) -> tuple[float, ...]:
    """The values of PROSPECT: how far above the cut-offs the child is projected to be on the last
    day that counts (day 84 of a stay, day 183 after it), in standard deviations of the projected
    reading; and SAM at the last judged reading.

    `whz`, `muac`: what `features.trajectory.columns.series.series` found; `of_whz`, `of_muac`:
    what the smoother takes.
    """
    out = closed <= today
    days = at_least(
        FOLLOW_UP_DAYS - days_apart(closed, today)
        if out
        else STAY_DAYS - days_apart(admitted, today),
        1.0,
    )
    at = 1 if out else 0
    grown = growth_time(today + days, birth_date) - growth_time(float(today), birth_date)
    whz_noise = last_noise(begin, end, of_whz, whz_prior)
    muac_noise = last_noise(begin, end, of_muac, muac_prior)
    whz_room = _room(whz, days, grown, WHZ_CUTS[at], whz_noise, whz_prior)
    muac_room = _room(muac, days, grown, MUAC_CUTS[at], muac_noise, muac_prior)
    least = muac_room if np.isnan(whz_room) or muac_room < whz_room else whz_room
    sam = summary_of(begin, end, rows.measured_on, rows.sam, today - 179, today)[LAST]
    return whz_room, muac_room, least, sam


@njit(cache=True, nogil=True)
def _room(
    found: tuple[float, ...], days: float, grown: float, cut: float, noise: float, prior: Prior
) -> float:
    """Standard deviations above a cut-off, so many days (and days of growth time) on. `found`: the
    values of a series; `noise`: variance of a reading's error."""
    level, level_sd, velocity = found[2], found[3], found[4] / MONTH_DAYS
    ahead = advanced((level, velocity, level_sd * level_sd, 0.0, 0.0), days, grown, prior)
    return float((ahead[0] - cut) / np.sqrt(ahead[2] + noise))
