"""Progress messages on standard error while a command works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def step(what: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done, with a spinner where a person watches; a function that says how far
    it is, for what may take minutes."""
    from rich.console import Console

    console = Console(stderr=True)

    def said(text: str) -> None:
        console.print(f"{what}: {text}", markup=False, highlight=False)

    if not console.is_terminal:
        yield said
        return
    with console.status(what):
        yield said
    console.print(f"{what}: done", markup=False)


@contextmanager
def steps(what: str) -> Iterator[Callable[[str], None]]:
    """A function that says, step by step and with the time so far, what is being done."""
    import time

    from rich.console import Console

    console, begun = Console(stderr=True), time.monotonic()

    def said(text: str) -> None:
        console.print(
            f"[{time.monotonic() - begun:6.1f} s] {what}: {text}", markup=False, highlight=False
        )

    yield said
