"""Held-out rows: predictions with outcomes and IPCW weights, from a later time where there are
enough.

Every figure of a report, a check or a drift page is made from a `Judged`. Rows come from one of
three blocks: `later` (landmarks on or after the day until which the model learnt), `rehearsal` (the
later months of what it learnt from, as said by its rehearsal, which learnt from the earlier ones
only), `elsewhere` (every landmark of another registry).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from features.clock import Clock
from features.trajectory.as_of import as_of_traced
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.bundle import Bundle
from models.scoring import WHY_NOT, abstains
from models.targets import CENSORED, HAPPENED, TARGETS
from registry.contract.arrays import Codes, Days, Flags, Floats
from registry.contract.errors import BadInput
from registry.contract.registry import day_number
from training.cohorts import censoring
from training.cohorts.areas_and_days import Population
from training.cohorts.children_lot import MOST_JUDGED_ROWS, by_lot
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import Cohort, before_split, cohort, ripe
from training.cohorts.visit_exposure import censored_at_visits
from training.fitting.pipeline import LEAST_JUDGED_EVENTS, Learned, blocks
from training.fitting.visit_weights import weighed

LATER, REHEARSAL, ELSEWHERE = "later", "rehearsal", "elsewhere"
ENOUGH_EVENTS = LEAST_JUDGED_EVENTS
"""With fewer events after the training window nothing can be told from them; the rehearsal is
judged."""
BLOCK_WORDS = {
    LATER: "predictions on or after the day until which the model learnt",
    REHEARSAL: "a rehearsal: the same training on the earlier months alone, judged on the later "
    "months of what the "
    "model learnt from",
    ELSEWHERE: "all predictions in another registry than the one it learnt from",
}


@dataclass(frozen=True)
class Judged:
    """Scored landmark rows, arrays of length n. `matrix` (n, features); `risk`, `log_odds`;
    `happened` 0/1; `weight`: IPCW, 0 where the outcome is not known. Rows that were not scored are
    not here: `why_not` counts them by the word of `models.scoring.WHY_NOT`, and `never_scored` the
    children without a single scored row. `censoring`: what is told of the weights
    (`training.cohorts.censoring.Weighed`)."""

    block: str
    rows: Cohort
    matrix: np.ndarray
    log_odds: np.ndarray
    risk: np.ndarray
    happened: np.ndarray
    weight: np.ndarray
    why_not: dict[str, int] = field(default_factory=dict)
    never_scored: int = 0
    censoring: dict[str, object] = field(default_factory=dict)

    @property
    def not_scored(self) -> int:
        """Rows for which the model abstained."""
        return sum(self.why_not.values())

    @property
    def known(self) -> np.ndarray:
        """Mask of the rows whose outcome is known."""
        return self.weight > 0

    @property
    def outcomes_known(self) -> int:
        """Indexes (not rows) whose outcome is known."""
        return len(np.unique(self.rows.index[self.known]))

    @property
    def events(self) -> int:
        """Indexes (not rows) with the event."""
        return len(np.unique(self.rows.index[self.known & (self.happened == 1)]))

    def take(self, chosen: np.ndarray) -> Judged:
        """Some of the rows (positions or mask), with the weights that they had."""
        positions = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return Judged(
            self.block,
            self.rows.take(positions),
            self.matrix[positions],
            self.log_odds[positions],
            self.risk[positions],
            self.happened[positions],
            self.weight[positions],
            censoring=self.censoring,
        )

    def column(self, name: str) -> np.ndarray:
        """A feature's column (n,)."""
        return self.matrix[:, NAMES.index(name)]


def judged_rows(clock: Clock, bundle: Bundle, *, context: Context | None = None) -> Judged:
    """The rows on which to judge a bundle in a registry (see the module's words on blocks); of
    very many those of children drawn by lot."""
    block, rows = judged_cohort(clock, bundle)
    rows = few_of(rows, rows=len(rows.index))
    return score_rows(
        clock, judging(bundle, block), rows, block=block, context=context or Context(clock)
    )


def judging(bundle: Bundle, block: str) -> Bundle:
    """The bundle that says the risks of a block: the bundle itself, or its rehearsal where that is
    judged."""
    if block != REHEARSAL:
        return bundle
    if bundle.rehearsal is None:
        raise BadInput(
            "EVA008",
            "too few outcomes are known after the training window, and the bundle was kept "
            "without its rehearsal: train again, or wait for more records",
        )
    return replace(bundle.rehearsal, facts=bundle.facts)


def few_of(some: Cohort, *, rows: int, position: Days | None = None) -> Cohort:
    """Those of some rows that are judged, where the whole registry has so many `rows`; `position`:
    of each child in the whole registry, where these are a part's."""
    chosen = drawn_to_judge(some.child if position is None else position[some.child], rows)
    return some if chosen.all() else some.take(np.flatnonzero(chosen))


def drawn_to_judge(child: Days, rows: int) -> Flags:
    """Which children (mask; positions in the whole registry) are judged, where it has so many
    `rows`."""
    return by_lot(child, rows=rows, most=MOST_JUDGED_ROWS)


def judged_cohort(clock: Clock, bundle: Bundle) -> tuple[str, Cohort]:
    """(block, landmark rows) to judge a bundle on."""
    until = known_until(clock.registry)
    if bundle.facts.get("registry_id") != clock.registry.facts.get("registry_id"):
        return ELSEWHERE, block_rows(clock, bundle, ELSEWHERE, until=until)
    later = block_rows(clock, bundle, LATER, until=until)
    if events_of(later) >= ENOUGH_EVENTS:
        return LATER, later
    return REHEARSAL, block_rows(clock, bundle, REHEARSAL, until=until)


