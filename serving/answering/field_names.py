"""Unknown fields of a request: each is named, with the nearest known field name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from registry.contract.rules import RULES
from registry.contract.tables import SPECS

CODE = "REG029"
NESTED = ("measurements", "episodes", "checks", "rations", "attendance", "visits")
"""The tables whose rows come within a child, in the order in which they are judged."""
KNOWN = {
    name: frozenset(column.name for column in SPECS[name].columns) for name in ("children", *NESTED)
}
KNOWN["children"] |= frozenset(NESTED)
MOST_NAMED = 20
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_ .-]{0,39}")
"""What is shown of a field's name: a name, and never a text that may be a child's."""
ALSO_CALLED = {
    "dob": "birth_date",
    "date_of_birth": "birth_date",
    "birthdate": "birth_date",
    "gender": "sex",
    "id": "child_id",
    "wt": "weight_kg",
    "mass": "weight_kg",
    "ht": "height_cm",
    "length": "height_cm",
    "length_cm": "height_cm",
    "stature": "height_cm",
    "arm": "muac_mm",
    "edema": "oedema",
    "lat": "latitude",
    "lon": "longitude",
    "lng": "longitude",
    "awc": "centre_id",
    "center_id": "centre_id",
    "measure": "height_position",
}
"""Names that other systems have for what the contract calls otherwise."""


@lru_cache(1024)
def nearest(table: str, name: str) -> str | None:
    """The known name of a table's field that is meant; None where none is near.

    Example: `weight` and `Weight` are weight_kg, `dob` is birth_date, `xyz` is none.
    """
    plain = re.sub("[^a-z0-9]+", "_", name.lower()).strip("_")
    known = sorted(KNOWN[table])
    if ALSO_CALLED.get(plain) in KNOWN[table]:
        return ALSO_CALLED[plain]
    if plain in ("date", "day", "on") and SPECS[table].own_day:
        return SPECS[table].own_day
    if plain in known:
        return plain
    stem = plain.split("_")[0]
    begun = [one for one in known if len(stem) > 2 and one.split("_")[0] == stem]
    return (
        begun[0]
        if len(begun) == 1
        else next(iter(get_close_matches(plain, begun or known, 1, 0.6)), None)
    )


def unknown_fields(table: str, names: Iterable[object], where: str) -> list[dict[str, Any]]:
    """A problem for each name that the table does not have; `where` is the place before it, such as
    `visits[0].`."""
    problems = []
    for name in sorted(set(names) - KNOWN[table], key=str):
        plain = name if isinstance(name, str) and PLAIN.fullmatch(name) else None
        meant = nearest(table, plain) if plain else None
        hint = f"the nearest known name is {meant}" if meant else "no known name is near"
        said = f"{RULES[CODE].title}: {hint}. {RULES[CODE].advice}"
        problems.append(
            {"code": CODE, "field": where + plain if plain else where.rstrip("."), "problem": said}
        )
    return problems[:MOST_NAMED]
