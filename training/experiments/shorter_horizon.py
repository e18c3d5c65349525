"""A target over a shorter horizon, known to the program for the length of a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from models.targets import TARGETS, Target, declare
from training.cohorts.outcomes import OUTCOME_RULES


@contextmanager
def asked_within(target: Target, days: int | None) -> Iterator[Target]:
    """The target, or for the time being one like it over so many days, under a name of its own
    (`relapse_90_days`): landmarks before that day, and the label's end as much earlier.

    Time left is then learnt: the feature from which the forest starts counts to the contract's end.
    """
    if days is None:
        yield target
        return
    name = f"{target.name}_{days}_days"
    words = replace(
        target.report,
        question=f"{target.report.question} (here: within {days} days)",
        event=f"{target.report.event} (here: up to day {days})",
    )
    shorter = replace(
        target,
        name=name,
        horizon=days,
        landmarks=tuple(day for day in target.landmarks if day < days),
        label_days=target.label_days - target.horizon + days,
        offset=None,
        report=words,
        optional=True,
    )
    declare(shorter)
    OUTCOME_RULES[name] = OUTCOME_RULES[target.name]
    try:
        yield shorter
    finally:
        del TARGETS[name], OUTCOME_RULES[name]
