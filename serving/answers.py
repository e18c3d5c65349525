"""From children with their records to what the API says of each: one pass over arrays for all of them.

The same clock, trajectory, pathway and scoring as the batch; nothing here knows a rule or a threshold.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import orjson

from care import facts as care_facts
from care import sources
from care.pathway import RULES, Placed, place
from care.protocol import Protocol, standard
from features.clock import Clock
from features.growth import zscores
from features.status import WASTING, classify, criterion, nutrition_status
from features.trace import Trace, trace
from models.bundle import Bundle
from models.ranking import Reason
from models.reasons import KEYS
from models.scoring import SCORED, WHY_NOT, Scored, TargetScores, score_children
from registry.check import build_records
from registry.tables import day_date, day_number
from serving.bundles import TARGETS, Champions
from serving.incoming import Incoming, incoming
from serving.observe import Metrics
from serving.problems import Problem
from serving.words import preferred as chosen_language
from serving.words import words

__all__ = ["Answerer", "chosen_language"]
Z = ("waz", "haz", "whz", "baz", "muacz")
CHILDREN_AT_ONCE = 200
"""Between so many children the deadline is looked at."""
TOLD_FROM = 0.02
"""A reason that moves the log-odds by less is given as a number, without a sentence."""


@dataclass(frozen=True)
class Question:
    """What is asked of some children: as of which day, in which language, with the models' scores or by rules alone."""

    as_of: dt.date
    language: str
    scored: bool


class Answerer:
    """Answers for children that come with their records. Holds nothing of them."""

    def __init__(self, champions: Champions, metrics: Metrics, *, protocol: Protocol | None = None):
        self._champions, self._metrics = champions, metrics
        self._protocol = protocol or standard()
        self._sources = {rule: sources.record(rule, self._protocol) for rule in RULES}

    def answer(self, children: list, question: Question, *, deadline: float = float("inf")) -> bytes:
        """The answer as UTF-8 JSON, children in the order given. API022 past the deadline (`time.monotonic`)."""
        champions = self._champions.now if question.scored else {}
        bundles = {target: champion.bundle for target, champion in champions.items()}
        answers: list[dict] = []
        arrived = incoming(children)
        for start in range(0, len(children), CHILDREN_AT_ONCE):
            if time.monotonic() > deadline:
                raise Problem("API022")
            part = slice(start, start + CHILDREN_AT_ONCE)
            answers += self._answers(arrived[part], question, bundles)
        self._count(answers, question)
        document = {
            "as_of": question.as_of.isoformat(), "language": question.language,
            "protocol_version": self._protocol.version, "children": answers,
        }
        return orjson.dumps(document)

    def _answers(self, arrived: list[Incoming], question: Question, bundles: Mapping[str, Bundle]) -> list[dict]:
        latest = max(question.as_of, dt.date.today())
        registry, refused = build_records([child.records for child in arrived], imported_on=latest)
        if registry.children.rows == 0:
            return [_refused(child, problems) for child, problems in zip(arrived, refused, strict=True)]
        clock = Clock(registry)
        child = np.arange(len(arrived), dtype=np.int32)
        day = np.full(len(arrived), day_number(question.as_of), np.int32)
        scored = score_children(clock, child, day, bundles=bundles) if question.scored else None
        traced = scored.traced if scored else trace(clock, clock.known_by(child, day))
        points, statuses = growth_points(traced), classifications(traced)
        placed = place(care_facts.of(traced.known, traced.growth, self._protocol), self._protocol)
        told = _teller(scored, question.language) if scored else None
        return [
            _one(child, refused[i], points[i], statuses[i], self._care(placed, i), told, i)
            for i, child in enumerate(arrived)
        ]

    def _care(self, placed: Placed, i: int) -> dict:
        """What the protocol asks for, and where the rule's numbers come from."""
        asked = placed.row(i)
        return asked | self._sources[asked["rule"]]

    def _count(self, answers: list[dict], question: Question) -> None:
        route = "score" if question.scored else "classify"
        statuses = [answer["status"] for answer in answers]
        for status in set(statuses):
            self._metrics.children.labels(route, status).inc(statuses.count(status))
        if question.scored:
            for target in TARGETS:
                given = [answer[target]["score_status"] for answer in answers if target in answer]
                for status in set(given):
                    self._metrics.scores.labels(target, status).inc(given.count(status))


def _one(arrived: Incoming, refused: list, points: list, status: dict, care: dict, told, i: int) -> dict:
    """One child's answer: its problems, and all that can be said from the records that were kept."""
    if not arrived.usable or any(problem.table == "children" for problem in refused):
        return _refused(arrived, refused)
    answer = {
        "child_id": arrived.child_id, "status": "answered", "problems": arrived.problems_with(refused),
        "growth_points": points, "classification": status, "care": care,
    }
    return answer | told(i) if told else answer


