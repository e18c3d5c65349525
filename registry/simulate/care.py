"""Treatment as it is done: suspicion, the medical officer, admission, the weekly weighing, and how
it ends."""

from __future__ import annotations

import math

import numpy as np

from registry.simulate.body import course_of_treatment, lasting_of_gain, stock
from registry.simulate.book import (
    OFFICER,
    TREATMENT,
    close_episode,
    open_episode,
    write_check,
    write_ration,
)
from registry.simulate.chance import happens, normal, uniform
from registry.simulate.compiled import compiled
from registry.simulate.measure import misses_weighing, read_child
from registry.simulate.realised_outcomes import (
    note_admission,
    note_closing,
    note_reading,
    watch_admission,
    watch_discharge,
)
from registry.simulate.records import Book, Centre, Child, Today, Whole
from registry.simulate.state import (
    ANM,
    APPETITE_FAILED,
    APPETITE_NOT_DONE,
    APPETITE_PASSED,
    COMPLICATION,
    CTC,
    CURED,
    DEFAULTED,
    DIED_IN_CARE,
    EDNF,
    LAST_DAY_UNDER_FIVE,
    LEFT_MOVED,
    MEDICAL_OFFICER,
    MOVED,
    NO_GAIN,
    NO_REASON,
    NOT_RECOVERED,
    NRC,
    STEP_DOWN,
    TRANSFERRED,
    VCDC,
)

APPETITE_FAILS, COMPLICATED, NOT_ASSESSED = 0.04, 0.06, 0.10
DEFAULT_A_WEEK = 0.0045
INPATIENT_DAYS = 15
UNCOMPLICATED = np.int64(0)
TREATED_FROM_DAYS = 180


@compiled
def suspect(child: Child, centre: Centre) -> None:
    """After a SAM reading: does the centre report it, and does the child reach the medical
    officer?"""
    age = child.day - child.birth
    if (
        child.officer_due >= 0
        or centre.hides_sam
        or not TREATED_FROM_DAYS <= age < LAST_DAY_UNDER_FIVE - 60
    ):
        return
    watched = 0.25 if child.episodes > 0 else 0.0
    if happens(child, min(centre.vigilance + watched, 0.95)):
        child.officer_due = child.day + 3 + int(5 * uniform(child))


