"""Children who stand twice in one register."""

from __future__ import annotations

import numpy as np

from registry.linkage.candidate_pairs import pairs_within
from registry.linkage.comparisons import compared, doubted
from registry.linkage.fellegi_sunter import estimate
from registry.linkage.links import LOOK_BITS, SAME_BITS, Links
from registry.linkage.one_body import one_child
from registry.linkage.register_view import RegisterView


def duplicates(view: RegisterView) -> Links:
    """Pairs of rows of one register: `same` child, or a person must look; the smaller id first.

    A child may stand there three times: nothing is one-to-one here. Two rows that nothing but
    family, place and date of birth speak for are as likely twins, so that a person must look.
    """
    first, second, common = pairs_within(view)
    levels = compared(view, view, first, second)
    weights = estimate(levels)
    bits = weights.prior_bits + weights.bits(levels).sum(1)
    same = one_child(levels, weights, same_bits=SAME_BITS)
    shown = same | ((bits > LOOK_BITS) & ~doubted(levels))
    earlier = view.child_ids[first] <= view.child_ids[second]
    left, right = np.where(earlier, first, second), np.where(earlier, second, first)
    return Links(
        view,
        view,
        left[shown],
        right[shown],
        same[shown],
        bits[shown],
        bits[shown],
        levels[shown],
        weights,
        len(first),
        common,
    )
