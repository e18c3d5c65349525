"""The order in which the pathway's rules are asked: the first that applies decides.

Death and leaving first, then what endangers, then treatment, then the rest, so that no milder rule can hide a graver
one.
"""

from __future__ import annotations

from care.evidence import Condition, Facts, in_ucdc, sam
from care.protocol import Protocol
from care.rule import Rule
from care.rules.after import AFTER
from care.rules.at_risk import AT_RISK
from care.rules.ended import ENDED
from care.rules.facility import FACILITY
from care.rules.gone import GONE
from care.rules.screening import SCREENING
from care.rules.treatment import TREATMENT
from care.rules.untreated import UNTREATED


def always(facts: Facts, protocol: Protocol) -> bool:
    """Asked of every child."""
    return True


GUARDED: tuple[tuple[Condition, tuple[Rule, ...]], ...] = (
    (always, GONE), (always, FACILITY), (in_ucdc, TREATMENT), (always, ENDED), (sam, UNTREATED), (always, AT_RISK),
    (always, AFTER), (always, SCREENING),
)
"""The rules in their order, by what each of a group asks first: for one child, a group is passed over at once."""
ORDER: tuple[Rule, ...] = (
    *GONE, *FACILITY, *TREATMENT, *ENDED, *UNTREATED, *AT_RISK, *AFTER, *SCREENING,
)
