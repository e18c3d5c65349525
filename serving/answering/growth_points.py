"""Growth points (z-scores of each measurement) and the classification of the newest one, for the
children of a request."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from care.pathway.findings import judged
from features.status import WASTING, classify, criterion, nutrition_status
from features.trajectory.trace import Trace
from features.who.growth import INDICATORS, PLAUSIBLE, point, round_z
from registry.contract.arrays import AnyArray, Floats, Ints
from registry.contract.registry import day_date
from registry.machine.numba_kernels import njit

Z = INDICATORS[:5]
"""The indicators of a growth point, in the order in which `features.who.growth.point` answers."""
_LOW, _HIGH = (np.array([PLAUSIBLE[name][side] for name in Z]) for side in (0, 1))
_TRUTH = {1: True, 0: False, -1: None}


@njit(cache=True, nogil=True, error_model="numpy")
def _own_readings(
    offsets: Ints,
    sex: AnyArray,
    age: AnyArray,
    weight: Floats,
    height: Floats,
    position: AnyArray,
    muac: Floats,
    oedema: AnyArray,
    low: Floats,
    high: Floats,
) -> tuple[Floats, AnyArray]:
    """z of each row's own readings by WHO (5, rows), to two decimals; and which of them are
    implausible (bits)."""
    z, wild = np.empty((5, len(age))), np.zeros(len(age), np.uint8)
    for i in range(len(sex)):
        for row in range(offsets[i], offsets[i + 1]):
            said = point(
                sex[i], age[row], weight[row], height[row], position[row], muac[row], oedema[row]
            )
            for k in range(5):
                z[k, row] = round_z(said[k])
                if z[k, row] < low[k] or z[k, row] > high[k]:
                    wild[row] |= 1 << k
    return z, wild


@lru_cache(32_768)
def _iso(day: int) -> str:
    return day_date(day).isoformat()


def growth_points(traced: Trace) -> list[list[dict[str, Any]]]:
    """For each question its measurements as growth points: z by WHO from each row's own readings,
    two decimals."""
    rows = traced.growth
    z, wild = _own_readings(
        rows.offsets,
        traced.known.children["sex"],
        rows["age_days"],
        rows["weight_kg"],
        rows["height_cm"],
        rows["height_position"],
        rows["muac_mm"],
        rows["oedema"],
        _LOW,
        _HIGH,
    )
    days = map(_iso, rows["measured_on"].tolist())
    made = [
        {
            "measured_on": on,
            "waz": waz,
            "haz": haz,
            "whz": whz,
            "baz": baz,
            "muacz": muacz,
            "implausible": [name for at, name in enumerate(Z) if bits >> at & 1] if bits else [],
        }
        for on, waz, haz, whz, baz, muacz, bits in zip(
            days, *z.tolist(), wild.tolist(), strict=True
        )
    ]
    offsets = rows.offsets.tolist()
    return [made[start:end] for start, end in zip(offsets, offsets[1:], strict=False)]


def classifications(traced: Trace) -> list[dict[str, Any] | None]:
    """For each question what its newest valid measurement says (else its newest); None without a
    measurement."""
    rows = traced.growth
    flags = classify(
        age_days=rows["age_days"],
        waz=rows["waz"],
        haz=rows["haz"],
        whz=rows["whz"],
        muac_mm=rows["muac_mm"],
        oedema=rows["oedema"],
        height_age_days=rows["height_days"],
    )
    # A height that was copied or shrank never calls a child well (`care.pathway.heights`).
    flags["valid"] &= (flags["sam"] == 1) | (judged(traced.known, rows)["doubt"] == 0)
    day, valid, sam, offsets = (
        rows["measured_on"],
        flags["valid"],
        flags["sam"],
        rows.offsets.tolist(),
    )
    newest = [
        _newest(day, valid, sam, start, end)
        for start, end in zip(offsets, offsets[1:], strict=False)
    ]
    flags["age_uncertain"] = rows["age_uncertain"].astype(np.int8)
    return [None if row is None else _classification(day[row], flags, row) for row in newest]


def _newest(
    day: np.ndarray, valid: np.ndarray, sam: np.ndarray, start: int, end: int
) -> int | None:
    """The last valid row (of two sources of one day, the graver), else the last; None where there
    is none."""
    rows = np.flatnonzero(valid[start:end])
    if not len(rows):
        return end - 1 if end > start else None
    of_day = start + rows[day[start + rows] == day[start + rows[-1]]]
    return int(of_day[np.argmax(sam[of_day] == 1)]) if (sam[of_day] == 1).any() else int(of_day[-1])


def _classification(day: int, flags: dict[str, np.ndarray], row: int) -> dict[str, Any]:
    said = {name: int(column[row]) for name, column in flags.items()}
    uncertain = bool(said.pop("age_uncertain"))
    status, fired = _words(tuple(said.items()))
    return {
        "measured_on": _iso(int(day)),
        "nutrition_status": status,
        "criterion": fired,
        "valid": bool(said["valid"]),
        "severely_underweight": _TRUTH[said["suw"]],
        "severely_stunted": _TRUTH[said["severe_stunting"]],
        "age_uncertain": uncertain,
    }


@lru_cache(4096)
def _words(said: tuple[tuple[str, int], ...]) -> tuple[str, str | None]:
    """Nutrition status and criterion of one measurement's flags; there are few different ones."""
    one = {name: np.array([flag], np.int8) for name, flag in said}
    return WASTING[int(nutrition_status(one)[0])], str(criterion(one)[0]) or None
