"""Who the child is, and the season."""

from __future__ import annotations

import numpy as np

from features.clock import days_apart, year_angle
from features.trajectory.columns.missing_values import is_code
from features.trajectory.feature import Feature
from registry.contract.codes import Setting, Sex
from registry.machine.numba_kernels import njit

CHILD = (
    Feature("age_days", "days", "age", "age"),
    Feature("female", "0/1", "sex is female", "age"),
    Feature("birth_weight_kg", "kg", "weight at birth", "low_birth_weight"),
    Feature("setting_urban", "0/1", "the centre is urban", "family_and_centre"),
    Feature("setting_tribal", "0/1", "the centre is tribal", "family_and_centre"),
    Feature("season_sin", "", "season today (sine of the year)", "lean_season"),
    Feature("season_cos", "", "season today (cosine of the year)", "lean_season"),
    Feature("season_ahead_sin", "", "season 60 days ahead (sine)", "lean_season"),
    Feature("season_ahead_cos", "", "season 60 days ahead (cosine)", "lean_season"),
)


@njit(cache=True, nogil=True)
def child(
    today: int, birth_date: int, sex: int, birth_weight_kg: float, setting: int, season: float
) -> tuple[float, ...]:
    """The values of CHILD. `season`: 1, or NaN where the dates hang on a made-up epoch."""
    now, ahead = year_angle(today), year_angle(today + 60)
    return (
        days_apart(birth_date, today),
        is_code(sex, Sex.FEMALE),
        birth_weight_kg,
        is_code(setting, Setting.URBAN),
        is_code(setting, Setting.TRIBAL),
        np.sin(now) * season,
        np.cos(now) * season,
        np.sin(ahead) * season,
        np.cos(ahead) * season,
    )
