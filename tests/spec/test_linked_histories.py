"""A relapse that two registers' halves hide: what is asked and answered of one child before the
link, from its day on, and after it is undone. Days are days since the cure, as in
tests/support/stories.py."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from features.clock import Clock
from features.episodes import find
from models.targets import ONSET, OUTCOME_WORDS, RELAPSE
from registry.contract.registry import NEVER
from registry.store.links.decisions import decide
from registry.store.store import open_store
from tests.support.registry_samples import folder
from tests.support.stories import BIRTH, DAY_0, date
from training.cohorts.lives import COHORT_WORDS
from training.cohorts.outcomes import outcomes

LINKED, UNDONE = 70, 130
SAM, WELL = "9.3,76,110", "9.3,76,135"


@pytest.fixture
def registry(tmp_path):
    """The first id was treated and cured on day 0 and then not seen; the second was found with SAM
    on days 30 and 60 by workers who knew of no treatment."""
    readings = [("treated", 0, WELL), ("found", 10, WELL), ("found", 30, SAM), ("found", 60, SAM)]
    source = folder(
        tmp_path / "in",
        centres="centre_id,sector_id,project_id,district_id,setting\nA,S,P,D,rural\n",
        children="child_id,sex,birth_date,centre_id\n"
        + "".join(f"{name},F,{BIRTH},A\n" for name in ("treated", "found")),
        measurements="child_id,measured_on,weight_kg,height_cm,muac_mm\n"
        + "".join(f"{name},{date(day)},{what}\n" for name, day, what in readings),
        episodes="episode_id,child_id,programme,admitted_on,closed_on,outcome\n"
        f"e,treated,UCDC,{date(-42)},{date(0)},cured\n",
    )
    with closing(open_store(tmp_path / "x.db")) as store:
        store.import_source(source, imported_on=date(65))
        for verdict, day in (("same", LINKED), ("different", UNDONE)):
            with store.engine.begin() as connection:
                decide(connection, "found", "treated", verdict, by="test", on=DAY_0 + day)
        return store.load()


def told(registry, target, child, cutoff):
    """The outcomes of a target's indices of a child, as known on a day: (word, event's day)."""
    found = outcomes(Clock(registry), target, cutoff=DAY_0 + cutoff)
    at = int(np.flatnonzero(registry.child_ids == child)[0])
    rows = zip(found.child, found.cohort, found.outcome, found.event_on, strict=True)
    return [
        (OUTCOME_WORDS[word], None if event == NEVER else int(event) - DAY_0)
        for who, group, word, event in rows
        if who == at and COHORT_WORDS[group] == "in_cohort"
    ]


def test_sam_found_anew_is_a_relapse_from_the_day_of_the_link(registry):
    assert told(registry, RELAPSE, "found", LINKED - 1) == []
    assert told(registry, RELAPSE, "treated", LINKED - 1) == [("censored", None)]
    assert told(registry, RELAPSE, "found", LINKED) == [("happened", 30)]
    assert told(registry, RELAPSE, "treated", LINKED) == []


def test_the_same_sam_was_a_first_slide_before_and_is_none_from_then_on(registry):
    assert ("happened", 30) in told(registry, ONSET, "found", LINKED - 1)
    assert told(registry, ONSET, "found", LINKED) == []


def test_undone_both_are_as_before_and_the_time_between_answers_as_then(registry):
    assert told(registry, RELAPSE, "found", UNDONE) == []
    assert told(registry, RELAPSE, "treated", UNDONE) == [("censored", None)]
    assert ("happened", 30) in told(registry, ONSET, "found", UNDONE)
    assert told(registry, RELAPSE, "found", UNDONE - 1) == [("happened", 30)]


def test_a_feature_of_the_stay_is_known_from_the_day_of_the_link_only(registry):
    at = np.flatnonzero(registry.child_ids == "found").astype(np.int32)
    closed = {
        day: int(find(Clock(registry).known_by(at, np.array([DAY_0 + day], np.int32))).closed_on[0])
        for day in (LINKED - 1, LINKED, UNDONE - 1, UNDONE)
    }
    assert closed == {LINKED - 1: NEVER, LINKED: DAY_0, UNDONE - 1: DAY_0, UNDONE: NEVER}
