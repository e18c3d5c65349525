"""A rolling backtest: every landmark predicted once, by a model that knew nothing of its future."""

from __future__ import annotations

import pytest

from features.clock import Clock
from models.targets import NON_RESPONSE
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import day_date, day_number
from registry.registry_digest import fingerprint
from sanket.app import main
from tests.support.tiny_registry import FIRST, tiny_registry
from training.commands import rolling_backtest as rolling
from training.commands.backtest import landmarks_from, predictions
from training.commands.rolling_backtest import Rolling, rolling_backtest, table
from training.fitting import fit, pipeline
from training.fitting.calibrate import calibrate

SPLITS = (FIRST + 700, FIRST + 900)
ASKED = Rolling(SPLITS, (NON_RESPONSE.name,), 0, 1)


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(tiny_registry(420, admitted_over=1_200))


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Few trees and no interval."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "MOST_TREES", 10)
        patch.setattr(
            pipeline, "with_interval", lambda of, *rest, **more: (calibrate(of.held_out), {})
        )
        patch.setattr(pipeline, "why_not_rehearsed", lambda *blocks: "not asked for here")
        yield


@pytest.fixture(scope="module")
def ran(clock, tmp_path_factory):
    """(predictions, days until which models learnt, the folder of parts) of a run that was broken
    off after the first split, and went on."""
    parts, learnt = tmp_path_factory.mktemp("parts"), []

    def noted(clock, target, *, until, **how):
        learnt.append(until)
        if until == SPLITS[1] and learnt.count(until) == 1:
            raise KeyboardInterrupt
        return pipeline.learn(clock, target, until=until, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rolling, "learn", noted)
        with pytest.raises(KeyboardInterrupt):
            rolling_backtest(clock, ASKED, parts=parts)
        return rolling_backtest(clock, ASKED, parts=parts), learnt, parts


def test_it_goes_on_with_the_split_on_which_it_was_broken_off(ran):
    assert ran[1] == [SPLITS[0], SPLITS[1], SPLITS[1]]


def test_every_landmark_is_predicted_once_by_the_newest_model_of_its_day(clock, ran):
    frame, _, _ = ran
    rows = landmarks_from(clock, NON_RESPONSE, SPLITS[0])
    assert len(frame) == len(rows.index)
    key = ["child_id", "index_on", "landmark_day"]
    assert not frame.duplicated(key).any()
    asked_on = frame.index_on.map(lambda day: day_number(day.date())) + frame.landmark_day
    first = day_date(SPLITS[0]).isoformat()
    assert ((asked_on < SPLITS[1]) == (frame.split == first)).all()
    assert (asked_on >= SPLITS[0]).all() and set(frame.split) == {
        day_date(day).isoformat() for day in SPLITS
    }


def test_a_splits_predictions_are_those_of_a_backtest_by_itself(clock, ran):
    frame, _, _ = ran
    bundle = pipeline.learn(clock, NON_RESPONSE, until=SPLITS[0]).bundle
    rows = landmarks_from(clock, NON_RESPONSE, SPLITS[0], before=SPLITS[1])
    alone = predictions(clock, NON_RESPONSE, rows, bundle, rolling.Context(clock))
    mine = frame[frame.split == day_date(SPLITS[0]).isoformat()]
    assert mine.risk.to_numpy() == pytest.approx(alone.risk.to_numpy(), nan_ok=True)


def test_the_table_has_a_line_for_each_split_and_one_for_all(ran):
    told = table(ran[0])
    assert told.split.tolist() == [*(day_date(day).isoformat() for day in SPLITS), "all"]
    assert told.events.iloc[2] <= told.events.iloc[0] + told.events.iloc[1]
    assert (told.auc > 0.6).all() and (told.auc_low < told.auc).all()
    assert told.observed_over_expected.between(0.5, 2).all()


def test_of_other_records_nothing_is_taken_over(clock, ran):
    other = Clock(tiny_registry(400, admitted_over=1_200))
    kept, of_others = (
        rolling._Ready(ran[2], fingerprint(of.registry), ASKED) for of in (clock, other)
    )
    assert kept.of(NON_RESPONSE.name, SPLITS[0]) is not None
    assert of_others.of(NON_RESPONSE.name, SPLITS[0]) is None


@pytest.mark.parametrize(
    ("splits", "error", "code"),
    [
        (SPLITS[::-1], UsageError, "TRN013"),
        ((SPLITS[0], SPLITS[0]), UsageError, "TRN013"),
        ((SPLITS[0], FIRST + 9_000), BadInput, "TRN004"),
        ((FIRST + 1, FIRST + 2), BadInput, "TRN001"),
    ],
)
def test_days_that_do_not_go_together_are_refused(clock, tmp_path, splits, error, code):
    with pytest.raises(error) as refused:
        rolling_backtest(clock, Rolling(splits, (NON_RESPONSE.name,), 0, 1), parts=tmp_path)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "splits", [["2025-06-01,2025-09-01"], ["2025-06-01", "2025-09-01"], ["2025-06-01, 2025-09-01"]]
)
def test_several_splits_are_given_again_or_parted_by_commas(splits, tmp_path, capsys):
    """`mlflow run` has one value for each parameter."""
    words = [word for split in splits for word in ("--split", split)]
    with pytest.raises(SystemExit) as ended:
        main(["backtest", "x.db", *words, "--visits", "-o", str(tmp_path / "p.parquet")])
    assert ended.value.code == 2 and "TRN013" in capsys.readouterr().err
