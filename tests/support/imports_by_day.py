"""What an office would have sent on a day, out of a whole simulated registry: only what had happened
by then."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

OWN_DAY = {
    "attendance": "month",
    "checks": "checked_on",
    "children": "registered_on",
    "episodes": "admitted_on",
    "measurements": "measured_on",
    "rations": "issued_on",
    "stocks": "counted_on",
    "visits": "visited_on",
}
LATER_CELLS = {
    "episodes": ("closed_on", ["closed_on", "outcome", "transfer_reason"]),
    "children": ("left_on", ["left_on", "left_reason"]),
}


def sent_by(registry: Path, day: str, place: Path) -> Path:
    """The tables of a registry in a new folder, as they stood on the evening of a day."""
    place.mkdir(parents=True)
    for file in registry.glob("*.parquet"):
        table = pd.read_parquet(file)
        if file.stem in OWN_DAY:
            table = table[pd.to_datetime(table[OWN_DAY[file.stem]]) <= day]
        if file.stem in LATER_CELLS:
            happened, cells = LATER_CELLS[file.stem]
            later = pd.to_datetime(table[happened]) > day
            table.loc[later, cells] = None
        table.to_parquet(place / file.name, index=False)
    shutil.copy(registry / "provenance.json", place)
    return place
