"""How a store divides: into groups of whole sectors, each read as a registry of its own.

A question about a child on a day looks at the child's own records, at its centre as it was known on
that day, and at its family. So it belongs to the partition of that centre, and a partition is read
with everybody who was ever at its centres and with their brothers and sisters: its questions then
have the very answers that the whole registry gives (`tests/parity/test_partitions.py`). A child who
moved is read in both partitions and asked in the one where it was on the day.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from registry.contract.arrays import AnyArray, Days, Flags, Ints
from registry.contract.days import NEVER
from registry.contract.registry import COLUMNS, DAY, OF_CENTRES, REF, Registry
from registry.engine import Engine
from registry.store.bulk import Bulk
from registry.store.links.known_links import known_links
from registry.store.loading import (
    child_numbers,
    days_measured_of,
    late_days,
    load_around,
    load_numbers,
    told_before_day,
)
from registry.store.store import Store, open_store

Result = TypeVar("Result")
NOW = int(NEVER) - 1
"""The day for which a store is divided where a question is about its present records: all are known
by then."""
MOST_CHILDREN = 50_000
"""A partition's children, as long as no single sector has more: some 250 MB with three years of
records, and seconds to score."""


@dataclass(frozen=True)
class Partition:
    """Some whole sectors' centres, by id. `number` counts from 0; `children` are those at them on
    the day for which the store was divided.

    The last partition holds what no sector holds: centres without one, and `without_centre` the
    children of no centre.
    """

    number: int
    centres: tuple[str, ...]
    children: int
    without_centre: bool = False


@dataclass(frozen=True)
class StorePart:
    """A partition in memory: the registry to ask, and which questions are its own."""

    partition: Partition
    registry: Registry
    own_centres: Flags
    """bool[centres + 1] by position in `registry.centre_ids`; the last: of no centre."""
    numbers: Days
    """int32[children]: the store's number of each child, ascending."""

    def owns(self, centre: Days | Ints) -> Flags:
        """Whether a question about a child at each of these centres (positions, -1 for none) is
        this part's."""
        return self.own_centres[centre]

    def among(self, numbers: Days) -> Days:
        """The position of each of the part's children in the whole registry, whose children have
        these numbers (ascending)."""
        found: Days = np.searchsorted(numbers, self.numbers).astype(REF)
        return found

    def of_children(self, children: Days) -> Registry:
        """The registry of these children alone (positions, ascending), with every centre."""
        at = np.full(len(self.registry.child_ids), -1, REF)
        at[children] = np.arange(len(children), dtype=REF)
        tables: dict[str, Any] = {}
        for name in set(COLUMNS) - OF_CENTRES:
            table = self.registry.table(name)
            rows = np.flatnonzero(at[table["child"]] >= 0)
            tables[name] = table.take(rows).having(child=at[table["child"][rows]])
        return replace(self.registry, **tables, child_ids=self.registry.child_ids[children])


def alone(registry: Registry, children: Flags) -> Registry:
    """A registry with the records of these children alone (mask by position), and every centre;
    positions stay."""
    tables: dict[str, Any] = {}
    for name in set(COLUMNS) - OF_CENTRES:
        table = registry.table(name)
        tables[name] = table.take(np.flatnonzero(children[table["child"]]))
    return replace(registry, **tables)


def divide(store: Store, day: int, *, most: int | None = None) -> list[Partition]:
    """The partitions of a store for questions about a day: every centre is in exactly one.

    Districts stay whole where they have at most `most` (MOST_CHILDREN) children; larger ones are
    divided between sectors. The order is that of ids, so that a store always divides alike.
    """
    with store.reading() as bulk:
        homes, places = _homes(bulk, day), _places(bulk, day)
        ids = {kind: _texts(bulk, kind) for kind in ("centre", "sector", "district")}
    centres = np.array(sorted(ids["centre"], key=ids["centre"].__getitem__), np.int64)
    at = np.bincount(homes[homes >= 0], minlength=int(centres.max(initial=-1)) + 1)
    sectors: dict[tuple[str, str], list[int]] = {}
    unplaced: list[int] = []
    for centre in centres.tolist():
        sector, district = places.get(centre, (-1, -1))
        if sector < 0:
            unplaced.append(centre)
        else:
            key = (ids["district"].get(district, ""), ids["sector"][sector])
            sectors.setdefault(key, []).append(centre)
    groups = _grouped(
        {key: int(at[of].sum()) for key, of in sorted(sectors.items())}, most or MOST_CHILDREN
    )
    found = [
        _partition(n, [one for key in group for one in sectors[key]], ids["centre"], at)
        for n, group in enumerate(groups)
    ]
    nowhere = int((homes < 0).sum())
    if unplaced or nowhere or not found:
        last = _partition(len(found), unplaced, ids["centre"], at)
        found.append(Partition(last.number, last.centres, last.children + nowhere, True))
    return found


