"""How a child is measured and how that is written down: errors, rounding, copying, heights carried
forward."""

from __future__ import annotations

import math

from registry.simulate.body import true_length_cm, true_muac_mm
from registry.simulate.book import OFFICER, TREATMENT, write_measurement
from registry.simulate.chance import happens, logistic, normal, uniform
from registry.simulate.compiled import compiled
from registry.simulate.growth_curves import STANDING_LOSS_CM, weight_kg, whz
from registry.simulate.records import Book, Centre, Child, Whole
from registry.simulate.state import LAST_DAY_UNDER_FIVE

LYING_UNTIL_DAYS = 731
YOUNGEST_FOR_MUAC_DAYS = 183
HEIGHT_MISSING, HEIGHT_CARRIED = 0.30, 0.20
"""Shares of monthly rows without a height, and with last month's height written again (domain
§3.5)."""

ONLY_COLOUR = 0.01
"""Share of coloured monthly rows that arrive as the colour alone."""


@compiled
def _rounded(value: float, step: float) -> float:
    return math.floor(value / step + 0.5) * step


@compiled
def _weight_error(centre: Centre, source: Whole) -> tuple[float, float]:
    """SD (kg) and step of rounding: 0.05 kg for trained teams, 0.1 to 0.2 with a worker's scale;
    0.5 kg centre."""
    if source == OFFICER:
        return 0.05, 0.1
    if source == TREATMENT:
        return 0.07 + 0.06 * (1.0 - centre.quality), (0.5 if centre.quality < 0.12 else 0.1)
    return 0.12 + 0.14 * (1.0 - centre.quality), (0.5 if centre.quality < 0.38 else 0.1)


@compiled
def _height_error(centre: Centre, source: Whole) -> tuple[float, float]:
    """SD (cm) and step of rounding: 0.3 cm for trained teams, 0.5 to 1.0 for workers; whole cm in
    most centres."""
    if source == OFFICER:
        return 0.3, 0.1
    return 0.55 + 0.60 * (1.0 - centre.quality), (1.0 if centre.quality < 0.62 else 0.5)


@compiled
def _weigh(child: Child, centre: Centre, noise: float, source: Whole) -> float:
    error, step = _weight_error(centre, source)
    true = weight_kg(child.sex, true_length_cm(child), child.whz)
    if source < OFFICER and not math.isnan(child.weight) and happens(child, centre.copies):
        return float(child.weight)
    step = step if happens(child, min(noise, 1.0)) else 0.1
    return max(_rounded(true + noise * error * normal(child), step), 1.0)


@compiled
def _measure_height(child: Child, centre: Centre, noise: float, source: Whole) -> None:
    """Read the height anew and remember it with its day and position."""
    error, step = _height_error(centre, source)
    age = child.day - child.birth
    standing = (
        age >= LYING_UNTIL_DAYS if age < 300 or happens(child, 0.94) else age < LYING_UNTIL_DAYS
    )
    true = true_length_cm(child) - (STANDING_LOSS_CM if standing else 0.0)
    step = step if happens(child, min(noise, 1.0)) else 0.1
    child.height = _rounded(true + noise * error * normal(child), step)
    child.height_standing, child.height_day = standing, child.day
    if not happens(child, centre.says_position) and source != OFFICER:
        child.height_standing = -1


@compiled
def _height_written(child: Child, centre: Centre, source: Whole) -> float:
    """What the row says of height: measured, the last one again, or nothing (NaN). In treatment:
    once a month."""
    due = (child.day - child.admitted) % 28 == 0
    if source == OFFICER or (source == TREATMENT and due and happens(child, 0.85)):
        _measure_height(child, centre, centre.noise, source)
        return float(child.height)
    if source == TREATMENT:
        return math.nan
    chance = uniform(child)
    if chance < min(HEIGHT_MISSING * centre.missing, 0.95):
        return math.nan
    if chance < min(HEIGHT_MISSING * centre.missing, 0.95) + HEIGHT_CARRIED and child.height > 0:
        child.height_day = child.day
        return float(child.height)
    _measure_height(child, centre, centre.noise, source)
    return float(child.height)


