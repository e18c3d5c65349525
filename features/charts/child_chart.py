"""A registered child's growth chart: what was known of it by a day, drawn by
`features.charts.growth_chart`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from features.charts.growth_chart import WORDS, Points, Treatment, growth_chart
from features.charts.svg import Canvas
from features.clock import Clock, Known, days_between
from features.trajectory.projection import project
from registry.contract.codes import Programme
from registry.contract.errors import BadInput
from registry.contract.registry import NEVER, Registry, day_date


def chart_of(
    registry: Registry,
    child_id: str,
    *,
    day: int | None = None,
    title: str = "",
    panels: Sequence[str] | None = None,
    words: Mapping[str, str] = WORDS,
    projected: bool = False,
    with_notes: bool = True,
) -> Canvas:
    """The chart of one child as known by the end of a day (left out: the last day recorded, or on
    which more of the child came to be known).

    projected: with the band in which the next eight weeks' readings would lie, where the records
    bear one. A stay that is open on the day is shaded up to it. with_notes: the canvas's notes are
    drawn below the picture.
    """
    at = np.flatnonzero(registry.child_ids == child_id)
    if not len(at):
        raise BadInput("GRO201", "the store knows no child of this id")
    clock = Clock(registry)
    first, last = clock.known_since(int(at[0]))
    day = max(registry.recorded_until, last) if day is None else day
    known = clock.known_by(at[:1].astype(np.int32), np.array([day], np.int32))
    sex, born = int(known.children["sex"][0]), int(known.children["birth_date"][0])
    if sex < 0 or born == NEVER:
        raise BadInput(
            "GRO202",
            f"on {day_date(day)} nothing was known of this child: the registry knows it from "
            f"{day_date(first)}, the day of the import that brought it",
        )
    return growth_chart(
        points_of(known, born),
        sex=sex,
        treatments=treatments_of(known, born),
        title=title,
        panels=panels,
        words=words,
        projection=project(known) if projected else None,
        today=float(day - born),
        with_notes=with_notes,
    )


def points_of(known: Known, born: int) -> Points:
    """The measurements of one child's view; a missing height is the last one, marked as carried
    forward."""
    rows = known.measurements.rows
    age = days_between(np.full(rows.rows, born, np.int32), rows["measured_on"])
    height = rows["height_cm"]
    last = np.maximum.accumulate(np.where(np.isnan(height), -1, np.arange(rows.rows)))
    carried = np.isnan(height) & (last >= 0)
    from_row = np.where(carried, last, np.arange(rows.rows))
    return Points(
        age_days=age,
        weight_kg=rows["weight_kg"],
        height_cm=height[from_row],
        height_position=rows["height_position"][from_row],
        muac_mm=rows["muac_mm"],
        oedema=rows["oedema"],
        stale=carried,
    )


def treatments_of(known: Known, born: int) -> list[Treatment]:
    """The episodes of one child's view in days of age; one whose close is not known is open."""
    rows = known.episodes.rows
    return [
        Treatment(
            float(rows["admitted_on"][i] - born),
            None if rows["closed_on"][i] == NEVER else float(rows["closed_on"][i] - born),
            Programme.text_of(rows["programme"][i]) if rows["programme"][i] >= 0 else "",
        )
        for i in range(rows.rows)
    ]
