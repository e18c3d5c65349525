"""The rules of the pathway, in the order in which they are asked: the first that applies decides.

Each rule is one small pure function over the table of facts (`care.facts.COLUMNS`) and the protocol, giving one
boolean per row, and beside it, as data, what follows: state, next step, who, and from which fact's day and which
value of the protocol the time limit counts.

"UCDC" in a state's name is the centre at the anganwadi (UCDC in towns, VCDC in villages); "NRC" is the facility
(NRC or CTC). The order puts death and leaving first, then what endangers, then treatment, then the rest, so that
no milder rule can hide a graver one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from care.protocol import Protocol
from registry.tables import APPETITE, LEFT_REASON, NEVER, OUTCOME, PROGRAMME, TRANSFER_REASON

UCDC, VCDC, NRC, CTC = (PROGRAMME.index(name) for name in ("UCDC", "VCDC", "NRC", "CTC"))
PASS, FAIL, NOT_DONE = (APPETITE.index(name) for name in ("pass", "fail", "not_done"))
CURED, DEFAULTED, NOT_RECOVERED, TRANSFERRED = (
    OUTCOME.index(name) for name in ("cured", "defaulted", "not_recovered", "transferred")
)
NO_GAIN, COMPLICATION, STEP_DOWN = (TRANSFER_REASON.index(name) for name in ("no_gain", "complication", "step_down"))
LEFT_BY_DEATH = LEFT_REASON.index("died")
CLASSIFIED_UNTIL_DAYS = 1826
"""WHO's weight-for-height and the MUAC limits end here (registry contract, "Words with one meaning")."""

Facts = Mapping[str, np.ndarray]
"""The columns of a facts table; or, for a few children, one row's cells: the rules are the same."""
Mask = np.ndarray
Condition = Callable[[Facts, Protocol], Mask]


@dataclass(frozen=True)
class Rule:
    """If `when` holds: the child is in `state`, and `who` does `step` within `limit` days of the latest of `since`.

    `limit` names a value of the protocol; `cites` the values whose source is the rule's own. `danger` puts the
    child before every score.
    """

    name: str
    when: Condition
    state: str
    step: str
    who: str
    says: str
    since: tuple[str, ...] = ()
    limit: str | None = None
    danger: bool = False
    cites: tuple[str, ...] = ()


# Building blocks


def on_or_after(later: np.ndarray, earlier: np.ndarray) -> Mask:
    """Both days are known and `later` is not before `earlier`."""
    return (later != NEVER) & (earlier != NEVER) & (later >= earlier)


def days_since(facts: Facts, column: str) -> np.ndarray:
    """Days from that fact to the day asked about; far below zero where the fact has no day."""
    return facts["day"] - facts[column]


def within(facts: Facts, column: str, days: float) -> Mask:
    """The fact has a day and it is at most so many days back."""
    return (facts[column] != NEVER) & (days_since(facts, column) <= days)


def longer_than(facts: Facts, column: str, days: float) -> Mask:
    """The fact has a day and it is more than so many days back."""
    return (facts[column] != NEVER) & (days_since(facts, column) > days)


def in_ucdc(facts: Facts, protocol: Protocol) -> Mask:
    """Under treatment at the anganwadi."""
    return (facts["programme"] == UCDC) | (facts["programme"] == VCDC)


def in_nrc(facts: Facts, protocol: Protocol) -> Mask:
    """Under treatment at a facility."""
    return (facts["programme"] == NRC) | (facts["programme"] == CTC)


def sam(facts: Facts, protocol: Protocol) -> Mask:
    """The last valid measurement says SAM, or a home visit since found it again."""
    return (facts["sam"] == 1) | (facts["found_sam_on"] != NEVER)


def sick_or_wasted(facts: Facts, protocol: Protocol) -> Mask:
    """In treatment at the anganwadi, or SAM, MAM or severely underweight."""
    return in_ucdc(facts, protocol) | sam(facts, protocol) | (facts["mam"] == 1) | (facts["suw"] == 1)


def examined_since(facts: Facts, column: str) -> Mask:
    """A medical check on or after the day of that fact."""
    return on_or_after(facts["checked_on"], facts[column])


def sam_examined(facts: Facts, protocol: Protocol) -> Mask:
    """SAM that a medical officer or ANM has seen since."""
    found = np.where(facts["sam"] == 1, facts["sam_since"], facts["found_sam_on"])
    return on_or_after(facts["checked_on"], found)


def appetite_passed(facts: Facts, protocol: Protocol) -> Mask:
    """Passed since the child became SAM; an earlier episode's test does not count."""
    return (facts["appetite_test"] == PASS) & on_or_after(facts["assessed_on"], facts["sam_since"])


def judged_since_close(facts: Facts) -> Mask:
    """Validly measured after the last episode was closed."""
    return (facts["judged_on"] != NEVER) & (facts["judged_on"] > facts["closed_on"])


def well_since_close(facts: Facts) -> Mask:
    """Validly measured after the last episode was closed, and neither SAM nor MAM."""
    return judged_since_close(facts) & (facts["sam"] == 0) & (facts["mam"] != 1)


def recently_cured(facts: Facts, protocol: Protocol) -> Mask:
    """Discharged as cured and still within the follow-up."""
    return within(facts, "discharged_on", protocol["follow_up_days"])


# Gone


def died(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["died"] == 1) | (facts["left_reason"] == LEFT_BY_DEATH)


def left(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["left_reason"] >= 0) | (facts["moved"] == 1)


