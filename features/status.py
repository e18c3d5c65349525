"""A measurement's nutrition status: SAM, MAM, underweight, stunting, and which criterion said so.

Every answer is 1 yes, 0 no or -1 cannot say; unknown is never "no". Cut-offs:
`features/criteria.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from features.criteria import Criteria, criteria
from features.who.growth import round_z
from registry.contract.arrays import AnyArray, Codes, Floats, Texts
from registry.machine.numba_kernels import njit

YES, NO, CANNOT_SAY = np.int8(1), np.int8(0), np.int8(-1)

FLAGS = (
    "sam_by_whz",
    "sam_by_muac",
    "sam_by_oedema",
    "sam",
    "mam_by_whz",
    "mam_by_muac",
    "mam",
    "suw",
    "muw",
    "severe_stunting",
    "moderate_stunting",
    "stale",
    "too_old",
)
"""The int8 answers of `classify`, in the order of the kernel's rows."""

WASTING = ("SAM", "MAM", "normal", "cannot_say", "not_classifiable")
"""`nutrition_status` in words; `not_classifiable`: older than 1,826 days, where WHO defines no SAM.
"""

COLOUR = ("green", "yellow", "red")
"""ICDS's colours for weight for age: normal, moderately and severely underweight."""


@njit(cache=True, nogil=True, error_model="numpy")
def below(z: float, low: float, high: float, cut: float) -> int:
    """Is this z, rounded to two decimals, under the cut-off? An implausible z (under low, over
    high) cannot say."""
    z = round_z(z)
    if not (low <= z <= high):
        return -1
    return 1 if z < cut else 0


@njit(cache=True, nogil=True, error_model="numpy")
def muac_below(age_days: float, muac_mm: float, cut: float, c: Criteria) -> int:
    """Is MUAC under the cut-off? Under 183 days, with age unknown, or with an impossible MUAC:
    cannot say."""
    if not (c.muac_from_days <= age_days and c.least_muac_mm <= muac_mm <= c.most_muac_mm):
        return -1
    return 1 if muac_mm < cut else 0


@njit(cache=True, nogil=True, error_model="numpy")
def height_is_stale(age_days: float, height_age_days: float, c: Criteria) -> bool:
    """Is the height too old to judge a weight by? At most 60 days old under 24 months, else (or age
    unknown) 90.

    Example: a height of 2026-01-10 with a weight of 2026-03-15 (64 days on) is stale at 14 months,
    not at 30.
    """
    young = age_days <= c.young_until_days
    return height_age_days > (c.young_height_holds_days if young else c.height_holds_days)


@njit(cache=True, nogil=True, error_model="numpy")
def moderate(severe: int, under: int) -> int:
    """Under the moderate cut-off and not under the severe one, where both can be said."""
    return -1 if under < 0 else (1 if under == 1 and severe == 0 else 0)


@njit(cache=True, nogil=True, error_model="numpy")
def wasting(
    age_days: float, whz: float, muac_mm: float, oedema: float, stale: bool, c: Criteria
) -> tuple[int, int, int, int, int, int, int]:
    """(sam_by_whz, sam_by_muac, sam_by_oedema, sam, mam_by_whz, mam_by_muac, mam) of one
    measurement.

    SAM is "no" only where a plausible WHZ of a height that is not stale says no and nothing says
    yes: a MUAC that is not low never stands in for WHZ. MAM by MUAC alone is said, with SAM left
    open.
    """
    by_whz = under_whz = -1
    if not stale:
        by_whz = below(whz, c.whz_low, c.whz_high, c.severe_z_below)
        under_whz = below(whz, c.whz_low, c.whz_high, c.moderate_z_below)
    by_muac = muac_below(age_days, muac_mm, c.severe_muac_below_mm, c)
    under_muac = muac_below(age_days, muac_mm, c.moderate_muac_below_mm, c)
    by_oedema = -1 if np.isnan(oedema) else (1 if oedema >= c.oedema_from_grade else 0)
    sam = 1 if by_whz == 1 or by_muac == 1 or by_oedema == 1 else by_whz
    mam_by_whz, mam_by_muac = moderate(by_whz, under_whz), moderate(by_muac, under_muac)
    mam = 0 if sam == 1 else (1 if mam_by_whz == 1 or mam_by_muac == 1 else mam_by_whz)
    return by_whz, by_muac, by_oedema, sam, mam_by_whz, mam_by_muac, mam


