"""Spec: an experiment file, and tables of one's own that it names; every fault is said at once."""

import re
import tempfile
from pathlib import Path

import numpy as np
import pytest

from features.trajectory.catalogue import CONTEXT_NAMES
from registry.contract.errors import BadInput
from registry.contract.registry import NEVER, day_number
from registry.privacy import keyed_hash
from tests.support.tiny_registry import tiny_registry
from training.experiments.experiment_file import read
from training.experiments.own_tables import FamilyCodes

EXAMPLES = Path(__file__).parents[2] / "docs" / "experiments"
REGISTRY = tiny_registry(12)
USUAL = 'name = "one"\ntarget = "relapse"\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "e.toml"
    file.write_text(text, encoding="utf-8")
    return file


def of(folder: Path, text: str, families=None):
    return read(written(folder, USUAL + text), REGISTRY, families)


def faults(folder: Path, text: str) -> list[str]:
    """The lines of the one refusal."""
    with pytest.raises(BadInput) as refused:
        read(written(folder, text), REGISTRY)
    assert refused.value.code == "TRN021"
    return [line.strip() for line in refused.value.message.splitlines()[1:]]


def test_the_shortest_file_is_the_usual_training(tmp_path):
    found = of(tmp_path, "")
    assert found.plan.as_facts() == {} and not found.benchmark_only and not found.in_memory
    assert (found.trials, found.seeds, found.until) == (8, (1,), None)


def test_a_file_may_ask_for_the_days_on_which_scores_are_made(tmp_path):
    assert of(tmp_path, "scoring_days = true").plan.as_facts() == {"plan": {"scoring_days": True}}
    told = faults(tmp_path, 'name = "one"\ntarget = "onset"\nscoring_days = true')
    assert len(told) == 1 and told[0].startswith("scoring_days: ")
    told = faults(tmp_path, USUAL + 'scoring_days = "yes"')
    assert told == ["scoring_days: 'yes'; true or false"]


def test_all_faults_are_said_at_once_each_with_place_bound_and_what_to_do(tmp_path):
    told = faults(
        tmp_path,
        """
name = ""
target = "cure"
until = "1 March"
seeds = [1, 1]
colour = "red"
[areas.include]
sector = ["S", "Nowhere"]
[features]
leave_out = ["whz_last", "the_moon"]
[estimator]
kind = "bag"
forests = 400
settings = { num_leaves = 1 }
[search]
trials = -1
learning_rate = [0.5, 0.1]
[[own]]
file = "rain.csv"
by = "village"
columns = []
""",
    )
    begin = [line.split(":")[0] for line in told]
    for where in (
        "name",
        "target",
        "until",
        "seeds",
        "colour",
        "areas.include.sector",
        "features.leave_out",
        "estimator.forests",
        "estimator.settings.num_leaves",
        "search.trials",
        "search.learning_rate",
        "own 1.by",
        "own 1.columns",
    ):
        assert where in begin, where
    assert len(told) == 13 and all("; " in line for line in told)
    assert any("2 to 256" in line for line in told) and any("S, T" in line for line in told)


def test_a_file_that_is_no_toml_or_is_not_there(tmp_path):
    with pytest.raises(BadInput, match="TRN020"):
        read(written(tmp_path, "name = "), REGISTRY)
    with pytest.raises(BadInput, match="TRN020"):
        read(tmp_path / "none.toml", REGISTRY)


def test_a_group_is_its_columns_and_where_the_forest_starts_stays(tmp_path):
    found = of(tmp_path, '[features]\nleave_out = ["family_and_centre"]')
    assert set(found.plan.left_out) > {"siblings", "centre_whz"}
    kept = of(tmp_path, '[features]\nkeep_only = ["low_muac"]')
    assert {"follow_up_left", "days_since_discharge"}.isdisjoint(kept.plan.left_out)
    assert set(CONTEXT_NAMES) < set(kept.plan.left_out)
    (told,) = faults(tmp_path, USUAL + '[features]\nleave_out = ["follow_up_left"]')
    assert "where the forest starts" in told


def test_settings_that_are_fixed_leave_a_trial_no_choice(tmp_path):
    found = of(tmp_path, "[estimator]\nsettings = { num_leaves = 7 }\n[search]\ntrials = 0")
    assert (found.trials, found.plan.space) == (1, {"num_leaves": (7.0, 7.0)})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[estimator]\nkind = "sklearn.naive_bayes:GaussianNB"\nimpute = true', "not one of"),
        ("horizon_days = 90", "it tells 90 days"),
        ('[areas.exclude]\nsector = ["S"]', "some areas only"),
    ],
)
def test_what_may_not_answer_says_why(tmp_path, text, why):
    assert why in of(tmp_path, text).benchmark_only[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('kind = "nowhere:Model"', "cannot be imported"),
        ('kind = "sklearn.cluster:KMeans"', "no fit and predict_proba"),
        ('kind = "sklearn.neighbors:KNeighborsClassifier"', "no sample_weight"),
        ('kind = "sklearn.linear_model:LogisticRegression"', "impute = true"),
        ('kind = "sklearn.naive_bayes:GaussianNB"\nsettings = { depth = 3 }', "refuses them"),
    ],
)
def test_an_estimator_that_cannot_be_asked_is_a_fault(tmp_path, text, told):
    assert told in faults(tmp_path, f"{USUAL}[estimator]\n{text}")[0]


