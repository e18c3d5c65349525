"""What the contract calls the outcome, counted while a life goes on: by realised lives and by
forward draws alike.

Relapse (index: a UCDC/VCDC episode closed as cured): a new admission or a confirmed SAM from day 14
to 183; SAM is confirmed when the next valid reading within 63 days is SAM too, and is dated by the
first. Non-response (index: admission to UCDC/VCDC): not cured in the programme by day 91.
"""

from __future__ import annotations

from registry.simulate.book import NON_RESPONSE, RELAPSE, take_landmark, write_ending
from registry.simulate.compiled import compiled
from registry.simulate.records import Book, Child, Whole
from registry.simulate.state import (
    CENSORED,
    COMPLICATION,
    CURED,
    DID_NOT_HAPPEN,
    DIED,
    DIED_IN_CARE,
    FAILED_DISCHARGE,
    FOREVER,
    HAPPENED,
    MOVED,
    NOT_RECOVERED,
    TRANSFERRED,
    VCDC,
    WATCHED,
)

FROM_DAY, TO_DAY, CONFIRM_WITHIN, FOLLOWED_FROM = 14, 183, 63, 148
LONGEST_TREATMENT = 91


@compiled
def watch_discharge(child: Child) -> None:
    """A cured child goes home: relapse is watched from today."""
    child.cured_on, child.relapse = child.day, WATCHED
    child.pending, child.event_on, child.last_valid = -1, FOREVER, child.day


@compiled
def watch_admission(child: Child) -> None:
    """A child begins UCDC or VCDC: non-response is watched from today."""
    child.treated_on, child.non_response = child.day, WATCHED


@compiled
def _end_relapse(child: Child, book: Book, outcome: Whole) -> None:
    child.relapse = outcome
    if outcome == CENSORED:
        child.event_on = child.last_valid
    write_ending(book, child, RELAPSE, child.cured_on, outcome, child.event_on)


@compiled
def _relapse_on(child: Child, book: Book, event_on: Whole) -> None:
    """An event dated `event_on` is known today: a failed discharge before day 14, nothing after day
    183."""
    since = event_on - child.cured_on
    child.event_on = event_on
    if since < FROM_DAY:
        _end_relapse(child, book, FAILED_DISCHARGE)
    elif since <= TO_DAY:
        _end_relapse(child, book, HAPPENED)


@compiled
def note_reading(child: Child, book: Book) -> None:
    """A valid reading of a discharged child may confirm an earlier one, or wait for the next to do
    so."""
    if child.relapse != WATCHED or not child.seen_valid:
        return
    if child.seen_sam:
        if child.pending >= 0 and child.day - child.pending <= CONFIRM_WITHIN:
            _relapse_on(child, book, child.pending)
        child.pending = child.day
    else:
        child.pending = -1
    child.last_valid = child.day


@compiled
def note_admission(child: Child, book: Book) -> None:
    """A new admission to any programme is the event of a discharged child."""
    if child.relapse == WATCHED:
        _relapse_on(child, book, child.day)


@compiled
def note_closing(child: Child, book: Book, outcome: Whole, reason: Whole) -> None:
    """What the end of a UCDC/VCDC episode says of non-response."""
    if child.non_response != WATCHED or child.programme > VCDC:
        return
    late = child.day - child.treated_on > LONGEST_TREATMENT
    if outcome == NOT_RECOVERED or (
        outcome == TRANSFERRED and reason != COMPLICATION and reason != MOVED
    ):
        result = HAPPENED
    elif outcome == CURED or late:
        result = HAPPENED if late else DID_NOT_HAPPEN
    elif outcome == DIED_IN_CARE:
        result = DIED
    else:
        result = CENSORED
    _end_treatment(child, book, result)


@compiled
def _end_treatment(child: Child, book: Book, outcome: Whole) -> None:
    child.non_response = outcome
    write_ending(book, child, NON_RESPONSE, child.treated_on, outcome, child.day)


@compiled
def _followed_or_censored(child: Child) -> Whole:
    if child.pending < 0 and child.last_valid - child.cured_on >= FOLLOWED_FROM:
        return DID_NOT_HAPPEN
    return CENSORED


@compiled
def end_watches(child: Child, book: Book) -> None:
    """Death competes; leaving and the end of the records censor."""
    if child.relapse == WATCHED:
        _end_relapse(child, book, _followed_or_censored(child) if child.alive else DIED)
    if child.non_response == WATCHED:
        _end_treatment(child, book, CENSORED if child.alive else DIED)


@compiled
def watch_a_day(child: Child, book: Book) -> None:
    """After the day's events: windows that are over, and the landmarks of today."""
    since = child.day - child.cured_on
    if child.relapse == WATCHED:
        if since > TO_DAY and (child.pending < 0 or child.day - child.pending > CONFIRM_WITHIN):
            _end_relapse(child, book, _followed_or_censored(child))
        elif since <= 168 and since % 28 == 0 and child.programme < 0:
            take_landmark(book, child, RELAPSE, child.cured_on)
    if child.non_response == WATCHED:
        since = child.day - child.treated_on
        if since > LONGEST_TREATMENT:
            _end_treatment(child, book, HAPPENED)
        elif since % 7 == 0 and (since <= 28 or since == 42 or since == 56):
            take_landmark(book, child, NON_RESPONSE, child.treated_on)
