"""Checks of time: nothing later than the split, and nothing later than its own day, had a part in
the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.trajectory.catalogue import CONTEXT_NAMES
from models.targets import CENSORED, OUTCOME_WORDS
from registry.contract.registry import day_date
from training.checks.evidence import Evidence
from training.checks.finding import CheckResult, check, issue, not_applicable, passed, skipped
from training.cohorts.landmarks import before_split, cohort
from training.cohorts.visit_exposure import censored_at_visits
from training.evaluation import probes
from training.fitting.calibrate import calibrate
from training.fitting.examples import log_loss

DAYS_PROBED = 3
"""Days on which the whole registry is cut to test the columns of centre and family."""
SAME = 1e-9


@check("RISK001", "No feature sees the future")
def no_future(evidence: Evidence) -> CheckResult:
    """The training rows' features must not change when everything known after their day is removed.

    For up to 300 children the registry is cut at the child's own day, by hand and not by the clock
    that made the features, and their feature rows are made anew; for three days the whole registry
    is cut, for the columns of centre and family. Every bit must be the same. Example: a row of
    2026-03-29 that holds a weight of 2026-04-06.

    Where nobody wrote down when a record came in, it counts as known on its own day. No check can
    see whether it was: the finding says what share of the records that is, and the report what
    becomes of the figures 30 days later.

    What to do: find the named columns; whoever made them read a table that the clock had not
    masked.
    """
    learned, at = evidence.here, evidence.probed
    if not len(at):
        return skipped("there is no training row")
    rows, priors, registry = learned.rows, learned.bundle.priors, evidence.clock.registry
    made = learned.features[at]
    anew = probes.features_without_future(registry, rows.child[at], rows.day[at], priors=priors)
    differ = [name for name in probes.differing(made, anew) if name not in CONTEXT_NAMES]
    for day in np.unique(rows.day[at])[:: max(1, len(np.unique(rows.day[at])) // DAYS_PROBED)][
        :DAYS_PROBED
    ]:
        same_day = np.flatnonzero(rows.day == day)
        anew = probes.context_without_future(
            registry, rows.child[same_day], int(day), priors=priors
        )
        differ += [
            name
            for name in probes.differing(learned.features[same_day], anew)
            if name not in differ
        ]
    if differ:
        return issue(
            f"{len(differ)} columns change when the future is removed: {', '.join(differ[:5])}",
            columns=float(len(differ)),
            rows_probed=float(len(at)),
        )
    share: Any = registry.facts.get("share_assumed_dates")
    return passed(
        f"{len(at)} children's rows are the same bits with the future removed; {_assumed(share)}",
        rows_probed=float(len(at)),
        **({} if share is None else {"share_assumed_dates": float(share)}),
    )


def _assumed(share: float | None) -> str:
    if share is None:
        return (
            "but the registry does not say when its records came in: this takes each as known "
            "on its own day"
        )
    return (
        f"but {share:.0%} of the records have an assumed day of entry and are taken as "
        "known on their own day, "
        "which no check can see"
    )


@check("RISK002", "Labels end before the split")
def labels_before_split(evidence: Evidence) -> CheckResult:
    """A training row needs all that its label could use to lie before the day until which the model
    learns.

    Relapse: index + 183 days at risk + 63 days for the confirming reading; non-response: index + 91
    days. Example: split 2026-03-01; a discharge of 2025-07-01 could still be confirmed on
    2026-03-04, so it may not train. The rehearsal keeps the same rule: its earlier rows' labels end
    before the first index of its later block.

    What to do: use `training.cohorts.landmarks.before_split`; do not take rows because their
    outcome happens to be known.
    """
    ends = evidence.index_on().astype(np.int64) + evidence.target.label_days
    late = int(np.sum(ends >= evidence.until))
    if evidence.learned.scored is not None:
        late += int(np.sum(~before_split(evidence.learned.scored.rows, evidence.until)))
    known_late = int(np.sum(evidence.happened() & (evidence.learned.rows.day >= evidence.until)))
    if late or known_late:
        return issue(
            f"{late} rows whose label can reach {day_date(evidence.until)} or later",
            rows=float(late),
        )
    return _labels_before_later_block(evidence, ends)


def _labels_before_later_block(evidence: Evidence, ends: np.ndarray) -> CheckResult:
    told = f"every label window ends before {day_date(evidence.until)}"
    if why := evidence.learned.not_rehearsed:
        return passed(f"{told}; {why}")
    begins = int(evidence.index_on()[evidence.learned.later_on].min())
    reaching = int(np.sum(ends[evidence.learned.earlier_on] >= begins))
    if reaching:
        return issue(
            f"{reaching} rows of the rehearsal's earlier block have labels that can reach "
            f"{day_date(begins)}, when its later block begins",
            rows=float(reaching),
        )
    return passed(f"{told}, and the rehearsal's before its later block begins")


@check("RISK003", "No child on both sides")
def child_on_one_side(evidence: Evidence) -> CheckResult:
    """A child that the rehearsal was fitted on may not judge it: a child's rows are alike and
    flatter the model. Not applicable where there were too few events to rehearse.

    What to do: split by the date of the index, then drop from the later block every child of the
    earlier one.
    """
    if why := evidence.learned.not_rehearsed:
        return not_applicable(why)
    child, fitted, later = (
        evidence.learned.rows.child,
        evidence.learned.earlier_on,
        evidence.learned.later_on,
    )
    both = np.intersect1d(child[fitted], child[later])
    if len(both):
        return issue(
            f"{len(both)} children are in the earlier and in the later block",
            children=float(len(both)),
        )
    return passed("no child is in both blocks")


@check("RISK004", "Calibrated on children that it had not seen")
def calibrated_on_held_out(evidence: Evidence) -> CheckResult:
    """The calibrator must be fitted on out-of-fold predictions (folds grouped by child), before the
    split.

    The rehearsal's blocks, where there are any, are compared in time. Out-of-fold predictions must
    have a higher log loss than those of the finished halves for the same rows: if not, the children
    were not held out. The calibration is then repeated: slope and intercept must come out the same
    to nine digits. A calibrator fitted on the rows that judge it makes any model look calibrated.

    What to do: train again with `sanket train`; do not touch the calibrator afterwards (a
    recalibration for another registry is a new bundle).
    """
    learned = evidence.learned
    if not learned.not_rehearsed and (wrong := _blocks_wrong(evidence)):
        return issue(wrong)
    learning = learned.learning
    said, seen = learned.fitted.held_out.log_odds, learned.fitted.blended(learning.rows)
    if len(said) != len(seen):
        return issue("the calibrator comes from other rows than the model")
    if not log_loss(said, learning) > log_loss(seen, learning):
        return issue("what the calibrator comes from was said by halves that had seen the children")
    anew, kept = calibrate(learned.fitted.held_out), learned.bundle.calibrator
    off = max(abs(anew.slope - kept.slope), abs(anew.intercept - kept.intercept))
    if not off < SAME:
        return issue(
            f"the calibrator is not the held-out children's: it differs by {off:.3g}",
            difference=float(off),
        )
    return passed("the calibrator is the held-out children's own")


def _blocks_wrong(evidence: Evidence) -> str | None:
    """What is wrong with the rehearsal's blocks, in words; None where nothing is."""
    earlier_on, later_on = evidence.learned.earlier_on, evidence.learned.later_on
    index_on = evidence.index_on()
    if not later_on.any() or not earlier_on.any():
        return "one of the two blocks is empty"
    if np.any(earlier_on & later_on):
        return "the two blocks overlap"
    if index_on[later_on].min() < index_on[earlier_on].max():
        return "the later block begins before the earlier block ends"
    return None


