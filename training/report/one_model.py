"""All that the report says of one model: figures, plots and words, gathered in the order of the
page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features import data_quality
from features.age_bands import BANDS_MONTHS
from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import HAPPENED, TARGETS
from registry.contract.registry import Registry, day_date
from training.cohorts.censoring import asked_to_the_end
from training.cohorts.children_lot import MOST_JUDGED_ROWS
from training.cohorts.landmarks import Cohort, attrition_table
from training.evaluation import as_used, importance
from training.evaluation.as_used import on_month_lists
from training.evaluation.learning_curve import learning_curve
from training.evaluation.run_figures import WHZ, filled
from training.evaluation.scored_rows import (
    BLOCK_WORDS,
    ELSEWHERE,
    LATER,
    REHEARSAL,
    Judged,
    blocks_of,
    judging,
    last_known,
    not_judged,
)
from training.evaluation.secondary import judged_later, of_judged
from training.evaluation.stability import better_records, top_between_months
from training.evaluation.subgroup_table import INFANTS, gaps, groupings, table, too_small
from training.evaluation.subgroups import visited
from training.evaluation.visit_lists import compare
from training.fitting.fit import Progress
from training.metrics.compared import compared
from training.metrics.event_share import shares_by_landmark
from training.report import figures_told, plots
from training.report.delayed import delayed
from training.report.glossary import not_scored
from training.report.material import Material, of_registry
from training.rows.at_hand import AtHand
from training.validation.by_day import by_day
from training.validation.held_out import compared as compared_held_out
from training.validation.left_out import LeftOut

LISTS_WORDS = {
    LATER: "from the day until which the model learnt",
    ELSEWHERE: "from the first month of this registry",
    REHEARSAL: "from the rehearsal's first later month, and only of children from whom the rehearsal "  # noqa: E501
    "did not learn: "
    "shorter than a supervisor's whole list",
}


@dataclass(frozen=True)
class ModelReport:
    """One model's part of the report: `figures` (plain values by section), `plots` (Matplotlib
    figures by name). Where nothing could be judged, `judged` is None and `figures` has `not_judged`
    (why, in words) and the counts of the training."""

    bundle: Bundle
    judged: Judged | None
    figures: dict[str, Any]
    plots: dict[str, Any]


def tell(
    clock: Clock,
    bundle: Bundle,
    *,
    context: Context,
    said: Progress = lambda text: None,
) -> ModelReport:
    """Judge a bundle on a registry in memory; see `told_of`."""
    said(f"{bundle.target}: rows to judge on")
    if why := not_judged(clock, bundle):
        return unjudged(bundle, why)
    quality = data_quality.score(clock.registry)
    material = of_registry(AtHand(clock, context), bundle, quality=quality)
    return told_of(material, said=said)


def told_of(
    material: Material,
    *,
    left_out: LeftOut | None = None,
    said: Progress = lambda text: None,
    age_bands: tuple[int, ...] = BANDS_MONTHS,
    own_groups: pd.DataFrame | None = None,
) -> ModelReport:
    """The report of a bundle from its material; see `training.evaluation.scored_rows` for which
    rows, and which bundle says their risks. `left_out`: its internal-external validation, where it
    was asked for; `age_bands`, `own_groups`: see `training.evaluation.subgroup_table.groupings`."""
    bundle, judged, rules = material.bundle, material.judged, material.urgent
    target, learnt = bundle.target, material.learnt
    said(f"{target}: figures of {len(judged.risk)} rows, {judged.events} events")
    figures = (
        _counts(judged, material.rows)
        | _learnt(bundle, learnt, judged.block)
        | {
            "compared": _compared(judged),
            "discrimination": figures_told.discrimination(judged, rules),
            "true_risks": figures_told.true_risks(judged),
            "decisions": figures_told.decisions(judged),
            "within_visits": figures_told.within_visits(judged, rules),
            "missed": figures_told.missed(judged, visited(judged.risk)),
            "most_recall": figures_told.most_recall(judged),
            "updates": figures_told.updates_offered(judged) if judged.block == ELSEWHERE else None,
            "refitted": _refitted(material.places.registry, bundle),
            "by_day": by_day(judged, learnt),
            "instability": bundle.reference.get("instability"),
            "left_out": left_out,
            "held_out": None if material.marked is None else compared_held_out(material.marked),
        }
    )
    said(f"{target}: subgroups")
    groups = groupings(judged, material.places, age_bands=age_bands, own=own_groups)
    rows = table(judged, groups)
    young = (groups["infants"] == INFANTS) & judged.known
    figures["infants"] = {
        "predictions": int(young.sum()),
        "events": int(judged.happened[young].sum()),
        "children": _children(judged, young),
    }
    figures |= {
        "subgroups": rows,
        "gaps": gaps(judged, groups, rows),
        "too_small": too_small(groups, rows),
        "by": [by for by in groups if by != "infants"],
    }
    figures |= _asked_once_more(material, said)
    said(f"{target}: drawing")
    said_by = judging(bundle, judged.block)
    return ModelReport(bundle, judged, figures, _plots(said_by, judged, figures))


def _asked_once_more(material: Material, said: Progress) -> dict[str, Any]:
    """What asks the records at hand once more."""
    bundle, hand = material.bundle, material.hand
    clock, context, target = hand.clock, hand.context, bundle.target
    judged, learnt = material.judged_at_hand(), material.learnt_at_hand()
    said_by, among = judging(bundle, judged.block), hand.population
    said(f"{target}: lists, their steadiness, and better records")
    figures = _of_lists(hand, said_by, judged, learnt)
    figures["better_records"] = better_records(clock, bundle, judged, context=context)
    said(f"{target}: other outcomes, and later knowledge")
    later = judged_later(clock, said_by, judged.rows)
    cutoff = last_known(material.until, bundle, judged.block)
    figures["others"] = of_judged(clock, judged, later, cutoff=cutoff)
    figures["delayed"] = delayed(later)
    said(f"{target}: as scored monthly, from records known late")
    used = as_used.as_used(clock, said_by, judged.block, learnt, among=among)
    figures["as_used"] = as_used.told(used)
    said(f"{target}: the learning curve")
    figures["learning"] = (
        []
        if learnt is None or not bundle.explained
        else learning_curve(clock, said_by, judged, context=context, learnt=learnt)
    )
    return figures | {"at_hand": hand.counted}


def _compared(judged: Judged) -> dict[str, float]:
    """What trainings are compared by in MLflow, of the report's rows."""
    whz = filled(-judged.matrix[:, WHZ])
    columns = judged.risk, whz, judged.happened, judged.weight
    return compared(*columns, child=judged.rows.child)


