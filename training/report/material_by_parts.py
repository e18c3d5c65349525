"""The material of reports from a store that is read part by part: once to count the rows of each
bundle's block, once to make the features of those that are judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from features.clock import Clock
from features.data_quality import QualityScores, scored
from features.quality_counts import QualityCounts, counts_of
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import TARGETS
from registry.contract.arrays import AnyArray, Codes, Days, Flags, Floats
from registry.contract.registry import Registry
from registry.engine import Engine
from registry.store.partitions import StorePart, alone, late_rows, numbers_of, over_parts
from registry.store.store import open_store
from training.cohorts.known_until import newest_day
from training.cohorts.landmarks import Cohort
from training.cohorts.visit_exposure import censored_at_visits
from training.evaluation.rules_order import by_rules
from training.evaluation.scored_rows import (
    ELSEWHERE,
    ENOUGH_EVENTS,
    LATER,
    REHEARSAL,
    asked,
    block_rows,
    blocks_of,
    events_of,
    few_of,
    judging,
    learnt_from,
    of_asked,
)
from training.evaluation.stability import centres
from training.evaluation.subgroup_table import AreasAndQuality
from training.priors.priors import Said
from training.report.material import Material, ids_of
from training.rows.at_hand import AtHand
from training.rows.gathered_rows import columns_of, end_to_end, in_order
from training.rows.kept_rows import of_columns
from training.rows.store_rows import at_home, own_rows
from training.validation.held_out import Marked, MarkedRows, held_out_for, marked_rows


class CountedRecords(NamedTuple):
    """Of some children and one bundle: how many `rows` each block has and how the records led to
    them (`attrition`), by block; the `events` later; and how many rows it `learnt` from."""

    rows: dict[str, int]
    attrition: dict[str, dict[str, int]]
    events: int
    learnt: int


@dataclass(frozen=True)
class ReportPlan:
    """What parts are asked of one bundle: the `block` that is judged, with so many `rows`; so many
    rows `learnt` from; the `marks` of lists for its target."""

    bundle: Bundle
    block: str
    rows: int
    learnt: int
    attrition: Mapping[str, int]
    marks: tuple[Marked, ...]


class Answered(NamedTuple):
    """A part's own rows of one plan, as columns, and their `labels_until`; `why` and, of the
    scored, `matrix` as `training.evaluation.scored_rows.asked` gives them; `beside`: columns of the
    scored; the rows `learnt` from, with their `labels_until`."""

    rows: dict[str, AnyArray]
    labels_until: int | None
    why: Codes
    matrix: Floats
    beside: dict[str, AnyArray]
    learnt: tuple[dict[str, AnyArray], int | None] | None
    marked: MarkedRows | None


@dataclass(frozen=True)
class StoreMaterial:
    """A store, asked for several bundles at once: `places` (its centres, areas and facts), the
    centres' `quality`, the last day that is known (`until`), the store's `numbers` of its children,
    and what is judged of each bundle."""

    address: str
    engine: Engine
    places: Registry
    quality: QualityScores
    until: int
    numbers: Days
    plans: tuple[ReportPlan, ...]

    @classmethod
    def of(
        cls,
        address: str,
        bundles: Sequence[Bundle],
        *,
        engine: Engine,
        marks: Sequence[Marked] = (),
        said: Said = lambda text: None,
    ) -> StoreMaterial:
        """Count every part's rows."""
        with closing(open_store(address, must_exist=True)) as store:
            until = newest_day(late_rows(store), store.load(children=()).recorded_until)
            numbers = numbers_of(store)
        places, counted = over_parts(
            address,
            partial(_count, tuple(bundles), until, numbers),
            engine,
            done=lambda done, of: said(f"rows of {done:,} of {of:,} children"),
        )
        plans = [
            _plan(bundle, [of[at] for of, _ in counted], marks) for at, bundle in enumerate(bundles)
        ]
        quality = scored([counts for _, counts in counted])
        return cls(address, engine, places, quality, until, numbers, tuple(plans))

    def materials(self, hand: AtHand, with_ids: bool, said: Said) -> dict[str, Material]:
        """The material of each bundle of which something can be judged, by version; `with_ids`: see
        `training.report.material.of_registry`."""
        judged = [plan for plan in self.plans if why_not_judged(plan) is None]
        asked_of = [replace(plan, bundle=judging(plan.bundle, plan.block)) for plan in judged]
        _, parts = over_parts(
            self.address,
            partial(_answer, asked_of, self.until, self.numbers, with_ids),
            self.engine,
            done=lambda done, of: said(f"predictions of {done:,} of {of:,} children"),
        )
        found: dict[str, Material] = {}
        for plan, one in zip(judged, asked_of, strict=True):
            answers = [part.pop(0) for part in parts]
            found[plan.bundle.version] = self._material(plan, one.bundle, answers, hand)
        return found

    def _material(
        self, plan: ReportPlan, said_by: Bundle, parts: Sequence[Answered], hand: AtHand
    ) -> Material:
        target = TARGETS[plan.bundle.target]
        columns = end_to_end([part.rows for part in parts])
        order = np.lexsort((columns.pop("order"), columns["child"]))
        why = np.concatenate([part.why for part in parts])
        place = (np.cumsum(why == 0) - 1)[order][why[order] == 0]
        columns = {name: values[order] for name, values in columns.items()}
        rows = of_columns(target, columns, labels_until=parts[0].labels_until)
        rows = replace(rows, attrition=dict(plan.attrition))
        matrix = in_order([part.matrix for part in parts], place)
        beside = end_to_end([part.beside for part in parts])
        ids = beside["child_id"][place] if "child_id" in beside else None
        marked = [part.marked for part in parts if part.marked is not None]
        return Material(
            plan.bundle,
            of_asked(said_by, rows, why[order], matrix, block=plan.block),
            plan.rows,
            _learnt(plan, parts),
            beside["urgent"][place],
            AreasAndQuality(self.places, self.quality, beside["centre"][place], ids),
            MarkedRows.together(marked) if marked else None,
            self.until,
            hand,
            by_parts=True,
        )


