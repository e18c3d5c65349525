"""The interval of a share: one home for Wilson's formula."""

from __future__ import annotations

import math

Z95 = 1.959963984540054


def wilson(share: float, size: float) -> tuple[float, float]:
    """The 95 % interval (0 to 1) of a share among `size` (effective) children in a simple random
    sample.

    Source: Wilson 1927. NaN without children. It knows nothing of clusters: a cluster survey's true
    interval is wider.

    Example: 1 of 29 children: 0.0061 to 0.1718.
    """
    if not size > 0:
        return math.nan, math.nan
    part = Z95 * Z95 / size
    middle = (share + part / 2) / (1 + part)
    half = Z95 * math.sqrt(share * (1 - share) / size + part / (4 * size)) / (1 + part)
    return max(0.0, middle - half), min(1.0, middle + half)