def several_parts(address: str, engine: Engine) -> bool:
    """Whether a store is read part by part: it has several, or another process is to work."""
    with closing(open_store(address, must_exist=True)) as store:
        return not engine.here or len(divide(store, NOW)) > 1


def read(store: Store, partition: Partition, *, empty: Collection[str] = ()) -> StorePart:
    """The partition's registry: positions of centres and areas as in the whole registry; without
    the rows of the tables in `empty`, for a question that does not look at them."""
    with store.reading() as bulk:
        registry, numbers = load_around(
            bulk, partition.centres, without_centre=partition.without_centre, empty=empty
        )
    own = np.append(np.isin(registry.centre_ids, partition.centres), partition.without_centre)
    return StorePart(partition, registry, own, numbers)


def numbers_of(store: Store) -> Days:
    """The store's number of each child (ascending) by its position in the whole registry."""
    with store.reading() as bulk:
        return child_numbers(bulk)


def read_children(store: Store, numbers: Days) -> Registry:
    """These children (numbers, ascending) alone, without their families, with every centre."""
    with store.reading() as bulk:
        return load_numbers(bulk, numbers)


def read_in_place(store: Store, partition: Partition) -> StorePart:
    """`read`, with every child's position that of the whole registry: children of other parts are
    there by position alone, without records or ids."""
    part, every = read(store, partition), numbers_of(store)
    position = np.searchsorted(every, part.numbers).astype(REF)
    ids = np.full(len(every), None, object)
    ids[position] = part.registry.child_ids
    tables: dict[str, Any] = {}
    for name in set(COLUMNS) - OF_CENTRES:
        table = part.registry.table(name)
        tables[name] = table.having(child=position[table["child"]])
    registry = replace(part.registry, **tables, child_ids=ids)
    return StorePart(partition, registry, part.own_centres, every)


def late_rows(store: Store) -> dict[int, int]:
    """How many rows of a store were known only after their own day, by the day from which they
    were; counted in the database."""
    with store.reading() as bulk:
        return late_days(bulk)


def days_measured(store: Store, centres: Collection[str] | None = None) -> tuple[Days, Ints]:
    """(days, how many present measurements were taken on each): of the children who are now at some
    centres (None: of all)."""
    with store.reading() as bulk:
        return np.unique(days_measured_of(bulk, centres), return_counts=True)


def told_before(store: Store, day: int) -> tuple[int, float]:
    """(the last day that the rows known before a day speak of, the share of these whose day of
    entry nobody wrote down), counted in the database."""
    with store.reading() as bulk:
        return told_before_day(bulk, day)


class SectorLot(NamedTuple):
    """Whole sectors drawn by lot: `parts` of up to MOST_CHILDREN, how many `sectors` they are, and
    their `children`."""

    parts: list[Partition]
    sectors: int
    children: int


def drawn_sectors(store: Store, day: int, *, most: int, seed: int) -> Partition | None:
    """As many whole sectors, drawn by lot, as have at most `most` children together on a day (one
    at least): a store of itself in which areas, families and lists are whole. None where all
    children together are no more."""
    chosen = _by_lot(store, day, most=most, seed=seed)
    return None if chosen is None else _joined(0, chosen)


def drawn_parts(store: Store, day: int, *, most: int, seed: int) -> SectorLot | None:
    """The sectors of `drawn_sectors`, in parts that are each read by themselves."""
    chosen = _by_lot(store, day, most=most, seed=seed)
    if chosen is None:
        return None
    groups, filled = [[chosen[0]]], chosen[0].children
    for one in chosen[1:]:
        filled += one.children
        if filled > MOST_CHILDREN:
            groups.append([])
            filled = one.children
        groups[-1].append(one)
    parts = [_joined(number, group) for number, group in enumerate(groups)]
    return SectorLot(parts, len(chosen), sum(part.children for part in parts))


