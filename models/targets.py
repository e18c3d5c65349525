"""The targets: what is predicted, of whom, counted from which day, and in which words.

Everything that tells one target from another stands here, in one `Target`; the code elsewhere asks
it and never its name. What became of an index is found in `training.cohorts.outcomes`, which
registers one rule a target (a model does not need outcomes to be scored). Source: the registry
contract, "Three targets, defined from these tables alone"; days are whole days.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from features.criteria import criteria
from models.expected_events import non_response_share, onset_share, relapse_share

HAPPENED, DID_NOT_HAPPEN, CENSORED = 1, 0, -1
OUTCOME_WORDS = {HAPPENED: "happened", DID_NOT_HAPPEN: "did_not_happen", CENSORED: "censored"}


class Asked(IntEnum):
    """Of which children a target's question is asked, and from which day its time at risk
    counts."""

    IN_TREATMENT = 0
    """A child in a development centre, from its admission."""
    AFTER_CURE = 1
    """A child discharged as cured, from its discharge."""
    UNTREATED = 2
    """A child whom nobody treats and who is not SAM, from the day itself."""


@dataclass(frozen=True)
class ReportWords:
    """What the report and the model card say of a target, in English: `index` (one), `index_places`
    and `indexes` (many), `since` (`days since ...`), `event`, and what `happened` (`of them
    relapsed`), `came` (`predictions ... were followed by a relapse`), `came_one`."""

    question: str
    index: str
    index_places: str
    indexes: str
    since: str
    event: str
    happened: str
    came: str
    came_one: str


@dataclass(frozen=True)
class Early:
    """Which rows of a target are early ones: those with at most `until` of a feature, or without
    it."""

    column: str
    until: float


@dataclass(frozen=True)
class Target:
    """One target: predictions are made on `landmarks` days after the index; the event is one within
    `horizon` days of the index.

    `label_days`: how long after the index a label can still use what is recorded; a training row
    needs all of it to lie before the split. `directions`: which of the catalogue's directions of
    physiology constrain both halves of a model. `words`: by language, the same keys in each (see
    `models/targets.toml`). Bounds of the checks: `most_auc` (RISK009, only landmarks before
    `most_auc_before_day`, where it is given) and `most_column_auc` (RISK008).
    """

    name: str
    asked: Asked
    landmarks: tuple[int, ...]
    horizon: int
    label_days: int
    directions: str
    words: Mapping[str, Mapping[str, str]]
    report: ReportWords
    month_share: Callable[[float], float]
    """Share of what remains of a risk that falls into the next 30 days, by days since the index."""
    oldest_age_days: int = criteria().last_day
    """A child older than this on the day is not asked about."""
    offset: str | None = None
    """The feature (already a logarithm) that the forest starts from instead of learning it: time
    left for a hazard."""
    forest_settings: Mapping[str, object] = field(default_factory=dict)
    """What the forest's settings are besides the base ones of `training.fitting.fit`."""
    forests: int = 3
    """How many forests that differ by their draws alone are the forest: where events are few,
    chance moves the mean less than it moves one."""
    early: Early | None = None
    """The rows that have trees of their own, and alone the donor's beside them
    (`training.fitting.own_forest`); None: all rows are alike."""
    single_orders: tuple[str, ...] = ("WHZ", "MUAC")
    """Single measurements that the model must order children better than."""
    most_auc: float = 0.95
    most_auc_before_day: int | None = None
    most_column_auc: float = 0.97
    taught_by: str | None = None
    """The target whose events, seen over this one's horizon, teach it too
    (`training.fitting.transfer`)."""
    indexes_repeat: bool = False
    """Nearly every child has many indexes, all over time: the later block is then of children set
    aside by lot, and priors come from the whole population."""
    moot_in_state: str | None = None
    """The pathway's state in which the event has already come, so that its risk is not told."""
    section: str = "risk"
    """The section of the visit list for a child whom only this target's risk lists
    (`models.visits.visit_order`): `risk`, or `prevention`."""
    optional: bool = False
    """Where it cannot be learnt (too few events) the others are given without it, and a service
    without its champion lacks nothing."""


