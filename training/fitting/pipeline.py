"""From a registry to a bundle: cohort, blocks in time, features, fit, calibration. Nothing at or
after the split."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from features.clock import Clock
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from features.trajectory.smoother import Prior
from models.bundle import Bundle
from models.targets import CENSORED, DID_NOT_HAPPEN, HAPPENED, Target
from registry.contract.arrays import Days, Flags
from registry.contract.errors import BadInput
from registry.contract.registry import day_date
from training.cohorts import censoring
from training.cohorts.censoring import Weighed
from training.cohorts.landmarks import Cohort, before_split
from training.cohorts.scoring_days import ScoringDays, scoring_days
from training.cohorts.visit_exposure import visits_in_words, visits_told
from training.fitting import uncertainty
from training.fitting.age_levels import groups_off
from training.fitting.calibrate import leveled, with_interval
from training.fitting.examples import Examples, together, without_context
from training.fitting.fit import FOLDS, Fitted, Progress, fit
from training.fitting.own_forest import offset_of
from training.fitting.plan import USUAL, TrainingPlan
from training.fitting.reference_profile import profile
from training.fitting.sample_size import SampleSize, effective_parameters, needed
from training.fitting.transfer import Donor, lent_to
from training.fitting.tune import Tuned, tune
from training.fitting.visit_weights import stood_for
from training.fitting.visit_weights import weighed as weighed_for_visits
from training.priors.priors import FIT_SHARE
from training.rows.question import RowsQuestion
from training.rows.whole_registry import Records, WholeRegistry

LEAST_EVENTS = 30
"""Under this no model is fitted at all; what Riley's criteria ask for is said beside it."""
LEAST_JUDGED_EVENTS = 20
"""Indexes with the event that later rows need before anything is told from them; with fewer no
rehearsal is made."""
TOO_FEW_TO_REHEARSE = "too few events to rehearse"


@dataclass(frozen=True)
class Learned:
    """A bundle with what it was made from: `rows` (the cohort), `earlier_on` and `later_on` (masks
    over it), `features` (the matrix of the rows), `fitted` (the halves of the bundle), `scored`
    (the rows of scoring days that it learnt from besides; None: none).

    The bundle learns from all rows. Its `rehearsal` learnt from the earlier block only, in the same
    way: its figures on the later block are those of a temporal validation. With too few events in
    one of the blocks there is none, and `not_rehearsed` says so.
    """

    bundle: Bundle
    fitted: Fitted
    rows: Cohort
    earlier_on: np.ndarray
    later_on: np.ndarray
    features: np.ndarray
    scored: ScoringDays | None = None

    @property
    def learning(self) -> Examples:
        """What the bundle learnt from, with every context to be seen."""
        every = np.ones(len(self.rows.child), bool)
        return _with_scored(examples(self.rows, self.features, every), self.scored)

    def take(self, kept: np.ndarray) -> Learned:
        """The same with some of its rows (positions): what is told of them, not of the fit."""
        some = (of[kept] for of in (self.earlier_on, self.later_on, self.features))
        return Learned(self.bundle, self.fitted, self.rows.take(kept), *some)

    @property
    def not_rehearsed(self) -> str | None:
        """Why there is no rehearsal, in words; None where there is one."""
        why: str | None = self.bundle.facts["not_rehearsed"]
        return why

    @property
    def rehearsal(self) -> Bundle:
        """The bundle of the earlier block. Raises ValueError where none was made."""
        if self.bundle.rehearsal is None:
            raise ValueError("this training made no rehearsal")
        return self.bundle.rehearsal


def learn(
    clock: Clock,
    target: Target,
    *,
    until: int,
    seed: int = 1,
    trials: int = 0,
    said: Progress = lambda text: None,
    context: Context | None = None,
    plan: TrainingPlan = USUAL,
    without_visits: bool = False,
) -> Learned:
    """Train one target on what was known before `until` (a day number), with `trials` Optuna
    trials; `plan`: how it departs from the usual training.

    The rehearsal does all of it (settings, number of trees, penalty, blend, calibration) on the
    earlier block; the bundle does it anew on all rows. `BadInput` where there are no indexes, one
    outcome only, or fewer than 30 events. `without_visits`: rows are followed until the first visit
    that a list asked for, so that the model tells the risk without visits
    (`training.cohorts.visit_exposure`); onset, whose rows are drawn by lot, cannot be taught so.
    """
    question = question_of(
        target,
        until=until,
        recorded_until=clock.registry.recorded_until,
        seed=seed,
        plan=plan,
        without_visits=without_visits,
    )
    return learn_from(
        WholeRegistry(clock, context or Context(clock)),
        question,
        trials=trials,
        said=said,
        plan=plan,
        on_days=partial(_on_days, clock, question) if plan.scoring_days else None,
    )