def block_rows(
    clock: Clock, bundle: Bundle, block: str, *, until: int, position: Days | None = None
) -> Cohort:
    """The landmark rows of a block, with what was known of them by the end of the day `until`;
    `position`: see `few_of`."""
    if block == REHEARSAL:
        learnt = learnt_from(clock, bundle)
        placed = learnt if position is None else replace(learnt, child=position[learnt.child])
        return learnt.take(np.flatnonzero(blocks_of(bundle, placed)[1]))
    rows = cohort(clock, TARGETS[bundle.target], cutoff=until)
    if block == ELSEWHERE:
        return rows
    mine = Population.of_facts(bundle.facts).judged(clock, rows)
    late = rows.day >= day_number(bundle.facts["trained_until"])
    return rows.take(np.flatnonzero(mine & late))


def blocks_of(bundle: Bundle, learnt: Cohort) -> tuple[np.ndarray, np.ndarray]:
    """(earlier, later): masks over the rows that a bundle learnt from, as its rehearsal cut
    them."""
    return blocks(learnt, day_number(bundle.facts["later_from"]))


def not_judged(clock: Clock, bundle: Bundle) -> str | None:
    """Why nothing can be told of a bundle on a registry, in words: too few events later, and too
    few to rehearse; None where there is something to judge."""
    why: str | None = bundle.facts.get("not_rehearsed")
    return why if why and judged_cohort(clock, bundle)[0] == REHEARSAL else None


def last_known(until: int, bundle: Bundle, block: str) -> int:
    """The last day (number) of what is known of a block's outcomes, in a registry that knows all
    by the end of the day `until`."""
    before = day_number(bundle.facts["trained_until"]) - 1
    return min(until, before) if block == REHEARSAL else until


def learnt_from(clock: Clock, bundle: Bundle) -> Cohort:
    """The landmark rows that a bundle of this registry was fitted and calibrated on
    (`training.fitting.pipeline.blocks`)."""
    until = day_number(bundle.facts["trained_until"])
    rows = cohort(clock, TARGETS[bundle.target], cutoff=until - 1)
    if bundle.facts.get("without_visits"):
        rows = censored_at_visits(clock, rows, known_by=until - 1)
    labels_before = day_number(bundle.facts["labels_before"])
    mine = Population.of_facts(bundle.facts).learnt(clock, rows)
    return rows.take(np.flatnonzero(before_split(rows, labels_before) & mine))


def events_of(rows: Cohort) -> int:
    """Indexes with the event among the rows whose whole label lies within the records."""
    return len(np.unique(rows.index[ripe(rows) & (rows.outcome == HAPPENED)]))


def score_rows(
    clock: Clock, bundle: Bundle, rows: Cohort, *, block: str, context: Context | None
) -> Judged:
    """The rows with their features and risks; those for whom the model abstains are counted and
    left out. A bundle that tells the risk without visits is judged by outcomes without visits."""
    if bundle.facts.get("without_visits"):
        rows = censored_at_visits(clock, rows)
    return of_asked(bundle, rows, *asked(clock, bundle, rows, context), block=block)


def asked(
    clock: Clock, bundle: Bundle, rows: Cohort, context: Context | None
) -> tuple[Codes, Floats]:
    """(why the model abstains from each row, position in WHY_NOT; the features of the others)."""
    matrices, reasons = list[Floats](), [np.zeros(0, np.int8)]
    for traced, matrix in as_of_traced(
        clock, rows.child, rows.day, priors=bundle.priors, context=context
    ):
        reasons.append(abstains(TARGETS[bundle.target], traced, matrix))
        matrices.append(matrix[reasons[-1] == 0])
    # Columns of one's own may stand behind the catalogue's.
    features = np.concatenate(matrices) if matrices else np.empty((0, len(NAMES)))
    return np.concatenate(reasons), features


def of_asked(bundle: Bundle, rows: Cohort, why: Codes, matrix: Floats, *, block: str) -> Judged:
    """Rows that were `asked` (`rows` and `why` of all, `matrix` of the scored)."""
    scored = weighed(rows.take(np.flatnonzero(why == 0)), matrix)
    told = of_matrix(bundle, scored, matrix, block=block)
    counts = {WHY_NOT[code]: int(np.sum(why == code)) for code in np.unique(why) if code}
    never = len(np.setdiff1d(rows.child, told.rows.child))
    return replace(told, why_not=counts, never_scored=never)


def of_matrix(bundle: Bundle, rows: Cohort, matrix: np.ndarray, *, block: str) -> Judged:
    """Rows whose features are at hand already."""
    log_odds = bundle.log_odds(matrix)
    weighed = censoring.weighed(rows, matrix)
    happened = (rows.outcome == HAPPENED).astype(np.int8)
    weight = np.where(rows.outcome == CENSORED, 0.0, weighed.weight)
    risk = 1.0 / (1.0 + np.exp(-log_odds))
    told = weighed.told()
    return Judged(block, rows, matrix, log_odds, risk, happened, weight, censoring=told)


def of_learned(learned: Learned) -> Judged:
    """The rehearsal's later block, of a training that has just ended."""
    block = learned.later_on
    rows = learned.rows.take(np.flatnonzero(block))
    return of_matrix(learned.rehearsal, rows, learned.features[block], block=REHEARSAL)
