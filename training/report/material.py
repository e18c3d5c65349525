"""What a report of one bundle is made of: judged rows with what their records say beside their
features, and records at hand for what asks them once more. Made from a registry in memory here,
from a store read part by part in `training.report.material_by_parts`; both are the same to the
bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from features.data_quality import QualityScores
from models.bundle import Bundle
from models.targets import TARGETS
from registry.contract.arrays import Floats, Texts
from registry.contract.registry import Registry
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import Cohort
from training.evaluation.rules_order import by_rules
from training.evaluation.scored_rows import (
    ELSEWHERE,
    Judged,
    block_rows,
    few_of,
    judged_cohort,
    judging,
    learnt_from,
    score_rows,
)
from training.evaluation.stability import centres
from training.evaluation.subgroup_table import AreasAndQuality
from training.rows.at_hand import AtHand
from training.validation.held_out import Marked, MarkedRows, held_out_for, marked_rows


@dataclass(frozen=True)
class Material:
    """Of one bundle the `judged` rows, of which the block has so many (`rows`; of very many those
    of children drawn by lot are judged); those that it `learnt` from (by the same lot; None: of
    another registry); of each judged row the rules' urgency (`urgent`) and where it was made
    (`places`); the rows `marked` by lists; the last day that is known (`until`); and the records at
    `hand`. `by_parts`: the rows were found in parts of a store, so that their stays are not those
    of the records at hand.
    """

    bundle: Bundle
    judged: Judged
    rows: int
    learnt: Cohort | None
    urgent: Floats
    places: AreasAndQuality
    marked: MarkedRows | None
    until: int
    hand: AtHand
    by_parts: bool = False

    def judged_at_hand(self) -> Judged:
        """The judged rows of the children at hand, with these records' stays as their indexes."""
        if not self.by_parts:
            return self.judged
        at = self.hand.of(self.judged.rows)
        some = self.judged if at is None else self.judged.take(at)
        there = block_rows(self.hand.clock, self.bundle, some.block, until=self.until)
        wanted = _keys(some.rows)
        found = there.take(_keys(there).isin(wanted).nonzero()[0])
        if not _keys(found).equals(wanted):
            raise RuntimeError(f"{self.bundle.target}: rows at hand are not those of the parts")
        return replace(some, rows=replace(some.rows, outcomes=found.outcomes, index=found.index))

    def learnt_at_hand(self) -> Cohort | None:
        """The rows that the bundle learnt from, of the children at hand."""
        if self.judged.block == ELSEWHERE:
            return None
        learnt = learnt_from(self.hand.clock, self.bundle)
        at = self.hand.of(learnt)
        return learnt if at is None else learnt.take(at)


def _keys(rows: Cohort) -> pd.MultiIndex:
    """Child, day of the index and day of each row. Two stays that end on one day share theirs, and
    stand in one order everywhere."""
    index_on = rows.outcomes.index_on[rows.index]
    return pd.MultiIndex.from_arrays([rows.child, index_on, rows.day])


def of_registry(
    hand: AtHand,
    bundle: Bundle,
    *,
    quality: QualityScores,
    marks: Sequence[Marked] = (),
    with_ids: bool = False,
) -> Material:
    """The material of a bundle from a whole registry at hand; `quality`: of its records, by centre;
    `marks`: of the score book's lists; `with_ids`: the children's ids are asked for."""
    clock = hand.clock
    block, every = judged_cohort(clock, bundle)
    some = few_of(every, rows=len(every.index))
    judged = score_rows(clock, judging(bundle, block), some, block=block, context=hand.context)
    learnt = None if block == ELSEWHERE else learnt_from(clock, bundle)
    mine, until = held_out_for(TARGETS[bundle.target], marks), known_until(clock.registry)
    return Material(
        bundle,
        judged,
        len(every.index),
        None if learnt is None else few_of(learnt, rows=len(learnt.index)),
        by_rules(clock, judged.rows.child, judged.rows.day),
        AreasAndQuality(
            clock.registry,
            quality,
            centres(clock, judged.rows),
            ids_of(clock.registry, judged.rows) if with_ids else None,
        ),
        marked_rows(clock, TARGETS[bundle.target], mine, until=until) if mine else None,
        until,
        hand,
    )


def ids_of(registry: Registry, rows: Cohort) -> Texts:
    """The programme's own code of each row's child."""
    found: Texts = registry.child_ids[rows.child].astype(str).astype(object)
    return found
