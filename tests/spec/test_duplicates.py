"""Children who stand twice in one register: found by their readings, told from twins, and no hindrance
to being linked."""

import pyarrow.parquet
import pytest

from registry.checks.table import check, raw_table, registry_of_checked
from registry.contract.days import day_number
from registry.linkage.duplicates import duplicates
from registry.linkage.links import link
from registry.linkage.register_view import views_of
from registry.simulate.dials import Dials
from registry.simulate.write import simulate
from tests.spec.test_linkage import ASHA, changed, found, views


def said_of(*rows: tuple) -> dict[tuple[str, str], str]:
    """Verdicts within one register of these children and the block's."""
    one, _ = views(list(rows), [])
    return found(duplicates(one))


def test_one_child_registered_twice_is_found():
    assert said_of(ASHA, changed(ASHA, id="asha-2"))["asha", "asha-2"] == "same"


def test_twins_are_not_one_child():
    usha = changed(ASHA, id="usha", birth_weight=1.9, weight=7.1, height=74.0)
    assert said_of(ASHA, usha).get(("asha", "usha")) != "same"


def test_two_rows_whom_nothing_but_place_and_birth_speak_for_are_for_a_person():
    bare = changed(ASHA, weight=None, birth_weight=None)
    assert said_of(bare, changed(bare, id="second"))["asha", "second"] == "look"


def test_a_block_without_duplicates_has_none():
    assert "same" not in said_of(ASHA).values()


def test_a_child_who_stands_twice_here_is_linked_all_the_same():
    one, other = views([ASHA, changed(ASHA, id="asha-2")], [ASHA])
    verdicts = found(link(one, other))
    assert [said for pair, said in verdicts.items() if pair[1] == "p-asha"] == ["same"]


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    out = tmp_path_factory.mktemp("sim")
    simulate(out, children=1_500, months=18, seed=3, dials=Dials(truth_draws=0))
    return {
        name: pyarrow.parquet.read_table(out / f"{name}.parquet")
        for name in ("truth/registered_twice", "centres", "children", "measurements")
    }


def test_the_simulator_says_who_stands_twice(twice):
    truth, children = twice["truth/registered_twice"], twice["children"]
    ids = children["child_id"].to_pylist()
    assert 5 <= truth.num_rows <= 35
    assert set(truth["second_child_id"].to_pylist()) <= set(ids)
    assert set(truth["child_id"].to_pylist()) <= set(ids)
    sexes = dict(zip(ids, children["sex"].to_pylist(), strict=True))
    assert all(sexes[a] == sexes[b] for a, b in zip(*truth.to_pydict().values(), strict=True))


def test_most_who_stand_twice_are_found_and_few_others(twice):
    """Six in ten of them have another date of birth, four in ten no family."""
    tables = {name: table for name, table in twice.items() if "/" not in name}
    checked = check(
        {name: raw_table(table) for name, table in tables.items()},
        imported_on=day_number("2026-11-01"),
    )
    registry = registry_of_checked(checked)
    families = (checked.texts["family"],) * 2
    view, _ = views_of(registry, registry, families=families)
    verdicts = found(duplicates(view))
    truth = {
        tuple(sorted(pair))
        for pair in zip(*twice["truth/registered_twice"].to_pydict().values(), strict=True)
        if set(pair) <= set(view.child_ids)
    }
    same = {pair for pair, said in verdicts.items() if said == "same"}
    assert len(same & truth) >= 0.9 * len(same) > 0.5 * len(truth)
    assert len(verdicts.keys() & truth) >= 0.8 * len(truth)
