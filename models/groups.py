"""Groups of children of whom a model's level is asked: sex, age band, setting of the centre."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features.age_bands import BANDS_MONTHS, band_names, band_of, cuts_days
from registry.contract.arrays import Floats
from registry.contract.codes import Setting

GIRLS, BOYS = "girls", "boys"


def age_groups(age_days: np.ndarray, months: tuple[int, ...] = BANDS_MONTHS) -> np.ndarray:
    """The age band of each age (object array, "" where unknown), parted at these months.

    Example: parted at 12 and 24, 500 days are `12 to 23 months`.
    """
    names = np.array([*band_names(months), ""], object)
    found: np.ndarray = names[band_of(age_days, cuts_days(months))]
    return found


def memberships(
    column: Callable[[str], Floats], age_bands: tuple[int, ...] = BANDS_MONTHS
) -> dict[str, np.ndarray]:
    """Group names (object arrays of length n, "" where unknown) by what they group; `column`: a
    feature's values (n,) by its name; `age_bands`: months at which age groups part."""
    female, age = column("female"), column("age_days")
    urban, tribal = column("setting_urban"), column("setting_tribal")
    setting = np.select(
        [urban == 1, tribal == 1, urban == 0],
        [Setting.URBAN.text, Setting.TRIBAL.text, Setting.RURAL.text],
        "",
    )
    return {
        "sex": np.select([female == 1, female == 0], [GIRLS, BOYS], ""),
        "age": age_groups(age, age_bands),
        "setting": setting,
    }
