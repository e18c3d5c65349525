"""The settings that a map's tables and columns may have, and of what type each must be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeGuard

KINDS = {
    "from": "a header or a list of headers",
    "value": "a text, number, date or true/false",
    "unit": "a text",
    "codes": 'a table such as { SAM = "red" }',
    "date": "a text or a list of texts",
    "decimal": "a text",
    "personal": "a text",
    "missing": "a list of texts or numbers",
    "join": "a text",
    "month_of": "a text",
    "day": "a number from 1 to 28",
    "age": "a text",
    "on": "a header",
}
"""The settings of a column, and what each must be."""
TABLE_KINDS = {
    "file": "a text or a list of texts",
    "sheet": "a text or a list of texts",
    "query": "a text",
    "distinct": "true or false",
    "rows": "a list of tables",
    "columns": "a table",
    "wide": "a table",
    "parent": "a table of texts",
    "values": "a table",
}
SCALARS = (str, int, float, bool, dt.date)
Settings = Mapping[str, Any]
"""A table of the TOML file, whose values are looked at before they are used."""


def well_typed(
    said: Settings, kinds: Mapping[str, str], where: str, faults: list[str]
) -> dict[str, Any]:
    """The settings that are what they must be; a fault for each that is not."""
    unknown(said, set(kinds), where, faults)
    good: dict[str, Any] = {}
    for key, value in said.items():
        if key not in kinds:
            continue
        if is_kind(value, kinds[key]):
            good[key] = value
        else:
            faults.append(f"{where}: {key} must be {kinds[key]}")
    return good


def is_kind(value: object, kind: str) -> bool:
    if kind.startswith("a header or") or kind == "a text or a list of texts":
        return isinstance(value, str) or is_texts(value)
    if kind in ("a text", "a header"):
        return isinstance(value, str)
    if kind.startswith("a list of texts"):
        return isinstance(value, list) and all(isinstance(one, SCALARS) for one in value)
    if kind == "a list of tables":
        return isinstance(value, list | tuple) and all(isinstance(one, Mapping) for one in value)
    if kind.startswith("a number"):
        return is_whole(value) and 1 <= value <= 28
    if kind == "true or false":
        return isinstance(value, bool)
    if kind == "a table":
        return isinstance(value, Mapping)
    if kind.startswith("a table"):
        return isinstance(value, Mapping) and all(
            isinstance(one, SCALARS) for one in value.values()
        )
    return isinstance(value, SCALARS)


def is_texts(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(one, str) for one in value)
    )


def is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def unknown(said: Settings, known: set[str], where: str, faults: list[str]) -> None:
    if strange := sorted(map(str, set(said) - known)):
        faults.append(
            f"{where} has unknown settings {', '.join(strange)}; known are "
            f"{', '.join(sorted(known))}"
        )