@njit(cache=True, nogil=True, error_model="numpy")
def _classify(
    age_days: Floats,
    waz: Floats,
    haz: Floats,
    whz: Floats,
    muac_mm: Floats,
    oedema: Floats,
    height_age_days: Floats,
    c: Criteria,
    flags: Codes,
) -> None:
    """Fill flags (13, n) in the order of FLAGS."""
    for i in range(len(whz)):
        stale = height_is_stale(age_days[i], height_age_days[i], c)
        too_old = age_days[i] >= c.last_day + 0.25
        flags[:7, i] = -1
        if not too_old:
            answers = wasting(age_days[i], whz[i], muac_mm[i], oedema[i], stale, c)
            for k in range(7):
                flags[k, i] = answers[k]
        suw = below(waz[i], c.waz_low, c.waz_high, c.severe_z_below)
        short = below(haz[i], c.haz_low, c.haz_high, c.severe_z_below)
        flags[7, i] = suw
        flags[8, i] = moderate(suw, below(waz[i], c.waz_low, c.waz_high, c.moderate_z_below))
        flags[9, i] = short
        flags[10, i] = moderate(short, below(haz[i], c.haz_low, c.haz_high, c.moderate_z_below))
        flags[11, i], flags[12, i] = stale, too_old


def classify(
    *,
    age_days: ArrayLike,
    waz: ArrayLike,
    haz: ArrayLike,
    whz: ArrayLike,
    muac_mm: ArrayLike,
    oedema: ArrayLike,
    height_age_days: ArrayLike | None = None,
) -> dict[str, AnyArray]:
    """The status of n measurements: int8 (n,) by the names in FLAGS, and `valid` (bool): it can be
    judged for SAM.

    z unrounded as `features.who.growth.zscores` gives them, age in days (NaN unknown), MUAC in mm,
    oedema NaN or 0 to 3, `height_age_days` the days since the height was measured (0 where left
    out; a height carried forward for longer than it holds makes WHZ stale: it says neither SAM nor
    well). Underweight and stunting are judged wherever their z is plausible; with WHO 2007's z also
    above five years.
    """
    age, of_waz, of_haz, of_whz, muac, swollen = (
        np.asarray(column, np.float64) for column in (age_days, waz, haz, whz, muac_mm, oedema)
    )
    held = np.zeros(len(age))
    if height_age_days is not None:
        held = np.asarray(height_age_days, np.float64)
    flags = np.empty((len(FLAGS), len(age)), np.int8)
    _classify(age, of_waz, of_haz, of_whz, muac, swollen, held, criteria(), flags)
    answer: dict[str, AnyArray] = dict(zip(FLAGS, flags, strict=True))
    answer["valid"] = answer["sam"] != CANNOT_SAY
    return answer


def nutrition_status(status: Mapping[str, AnyArray]) -> Codes:
    """Positions (int8) in WASTING, one a measurement."""
    choices = [
        status["too_old"] == YES,
        status["sam"] == YES,
        status["mam"] == YES,
        status["sam"] == NO,
    ]
    return np.select(choices, [4, 0, 1, 2], 3).astype(np.int8)


CRITERION = (
    "",
    "whz",
    "muac",
    "whz+muac",
    "oedema",
    "whz+oedema",
    "muac+oedema",
    "whz+muac+oedema",
)


def criterion_codes(status: Mapping[str, AnyArray]) -> Codes:
    """Which criteria fired for SAM, or else for MAM: positions (int8) in CRITERION, 0 where none
    did."""
    severe = status["sam"] == YES
    by_whz, by_muac = (
        np.where(severe, status[f"sam_by_{name}"], status[f"mam_by_{name}"])
        for name in ("whz", "muac")
    )
    fired: AnyArray = (by_whz == YES) + 2 * (by_muac == YES) + 4 * (status["sam_by_oedema"] == YES)
    return fired.astype(np.int8)


def criterion(status: Mapping[str, AnyArray]) -> Texts:
    """Which criteria fired, as text (n,): `whz`, `muac`, `oedema`, several joined by `+`, or
    empty."""
    return np.array(CRITERION, object)[criterion_codes(status)]


def colour(status: Mapping[str, AnyArray]) -> Codes:
    """ICDS's colour by weight for age: positions (int8) in COLOUR, -1 where it cannot be said."""
    under = 2 * (status["suw"] == YES) + (status["muw"] == YES)
    return np.where(status["suw"] == CANNOT_SAY, -1, under).astype(np.int8)
