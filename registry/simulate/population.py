"""Who lives there: families and their children, with what each child brings with it into life."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from registry.contract.arrays import Floats
from registry.simulate.life import AGED_OUT_DAYS
from registry.simulate.place import SimulatedPlace
from registry.simulate.state import CHILD, FOREVER

SET_POINT, SET_POINT_SD = -0.60, 0.92
"""Mean and SD of the z that a child tends to, outside the weaning dip and the lean season."""

HAZ_LATER, HAZ_LATER_SD = -1.55, 1.10
FEMALE = 0.485


class People(NamedTuple):
    """Children (`state.CHILD`) in order of family, and the family of each."""

    children: np.ndarray
    family: np.ndarray
    households: np.ndarray


def _births(
    count: int, first: int, last: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Family number and birth day of `count` children born in [first, last]: one to four a family,
    spaced."""
    families = int(count * 1.4) + 50
    sizes = rng.choice([1, 2, 3, 4], families, p=[0.42, 0.38, 0.15, 0.05])
    family = np.repeat(np.arange(families), sizes)
    order = np.arange(len(family)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    spacing = np.where(
        rng.random(len(family)) < 0.012, 0, np.clip(rng.normal(960, 300, len(family)), 330, 2200)
    )
    eldest = np.repeat(rng.uniform(first - 1500, last, families), sizes)
    gaps = np.where(order > 0, spacing, 0.0)
    run = np.cumsum(gaps)
    birth = eldest + run - np.repeat(run[np.cumsum(sizes) - sizes], sizes)
    kept = np.flatnonzero((birth >= first) & (birth <= last))[:count]
    _, number = np.unique(family[kept], return_inverse=True)
    return number, birth[kept].astype(np.int64)


def settle(
    count: int, place: SimulatedPlace, *, first_day: int, last_day: int, rng: np.random.Generator
) -> People:
    """`count` children that are under six on some day of the window, with their families and
    centres."""
    family, birth = _births(count, first_day - AGED_OUT_DAYS + 60, last_day - 75, rng)
    households = rng.normal(0, 1, family.max() + 1)
    home = rng.integers(0, len(place.centres), family.max() + 1)
    children = np.zeros(len(family), CHILD)
    children["number"], children["birth"] = np.arange(len(family)), birth
    children["centre"] = home[family]
    children["setting"] = place.centres["setting"][children["centre"]]
    children["sex"] = rng.random(len(family)) >= FEMALE
    children["rng"] = rng.integers(0, 2**63, len(family), dtype=np.uint64)
    children["phase"] = rng.integers(0, 7, len(family))
    _endow(children, family, households, place, rng)
    _start(children, first_day, last_day, rng)
    return People(children, family, households)


def _endow(
    children: np.ndarray,
    family: np.ndarray,
    households: np.ndarray,
    place: SimulatedPlace,
    rng: np.random.Generator,
) -> None:
    """Traits: siblings share a household's food and habits, children of a sector a little of their
    level."""
    count = len(children)

    def draw() -> Floats:
        return rng.normal(0, 1, count)

    shared = rng.normal(0, 1, len(households))[family]
    careful = rng.normal(0, 1, len(households))[family]
    sector = place.centres["sector"][children["centre"]]
    tribal = np.where(children["setting"] == 2, -0.35, np.where(children["setting"] == 0, 0.1, 0.0))
    local = rng.normal(0, 0.15, sector.max() + 1)[sector]
    children["food"] = 0.92 * households[family] + 0.3 * draw() + tribal
    inborn = draw()
    children["setpoint"] = (
        SET_POINT
        + local
        + SET_POINT_SD
        * (0.42 * children["food"] + 0.40 * shared + 0.81 * (0.4 * inborn + 0.917 * draw()))
    )
    children["haz_later"] = HAZ_LATER + HAZ_LATER_SD * (
        0.35 * children["food"] + 0.40 * shared + 0.85 * draw()
    )
    born = 0.45 * inborn + 0.25 * children["food"] + 0.85 * draw()
    children["birth_weight"] = np.clip(2.82 + 0.42 * born, 1.1, 4.6)
    children["haz_birth"] = -0.6 + 1.3 * (children["birth_weight"] - 2.82) + 0.6 * draw()
    children["lean_gain"] = np.exp(-0.45 * children["food"] + 0.25 * draw())
    children["frailty"] = -0.25 + 0.45 * (0.8 * draw() - 0.3 * children["food"] + 0.4 * shared)
    children["resilience"] = np.exp(0.3 * draw())
    children["response"] = 0.85 * draw()
    children["adherence"] = 0.7 * careful + 0.3 * children["food"] + 0.6 * draw()
    children["arm"] = 8.2 * draw()


def _start(children: np.ndarray, first_day: int, last_day: int, rng: np.random.Generator) -> None:
    """The state on the day a child comes under the centre's eyes (or the window opens)."""
    count = len(children)
    delay = np.where(
        rng.random(count) < 0.7, rng.exponential(25, count), rng.exponential(120, count)
    )
    enrolled = children["birth"] + np.minimum(delay, 900).astype(np.int64)
    children["enrolled"] = enrolled
    children["day"] = np.maximum(enrolled, first_day) - 1
    children["alive"] = children["present"] = 1
    children["until"] = last_day
    for name in (
        "cured_on",
        "treated_on",
        "pending",
        "officer_due",
        "absent_since",
        "follow_up",
        "next_weighing",
    ):
        children[name] = -1
    children["programme"] = children["episode"] = -1
    children["event_on"] = children["left_on"] = FOREVER
    children["left_reason"] = -1
    children["height_day"] = -1000
    children["weight"] = np.nan
    children["wander"] = 0.5 * rng.normal(0, 1, count)
    children["fade"] = 40.0
    children["deficit"] = rng.exponential(0.12, count)
    gone = (children["day"] + 1 - children["birth"]) >= AGED_OUT_DAYS
    children["present"][gone] = 0
