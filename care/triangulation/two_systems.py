"""One list of children from two registers, and what both say of each in each month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from care.programme.by_month import calendar
from care.triangulation.seen_by_month import CalendarMonths, SeenByMonth, seen_by_month
from features.clock import Ragged
from registry.contract.arrays import Flags, Ints, Texts
from registry.contract.days import day_number
from registry.contract.registry import NEVER, Registry

UNKNOWN_SECTOR = "(unknown)"


@dataclass(frozen=True)
class RowLinks:
    """Which rows are of one child: positions in the two registers' `child_ids`. `across`: pairs of
    the two registers. `here`, `there`: pairs within the one and the other. `waiting`: pairs of the
    two registers that a person has not decided."""

    across: tuple[Ints, Ints]
    waiting: tuple[Ints, Ints]
    here: tuple[Ints, Ints]
    there: tuple[Ints, Ints]


@dataclass(frozen=True)
class System:
    """One of the two registers: of each of its rows the child's number, the readings, and by child
    and month what it says. `row`: of each child its first row, -1 for none."""

    registry: Registry
    child: Ints
    row: Ints
    by_month: SeenByMonth
    readings: Ragged


@dataclass(frozen=True)
class TwoSystems:
    """Children of both registers, each once; `sector` is a position in `sectors`: that of `here`,
    or, for a child who is only there, of `there`."""

    months: CalendarMonths
    sectors: tuple[str, ...]
    sector: Ints
    here: System
    there: System
    waiting: tuple[Ints, Ints]
    """Pairs of children that a person has not decided, one of each register."""

    @property
    def children(self) -> int:
        """How many there are."""
        return len(self.sector)


def two_systems(one: Registry, other: Registry, links: RowLinks, *, months: int) -> TwoSystems:
    """Both registers over the last so many months up to the earlier of their last days: later than
    that, one of them has not spoken yet."""
    span = _months(min(one.recorded_until, other.recorded_until), months)
    mine, theirs, count = _children(one, other, links)
    here, there = _system(one, mine, count, span), _system(other, theirs, count, span)
    sectors, sector = _sectors(here, there)
    waiting = (mine[links.waiting[0]], theirs[links.waiting[1]])
    return TwoSystems(span, sectors, sector, here, there, waiting)


def _months(until: int, many: int) -> CalendarMonths:
    firsts, ends = calendar(until=until, months=many)
    names = tuple(f"{first:%Y-%m}" for first in firsts)
    starts = np.array([day_number(first) for first in firsts], np.int32)
    return CalendarMonths(names, starts, ends)


def _children(one: Registry, other: Registry, links: RowLinks) -> tuple[Ints, Ints, int]:
    """The child's number of each row of both registers, and how many children there are; only rows
    of today count (others have -1)."""
    size = (len(one.child_ids), len(other.child_ids))
    start = np.concatenate([links.across[0], links.here[0], links.there[0] + size[0]])
    end = np.concatenate([links.across[1] + size[0], links.here[1], links.there[1] + size[0]])
    graph = coo_array((np.ones(len(start), np.int8), (start, end)), shape=(sum(size), sum(size)))
    number = connected_components(graph, directed=False)[1].astype(np.int64)
    present = np.concatenate([_present(one), _present(other)])
    _, dense = np.unique(number[present], return_inverse=True)
    found = np.full(sum(size), -1, np.int64)
    found[present] = dense
    return found[: size[0]], found[size[0] :], int(dense.max(initial=-1)) + 1


def _present(registry: Registry) -> Flags:
    """Which ids have a row today."""
    found = np.zeros(len(registry.child_ids), np.bool_)
    found[registry.children["child"][registry.children["known_until"] == NEVER]] = True
    return found


def _system(registry: Registry, child: Ints, count: int, months: CalendarMonths) -> System:
    """The register's rows gathered by child: who stands there twice is one child, of whom the
    gravest that either row says is said."""
    seen, readings = seen_by_month(registry, months)
    there = np.flatnonzero(child >= 0)
    said = np.full((count, len(months.names)), -1, np.int8)
    treated, registered = (np.zeros(said.shape, np.bool_) for _ in range(2))
    np.maximum.at(said, child[there], seen.said[there])
    np.logical_or.at(treated, child[there], seen.treated[there])
    np.logical_or.at(registered, child[there], seen.registered[there])
    row = np.full(count, -1, np.int64)
    row[child[there][::-1]] = there[::-1]
    return System(registry, child, row, SeenByMonth(said, treated, registered), readings)


def _sectors(here: System, there: System) -> tuple[tuple[str, ...], Ints]:
    """All sectors' codes in order, and each child's."""
    own, others = _sector_texts(here), _sector_texts(there)
    text = np.where(own == "", others, own)
    text = np.where(text == "", UNKNOWN_SECTOR, text)
    names, at = np.unique(text.astype(str), return_inverse=True)
    return tuple(str(name) for name in names), at.astype(np.int64)


def _sector_texts(system: System) -> Texts:
    """The code of each child's sector today by this register, empty where it does not know."""
    registry = system.registry
    today = registry.children.take(registry.children["known_until"] == NEVER)
    centre = np.full(len(registry.child_ids) + 1, -1, np.int64)
    centre[today["child"]] = today["centre"]
    places = registry.centres.take(registry.centres["known_until"] == NEVER)
    sector = np.full(len(registry.centre_ids) + 1, -1, np.int64)
    sector[places["centre"]] = places["sector"]
    texts = np.append(registry.sector_ids.astype(object), "")
    found: Texts = texts[np.where(system.row < 0, -1, sector[centre[system.row]])]
    return found
