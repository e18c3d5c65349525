"""A rule of the pathway: when it applies, and what follows from it.

"UCDC" in a state's name is the centre at the anganwadi (UCDC in towns, VCDC in villages); "NRC" is
the facility (NRC or CTC).
"""

from __future__ import annotations

from dataclasses import dataclass

from care.pathway.conditions import Condition

SAM_DAYS = ("sam_since", "found_sam_on", "closed_on")
"""From which facts' day the time limits of SAM count: the finding's, or the end of a stay that came
after it."""


@dataclass(frozen=True)
class PathwayRule:
    """If `when` holds: the child is in `state`, and `who` does `step` within `limit` days of the
    latest of `since`.

    `limit` names a value of the protocol; `cites` the values whose source is the rule's own.
    `danger` puts the child before every score.
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
