"""Names of the array types in signatures, for every room."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
"""Measurements, probabilities, z-scores; NaN where missing."""
Ints = npt.NDArray[np.int64]
"""Counts, and positions of rows."""
Days = npt.NDArray[np.int32]
"""Days since 1970-01-01 (`NEVER` where missing), and positions of ids (-1 where missing)."""
Codes = npt.NDArray[np.int8]
"""Numbers of codes, as `registry.contract.codes` declares them; -1 where missing."""
Flags = npt.NDArray[np.bool_]
"""Masks of rows, and yes-or-no answers."""
Texts = npt.NDArray[np.object_]
"""Python texts, or None where missing."""
AnyArray = npt.NDArray[Any]
"""An array whose type of element differs from call to call: a table's column."""
