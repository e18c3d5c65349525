"""From the children that the score book keeps to its rows: what it says of each.

Whom it keeps: `serving/book/scoring/kept_children.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from care.pathway import facts as care_facts
from care.pathway.decide import Placed, place
from care.protocol import Protocol, standard
from care.register import target_weight
from features.clock import Clock
from features.trajectory.context import Context
from features.trajectory.trace import Trace
from models.bundle import Bundle
from models.scoring import (
    NOT_SCORED,
    OTHER_QUESTIONS,
    SCORED,
    WHY_NOT,
    Scored,
    TargetScores,
    score_children,
)
from models.targets import TARGETS, Asked
from models.visits.hold_out import drawn
from models.visits.listed_child import Candidate
from models.visits.urgency import urgency_facts
from registry.contract.arrays import Days, Flags
from registry.contract.codes import Setting, Sex, VisitFinding
from registry.contract.registry import Registry, day_date, day_number
from serving.answering.answers import reasons_of
from serving.book.escalation.escalation_kinds import escalation_facts, visits_of
from serving.book.scorebook import BookRow, Score


@dataclass(frozen=True)
class Places:
    """Where each centre of a registry lies as of a day: text ids and coordinates by the centre's
    position."""

    sector: np.ndarray
    project: np.ndarray
    district: np.ndarray
    setting: list[str | None]
    latitude: np.ndarray
    longitude: np.ndarray

    @classmethod
    def of(cls, registry: Registry, day: int) -> Places:
        """The newest version of each centre that was known by the day."""
        centres = registry.centres
        known = centres.take((centres["known_from"] <= day) & (day < centres["known_until"]))
        at = np.full(len(registry.centre_ids), -1)
        at[known["centre"]] = np.arange(known.rows)
        ids = {
            name: np.append(getattr(registry, f"{name}_ids"), "")[np.append(known[name], -1)[at]]
            for name in ("sector", "project", "district")
        }
        setting = [
            Setting.text_of(code) if code >= 0 else None
            for code in np.append(known["setting"], -1)[at]
        ]
        where = [np.append(known[name], np.nan)[at] for name in ("latitude", "longitude")]
        return cls(**ids, setting=setting, latitude=where[0], longitude=where[1])

    @property
    def sectors(self) -> set[tuple[str, str, str]]:
        """(sector, project, district) of every sector that has a centre."""
        return {
            place
            for place in zip(self.sector, self.project, self.district, strict=True)
            if place[0]
        }


@dataclass(frozen=True)
class Scoring:
    """All that the rows of one run are made from."""

    registry: Registry
    clock: Clock
    context: Context
    bundles: Mapping[str, Bundle]
    protocol: Protocol
    places: Places
    day: int
    own_centres: Flags | None = None
    """bool[centres + 1]: whose children are scored (`registry.store.partitions.StorePart`); None:
    everybody's."""
    holdout_share: float = 0.0

    @classmethod
    def of(
        cls,
        registry: Registry,
        bundles: Mapping[str, Bundle],
        as_of: dt.date,
        *,
        own_centres: Flags | None = None,
        holdout_share: float = 0.0,
    ) -> Scoring:
        """Ready to score a registry as of a day, with a share of the children held out by lot."""
        clock, day = Clock(registry), day_number(as_of)
        places = Places.of(registry, day)
        of_run = own_centres, holdout_share
        return cls(registry, clock, Context(clock), bundles, standard(), places, day, *of_run)

    def own_sectors(self) -> list[str]:
        """The sectors of the centres whose children are scored here."""
        centres = np.arange(len(self.registry.centre_ids))
        own = centres if self.own_centres is None else centres[self.own_centres[:-1]]
        return sorted({str(sector) for sector in self.places.sector[own] if sector})

    def own_children(self) -> Days:
        """The children (positions) who are scored here."""
        children = np.arange(len(self.registry.child_ids), dtype=np.int32)
        if self.own_centres is None:
            return children
        day = np.full(len(children), self.day, np.int32)
        return children[self.own_centres[self.clock.child_on(children, day)["centre"]]]

    def rows(self, children: np.ndarray) -> Iterator[BookRow]:
        """The book's rows of these children, whom the book keeps."""
        day = np.full(len(children), self.day, np.int32)
        scored = score_children(
            self.clock, children, day, bundles=self.bundles, context=self.context
        )
        placed = self.placed(scored.traced)
        told = {name: _scores(target) for name, target in scored.targets.items()}
        for i in range(len(children)):
            scores = {name: of[i] for name, of in told.items()}
            yield BookRow(self._candidate(scored, placed, scores, i), scores)

    def placed(self, traced: Trace) -> Placed:
        """Where the protocol places each child of a view."""
        facts = care_facts.of(traced.known, traced.growth, self.protocol)
        return place(facts, self.protocol)

    def _candidate(
        self, scored: Scored, placed: Placed, scores: Mapping[str, Score], i: int
    ) -> Candidate:
        known, places = scored.traced.known, self.places
        step: dict[str, Any] = placed.row(i)
        centre = int(known.children["centre"][i])
        facts = self._facts(scored, placed, step.pop("findings"), i)
        centre_id = str(self.registry.centre_ids[centre])
        centre_names: Any = self.registry.facts.get("centre_names", {})
        target = _leading(scores)
        score = scores.get(target) if target is not None else None
        step.pop("protocol_version")
        child_id = str(self.registry.child_ids[known.child[i]])
        registry_id = str(self.registry.facts.get("registry_id"))
        return Candidate(
            child_id=child_id,
            centre_id=centre_id,
            centre_name=centre_names.get(centre_id),
            sector_id=str(places.sector[centre]),
            setting=places.setting[centre],
            latitude=_number(places.latitude[centre]),
            longitude=_number(places.longitude[centre]),
            sex=Sex.text_of(known.children["sex"][i]),
            age_months=facts.get("age_months"),
            **step,
            target=target,
            risk=score.risk if score else None,
            risk_low=score.risk_low if score else None,
            risk_high=score.risk_high if score else None,
            reasons=score.reasons if score else (),
            facts=facts,
            why_not=_why_not(scores),
            held_out=drawn(registry_id, child_id, self.holdout_share),
            **_last_visit(scored, i),
        )

    def _facts(
        self, scored: Scored, placed: Placed, findings: list[dict[str, Any]], i: int
    ) -> dict[str, Any]:
        """What sentences, the order of the list and escalations ask of a child."""
        traced = scored.traced
        escalation = escalation_facts(placed, i, visits_of(traced, i))
        return (
            scored.facts(i)
            | _standing(findings)
            | _target_weight_kg(scored, self.protocol, i)
            | urgency_facts(traced, placed.facts, i, self.protocol)
            | {name: day for name, day in escalation.items() if day is not None}
        )


