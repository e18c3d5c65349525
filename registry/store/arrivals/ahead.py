"""The next table is checked while one is written."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


@contextmanager
def ahead(items: Iterator[Item], *, at_once: int) -> Iterator[Iterator[Item]]:
    """The items in their order; with more than one `at_once` each is made in a thread of its own
    while the caller is at work on the one before. Both let go of the interpreter where NumPy,
    Arrow, the disk or the database work, so that they take two cores.

    An error in making an item is raised where it would have been used.
    """
    if at_once < 2:
        yield items
        return
    with ThreadPoolExecutor(1) as thread:
        yield _one_before(items, thread)


def _one_before(items: Iterator[Item], thread: ThreadPoolExecutor) -> Iterator[Item]:
    waiting = thread.submit(_made, items)
    while made := waiting.result():
        waiting = thread.submit(_made, items)
        # What the caller is done with is not kept while it waits for the next.
        yield made.pop()


def _made(items: Iterator[Item]) -> list[Item]:
    """The next item; empty without one."""
    return [item for _, item in zip(range(1), items, strict=False)]
