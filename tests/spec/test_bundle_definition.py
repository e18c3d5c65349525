"""A bundle knows what it predicts: another question under the same name is refused, another wording
is not, and going back loads what it goes back to."""

import json
from dataclasses import replace

import pytest

from features import criteria
from models import bundle as bundles
from models import definition, targets
from models.bundle import load, save
from models.champion import bundles_folder, pointer, turn, turn_back
from registry.contract.errors import BadInput
from tests.support.service_cases import bundle
from training.card.fingerprint import stamp


@pytest.fixture(scope="module")
def made():
    return bundle("relapse")


@pytest.fixture
def place(made, tmp_path):
    return bundles_folder(tmp_path) / save(made, bundles_folder(tmp_path)).version


def test_a_bundle_says_of_whom_when_and_over_how_long(place, made):
    told = json.loads((place / "bundle.json").read_text(encoding="utf-8"))
    asked = told["definition"]
    assert (asked["asked"], asked["horizon_days"], asked["landmarks_days"][:2]) == (
        "after_cure",
        183,
        [0, 28],
    )
    assert told["made_with"] == definition.made_with() and len(told["made_with"]["contract"]) == 16
    assert load(place).definition == made.definition


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"horizon": 90}, "horizon_days 183, here 90"),
        ({"landmarks": (0,)}, "landmarks_days"),
        ({"asked": targets.Asked.UNTREATED}, "asked after_cure, here untreated"),
        ({"label_days": 200}, "label_days 246, here 200"),
    ],
)
def test_another_question_under_the_same_name_is_refused(place, monkeypatch, changed, word):
    other = replace(targets.RELAPSE, **changed)
    monkeypatch.setitem(targets.TARGETS, "relapse", other)
    with pytest.raises(BadInput, match=word) as refused:
        load(place)
    assert refused.value.code == "BUN006"


def test_a_model_of_90_days_does_not_pass_for_one_of_183(tmp_path, monkeypatch):
    with monkeypatch.context() as their_program:
        short = replace(targets.RELAPSE, horizon=90)
        their_program.setitem(targets.TARGETS, "relapse", short)
        version = save(bundle.__wrapped__("relapse"), tmp_path).version
        assert load(tmp_path / version).definition["horizon_days"] == 90
    with pytest.raises(BadInput, match="horizon_days 90, here 183") as refused:
        load(tmp_path / version)
    assert refused.value.code == "BUN006"


def test_other_days_and_cut_offs_of_the_outcome_are_another_question(place, monkeypatch):
    with monkeypatch.context() as their_program, pytest.raises(BadInput, match="outcome_days"):
        their_program.setattr(targets, "CONFIRMED_WITHIN", 30)
        load(place)
    other = criteria.criteria()._replace(severe_muac_below_mm=110.0)
    monkeypatch.setattr(definition, "criteria", lambda: other)
    with pytest.raises(BadInput, match="cut-offs"):
        load(place)


def test_words_bounds_and_package_do_not_make_a_bundle_unreadable(place, monkeypatch):
    reworded = replace(targets.RELAPSE, words={}, most_auc=0.8, forests=9, section="prevention")
    monkeypatch.setitem(targets.TARGETS, "relapse", reworded)
    monkeypatch.setattr(bundles, "made_with", lambda: {"contract": "other", "package": "9"})
    assert load(place).made_with == definition.made_with(), "as kept, not as of today"


@pytest.mark.parametrize("name", ["definition", "made_with", "priors"])
def test_version_and_stamp_hold_what_it_was_made_for(made, tmp_path, name):
    prior = next(iter(load_priors(made, tmp_path).values()))
    values = {
        "definition": made.definition | {"horizon_days": 90},
        "made_with": {"contract": "other", "package": "9"},
        "priors": {"whz": prior._replace(**{prior._fields[0]: 0.123})},
    }
    other = replace(made, **{name: values[name]})
    assert stamp(other) != stamp(made)
    assert save(other, tmp_path).version != save(made, tmp_path).version


def load_priors(made, folder):
    return load(folder / save(made, folder).version).priors


def test_going_back_loads_first_and_leaves_the_champion_where_it_cannot(made, tmp_path):
    versions = [
        save(replace(made, facts={"seed": seed}), bundles_folder(tmp_path)).version
        for seed in (1, 2, 3)
    ]
    for version in versions:
        turn(tmp_path, "relapse", version)
    assert turn_back(tmp_path, "relapse") == versions[1]
    card = bundles_folder(tmp_path) / versions[0] / "card.json"
    card.write_text("{ }", encoding="utf-8")
    before = pointer(tmp_path, "relapse")
    with pytest.raises(BadInput, match="BUN002"):
        turn_back(tmp_path, "relapse")
    assert pointer(tmp_path, "relapse") == before


def test_going_back_to_a_bundle_of_another_target_is_refused(made, tmp_path):
    theirs = save(replace(made, target="onset", definition={}), bundles_folder(tmp_path)).version
    own = save(made, bundles_folder(tmp_path)).version
    turn(tmp_path, "relapse", theirs)
    turn(tmp_path, "relapse", own)
    with pytest.raises(BadInput, match="BUN010"):
        turn_back(tmp_path, "relapse")
    assert pointer(tmp_path, "relapse")["bundle"] == own
