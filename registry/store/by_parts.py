"""A question to a whole store, answered part by part: what each part says is gathered by the caller
(sums, or rows of its own places)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import TypeVar

from registry.contract.days import NEVER
from registry.contract.registry import Registry
from registry.engine import Engine
from registry.store.partitions import Partition, StorePart, divide, read
from registry.store.store import open_store

Result = TypeVar("Result")
NOW = int(NEVER) - 1
"""The day for which a store is divided where a question is about its present records: all are known
by then."""


def over_parts(
    address: str,
    task: Callable[[StorePart], Result],
    engine: Engine,
    *,
    day: int = NOW,
    done: Callable[[int, int], None] = lambda children, of: None,
) -> tuple[Registry, list[Result]]:
    """(the store's centres and areas without any child, what the task says of each part, in order).

    The task is a function of a module or a `functools.partial` of one, and what it returns is
    small: it crosses processes where the engine has some. `done` hears of how many children the
    parts are finished, of all.
    """
    with closing(open_store(address, must_exist=True)) as store:
        places, parts = store.load(children=()), divide(store, day)
    ready, total = 0, sum(part.children for part in parts)
    found: dict[int, Result] = {}
    for part, result in engine.each(partial(_of_part, address, task), parts):
        found[part.number] = result
        ready += part.children
        done(ready, total)
    return places, [found[part.number] for part in parts]


def _of_part(address: str, task: Callable[[StorePart], Result], partition: Partition) -> Result:
    with closing(open_store(address, must_exist=True)) as store:
        part = read(store, partition)
    return task(part)
