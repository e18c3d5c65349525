"""The rows of a training out of a store that is read part by part: no more of it is in memory than
one part, and the rows that were drawn.

Twice over the parts, in this process, in workers or on a cluster (`registry.engine`). First each
part finds the landmark rows of the children who are now at its centres and keeps them in files;
what it says of them (`Tally`) is enough for the lot. Then each makes the features of the drawn rows
whose child was at its centres on the row's day. Files of finished parts are not made again, so a
training that was broken off goes on; those with features stay, as what the model learnt from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq

from features.clock import Clock
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from features.trajectory.smoother import Prior
from registry.contract.arrays import Days, Flags, Ints
from registry.engine import Engine
from registry.store.partitions import (
    NOW,
    Partition,
    StorePart,
    divide,
    numbers_of,
    read_children,
)
from registry.store.store import open_store
from training.cohorts.case_cohort import Tally
from training.cohorts.landmarks import Cohort, attrition_table
from training.priors.priors import (
    Said,
    admissions,
    estimate_priors,
    of_population,
    spread,
    treated_early,
)
from training.rows.kept_rows import (
    as_table,
    feature_table,
    keep_rows,
    kept_rows,
    together,
    write,
)
from training.rows.question import RowsQuestion
from training.rows.rows_folder import RowsFolder, with_lent
from training.rows.whole_registry import Drawn, Seen, seen

ROW, VISITED, WITHIN = "row", "visited_in_time", "within"
"""Columns of a file of features: the position among the drawn rows, and `Seen`'s masks."""
NO_OUTCOME = ("rations", "attendance")
"""Tables that neither make a child one at risk nor an outcome: nearly half of a state's rows."""
LONGEST_LANDMARK = 10_000
"""Days; no landmark lies further from its index."""


class RowsFound(NamedTuple):
    """What a part says of its landmark rows: a tally and the attrition for each question."""

    tallies: list[Tally]
    attrition: list[dict[str, int]]


def find_rows(
    questions: Sequence[RowsQuestion], place: RowsFolder, partition: Partition
) -> RowsFound:
    """Find and keep the rows of the children who are now at a part's centres."""
    files = [place.landmarks(question, partition) for question in questions]
    if not all(file.exists() for file in (*files, place.treated(partition))):
        _find(questions, place, partition)
    tallies, attrition = [], []
    for question, file in zip(questions, files, strict=True):
        rows, left_out = kept_rows(file, question.target)
        tallies.append(Tally.of(rows))
        attrition.append(left_out)
    return RowsFound(tallies, attrition)


def _find(questions: Sequence[RowsQuestion], place: RowsFolder, partition: Partition) -> None:
    part = place.read(partition, empty=NO_OUTCOME)
    home = np.flatnonzero(at_home(part)).astype(np.int32)
    # A child's outcomes are told from its own records alone.
    clock, numbers = Clock(part.of_children(home)), part.numbers[home]
    del part
    for question in questions:
        rows = question.learnable(clock)
        file = place.landmarks(question, partition)
        keep_rows(file, rows, numbers[rows.child], attrition_table(rows))
    child, admitted_on = admissions(clock, questions[0].until)
    head = {"child": numbers[child], "admitted_on": admitted_on}
    write(place.treated(partition), as_table(head, (), np.empty((len(child), 0))))


def find_features(
    asked: Sequence[tuple[RowsQuestion, Mapping[str, Prior]]],
    place: RowsFolder,
    partition: Partition,
) -> int:
    """Make and keep the features of the drawn rows whose child was at a part's centres on the
    row's day; how many there are."""
    missing = [one for one in asked if not place.features(one[0], partition.number).exists()]
    part = place.read(partition) if missing else None
    if part is not None:
        clock = Clock(part.registry)
        context = Context(clock)
        for question, priors in missing:
            rows, _ = kept_rows(place.drawn(question), question.target)
            at, mine = _of_part(part, clock, rows)
            found = seen(clock, context, question, mine, priors)
            beside = {ROW: at, VISITED: found.visited, WITHIN: found.within}
            child = part.numbers[mine.child]
            table = feature_table(mine, child, NAMES, found.matrix, **beside)
            write(place.features(question, partition.number), table)
    return sum(pq.read_metadata(place.features(one, partition.number)).num_rows for one, _ in asked)


