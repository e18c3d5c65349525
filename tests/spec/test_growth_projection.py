"""The band ahead of a child's points: it widens, holds nine readings in ten, and is left out where
records are thin."""

import numpy as np
import pytest

from features.charts.child_chart import chart_of, points_of
from features.charts.growth_chart import WORDS, growth_chart
from features.charts.svg import Area
from features.clock import Clock
from features.trajectory.projection import AHEAD_DAYS, project
from registry.checks.table import build_records
from registry.contract.registry import day_date, day_number

BORN, LAST = "2024-09-01", day_number("2026-03-02")


def child(weights, *, every=28, height=74.0):
    days = [day_date(LAST - every * back).isoformat() for back in range(len(weights))][::-1]
    measured = [
        {"measured_on": day, "weight_kg": weight, "height_cm": height, "height_position": "lying"}
        for day, weight in zip(days, weights, strict=True)
    ]
    records = [{"child_id": "C1", "sex": "F", "birth_date": BORN, "measurements": measured}]
    registry, problems = build_records(records, imported_on=day_date(LAST + 200))
    assert problems == [[]]
    return registry


def projected(registry, day=LAST + 12):
    known = Clock(registry).known_by(np.zeros(1, np.int32), np.array([day], np.int32))
    return project(known)


def test_the_band_widens_with_every_week_around_its_middle():
    found = projected(child([7.6, 7.7, 7.8, 7.9]))
    assert list(np.diff(found.age_days)) == list(np.diff(AHEAD_DAYS)) and set(found.middle) == {
        "waz",
        "whz",
    }
    for name in found.middle:
        width = found.high[name] - found.low[name]
        assert (np.diff(width) > 0).all() and (found.low[name] < found.middle[name]).all()


def test_a_falling_child_is_drawn_below_a_steady_one():
    steady, falling = (projected(child(weights)) for weights in ([8.0] * 4, [9.2, 8.8, 8.4, 8.0]))
    slopes = [found.middle["whz"][-1] - found.middle["whz"][0] for found in (steady, falling)]
    assert slopes[1] < slopes[0] - 0.1 and slopes[1] < -0.1


@pytest.mark.parametrize(
    ("weights", "day"),
    [([8.0, 8.1], LAST), ([8.0] * 4, LAST + 92), ([8.0] * 4, day_number(BORN) + 1800)],
    ids=["two readings", "the last long ago", "too old"],
)
def test_thin_or_old_records_bear_no_projection(weights, day):
    assert projected(child(weights), day) is None


def test_nothing_that_came_later_moves_the_band():
    longer = child([7.6, 7.7, 7.8, 7.9, 5.0])
    before = projected(longer, LAST - 20)
    assert (
        before.middle["whz"].tobytes()
        == projected(child([7.6, 7.7, 7.8, 7.9, 9.9]), LAST - 20).middle["whz"].tobytes()
    )


def test_the_chart_shows_the_band_only_when_asked_and_says_what_it_is():
    registry = child([7.6, 7.7, 7.8, 7.9])
    plain, ahead = (chart_of(registry, "C1", day=LAST, projected=asked) for asked in (False, True))
    assert WORDS["projection"] in ahead.notes and WORDS["projection"] not in plain.notes
    assert "Purple band:" in ahead.svg() and "Purple band:" not in plain.svg()
    bands = [shape for shape in ahead.shapes if isinstance(shape, Area) and shape.opacity == 0.28]
    assert len(bands) == 2 and all(
        0 <= x <= ahead.width and 0 <= y <= ahead.height for x, y in bands[0].points
    )


def test_a_chart_of_a_projection_alone_has_room_for_it():
    registry = child([7.6, 7.7, 7.8, 7.9])
    known = Clock(registry).known_by(np.zeros(1, np.int32), np.array([LAST], np.int32))
    canvas = growth_chart(
        points_of(known, day_number(BORN)), sex=0, panels=["whz"], projection=project(known)
    )
    assert len(canvas.svg().encode()) < 25_000
