"""What a model predicts, as plain values: a bundle keeps the definition of its target, and is
refused where this program asks another question under the same name."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from typing import Any

from features.criteria import criteria
from models import targets
from models.targets import TARGETS
from registry.contract.tables import SPECS

PACKAGE = "sanket"
OF_OUTCOMES = (
    "FAILED_DISCHARGE_BEFORE",
    "VERIFIED_WITHIN",
    "CONFIRMED_WITHIN",
    "FOLLOWED_FROM",
    "UNTREATED_DAYS",
    "ONSET_AGES",
    "ONSET_FOLLOWED_FROM",
)
"""The days of `models.targets` by which an outcome is judged."""


def definition(target: str) -> dict[str, Any]:
    """Of whom, on which days, over how long, and by which days and cut-offs an event is judged, as
    JSON values; of a target that nobody declared, its name alone.

    Words, bounds of checks and ways of fitting are not part of it: they may change under a bundle.
    """
    if target not in TARGETS:
        return {"target": target}
    of = TARGETS[target]
    return {
        "target": target,
        "asked": of.asked.name.lower(),
        "landmarks_days": list(of.landmarks),
        "horizon_days": of.horizon,
        "label_days": of.label_days,
        "oldest_age_days": of.oldest_age_days,
        "outcome_days": {
            name.lower(): list(days) if isinstance(days, tuple) else days
            for name, days in ((name, getattr(targets, name)) for name in OF_OUTCOMES)
        },
        "criteria": criteria()._asdict(),
    }


def made_with() -> dict[str, str]:
    """The registry contract's digest and this package's version: kept in a bundle, and no reason to
    refuse one."""
    return {"contract": contract_digest(), "package": package_version()}


@cache
def contract_digest() -> str:
    """A digest of the contract's tables: columns, units, codes, bounds and keys; 16 hex digits."""
    return hashlib.sha256(repr(sorted(SPECS.items())).encode()).hexdigest()[:16]


@cache
def package_version() -> str:
    """The version of this package; "not installed" where its code was copied."""
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        return "not installed"
