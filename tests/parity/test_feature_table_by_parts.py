"""A table of features that is written part by part is, to the bit, that of the whole registry."""

from __future__ import annotations

import pickle
import shutil
from contextlib import closing
from dataclasses import replace

import pandas as pd
import pytest

from models.champion import models_folder, turn
from models.targets import RELAPSE
from registry.engine import IN_THIS_PROCESS
from registry.store import partitions
from registry.store.partitions import divide, read, several_parts
from registry.store.store import open_store
from tests.support import trained_models as made
from tests.support.divided_registry import fill, moves, tables
from training.cohorts import case_cohort
from training.commands import feature_table_by_parts as by_parts
from training.commands.feature_table import Training
from training.commands.feature_table_by_parts import write_feature_table
from training.evaluation import scored_rows

MOST = 1_500


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return made.own_store(tmp_path_factory.mktemp("table"))


@pytest.mark.parametrize(
    ("facts", "few"),
    [
        ({}, False),
        ({}, True),
        ({"trained_until": "2025-09-01"}, False),
        ({"registry_id": "another"}, True),
    ],
    ids=["a rehearsal", "a lot", "later rows", "another registry"],
)
def test_the_table_by_parts_is_that_of_the_whole(address, tmp_path, monkeypatch, facts, few):
    if few:
        monkeypatch.setattr(case_cohort, "FEWEST_ROWS", 100)
        monkeypatch.setattr(case_cohort, "OTHERS_PER_EVENT", 1)
        monkeypatch.setattr(scored_rows, "MOST_JUDGED_ROWS", 500)
    monkeypatch.setattr(by_parts, "CHILDREN_AT_ONCE", 900)
    own, models = made.carded(), models_folder(address)
    bundle = replace(own, version="", facts=own.facts | facts)
    turn(models, bundle.target, made.kept(address, bundle))
    told, tables = [], []
    for most in (10**6, MOST):
        monkeypatch.setattr(partitions, "MOST_CHILDREN", most)
        assert several_parts(address, IN_THIS_PROCESS) == (most == MOST)
        output = tmp_path / f"{most}.parquet"
        told.append(write_feature_table(address, bundle.target, output, engine=IN_THIS_PROCESS))
        tables.append(pd.read_parquet(output))
    whole, parts = tables
    pd.testing.assert_frame_equal(parts, whole)
    assert told[0] == told[1] and told[0].rows == len(whole) > 1_000
    assert whole["judged"].sum() > 100 and whole["judged_weight"].notna().any()
    learnt = whole["block"].isin(["earlier", "later", "learnt"])
    assert (facts == {"registry_id": "another"}) == (not learnt.any())
    if learnt.any():
        drawn = whole["fold"] >= 0
        assert drawn.sum() > 100 and (not few or drawn.sum() < learnt.sum() - 100)
    assert not (models / "rows").exists() or not any((models / "rows").glob("table-*"))


@pytest.mark.parametrize("target", ["relapse", "non_response", "onset"])
def test_the_table_of_a_training_of_today_by_parts_is_that_of_the_whole(
    tmp_path, monkeypatch, target
):
    address = made.own_store(tmp_path)
    shutil.rmtree(models_folder(address), ignore_errors=True)
    monkeypatch.setattr(case_cohort, "FEWEST_ROWS", 100)
    monkeypatch.setattr(case_cohort, "OTHERS_PER_EVENT", 1)
    monkeypatch.setattr(by_parts, "CHILDREN_AT_ONCE", 900)
    told, tables = [], []
    for most in (10**6, MOST):
        monkeypatch.setattr(partitions, "MOST_CHILDREN", most)
        output = tmp_path / f"{most}.parquet"
        told.append(write_feature_table(address, target, output, engine=IN_THIS_PROCESS))
        tables.append(pd.read_parquet(output))
    whole, parts = tables
    pd.testing.assert_frame_equal(parts, whole)
    assert told[0] == told[1] and (whole["fold"] >= 0).sum() > 50
    assert {"earlier", "later", "not_used"} <= set(whole["block"])
    assert not whole["judged"].any() and whole["risk"].isna().all()
    assert not any((models_folder(address) / "rows").glob("table-*"))


def test_a_training_of_today_is_asked_in_workers_too():
    cut_by = Training.of_today(made.clock(), RELAPSE)
    again = pickle.loads(pickle.dumps(cut_by))
    assert again == cut_by and again.target is RELAPSE


def test_a_part_without_any_stay_has_its_children_at_risk_of_onset(tmp_path, monkeypatch):
    address, written = str(tmp_path / "x.db"), []
    first = tables(tmp_path / "t")
    with closing(open_store(address)) as store:
        fill(store, first, moves(tmp_path / "moved", first))
    for most in (10**6, 200):
        monkeypatch.setattr(partitions, "MOST_CHILDREN", most)
        output = tmp_path / f"{most}.parquet"
        write_feature_table(address, "onset", output, engine=IN_THIS_PROCESS)
        written.append(pd.read_parquet(output))
    with closing(open_store(address)) as store:
        stays = [read(store, part).registry.episodes.rows for part in divide(store, partitions.NOW)]
    assert min(stays) == 0 < max(stays)
    pd.testing.assert_frame_equal(written[1], written[0])
