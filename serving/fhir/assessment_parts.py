"""What the rules and the models say of a stored child: its Condition (SAM or MAM, by criterion) and
a RiskAssessment for each event of which it was scored."""

from __future__ import annotations

import datetime as dt
from typing import Any

from models.targets import TARGETS
from models.visits.listed_child import Reason
from registry.fhir.fhir_codes import EXTENSIONS, OURS
from serving.book.scorebook import BookRow, Run, Score
from serving.fhir.fhir_parts import Resource, concept, extension, filled, meta, quantity, reference
from serving.language.words import Words

CONDITIONS = {"SAM": "Severe acute malnutrition", "MAM": "Moderate acute malnutrition"}
_CONDITION_CODES = "http://terminology.hl7.org/CodeSystem/condition-"
_OBSERVED_BY = {"whz": "whz", "muac": "muac", "oedema": "oedema"}
"""By criterion, the Observation that says so."""


def condition(
    classified: dict[str, Any] | None, observed: list[Resource], key: str, *, synthetic: bool
) -> list[Resource]:
    """SAM or MAM as the newest measurement that can be judged says it, with the criteria that say
    so and their Observations; none where neither is said.

    It is provisional: a rule's word on one measurement, no diagnosis.
    """
    status = classified["nutrition_status"] if classified else None
    if classified is None or status not in CONDITIONS:
        return []
    day, criteria = classified["measured_on"], (classified["criterion"] or "").split("+")
    evidence = [
        {
            "code": [concept(f"{OURS}:criterion", one)],
            "detail": [
                reference("Observation", seen["id"])
                for seen in observed
                if seen["effectiveDateTime"] == day
                and seen["id"].rpartition("-")[2] == _OBSERVED_BY[one]
            ],
        }
        for one in criteria
        if one in _OBSERVED_BY
    ]
    return [
        filled(
            {
                "resourceType": "Condition",
                "id": f"{key}-{status.lower()}",
                "meta": meta(synthetic=synthetic),
                "clinicalStatus": concept(f"{_CONDITION_CODES}clinical", "active"),
                "verificationStatus": concept(f"{_CONDITION_CODES}ver-status", "provisional"),
                "code": concept(f"{OURS}:nutrition-status", status, CONDITIONS[status]),
                "subject": reference("Patient", key),
                "recordedDate": day,
                "evidence": [filled(one) for one in evidence],
            }
        )
    ]


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
            "meta": meta(synthetic=synthetic),
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