def _by_lot(store: Store, day: int, *, most: int, seed: int) -> list[Partition] | None:
    """The drawn sectors, each alone, in order."""
    single = divide(store, day, most=1)
    if sum(part.children for part in single) <= most:
        return None
    placed = [part for part in single if not part.without_centre]
    order = np.random.default_rng(seed).permutation(len(placed))
    running = np.cumsum([placed[at].children for at in order])
    return [placed[at] for at in np.sort(order[: max(1, int((running <= most).sum()))])]


def _joined(number: int, parts: list[Partition]) -> Partition:
    centres = tuple(centre for part in parts for centre in part.centres)
    return Partition(number, centres, sum(part.children for part in parts))


def _partition(number: int, centres: list[int], ids: dict[int, str], at: Ints) -> Partition:
    named = tuple(ids[centre] for centre in centres)
    return Partition(number, named, int(at[centres].sum()) if centres else 0)


def _grouped(sectors: dict[tuple[str, str], int], most: int) -> Iterator[list[tuple[str, str]]]:
    """(district, sector) by group, in order; a district that fits into one group is not divided."""
    by_district: dict[str, int] = {}
    for (district, _), children in sectors.items():
        by_district[district] = by_district.get(district, 0) + children
    group: list[tuple[str, str]] = []
    filled, of = 0, ""
    for (district, sector), children in sectors.items():
        begins = not group or district != of
        needed = by_district[district] if begins and by_district[district] <= most else children
        if group and filled + needed > most:
            yield group
            group, filled = [], 0
        group.append((district, sector))
        filled, of = filled + children, district
    if group:
        yield group


def _homes(bulk: Bulk, day: int) -> Days:
    """Each child's centre (number, -1 none) as known on the day; linked ids are one child's."""
    known = f"known_from <= {day} AND (known_until IS NULL OR known_until > {day})"
    rows = _newest(bulk, f"SELECT child AS id, centre, known_from FROM children WHERE {known}")
    return rows["centre"][~known_links(bulk).joined_on(rows["id"], day)]


def _places(bulk: Bulk, day: int) -> dict[int, tuple[int, int]]:
    """The sector and district (numbers, -1 none) of each centre as known on the day."""
    known = f"known_from <= {day} AND (known_until IS NULL OR known_until > {day})"
    rows = _newest(
        bulk, f"SELECT centre AS id, sector, district, known_from FROM centres WHERE {known}"
    )
    return dict(
        zip(
            rows["id"].tolist(),
            zip(rows["sector"].tolist(), rows["district"].tolist(), strict=True),
            strict=True,
        )
    )


def _newest(bulk: Bulk, question: str) -> dict[str, AnyArray]:
    """The last known version of each id."""
    kinds = {"id": REF, "centre": REF, "sector": REF, "district": REF, "known_from": DAY}
    rows = bulk.query(question, kinds)
    order = np.lexsort([rows["known_from"], rows["id"]])
    last = np.append(np.diff(rows["id"][order]) != 0, True)[: len(order)]
    return {name: column[order[last]] for name, column in rows.items()}


def _texts(bulk: Bulk, kind: str) -> dict[int, str]:
    rows = bulk.query(f"SELECT number, text FROM ids WHERE kind = '{kind}'", {"number": REF})
    return dict(zip(rows["number"].tolist(), rows["text"].tolist(), strict=True))


def over_parts(
    address: str,
    task: Callable[[StorePart], Result],
    engine: Engine,
    *,
    day: int = NOW,
    parts: list[Partition] | None = None,
    empty: Collection[str] = (),
    done: Callable[[int, int], None] = lambda children, of: None,
) -> tuple[Registry, list[Result]]:
    """(the store's centres and areas without any child, what the task says of each part, in order).

    The task is a function of a module or a `functools.partial` of one, and what it returns is
    small: it crosses processes where the engine has some. `parts`: those that are asked; None: all.
    `empty`: see `read`. `done` hears of how many children the parts are finished, of all.
    """
    with closing(open_store(address, must_exist=True)) as store:
        places, parts = store.load(children=()), parts or divide(store, day)
    ready, total = 0, sum(part.children for part in parts)
    found: dict[int, Result] = {}
    for part, result in engine.each(partial(_of_part, address, task, empty), parts):
        found[part.number] = result
        ready += part.children
        done(ready, total)
    return places, [found[part.number] for part in parts]


def _of_part(
    address: str,
    task: Callable[[StorePart], Result],
    empty: Collection[str],
    partition: Partition,
) -> Result:
    with closing(open_store(address, must_exist=True)) as store:
        part = read(store, partition, empty=empty)
    return task(part)
