"""The whole contract is in the code: every table, column and code; and the table of stocks from a
file to the store."""

from __future__ import annotations

import datetime as dt
from contextlib import closing

import numpy as np
import pytest

from registry.checks.table import build
from registry.contract.days import NEVER, day_number
from registry.contract.registry import ANY_OWN_DAY, COLUMNS, Registry
from registry.contract.tables import SPECS
from registry.store.forgetting import forget
from registry.store.store import open_store
from tests.support.registry_samples import folder, tables

CONTRACT = {
    "centres": "centre_id name? sector_id project_id district_id setting latitude? longitude?",
    "children": "child_id family_id? sex birth_date centre_id birth_weight_kg? registered_on? "
    "left_on? left_reason?",
    "measurements": "child_id measured_on weight_kg? height_cm? height_position? muac_mm? oedema? "
    "reported_status? source?",
    "episodes": "episode_id child_id programme admitted_on appetite_test? complications? "
    "closed_on? outcome? transfer_reason?",
    "checks": "child_id checked_on diarrhoea? fever? cough? poor_appetite? examiner? "
    "appetite_test? sam_confirmed?",
    "rations": "child_id issued_on item quantity",
    "attendance": "child_id month open_days attended_days",
    "visits": "child_id visited_on finding listed_on?",
    "stocks": "centre_id counted_on item quantity",
}
"""The contract's page, copied by hand; `?`: may be missing or empty."""
KEYS = {
    "centres": "centre_id",
    "children": "child_id",
    "measurements": "child_id measured_on source",
    "episodes": "episode_id",
    "checks": "child_id checked_on",
    "rations": "child_id issued_on item",
    "attendance": "child_id month",
    "visits": "child_id visited_on",
    "stocks": "centre_id counted_on item",
}
CODES = {
    "setting": "urban rural tribal",
    "sex": "F M",
    "left_reason": "moved died aged_out other",
    "height_position": "lying standing",
    "reported_status": "green yellow red",
    "programme": "UCDC VCDC NRC CTC",
    "appetite_test": "pass fail not_done",
    "outcome": "cured defaulted died not_recovered transferred",
    "transfer_reason": "no_gain complication step_down moved",
    "examiner": "worker ANM MO",
    "item": "EDNF THR HCM",
    "finding": "well ill sam_again away moved data_wrong died",
}
OURS = {"children": {"birth_date_uncertain_days"}}
"""What the code takes beyond the contract's page."""
STOCKS = (
    "centre_id,counted_on,item,quantity\n"
    "A,2025-01-31,EDNF,120\nA,2025-02-28,EDNF,0\nB,2025-01-31,THR,40\n"
)


def test_every_table_column_and_key_of_the_contract_is_in_the_code():
    assert set(SPECS) == set(CONTRACT)
    for name, said in CONTRACT.items():
        wanted = {column.rstrip("?"): not column.endswith("?") for column in said.split()}
        found = {column.name: column.required for column in SPECS[name].columns}
        assert found.pop("recorded_on") is False
        assert found.keys() - wanted.keys() == OURS.get(name, set())
        assert {column: found[column] for column in wanted} == wanted, name
        assert SPECS[name].key == tuple(KEYS[name].split())
    needed = [name for name, spec in SPECS.items() if spec.needed]
    assert needed == ["centres", "children", "measurements"]


def test_every_code_of_the_contract_is_in_the_code_and_no_other():
    found = {column.name: column.codes for spec in SPECS.values() for column in spec.columns}
    coded = {name: set(codes) for name, codes in found.items() if codes}
    assert coded == {name: set(words.split()) for name, words in CODES.items()}


def test_every_table_has_its_place_in_the_registry_in_memory():
    registry, _ = build(tables(), imported_on="2026-01-01")
    assert set(COLUMNS) == set(CONTRACT)
    for name in CONTRACT:
        assert set(registry.table(name)) == {*COLUMNS[name], "known_from", "known_until"}
    assert set(ANY_OWN_DAY) == set(CONTRACT) - {"centres", "children"}


