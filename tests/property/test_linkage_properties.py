"""What holds of every linkage: it is symmetric, the order of rows does not matter, a child has one
link; and on a simulated pair of registers, how good it is."""

import numpy as np
import pyarrow as pa
import pytest

from registry.checks.table import check, raw_table, registry_of_checked
from registry.contract.days import day_number
from registry.linkage.links import link, sentences
from registry.linkage.register_view import views_of
from registry.simulate.contract_tables import (
    Names,
    centres_table,
    children_table,
    measurements_table,
)
from registry.simulate.dials import Dials
from registry.simulate.run import live_all
from registry.simulate.second_register import two_registers
from registry.simulate.write import late_entry


@pytest.fixture(scope="module")
def pair():
    """Two registers of 800 simulated children, and the truth."""
    lives = live_all(children=800, months=24, seed=3, dials=Dials(truth_draws=0))
    draw = np.random.default_rng(3)
    names = Names(lives, draw)
    late_entry(lives, draw)
    return two_registers(
        {
            "centres": centres_table(lives, names, draw),
            "children": children_table(lives, names, draw),
            "measurements": measurements_table(lives.rows["measurements"], names),
        },
        draw,
    )


def linked(one: dict[str, pa.Table], other: dict[str, pa.Table]):
    day = day_number("2026-11-01")
    both = [
        check({name: raw_table(table) for name, table in tables.items()}, imported_on=day)
        for tables in (one, other)
    ]
    registries = [registry_of_checked(checked) for checked in both]
    return link(*views_of(*registries, families=tuple(c.texts["family"] for c in both)))


def told(links, *, turned: bool = False) -> dict:
    """What is said of each pair of ids."""
    mine, theirs = links.ids()[::-1] if turned else links.ids()
    cells = zip(links.same.tolist(), links.weight_bits.round(6).tolist(), strict=True)
    return dict(zip(zip(mine, theirs, strict=True), cells, strict=True))


def test_linking_is_symmetric(pair):
    one, other = linked(pair.one, pair.other), linked(pair.other, pair.one)
    assert told(one) == told(other, turned=True)
    assert len(told(one)) > 500


def test_the_order_of_rows_does_not_matter(pair):
    draw = np.random.default_rng(8)
    mixed = {
        name: table.take(pa.array(draw.permutation(table.num_rows)))
        for name, table in pair.other.items()
    }
    first, second = linked(pair.one, pair.other), linked(pair.one, mixed)
    assert told(first) == told(second)
    assert set(sentences(first)) == set(sentences(second))


def test_a_child_is_linked_once(pair):
    links = linked(pair.one, pair.other)
    for rows in (links.left, links.right):
        linked_rows = rows[links.same]
        assert len(np.unique(linked_rows)) == len(linked_rows)
        assert not np.isin(rows[~links.same], linked_rows).any()


def test_most_are_found_and_few_wrongly(pair):
    links = linked(pair.one, pair.other)
    truth = set(zip(pair.truth["child_id"], pair.truth["other_child_id"], strict=True))
    mine, theirs = links.ids()
    pairs = list(zip(mine, theirs, strict=True))
    same = {one for one, is_same in zip(pairs, links.same, strict=True) if is_same}
    assert len(same & truth) / len(same) > 0.99
    assert len(same & truth) / len(truth) > 0.93
    assert len(set(pairs) & truth) / len(truth) > 0.97


def test_registers_without_a_child_in_common_are_not_linked(pair):
    """Same centres, same families, other children: plain EM would call siblings one child."""
    draw = np.random.default_rng(4)
    children = pair.one["children"]
    half = draw.random(children.num_rows) < 0.5
    truth = dict(zip(pair.truth["child_id"], pair.truth["other_child_id"], strict=True))
    gone = {truth.get(one) for one in children["child_id"].filter(pa.array(half)).to_pylist()}
    kept = pa.array([one not in gone for one in pair.other["children"]["child_id"].to_pylist()])
    rows = pair.other["measurements"]
    there = pa.array([one not in gone for one in rows["child_id"].to_pylist()])
    links = linked(
        pair.one | {"children": children.filter(pa.array(half))},
        pair.other
        | {"children": pair.other["children"].filter(kept), "measurements": rows.filter(there)},
    )
    assert links.same.sum() <= 0.02 * half.sum()
