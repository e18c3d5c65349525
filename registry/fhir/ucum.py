"""Quantities in declared UCUM units to the contract's units, exactly; nothing is guessed."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from registry.fhir.fhir_codes import UCUM

_MASS_KG = {"kg": "1", "g": "0.001", "[lb_av]": "0.45359237"}
_LENGTH_CM = {"cm": "1", "mm": "0.1", "m": "100"}
_LENGTH_MM = {"mm": "1", "cm": "10", "m": "1000"}
UNITS = {
    "weight_kg": _MASS_KG,
    "birth_weight_kg": _MASS_KG,
    "height_cm": _LENGTH_CM,
    "muac_mm": _LENGTH_MM,
}
"""By column, the UCUM codes that are read and what one of each is in the column's unit. The pound
(avoirdupois) is 0.45359237 kg exactly."""
NO_UNIT = "REG028"


def cell_of(quantity: Any, column: str) -> tuple[str, str]:
    """The text of a column's cell, and the code of the rule that a quantity breaks (or nothing).

    A cell that breaks a rule is the quantity as it came. Example: 7300 g of `weight_kg` is
    ("7.3", ""); 16 without a unit is ("16", "REG028").
    """
    if not isinstance(quantity, dict):
        return "", ""
    value, unit = quantity.get("value"), quantity.get("code")
    if value is None or isinstance(value, bool | dict | list):
        return ("", "") if value is None else (str(value)[:40], "REG020")
    said = " ".join(
        str(part)[:40]
        for part in (quantity.get("comparator"), value, unit or quantity.get("unit"))
        if part is not None and part != ""
    )
    factor = UNITS[column].get(unit) if isinstance(unit, str) else None
    if factor is None or quantity.get("system") != UCUM:
        return said, NO_UNIT
    if quantity.get("comparator"):
        return said, "REG020"
    try:
        exact = Decimal(str(value)) * Decimal(factor)
    except InvalidOperation:
        return said, "REG020"
    return (_plain(exact), "") if exact.is_finite() else (said, "REG020")


def _plain(number: Decimal) -> str:
    """Without an exponent and without noughts at its end: 7.300 is `7.3`."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
