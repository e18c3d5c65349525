"""Promote and go back: refused on an issue, accepted with a reason that is kept, turned in one
step, aliases follow."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from models.bundle import load
from models.champion import bundles_folder, champion, models_folder, pointer
from registry.contract.errors import BadInput, Refused, UsageError
from sanket.app import main
from tests.support import trained_models as made
from tests.support.mlflow_server import mlflow_server
from training.checks import golden
from training.checks.finding import CheckResult
from training.commands import promote as promoting
from training.commands.promote import history, promote, rollback
from training.commands.recalibrate import recalibrated
from training.evaluation.challenge import Challenge
from training.metrics.discrimination import Estimate
from training.report import judge
from training.report.judge import WholeInMemory
from training.tracking import mlflow_runs


@pytest.fixture
def store(tmp_path):
    """An address whose MLflow database is made already: making one takes longer than most of these
    tests."""
    address = str(tmp_path / "x.db")
    models_folder(address).mkdir()
    shutil.copy(made.empty_tracking(), models_folder(address) / "mlflow.db")
    return address


@pytest.fixture(autouse=True)
def no_store_to_compare_in(monkeypatch):
    """Most of these addresses have models and no records: what RISK018 says of a comparison is
    tested by itself."""
    monkeypatch.setattr(promoting, "judge_of", lambda address, **how: Judging())


class Judging(WholeInMemory):
    """Judges on the shared records; how a challenger compares is said, not reckoned."""

    def __init__(self, told=lambda one, other: better(one, other)):
        super().__init__(made.clock())
        object.__setattr__(self, "told", told)

    def challenge(self, challenger, champion):
        return self.told(challenger, champion)


def better(one, other, low=0.01):
    """A comparison in which the challenger's AUC is higher, by at least `low`."""
    of = {"auc": Estimate(0.8, 0.7, 0.9)}
    more = {"auc": Estimate(low + 0.02, low, low + 0.04)}
    return Challenge(one.version, other.version, "later rows", 200, 90, 30, of, of, more, [])


def kept(store, **outcomes):
    return made.kept(store, made.judging(made.carded(), **outcomes))


def test_a_checked_bundle_is_promoted_and_kept_in_the_history(store):
    version = kept(store)
    told = promote(store, version, by="Asha")
    assert champion(models_folder(store), "non_response").version == version
    assert (told["by"], told["before"], told["alias"]) == ("Asha", None, False)
    assert history(models_folder(store)) == [{name: told[name] for name in told if name != "alias"}]


def test_an_issue_refuses_and_nothing_turns(store):
    version = kept(store, RISK009="issue")
    with pytest.raises(Refused, match="RISK009") as refused:
        promote(store, version)
    assert refused.value.exit_code == 5 and pointer(models_folder(store), "non_response") is None


def test_every_issue_must_be_accepted_with_a_reason_that_is_kept(store):
    version = kept(store, RISK009="issue", RISK012="issue")
    with pytest.raises(Refused, match="RISK012"):
        promote(store, version, accepted={"RISK009": "seen"})
    with pytest.raises(UsageError, match="reason"):
        promote(store, version, accepted={"RISK009": " ", "RISK012": "few"})
    with pytest.raises(UsageError, match="RISK001"):
        promote(store, version, accepted={"RISK001": "no issue"})
    reasons = {"RISK009": "all treated in one hospital", "RISK012": "twelve girls"}
    promote(store, version, accepted=reasons)
    assert history(models_folder(store))[-1]["accepted"] == reasons


def test_a_challenger_is_shown_beside_the_champion_and_the_comparison_is_kept(store):
    first, second = kept(store), kept(store, RISK014="tip")
    assert promote(store, first)["challenge"] is None
    told = promote(store, second)
    assert told["findings"]["RISK018"].startswith("better than the champion: AUC 0.800 against")
    last = history(models_folder(store))[-1]
    assert last["challenge"]["champion_bundle"] == first
    assert last["challenge"]["more"]["auc"] == {"value": 0.03, "low": 0.01, "high": 0.05}


