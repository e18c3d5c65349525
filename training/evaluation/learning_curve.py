"""The learning curve: AUC of the model by the number of training events.

Each point is the whole model fitted anew (forest, linear half and their blend chosen on held-out
children, with the settings that tuning chose for the bundle, the context of some children hidden as
in the training) on a share of the children that it learnt from (of very many rows those of children
drawn by lot); the last point is itself.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.context import Context
from models.bundle import Bundle
from training.cohorts.landmarks import Cohort
from training.evaluation.scored_rows import REHEARSAL, Judged, blocks_of, few_of, learnt_from
from training.fitting.examples import Examples, without_context
from training.fitting.fit import fit
from training.fitting.pipeline import examples
from training.fitting.plan import TrainingPlan
from training.fitting.visit_weights import weighed
from training.metrics.discrimination import auc

WORKERS = 2
SHARES = (1 / 8, 1 / 4, 1 / 2)
LEAST_EVENTS = 20
"""Children with the event that a share needs: with fewer there is nothing to choose a blend by."""
MOST_REPEATS = 2
MOST_ROWS = 4_500
"""A refit takes at most about so many rows: in a large registry all shares are smaller alike. One
that takes a sixth of them or less is drawn twice, since its draw matters most."""


@dataclass(frozen=True)
class Point:
    """`share` of the children learnt from; `events`: how many of them had the event (mean over the
    repeats); `auc`: the mean of `each`."""

    share: float
    events: float
    auc: float
    each: tuple[float, ...]


def learning_curve(
    clock: Clock, bundle: Bundle, judged: Judged, *, context: Context, learnt: Cohort | None = None
) -> list[Point]:
    """AUC on the judged rows by the number of events learnt from, the smallest share first.

    `bundle`: the one that said the judged risks (of a rehearsal, the rehearsal, which learnt from
    the earlier block); `learnt`: of `learnt_from`, where it is at hand.
    """
    rows = learnt_from(clock, bundle) if learnt is None else learnt
    if judged.block == REHEARSAL:
        rows = rows.take(np.flatnonzero(blocks_of(bundle, rows)[0]))
    rows = few_of(rows, rows=len(rows.index))
    matrix = as_of(clock, rows.child, rows.day, priors=bundle.priors, context=context)
    rows = weighed(rows, matrix)
    learning = examples(rows, matrix, np.ones(len(rows.child), bool))
    learning = replace(learning, rows=TrainingPlan.of_facts(bundle.facts).seen(learning.rows))
    smaller = min(1.0, MOST_ROWS / (max(SHARES) * max(len(learning.child), 1)))
    with ThreadPoolExecutor(WORKERS) as room:
        # The longest first; LightGBM and NumPy let go of the interpreter, so that two refits fill
        # two cores.
        largest_first = room.map(
            partial(_point, learning, bundle, judged), [share * smaller for share in SHARES[::-1]]
        )
        found = list(largest_first)[::-1]
    own = auc(judged.risk, judged.happened, judged.weight)
    return [point for point in found if point] + [Point(1.0, float(_cases(learning)), own, (own,))]


def _point(learning: Examples, bundle: Bundle, judged: Judged, share: float) -> Point | None:
    repeats = MOST_REPEATS if 6 * share * len(learning.child) <= MOST_ROWS else 1
    parts = [_some(learning, share, seed) for seed in range(repeats)]
    if min(map(_cases, parts)) < LEAST_EVENTS:
        return None
    each = tuple(_auc_of(part, bundle, judged, seed) for seed, part in enumerate(parts))
    return Point(
        share, float(np.mean([_cases(part) for part in parts])), float(np.mean(each)), each
    )


def _some(learning: Examples, share: float, seed: int) -> Examples:
    """The rows of a share of the children, drawn by the seed."""
    children = np.random.default_rng(seed).permutation(np.unique(learning.child))
    return learning.take(
        np.flatnonzero(np.isin(learning.child, children[: int(share * len(children))]))
    )


def _cases(learning: Examples) -> int:
    """Children with the event."""
    return len(np.unique(learning.child[learning.happened == 1]))


def _auc_of(part: Examples, bundle: Bundle, judged: Judged, seed: int) -> float:
    plan = TrainingPlan.of_facts(bundle.facts)
    fitted = fit(
        without_context(part, seed),
        target=plan.target(judged.rows.target),
        settings=bundle.facts.get("settings", {}),
        seed=seed,
        share=plan.share,
    )
    return auc(fitted.blended(judged.matrix), judged.happened, judged.weight)
