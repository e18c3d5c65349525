"""A table of features for pandas: what the bundle sees, and the part that each row played."""

import numpy as np
import pytest

from features.trajectory.catalogue import NAMES
from models.champion import models_folder, turn
from registry.contract.errors import BadInput
from tests.support import trained_models as made
from tests.support.notebooks import notebook
from training.cohorts import censoring
from training.commands.evaluate import as_json
from training.commands.feature_table import feature_table
from training.evaluation.scored_rows import judged_rows
from training.fitting.fit import FOLDS
from training.metrics.discrimination import auc
from training.report.one_model import ModelReport


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with a champion for non-response."""
    address = made.own_store(tmp_path_factory.mktemp("table"))
    turn(models_folder(address), "non_response", made.kept(address, made.carded()))
    return address


@pytest.fixture(scope="module")
def table(store):
    return feature_table(store, "non_response")


def test_a_row_has_the_features_that_the_training_had(table):
    """With the bundle's priors, not the defaults: the matrix of the training, to the bit."""
    learned = made.learned()
    learnt = table[table.block.isin(["earlier", "later", "learnt"])]
    assert np.array_equal(learnt[list(NAMES)].to_numpy(), learned.features, equal_nan=True)


def test_blocks_weights_and_folds_are_those_of_the_training(table):
    learned = made.learned()
    learnt = table[table.block.isin(["earlier", "later", "learnt"])]
    assert np.array_equal(learnt.block == "earlier", learned.earlier_on)
    assert np.array_equal(learnt.block == "later", learned.later_on)
    assert learnt.weight.to_numpy() == pytest.approx(
        censoring.weights(learned.rows, learned.features), abs=0
    )
    held_out = learned.fitted.held_out
    taught = learnt[learnt.fold >= 0]
    assert taught.weight.to_numpy() == pytest.approx(held_out.weight, abs=0)
    assert set(taught.fold) == set(range(FOLDS))
    assert (taught.groupby("child").fold.nunique() == 1).all()
    rest = table[~table.index.isin(learnt.index)]
    assert (rest.fold == -1).all() and (rest.weight == 0).all()


def test_days_are_in_their_order(table):
    days = (table.predicted_on - table.index_on).dt.days
    assert (days == table.landmark_day).all()
    happened = table[table.outcome == "happened"]
    assert (happened.event_on <= happened.known_on).all()
    assert table.loc[table.outcome != "happened", "event_on"].isna().all()
    until = made.UNTIL
    after = table[table.block == "after"]
    assert len(after) and (after.predicted_on >= np.datetime64(until, "D")).all()


def test_no_id_of_a_child_is_in_it(table):
    ids = set(made.clock().registry.child_ids.astype(str))
    texts = [name for name in table if table[name].dtype.kind not in "fiMb"]
    assert {"outcome", "block", "why_not"} == set(texts)
    assert not any(ids & set(table[name]) for name in texts)
    assert table.child.max() == table.child.nunique() - 1


def test_the_reports_auc_is_rebuilt_from_the_table_by_a_notebook(store, table, tmp_path):
    judged = judged_rows(made.clock(), made.carded(), context=made.context())
    reported = auc(judged.risk, judged.happened, judged.weight)
    overall = {"model": {"value": reported}}
    figures = {"block": judged.block, "discrimination": {"overall": overall}}
    told = as_json([ModelReport(made.carded(), judged, figures, {})], [])
    told = told.replace('"bundle": ""', f'"bundle": "{made.kept(store, made.carded())}"')
    (tmp_path / "report.json").write_text(told, encoding="utf-8")
    table.to_parquet(tmp_path / "rows.parquet")
    files = {name: str(tmp_path / name) for name in ("rows.parquet", "report.json")}
    words = ["--rows", files["rows.parquet"], "--report", files["report.json"]]
    found = notebook("rebuild_the_auc", "--store", store, "--target", "non_response", *words)
    assert found["auc"] == pytest.approx(reported, abs=1e-6)


def test_a_bundle_of_another_target_is_refused(store):
    version = made.kept(store, made.carded())
    with pytest.raises(BadInput, match="is for non_response, not for relapse"):
        feature_table(store, "relapse", bundle=version)


def test_of_no_such_bundle_there_is_no_table(store):
    tracked = f"sqlite:///{made.empty_tracking()}"
    with pytest.raises(BadInput, match="EVA001"):
        feature_table(store, "relapse", bundle="no-such-run", tracked_at=tracked)
