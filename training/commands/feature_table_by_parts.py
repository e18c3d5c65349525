"""`sanket features` of a store that is read part by part: each part keeps the table of its own rows
in a file, and the files are put together a few thousand children at a time, so that the whole table
is in memory nowhere."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from features.clock import Clock
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.bundle import Bundle
from models.champion import models_folder
from models.targets import TARGETS, Target
from registry.contract.arrays import AnyArray, Days, Floats, Ints
from registry.engine import Engine
from registry.store.partitions import (
    StorePart,
    late_rows,
    numbers_of,
    over_parts,
    read_children,
    several_parts,
)
from registry.store.store import open_store
from training.cohorts.known_until import newest_day
from training.cohorts.landmarks import Cohort
from training.commands.feature_table import (
    LEARNT_BLOCKS,
    TODAY_SEED,
    InFit,
    JudgedMarks,
    Training,
    asked_table,
    bundle_of,
    cut,
    feature_table,
    in_fit,
    mark_fitted,
    refuse_none,
    today_labels_before,
    today_rows,
)
from training.fitting.fit import Progress
from training.fitting.pipeline import first_later_day
from training.priors.priors import (
    admissions,
    earlier_share,
    estimate_priors,
    spread,
    treated_early,
)
from training.report.judge import ByParts
from training.rows.gathered_rows import columns_of, end_to_end
from training.rows.kept_rows import of_columns, write
from training.rows.rows_folder import KEPT
from training.rows.store_rows import NO_OUTCOME, at_home, own_rows

OF, CHILD, ORDER = "of", "position", "order"
"""Columns of a part's file beside those of the table: which rows (`cut` gives some that were learnt
from, then all others), the child's position in the whole registry, and which of its rows."""
CHILDREN_AT_ONCE = 20_000
"""Children whose rows are put in order together: of onset some 400,000 rows."""


@dataclass(frozen=True)
class Written:
    """How many rows and columns a table has, and how many rows each block."""

    rows: int
    columns: int
    blocks: dict[str, int]


def write_feature_table(
    address: str,
    target: str,
    output: Path,
    *,
    bundle: str | None = None,
    tracked_at: str | None = None,
    engine: Engine,
    said: Progress = lambda text: None,
) -> Written:
    """Write the table of `training.commands.feature_table.feature_table` to a Parquet file; of a
    store of several parts part by part, and to the bit the same."""
    output.parent.mkdir(parents=True, exist_ok=True)
    found = bundle_of(address, target, bundle, tracked_at)
    if not several_parts(address, engine):
        table = feature_table(address, target, bundle=bundle, tracked_at=tracked_at, said=said)
        table.to_parquet(output, index=False)
        return Written(len(table), len(table.columns), _counts(table))
    named = f"{target}-of-today" if found is None else found.version
    folder = models_folder(address) / KEPT / f"table-{named}"
    try:
        asked = (
            today_by_parts(address, TARGETS[target], engine, said)
            if found is None
            else _of_bundle(address, found, engine, said)
        )
        return _by_parts(address, asked, output, folder, engine, said)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class AskedTable:
    """What decides a table: how its rows are cut, the last day that is known (`until`), and the
    rows that a report judges (None: none)."""

    training: Training
    until: int
    marks: JudgedMarks | None


def _of_bundle(address: str, bundle: Bundle, engine: Engine, said: Progress) -> AskedTable:
    with closing(open_store(address, must_exist=True)) as store:
        facts = store.load(children=()).facts
    until, judged = ByParts(address, facts, engine, said).known_and_judged(bundle)
    marks = None if isinstance(judged, str) else JudgedMarks.of(judged)
    return AskedTable(Training.of_bundle(bundle), until, marks)


def _by_parts(
    address: str, asked: AskedTable, output: Path, folder: Path, engine: Engine, said: Progress
) -> Written:
    with closing(open_store(address, must_exist=True)) as store:
        numbers = numbers_of(store)
    _, learnt = over_parts(
        address,
        partial(_keep, asked.training, asked.until, numbers, folder),
        engine,
        done=lambda done, of: said(f"features of {done:,} of {of:,} children"),
    )
    files = PartFiles(folder)
    fitted = _fitted(asked.training, learnt, files)
    said("putting the rows in order")
    return _write(output, files.in_order(len(numbers)), fitted, asked.marks, len(numbers))


