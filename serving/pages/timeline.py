"""What happened to a child, as known on the day of the list: a timeline in words, and the growth
chart."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from care.protocol import standard
from care.register import Stay, stay_of
from features.charts.child_chart import chart_of
from features.charts.svg import Canvas
from features.clock import Known
from features.trajectory.points import growth_points
from registry.contract.codes import Programme, StayOutcome, VisitFinding
from registry.contract.errors import SanketError
from registry.contract.registry import (
    NEVER,
    Registry,
    day_date,
    day_number,
)
from serving.language.arm import arm_cm
from serving.language.words import Words
from serving.visits.standing_findings import Standing, known_of, records_of, standing

MOST_EVENTS = 80


@dataclass(frozen=True)
class Event:
    """One line of the timeline."""

    day: dt.date
    kind: str
    text: str


@dataclass(frozen=True)
class ChildHistory:
    """The timeline, newest first, the chart (None where the registry cannot be read or holds no
    measurement), and the register's columns of an open stay (None without one)."""

    events: tuple[Event, ...] = ()
    chart: Markup | None = None
    stay: Stay | None = None
    notes: tuple[str, ...] = ()
    """What must be said of the chart below it."""
    standing: Standing = Standing()


def history_of(
    store_address: str | None,
    child_id: str,
    as_of: dt.date,
    words: Words,
    *,
    told: Mapping[str, Any],
    projected: bool = False,
) -> ChildHistory:
    """A child's history from the store; empty where the registry is not at hand: the page stands
    without it.

    told: the child's facts as the score book keeps them; projected: the chart shows where the next
    readings would lie.
    """
    registry = records_of(store_address, child_id)
    if registry is None:
        return ChildHistory()
    day, known = day_number(as_of), known_of(registry, child_id, as_of)
    points = growth_points(known)
    stay = stay_of(known, points, standard(), 0)
    stands = standing(known, points, standard(), words, told=told)
    drawn = _chart(registry, child_id, day, words, projected=projected)
    # Markup: the drawing escapes its own texts, and every other part of it is ours.
    chart = Markup(drawn.svg()) if drawn else None
    return ChildHistory(timeline(known, words), chart, stay, drawn.notes if drawn else (), stands)


def timeline(known: Known, words: Words) -> tuple[Event, ...]:
    """Everything known of one child, newest first."""
    made = [
        *_weighings(known, words),
        *_stays(known, words),
        *_illnesses(known, words),
        *_visits(known, words),
    ]
    return tuple(sorted(made, key=lambda event: event.day, reverse=True)[:MOST_EVENTS])


def _weighings(known: Known, words: Words) -> list[Event]:
    rows = known.measurements
    made = []
    for i in range(rows.rows.rows):
        parts = [
            words.say("ui", name, **{unit: written(rows[column][i])})
            for column, name, unit, written in (
                ("weight_kg", "measurement_line", "kg", words.kilograms),
                ("height_cm", "height_line", "cm", lambda value: words.number(value, 1)),
                ("muac_mm", "muac_line", "cm", arm_cm),
            )
            if not math.isnan(rows[column][i])
        ]
        parts += [words("ui", "oedema_line")] * bool(rows["oedema"][i] > 0)
        if parts:
            made.append(
                Event(
                    day_date(rows["measured_on"][i]),
                    "measurement",
                    f"{words('ui', 'measurement')}: {', '.join(parts)}",
                )
            )
    return made


def _stays(known: Known, words: Words) -> list[Event]:
    rows, made = known.episodes, []
    for i in range(rows.rows.rows):
        programme = Programme.text_of(rows["programme"][i])
        made.append(
            Event(
                day_date(rows["admitted_on"][i]),
                "admitted",
                words.say("ui", "admitted", programme=programme),
            )
        )
        if rows["closed_on"][i] != NEVER and rows["outcome"][i] >= 0:
            outcome = words("outcomes", StayOutcome.text_of(rows["outcome"][i]))
            text = words.say("ui", "closed", programme=programme, outcome=outcome)
            made.append(Event(day_date(rows["closed_on"][i]), "closed", text))
    return made


def _illnesses(known: Known, words: Words) -> list[Event]:
    rows, made = known.checks, []
    for i in range(rows.rows.rows):
        what = [
            words("ui", sign)
            for sign in ("diarrhoea", "fever", "cough", "poor_appetite")
            if rows[sign][i] == 1
        ]
        if what:
            made.append(
                Event(
                    day_date(rows["checked_on"][i]),
                    "ill",
                    words.say("ui", "ill", what=", ".join(what)),
                )
            )
    return made


def _visits(known: Known, words: Words) -> list[Event]:
    rows = known.visits
    return [
        Event(
            day_date(rows["visited_on"][i]),
            "visited",
            words.say(
                "ui", "visited", finding=words("findings", VisitFinding.text_of(rows["finding"][i]))
            ),
        )
        for i in range(rows.rows.rows)
        if rows["finding"][i] >= 0
    ]


def _chart(
    registry: Registry, child_id: str, day: int, words: Words, *, projected: bool
) -> Canvas | None:
    """The growth chart; None where sex or birth date are not known. Its notes are set by the
    page."""
    own = words.tree["chart"]
    try:
        return chart_of(
            registry, child_id, day=day, words=own, projected=projected, with_notes=False
        )
    except SanketError:
        return None
