"""The catalogue: every feature that a model may use, in the order of the columns.

What a feature is called, means and stands for is declared beside the function that computes it, in
`features.trajectory.columns` (and `features.trajectory.context`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from features.trajectory.columns import lifetime, series
from features.trajectory.columns.child import CHILD
from features.trajectory.columns.food import ATTENDANCE, FOOD
from features.trajectory.columns.home_visits import HOME_VISITS
from features.trajectory.columns.illness import ILLNESS
from features.trajectory.columns.prospect import PROSPECT
from features.trajectory.columns.readings import READINGS
from features.trajectory.columns.seen import SEEN
from features.trajectory.columns.stay import STAY
from features.trajectory.columns.weight import WEIGHT
from features.trajectory.context import CENTRE, FAMILY
from features.trajectory.feature import Feature

CATALOGUE: tuple[Feature, ...] = (
    *CHILD,
    *STAY,
    *(feature for measure in series.MEASURES for feature in series.features_of(measure)),
    *lifetime.features_of("whz"),
    *lifetime.features_of("muac"),
    *lifetime.WAZ_FIRST,
    *WEIGHT,
    *READINGS,
    *PROSPECT,
    *SEEN,
    *HOME_VISITS,
    *ILLNESS,
    *FOOD,
    *ATTENDANCE,
    *FAMILY,
    *CENTRE,
)
"""All features in the order of the columns, in which `features.trajectory.kernel` writes them; the
context's last."""

NAMES: tuple[str, ...] = tuple(feature.name for feature in CATALOGUE)
CONTEXT_NAMES: tuple[str, ...] = tuple(feature.name for feature in (*FAMILY, *CENTRE))
REASON_OF: dict[str, str] = {feature.name: feature.reason for feature in CATALOGUE}

_ALWAYS_TOLD = ("relapse", "non_response")
"""The directions that the digest has told of every feature since the first bundle."""


def fingerprint(features: Iterable[Feature] = CATALOGUE) -> str:
    """A digest of the catalogue: a model trained on another one is refused. How a column's meaning
    is worded is not part of it; a column that is computed otherwise needs another name."""
    return hashlib.sha256(repr([_told(feature) for feature in features]).encode()).hexdigest()[:16]


def _told(feature: Feature) -> tuple[object, ...]:
    """All that a digest says of a feature; directions of other names only where there are any, so
    that a new target leaves the digest of a catalogue without them as it was."""
    always = (feature.direction(name) for name in _ALWAYS_TOLD)
    others = sorted(of for of in feature.directions.items() if of[0] not in _ALWAYS_TOLD)
    return (feature.name, feature.unit, feature.reason, *always, *others)
