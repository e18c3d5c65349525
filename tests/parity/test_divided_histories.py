"""A history that was divided between two ids at random and linked again is, to the bit, the history
of one: features on any day from the link on, and every outcome known by then."""

from __future__ import annotations

import shutil
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from features.clock import Clock
from features.trajectory.catalogue import NAMES
from models.targets import TARGETS
from registry.contract.registry import day_date
from registry.contract.tables import SPECS
from registry.simulate.dials import Dials
from registry.simulate.write import simulate
from registry.store.links.decisions import decide
from registry.store.store import open_store
from tests.parity.test_partitions import rows_of
from training.cohorts.outcomes import outcomes

DIVIDED = 60
PER_CHILD = ("centre_admissions", "centre_weighed")
"""For up to a year these count the children that a centre then seemed to have."""
OF_CHILDREN = ("measurements", "episodes", "checks", "rations", "attendance", "visits")


@pytest.fixture(scope="module")
def registries(tmp_path_factory):
    """(the registry of whole histories, that of divided and linked ones, the divided children, the
    day of the links)."""
    home = tmp_path_factory.mktemp("divided")
    clean = Dials(truth_draws=0)
    simulate(home / "one", children=250, months=14, seed=5, format="parquet", dials=clean)
    _clean(home / "one")
    divided = _divide(home / "one", home / "two")
    registries, day = [], 0
    for name in ("one", "two"):
        with closing(open_store(home / f"{name}.db")) as store:
            store.import_source(home / name, imported_on=day_date(day) if day else None)
            day = max(day, int(store.facts()["recorded_until"]) + 20)
            if name == "two":
                for child in divided:
                    with store.engine.begin() as connection:
                        decide(connection, child, f"{child}-2", "same", by="test", on=day)
            registries.append(store.load())
    return *registries, divided, day


def _clean(folder):
    """Leave out rows that share a key: the simulation's copies, which an import refuses within one
    id and cannot tell between two."""
    for name in ("children", *OF_CHILDREN):
        keys = [one for one in SPECS[name].key if one != "source"]
        rows = pd.read_parquet(folder / f"{name}.parquet")
        rows = rows[~rows.duplicated(keys, keep=False)]
        rows.to_parquet(folder / f"{name}.parquet", index=False)


def _divide(whole, home):
    """The tables with half of the rows of some children under a second id."""
    home.mkdir()
    draw = np.random.default_rng(2)
    children = pd.read_parquet(whole / "children.parquet")
    treated = pd.read_parquet(whole / "episodes.parquet")["child_id"]
    # Those who were treated first: relapse is asked of them alone.
    by_lot = children.sample(frac=1.0, random_state=2)
    second = by_lot.sort_values("child_id", key=lambda ids: ~ids.isin(treated), kind="stable")
    second = second.head(DIVIDED)
    chosen = set(second["child_id"])
    second = second.assign(child_id=second["child_id"] + "-2", family_id=None)
    pd.concat([children, second]).to_parquet(home / "children.parquet", index=False)
    shutil.copy(whole / "centres.parquet", home)
    for name in OF_CHILDREN:
        rows = pd.read_parquet(whole / f"{name}.parquet")
        other = rows["child_id"].isin(chosen) & (draw.random(len(rows)) < 0.5)
        under = rows["child_id"].where(~other, rows["child_id"] + "-2")
        rows.assign(child_id=under).to_parquet(home / f"{name}.parquet", index=False)
    return sorted(chosen)


def positions(registry, names):
    at = {name: place for place, name in enumerate(registry.child_ids)}
    return np.array([at[name] for name in names], np.int32)


@pytest.mark.parametrize("later", [1, 45])
def test_features_from_the_day_of_the_link_on(registries, later):
    """The day after: of brothers and sisters a feature knows what was known the day before."""
    whole, linked, divided, day = registries
    days = np.full(len(divided), day + later, np.int32)
    one = rows_of(whole, positions(whole, divided), days)
    two = rows_of(linked, positions(linked, divided), days)
    for at, name in enumerate(NAMES):
        if name in PER_CHILD:
            continue
        np.testing.assert_array_equal(one[:, at], two[:, at], err_msg=name)
    assert np.isfinite(one).sum() > 20 * len(divided)


def test_before_the_link_each_half_is_alone(registries):
    whole, linked, divided, day = registries
    days = np.full(len(divided), day - 1, np.int32)
    seen = [
        Clock(registry).known_by(positions(registry, divided), days).measurements.rows.rows
        for registry in (whole, linked)
    ]
    assert 0.3 * seen[0] < seen[1] < 0.7 * seen[0], day_date(day)


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_outcomes_as_known_on_the_day_of_the_link(registries, target):
    whole, linked, divided, day = registries
    found = [_outcomes(registry, TARGETS[target], divided, day) for registry in (whole, linked)]
    assert found[0] == found[1] and len(found[0]) >= 2


def _outcomes(registry, target, divided, day):
    told = outcomes(Clock(registry), target, cutoff=day)
    mine = set(positions(registry, divided).tolist())
    # What only both halves together say is known from the day of the link.
    fields = [name for name in told._fields if name not in ("child", "known_on")]
    return sorted(
        (str(registry.child_ids[child]), *(getattr(told, name)[at].item() for name in fields))
        for at, child in enumerate(told.child.tolist())
        if child in mine
    )
