"""The limits of the service, read from environment variables. An invalid value stops the start with
an error that names the variable."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any

from registry.contract.errors import BadInput

MEGABYTE = 1_048_576


@dataclass(frozen=True)
class Limits:
    """The bounds; each is read from the environment variable SANKET_ and its name, where set."""

    body_bytes: int = 32 * MEGABYTE
    drained_bytes: int = 96 * MEGABYTE
    """A body that is too large is read and thrown away up to this size, so that its sender can read
    the answer."""
    children: int = 2000
    seconds: float = 60
    in_flight: int = 200
    """Requests that are worked on at once; one whose body is still on its way is not."""
    arriving: int = 2000
    """Requests whose bodies are on their way at once."""
    idle_seconds: float = 15
    """How long the next piece of a body may take."""
    header_seconds: float = 10
    """How long a connection may take for a request's headers, the first included."""
    header_bytes: int = 65_536
    connections: int = 1000
    """Open connections of one process; beyond it, those that have waited longest for headers are
    closed."""
    lag_seconds: float = 0.75
    """How late the event loop may run before new work is refused: beyond this, a queue only grows.
    """
    rate_per_second: float = 1000
    rate_burst: float = 2000

    @classmethod
    def configured(cls) -> Limits:
        """From the environment. Raises BadInput LIM001 with the name and the bound of a setting
        that is none."""
        asked: dict[str, Any] = {
            bound.name: setting(
                f"SANKET_{bound.name.upper()}",
                int if isinstance(bound.default, int) else float,
                *BETWEEN[bound.name],
            )
            for bound in fields(cls)
        }
        return cls(**{name: number for name, number in asked.items() if number is not None})


BETWEEN: dict[str, tuple[float, float]] = {
    "body_bytes": (1, 2**31),
    "drained_bytes": (1, 2**32),
    "children": (1, 100_000),
    "seconds": (0.1, 3600),
    "in_flight": (1, 100_000),
    "arriving": (1, 100_000),
    "idle_seconds": (0.1, 3600),
    "header_seconds": (0.1, 3600),
    "header_bytes": (1024, 16 * MEGABYTE),
    "connections": (1, 100_000),
    "lag_seconds": (0.01, 3600),
    "rate_per_second": (0.001, 1e9),
    "rate_burst": (1, 1e9),
}
"""What each setting may be, both ends included."""


def setting(name: str, kind: type[int] | type[float], low: float, high: float) -> float | None:
    """A number from the environment; None where it is not set. BadInput LIM001 names it and its
    bound."""
    if not (text := os.environ.get(name)):
        return None
    number: float | None
    try:
        number = kind(text)
    except ValueError:
        number = None
    if number is None or not low <= number <= high:
        whole = "whole number" if kind is int else "number"
        raise BadInput("LIM001", f"{name} must be a {whole} from {low:g} to {high:g}")
    return number
