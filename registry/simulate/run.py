"""A whole registry's lives: chunks of children through the compiled loop, on the cores there
are."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from registry.contract.days import day_number
from registry.contract.errors import UsageError
from registry.simulate.book import ROW, empty_book, sorted_out
from registry.simulate.dials import Dials
from registry.simulate.life import AGED_OUT_DAYS
from registry.simulate.loop import live
from registry.simulate.place import (
    LAST_DAY,
    SimulatedPlace,
    first_day_of,
    found_centres,
    make_calendar,
    turn_dials,
)
from registry.simulate.population import People, settle
from registry.simulate.state import CHILD
from registry.simulate.truth import live_forward

CHUNK = 500
Columns = dict[str, np.ndarray]


class SimulatedLives(NamedTuple):
    """All that happened: the place, the people as they ended, rows by table and column, and the
    window's days.

    `rows["landmarks"]` also has `happened` and `lives`, the forward draws' counts.
    """

    place: SimulatedPlace
    people: People
    rows: dict[str, Columns]
    first_day: int
    last_day: int


def _one_chunk(
    children: np.ndarray,
    place: SimulatedPlace,
    calendar: np.ndarray,
    window: tuple[int, int],
    draws: int,
) -> dict[str, Columns]:
    first_day, months = window
    book, kept = empty_book(len(children), months), np.zeros(len(children) * months + 100, CHILD)
    rows, landmarks = live(children, place.centres, calendar, first_day, book, kept)
    if landmarks > len(kept):
        raise IndexError(f"{landmarks} landmarks outgrew the chunk's room")
    tables = sorted_out(book, rows)
    unwritten = np.empty(1, ROW), np.empty(1, CHILD)
    truth = live_forward(
        kept[:landmarks],
        tables["landmarks"]["target"],
        draws,
        lambda lives: live(lives, place.centres, calendar, first_day, *unwritten),
    )
    tables["landmarks"] |= {"happened": truth[:, 0], "lives": truth[:, 1]}
    return tables


def _gathered(parts: list[dict[str, Columns]]) -> dict[str, Columns]:
    return {
        table: {name: np.concatenate([part[table][name] for part in parts]) for name in columns}
        for table, columns in parts[0].items()
    }


def _checked(children: int, months: int) -> None:
    if not 20 <= children <= 5_000_000:
        raise UsageError("SIM003", "--children must lie between 20 and 5000000")
    if not 1 <= months <= 120:
        raise UsageError("SIM004", "--months must lie between 1 and 120")


def live_all(
    *,
    children: int,
    months: int,
    seed: int,
    dials: Dials,
    progress: Callable[[int], None] = lambda done: None,
) -> SimulatedLives:
    """Simulate `children` over `months` calendar months that end with `place.LAST_DAY`.

    `progress` hears how many more children are done. The result depends on children, months, seed
    and dials only, not on the number of cores.
    """
    _checked(children, months)
    last_day = day_number(LAST_DAY)
    first_day = first_day_of(last_day, months)
    rng = np.random.default_rng(seed)
    at_once = children * AGED_OUT_DAYS / (AGED_OUT_DAYS + last_day - first_day)
    place = found_centres(at_once, rng)
    turn_dials(place.centres, dials)
    calendar = make_calendar(first_day, last_day)
    people = settle(children, place, first_day=first_day, last_day=last_day, rng=rng)
    chunks = [
        people.children[start : start + CHUNK] for start in range(0, len(people.children), CHUNK)
    ]

    def one(chunk: np.ndarray) -> dict[str, Columns]:
        rows = _one_chunk(chunk, place, calendar, (first_day, months), dials.truth_draws)
        progress(len(chunk))
        return rows

    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        rows = _gathered(list(pool.map(one, chunks)))
    return SimulatedLives(place, people, rows, first_day, last_day)
