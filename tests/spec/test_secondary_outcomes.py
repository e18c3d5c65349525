"""Spec: the same risks against other outcomes. Six children cured on one day; see tests/support/stories.py
for the readings."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.clock import Clock
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from features.trajectory.smoother import DEFAULT_PRIORS
from models.targets import NON_RESPONSE, RELAPSE
from registry.checks.table import build
from tests.support.stories import _READING, BIRTH, DAY_0, date, parts
from training.cohorts.landmarks import cohort
from training.evaluation import probes
from training.evaluation.secondary import against_others, judged_later, known_later, of_predictions
from training.rows.at_hand import AtHand
from training.rows.kept_rows import dates

# child | readings by days since discharge
LIVES = {
    "early": "0 well, 20 sam, 40 sam, 150 well",
    "middle": "0 well, 28 well, 60 sam, 80 sam",
    "late": "0 well, 28 well, 80 well, 180 sam, 235 sam",
    "once": "0 well, 28 well, 60 sam, 80 clear, 150 well",
    "well": "0 well, 28 well, 80 well, 150 well",
    "gone": "0 well, 28 well",
    "elsewhere": "400 well",
}
"""The last was never treated: its reading lets the records reach past every label."""
TREATED = list(LIVES)[:-1]
# question | children with it, of those whom it can be told of
EXPECTED = {
    "target": ("early, middle, late", 5),
    "relapse_by_day_30": ("early", 6),
    "relapse_by_day_90": ("early, middle", 5),
    "single_reading": ("early, middle, late, once", 5),
    "known_earlier": ("early, middle, late", 5),
}


@pytest.fixture(scope="module")
def clock():
    rows = [
        (name, day, *_READING[what]) for name, life in LIVES.items() for day, what in parts(life)
    ]
    tables = {
        "centres": {
            "centre_id": ["A"],
            "sector_id": ["S"],
            "project_id": ["P"],
            "district_id": ["D"],
            "setting": ["urban"],
        },
        "children": {
            "child_id": list(LIVES),
            "sex": ["F"] * len(LIVES),
            "birth_date": [BIRTH] * len(LIVES),
            "centre_id": ["A"] * len(LIVES),
        },
        "measurements": {
            "child_id": [row[0] for row in rows],
            "measured_on": [date(row[1]) for row in rows],
        }
        | {
            name: [row[at] for row in rows]
            for at, name in enumerate(("weight_kg", "height_cm", "muac_mm"), 2)
        },
        "episodes": {
            "episode_id": TREATED,
            "child_id": TREATED,
            "programme": ["UCDC"] * 6,
            "admitted_on": [date(-42)] * 6,
            "closed_on": [date(0)] * 6,
            "outcome": ["cured"] * 6,
        },
    }
    built, quarantine = build(tables, imported_on="2026-11-01")
    assert len(quarantine) == 0
    return Clock(built)


def told(clock, *, cutoff=400, landmark=0):
    """Each question's answer by name, for the rows of one landmark and a risk that rises with the
    child's position."""
    rows = cohort(clock, RELAPSE, cutoff=DAY_0 + cutoff)
    rows = rows.take(np.flatnonzero(rows.landmark == landmark))
    found = against_others(clock, rows, rows.child / 10.0, cutoff=DAY_0 + cutoff)
    return {one.question.name: one for one in found}


@pytest.mark.parametrize("name", EXPECTED)
def test_who_has_the_event_by_each_question(clock, name):
    children, known = EXPECTED[name]
    found = told(clock)[name]
    assert (found.events, found.rows) == (len(children.split(", ")), known)


def test_thirty_days_earlier_a_reading_waits_for_its_confirmation(clock):
    """By day 250 every label has ended; 30 days later known, the late child's SAM of day 180 is not
    confirmed by then (day 235)."""
    found = told(clock, cutoff=250)
    assert (found["target"].events, found["known_earlier"].events) == (3, 2)


def test_a_landmark_is_asked_only_of_horizons_that_it_lies_within(clock):
    found = told(clock, landmark=56)
    assert found["relapse_by_day_30"].rows == 0 and found["relapse_by_day_90"].rows > 0
    assert np.isnan(found["relapse_by_day_30"].auc.value)


def test_a_risk_of_183_days_claims_to_be_no_percentage_of_30(clock):
    found = told(clock)
    assert found["relapse_by_day_30"].slope is None and found["single_reading"].slope is not None


