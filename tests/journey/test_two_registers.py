"""Two registers, one child, at the commands: links are kept, decided, undone and forgotten, and what
is answered follows from the day of each."""

from __future__ import annotations

import json
from contextlib import closing

import numpy as np
import pytest
import sqlalchemy as sa

from features.clock import Clock
from features.episodes import find
from registry.contract.days import NEVER, day_number
from registry.store.forgetting import forget
from registry.store.store import open_store
from tests.support.postgres import fresh_database, own_server
from tests.support.registry_samples import folder
from tests.support.two_registers import CENTRES, IMPORTED, block, said, two_stores

KNOWN, LATER = "2025-06-01", "2025-08-01"


@pytest.fixture
def registers(tmp_path, monkeypatch):
    """A store and another: k0 was treated for SAM and cured in the other alone; of twins each
    register has one."""
    monkeypatch.setenv("SANKET_TODAY", KNOWN)
    return two_stores(tmp_path)


def told(capsys, *words):
    capsys.readouterr()
    said(*words, "--json")
    return json.loads(capsys.readouterr().out)


def known(address, child, day):
    """(stays before or now, weights) of a child as known on a day."""
    with closing(open_store(address)) as store:
        registry = store.load()
    at = np.flatnonzero(registry.child_ids == child).astype(np.int32)
    seen = Clock(registry).known_by(at, np.full(len(at), day_number(day), np.int32))
    stays = find(seen)
    kg = seen.measurements["weight_kg"]
    return int(stays.before[0] + (stays.admitted_on[0] != NEVER)), kg[~np.isnan(kg)].tolist()


def listed(address, day):
    with closing(open_store(address)) as store:
        registry, count = store.load(), store.children()
    every = np.arange(len(registry.child_ids), dtype=np.int32)
    children = Clock(registry).child_on(every, np.full(len(every), day_number(day), np.int32))
    return set(registry.child_ids[children["sex"] >= 0]), count


def test_a_kept_link_brings_the_other_registers_history_from_its_day_on(registers, capsys):
    one, other = registers
    before, list_before = known(one, "k0", KNOWN), listed(one, KNOWN)
    assert before[0] == 0
    counts = told(capsys, "link", one, other, "--keep", "health")
    assert counts["linked"] == counts["same"] == 40 and counts["rows_quarantined"] == 0
    stays, weights = known(one, "k0", KNOWN)
    assert stays == 1, "the stay that the other register had"
    assert weights == before[1], "readings that both wrote down count once"
    assert known(one, "k0", "2025-05-31")[0] == 0, "a link made in June teaches nothing about May"
    assert listed(one, KNOWN) == list_before, "nobody is listed twice, nobody is new"
    again = told(capsys, "link", one, other, "--keep", "health")
    assert again["linked"] == 0 and again["decided_before"] == 40 + again["look"]
    assert again["same"] == 40, "a register is not linked to what it was given"


def test_one_twin_in_each_register_waits_for_a_person_and_is_hers_from_that_day(
    registers, capsys, monkeypatch
):
    one, other = registers
    counts = told(capsys, "link", one, other, "--keep", "health")
    assert counts["to_look_at"] == 1
    assert len(known(one, "twin", KNOWN)[1]) == 4
    monkeypatch.setenv("SANKET_TODAY", LATER)
    said("decide", one, "twin", "ptwin", "same")
    assert len(known(one, "twin", LATER)[1]) == 8
    assert len(known(one, "twin", "2025-07-31")[1]) == 4
    monkeypatch.setenv("SANKET_TODAY", "2025-09-01")
    said("decide", one, "twin", "health:ptwin", "different", "--because", "two girls")
    assert len(known(one, "twin", "2025-09-01")[1]) == 4
    assert len(known(one, "twin", "2025-08-31")[1]) == 8, "as it was answered then"
    assert told(capsys, "link", one, other, "--keep", "health")["linked"] == 0
    assert len(known(one, "twin", "2025-09-01")[1]) == 4, "a person's decision stands"


