"""An arm or a weight that a visit took places a child, before the next scoring, where that scoring
will place it by the pathway's own rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from care.protocol import standard
from models.visits.found_at_home import HomeMeasures, with_measures, with_sam_found
from registry.checks.table import build_records
from serving.book.scoring.book_rows import Scoring
from serving.language.home_told import home_told
from serving.language.languages import LANGUAGES
from serving.language.words import words

SCORED, VISITED = dt.date(2026, 3, 16), dt.date(2026, 3, 19)
WELL = [
    {"measured_on": "2026-01-14", "weight_kg": 9.0, "height_cm": 77.0, "muac_mm": 131},
    {"measured_on": "2026-02-14", "weight_kg": 9.2, "height_cm": 78.0, "muac_mm": 132},
]
CURED = {"programme": "UCDC", "admitted_on": "2025-12-01", "closed_on": "2026-01-20"}
STAY = {"programme": "UCDC", "admitted_on": "2026-03-01", "appetite_test": "pass"}
IN_CARE = [{"measured_on": "2026-03-01", "weight_kg": 7.0, "height_cm": 75.0, "muac_mm": 112}]
ILL = [{"checked_on": "2026-03-14", "fever": 1, "examiner": "worker"}]
CHILDREN = {
    "well": {"born": "2024-09-14", "measurements": WELL},
    "never measured": {"born": "2024-09-14", "measurements": []},
    "cured two months ago": {
        "born": "2024-09-14",
        "measurements": WELL,
        "episodes": [CURED | {"outcome": "cured"}],
    },
    "ill": {"born": "2024-09-14", "measurements": WELL, "checks": ILL},
    "cured and ill": {
        "born": "2024-09-14",
        "measurements": WELL,
        "episodes": [CURED | {"outcome": "cured"}],
        "checks": ILL,
    },
    "small": {
        "born": "2025-07-14",
        "measurements": [{"measured_on": "2026-02-14", "weight_kg": 3.9}],
    },
    "in treatment": {"born": "2024-09-14", "measurements": IN_CARE, "episodes": [STAY]},
    "moved by the register": {
        "born": "2024-09-14",
        "measurements": WELL,
        "left_on": "2026-02-20",
        "left_reason": "moved",
    },
    "four months old": {
        "born": "2025-11-10",
        "measurements": [{"measured_on": "2026-03-14", "weight_kg": 5.6}],
    },
    "over five": {
        "born": "2020-09-14",
        "measurements": [{"measured_on": "2026-02-14", "weight_kg": 13.0}],
    },
}


def candidate(day, *, born, measurements, more=(), **records):
    child = {"child_id": "c", "sex": "F", "birth_date": born, "centre_id": "A"} | records
    registry, problems = build_records([child | {"measurements": [*measurements, *more]}])
    assert problems == [[]]
    rows = list(Scoring.of(registry, {}, day).rows(np.zeros(1, np.int32)))
    return rows[0].candidate


def placed(child):
    return child.state, child.rule, child.next_step, child.who, child.danger, child.by_when


@pytest.mark.parametrize("muac_mm", [98, 109, 114, 115, 124, 132])
@pytest.mark.parametrize("name", CHILDREN)
def test_an_arm_of_sam_places_a_child_as_the_next_scoring_will(name, muac_mm):
    records = CHILDREN[name]
    before = candidate(SCORED, **records)
    taken = with_measures(before, HomeMeasures(VISITED, None, float(muac_mm)), standard())
    row = {"measured_on": VISITED.isoformat(), "muac_mm": muac_mm}
    after = candidate(VISITED, more=[row], **records)
    if after.danger and not before.danger:
        assert placed(taken) == placed(after)
    else:
        assert placed(taken) == placed(before)
    assert taken.facts["home_muac_mm"] == muac_mm and taken.facts["home_on"] == VISITED


def test_who_becomes_a_danger_by_an_arm_of_108_mm():
    found = {
        name: with_measures(
            candidate(SCORED, **records), HomeMeasures(VISITED, None, 108.0), standard()
        ).rule
        for name, records in CHILDREN.items()
    }
    assert found == {
        "well": "sam_suspected",
        "never measured": "sam_suspected",
        "cured two months ago": "again",
        "ill": "sam_ill",
        "cured and ill": "again_ill",
        "small": "small_sam",
        "in treatment": "absent",
        "moved by the register": "sam_suspected",
        "four months old": "infant_losing",
        "over five": "older_at_risk",
    }


def test_an_arm_entered_late_says_nothing_where_a_later_one_answered_it_or_it_is_too_old():
    """The well child's arm of 14 February was 132 mm; a paper of 10 February says 112 mm."""
    before, english = candidate(SCORED, **CHILDREN["well"]), words("en")
    late = with_measures(before, HomeMeasures(dt.date(2026, 2, 10), None, 112.0), standard())
    assert placed(late) == placed(before) and len(home_told(late, english)) == 1
    never = candidate(SCORED, **CHILDREN["never measured"])
    old = with_measures(never, HomeMeasures(dt.date(2026, 1, 2), None, 112.0), standard())
    assert placed(old) == placed(never) and len(home_told(old, english)) == 1
    holds = with_measures(never, HomeMeasures(dt.date(2026, 1, 20), None, 112.0), standard())
    assert holds.rule == "sam_suspected" and holds.by_when == dt.date(2026, 1, 25)


def test_sam_found_by_a_visit_stands_at_once_and_not_behind_a_later_record():
    found = with_sam_found(candidate(SCORED, **CHILDREN["well"]), VISITED, standard())
    assert (found.rule, found.danger, found.by_when) == (
        "sam_suspected",
        True,
        VISITED + dt.timedelta(5),
    )
    small = with_sam_found(candidate(SCORED, **CHILDREN["four months old"]), VISITED, standard())
    assert (small.rule, small.next_step) == ("under_six_months", "admit_nrc")
    measured_since = replace(found, facts=found.facts | {"record_on": VISITED + dt.timedelta(1)})
    calm = replace(measured_since, danger=False, rule="well", state="screened_well")
    assert with_sam_found(calm, VISITED, standard()) == calm


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_it_means_is_said_in_words(language):
    say = words(language)

    def told(name, kg, mm):
        before = candidate(SCORED, **CHILDREN[name])
        return home_told(with_measures(before, HomeMeasures(VISITED, kg, mm), standard()), say)

    measured = say.say(
        "home", "measured", date=say.day(VISITED), what=f"{say.say('ui', 'muac_line', cm='11.4')}"
    )
    assert told("well", None, 114.0) == [measured, say.say("home", "sam", limit="11.5")]
    assert told("well", 9.3, 115.0)[1:] == [say.say("home", "mam", low="11.5", limit="12.5")]
    assert told("well", 9.3, 125.0)[1:] == [say("home", "not_by_arm")]
    assert told("four months old", None, 112.0)[1:] == [say("home", "infant")]
    assert told("over five", None, 112.0)[1:] == [say.say("home", "older_at_risk", limit="11.5")]
    lost = told("well", 8.0, None)[1]
    assert lost.startswith(
        say.say(
            "home",
            "lost_much",
            less="1.2",
            percent="13",
            kg="9.2",
            date=say.day(dt.date(2026, 2, 14), short=True),
        )[:12]
    )
    assert "13" in lost and "9.2" in lost
    assert home_told(candidate(SCORED, **CHILDREN["well"]), say) == []
