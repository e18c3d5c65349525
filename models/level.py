"""Whether a model's level (the mean of its risks) was fitted to the registry that it scores.

Taken to another place, a model's order holds better than its level: leave one country out, mean
risk over what was observed came out between 0.53 and 1.47. The level is one number, and some twenty
known outcomes mend the worst of it (`training.commands.recalibrate`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from features.age_bands import BANDS_MONTHS, band_names, band_of, cuts_days
from features.trajectory.catalogue import NAMES
from models.bundle import Bundle
from registry.contract.arrays import Floats
from registry.contract.codes import Setting

GIRLS, BOYS = "girls", "boys"
ENOUGH_OUTCOMES = 20
"""So many known outcomes (discharges, stays, quarters; not rows) fit a level."""


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


def is_of(bundle: Bundle, registry_id: object) -> bool:
    """Whether the bundle was trained on this registry."""
    return bundle.facts.get("registry_id") == registry_id


def ages_unknown(bundle: Bundle) -> list[tuple[int, int | None]]:
    """The age bands (from a month, to before another; None: without an end) in which too few
    children had the event for their level to be known, neighbours as one; none where that is so of
    every band, or where nobody looked."""
    few = [level["found"] == "few" for level in bundle.facts.get("age_levels", [])]
    bounds = [0, *BANDS_MONTHS, None]
    if not few or all(few):
        return []
    found: list[tuple[int, int | None]] = []
    for at in (at for at, one in enumerate(few) if one):
        since, to = bounds[at] or 0, bounds[at + 1]
        found = (
            [*found[:-1], (found[-1][0], to)]
            if found and found[-1][1] == since
            else [
                *found,
                (since, to),
            ]
        )
    return found


def groups_off(bundle: Bundle) -> list[dict[str, Any]]:
    """The groups (`by` sex, age or setting; `group`) whose observed over expected (`ratio`, 95 %
    interval `low` to `high`) was surely off when the bundle was trained, and whose level was not
    moved (`training.fitting.age_levels`)."""
    found: list[dict[str, Any]] = bundle.facts.get("groups_off", [])
    return found


def group_off(bundle: Bundle, rows: Floats) -> list[dict[str, Any] | None]:
    """Of each feature row (n, p) the group that was furthest off among those that the child is
    of; None where it is of none."""
    found: list[dict[str, Any] | None] = [None] * len(rows)
    off = sorted(groups_off(bundle), key=lambda one: abs(math.log(one["ratio"])))
    names = memberships(lambda name: rows[:, NAMES.index(name)]) if off else {}
    for one in off:
        for at in np.flatnonzero(names[one["by"]] == one["group"]).tolist():
            found[at] = one
    return found


def level_told(bundle: Bundle, registry_id: object, known: int | None) -> dict[str, Any] | None:
    """What is said of the level of a bundle that scores a registry; None where it was trained on
    it.

    `known`: outcomes known there (None where nobody counted), of the `needed`; `fitted_on` (ISO
    date) and `fitted_from` (outcomes): when and from how many the level was fitted to this very
    registry, None where it was not.
    """
    if is_of(bundle, registry_id):
        return None
    made: Mapping[str, Any] = bundle.facts.get("recalibrated") or {}
    here = made if made.get("registry_id") == registry_id else {}
    return {
        "known": known,
        "needed": ENOUGH_OUTCOMES,
        "fitted_on": here.get("on"),
        "fitted_from": here.get("outcomes"),
    }