def test_what_the_other_register_learns_later_comes_with_the_next_keeping(
    registers, capsys, tmp_path, monkeypatch
):
    one, other = registers
    said("link", one, other, "--keep", "health")
    more = "child_id,measured_on,weight_kg,height_cm,muac_mm\npk0,2025-07-20,6.0,78,110\n"
    empty = "child_id,sex,birth_date,centre_id\n"
    source = folder(tmp_path / "later", centres=CENTRES, children=empty, measurements=more)
    said("import", str(source), "--to", other, "--imported-on", "2025-07-21")
    monkeypatch.setenv("SANKET_TODAY", LATER)
    said("link", one, other, "--keep", "health")
    assert len(known(one, "k0", "2025-07-31")[1]) == 4
    assert known(one, "k0", LATER)[1][-1] == 6.0


def test_forgetting_a_child_leaves_nothing_of_either_register(registers, capsys):
    one, other = registers
    said("link", one, other, "--keep", "health")
    erased = told(capsys, "forget", one, "k0")["rows"]
    assert erased["links"] == erased["other_children"] == 1 and erased["episodes"] == 1
    said("forget", one, "twin")
    for name in ("k0", "pk0", "twin", "ptwin"):
        assert nowhere(one, name), name
    counts = told(capsys, "link", one, other, "--keep", "health")
    assert nowhere(one, "pk0"), "it does not come back by the other register"
    assert counts["linked"] == 0


def nowhere(address, name):
    """Whether an id stands in no cell of the store, by itself or as another register's."""
    with closing(open_store(address)) as store, store.engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f'SELECT * FROM "{table}"')):
                if {name, f"health:{name}"} & {str(cell) for cell in row}:
                    return False
    return True


def test_nothing_of_a_child_stands_in_what_the_commands_say(registers, capsys):
    one, other = registers
    capsys.readouterr()
    said("link", one, other, "--keep", "health")
    said("decide", one, "twin", "ptwin", "unsure")
    printed = capsys.readouterr()
    assert "twin" not in printed.out + printed.err and "k0" not in printed.out + printed.err


def test_who_stands_twice_in_one_register_waits_for_a_person(registers, capsys, tmp_path):
    one, _ = registers
    twice = block("z", 9.0)["measurements"].splitlines()
    children = block("z", 9.0)["children"].splitlines()
    source = folder(
        tmp_path / "twice",
        centres=CENTRES,
        children="\n".join([children[0], *children[1:4]]) + "\n",
        measurements="\n".join(twice[:13]) + "\n",
    )
    said("import", str(source), "--to", one, "--imported-on", KNOWN)
    counts = told(capsys, "link", one, "--ask")
    assert counts["same"] + counts["look"] == counts["to_look_at"] >= 3
    assert {"zk0", "k0"} <= listed(one, KNOWN)[0], "nothing changes before somebody decides"
    said("decide", one, "k0", "zk0", "same")
    assert "zk0" not in listed(one, KNOWN)[0] and listed(one, KNOWN)[1] == 43
    assert told(capsys, "link", one, "--ask")["to_look_at"] == 0


def test_links_are_kept_decided_and_forgotten_in_postgresql_too(registers, capsys, tmp_path):
    other = registers[1]
    with own_server() as uri:
        one = fresh_database(uri)
        said("import", str(tmp_path / "source0"), "--to", one, "--imported-on", IMPORTED)
        counts = told(capsys, "link", one, other, "--keep", "health")
        assert (counts["linked"], counts["to_look_at"]) == (40, 1)
        assert known(one, "k0", KNOWN)[0] == 1 and known(one, "k0", "2025-05-31")[0] == 0
        said("decide", one, "twin", "ptwin", "same")
        assert len(known(one, "twin", KNOWN)[1]) == 8 and listed(one, KNOWN)[1] == 41
        with closing(open_store(one)) as store:
            assert {"links", "other_children"} <= forget(store, "twin").keys()
        assert nowhere(one, "ptwin") and listed(one, KNOWN)[1] == 40
