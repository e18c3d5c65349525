"""All that the report says of one model: figures, plots and words, gathered in the order of the page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Clock
from features.context import Context
from models.bundle import Bundle
from registry.tables import day_number
from training import importance
from training.cohorts import attrition_table
from training.fit import Said
from training.judged import BLOCK_WORDS, CALIBRATION, ELSEWHERE, LATER, Judged, judged_rows
from training.learn import Learned, blocks
from training.lists import lists_found
from training.report import figures_told, plots
from training.stability import better_records, top_between_months
from training.subgroup_table import gaps, groupings, table
from training.subgroups import visited


@dataclass(frozen=True)
class Told:
    """One model's part of the report: `figures` (plain values by section), `plots` (Matplotlib figures by name)."""

    bundle: Bundle
    judged: Judged
    figures: dict
    plots: dict[str, object]


def tell(clock: Clock, bundle: Bundle, *, context: Context, said: Said = lambda text: None) -> Told:
    """Judge a bundle on a registry; see `training.judged` for which rows."""
    target = bundle.target
    said(f"{target}: rows to judge on")
    judged = judged_rows(clock, bundle, context=context)
    said(f"{target}: figures of {len(judged.risk)} rows, {judged.events} events")
    figures = _counts(judged) | {
        "discrimination": figures_told.discrimination(judged), "true_risks": figures_told.true_risks(judged),
        "decisions": figures_told.decisions(judged), "within_visits": figures_told.within_visits(judged),
        "missed": figures_told.missed(judged, visited(judged.risk)),
        "updates": figures_told.updates_offered(judged) if judged.block == ELSEWHERE else None,
    }
    said(f"{target}: subgroups")
    groups = groupings(clock, judged)
    rows = table(judged, groups)
    figures |= {"subgroups": rows, "gaps": gaps(judged, groups, rows)}
    said(f"{target}: lists, their steadiness, and better records")
    figures |= _of_lists(clock, bundle, judged, context)
    figures["better_records"] = better_records(clock, bundle, judged, context=context)
    figures["learning"] = _learning(clock, bundle, judged, context)
    said(f"{target}: drawing")
    return Told(bundle, judged, figures, _plots(bundle, judged, figures))


def _counts(judged: Judged) -> dict:
    return {
        "block": judged.block, "block_words": BLOCK_WORDS[judged.block], "attrition": attrition_table(judged.rows),
        "rows": len(judged.risk), "known": int(judged.known.sum()), "events": judged.events,
        "not_scored": judged.not_scored, "children": len(np.unique(judged.rows.child)),
        "prevalence": _prevalence(judged), "mean_risk": float(judged.risk.mean()) if len(judged.risk) else float("nan"),
    }


def _prevalence(judged: Judged) -> float:
    total = judged.weight.sum()
    return float((judged.happened * judged.weight).sum() / total) if total > 0 else float("nan")


def _of_lists(clock: Clock, bundle: Bundle, judged: Judged, context: Context) -> dict:
    """Monthly lists by sector, and how steady their top is; only on days that the model did not learn from."""
    if judged.block == CALIBRATION:
        because = "not known, because there are no later months with known outcomes than those the model learnt from"
        return {"lists": [], "lists_words": because, "stability": None}
    first = day_number(bundle.facts["trained_until"]) if judged.block == LATER else int(judged.rows.day.min(initial=0))
    asked = pd.DataFrame({"target": [bundle.target]})
    found = lists_found(clock, asked, {bundle.target: bundle}, split=first)
    stability = top_between_months(clock, bundle, first=first, context=context)
    none = "" if found["table"] else "not known, because no month's list has its whole horizon within the records"
    return {"lists": found["table"], "lists_words": none, "stability": stability}


def _learning(clock: Clock, bundle: Bundle, judged: Judged, context: Context) -> list[dict]:
    """The learning curve, from the rows that the bundle was fitted on; none on another registry."""
    if judged.block == ELSEWHERE:
        return []
    from features.trajectory import as_of
    from models.problems import PROBLEMS
    from training.cohorts import before_split, cohort

    until = day_number(bundle.facts["trained_until"])
    rows = cohort(clock, PROBLEMS[bundle.target], cutoff=until - 1)
    used = np.flatnonzero(before_split(rows, until))
    rows = rows.take(used)
    fitted_on, calibrated_on = blocks(rows)
    rows = rows.take(np.flatnonzero(fitted_on))
    matrix = as_of(clock, rows.child, rows.day, priors=bundle.priors, context=context)
    everything = np.ones(len(rows.child), bool)
    learned = Learned(bundle, None, rows, used, everything, ~everything, matrix)
    return figures_told.learning_curve(learned, judged)


def _plots(bundle: Bundle, judged: Judged, figures: dict) -> dict[str, object]:
    drawn = {
        "calibration": plots.calibration(figures["true_risks"]), "decision": plots.decision(figures["decisions"]),
        "landmarks": plots.landmarks(figures["discrimination"]),
        "spread": plots.spread(judged.risk, judged.happened, judged.known),
    }
    if figures["learning"]:
        drawn["learning"] = plots.learning(figures["learning"])
    return drawn | (importance.drawings(importance.explanation(bundle, judged.matrix)) if len(judged.matrix) else {})
