"""A child's life from day to day: body, weighings, care, leaving; the loop over children is
compiled."""

from __future__ import annotations

import math

from registry.simulate.body import live_a_day
from registry.simulate.book import REGISTER, write_attendance, write_ration, write_visit
from registry.simulate.care import care_for, end_care_by_death, see_officer, suspect
from registry.simulate.chance import happens, logistic, normal, uniform
from registry.simulate.compiled import compiled
from registry.simulate.measure import misses_weighing, read_child
from registry.simulate.realised_outcomes import end_watches, note_reading, watch_a_day
from registry.simulate.records import Book, Centre, Child, Today
from registry.simulate.state import HCM, LEFT_AGED_OUT, LEFT_MOVED, LEFT_OTHER, THR, WATCHED

AGED_OUT_DAYS = 2192
MOVES_A_MONTH, LEAVES_A_MONTH = 0.0025, 0.0006
LOST_A_MONTH, FOUND_A_MONTH = 0.045, 0.22
LOOKS_THIN = 0.15
"""Share of moderately wasted readings that a worker sends to the medical officer as well."""

PRESCHOOL_DAYS, THR_FROM_DAYS = 1096, 183


@compiled
def _comes_or_goes(child: Child, telling: float) -> None:
    """Once a month: moving away, leaving, losing touch with the centre and coming back.

    telling: the dial `informative`.
    """
    if child.shadow:
        return
    if happens(child, MOVES_A_MONTH * math.exp(-0.3 * telling * child.food)):
        child.present, child.left_on, child.left_reason = 0, child.day, LEFT_MOVED
    elif happens(child, LEAVES_A_MONTH):
        child.present, child.left_on, child.left_reason = 0, child.day, LEFT_OTHER
    elif child.lost:
        child.lost = 0 if happens(child, FOUND_A_MONTH) else 1
    elif child.programme < 0:
        child.lost = happens(child, LOST_A_MONTH * math.exp(-0.5 * telling * child.adherence))


@compiled
def _monthly_lists(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """On the first of a month: attendance of the month before, and the month's take-home ration."""
    age = child.day - child.birth
    if (
        today.last_month_days > 0
        and (age > PRESCHOOL_DAYS or child.programme >= 0)
        and happens(child, 0.9)
    ):
        open_days = 21 + int(5 * uniform(child))
        share = logistic(
            0.9
            + 0.9 * child.adherence
            + 0.25 * child.food
            - 2.5 * child.ill_share
            - 3.0 * child.lost
        )
        attended = int(
            min(max(open_days * (share + 0.08 * normal(child)) + 0.5, 0.0), 1.0 * open_days)
        )
        write_attendance(book, child, child.day - today.last_month_days, open_days, attended)
    fetches = child.lost == 0 and happens(child, logistic(1.2 + 0.5 * child.adherence))
    if THR_FROM_DAYS < age < PRESCHOOL_DAYS and fetches:
        write_ration(book, child, THR, 1.0)
    elif age >= PRESCHOOL_DAYS and child.programme >= 0 and child.lost == 0:
        write_ration(book, child, HCM, float(15 + int(10 * uniform(child))))


@compiled
def _begin_month(child: Child, centre: Centre, today: Today, book: Book) -> None:
    child.next_weighing = child.day + centre.weighing_day + int(4 * uniform(child))
    _comes_or_goes(child, centre.informative)
    if child.present:
        _monthly_lists(child, centre, today, book)


@compiled
def _be_weighed(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """A weighing outside treatment, and what the centre does about it."""
    source = REGISTER + centre.app
    read_child(child, centre, book, source)
    note_reading(child, book)
    if child.seen_sam or (child.seen_z < -2.4 and happens(child, LOOKS_THIN)):
        suspect(child, centre)


@compiled
def _visit_home(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """A home visit after discharge: what a worker finds at the door."""
    seen = child.whz + 0.35 * normal(child)
    ill = 6 if child.ill_days > 0 and (child.fever or child.diarrhoea) else 0
    finding = 2 if child.lost or happens(child, 0.12) else (1 if seen < -3.0 else ill)
    if happens(child, 0.015):
        finding = 4
    write_visit(
        book,
        child,
        finding,
        child.day - 1 - int(12 * uniform(child)) if happens(child, 0.6) else -1,
    )


@compiled
def _follow_up(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """Every fortnight for two months, then every four weeks: come to be weighed, or be visited at
    home."""
    since = child.day - child.cured_on
    child.follow_up = child.day + (14 if since < 56 else 28) if since < 183 else -1
    if happens(child, centre.visits):
        _visit_home(child, centre, today, book)
    if not misses_weighing(child, centre, 0.1):
        _be_weighed(child, centre, today, book)


@compiled
def _at_home(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """A day out of treatment."""
    if child.officer_due == child.day:
        see_officer(child, centre, today, book)
    elif child.day == child.next_weighing:
        child.weighings += 1
        if not misses_weighing(child, centre, -2.7):
            child.weighed += 1
            _be_weighed(child, centre, today, book)
    elif child.relapse == WATCHED and child.day == child.follow_up:
        _follow_up(child, centre, today, book)


@compiled
def _swelling(child: Child) -> None:
    """Bilateral pitting oedema: rare in India, in the severely wasted, for some weeks."""
    if child.oedema == 0 and child.whz < -3.2:
        child.oedema = 2 if happens(child, 0.00025) else 0
    elif child.oedema > 0 and happens(child, 0.06):
        child.oedema = 0


@compiled
def live_on(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """One more day of one child."""
    live_a_day(child, centre, today)
    _swelling(child)
    if not child.alive:
        if child.programme >= 0:
            end_care_by_death(child, centre, today, book)
        end_watches(child, book)
        return
    if today.day_of_month == 1:
        _begin_month(child, centre, today, book)
    if child.day - child.birth >= AGED_OUT_DAYS and not child.shadow:
        child.present, child.left_on, child.left_reason = 0, child.day, LEFT_AGED_OUT
    if child.present and child.programme >= 0:
        care_for(child, centre, today, book)
    elif child.present:
        _at_home(child, centre, today, book)
    if child.present:
        watch_a_day(child, book)
    else:
        end_watches(child, book)
