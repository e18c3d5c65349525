"""What a fit does otherwise from many rows on: faster trees, and one forest in place of several."""

from __future__ import annotations

import numpy as np
import pytest

from features.trajectory.catalogue import NAMES
from models.targets import NON_RESPONSE
from training.fitting import fit
from training.fitting.examples import Examples


@pytest.fixture
def rows() -> Examples:
    """600 rows of 200 children, whose outcome one column tells in part."""
    draw = np.random.default_rng(4)
    columns = np.full((600, len(NAMES)), np.nan)
    columns[:, NAMES.index("whz_last")] = draw.normal(size=600)
    columns[:, NAMES.index("age_days")] = draw.uniform(200, 1500, 600)
    happened = (columns[:, NAMES.index("whz_last")] + draw.normal(size=600) < -1).astype(np.int8)
    child = np.repeat(np.arange(200), 3)
    return Examples(columns, happened, np.ones(600), child, np.zeros(600, int), np.zeros(600, int))


def test_many_rows_are_learnt_at_the_faster_rate_by_one_forest(rows, monkeypatch):
    few = fit.fit(rows, target=NON_RESPONSE, settings={}, seed=1)
    monkeypatch.setattr(fit, "MANY_ROWS", 599)
    many = fit.fit(rows, target=NON_RESPONSE, settings={}, seed=1)
    assert few.choice.settings == {} and many.choice.settings == {"learning_rate": fit.FASTER}
    trees = [found.booster.count("\nTree=") for found in (few, many)]
    grown = [int(found.choice.rounds * 1.1) for found in (few, many)]
    # A tree that finds nothing to split is left out of the text.
    assert (NON_RESPONSE.forests - 1) * grown[0] < trees[0] <= NON_RESPONSE.forests * grown[0]
    assert NON_RESPONSE.forests > 1 and 0.9 * grown[1] < trees[1] <= grown[1]


def test_a_rate_that_was_asked_for_stays(rows, monkeypatch):
    monkeypatch.setattr(fit, "MANY_ROWS", 599)
    asked = fit.fit(rows, target=NON_RESPONSE, settings={"learning_rate": 0.05}, seed=1)
    assert asked.choice.settings == {"learning_rate": 0.05}
