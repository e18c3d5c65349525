"""The hidden state of a child, of its centre and of a day, as one record each."""

from __future__ import annotations

import numpy as np

from registry.contract.codes import (
    AppetiteTest,
    Examiner,
    LeftReason,
    Programme,
    RationItem,
    StayOutcome,
    TransferReason,
)

FOREVER = 2**31 - 1
"""A day that does not come."""

CHILD = np.dtype(
    [
        # who it is
        ("rng", "u8"),
        ("number", "i4"),
        ("sex", "i1"),
        ("birth", "i4"),
        ("centre", "i4"),
        ("setting", "i1"),
        ("enrolled", "i4"),
        ("phase", "i1"),
        # what it brings with it (drawn once)
        ("haz_birth", "f8"),
        ("haz_later", "f8"),
        ("setpoint", "f8"),
        ("food", "f8"),
        ("lean_gain", "f8"),
        ("frailty", "f8"),
        ("resilience", "f8"),
        ("response", "f8"),
        ("adherence", "f8"),
        ("arm", "f8"),
        ("birth_weight", "f8"),
        # how it is today
        ("day", "i4"),
        ("alive", "i1"),
        ("present", "i1"),
        ("left_on", "i4"),
        ("left_reason", "i1"),
        ("whz", "f8"),
        ("wander", "f8"),
        ("shock", "f8"),
        ("deficit", "f8"),
        ("boost", "f8"),
        ("fade", "f8"),
        ("ill_days", "i2"),
        ("ill_severity", "f8"),
        ("diarrhoea", "i1"),
        ("fever", "i1"),
        ("cough", "i1"),
        ("ill_share", "f8"),
        ("oedema", "i1"),
        ("lost", "i1"),
        # what its centre has written down
        ("next_weighing", "i4"),
        ("follow_up", "i4"),
        ("weight", "f8"),
        ("height", "f8"),
        ("height_day", "i4"),
        ("height_standing", "i1"),
        ("seen_z", "f8"),
        ("seen_valid", "i1"),
        ("seen_sam", "i1"),
        ("seen_day", "i4"),
        ("officer_due", "i4"),
        # where it is in care
        ("programme", "i1"),
        ("episode", "i8"),
        ("admitted", "i4"),
        ("admission_weight", "f8"),
        ("best_weight", "f8"),
        ("flat_weeks", "i2"),
        ("well_weeks", "i2"),
        ("gain", "f8"),
        ("absent_since", "i4"),
        ("sachets", "i1"),
        ("step_down", "i1"),
        ("episodes", "i2"),
        # what becomes of a discharge (relapse) and of an admission (non-response)
        ("cured_on", "i4"),
        ("pending", "i4"),
        ("event_on", "i4"),
        ("last_valid", "i4"),
        ("relapse", "i1"),
        ("treated_on", "i4"),
        ("non_response", "i1"),
        # lived until this day; a forward draw (`shadow` holds its target) writes nothing and is
        # neither lost nor moves
        ("until", "i4"),
        ("shadow", "i1"),
        ("landmark", "i1"),
        ("rows", "i8"),
        # counted for the figures that the simulator prints of itself
        ("days", "i4"),
        ("wasted_days", "i4"),
        ("severe_days", "i4"),
        ("weighings", "i4"),
        ("weighed", "i4"),
        ("suspected", "i4"),
        ("confirmed", "i4"),
    ]
)

CENTRE = np.dtype(
    [
        ("sector", "i4"),
        ("setting", "i1"),
        ("programme", "i8"),
        ("weighing_day", "i2"),
        ("quality", "f8"),
        ("vigilance", "f8"),
        ("hides_sam", "i1"),
        ("copies", "f8"),
        ("measures_arm", "f8"),
        ("says_position", "f8"),
        ("pressure", "f8"),
        ("visits", "f8"),
        ("app", "i1"),
        ("late", "f8"),
        ("stock_seed", "u8"),
        # the dials, the same in every centre
        ("noise", "f8"),
        ("missing", "f8"),
        ("informative", "f8"),
        ("relapse", "f8"),
        ("set_point", "f8"),
    ]
)

TODAY = np.dtype(
    [
        ("lean", "f8"),
        ("sick", "f8"),
        ("migration", "f8"),
        ("month_number", "i4"),
        ("day_of_month", "i2"),
        ("last_month_days", "i2"),
    ]
)
"""A day of the calendar: lean season 0 to 1, illness about 1, migration, and the length of the
month before."""

# Codes are NumPy integers: for each Python constant that it is called with, Numba would compile a
# function anew.
NOT_WATCHED, WATCHED, HAPPENED, DID_NOT_HAPPEN, CENSORED, DIED, FAILED_DISCHARGE = map(
    np.int64, range(7)
)
"""What `child.relapse` and `child.non_response` hold."""

UCDC, VCDC, NRC, CTC = map(np.int64, Programme)
APPETITE_PASSED, APPETITE_FAILED, APPETITE_NOT_DONE = map(np.int64, AppetiteTest)
_WORKER, ANM, MEDICAL_OFFICER = map(np.int64, Examiner)
CURED, DEFAULTED, DIED_IN_CARE, NOT_RECOVERED, TRANSFERRED = map(np.int64, StayOutcome)
NO_GAIN, COMPLICATION, STEP_DOWN, MOVED = map(np.int64, TransferReason)
NO_REASON = np.int64(-1)
LEFT_MOVED, LEFT_DIED, LEFT_AGED_OUT, LEFT_OTHER = map(np.int64, LeftReason)
EDNF, THR, HCM = map(np.int64, RationItem)

LAST_DAY_UNDER_FIVE = 1826
"""Age in days on the last day of WHO's growth standards (the simulator's own number, as all of its
numbers are)."""
