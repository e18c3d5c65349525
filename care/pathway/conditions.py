"""What the facts say of a child today: the building blocks of the rules, and how long a finding
holds.

Evidence has a shelf life (`finding_holds_days`): a SAM reading, a failed test or a complication is
a danger while it is recent, and a reason to measure again after that.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping

import numpy as np

from registry.contract import registry
from registry.contract.arrays import Flags
from registry.contract.codes import AppetiteTest, LeftReason, Programme, StayOutcome, TransferReason
from registry.contract.days import LAST_DAY_UNDER_FIVE
from registry.contract.registry import Table

# Plain numbers, as below: a member of an enumeration takes longer to look up and to compare.
UCDC, VCDC, NRC, CTC = map(int, Programme)
PASS, FAIL, NOT_DONE = map(int, AppetiteTest)
CURED, DEFAULTED, DIED, NOT_RECOVERED, TRANSFERRED = map(int, StayOutcome)
NO_GAIN, COMPLICATION, STEP_DOWN, _MOVED = map(int, TransferReason)
LEFT_BY_DEATH = int(LeftReason.DIED)
NEVER = int(registry.NEVER)
"""As a plain number: beside one child's cells NumPy's scalars are ten times slower."""
SHARE_ROUNDING = 1e-9
"""9.5 kg after 10.0 kg is five per cent and not more, whatever the last bit of a float says."""
CLASSIFIED_UNTIL_DAYS = LAST_DAY_UNDER_FIVE
"""WHO's weight-for-height and the MUAC limits end here (registry contract, "Words with one
meaning")."""


class Mask(typing.Protocol):
    """True or false: of each row of a facts table (an array of bool), or of one row (a bool)."""

    def __and__(self, other: Mask, /) -> Mask: ...
    def __or__(self, other: Mask, /) -> Mask: ...
    def __xor__(self, other: bool, /) -> Mask: ...


class Cells(typing.Protocol):
    """A fact: of each row of a facts table (a column), or of one row (a number)."""

    def __eq__(self, other: object, /) -> Mask: ...  # type: ignore[override]  # as an array's
    def __ne__(self, other: object, /) -> Mask: ...  # type: ignore[override]  # as an array's
    def __lt__(self, other: Cells | float, /) -> Mask: ...
    def __le__(self, other: Cells | float, /) -> Mask: ...
    def __gt__(self, other: Cells | float, /) -> Mask: ...
    def __ge__(self, other: Cells | float, /) -> Mask: ...
    def __add__(self, other: Cells | float, /) -> Cells: ...
    def __sub__(self, other: Cells | float, /) -> Cells: ...
    def __mul__(self, other: Cells | float, /) -> Cells: ...
    def __truediv__(self, other: Cells | float, /) -> Cells: ...


Facts = Mapping[str, Cells]
"""The columns of a facts table; or, for a few children, one row's cells as plain numbers: the rules
are the same."""
Numbers = Mapping[str, float]
"""The protocol's values by name."""
Condition = Callable[[Facts, Numbers], Mask]


def rows_where(condition: Condition, facts: Table, protocol: Numbers) -> Flags:
    """For each row of a facts table, whether a condition is true."""
    mask = np.asarray(condition(typing.cast(Facts, facts), protocol))
    return np.broadcast_to(mask, facts.rows)


def logical_not(mask: Mask) -> Mask:
    """Where a mask is false; unlike `~`, also for the plain True and False of one child's cells."""
    return mask ^ True


def on_or_after(later: Cells, earlier: Cells) -> Mask:
    """Both days are known and `later` is not before `earlier`."""
    return (later != NEVER) & (earlier != NEVER) & (later >= earlier)


def within(facts: Facts, column: str, days: float) -> Mask:
    """The fact has a day and it is at most so many days back."""
    on = facts[column]
    return (on != NEVER) & (facts["day"] - on <= days)


def longer_than(facts: Facts, column: str, days: float) -> Mask:
    """The fact has a day and it is more than so many days back."""
    on = facts[column]
    return (on != NEVER) & (facts["day"] - on > days)


def in_ucdc(facts: Facts, protocol: Numbers) -> Mask:
    """Under treatment at the anganwadi."""
    return (facts["programme"] == UCDC) | (facts["programme"] == VCDC)


