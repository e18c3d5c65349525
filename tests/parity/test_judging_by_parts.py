"""A report, and drift, of a store that is read part by part have the very figures of those of the
whole registry in memory."""

from __future__ import annotations

import datetime as dt
import json
import pickle
from contextlib import closing
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest

from features.clock import Clock
from features.trajectory.context import Context
from models.champion import models_folder, turn
from models.targets import NON_RESPONSE, TARGETS
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store import partitions
from registry.store.partitions import NOW, alone, drawn_parts, drawn_sectors, several_parts
from registry.store.store import open_store
from tests.support import trained_models as made
from training.commands.drift import as_dict, of_month, records_quality
from training.commands.evaluate import plain
from training.commands.recalibrate import fit_levels
from training.evaluation import challenge, learning_curve, scored_rows
from training.evaluation.drift import drift_views_by_parts, month_views
from training.evaluation.drift.drift_views import STRAY_SHARE, Views, begun_on, days_of
from training.evaluation.drift.drift_views_by_parts import store_views
from training.evaluation.drift.month_views import (
    at_end_of,
    few_of_month,
    month_rows,
    profile_of_rows,
    timely,
)
from training.evaluation.scored_rows import BLOCK_WORDS, ELSEWHERE, LATER, REHEARSAL
from training.report import one_model
from training.report.judge import ByParts, WholeInMemory, judge_of
from training.report.one_model import told_of
from training.report.whose_records import whose_records
from training.rows import at_hand as hand

MOST = 1_500


def bundles():
    """One for each block: a rehearsal, later rows, another registry; and of everybody."""
    own = made.carded()
    facts = {
        REHEARSAL: {},
        LATER: {"trained_until": "2025-09-01"},
        ELSEWHERE: {"registry_id": "another"},
    }
    found = [
        replace(own, version=f"{own.version}{block}", facts=own.facts | told)
        for block, told in facts.items()
    ]
    return [*found, replace(found[1], version="everybody", target="onset")]


@dataclass(frozen=True)
class Mark:
    child_id: str
    as_of: dt.date
    target: str | None
    held_out: bool


def marks():
    ids = made.clock().registry.child_ids[::3]
    return [
        Mark(str(child), dt.date(2025, month, 1), NON_RESPONSE.name, at % 4 == 0)
        for at, child in enumerate(ids)
        for month in (6, 7, 8)
    ]


