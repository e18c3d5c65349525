"""The material of reports from a store that is read part by part: once to count the rows of each
bundle's block, once to make the features of those that are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np

from features.clock import Clock
from features.data_quality import QualityScores, scored
from features.quality_counts import QualityCounts, counts_of
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import TARGETS
from registry.contract.arrays import AnyArray, Codes, Days, Flags, Floats, Ints
from registry.contract.registry import Registry
from registry.engine import Engine
from registry.store.partitions import StorePart, alone, late_rows, numbers_of, over_parts
from registry.store.store import open_store
from training.cohorts.known_until import newest_day
from training.cohorts.landmarks import Cohort
from training.cohorts.visit_exposure import censored_at_visits
from training.evaluation.challenge import Challenge, Contest, challenge_told
from training.evaluation.rules_order import by_rules
from training.evaluation.scored_rows import (
    ELSEWHERE,
    ENOUGH_EVENTS,
    LATER,
    REHEARSAL,
    Judged,
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
from training.rows.store_rows import NO_OUTCOME, at_home, own_rows
from training.validation.held_out import Marked, MarkedRows, held_out_for, marked_rows

Result = TypeVar("Result")


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


class AskedRows(NamedTuple):
    """A part's own rows as columns (`order`: which of its child's rows each is), and their
    `labels_until`; `why` and, of the scored, `matrix` as `training.evaluation.scored_rows.asked`
    gives them."""

    rows: dict[str, AnyArray]
    labels_until: int | None
    why: Codes
    matrix: Floats


class Answered(NamedTuple):
    """A part's own rows of one plan, `asked`; `beside`: columns of the scored; the rows `learnt`
    from, with their `labels_until`."""

    asked: AskedRows
    beside: dict[str, AnyArray]
    learnt: tuple[dict[str, AnyArray], int | None] | None
    marked: MarkedRows | None


@dataclass(frozen=True)
class StoreMaterial:
    """A store, asked for several bundles at once: `places` (its centres, areas and facts), the
    centres' `quality` (None: not asked for), the last day that is known (`until`), the store's
    `numbers` of its children, and what is judged of each bundle (`plans`)."""

    address: str
    engine: Engine
    places: Registry
    quality: QualityScores | None
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
        with_quality: bool = True,
        said: Said = lambda text: None,
    ) -> StoreMaterial:
        """Count every part's rows; `with_quality`: the centres' quality is asked for."""
        with closing(open_store(address, must_exist=True)) as store:
            until = newest_day(late_rows(store), store.load(children=()).recorded_until)
            numbers = numbers_of(store)
        places, counted = over_parts(
            address,
            partial(_count, tuple(bundles), until, numbers, with_quality),
            engine,
            empty=NO_OUTCOME,
            done=lambda done, of: said(f"rows of {done:,} of {of:,} children"),
        )
        plans = [
            _plan(bundle, [of[at] for of, _ in counted], marks) for at, bundle in enumerate(bundles)
        ]
        every = [counts for _, counts in counted if counts is not None]
        quality = scored(every) if with_quality else None
        return cls(address, engine, places, quality, until, numbers, tuple(plans))

    def materials(self, hand: AtHand, with_ids: bool, said: Said) -> dict[str, Material]:
        """The material of each bundle of which something can be judged, by version; `with_ids`: see
        `training.report.material.of_registry`."""
        judged, asked_of = self._asked_of()
        task = partial(_answer, asked_of, self.until, self.numbers, with_ids)
        parts, found = self._over_parts(task, said), dict[str, Material]()
        for plan, one in zip(judged, asked_of, strict=True):
            answers = [part.pop(0) for part in parts]
            found[plan.bundle.version] = self._material(plan, one.bundle, answers, hand)
        return found

    def judged(self, said: Said) -> dict[str, Judged]:
        """The judged rows alone of each bundle of which something can be judged, by version."""
        judged, asked_of = self._asked_of()
        parts = self._over_parts(partial(_ask, asked_of, self.until, self.numbers), said)
        found = {}
        for plan, one in zip(judged, asked_of, strict=True):
            answers = [part.pop(0) for part in parts]
            found[plan.bundle.version] = gathered(plan, one.bundle, answers)[0]
        return found

    def challenge(
        self, plan: ReportPlan, contest: Contest, hand: AtHand, said: Said
    ) -> Challenge | str:
        """The comparison of two bundles on the rows of a plan, that of the newer one."""
        task = partial(_ask_both, plan, contest, self.until, self.numbers)
        parts = self._over_parts(task, said)
        one, other = (
            gathered(plan, bundle, [part[at] for part in parts])[0]
            for at, bundle in enumerate(contest.speakers)
        )
        return challenge_told(contest, one, other, hand)

    def _asked_of(self) -> tuple[list[ReportPlan], list[ReportPlan]]:
        """The plans of which something can be judged, and the same as their parts are asked: of
        whoever says the block's risks."""
        judged = [plan for plan in self.plans if why_not_judged(plan) is None]
        return judged, [replace(plan, bundle=judging(plan.bundle, plan.block)) for plan in judged]

    def _over_parts(self, task: Callable[[StorePart], Result], said: Said) -> list[Result]:
        return over_parts(
            self.address,
            task,
            self.engine,
            done=lambda done, of: said(f"predictions of {done:,} of {of:,} children"),
        )[1]

    def _material(
        self, plan: ReportPlan, said_by: Bundle, parts: Sequence[Answered], hand: AtHand
    ) -> Material:
        judged, place = gathered(plan, said_by, [part.asked for part in parts])
        beside = end_to_end([part.beside for part in parts])
        ids = beside["child_id"][place] if "child_id" in beside else None
        marked = [part.marked for part in parts if part.marked is not None]
        assert self.quality is not None
        return Material(
            plan.bundle,
            judged,
            plan.rows,
            _learnt(plan, parts),
            beside["urgent"][place],
            AreasAndQuality(self.places, self.quality, beside["centre"][place], ids),
            MarkedRows.together(marked) if marked else None,
            self.until,
            hand,
            by_parts=True,
        )