def in_nrc(facts: Facts, protocol: Numbers) -> Mask:
    """Under treatment at a facility."""
    return (facts["programme"] == NRC) | (facts["programme"] == CTC)


def holds(facts: Facts, column: str, protocol: Numbers) -> Mask:
    """That fact's evidence is still evidence: not older than the protocol lets a finding hold."""
    return within(facts, column, protocol["finding_holds_days"])


def classifiable(facts: Facts, protocol: Numbers) -> Mask:
    """Not over five years on the day asked about: WHO's weight-for-height ends there."""
    return facts["age_days"] <= CLASSIFIED_UNTIL_DAYS


def reads_sam(facts: Facts, protocol: Numbers) -> Mask:
    """A reading of SAM that nothing has answered, and it is recent, and the child is of an age to
    be judged by it."""
    return (facts["sam"] == 1) & holds(facts, "sam_on", protocol) & classifiable(facts, protocol)


def sam(facts: Facts, protocol: Numbers) -> Mask:
    """SAM now, as far as is known: a finding that stands, or a home visit's since; either is
    recent.

    Example: an arm of 108 mm on 2026-03-02 is SAM until an arm is measured again, a weighing of
    2026-03-16 or not; from 2026-05-05 (64 days) on it is a reason to measure again, and no longer
    SAM today.
    """
    return reads_sam(facts, protocol) | holds(facts, "found_sam_on", protocol)


def sam_found_on(facts: Facts, protocol: Numbers) -> Cells:
    """Since when the child is SAM: the first of the unbroken readings, else the home visit."""
    read = reads_sam(facts, protocol)
    if isinstance(read, bool):
        return facts["sam_since"] if read else facts["found_sam_on"]
    columns = (np.asarray(column) for column in (facts["sam_since"], facts["found_sam_on"]))
    return typing.cast(Cells, np.where(np.asarray(read), *columns))


def last_found_sam(facts: Facts) -> Mask:
    """The last that was found, however long ago, was SAM."""
    return (facts["sam"] == 1) | (facts["found_sam_on"] != NEVER)


def underweight(facts: Facts, protocol: Numbers) -> Mask:
    """The last weight for age says severely underweight, and it is recent."""
    recent = holds(facts, "suw_on", protocol) | holds(facts, "suw_since", protocol)
    return (facts["suw"] == 1) & recent & classifiable(facts, protocol)


def mam(facts: Facts, protocol: Numbers) -> Mask:
    """The last valid measurement, or an arm measured since, says MAM, and it is recent."""
    recent = holds(facts, "judged_on", protocol) | holds(facts, "mam_on", protocol)
    return (facts["mam"] == 1) & recent & classifiable(facts, protocol)


def birth_date_unsure(facts: Facts, protocol: Numbers) -> Mask:
    """The child was weighed lately, and what that says hangs on a birth date that is not known to
    the day: whether the child is wasted (with a height of that day), or how underweight."""
    limit, on = protocol["screen_every_days"], facts["age_unsure_on"]
    with_height = (facts["height_on"] != NEVER) & (facts["height_on"] >= on)
    return (
        within(facts, "age_unsure_on", limit)
        & (on >= facts["weighed_on"])
        & (with_height | within(facts, "judged_on", limit))
        & classifiable(facts, protocol)
    )


def in_current_stay(facts: Facts, protocol: Numbers) -> Mask:
    """Under treatment at the anganwadi, in a stay of which something was heard.

    A stay beyond the longest length in which nothing was measured or checked for as long as a
    finding holds is one that the register forgot to close: it says nothing of today.
    """
    heard = holds(facts, "measured_on", protocol) | holds(facts, "weighed_on", protocol)
    heard = heard | holds(facts, "checked_on", protocol)
    return in_ucdc(facts, protocol) & (
        heard | within(facts, "admitted_on", protocol["longest_stay_days"])
    )


def sick_or_wasted(facts: Facts, protocol: Numbers) -> Mask:
    """In treatment at the anganwadi, or last found SAM, MAM or severely underweight."""
    return (
        in_ucdc(facts, protocol) | last_found_sam(facts) | (facts["mam"] == 1) | (facts["suw"] == 1)
    )


