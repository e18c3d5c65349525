"""Answers an API request: scores, classifies and places its children in one pass over arrays.

The same clock, trajectory, pathway and scoring as the batch; nothing here knows a rule or a
threshold.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from care.pathway import citations
from care.pathway.decide import RULES, placed_rows
from care.protocol import Protocol, standard
from features.clock import Clock
from features.trajectory.trace import trace
from models.bundle import Bundle
from models.level import group_off
from models.reasons import KEYS
from models.scoring import SCORED, WHY_NOT, Scored, TargetScores, score_children
from models.targets import TARGETS
from models.visits.listed_child import Reason
from registry.checks.table import build_records
from registry.contract.registry import day_number
from registry.machine.today import today
from serving.answering.champions import Champions
from serving.answering.growth_points import classifications, growth_points
from serving.answering.request_shape import RequestChild, incoming
from serving.errors import PastDeadline
from serving.http.observe import Metrics
from serving.language.telling import told_reasons
from serving.language.words import preferred as chosen_language
from serving.language.words import words

__all__ = ["Answerer", "chosen_language"]
CHILDREN_AT_ONCE = 200
"""Between so many children the deadline is looked at."""


@dataclass(frozen=True)
class AnswerRequest:
    """What is asked of some children: as of which day, in which language, with the models' scores
    or by rules alone."""

    as_of: dt.date
    language: str
    scored: bool


class Answerer:
    """Answers for children that come with their records. Holds nothing of them."""

    def __init__(self, champions: Champions, metrics: Metrics, *, protocol: Protocol | None = None):
        self._champions, self._metrics = champions, metrics
        self._protocol = protocol or standard()
        self._sources = {rule: citations.record(rule, self._protocol) for rule in RULES}

    def answer(
        self, children: list[Any], question: AnswerRequest, *, deadline: float = float("inf")
    ) -> bytes:
        """The answer as UTF-8 JSON, children in the order given. PastDeadline past the deadline
        (`time.monotonic`)."""
        champions = self._champions.now if question.scored else {}
        bundles = {target: champion.bundle for target, champion in champions.items()}
        answers: list[dict[str, Any]] = []
        arrived = incoming(children)
        for start in range(0, len(children), CHILDREN_AT_ONCE):
            if time.monotonic() > deadline:
                raise PastDeadline("the answer was not ready in time: ask for fewer children")
            part = slice(start, start + CHILDREN_AT_ONCE)
            answers += self._answers(arrived[part], question, bundles)
        self._count(answers, question)
        document = {
            "as_of": question.as_of.isoformat(),
            "language": question.language,
            "protocol_version": self._protocol.version,
            "children": answers,
        }
        return orjson.dumps(document)

    def _answers(
        self, arrived: list[RequestChild], question: AnswerRequest, bundles: Mapping[str, Bundle]
    ) -> list[dict[str, Any]]:
        latest = max(question.as_of, today())
        registry, refused = build_records([child.records for child in arrived], imported_on=latest)
        if registry.children.rows == 0:
            return [
                _refused(child, problems) for child, problems in zip(arrived, refused, strict=True)
            ]
        clock = Clock(registry)
        child = np.arange(len(arrived), dtype=np.int32)
        day = np.full(len(arrived), day_number(question.as_of), np.int32)
        scored = score_children(clock, child, day, bundles=bundles) if question.scored else None
        traced = scored.traced if scored else trace(clock, clock.known_by(child, day))
        points, statuses = growth_points(traced), classifications(traced)
        placed = placed_rows(traced.known, traced.growth, self._protocol)
        care = [asked | self._sources[str(asked["rule"])] for asked in placed]
        told = _teller(scored, question.language, bundles) if scored else None
        return [
            _one(child, refused[i], points[i], statuses[i], care[i], told, i)
            for i, child in enumerate(arrived)
        ]

    def _count(self, answers: list[dict[str, Any]], question: AnswerRequest) -> None:
        route = "score" if question.scored else "classify"
        statuses = [answer["status"] for answer in answers]
        for status in set(statuses):
            self._metrics.children.labels(route, status).inc(statuses.count(status))
        if question.scored:
            for target in TARGETS:
                given = [answer[target]["score_status"] for answer in answers if target in answer]
                for status in set(given):
                    self._metrics.scores.labels(target, status).inc(given.count(status))


def _one(
    arrived: RequestChild,
    refused: list[Any],
    points: list[Any],
    status: dict[str, Any] | None,
    care: dict[str, Any],
    told: Callable[[int], dict[str, Any]] | None,
    i: int,
) -> dict[str, Any]:
    """One child's answer: its problems, and all that can be said from the records that were
    kept."""
    if not arrived.usable or any(problem.table == "children" for problem in refused):
        return _refused(arrived, refused)
    answer = {
        "child_id": arrived.child_id,
        "status": "answered",
        "problems": arrived.problems_with(refused),
        "growth_points": points,
        "classification": status,
        "care": care,
    }
    return answer | told(i) if told else answer


def _refused(arrived: RequestChild, refused: list[Any]) -> dict[str, Any]:
    return {
        "child_id": arrived.child_id,
        "status": "problem",
        "problems": arrived.problems_with(refused),
    }


def _teller(
    scored: Scored, language: str, bundles: Mapping[str, Bundle]
) -> Callable[[int], dict[str, Any]]:
    """Tells every target of a question in this language."""
    spoken = words(language)
    off = {name: group_off(bundle, scored.rows) for name, bundle in bundles.items()}

    def told(i: int) -> dict[str, Any]:
        facts = scored.facts(i)
        answers = {}
        for name, target in scored.targets.items():
            reasons = reasons_of(target, i)
            sentences = {one.key: one.sentence for one in told_reasons(reasons, facts, spoken)}
            answers[name] = score_document(target, i) | {
                "level_off": _level_off(target, off, i),
                "reasons": [
                    {"key": one.key, "log_odds": one.log_odds, "sentence": sentences.get(one.key)}
                    for one in reasons
                ],
            }
        return answers

    return told


def _level_off(
    target: TargetScores, off: Mapping[str, list[dict[str, Any] | None]], i: int
) -> dict[str, Any] | None:
    """The group of the child whose level was surely off when the model was trained; None without
    one, or without a score."""
    group = off[target.target][i] if target.why_not[i] == 0 else None
    return group and {
        "by": group["by"],
        "group": group["group"],
        "observed_over_expected": group["ratio"],
        "low": group["low"],
        "high": group["high"],
    }


def reasons_of(target: TargetScores, i: int) -> tuple[Reason, ...]:
    """The reasons of one question, strongest first; with the base they add up to the log-odds of
    its risk."""
    if target.why_not[i] != 0:
        return ()
    parts = target.reasons[i].tolist()
    told = [at for at, part in enumerate(parts) if part != 0.0]
    told.sort(key=lambda at: -abs(parts[at]))
    return tuple([Reason(KEYS[at], parts[at]) for at in told])


def score_document(target: TargetScores, i: int) -> dict[str, Any]:
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
