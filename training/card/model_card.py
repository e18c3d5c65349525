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
from training.fitting.pipeline import PARAMETERS, Learned
from training.fitting.sample_size import needed

STRONGEST = 12


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
    """The columns that move the later block's scores most: mean size of their part in log-odds."""
    matrix = learned.features[learned.later_on][:2000]
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
    advised = needed(prevalence=prevalence, parameters=PARAMETERS)
    return (
        {
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
            **{
                name: facts[name]
                for name in (
                    "rows_fitted",
                    "rows_earlier",
                    "rows_later",
                    "events_fitted",
                    "events_earlier",
                    "events_later",
                )
            },
            "features": len(NAMES),
            "trees": f"{bundle.trees:.0%}",
            "linear": f"{1 - bundle.trees:.0%}",
            "calibrator": (
                f"slope {bundle.calibrator.slope:.3f}, intercept {bundle.calibrator.intercept:.3f}"
            ),
            "advised": advised.events,
            "prevalence": f"{prevalence:.1%}",
            "index": target.report.index,
            "event": target.report.event,
            "outcome_counts": _outcomes(findings),
        }
        | {
            name: _number(figures.get(name))
            for name in (
                "auc",
                "auc_whz",
                "brier_scaled",
                "calibration_slope",
                "precision_at_top_tenth",
            )
        }
        | {finding.code: f"{finding.outcome}: {finding.message}" for finding in findings}
    )


def _number(value: float | None) -> str:
    missing = value is None or not np.isfinite(value)
    return "not known, because too few outcomes are known" if missing else f"{value:.3f}"


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
