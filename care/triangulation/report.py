"""The triangulation of two registers for others: CSV, JSON, one self-contained page, lines for a
terminal; and, for its owner alone, the list of children."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from care.triangulation.capture_recapture import (
    ASSUMPTIONS,
    FEWEST_IN_BOTH,
    Recapture,
    sensitivities,
)
from care.triangulation.counts import COLUMNS, SystemCounts, counts_of
from care.triangulation.disagreements import (
    KINDS,
    WORDS,
    Disagreement,
    counted,
    disagreements,
    treated_in,
)
from care.triangulation.page_parts import document, table
from care.triangulation.seen_by_month import SAM
from care.triangulation.two_systems import System, TwoSystems
from registry.indian_digits import grouped
from registry.small_counts import SMALLEST_CELL, shown
from registry.sources.formula_guard import harmless

CHILD_COLUMNS = (
    "rank", "kind", "child_id", "other_child_id", "sector", "when", "here", "there", "apart",
    "in_treatment",
)  # fmt: skip
SYNTHETIC = (
    "At least one of the two registers is synthetic: this means nothing about real children."
)


@dataclass(frozen=True)
class Triangulation:
    """What two registers say together."""

    systems: TwoSystems
    counts: SystemCounts
    found: list[Disagreement]
    waiting_sam: int
    """Pairs that wait for a person, both of whom are SAM in the months: each may be one child."""

    @property
    def synthetic(self) -> bool:
        """Is one of the two made up?"""
        both = (self.systems.here.registry, self.systems.there.registry)
        return any(bool(registry.facts.get("synthetic")) for registry in both)

    @property
    def whole(self) -> Recapture | None:
        """The estimate of all sectors over the whole time."""
        return self.counts.estimate_of(len(self.counts.sectors), None)


def triangulated(systems: TwoSystems) -> Triangulation:
    """Counts, disagreements, and what the estimate hangs on."""
    here, there = systems.waiting
    sam_here, sam_there = (
        (system.by_month.said == SAM).any(1) for system in (systems.here, systems.there)
    )
    waiting = int((sam_here[here] & sam_there[there]).sum())
    return Triangulation(systems, counts_of(systems), disagreements(systems), waiting)


def write_counts(found: Triangulation, out: Path) -> None:
    """By sector and month, as CSV; empty where withheld or not to be said."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(
        {name: harmless(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        for row in found.counts.rows()
    )
    out.write_text(text.getvalue(), encoding="utf-8")


def write_children(found: Triangulation, out: Path) -> None:
    """The ranked list of children with their codes, for the owner of the file alone; no name, and
    no date of birth but where the two registers have two."""
    systems = found.systems
    out.unlink(missing_ok=True)
    handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(CHILD_COLUMNS)
        for rank, one in enumerate(found.found, start=1):
            ids = (_id_of(systems.here, one.child), _id_of(systems.there, one.child))
            sector = systems.sectors[systems.sector[one.child]]
            cells = (one.kind, *ids, sector, one.when, one.here, one.there, f"{one.apart:g}")
            writer.writerow([rank, *map(harmless, cells), treated_in(systems, one)])


def _id_of(system: System, child: int) -> str:
    row = system.row[child]
    return str(system.registry.child_ids[row]) if row >= 0 else ""


def record(found: Triangulation) -> dict[str, object]:
    """What `--json` prints: no child's code."""
    kinds = counted(found.found)
    return {
        "synthetic": found.synthetic,
        "smallest_cell": SMALLEST_CELL,
        "months": list(found.counts.months),
        "rows": list(found.counts.rows()),
        "disagreements": dict(zip(kinds, shown(kinds.values()), strict=True)),
        "pairs_waiting_for_a_person": shown([len(found.systems.waiting[0])])[0],
        "estimate": _estimate_record(found),
    }


def _estimate_record(found: Triangulation) -> dict[str, object] | None:
    whole = found.whole
    if whole is None:
        return None
    return {
        "sam_here": whole.here,
        "sam_there": whole.there,
        "sam_both": whole.both,
        "sam_neither": round(whole.neither, 1),
        "low": whole.low,
        "high": whole.high,
        "share_known": round(whole.share_known, 4),
        "if": {
            one.name: round(one.neither, 1)
            for one in sensitivities(whole, waiting=found.waiting_sam)
        },
        "assumptions": list(ASSUMPTIONS),
    }


def said(found: Triangulation) -> str:
    """The report in a few lines; the store is "here", the other register "there"."""
    counts = found.counts
    last = list(counts.rows())[-1]
    lines = [
        f"Children of all sectors, end of {counts.months[-1]}: "
        f"{_cell(last['children_both'])} in both, "
        f"{_cell(last['children_here_only'])} here only, "
        f"{_cell(last['children_there_only'])} there only.",
        f"Of all SAM children here, {_percent(last['sam_here_unknown_there_share'])} "
        "are not SAM there; of those there, "
        f"{_percent(last['sam_there_unknown_here_share'])} are not SAM here.",
        *_estimate_lines(found),
        "Disagreements, by what they hide (children):",
    ]
    kinds = counted(found.found)
    for kind, count in zip(kinds, shown(kinds.values()), strict=True):
        lines.append(f"  {_cell(count):>9}  {WORDS[kind]}")
    lines.append(f"- none to be said: fewer than {SMALLEST_CELL} children, or withheld with them.")
    return "\n".join([*lines, *([SYNTHETIC] if found.synthetic else [])])


def _estimate_lines(found: Triangulation) -> list[str]:
    whole, span = found.whole, f"{found.counts.months[0]} to {found.counts.months[-1]}"
    if whole is None:
        return [
            f"SAM children whom neither knows: not estimated ({span}); it takes "
            f"{FEWEST_IN_BOTH} or more SAM in both, and no count withheld."
        ]
    return [
        f"SAM in {span}: {grouped(whole.here)} here, {grouped(whole.there)} there, "
        f"{grouped(whole.both)} in both. Known to neither, as estimated: {whole.neither:.0f} "
        f"({whole.low} to {whole.high}), if the two are independent and no link is wrong."
    ]


def _cell(count: object) -> str:
    return "-" if count is None else grouped(int(str(count)))


def _percent(share: object) -> str:
    return "-" if share is None else f"{float(str(share)):.0%}"


def page(found: Triangulation) -> str:
    """The report as one page that loads nothing from elsewhere; it shows counts alone, small ones
    withheld."""
    rows = list(found.counts.rows())
    last = found.counts.months[-1]
    whole = found.counts.whole_time
    every = [row for row in rows if row["sector"] == rows[-1]["sector"]]
    kinds = counted(found.found)
    shown_kinds = zip(KINDS, shown(kinds[kind] for kind in KINDS), strict=True)
    return document(
        "Two registers held against each other",
        [
            *([f"<p><strong>{SYNTHETIC}</strong></p>"] if found.synthetic else []),
            "<p>“Here” is the store, “there” the other register. "
            f"{escape(found.counts.months[0])} to {escape(last)}. A dash: fewer than "
            f"{SMALLEST_CELL} children, or withheld because one could be told from it.</p>",
            "<h2>SAM children whom neither knows</h2>",
            *_estimate_html(found),
            "<h2>Where they disagree</h2>",
            table(("", "children"), [(WORDS[kind], count) for kind, count in shown_kinds]),
            '<p class="note">The gravest first. The children stand in the file that '
            "<code>--children</code> writes, for its owner alone.</p>",
            f"<h2>Sectors, {escape(whole)}</h2>",
            _rows_table("sector", [row for row in rows if row["month"] == whole]),
            "<h2>All sectors, month by month</h2>",
            _rows_table("month", every),
            '<p class="note">Children: registered on the month’s last day. SAM: by a reading of '
            "the month, or of any month of the time, each child once. A child’s sector is that of "
            "today, here where it stands here.</p>",
        ],
    )


def _estimate_html(found: Triangulation) -> list[str]:
    whole = found.whole
    lines = [f"<p>{escape(line)}</p>" for line in _estimate_lines(found)]
    if whole is None:
        return lines
    moved = [
        (one.words, f"{one.neither:.0f}")
        for one in sensitivities(whole, waiting=found.waiting_sam)
        if not 0 < found.waiting_sam < SMALLEST_CELL or one.name != "all_waiting_same"
    ]
    lines.append(table(("The estimate would be", "children"), moved))
    items = "".join(f"<li>{escape(one)}</li>" for one in ASSUMPTIONS)
    return [*lines, f"<p>What has to be true for it:</p><ul>{items}</ul>"]


def _rows_table(first: str, rows: Sequence[dict[str, str | float | int | None]]) -> str:
    names = COLUMNS[2:]
    cells = [(str(row[first]), *(row[name] for name in names)) for row in rows]
    return table((first, *(name.replace("_", " ") for name in names)), cells)


def write(found: Triangulation, out: Path) -> None:
    """The counts as CSV, or the page or document by the ending of the name."""
    if out.suffix.lower() in (".html", ".htm"):
        out.write_text(page(found), encoding="utf-8")
    elif out.suffix.lower() == ".json":
        out.write_text(json.dumps(record(found), ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        write_counts(found, out)
