"""Families: whom of an extract the register lacks, sector by sector; siblings at several centres;
families that moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from care.triangulation.counts import ALL_SECTORS, Cell, controlled
from care.triangulation.two_systems import UNKNOWN_SECTOR
from registry.contract.arrays import Ints, Texts
from registry.contract.registry import NEVER, Registry, Table
from registry.linkage.family_extract import FamilyExtract, Matched, Registration

COVERED = ("sector", *(one.name.lower() for one in Registration), "coverage")


@dataclass(frozen=True)
class Coverage:
    """Children of the extract by sector and standing, NaN where withheld, all sectors last."""

    sectors: tuple[str, ...]
    counts: dict[str, list[float]]

    def rows(self) -> Iterator[dict[str, Cell]]:
        """One record a sector; `coverage`: of the children whose standing is sure, the share that
        is registered."""
        for at, sector in enumerate((*self.sectors, ALL_SECTORS)):
            cells = {name: column[at] for name, column in self.counts.items()}
            sure = sum(cells.values()) - cells["look"]
            known = not np.isnan(sure) and sure > 0
            row: dict[str, Cell] = {"sector": sector}
            row |= {name: None if np.isnan(cell) else int(cell) for name, cell in cells.items()}
            yield row | {"coverage": round(cells["registered"] / sure, 4) if known else None}


def coverage(extract: FamilyExtract, found: Matched, registry: Registry) -> Coverage:
    """Counts by the sector that the extract says (itself, or by the centre), else by that of the
    family's child in the register; small ones withheld."""
    text = sectors_of(extract, found, registry)
    sectors, at = np.unique(text.astype(str), return_inverse=True)
    counts = np.zeros((len(Registration), len(sectors) + 1, 1))
    np.add.at(counts[:, :, 0], (found.standing, at), 1)
    counts[:, -1] = counts[:, :-1].sum(1)
    shown = controlled(counts)[:, :, 0]
    by_name = {one.name.lower(): shown[one].tolist() for one in Registration}
    return Coverage(tuple(str(one) for one in sectors), by_name)


def sectors_of(extract: FamilyExtract, found: Matched, registry: Registry) -> Texts:
    """Each row's sector as text."""
    places = registry.centres.take(registry.centres["known_until"] == NEVER)
    sector = np.full(len(registry.centre_ids) + 1, -1, np.int64)
    sector[places["centre"]] = places["sector"]
    texts = np.append(registry.sector_ids.astype(object), "")
    of_centre = {str(one): texts[sector[at]] for at, one in enumerate(registry.centre_ids)}
    centre = np.append(centre_today(registry), -1)
    by_child = texts[sector[centre[found.child]]]
    by_centre = np.array([of_centre.get(str(one), "") for one in extract.centre], object)
    text = np.where(extract.sector != "", extract.sector, by_centre)
    text = np.where(text == "", by_child, text)
    filled: Texts = np.where(text == "", UNKNOWN_SECTOR, text)
    return filled


def centre_today(registry: Registry) -> Ints:
    """The centre of each child id as known today; -1 where it has none."""
    today = _today(registry)
    centre = np.full(len(registry.child_ids), -1, np.int64)
    centre[today["child"]] = today["centre"]
    return centre


def _today(registry: Registry) -> Table:
    return registry.children.take(registry.children["known_until"] == NEVER)


@dataclass(frozen=True)
class FamilyPlaces:
    """Families with two children or more in the register, those of them at two centres or in two
    sectors today, and families of whom a child has been at another centre before."""

    with_siblings: int
    siblings_at_two_centres: int
    siblings_in_two_sectors: int
    moved_to_another_centre: int
    moved_to_another_sector: int


def family_places(registry: Registry) -> FamilyPlaces:
    """Counts of families, from the present rows, and, for moves, from all versions of a child's
    row."""
    places = registry.centres.take(registry.centres["known_until"] == NEVER)
    sector = np.full(len(registry.centre_ids) + 1, -1, np.int64)
    sector[places["centre"]] = places["sector"]
    today = _today(registry).take(_today(registry)["left_on"] == NEVER)
    family = np.full(len(registry.child_ids) + 1, -1, np.int64)
    family[_today(registry)["child"]] = _today(registry)["family"]
    every = registry.children
    siblings = _several(today["family"], today["child"])
    moved = [_several(every["child"], where) for where in _places(every, sector)]
    apart = [_several(today["family"], where) for where in _places(today, sector)]
    return FamilyPlaces(
        len(siblings),
        *(len(np.intersect1d(siblings, one)) for one in apart),
        *(len(np.setdiff1d(family[one], [-1])) for one in moved),
    )


def _places(children: Table, sector: Ints) -> tuple[Ints, Ints]:
    centre = children["centre"].astype(np.int64)
    return centre, sector[centre]


def _several(of: Ints, values: Ints) -> Ints:
    """Those (positions, -1 for none) that have two different values or more, of the known ones."""
    known = (of >= 0) & (values >= 0)
    pairs = np.unique(np.stack([of[known], values[known]]), axis=1)
    found, many = np.unique(pairs[0], return_counts=True)
    several: Ints = found[many > 1]
    return several
