"""Spec: a model says nothing of a discharge that training leaves out, and such a child is not hidden
for that. Stories by days since the discharge; see tests/support/stories.py."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.clock import Clock
from features.trajectory.as_of import as_of_traced
from features.trajectory.smoother import DEFAULT_PRIORS
from models.scoring import WHY_NOT, abstains
from models.targets import RELAPSE, VERIFIED_WITHIN
from models.visits.ranking import rank
from registry.checks.table import build
from registry.simulate.dials import Dials
from registry.simulate.write import simulate
from serving.book.scoring.book_rows import Scoring
from serving.language.languages import LANGUAGES
from serving.language.words import how_often, words
from serving.pages.child_page import _unscored
from serving.visits.sheet_lines import notes
from tests.support.listed_children import child, overdue
from tests.support.service_cases import bundle
from tests.support.stories import DAY_0, cured, registry
from training.cohorts.lives import COHORT_WORDS, IN_COHORT
from training.cohorts.outcomes import outcomes

# readings | further stays (admission, close) | day of the score | why there is none
STORIES = [
    ("0 well", [], 3, ""),
    ("0 well", [], 100, ""),
    ("-7 well, 30 well", [], 60, ""),
    ("7 well", [], 60, ""),
    # Until day 7 a reading may still show the cure.
    ("-8 well", [], 7, ""),
    ("-8 well", [], 8, "cured_unverified"),
    ("-8 well, 30 well", [], 60, "cured_unverified"),
    ("-8 well, 8 well", [], 60, "cured_unverified"),
    ("0 sam, 30 well", [], 60, "cured_unverified"),
    ("0 wild, 30 well", [], 60, "cured_unverified"),
    # SAM again before day 14, from the day on which the second reading says so.
    ("0 well, 13 sam, 40 sam", [], 39, ""),
    ("0 well, 13 sam, 40 sam", [], 40, "failed_discharge"),
    ("0 well, 13 sam, 40 sam, 80 clear, 110 clear", [], 120, "failed_discharge"),
    ("0 well, 13 sam, 40 clear", [], 60, ""),
    ("0 well, 14 sam, 40 sam", [], 60, ""),
    ("0 clear, 1 sam, 5 sam", [], 6, "failed_discharge"),
    # Admitted again before day 14: to a facility, and home again without a new stay in a centre.
    ("0 well, 40 well", [(10, 24)], 60, "failed_discharge"),
    ("0 well, 40 well", [(13, 24)], 60, "failed_discharge"),
    ("0 well, 40 well", [(14, 24)], 60, ""),
]


def story(readings, stays):
    back = [
        {"admitted_on": on, "closed_on": off, "programme": "NRC", "outcome": "cured"}
        for on, off in stays
    ]
    return Clock(registry(readings, episodes=[cured(), *back]))


def why_not(clock, children, day):
    found = [
        abstains(RELAPSE, traced, matrix)
        for traced, matrix in as_of_traced(clock, children, day, priors=DEFAULT_PRIORS)
    ]
    return np.concatenate(found)


@pytest.mark.parametrize(("readings", "stays", "day", "why"), STORIES)
def test_story(readings, stays, day, why):
    clock = story(readings, stays)
    found = why_not(clock, np.zeros(1, np.int32), np.full(1, DAY_0 + day, np.int32))
    assert WHY_NOT[found[0]] == why
    # Training, at a cutoff of that day, says the same; but it waits for the whole week.
    cohort = COHORT_WORDS[outcomes(clock, RELAPSE, cutoff=DAY_0 + day).cohort[0]]
    assert cohort == (why or "in_cohort") or day <= VERIFIED_WITHIN


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A simulated registry in which a third of the discharges were not measured, and of another
    third an arm of 110 mm is read on days 6 and 20."""
    folder = tmp_path_factory.mktemp("population")
    dials = Dials(truth_draws=0)
    simulate(folder, children=3000, months=12, seed=5, format="parquet", dials=dials)
    tables = {file.stem: pd.read_parquet(file) for file in folder.glob("*.parquet")}
    closed = tables["episodes"].query("outcome == 'cured'")
    cured_on = pd.to_datetime(closed.closed_on).groupby(closed.child_id).max()
    third = pd.Series(np.arange(len(cured_on)) % 3, cured_on.index)
    rows = tables["measurements"]
    apart = (pd.to_datetime(rows.measured_on) - rows.child_id.map(cured_on)).dt.days.abs()
    rows = rows[~((rows.child_id.map(third) == 0) & (apart <= VERIFIED_WITHIN))]
    thin = cured_on[third == 1]
    again = [
        pd.DataFrame(
            {
                "child_id": thin.index,
                "measured_on": (thin + pd.Timedelta(days=days)).dt.date.to_numpy(),
                "muac_mm": 110,
            }
        )
        for days in (6, 20)
    ]
    return build(tables | {"measurements": pd.concat([rows, *again], ignore_index=True)})[0]