_WORDS_FILE = Path(__file__).with_name("targets.toml")


@cache
def _words() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(_WORDS_FILE.read_text(encoding="utf-8"))


def _told(name: str) -> dict[str, Any]:
    """The words of one of our targets, as fields of `Target`."""
    words = {language: MappingProxyType(of) for language, of in _words()[name].items()}
    return {"report": ReportWords(**words.pop("report")), "words": MappingProxyType(words)}


FAILED_DISCHARGE_BEFORE = 14
VERIFIED_WITHIN = 7
CONFIRMED_WITHIN = 63
FOLLOWED_FROM = 148
"""Relapse: an event counts from day 14; a cure is verified by a valid non-SAM reading within 7
days; a SAM reading is confirmed by the next one that answers it within 63 days; a valid reading on
day 148 or later follows to the end."""
UNTREATED_DAYS = 183
ONSET_AGES = (28, 1735)
ONSET_FOLLOWED_FROM = 56
"""Onset: out of every programme and without confirmed SAM for so many days; ages in days, so that
day 91 still lies under 1,827; a valid reading on day 56 or later follows to the end."""

RELAPSE = Target(
    name="relapse",
    asked=Asked.AFTER_CURE,
    landmarks=(0, 28, 56, 84, 112, 140, 168),
    horizon=183,
    label_days=183 + CONFIRMED_WITHIN,
    directions="relapse",
    month_share=relapse_share,
    offset="follow_up_left",
    # Relapses are few: thresholds drawn by lot, instead of the best of many, follow chance less.
    # For non-response nothing was gained by it. (`benchmarks/truth.py`: `auc_truth`, simulated and
    # real recurrence alike.)
    forest_settings=MappingProxyType({"extra_trees": True}),
    most_auc=0.90,
    most_column_auc=0.88,
    moot_in_state="sam_again",
    taught_by="onset",
    # Half way between the landmarks of 56 and 84 days. (`benchmarks/early.py`)
    early=Early("days_since_discharge", 70.0),
    **_told("relapse"),
)
NON_RESPONSE = Target(
    name="non_response",
    asked=Asked.IN_TREATMENT,
    landmarks=(0, 7, 14, 21, 28, 42, 56),
    horizon=91,
    label_days=91,
    directions="non_response",
    month_share=non_response_share,
    single_orders=("WHZ", "MUAC", "no gain"),
    most_auc=0.95,
    # From the fourth week on, weekly weighing can honestly foresee it.
    most_auc_before_day=28,
    most_column_auc=0.97,
    **_told("non_response"),
)
ONSET = Target(
    name="onset",
    asked=Asked.UNTREATED,
    landmarks=(0,),
    horizon=91,
    label_days=91 + CONFIRMED_WITHIN,
    directions="relapse",
    month_share=onset_share,
    oldest_age_days=ONSET_AGES[1],
    # Most children are far from danger: over all of them the last WHZ alone has some 0.95.
    most_auc=0.995,
    most_column_auc=0.99,
    indexes_repeat=True,
    # Events enough for one forest.
    forests=1,
    section="prevention",
    optional=True,
    **_told("onset"),
)

TARGETS: dict[str, Target] = {}
"""Every declared target, by name, in the order in which they are told."""


def declare(target: Target) -> Target:
    """Make a target known to training, scoring, the API and the pages; its outcome rule is
    registered in `training.cohorts.outcomes`. Raises ValueError where the name is taken."""
    if TARGETS.setdefault(target.name, target) is not target:
        raise ValueError(f"there is a target {target.name} already")
    return target


for _target in (RELAPSE, NON_RESPONSE, ONSET):
    declare(_target)
