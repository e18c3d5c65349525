"""A few children's records, as the API brings them, are judged and kept as whole tables are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.checks.record_cells import HISTORY
from registry.checks.table import build, build_records
from registry.contract.registry import COLUMNS
from registry.contract.tables import SPECS, ColumnSpec
from tests.support.registry_samples import CENTRES, columns

TODAY = "2026-01-01"
CELLS = {
    "day": [
        "2025-01-10",
        "2025-02-10",
        "2025-01-10T00:00:00",
        "2025-03-01",
        "2023-01-01",
        "2027-01-01",
        "soon",
        "#REF!",
        None,
    ],
    "month": ["2025-01", "2025-02", "2025-03-01", "2023-01", "2027-01", "Jan", None],
    "number": [2, 3.0, 1, "2", " 3 ", 0, 78, 700, -1, "x", "#DIV/0!", "-", "", None],
    "truth": [True, False, "yes", "no", 1, 0, 2, "x", None],
    "id": ["a", "b", " a", "", "x" * 501, "2.75E+10", "#REF!", "a\nb", None],
}


def cell(column: ColumnSpec) -> st.SearchStrategy:
    """A cell of this column, mostly good."""
    some = (
        [*column.codes, column.codes[0].upper(), "other", None]
        if column.kind == "code"
        else CELLS[column.kind]
    )
    good = some[: max(len(column.codes), 2)]
    return st.sampled_from([*good, *good, *some])


def rows(name: str) -> st.SearchStrategy:
    """A few rows of one table, some columns left out."""
    own = {
        column.name: cell(column)
        for column in SPECS[name].columns
        if column.name not in ("child_id", "episode_id")
    }
    given_ = {column: own.pop(column) for column in SPECS[name].required if column in own}
    return st.lists(st.fixed_dictionaries(given_, optional=own), max_size=5)


CHILDREN = st.lists(
    st.fixed_dictionaries({}, optional={name: rows(name) for name in HISTORY}),
    min_size=1,
    max_size=3,
)


@settings(max_examples=80, deadline=None)
@given(CHILDREN)
def test_each_row_has_the_verdict_and_the_values_that_the_importer_gives(children):
    for at, child in enumerate(children):
        child |= {"child_id": f"c{at}", "sex": "F", "birth_date": "2024-01-01", "centre_id": "A"}
        for number, episode in enumerate(child.get("episodes", [])):
            episode["episode_id"] = f"{at}-{number // 2}"
    few, problems = build_records(children, imported_on=TODAY)
    sources, whose = as_tables(children)
    many, quarantine = build(sources, imported_on=TODAY)
    said = [
        (at, problem.table, problem.row, problem.code)
        for at in range(len(children))
        for problem in problems[at]
    ]
    refused = [(*whose[row.table][row.row - 1], row.code) for row in quarantine.rows]
    assert sorted(said) == sorted((at, table, row, code) for table, at, row, code in refused)
    for name in ("children", *HISTORY):
        for column in (COLUMNS[name] | {"known_from": 0, "known_until": 0}).keys() - {
            "episode",
            "family",
            "centre",
        }:
            np.testing.assert_array_equal(
                few.table(name)[column], many.table(name)[column], f"{name}.{column}"
            )
    assert list(few.episode_ids[few.episodes["episode"]]) == list(
        many.episode_ids[many.episodes["episode"]]
    )
    assert few.recorded_until >= many.recorded_until, "whole tables leave out a day that lies alone"
    assert few.facts["share_assumed_dates"] == many.facts["share_assumed_dates"]


def test_two_stays_of_one_day_stand_in_the_order_in_which_they_came_to_be_known():
    stays = [
        {
            "episode_id": name,
            "programme": "UCDC",
            "admitted_on": "2025-01-10",
            "recorded_on": recorded,
        }
        for name, recorded in (("a", "2025-02-10"), ("b", "2025-01-10"))
    ]
    girl = {
        "child_id": "c0",
        "sex": "F",
        "birth_date": "2024-01-01",
        "centre_id": "A",
        "episodes": stays,
    }
    few, _ = build_records([girl], imported_on=TODAY)
    many, _ = build(as_tables([girl])[0], imported_on=TODAY)
    for registry in (few, many):
        assert list(registry.episode_ids[registry.episodes["episode"]]) == ["b", "a"]


def as_tables(children: list[dict]) -> tuple[dict[str, dict], dict[str, list[tuple]]]:
    """The same records as whole tables; and by table the (table, child, row from 1) of each row."""
    single = ("child_id", "sex", "birth_date", "centre_id")
    sources = {
        "centres": columns(CENTRES),
        "children": {name: [child[name] for child in children] for name in single},
    }
    whose = {}
    for name in HISTORY:
        spread = [
            (at, number, row)
            for at, child in enumerate(children)
            for number, row in enumerate(child.get(name, []), 1)
        ]
        names = [column.name for column in SPECS[name].columns]
        sources[name] = {
            column: [f"c{at}" if column == "child_id" else row.get(column) for at, _, row in spread]
            for column in names
        }
        whose[name] = [(name, at, number) for at, number, _ in spread]
    return sources, whose


def test_rows_as_they_came_and_newest_first_are_one_history():
    measured = [
        {"measured_on": f"2025-0{month}-10", "weight_kg": 7.0 + month} for month in range(1, 8)
    ]
    child = {"child_id": "c", "sex": "M", "birth_date": "2024-01-01"}
    one, _ = build_records([child | {"measurements": measured}], imported_on=TODAY)
    other, _ = build_records([child | {"measurements": measured[::-1]}], imported_on=TODAY)
    for column in one.measurements:
        np.testing.assert_array_equal(one.measurements[column], other.measurements[column])


def test_a_whole_number_and_the_same_with_a_point_are_an_exact_repeat():
    measured = [{"measured_on": "2025-01-10", "weight_kg": weight} for weight in (7, 7.0, "7")]
    child = {"child_id": "c", "sex": "M", "birth_date": "2024-01-01", "measurements": measured}
    registry, problems = build_records([child], imported_on=TODAY)
    assert [(problem.row, problem.code) for problem in problems[0]] == [
        (2, "REG040"),
        (3, "REG040"),
    ]
    assert registry.measurements.rows == 1


def test_a_child_given_twice_is_refused_twice_and_the_others_are_kept():
    child = {
        "sex": "M",
        "birth_date": "2024-01-01",
        "measurements": [{"measured_on": "2025-01-10", "weight_kg": 7}],
    }
    registry, problems = build_records(
        [child | {"child_id": name} for name in "aba"], imported_on=TODAY
    )
    assert [[problem.code for problem in one] for one in problems] == [["REG041"], [], ["REG041"]]
    assert list(registry.measurements["child"]) == [1]
