"""The contract's rules on small tables that a data officer can read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.checks.table import build, build_records
from registry.contract.days import NEVER, day_number
from registry.contract.registry import COLUMNS
from registry.contract.rules import RULES
from registry.contract.tables import SPECS
from tests.support.registry_samples import CENTRES, CHILDREN, MEASUREMENTS, columns, tables

TODAY = "2026-01-01"


def codes(**changed: str) -> dict[str, dict[str, int]]:
    """Codes by table, of the sample registry with these tables replaced."""
    _, quarantine = build(tables(**changed), imported_on=TODAY)
    counts = quarantine.counts()
    assert all(table["rows"] == table["kept"] + table["quarantined"] for table in counts.values())
    return {name: table["codes"] for name, table in counts.items() if table["codes"]}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("c1,2025-03-10,78,70,", "REG012"),
        ("c1,2025-03-10,7400,70,", "REG012"),
        ("c1,2025-03-10,0,70,", "REG012"),
        ("c1,2025-03-10,inf,70,", "REG020"),
        ("c1,2025-03-10,7.4,0.7,", "REG013"),
        ("c1,2025-03-10,7.4,700,", "REG013"),
        ("c1,2025-03-10,7.4,,11.2", "REG014"),
        ("c1,2025-03-10,7;4,70,", "REG020"),
        ("c1,10/03/2025,7.4,70,", "REG021"),
        ("c1,2025-02-30,7.4,70,", "REG021"),
        ("c1,45000,7.4,70,", "REG021"),
        ("c1,,7.4,70,", "REG011"),
        (",2025-03-10,7.4,70,", "REG010"),
        ("c1,2026-01-02,7.4,70,", "REG030"),
        ("c1,2023-12-31,7.4,70,", "REG031"),
        ("c1,1900-01-01,7.4,70,", "REG032"),
        ("c9,2025-03-10,7.4,70,", "REG050"),
        ("c1,2025-01-10,7.1,70,121", "REG040"),
        ("c1,2025-03-10,,,", "REG036"),
        ("c1,2025-03-10,-,N/A,--", "REG036"),
        ("c1,2025-03-10,#REF!,70,", "REG026"),
        ("c1,#VALUE!,7.4,70,", "REG026"),
        ("#N/A,2025-03-10,7.4,70,", "REG050"),
        ("#DIV/0!,2025-03-10,7.4,70,", "REG026"),
        ("2.7501E+10,2025-03-10,7.4,70,", "REG027"),
    ],
)
def test_a_row_that_cannot_be_right_is_refused_with_its_code(row: str, code: str):
    assert codes(measurements=MEASUREMENTS + row + "\n") == {"measurements": {code: 1}}


@pytest.mark.parametrize(
    "row",
    [
        "c1,2025-03-10,7.4,70,",
        "c1,2025-03-10T00:00:00,7.4,,",
        "c1,2025-03-10, 7.4 ,NaN,",
        "c1,२०२५-०३-१०,७.४,७०,",
        "c1,2026-01-01,7.4,70,",
        "c1,2024-01-01,2.4,48,",
        "c1,2025-03-10,,,121",
    ],
)
def test_a_plausible_row_is_kept(row: str):
    assert codes(measurements=MEASUREMENTS + row + "\n") == {}


def test_two_different_rows_with_one_key_are_both_refused():
    assert codes(measurements=MEASUREMENTS + "c1,2025-01-10,7.2,70,121\n") == {
        "measurements": {"REG041": 2}
    }


def test_a_repeat_and_a_conflict_of_one_key_are_told_apart():
    more = "c1,2025-01-10,7.1,70,121\nc1,2025-01-10,7.2,70,121\n"
    assert codes(measurements=MEASUREMENTS + more) == {"measurements": {"REG040": 1, "REG041": 2}}


def test_a_child_without_a_centre_or_of_an_unknown_one_is_refused_with_its_measurements():
    more = "c4,,F,2024-01-01,\nc5,,F,2024-01-01,Z\n"
    found = codes(children=CHILDREN + more, measurements=MEASUREMENTS + "c4,2025-01-01,7,70,\n")
    assert found == {"children": {"REG051": 1, "REG052": 1}, "measurements": {"REG050": 1}}


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        (
            "episodes",
            "episode_id,child_id,programme,admitted_on,closed_on\ne1,c1,UCDC,2025-03-01,2025-02-01\n",
            "REG033",
        ),
        ("episodes", "episode_id,child_id,programme,admitted_on\ne1,c1,ICU,2025-03-01\n", "REG023"),
        ("checks", "child_id,checked_on,fever\nc1,2025-03-01,maybe\n", "REG024"),
        ("rations", "child_id,issued_on,item,quantity\nc1,2025-03-01,EDNF,-3\n", "REG017"),
        ("attendance", "child_id,month,open_days,attended_days\nc1,2025-03,20,25\n", "REG035"),
        ("attendance", "child_id,month,open_days,attended_days\nc1,2025-03,45,25\n", "REG018"),
        ("attendance", "child_id,month,open_days,attended_days\nc1,March,20,2\n", "REG022"),
        ("measurements", "child_id,measured_on,oedema\nc1,2025-03-01,1.5\n", "REG015"),
        (
            "children",
            CHILDREN.replace("centre_id", "centre_id,birth_weight_kg")
            .replace(",A\n", ",A,\n")
            .replace(",B\n", ",B,\n")
            + "c4,,F,2024-01-01,A,2800\n",
            "REG016",
        ),
        (
            "children",
            "child_id,sex,birth_date,centre_id,left_on,registered_on\nc4,F,2024-01-01,A,2024-02-01,2024-03-01\n"
            + CHILDREN.split("\n", 1)[1]
            .replace(",11111111", "")
            .replace(",22222222", "")
            .replace(",A\n", ",A,,\n")
            .replace(",B\n", ",B,,\n"),
            "REG034",
        ),
    ],
)
def test_every_table_has_its_rules(name: str, text: str, code: str):
    assert codes(**{name: text}) == {name: {code: 1}}


def test_rows_are_sorted_by_child_and_own_day_whatever_their_order():
    header, *rows = MEASUREMENTS.strip().splitlines()
    shuffled = "\n".join([header, *reversed(rows)]) + "\n"
    first, _ = build(tables(), imported_on=TODAY)
    second, _ = build(tables(measurements=shuffled), imported_on=TODAY)
    for column in first.measurements:
        np.testing.assert_array_equal(first.measurements[column], second.measurements[column])
    assert list(first.measurements["child"]) == [0, 0, 1, 2]


def test_cells_are_known_when_the_contract_says():
    registry, _ = build(
        tables(
            episodes="episode_id,child_id,programme,admitted_on,closed_on,outcome\n"
            "e1,c1,UCDC,2025-01-05,2025-03-02,cured\ne2,c2,UCDC,2025-02-05,,\n",
            attendance="child_id,month,open_days,attended_days\nc1,2025-12,20,2\n",
            checks="child_id,checked_on,fever,recorded_on\nc1,2025-01-08,true,2025-01-20\n",
        ),
        imported_on=TODAY,
    )
    assert list(registry.episodes["known_from"]) == [
        day_number("2025-01-05"),
        day_number("2025-02-05"),
    ]
    assert list(registry.episodes["closed_known_from"]) == [day_number("2025-03-02"), NEVER]
    assert list(registry.attendance["known_from"]) == [day_number("2026-01-01")]
    assert list(registry.checks["known_from"]) == [day_number("2025-01-20")]
    assert registry.facts["share_assumed_dates"] == pytest.approx(7 / 8)


def test_every_code_is_told_to_people():
    assert {
        column.rule for spec in SPECS.values() for column in spec.columns if column.rule
    } <= set(RULES)
    assert all(
        rule.title and rule.advice.endswith((".", ".)")) or "`" in rule.advice
        for rule in RULES.values()
    )


CELLS = st.sampled_from(["7.1", "78", "", "x", "0.2", "12"])
DAYS = st.sampled_from(
    ["2025-01-10", "2025-02-10", "2023-01-01", "2027-01-01", "", "soon", "2025-01-11"]
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(DAYS, CELLS, st.sampled_from(["", "80", "900"]), st.sampled_from(["", "a"])),
        max_size=8,
    ),
    st.lists(st.tuples(DAYS, DAYS, st.sampled_from(["UCDC", "NRC", "X"])), max_size=4),
)
def test_records_of_a_few_children_are_judged_as_whole_tables_are(measured, treated):
    names = ("measured_on", "weight_kg", "height_cm", "source")
    records = [dict(zip(names, row, strict=True)) for row in measured]
    episodes = [
        {"episode_id": f"e{at}", "admitted_on": row[0], "closed_on": row[1], "programme": row[2]}
        for at, row in enumerate(treated)
    ]
    child = {"child_id": "c1", "sex": "F", "birth_date": "2024-01-01", "centre_id": "A"}
    few, problems = build_records(
        [child | {"measurements": records, "episodes": episodes}], imported_on=TODAY
    )
    table = {name: [row[name] or None for row in records] for name in names}
    treatment = {
        name: [row[name] or None for row in episodes]
        for name in ("episode_id", "admitted_on", "closed_on", "programme")
    }
    many, quarantine = build(
        {
            "centres": columns(CENTRES),
            "children": {name: [text] for name, text in child.items()},
            "measurements": table | {"child_id": ["c1"] * len(records)},
            "episodes": treatment | {"child_id": ["c1"] * len(episodes)},
        },
        imported_on=TODAY,
    )
    refused = sorted((row.table, row.row, row.code) for row in quarantine.rows)
    assert sorted((row.table, row.row, row.code) for row in problems[0]) == refused
    for name in ("measurements", "episodes"):
        for column in (COLUMNS[name] | {"known_from": 0}).keys() - {"episode"}:
            np.testing.assert_array_equal(few.table(name)[column], many.table(name)[column])
    assert list(few.episode_ids[few.episodes["episode"]]) == list(
        many.episode_ids[many.episodes["episode"]]
    )


def test_a_bad_child_is_its_own_problem():
    good = {
        "child_id": "c1",
        "sex": "F",
        "birth_date": "2024-01-01",
        "measurements": [{"measured_on": "2025-01-01", "weight_kg": 7.1, "height_cm": 70.0}],
    }
    registry, problems = build_records(
        [{"child_id": "c0", "sex": "F", "birth_date": "soon"}, good], imported_on=TODAY
    )
    assert [problem.code for problem in problems[0]] == ["REG021"] and problems[1] == []
    assert list(registry.children["child"]) == [1] and list(registry.measurements["child"]) == [1]
    assert "soon" not in problems[0][0].message
