"""What is wrong with a row, by name: cells that cannot be read, and values that look like another
unit.

Nothing is converted. A value that no child can have is answered with missing; what could be a
child, however unlikely (`weight_pounds`), is answered as WHO does, with its flag, and named.
"""

from __future__ import annotations

import numpy as np

from registry.contract.arrays import Days, Flags, Floats

CODES = {
    "sex_not_read": "sex is none of the known spellings",
    "age_not_read": "the age is no number, or a date is not in the form 2026-03-14",
    "age_negative": "measured before birth",
    "weight_not_read": "the weight is no number",
    "height_not_read": "the height is no number",
    "position_not_read": "the position is neither lying (l) nor standing (h); taken as unknown",
    "muac_not_read": "the arm circumference is no number",
    "head_not_read": "the head circumference is no number",
    "oedema_not_read": "oedema is no grade (0 to 3), yes, no or mark (+); taken as unknown",
    "weight_not_positive": "a weight of 0 or less",
    "height_not_positive": "a height of 0 or less",
    "muac_not_positive": "an arm circumference of 0 or less",
    "head_not_positive": "a head circumference of 0 or less",
    "weight_grams": "above 150: grams in a column of kilograms?",
    "weight_pounds": "far too heavy as kilograms, fitting as pounds? Answered as WHO does",
    "height_metres": "under 3: metres in a column of centimetres?",
    "height_millimetres": "above 250: millimetres in a column of centimetres?",
    "weight_height_swapped": "more kilograms than centimetres: weight and height exchanged?",
    "muac_centimetres": "under 30: centimetres in a column of millimetres?",
    "muac_millimetres": "above 40: millimetres in a column of centimetres?",
    "head_millimetres": "above 100: millimetres in a column of centimetres?",
    "classified_without_age": "no age: judged by what needs none; weight for height may be read by the wrong table",  # noqa: E501
    "age_uncertain": (
        "the birth date is a month or an age: a z-score whose cut-off lies within it is not "
        "answered"
    ),
    "standing_under_9_months": "a child under 9 months does not stand: the position is ignored, as WHO does",  # noqa: E501
}
"""Every code, and what it suspects."""

_BIT = {code: np.uint32(1 << bit) for bit, code in enumerate(CODES)}

HEAVIEST_KG, SHORTEST_CM, TALLEST_CM = 150.0, 3.0, 250.0
LEAST_SWAPPED_KG, MOST_SWAPPED_CM = 35.0, 35.0
LEAST_MUAC_MM, MOST_ARM_CM, MOST_HEAD_CM = 30.0, 40.0, 100.0
"""Outside of these no child under 19 is: the value is not answered. Ours, wider than any value that
WHO answers for a living child."""

KG_PER_POUND = 0.45359237


class Suspicions:
    """The codes of n rows, as bits."""

    def __init__(self, rows: int):
        self.bits = np.zeros(rows, np.uint32)

    def add(self, code: str, where: Flags) -> None:
        """Name this code in the rows where the mask is true."""
        self.bits |= np.where(where, _BIT[code], np.uint32(0))

    def has(self, code: str) -> Flags:
        """Mask of the rows in which a code was named."""
        return (self.bits & _BIT[code]) > 0

    def counts(self) -> dict[str, int]:
        """How many rows each code was named in, only those that were."""
        counts = {code: int(np.count_nonzero(self.bits & bit)) for code, bit in _BIT.items()}
        return {code: count for code, count in counts.items() if count}

    def words(self) -> tuple[Days, list[str]]:
        """Positions (int32, n) and the texts they stand for: codes joined by `;`, empty where there
        is none."""
        distinct, position = np.unique(self.bits, return_inverse=True)
        texts = [";".join(code for code, bit in _BIT.items() if bits & bit) for bits in distinct]
        return position.astype(np.int32), texts


def refuse_impossible(columns: dict[str, Floats], found: Suspicions, *, arm_in_cm: bool) -> None:
    """Name what cannot be, and set it to NaN in `columns` (weight_kg, height_cm, muac_mm,
    head_cm)."""
    weight, height = columns["weight_kg"], columns["height_cm"]
    swapped = (
        (weight >= LEAST_SWAPPED_KG)
        & (height > 0)
        & (height < MOST_SWAPPED_CM)
        & (weight <= HEAVIEST_KG)
    )
    muac, head = columns["muac_mm"], columns["head_cm"]
    for column, code, where in (
        ("weight_kg", "weight_not_positive", weight <= 0),
        ("weight_kg", "weight_grams", weight > HEAVIEST_KG),
        ("height_cm", "height_not_positive", height <= 0),
        ("height_cm", "height_metres", (height > 0) & (height < SHORTEST_CM) & ~swapped),
        ("height_cm", "height_millimetres", height > TALLEST_CM),
        ("height_cm", "weight_height_swapped", swapped),
        ("weight_kg", "weight_height_swapped", swapped),
        ("muac_mm", "muac_not_positive", muac <= 0),
        ("muac_mm", "muac_centimetres", (muac > 0) & (muac < LEAST_MUAC_MM) & (not arm_in_cm)),
        ("muac_mm", "muac_millimetres", (muac > 10 * MOST_ARM_CM) & arm_in_cm),
        ("head_cm", "head_not_positive", head <= 0),
        ("head_cm", "head_millimetres", head > MOST_HEAD_CM),
    ):
        if where.any():
            found.add(code, where)
            columns[column] = np.where(where, np.nan, columns[column])
