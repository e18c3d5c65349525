"""Episodes of wasting from growth points alone: for records that know visits and no treatment.

An episode is a run of visits in a row with WHZ under -2; visits without a WHZ neither begin nor end
one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from features.clock import Clock, Ragged
from features.criteria import criteria
from features.trajectory.points import growth_points
from registry.contract.arrays import Flags, Floats, Ints
from registry.contract.days import LAST_DAY_UNDER_FIVE
from registry.contract.registry import Registry
from registry.machine.numba_kernels import njit

C = criteria()


class WastingEpisodes(NamedTuple):
    """One row for each episode, arrays of length e, ordered by question and time.

    `question`: whose it is (position in the view); `first`, `last`: rows of its growth points;
    `number`: 1 for the child's first known episode; `well_before`: visits in a row with WHZ at or
    above -2 just before it.
    """

    question: Ints
    first: Ints
    last: Ints
    number: Ints
    well_before: Ints

    def recurrences(self, *, well_visits: int) -> Flags:
        """Mask: episodes that follow an earlier one after so many visits in a row at or above
        -2."""
        return (self.number > 1) & (self.well_before >= well_visits)


@njit(cache=True, nogil=True)
def _episodes(offsets: Ints, wasted: Floats, found: Ints) -> int:
    count = 0
    for i in range(len(offsets) - 1):
        number, well, within = 0, 0, False
        for row in range(offsets[i], offsets[i + 1]):
            if np.isnan(wasted[row]):
                continue
            if wasted[row] == 0.0:
                well, within = well + 1, False
                continue
            if not within:
                number += 1
                found[0, count], found[1, count], found[3, count], found[4, count] = (
                    i,
                    row,
                    number,
                    well,
                )
                count += 1
            found[2, count - 1] = row
            well, within = 0, True
    return count


def wasting_episodes(growth: Ragged, *, wasted: Floats | None = None) -> WastingEpisodes:
    """The episodes in a view's growth points (`features.trajectory.points.growth_points`).

    `wasted` (float64, 1, 0 or NaN for each growth point) takes the place of the points' own column,
    for instance to leave out those above an age. Example: WHZ -2.4, -2.1, -1.8, -1.5, -2.2 on five
    visits: two episodes; the second recurs after two visits at or above -2.
    """
    wasted = growth["wasted"] if wasted is None else wasted
    found = np.empty((5, len(wasted)), np.int64)
    return WastingEpisodes(*found[:, : _episodes(growth.offsets, wasted, found)])


def wasting_of(
    registry: Registry, *, before_age_days: int = LAST_DAY_UNDER_FIVE
) -> dict[str, int | float]:
    """Counts of wasting over a whole registry, as known at the end of its records, below an age in
    days.

    `children` and `visits` with a WHZ that can be judged, the shares of visits with WHZ under -2
    and -3, `episodes`, `recurrences` (an episode after an earlier one), `recurrences_after_two`
    (and two visits at or above -2 between).
    """
    children = np.arange(len(registry.child_ids), dtype=np.int32)
    known = Clock(registry).known_by(
        children, np.full(len(children), registry.recorded_until, np.int32)
    )
    growth = growth_points(known)
    young = growth["age_days"] < before_age_days
    whz = np.where(young, growth["whz"], np.nan)
    episodes = wasting_episodes(growth, wasted=np.where(young, growth["wasted"], np.nan))
    seen = whz[~np.isnan(whz)]
    return {
        "children": len(np.unique(growth.question[~np.isnan(whz)])),
        "visits": len(seen),
        "share_wasted": float(np.mean(seen < C.moderate_z_below)) if len(seen) else float("nan"),
        "share_severe": float(np.mean(seen < C.severe_z_below)) if len(seen) else float("nan"),
        "episodes": len(episodes.first),
        "recurrences": int(episodes.recurrences(well_visits=1).sum()),
        "recurrences_after_two": int(episodes.recurrences(well_visits=2).sum()),
    }


def main(arguments: list[str] | None = None) -> None:
    """`python -m features.trajectory.wasting STORE`: the counts of `wasting_of` as one JSON
    document."""
    import argparse
    import json

    from registry.store.store import open_store

    asked = argparse.ArgumentParser(
        prog="python -m features.trajectory.wasting", description="Episodes of wasting in a store."
    )
    asked.add_argument("store", help="a path ending in .db, or a postgresql:// address")
    store = open_store(asked.parse_args(arguments).store, must_exist=True)
    try:
        print(json.dumps(wasting_of(store.load()), indent=1))
    finally:
        store.close()


if __name__ == "__main__":
    main()
