"""The link of two registers: pairs that are the same child, those a person must look at, and
why."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.contract.arrays import Codes, Flags, Floats, Ints, Texts
from registry.linkage.candidate_pairs import candidate_pairs
from registry.linkage.comparisons import COMPARISONS, compared, doubted
from registry.linkage.fellegi_sunter import LinkageWeights, estimate
from registry.linkage.one_body import persons
from registry.linkage.one_to_one import one_to_one
from registry.linkage.register_view import RegisterView

SAME_BITS = 2.0
"""Log2 odds (4 to 1, as the model counts) above which a pair is linked without a person, both of
the pair itself and of the pairing against the best one without it. The model counts too low: of
the simulator's pairs with 2 to 3 bits 96 in 100 are true (docs/linkage.md)."""
LOOK_BITS = -3.0
"""Log2 odds (about 1 to 8) below which a pair is not shown to a person."""
COLUMNS = ("child_id", "other_child_id", "verdict", "confidence_bits", "weight_bits", "why")


@dataclass(frozen=True)
class Links:
    """One row a pair: positions in both registers, the weights, and whether it is the same child
    (else a person must look). Pairs that are neither are different children and not kept."""

    one: RegisterView
    other: RegisterView
    left: Ints
    right: Ints
    same: Flags
    weight_bits: Floats
    confidence_bits: Floats
    levels: Codes
    weights: LinkageWeights
    candidates: int
    keys_too_common: int

    def ids(self) -> tuple[Texts, Texts]:
        """Children's ids of both registers, pair by pair."""
        return self.one.child_ids[self.left], self.other.child_ids[self.right]

    def counts(self) -> dict[str, int]:
        """What may be printed: how many children and pairs there are, no id."""
        return {
            "children": len(self.one),
            "other_children": len(self.other),
            "candidate_pairs": self.candidates,
            "keys_too_common": self.keys_too_common,
            "same": int(self.same.sum()),
            "look": int((~self.same).sum()),
        }


def link(one: RegisterView, other: RegisterView) -> Links:
    """Link two registers. The order of rows, and which register stands first, do not matter."""
    left, right, common = candidate_pairs(one, other)
    levels = compared(one, other, left, right)
    weights = estimate(levels)
    bits = weights.prior_bits + weights.bits(levels).sum(1)
    rows = np.flatnonzero(bits > LOOK_BITS)
    left, right, levels, bits, candidates = (
        left[rows], right[rows], levels[rows], bits[rows], len(left),
    )  # fmt: skip
    sure = (bits >= SAME_BITS) & ~doubted(levels)
    mine = persons(one, left[sure], right[sure], weights, same_bits=SAME_BITS)
    theirs = persons(other, right[sure], left[sure], weights, same_bits=SAME_BITS)
    taken, margin = _paired_by_child(left, right, bits - LOOK_BITS, (mine[left], theirs[right]))
    confidence = np.minimum(bits, margin)
    same = taken & (confidence >= SAME_BITS) & ~doubted(levels)
    shown = same | _worth_a_look(left, right, same)
    return Links(
        one,
        other,
        left[shown],
        right[shown],
        same[shown],
        bits[shown],
        confidence[shown],
        levels[shown],
        weights,
        candidates,
        common,
    )


def _paired_by_child(
    left: Ints, right: Ints, gain: Floats, children: tuple[Ints, Ints]
) -> tuple[Flags, Floats]:
    """The best pairing of children, then of the rows of each pair of them; a row's margin is that
    of its child."""
    _, pair = np.unique(np.stack(children), axis=1, return_inverse=True)
    best = np.zeros(int(pair.max(initial=-1)) + 1)
    np.maximum.at(best, pair, gain)
    at = np.zeros(len(best), np.int64)
    at[pair] = np.arange(len(pair))
    chosen, margin = one_to_one(children[0][at], children[1][at], best)
    rows = np.flatnonzero(chosen[pair])
    taken = np.zeros(len(left), np.bool_)
    taken[rows] = one_to_one(left[rows], right[rows], gain[rows])[0]
    return taken, margin[pair]


def _worth_a_look(left: Ints, right: Ints, same: Flags) -> Flags:
    """Pairs of children of whom neither is linked already."""
    return ~np.isin(left, left[same]) & ~np.isin(right, right[same])


def sentences(links: Links) -> Iterator[str]:
    """Why, for each pair: the levels in plain words, the strongest first, with their weights."""
    bits = links.weights.bits(links.levels)
    for row, levels in zip(bits, links.levels, strict=True):
        order = [at for at in np.argsort(-np.abs(row), kind="stable") if levels[at] >= 0]
        yield "; ".join(
            f"{COMPARISONS[at].levels[levels[at]]} ({row[at]:+.1f} bits)" for at in order
        )


def write_links(links: Links, path: Path) -> None:
    """The pairs as CSV, for the owner of the file alone; sorted by child, no name and no date."""
    mine, theirs = links.ids()
    rows = sorted(
        (
            str(mine[at]),
            str(theirs[at]),
            "same" if links.same[at] else "look",
            f"{links.confidence_bits[at]:.2f}",
            f"{links.weight_bits[at]:.2f}",
            why,
        )
        for at, why in enumerate(sentences(links))
    )
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
