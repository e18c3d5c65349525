"""Which rows of two registers are of one child, as positions: found here, or read from a file of
`sanket link`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from care.triangulation.two_systems import RowLinks
from registry.contract.arrays import Ints, Texts
from registry.contract.errors import BadInput
from registry.linkage.duplicates import duplicates
from registry.linkage.link_file import read_links
from registry.linkage.links import Links, link
from registry.linkage.opened_registers import OpenedRegister, views


def row_links(one: OpenedRegister, other: OpenedRegister, *, file: Path | None = None) -> RowLinks:
    """The links of both, from the file where one is given; and in each of them who stands there
    twice, so that it is one child."""
    both = views(one, other)
    ids = (one.registry.child_ids, other.registry.child_ids)
    if file is None:
        links = link(*both)
        pairs = links.ids()
        across, waiting = (
            _positions(ids, (pairs[0][kept], pairs[1][kept])) for kept in (links.same, ~links.same)
        )
    else:
        read = read_links(file)
        across, waiting = (_positions(ids, _columns(pairs), file=file) for pairs in read)
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


def _positions(
    known: tuple[Texts, Texts], pairs: tuple[Texts, Texts], *, file: Path | None = None
) -> tuple[Ints, Ints]:
    """Positions in both registers' ids. BadInput LNK012 for an id that a register does not hold."""
    found = []
    for own, ids in zip(known, pairs, strict=True):
        place = {str(one): at for at, one in enumerate(own)}
        at = np.array([place.get(str(one), -1) for one in ids], np.int64)
        if missing := int((at < 0).sum()):
            raise BadInput(
                "LNK012",
                f"{missing} of {len(at)} links of {file} name a child that its register does not "
                "hold: is it the file of these two, in this order?",
            )
        found.append(at)
    return found[0], found[1]
