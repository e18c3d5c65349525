"""Rows of one register that are of one child: whoever stands there twice contests no partner."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from registry.contract.arrays import Codes, Flags, Ints
from registry.linkage.candidate_pairs import paired_within
from registry.linkage.comparisons import compared, doubted, vouched
from registry.linkage.fellegi_sunter import LinkageWeights
from registry.linkage.register_view import RegisterView


def persons(
    view: RegisterView, rows: Ints, partner: Ints, weights: LinkageWeights, *, same_bits: float
) -> Ints:
    """For each row of a register the number of its child, where rows that vie for one partner are
    compared with each other: two rows are one child if that is as sure as a link, and the body
    says so.

    `rows` and `partner` are pairs of two registers that would be linked if nobody contested them.
    """
    first, second = paired_within(rows, partner)
    levels = compared(view, view, first, second)
    alike = one_child(levels, weights, same_bits=same_bits)
    graph = coo_array(
        (np.ones(int(alike.sum()), np.int8), (first[alike], second[alike])),
        shape=(len(view), len(view)),
    )
    found: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return found


def one_child(levels: Codes, weights: LinkageWeights, *, same_bits: float) -> Flags:
    """Are two rows of one register one child? Family, centre and date of birth are alike for twins
    too: readings or a name have to speak for it."""
    bits = weights.prior_bits + weights.bits(levels).sum(1)
    sure: Flags = (bits >= same_bits) & vouched(levels) & ~doubted(levels)
    return sure
