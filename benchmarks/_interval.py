"""Whether the interval of a risk is one: the share of fresh models, taught on children drawn anew,
whose risk lies inside it. Asked for: 85 to 95 of 100.

A fresh model chooses everything anew (number of trees, penalty, blend, calibration, levels by age)
on as many children, drawn with replacement. Simulated children: each target learnt as `sanket
train` learns it, risks of the landmarks after the split. Real ones (SPOON's screenings, no
treatment among them): wasting again and for the first time, risks of a third of the children who
taught neither the model nor the fresh ones.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.smoother import spoon_store
from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.bundle import Calibrator
from models.targets import Target
from registry.contract.arrays import Floats
from training.cohorts.well_visits import QUESTIONS, WastingQuestion, well_visits
from training.commands.train import load_registry
from training.fitting.calibrate import leveled, with_interval
from training.fitting.examples import Examples, without_context
from training.fitting.fit import Fitted, fit, folds
from training.fitting.pipeline import Learned
from training.fitting.transfer import Donor, donor_of
from training.fitting.uncertainty import drawn_children
from training.priors.priors import estimate_priors

AGE = NAMES.index("age_days")
PARTS = 3
"""Into how many parts the real children are cut; each is asked about once."""


def fresh(
    learning: Examples, rows: Floats, *, target: Target, donor: Donor | None, seed: int
) -> Floats:
    """Calibrated log-odds (n,) of the rows by a model of children drawn with replacement, all
    chosen anew."""
    draw = np.random.default_rng(seed)
    taught = drawn_children(learning, draw)[0]
    lender = donor and Donor(drawn_children(donor.examples, draw)[0], donor.label_days)
    fitted = fit(taught, target=target, settings={}, seed=seed, donor=lender)
    return _said(fitted, leveled(fitted.held_out, taught)[0], rows)


def _said(fitted: Fitted, calibrator: Calibrator, rows: Floats) -> Floats:
    """Calibrated log-odds (n,) of the rows."""
    line: Floats = calibrator.intercept + calibrator.slope * fitted.blended(rows)
    return line + calibrator.shift(rows[:, AGE])


def covered(log_odds: Floats, low: Floats, high: Floats, others: Floats) -> dict[str, float]:
    """Figures of the interval beside fresh models' log-odds (refits, n)."""
    risks = 1.0 / (1.0 + np.exp(-others))
    inside = (risks >= low) & (risks <= high)
    tenths = np.array_split(np.argsort(log_odds, kind="stable"), 10)
    by_tenth = [inside[:, of].mean() for of in tenths]
    errors = others - others.mean(axis=0)
    return {
        "inside": float(inside.mean()),
        "least tenth": float(min(by_tenth)),
        "most tenth": float(max(by_tenth)),
        "half-width": float(np.mean(high - low) / 2),
        "half-width of 90 % of fresh": float(
            np.mean(np.percentile(risks, 95, axis=0) - np.percentile(risks, 5, axis=0)) / 2
        ),
        "common": float(errors.mean(axis=1).var() / errors.var(axis=0).mean()),
    }


def of_simulated(
    clock: Clock,
    context: Context,
    learned: Learned,
    matrix: Floats,
    *,
    target: Target,
    until: int,
    refits: int,
    truth: Floats | None = None,
) -> dict[str, float]:
    """Figures of a training's interval on the rows of `matrix`; with `truth` (n,; NaN where there
    is none) also in how many tenths of risk the mean truth lies within the mean interval."""
    priors = learned.bundle.priors
    donor = donor_of(clock, target, until=until, seed=1, priors=priors, context=context)
    learning = without_context(learned.learning, 1)
    others = np.stack(
        [fresh(learning, matrix, target=target, donor=donor, seed=100 + of) for of in range(refits)]
    )
    own = learned.bundle.log_odds(matrix)
    low, high = learned.bundle.calibrator.interval(own)
    found = {"events": float(learned.bundle.facts["events_fitted"])}
    found |= covered(own, low, high, others)
    if truth is not None:
        there = np.flatnonzero(~np.isnan(truth))
        tenths = np.array_split(there[np.argsort(own[there])], 10)
        found["truth within, of 10 tenths"] = float(
            sum(low[of].mean() <= truth[of].mean() <= high[of].mean() for of in tenths)
        )
    return found


def of_real(refits: int) -> Iterator[tuple[str, dict[str, float]]]:
    """By question, the mean over the parts of the real children (of events: of those learnt from;
    of tenths: the least and the most)."""
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock(load_registry(str(spoon_store(Path(folder)))))
    for name, question in QUESTIONS.items():
        parts = [_real_part(clock, question, part, refits) for part in range(PARTS)]
        yield name, {key: _over_parts(key, [part[key] for part in parts]) for key in parts[0]}


def _over_parts(key: str, values: list[float]) -> float:
    told = {"least tenth": min, "most tenth": max}.get(key, np.mean)
    return float(told(values))


def _real_part(clock: Clock, question: WastingQuestion, part: int, refits: int) -> dict[str, float]:
    """Learnt from the children of the other parts, as `training.commands.recurrence` does, with
    the interval of `sanket train`; asked about those of this one."""
    rows, target = well_visits(clock, question), question.target
    fold, even = folds(rows.child, PARTS, 1), np.ones(len(rows.child))
    inside, asked = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
    priors = estimate_priors(clock, rows.child[inside], clock.registry.recorded_until)
    matrix = as_of(clock, rows.child, rows.day, priors=priors)
    learning = Examples(
        matrix, rows.outcome, even, rows.child, rows.day, np.zeros(len(even), np.int32)
    ).take(inside)
    fitted = fit(learning, target=target, settings={}, seed=1)
    calibrator, _ = with_interval(fitted, learning, target=target, seed=1, donor=None)
    own = _said(fitted, calibrator, matrix[asked])
    others = np.stack(
        [
            fresh(learning, matrix[asked], target=target, donor=None, seed=100 + of)
            for of in range(refits)
        ]
    )
    events = len(np.unique(learning.child[learning.happened == 1]))
    return {"events": float(events)} | covered(own, *calibrator.interval(own), others)
