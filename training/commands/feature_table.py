"""`mlflow run . -e features`: the landmark rows of a target with their features and outcomes, as a
Parquet file."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from features.trajectory.smoother import DEFAULT_PRIORS
from models.targets import OUTCOME_WORDS, TARGETS
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import cohort
from training.commands.train import load_registry


def feature_table(address: str, target: str) -> pd.DataFrame:
    """One row a landmark up to the end of the records: `landmark_day`, `outcome`, and the
    catalogue's columns.

    Children are numbered anew (`child`), so that rows of one child can be kept together; no id
    leaves the store.
    """
    clock = Clock(load_registry(address))
    rows = cohort(clock, TARGETS[target], cutoff=known_until(clock.registry))
    matrix = as_of(clock, rows.child, rows.day, priors=DEFAULT_PRIORS, context=Context(clock))
    head = {
        "child": pd.factorize(rows.child)[0],
        "landmark_day": rows.landmark,
        "outcome": pd.Series(rows.outcome).map(OUTCOME_WORDS).to_numpy(),
    }
    return pd.DataFrame(head | dict(zip(NAMES, matrix.T, strict=True)))


def main() -> None:
    """Write the table."""
    asked = argparse.ArgumentParser(description=main.__doc__)
    asked.add_argument("store")
    asked.add_argument("--target", choices=list(TARGETS), default="relapse")
    asked.add_argument("--output", type=Path, required=True)
    told = asked.parse_args()
    table = feature_table(told.store, told.target)
    table.to_parquet(told.output, index=False)
    print(f"{len(table)} rows of {len(table.columns)} columns in {told.output}")


if __name__ == "__main__":
    main()
