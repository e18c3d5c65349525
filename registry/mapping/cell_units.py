"""Units that stand in the cells themselves: `9.5 kg`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from registry.mapping.header_words import UNIT_WORDS

_WITH_UNIT = re.compile(r"\s*([+-]?[\d.,]+)\s*([^\s\d.,]+?)\.?\s*")
_UNIT_OF = {word: unit for unit, words in UNIT_WORDS.items() for word in words.split()}


def unit_of(cell: str) -> str:
    """The unit that a cell names behind its number, as a map has it; nothing without one."""
    found = _WITH_UNIT.fullmatch(cell)
    return _UNIT_OF.get(found[2].lower(), "") if found else ""


def without_unit(cell: str, unit: str) -> str:
    """The number of a cell that names this unit; any other cell as it is."""
    found = _WITH_UNIT.fullmatch(cell)
    return found[1] if found and _UNIT_OF.get(found[2].lower()) == unit else cell


def named_unit(counts: Mapping[str, int]) -> str:
    """The unit that more than half of a column's cells name."""
    often: dict[str, int] = {}
    for cell, count in counts.items():
        often[unit_of(cell)] = often.get(unit_of(cell), 0) + count
    most = max(often, key=often.__getitem__, default="")
    return most if 2 * often.get(most, 0) > sum(counts.values()) else ""
