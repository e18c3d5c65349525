"""The simple models that ours are held against."""

from __future__ import annotations

import numpy as np

from training.metrics.simple_models import plain_logistic


def test_a_column_that_nobody_has_says_nothing_and_warns_nobody():
    draw = np.random.default_rng(3)
    columns = draw.normal(size=(200, 2))
    happened = (columns[:, 0] + draw.normal(size=200) > 0).astype(np.int8)
    empty = np.column_stack([columns, np.full(200, np.nan)])
    asked = np.column_stack([columns[:5], np.ones(5)])
    even = np.ones(200)
    np.testing.assert_allclose(
        plain_logistic(empty, happened, even, asked),
        plain_logistic(columns, happened, even, columns[:5]),
    )