def _leading(scores: Mapping[str, Score]) -> str | None:
    """The target that the list ranks by: the scored one; of two that of a child in care before that
    of an untreated one, then the higher risk."""
    scored = [target for target, score in scores.items() if score.status == SCORED]

    def lead(target: str) -> tuple[bool, float]:
        return TARGETS[target].asked is not Asked.UNTREATED, scores[target].risk or 0.0

    return max(scored, key=lead, default=None)


def _why_not(scores: Mapping[str, Score]) -> str | None:
    """Why no target has a score, where the child's own records say so."""
    if any(score.status == SCORED for score in scores.values()):
        return None
    told = [score.why_not for score in scores.values() if score.why_not]
    return next((why for why in told if why not in OTHER_QUESTIONS), None)


def _scores(target: TargetScores) -> list[Score]:
    """What a target's model said of each child."""
    version, base = target.version or None, float(target.base)
    columns = (target.why_not, target.landmark_day, target.risk, target.low, target.high)
    said: list[Score] = []
    none: dict[tuple[int, int | None], Score] = {}
    for i, cells in enumerate(zip(*(of.tolist() for of in columns), strict=True)):
        why, day, risk, low, high = cells
        landmark = None if day != day else int(day)
        if why == 0:
            reasons = reasons_of(target, i)
            said.append(Score(SCORED, None, landmark, risk, low, high, base, reasons, version))
            continue
        if (why, landmark) not in none:
            of_none = (NOT_SCORED, WHY_NOT[why], landmark, None, None, None, None, (), version)
            none[why, landmark] = Score(*of_none)
        said.append(none[why, landmark])
    return said


_TOLD_AS = {
    "whz": "sam_whz",
    "muac_mm": "sam_muac_mm",
    "oedema": "sam_oedema",
    "too_low_kg": "sam_low_kg",
}


def _standing(findings: list[dict[str, Any]]) -> dict[str, Any]:
    """The findings of SAM that stand (`care.pathway.decide.findings`) as facts of a sentence:
    `sam_muac_mm`, `sam_muac_on`."""
    told: dict[str, Any] = {}
    for found in findings:
        name = _TOLD_AS[found["criterion"]]
        day = f"{name.removesuffix('_mm').removesuffix('_kg')}_on"
        told |= {name: found["value"], day: found["measured_on"]}
        if "height_cm" in found:
            told["sam_low_cm"] = found["height_cm"]
    return told


def _target_weight_kg(scored: Scored, protocol: Protocol, i: int) -> dict[str, Any]:
    """The weight to reach in treatment (kg), as a sheet of paper tells it; none out of
    treatment."""
    target = target_weight(scored.traced.known, scored.traced.growth, protocol, i)
    return {} if target is None else {"target_weight_kg": round(target, 2)}


def _last_visit(scored: Scored, i: int) -> dict[str, Any]:
    visits = scored.traced.known.visits
    end = visits.offsets[i + 1]
    if end == visits.offsets[i]:
        return {"last_visited_on": None, "last_finding": None}
    finding = int(visits["finding"][end - 1])
    return {
        "last_visited_on": day_date(visits["visited_on"][end - 1]),
        "last_finding": VisitFinding.text_of(finding) if finding >= 0 else None,
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
