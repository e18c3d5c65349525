"""Inverse probability of censoring weights (IPCW) of landmark rows.

Two things censor, and each is told apart. The end of the records comes to a row on a day that is
known beforehand: a row whose label could still use later records has no part, whatever became of
it so far (its event could be known and its absence could not). Loss to follow-up depends on the
child: where its features are given and enough children were lost, a cross-fitted model tells it
(`training.cohorts.loss`), else one Kaplan-Meier curve a landmark.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.clock import Clock
from models.targets import CENSORED, DID_NOT_HAPPEN, Target
from registry.contract.arrays import Floats
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import Cohort, cohort, ripe
from training.cohorts.loss import followed
from training.metrics.discrimination import known_weights

MOST_WEIGHT = 20.0
"""No row stands for more than twenty: where fewer are still followed, weighting further only adds
noise."""
BY_FACTS, BY_CURVE = "the child's facts", "one curve a landmark"
BY_DRAW, BY_VISITS = "the draw of rows", "unvisited rows"


@dataclass(frozen=True)
class Weighed:
    """`weight` (n,) of each row, and what is told of them: who tells the loss (`by`), how well
    (`auc` of the out-of-fold hazards; None for a curve), the share of rows that were lost, rows
    known, what their number is worth once weighed (`effective`, Kish), the largest weight, and the
    share of known rows held at `MOST_WEIGHT`."""

    weight: np.ndarray
    by: str
    auc: float | None
    lost: float
    known: int
    effective: float
    largest: float
    truncated: float

    def told(self) -> dict[str, object]:
        """All but the weights themselves, as plain values."""
        found = {name: value for name, value in vars(self).items() if name != "weight"}
        return found | {"words": self.words}

    @property
    def words(self) -> str:
        """Example: `weighed for the lost by the child's facts (AUC 0.77): 1,411 rows are worth
        1,356, the largest weight is 10.7, 0.0% are held at 20`."""
        if self.by == BY_DRAW:
            return "weighed by one curve a landmark, before rows were drawn by lot"
        if self.by == BY_VISITS:
            return "weighed by one curve a landmark for the lost, and for those whom a visit met"
        told = f" (AUC {self.auc:.2f})" if self.auc is not None else ""
        return (
            f"weighed for the lost by {self.by}{told}: {self.known:,} rows are worth "
            f"{self.effective:,.0f}, the largest weight is {self.largest:.1f}, "
            f"{self.truncated:.1%} are held at {MOST_WEIGHT:.0f}"
        )


def weights(rows: Cohort, matrix: Floats | None = None) -> np.ndarray:
    """IPCW of each landmark row (float64): 0 where censored, else 1 / share still followed at its
    outcome; `matrix`: the rows' features (n, columns of the catalogue).

    By landmark the rows with a known outcome stand for all that were at risk of being lost. A row
    of a child who grows past 1,826 days within the horizon has no part, nor one whose label could
    use what came after the records' end. Rows drawn by lot bring their weights with them.
    """
    return weighed(rows, matrix).weight


def weighed(rows: Cohort, matrix: Floats | None = None) -> Weighed:
    """The weights of `weights`, with what is told of them."""
    if rows.weight is not None:
        by = BY_DRAW if rows.visited is None else BY_VISITS
        return _described(rows.weight, by, None, lost=0.0, truncated=0.0)
    taken = np.flatnonzero(asked_to_the_end(rows))
    part = rows.take(taken)
    found, by, auc = _of_part(part, None if matrix is None else matrix[taken])
    weight = np.zeros(len(rows.index))
    weight[taken] = np.minimum(found, MOST_WEIGHT)
    known = found > 0
    return _described(
        weight,
        by,
        auc,
        lost=float(np.mean(~known)) if len(known) else 0.0,
        truncated=float(np.mean(found[known] > MOST_WEIGHT)) if known.any() else 0.0,
    )


def asked_to_the_end(rows: Cohort) -> np.ndarray:
    """Rows whose event and its absence can both be known (mask): the whole label lies within the
    records and before the child grows past 1,826 days."""
    found: np.ndarray = (rows.outcomes.room[rows.index] == 1) & ripe(rows)
    return found


def _of_part(rows: Cohort, matrix: Floats | None) -> tuple[np.ndarray, str, float | None]:
    """(weights before they are truncated, who told the loss, its AUC)."""
    # A death, or a cure that ends the stay, answers the question on its day: nothing could be lost
    # after it.
    ended = (rows.outcome == DID_NOT_HAPPEN) & (rows.time < rows.remaining)
    lost = rows.outcome == CENSORED
    if matrix is not None:
        until_the_end = (rows.outcome == DID_NOT_HAPPEN) & ~ended
        days = np.where(until_the_end, rows.remaining, np.minimum(rows.time, rows.remaining))
        found = followed(matrix, days=days, lost=lost, landmark=rows.landmark, child=rows.child)
        if found is not None:
            weight = np.where(lost, 0.0, 1.0 / np.maximum(found.share, 1e-9))
            return _for_all(weight, rows.landmark), BY_FACTS, found.auc
    weight = known_weights(
        outcome=rows.outcome,
        days=rows.time,
        competing=ended,
        landmark=rows.landmark,
        horizon=rows.remaining,
    )
    return weight, BY_CURVE, None


def _for_all(weight: np.ndarray, landmark: np.ndarray) -> np.ndarray:
    """By landmark, the known rows together stand for all rows (Hajek)."""
    held = np.minimum(weight, MOST_WEIGHT)
    scaled = np.zeros(len(weight))
    for day in np.unique(landmark):
        of = landmark == day
        total = held[of].sum()
        scaled[of] = weight[of] * (of.sum() / total) if total > 0 else 0.0
    return scaled


def _described(
    weight: np.ndarray, by: str, auc: float | None, *, lost: float, truncated: float
) -> Weighed:
    known = weight > 0
    squares = float((weight**2).sum())
    return Weighed(
        weight,
        by,
        auc,
        lost,
        int(known.sum()),
        float(weight.sum()) ** 2 / squares if squares > 0 else 0.0,
        float(weight.max(initial=0.0)),
        truncated,
    )


def known_outcomes(clock: Clock, target: Target, *, by: int) -> int:
    """How many outcomes of a target (indexes, not rows) are known in a registry by a day.

    Example: two discharges 300 days ago, one child seen on day 160 without SAM, the other never
    again: 1.
    """
    rows = cohort(clock, target, cutoff=min(by, known_until(clock.registry)))
    return len(np.unique(rows.index[weights(rows) > 0]))
