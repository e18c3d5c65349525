"""What the rules and the models say of a stored child: its Condition (SAM or MAM, by criterion) and
a RiskAssessment for each event of which it was scored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.targets import TARGETS
from models.visits.listed_child import Reason
from registry.fhir.fhir_codes import EXTENSIONS, OURS
from serving.book.scorebook import BookRow, Run, Score
from serving.fhir.fhir_parts import Resource, concept, extension, filled, meta, quantity, reference
from serving.language.words import Words

SAM, MAM = "SAM", "MAM"
_DISPLAY = {SAM: "Severe acute malnutrition", MAM: "Moderate acute malnutrition"}
_CONDITION_CODES = "http://terminology.hl7.org/CodeSystem/condition-"
_CRITERIA = {"whz": "whz", "muac_mm": "muac", "oedema": "oedema", "too_low_kg": "too-low"}
"""Of a finding of the pathway, the criterion as Conditions name it."""
_OBSERVED = {"too-low": "weight"}
"""The Observation that says so, where it is not called as the criterion."""


@dataclass(frozen=True)
class Malnourished:
    """One criterion by which a child is malnourished, and the day of the newest reading that says
    so."""

    status: str
    criterion: str
    day: str


def malnourished(
    findings: Sequence[Mapping[str, Any]], classified: Mapping[str, Any] | None
) -> list[Malnourished]:
    """SAM by each criterion whose finding stands (`care.pathway.decide.findings`: no later reading
    has answered it); without any, MAM as the newest reading that can be judged says it."""
    if findings:
        return [
            Malnourished(SAM, _CRITERIA[one["criterion"]], one["measured_on"].isoformat())
            for one in findings
        ]
    if classified is None or classified["nutrition_status"] != MAM:
        return []
    criteria = (classified["criterion"] or "").split("+")
    return [Malnourished(MAM, one, classified["measured_on"]) for one in criteria]


def conditions(
    found: list[Malnourished], observed: list[Resource], key: str, *, synthetic: bool
) -> list[Resource]:
    """A Condition for each criterion, with the Observation that says so. It is provisional, a
    rule's word and no diagnosis; unconfirmed where a weight is too low to believe, which is a
    mistake or the sickest child."""
    return [
        {
            "resourceType": "Condition",
            "id": f"{key}-{one.status.lower()}-{one.criterion}",
            **filled({"meta": meta(synthetic=synthetic)}),
            "clinicalStatus": concept(f"{_CONDITION_CODES}clinical", "active"),
            "verificationStatus": concept(
                f"{_CONDITION_CODES}ver-status",
                "unconfirmed" if one.criterion == "too-low" else "provisional",
            ),
            "code": concept(f"{OURS}:nutrition-status", one.status, _DISPLAY[one.status]),
            "subject": reference("Patient", key),
            "recordedDate": one.day,
            "evidence": [_evidence(one, observed)],
        }
        for one in found
    ]


def _evidence(one: Malnourished, observed: list[Resource]) -> Resource:
    name = f"-{_OBSERVED.get(one.criterion, one.criterion)}"
    seen = [
        reference("Observation", told["id"])
        for told in observed
        if told["effectiveDateTime"] == one.day and told["id"].endswith(name)
    ]
    return filled({"code": [concept(f"{OURS}:criterion", one.criterion)], "detail": seen})


def risk_assessments(
    run: Run, row: BookRow, key: str, words: Words, *, synthetic: bool
) -> list[Resource]:
    """A RiskAssessment for each event of which a run scored a child: risk, 90 % interval, reasons
    that add up, the model's version. Events that were not asked of the child are left out."""
    return [
        _risk_assessment(run, target, score, key, words, synthetic=synthetic)
        for target, score in row.scores.items()
        if score.risk is not None
    ]


def _risk_assessment(
    run: Run, target: str, score: Score, key: str, words: Words, *, synthetic: bool
) -> Resource:
    until = run.as_of + dt.timedelta(TARGETS[target].horizon - (score.landmark_day or 0))
    said = words.of_target(target, "risk")
    prediction = {
        "extension": [*_interval(score), *map(_reason, score.reasons)],
        "outcome": concept(f"{OURS}:target", target, said),
        "probabilityDecimal": score.risk,
        "whenPeriod": {
            "start": run.as_of.isoformat(),
            "end": max(until, run.as_of).isoformat(),
        },
        "rationale": "; ".join(_named(words, score.reasons)),
    }
    return filled(
        {
            "resourceType": "RiskAssessment",
            "id": f"{key}-{target.replace('_', '-')}",
            "meta": meta(synthetic=synthetic, exercise=bool(run.facts.get("exercise"))),
            "extension": extension("model-card", "Uri", "/v1/models/champion"),
            "status": "final",
            "method": concept(f"{OURS}:model-version", score.model_version or "unknown"),
            "subject": reference("Patient", key),
            "occurrenceDateTime": run.as_of.isoformat(),
            "prediction": [filled(prediction)],
        }
    )


def _interval(score: Score) -> list[Resource]:
    if score.risk_low is None or score.risk_high is None:
        return []
    low, high = (quantity(value, "1") for value in (score.risk_low, score.risk_high))
    return extension("risk-interval", "Range", {"low": low, "high": high})


def _reason(reason: Reason) -> Resource:
    """A reason and what it adds to the risk in log-odds."""
    told = [
        {"url": "key", "valueCode": reason.key},
        {"url": "log-odds", "valueDecimal": reason.log_odds},
    ]
    return {"url": EXTENSIONS["reason"], "extension": told}


def _named(words: Words, reasons: tuple[Reason, ...]) -> list[str]:
    """The reasons that raise the risk, in words, the heaviest first."""
    raising = sorted((one for one in reasons if one.log_odds > 0), key=lambda one: -one.log_odds)
    return [words("reasons_short", one.key) for one in raising]
