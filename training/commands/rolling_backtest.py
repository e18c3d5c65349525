"""A rolling backtest: on each of several days a model learns from what was known before it, and
predicts the landmarks up to the next of those days."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.clock import Clock
from features.trajectory.context import Context
from models.definition import made_with
from models.targets import HAPPENED, TARGETS, Target
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import day_date
from registry.registry_digest import fingerprint
from training.cohorts import censoring
from training.cohorts.known_before import known_before
from training.cohorts.known_until import known_until
from training.commands.backtest import COLUMNS, landmarks_from, predictions, summary, track
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
    clock: Clock, asked: Rolling, *, parts: Path, said: Progress = lambda text: None
) -> pd.DataFrame:
    """Predictions of every landmark from the first split on, each by the newest model of its day:
    the columns of a backtest, `split` and the `weight` for censoring.

    What is ready is kept in the folder `parts`, a file for each split and target, so that a run
    which was broken off goes on; the caller removes it. BadInput TRN004 for a split after the
    records, UsageError TRN013 for one that is given twice; a target that cannot be learnt on a
    split is said and left out of it, unless it can on none.
    """
    if len(set(asked.splits)) < len(asked.splits) or list(asked.splits) != sorted(asked.splits):
        raise UsageError("TRN013", "--split: several days are given once each, the earliest first")
    until = known_until(clock.registry)
    if asked.splits[-1] > until:
        raise BadInput(
            "TRN004",
            f"the split {day_date(asked.splits[-1])} lies after the records, which end on "
            f"{day_date(until)}",
        )
    context, parts_of = Context(clock), _Parts(parts, clock, asked)
    frames, refused = [], []
    for split, before in asked.windows():
        for name in asked.targets:
            place = f"{name} from {day_date(split)}"
            frame = parts_of.of(name, split)
            said(f"{place}: {'kept from before' if frame is not None else 'learning'}")
            try:
                if frame is None:
                    target = TARGETS[name]
                    frame = _one(clock, target, split, before, asked, context, said)
                    parts_of.keep(name, split, frame)
                frames.append(frame)
            except BadInput as error:
                refused.append(error)
                said(f"{place} is left out: {error}")
    if not frames:
        raise refused[-1]
    return pd.concat(frames, ignore_index=True)


def _one(
    clock: Clock,
    target: Target,
    split: int,
    before: int | None,
    asked: Rolling,
    context: Context,
    said: Progress,
) -> pd.DataFrame:
    """The predictions of one target from one split to the next."""
    then = Clock(known_before(clock.registry, split))
    bundle = learn(
        then,
        target,
        until=split,
        trials=asked.trials,
        seed=asked.seed,
        said=said,
        context=Context(then),
    ).bundle
    rows = landmarks_from(clock, target, split, before=before)
    frame = predictions(clock, target, rows, bundle, context)
    return frame.assign(
        split=day_date(split).isoformat(),
        weight=censoring.weights(rows) if len(rows.index) else np.zeros(0),
    )


class _Parts:
    """Predictions that are ready already; of other records, settings or another package nothing is
    taken."""

    def __init__(self, folder: Path, clock: Clock, asked: Rolling) -> None:
        made_from = (fingerprint(clock.registry), made_with(), asked)
        seal = hashlib.sha256(repr(made_from).encode()).hexdigest()[:16]
        self.folder = folder / seal

    def of(self, target: str, split: int) -> pd.DataFrame | None:
        """What was kept of a target and split."""
        file = self._file(target, split)
        return pd.read_parquet(file) if file.exists() else None

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