class TodayOfPart(NamedTuple):
    """Of the rows of a part's children from which a training of today learns: the day of each one's
    index, its own, and its child's number; and the admissions that priors are estimated from."""

    index_on: Days
    day: Days
    child: Days
    treated: Days
    admitted_on: Days


def today_by_parts(address: str, target: Target, engine: Engine, said: Progress) -> AskedTable:
    """How a training of today would cut the rows of a store (`Training.of_today`)."""
    with closing(open_store(address, must_exist=True)) as store:
        recorded_until, numbers = store.load(children=()).recorded_until, numbers_of(store)
        known = newest_day(late_rows(store), recorded_until)
    until, labels_before = known + 1, today_labels_before(known + 1, recorded_until)
    _, parts = over_parts(
        address,
        partial(_of_today, target.name, until, labels_before),
        engine,
        empty=NO_OUTCOME,
        done=lambda done, of: said(f"landmark rows of {done:,} of {of:,} children"),
    )
    every = TodayOfPart(*map(np.concatenate, zip(*parts, strict=True)))
    refuse_none(target, len(every.day))
    if target.indexes_repeat:
        children, day = earlier_share(every.child, every.day)
    else:
        children, day = treated_early(every.treated, every.admitted_on, until=until)
    with closing(open_store(address, must_exist=True)) as store:
        registry = read_children(store, numbers[spread(np.searchsorted(numbers, children))])
    everyone = np.arange(len(registry.child_ids), dtype=np.int32)
    priors = estimate_priors(Clock(registry), everyone, day)
    later_from = first_later_day(every.index_on)
    cut_by = Training(target, priors, until, labels_before, later_from, TODAY_SEED)
    return AskedTable(cut_by, known, None)


def _of_today(name: str, until: int, labels_before: int, part: StorePart) -> TodayOfPart:
    """Of the children who are now at a part's centres: what becomes of a child is told by its own
    records alone."""
    home = np.flatnonzero(at_home(part)).astype(np.int32)
    clock, numbers = Clock(part.of_children(home)), part.numbers[home]
    rows = today_rows(clock, TARGETS[name], until, labels_before)
    treated, admitted_on = admissions(clock, until)
    index_on = rows.outcomes.index_on[rows.index]
    return TodayOfPart(index_on, rows.day, numbers[rows.child], numbers[treated], admitted_on)


class LearntOfPart(NamedTuple):
    """A part's own rows that the bundle learnt from, as columns (`order`: which of its child's rows
    each is), and their `labels_until`."""

    rows: dict[str, AnyArray]
    labels_until: int | None


def _keep(
    training: Training, until: int, numbers: Days, folder: Path, part: StorePart
) -> LearntOfPart | None:
    """Keep the table of a part's own rows; None where the bundle learnt elsewhere."""
    clock, position = Clock(part.registry), part.among(numbers)
    context = Context(clock)
    found = cut(clock, training, until=until, position=position)
    learnt, tables = None, []
    for of, (rows, block) in enumerate(found):
        order = np.arange(len(rows.child)) - np.searchsorted(rows.child, rows.child)
        own = own_rows(part, clock, rows)
        mine, order = rows.take(own), order[own]
        table = asked_table(clock, training, mine, block[own], context)
        tables.append(table.assign(**{OF: of, CHILD: position[mine.child], ORDER: order}))
        if len(found) > 1 and of == 0:
            learnt = LearntOfPart(columns_of(mine, position) | {ORDER: order}, mine.labels_until)
    whole = pd.concat(tables, ignore_index=True).sort_values([OF, CHILD, ORDER])
    file = folder / f"{part.partition.number:05}.parquet"
    write(file, pa.Table.from_pandas(whole, _schema(whole), preserve_index=False))
    return learnt


def _schema(table: pd.DataFrame) -> pa.Schema:
    """The same of every part: a column of words that is empty somewhere is one of words."""
    found = pa.Schema.from_pandas(table, preserve_index=False).remove_metadata()
    for at, kind in enumerate(found):
        if pa.types.is_null(kind.type):
            found = found.set(at, pa.field(kind.name, pa.string()))
    return found