def _on_days(clock: Clock, question: RowsQuestion, priors: dict[str, Prior]) -> ScoringDays:
    scored = scoring_days(
        clock,
        question.target,
        until=question.until,
        labels_before=question.labels_before,
        priors=priors,
        without_visits=question.without_visits,
    )
    return scored.take(question.population.learnt(clock, scored.rows))


def question_of(
    target: Target,
    *,
    until: int,
    recorded_until: int,
    seed: int = 1,
    plan: TrainingPlan = USUAL,
    without_visits: bool = False,
) -> RowsQuestion:
    """The rows that a training of a target asks for."""
    # The newest import came in after the last day that its records speak of.
    labels_before = min(until, recorded_until + 1)
    return RowsQuestion(
        plan.target(target), until, labels_before, seed, plan.population, without_visits
    )


def learn_from(
    records: Records,
    question: RowsQuestion,
    *,
    trials: int = 0,
    said: Progress = lambda text: None,
    plan: TrainingPlan = USUAL,
    on_days: Callable[[dict[str, Prior]], ScoringDays] | None = None,
) -> Learned:
    """`learn`, whoever holds the records; `on_days`: to learn from scoring days too."""
    target, seed, until = question.target, question.seed, question.until
    rows, attrition = records.drawn(question)
    _ask_for_events(rows, target)
    later_from = first_later_day(rows.outcomes.index_on[rows.index])
    earlier_on, later_on = blocks(rows, later_from)
    not_rehearsed = why_not_rehearsed(rows, earlier_on, later_on)
    said(
        f"{target.name}: {not_rehearsed}"
        if not_rehearsed
        else f"{target.name}: {int(earlier_on.sum())} rows to rehearse on, "
        f"{int(later_on.sum())} later ones to judge on"
    )
    notes: list[str] = []
    priors = records.priors(question, rows, said=notes.append)
    for note in notes:
        said(f"{target.name}: {note}")
    matrix, met, _ = records.seen(question, rows, priors=priors)
    rows = weighed_for_visits(rows, matrix, seed=seed)
    said(f"{target.name}: {matrix.shape[1]} features of {matrix.shape[0]} rows")
    known, weighed = weighed_examples(rows, matrix, np.ones(len(rows.index), bool))
    said(f"{target.name}: {weighed.words}")
    facts = _facts(records, rows, until, seed, earlier_on, later_on) | {
        "censoring": weighed.told(),
        "attrition": attrition,
        "prior_notes": notes,
        "labels_before": day_date(question.labels_before).isoformat(),
        "later_from": day_date(later_from).isoformat(),
        "not_rehearsed": not_rehearsed,
        **visits_told(rows, met),
        "share_stood_for": None if rows.visited is None else round(stood_for(rows), 4),
        **plan.as_facts(),
    }
    if note := visits_in_words(facts):
        said(f"{target.name}: {note}")
    scored = on_days(priors) if on_days else None
    if scored is not None:
        scored = replace(scored, rows=weighed_for_visits(scored.rows, scored.matrix, seed=seed))
        said(f"{target.name}: {len(scored.rows.index)} rows of days on which scores are made")
        known = _with_scored(known, scored)
    which: dict[str, Any] = {"target": target, "seed": seed}
    donor = lent_to(records, question, priors=priors)
    if donor is not None:
        donor = donor.seeing(plan.seen(donor.examples.rows))
        events = int(donor.examples.happened.sum())
        said(f"{target.name}: {events} events of {target.taught_by} teach it")
    made = {
        "target": target.name,
        "priors": priors,
        "facts": facts,
        "reference": profile(matrix[:, : len(NAMES)]),
        "columns": records.columns,
    }
    taught = partial(_taught, trials=trials, said=said, which=which, made=made, plan=plan)
    rehearsal = None
    if not not_rehearsed:
        first = donor and donor.before(later_from, without=np.unique(rows.child[later_on]))
        begun = examples(rows, matrix, earlier_on)
        if scored is not None:
            of = blocks(scored.rows, later_from)[0]
            of &= ~np.isin(scored.rows.child, rows.child[later_on])
            begun = _with_scored(begun, scored.take(of))
        earlier = without_context(replace(begun, rows=plan.seen(begun.rows)), seed)
        rehearsal, _ = taught(earlier, first if first and first.teaches else None)
    everything = without_context(replace(known, rows=plan.seen(known.rows)), seed)
    bundle, fitted = taught(everything, donor)
    if plan.foreign is not None:
        bundle = replace(bundle, rehearsal=rehearsal)
        return Learned(bundle, fitted, rows, earlier_on, later_on, matrix, scored)
    refits = f"{uncertainty.REFITS} refits on children drawn anew"
    said(f"{target.name}: the interval of its risks, by {refits}")
    calibrator, unstable = with_interval(fitted, everything, donor=donor, **which)
    reference = bundle.reference | {"instability": unstable}
    bundle = replace(bundle, calibrator=calibrator, rehearsal=rehearsal, reference=reference)
    learned = Learned(bundle, fitted, rows, earlier_on, later_on, matrix, scored)
    _say_what_size_is_advised(learned, said)
    return learned


