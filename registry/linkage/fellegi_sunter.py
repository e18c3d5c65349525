"""Fellegi and Sunter's weights: how much each level speaks for or against one child, estimated by
expectation maximisation from the pairs themselves.

Fellegi IP, Sunter AB. A Theory for Record Linkage. JASA 1969; 64: 1183-1210. EM as in Winkler WE,
Using the EM Algorithm for Weight Computation in the Fellegi-Sunter Model, 1988.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.contract.arrays import Codes, Floats, Ints
from registry.linkage.comparisons import COMPARISONS

ROUNDS, SETTLED = 200, 1e-7
PSEUDO_PAIRS = 20.0
"""Pairs added to what is counted, spread as first guessed: a register of few children cannot teach
its own weights, and no level that was never seen is thought impossible."""
FIRST_SHARE = 0.2
MOST_TIMES_GUESSED = 3.0
"""No level may become more than so many times as common among true pairs as first guessed. Where
two registers share no child, plain EM finds a group nevertheless (siblings, neighbours of one age)
and calls it true; true pairs do not mostly have other dates of birth or other weights."""


DATE = [comparison.name for comparison in COMPARISONS].index("birth_date")
DATES = len(COMPARISONS[DATE].levels) + 1
"""Levels of the date of birth, and not known (the last)."""


@dataclass(frozen=True)
class LinkageWeights:
    """Of each comparison the shares of its levels among true pairs (`m`, one array each) and among
    others (`u`, a row for each level of the date of birth), and the share of true pairs among
    candidates.

    Most keys go by the date, so that among others the fields depend on it: of those born within two
    months nearly all are of one centre, since that is how they became candidates; of those born on
    one day few are. `u` is therefore counted within each level of the date.
    """

    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    share: float

    def bits(self, levels: Codes) -> Floats:
        """Weight of each level of each pair, log2(m / u), (pairs, comparisons); 0 where not
        known."""
        tables = [np.log2(m / u) for m, u in zip(self.m, self.u, strict=True)]
        for table, comparison in zip(tables, COMPARISONS, strict=True):
            # Pairs of two sectors are candidates because their bodies are alike: that counts once.
            against = table[:, comparison.never_for :]
            np.minimum(against, 0.0, out=against)
        tables = [np.column_stack([table, np.zeros(DATES)]) for table in tables]
        date = levels[:, DATE]
        return np.stack([table[date, levels[:, at]] for at, table in enumerate(tables)], axis=1)

    @property
    def prior_bits(self) -> float:
        """Log2 odds that a candidate pair is of one child, before anything is compared."""
        return float(np.log2(self.share / (1.0 - self.share)))


def estimate(levels: Codes) -> LinkageWeights:
    """Weights from the levels of all candidate pairs (pairs, comparisons).

    Without pairs the first guesses stay.
    """
    patterns, many = _patterns(levels)
    weights = _first(patterns, many)
    former = -np.inf
    for _ in range(ROUNDS):
        odds = 2.0 ** np.clip(weights.prior_bits + weights.bits(patterns).sum(1), -500, 500)
        true = odds / (1.0 + odds)
        weights = _maximised(patterns, many, true)
        if abs(weights.share - former) < SETTLED:
            break
        former = weights.share
    return weights


def _patterns(levels: Codes) -> tuple[Codes, Ints]:
    """The different rows of levels, sorted, and how many pairs show each."""
    key = np.zeros(len(levels), np.int64)
    for at, comparison in enumerate(COMPARISONS):
        key = key * (len(comparison.levels) + 1) + levels[:, at] + 1
    _, first, many = np.unique(key, return_index=True, return_counts=True)
    return levels[first], many.astype(np.int64)


def _first(patterns: Codes, many: Ints) -> LinkageWeights:
    """First guesses for true pairs; among others, the levels of all candidates."""
    guessed = tuple(np.array(c.first_guess) for c in COMPARISONS)
    return LinkageWeights(guessed, _among_others(patterns, many.astype(np.float64)), FIRST_SHARE)


def _maximised(patterns: Codes, many: Ints, true: Floats) -> LinkageWeights:
    mass = float((many * true).sum())
    share = (mass + PSEUDO_PAIRS * FIRST_SHARE) / (float(many.sum()) + PSEUDO_PAIRS)
    return LinkageWeights(
        _among_true(patterns, many * true), _among_others(patterns, many * (1.0 - true)), share
    )


def _among_true(patterns: Codes, mass: Floats) -> tuple[Floats, ...]:
    """Share of each level of each comparison, by mass, with the pseudo-pairs, within bounds."""
    shares = []
    for at, comparison in enumerate(COMPARISONS):
        guess = np.array(comparison.first_guess)
        shares.append(_bounded(_share(patterns[:, at], mass, guess), guess))
    return tuple(shares)


def _among_others(patterns: Codes, mass: Floats) -> tuple[Floats, ...]:
    """Share of each level within each level of the date of birth (dates, levels); few pairs of a
    date are drawn to the share over all dates. The date's own is over all."""
    shares = []
    for at, comparison in enumerate(COMPARISONS):
        level = patterns[:, at]
        over_all = _share(level, mass, np.array(comparison.among_others))
        rows = [over_all] * DATES
        if at != DATE:
            of = [patterns[:, DATE] == date for date in (*range(DATES - 1), -1)]
            rows = [_share(level[one], mass[one], over_all) for one in of]
        shares.append(np.stack(rows))
    return tuple(shares)


def _share(level: Codes, mass: Floats, guess: Floats) -> Floats:
    """Share of each level by mass, of pairs where it is known, with the pseudo-pairs as guessed."""
    known = level >= 0
    seen = np.bincount(level[known], weights=mass[known], minlength=len(guess))
    share: Floats = (seen + PSEUDO_PAIRS * guess) / (seen.sum() + PSEUDO_PAIRS)
    return share


def _bounded(share: Floats, guess: Floats) -> Floats:
    """Shares cut to `MOST_TIMES_GUESSED` times the guess; what is cut goes to the levels that have
    room, as guessed."""
    most = np.minimum(MOST_TIMES_GUESSED * guess, 1.0)
    share = share.copy()
    for _ in range(len(share)):
        cut = np.minimum(share, most)
        left_over = share.sum() - cut.sum()
        if left_over <= 1e-12:
            break
        room = guess * (cut < most)
        share = cut + left_over * room / room.sum()
    return share
