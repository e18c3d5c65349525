"""Last month's model once more: a later import that brings children, late weighings, closes and
corrections changes no bit of it."""

import json
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from models.champion import bundles_folder, models_folder
from registry.contract.errors import BadInput, Refused
from registry.contract.registry import OF_CENTRES, OWN_DAY, day_number
from registry.store.store import open_store
from sanket import training_verbs
from sanket.app import main
from tests.support import trained_models as made
from tests.support.imports_by_day import sent_by
from training.commands.train import as_known_before, learnt_until, load_registry, train
from training.experiments import train_again as again
from training.experiments.run_experiment import run_experiment
from training.fitting import fit, uncertainty

pytestmark = pytest.mark.filterwarnings("ignore")
SENT, IMPORTED, SENT_LATER, IMPORTED_LATER = "2026-01-31", "2026-02-03", "2026-03-31", "2026-04-02"
EXPERIMENT = """
name = "without attendance"
target = "non_response"
seeds = [2]
[features]
leave_out = ["poor_attendance"]
[search]
trials = 0
"""


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Few trees and refits: what is tested is what they see."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "MOST_TREES", 10)
        patch.setattr(uncertainty, "REFITS", 2)
        yield


def corrected(folder: Path) -> Path:
    """The office has looked again: some old weights were wrong, a centre was moved."""
    weighed = pd.read_parquet(folder / "measurements.parquet")
    wrong = weighed.index[pd.to_datetime(weighed.measured_on) < "2025-06-01"][::7]
    weighed.loc[wrong, "weight_kg"] = (weighed.weight_kg[wrong] - 0.3).round(1)
    weighed.to_parquet(folder / "measurements.parquet", index=False)
    centres = pd.read_parquet(folder / "centres.parquet")
    centres.loc[0, ["sector_id", "project_id", "district_id"]] = (
        centres[["sector_id", "project_id", "district_id"]].iloc[-1].to_list()
    )
    centres.to_parquet(folder / "centres.parquet", index=False)
    return folder


def imported(address: str, folder: Path, day: str) -> None:
    store = open_store(address)
    store.import_source(str(folder), imported_on=day)
    store.close()


@pytest.fixture(scope="module")
def months(tmp_path_factory):
    """(store, the registry as known at the first import, trainings of that month), after the second
    import."""
    folder = tmp_path_factory.mktemp("months")
    whole, address = made.store_file().parent / "registry", str(folder / "x.db")
    imported(address, sent_by(whole, SENT, folder / "first"), IMPORTED)
    registry = load_registry(address)
    then = as_known_before(address, registry, learnt_until(registry, None))
    (usual,) = train(address, targets=("non_response",), trials=0)
    (folder / "e.toml").write_text(EXPERIMENT, encoding="utf-8")
    (asked,) = run_experiment(address, folder / "e.toml")
    imported(address, corrected(sent_by(whole, SENT_LATER, folder / "second")), IMPORTED_LATER)
    return address, then, usual, asked


def run_of(address, told):
    mlflow.set_tracking_uri(f"sqlite:///{models_folder(address) / 'mlflow.db'}")
    return mlflow.get_run(told["run_id"])


def test_the_registry_as_known_then_is_that_of_then_in_every_cell(months):
    address, then, usual, _ = months
    until = day_number(run_of(address, usual).data.params["until"])
    now = load_registry(address)
    again = as_known_before(address, now, until)
    assert len(now.child_ids) > len(then.child_ids) == len(again.child_ids)
    assert now.recorded_until > then.recorded_until == again.recorded_until
    assert then.facts["share_assumed_dates"] == again.facts["share_assumed_dates"]
    for name in ("children", *OWN_DAY, *OF_CENTRES):
        one, other = then.table(name), again.table(name)
        assert now.table(name).rows > one.rows == other.rows, name
        for column in one:
            np.testing.assert_array_equal(one[column], other[column], err_msg=f"{name}.{column}")


def test_the_same_bundle_comes_of_the_run_alone(months, capsys):
    address, _, usual, _ = months
    kept = bundles_folder(models_folder(address)) / usual["bundle"]
    kept.rename(kept.with_name("put aside"))
    main_ends(["train", address, "--again", usual["run_id"], "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told == {"target": "non_response", "run_id": usual["run_id"], "bundle": usual["bundle"]}
    for file in kept.with_name("put aside").rglob("*.*"):
        if file.is_file():
            new = kept / file.relative_to(kept.with_name("put aside"))
            assert new.read_bytes() == file.read_bytes(), new


def main_ends(words):
    """The command ends well."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert not ended.value.code


@pytest.mark.soak
def test_the_same_day_asked_for_gives_the_same_bundle(months):
    address, _, usual, _ = months
    until = day_number(run_of(address, usual).data.params["until"])
    (told,) = train(address, targets=("non_response",), trials=0, until=until)
    assert told["bundle"] == usual["bundle"]
    (today,) = train(address, targets=("non_response",), trials=0)
    assert today["bundle"] != usual["bundle"]


def test_the_command_says_of_which_seed_and_from_how_much(months):
    address, _, _, asked = months
    said = training_verbs._in_words(asked).splitlines()
    assert said[0].startswith("non_response (without attendance, seed 2): bundle ")
    of = run_of(address, asked).data.params
    counts = f"{of['rows']} rows of {of['children']} children, {of['children_with_event']} of them"
    assert counts in said[2]


def test_an_experiment_comes_of_its_run_and_of_its_bundle(months):
    address, _, usual, asked = months
    assert asked["bundle"] != usual["bundle"]
    assert again.train_again(address, asked["run_id"])["bundle"] == asked["bundle"]


def test_what_cannot_be_made_again_is_said(months, tmp_path, monkeypatch):
    address, _, usual, _ = months
    with pytest.raises(BadInput, match="TRN025"):
        again.train_again(address, "no-such-run")
    tracked = f"sqlite:///{models_folder(address) / 'mlflow.db'}"
    elsewhere = str(tmp_path / "y.db")
    open_store(elsewhere).close()
    with pytest.raises(BadInput, match="another store"):
        again.train_again(elsewhere, usual["bundle"], tracked_at=tracked)
    recipe = again.recipe(tracked, usual["run_id"])
    other = replace(recipe, seed=recipe.seed + 1, commit="abc")
    monkeypatch.setattr(again, "recipe", lambda *asked: other)
    with pytest.raises(Refused, match="then abc") as refused:
        again.train_again(address, usual["run_id"])
    assert refused.value.code == "TRN026"
