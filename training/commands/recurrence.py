"""Wasting in records that know visits and no treatment, foreseen: `recurrence` (again) or `onset`
(for the first time), cross-validated by child.

Which visits are asked about, and what counts as an answer: `training.cohorts.well_visits`. Features
and fit are those of relapse and of onset. On the same rows and folds are judged the last WHZ, an
untuned LightGBM on the 13 columns of `training.cohorts.well_visits.SEEN`, and a logistic regression
on four of them. Folds are drawn several times and figures are the mean over the draws: with some
sixty children who have the event, one draw moves an AUC by 0.02, in a group of them by 0.1.

    python -m training.commands.recurrence STORE [--question onset] [--json]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from features.clock import Clock
from features.trajectory.as_of import as_of
from models.targets import HAPPENED
from registry.contract.arrays import Floats
from registry.contract.errors import BadInput
from registry.contract.registry import Registry
from training.cohorts.well_visits import QUESTIONS, RECURRENCE, SEEN, WastingQuestion, WellVisits
from training.cohorts.well_visits import well_visits as rows_of
from training.fitting.examples import Examples
from training.fitting.fit import Progress, fit, folds
from training.fitting.pipeline import LEAST_EVENTS
from training.metrics.calibration import calibration
from training.metrics.discrimination import auc, bootstraps
from training.metrics.simple_models import plain_forest, plain_logistic
from training.priors.priors import estimate_priors

FOLDS, DRAWS = 5, 3
FOUR = [SEEN.index(name) for name in ("whz", "whz_slope", "whz_lowest", "age_days")]
OTHERS = {
    "last_whz": "the last WHZ",
    "untuned_forest": "an untuned LightGBM, 13 columns",
    "four_columns": "logistic regression, 4 columns",
}
"""What the model is judged beside, in words."""


def cross_validated(
    clock: Clock,
    rows: WellVisits,
    question: WastingQuestion,
    *,
    seed: int,
    said: Progress = lambda text: None,
) -> dict[str, Floats]:
    """Log-odds (n,) of the `model` and each of OTHERS (of the last WHZ: its negative) for every
    row: priors, features and fit from the children of the other folds only."""
    fold, weight = folds(rows.child, FOLDS, seed), np.ones(len(rows.child))
    found = {name: np.full(len(rows.child), np.nan) for name in ("model", *OTHERS)}
    for of in range(FOLDS):
        inside, asked = np.flatnonzero(fold != of), fold == of
        priors = estimate_priors(clock, rows.child[inside], clock.registry.recorded_until)
        matrix = as_of(clock, rows.child, rows.day, priors=priors)
        learning = Examples(
            matrix, rows.outcome, weight, rows.child, rows.day, np.zeros(len(weight), np.int32)
        ).take(inside)
        fitted = fit(learning, target=question.target, settings={}, seed=seed)
        told = rows.outcome[inside], weight[inside]
        found["model"][asked] = fitted.log_odds(matrix[asked])
        found["last_whz"][asked] = -rows.column("whz")[asked]
        found["untuned_forest"][asked] = plain_forest(
            rows.seen[inside], *told, asked=rows.seen[asked]
        )
        found["four_columns"][asked] = plain_logistic(
            rows.seen[inside][:, FOUR], *told, asked=rows.seen[asked][:, FOUR]
        )
        said(
            f"fold {of + 1} of {FOLDS}: the forest's share in the blend {fitted.choice.trees:.1f}, "
            f"{fitted.choice.rounds} trees, penalty {fitted.choice.penalty}"
        )
    return found


def judged(
    registry: Registry,
    question: WastingQuestion = RECURRENCE,
    *,
    seed: int = 1,
    draws: int = DRAWS,
    repeats: int = 500,
    said: Progress = lambda text: None,
) -> dict[str, dict[str, Any]]:
    """The model beside OTHERS over `all` rows of a question and over each of its groups, as plain
    figures.

    Each figure of discrimination is [value, low, high], the interval by drawing children anew.
    `BadInput` where fewer than 30 children have the event.
    """
    clock = Clock(registry)
    rows = rows_of(clock, question)
    children = len(np.unique(rows.child[rows.outcome == HAPPENED]))
    if children < LEAST_EVENTS:
        raise BadInput(
            "TRN002",
            f"{question.name}: {children} children with the event, at least {LEAST_EVENTS} are "
            "needed",
        )
    drawn = [
        cross_validated(clock, rows, question, seed=seed + of, said=said) for of in range(draws)
    ]
    orders = {name: np.column_stack([one[name] for one in drawn]) for name in drawn[0]}
    groups = {"all": np.ones(len(rows.child), bool)} | {
        name: mask(rows) for name, mask in question.groups.items()
    }
    return {
        name: compared(
            rows.take(np.flatnonzero(mask)),
            {of: order[mask] for of, order in orders.items()},
            repeats,
        )
        for name, mask in groups.items()
    }


def compared(rows: WellVisits, orders: Mapping[str, Floats], repeats: int) -> dict[str, Any]:
    """AUC and average precision of each order (n, draws), and the model's less each other's
    (`..._more`), each the mean over the draws."""
    risk, weight = 1.0 / (1.0 + np.exp(-orders["model"])), np.ones(len(rows.child))
    slopes = [calibration(one, rows.outcome, weight).slope for one in risk.T]
    return {
        "rows": len(risk),
        "children": len(np.unique(rows.child)),
        "rows_with_event": int(rows.outcome.sum()),
        "children_with_event": len(np.unique(rows.child[rows.outcome == HAPPENED])),
        **_intervals(rows, orders, repeats),
        "calibration_slope": round(float(np.mean(slopes)), 3),
        "mean_risk": round(float(risk.mean()), 4),
        "observed": round(float(rows.outcome.mean()), 4),
    }


def _intervals(
    rows: WellVisits, orders: Mapping[str, Floats], repeats: int
) -> dict[str, dict[str, list[float]]]:
    def figures(happened: Floats, *drawn: Floats) -> list[float]:
        told = []
        for figure in (_area, _precision):
            mean = [float(np.mean([figure(one, happened) for one in of.T])) for of in drawn]
            told += [*mean, *(mean[0] - other for other in mean[1:])]
        return told

    told = iter(
        bootstraps(figures, rows.outcome, *orders.values(), cluster=rows.child, repeats=repeats)
    )
    found: dict[str, dict[str, list[float]]] = {}
    for kind in ("auc", "average_precision"):
        for name, of in ((kind, list(orders)), (f"{kind}_more", list(orders)[1:])):
            found[name] = {
                order: [round(value, 4) for value in (one.value, one.low, one.high)]
                for order, one in zip(of, told, strict=False)
            }
    return found


def _area(order: Floats, happened: Floats) -> float:
    return auc(order, happened, np.ones(len(happened)))


def _precision(order: Floats, happened: Floats) -> float:
    return float(average_precision_score(happened, order)) if happened.any() else np.nan


def main(arguments: list[str] | None = None) -> None:
    """Print the comparison, in words or as one JSON document."""
    import argparse
    import sys

    from training.commands.train import load_registry

    asked = argparse.ArgumentParser(
        prog="python -m training.commands.recurrence", description=judged.__doc__
    )
    asked.add_argument("store", help="a path ending in .db, or a postgresql:// address")
    asked.add_argument("--question", choices=list(QUESTIONS), default=RECURRENCE.name)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--draws", type=int, default=DRAWS, help="how often folds are drawn")
    asked.add_argument("--json", action="store_true", help="one JSON document on standard output")
    wanted = asked.parse_args(arguments)
    question = QUESTIONS[wanted.question]
    told = judged(
        load_registry(wanted.store),
        question,
        seed=wanted.seed,
        draws=wanted.draws,
        said=lambda text: print(text, file=sys.stderr),
    )
    print(json.dumps(told) if wanted.json else "\n".join(_in_words(told, question)))


def _in_words(told: Mapping[str, Mapping[str, Any]], question: WastingQuestion) -> list[str]:
    lines = []
    for group, of in told.items():
        lines.append(
            f"{question.name}, {group.replace('_', ' ')}: {of['rows']} visits of "
            f"{of['children']} children, {of['children_with_event']} of them wasted within "
            f"{question.target.horizon} days; calibration slope {of['calibration_slope']:.2f}"
        )
        for kind in ("auc", "average_precision"):
            name = kind.replace("_", " ").replace("auc", "AUC")
            lines.append(f"  {name} {_interval(of[kind]['model'])}")
            lines += [
                f"    {words}: {_interval(of[kind][other])}, "
                f"difference {_interval(of[f'{kind}_more'][other], sign='+')}"
                for other, words in OTHERS.items()
            ]
    return lines


def _interval(figure: list[float], sign: str = "") -> str:
    value, low, high = (f"{of:{sign}.3f}" for of in figure)
    return f"{value} ({low} to {high})"


if __name__ == "__main__":
    main()