def gathered(plan: ReportPlan, said_by: Bundle, parts: Sequence[AskedRows]) -> tuple[Judged, Ints]:
    """(the rows of all parts as the whole registry has them, judged; where each scored one stands
    among the parts' scored rows, one part after the other)."""
    columns = end_to_end([part.rows for part in parts])
    order = np.lexsort((columns.pop("order"), columns["child"]))
    why = np.concatenate([part.why for part in parts])
    place = (np.cumsum(why == 0) - 1)[order][why[order] == 0]
    columns = {name: values[order] for name, values in columns.items()}
    rows = of_columns(TARGETS[plan.bundle.target], columns, labels_until=parts[0].labels_until)
    rows = replace(rows, attrition=dict(plan.attrition))
    matrix = in_order([part.matrix for part in parts], place)
    return of_asked(said_by, rows, why[order], matrix, block=plan.block), place


def why_not_judged(plan: ReportPlan) -> str | None:
    """As `training.evaluation.scored_rows.not_judged`."""
    why: str | None = plan.bundle.facts.get("not_rehearsed")
    return why if why and plan.block == REHEARSAL else None


def _count(
    bundles: Sequence[Bundle], until: int, numbers: Days, with_quality: bool, part: StorePart
) -> tuple[list[CountedRecords], QualityCounts | None]:
    """Of the children who are now at a part's centres; what becomes of a child is told from its
    own records alone."""
    registry, position = alone(part.registry, at_home(part)), part.among(numbers)
    clock = Clock(registry)
    counted = [_counted(clock, bundle, until, position) for bundle in bundles]
    return counted, counts_of(registry, by="centre") if with_quality else None


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
    asked_in = _AskedIn.of(part, until, numbers)
    return [_answered(asked_in, plan, with_ids) for plan in plans]


