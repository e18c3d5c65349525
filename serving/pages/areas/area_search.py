"""Finding an area or a child by its code, within what a person may see."""

from __future__ import annotations

from itertools import chain

from serving.book.reader import Reader
from serving.book.scorebook import Run
from serving.errors import OutOfScope
from serving.pages.areas.area_parts import sectors_with_centres

MOST_FOUND = 20
LONGEST_CODE = 500
ABOVE = ("district", "project", "sector")
Match = tuple[str, str]
"""Level (or `child`) and code."""


def found(reader: Reader, run: Run, code: str, *, children: bool) -> list[Match]:
    """What bears this code, at most `MOST_FOUND`: the very code; else areas whose code differs in
    capitals; else areas whose code begins so.

    children: whether a child may be found, by the very code alone.
    """
    code = code.strip()
    if not code or len(code) > LONGEST_CODE:
        return []
    codes = _codes(reader, run)
    same = [(level, code) for level, those in codes.items() if code in those]
    if children:
        own = [code] if _is_child(reader, code) else []
        same += [("child", one) for one in own or reader.children_of_code(run, code)]
    if same:
        return same
    folded = code.casefold()
    begin = [
        (level, one)
        for level, those in codes.items()
        for one in those
        if one.casefold().startswith(folded)
    ]
    alike = [one for one in begin if one[1].casefold() == folded]
    return (alike or begin)[:MOST_FOUND]


def _codes(reader: Reader, run: Run) -> dict[str, list[str]]:
    """The code of every area of the scope by level, the uppermost first."""
    codes = {level: [place.place for place in reader.whole_places(run, level)] for level in ABOVE}
    return codes | {"centre": list(chain.from_iterable(sectors_with_centres(reader, run).values()))}


def _is_child(reader: Reader, code: str) -> bool:
    try:
        reader.child(code)
    except OutOfScope:
        return False
    return True
