"""A small made-up registry with a signal that can be learnt: each girl has a strength that nobody
recorded.

She is admitted to a UCDC with WHZ near -2.8 and weighed weekly for eight weeks; the strong gain
faster, are cured more often, and relapse less often. After discharge she is seen each month. No
MUAC unless SAM, no checks, no rations, no attendance, no birth weight: many features are missing
for everyone.
"""

from __future__ import annotations

import numpy as np

from registry.checks.table import build
from registry.contract.registry import Registry, day_date, day_number

FIRST = day_number("2024-01-01")
HEIGHT_CM = 76.0
STAY_DAYS = 56
FOLLOWED_DAYS = 280


def _weight(whz: np.ndarray) -> np.ndarray:
    """A girl's weight (kg) of this WHZ at 76 cm, near enough."""
    return np.round(9.6 * (1.0 + 0.085 * whz), 2)


def _dates(days: np.ndarray) -> list[str]:
    return [day_date(int(day)).isoformat() for day in days]


def tiny_registry(
    children: int = 420,
    *,
    seed: int = 1,
    relapse_share: float | None = None,
    cured: bool | None = None,
    with_episodes: bool = True,
    admitted_over: int = 500,
    more: dict | None = None,
) -> Registry:
    """The registry; `relapse_share` (of all children, chosen by strength) and `cured` (all or none)
    fix an outcome; admissions are spread over `admitted_over` days."""
    draw = np.random.default_rng(seed)
    ids = np.array([f"c{at:04}" for at in range(children)])
    admitted = FIRST + np.sort(draw.integers(0, admitted_over, children))
    strength = draw.normal(size=children)
    weak = np.argsort(strength + draw.normal(0.0, 0.5, children))
    relapses = np.zeros(children, bool)
    relapses[weak[: round(children * (0.35 if relapse_share is None else relapse_share))]] = True
    recovers = (
        strength + draw.normal(0.0, 0.8, children) > -0.6
        if cured is None
        else np.full(children, cured)
    )
    closed = admitted + STAY_DAYS
    tables = {
        "centres": {
            "centre_id": ["A", "B"],
            "sector_id": ["S", "T"],
            "project_id": ["P"] * 2,
            "district_id": ["D"] * 2,
            "setting": ["urban", "rural"],
        },
        "children": {
            "child_id": ids,
            "sex": ["F"] * children,
            "birth_date": _dates(admitted - 480),
            "centre_id": np.where(np.arange(children) % 2, "A", "B"),
        },
        "measurements": _measurements(draw, ids, admitted, strength, relapses & recovers),
    }
    if with_episodes:
        tables["episodes"] = {
            "episode_id": [f"e{one}" for one in ids],
            "child_id": ids,
            "programme": ["UCDC"] * children,
            "admitted_on": _dates(admitted),
            "closed_on": _dates(closed),
            "outcome": np.where(recovers, "cured", "not_recovered"),
        }
    ends = day_date(max(FIRST + admitted_over + 400, day_number("2026-11-01")))
    built, quarantine = build(tables | (more or {}), imported_on=ends.isoformat())
    assert len(quarantine) == 0, quarantine.counts()
    return built


def _measurements(draw, ids, admitted, strength, relapses) -> dict[str, np.ndarray | list]:
    weekly, monthly = (
        np.arange(0, STAY_DAYS + 1, 7),
        np.arange(STAY_DAYS + 28, STAY_DAYS + FOLLOWED_DAYS, 28),
    )
    since = np.concatenate([weekly, monthly])
    gained = (1.3 + 0.4 * strength)[:, None] * (1.0 - np.exp(-since / 30.0))
    whz = -2.8 + gained + draw.normal(0.0, 0.25, (len(ids), len(since)))
    # A relapse is two readings of SAM in a row, by MUAC, two to five months after discharge.
    first = len(weekly) + draw.integers(2, 5, len(ids))
    at = np.arange(len(since))
    sam = relapses[:, None] & ((at == first[:, None]) | (at == first[:, None] + 1))
    return {
        "child_id": np.repeat(ids, len(since)),
        "measured_on": _dates((admitted[:, None] + since).ravel()),
        "weight_kg": _weight(whz.ravel()),
        "height_cm": np.full(whz.size, HEIGHT_CM),
        "muac_mm": [110.0 if low else None for low in sam.ravel()],
    }
