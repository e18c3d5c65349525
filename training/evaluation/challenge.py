"""Champion against challenger: both on the same rows, of children from whom neither learnt, paired.

Where enough of what came after both trainings is known, the two models themselves are judged on it.
Else the rehearsal of the one that was trained last is, on its later block: beside the other itself
where that had learnt all before the block begins (or elsewhere), or beside the other's own
rehearsal.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from registry.contract.registry import day_number
from training.cohorts.visit_exposure import censored_at_visits
from training.evaluation.as_used import on_month_lists
from training.evaluation.scored_rows import (
    BLOCK_WORDS,
    ENOUGH_EVENTS,
    REHEARSAL,
    Judged,
    blocks_of,
    judged_cohort,
    judging,
    learnt_from,
    not_judged,
    score_rows,
)
from training.evaluation.visit_lists import paired_lists
from training.metrics.calibration import calibration
from training.metrics.discrimination import Estimate, auc, bootstraps, brier

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


def challenge(
    clock: Clock, challenger: Bundle, champion: Bundle, *, context: Context | None = None
) -> Challenge | str:
    """The challenger beside the champion (both loaded with their rehearsals) on a registry; or why
    they cannot be compared, in words."""
    context = context or Context(clock)
    newer, older = _by_training(clock, challenger, champion)
    if why := not_judged(clock, newer):
        return why
    block, rows = judged_cohort(clock, newer)
    speaks = {newer.version: judging(newer, block)}
    at_home = is_home(clock, older)
    said_by = _beside(older, newer, block) if at_home else older
    if isinstance(said_by, str):
        return said_by
    speaks[older.version] = said_by
    if block == REHEARSAL and at_home:
        seen = _learnt_by(clock, older, whole=said_by is older)
        rows = rows.take(np.flatnonzero(~np.isin(rows.child, seen)))
    if any(bundle.facts.get("without_visits") for bundle in (challenger, champion)):
        # Both by the same outcomes: those without visits.
        rows = censored_at_visits(clock, rows)
    judged = [
        score_rows(clock, speaks[bundle.version], rows, block=block, context=context)
        for bundle in (challenger, champion)
    ]
    one, other = _on_both(*judged)
    if one.events < ENOUGH_EVENTS:
        return (
            f"{one.events} events among the rows that neither learnt from, fewer than "
            f"{ENOUGH_EVENTS}"
        )
    learnt = learnt_from(clock, newer) if block == REHEARSAL else None
    listed = on_month_lists(clock, newer, one, learnt)
    listed = listed.take(np.flatnonzero(np.isin(listed.child, one.rows.child)))
    pair = [speaks[bundle.version] for bundle in (challenger, champion)]
    lists = paired_lists(clock, listed, *pair, context=context)
    return Challenge(
        challenger.version,
        champion.version,
        BLOCK_WORDS[block],
        int(one.known.sum()),
        len(np.unique(one.rows.child[one.known])),
        one.events,
        **paired(one, other),
        lists=lists,
    )


def is_home(clock: Clock, bundle: Bundle) -> bool:
    """Whether a bundle learnt from this registry."""
    same: bool = bundle.facts.get("registry_id") == clock.registry.facts.get("registry_id")
    return same


def _by_training(clock: Clock, one: Bundle, other: Bundle) -> tuple[Bundle, Bundle]:
    """(the bundle on whose rows both are judged, the other): one that learnt from this registry
    before one that did not, then the one that was trained last."""

    def order(bundle: Bundle) -> tuple[bool, str]:
        return is_home(clock, bundle), str(bundle.facts["trained_until"])

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


def _learnt_by(clock: Clock, bundle: Bundle, *, whole: bool) -> np.ndarray:
    """Children from whom a bundle (its rehearsal, where not `whole`) learnt."""
    learnt = learnt_from(clock, bundle)
    return learnt.child if whole else learnt.child[blocks_of(bundle, learnt)[0]]


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
