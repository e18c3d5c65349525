"""The order in which the pathway's rules are asked: the first that applies decides.

Death and leaving first, then what endangers, then treatment, then the rest, so that no milder rule
can hide a graver one.
"""

from __future__ import annotations

from typing import cast

from care.pathway.conditions import Condition, Facts, Mask, Numbers, in_ucdc, sam
from care.pathway.rule import PathwayRule
from care.pathway.rules.after import AFTER
from care.pathway.rules.at_risk import AT_RISK
from care.pathway.rules.ended import ENDED
from care.pathway.rules.facility import FACILITY
from care.pathway.rules.gone import GONE
from care.pathway.rules.screening import SCREENING
from care.pathway.rules.treatment import TREATMENT
from care.pathway.rules.untreated import UNTREATED


def always(facts: Facts, protocol: Numbers) -> Mask:
    """True of every child, in one value also for a whole table."""
    return cast(Mask, True)


GUARDED: tuple[tuple[Condition, tuple[PathwayRule, ...]], ...] = (
    (always, GONE),
    (always, FACILITY),
    (in_ucdc, TREATMENT),
    (always, ENDED),
    (sam, UNTREATED),
    (always, AT_RISK),
    (always, AFTER),
    (always, SCREENING),
)
"""The rules in their order, by what each of a group asks first: for one child, a group is passed
over at once."""
ORDER: tuple[PathwayRule, ...] = (
    *GONE,
    *FACILITY,
    *TREATMENT,
    *ENDED,
    *UNTREATED,
    *AT_RISK,
    *AFTER,
    *SCREENING,
)
