"""The first look of a scoring run at every child of a part of a registry: whom the score book
keeps, and what the questions put to untreated children add up to.

Most children of a registry are asked whether they may soon be SAM, and nearly all of them are well.
So this look makes their risk without reasons, keeps those whom somebody must watch, and counts the
others by sector; the second look (`serving.book.scoring.book_rows`) makes the kept ones' rows. It
is made again when a broken-off run goes on, and gives the same children.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from care.pathway.decide import LEVEL_OF_CARE, STATES, WHO, Placed
from features.trajectory.trace import Trace
from models.expected_events import AtRisk
from models.scoring import Questions
from models.targets import TARGETS, Asked
from models.visits.prevention import most_at_risk
from registry.contract.arrays import AnyArray, Flags
from registry.contract.registry import NEVER, day_date
from serving.book.escalation.escalation_kinds import DEAD, DIED, escalation_facts, opens, visits_of
from serving.book.scoring.book_rows import Scoring

RECENT_DAYS = 183
"""A child is kept in the book for the six months after a discharge in which a relapse counts."""
WATCHED = np.array([LEVEL_OF_CARE[state] >= 2 for state in STATES])
"""States that ask for more than the monthly weighing of every child."""
NOT_THE_WORKERS = np.array([who not in ("nobody", "awc_worker") for who in WHO])
"""Who does a step that the worker of the centre cannot do alone."""
LOOK = 2_000
"""Children looked at in one step: bounds the memory, and changes no result."""


@dataclass(frozen=True)
class FirstLook:
    """`kept`: by position in the registry, whether the book keeps the child. `risks`: by target
    that untreated children are asked, (n, 3) risk, low and high, NaN where not asked; `sector`: the
    id of each child's sector, empty where it has none."""

    kept: Flags
    sector: AnyArray
    risks: Mapping[str, AnyArray]

    def at_risk(self) -> dict[str, dict[str, list[AtRisk]]]:
        """By target and sector all children asked, kept or not, with the share of their risk that
        falls into the next month (counted from today: a day is its own index)."""
        found: dict[str, dict[str, list[AtRisk]]] = {}
        for target, risks in self.risks.items():
            share, of_target = TARGETS[target].month_share(0.0), found.setdefault(target, {})
            for at in np.flatnonzero((self.sector != "") & ~np.isnan(risks[:, 0])):
                risk, low, high = map(float, risks[at])
                one = AtRisk(risk, low, high, share)
                of_target.setdefault(str(self.sector[at]), []).append(one)
        return found


def first_look(
    scoring: Scoring,
    progress: Callable[[int], None] = lambda done: None,
    *,
    escalated: Collection[str] = (),
) -> FirstLook:
    """Look at every child that is asked in this part of the registry (`Scoring.own_centres`);
    `progress` hears how many are done.

    escalated: ids of children whom an officer is to see to, or was
    (`serving.book.escalation.escalation_records.children_in_sight`): they are kept, whatever their
    state.

    Kept are children of a sector who are in treatment, within 183 days of a discharge, in danger,
    in a state that is watched, to be examined, dead since not long ago, or among those at their
    centre who are most at risk of a first SAM (`models.visits.prevention`).
    """
    children = len(scoring.registry.child_ids)
    danger, seen_to = np.zeros(children, bool), set(escalated)
    asks = np.array([child_id in seen_to for child_id in scoring.registry.child_ids], bool)
    centre = np.full(children, -1, np.int64)
    risks = {name: np.full((children, 3), np.nan) for name in _asked_untreated(scoring)}
    own = scoring.own_children()
    for start in range(0, len(own), LOOK):
        part = child = own[start : start + LOOK]
        day = np.full(len(child), scoring.day, np.int32)
        questions = Questions(scoring.clock, child, day, context=scoring.context)
        # Neither a stay nor a rule hangs on priors: those that the risk is made from will do.
        traced = questions.traced(scoring.bundles.get(next(iter(risks), next(iter(TARGETS)))))
        placed = scoring.placed(traced)
        asks[part] |= _asks(scoring.day, traced, placed) | _lately_dead(scoring, traced, placed)
        danger[part] = placed.danger
        centre[part] = traced.known.children["centre"]
        for name, found in risks.items():
            told = questions.risk(TARGETS[name], scoring.bundles[name])
            found[part] = np.stack(told, axis=1)
        progress(start + len(child))
    sector = np.append(scoring.places.sector, "")[centre]
    kept = asks
    for found in risks.values():
        risk = np.where(danger, np.nan, found[:, 0])
        kept = kept | most_at_risk(centre, risk, scoring.registry.child_ids)
    return FirstLook(kept & (sector != ""), sector, risks)


def _asked_untreated(scoring: Scoring) -> list[str]:
    """The targets with a model that nearly every child of a registry is asked."""
    return [
        name
        for name, target in TARGETS.items()
        if target.asked is Asked.UNTREATED and name in scoring.bundles
    ]


def _asks(day: int, traced: Trace, placed: Placed) -> Flags:
    """In treatment, within 183 days of a discharge, in danger, in a state that is watched, or to be
    seen by an ANM, a medical officer or the NRC."""
    stays = traced.stays
    opened = (stays.admitted_on != NEVER) & (stays.closed_on == NEVER)
    recent = (stays.closed_on != NEVER) & (day - stays.closed_on.astype(np.int64) <= RECENT_DAYS)
    asks: Flags = opened | recent | placed.danger | WATCHED[placed.state]
    asks |= NOT_THE_WORKERS[placed.who]
    return asks


def _lately_dead(scoring: Scoring, traced: Trace, placed: Placed) -> Flags:
    """Died, as far as the records say when, so lately that an officer hears of it
    (`serving.book.escalation.escalation_kinds.opens`)."""
    found: Flags = placed.state == STATES.index(DEAD)
    for at in np.flatnonzero(found).tolist():
        on = escalation_facts(placed, at, visits_of(traced, at))["died_on"]
        found[at] = on is not None and opens(DIED, on, day_date(scoring.day))
    return found
