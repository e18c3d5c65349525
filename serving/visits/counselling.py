"""What to say to a family: two lines for each reason that a page shows to raise a risk, from public
guidance with its source (`serving/visits/counselling.toml`). Never a dose, never a treatment."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from models.visits.listed_child import Candidate
from models.visits.ranking import IN_TREATMENT
from serving.language.words import Words

INFANT, INFANT_UNTIL_MONTHS = "infant", 6
"""Until when a child has breast milk alone (WHO: exclusive breastfeeding for six months).
verified: false."""
INSTEAD_FOR_INFANTS = frozenset({"feeding", "appetite", "therapeutic_food", "attendance"})
"""Topics that speak of food: not for an infant, nor where the age is not known."""


@dataclass(frozen=True)
class CounsellingTopic:
    """Two lines to say, and whose guidance they follow."""

    lines: tuple[str, str]
    source: str


def counselling(
    child: Candidate, shown: Iterable[str], words: Words
) -> tuple[CounsellingTopic, ...]:
    """The topics of the reasons shown (keys), in their order, each once. Empty of a child in
    danger: that one is brought to be seen, and nothing is said in its place."""
    if child.danger:
        return ()
    topics = dict.fromkeys(topic for key in shown if (topic := _fitting(topic_of(key), child)))
    return tuple(
        CounsellingTopic(
            (words("counsel", topic, "first"), words("counsel", topic, "second")),
            words("counsel", "sources", catalogue()[topic]["source"]),
        )
        for topic in topics
    )


def topic_of(reason: str) -> str | None:
    """The topic that answers a reason; None where there is nothing to say."""
    found = (name for name, topic in catalogue().items() if reason in topic["reasons"])
    return next(found, None)


def _fitting(topic: str | None, child: Candidate) -> str | None:
    """The topic as state and age bear it: the centre's special food only in treatment, what comes
    after it only out of it; an infant's own; none of food where the age is not known."""
    in_treatment = child.state in IN_TREATMENT
    if topic == "therapeutic_food" and not in_treatment:
        topic = "feeding"
    if topic == "after_treatment" and in_treatment:
        topic = "weighing"
    if topic not in INSTEAD_FOR_INFANTS:
        return topic
    if child.age_months is None:
        return None
    return INFANT if child.age_months < INFANT_UNTIL_MONTHS else topic


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """The topics by name, each with its reasons, its source and whether we read it."""
    path = Path(__file__).with_suffix(".toml")
    topics: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["topics"]
    return topics
