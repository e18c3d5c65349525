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
from registry.contract.arrays import AnyArray, Days, Floats, Ints
from registry.engine import Engine
from registry.store.partitions import StorePart, numbers_of, over_parts, several_parts
from registry.store.store import open_store
from training.cohorts.landmarks import Cohort
from training.commands.feature_table import (
    LEARNT_BLOCKS,
    InFit,
    JudgedMarks,
    Training,
    asked_table,
    bundle_of,
    cut,
    feature_table,
    in_fit,
    mark_fitted,
)
from training.fitting.fit import Progress
from training.report.judge import ByParts
from training.rows.gathered_rows import columns_of, end_to_end
from training.rows.kept_rows import of_columns, write
from training.rows.rows_folder import KEPT
from training.rows.store_rows import own_rows

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
    store of several parts, and where there is a bundle, part by part and to the bit the same."""
    output.parent.mkdir(parents=True, exist_ok=True)
    found = bundle_of(address, target, bundle, tracked_at)
    if found is None or not several_parts(address, engine):
        table = feature_table(address, target, bundle=bundle, tracked_at=tracked_at, said=said)
        table.to_parquet(output, index=False)
        return Written(len(table), len(table.columns), _counts(table))
    folder = models_folder(address) / KEPT / f"table-{found.version}"
    try:
        return _by_parts(address, found, output, folder, engine, said)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _by_parts(
    address: str, bundle: Bundle, output: Path, folder: Path, engine: Engine, said: Progress
) -> Written:
    with closing(open_store(address, must_exist=True)) as store:
        facts, numbers = store.load(children=()).facts, numbers_of(store)
    judge = ByParts(address, facts, engine, said)
    until, judged = judge.known_and_judged(bundle)
    marks = None if isinstance(judged, str) else JudgedMarks.of(judged)
    _, learnt = over_parts(
        address,
        partial(_keep, bundle, until, numbers, folder),
        engine,
        done=lambda done, of: said(f"features of {done:,} of {of:,} children"),
    )
    files = PartFiles(folder)
    fitted = _fitted(bundle, learnt, files)
    said("putting the rows in order")
    return _write(output, files.in_order(len(numbers)), fitted, marks, len(numbers))


class LearntOfPart(NamedTuple):
    """A part's own rows that the bundle learnt from, as columns (`order`: which of its child's rows
    each is), and their `labels_until`."""

    rows: dict[str, AnyArray]
    labels_until: int | None


def _keep(
    bundle: Bundle, until: int, numbers: Days, folder: Path, part: StorePart
) -> LearntOfPart | None:
    """Keep the table of a part's own rows; None where the bundle learnt elsewhere."""
    clock, position = Clock(part.registry), part.among(numbers)
    training, context = Training.of_bundle(bundle), Context(clock)
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


def _fitted(bundle: Bundle, parts: Sequence[LearntOfPart | None], files: PartFiles) -> InFit | None:
    """What the fit had of all rows that were learnt from, in the whole registry's order; None where
    it learnt elsewhere."""
    told = [part for part in parts if part is not None]
    if not told:
        return None
    learnt, order = _learnt(bundle, told)
    if not len(order):
        return None
    training = Training.of_bundle(bundle)
    return in_fit(learnt, lambda kept: files.features(learnt.child, order, kept), training.seed)


def _learnt(bundle: Bundle, parts: Sequence[LearntOfPart]) -> tuple[Cohort, Ints]:
    columns = end_to_end([part.rows for part in parts])
    place = np.lexsort((columns[ORDER], columns["child"]))
    columns = {name: values[place] for name, values in columns.items()}
    order = columns.pop(ORDER)
    target = Training.of_bundle(bundle).target
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
