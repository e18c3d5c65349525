"""What is done part by part is, to the bit, what is done with the whole registry: feature rows, the
score book, its areas and facts."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa

from care.pathway import facts
from care.programme import by_month, counted_store, indicators, programme_report, resolution
from care.protocol import standard
from features import data_quality, quality_of_store
from features.clock import Clock
from features.trajectory import kernel
from features.trajectory.context import Context
from features.trajectory.points import growth_points
from features.trajectory.smoother import DEFAULT_PRIORS
from features.trajectory.trace import trace
from models.bundle import save
from models.champion import bundles_folder, models_folder, turn
from registry.contract.registry import day_date
from registry.store import partitions
from registry.store.partitions import divide, read
from registry.store.store import open_store
from sanket.app import main
from serving.access.permissions import Scope
from serving.book import scorebook
from serving.book.escalation.escalation_counts import level_of_escalations
from serving.book.reader import Reader
from serving.book.scoring import scoring_part
from serving.book.scoring.scoring_run import score_store
from serving.database import engine_of
from tests.support.divided_registry import fill, moves, tables
from tests.support.service_cases import bundle
from training.forecasting.forecast_run import of_store
from training.forecasting.sources.store_counts import panel_of
from training.forecasting.sources.store_events import EVENTS

MOST = 200
STATE = Scope.of(["state:*"])


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    home = tmp_path_factory.mktemp("divided")
    first = tables(home / "t")
    return first, moves(home / "moved", first)


@pytest.fixture(scope="module")
def divided(source, tmp_path_factory):
    """(an open store, its whole registry, a day after the moves)."""
    with closing(open_store(tmp_path_factory.mktemp("store") / "x.db")) as store:
        fill(store, *source)
        registry = store.load()
        yield store, registry, int(registry.children["known_from"].max()) + 1


def rows_of(registry, children, days):
    clock = Clock(registry)
    known = clock.known_by(children, days)
    traced = trace(clock, known, priors=DEFAULT_PRIORS)
    return kernel.rows(traced, Context(clock).columns(known))


def test_every_centre_and_every_child_is_in_one_part(divided):
    store, registry, day = divided
    parts = [read(store, part) for part in divide(store, day, most=MOST)]
    assert len(parts) >= 4
    assert sum(part.own_centres[:-1] for part in parts).tolist() == [1] * len(registry.centre_ids)
    found: list[str] = []
    for part in parts:
        own = Clock(part.registry)
        everyone = np.arange(len(part.registry.child_ids))
        centre = own.child_on(everyone, np.full(len(everyone), day))["centre"]
        found += part.registry.child_ids[part.owns(centre)].tolist()
        assert part.registry.centre_ids.tolist() == registry.centre_ids.tolist()
    assert sorted(found) == sorted(registry.child_ids) and len(found) > 700
    assert sum(part.partition.children for part in parts) == len(found)
    read_in_all = sum(len(part.registry.child_ids) for part in parts)
    assert len(found) < read_in_all < 1.5 * len(found), "movers, brothers and sisters beside"


def test_a_sector_is_never_divided_and_a_district_only_where_it_is_too_large(divided):
    store, registry, day = divided
    sector = dict(zip(registry.centres["centre"], registry.centres["sector"], strict=True))
    at = {name: position for position, name in enumerate(registry.centre_ids)}
    for most in (1, MOST, 10_000):
        parts = divide(store, day, most=most)
        held = [{sector[at[one]] for one in part.centres} - {-1} for part in parts]
        assert sum(map(len, held)) == len(set().union(*held)), "in one part each"
        if most > 1_000:
            assert len(parts) == 1


def test_feature_rows_of_any_day_are_those_of_the_whole_registry(divided):
    store, registry, day = divided
    draw = np.random.default_rng(5)
    children = np.repeat(np.arange(len(registry.child_ids), dtype=np.int32), 2)
    days = np.where(
        np.arange(len(children)) % 2, day, day - draw.integers(1, 200, len(children))
    ).astype(np.int32)
    whole = rows_of(registry, children, days)
    centre = Clock(registry).child_on(children, days)["centre"]
    moved = centre[::2] != centre[1::2]
    assert (moved & (centre[::2] >= 0)).sum() > 50, "children who moved since"
    asked = 0
    for partition in divide(store, day, most=MOST):
        part = read(store, partition)
        mine = np.flatnonzero(part.owns(centre) & (centre >= 0))
        at = {name: position for position, name in enumerate(part.registry.child_ids)}
        own = np.array([at[name] for name in registry.child_ids[children[mine]]], np.int32)
        np.testing.assert_array_equal(rows_of(part.registry, own, days[mine]), whole[mine])
        asked += len(mine)
    assert asked == (centre >= 0).sum() > 1_000


def scored(home, name, source, monkeypatch, most):
    address = str(home / f"{name}.db")
    with closing(open_store(address)) as store:
        until = fill(store, *source)
    models = models_folder(address)
    for target in ("relapse", "non_response", "onset"):
        ours = replace(bundle(target), priors=DEFAULT_PRIORS)
        turn(models, target, save(ours, bundles_folder(models)).version)
    monkeypatch.setattr(partitions, "MOST_CHILDREN", most)
    done = score_store(
        address,
        as_of=day_date(until - 10),
        models_dir=models,
        accept_foreign=True,
        count_outcomes=lambda registry, target, day: len(registry.child_ids),
    )
    return address, done


def test_a_part_counts_from_the_rows_that_the_book_gives_back(source, tmp_path, monkeypatch):
    plain, seen = scoring_part._rows_of, []

    def both(engine, run, written, sector):
        rows = plain(engine, run, written, sector)
        assert written is not None
        assert repr(rows) == repr(plain(engine, run, None, sector)), "types and order too"
        seen.append((engine.url, run, written, sector, rows))
        return rows

    monkeypatch.setattr(scoring_part, "_rows_of", both)
    scored(tmp_path, "one", source, monkeypatch, 10**6)
    url, run, written, sector, rows = max(seen, key=lambda one: len(one[-1]))
    assert len(rows) > 10 and any(row.scores["onset"].risk for row in rows)
    forgotten = rows[3].candidate.child_id
    engine = engine_of(str(url.database))
    with engine.begin() as connection:
        own = scorebook.ROWS.c.child_id == forgotten
        connection.execute(sa.delete(scorebook.ROWS).where(own))
    assert plain(engine, run, written, sector) == [*rows[:3], *rows[4:]]
    engine.dispose()


def test_a_book_that_was_scored_part_by_part_is_the_book_of_the_whole(
    source, tmp_path, monkeypatch
):
    one, told = scored(tmp_path, "one", source, monkeypatch, 10**6)
    many, told_many = scored(tmp_path, "many", source, monkeypatch, MOST)
    assert told.pop("registry_id") != told_many.pop("registry_id")
    assert told == told_many and told["levels"]["relapse"]["known"] == told["children_in_registry"]
    books = []
    for address in (one, many):
        engine = engine_of(address)
        reader = Reader(engine, STATE)
        run = reader.run()
        rows = {row.candidate.child_id: row for row in reader.rows(run)}
        with engine.connect() as connection:
            areas = {
                (row.level, row.place): scorebook.area_of(row.page)
                for row in connection.execute(sa.select(scorebook.AREAS))
            }
        engine.dispose()
        books.append((rows, areas))
    assert books[0][0] == books[1][0] and len(books[0][0]) > 100
    assert books[0][1] == books[1][1]
    places = {"sector", "project", "district", "state"}
    assert {level for level, _ in books[1][1]} == {
        "reasons",
        *places,
        "centre",
        "parts",
        *(level_of_escalations(level) for level in places),
        "supply",
        *(f"supply:{level}" for level in (*places, "centre")),
    }
    # Store rooms were counted, and something is to be sent.
    assert books[1][1]["supply:state", "state"]["items"]["EDNF"]["send"] > 0


@pytest.mark.parametrize("by", data_quality.AREAS)
def test_quality_counted_part_by_part_is_that_of_the_whole(divided, monkeypatch, by):
    store, registry, _ = divided
    whole = data_quality.score(registry, by=by)
    monkeypatch.setattr(partitions, "MOST_CHILDREN", MOST)
    found = quality_of_store.of_store(str(store.url.database), by=by)
    assert data_quality.rows_of(found, month="all") == data_quality.rows_of(whole, month="all")
    assert len(data_quality.rows_of(whole, month="all")) >= 16 and found.warnings == whole.warnings
    np.testing.assert_array_equal(found.score, whole.score)


def test_indicators_counted_part_by_part_are_those_of_the_whole(divided, monkeypatch):
    store, registry, _ = divided
    rules = standard()
    whole = by_month.of(registry, rules, months=9)
    monkeypatch.setattr(partitions, "MOST_CHILDREN", MOST)
    places, found = counted_store.of_store(str(store.url.database), rules, months=9)
    assert found.sums.keys() == whole.sums.keys() and len(places.child_ids) == 0
    for name, cells in whole.sums.items():
        np.testing.assert_array_equal(found.sums[name], cells)
    for level in indicators.LEVELS:
        one, other = (
            indicators.of(at, counted, rules, level=level).columns
            for at, counted in ((registry, whole), (places, found))
        )
        for name, column in one.items():
            np.testing.assert_array_equal(other[name], column)


@pytest.mark.parametrize("before", [0, 45])
def test_a_budget_reckoned_part_by_part_is_that_of_the_whole(divided, monkeypatch, before):
    """On the last day reported, and on one before the moves were known."""
    store, registry, _ = divided
    rules = standard()
    plan, day = rules.plan("government-resolution"), registry.recorded_until - before
    whole = resolution.of(registry, rules, plan, day=day)
    monkeypatch.setattr(partitions, "MOST_CHILDREN", MOST)
    found = resolution.of_store(str(store.url.database), rules, plan, day=day)
    for level, needs in whole.needs.items():
        assert sum(need.expected.sum() for need in needs) > 0
        for one, other in zip(needs, found.needs[level], strict=True):
            for name in ("expected", "low", "high"):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    told, by_parts = (programme_report.outlook_record(one) for one in (whole, found))
    assert told == by_parts and whole.budgets == found.budgets
    assert whole.in_treatment > 2 and whole.budgets["caseload"].plan.children > 5
    assert whole.store_rooms == found.store_rooms and whole.mean_stay_days == found.mean_stay_days


COUNTED = [name for name in EVENTS if name != "relapse"]
"""Cured, followed and SAM again takes longer than the eight months of this registry."""


@pytest.mark.parametrize("counted", COUNTED)
def test_a_panel_counted_part_by_part_is_that_of_the_whole(divided, monkeypatch, counted):
    store, registry, _ = divided
    day = day_date(registry.recorded_until - 40)
    whole = panel_of(registry, counted, level="centre", as_of=day)
    monkeypatch.setattr(partitions, "MOST_CHILDREN", MOST)
    at, last_day = of_store(str(store.url.database), counted, level="centre")
    found = at(day)
    assert last_day == day_date(registry.recorded_until) and found.first == whole.first
    np.testing.assert_array_equal(found.counts, whole.counts)
    assert np.nansum(whole.counts) > 0 and found.parents.keys() == whole.parents.keys()
    for level, above in whole.parents.items():
        np.testing.assert_array_equal(found.parents[level], above)


@pytest.mark.parametrize("verb", ["indicators", "quality", "budget"])
def test_a_store_without_children_is_told_as_empty(tmp_path, verb, capsys):
    address = str(tmp_path / "x.db")
    open_store(address).close()
    with pytest.raises(SystemExit) as ended:
        main([verb, address])
    assert ended.value.code == 0
    capsys.readouterr()


def test_many_days_in_one_pass_say_what_each_day_alone_says(divided):
    _, registry, _ = divided
    until = registry.recorded_until
    children = np.arange(len(registry.child_ids), dtype=np.int32)
    known = Clock(registry).known_by(children, np.full(len(children), until, np.int32))
    points = growth_points(known)
    days = np.arange(until - 400, until + 1, 23, dtype=np.int32)
    together = facts.of(known, points, standard(), days=days)
    for at, day in enumerate(days):
        alone = facts.of(known, points, standard(), days=np.array([day]))
        for name in alone:
            assert np.array_equal(together[name][at :: len(days)], alone[name], equal_nan=True), (
                name
            )
    some = slice(7, 300)
    of_some = facts.of(known.of_questions(some), points.of_questions(some), standard(), days=days)
    for name in of_some:
        rows = together[name].reshape(len(children), -1)[some].ravel()
        assert np.array_equal(of_some[name], rows, equal_nan=True), name
