"""The share of rows with the event, where some outcomes are not known."""

from __future__ import annotations

import numpy as np

from registry.contract.arrays import Floats, Ints


def doubly_robust(risk: Floats, happened: Floats, weight: Floats) -> float:
    """The mean risk of all rows, put right by what the known ones show: right where the risks or
    the weights are. Arrays (n,); `weight`: IPCW, 0 where the outcome is not known; `risk` by a
    model that did not learn from the row.

    Source: Robins, Rotnitzky and Zhao 1994 (augmented inverse probability weighting). Example:
    four rows of risk 0.2, two of them known, each of weight 2, one with the event: 0.2 +
    (2 x 0.8 - 2 x 0.2) / 4 = 0.5.
    """
    if not len(risk):
        return float("nan")
    return float(np.mean(risk) + np.mean(weight * (happened - risk)))


def shares_by_landmark(
    risk: Floats, happened: Floats, weight: Floats, *, landmark: Ints, asked: Floats
) -> list[dict[str, float]]:
    """By landmark: rows `asked` (mask: at risk of being lost, the records' end not before their
    label's), `known` ones, the share with the event `complete` (known rows as they are), `weighed`
    and `doubly_robust`, and the mean risk."""
    told = []
    for day in np.unique(landmark[asked]):
        of = asked & (landmark == day)
        known = of & (weight > 0)
        if not known.any():
            continue
        told.append(
            {
                "landmark": int(day),
                "rows": int(of.sum()),
                "known": int(known.sum()),
                "complete": float(happened[known].mean()),
                "weighed": float(np.average(happened[known], weights=weight[known])),
                "doubly_robust": doubly_robust(risk[of], happened[of], weight[of]),
                "mean_risk": float(risk[of].mean()),
            }
        )
    return told