def codes_of(stocks: str) -> dict[str, int]:
    """Why rows of a table of stocks are refused."""
    _, quarantine = build(tables(stocks=stocks), imported_on="2026-01-01")
    return quarantine.counts()["stocks"]["codes"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("Z,2025-03-31,EDNF,3", "REG051"),
        (",2025-03-31,EDNF,3", "REG010"),
        ("A,,EDNF,3", "REG011"),
        ("A,2026-01-02,EDNF,3", "REG030"),
        ("A,31/03/2025,EDNF,3", "REG021"),
        ("A,2025-03-31,rice,3", "REG023"),
        ("A,2025-03-31,EDNF,-1", "REG037"),
        ("A,2025-03-31,EDNF,100001", "REG037"),
        ("A,2025-03-31,EDNF,", "REG011"),
        ("A,2025-03-31,EDNF,many", "REG020"),
        ("A,2025-01-31,EDNF,120", "REG040"),
    ],
)
def test_a_stock_that_cannot_be_right_is_refused_with_its_code(row: str, code: str):
    assert codes_of(f"{STOCKS}{row}\n") == {code: 1}


def test_two_counts_of_one_item_and_day_are_a_conflict_and_an_empty_store_room_is_no_fault():
    assert codes_of(STOCKS) == {}
    assert codes_of(f"{STOCKS}A,2025-01-31,EDNF,90\n") == {"REG041": 2}


def counted(registry: Registry) -> list[tuple[object, ...]]:
    """(centre, counted on, quantity, known from, still known) of each version of a stock."""
    rows = registry.stocks
    return [
        (
            str(registry.centre_ids[rows["centre"][at]]),
            int(rows["counted_on"][at]) - day_number("2025-01-01"),
            float(rows["quantity"][at]),
            int(rows["known_from"][at]) - day_number("2025-01-01"),
            bool(rows["known_until"][at] == NEVER),
        )
        for at in range(rows.rows)
    ]


def test_stocks_are_kept_superseded_and_left_when_a_child_is_forgotten(tmp_path):
    with closing(open_store(tmp_path / "x.db")) as store:
        store.import_source(folder(tmp_path / "one", stocks=STOCKS), imported_on="2025-03-01")
        first = counted(store.load())
        assert first == [
            ("A", 30, 120.0, 30, True),
            ("A", 58, 0.0, 58, True),
            ("B", 30, 40.0, 30, True),
        ]
        before = store.digest()
        report = store.import_source(
            folder(tmp_path / "two", stocks=STOCKS.replace("120", "102")),
            imported_on="2025-03-11",
        )
        assert report.changed and report.tables["stocks"]["kept"] == 3
        assert store.digest() != before, "what is in the store rooms is part of what is known"
        later = counted(store.load())
        assert later[:2] == [("A", 30, 120.0, 30, False), ("A", 30, 102.0, 69, True)]
        forget(store, "c1", on=dt.date(2025, 4, 1))
        assert counted(store.load()) == later
        assert {row[0] for row in counted(store.load(children=["c3"]))} == {"A"}


def test_the_simulated_store_rooms_run_short_and_are_imported_whole(tmp_path):
    from registry.simulate.write import simulate

    facts = simulate(tmp_path / "in", children=600, months=6, seed=4)
    with closing(open_store(tmp_path / "x.db")) as store:
        report = store.import_source(tmp_path / "in", imported_on="2026-07-01")
        stocks = store.load().stocks
    assert report.tables["stocks"] == {
        "rows": facts["rows"]["stocks"],
        "kept": facts["rows"]["stocks"],
        "quarantined": 0,
        "codes": {},
    }
    assert 0.03 < np.mean(stocks["quantity"] == 0) < 0.35, "a seventh of the months ran short"
    assert set(np.unique(stocks["counted_on"]) - day_number("2026-06-30")) >= {0}
