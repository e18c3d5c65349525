"""Which figures of sectors are withheld: decided once for all that one person is shown, in the API
and on the page.

A count of one to four children is withheld, and with it others, lest it be worked out from what is
shown beside it: states add up to children in treatment and not, these to all children, and sectors
to the whole, where that is told. How the others are chosen: `care/programme/disclosure_control.py`.
What the programme's indicators of the last month withhold of a sector is withheld here too: they
count the same children wherever a run is of the month's last day of records.
What remains are bounds that follow from noughts and sums.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from care.pathway.decide import STATES
from care.programme.areas import Areas
from care.programme.disclosure_control import withheld
from models.visits.ranking import IN_TREATMENT
from registry.contract.arrays import Flags
from registry.small_counts import SMALLEST_CELL, is_small

WHOLE_FACTS = ("children_in_registry", "children", "in_danger", "scored", "drift_psi")
"""What a run's facts tell of the whole registry: for a scope of the whole state alone."""


IN_PROGRAMME = {"in_treatment": "in_treatment", "in_danger": "danger", "overdue": "overdue"}
"""Counts of a sector's book, and what the programme's indicators of a month call the same
children."""


CountOf = Callable[[dict[str, Any]], int]
CountsOf = Callable[[dict[str, Any]], list[int]]
"""One count, and several, of one sector's figures."""


@dataclass(frozen=True)
class ShownFigures:
    """A sector's figures as they may be shown; None is withheld. `scored`: by target, children with
    a risk."""

    children: int | None
    in_treatment: int | None
    in_danger: int | None
    overdue: int | None
    visited_ever: int | None
    visited_lately: int | None
    by_state: dict[str, int | None]
    scored: dict[str, int | None]


@dataclass(frozen=True)
class Decided:
    """Every sector's figures, and the whole's totals by name, as they may be shown together."""

    sectors: dict[str, ShownFigures]
    totals: dict[str, int | None]


def withheld_of(month: Mapping[str, Any] | None) -> frozenset[str]:
    """The counts of a sector's book that the programme's indicators of its last month withhold;
    none where there is no such month."""
    if not month:
        return frozenset()
    return frozenset(name for name, other in IN_PROGRAMME.items() if month.get(other) is None)


def decided(
    found: Mapping[str, dict[str, Any]],
    *,
    whole_is_told: bool,
    beside: Mapping[str, Collection[str]],
    states_are_told: bool = True,
) -> Decided:
    """What is shown of these sectors' figures (`serving.book.sector_figures`);
    whole_is_told: their sums are shown too; beside: by sector, what the programme withholds of it
    (`withheld_of`);
    states_are_told: without it no sector has `by_state`; the rest is the same.

    Example: sectors of 3 and 9 children, whose sum of 12 is told: neither 3 nor 9 is shown.
    """
    if not found:
        return Decided({}, {})
    table = _Table(list(found.values()), whole_is_told)
    children = table.shown(["children"], lambda one: [one["children"]])
    sides = table.shown(
        ["treated", "other"],
        lambda one: [one["in_treatment"], one["children"] - one["in_treatment"]],
    )
    # Who knows both sides knows all children.
    sides["treated"] = [
        side if all_ is not None else None
        for side, all_ in zip(sides["treated"], children["children"], strict=False)
    ]
    _withhold_beside(sides["treated"], found, beside, "in_treatment")
    states = _states(table, sides["treated"]) if states_are_told else [{} for _ in found]
    simple: dict[str, CountOf] = {
        "in_danger": lambda one: one["in_danger"],
        "overdue": lambda one: one["overdue"],
        "ever": lambda one: one["visits"]["ever"],
        "lately": lambda one: one["visits"]["lately"],
    }
    counts = {name: table.shown([name], _alone(of))[name] for name, of in simple.items()}
    for name in ("in_danger", "overdue"):
        _withhold_beside(counts[name], found, beside, name)
    targets = sorted({target for one in found.values() for target in one["risks"]})
    scored = {target: table.shown([target], _alone(_scored(target)))[target] for target in targets}
    sectors = {
        name: ShownFigures(
            children["children"][at],
            sides["treated"][at],
            counts["in_danger"][at],
            counts["overdue"][at],
            counts["ever"][at],
            counts["lately"][at],
            states[at],
            {target: scored[target][at] for target in targets},
        )
        for at, name in enumerate(found)
    }
    totals = (
        {"children": children["children"][-1], "in_danger": counts["in_danger"][-1]}
        if whole_is_told
        else {}
    )
    return Decided(
        sectors,
        totals | ({f"scored {one}": scored[one][-1] for one in targets} if whole_is_told else {}),
    )