def _of_part(part: StorePart, clock: Clock, rows: Cohort) -> tuple[Ints, Cohort]:
    """(positions, rows) of those that the part answers; `child` becomes its position in the
    part."""
    local = np.searchsorted(part.numbers, rows.child)
    there = local < len(part.numbers)
    there[there] = part.numbers[local[there]] == rows.child[there]
    at = np.flatnonzero(there)
    rows = replace(rows.take(at), child=local[at].astype(np.int32))
    own = own_rows(part, clock, rows)
    return at[own], rows.take(own)


def at_home(part: StorePart) -> Flags:
    """Which children (mask by position) are now at a part's centres."""
    everyone = np.arange(len(part.numbers), dtype=np.int32)
    now = Clock(part.registry).child_on(everyone, np.full(len(everyone), NOW, np.int32))
    return part.owns(now["centre"])


def own_rows(part: StorePart, clock: Clock, rows: Cohort) -> Ints:
    """Positions of the rows (`child`: position in the part) that are the part's to answer: the
    child was at its centres on the row's day, or is now where nobody knew of it then."""
    then = clock.child_on(rows.child, rows.day)
    now = clock.child_on(rows.child, np.full(len(rows.child), NOW, np.int32))["centre"]
    found: Ints = np.flatnonzero(part.owns(np.where(then["sex"] >= 0, then["centre"], now)))
    return found


