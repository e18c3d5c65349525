"""A small registry, its store, and a training on it, made once a test session: what the judge's
tests break."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from features.clock import Clock
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.bundle import Bundle, save
from models.champion import bundles_folder, models_folder
from models.targets import NON_RESPONSE
from registry.contract.registry import day_number
from registry.simulate.dials import Dials
from registry.simulate.write import simulate
from registry.store.store import open_store
from training.card import model_card
from training.checks import run_checks
from training.evaluation.run_figures import figures
from training.fitting.pipeline import Learned, learn
from training.tracking import mlflow_runs

UNTIL = day_number("2026-02-01")


@cache
def store_file() -> Path:
    """A store of 7,000 synthetic children over 24 months; copy it before changing it."""
    folder = Path(tempfile.mkdtemp(prefix="sanket-judge-"))
    simulate(
        folder / "registry",
        children=7000,
        months=24,
        seed=5,
        format="parquet",
        dials=Dials(truth_draws=0),
    )
    store = open_store(str(folder / "x.db"))
    store.import_source(str(folder / "registry"))
    store.close()
    return folder / "x.db"


def own_store(folder: Path) -> str:
    """A copy of the store for one test."""
    for file in store_file().parent.glob("x.*"):
        shutil.copy(file, folder / file.name)
    return str(folder / "x.db")


@cache
def clock() -> Clock:
    """The registry's clock."""
    store = open_store(str(store_file()))
    try:
        return Clock(store.load())
    finally:
        store.close()


@cache
def context() -> Context:
    """Its families and centres."""
    return Context(clock())


@cache
def learned(until: int = UNTIL, seed: int = 1) -> Learned:
    """Non-response, learnt from what was known before a day."""
    return learn(clock(), NON_RESPONSE, until=until, seed=seed, context=context())


@cache
def carded(until: int = UNTIL, seed: int = 1) -> Bundle:
    """The learnt bundle with its findings and card."""
    return card_of(learned(until, seed))


def card_of(what: Learned) -> Bundle:
    """A training's bundle with its findings and card."""
    findings = run_checks.run(what, clock=clock(), context=context())
    return replace(
        what.bundle, card=model_card.write(what, findings=findings, figures=figures(what))
    )


@cache
def empty_tracking() -> Path:
    """A database of MLflow without a run."""
    place = store_file().parent / "mlflow.db"
    assert mlflow_runs.bundle_of_run(f"sqlite:///{place}", "none") is None
    return place


def kept(address: str, bundle: Bundle) -> str:
    """Save a bundle beside a store; returns its version."""
    return save(bundle, bundles_folder(models_folder(address))).version


def judging(bundle: Bundle, **outcomes: str) -> Bundle:
    """The bundle as if its checks had found this: `RISK009="issue"`; all others pass."""
    findings = [
        told | {"outcome": outcomes.get(told["code"], "pass")} for told in bundle.card["findings"]
    ]
    return replace(bundle, card=bundle.card | {"findings": findings})


def column(name: str) -> int:
    """A feature's position."""
    return NAMES.index(name)


def changed(what: Learned, name: str, values: np.ndarray) -> Learned:
    """The training with one column of its features replaced."""
    matrix = what.features.copy()
    matrix[:, column(name)] = values
    return replace(what, features=matrix)