@check("RISK005", "Labels as the contract says")
def labels_as_contract(evidence: Evidence) -> CheckResult:
    """Each row's outcome must be what the contract's definition gives, as known the day before the
    split.

    The cohort is made anew and compared row by row; a shifted label, or a censored child told as
    well, shows here. Unknown is never "no". Where the model tells the risk without visits, rows
    were censored at a list's visit: visits are looked up anew too.

    What to do: find what changed the outcomes between `training.cohorts.landmarks.cohort` and the
    fit.
    """
    rows = evidence.here.rows
    anew = cohort(evidence.clock, evidence.target, cutoff=evidence.until - 1)
    anew = anew.take(np.flatnonzero(np.isin(anew.child, rows.child)))
    if evidence.learned.bundle.facts.get("without_visits"):
        anew = censored_at_visits(evidence.clock, anew, known_by=evidence.until - 1)
    key = {
        (int(c), int(d), int(mark)): int(o)
        for c, d, mark, o in zip(anew.child, anew.day, anew.landmark, anew.outcome, strict=True)
    }
    wrong = sum(
        key.get((int(c), int(d), int(mark))) != int(o)
        for c, d, mark, o in zip(rows.child, rows.day, rows.landmark, rows.outcome, strict=True)
    )
    if not len(rows.outcome):
        return not_applicable("there is no training row")
    if wrong:
        return issue(
            f"{wrong} of {len(rows.outcome)} rows have another outcome than the contract gives",
            rows=float(wrong),
        )
    words = ", ".join(
        f"{int(np.sum(rows.outcome == code))} {OUTCOME_WORDS[code].replace('_', ' ')}"
        for code in (1, 0, CENSORED)
    )
    return passed(f"all {len(rows.outcome)} outcomes are the contract's: {words}")