def why_not_judged(plan: ReportPlan) -> str | None:
    """As `training.evaluation.scored_rows.not_judged`."""
    why: str | None = plan.bundle.facts.get("not_rehearsed")
    return why if why and plan.block == REHEARSAL else None


def _count(
    bundles: Sequence[Bundle], until: int, numbers: Days, part: StorePart
) -> tuple[list[CountedRecords], QualityCounts]:
    """Of the children who are now at a part's centres; what becomes of a child is told from its
    own records alone."""
    registry, position = alone(part.registry, at_home(part)), part.among(numbers)
    clock = Clock(registry)
    counted = [_counted(clock, bundle, until, position) for bundle in bundles]
    return counted, counts_of(registry, by="centre")


def _counted(clock: Clock, bundle: Bundle, until: int, position: Days) -> CountedRecords:
    if not _is_home(clock.registry, bundle):
        rows = block_rows(clock, bundle, ELSEWHERE, until=until)
        return CountedRecords({ELSEWHERE: len(rows.index)}, {ELSEWHERE: rows.attrition}, 0, 0)
    later, learnt = block_rows(clock, bundle, LATER, until=until), learnt_from(clock, bundle)
    placed = replace(learnt, child=position[learnt.child])
    return CountedRecords(
        {LATER: len(later.index), REHEARSAL: int(blocks_of(bundle, placed)[1].sum())},
        {LATER: later.attrition, REHEARSAL: learnt.attrition},
        events_of(later),
        len(learnt.index),
    )


def _is_home(registry: Registry, bundle: Bundle) -> bool:
    same: bool = bundle.facts.get("registry_id") == registry.facts.get("registry_id")
    return same


def _plan(bundle: Bundle, counted: Sequence[CountedRecords], marks: Sequence[Marked]) -> ReportPlan:
    enough = sum(one.events for one in counted) >= ENOUGH_EVENTS
    block = ELSEWHERE if ELSEWHERE in counted[0].rows else LATER if enough else REHEARSAL
    attrition = [one.attrition[block] for one in counted]
    return ReportPlan(
        bundle,
        block,
        sum(one.rows[block] for one in counted),
        sum(one.learnt for one in counted),
        {name: sum(one[name] for one in attrition) for name in attrition[0]},
        tuple(held_out_for(TARGETS[bundle.target], marks)),
    )


def _answer(
    plans: Sequence[ReportPlan], until: int, numbers: Days, with_ids: bool, part: StorePart
) -> list[Answered]:
    clock = Clock(part.registry)
    asked_in = _AskedIn(part, clock, Context(clock), at_home(part), part.among(numbers))
    return [_answered(asked_in, plan, until, with_ids) for plan in plans]


class _AskedIn(NamedTuple):
    """A part at hand: which of its children (mask) are now at its centres (`home`), and the
    `position` of each in the whole registry."""

    part: StorePart
    clock: Clock
    context: Context
    home: Flags
    position: Days


def _answered(of: _AskedIn, plan: ReportPlan, until: int, with_ids: bool) -> Answered:
    """Rows are a part's where the child was at its centres on their day: there its family and its
    centre are known whole."""
    bundle, clock, position = plan.bundle, of.clock, of.position
    every = block_rows(clock, bundle, plan.block, until=until, position=position)
    rows = few_of(every, rows=plan.rows, position=position)
    order = np.arange(len(rows.child)) - np.searchsorted(rows.child, rows.child)
    own = own_rows(of.part, clock, rows)
    mine = rows.take(own)
    if bundle.facts.get("without_visits"):
        mine = censored_at_visits(clock, mine, known_by=until)
    why, matrix = asked(clock, bundle, mine, of.context)
    told = mine.take(np.flatnonzero(why == 0))
    beside = {
        "urgent": by_rules(clock, told.child, told.day),
        "centre": centres(clock, told),
    }
    if with_ids:
        beside["child_id"] = ids_of(clock.registry, told)
    return Answered(
        columns_of(mine, position) | {"order": order[own]},
        mine.labels_until,
        why,
        matrix,
        beside,
        _learnt_here(of, plan),
        _marked_here(of, plan, until),
    )


def _learnt_here(of: _AskedIn, plan: ReportPlan) -> tuple[dict[str, AnyArray], int | None] | None:
    if plan.block == ELSEWHERE:
        return None
    rows = learnt_from(of.clock, plan.bundle)
    rows = few_of(rows, rows=plan.learnt, position=of.position)
    mine = rows.take(np.flatnonzero(of.home[rows.child]))
    return columns_of(mine, of.position), mine.labels_until


def _marked_here(of: _AskedIn, plan: ReportPlan, until: int) -> MarkedRows | None:
    if not plan.marks:
        return None
    target = TARGETS[plan.bundle.target]
    found = marked_rows(of.clock, target, plan.marks, until=until, of=of.home)
    return found._replace(child=of.position[found.child].astype(np.int64))


def _learnt(plan: ReportPlan, parts: Sequence[Answered]) -> Cohort | None:
    told = [part.learnt for part in parts if part.learnt is not None]
    if not told:
        return None
    columns = end_to_end([columns for columns, _ in told])
    order = np.argsort(columns["child"], kind="stable")
    columns = {name: values[order] for name, values in columns.items()}
    return of_columns(TARGETS[plan.bundle.target], columns, labels_until=told[0][1])
