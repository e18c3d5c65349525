"""One child with 30 measurements through both record checkers: the one for whole tables and the one
for a few children, in one run.

Both give the same registry (a test holds them together, row for row). `--json` prints one object as
its last line.
"""

from __future__ import annotations

import json
import sys
import timeit
from pathlib import Path

# A script's own folder stands first on the path, and features.py and training.py there would hide
# the packages.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from registry.checks.table import build, build_records

MEASUREMENTS, CALLS, ROUNDS = 30, 50, 7
OWN = {"child_id": "C", "sex": "F", "birth_date": "2024-09-02", "centre_id": "A"}
ROW = {"weight_kg": 7.3, "height_cm": 74.1, "muac_mm": 121}


def days() -> list[str]:
    """Thirty days of January and February 2026."""
    return [f"2026-{1 + i // 15:02}-{1 + i % 15:02}" for i in range(MEASUREMENTS)]


def nested() -> dict[str, object]:
    """The child as the API brings it."""
    return OWN | {"measurements": [{"measured_on": day} | ROW for day in days()]}


def tables() -> dict[str, dict[str, list[object]]]:
    """The same child as the contract's tables."""
    measured = {name: [value] * MEASUREMENTS for name, value in (ROW | {"child_id": "C"}).items()}
    return {
        "centres": {"centre_id": ["A"]},
        "children": {name: [value] for name, value in OWN.items()},
        "measurements": measured | {"measured_on": days()},
    }


def figures() -> dict[str, float]:
    """Microseconds of each, the best of the rounds, and their ratio."""
    child, whole = nested(), tables()
    asked = {"few": lambda: build_records([child]), "many": lambda: build(whole)}
    for call in asked.values():
        call()
    rounds = {name: [] for name in asked}
    for _ in range(ROUNDS):
        for name, call in asked.items():
            rounds[name].append(timeit.timeit(call, number=CALLS) / CALLS * 1e6)
    few, many = (min(rounds[name]) for name in ("few", "many"))
    return {
        "one_child_few_microseconds": round(few),
        "one_child_many_microseconds": round(many),
        "ratio": round(many / few, 1),
    }


def main() -> None:
    """Print the figures, one a line; with `--json` as one object on the last line."""
    found = figures()
    for name, figure in found.items():
        print(f"{name:30} {figure:,}")
    if "--json" in sys.argv[1:]:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
