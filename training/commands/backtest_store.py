"""A backtest of a store that is read part by part: trained on what was known before a day, each
part then predicts the landmarks of the children who were at its centres on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import TARGETS
from registry.contract.arrays import AnyArray, Days
from registry.contract.errors import BadInput
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store.partitions import StorePart, late_rows, numbers_of, over_parts
from registry.store.store import open_store
from training.cohorts.known_until import newest_day
from training.cohorts.landmarks import Cohort
from training.commands.backtest import ask_split, landmarks_from, predictions
from training.commands.train import gather
from training.fitting.fit import Progress
from training.fitting.pipeline import learn_from
from training.rows.gathered_rows import columns_of, end_to_end
from training.rows.kept_rows import of_columns
from training.rows.store_rows import own_rows


def backtest_store(
    address: str,
    models: Path,
    *,
    split: int,
    targets: Sequence[str],
    trials: int = 0,
    seed: int = 1,
    engine: Engine = IN_THIS_PROCESS,
    said: Progress = lambda text: None,
) -> tuple[pd.DataFrame, dict[str, Bundle]]:
    """As `training.commands.backtest.backtest` of the whole registry, to the bit."""
    store = StoreByParts.of(address, models, engine)
    ask_split(split, store.until)
    found = store.predicted(split, None, targets, trials=trials, seed=seed, said=said)
    for name, error in found.refused.items():
        if not TARGETS[name].optional or len(targets) == 1:
            raise error
    frames = [frame for frame, _ in found.frames.values()]
    return pd.concat(frames, ignore_index=True), found.bundles


class Predicted(NamedTuple):
    """By target the predictions from a split on with the `Cohort` of their rows, the `bundles` that
    made them, and why others could not be learnt (`refused`)."""

    frames: dict[str, tuple[pd.DataFrame, Cohort]]
    bundles: dict[str, Bundle]
    refused: dict[str, BadInput]


@dataclass(frozen=True)
class StoreByParts:
    """A store that is read part by part: the folder of its `models`, the last day (number) that is
    known (`until`), and its `version`, which changes with its records."""

    address: str
    models: Path
    engine: Engine
    until: int
    version: str

    @classmethod
    def of(cls, address: str, models: Path, engine: Engine) -> StoreByParts:
        """Of a store that must exist."""
        with closing(open_store(address, must_exist=True)) as store:
            until = newest_day(late_rows(store), store.load(children=()).recorded_until)
            return cls(address, models, engine, until, store.version())

    def predicted(
        self,
        split: int,
        before: int | None,
        targets: Sequence[str],
        *,
        trials: int,
        seed: int,
        said: Progress,
    ) -> Predicted:
        """Learn on what was known before the split, and predict the landmarks from it on, before
        another day where one is given."""
        gathered = gather(
            self.address,
            self.models,
            targets,
            until=split,
            seed=seed,
            engine=self.engine,
            said=said,
        )
        bundles: dict[str, Bundle] = {}
        refused: dict[str, BadInput] = {}
        for question in gathered.questions:
            name = question.target.name
            try:
                learned = learn_from(gathered.records, question, trials=trials, said=said)
                bundles[name] = learned.bundle
            except BadInput as error:
                refused[name] = error
                said(f"{name} is left out: {error}")
        gathered.place.erase()
        with closing(open_store(self.address, must_exist=True)) as store:
            numbers = numbers_of(store)
        _, parts = over_parts(
            self.address,
            partial(_predicted, split, before, self.until, bundles, numbers),
            self.engine,
            done=lambda done, of: said(f"predictions of {done:,} of {of:,} children"),
        )
        frames = {name: _in_order(name, [part[name] for part in parts]) for name in bundles}
        return Predicted(frames, bundles, refused)


class _OfPart(NamedTuple):
    """A part's own rows: their predictions, themselves as columns (`order`: which of its child's
    rows each is), and their `labels_until`."""

    frame: pd.DataFrame
    rows: dict[str, AnyArray]
    labels_until: int | None


def _predicted(
    split: int,
    before: int | None,
    until: int,
    bundles: Mapping[str, Bundle],
    numbers: Days,
    part: StorePart,
) -> dict[str, _OfPart]:
    """By target the predictions of a part's own rows."""
    clock, position = Clock(part.registry), part.among(numbers)
    context, found = Context(clock), {}
    for name, bundle in bundles.items():
        rows = landmarks_from(clock, TARGETS[name], split, before=before, until=until)
        order = np.arange(len(rows.child)) - np.searchsorted(rows.child, rows.child)
        own = own_rows(part, clock, rows)
        mine = rows.take(own)
        frame = predictions(clock, TARGETS[name], mine, bundle, context)
        columns = columns_of(mine, position) | {"order": order[own]}
        found[name] = _OfPart(frame, columns, mine.labels_until)
    return found


def _in_order(name: str, parts: Sequence[_OfPart]) -> tuple[pd.DataFrame, Cohort]:
    """All parts' predictions, and their rows, as the whole registry has them."""
    columns = end_to_end([part.rows for part in parts])
    order = np.lexsort((columns.pop("order"), columns["child"]))
    columns = {column: values[order] for column, values in columns.items()}
    frames = [part.frame for part in parts if len(part.frame)] or [parts[0].frame]
    frame = pd.concat(frames, ignore_index=True).take(order).reset_index(drop=True)
    return frame, of_columns(TARGETS[name], columns, labels_until=parts[0].labels_until)
