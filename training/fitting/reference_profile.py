"""The reference profile of the rows a model learnt from: what drift is later measured against. No
row is kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.trajectory.catalogue import NAMES

SHARES = np.linspace(0.0, 1.0, 11)


def profile(rows: np.ndarray) -> dict[str, Any]:
    """Per feature: the share missing and its deciles (edges of ten bins)."""
    told = {}
    for name, column in zip(NAMES, rows.T, strict=True):
        seen = column[~np.isnan(column)]
        told[name] = {
            "missing": float(1.0 - len(seen) / max(len(column), 1)),
            "deciles": np.quantile(seen, SHARES).tolist() if len(seen) else [],
        }
    return {"rows": len(rows), "features": told}


def of_risks(risk: np.ndarray) -> list[float]:
    """Deciles of the risks that a model gives."""
    return np.quantile(risk, SHARES).tolist() if len(risk) else [0.0] * len(SHARES)