def unjudged(bundle: Bundle, why: str) -> ModelReport:
    """The part of a model of which nothing can be told: no figure, and why."""
    figures = {
        "not_judged": why,
        "block": REHEARSAL,
        "events": 0,
        "children_known": 0,
        "children_with_event": 0,
        "updates": None,
    }
    return ModelReport(bundle, None, figures, {})


def _counts(judged: Judged, rows: int) -> dict[str, Any]:
    """`drawn_of`: how many rows there were, where those of children drawn by lot are judged."""
    return {
        "not_judged": None,
        "drawn_of": rows if rows > MOST_JUDGED_ROWS else None,
        "block": judged.block,
        "block_words": BLOCK_WORDS[judged.block],
        "attrition": attrition_table(judged.rows),
        "rows": len(judged.risk),
        "known": int(judged.known.sum()),
        "events": judged.events,
        "not_scored": judged.not_scored,
        "not_scored_words": not_scored(judged.why_not, judged.never_scored),
        "children": _children(judged, judged.rows.child >= 0),
        "children_known": _children(judged, judged.known),
        "children_with_event": _children(judged, _cases(judged)),
        "predictions_with_event": int(_cases(judged).sum()),
        "days": _days(judged),
        "prevalence": _weighed(judged.happened, judged),
        "expected": _weighed(judged.risk, judged),
        "mean_risk": float(judged.risk.mean()) if len(judged.risk) else float("nan"),
        "censoring": judged.censoring,
        "shares": shares_by_landmark(
            judged.risk,
            judged.happened,
            judged.weight,
            landmark=judged.rows.landmark,
            asked=asked_to_the_end(judged.rows),
        ),
    }


