"""The contract's codes, days and small cells: one declaration each, and the copies with a source of
their own agree with it."""

import numpy as np
import pytest
from numba import njit

from care.protocol import standard
from features.criteria import criteria
from registry.contract import codes
from registry.contract.days import DAYS_PER_MONTH, LAST_DAY_UNDER_FIVE
from registry.contract.tables import SPECS
from registry.small_counts import SMALLEST_CELL, is_small

STORED = {
    "Sex": "F M",
    "HeightPosition": "lying standing",
    "ReportedStatus": "green yellow red",
    "Setting": "urban rural tribal",
    "Programme": "UCDC VCDC NRC CTC",
    "AppetiteTest": "pass fail not_done",
    "Examiner": "worker ANM MO",
    "StayOutcome": "cured defaulted died not_recovered transferred",
    "TransferReason": "no_gain complication step_down moved",
    "LeftReason": "moved died aged_out other",
    "RationItem": "EDNF THR HCM",
    "VisitFinding": "well sam_again away moved data_wrong died ill",
}
"""Texts by stored number: a store of today is read by every later version."""


def test_stored_numbers_of_codes_do_not_change():
    kinds = {kind.__name__: kind for kind in codes.Code.__subclasses__()}
    assert {name: kind.texts() for name, kind in kinds.items()} == {
        name: tuple(texts.split()) for name, texts in STORED.items()
    }
    for kind in kinds.values():
        assert [int(code) for code in kind] == list(range(len(kind)))
        assert [kind.of(code.text) for code in kind] == list(kind)


def test_every_coded_column_has_its_codes_from_there():
    declared = {kind.texts() for kind in codes.Code.__subclasses__()}
    found = {column.codes for spec in SPECS.values() for column in spec.columns if column.codes}
    assert found == declared


def test_a_text_that_is_no_code_is_refused():
    with pytest.raises(ValueError, match="no code of StayOutcome"):
        codes.StayOutcome.of("healed")
    for number in (-1, 5):
        with pytest.raises(ValueError, match="no code of StayOutcome"):
            codes.StayOutcome.text_of(number)


@njit
def _deaths(outcome):
    many = 0
    for code in outcome:
        many += code == codes.StayOutcome.DIED
    return many


def test_codes_compare_with_stored_numbers_in_arrays_and_in_compiled_functions():
    outcome = np.array([-1, 0, 2, 4, 2], np.int8)
    assert (outcome == codes.StayOutcome.DIED).tolist() == [False, False, True, False, True]
    assert _deaths(outcome) == 2
    assert codes.StayOutcome.text_of(outcome[2]) == "died"


def test_the_criteria_and_the_protocol_agree_with_the_contract():
    assert criteria().last_day == LAST_DAY_UNDER_FIVE == int(60 * DAYS_PER_MONTH)
    assert standard()["smallest_cell"] == SMALLEST_CELL
    assert [is_small(count) for count in (0, 1, 4, 5)] == [False, True, True, False]
