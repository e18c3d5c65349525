"""The way in to the features: a child's trajectory as of a day, one row for each (child, day), from
what was known by then.

The same function serves training, the batch and the API; a question alone gives the same bits as in
a crowd.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from features.clock import Clock
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from features.trajectory.kernel import rows
from features.trajectory.smoother import Prior
from features.trajectory.trace import Trace, trace
from registry.contract.arrays import Days, Floats

PIECE = 50_000
"""Questions answered together: bounds memory, changes nothing."""


def as_of(
    clock: Clock,
    child: Days,
    day: Days,
    *,
    priors: Mapping[str, Prior],
    context: Context | None = None,
) -> Floats:
    """The feature matrix of each child (position in the registry) on its day (day number): float64
    (n, len(NAMES)), NaN where missing, columns as in `features.trajectory.catalogue`; behind them
    those of tables of one's own, where the registry has any (`Registry.beside`).

    `priors`: what the smoother takes as usual (`features.trajectory.smoother.DEFAULT_PRIORS`, or
    those estimated in the training window, which a bundle holds). `context`: the registry's
    families and centres, or None to leave those columns missing.

    Example: a girl's row of 2026-03-04, whose weight of 2026-03-02 was entered on 2026-03-05, has
    the weight before it as its last:
    `as_of(Clock(registry), np.array([0]), np.array([day_number("2026-03-04")]),
    priors=DEFAULT_PRIORS)`.
    """
    pieces = [
        matrix for _, matrix in as_of_traced(clock, child, day, priors=priors, context=context)
    ]
    return np.concatenate(pieces) if pieces else np.empty((0, len(NAMES)))


def as_of_traced(
    clock: Clock,
    child: Days,
    day: Days,
    *,
    priors: Mapping[str, Prior],
    context: Context | None = None,
) -> Iterator[tuple[Trace, Floats]]:
    """`as_of` piece by piece, each with the trace that it comes from."""
    for begin in range(0, len(child), PIECE):
        known = clock.known_by(child[begin : begin + PIECE], day[begin : begin + PIECE])
        traced = trace(clock, known, priors=priors)
        matrix = rows(traced, context.columns(known) if context else None)
        if clock.registry.beside:
            matrix = np.concatenate([matrix, clock.own_columns(known)], axis=1)
        yield traced, matrix
