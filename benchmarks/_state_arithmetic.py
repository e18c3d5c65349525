"""From what `state.py --json` measured to a state of five million children and to India's eighty
million: arithmetic, not a measurement.

A stage's cost is a line through what was measured at the fewest and at the most children: fits see
as many rows however many children there are, so that a training costs more than its share in a
small state and less in a large one. Of one measurement alone all grows with the children. India is
so many states of five million, each with a store and models of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STATE_CHILDREN, INDIA_CHILDREN = 5_000_000, 80_000_000
NIGHT_HOURS = 8
OF_A_STAGE = ("cpu_s", "server_cpu_s", "read_gb", "written_gb", "wal_gb")
Measured = Mapping[str, Any]
"""The object that `state.py --json` prints."""


@dataclass(frozen=True)
class StageCost:
    """What a stage costs for so many children: CPU hours of ours and of the database's server, and
    gigabytes read, written and put into its log."""

    stage: str
    cpu_hours: float
    server_cpu_hours: float
    read_gb: float
    written_gb: float
    wal_gb: float


@dataclass(frozen=True)
class Costs:
    """All stages of a state, or of India as so many `states`; `store_gb`: of all stores together;
    `copy_hours`: of the rows of one store through the one connection that imports it, None where
    COPY was not measured."""

    children: int
    states: int
    stages: tuple[StageCost, ...]
    rows: float | None
    store_gb: float
    copy_hours: float | None

    @property
    def cpu_hours(self) -> float:
        """Of all stages, without the server's."""
        return sum(one.cpu_hours for one in self.stages)

    @property
    def cores(self) -> int:
        """So many do all stages in one night."""
        return math.ceil(round(self.cpu_hours / NIGHT_HOURS, 6))

    @property
    def server_cores(self) -> int:
        """The database's, of all states together."""
        hours = sum(one.server_cpu_hours for one in self.stages)
        return math.ceil(round(hours / NIGHT_HOURS, 6))


def costs(measured: Sequence[Measured], children: int) -> Costs:
    """The costs for so many children; above STATE_CHILDREN of as many states of equal size as it
    takes."""
    states = math.ceil(children / STATE_CHILDREN)
    of_one = children / states
    most = max(measured, key=_children)
    names = [name for name, told in most.items() if isinstance(told, Mapping) and "cpu_s" in told]
    stages = []
    for name in names:
        found = [one for one in measured if name in one]
        told = {
            key: states
            * _on_line([(_children(one), one[name].get(key, 0.0)) for one in found], of_one)
            for key in OF_A_STAGE
        }
        hours = (told["cpu_s"] / 3600, told["server_cpu_s"] / 3600)
        stages.append(StageCost(name, *hours, told["read_gb"], told["written_gb"], told["wal_gb"]))
    share = of_one / _children(most)
    rows = most.get("rows")
    return Costs(
        children,
        states,
        tuple(stages),
        None if rows is None else rows * share * states,
        most["store_gb"] * share * states,
        _copy_seconds(most) * share / 3600 if "copy" in most else None,
    )


def most_children_a_night(measured: Sequence[Measured]) -> int | None:
    """So many children's rows does one connection's COPY take in a night: beyond it a store is the
    limit, whatever the workers. None where COPY was not measured."""
    found = [one for one in measured if "copy" in one]
    if not found:
        return None
    most = max(found, key=_children)
    return int(NIGHT_HOURS * 3600 / _copy_seconds(most) * _children(most))


def lines(measured: Sequence[Measured]) -> list[str]:
    """What is printed."""
    told = [f"measured: {', '.join(f'{_children(one):,} children' for one in measured)}"]
    for name, children in (("a state", STATE_CHILDREN), ("India", INDIA_CHILDREN)):
        found = costs(measured, children)
        of = "" if found.states == 1 else f", {found.states} states"
        rows = "" if found.rows is None else f", {found.rows / 1e6:,.0f} million rows"
        told.append(f"{name}: {children:,} children{of}{rows}, stores of {found.store_gb:,.1f} GB")
        told += [_line(one) for one in found.stages]
        server = f", {found.server_cores} of the database" if found.server_cores else ""
        told.append(
            f"  all stages: {found.cpu_hours:,.1f} CPU hours; {found.cores} cores do them in a "
            f"night of {NIGHT_HOURS} hours{server}"
        )
        if found.copy_hours is not None:
            told.append(
                f"  COPY of one store's rows by one connection: {found.copy_hours:.2f} hours"
            )
    if (most := most_children_a_night(measured)) is not None:
        told.append(
            f"one connection's COPY is a night's limit from {most:,} children in one store on, all "
            "of whose rows come anew"
        )
    return told


def _line(one: StageCost) -> str:
    second = NIGHT_HOURS * 3600
    server = f", the server {one.server_cpu_hours:,.1f}" if one.server_cpu_hours else ""
    log = f", {one.wal_gb:,.1f} GB of log" if one.wal_gb else ""
    return (
        f"  {one.stage:14} {one.cpu_hours:9,.1f} CPU hours{server}; over a night read "
        f"{1000 * one.read_gb / second:,.1f} MB/s, wrote {1000 * one.written_gb / second:,.1f} "
        f"MB/s{log}"
    )


def _children(one: Measured) -> int:
    return int(one["children"])


def _on_line(points: Sequence[tuple[int, float]], children: float) -> float:
    """The value at so many children of the line through the first and the last point; of one point,
    or where the line falls, in proportion to the greatest."""
    low, high = min(points), max(points)
    if low[0] == high[0] or high[1] <= low[1]:
        return high[1] * children / high[0]
    slope = (high[1] - low[1]) / (high[0] - low[0])
    return max(high[1] + slope * (children - high[0]), 0.0)


def _copy_seconds(one: Measured) -> float:
    return sum(float(of["s"]) for of in one["copy"].values())