@pytest.fixture(scope="module", params=["few rows", "a lot"])
def both(request):
    """(what the whole registry gives, what the parts give) of each bundle."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "a lot":
            patch.setattr(scored_rows, "MOST_JUDGED_ROWS", 900)
            patch.setattr(one_model, "MOST_JUDGED_ROWS", 900)
        yield _found(patch)


def _found(patch):
    address, asked = str(made.store_file()), {"marks": marks(), "with_ids": True}
    found = []
    for most in (10**6, MOST):
        patch.setattr(partitions, "MOST_CHILDREN", most)
        assert several_parts(address, IN_THIS_PROCESS) == (most == MOST)
        records = whose_records(address, bundles(), engine=IN_THIS_PROCESS, **asked)
        found.append((records, records.materials()))
    return found


def test_the_rows_judged_and_what_stands_beside_them_are_those_of_the_whole(both):
    (whole, ours), (parts, theirs) = both
    assert whole.why_not == parts.why_not and whole.children == parts.children
    assert whole.places.facts == parts.places.facts
    for bundle in bundles():
        one, other = ours[bundle.version], theirs[bundle.version]
        assert one.until == other.until and one.rows == other.rows
        assert (
            len(one.judged.risk) > 100 and one.judged.rows.attrition == other.judged.rows.attrition
        )
        for name in ("matrix", "risk", "log_odds", "happened", "weight"):
            np.testing.assert_array_equal(getattr(one.judged, name), getattr(other.judged, name))
        assert one.judged.why_not == other.judged.why_not
        same_rows(one.judged.rows, other.judged.rows)
        same_rows(one.judged.rows, other.judged_at_hand().rows, stays=True)
        np.testing.assert_array_equal(one.urgent, other.urgent)
        np.testing.assert_array_equal(one.places.centre, other.places.centre)
        np.testing.assert_array_equal(one.places.child_ids, other.places.child_ids)
        np.testing.assert_array_equal(one.places.quality.score, other.places.quality.score)
        assert (one.learnt is None) == (other.learnt is None) == (one.judged.block == ELSEWHERE)
        if one.learnt is not None:
            same_rows(one.learnt, other.learnt)
        assert (one.marked is None) == (bundle.target == "onset")
        if one.marked is not None:
            assert one.marked.held_out.any() and len(one.marked.child) > 15
            for mine, theirs_ in zip(one.marked, other.marked, strict=True):
                np.testing.assert_array_equal(mine, theirs_)


def same_rows(one, other, *, stays=False):
    for field in fields(one):
        if field.name not in ("outcomes", "index", "attrition", "target"):
            mine, theirs = getattr(one, field.name), getattr(other, field.name)
            np.testing.assert_array_equal(mine, theirs, err_msg=field.name)
    for name in one.outcomes._fields:
        if stays or name != "episode":
            mine, theirs = (getattr(rows.outcomes, name)[rows.index] for rows in (one, other))
            np.testing.assert_array_equal(mine, theirs, err_msg=name)
    indexes = [np.unique(rows.index, return_inverse=True)[1] for rows in (one, other)]
    np.testing.assert_array_equal(*indexes)


def challengers():
    """A blend of one's own beside the champion: both rehearsed, both later, one of elsewhere; and
    judged without visits."""
    rehearsed, later, elsewhere, _ = bundles()

    def blended(bundle, **facts):
        changed = {"trees": 1.0 - 0.5 * bundle.trees, "facts": bundle.facts | facts}
        rehearsal = replace(bundle.rehearsal, trees=changed["trees"])
        return replace(bundle, version="blended", rehearsal=rehearsal, **changed)

    return [
        (blended(rehearsed), rehearsed),
        (blended(rehearsed, trained_until="2026-01-25"), rehearsed),
        (blended(later, without_visits=True), later),
        (blended(later), elsewhere),
        (blended(elsewhere), elsewhere),
    ]


@pytest.mark.parametrize("few", [False, True])
def test_a_challenger_is_told_of_beside_the_champion_as_by_the_whole(monkeypatch, few):
    if few:
        for module in (scored_rows, one_model):
            monkeypatch.setattr(module, "MOST_JUDGED_ROWS", 900)
        monkeypatch.setattr(challenge, "ENOUGH_EVENTS", 5)
    monkeypatch.setattr(challenge, "REPEATS", 40)
    address, told = str(made.store_file()), []
    for most in (10**6, MOST):
        monkeypatch.setattr(partitions, "MOST_CHILDREN", most)
        judge = judge_of(address)
        assert isinstance(judge, WholeInMemory if most == 10**6 else ByParts)
        told.append([judge.challenge(*pair) for pair in challengers()])
    for ours, theirs in zip(*told, strict=True):
        assert not isinstance(ours, str) and not isinstance(theirs, str), (ours, theirs)
        assert ours.rows > 100 and len(ours.lists) == 3
        assert json.dumps(ours.as_dict()) == json.dumps(theirs.as_dict())
    assert [one.block for one in told[0]] == [
        BLOCK_WORDS[block] for block in (REHEARSAL, REHEARSAL, LATER, LATER, ELSEWHERE)
    ]


def test_what_cannot_be_compared_is_said_as_by_the_whole(monkeypatch):
    own = bundles()[0]
    few = replace(own, version="few", rehearsal=None, facts=own.facts | {"not_rehearsed": "few"})
    monkeypatch.setattr(partitions, "MOST_CHILDREN", MOST)
    judge = judge_of(str(made.store_file()))
    assert isinstance(judge, ByParts)
    assert judge.judged([few]) == {"few": "few"} and judge.challenge(few, own) == "few"


@pytest.mark.parametrize("few", [False, True])
def test_a_level_is_fitted_as_by_the_whole(monkeypatch, tmp_path, few):
    if few:
        monkeypatch.setattr(scored_rows, "MOST_JUDGED_ROWS", 900)
    address, elsewhere, told = made.own_store(tmp_path), bundles()[2], []
    models = models_folder(address)
    turn(models, elsewhere.target, made.kept(address, replace(elsewhere, version="")))
    for most in (10**6, MOST):
        monkeypatch.setattr(partitions, "MOST_CHILDREN", most)
        told.append(fit_levels(address))
    assert told[0] == told[1] and told[0][0]["outcomes"] > 100
    assert told[0][0]["bundle"] is not None


@pytest.mark.soak
def test_the_whole_report_is_the_same(monkeypatch):
    monkeypatch.setattr(learning_curve, "SHARES", (0.5,))
    monkeypatch.setattr(learning_curve, "MOST_REPEATS", 1)
    monkeypatch.setattr(learning_curve, "LEAST_EVENTS", 5)
    (_, ours), (_, theirs) = _found(monkeypatch)
    for bundle in bundles()[:2]:
        one, other = (told_of(of[bundle.version]).figures for of in (ours, theirs))
        assert one["at_hand"] is None and len(one["lists"]) > 10
        for name in one:
            assert json.dumps(plain(one[name])) == json.dumps(plain(other[name])), name


def test_what_asks_the_records_once_more_looks_at_whole_sectors(monkeypatch):
    monkeypatch.setattr(hand.at_hand, "__kwdefaults__", {"most": 3_000})
    monkeypatch.setattr(learning_curve, "SHARES", (0.5,))
    monkeypatch.setattr(learning_curve, "LEAST_EVENTS", 10**6)
    (_, ours), (_, theirs) = _found(monkeypatch)
    version = bundles()[1].version
    whole, parts = (told_of(of[version]).figures for of in (ours, theirs))
    assert parts["at_hand"]["sectors"] > 0 and 1_000 < parts["at_hand"]["children"] < 3_500
    assert json.dumps(plain(whole["subgroups"])) == json.dumps(plain(parts["subgroups"]))
    material = theirs[version]
    some = material.judged_at_hand()
    assert 50 < len(some.risk) < len(material.judged.risk)
    lists, fewer = (sum(row["lists"] for row in of["lists"]) for of in (whole, parts))
    assert 0 < fewer < lists
    assert TARGETS[some.rows.target.name].name == NON_RESPONSE.name


@pytest.mark.parametrize("few", [False, True])
def test_drift_by_parts_is_that_of_the_whole(monkeypatch, few):
    if few:
        for name, most in (("MOST_ROWS", 60), ("MOST_CHILDREN", 200)):
            monkeypatch.setattr(month_views, name, most)
            if hasattr(drift_views_by_parts, name):
                monkeypatch.setattr(drift_views_by_parts, name, most)
        monkeypatch.setattr(scored_rows, "MOST_JUDGED_ROWS", 150)
    address, asked = str(made.store_file()), [bundles()[1], bundles()[3]]
    month = "2026-05"
    first, last = days_of(month)
    monkeypatch.setattr(partitions, "MOST_CHILDREN", MOST)
    parts = store_views(address, asked, first, last, engine=IN_THIS_PROCESS)
    registry = timely(made.clock().registry)
    for bundle, theirs in zip(asked, parts, strict=True):
        ours = Views.of(registry, bundle)
        assert (ours.begun, ours.recorded_until) == (theirs.begun, theirs.recorded_until)
        profiles = [views.target(first, last) for views in (ours, theirs)]
        for field in fields(profiles[0]):
            np.testing.assert_array_equal(*(getattr(of, field.name) for of in profiles))
        np.testing.assert_array_equal(ours.everyone(first, last), theirs.everyone(first, last))
        assert ours.target(first, last).rows > 20 and len(ours.ripe(last).judged.risk) > 20
        np.testing.assert_array_equal(ours.ripe(last).visited, theirs.ripe(last).visited)
        told = [as_dict(of_month(bundle, month, views)) for views in (ours, theirs)]
        assert json.dumps(told[0]) == json.dumps(told[1])
        figures = told[0]["figures"]
        assert (few or figures["ripe_events"] > 0) and "records_quality" in figures


def test_drift_of_many_children_is_that_of_sectors_drawn_by_lot(monkeypatch):
    """Whom the lot falls on is the same however the sectors are divided, and their figures are
    those of the whole registry's records of the same children."""
    monkeypatch.setattr(partitions, "MOST_CHILDREN", 600)
    address, bundle, (first, last) = str(made.store_file()), bundles()[1], days_of("2026-05")
    monkeypatch.setattr(drift_views_by_parts, "MOST_WATCHED", 4_500)
    (theirs,) = store_views(address, [bundle], first, last, engine=IN_THIS_PROCESS)
    with closing(open_store(address)) as store:
        sectors = drawn_sectors(store, NOW, most=4_500, seed=first)
        lot = drawn_parts(store, NOW, most=4_500, seed=first)
        assert drawn_parts(store, NOW, most=10**6, seed=first) is None
    assert len(lot.parts) > 1 and {of for part in lot.parts for of in part.centres} == set(
        sectors.centres
    )
    drawn = theirs.drawn
    assert (drawn.children, drawn.sectors) == (sectors.children, lot.sectors)
    registry = timely(made.clock().registry)
    clock = Clock(registry)
    everyone = np.arange(len(registry.child_ids), dtype=np.int32)
    centre = clock.child_on(everyone, np.full(len(everyone), NOW, np.int32))["centre"]
    mine = np.isin(registry.centre_ids, sectors.centres)[centre] & (centre >= 0)
    assert mine.sum() == drawn.children < drawn.of_children == len(everyone)
    ours = Views.of(alone(registry, mine), bundle)
    assert ours.begun == theirs.begun
    # Features look at the whole centre and family, in the lot or not.
    clock = Clock(at_end_of(registry, first, last))
    rows = few_of_month(month_rows(Clock(alone(clock.registry, mine)), bundle, first))
    why, matrix = scored_rows.asked(clock, bundle, rows, Context(clock))
    profiles = (
        profile_of_rows(bundle, first, rows.child[why == 0], matrix),
        theirs.target(first, last),
    )
    assert 10 < profiles[0].rows < Views.of(registry, bundle).target(first, last).rows
    for field in fields(profiles[0]):
        np.testing.assert_array_equal(*(getattr(of, field.name) for of in profiles))
    judged = [of.ripe(last).judged.rows.child for of in (ours, theirs)]
    np.testing.assert_array_equal(*judged)
    monkeypatch.setattr(drift_views_by_parts, "MOST_RIPE_ROWS", len(judged[0]) // 3)
    (fewer,) = store_views(address, [bundle], first, last, engine=IN_THIS_PROCESS)
    few = fewer.ripe(last).judged.rows.child
    assert 0.1 * len(judged[0]) < len(few) < 0.6 * len(judged[0])
    np.testing.assert_array_equal(few, judged[0][np.isin(judged[0], few)])
    scores = [records_quality(of.quality(), "2026-05") for of in (ours, theirs)]
    np.testing.assert_allclose(*scores, rtol=1e-12)
    told = as_dict(of_month(bundle, "2026-05", theirs))
    assert told["drawn"] == vars(drawn) and f"{drawn.children:,} of" in told["looked_at"]


def test_each_month_draws_other_sectors_and_few_children_are_all_looked_at(monkeypatch):
    address, bundle = str(made.store_file()), bundles()[1]
    with closing(open_store(address)) as store:
        lots = {
            frozenset(
                of
                for part in drawn_parts(store, NOW, most=4_500, seed=days_of(month)[0]).parts
                for of in part.centres
            )
            for month in ("2026-02", "2026-03", "2026-04", "2026-05")
        }
    assert len(lots) > 1
    (views,) = store_views(address, [bundle], *days_of("2026-05"), engine=IN_THIS_PROCESS)
    told = as_dict(of_month(bundle, "2026-05", views))
    assert views.drawn is None and told["drawn"] is None and told["looked_at"] is None


def test_from_the_records_begin_is_the_quantile():
    draw = np.random.default_rng(2)
    for rows in (1, 2, 7, 999, 1_001, 1_500, 40_000):
        days = draw.integers(18_000, 18_400, rows)
        counted = np.unique(days, return_counts=True)
        assert begun_on(*counted) == int(np.quantile(days, STRAY_SHARE))


def test_one_part_and_a_month_that_is_not_over(monkeypatch):
    address, bundle = str(made.store_file()), bundles()[1]
    month = "2027-12"
    (views,) = store_views(address, [bundle], *days_of(month), engine=IN_THIS_PROCESS)
    assert "is not over" in of_month(bundle, month, views).notes[0]


def test_a_bundle_goes_to_another_process():
    """Workers are given bundles whose explanations this process may have made already."""
    bundle, rows = made.carded(), np.zeros((2, len(made.carded().columns)))
    shares, base = bundle.forest.contributions(rows)
    there = pickle.loads(pickle.dumps(bundle)).forest
    np.testing.assert_array_equal(there.contributions(rows)[0], shares)
    assert there.contributions(rows)[1] == base


@pytest.mark.soak
def test_two_workers_find_what_this_process_does(monkeypatch):
    monkeypatch.setattr(partitions, "MOST_CHILDREN", MOST)
    address, asked = str(made.store_file()), bundles()[:2]
    found = [
        whose_records(address, asked, engine=engine, marks=marks()).materials()
        for engine in (IN_THIS_PROCESS, Engine(workers=2))
    ]
    for bundle in asked:
        one, other = (of[bundle.version].judged for of in found)
        np.testing.assert_array_equal(one.matrix, other.matrix)
        np.testing.assert_array_equal(one.weight, other.weight)
    first, last = days_of("2026-05")
    told = [
        [
            as_dict(of_month(bundle, "2026-05", views))
            for bundle, views in zip(
                asked, store_views(address, asked, first, last, engine=engine), strict=True
            )
        ]
        for engine in (IN_THIS_PROCESS, Engine(workers=2))
    ]
    assert json.dumps(told[0]) == json.dumps(told[1])
