"""Whether a model's level (the mean of its risks) was fitted to the registry that it scores.

Taken to another place, a model's order holds better than its level: leave one country out, mean
risk over what was observed came out between 0.53 and 1.47. The level is one number, and some twenty
known outcomes mend the worst of it (`training.commands.recalibrate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.bundle import Bundle

ENOUGH_OUTCOMES = 20
"""So many known outcomes (discharges, stays, quarters; not rows) fit a level."""


def is_of(bundle: Bundle, registry_id: object) -> bool:
    """Whether the bundle was trained on this registry."""
    return bundle.facts.get("registry_id") == registry_id


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
