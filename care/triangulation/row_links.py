"""Which rows of two registers are of one child, as positions: found here, or known before."""

from __future__ import annotations

import numpy as np

from care.triangulation.two_systems import RowLinks
from registry.contract.arrays import Ints, Texts
from registry.contract.errors import BadInput
from registry.linkage.duplicates import duplicates
from registry.linkage.link_file import LinkedIds
from registry.linkage.links import Links, link
from registry.linkage.opened_registers import OpenedRegister, views


def row_links(
    one: OpenedRegister, other: OpenedRegister, *, known: LinkedIds | None = None
) -> RowLinks:
    """The links of both: those known, else found now; and in each of them who stands there twice,
    so that it is one child."""
    both = views(one, other)
    ids = (one.registry.child_ids, other.registry.child_ids)
    if known is None:
        links = link(*both)
        pairs = links.ids()
        across, waiting = (
            _positions(ids, (pairs[0][kept], pairs[1][kept])) for kept in (links.same, ~links.same)
        )
    else:
        across, waiting = (_positions(ids, _columns(pairs)) for pairs in known)
    here, there = (
        _positions((own, own), _same(duplicates(view))) for view, own in zip(both, ids, strict=True)
    )
    return RowLinks(across, waiting, here, there)


def _same(links: Links) -> tuple[Texts, Texts]:
    mine, theirs = links.ids()
    return mine[links.same], theirs[links.same]


def _columns(pairs: list[tuple[str, str]]) -> tuple[Texts, Texts]:
    mine, theirs = (np.array([pair[side] for pair in pairs], object) for side in (0, 1))
    return mine, theirs


def _positions(known: tuple[Texts, Texts], pairs: tuple[Texts, Texts]) -> tuple[Ints, Ints]:
    """Positions in both registers' ids. BadInput LNK012 for an id that a register does not hold."""
    found = []
    for own, ids in zip(known, pairs, strict=True):
        place = {str(one): at for at, one in enumerate(own)}
        at = np.array([place.get(str(one), -1) for one in ids], np.int64)
        if missing := int((at < 0).sum()):
            raise BadInput(
                "LNK012",
                f"{missing} of {len(at)} links name a child that its register does not hold: are "
                "they of these two, in this order?",
            )
        found.append(at)
    return found[0], found[1]