def test_non_response_has_no_other_horizon(tmp_path):
    (told,) = faults(tmp_path, 'name = "n"\ntarget = "non_response"\nhorizon_days = 60')
    assert "Government Resolution" in told


OWN = '[[own]]\nfile = "own.csv"\nby = "sector_id"\ncolumns = ["rain_mm"]'


def own(folder: Path, rows: str, text: str = OWN, families=None):
    (folder / "own.csv").write_text(rows, encoding="utf-8")
    return of(folder, text, families).own[0]


def test_a_table_of_ones_own_is_known_row_by_row(tmp_path):
    """Two versions of S, one of T; a sector that the store does not have plays no part."""
    found = own(
        tmp_path,
        "sector_id,known_from,rain_mm\nT,2025-03-01,7\nS,2025-04-10,25\nS,2025-03-01,40\n"
        "Elsewhere,2025-01-01,9\nS,2025-06-01,\n",
    )
    at = {text: number for number, text in enumerate(REGISTRY.sector_ids.astype(str))}
    rows = found.versions
    assert rows["key"].tolist() == sorted([at["S"]] * 3 + [at["T"]])
    days = [day_number(day) for day in ("2025-03-01", "2025-04-10", "2025-06-01")]
    of_s = rows["key"] == at["S"]
    assert rows["known_from"][of_s].tolist() == days
    assert rows["known_until"][of_s].tolist() == [*days[1:], NEVER]
    assert rows["rain_mm"][of_s][:2].tolist() == [40.0, 25.0]
    assert np.isnan(rows["rain_mm"][of_s][2])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("sector_id,known_from,rain\nS,2025-03-01,4\n", "no column rain_mm"),
        ("sector_id,known_from,rain_mm\nS,soon,4\n", "no date (the first: row 2)"),
        ("sector_id,known_from,rain_mm\nS,2025-03-01,wet\n", "no number (the first: row 2)"),
        ("sector_id,known_from,rain_mm\nX,2025-03-01,4\n", "no sector_id of own.csv"),
        (
            "sector_id,known_from,rain_mm\nT,2025-01-01,4\nS,2025-03-01,4\nS,2025-03-01,5\n",
            "2 rows share sector_id and known_from (the first: row 3)",
        ),
    ],
)
def test_a_table_that_cannot_be_right_is_a_fault(tmp_path, rows, told):
    (tmp_path / "own.csv").write_text(rows, encoding="utf-8")
    assert any(told in line for line in faults(tmp_path, USUAL + OWN))


def test_a_column_may_not_be_called_as_one_of_ours(tmp_path):
    (tmp_path / "own.csv").write_text("sector_id,known_from,whz_last\n", encoding="utf-8")
    (told,) = faults(tmp_path, USUAL + OWN.replace("rain_mm", "whz_last"))
    assert "a feature of Sanket's own" in told


def test_families_are_found_by_the_code_that_people_write(tmp_path):
    key = b"sixteen letters."
    codes = FamilyCodes([keyed_hash(key, "F-1"), keyed_hash(key, "F-2")], key)
    text = OWN.replace("sector_id", "family_id")
    rows = "family_id,known_from,rain_mm\nF-2,2025-03-01,9\nF-9,2025-03-01,1\n"
    assert own(tmp_path, rows, text, codes).versions["key"].tolist() == [1]


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_the_documentations_files_are_right_but_for_ids_and_tables_of_a_store(file, tmp_path):
    text = file.read_text(encoding="utf-8").replace('"PRJ001"', '"P"')
    (tmp_path / "far.csv").write_text("centre_id,known_from,km_to_nrc\nA,2024-01-01,4\n")
    found = read(written(tmp_path, text), REGISTRY)
    assert bool(found.benchmark_only) == (file.stem != "five")


def test_all_that_the_page_says_may_stand_in_a_file_may():
    page = (EXAMPLES.parent / "data-scientist.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    with pytest.raises(BadInput) as refused:
        read(written(Path(tempfile.mkdtemp()), example), REGISTRY)
    told = [line.split(":")[0].strip() for line in refused.value.message.splitlines()[1:]]
    # Of the store, of the target, and of a table that is not there: nothing of the form.
    assert set(told) == {
        "areas.include.project",
        "areas.exclude.sector",
        "horizon_days",
        "own 1.file",
    }
