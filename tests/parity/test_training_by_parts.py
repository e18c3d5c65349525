"""A training that reads its store part by part learns from the very rows, with the very features
and weights, of one that has the whole registry in memory; so its bundle has the same digest."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import fields, replace
from functools import cache, partial

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.clock import Clock
from features.trajectory.context import Context
from features.trajectory.smoother import DEFAULT_PRIORS
from models.targets import NON_RESPONSE, ONSET, RELAPSE
from registry.contract.registry import day_date
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store import partitions
from registry.store.partitions import (
    NOW,
    divide,
    drawn_sectors,
    late_rows,
    read_in_place,
    several_parts,
)
from registry.store.store import open_store
from tests.support import trained_models as made
from training.card.fingerprint import stamp
from training.cohorts import case_cohort, censoring
from training.cohorts.known_before import KnownBefore, known_before
from training.cohorts.known_until import known_until, newest_day
from training.cohorts.landmarks import attrition_table
from training.commands import backtest_store as by_store
from training.commands.backtest import backtest
from training.commands.backtest_store import StoreByParts, backtest_store
from training.commands.rolling_backtest import Rolling, rolling_backtest
from training.commands.train import gather, train
from training.evaluation.secondary import of_predictions
from training.evaluation.visit_lists import lists_found
from training.fitting import fit, pipeline, transfer
from training.fitting.calibrate import calibrate
from training.fitting.pipeline import question_of
from training.rows import at_hand as hand
from training.rows.at_hand import AtHand, at_hand
from training.rows.rows_folder import RowsFolder
from training.rows.store_rows import StoreRows
from training.rows.whole_registry import WholeRegistry

TARGETS = (RELAPSE, NON_RESPONSE, ONSET)
MOST = 1_500


@pytest.fixture(scope="module")
def address():
    return str(made.store_file())


@pytest.fixture
def small_lots(monkeypatch):
    monkeypatch.setattr(case_cohort, "FEWEST_ROWS", 100)
    monkeypatch.setattr(case_cohort, "OTHERS_PER_EVENT", 3)


def questions(until=made.UNTIL):
    last = whole(until).recorded_until
    return [question_of(target, until=until, recorded_until=last) for target in TARGETS]


def known(address, until=made.UNTIL):
    with closing(open_store(address)) as store:
        return KnownBefore.of(store, until)


@cache
def whole(until=made.UNTIL):
    clock = Clock(known_before(made.clock().registry, until))
    share = known(str(made.store_file()), until).share_assumed_dates
    facts = clock.registry.facts | {"share_assumed_dates": share}
    return WholeRegistry(Clock(replace(clock.registry, facts=facts)), Context(clock))


def by_parts(address, folder, monkeypatch, most=MOST, engine=IN_THIS_PROCESS):
    monkeypatch.setattr(partitions, "MOST_CHILDREN", most)
    place = RowsFolder.of(address, folder, questions(), known(address))
    return StoreRows(place, questions(), engine=engine)


def same_rows(one, other):
    for field in fields(one):
        if field.name in ("outcomes", "index", "attrition", "target"):
            continue
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        assert type(mine) is type(theirs), field.name
        np.testing.assert_array_equal(mine, theirs, err_msg=field.name)
        assert getattr(mine, "dtype", None) == getattr(theirs, "dtype", None), field.name
    for name in one.outcomes._fields:
        if name != "episode":
            mine, theirs = (getattr(rows.outcomes, name)[rows.index] for rows in (one, other))
            np.testing.assert_array_equal(mine, theirs, err_msg=name)
    indexes = [np.unique(rows.index, return_inverse=True)[1] for rows in (one, other)]
    np.testing.assert_array_equal(*indexes)


@pytest.mark.parametrize("most", [MOST, 400])
def test_rows_lots_priors_and_features_are_those_of_the_whole_registry(
    address, tmp_path, monkeypatch, small_lots, most
):
    everything = whole()
    parts = by_parts(address, tmp_path, monkeypatch, most)
    with closing(open_store(address)) as store:
        assert len(divide(store, NOW)) >= 3
    assert parts.facts == everything.facts and parts.columns == everything.columns
    assert parts.recorded_until == everything.recorded_until
    for question in questions():
        drawn, found = everything.drawn(question), parts.drawn(question)
        assert drawn.attrition == found.attrition and len(found.rows.index) > 150
        same_rows(found.rows, drawn.rows)
        notes: tuple[list[str], list[str]] = [], []
        priors = everything.priors(question, drawn.rows, said=notes[0].append)
        assert parts.priors(question, found.rows, said=notes[1].append) == priors
        assert notes[0] == notes[1]
        for one, other in zip(
            everything.seen(question, drawn.rows, priors=priors),
            parts.seen(question, found.rows, priors=priors),
            strict=True,
        ):
            np.testing.assert_array_equal(one, other)
    lent = questions()[0]
    priors = everything.priors(lent, everything.drawn(lent).rows, said=lambda text: None)
    one, other = (transfer.lent_to(records, lent, priors=priors) for records in (everything, parts))
    for name in one.examples.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one.examples, name), getattr(other.examples, name))


def test_few_rows_are_all_there_without_a_lot(address, tmp_path, monkeypatch):
    monkeypatch.setattr(case_cohort, "FEWEST_ROWS", 10**6)
    parts = by_parts(address, tmp_path, monkeypatch)
    for question in questions():
        drawn, found = whole().drawn(question).rows, parts.drawn(question).rows
        assert found.weight is None and len(found.index) == len(
            question.learnable(whole().clock).index
        )
        same_rows(found, drawn)


def test_a_lot_falls_on_the_same_rows_however_children_are_divided():
    rows = questions()[2].learnable(whole().clock)
    every = case_cohort.Tally.of(rows)
    events = every.events.total
    for seed in range(5):
        lot = every.lot(seed=seed, most=events)
        assert lot is not None and len(lot.events) == events // 2 < events, "events by lot too"
        kept, few = lot.drawn_from(rows)
        side = np.random.default_rng(seed).integers(0, 4, int(rows.child.max()) + 1)
        pieces = [rows.take(np.flatnonzero(side[rows.child] == part)) for part in range(4)]
        tallies = [case_cohort.Tally.of(piece) for piece in pieces]
        again = case_cohort.Tally.together(tallies).lot(seed=seed, most=events)
        found = [
            np.flatnonzero(side[rows.child] == part)[own.drawn_from(piece)[0]]
            for part, (own, piece) in enumerate(zip(again.divided(tallies), pieces, strict=True))
        ]
        np.testing.assert_array_equal(np.sort(np.concatenate(found)), kept)
        assert few.weight.sum() == pytest.approx(censoring.weights(rows).sum(), rel=0.03)
        assert (
            sum(attrition_table(piece)["happened"] for piece in pieces)
            == (attrition_table(rows)["happened"])
        )


def test_what_a_broken_off_training_has_done_is_not_done_again(
    address, tmp_path, monkeypatch, small_lots
):
    by_parts(address, tmp_path, monkeypatch)
    kept = sorted(tmp_path.rglob("*.parquet"))
    assert len(kept) >= 3 * (4 + 1) and not list(tmp_path.rglob("*.writing"))
    assert {file.stat().st_mode & 0o077 for file in kept} == {0}, "for the store's owner alone"
    done = [file for file in kept if file.name != "00001.parquet"]
    when = {file: file.stat().st_mtime_ns for file in done}
    for file in set(kept) - set(done):
        file.unlink()
    read: list[int] = []
    own = RowsFolder.read
    monkeypatch.setattr(
        RowsFolder,
        "read",
        lambda place, part, **empty: read.append(part.number) or own(place, part, **empty),
    )
    again = by_parts(address, tmp_path, monkeypatch)
    assert read == [1, 1] and {file: file.stat().st_mtime_ns for file in done} == when
    for question in questions():
        same_rows(again.drawn(question).rows, whole().drawn(question).rows)


def test_other_records_or_another_day_find_nothing_that_was_kept(address, tmp_path):
    of = partial(RowsFolder.of, address, tmp_path)
    here, then = of(questions(), known(address)), made.UNTIL - 30
    assert here == of(questions(), known(address))
    assert here.folder != of(questions(then), known(address, then)).folder
    assert here.folder != of(questions()[:2], known(address)).folder


def test_until_when_anything_is_known_is_counted_in_the_database(address):
    with closing(open_store(address)) as store:
        registry = store.load()
        assert newest_day(late_rows(store), registry.recorded_until) == known_until(registry)
        for until in (made.UNTIL, made.UNTIL - 200):
            cut = known_before(registry, until)
            assert KnownBefore.of(store, until).recorded_until == cut.recorded_until < until
    draw = np.random.default_rng(1)
    for rows in (1, 7, 999, 1_000, 1_001, 5_000):
        days = draw.integers(20_000, 20_400, rows)
        day, count = np.unique(days, return_counts=True)
        told = newest_day(dict(zip(day.tolist(), count.tolist(), strict=True)), 0)
        assert told == np.quantile(days, 0.999, method="lower")


def test_sectors_at_hand_answer_as_the_whole_registry_does(address):
    before = known(address)
    every, some = at_hand(address, before, seed=1), at_hand(address, before, seed=1, most=2_500)
    rows, children = whole().drawn(questions()[1]).rows, whole().clock.registry.child_ids
    assert every.sectors is None and every.of(rows) is None
    held = np.array([name is not None for name in some.clock.registry.child_ids])
    assert 1_000 < held.sum() < 3_500 and len(children) - 100 < len(held) <= len(children)
    at = some.of(rows)
    assert 50 < len(at) < len(rows.index)
    inside = some.population.within(whole().clock, rows.child, rows.day)
    np.testing.assert_array_equal(np.flatnonzero(inside), at)
    one, other = (
        records.seen(questions()[1], rows.take(at), priors=DEFAULT_PRIORS).matrix
        for records in (whole(), WholeRegistry(some.clock, some.context))
    )
    np.testing.assert_array_equal(one, other)


def test_sectors_at_hand_are_the_same_however_the_store_is_divided(address, monkeypatch):
    with closing(open_store(address)) as store:
        one = drawn_sectors(store, NOW, most=2_500, seed=4)
        monkeypatch.setattr(partitions, "MOST_CHILDREN", 300)
        assert drawn_sectors(store, NOW, most=2_500, seed=4) == one
        others = {drawn_sectors(store, NOW, most=2_500, seed=seed) for seed in range(6)}
        assert len(others) > 1, "drawn by lot"
        assert drawn_sectors(store, NOW, most=10**6, seed=4) is None
        assert one is not None and 1_000 < one.children <= 2_500
        part = read_in_place(store, one)
        assert part.registry.measurements["child"].max() < store.children()


@pytest.fixture
def quick(monkeypatch):
    """A training of seconds: few trees, no intervals."""
    monkeypatch.setattr(fit, "MOST_TREES", 10)
    monkeypatch.setattr(transfer, "ROUNDS", 10)
    monkeypatch.setattr(
        pipeline, "with_interval", lambda of, *rest, **more: (calibrate(of.held_out), {})
    )


def versions(folder, name, **how):
    home = folder / name
    home.mkdir()
    for file in made.store_file().parent.glob("x.*"):
        if file.is_file():
            shutil.copy(file, home / file.name)
    told = train(str(home / "x.db"), targets=("non_response", "onset"), trials=0, **how)
    return home, [(one["target"], one["bundle"], one["findings"]) for one in told]


@pytest.mark.soak
def test_a_bundle_has_the_same_digest_by_parts(tmp_path, monkeypatch, quick, small_lots):
    _, whole = versions(tmp_path, "whole", until=made.UNTIL)
    monkeypatch.setattr(partitions, "MOST_CHILDREN", MOST)
    home, parts = versions(tmp_path, "parts", until=made.UNTIL)
    assert parts == whole and [one for one, _, _ in parts] == ["non_response", "onset"]
    kept = next((home / "x.models" / "rows").iterdir())
    assert {folder.name for folder in kept.iterdir()} == {"non_response", "onset"}
    table = pq.read_table(kept / "onset").to_pandas()
    assert len(table) > 300 and {"outcome", "whz_last", "weight"} <= set(table.columns)


@pytest.mark.soak
def test_a_bundle_whose_checks_saw_some_sectors_is_the_same_by_any_parts(
    tmp_path, monkeypatch, quick, small_lots
):
    monkeypatch.setattr(hand.at_hand, "__kwdefaults__", {"most": 3_000})
    told = []
    for most in (MOST, 600):
        monkeypatch.setattr(partitions, "MOST_CHILDREN", most)
        told.append(versions(tmp_path, str(most), until=made.UNTIL)[1])
    assert told[0] == told[1]


def test_a_backtest_by_parts_predicts_what_that_of_the_whole_does(
    address, tmp_path, monkeypatch, quick, small_lots
):
    how = {"split": made.UNTIL, "targets": ("non_response", "onset")}
    whole, bundles = backtest(made.clock(), **how)
    monkeypatch.setattr(partitions, "MOST_CHILDREN", MOST)
    assert several_parts(address, IN_THIS_PROCESS)
    parts, same = backtest_store(address, tmp_path, **how)
    pd.testing.assert_frame_equal(parts, whole)
    assert len(whole) > 1_000 and not list((tmp_path / "rows").rglob("*.parquet"))
    assert {name: stamp(one) for name, one in same.items()} == {
        name: stamp(replace(one, facts=one.facts | _share(address)))
        for name, one in bundles.items()
    }
    asked_again_alike(address, (whole, bundles), (parts, same))


def asked_again_alike(address, of_whole, of_parts):
    """Lists and other outcomes of a backtest, of all records, and of sectors drawn by lot."""
    everything = AtHand(made.clock(), made.context())
    all_at_hand = hand.at_hand(address, None, seed=1)
    few = hand.at_hand(address, None, seed=1, most=3_000)
    assert all_at_hand.sectors is None and few.counted["children"] < 4_000
    same_few = replace(everything, own_centres=few.own_centres, sectors=few.sectors)
    told = []
    for one, other in ((everything, all_at_hand), (same_few, few)):
        for ask in (of_predictions, lists_found):
            told.append(ask(one, *of_whole, split=made.UNTIL))
            again = ask(other, *of_parts, split=made.UNTIL)
            assert without_words(again) == without_words(told[-1])
    rows = [found["non_response"][0]["rows"] for found in told[::2]]
    assert 0 < rows[1] < rows[0]
    assert told[1]["table"] and told[1]["table"] != told[3]["table"]


def without_words(told):
    """Figures alone: words tell the share of the records at hand whose day of entry was assumed."""
    return {
        name: [row if isinstance(row, str) else row | {"words": ""} for row in rows]
        for name, rows in told.items()
    }


def test_a_rolling_backtest_by_parts_is_that_of_the_whole(
    address, tmp_path, monkeypatch, quick, small_lots
):
    """And goes on with the split on which it was broken off; of the first day nobody learns."""
    names = ("non_response", "onset")
    asked = Rolling((made.UNTIL - 700, made.UNTIL - 90, made.UNTIL), names, 0, 1)
    whole = rolling_backtest(made.clock(), asked, parts=tmp_path / "whole")
    monkeypatch.setattr(partitions, "MOST_CHILDREN", MOST)
    store, splits, own = StoreByParts.of(address, tmp_path, IN_THIS_PROCESS), [], gather

    def broken_off(*of, until, **how):
        splits.append(until)
        if splits.count(until) == 1 and until == made.UNTIL:
            raise KeyboardInterrupt
        return own(*of, until=until, **how)

    monkeypatch.setattr(by_store, "gather", broken_off)
    with pytest.raises(KeyboardInterrupt):
        rolling_backtest(store, asked, parts=tmp_path / "parts")
    parts = rolling_backtest(store, asked, parts=tmp_path / "parts")
    pd.testing.assert_frame_equal(parts, whole)
    assert splits == [asked.splits[0], asked.splits[1], made.UNTIL, asked.splits[0], made.UNTIL]
    assert set(whole.split) == {day_date(day).isoformat() for day in asked.splits[1:]}
    assert set(whole.target) == set(names) and (whole.weight > 1).sum() > 0


def _share(address):
    return {"share_assumed_dates": known(address).share_assumed_dates}


@pytest.mark.soak
def test_a_bundle_has_the_same_digest_from_two_workers(tmp_path, monkeypatch):
    _, whole = versions(tmp_path, "whole")
    monkeypatch.setattr(partitions, "MOST_CHILDREN", MOST)
    _, workers = versions(tmp_path, "workers", engine=Engine(workers=2))
    assert workers == whole