def _ask(
    plans: Sequence[ReportPlan], until: int, numbers: Days, part: StorePart
) -> list[AskedRows]:
    asked_in = _AskedIn.of(part, until, numbers)
    return [asked_in.ask(plan.bundle, *asked_in.rows_of(plan))[0] for plan in plans]


def _ask_both(
    plan: ReportPlan, contest: Contest, until: int, numbers: Days, part: StorePart
) -> list[AskedRows]:
    asked_in = _AskedIn.of(part, until, numbers)
    rows, order = asked_in.rows_of(plan, contest)
    return [asked_in.ask(bundle, rows, order)[0] for bundle in contest.speakers]


class _AskedIn(NamedTuple):
    """A part at hand, with what is known by the end of the day `until`: which of its children
    (mask) are now at its centres (`home`), and the `position` of each in the whole registry."""

    part: StorePart
    until: int
    clock: Clock
    context: Context
    home: Flags
    position: Days

    @classmethod
    def of(cls, part: StorePart, until: int, numbers: Days) -> _AskedIn:
        clock = Clock(part.registry)
        return cls(part, until, clock, Context(clock), at_home(part), part.among(numbers))

    def rows_of(self, plan: ReportPlan, contest: Contest | None = None) -> tuple[Cohort, Ints]:
        """(the part's own rows of a plan, which of its child's rows each is): those whose child was
        at its centres on their day, where its family and its centre are known whole."""
        until, position = self.until, self.position
        every = block_rows(self.clock, plan.bundle, plan.block, until=until, position=position)
        rows = few_of(every, rows=plan.rows, position=position)
        if contest is not None:
            rows = contest.rows_of(self.clock, rows, until=until, position=position)
        order = np.arange(len(rows.child)) - np.searchsorted(rows.child, rows.child)
        own = own_rows(self.part, self.clock, rows)
        return rows.take(own), order[own]

    def ask(self, bundle: Bundle, mine: Cohort, order: Ints) -> tuple[AskedRows, Cohort]:
        """(what a bundle says of the part's own rows, those that it scores)."""
        if bundle.facts.get("without_visits"):
            mine = censored_at_visits(self.clock, mine, known_by=self.until)
        why, matrix = asked(self.clock, bundle, mine, self.context)
        columns = columns_of(mine, self.position) | {"order": order}
        return AskedRows(columns, mine.labels_until, why, matrix), mine.take(
            np.flatnonzero(why == 0)
        )


def _answered(of: _AskedIn, plan: ReportPlan, with_ids: bool) -> Answered:
    answer, told = of.ask(plan.bundle, *of.rows_of(plan))
    beside = {
        "urgent": by_rules(of.clock, told.child, told.day),
        "centre": centres(of.clock, told),
    }
    if with_ids:
        beside["child_id"] = ids_of(of.clock.registry, told)
    return Answered(answer, beside, _learnt_here(of, plan), _marked_here(of, plan))


def _learnt_here(of: _AskedIn, plan: ReportPlan) -> tuple[dict[str, AnyArray], int | None] | None:
    if plan.block == ELSEWHERE:
        return None
    rows = learnt_from(of.clock, plan.bundle)
    rows = few_of(rows, rows=plan.learnt, position=of.position)
    mine = rows.take(np.flatnonzero(of.home[rows.child]))
    return columns_of(mine, of.position), mine.labels_until


def _marked_here(of: _AskedIn, plan: ReportPlan) -> MarkedRows | None:
    if not plan.marks:
        return None
    target = TARGETS[plan.bundle.target]
    found = marked_rows(of.clock, target, plan.marks, until=of.until, of=of.home)
    return found._replace(child=of.position[found.child].astype(np.int64))


def _learnt(plan: ReportPlan, parts: Sequence[Answered]) -> Cohort | None:
    told = [part.learnt for part in parts if part.learnt is not None]
    if not told:
        return None
    columns = end_to_end([columns for columns, _ in told])
    order = np.argsort(columns["child"], kind="stable")
    columns = {name: values[order] for name, values in columns.items()}
    return of_columns(TARGETS[plan.bundle.target], columns, labels_until=told[0][1])