def test_scores_are_given_exactly_where_training_would_have_learnt(store):
    """Every discharge of a simulated registry, on some days: the cohort as known by that day."""
    clock, seen = Clock(store), set()
    for cutoff in range(store.recorded_until - 240, store.recorded_until, 40):
        found = outcomes(clock, RELAPSE, cutoff=cutoff)
        latest = {int(c): at for at, c in enumerate(found.child)}
        at = np.array(
            [
                at
                for at in latest.values()
                if VERIFIED_WITHIN < cutoff - found.index_on[at] <= RELAPSE.horizon
            ]
        )
        why = why_not(clock, found.child[at], np.full(len(at), cutoff, np.int32))
        words_of = np.array(WHY_NOT, object)[why]
        cohort = np.array([COHORT_WORDS[code] for code in found.cohort[at]], object)
        left_out = found.cohort[at] != IN_COHORT
        # Whom another check stops first (back in treatment, left) has no score either way.
        asked = np.isin(words_of, ("", "cured_unverified", "failed_discharge"))
        np.testing.assert_array_equal(words_of[asked & left_out], cohort[asked & left_out])
        assert set(words_of[asked & ~left_out]) <= {""}
        seen |= set(words_of)
    assert {"", "cured_unverified", "failed_discharge"} <= seen


def book_rows(clock, day):
    made = replace(bundle("relapse"), priors=DEFAULT_PRIORS)
    return list(Scoring.of(clock.registry, {"relapse": made}, day).rows(np.zeros(1, np.int32)))


UNSEEN = "-20 well", [], 60, "cured_unverified"
FAILED = "0 well, 5 sam, 12 sam", [], 20, "failed_discharge"


@pytest.mark.parametrize(("readings", "stays", "day", "why"), [UNSEEN, FAILED])
def test_such_a_child_is_in_the_book_with_its_rule_and_the_reason(readings, stays, day, why):
    clock = story(readings, stays)
    row = book_rows(clock, np.datetime64(DAY_0 + day, "D").astype(dt.date))[0]
    assert row.scores["relapse"].why_not == row.candidate.why_not == why
    assert row.candidate.risk is None and row.candidate.rule
    assert row.candidate.next_step and (row.candidate.danger or (row.candidate.overdue_days or 0))
    for language in LANGUAGES:
        say = words(language)
        assert how_often(row.candidate, say).endswith(say("not_scored", why))
        assert _unscored(row, say) == [say("not_scored", why)]


def test_a_failed_discharge_in_danger_stands_first_on_the_list():
    clock = story("0 well, 5 sam, 12 sam", [])
    sick = book_rows(clock, np.datetime64(DAY_0 + 20, "D").astype(dt.date))[0].candidate
    listed = rank(
        [child(number) for number in range(1, 9)] + [sick],
        sector_id=sick.sector_id,
        capacity=3,
        as_of=dt.date(2025, 6, 21),
    )
    everyone = [row.candidate for row in listed.rows if row.section == "danger"] + list(listed.anm)
    assert sick.danger and sick in everyone


def test_no_score_puts_an_unseen_cure_before_late_children_of_little_risk():
    plain = {"target": None, "risk": None, "risk_low": None, "risk_high": None, "reasons": ()}
    unseen = overdue(1, why_not="cured_unverified", **plain)
    others = [overdue(number, risk=0.9) for number in range(2, 9)]
    unscored = overdue(9, **plain)
    listed = rank([*others, unscored, unseen], sector_id="S0001", capacity=3, as_of=unseen.by_when)
    assert listed.rows[0].candidate is unseen
    assert unscored not in [row.candidate for row in listed.rows]


def test_the_list_counts_them_and_says_so_in_each_language():
    plain = {"target": None, "risk": None, "risk_low": None, "risk_high": None, "reasons": ()}
    those = [child(1, why_not="cured_unverified", **plain), child(2, **plain), child(3)]
    listed = rank(those, sector_id="S0001", capacity=3, as_of=dt.date(2026, 3, 16))
    assert (listed.facts["not_scored"], listed.facts["no_cure"]) == (2, 1)
    for language in LANGUAGES:
        assert words(language).say("ui", "no_cure_count", n=1) in notes(listed, words(language))