def _refused(arrived: Incoming, refused: list) -> dict:
    return {"child_id": arrived.child_id, "status": "problem", "problems": arrived.problems_with(refused)}


def growth_points(traced: Trace) -> list[list[dict]]:
    """For each question its measurements as growth points: z by WHO from each row's own readings, two decimals."""
    rows, sex = traced.growth, traced.known.children["sex"]
    z = zscores(
        sex=np.repeat(sex, np.diff(rows.offsets)), age_days=rows["age_days"], weight_kg=rows["weight_kg"],
        height_cm=rows["height_cm"], height_position=rows["height_position"], muac_mm=rows["muac_mm"],
        oedema=rows["oedema"],
    )
    days = np.datetime_as_string(rows["measured_on"].astype("datetime64[D]")).tolist()
    columns = np.round(np.array([z[name] for name in Z]), 2).tolist()
    flagged = np.array([z[f"{name}_flag"] for name in Z]) == 1
    made = [
        {"measured_on": on, "waz": waz, "haz": haz, "whz": whz, "baz": baz, "muacz": muacz, "implausible": []}
        for on, waz, haz, whz, baz, muacz in zip(days, *columns, strict=True)
    ]
    for indicator, row in np.argwhere(flagged):
        made[row]["implausible"].append(Z[indicator])
    offsets = rows.offsets.tolist()
    return [made[start:end] for start, end in zip(offsets, offsets[1:], strict=False)]


def classifications(traced: Trace) -> list[dict | None]:
    """For each question what its newest valid measurement says (else its newest); None without a measurement."""
    rows = traced.growth
    answer = classify(
        age_days=rows["age_days"], waz=rows["waz"], haz=rows["haz"], whz=rows["whz"], muac_mm=rows["muac_mm"],
        oedema=rows["oedema"], height_age_days=rows["height_days"],
    )
    said, fired = nutrition_status(answer), criterion(answer)
    offsets = rows.offsets.tolist()
    return [
        _classification(rows, answer, said, fired, start, end) if end > start else None
        for start, end in zip(offsets, offsets[1:], strict=False)
    ]


def _classification(rows, answer: dict, said: np.ndarray, fired: np.ndarray, start: int, end: int) -> dict:
    valid = np.flatnonzero(answer["valid"][start:end])
    row = start + int(valid[-1]) if len(valid) else end - 1
    yes = {1: True, 0: False, -1: None}
    return {
        "measured_on": day_date(rows["measured_on"][row]),
        "nutrition_status": WASTING[said[row]],
        "criterion": fired[row] or None,
        "valid": bool(answer["valid"][row]),
        "severely_underweight": yes[int(answer["suw"][row])],
        "severely_stunted": yes[int(answer["severe_stunting"][row])],
    }


def _teller(scored: Scored, language: str) -> Callable[[int], dict]:
    """Tells both targets of a question in this language."""
    spoken = words(language)

    def told(i: int) -> dict:
        facts = scored.facts(i)
        answers = {}
        for name, target in scored.targets.items():
            reasons = reasons_of(target, i)
            answers[name] = score_document(target, i) | {
                "reasons": [
                    {
                        "key": reason.key, "log_odds": reason.log_odds,
                        "sentence": spoken.reason(reason, facts) if abs(reason.log_odds) >= TOLD_FROM else None,
                    }
                    for reason in reasons
                ]
            }
        return answers

    return told


def reasons_of(target: TargetScores, i: int) -> tuple[Reason, ...]:
    """The reasons of one question, strongest first; with the base they add up to the log-odds of its risk."""
    if target.why_not[i] != 0:
        return ()
    parts = target.reasons[i].tolist()
    order = sorted(range(len(KEYS)), key=lambda key: -abs(parts[key]))
    return tuple(Reason(KEYS[key], parts[key]) for key in order if parts[key] != 0.0)


def score_document(target: TargetScores, i: int) -> dict:
    """One target's score of one question, without its reasons."""
    why_not, landmark = WHY_NOT[target.why_not[i]], float(target.landmark_day[i])
    scored = target.why_not[i] == 0
    return {
        "score_status": SCORED if scored else "not_scored",
        "why_not": why_not or None,
        "landmark_day": int(landmark) if landmark == landmark else None,
        "risk": float(target.risk[i]) if scored else None,
        "risk_low": float(target.low[i]) if scored else None,
        "risk_high": float(target.high[i]) if scored else None,
        "base_log_odds": float(target.base) if scored else None,
        "model_version": target.version or None,
    }