def _taught(
    learning: Examples,
    donor: Donor | None,
    *,
    trials: int,
    said: Progress,
    which: dict[str, Any],
    made: dict[str, Any],
    plan: TrainingPlan,
) -> tuple[Bundle, Fitted]:
    """The whole training on some examples: settings, fit, calibration. `which`: target and seed;
    `made`: what the bundle is told besides."""
    if plan.foreign is not None:
        return plan.foreign(learning, made)
    tuned = (
        tune(learning, trials=trials, said=said, space=plan.space, **which) if trials else Tuned()
    )
    fitted = fit(learning, settings=tuned.settings, donor=donor, share=plan.share, **which)
    facts = made["facts"] | {
        "settings": tuned.settings,
        "effective_parameters": round(_effective(fitted, learning), 1),
    }
    if tuned.trials:
        facts["tried"] = tuned.trials
    return _bundle(fitted, learning, **made | {"facts": facts}), fitted


def _effective(fitted: Fitted, learning: Examples) -> float:
    """Parameters that the blend spends in effect, of both its halves together."""
    return effective_parameters(
        fitted.blended(learning.rows),
        fitted.held_out.log_odds,
        happened=learning.happened,
        weight=learning.weight,
        child=learning.child,
        folds=FOLDS,
    )


def advised_size(learned: Learned) -> SampleSize:
    """What Riley's criteria ask for at the share of indexes with the event, and with the parameters
    that the model spends in effect."""
    rows = learned.rows
    events, others = (
        len(np.unique(rows.index[rows.outcome == outcome]))
        for outcome in (HAPPENED, DID_NOT_HAPPEN)
    )
    parameters = math.ceil(learned.bundle.facts["effective_parameters"])
    return needed(prevalence=events / (events + others), parameters=parameters)


def _say_what_size_is_advised(learned: Learned, said: Progress) -> None:
    facts, advised = learned.bundle.facts, advised_size(learned).events
    if facts["events_fitted"] < advised:
        said(
            f"{learned.bundle.target}: {facts['events_fitted']} events; Riley's criteria ask for "
            f"{advised} with the {facts['effective_parameters']:.0f} parameters that this model "
            "spends in effect: expect wide intervals"
        )


def _bundle(fitted: Fitted, learning: Examples, **made: Any) -> Bundle:
    """The bundle of two fitted halves, calibrated on their out-of-fold predictions."""
    calibrator, levels = leveled(fitted.held_out, learning)
    said = calibrator.intercept + calibrator.slope * fitted.held_out.log_odds
    said = said + calibrator.shift(learning.rows[:, NAMES.index("age_days")])
    made["facts"] = made["facts"] | {
        "age_levels": [asdict(level) for level in levels],
        "groups_off": groups_off(said, learning),
    }
    return Bundle(
        booster=fitted.booster,
        linear=fitted.linear,
        trees=fitted.trees,
        offset=fitted.offset,
        start=fitted.start,
        offset_mean=float(offset_of(learning.rows, fitted.offset).mean()),
        calibrator=calibrator,
        **made,
    )


def first_later_day(index_on: Days) -> int:
    """The day of the first index of the later block: FIT_SHARE of the rows' indexes lie before."""
    return int(np.quantile(index_on, FIT_SHARE, method="higher"))


