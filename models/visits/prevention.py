"""Whom each centre's worker watches: the children at it who are most at risk of a first SAM.

Chosen twice by the same words: among all children of a registry, when a scoring run looks for whom
the score book keeps (`most_at_risk`, over arrays), and among those it kept, when a list is made
(`to_watch`, over candidates).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from models.visits.listed_child import Candidate
from models.visits.visit_order import GONE, PREVENTION_FROM, of_prevention
from registry.contract.arrays import AnyArray, Flags

AT_A_CENTRE = 5
"""So many children can be kept in mind beside a centre's other work. verified: false."""
DECIMALS = 9
"""Risks are compared to so many decimals, so that a rounding of the last bit decides nothing."""


def most_at_risk(centre: AnyArray, risk: AnyArray, child_id: AnyArray) -> Flags:
    """Of n children, those to be watched: of each centre (position, -1 none) the `AT_A_CENTRE` of
    the highest risk, from `PREVENTION_FROM` on; ties by id. NaN where a child is not asked."""
    chosen: Flags = np.zeros(len(risk), bool)
    among = np.flatnonzero((centre >= 0) & (np.nan_to_num(risk) >= PREVENTION_FROM))
    keys = child_id[among], -np.round(risk[among], DECIMALS), centre[among]
    ordered = among[np.lexsort(keys)]
    _, begins, counts = np.unique(centre[ordered], return_index=True, return_counts=True)
    place = np.arange(len(ordered)) - np.repeat(begins, counts)
    chosen[ordered[place < AT_A_CENTRE]] = True
    return chosen


def to_watch(children: Iterable[Candidate]) -> dict[str, tuple[Candidate, ...]]:
    """By centre (in the order of ids), those of its children whom its worker watches, the highest
    risk first. Nobody in danger is among them: danger is listed by itself.

    Example: risks of 0.31, 0.12, 0.12, 0.06, 0.04, 0.03 and 0.01 at one centre: the first five, of
    the two alike the one with the smaller id first.
    """
    found: dict[str, list[Candidate]] = {}
    for child in children:
        at_risk = of_prevention(child) and (child.risk or 0.0) >= PREVENTION_FROM
        if at_risk and not child.danger and child.state not in GONE:
            found.setdefault(child.centre_id, []).append(child)
    return {
        centre: tuple(sorted(found[centre], key=_key)[:AT_A_CENTRE]) for centre in sorted(found)
    }


def _key(child: Candidate) -> tuple[float, str]:
    return -round(child.risk or 0.0, DECIMALS), child.child_id