def examined_since(facts: Facts, column: str) -> Mask:
    """A check by an ANM or medical officer on or after the day of that fact."""
    return on_or_after(facts["checked_on"], facts[column])


def sam_examined(facts: Facts, protocol: Numbers) -> Mask:
    """SAM that a medical officer or ANM has seen since, and not too long ago (a worker's own check
    is none)."""
    return on_or_after(facts["checked_on"], sam_found_on(facts, protocol)) & holds(
        facts, "checked_on", protocol
    )


def appetite_passed(facts: Facts, protocol: Numbers) -> Mask:
    """Passed since the child became SAM and not too long ago; an earlier stay's test does not
    count."""
    since = on_or_after(facts["tested_on"], sam_found_on(facts, protocol)) & holds(
        facts, "tested_on", protocol
    )
    return (facts["appetite_test"] == PASS) & since


def judged_since_close(facts: Facts) -> Mask:
    """Validly measured after the last episode was closed."""
    return (facts["judged_on"] != NEVER) & (facts["judged_on"] > facts["closed_on"])


def well_since_close(facts: Facts) -> Mask:
    """Validly measured after the last episode was closed, and neither SAM nor MAM."""
    return judged_since_close(facts) & (facts["sam"] == 0) & (facts["mam"] != 1)


def seen_by_officer(facts: Facts, column: str) -> Mask:
    """A medical officer examined the child on or after the day of that fact."""
    return on_or_after(facts["reviewed_on"], facts[column])


def examined_and_settled(facts: Facts, column: str, protocol: Numbers) -> Mask:
    """Examined since that fact's day, and no illness was found that a medical officer has not
    seen."""
    return examined_since(facts, column) & logical_not(ill_unseen(facts, protocol))


def ill_now(facts: Facts, protocol: Numbers) -> Mask:
    """Fever, diarrhoea or poor appetite where last assessed, recently; each is answered only by
    assessing it again."""
    days = protocol["illness_holds_days"]
    poor = (facts["poor_appetite"] == 1) & within(facts, "poor_on", days)
    return ((facts["ill"] == 1) & within(facts, "ill_on", days)) | poor


def ill_unseen(facts: Facts, protocol: Numbers) -> Mask:
    """Ill now, and no medical officer has examined the child on that day or since."""
    days = protocol["illness_holds_days"]
    ill = (
        (facts["ill"] == 1)
        & within(facts, "ill_on", days)
        & logical_not(seen_by_officer(facts, "ill_on"))
    )
    poor = (
        (facts["poor_appetite"] == 1)
        & within(facts, "poor_on", days)
        & logical_not(seen_by_officer(facts, "poor_on"))
    )
    return ill | poor


def out_of_treatment(facts: Facts) -> Mask:
    """In no stay that is open."""
    return facts["programme"] < 0


def height_doubted(facts: Facts) -> Mask:
    """The height in use was copied for months, or is shorter than before
    (`care.pathway.heights`)."""
    return facts["height_doubt"] > 0


def infant(facts: Facts, protocol: Numbers) -> Mask:
    """Under six months."""
    return (facts["age_days"] >= 0) & (facts["age_days"] < protocol["nrc_under_days"])


def weight_fell(facts: Facts, protocol: Numbers, share: float) -> Mask:
    """Out of treatment, six months to five years old, more than a share under the median of the
    three months before the last weight, which is recent, and not examined since.

    Example: 14.3, 14.7 and, 62 days later, 12.5 kg: 13.8 % under 14.5 kg."""
    fell = (facts["recent_loss_share"] > share + SHARE_ROUNDING) & holds(
        facts, "weighed_on", protocol
    )
    of_age = classifiable(facts, protocol) & (facts["age_days"] >= protocol["nrc_under_days"])
    unseen = logical_not(examined_and_settled(facts, "weighed_on", protocol))
    return fell & of_age & unseen & out_of_treatment(facts)


def recently_cured(facts: Facts, protocol: Numbers) -> Mask:
    """Discharged as cured and still within the follow-up."""
    return within(facts, "discharged_on", protocol["follow_up_days"])
