"""The loop over children and days: the one compiled function that is called from outside, and so the one cached."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numba import njit

from registry.simulate.book import NON_RESPONSE, RELAPSE
from registry.simulate.life import one_day
from registry.simulate.outcomes import end_watches
from registry.simulate.truth import live_forward

COMPILED = ("body", "book", "care", "chance", "compiled", "growth", "life", "loop", "measure", "outcomes", "state",
            "truth")


def _digest_of_sources() -> str:
    """Numba's cache of a caller does not notice a changed callee: all compiled sources are part of its key."""
    room = Path(__file__).parent
    return hashlib.sha256(b"".join((room / f"{name}.py").read_bytes() for name in COMPILED)).hexdigest()


def _make_live(digest: str):
    """The compiled loop; its closure over `digest` is what the cache is keyed by."""

    @njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
    def live(children, centres, days, window, book, truth):
        """Live all days of these children (changed in place) into `book`, the forward draws into `truth`.

        window: first day, last day, draws per landmark. Returns rows written and landmarks passed.
        """
        first_day, last_day, draws = window
        start = np.empty(1, children.dtype)
        rows, landmarks = 0, 0
        _ = digest
        for k in range(len(children)):
            child = children[k]
            child.rows = rows
            while child.present and child.day < last_day:
                one_day(child, centres, days, first_day, book)
                for target in (RELAPSE, NON_RESPONSE):
                    if child.landmark & target:
                        start[0] = child
                        truth[landmarks] = live_forward(start, target, draws, centres, days, first_day, book)
                        landmarks += 1
                child.landmark = 0
            if child.present:
                end_watches(child, book)
            rows = child.rows
        return rows, landmarks

    return live


live = _make_live(_digest_of_sources())