@dataclass(frozen=True)
class PartFiles:
    """The files of all parts, as one set of rows."""

    folder: Path

    @property
    def rows(self) -> ds.Dataset:
        """All rows, in no order."""
        return ds.dataset(self.folder, format="parquet")

    def some(self, of: int, first: int, before: int) -> pd.DataFrame:
        """The rows of one kind of some children (positions from `first` on), in order."""
        wanted = (pc.field(OF) == of) & (pc.field(CHILD) >= first) & (pc.field(CHILD) < before)
        table = self.rows.to_table(filter=wanted, use_threads=False).to_pandas()
        return table.sort_values([CHILD, ORDER], ignore_index=True)

    def in_order(self, children: int) -> Iterator[pd.DataFrame]:
        """All rows as the whole registry has them, those of some children at a time."""
        for of in (0, 1):
            for first in range(0, children, CHILDREN_AT_ONCE):
                some = self.some(of, first, first + CHILDREN_AT_ONCE)
                if len(some):
                    yield some

    def features(self, child: Days, order: Ints, wanted: Ints) -> Floats:
        """The features of some rows that were learnt from (`wanted`: positions, ascending, among
        all of them, of which `child` and `order` are told)."""
        keys = pd.MultiIndex.from_arrays([child[wanted], order[wanted]])
        found = np.empty((len(wanted), len(NAMES)))
        filled = 0
        batches = self.rows.to_batches(
            columns=[CHILD, ORDER, *NAMES], filter=pc.field(OF) == 0, use_threads=False
        )
        for batch in batches:
            some = batch.to_pandas()
            at = keys.get_indexer(pd.MultiIndex.from_frame(some[[CHILD, ORDER]]))
            found[at[at >= 0]] = some[list(NAMES)].to_numpy()[at >= 0]
            filled += int((at >= 0).sum())
        if filled != len(wanted):
            raise RuntimeError(f"parts answered {filled} of {len(wanted)} rows")
        return found


def _fitted(
    training: Training, parts: Sequence[LearntOfPart | None], files: PartFiles
) -> InFit | None:
    """What the fit had of all rows that were learnt from, in the whole registry's order; None where
    it learnt elsewhere."""
    told = [part for part in parts if part is not None]
    if not told:
        return None
    learnt, order = _learnt(training.target, told)
    if not len(order):
        return None
    return in_fit(learnt, lambda kept: files.features(learnt.child, order, kept), training.seed)


def _learnt(target: Target, parts: Sequence[LearntOfPart]) -> tuple[Cohort, Ints]:
    columns = end_to_end([part.rows for part in parts])
    place = np.lexsort((columns[ORDER], columns["child"]))
    columns = {name: values[place] for name, values in columns.items()}
    order = columns.pop(ORDER)
    return of_columns(target, columns, labels_until=parts[0].labels_until), order


def _write(
    output: Path,
    tables: Iterator[pd.DataFrame],
    fitted: InFit | None,
    marks: JudgedMarks | None,
    children: int,
) -> Written:
    """Write the rows as they come, with what the fit and the report had of them; children are
    numbered as they come."""
    number, done, blocks = _Numbers(children), 0, Counter[str]()
    written, columns = 0, 0
    writer: pq.ParquetWriter | None = None
    part = output.with_name(f"{output.name}.writing")
    try:
        for table in tables:
            learnt = int(table["block"].isin(LEARNT_BLOCKS).sum())
            if fitted is not None and learnt:
                # They come first, and nothing else is among them.
                mark_fitted(table, np.arange(learnt), fitted.some(done, done + learnt))
                done += learnt
            position = table[CHILD].to_numpy()
            if marks is not None:
                marks.write(table, position)
            table["child"] = number.of(position)
            told = table.drop(columns=[OF, CHILD, ORDER])
            rows = pa.Table.from_pandas(told, _schema(told), preserve_index=False)
            writer = writer or pq.ParquetWriter(part, rows.schema)
            writer.write_table(rows)
            blocks.update(_counts(told))
            written, columns = written + len(told), len(told.columns)
    finally:
        if writer is not None:
            writer.close()
    part.replace(output)
    return Written(written, columns, dict(blocks.most_common()))


class _Numbers:
    """Children's numbers in the order in which they come; by position in the whole registry."""

    def __init__(self, children: int) -> None:
        self._number, self._next = np.full(children, -1, np.int64), 0

    def of(self, position: Days) -> Ints:
        """Of each row's child."""
        new = pd.unique(position[self._number[position] < 0])
        self._number[new] = self._next + np.arange(len(new))
        self._next += len(new)
        found: Ints = self._number[position]
        return found


def _counts(table: pd.DataFrame) -> dict[str, int]:
    return {str(name): int(count) for name, count in table["block"].value_counts().items()}