@pytest.mark.parametrize("worse", ["too few events to rehearse: 3", -0.06])
def test_a_worse_or_incomparable_challenger_needs_a_reason(store, monkeypatch, worse):
    promote(store, kept(store))
    second = kept(store, RISK014="tip")
    told = (
        (lambda one, other: worse)
        if isinstance(worse, str)
        else (lambda one, other: better(one, other, low=worse))
    )
    monkeypatch.setattr(promoting, "judge_of", lambda address, **how: Judging(told))
    with pytest.raises(Refused, match="RISK018"):
        promote(store, second)
    promote(store, second, accepted={"RISK018": "trained on both districts"})
    assert history(models_folder(store))[-1]["accepted"] == {"RISK018": "trained on both districts"}


def test_records_that_cannot_be_read_are_no_comparison(store, monkeypatch):
    def gone(address, **how):
        raise BadInput("REG060", "there is no store")

    promote(store, kept(store))
    monkeypatch.setattr(promoting, "judge_of", gone)
    with pytest.raises(Refused, match="cannot be read"):
        promote(store, kept(store, RISK014="tip"))


def test_a_model_not_shown_to_work_is_asked_again_on_todays_records(store, monkeypatch):
    version = kept(store, RISK017="issue")
    monkeypatch.setattr(judge, "not_judged", lambda clock, bundle: "too few events to rehearse")
    with pytest.raises(Refused, match="too few events to rehearse"):
        promote(store, version)
    shown = CheckResult("pass", "better than each single measurement")
    monkeypatch.setattr(promoting.of_figures, "work_shown", lambda judged: shown)
    assert promote(store, version)["findings"] == {"RISK017": shown.message}


def test_a_bundle_that_was_never_checked_is_refused(store):
    version = made.kept(store, made.learned().bundle)
    with pytest.raises(Refused, match="PRM002"):
        promote(store, version)


def test_findings_of_another_model_are_refused(store):
    """A calibrator moved by hand, or an older window told: whoever saves it so has a bundle that
    was never checked."""
    bundle = made.judging(made.carded())
    steeper = replace(
        bundle, calibrator=replace(bundle.calibrator, slope=2.0 * bundle.calibrator.slope)
    )
    renamed = replace(bundle, facts=bundle.facts | {"trained_until": "2025-01-01"})
    for changed in (steeper, renamed):
        with pytest.raises(Refused, match="PRM006"):
            promote(store, made.kept(store, changed))
    assert pointer(models_folder(store), "non_response") is None


def test_a_check_that_the_findings_do_not_know_refuses(store):
    bundle = made.judging(made.carded())
    older = replace(bundle, card=bundle.card | {"findings": bundle.card["findings"][:-1]})
    with pytest.raises(Refused, match=bundle.card["findings"][-1]["code"]):
        promote(store, made.kept(store, older))


def test_the_golden_child_is_asked_again(store, monkeypatch):
    """A feature that changed its meaning since the training: the findings say pass, the program
    says otherwise."""
    version, row = kept(store), golden.golden_row()
    row[made.column("whz_last")] *= -1
    monkeypatch.setattr(golden, "golden_row", lambda: row)
    with pytest.raises(Refused, match="RISK007"):
        promote(store, version)


def test_a_recalibrated_bundle_is_stamped_anew(store):
    moved = recalibrated(made.judging(made.carded()), 0.8, 0.1, "there", outcomes=57)
    assert promote(store, made.kept(store, moved))["target"] == "non_response"


def test_an_altered_bundle_is_not_promoted(store):
    version = kept(store, RISK009="issue")
    place = bundles_folder(models_folder(store)) / version / "card.json"
    place.write_text(place.read_text().replace('"issue"', '"pass"'))
    with pytest.raises(BadInput, match="BUN002"):
        promote(store, version)


def test_back_and_forth(store):
    first, second = kept(store), kept(store, RISK014="tip")
    promote(store, first)
    promote(store, second)
    assert rollback(store, "non_response")["bundle"] == first
    assert champion(models_folder(store), "non_response").version == first
    with pytest.raises(BadInput, match="BUN005"):
        rollback(store, "non_response")
    promote(store, second)
    assert [turn["turned"] for turn in history(models_folder(store))] == [
        "promote",
        "promote",
        "rollback",
        "promote",
    ]


def test_promoting_the_champion_again_changes_nothing(store):
    version = kept(store)
    promote(store, version)
    promote(store, version)
    assert pointer(models_folder(store), "non_response") == {"bundle": version, "before": []}


