"""Whether a model's level (the mean of its risks) was fitted to the registry that it scores.

Taken to another place, a model's order holds better than its level: leave one country out, mean
risk over what was observed came out between 0.53 and 1.47. The level is one number, and some twenty
known outcomes mend the worst of it (`training.commands.recalibrate`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from features.age_bands import BANDS_MONTHS
from features.trajectory.catalogue import NAMES
from models.bundle import Bundle
from models.groups import memberships
from registry.contract.arrays import Floats

ENOUGH_OUTCOMES = 20
"""So many known outcomes (discharges, stays, quarters; not rows) fit a level."""


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
    moved (`training.fitting.group_levels`)."""
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
