"""What an extract of families says of a register, for others; and, for its owner alone, which rows
of the extract are not registered."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

import numpy as np

from care.triangulation.families import (
    COVERED,
    Coverage,
    FamilyPlaces,
    coverage,
    family_places,
    sectors_of,
)
from care.triangulation.page_parts import document, table
from registry.contract.arrays import Texts
from registry.contract.registry import Registry
from registry.linkage.family_extract import WORDS, FamilyExtract, Matched, Registration, matched
from registry.small_counts import SMALLEST_CELL, shown
from registry.sources.formula_guard import harmless

REFUSED = {
    "aadhaar": "rows with a number of 12 digits (Aadhaar?) for a family: not read",
    "not_eight_digits": "rows whose family is no code of eight digits",
    "empty": "rows without a family",
    "no_birth_date": "rows without a date of birth (2026-03-14)",
    "not_under_five": "rows of nobody under five",
}
PLACES = {
    "with_siblings": "families with two children or more in the register",
    "siblings_at_two_centres": "of them, with children at two centres or more",
    "siblings_in_two_sectors": "of them, with children in two sectors or more",
    "moved_to_another_centre": "families of whom a child was at another centre before",
    "moved_to_another_sector": "families of whom a child was in another sector before",
}


@dataclass(frozen=True)
class FamiliesHeld:
    """An extract held against a register."""

    extract: FamilyExtract
    found: Matched
    coverage: Coverage
    places: FamilyPlaces
    sectors: Texts
    child_ids: Texts


def held(extract: FamilyExtract, registry: Registry, families: Texts | None) -> FamiliesHeld:
    """Who of the extract is registered, by sector; and where the register's families are."""
    found = matched(extract, registry, np.empty(0, object) if families is None else families)
    sectors = sectors_of(extract, found, registry)
    whole = coverage(extract, found, registry)
    return FamiliesHeld(extract, found, whole, family_places(registry), sectors, registry.child_ids)


def record(one: FamiliesHeld) -> dict[str, object]:
    """What `--json` prints."""
    return {
        "smallest_cell": SMALLEST_CELL,
        "children": len(one.extract.line),
        "refused": {why: one.extract.refused.get(why, 0) for why in REFUSED},
        "rows": list(one.coverage.rows()),
        "families": _shown(asdict(one.places)),
    }


def _shown(counts: Mapping[str, int]) -> dict[str, int | None]:
    return dict(zip(counts, shown(counts.values()), strict=True))


def said(one: FamiliesHeld) -> str:
    """The same in lines."""
    last = list(one.coverage.rows())[-1]
    share = last["coverage"]
    lines = [
        f"{len(one.extract.line)} children under five in the extract; registered: "
        f"{'-' if share is None else f'{float(share):.1%}'} of those whose standing is sure.",
        *(f"  {_cell(last[kind.name.lower()]):>9}  {WORDS[kind]}" for kind in Registration),
        *(f"  {count:>9}  {REFUSED[why]}" for why, count in one.extract.refused.items()),
        "Families in the register:",
        *(f"  {_cell(n):>9}  {PLACES[name]}" for name, n in _shown(asdict(one.places)).items()),
        f"- fewer than {SMALLEST_CELL} children, or withheld with them.",
    ]
    return "\n".join(lines)


def _cell(count: object) -> str:
    return "-" if count is None else str(count)


def write(one: FamiliesHeld, out: Path) -> None:
    """Coverage by sector: CSV, or the page or document by the ending of the name."""
    ending = out.suffix.lower()
    if ending in (".html", ".htm"):
        text = _page(one)
    elif ending == ".json":
        text = json.dumps(record(one), ensure_ascii=False) + "\n"
    else:
        sink = io.StringIO()
        writer = csv.DictWriter(sink, COVERED)
        writer.writeheader()
        writer.writerows(
            row | {"sector": harmless(str(row["sector"]))} for row in one.coverage.rows()
        )
        text = sink.getvalue()
    out.write_text(text, encoding="utf-8")


def _page(one: FamiliesHeld) -> str:
    rows = [[row[name] for name in COVERED] for row in one.coverage.rows()]
    refused = [(REFUSED[why], count) for why, count in one.extract.refused.items()]
    return document(
        "Families and the register",
        [
            f"<p>{len(one.extract.line)} children under five in the extract. A dash: fewer than "
            f"{SMALLEST_CELL}, or withheld because one could be told from it.</p>",
            "<h2>Who is registered, by sector</h2>",
            table([name.replace("_", " ") for name in COVERED], rows),
            "<ul>"
            + "".join(
                f"<li>{kind.name.lower().replace('_', ' ')}: {escape(WORDS[kind])}</li>"
                for kind in Registration
            )
            + "</ul>",
            "<h2>Rows that were not used</h2>",
            table(("", "rows"), refused),
            "<h2>Families in the register</h2>",
            table(
                ("", "families"), [(PLACES[k], n) for k, n in _shown(asdict(one.places)).items()]
            ),
        ],
    )


def write_missing(one: FamiliesHeld, out: Path) -> None:
    """Rows of the extract that are not registered for sure, by their line, for the owner of the
    file alone; `child_id`: the child it may be, or a sibling. No family's code."""
    out.unlink(missing_ok=True)
    handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "sector", "standing", "child_id"))
        for row, standing in enumerate(one.found.standing.tolist()):
            if standing == Registration.REGISTERED:
                continue
            child = one.found.child[row]
            known = str(one.child_ids[child]) if child >= 0 else ""
            name = Registration(standing).name.lower()
            cells = (harmless(str(one.sectors[row])), name, harmless(known))
            writer.writerow((int(one.extract.line[row]), *cells))
