"""Heights that cannot be believed: copied from month to month, or shorter than before.

Such a height makes a thin child look well, or hides a mistake of an earlier month: it is measured
again, and until then no WHZ on it answers SAM, calls a child well, or opens the way to a discharge.
"""

from __future__ import annotations

import numpy as np

from features.criteria import criteria
from features.who.growth import STANDING_FROM_DAYS
from features.who.standards import BY_AGE
from registry.contract.arrays import Codes, Days, Floats, Ints
from registry.contract.codes import HeightPosition
from registry.machine.numba_kernels import njit

BELIEVED, COPIED, SHRANK = np.int8(0), np.int8(1), np.int8(2)
STANDING_MORE_CM = 0.7
"""A child measured lying is so much longer than the same child standing (WHO, Child growth
standards 2006)."""
COPIED_GROWTH_CM = 2.5
"""The median child of the sex has grown so much while the written height did not change. Whole
centimetres (rounded by up to 0.5 at either end) and slow growth explain half of it. Ours. verified:
false."""
SHRUNK_CM = 1.0
ERROR_CM = 0.7
"""A child does not shrink: more than 1 cm beyond what two careful observers may differ by (WHO's
growth reference study allowed 0.7 cm). The 1 cm is ours. verified: false."""
LAST_DAY = criteria().last_day


@njit(cache=True, nogil=True, error_model="numpy")
def grown_cm(sex: int, young_days: int, old_days: int) -> float:
    """What the median child of the sex grows between two ages in days; 0 where the standards do not
    reach."""
    if sex < 0 or young_days < 0 or old_days < young_days or young_days > LAST_DAY:
        return 0.0
    return float(BY_AGE[sex, min(old_days, LAST_DAY), 4] - BY_AGE[sex, young_days, 4])


@njit(cache=True, nogil=True, error_model="numpy")
def doubts(
    offsets: Ints,
    sex: Codes,
    birth: Ints,
    day: Days,
    height_cm: Floats,
    position: Codes,
    out: Codes,
) -> None:
    """Fill `out` (int8 a row) with BELIEVED, COPIED or SHRANK of the height that each row stands
    on.

    Example. A girl is written down with 71.0 cm at 8, 9, 10 and 11 months; the median girl grows 4
    cm in that time: from the reading at 10 months on, the height is COPIED. A boy of 82.4 cm in
    March and 79.5 cm in April: SHRANK, until a second reading agrees with one of the two.
    """
    for i in range(len(offsets) - 1):
        doubt, first, tallest, before, before_on = BELIEVED, -1, np.nan, np.nan, 0
        for row in range(offsets[i], offsets[i + 1]):
            height = height_cm[row]
            if np.isnan(height):
                out[row] = doubt
                continue
            first = row if first < 0 or height_cm[first] != height else first
            lying = height + (
                STANDING_MORE_CM if _standing(position[row], day[row] - birth[i]) else 0.0
            )
            shrank = lying < tallest - SHRUNK_CM - ERROR_CM
            if shrank and _agree(
                before, lying, grown_cm(sex[i], before_on - birth[i], day[row] - birth[i])
            ):
                shrank, tallest = False, lying
            if grown_cm(sex[i], day[first] - birth[i], day[row] - birth[i]) >= COPIED_GROWTH_CM:
                doubt = COPIED
            else:
                doubt = SHRANK if shrank else BELIEVED
            if np.isnan(tallest) or (lying > tallest and not shrank):
                tallest = lying
            before, before_on, out[row] = lying, day[row], doubt


@njit(cache=True, nogil=True)
def _agree(before: float, lying: float, growth: float) -> bool:
    """Whether two heights in a row say the same of a child that grew so much; the same figure again
    may be a copy."""
    return lying != before and -ERROR_CM <= lying - before <= ERROR_CM + growth


@njit(cache=True, nogil=True)
def _standing(position: int, age_days: int) -> bool:
    """Whether a height was measured standing; where nobody said, as WHO asks for it at that age."""
    return position == HeightPosition.STANDING or (position < 0 and age_days >= STANDING_FROM_DAYS)
