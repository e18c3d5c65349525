"""CPU time of a server's processes: what a request costs, told the same on a busy machine and on an
idle one; and how often the machine takes its cores away."""

from __future__ import annotations

import time
from pathlib import Path

PROC = Path("/proc")


def of_family(eldest: int) -> float:
    """CPU seconds so far of all threads of a process and of those that come from it (Linux)."""
    parents = {int(place.name): _parent(place) for place in PROC.iterdir() if place.name.isdigit()}
    family, found = {eldest}, 1
    while found:
        more = {child for child, parent in parents.items() if parent in family} - family
        family, found = family | more, len(more)
    return sum(_seconds(PROC / str(process)) for process in family)


def pauses(seconds: float = 5.0, *, over: float = 0.002) -> dict[str, float]:
    """Of a process that does nothing but read the clock: how often a second it stood still for over
    2 ms, the longest such pause (ms), and their share of the time."""
    began = last = time.perf_counter()
    gaps = []
    while last - began < seconds:
        now = time.perf_counter()
        if now - last > over:
            gaps.append(now - last)
        last = now
    longest = 1000 * max(gaps, default=0.0)
    return {
        "a_second": len(gaps) / seconds,
        "longest_ms": round(longest, 1),
        "share": round(sum(gaps) / seconds, 4),
    }


def _parent(place: Path) -> int:
    try:
        return int((place / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _seconds(place: Path) -> float:
    """Nanoseconds on a core by thread, from `schedstat`: `stat` counts in ticks of 10 ms."""
    try:
        return (
            sum(
                int((task / "schedstat").read_text().split()[0])
                for task in (place / "task").iterdir()
            )
            / 1e9
        )
    except OSError:
        return 0.0
