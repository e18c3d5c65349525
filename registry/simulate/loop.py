"""The loop over children and days: the one compiled function that is called from outside, and so
the one cached."""

from __future__ import annotations

from registry.simulate.book import NON_RESPONSE, RELAPSE
from registry.simulate.compiled import compiled_whole
from registry.simulate.life import live_on
from registry.simulate.realised_outcomes import end_watches
from registry.simulate.records import Book, Records
from registry.simulate.state import WATCHED


@compiled_whole
def live(
    children: Records, centres: Records, days: Records, first_day: int, book: Book, kept: Records
) -> tuple[int, int]:
    """Live these children (changed in place) until their `until`, into `book`; their landmarks into
    `kept`.

    A forward draw (`shadow`) ends as soon as its outcome is known. Returns rows written, landmarks
    kept.
    """
    rows, landmarks = 0, 0
    for k in range(len(children)):
        child = children[k]
        child.rows = rows
        while child.present and child.day < child.until:
            live_on(child, centres[child.centre], days[child.day + 1 - first_day], book)
            if child.landmark:
                kept[min(landmarks, len(kept) - 1)] = child
                landmarks += 1
                child.landmark = 0
            if child.shadow == RELAPSE and child.relapse != WATCHED:
                break
            if child.shadow == NON_RESPONSE and child.non_response != WATCHED:
                break
        if child.present:
            end_watches(child, book)
        rows = child.rows
    return rows, landmarks
