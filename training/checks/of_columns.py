"""Checks of the columns: each means what it says, none tells the answer, and the service makes the
same ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.trajectory.catalogue import NAMES
from features.trajectory.columns.food import FOOD
from features.trajectory.columns.home_visits import HOME_VISITS
from features.trajectory.columns.illness import ILLNESS
from features.trajectory.columns.stay import STAY
from models.bundle import Bundle
from models.scoring import score_children
from models.targets import Asked
from training.checks import golden
from training.checks.evidence import Evidence
from training.checks.finding import CheckResult, check, issue, passed, skipped, tip
from training.evaluation.stability import NOTED, better_records
from training.fitting.fit import directions
from training.metrics.discrimination import auc

MOSTLY_THERE = 0.5
LEAST_ROWS = 200
MAY_BE_CONSTANT = frozenset(
    {
        "setting_urban",
        "setting_tribal",
        "centre_is_vcdc",
        "hcm_90",
        "visits_90",
        "visit_found_sam_90",
        "away_90",
        "siblings_sam_365",
        "facility_before",
        "complications",
        "appetite_failed",
        "stays_before",
        "cured_before",
        "defaulted_before",
        "sam_readings_out",
        "wasted_readings_out",
        "ill_out",
        "weighings_out",
    }
)
"""One setting, one kind of centre, or nothing of the kind ever recorded: honest in a small
registry."""
OF_TREATMENT = frozenset(
    feature.name for group in (STAY, HOME_VISITS, ILLNESS, FOOD) for feature in group
)
"""What happens to children in treatment: of those whom nobody treats, honestly always the same."""
RAISED_ISSUE, RAISED_TIP = 0.5, 0.1
"""Shares of children whom a better record makes a higher risk (chosen). verified: false."""
SERVED = 64
STEPS = 3
NUDGED = 400


@check("RISK006", "No constant column")
def no_constant_column(evidence: Evidence) -> CheckResult:
    """A column that is present but always the same was broken on its way, or should not be in the
    catalogue.

    Looked at in the training rows; columns that may honestly be constant in a small registry (a
    single setting, no earlier stays), or of children whom nobody treats (stays, checks, rations),
    are named as a tip, as are columns that were never recorded.

    What to do: look at the column in the registry; mend the import or the feature.
    """
    matrix = evidence.learned.features
    if len(matrix) < LEAST_ROWS:
        return skipped(f"{len(matrix)} rows are too few to call a column constant")
    there = ~np.isnan(matrix)
    empty = [
        name for name, any_there in zip(NAMES, there.any(axis=0), strict=True) if not any_there
    ]
    same = [
        name
        for name, column, here in zip(NAMES, matrix.T, there.T, strict=True)
        if here.mean() > MOSTLY_THERE and np.ptp(column[here]) == 0
    ]
    untreated = evidence.target.asked is Asked.UNTREATED
    honest = MAY_BE_CONSTANT | (OF_TREATMENT if untreated else frozenset())
    broken = [name for name in same if name not in honest]
    if broken:
        return issue(f"constant columns: {', '.join(broken[:5])}", columns=float(len(broken)))
    if same or empty:
        return tip(
            (
                f"{len(same)} columns with one value, {len(empty)} never recorded: "
                f"{', '.join((same + empty)[:5])}"
            ),
            constant=float(len(same)),
            never_recorded=float(len(empty)),
        )
    return passed("every column varies")


@check("RISK007", "The golden child")
def golden_child(evidence: Evidence) -> CheckResult:
    """A made-up child's features, worked out by hand, must come out as ever: signs, units, dates.

    A girl of 17 months, 28 days after a cured stay of 42 days, having lost 300 g:
    `training/checks/golden.py` has her records and the answers.

    What to do: a feature changed its meaning. Mend it, or, where the change is meant, work the
    answer out anew.
    """
    wrong = golden.wrong_features(golden.golden_row())
    if wrong:
        return issue(
            f"{len(wrong)} features are not what was worked out by hand: {', '.join(wrong[:5])}",
            columns=float(len(wrong)),
        )
    return passed(f"{len(golden.EXPECTED)} features are what was worked out by hand")


@check("RISK008", "No column tells the answer")
def no_column_tells(evidence: Evidence) -> CheckResult:
    """No single column may separate the outcomes better than any single measure honestly can.

    Each column's own AUC over the training rows with a known outcome, in either direction; and
    whether it is missing. Such a column holds something written after the outcome (a discharge
    remark, a later reading).

    What to do: find when the column's record is known (`docs/registry.md`), and mask it until then.
    """
    rows, matrix = evidence.learned.rows, evidence.learned.features
    known = rows.outcome >= 0
    if min(np.sum(rows.outcome == 1), np.sum(rows.outcome == 0)) < 20:
        return skipped("fewer than 20 rows of an outcome")
    happened, weight = (rows.outcome[known] == 1).astype(float), np.ones(int(known.sum()))
    best = {
        name: _own_auc(column, happened, weight)
        for name, column in zip(NAMES, matrix[known].T, strict=True)
    }
    name = max(best, key=best.__getitem__)
    bound = evidence.target.most_column_auc
    words = (
        f"over all rows learnt from, the column that tells most is {name} with an AUC of "
        f"{best[name]:.3f}"
    )
    return (issue if best[name] > bound else passed)(f"{words} (at most {bound})", auc=best[name])


def _own_auc(column: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> float:
    """The better of the column's AUC among those who have it, and its missingness's, in the better
    direction."""
    here, found = ~np.isnan(column), [0.5]
    if here.sum() > 100:
        found.append(auc(column[here], happened[here], weight[here]))
    found.append(auc(here.astype(float), happened, weight))
    known = [value for value in found if not np.isnan(value)]
    return max(max(value, 1 - value) for value in known)


@check("RISK015", "Training and service give the same score")
def same_score_served(evidence: Evidence) -> CheckResult:
    """A child scored as the service does must get the risk that its training row gets, bit for bit.

    64 rows are scored through `models.scoring`, children asked one after the other in a crowd, and
    compared with the bundle's risk of the training matrix.

    What to do: the bundle's priors, columns or context differ from those that made the matrix;
    train again.
    """
    learned, at = evidence.here, evidence.probed[:SERVED]
    rows, bundle = learned.rows, learned.bundle
    if not len(at):
        return skipped("there is no training row")
    served = score_children(
        evidence.clock,
        rows.child[at],
        rows.day[at],
        bundles={bundle.target: bundle},
        context=evidence.of_centres,
    ).targets[bundle.target]
    asked = served.why_not == 0
    trained = bundle.score(learned.features[at][asked]).risk
    differ = int(np.sum(trained != served.risk[asked]))
    if differ:
        return issue(
            f"{differ} of {int(asked.sum())} risks differ between training and service",
            rows=float(differ),
        )
    return passed(f"{int(asked.sum())} risks are the same bits in training and service")


@check("RISK016", "A better record does not raise the risk")
def better_record_lower_risk(evidence: Evidence) -> CheckResult:
    """A child that weighs more, or whose arm is wider, should not get a higher risk for it.

    Column by column: where the catalogue gives a direction (more weight-for-height never raises a
    risk), the trees and the linear part must keep it. In 400 rows each constrained column is moved
    up by itself, three steps; a forest that goes against the direction is an issue, and so is a
    weight of the linear part.

    The whole model: one better reading moves many columns, not all of which have a direction (a
    higher last weight also makes the readings before it look poor). So the last weight is made 3 %
    heavier, and the last MUAC 4 mm wider, in the records of up to 1,000 judged children (of the
    training's, where none are judged), and the risks are made anew. A rise of over 0.05 log-odds
    (20 % becomes 20.8 %) in more than half of the children is an issue; in more than a tenth, or
    any rise in more than half, a tip. Both bounds are chosen (verified: false).

    What to do: where a column is wrong, a sign was flipped between its declaration in
    `features/trajectory/columns/` and the fit: train again. Where the whole model is, look for
    columns without a direction that the reading moves.
    """
    matrix, bundle = evidence.learned.features[:NUDGED], evidence.learned.bundle
    if not len(matrix):
        return skipped("there is no training row")
    scale, before = bundle.linear.scale, bundle.forest.margin(matrix)
    wrong = []
    for position, direction in enumerate(directions(evidence.target)):
        if direction and (
            direction * bundle.linear.weight[position] < 0
            or _goes_against(bundle, matrix, position, direction * scale[position], before)
        ):
            wrong.append(NAMES[position])
    if wrong:
        return issue(
            f"the model goes against physiology in {', '.join(wrong[:5])}",
            columns=float(len(wrong)),
        )
    return _of_the_whole_model(
        better_records(evidence.clock, bundle, evidence.looked_at, context=evidence.of_centres)
    )


def _of_the_whole_model(bettered: list[dict[str, Any]]) -> CheckResult:
    """What better records do to the whole model's risks, of which each column keeps its
    direction."""
    told = "; ".join(
        f"a {one['record']} raises the risk of {one['raised']:.0%} of {one['children']} "
        "children, by over "
        f"{NOTED} log-odds that of {one['noted']:.0%}"
        for one in bettered
        if one["children"]
    )
    noted, raised = (
        np.nanmax([one[name] for one in bettered] + [0.0]) for name in ("noted", "raised")
    )
    say = (
        issue
        if noted > RAISED_ISSUE
        else tip
        if noted > RAISED_TIP or raised > RAISED_ISSUE
        else passed
    )
    bounds = f" (a tip over {RAISED_TIP:.0%}, an issue over {RAISED_ISSUE:.0%})"
    told = f"{told}{bounds}" if told else "no judged child has a weight or a MUAC to better"
    return say(
        f"each column keeps its direction, in the trees and in the linear part; {told}",
        noted=float(noted),
        raised=float(raised),
    )


def _goes_against(
    bundle: Bundle, matrix: np.ndarray, position: int, step: float, before: np.ndarray
) -> bool:
    """Whether moving one column in the direction that raises risk lowers the forest's log-odds
    anywhere."""
    moved, last = matrix.copy(), before
    for _ in range(STEPS):
        moved[:, position] += step
        now = bundle.forest.margin(moved)
        if np.any(now < last - 1e-9):
            return True
        last = now
    return False
