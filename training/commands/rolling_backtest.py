"""A rolling backtest: on each of several days a model learns from what was known before it, and
predicts the landmarks up to the next of those days."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.clock import Clock
from features.trajectory.context import Context
from models.definition import made_with
from models.targets import HAPPENED, TARGETS
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import day_date
from registry.registry_digest import fingerprint
from training.cohorts import censoring
from training.cohorts.known_before import known_before
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import Cohort
from training.commands.backtest import (
    COLUMNS,
    ask_split,
    landmarks_from,
    predictions,
    summary,
    track,
)
from training.commands.backtest_store import StoreByParts
from training.fitting.fit import Progress
from training.fitting.pipeline import learn
from training.metrics.calibration import calibration
from training.tracking import mlflow_runs, told_of_training

TABLE = (
    "target",
    "split",
    "rows",
    "events",
    "mean_risk",
    "auc",
    "auc_low",
    "auc_high",
    "observed_over_expected",
    "slope",
)


@dataclass(frozen=True)
class Rolling:
    """What a rolling backtest is asked for: `splits` (days, ascending), `targets`, `trials`,
    `seed`."""

    splits: tuple[int, ...]
    targets: tuple[str, ...]
    trials: int
    seed: int

    def windows(self) -> list[tuple[int, int | None]]:
        """(first day, the day before which it ends) of each split; the last has no end."""
        return list(zip(self.splits, (*self.splits[1:], None), strict=True))


def rolling_backtest(
    records: Clock | StoreByParts,
    asked: Rolling,
    *,
    parts: Path,
    said: Progress = lambda text: None,
) -> pd.DataFrame:
    """Predictions of every landmark from the first split on, each by the newest model of its day:
    the columns of a backtest, `split` and the `weight` for censoring. `records`: in memory, or a
    store that is read part by part; both give the same.

    What is ready is kept in the folder `parts`, a file for each split and target, so that a run
    which was broken off goes on; the caller removes it. BadInput TRN004 for a split after the
    records, UsageError TRN013 for one that is given twice; a target that cannot be learnt on a
    split is said and left out of it, unless it can on none.
    """
    if len(set(asked.splits)) < len(asked.splits) or list(asked.splits) != sorted(asked.splits):
        raise UsageError("TRN013", "--split: several days are given once each, the earliest first")
    held = InMemory.of(records) if isinstance(records, Clock) else OfStore(records)
    ask_split(asked.splits[-1], held.until)
    ready = _Ready(parts, held.seal, asked)
    frames, refused = [], []
    for split, before in asked.windows():
        found = {name: ready.of(name, split) for name in asked.targets}
        missing = [name for name, frame in found.items() if frame is None]
        for name in found.keys() - set(missing):
            said(f"{name} from {day_date(split)}: kept from before")
        for name, frame in held.predicted(split, before, missing, asked, said):
            if isinstance(frame, BadInput):
                refused.append(frame)
                said(f"{name} from {day_date(split)} is left out: {frame}")
                continue
            ready.keep(name, split, frame)
            found[name] = frame
        frames += [frame for frame in found.values() if frame is not None]
    if not frames:
        raise refused[-1]
    return pd.concat(frames, ignore_index=True)


Told = Iterator[tuple[str, pd.DataFrame | BadInput]]
"""Of each target its predictions, or why it could not be learnt."""


@dataclass(frozen=True)
class InMemory:
    """All records: the last day (number) that is known (`until`), and their digest (`seal`)."""

    clock: Clock
    context: Context
    until: int
    seal: str

    @classmethod
    def of(cls, clock: Clock) -> InMemory:
        """Of a registry."""
        registry = clock.registry
        return cls(clock, Context(clock), known_until(registry), fingerprint(registry))

    def predicted(
        self,
        split: int,
        before: int | None,
        targets: Sequence[str],
        asked: Rolling,
        said: Progress,
    ) -> Told:
        """Each target from one split to the next, as soon as it is ready."""
        if not targets:
            return
        then = Clock(known_before(self.clock.registry, split))
        context = Context(then)
        for name in targets:
            said(f"{name} from {day_date(split)}: learning")
            how: dict[str, Any] = {"trials": asked.trials, "seed": asked.seed, "said": said}
            try:
                bundle = learn(then, TARGETS[name], until=split, context=context, **how).bundle
                rows = landmarks_from(self.clock, TARGETS[name], split, before=before)
                frame = predictions(self.clock, TARGETS[name], rows, bundle, self.context)
                yield name, _weighed(frame, rows, split)
            except BadInput as error:
                yield name, error


@dataclass(frozen=True)
class OfStore:
    """A store that is read part by part, for all targets of a split at once."""

    store: StoreByParts

    @property
    def until(self) -> int:
        """The last day (number) that is known."""
        return self.store.until

    @property
    def seal(self) -> str:
        """Of its records."""
        return self.store.version

    def predicted(
        self,
        split: int,
        before: int | None,
        targets: Sequence[str],
        asked: Rolling,
        said: Progress,
    ) -> Told:
        """See `InMemory`."""
        if not targets:
            return
        said(f"{', '.join(targets)} from {day_date(split)}: learning")
        found = self.store.predicted(
            split, before, targets, trials=asked.trials, seed=asked.seed, said=said
        )
        yield from found.refused.items()
        for name, (frame, rows) in found.frames.items():
            yield name, _weighed(frame, rows, split)


def _weighed(frame: pd.DataFrame, rows: Cohort, split: int) -> pd.DataFrame:
    weight = censoring.weights(rows) if len(rows.index) else np.zeros(0)
    return frame.assign(split=day_date(split).isoformat(), weight=weight)


class _Ready:
    """Predictions that are ready already; of other records (`seal`), settings or another package
    nothing is taken."""

    def __init__(self, folder: Path, seal: str, asked: Rolling) -> None:
        made_from = (seal, made_with(), asked)
        self.folder = folder / hashlib.sha256(repr(made_from).encode()).hexdigest()[:16]

    def of(self, target: str, split: int) -> pd.DataFrame | None:
        """What was kept of a target and split."""
        file = self._file(target, split)
        if not file.exists():
            return None
        kept = pd.read_parquet(file)
        # Parquet has no days of whole seconds: it keeps them as milliseconds.
        days = kept.select_dtypes("datetime").columns
        return kept.astype(dict.fromkeys(days, "datetime64[s]"))

    def keep(self, target: str, split: int, frame: pd.DataFrame) -> None:
        """Keep it, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self._file(target, split).with_suffix(".part")
        frame.to_parquet(part, index=False)
        part.replace(self._file(target, split))

    def _file(self, target: str, split: int) -> Path:
        return self.folder / f"{target}-{day_date(split)}.parquet"


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """One line for each target and split, and of each target one for all splits together (`split`
    "all"): the columns of TABLE; AUC, calibration weighed for the censored."""
    lines = []
    for target, of_target in frame.groupby("target", sort=False):
        groups = [*of_target.groupby("split", sort=True), ("all", of_target)]
        for split, rows in groups:
            lines.append({"target": target, "split": split, **_figures(rows)})
    return pd.DataFrame(lines, columns=list(TABLE))


