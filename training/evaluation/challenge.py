"""Champion against challenger: both on the same rows, of children from whom neither learnt, paired.

Where enough of what came after both trainings is known, the two models themselves are judged on it.
Else the rehearsal of the one that was trained last is, on its later block: beside the other itself
where that had learnt all before the block begins (or elsewhere), or beside the other's own
rehearsal.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from models.level import is_of
from registry.contract.arrays import Days
from registry.contract.registry import day_number
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import Cohort
from training.cohorts.visit_exposure import censored_at_visits
from training.evaluation.as_used import on_month_lists
from training.evaluation.scored_rows import (
    BLOCK_WORDS,
    ENOUGH_EVENTS,
    REHEARSAL,
    Judged,
    blocks_of,
    few_of,
    judged_cohort,
    judging,
    learnt_from,
    not_judged,
    score_rows,
)
from training.evaluation.visit_lists import paired_lists
from training.metrics.calibration import calibration
from training.metrics.discrimination import Estimate, auc, bootstraps, brier
from training.rows.at_hand import AtHand

FIGURES = ("auc", "brier", "slope", "observed_over_expected")
REPEATS = 400
LISTED_VISITS = 20
"""Visits of the lists that a sentence and RISK018 speak of: the middle one of the report's."""


@dataclass(frozen=True)
class Challenge:
    """A challenger beside the champion on the same rows: bundles' versions, the `block` in words,
    `rows` with a known outcome of `children`, indexes with the event (`events`); by figure of
    FIGURES the `challenger`'s, the `champion`'s and `more`, the difference, each with its interval
    by child; `lists`: events found per visit by capacity, intervals by sector."""

    challenger_bundle: str
    champion_bundle: str
    block: str
    rows: int
    children: int
    events: int
    challenger: dict[str, Estimate]
    champion: dict[str, Estimate]
    more: dict[str, Estimate]
    lists: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; None for what is not known."""
        told: dict[str, Any] = _without_nan(asdict(self))
        return told


def _without_nan(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _without_nan(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_without_nan(value) for value in told]
    return None if isinstance(told, float) and not np.isfinite(told) else told


@dataclass(frozen=True)
class Contest:
    """Two bundles (`versions`: challenger, champion) on a `block` of the rows of the one that was
    trained last (`newer`): who says the risks of each (`speakers`, in the same order), and the
    bundle from whose children neither may be judged (`learnt`; None: of none), by its whole
    training or by its rehearsal's (`whole`)."""

    versions: tuple[str, str]
    newer: Bundle
    block: str
    speakers: tuple[Bundle, Bundle]
    learnt: Bundle | None
    whole: bool
    without_visits: bool

    @classmethod
    def of(
        cls, challenger: Bundle, champion: Bundle, block: str, registry_id: object
    ) -> Contest | str:
        """On the block that the newer of them (`by_training`) is judged on in a registry; or
        why they cannot be compared, in words."""
        both = challenger, champion
        newer, older = by_training(challenger, champion, registry_id)
        at_home = is_of(older, registry_id)
        said_by = _beside(older, newer, block) if at_home else older
        if isinstance(said_by, str):
            return said_by
        speaks = {newer.version: judging(newer, block), older.version: said_by}
        return cls(
            (challenger.version, champion.version),
            newer,
            block,
            (speaks[challenger.version], speaks[champion.version]),
            older if block == REHEARSAL and at_home else None,
            said_by is older,
            any(bundle.facts.get("without_visits") for bundle in both),
        )

    def rows_of(
        self, clock: Clock, some: Cohort, *, until: int, position: Days | None = None
    ) -> Cohort:
        """Those of some rows of the block from whose children the older did not learn, with their
        outcomes as both are judged by; `position`: of each child in the whole registry, where the
        clock's records are a part's."""
        if self.learnt is not None:
            learnt = learnt_from(clock, self.learnt)
            seen = learnt.child if self.whole else learnt.child[_earlier(self, learnt, position)]
            some = some.take(np.flatnonzero(~np.isin(some.child, seen)))
        # Both by the same outcomes: those without visits.
        return censored_at_visits(clock, some, known_by=until) if self.without_visits else some


def _earlier(contest: Contest, learnt: Cohort, position: Days | None) -> np.ndarray:
    assert contest.learnt is not None
    placed = learnt if position is None else replace(learnt, child=position[learnt.child])
    return blocks_of(contest.learnt, placed)[0]


def challenge(
    clock: Clock, challenger: Bundle, champion: Bundle, *, context: Context | None = None
) -> Challenge | str:
    """The challenger beside the champion (both loaded with their rehearsals) on a registry, of very
    many rows on those of children drawn by lot; or why they cannot be compared, in words."""
    hand = AtHand(clock, context or Context(clock))
    here = clock.registry.facts.get("registry_id")
    newer, _ = by_training(challenger, champion, here)
    if why := not_judged(clock, newer):
        return why
    block, rows = judged_cohort(clock, newer)
    contest = Contest.of(challenger, champion, block, here)
    if isinstance(contest, str):
        return contest
    rows = few_of(rows, rows=len(rows.index))
    rows = contest.rows_of(clock, rows, until=known_until(clock.registry))
    one, other = (
        score_rows(clock, bundle, rows, block=block, context=hand.context)
        for bundle in contest.speakers
    )
    return challenge_told(contest, one, other, hand)


