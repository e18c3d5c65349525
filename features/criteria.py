"""The cut-offs of `criteria.toml` as one immutable value, for Python and for compiled kernels
alike."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from registry.contract.errors import SanketError


class Criteria(NamedTuple):
    """Cut-offs in z, mm and days; every `below` is strict. A named tuple, because compiled kernels
    take it as it is."""

    severe_z_below: float
    moderate_z_below: float
    severe_muac_below_mm: float
    moderate_muac_below_mm: float
    muac_from_days: int
    last_day: int
    oedema_from_grade: float
    young_until_days: int
    young_height_holds_days: int
    height_holds_days: int
    least_muac_mm: float
    most_muac_mm: float
    waz_low: float
    waz_high: float
    haz_low: float
    haz_high: float
    whz_low: float
    whz_high: float


def read(path: Path) -> Criteria:
    """The criteria of a TOML file; every value must be there, with its source, and no other."""
    values = tomllib.loads(path.read_text(encoding="utf-8"))["values"]
    if set(values) != set(Criteria._fields) or not all(
        entry.get("source") for entry in values.values()
    ):
        wrong = sorted(set(values) ^ set(Criteria._fields))
        raise SanketError(
            "GRO002", f"{path.name}: each criterion once, with its source; look at {wrong}"
        )
    return Criteria(**{name: entry["value"] for name, entry in values.items()})


@cache
def criteria() -> Criteria:
    """The shipped criteria."""
    return read(Path(__file__).with_name("criteria.toml"))


def version() -> str:
    """The version of the shipped criteria, as results state it."""
    text = Path(__file__).with_name("criteria.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["version"])
