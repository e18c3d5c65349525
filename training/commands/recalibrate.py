"""Recalibration for another place: a new bundle, made when asked for, promoted by nobody but a
person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from models.bundle import Bundle, Calibrator, save
from models.champion import bundles_folder
from registry.contract.errors import UsageError
from registry.contract.registry import Registry
from training.card.fingerprint import stamp
from training.checks.finding import NOT_APPLICABLE, SKIPPED
from training.evaluation.scored_rows import ELSEWHERE
from training.report.one_model import ModelReport

LARGE, SLOPE = "large", "slope"
NO_LONGER = {"RISK004": NOT_APPLICABLE, "RISK011": SKIPPED, "RISK015": NOT_APPLICABLE}
"""Findings of the first training that a recalibration makes void."""


def save_updated(told: ModelReport, how: str, models: Path, registry: Registry) -> Bundle:
    """Save the bundle recalibrated on the judged rows: `large` shifts the log-odds, `slope` also
    stretches them.

    `UsageError` EVA005 where the rows are the model's own registry's: there one trains again.
    """
    if how not in (LARGE, SLOPE):
        raise UsageError("EVA006", f"--update is {LARGE} or {SLOPE}")
    if told.figures["updates"] is None:
        raise UsageError(
            "EVA005", f"--update is for another registry ({ELSEWHERE}): on its own one trains again"
        )
    offered = told.figures["updates"]
    slope, shift = (
        (1.0, offered["shift"]) if how == LARGE else (offered["slope"], offered["intercept"])
    )
    if not np.isfinite([slope, shift]).all():
        raise UsageError(
            "EVA007",
            "the recalibration is not known, because too few outcomes are: nothing was made",
        )
    return save(
        recalibrated(told.bundle, slope, shift, registry.facts.get("registry_id")),
        bundles_folder(models),
    )


def recalibrated(bundle: Bundle, slope: float, shift: float, registry_id: object) -> Bundle:
    """The bundle with log-odds of `slope * log_odds + shift`; its card says which findings no
    longer hold."""
    one = bundle.calibrator
    calibrator = Calibrator(
        one.slope * slope,
        one.intercept * slope + shift,
        one.knots * slope + shift,
        one.below * slope,
        one.above * slope,
    )
    because = "the bundle was recalibrated on another registry after these checks"
    findings = [
        found
        | {
            "outcome": NO_LONGER.get(found["code"], found["outcome"]),
            "message": because if found["code"] in NO_LONGER else found["message"],
        }
        for found in bundle.card.get("findings", [])
    ]
    facts = bundle.facts | {
        "recalibrated": {
            "of": bundle.version,
            "registry_id": registry_id,
            "slope": slope,
            "shift": shift,
        }
    }
    moved = replace(bundle, calibrator=calibrator, facts=facts, card={}, version="")
    card = bundle.card | {"findings": findings, "checked": stamp(moved)} if bundle.card else {}
    return replace(moved, card=card)