def challenge_told(contest: Contest, one: Judged, other: Judged, hand: AtHand) -> Challenge | str:
    """The comparison of the same rows as the two score them, and of lists of the records at
    hand."""
    one, other = _on_both(one, other)
    if one.events < ENOUGH_EVENTS:
        return (
            f"{one.events} events among the rows that neither learnt from, fewer than "
            f"{ENOUGH_EVENTS}"
        )
    clock, newer = hand.clock, contest.newer
    learnt = learnt_from(clock, newer) if contest.block == REHEARSAL else None
    listed = on_month_lists(clock, newer, one, learnt, among=hand.population)
    listed = listed.take(np.flatnonzero(np.isin(listed.child, one.rows.child)))
    lists = paired_lists(clock, listed, *contest.speakers, context=hand.context)
    return Challenge(
        contest.versions[0],
        contest.versions[1],
        BLOCK_WORDS[contest.block],
        int(one.known.sum()),
        len(np.unique(one.rows.child[one.known])),
        one.events,
        **paired(one, other),
        lists=lists,
    )


def is_home(clock: Clock, bundle: Bundle) -> bool:
    """Whether a bundle learnt from this registry."""
    return is_of(bundle, clock.registry.facts.get("registry_id"))


def by_training(one: Bundle, other: Bundle, registry_id: object) -> tuple[Bundle, Bundle]:
    """(the bundle on whose rows both are judged in a registry, the other): one that learnt from it
    before one that did not, then the one that was trained last."""

    def order(bundle: Bundle) -> tuple[bool, str]:
        return is_of(bundle, registry_id), str(bundle.facts["trained_until"])

    return (one, other) if order(one) >= order(other) else (other, one)


def _beside(older: Bundle, newer: Bundle, block: str) -> Bundle | str:
    """What of the older bundle is judged beside the newer one's block; or why nothing can be."""
    if block != REHEARSAL:
        return older
    if day_number(older.facts["trained_until"]) <= day_number(newer.facts["later_from"]):
        return older
    if older.rehearsal is None:
        return (
            f"bundle {older.version} learnt from the rows to judge on, and has no rehearsal: "
            f"{older.facts['not_rehearsed'] or 'it was kept without one'}"
        )
    return judging(older, REHEARSAL)


def _on_both(one: Judged, other: Judged) -> tuple[Judged, Judged]:
    """The rows that both models scored, in one order."""
    keys = [part.rows.index.astype(np.int64) * 10_000 + part.rows.landmark for part in (one, other)]
    _, first, second = np.intersect1d(*keys, return_indices=True)
    return one.take(first), other.take(second)


def paired(one: Judged, other: Judged) -> dict[str, dict[str, Estimate]]:
    """`challenger` (of `one`), `champion` (of `other`) and `more` of the same rows; every draw of
    children is made once for both."""

    def figures(
        first: np.ndarray, second: np.ndarray, happened: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        both = np.array([_figures(risk, happened, weight) for risk in (first, second)])
        return np.concatenate([both[0], both[1], both[0] - both[1]])

    found = bootstraps(
        figures,
        one.risk,
        other.risk,
        one.happened,
        one.weight,
        cluster=one.rows.child,
        repeats=REPEATS,
    )
    each = len(FIGURES)
    return {
        name: dict(zip(FIGURES, found[at * each : (at + 1) * each], strict=True))
        for at, name in enumerate(("challenger", "champion", "more"))
    }


def _figures(risk: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> list[float]:
    measured = calibration(risk, happened, weight)
    return [
        auc(risk, happened, weight),
        brier(risk, happened, weight),
        measured.slope,
        measured.observed_over_expected,
    ]


def sentence(told: Challenge) -> str:
    """The comparison in a sentence."""
    more, one, other = (found["auc"] for found in (told.more, told.challenger, told.champion))
    lists = ""
    for row in told.lists:
        if row["capacity"] == LISTED_VISITS and row["more"] is not None:
            low, high = row["low"], row["high"]
            within = "" if low is None else f" ({100 * low:+.1f} to {100 * high:+.1f})"
            lists = f"; events found by 100 visits, {LISTED_VISITS} a list: "
            lists += f"{100 * row['more']:+.1f}{within}"
    return (
        f"AUC {one.value:.3f} against {other.value:.3f}, {more.value:+.3f} ({more.low:+.3f} to "
        f"{more.high:+.3f}) on {told.rows} predictions of {told.children} children with "
        f"{told.events} events{lists}"
    )