class StoreRows:
    """The answers to several questions, found in a store part by part (`Records`)."""

    columns = NAMES

    def __init__(
        self,
        place: RowsFolder,
        questions: Sequence[RowsQuestion],
        *,
        engine: Engine,
        said: Said = lambda text: None,
    ) -> None:
        self.place, self._engine, self._said = place, engine, said
        self._questions = with_lent(questions)
        if not place.broken_off:
            place.erase()
        with closing(open_store(place.address, must_exist=True)) as store:
            places = place.known.cut(store.load(children=()))
            self.facts, self.recorded_until = places.facts, places.recorded_until
            self._numbers, self._parts = numbers_of(store), divide(store, NOW)
        self._drawn = self._draw()
        self._priors, self._notes = self._estimate()
        self._make_features()

    def drawn(self, question: RowsQuestion) -> Drawn:
        """The rows of a question, after the lot."""
        return self._drawn[question.name]

    def priors(self, question: RowsQuestion, rows: Cohort, *, said: Said) -> dict[str, Prior]:
        """The smoother's priors for a question's rows."""
        for note in self._notes[question.name]:
            said(note)
        return self._priors[question.name]

    def seen(self, question: RowsQuestion, rows: Cohort, *, priors: Mapping[str, Prior]) -> Seen:
        """The features of rows, and what else their records say of them."""
        drawn = self._drawn[question.name].rows
        at = np.full(len(drawn.index), -1, np.int64)
        at[_positions(drawn, rows)] = np.arange(len(rows.index))
        matrix = np.empty((len(rows.index), len(NAMES)))
        masks = np.zeros((2, len(rows.index)), bool)
        filled = 0
        for part in self._parts:
            table = pq.read_table(self.place.features(question, part.number))
            of = at[table[ROW].to_numpy()]
            here = of >= 0
            for column, name in enumerate(NAMES):
                matrix[of[here], column] = table[name].to_numpy()[here]
            for mask, name in zip(masks, (VISITED, WITHIN), strict=True):
                mask[of[here]] = table[name].to_numpy(zero_copy_only=False)[here]
            filled += int(here.sum())
        if filled != len(matrix):
            raise RuntimeError(f"{question.name}: parts answered {filled} of {len(matrix)} rows")
        return Seen(matrix, *masks)

    def _draw(self) -> dict[str, Drawn]:
        found: dict[int, RowsFound] = {}
        done, total = 0, sum(part.children for part in self._parts)
        task = partial(find_rows, self._questions, self.place)
        for part, said in self._engine.each(task, self._parts):
            found[part.number] = said
            done += part.children
            self._said(f"landmark rows of {done:,} of {total:,} children")
        every = [found[part.number] for part in self._parts]
        return {
            question.name: self._drawn_of(
                question,
                [one.tallies[at] for one in every],
                [one.attrition[at] for one in every],
            )
            for at, question in enumerate(self._questions)
        }

    def _drawn_of(
        self, question: RowsQuestion, tallies: list[Tally], attrition: list[dict[str, int]]
    ) -> Drawn:
        lot = Tally.together(tallies).lot(seed=question.seed, most=question.most)
        pieces = [None] * len(tallies) if lot is None else lot.divided(tallies)
        rows = []
        for part, piece in zip(self._parts, pieces, strict=True):
            of_part, _ = kept_rows(self.place.landmarks(question, part), question.target)
            rows.append(of_part if piece is None else piece.drawn_from(of_part)[1])
        every = together(rows)
        if not self.place.drawn(question).exists():
            keep_rows(self.place.drawn(question), every, every.child)
        position = np.searchsorted(self._numbers, every.child).astype(np.int32)
        told = {name: sum(one[name] for one in attrition) for name in attrition[0]}
        return Drawn(replace(every, child=position), told)

    def _estimate(self) -> tuple[dict[str, dict[str, Prior]], dict[str, list[str]]]:
        """The priors of each target's rows, and what is to be said of them; targets of which
        children in treatment are asked share theirs."""
        priors: dict[str, dict[str, Prior]] = {}
        notes: dict[str, list[str]] = {}
        own = [question for question in self._questions if question.lent_to is None]
        shared: tuple[dict[str, Prior], list[str]] | None = None
        for question in own:
            rows, name = self._drawn[question.name].rows, question.name
            if question.target.indexes_repeat and len(rows.index):
                priors[name], notes[name] = self._estimated(*of_population(rows))
                continue
            if shared is None:
                shared = self._estimated(*self._treated(question.until))
            priors[name], notes[name] = shared
        return priors, notes

    def _treated(self, until: int) -> tuple[Days, int]:
        tables = [pq.read_table(self.place.treated(part)) for part in self._parts]
        child, admitted_on = (
            np.concatenate([table[name].to_numpy() for table in tables])
            for name in ("child", "admitted_on")
        )
        children, day = treated_early(child, admitted_on, until=until)
        return np.searchsorted(self._numbers, children).astype(np.int32), day

    def _estimated(self, children: Days, day: int) -> tuple[dict[str, Prior], list[str]]:
        """Priors from the records of these children (positions in the whole registry)."""
        numbers, notes = self._numbers[spread(children)], list[str]()
        with closing(open_store(self.place.address, must_exist=True)) as store:
            registry = self.place.known.cut(read_children(store, numbers))
        everyone = np.arange(len(registry.child_ids), dtype=np.int32)
        return estimate_priors(Clock(registry), everyone, day, said=notes.append), notes

    def _make_features(self) -> None:
        asked = [
            (question, self._priors[(question.lent_to or question.target).name])
            for question in self._questions
        ]
        done, total = 0, sum(part.children for part in self._parts)
        for part, _ in self._engine.each(partial(find_features, asked, self.place), self._parts):
            done += part.children
            self._said(f"features of the rows of {done:,} of {total:,} children")


def _positions(drawn: Cohort, some: Cohort) -> Ints:
    """Where some of the drawn rows stand among them."""
    every, wanted = (_key(rows) for rows in (drawn, some))
    order = np.argsort(every)
    found: Ints = order[np.searchsorted(every, wanted, sorter=order)]
    return found


def _key(rows: Cohort) -> Ints:
    """One number for each row of an index and landmark."""
    return rows.index * LONGEST_LANDMARK + rows.landmark.astype(np.int64)
