"""Notebooks for a data scientist's questions: run whole, and their tables say what they promise."""

import shutil

import numpy as np
import pytest

from models.champion import models_folder, turn
from tests.support import trained_models as made
from tests.support.notebooks import notebook
from training.tracking import mlflow_runs

pytestmark = pytest.mark.filterwarnings("ignore")
OWN = """
name = "with numbers of one's own"
target = "non_response"
[[own]]
file = "own.csv"
by = "child_id"
columns = ["foretells", "nothing"]
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with a champion for non-response."""
    address = made.own_store(tmp_path_factory.mktemp("notebooks"))
    turn(models_folder(address), "non_response", made.kept(address, made.carded()))
    return address


def asked(store, *words):
    return "--store", store, "--target", "non_response", *words


def test_what_the_interval_means_is_shown_by_tenth_of_risk(store):
    table = notebook("what_the_interval_means", *asked(store))["table"]
    assert len(table) == 10 and (np.diff(table["mean risk"]) > 0).all()


def test_another_district_is_shown_area_by_area(store):
    found = notebook("another_district", *asked(store, "--by", "sector"))
    told, judged = found["table"], found["judged"]
    assert set(told["area"]) <= set(made.clock().registry.sector_ids.astype(str))
    assert told["predictions"].sum() == judged.known.sum() and told["learnt from"].all()


def test_a_column_that_foretells_adds_much_and_noise_adds_nothing(store, tmp_path):
    learned, clock = made.learned(), made.clock()
    happened = np.zeros(len(clock.registry.child_ids))
    happened[learned.rows.child[learned.rows.outcome == 1]] = 1.0
    noise = np.random.default_rng(1).normal(size=len(happened))
    ids = clock.registry.child_ids.astype(str)
    rows = zip(ids, happened + noise, noise, strict=True)
    lines = [f"{child},2023-01-01,{told},{nothing}" for child, told, nothing in rows]
    text = "\n".join(["child_id,known_from,foretells,nothing", *lines])
    (tmp_path / "own.csv").write_text(text, encoding="utf-8")
    (tmp_path / "e.toml").write_text(OWN, encoding="utf-8")
    words = asked(store, "--experiment", str(tmp_path / "e.toml"))
    table = notebook("add_a_column", *words)["table"].set_index("column")
    assert table.low["foretells"] > 0 and not table.low["nothing"] > 0


def test_challengers_stand_side_by_side(store):
    models = models_folder(store)
    shutil.copy(made.empty_tracking(), models / "mlflow.db")
    address = f"sqlite:///{models / 'mlflow.db'}"
    for name, kind, auc in (("ours", None, 0.8), ("theirs", "challenger", 0.7), ("t", "trial", 1)):
        tags = {"target": "non_response", "experiment": name} | ({"kind": kind} if kind else {})
        with mlflow_runs.run(address, models, name=name, tags=tags):
            mlflow_runs.log(
                {"until": "2026-02-01"}, {"auc": auc, "auc_low": auc, "auc_high": 1}, {}
            )
    compared = notebook("compare_challengers", *asked(store))["compared"]
    assert compared["experiment"].tolist() == ["theirs", "ours"]
    assert compared["AUC"].tolist() == ["0.700 (0.700 to 1.000)", "0.800 (0.800 to 1.000)"]