def _figures(rows: pd.DataFrame) -> dict[str, Any]:
    told = summary(rows[list(COLUMNS)], {})["targets"][rows.target.iloc[0]]
    scored = rows[rows.risk.notna() & (rows.weight > 0)]
    happened = (scored.outcome == "happened").to_numpy(float)
    level = calibration(scored.risk.to_numpy(float), happened, scored.weight.to_numpy(float))
    with_event = scored[happened == HAPPENED]
    return {
        "rows": told["rows"],
        "events": len(with_event[["child_id", "index_on"]].drop_duplicates()),
        **{name: told[name] for name in ("mean_risk", "auc", "auc_low", "auc_high")},
        "observed_over_expected": level.observed_over_expected,
        "slope": level.slope,
    }


def track_all(frame: pd.DataFrame, asked: Rolling, models: Path, address: str) -> None:
    """One run a target with the table, and under it one for each split; no child's id."""
    told = table(frame)
    splits = " ".join(day_date(day).isoformat() for day in asked.splits)
    parameters = {"trials": asked.trials, "seed": asked.seed}
    for target, lines in told.groupby("target", sort=False):
        tags = {"target": str(target), "kind": "rolling_backtest"} | told_of_training.commit()
        whole = lines[lines.split == "all"].iloc[0]
        with mlflow_runs.run(
            address, models, name=f"rolling backtest {target}", tags=tags
        ) as parent:
            mlflow_runs.log(
                parameters | {"splits": splits},
                {name: float(whole[name]) for name in TABLE[2:]},
                {"splits.csv": lines.to_csv(index=False)},
            )
        rows = frame[frame.target == target]
        for split, part in rows.groupby("split", sort=True):
            of_split = summary(part[list(COLUMNS)], {})
            track(
                of_split,
                models,
                address,
                parameters | {"split": split},
                parents={str(target): parent},
            )