def blocks(rows: Cohort, later_from: int) -> tuple[np.ndarray, np.ndarray]:
    """(earlier, later): masks over the rows; no child is in both, and all that an earlier row's
    label could use lies before `later_from`, the first day (number) of the later block.

    The backtest's rule (`before_split`). Example: later from 2025-09-01; a discharge of 2025-01-10
    whose relapse could be confirmed until 2025-09-13 is in neither block. Where nearly every child
    has indexes on both sides (`Target.indexes_repeat`) the later ones are of some children drawn by
    lot, and the earlier ones of the others.
    """
    earlier = before_split(rows, later_from)
    later = rows.outcomes.index_on[rows.index] >= later_from
    if rows.target.indexes_repeat:
        # By the child's position alone: the same lot whatever other rows are asked about.
        lot = np.random.default_rng(0).random(int(rows.child.max(initial=0)) + 1)
        aside = lot[rows.child] >= FIT_SHARE
        return earlier & ~aside, later & aside
    return earlier, later & ~np.isin(rows.child, rows.child[earlier])


def why_not_rehearsed(rows: Cohort, earlier_on: Flags, later_on: Flags) -> str | None:
    """In words, why the blocks bear no rehearsal; None where they do: LEAST_EVENTS indexes with the
    event to learn from and LEAST_JUDGED_EVENTS to judge by, and as many without it."""
    with_event, without = (
        [
            len(np.unique(rows.index[block & (rows.outcome == outcome)]))
            for block in (earlier_on, later_on)
        ]
        for outcome in (HAPPENED, DID_NOT_HAPPEN)
    )
    needed_in = LEAST_EVENTS, LEAST_JUDGED_EVENTS
    fewest = [min(pair) for pair in zip(with_event, without, strict=True)]
    if all(count >= least for count, least in zip(fewest, needed_in, strict=True)):
        return None
    return (
        f"{TOO_FEW_TO_REHEARSE}: {with_event[0]} whose labels end before the later block "
        f"({LEAST_EVENTS} are needed), {with_event[1]} in it ({LEAST_JUDGED_EVENTS}); without the "
        f"event {without[0]} and {without[1]}"
    )


def _ask_for_events(rows: Cohort, target: Target) -> None:
    if not len(rows.index):
        raise BadInput(
            "TRN001",
            f"{target.name}: no index has its whole label before the split: import episodes, "
            f"or choose a later date (a label needs {target.label_days} days)",
        )
    happened, known = rows.outcome == HAPPENED, rows.outcome != CENSORED
    events = len(np.unique(rows.index[happened]))
    if events < LEAST_EVENTS:
        raise BadInput(
            "TRN002",
            f"{target.name}: {events} events, at least {LEAST_EVENTS} are needed: "
            "a larger registry or a longer time"
            + ("" if rows.visited is None else ", or more children held out of the lists by lot"),
        )
    if happened[known].all():
        raise BadInput("TRN003", f"{target.name}: only one outcome: nothing to learn")


def _with_scored(learning: Examples, scored: ScoringDays | None) -> Examples:
    """The examples with those of scoring days, where there are any."""
    if scored is None:
        return learning
    every = np.ones(len(scored.rows.index), bool)
    return together(learning, examples(scored.rows, scored.matrix, every))


def examples(rows: Cohort, matrix: np.ndarray, block: np.ndarray) -> Examples:
    """The block's rows with a known outcome, weighed for the others."""
    return weighed_examples(rows, matrix, block)[0]


def weighed_examples(
    rows: Cohort, matrix: np.ndarray, block: np.ndarray
) -> tuple[Examples, Weighed]:
    """The same, with what is told of their weights."""
    inside = rows.take(np.flatnonzero(block))
    weighed = censoring.weighed(inside, matrix[block])
    kept = np.flatnonzero(weighed.weight > 0)
    return Examples(
        matrix[block][kept],
        (inside.outcome[kept] == HAPPENED).astype(np.int8),
        weighed.weight[kept],
        inside.child[kept],
        inside.day[kept],
        inside.landmark[kept],
    ), weighed


def _facts(
    records: Records, rows: Cohort, until: int, seed: int, earlier_on: Flags, later_on: Flags
) -> dict[str, Any]:
    registry = records.facts
    events = [
        len(np.unique(rows.index[block & (rows.outcome == HAPPENED)]))
        for block in (earlier_on, later_on)
    ]
    return {
        "trained_until": day_date(until).isoformat(),
        "seed": seed,
        "rows_fitted": len(rows.index),
        "rows_earlier": int(earlier_on.sum()),
        "rows_later": int(later_on.sum()),
        "events_fitted": len(np.unique(rows.index[rows.outcome == HAPPENED])),
        "events_earlier": events[0],
        "events_later": events[1],
        "registry_id": registry.get("registry_id"),
        "synthetic": bool(registry.get("synthetic", False)),
        "share_assumed_dates": registry.get("share_assumed_dates"),
    }
