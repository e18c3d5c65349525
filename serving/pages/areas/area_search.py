"""Finding an area or a child by its code, within what a person may see."""

from __future__ import annotations

from collections.abc import Iterator

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
    areas = list(_areas(reader, run))
    same = [one for one in areas if one[1] == code]
    if children and _is_child(reader, code):
        same.append(("child", code))
    if same:
        return same[:MOST_FOUND]
    folded = code.casefold()
    alike = [one for one in areas if one[1].casefold() == folded]
    return (alike or [one for one in areas if one[1].casefold().startswith(folded)])[:MOST_FOUND]


def _areas(reader: Reader, run: Run) -> Iterator[Match]:
    """Every area of the scope, the uppermost levels first."""
    for level in ABOVE:
        for place in reader.whole_places(run, level):
            yield level, place.place
    for centres in sectors_with_centres(reader, run).values():
        for centre in centres:
            yield "centre", centre


def _is_child(reader: Reader, code: str) -> bool:
    try:
        reader.child(code)
    except OutOfScope:
        return False
    return True
