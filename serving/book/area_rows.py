"""What a run keeps of each area beside its children: figures, the programme's indicators, the
centres' data quality."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from care.programme import by_month, indicators
from care.programme.programme_report import indicators_rows
from care.protocol import Protocol
from features import data_quality
from models.expected_events import AtRisk
from registry.contract.registry import Registry
from serving.book.reader import Reader
from serving.book.scorebook import Run
from serving.book.sector_figures import figures_of
from serving.book.usual import USUAL_REASONS, usual_reasons

LEVELS = ("sector", "project", "district")
MONTHS = 12
QUALITY_MONTHS = 3
"""A centre's last score older than this says nothing of its records now."""

Page = tuple[str, str, dict[str, Any]]


def area_pages(
    reader: Reader,
    run: Run,
    registry: Registry,
    protocol: Protocol,
    asked: Mapping[str, Mapping[str, Sequence[AtRisk]]],
) -> Iterator[Page]:
    """(level, place, page) of every sector, project and district of a run; of a sector also its
    usual reasons.

    asked: by target and sector, all untreated children asked, of whom the book keeps a few
    (`serving.book.kept_children`).
    """
    programme = programme_of(registry, protocol)
    centres = centres_by_sector(registry)
    trusted = quality_of(registry, run.as_of)
    for sector in reader.sectors(run):
        place = sector.sector_id
        rows = reader.rows(run, place, ticked=False)
        yield USUAL_REASONS, place, usual_reasons(rows)
        yield (
            "sector",
            place,
            {
                "figures": figures_of(
                    rows,
                    run.as_of,
                    asked={target: of.get(place, []) for target, of in asked.items()},
                ),
                "programme": programme["sector"].get(place, []),
                "quality": {
                    centre: trusted[centre]
                    for centre in centres.get(place, [])
                    if centre in trusted
                },
            },
        )
    for level in LEVELS[1:]:
        for place, months in programme[level].items():
            yield level, place, {"programme": months}


def programme_of(
    registry: Registry, protocol: Protocol
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """By level and place: one record a month and one for all of them, cells under five children
    left out (None)."""
    if not registry.measurements.rows:
        return {level: {} for level in LEVELS}
    counted = by_month.of(registry, protocol, months=MONTHS)
    hidden = indicators.hidden_cells(registry, counted, protocol)
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for level in LEVELS:
        rows: Any = indicators_rows(
            indicators.of(registry, counted, protocol, level=level, hidden=hidden)
        )["rows"]
        found[level] = {}
        for row in rows:
            found[level].setdefault(str(row.pop(level)), []).append(row)
    return found


def centres_by_sector(registry: Registry) -> dict[str, list[str]]:
    """The centres of each sector, by id."""
    ids, sector_of = indicators.places(registry, "sector")
    found: dict[str, list[str]] = {}
    for centre, sector in zip(registry.centre_ids, sector_of, strict=True):
        if sector >= 0:
            found.setdefault(str(ids[sector]), []).append(str(centre))
    return found


def quality_of(registry: Registry, as_of: dt.date) -> dict[str, dict[str, Any]]:
    """By centre: its newest score of the last months, its month and colour. Without one, the centre
    is left out."""
    if not registry.measurements.rows:
        return {}
    scored = data_quality.score(registry, by="centre")
    last = as_of.year * 12 + as_of.month - 1
    wanted = np.flatnonzero((scored.months <= last) & (scored.months > last - QUALITY_MONTHS))
    found = {}
    for centre, points in zip(scored.areas, scored.score[:, wanted], strict=True):
        if len(at := np.flatnonzero(~np.isnan(points))):
            number, value = int(scored.months[wanted[at[-1]]]), float(points[at[-1]])
            month = f"{number // 12}-{number % 12 + 1:02}"
            found[str(centre)] = {
                "month": month,
                "score": round(value, 1),
                "colour": data_quality.colour(value),
            }
    return found