def test_only_what_was_known_on_its_own_day_is_moved_and_stays_keep_theirs(clock):
    later, moved = probes.known_later(clock.registry, days=30)
    was, now = clock.registry.measurements["known_from"], later.measurements["known_from"]
    assert moved == 1.0 and np.all(now == was + 30)
    assert np.array_equal(later.episodes["known_from"], clock.registry.episodes["known_from"])
    recorded = clock.registry.measurements.having(known_from=was + 1)
    same, moved = probes.known_later(replace(clock.registry, measurements=recorded), days=30)
    assert moved == 0.0 and np.array_equal(same.measurements["known_from"], was + 1)


class ByWeight:
    """A stand-in for a bundle: log-odds are less the days since the last weighing, so that it shows
    what was known."""

    target, priors, facts = "relapse", DEFAULT_PRIORS, {}

    def log_odds(self, matrix):
        return -np.nan_to_num(matrix[:, NAMES.index("days_since_weighed")], nan=400.0)


def test_what_comes_in_later_is_not_seen(clock):
    rows = cohort(clock, RELAPSE, cutoff=DAY_0 + 400)
    rows = rows.take(np.flatnonzero(rows.landmark == 28))
    found = known_later(judged_later(clock, ByWeight(), rows))
    assert found.question.name == "known_later" and "(100%)" in found.question.words
    # On day 28 the discharge's own weighing is two days short of being known: nobody's risk can be
    # told apart.
    assert found.rows == 0 or found.auc.value == 0.5


def test_a_backtest_tells_all_of_it_as_json(clock):
    rows = cohort(clock, RELAPSE, cutoff=clock.registry.recorded_until)
    rows = rows.take(np.flatnonzero(rows.day >= DAY_0))
    frame = pd.DataFrame(
        {
            "target": "relapse",
            "child_id": clock.registry.child_ids[rows.child].astype(str),
            "index_on": dates(rows.outcomes.index_on[rows.index]),
            "landmark_day": rows.landmark,
            "risk": np.linspace(0.1, 0.6, len(rows.child)),
        }
    )
    hand = AtHand(clock, Context(clock))
    found = of_predictions(hand, frame, {"relapse": ByWeight()}, split=DAY_0)
    # Whatever order the predictions are in, each row has its own risk.
    mixed = frame.sample(frac=1.0, random_state=1)
    assert of_predictions(hand, mixed, {"relapse": ByWeight()}, split=DAY_0) == found
    names = [one["name"] for one in json.loads(json.dumps(found, allow_nan=False))["relapse"]]
    assert names == [*EXPECTED, "known_later"]


# a stay's weights in kg by days since admission | how it ended
STAYS = {
    "slow": ([(0, 7.0), (90, 8.5)], {}),
    "failing": ([(0, 7.0), (90, 7.1)], {}),
    "cured": ([(0, 7.0), (40, 8.5)], {"closed_on": date(40), "outcome": "cured"}),
}


def test_slow_and_failing_are_told_apart():
    weights = [(name, day, kg) for name, (readings, _) in STAYS.items() for day, kg in readings]
    weights.append(("elsewhere", 400, 8.0))
    children = [*STAYS, "elsewhere"]
    built, _ = build(
        {
            "centres": {
                "centre_id": ["A"],
                "sector_id": ["S"],
                "project_id": ["P"],
                "district_id": ["D"],
                "setting": ["urban"],
            },
            "children": {
                "child_id": children,
                "sex": ["F"] * len(children),
                "birth_date": [BIRTH] * len(children),
                "centre_id": ["A"] * len(children),
            },
            "measurements": {
                "child_id": [row[0] for row in weights],
                "measured_on": [date(row[1]) for row in weights],
                "weight_kg": [row[2] for row in weights],
                "height_cm": [76.0] * len(weights),
            },
            "episodes": {
                "episode_id": list(STAYS),
                "child_id": list(STAYS),
                "programme": ["UCDC"] * 3,
                "admitted_on": [date(0)] * 3,
            }
            | {
                name: [stay.get(name) for _, stay in STAYS.values()]
                for name in ("closed_on", "outcome")
            },
        },
        imported_on="2026-11-01",
    )
    clock, cutoff = Clock(built), DAY_0 + 400
    rows = cohort(clock, NON_RESPONSE, cutoff=cutoff)
    rows = rows.take(np.flatnonzero(rows.landmark == 0))
    found = {
        one.question.name: one
        for one in against_others(clock, rows, np.array([0.5] * 3), cutoff=cutoff)
    }
    assert [
        (found[name].rows, found[name].events)
        for name in ("target", "failing", "slow", "failing_not_slow")
    ] == [(3, 2), (2, 1), (2, 1), (2, 1)]