def test_whoever_reads_meanwhile_reads_the_old_or_the_new(store):
    versions = [kept(store), kept(store, RISK014="tip")]
    promote(store, versions[0])
    with ThreadPoolExecutor(4) as pool:
        turns = [pool.submit(promote, store, versions[number % 2]) for number in range(12)]
        seen = {champion(models_folder(store), "non_response").version for _ in range(40)}
        assert all(turn.result() for turn in turns)
    assert seen <= set(versions)
    assert len(history(models_folder(store))) == 13


def test_the_same_training_gives_the_same_bundle_to_the_bit(store, tmp_path):
    """That the same rows and seed give the same training is asked of another process, in
    `test_training_pipeline`."""
    again = made.card_of(made.learned())
    assert made.kept(str(tmp_path / "other.db"), again) == made.kept(store, made.carded())


def tracked_run(address, store, bundle):
    """A run that made a bundle, as `sanket train` records it."""
    models = models_folder(store)
    tags = {"target": bundle.target, "bundle": bundle.version}
    with mlflow_runs.run(address, models, name="train", tags=tags) as run_id:
        mlflow_runs.log_model(bundles_folder(models) / bundle.version, bundle.target)
    return run_id


def alias(address):
    from mlflow import MlflowClient

    client = MlflowClient(address)
    found = client.get_model_version_by_alias(
        mlflow_runs.registered_name("non_response"), "champion"
    )
    return client.get_run(found.run_id).data.tags["bundle"], found.tags


def promote_by_run(address, store, tmp_path):
    """Promote two runs by their ids and go back; the alias follows each time, and another machine
    can fetch."""
    versions = [kept(store), kept(store, RISK009="issue")]
    runs = [
        tracked_run(address, store, load(bundles_folder(models_folder(store)) / version))
        for version in versions
    ]
    assert promote(store, runs[0], tracked_at=address)["alias"]
    assert alias(address)[0] == versions[0]
    assert promote(store, runs[1], tracked_at=address, accepted={"RISK009": "seen"}, by="Asha")[
        "alias"
    ]
    assert alias(address)[0] == versions[1]
    assert {"promoted_by": "Asha", "accepted_RISK009": "seen"}.items() <= alias(address)[1].items()
    assert rollback(store, "non_response", tracked_at=address)["alias"]
    assert alias(address)[0] == versions[0]
    elsewhere = str(tmp_path / "elsewhere" / "y.db")
    assert promote(elsewhere, runs[0], tracked_at=address)["bundle"] == versions[0]


@pytest.mark.filterwarnings("ignore")
def test_under_mlflow_run_a_training_has_a_run_of_its_own(store, monkeypatch):
    """`mlflow run` opens one run in its own experiment; each target is tracked in ours, and names
    it."""
    from mlflow import MlflowClient

    models = models_folder(store)
    address = f"sqlite:///{models / 'mlflow.db'}"
    client = MlflowClient(address)
    project = client.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", project)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    found = []
    for target in ("relapse", "non_response"):
        with mlflow_runs.run(address, models, name="train", tags={"target": target}) as run_id:
            mlflow_runs.log({}, {"auc": 0.7, "danger first, then risk": 0.5}, {})
        found.append(client.get_run(run_id))
    assert found[0].data.metrics == {"auc": 0.7, "danger first then risk": 0.5}
    assert len({project, *(one.info.run_id for one in found)}) == 3
    assert [one.data.tags["project_run"] for one in found] == [project] * 2
    assert client.get_experiment(found[0].info.experiment_id).name == mlflow_runs.EXPERIMENT


@pytest.mark.filterwarnings("ignore")
def test_aliases_follow_in_sqlite(store, tmp_path):
    promote_by_run(f"sqlite:///{tmp_path}/mlflow.db", store, tmp_path)


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_aliases_follow_on_a_real_server(store, tmp_path):
    with mlflow_server(tmp_path) as address:
        promote_by_run(address, store, tmp_path)


def test_the_verbs(store, capsys):
    version = kept(store, RISK009="issue")

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        return ended.value.code, capsys.readouterr()

    code, said = run("promote", store, "--run", version)
    assert code == 5 and "RISK009" in said.err
    assert run("promote", store, "--run", version, "--accept", "RISK009")[0] == 2
    code, said = run(
        "promote", store, "--run", version, "--accept", "RISK009", "--because", "seen", "--json"
    )
    assert code == 0 and json.loads(said.out)["accepted"] == {"RISK009": "seen"}
    assert run("rollback", store, "--target", "non_response")[0] == 3
    assert run("promote", store, "--run", "nobody")[0] == 3
