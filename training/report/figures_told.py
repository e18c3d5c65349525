"""The report's figures: pure functions from judged rows to plain values, one for each section of
the page."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.trajectory.catalogue import NAMES
from training.evaluation.run_figures import WHZ, single_orders
from training.evaluation.scored_rows import Judged
from training.evaluation.subgroups import VISITED_SHARE
from training.metrics.calibration import CurvePoint, calibration, calibration_curve
from training.metrics.discrimination import (
    Estimate,
    auc,
    bootstraps,
    brier,
    by_landmark,
    ranked,
    scaled_brier,
)
from training.metrics.recalibration import level_shift, separated, slope_and_intercept
from training.metrics.usefulness import at_capacity, net_benefit

THRESHOLDS = np.arange(0.02, 0.61, 0.01)
SHARES = (0.1, 0.2, 0.3)
ORDER_WORDS = {
    "model": "this model",
    "rules": "the protocol's rules alone",
    "WHZ": "lowest last WHZ",
    "MUAC": "lowest last MUAC",
    "no gain": "days without gain",
    "chance": "chance",
}


def orders(judged: Judged, rules: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """What children could be ordered by, highest first: the model, the rules (of
    `training.evaluation.rules_order`) where given, single measurements, chance (all alike)."""
    found = {"model": judged.risk} | ({} if rules is None else {"rules": rules})
    found |= single_orders(judged)
    return found | {"chance": np.zeros(len(judged.risk))}


def apart(judged: Judged, rules: np.ndarray | None = None) -> dict[str, dict[str, Estimate]]:
    """AUC (IPCW) by order, `overall`, and how much more the model's is, `more_than`, all from the
    same draws."""
    ordered = {
        name: ranked(order) for name, order in orders(judged, rules).items() if name != "chance"
    }

    def aucs(*drawn: np.ndarray) -> list[float]:
        *ranks, happened, weight = drawn
        model, *others = (auc(rank, happened, weight) for rank in ranks)
        return [model, *others, *(model - other for other in others)]

    told = bootstraps(
        aucs, *ordered.values(), judged.happened, judged.weight, cluster=judged.rows.child
    )
    names = list(ordered)
    return {
        "overall": dict(zip(names, told, strict=False)),
        "more_than": dict(zip(names[1:], told[len(names) :], strict=True)),
    }


def discrimination(judged: Judged, rules: np.ndarray | None = None) -> dict[str, Any]:
    """`apart`, the AUC `same_day` (of model and WHZ, among predictions of one landmark), and
    `by_landmark`."""
    child, landmark = judged.rows.child, judged.rows.landmark
    columns = judged.happened, judged.weight
    rank = {name: ranked(orders(judged)[name]) for name in ("model", "WHZ")}
    same = bootstraps(
        lambda *drawn: [_within(one, *drawn[2:]) for one in drawn[:2]],
        *rank.values(),
        *columns,
        landmark,
        cluster=child,
        repeats=100,
    )
    return {
        **apart(judged, rules),
        "same_day": dict(zip(rank, same, strict=True)),
        "by_landmark": by_landmark(auc, rank["model"], *columns, landmark=landmark, cluster=child),
        "rows_by_landmark": _by_day(landmark, judged.known),
        "events_by_landmark": _by_day(landmark, judged.known & (judged.happened == 1)),
    }


def _by_day(landmark: np.ndarray, mask: np.ndarray) -> dict[int, int]:
    return {int(day): int(np.sum(mask & (landmark == day))) for day in np.unique(landmark)}


def _within(
    rank: np.ndarray, happened: np.ndarray, weight: np.ndarray, landmark: np.ndarray
) -> float:
    """The AUC over pairs of one landmark only."""
    concordant = pairs = 0.0
    for day in np.unique(landmark):
        of = landmark == day
        cases = (happened * weight)[of].sum()
        here = cases * (weight[of].sum() - cases)
        if here > 0:
            concordant, pairs = (
                concordant + here * auc(rank[of], happened[of], weight[of]),
                pairs + here,
            )
    return concordant / pairs if pairs > 0 else np.nan


CALIBRATION = ("slope", "intercept", "in_the_large", "observed_over_expected")


def calibration_figures(
    risk: np.ndarray, happened: np.ndarray, weight: np.ndarray
) -> tuple[float, ...]:
    """The figures of `CALIBRATION`."""
    found = calibration(risk, happened, weight)
    return tuple(getattr(found, name) for name in CALIBRATION)


def true_risks(judged: Judged) -> dict[str, Any]:
    """Calibration: `curve`, and `slope`, `intercept`, `in_the_large` with intervals; Brier score,
    plain and scaled."""
    columns, child = (judged.risk, judged.happened, judged.weight), judged.rows.child
    told = dict(
        zip(
            CALIBRATION,
            bootstraps(calibration_figures, *columns, cluster=child, repeats=100),
            strict=True,
        )
    )
    briers = bootstraps(
        lambda *drawn: (brier(*drawn), scaled_brier(*drawn)), *columns, cluster=child
    )
    return told | {
        "curve": calibration_curve(*columns, child=child),
        "brier": briers[0],
        "brier_scaled": briers[1],
    }


def decisions(judged: Judged) -> dict[str, Any]:
    """Decision curve: net benefit by threshold of the model, of WHZ under -2, of visiting all, and
    none.

    `low` and `high`: of the model's, 95 % at each threshold, children drawn anew; `better_from` and
    `better_to`: the first and last threshold at which it is surely better than the best of the
    others (None where at none), and whether it is so `better_everywhere` between.
    """
    wasted = (judged.matrix[:, WHZ] < -2).astype(float)
    columns = judged.happened, judged.weight

    def model(
        risk: np.ndarray, happened: np.ndarray, weight: np.ndarray, wasted: np.ndarray
    ) -> np.ndarray:
        found = _benefits(risk, happened, weight, wasted)
        others = np.max(
            [found[name] for name in ("WHZ under -2", "visit_all", "visit_none")], axis=0
        )
        return np.concatenate([found["model"], found["model"] - others])

    drawn = bootstraps(model, judged.risk, *columns, wasted, cluster=judged.rows.child, repeats=100)
    own, more = drawn[: len(THRESHOLDS)], drawn[len(THRESHOLDS) :]
    surely = THRESHOLDS[[one.low > 0 for one in more]]
    return {
        "thresholds": THRESHOLDS,
        **_benefits(judged.risk, *columns, wasted),
        "low": np.array([one.low for one in own]),
        "high": np.array([one.high for one in own]),
        "better_from": float(surely.min()) if len(surely) else None,
        "better_to": float(surely.max()) if len(surely) else None,
        "better_everywhere": bool(
            np.all(np.diff(np.flatnonzero([one.low > 0 for one in more])) == 1)
        ),
    }


def _benefits(
    risk: np.ndarray, happened: np.ndarray, weight: np.ndarray, wasted: np.ndarray
) -> dict[str, np.ndarray]:
    """Net benefit at each threshold, of the model and of those that it is compared with."""
    # A rule has no threshold: its true and false positives are the same at each, only the price of
    # the false differs.
    true, false = _positives(wasted, happened, weight)
    return {
        **net_benefit(risk, happened, weight, thresholds=THRESHOLDS),
        "WHZ under -2": true - THRESHOLDS / (1 - THRESHOLDS) * false,
    }


def _positives(
    visited: np.ndarray, happened: np.ndarray, weight: np.ndarray
) -> tuple[float, float]:
    total = weight.sum()
    if total <= 0:
        return np.nan, np.nan
    return float((visited * happened * weight).sum() / total), float(
        (visited * (1 - happened) * weight).sum() / total
    )


def within_visits(judged: Judged, rules: np.ndarray) -> list[dict[str, Any]]:
    """Precision and recall, with the bounds of ties, within 10, 20 and 30 visits to every 100 rows,
    by order."""
    known = int(judged.known.sum())
    return [
        {
            "share": share,
            "order": name,
            "at": at_capacity(
                order, judged.happened, judged.weight, capacity=max(int(share * known), 1)
            ),
        }
        for share in SHARES
        for name, order in orders(judged, rules).items()
    ]


def updates_offered(judged: Judged) -> dict[str, Any]:
    """Recalibrations for the judged rows: of the level (`shift`), and of `slope` and `intercept`
    (NaN where no line is the most likely one), from so many `outcomes`; the Brier score after
    each."""
    known = judged.known
    log_odds, happened, weight = (
        judged.log_odds[known],
        judged.happened[known],
        judged.weight[known],
    )
    large = level_shift(log_odds, happened, weight, outcomes=judged.outcomes_known)
    one_kind = happened.all() or not happened.any()
    slope, intercept = (
        (np.nan, np.nan)
        if one_kind or separated(log_odds, happened)
        else slope_and_intercept(log_odds, happened, weight)
    )

    def after(line: np.ndarray) -> float:
        return brier(1 / (1 + np.exp(-line)), happened, weight)

    return {
        "outcomes": judged.outcomes_known,
        "shift": large,
        "slope": slope,
        "intercept": intercept,
        "brier_now": after(log_odds),
        "brier_large": after(log_odds + large),
        "brier_slope": after(slope * log_odds + intercept),
    }


MISSED_BY = {
    "age_days": ("age in days", 0),
    "whz_last": ("last WHZ", 2),
    "muac_last": ("last MUAC in mm", 0),
    "weight_velocity": ("weight velocity in g/kg/day", 2),
    "days_since_weighed": ("days since the last weighing", 0),
    "height_days": ("days since the last height", 0),
    "weighings_90": ("weighings in 90 days", 0),
    "days_since_discharge": ("days since discharge", 0),
    "days_in_treatment": ("days in treatment", 0),
    "stays_before": ("earlier stays", 0),
    "diarrhoea_share": ("share of checks with diarrhoea", 2),
    "attendance_90": ("attendance", 2),
    "centre_wasted": ("share of the centre's children that are wasted", 2),
}


def missed(judged: Judged, visited: np.ndarray) -> list[str]:
    """Who is missed, in words: the columns in which children with the event who were not visited
    differ most from those who were (medians; standardised by the rows' spread)."""
    case = (judged.happened == 1) & judged.known
    out, found = case & ~visited, case & visited
    if min(out.sum(), found.sum()) < 10:
        return [
            f"Predictions with the event that were missed: {int(out.sum())}; found: "
            f"{int(found.sum())}. Too few to "
            "describe."
        ]
    told = []
    for name, (words, digits) in MISSED_BY.items():
        column = judged.matrix[:, NAMES.index(name)]
        spread = np.nanstd(column) if (~np.isnan(column)).any() else 0.0
        if spread > 0 and (~np.isnan(column[out])).any() and (~np.isnan(column[found])).any():
            one, other = np.nanmedian(column[out]), np.nanmedian(column[found])
            told.append(
                (
                    abs(one - other) / spread,
                    f"{words}: {one:.{digits}f} (found: {other:.{digits}f})",
                )
            )
    told.sort(reverse=True)
    head = (
        f"Of the predictions with the event, {int(out.sum())} lie outside of the fifth "
        "that is visited, "
        f"{int(found.sum())} inside. What tells the missed from the found most (medians):"
    )
    return [head] + [words for _, words in told[:6]]


def most_recall(judged: Judged) -> float:
    """The highest recall that visits to a fifth of all predictions could have, whatever the
    order."""
    total, cases = judged.weight.sum(), (judged.weight * judged.happened).sum()
    return float(min(1.0, VISITED_SHARE * total / cases)) if cases > 0 else float("nan")


def curve_rows(curve: list[CurvePoint]) -> list[tuple[int, float, float, float, float]]:
    """(children, expected, observed, low, high) of each point."""
    return [
        (one.children, one.expected, one.observed.value, one.observed.low, one.observed.high)
        for one in curve
    ]
