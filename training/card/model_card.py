"""The model card: TRIPOD+AI's 27 items and PROBAST+AI's questions, filled from the training itself.

What the training cannot know says "not known, because …". The card lies in the bundle, so its
version is the model's, and an exact repeat of a training writes the same card.

Sources: Collins et al. 2024, "TRIPOD+AI statement", BMJ 385:e078378; Moons et al. 2025,
"PROBAST+AI", BMJ 388:e082505 (items in our own words).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from features.trajectory.catalogue import NAMES, REASON_OF
from models.targets import TARGETS
from training.card.card_wording import MAY, MAY_NOT, PROBAST, TRIPOD
from training.card.fingerprint import stamp
from training.checks.finding import Finding
from training.cohorts.visit_exposure import visits_in_words
from training.fitting.pipeline import Learned, advised_size

STRONGEST = 12
REHEARSED = {
    "auc": "AUC",
    "auc_whz": "of the last WHZ alone",
    "brier_scaled": "scaled Brier",
    "calibration_slope": "calibration slope",
    "precision_at_top_tenth": "precision in the highest tenth",
    "auc_as_used": "AUC as scored monthly from records known late",
}
"""The rehearsal's figures that the card tells, and their words."""


def write(
    learned: Learned, *, findings: list[Finding], figures: dict[str, float]
) -> dict[str, Any]:
    """The card as plain JSON values: `use`, `tripod_ai` (27), `probast_ai`, `findings`, `figures`,
    `strongest`, and `checked`: the stamp of the model that the findings were made on."""
    told = _facts(learned, findings, figures)
    return {
        "target": learned.bundle.target,
        "synthetic": told["synthetic"],
        "use": {"may": list(MAY), "may_not": list(MAY_NOT)},
        "tripod_ai": [
            {"item": number, "title": title, "answer": answer.format(**told)}
            for number, title, answer in TRIPOD
        ],
        "probast_ai": [
            {"domain": domain, "question": question, "answer": answer.format(**told)}
            for domain, question, answer in PROBAST
        ],
        "findings": [_without_nan(finding.as_dict()) for finding in findings],
        "checked": stamp(learned.bundle),
        "figures": _without_nan(figures),
        "strongest": strongest(learned),
    }


def strongest(learned: Learned) -> list[dict[str, Any]]:
    """The columns that move the newest training rows' scores most: mean size of their part in
    log-odds."""
    matrix = learned.features[np.argsort(-learned.rows.day, kind="stable")][:2000]
    size = np.abs(learned.bundle.score(matrix).contributions).mean(axis=0)
    order = np.argsort(-size, kind="stable")[:STRONGEST]
    return [
        {
            "column": NAMES[at],
            "reason": REASON_OF[NAMES[at]],
            "mean_log_odds": round(float(size[at]), 4),
        }
        for at in order
    ]


def _facts(
    learned: Learned, findings: list[Finding], figures: dict[str, float]
) -> dict[str, object]:
    """Every word that the card's sentences are filled with."""
    bundle, facts = learned.bundle, learned.bundle.facts
    attrition, target = facts["attrition"], TARGETS[learned.bundle.target]
    share = facts.get("share_assumed_dates")
    known = learned.rows.outcome >= 0
    prevalence = float(np.mean(learned.rows.outcome[known] == 1))
    return {
        "target": bundle.target.replace("_", "-"),
        "horizon": target.horizon,
        "used": len(learned.rows.index),
        "landmarks": ", ".join(map(str, target.landmarks)),
        "label_days": target.label_days,
        "until": facts["trained_until"],
        "seed": facts["seed"],
        "synthetic": facts["synthetic"],
        "data": "SYNTHETIC children who never lived"
        if facts["synthetic"]
        else "real records of children",
        "assumed": "not known, because the registry does not say"
        if share is None
        else f"{share:.1%}",
        "indexes": attrition["indexes"],
        "in_cohort": attrition["in_cohort"],
        "rows": attrition["landmark_rows"],
        "happened": attrition["happened"],
        "did_not": attrition["did_not_happen"],
        "censored": attrition["censored"],
        "died": attrition["died"],
        "left_out": attrition["indexes"] - attrition["in_cohort"],
        **{name: facts[name] for name in ("rows_fitted", "events_fitted")},
        "features": len(NAMES),
        "priors": "; ".join(facts.get("prior_notes", []))
        or "estimated for every measure from the training window",
        "trees": f"{bundle.trees:.0%}",
        "linear": f"{1 - bundle.trees:.0%}",
        "calibrator": (
            f"slope {bundle.calibrator.slope:.3f}, intercept {bundle.calibrator.intercept:.3f}"
        ),
        "advised": advised_size(learned).events,
        "effective_parameters": f"{facts['effective_parameters']:.0f}",
        "rehearsed": _rehearsed(learned, figures),
        "rehearsal_blocks": learned.not_rehearsed or _blocks(facts),
        "prevalence": f"{prevalence:.1%}",
        "censoring": facts["censoring"]["words"],
        "visits": _visits(facts),
        "index": target.report.index,
        "event": target.report.event,
        "outcome_counts": _outcomes(findings),
    } | {finding.code: f"{finding.outcome}: {finding.message}" for finding in findings}


def _rehearsed(learned: Learned, figures: dict[str, float]) -> str:
    """What the rehearsal came to, in a sentence; why there was none, where there was none."""
    if learned.not_rehearsed:
        return f"No figure of performance: {learned.not_rehearsed}"
    named = {
        name: f"{words} {_number(figures[name])}"
        for name, words in REHEARSED.items()
        if name in figures
    }
    return f"Of the rehearsal, on the later block: {', '.join(named.values())}"


def _blocks(facts: dict[str, Any]) -> str:
    return (
        f"{facts['rows_earlier']} rows ({facts['events_earlier']} events) whose labels end before "
        f"{facts['later_from']} rehearsed, {facts['rows_later']} ({facts['events_later']} events) "
        "from that day on judged the rehearsal; the rest are rows whose labels reach into the "
        "later block, and later rows of children of the earlier"
    )


def _visits(facts: dict[str, Any]) -> str:
    told = visits_in_words(facts)
    return f"Visits: {told}" if told else "Visits: no list's visit met a child it learnt from"


def _number(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "not known, because too few outcomes are known"


def _outcomes(findings: list[Finding]) -> str:
    counts = {
        outcome: sum(finding.outcome == outcome for finding in findings)
        for outcome in dict.fromkeys(finding.outcome for finding in findings)
    }
    return (
        ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "no check was run"
    )


def _without_nan(told: object) -> object:
    """The same with None for numbers that are not finite, which JSON cannot hold."""
    if isinstance(told, dict):
        return {name: _without_nan(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_without_nan(value) for value in told]
    return None if isinstance(told, float) and not np.isfinite(told) else told
