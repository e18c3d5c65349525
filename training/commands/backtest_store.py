"""A backtest of a store that is read part by part: trained on what was known before a day, each
part then predicts the landmarks of the children who were at its centres on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import TARGETS
from registry.contract.errors import BadInput
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store.partitions import StorePart, late_rows, over_parts
from registry.store.store import open_store
from training.cohorts.known_until import newest_day
from training.commands.backtest import ask_split, landmarks_from, predictions
from training.commands.train import gather
from training.fitting.fit import Progress
from training.fitting.pipeline import learn_from
from training.rows.store_rows import own_rows

NUMBER, ORDER = "number", "order"
"""Columns by which the parts' rows are put in order: the store's number of the child, and which of
the child's rows it is."""


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
    with closing(open_store(address, must_exist=True)) as store:
        until = newest_day(late_rows(store), store.load(children=()).recorded_until)
    ask_split(split, until)
    gathered = gather(address, models, targets, until=split, seed=seed, engine=engine, said=said)
    bundles: dict[str, Bundle] = {}
    for question in gathered.questions:
        name = question.target.name
        try:
            bundles[name] = learn_from(gathered.records, question, trials=trials, said=said).bundle
        except BadInput as error:
            if not question.target.optional or len(targets) == 1:
                raise
            said(f"{name} is left out: {error}")
    gathered.place.erase()
    task = partial(_predicted, split, until, bundles)
    _, frames = over_parts(
        address,
        task,
        engine,
        done=lambda done, of: said(f"predictions of {done:,} of {of:,} children"),
    )
    return _in_order(frames, list(bundles)), bundles


def _predicted(
    split: int, until: int, bundles: Mapping[str, Bundle], part: StorePart
) -> dict[str, pd.DataFrame]:
    """By target the predictions of a part's own rows."""
    clock = Clock(part.registry)
    context, found = Context(clock), {}
    for name, bundle in bundles.items():
        rows = landmarks_from(clock, TARGETS[name], split, until=until)
        first = np.searchsorted(rows.child, rows.child)
        order = np.arange(len(rows.child)) - first
        own = own_rows(part, clock, rows)
        mine = rows.take(own)
        frame = predictions(clock, TARGETS[name], mine, bundle, context)
        found[name] = frame.assign(**{NUMBER: part.numbers[mine.child], ORDER: order[own]})
    return found


def _in_order(frames: Sequence[Mapping[str, pd.DataFrame]], names: Sequence[str]) -> pd.DataFrame:
    """All parts' predictions as the whole registry has them."""
    of_target = []
    for name in names:
        told = [frame[name] for frame in frames if len(frame[name])] or [frames[0][name]]
        rows = pd.concat(told, ignore_index=True)
        of_target.append(rows.sort_values([NUMBER, ORDER], ignore_index=True))
    return pd.concat(of_target, ignore_index=True).drop(columns=[NUMBER, ORDER])
