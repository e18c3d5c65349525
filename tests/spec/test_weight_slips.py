"""Weights that the weighings around them contradict are slips of the pen; the good ones beside a slip
stay, and no loss is taken away."""

from __future__ import annotations

import numpy as np
import pytest

from care.pathway import facts as care_facts
from care.pathway.weights import believable
from care.protocol import standard
from tests.spec.test_care_children import records
from tests.spec.test_towards_discharge import view

PLAIN = getattr(believable, "py_func", believable)


def believed(*weights_kg, every_days=7):
    """What is believed of weights `every_days` apart, in kg."""
    kg = np.array(weights_kg)
    days = (np.arange(len(kg)) * every_days).astype(np.int32)
    kept = np.empty(len(kg), np.int64)
    count = PLAIN(np.arange(len(kg)), len(kg), days, kg, kept)
    return kg[kept[:count]].tolist()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        # Too high between two that agree, and what follows is no fall from it.
        ((7.0, 7.2, 9.3, 7.4), [7.0, 7.2, 7.4]),
        ((7.0, 9.3, 7.3, 7.4), [7.0, 7.3, 7.4]),
        # Too low between two that agree, and what follows is no jump from it.
        ((7.0, 5.0, 7.2, 7.1), [7.0, 7.2, 7.1]),
        ((8.0, 7.9, 5.9, 7.9, 7.8), [8.0, 7.9, 7.9, 7.8]),
        # The first weight too high: the next is the first that is known.
        ((9.3, 7.0, 7.3, 7.4), [7.0, 7.3, 7.4]),
        # Two slips with a good weight between them.
        ((7.0, 9.3, 7.2, 4.7, 7.4), [7.0, 7.2, 7.4]),
        # A slip of the other way after a slip.
        ((7.0, 9.3, 5.2, 7.2), [7.0, 7.2]),
        # A child who loses, quickly or slowly, is believed, up to the newest weight.
        ((8.0, 7.2, 7.1), [8.0, 7.2, 7.1]),
        ((8.0, 7.6, 7.2, 6.8), [8.0, 7.6, 7.2, 6.8]),
        ((7.0, 7.2, 9.3, 6.3), [7.0, 7.2, 6.3]),
        # Two that bear each other out are no slip, whatever stands before them: no loss is hidden.
        ((7.0, 9.3, 9.2, 7.4), [7.0, 9.2, 7.4]),
    ],
)
def test_a_good_weight_beside_a_slip_stays(written, kept):
    assert believed(*written) == kept


def test_what_was_weighed_two_months_apart_contradicts_nothing():
    assert believed(7.0, 9.3, 7.3, every_days=30) == [7.0, 9.3, 7.3]


@pytest.mark.parametrize(
    ("readings", "loss_share", "gain_kg"),
    [
        # The gain of two weeks is 7.4 - 7.1 kg.
        ("28: 6.8 kg 74 cm; 21: 9.3 kg; 14: 7.1 kg; 7: 7.2 kg; 0: 7.4 kg 74 cm", 0.0, 0.3),
        # A ninth of the highest believed weight, 7.6 kg, is lost; of two weeks 7.5 - 6.75 kg.
        ("28: 7.4 kg 74 cm; 21: 9.6 kg; 14: 7.5 kg; 7: 7.6 kg; 0: 6.75 kg 74 cm", 0.111, -0.75),
    ],
)
def test_gain_and_loss_in_treatment_count_the_good_weight(readings, loss_share, gain_kg):
    stay = ("UCDC", 30, {"appetite_test": "pass"})
    known, points = view([records(readings, episodes=[stay])])
    facts = care_facts.rows_of(known, points, standard())[0]
    assert facts["weight_loss_share"] == pytest.approx(loss_share, abs=0.002)
    assert facts["gain_kg"] == pytest.approx(gain_kg, abs=0.001)