def grown_out(facts: Facts, protocol: Protocol) -> Mask:
    return facts["age_days"] >= protocol["programme_until_days"]


# To a facility


def oedema(facts: Facts, protocol: Protocol) -> Mask:
    return facts["oedema_grade"] >= protocol["oedema_to_nrc_from_grade"]


def complication(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["complication"] == 1) & sick_or_wasted(facts, protocol)


def appetite_failed(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["appetite_test"] == FAIL) & (in_ucdc(facts, protocol) | sam(facts, protocol))


def under_six_months(facts: Facts, protocol: Protocol) -> Mask:
    young = (facts["age_days"] >= 0) & (facts["age_days"] < protocol["nrc_under_days"])
    return young & (sam(facts, protocol) | in_ucdc(facts, protocol))


def not_arrived(facts: Facts, protocol: Protocol) -> Mask:
    reason = facts["transfer_reason"]
    sent = (facts["outcome"] == TRANSFERRED) & ((reason == NO_GAIN) | (reason == COMPLICATION))
    from_ucdc = (facts["closed_programme"] == UCDC) | (facts["closed_programme"] == VCDC)
    return sent & from_ucdc & (facts["programme"] < 0) & ~well_since_close(facts)


# In treatment at the anganwadi


def weight_lost(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & (facts["weight_loss_share"] > protocol["weight_loss_share"])


def exit_met(facts: Facts, protocol: Protocol) -> Mask:
    met = facts["exit_visits_met"] >= protocol["exit_visits"]
    return in_ucdc(facts, protocol) & met & ~sam(facts, protocol)


def no_gain(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & (facts["gain_kg"] <= protocol["no_gain_kg"])


def too_long(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & longer_than(facts, "admitted_on", protocol["longest_stay_days"])


def admitted_untested(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & (facts["appetite_test"] == NOT_DONE)


def eats_poorly(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & (facts["poor_appetite"] == 1) & examined_since(facts, "admitted_on")


def absent(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["missed_weighings_days"]
    unseen = ~within(facts, "weighed_on", limit - 1)
    return in_ucdc(facts, protocol) & unseen & ~within(facts, "admitted_on", limit - 1)


def weighing_late(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["weigh_every_days"]
    unseen = ~within(facts, "weighed_on", limit) & ~within(facts, "admitted_on", limit)
    return in_ucdc(facts, protocol) & unseen


def stay_unreviewed(facts: Facts, protocol: Protocol) -> Mask:
    stay = protocol["usual_stay_days"]
    unreviewed = (facts["checked_on"] != NEVER) & (facts["checked_on"] - facts["admitted_on"] < stay)
    return in_ucdc(facts, protocol) & ~within(facts, "admitted_on", stay - 1) & unreviewed


def height_due(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["measure_height_every_days"]
    return in_ucdc(facts, protocol) & ~within(facts, "height_on", limit - 1)


def check_late(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["check_every_days"]
    return in_ucdc(facts, protocol) & longer_than(facts, "checked_on", limit) & ~within(facts, "admitted_on", limit)


# SAM, not in treatment


def again(facts: Facts, protocol: Protocol) -> Mask:
    found = np.where(facts["sam"] == 1, facts["sam_since"], facts["found_sam_on"])
    return sam(facts, protocol) & recently_cured(facts, protocol) & (found > facts["discharged_on"])


def again_passed(facts: Facts, protocol: Protocol) -> Mask:
    return again(facts, protocol) & appetite_passed(facts, protocol)


def again_examined(facts: Facts, protocol: Protocol) -> Mask:
    return again(facts, protocol) & sam_examined(facts, protocol)


def sam_passed(facts: Facts, protocol: Protocol) -> Mask:
    return sam(facts, protocol) & appetite_passed(facts, protocol)


def sam_confirmed(facts: Facts, protocol: Protocol) -> Mask:
    return sam(facts, protocol) & sam_examined(facts, protocol)


# Out of treatment


def defaulted(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["outcome"] == DEFAULTED) & (facts["programme"] < 0) & ~judged_since_close(facts)


def not_recovered(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["outcome"] == NOT_RECOVERED) & (facts["programme"] < 0) & ~well_since_close(facts)


def back_from_nrc(facts: Facts, protocol: Protocol) -> Mask:
    from_nrc = (facts["closed_programme"] == NRC) | (facts["closed_programme"] == CTC)
    stepped = (facts["outcome"] == CURED) | (facts["transfer_reason"] == STEP_DOWN)
    recent = within(facts, "closed_on", protocol["follow_up_days"])
    return from_nrc & stepped & recent & (facts["programme"] < 0) & ~well_since_close(facts)


def underweight(facts: Facts, protocol: Protocol) -> Mask:
    return facts["suw"] == 1


def underweight_unexamined(facts: Facts, protocol: Protocol) -> Mask:
    return underweight(facts, protocol) & ~examined_since(facts, "suw_since")


def too_old(facts: Facts, protocol: Protocol) -> Mask:
    return facts["age_days"] > CLASSIFIED_UNTIL_DAYS


def mam(facts: Facts, protocol: Protocol) -> Mask:
    return facts["mam"] == 1


def well(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["sam"] == 0) & within(facts, "judged_on", protocol["status_holds_days"])


def unjudged(facts: Facts, protocol: Protocol) -> Mask:
    return within(facts, "measured_on", protocol["status_holds_days"])


def anyone(facts: Facts, protocol: Protocol) -> Mask:
    return facts["day"] == facts["day"]