@compiled
def _muac_written(child: Child, centre: Centre, noise: float, source: Whole) -> float:
    age = child.day - child.birth
    share = (
        1.0 if source == OFFICER else (0.75 if source == TREATMENT else 1.0) * centre.measures_arm
    )
    if age < YOUNGEST_FOR_MUAC_DAYS or not happens(child, share):
        return math.nan
    error = 2.0 if source == OFFICER else 4.5
    return _rounded(true_muac_mm(child) + noise * error * normal(child), 1.0)


@compiled
def _judge(child: Child, weight: float, muac: float, oedema: Whole) -> None:
    """What this row lets one conclude under the contract: valid or not, SAM or not, and its z."""
    age = child.day - child.birth
    fresh = child.day - child.height_day <= (60 if age < 731 else 90)
    standing = child.height_standing == 1 or (
        child.height_standing == -1 and age >= LYING_UNTIL_DAYS
    )
    z = math.nan
    if fresh and child.height > 0 and weight > 0 and age <= LAST_DAY_UNDER_FIVE and oedema <= 0:
        z = _rounded(
            whz(child.sex, child.height + (STANDING_LOSS_CM if standing else 0.0), weight), 0.01
        )
    plausible = not math.isnan(z) and -5.0 <= z <= 5.0
    by_arm = age <= LAST_DAY_UNDER_FIVE and not math.isnan(muac) and muac < 115.0
    child.seen_z, child.seen_day = (z if plausible else math.nan), child.day
    child.seen_sam = (
        (plausible and z < -3.0) or by_arm or (oedema > 0 and age <= LAST_DAY_UNDER_FIVE)
    )
    child.seen_valid = plausible or child.seen_sam


@compiled
def _colour(child: Child, centre: Centre) -> int:
    """The colour that the source shows: 0 green, 1 yellow, 2 red; centres that hide SAM have no
    red."""
    if math.isnan(child.seen_z):
        return -1
    if child.seen_sam:
        return 1 if centre.hides_sam or happens(child, 0.45) else 2
    if child.seen_z < -2.0:
        return 0 if happens(child, 0.09) else 1
    return 0


@compiled
def read_child(child: Child, centre: Centre, book: Book, source: Whole) -> None:
    """One measurement: true body, error, rounding, and the row; leaves the judgement in
    `child.seen_*`."""
    height = _height_written(child, centre, source)
    weight = _weigh(child, centre, centre.noise, source)
    muac = _muac_written(child, centre, centre.noise, source)
    sees_oedema = source >= OFFICER or happens(child, 0.3)
    oedema = child.oedema if sees_oedema else -1
    _judge(child, weight, muac, oedema)
    colour = _colour(child, centre) if source < OFFICER else -1
    child.weight = weight
    standing = -1 if math.isnan(height) else child.height_standing
    if source < OFFICER and colour >= 0 and happens(child, ONLY_COLOUR):
        child.seen_valid, child.seen_sam = False, False
        weight = height = muac = math.nan
        standing = oedema = -1
    write_measurement(book, child, weight, height, muac, standing, oedema, colour, source)


@compiled
def misses_weighing(child: Child, centre: Centre, base: float) -> bool:
    """Whether the child is not weighed today; poor, ill, unwell-doing and reluctant families are
    missed more.

    base: log-odds of an average child. The dials `missing` and `informative` act here.
    """
    telling = (
        -0.55 * child.adherence
        - 0.25 * child.food
        + 2.2 * child.ill_share
        + (0.5 if child.ill_days > 0 else 0.0)
    )
    telling += 0.25 if child.whz < -2.5 else 0.0
    odds = base + 0.8 * (0.65 - centre.quality) + centre.informative * telling
    return child.lost == 1 or happens(child, logistic(odds + math.log(max(centre.missing, 1e-9))))