@compiled
def see_officer(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """The medical officer weighs and measures anew (about half of the field's SAM is confirmed) and
    admits."""
    child.officer_due = -1
    read_child(child, centre, book, OFFICER)
    note_reading(child, book)
    child.suspected += 1
    if not child.seen_sam:
        return
    child.confirmed += 1
    failed = happens(child, APPETITE_FAILS + (0.12 if child.ill_days > 0 else 0.0))
    complicated = (
        happens(child, COMPLICATED + (0.10 if child.ill_days > 0 else 0.0)) or child.oedema > 0
    )
    appetite = APPETITE_FAILED if failed else APPETITE_PASSED
    if happens(child, 0.06):
        appetite = APPETITE_NOT_DONE
    assessed = -1 if happens(child, NOT_ASSESSED) else int(complicated)
    to_hospital = appetite == APPETITE_FAILED or (complicated and assessed == 1) or child.oedema > 0
    admit(child, centre, today, book, NRC if to_hospital else centre.programme, appetite, assessed)


@compiled
def admit(
    child: Child,
    centre: Centre,
    today: Today,
    book: Book,
    programme: Whole,
    appetite: Whole,
    complications: Whole,
) -> None:
    """A new episode today: the course of this treatment is drawn, the counters start anew."""
    note_admission(child, book)
    course_of_treatment(child)
    open_episode(book, child, programme, appetite, complications)
    child.admission_weight = child.best_weight = child.weight
    child.flat_weeks = child.well_weeks = 0
    child.absent_since, child.step_down = -1, -1
    child.episodes += 1
    severity = 1 + int(child.whz < -3.6) + int(uniform(child) < 0.35)
    child.sachets = severity
    if programme <= VCDC:
        watch_admission(child)


@compiled
def _close(
    child: Child, centre: Centre, today: Today, book: Book, outcome: Whole, reason: Whole
) -> None:
    note_closing(child, book, outcome, reason)
    was_centre = child.programme <= VCDC
    close_episode(book, child, outcome, reason)
    if outcome != TRANSFERRED:
        lasting_of_gain(child, today.lean, centre.relapse, centre.set_point)
    child.officer_due = -1
    if outcome == CURED and was_centre:
        watch_discharge(child)
        child.follow_up = child.day + 14


@compiled
def end_care_by_death(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """The episode of a child that died today."""
    _close(child, centre, today, book, DIED_IN_CARE, NO_REASON)


@compiled
def _transfer(
    child: Child, centre: Centre, today: Today, book: Book, reason: Whole, programme: Whole
) -> None:
    _close(child, centre, today, book, TRANSFERRED, reason)
    admit(child, centre, today, book, programme, APPETITE_NOT_DONE, int(reason == COMPLICATION))


@compiled
def _inpatient_day(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """NRC and CTC: about two weeks; then down to the centre, or home at 15 % gain, or gone."""
    if child.day - child.admitted < INPATIENT_DAYS - 4 or not happens(child, 0.22):
        return
    read_child(child, centre, book, OFFICER)
    chance = uniform(child)
    if chance < 0.16 and not child.shadow:
        _close(child, centre, today, book, DEFAULTED, NO_REASON)
    elif chance < 0.70:
        _close(child, centre, today, book, TRANSFERRED, STEP_DOWN)
        child.step_down = 1
        admit(child, centre, today, book, centre.programme, APPETITE_PASSED, UNCOMPLICATED)
    elif chance < 0.94:
        _close(child, centre, today, book, CURED, NO_REASON)
    else:
        _close(child, centre, today, book, NOT_RECOVERED, NO_REASON)


@compiled
def _who_examines(child: Child) -> Whole:
    """Every fortnight the medical officer, else the ANM; one check in nine does not say who
    examined."""
    days = child.day + child.phase
    if days % 9 == 0:
        return -1
    return MEDICAL_OFFICER if days % 14 == 2 else ANM


@compiled
def _check_day(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """Twice a week a nurse or medical officer looks at the child; a grave illness sends it to the
    NRC."""
    phase = (child.day + child.phase) % 7
    if (phase != 2 and phase != 5) or child.absent_since >= 0 or not happens(child, 0.72):
        return
    sees = 0.9
    ill = child.ill_days > 0
    poor = happens(child, (0.55 if ill else 0.05) + (0.20 if child.gain < 0.012 else 0.0))
    unknown = happens(child, 0.04)
    diarrhoea = -1 if unknown else int(child.diarrhoea and happens(child, sees))
    fever = -1 if unknown else int(child.fever and happens(child, sees))
    cough = int(child.cough and happens(child, sees))
    grave = ill and child.ill_severity > 0.07 and happens(child, 0.10)
    examiner = _who_examines(child)
    tested: Whole = -1
    if poor and (grave or phase == 5):
        tested = APPETITE_FAILED if grave else APPETITE_PASSED
    write_check(book, child, diarrhoea, fever, cough, int(poor), examiner, tested)
    if grave and not child.shadow:
        _transfer(child, centre, today, book, COMPLICATION, NRC)


@compiled
def _hand_out_food(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """Fortnightly: EDNF sachets as far as the stock goes."""
    days = child.day - child.admitted
    if days % 14 == 0 and child.absent_since < 0:
        supply = stock(centre, today)
        sachets = math.floor(
            14 * child.sachets * min(supply * (1.0 + 0.06 * normal(child)), 1.0) + 0.5
        )
        if sachets > 0:
            write_ration(book, child, EDNF, float(sachets))


@compiled
def _stays_away(child: Child, centre: Centre, today: Today, days: Whole) -> None:
    """Default begins: more in weeks 2 to 5, at festivals and migration, in reluctant and poor
    families."""
    early = 1.7 if 7 <= days <= 35 else 0.8
    leaning = -0.55 * child.adherence - 0.25 * child.food + 0.25 * min(1.0 * child.flat_weeks, 3.0)
    hazard = (
        DEFAULT_A_WEEK * early * math.exp(centre.informative * leaning) * (1.0 + today.migration)
    )
    if child.shadow == 0 and happens(child, hazard):
        child.absent_since = child.day
    elif child.shadow == 0 and happens(child, 0.0007):
        child.absent_since = -2


@compiled
def _review(child: Child, centre: Centre, today: Today, book: Book, days: Whole) -> None:
    """After a weekly weighing: cured, no gain, the longest stay, or on."""
    needed = 1 if centre.pressure > 0.4 else 2
    pressed = days >= 28 and happens(child, centre.pressure * 0.5)
    cut_off = -2.35 if pressed else -2.0
    child.well_weeks = child.well_weeks + 1 if child.seen_z >= cut_off and not child.seen_sam else 0
    if days >= 14 and child.well_weeks >= needed:
        _close(child, centre, today, book, CURED, NO_REASON)
    elif days >= 14 and child.flat_weeks >= 2 and happens(child, 0.10):
        _transfer(child, centre, today, book, NO_GAIN, CTC if happens(child, 0.6) else NRC)
    elif days >= 84 and happens(child, 0.55 if days < 112 else 0.9):
        _close(child, centre, today, book, NOT_RECOVERED, NO_REASON)


@compiled
def _weigh_day(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """The weekly weighing before the parents; heights once a month; missed by about one in
    seven."""
    days = child.day - child.admitted
    if days == 0 or days % 7 != 0:
        return
    _stays_away(child, centre, today, days)
    if child.absent_since != -1 or misses_weighing(child, centre, -2.1):
        return
    read_child(child, centre, book, TREATMENT)
    flat = child.weight < child.best_weight + 0.03
    child.flat_weeks = child.flat_weeks + 1 if flat else 0
    child.best_weight = max(child.best_weight, child.weight)
    _review(child, centre, today, book, days)


@compiled
def care_for(child: Child, centre: Centre, today: Today, book: Book) -> None:
    """A day in treatment."""
    if child.absent_since >= 0 and child.day - child.absent_since >= 14:
        _close(child, centre, today, book, DEFAULTED, NO_REASON)
    elif child.absent_since == -2:
        child.absent_since = -1
        child.present, child.left_on, child.left_reason = 0, child.day, LEFT_MOVED
        _close(child, centre, today, book, TRANSFERRED, MOVED)
    elif child.programme >= NRC:
        _inpatient_day(child, centre, today, book)
    else:
        _hand_out_food(child, centre, today, book)
        _weigh_day(child, centre, today, book)
        if child.programme >= 0 and child.programme <= VCDC:
            _check_day(child, centre, today, book)
