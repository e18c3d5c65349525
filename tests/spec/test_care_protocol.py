"""The protocol file: what a state ships, and how a wrong one is refused."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.protocol import BOUNDS, PROTOCOL_FILE, faults_of, load, standard
from registry.contract.errors import BadInput, UsageError


def document():
    return tomllib.loads(PROTOCOL_FILE.read_text(encoding="utf-8"))


def test_every_value_says_where_it_comes_from_and_whether_it_was_read():
    protocol = standard()
    assert set(protocol) == set(BOUNDS)
    assert protocol["longest_stay_days"] == 84 and protocol.cited["longest_stay_days"].verified
    assert all(
        not value.verified for value in protocol.cited.values() if "October 2023" in value.source
    )


def test_a_wrong_file_is_refused_with_all_its_faults_at_once(tmp_path):
    text = PROTOCOL_FILE.read_text(encoding="utf-8")
    text = text.replace('version = "2026.11-5"', "")
    text = text.replace("[values.exit_whz]\nvalue = -2.0", "[values.exit_whz]\nvalue = -7.5")
    text = text.replace(
        "[values.usual_stay_days]\nvalue = 28", "[values.usual_stay_days]\nvalue = 100"
    )
    text = text.replace(
        "[values.screen_every_days]\nvalue = 31", '[values.screen_every_days]\nvalue = "monthly"'
    )
    text = text.replace("[values.sachet_grams]", "[values.sachet_weight]")
    text = text.replace('sachet_price = "26.80"', "sachet_price = 26.80")
    wrong = tmp_path / "ours.toml"
    wrong.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        load(wrong)
    for fault in (
        "protocol.version",
        "exit_whz.value is -7.5",
        "usual_stay_days.value is 100",
        "'monthly'",
        "sachet_grams is missing",
        "sachet_weight is not known",
        "sachet_price is 26.8",
        "7 faults",
    ):
        assert fault in str(refused.value), str(refused.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[values", b""])
def test_a_file_that_is_none_is_refused(tmp_path, content):
    path = tmp_path / "none.toml"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        load(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadInput, match="CARE002"):
        load(tmp_path / "nowhere.toml")


@settings(max_examples=40)
@given(
    st.sampled_from(sorted(BOUNDS)),
    st.sampled_from([None, True, "7", -99, 9999, [1], float("nan")]),
)
def test_no_wrong_number_passes(name, value):
    changed = document()
    changed["values"][name]["value"] = value
    assert any(name in fault for fault in faults_of(changed))


@pytest.mark.parametrize("part", ["protocol", "values", "plan"])
@pytest.mark.parametrize("value", ["text", 3, ["a"]])
def test_a_part_that_is_no_table_is_a_fault(part, value):
    assert faults_of(document() | {part: value})


def test_an_unknown_plan_names_those_there_are():
    with pytest.raises(UsageError, match="government-resolution"):
        standard().plan("ours")
