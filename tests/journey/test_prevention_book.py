"""A scoring run with a model of onset: whom the book keeps, what it counts, and that it goes on where
it stopped."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa

from features.trajectory.smoother import DEFAULT_PRIORS
from models.bundle import save
from models.champion import bundles_folder, models_folder, turn
from models.expected_events import AtRisk, expected, onset_share
from models.scoring import WHY_NOT, score_children
from models.visits.prevention import AT_A_CENTRE
from models.visits.visit_order import PREVENTION_FROM
from registry.contract.registry import day_date
from registry.simulate.dials import Dials
from registry.simulate.write import simulate
from registry.store.forgetting import forget
from registry.store.store import open_store
from serving.access.permissions import Scope
from serving.book import scorebook
from serving.book.area_indicators import indicators
from serving.book.events import EVENTS
from serving.book.reader import Reader
from serving.book.scorebook import ESCALATIONS
from serving.book.scoring import book_rows, scoring_part
from serving.book.scoring.book_rows import Scoring
from serving.book.scoring.kept_children import first_look
from serving.book.scoring.listed_marks import marks_of
from serving.book.scoring.scoring_run import score_store
from serving.database import engine_of
from serving.visits.lists import visit_list
from tests.support.service_cases import bundle

STATE = Scope.of(["state:*"])


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """(folder with a registry's tables, its registry, a day on which to score)."""
    folder = tmp_path_factory.mktemp("prevention")
    dials = Dials(truth_draws=0)
    simulate(folder / "t", children=700, months=8, seed=11, format="parquet", dials=dials)
    store = open_store(str(folder / "x.db"))
    store.import_source(str(folder / "t"))
    registry = store.load()
    store.close()
    return folder, registry, day_date(registry.recorded_until - 10)


def scored(folder, name, targets, as_of):
    """Score a store of its own of the tables with these champions; (engine, what was done)."""
    address = str(folder / f"{name}.db")
    store = open_store(address)
    store.import_source(str(folder / "t"))
    store.close()
    models = models_folder(address)
    for target in targets:
        turn(models, target, save(bundle(target), bundles_folder(models)).version)
    done = score_store(address, as_of=as_of, models_dir=models, accept_foreign=True)
    return engine_of(address), done


@pytest.fixture(scope="module")
def books(registered):
    """The same registry scored with a champion of onset, and without one."""
    folder, _, as_of = registered
    care = ("relapse", "non_response")
    with_onset = scored(folder, "onset", (*care, "onset"), as_of)
    without = scored(folder, "care", care, as_of)
    yield with_onset, without
    with_onset[0].dispose()
    without[0].dispose()


def rows_of(engine):
    reader = Reader(engine, STATE)
    return {row.candidate.child_id: row for row in reader.rows(reader.run())}


def as_loaded(target):
    return replace(bundle(target), priors=DEFAULT_PRIORS)


def everybody(registered, targets=("relapse", "non_response", "onset")):
    """Every child of the registry scored at once, with reasons, as runs did before."""
    _, registry, as_of = registered
    scoring = Scoring.of(registry, {one: as_loaded(one) for one in targets}, as_of)
    child = np.arange(len(registry.child_ids), dtype=np.int32)
    day = np.full(len(child), scoring.day, np.int32)
    whole = score_children(
        scoring.clock, child, day, bundles=scoring.bundles, context=scoring.context
    )
    return scoring, whole


def test_without_onset_the_book_is_what_it_was_and_with_it_only_grows(books):
    (with_onset, _), (without, _) = books
    more, before = rows_of(with_onset), rows_of(without)
    assert before.keys() < more.keys()
    for name, row in before.items():
        for target in ("relapse", "non_response"):
            assert more[name].scores[target] == row.scores[target]
        assert row.scores["onset"].risk is None
    added = [more[name] for name in more.keys() - before.keys()]
    assert all(row.candidate.target == "onset" for row in added)
    assert all(row.candidate.risk >= PREVENTION_FROM and row.candidate.reasons for row in added)
    assert not any(row.candidate.danger for row in added)


def test_of_each_centre_the_five_most_at_risk_are_kept_and_no_other(registered, books):
    (with_onset, _), (without, _) = books
    scoring, whole = everybody(registered)
    onset, registry = whole.targets["onset"], scoring.registry
    danger = scoring.placed(whole.traced).danger
    centre = whole.traced.known.children["centre"]
    here: dict[str, list[tuple[float, str]]] = {}
    for at in np.flatnonzero((onset.risk >= PREVENTION_FROM) & ~danger & (centre >= 0)):
        centre_id = str(registry.centre_ids[centre[at]])
        here.setdefault(centre_id, []).append((-onset.risk[at], str(registry.child_ids[at])))
    wanted = {name: sorted(those)[:AT_A_CENTRE] for name, those in here.items()}
    chosen = {child for those in wanted.values() for _, child in those}
    assert rows_of(with_onset).keys() == rows_of(without).keys() | chosen
    assert sum(len(those) > AT_A_CENTRE for those in here.values()) > 3
    reader = Reader(with_onset, STATE)
    for sector in reader.sectors(reader.run()):
        listed = visit_list(reader, sector_id=sector.sector_id, as_of=reader.run().as_of)
        for centre_id, those in listed.watch.items():
            assert [one.child_id for one in those] == [child for _, child in wanted[centre_id]]


def test_scores_of_the_kept_are_those_of_all_children_scored_at_once(registered, books):
    scoring, whole = everybody(registered)
    at = {str(name): i for i, name in enumerate(scoring.registry.child_ids)}
    for name, row in rows_of(books[0][0]).items():
        for target, score in row.scores.items():
            found = whole.targets[target]
            assert (score.why_not or "") == WHY_NOT[found.why_not[at[name]]]
            if score.risk is not None:
                assert score.risk == pytest.approx(found.risk[at[name]], abs=1e-12)
                parts = score.base_log_odds + sum(one.log_odds for one in score.reasons)
                assert 1 / (1 + np.exp(-parts)) == pytest.approx(score.risk, abs=1e-9)


def test_officers_are_told_of_all_children_asked_not_only_of_those_kept(registered, books):
    (engine, done), (without, _) = books
    scoring, whole = everybody(registered)
    onset = whole.targets["onset"]
    sector = np.append(scoring.places.sector, "")[whole.traced.known.children["centre"]]
    reader = Reader(engine, STATE)
    pages, asked_in_all = reader.areas(reader.run(), "sector"), 0
    for place, page in pages.items():
        at = np.flatnonzero((sector == place) & ~np.isnan(onset.risk))
        share = onset_share(0.0)
        told = expected(AtRisk(onset.risk[i], onset.low[i], onset.high[i], share) for i in at)
        month = page["figures"]["month"]["onset"]
        assert month["children"] == len(at) == page["figures"]["risks"]["onset"]["scored"]
        for name in ("events", "low", "high"):
            assert month[name] == pytest.approx(getattr(told, name), abs=1e-9)
        asked_in_all += len(at)
    kept = [row for row in rows_of(engine).values() if row.scores["onset"].risk is not None]
    assert done["scored"]["onset"] == asked_in_all > len(kept)
    told = indicators(reader)
    assert told["facts"]["scored"]["onset"] == asked_in_all
    before = Reader(without, STATE)
    for page in before.areas(before.run(), "sector").values():
        assert set(page["figures"]["month"]) == {"relapse", "non_response"}


def test_a_run_that_was_broken_off_goes_on_and_keeps_the_same_children(registered, monkeypatch):
    folder, _, as_of = registered
    monkeypatch.setattr(scoring_part, "CHUNK", 40)
    whole, _ = scored(folder, "whole", ("relapse", "onset"), as_of)
    write, written = scorebook.write_chunk, []

    def broken(engine, run, chunk, rows):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(chunk)
        return write(engine, run, chunk, rows)

    monkeypatch.setattr(scorebook, "write_chunk", broken)
    with pytest.raises(KeyboardInterrupt):
        scored(folder, "again", ("relapse", "onset"), as_of)
    monkeypatch.setattr(scorebook, "write_chunk", write)
    address = str(folder / "again.db")
    seen = []
    score_store(
        address,
        as_of=as_of,
        models_dir=models_folder(address),
        accept_foreign=True,
        progress=lambda done, of: seen.append(done / of),
    )
    again = engine_of(address)
    assert rows_of(again) == rows_of(whole)
    assert seen == sorted(seen) and seen[-1] == 1
    with again.connect() as connection:
        runs = connection.scalar(sa.select(sa.func.count()).select_from(scorebook.RUNS))
    assert runs == 1
    again.dispose()
    whole.dispose()


def test_who_is_forgotten_while_a_run_is_written_is_not_in_it(registered, monkeypatch):
    """The part is read already, the child's rows are not written yet."""
    folder, _, as_of = registered
    write, gone = scorebook.write_chunk, []

    def forgetting(engine, run, chunk, rows):
        if not gone:
            in_danger = next(row for row in rows if row.candidate.danger)
            gone.extend(row.candidate.child_id for row in (rows[0], in_danger))
            with closing(open_store(str(folder / "forgetting.db"))) as store:
                for child in set(gone):
                    forget(store, child)
        return write(engine, run, chunk, rows)

    monkeypatch.setattr(scorebook, "write_chunk", forgetting)
    engine, _ = scored(folder, "forgetting", ("relapse", "onset"), as_of)
    tables = (scorebook.ROWS, scorebook.TARGET_SCORES, ESCALATIONS, EVENTS)
    with engine.connect() as connection:
        told = {
            table.name: set(connection.scalars(sa.select(table.c.child_id))) for table in tables
        }
    engine.dispose()
    assert gone and all(told.values())
    assert not [(name, child) for name, ids in told.items() for child in gone if child in ids]


def test_a_step_of_the_first_look_changes_nobody(registered, monkeypatch):
    _, registry, as_of = registered
    scoring = Scoring.of(registry, {"onset": as_loaded("onset")}, as_of)
    whole = first_look(scoring)
    monkeypatch.setattr("serving.book.scoring.kept_children.LOOK", 97)
    in_steps = first_look(scoring)
    assert (whole.kept == in_steps.kept).all() and 0 < whole.kept.sum() < len(whole.kept)
    np.testing.assert_array_equal(whole.risks["onset"], in_steps.risks["onset"])


def test_a_run_holds_children_out_by_lot_and_its_lists_do_not_name_them(
    registered, books, monkeypatch
):
    """The lot draws everybody here, since a registry's id is its own in every test."""
    folder, _, as_of = registered
    address = str(folder / "onset.db")
    drawn = []
    monkeypatch.setattr(book_rows, "drawn", lambda *asked: not drawn.append(asked))
    later = as_of + dt.timedelta(days=1)
    asked = {"models_dir": models_folder(address), "accept_foreign": True, "holdout_share": 0.3}
    done = score_store(address, as_of=later, **asked)
    reader = Reader(books[0][0], STATE)
    run = reader.run()
    rows = {row.candidate.child_id: row.candidate for row in reader.rows(run)}
    assert set(drawn) == {(run.facts["registry_id"], child_id, 0.3) for child_id in rows}
    assert all(one.held_out for one in rows.values())
    marks = [mark for mark in marks_of(address) if mark.as_of == later]
    held_out = {mark.child_id for mark in marks if mark.held_out}
    assert done["holdout_share"] == run.facts["holdout_share"] == 0.3
    assert done["held_out"] == len(held_out) > 2
    assert not any(rows[one].danger for one in held_out)
    listed = [
        row
        for sector in reader.sectors(run)
        for row in visit_list(reader, sector_id=sector.sector_id, as_of=later).rows
    ]
    assert {row.section for row in listed} == {"danger", "overdue"}, "the rules outrank the lot"
    named = {mark.child_id for mark in marks if not mark.held_out}
    assert named == {row.candidate.child_id for row in listed} and not named & held_out
    before = [mark for mark in marks_of(address) if mark.as_of == as_of]
    assert before and not any(mark.held_out for mark in before)
