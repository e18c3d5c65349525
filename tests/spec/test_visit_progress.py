"""How far a list has got: each child once, what the run knew is no progress."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from models.visits.list_progress import Progress, progress_of
from tests.support.listed_children import AS_OF, child, in_danger

LATER = AS_OF + dt.timedelta(days=4)
SECTOR = [
    in_danger(1, next_step="admit_nrc"),
    child(2, risk=0.6),
    child(3, risk=0.5),
    child(4, risk=0.01),
]


def progress(now, *, before=SECTOR, capacity=3):
    return progress_of(before, now, as_of=AS_OF, sector_id="S0001", capacity=capacity)


def visited(one, finding, day=LATER):
    return replace(one, last_visited_on=day, last_finding=finding)


def test_nobody_visited_yet():
    assert progress(SECTOR) == Progress(of=3)
    assert not progress(SECTOR).all_done


def test_a_child_seen_counts_and_one_not_at_home_waits():
    now = [visited(SECTOR[0], "sam_again"), visited(SECTOR[1], "away"), *SECTOR[2:]]
    assert progress(now) == Progress(of=3, done=1, away=1)


def test_a_child_beside_the_list_is_told_apart():
    assert progress([*SECTOR[:3], visited(SECTOR[3], "well")]) == Progress(of=3, others=1)


def test_everything_done_and_a_second_visit_counts_no_child_twice():
    """The newest visit of a child is all that the book gives: the earlier one is behind it."""
    now = [visited(one, "well") for one in SECTOR[:3]] + SECTOR[3:]
    again = [visited(now[0], "ill", LATER + dt.timedelta(days=2)), *now[1:]]
    assert progress(now) == progress(again) == Progress(of=3, done=3)
    assert progress(now).all_done


def test_what_the_run_knew_is_no_progress():
    """Visited on the very day of the run, before it was made: the list did not name the child."""
    before = [visited(SECTOR[1], "well", AS_OF), SECTOR[0], *SECTOR[2:]]
    assert progress(before, before=before) == Progress(of=3)


def test_the_places_of_the_scoring_day_stay_when_other_steps_become_late():
    """The list is of the scoring day: who becomes late afterwards takes no place of those done."""
    late = child(
        5, risk=None, by_when=AS_OF, next_step="weigh_weekly", state="in_ucdc", rule="weighing_due"
    )
    before = [*SECTOR, late]
    now = [visited(SECTOR[2], "well"), *SECTOR[:2], SECTOR[3], late]
    assert progress(now, before=before) == Progress(of=3, done=1)


def test_one_place_and_no_list():
    assert progress([visited(SECTOR[0], "ill"), *SECTOR[1:]], capacity=1) == Progress(of=1, done=1)
    assert progress([], before=[]) == Progress() and not Progress().all_done
