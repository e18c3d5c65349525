"""Children and SAM children by sector and month: in one system, in the other, in both; counts so
small that a child could be told from them are withheld."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from care.programme.areas import Areas
from care.programme.disclosure_control import withheld
from care.triangulation.capture_recapture import Recapture, estimate
from care.triangulation.seen_by_month import NOTHING, SAM
from care.triangulation.two_systems import TwoSystems
from registry.contract.arrays import Codes, Flags, Floats, Ints
from registry.small_counts import SMALLEST_CELL

REGISTERED = ("children_both", "children_here_only", "children_there_only")
"""Registered on the month's last day."""
FOUND = (
    "sam_both",
    "sam_here_not_registered_there",
    "sam_here_not_sam_there",
    "sam_there_not_registered_here",
    "sam_there_not_sam_here",
)
"""SAM by a reading of the month in at least one of the two; each child is in one of these. "Not
SAM": registered or measured there, and not SAM by it."""
ALL_SECTORS = "(all)"
ESTIMATED = ("sam_neither", "sam_neither_low", "sam_neither_high")
SHARES = ("sam_here_unknown_there_share", "sam_there_unknown_here_share")
COLUMNS = ("sector", "month", *REGISTERED, *FOUND, *SHARES, *ESTIMATED)
Cell = str | float | int | None


@dataclass(frozen=True)
class SystemCounts:
    """Counts by kind, float64 (kinds, sectors and all, months), NaN where withheld; `found_ever` is
    of the whole time (a child once) and has no months."""

    sectors: tuple[str, ...]
    months: tuple[str, ...]
    registered: Floats
    found: Floats
    found_ever: Floats

    def estimate_of(self, sector: int, month: int | None) -> Recapture | None:
        """Capture and recapture of one sector (the last: all) in one month, or the whole time
        (None). None where too few are in both or a count that it needs is withheld."""
        cells = self.found_ever[:, sector] if month is None else self.found[:, sector, month]
        if np.isnan(cells).any():
            return None
        both, here, there = int(cells[0]), int(cells[:3].sum()), int(cells[[0, 3, 4]].sum())
        return estimate(here, there, both)

    def rows(self) -> Iterator[dict[str, Cell]]:
        """One record a sector and month, then one of its whole time, all sectors last (None:
        withheld, or not to be said). Of the whole time the registered are those of the last
        month."""
        for sector, name in enumerate((*self.sectors, ALL_SECTORS)):
            for month, when in (*enumerate(self.months), (None, self.whole_time)):
                at = -1 if month is None else month
                kinds = zip(REGISTERED, self.registered[:, sector, at], strict=True)
                cells = self.found_ever[:, sector]
                if month is not None:
                    cells = self.found[:, sector, month]
                found = dict(zip(FOUND, cells, strict=True))
                row: dict[str, Cell] = {"sector": name, "month": when}
                row |= {kind: _whole(cell) for kind, cell in kinds}
                row |= {kind: _whole(cell) for kind, cell in found.items()}
                yield row | _shares(found) | _estimated(self.estimate_of(sector, month))

    @property
    def whole_time(self) -> str:
        """The first and the last month, as in the programme's indicators."""
        return f"{self.months[0]}/{self.months[-1]}"


def counts_of(systems: TwoSystems) -> SystemCounts:
    """The counts, small ones withheld and with them those from which they could be told."""
    both = systems.here.by_month.registered, systems.there.by_month.registered
    registered = [both[0] & both[1], both[0] & ~both[1], ~both[0] & both[1]]
    found = kinds_of_sam(systems)
    ever = _ever(systems)
    size = len(systems.sectors)
    return SystemCounts(
        systems.sectors,
        systems.months.names,
        controlled(_by_sector(registered, systems.sector, size)),
        controlled(_by_sector(found, systems.sector, size)),
        controlled(_by_sector([one[:, None] for one in ever], systems.sector, size))[:, :, 0],
    )


def kinds_of_sam(systems: TwoSystems) -> list[Flags]:
    """By kind of `FOUND`, which children (rows) in which months (columns) are of it."""
    here, there = systems.here.by_month, systems.there.by_month
    return _kinds(
        (here.said == SAM, there.said == SAM),
        (_known(here.said, here.registered), _known(there.said, there.registered)),
    )


def _ever(systems: TwoSystems) -> list[Flags]:
    """The same of the whole time: a child counts once, SAM in either if in any of its months."""
    both = (systems.here.by_month, systems.there.by_month)
    sam: list[Flags] = [np.any(one.said == SAM, axis=1) for one in both]
    known: list[Flags] = [np.any(_known(one.said, one.registered), axis=1) for one in both]
    return _kinds((sam[0], sam[1]), (known[0], known[1]))


def _known(said: Codes, registered: Flags) -> Flags:
    """Registered in the month, or measured in it all the same."""
    found: Flags = registered | (said != NOTHING)
    return found


def _kinds(sam: tuple[Flags, Flags], known: tuple[Flags, Flags]) -> list[Flags]:
    """The kinds of `FOUND`, from who is SAM and who is known, here and there."""
    here, there = sam[0] & ~sam[1], sam[1] & ~sam[0]
    kinds = [sam[0] & sam[1], here & ~known[1], here & known[1]]
    return [*kinds, there & ~known[0], there & known[0]]


def _by_sector(kinds: list[Flags], sector: Ints, sectors: int) -> Floats:
    """Counts (kinds, sectors and all, months)."""
    counts = np.zeros((len(kinds), sectors + 1, kinds[0].shape[1]))
    for at, kind in enumerate(kinds):
        np.add.at(counts[at], sector, kind)
    counts[:, -1] = counts[:, :-1].sum(1)
    return counts


def controlled(counts: Floats) -> Floats:
    """Counts (kinds, sectors and all, times) without what could tell of fewer than five children:
    NaN there. Times do not add up to anything that is shown."""
    sectors = counts.shape[1] - 1
    places = np.stack([np.arange(sectors), np.zeros(sectors, np.int64)])
    areas = Areas.from_places(places, [sectors, 1])
    # The rule takes the last time for one that stands for all: here the last month, again.
    shown = np.concatenate([counts, counts[:, :, -1:]], axis=2)
    hidden = withheld(shown, areas, smallest=SMALLEST_CELL, last_is_sum=False)
    return np.where(hidden[:, :, :-1] | _hidden_again(hidden), np.nan, counts)


def _hidden_again(hidden: Flags) -> Flags:
    """What was withheld of the last month's copy is withheld of the last month."""
    again = np.zeros_like(hidden[:, :, :-1])
    again[:, :, -1] = hidden[:, :, -1]
    return again


def _whole(cell: float) -> int | None:
    return None if np.isnan(cell) else int(cell)


def _shares(found: Mapping[str, float]) -> dict[str, Cell]:
    """Of each system's SAM, the share that the other has not as SAM in that month."""
    shares: dict[str, Cell] = {}
    for here, there in (("here", "there"), ("there", "here")):
        parts = [f"sam_{here}_not_{what}_{there}" for what in ("registered", "sam")]
        alone = sum(found[part] for part in parts)
        whole = alone + found["sam_both"]
        known = not np.isnan(whole) and whole > 0
        shares[f"sam_{here}_unknown_{there}_share"] = round(alone / whole, 4) if known else None
    return shares


def _estimated(found: Recapture | None) -> dict[str, Cell]:
    if found is None:
        return dict.fromkeys(ESTIMATED)
    return dict(zip(ESTIMATED, (round(found.neither, 1), found.low, found.high), strict=True))
