"""The children of a run as FHIR resources: their records as known on the scoring day, and what the
run said of them."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from care.pathway import facts as care_facts
from care.pathway.decide import findings
from care.protocol import standard
from features.clock import Clock, Known
from features.trajectory.trace import trace
from registry.contract.errors import SanketError
from registry.contract.registry import NEVER, Registry, day_number
from registry.fhir.fhir_codes import GENDERS, IDS
from registry.store.single_sqlite import open_beside_the_book
from serving.answering.growth_points import classifications
from serving.book.scorebook import BookRow, Run
from serving.errors import BookUnreadable
from serving.fhir.assessment_parts import (
    Malnourished,
    conditions,
    malnourished,
    risk_assessments,
)
from serving.fhir.fhir_parts import Resource, meta
from serving.fhir.observation_parts import observations
from serving.fhir.patient_parts import episodes, organizations, patient
from serving.language.words import Words

_GENDER_OF = {sex: gender for gender, sex in GENDERS.items()}


@dataclass(frozen=True)
class FhirChild:
    """One child: the programme's own id (for the audit alone), its key, and all that is told of
    it; `area` are its centre's Organizations."""

    child_id: str
    key: str
    resources: list[Resource]
    area: list[Resource]


@dataclass(frozen=True)
class FhirSource:
    """Where children's records are, which run is told, in whose words, and how ids become keys."""

    store_address: str
    run: Run
    keyed: Callable[[str], str]
    words: Words

    @property
    def synthetic(self) -> bool:
        """Whether the records are made up. A run that does not say so of itself is not."""
        return bool(self.run.facts.get("synthetic"))

    def children(self, rows: Sequence[BookRow]) -> list[FhirChild]:
        """These children of the run, in their order. BookUnreadable where the registry cannot be
        read."""
        return self.children_of(self._registry([row.candidate.child_id for row in rows]), rows)

    def children_of(self, registry: Registry, rows: Sequence[BookRow]) -> list[FhirChild]:
        """These children with their records from a registry in memory."""
        known = _RecordsOf(registry, [row.candidate.child_id for row in rows], self.run.as_of)
        return [self._child(row, known) for row in rows]

    def _registry(self, child_ids: list[str]) -> Registry:
        try:
            store = open_beside_the_book(self.store_address)
            try:
                return store.load(children=child_ids)
            finally:
                store.close()
        except (SanketError, SQLAlchemyError, sqlite3.Error, OSError):
            raise BookUnreadable("the registry cannot be read") from None

    def _child(self, row: BookRow, records: _RecordsOf) -> FhirChild:
        child_id = row.candidate.child_id
        key = self.keyed(child_id)
        risks = risk_assessments(self.run, row, key, self.words, synthetic=self.synthetic)
        view = records.view(child_id)
        if view is None:
            known = [self._unregistered(row, key)]
            return FhirChild(child_id, key, [*known, *risks], [])
        registry = records.registry
        observed = observations(view, key, synthetic=self.synthetic)
        found = records.malnourished(child_id)
        told = [
            patient(registry, view, key, synthetic=self.synthetic),
            *episodes(view, registry, key, self.keyed, synthetic=self.synthetic),
            *observed,
            *conditions(found, observed, key, synthetic=self.synthetic),
            *risks,
        ]
        centre, day = int(view.children["centre"][0]), int(view.day[0])
        area = organizations(registry, centre, day, synthetic=self.synthetic)
        return FhirChild(child_id, key, told, area)

    def _unregistered(self, row: BookRow, key: str) -> Resource:
        """Of a child whose records are not in the registry, what the run says."""
        return {
            "resourceType": "Patient",
            "id": key,
            "meta": meta(synthetic=self.synthetic),
            "identifier": [{"system": IDS["child"], "value": key}],
            "gender": _GENDER_OF.get(row.candidate.sex, "unknown"),
        }


class _RecordsOf:
    """The records of some children as known by a day, and what stands of malnutrition by them."""

    def __init__(self, registry: Registry, child_ids: Sequence[str], as_of: dt.date):
        self.registry, self._clock, self._day = registry, Clock(registry), day_number(as_of)
        wanted = set(child_ids)
        places = [at for at, child in enumerate(registry.child_ids) if str(child) in wanted]
        self._places = {str(registry.child_ids[at]): at for at in places}
        self._question = {child: at for at, child in enumerate(self._places)}
        traced = trace(self._clock, self._known(places))
        self._facts = care_facts.of(traced.known, traced.growth, standard())
        self._classified = classifications(traced)

    def _known(self, places: list[int]) -> Known:
        day = np.full(len(places), self._day, np.int32)
        return self._clock.known_by(np.array(places, np.int32), day)

    def view(self, child_id: str) -> Known | None:
        """What was known of one child; None where nothing was."""
        at = self._places.get(child_id)
        view = None if at is None else self._known([at])
        return None if view is None or int(view.children["birth_date"][0]) == NEVER else view

    def malnourished(self, child_id: str) -> list[Malnourished]:
        """By which criteria one child is malnourished."""
        at = self._question[child_id]
        cells = {name: self._facts[name][at].item() for name in self._facts}
        return malnourished(findings(cells), self._classified[at])


class SeenAreas:
    """The Organizations of an export, each once."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def new(self, children: Sequence[FhirChild]) -> Iterator[Resource]:
        """Those of these children that were not told before."""
        for child in children:
            for area in child.area:
                if area["id"] not in self._seen:
                    self._seen.add(area["id"])
                    yield area
