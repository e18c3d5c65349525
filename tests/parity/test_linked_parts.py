"""Linked ids read part by part are, to the bit, what the whole registry has: a link across a border,
within a sector, of another register, undone, and of three ids."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
import sqlalchemy as sa

from features.clock import Clock
from registry.contract.registry import COLUMNS, OF_CENTRES, day_date
from registry.store import schema
from registry.store.links.decisions import decide
from registry.store.partitions import divide, late_rows, read, read_children, read_in_place
from registry.store.store import open_store
from tests.parity.test_partitions import MOST, rows_of
from tests.support.divided_registry import fill, moves, tables
from training.cohorts.known_until import known_until, late_entries, newest_day


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    """(an open store with links, its whole registry, days before, in and after them)."""
    home = tmp_path_factory.mktemp("linked")
    first = tables(home / "t")
    with closing(open_store(home / "x.db")) as store:
        fill(store, first, moves(home / "moved", first))
        draw = np.random.default_rng(7)
        ids = draw.permutation(store.load().child_ids)
        last = int(store.facts()["recorded_until"]) + 400
        pairs = [(str(ids[2 * at]), str(ids[2 * at + 1])) for at in range(60)]
        # The last ten are brought by another register; then a chain, then some are undone.
        with store.engine.begin() as connection:
            numbers = dict(
                tuple(one)
                for one in connection.execute(
                    sa.select(schema.IDS.c.text, schema.IDS.c.number).where(
                        schema.IDS.c.kind == "child"
                    )
                )
            )
            brought = [
                {"child": numbers[other], "register": "health", "code": other, "centre_id": None}
                for _, other in pairs[50:]
            ]
            connection.execute(sa.insert(schema.OTHER_CHILDREN), brought)
        steps = [(*pair, "same", last) for pair in pairs]
        steps += [(str(ids[130]), pairs[0][0], "same", last + 5)]
        steps += [(*pair, "different", last + 9) for pair in pairs[20:30]]
        for one, other, verdict, day in steps:
            with store.engine.begin() as connection:
                decide(connection, one, other, verdict, by="test", on=day)
        yield store, store.load(), (last - 30, last, last + 5, last + 9)


def test_feature_rows_of_linked_children_are_those_of_the_whole_registry(linked):
    store, registry, days = linked
    children = np.repeat(np.arange(len(registry.child_ids), dtype=np.int32), len(days))
    asked_on = np.tile(np.array(days, np.int32), len(registry.child_ids))
    centre = Clock(registry).child_on(children, asked_on)["centre"]
    whole = rows_of(registry, children, asked_on)
    asked = 0
    for partition in divide(store, days[-1], most=MOST):
        part = read(store, partition)
        mine = np.flatnonzero(part.owns(centre) & (centre >= 0))
        at = {name: position for position, name in enumerate(part.registry.child_ids)}
        own = np.array([at[name] for name in registry.child_ids[children[mine]]], np.int32)
        np.testing.assert_array_equal(rows_of(part.registry, own, asked_on[mine]), whole[mine])
        asked += len(mine)
    assert asked == (centre >= 0).sum() > 2_000


def test_every_row_of_a_part_is_the_wholes_and_in_its_order(linked):
    store, registry, days = linked
    for partition in divide(store, days[-1], most=MOST):
        part = read_in_place(store, partition)
        own = np.flatnonzero([name is not None for name in part.registry.child_ids])
        assert len(own) > 20
        for name in set(COLUMNS) - OF_CENTRES - {"episodes"}:
            mine = part.registry.table(name)
            every = registry.table(name)
            every = every.take(np.isin(every["child"], own))
            for column in mine:
                if column != "family":
                    np.testing.assert_array_equal(mine[column], every[column], err_msg=column)


def test_children_are_counted_once_and_late_rows_as_the_whole_has_them(linked):
    store, registry, days = linked
    counted = {}
    for name, late in late_entries(registry).items():
        for day in registry.table(name)["known_from"][late].tolist():
            counted[day] = counted.get(day, 0) + 1
    assert late_rows(store) == counted
    assert newest_day(late_rows(store), registry.recorded_until) == known_until(registry)
    everyone = np.arange(len(registry.child_ids), dtype=np.int32)
    known = Clock(registry).child_on(everyone, np.full(len(everyone), days[-1], np.int32))
    assert store.children() == int((known["sex"] >= 0).sum()) == len(everyone) - 51
    parts = divide(store, days[-1], most=MOST)
    assert sum(part.children for part in parts) == store.children()


def test_a_childs_own_reading_has_what_the_whole_has_of_it(linked):
    store, registry, days = linked
    with store.engine.connect() as connection:
        rows = connection.execute(sa.select(schema.LINKS.c.child).limit(40)).scalars().all()
    numbers = np.unique(np.array(rows, np.int32))
    alone = read_children(store, numbers)
    for name in ("measurements", "checks", "rations"):
        whole = registry.table(name)
        ids = registry.child_ids[whole["child"]]
        whole = whole.take(np.isin(ids, alone.child_ids))
        for column in whole:
            if column != "child":
                # `moved` is there only where a link moved some row.
                mine = alone.table(name).get(column, np.zeros(alone.table(name).rows, np.bool_))
                assert sorted(map(repr, whole[column])) == sorted(map(repr, mine)), day_date(
                    days[0]
                )
