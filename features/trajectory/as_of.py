"""A child's trajectory as of a day: one feature row for each question, from what was known by then.

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
    """The feature matrix (n, len(NAMES)) of each child (position in the registry) on its day (day
    number).

    float64, NaN where missing, columns as in `features.trajectory.catalogue`. `context`: the
    registry's families and centres, or None to leave those columns missing.
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
        yield traced, rows(traced, context.columns(known) if context else None)
