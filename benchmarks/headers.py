"""How many headers of real exports `sanket map` understands: recall and precision on a corpus of
header rows.

The corpus, `tests/data/header_rows.txt`, was written by hand after the files of survey tools,
registers and programmes in English, Hindi and Marathi. `--wrong` prints every header that is read
as something else.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests/data/header_rows.txt"
OWN = "Contract "
"""Rows that begin so are of a sheet that has its table's name."""


def rows() -> list[tuple[str, dict[str, str]]]:
    """The corpus: (what the row is of, header -> column, `!` personal, `-` nothing)."""
    found = []
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, _, cells = line.partition(": ")
            pairs = (cell.rpartition(" = ") for cell in cells.split(" | "))
            found.append((kind, {header.strip(): meaning.strip() for header, _, meaning in pairs}))
    return found


def judged() -> tuple[Counter, list[str]]:
    """Counts of right, open (nothing said where a column was meant) and wrong, and the headers that
    are not right."""
    from registry.mapping.headers import header_meanings

    counts, unlike = Counter(), []
    for kind, meant in rows():
        name = kind.removeprefix(OWN) if kind.startswith(OWN) else ""
        for header, answer in header_meanings(list(meant), name=name).items():
            said = "!" if answer.get("personal") else str(answer.get("column", "-"))
            verdict = "right" if said == meant[header] else "open" if said == "-" else "wrong"
            counts[verdict] += 1
            counts["ours"] += meant[header] not in "!-"
            counts["found"] += verdict == "right" and said not in "!-"
            counts["said"] += said not in "!-"
            if verdict != "right":
                unlike.append(f"{verdict}: {kind}: {header} is {meant[header]}, read as {said}")
    return counts, unlike


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    counts, unlike = judged()
    headers = counts["right"] + counts["open"] + counts["wrong"]
    figures = {
        "rows": len(rows()),
        "headers": headers,
        "right_percent": round(100 * counts["right"] / headers, 1),
        "recall_percent": round(100 * counts["found"] / counts["ours"], 1),
        "precision_percent": round(100 * counts["found"] / counts["said"], 1),
        "left_open": counts["open"],
        "wrong": counts["wrong"],
    }
    if wanted.wrong:
        print("\n".join(unlike), file=sys.stderr)
    print(
        json.dumps(figures)
        if wanted.json
        else "\n".join(f"{key:18} {value}" for key, value in figures.items())
    )


if __name__ == "__main__":
    # A script's own folder stands first on the path, and features.py and training.py there would
    # hide the packages.
    sys.path[0] = str(ROOT)
    main()