def _refitted(registry: Registry, bundle: Bundle) -> dict[str, Any] | None:
    """When and from how many outcomes the bundle was recalibrated on this very registry; None where
    it was not."""
    made: dict[str, Any] = bundle.facts.get("recalibrated") or {}
    here = made and made["registry_id"] == registry.facts.get("registry_id")
    return made if here else None


def _cases(judged: Judged) -> np.ndarray:
    found: np.ndarray = judged.known & (judged.happened == 1)
    return found


def _children(judged: Judged, mask: np.ndarray) -> int:
    return len(np.unique(judged.rows.child[mask]))


def _days(judged: Judged) -> list[str]:
    """The first and the last day of the predictions; empty without one."""
    day = judged.rows.day
    return [day_date(int(of)).isoformat() for of in (day.min(), day.max())] if len(day) else []


def _learnt(bundle: Bundle, rows: Cohort | None, block: str) -> dict[str, Any]:
    """`learnt_share`: of the rows that whoever says the risks learnt from, with a known outcome,
    those with the event (not weighed); NaN on another registry, where they are not at hand."""
    if rows is None:
        return {"learnt_share": float("nan")}
    outcome = rows.outcome[blocks_of(bundle, rows)[0]] if block == REHEARSAL else rows.outcome
    return {
        "learnt_share": float(np.mean(outcome[outcome >= 0] == HAPPENED))
        if (outcome >= 0).any()
        else float("nan")
    }


def _weighed(values: np.ndarray, judged: Judged) -> float:
    """Their mean over the rows with a known outcome, by weight."""
    return (
        float(np.average(values, weights=judged.weight))
        if judged.weight.sum() > 0
        else float("nan")
    )


def _of_lists(
    hand: AtHand, bundle: Bundle, judged: Judged, learnt: Cohort | None
) -> dict[str, Any]:
    """Monthly lists by sector, and how steady their top is, of children whom the judged bundle did
    not learn from."""
    clock, context = hand.clock, hand.context
    rows = on_month_lists(clock, bundle, judged, learnt, among=hand.population)
    found = compare(clock, {bundle.target: rows}, {bundle.target: bundle}, context=context)
    return {
        "lists": found["table"],
        "lists_words": LISTS_WORDS[judged.block],
        "stability": top_between_months(clock, bundle, rows, context=context),
    }


def _plots(bundle: Bundle, judged: Judged, figures: dict[str, Any]) -> dict[str, object]:
    drawn = {
        "calibration": plots.calibration(figures["true_risks"]),
        "decision": plots.decision(figures["decisions"]),
        "landmarks": plots.landmarks(
            figures["discrimination"], words=f"days after {TARGETS[bundle.target].report.since}"
        ),
        "spread": plots.spread(judged.risk, judged.happened, judged.known),
    }
    if figures["by_day"]:
        drawn["by_day"] = plots.by_day(figures["by_day"])
    if figures["instability"]:
        drawn["instability"] = plots.instability(figures["instability"])
    if figures["left_out"]:
        drawn["left_out"] = plots.left_out(figures["left_out"])
    if figures["learning"]:
        drawn["learning"] = plots.learning(figures["learning"])
    return drawn | (
        importance.drawings(importance.explanation(bundle, judged.matrix))
        if len(judged.matrix) and bundle.explained
        else {}
    )