def _withhold_beside(
    counts: list[int | None],
    sectors: Iterable[str],
    beside: Mapping[str, Collection[str]],
    name: str,
) -> None:
    for at, sector in enumerate(sectors):
        if name in beside.get(sector, ()):
            counts[at] = None


def _alone(of: CountOf) -> CountsOf:
    return lambda one: [of(one)]


def _scored(target: str) -> CountOf:
    def count(one: dict[str, Any]) -> int:
        found: int = one["risks"].get(target, {"scored": 0})["scored"]
        return found

    return count


def _in_states(states: Sequence[str]) -> CountsOf:
    return lambda one: [one["states"].get(state, 0) for state in states]


class _Table:
    """The sectors side by side, and the whole below them where it is told."""

    def __init__(self, figures: Sequence[dict[str, Any]], whole_is_told: bool):
        self.figures = figures
        own = np.arange(len(figures))[None]
        if whole_is_told:
            own = np.concatenate([own, np.zeros_like(own)])
        self.areas = Areas.from_places(own.astype(np.int64), [len(figures), 1][: len(own)])

    def shown(
        self, names: Sequence[str], of: CountsOf, *, among: Flags | None = None
    ) -> dict[str, list[int | None]]:
        """By name its count in each sector (and, last, in the whole), None where it is withheld.

        of: the counts of one sector's figures; several add up to a known sum. among: only these
        sectors are looked at.
        """
        cells = np.array([of(one) for one in self.figures], float).T.reshape(len(names), -1)
        if among is not None:
            cells = np.where(among, cells, 0)
        sums = np.stack([self.areas.summed(row[None]) for row in cells])
        both = np.concatenate([sums, sums], axis=2)
        hidden = withheld(both, self.areas, smallest=SMALLEST_CELL, last_is_sum=False)[..., 0]
        counts, sectors = sums[..., 0], len(self.figures)
        for place in np.flatnonzero(hidden[:, :sectors].any(axis=0)) if len(names) > 1 else ():
            _enough(counts[:, place], hidden[:, place])
        if len(names) == 1 and len(counts[0]) > sectors:
            _enough(counts[0, :sectors], hidden[0, :sectors])
        return {
            name: [
                None if gone else int(count)
                for count, gone in zip(counts[k], hidden[k], strict=True)
            ]
            for k, name in enumerate(names)
        }


def _enough(counts: np.ndarray, hidden: np.ndarray) -> None:
    """Withhold more of counts with a known sum, the smallest first, until those withheld are five
    children together."""
    for at in np.argsort(counts, kind="stable"):
        if not hidden.any() or counts[hidden].sum() >= SMALLEST_CELL:
            return
        hidden[at] |= counts[at] > 0


def _states(table: _Table, treated: Sequence[int | None]) -> list[dict[str, int | None]]:
    """Each sector's children by state. Where the children in treatment are withheld, so is every
    state."""
    known = np.array([count is not None for count in treated[: len(table.figures)]])
    # All that there are: a state that is left out would say that no child is in it.
    all_states = sorted({*STATES, *(state for one in table.figures for state in one["states"])})
    told: list[dict[str, int | None]] = [{} for _ in table.figures]
    for side in (
        [state for state in all_states if state in IN_TREATMENT],
        [state for state in all_states if state not in IN_TREATMENT],
    ):
        shown = table.shown(side, _in_states(side), among=known)
        for at in range(len(table.figures)):
            counts = {state: shown[state][at] if known[at] else None for state in side}
            told[at] |= {state: count for state, count in counts.items() if count != 0}
    return told


def facts_for(facts: Mapping[str, object], *, state: bool) -> dict[str, object]:
    """A run's facts without what they tell of the whole registry, for whoever may not see all of
    it."""
    return {name: fact for name, fact in facts.items() if state or name not in WHOLE_FACTS}


def shares(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Counts that add up to a known sum. With a small one others are left out, the smallest first:
    two at least, of five children together, must share what is left."""
    rising = sorted(counts, key=counts.__getitem__)
    gone = [name for name in rising if is_small(counts[name])]
    for name in [name for name in rising if counts[name] and name not in gone]:
        if len(gone) != 1 and (not gone or sum(map(counts.__getitem__, gone)) >= SMALLEST_CELL):
            break
        gone.append(name)
    return {name: None if name in gone else count for name, count in counts.items()}
