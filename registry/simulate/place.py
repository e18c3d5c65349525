"""Where it happens: the calendar with its seasons, and a district's sectors and centres with their
habits."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np

from registry.contract.days import day_date, day_number
from registry.simulate.dials import Dials
from registry.simulate.state import CENTRE, TODAY, UCDC, VCDC

CHILDREN_A_CENTRE, CENTRES_A_SECTOR, SECTORS_A_PROJECT, PROJECTS_A_DISTRICT = 60, 25, 4, 6
"""About 60 children under six a centre (8.6 crore in 14 lakh), 20 to 25 centres a supervisor
(domain §6)."""

AFTER_THE_END_DAYS = 330
"""The calendar goes on for the forward draws."""

LAST_DAY = "2026-06-30"


class SimulatedPlace(NamedTuple):
    """Centres (`state.CENTRE`) with coordinates, and the sector, project, district of each
    sector."""

    centres: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray
    project_of_sector: np.ndarray
    district_of_sector: np.ndarray


def first_day_of(last_day: int, months: int) -> int:
    """The first of the month, `months` calendar months up to and with the last day's."""
    last = day_date(last_day)
    month = last.year * 12 + last.month - months
    return day_number(dt.date(month // 12, month % 12 + 1, 1))


def _settings_by_sector(rng: np.random.Generator, sectors: int) -> np.ndarray:
    """Urban, rural and tribal sectors, each kind present once there are three."""
    return rng.permutation(np.resize([0, 1, 1, 2, 0], sectors))


def found_centres(children_at_once: float, rng: np.random.Generator) -> SimulatedPlace:
    """Centres for this many children, grouped in sectors of about 25."""
    count = max(round(children_at_once / CHILDREN_A_CENTRE), 1)
    sectors = max(round(count / CENTRES_A_SECTOR), 1)
    project = np.arange(sectors) // SECTORS_A_PROJECT
    centres = np.zeros(count, CENTRE)
    centres["sector"] = np.arange(count) * sectors // count
    centres["setting"] = _settings_by_sector(rng, sectors)[centres["sector"]]
    centres["programme"] = np.where(centres["setting"] == 0, UCDC, VCDC)
    _give_habits(centres, rng)
    middle = np.stack([19.2 + rng.normal(0, 0.35, sectors), 74.5 + rng.normal(0, 0.45, sectors)])
    spread = np.where(centres["setting"] == 0, 0.012, 0.05)
    latitude, longitude = middle[:, centres["sector"]] + rng.normal(0, 1, (2, count)) * spread
    return SimulatedPlace(centres, latitude, longitude, project, project // PROJECTS_A_DISTRICT)


def _give_habits(centres: np.ndarray, rng: np.random.Generator) -> None:
    """Skill, vigilance and bad habits; sectors differ, and a fifth of centres never report SAM (MP,
    2023)."""
    count = len(centres)
    sector_skill = rng.normal(0, 0.08, centres["sector"].max() + 1)[centres["sector"]]
    centres["quality"] = np.clip(rng.beta(3.2, 2.2, count) + sector_skill, 0.02, 0.98)
    centres["weighing_day"] = rng.integers(9, 19, count)
    centres["hides_sam"] = rng.random(count) < 0.20
    centres["vigilance"] = np.clip(rng.beta(2.0, 2.8, count) * 0.80, 0.01, 0.9)
    centres["copies"] = np.where(rng.random(count) < 0.15, rng.uniform(0.08, 0.25, count), 0.015)
    centres["measures_arm"] = np.where(
        rng.random(count) < 0.35, rng.uniform(0.5, 0.95, count), 0.06
    )
    centres["says_position"] = rng.choice([0.05, 0.6, 0.97], count, p=[0.35, 0.25, 0.40])
    centres["pressure"] = np.where(rng.random(count) < 0.30, rng.uniform(0.3, 0.8, count), 0.05)
    centres["visits"] = rng.beta(3, 4, count)
    centres["app"] = rng.random(count) < 0.6
    centres["stock_seed"] = rng.integers(0, 2**63, count, dtype=np.uint64)
    centres["late"] = np.where(rng.random(count) < 0.25, rng.uniform(0.15, 0.5, count), 0.03)


def _seasons(day_of_year: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lean season (0 to 1, peak mid July), illness (about 1, monsoon) and migration for work and
    festivals."""
    lean = 0.5 * (1 + np.cos(2 * np.pi * (day_of_year - 196) / 365.25))
    monsoon = np.exp(-(((day_of_year - 215) / 40.0) ** 2))
    cold = np.exp(-((np.minimum(day_of_year, 365 - day_of_year) / 30.0) ** 2))
    brick_kilns = ((day_of_year > 95) & (day_of_year < 165)).astype(float)
    festivals = (
        ((day_of_year > 295) & (day_of_year < 325)) | ((day_of_year > 65) & (day_of_year < 85))
    ).astype(float)
    return lean, 0.75 + 0.7 * monsoon + 0.25 * cold, 0.5 * brick_kilns + 0.8 * festivals


def make_calendar(first_day: int, last_day: int) -> np.ndarray:
    """The days (`state.TODAY`) from the first to `AFTER_THE_END_DAYS` beyond the last."""
    days = np.arange(first_day, last_day + AFTER_THE_END_DAYS + 1)
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    starts = months.astype("datetime64[D]").astype(int)
    year_starts = months.astype("datetime64[Y]").astype("datetime64[D]").astype(int)
    calendar = np.zeros(len(days), TODAY)
    calendar["lean"], calendar["sick"], calendar["migration"] = _seasons(days - year_starts + 1)
    calendar["month_number"] = (months - months[0]).astype(int)
    calendar["day_of_month"] = days - starts + 1
    before = (months - 1).astype("datetime64[D]").astype(int)
    calendar["last_month_days"] = np.where(calendar["month_number"] > 0, starts - before, 0)
    return calendar


def turn_dials(centres: np.ndarray, dials: Dials) -> None:
    """The dials are read where a child is measured and treated: at its centre."""
    for name in ("noise", "missing", "informative", "relapse", "set_point"):
        centres[name] = getattr(dials, name)
