"""Real records end to end: SPOON's 5,704 screenings, from the package that ships them to their
wasting episodes."""

from __future__ import annotations

import csv
import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from features.clock import Clock, Ragged
from features.status import classify
from features.trajectory import wasting
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.points import growth_points
from features.trajectory.smoother import DEFAULT_PRIORS
from features.trajectory.wasting import wasting_episodes, wasting_of
from features.who.growth import zscores
from registry.contract.codes import Sex
from registry.contract.days import LAST_DAY_UNDER_FIVE
from registry.contract.registry import NEVER, Table
from registry.store.store import open_store
from training.priors.foretold import foretold

EXAMPLE = Path("docs/examples")


@pytest.fixture(scope="module")
def screenings(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("spoon") / "spoon_screenings.csv"
    assert runpy.run_path(str(EXAMPLE / "spoon.py"))["write_screenings"](path) == 5704
    return path


@pytest.fixture(scope="module")
def rows(screenings) -> list[dict]:
    with screenings.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def store(tmp_path_factory, screenings) -> Path:
    address = tmp_path_factory.mktemp("store") / "spoon.db"
    opened = open_store(address)
    opened.import_source(screenings, map=EXAMPLE / "spoon.toml")
    opened.close()
    return address


@pytest.fixture(scope="module")
def registry(store):
    opened = open_store(store)
    loaded = opened.load()
    opened.close()
    return loaded


@pytest.fixture(scope="module")
def growth(registry):
    children = np.arange(len(registry.child_ids), dtype=np.int32)
    return growth_points(
        Clock(registry).known_by(
            children, np.full(len(children), registry.recorded_until, np.int32)
        )
    )


def number(text: str) -> float:
    return float(text) if text else np.nan


def test_z_scores_of_every_screening_are_the_published_ones(rows):
    found = zscores(
        sex=np.array([Sex.of(row["sex"].upper()) for row in rows], np.int8),
        age_days=np.array([number(row["age_days"]) for row in rows]),
        weight_kg=np.array([number(row["weight"]) for row in rows]),
        height_cm=np.array([number(row["lenhei"]) for row in rows]),
        height_position=np.full(len(rows), -1, np.int8),
        muac_mm=np.full(len(rows), np.nan),
        oedema=np.full(len(rows), np.nan),
    )
    for name, at_least in (("waz", 4360), ("haz", 4270), ("whz", 4320)):
        published = np.array([number(row[f"src_{name}"]) for row in rows])
        both = ~np.isnan(published) & ~np.isnan(found[name])
        assert both.sum() >= at_least
        assert np.abs(np.round(found[name][both], 2) - published[both]).max() < 0.0101


def test_the_same_z_scores_come_out_of_the_store(registry, growth, rows):
    published = {(row["child_id"], int(row["age_days"])): number(row["src_whz"]) for row in rows}
    ids, ages = registry.child_ids[growth.question], growth["age_days"].astype(int)
    away = growth["whz"] - [
        published[str(child), age] for child, age in zip(ids, ages, strict=True)
    ]
    assert np.sum(~np.isnan(away)) > 4300
    assert np.nanmax(np.abs(away)) < 0.0101


def test_the_store_remembers_that_its_dates_are_made_up(registry):
    assert registry.facts["made_up_epoch"] == "2000-01-01"
    born = registry.children["birth_date"]
    assert len(np.unique(born[born != NEVER])) == 1


def test_season_stays_missing_where_dates_are_made_up(registry):
    clock, child = Clock(registry), registry.measurements["child"][:200]
    features = as_of(
        clock, child, registry.measurements["measured_on"][:200], priors=DEFAULT_PRIORS
    )
    season = [at for at, name in enumerate(NAMES) if name.startswith("season_")]
    assert len(season) == 4 and np.isnan(features[:, season]).all()
    assert not np.isnan(features[:, NAMES.index("age_days")]).any()


def test_screenings_are_classified(growth):
    none = np.full(growth.rows.rows, np.nan)
    status = classify(
        age_days=growth["age_days"],
        waz=growth["waz"],
        haz=growth["haz"],
        whz=growth["whz"],
        muac_mm=none,
        oedema=none,
    )
    young = growth["age_days"] < LAST_DAY_UNDER_FIVE
    judged, severe = status["valid"] & young, (status["sam"] == 1) & young
    np.testing.assert_array_equal(severe, (growth["sam"] > 0) & young)
    np.testing.assert_array_equal(severe, (growth["whz"] < -3) & young)
    assert severe.sum() / judged.sum() == pytest.approx(0.053, abs=0.001)
    assert np.all(status["sam"][growth["age_days"] > 1826] == -1)


def test_wasting_episodes_and_recurrences_of_the_registry(registry):
    # Four children whose sex is told both ways are in quarantine: 728 of 733 with a WHZ, one
    # episode fewer.
    assert wasting_of(registry) == {
        "children": 728,
        "visits": 4324,
        "share_wasted": pytest.approx(0.176, abs=0.0005),
        "share_severe": pytest.approx(0.0534, abs=0.0005),
        "episodes": 288,
        "recurrences": 70,
        "recurrences_after_two": 39,
    }


def test_the_published_z_scores_give_the_published_counts(rows):
    young = sorted(
        (row["child_id"], int(row["age_days"]), number(row["src_whz"]))
        for row in rows
        if int(row["age_days"]) < LAST_DAY_UNDER_FIVE and row["src_whz"]
    )
    children, offsets = np.unique([child for child, _, _ in young], return_index=True)
    wasted = np.array([float(whz < -2) for _, _, whz in young])
    assert len(children) == 732 and round(wasted.mean(), 3) == 0.176
    found = wasting_episodes(Ragged(np.append(offsets, len(young)), Table({"wasted": wasted})))
    assert len(found.first) == 289 and found.recurrences(well_visits=1).sum() == 70


@pytest.mark.parametrize(
    ("whz", "episodes", "recurrences", "after_two"),
    [
        ("-2.5", 1, 0, 0),
        ("-1 -1 -2.5", 1, 0, 0),
        ("-2.5 -1 -2.5", 2, 1, 0),
        ("-2.5 -1 -1 -2.5", 2, 1, 1),
        ("-2.5 -1 ? -1 -2.5 -2.6", 2, 1, 1),
        ("-2.5 ? -2.5", 1, 0, 0),
        ("-2.5 -1 -2.5 -1 -1 -2.5", 3, 2, 1),
        ("-2.0 -1.99", 0, 0, 0),
        ("", 0, 0, 0),
    ],
)
def test_an_episode_is_a_run_of_visits_under_minus_two(whz, episodes, recurrences, after_two):
    z = np.array([np.nan if text == "?" else float(text) for text in whz.split()])
    wasted = np.where(np.isnan(z), np.nan, z < -2)
    found = wasting_episodes(Ragged(np.array([0, len(z)]), Table({"wasted": wasted})))
    assert (
        len(found.first),
        *(int(found.recurrences(well_visits=visits).sum()) for visits in (1, 2)),
    ) == (episodes, recurrences, after_two)


def test_one_childs_episodes_are_not_anothers():
    found = wasting_episodes(
        Ragged(np.array([0, 1, 3, 5]), Table({"wasted": np.array([1.0, 1.0, 0.0, 0.0, 1.0])}))
    )
    assert found.question.tolist() == [0, 1, 2] and found.number.tolist() == [1, 1, 1]


def test_the_counts_are_printed_as_json(store, capsys):
    wasting.main([str(store)])
    assert json.loads(capsys.readouterr().out)["recurrences"] == 70


def test_the_smoother_knows_how_far_off_it_is_at_every_age(registry):
    # Priors are learnt on every second child and judged on the others, both ways.
    children = np.arange(len(registry.child_ids), dtype=np.int32)
    found = foretold(Clock(registry), children, registry.recorded_until)
    # Under two months there are two dozen readings, which tell a ratio to a fifth at best.
    judged = [row for row in found if row.readings >= 100 and row.series in ("whz", "waz", "haz")]
    assert [row.from_month for row in judged] == 3 * [2, 6, 12, 24]
    for row in judged:
        assert 0.85 < row.ratio < 1.15, row
        assert 0.87 < row.nine_in_ten < 0.95, row
