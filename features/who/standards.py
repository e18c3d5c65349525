"""WHO's tables in memory: L, M and S by age, length and height, from `features/who/lms.npz`."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np

from registry.contract.arrays import Floats
from registry.contract.days import LAST_DAY_UNDER_FIVE
from registry.contract.errors import SanketError

CHECKSUM = "0d498ce3c6309ee2aa6da1ca825a0d21afa29353d6c40591a6f1774767a3b13a"
"""SHA-256 of `features/who/lms.npz`. It stands in a module because compiled kernels hold the
tables: new tables are a new version of the code."""

FOLDER = Path(__file__).parent
SCALE = np.array([1e4, 1e4, 1e5])
DAYS = LAST_DAY_UNDER_FIVE + 1
AGE_COLUMNS = ("waz", "haz", "baz", "muacz", "hcz")


@cache
def who_tables() -> dict[str, Floats]:
    """Every table as float64 (sex, row, L M S), girls first; refuses a file that is not the one we
    shipped."""
    content = FOLDER / "lms.npz"
    if hashlib.sha256(content.read_bytes()).hexdigest() != CHECKSUM:
        raise SanketError(
            "GRO001",
            "features/who/lms.npz is not the shipped file: its checksum differs; install again",
        )
    with np.load(content) as stored:
        return {name: stored[name] / SCALE for name in stored.files}


def _by_age() -> Floats:
    """(sex, day 0 to 1826, 15): L, M, S of each of AGE_COLUMNS side by side, so that a child's row
    is one read."""
    rows = np.full((2, DAYS, 3 * len(AGE_COLUMNS)), np.nan)
    for at, name in enumerate(AGE_COLUMNS):
        table = who_tables()[name]
        rows[:, DAYS - table.shape[1] :, 3 * at : 3 * at + 3] = table
    return rows


BY_AGE = _by_age()
BY_LENGTH, BY_HEIGHT = who_tables()["wfl"], who_tables()["wfh"]
