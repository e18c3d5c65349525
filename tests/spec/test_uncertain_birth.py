"""A birth date that is known to the month, the year or an age only: kept with its uncertainty, and
no reading that hangs on it calls a child well or is counted on."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from features.clock import Clock
from features.trajectory.points import growth_points
from features.trajectory.trace import trace
from registry.checks.table import build, build_records
from registry.contract.days import day_number
from registry.store.store import open_store
from serving.answering.growth_points import classifications
from tests.support.registry_samples import tables

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
TODAY = "2026-01-01"


def uncertain(registry) -> list[float | None]:
    """By how many days each child's birth date may be off; None where it is known to the day."""
    days = registry.children["birth_date_uncertain_days"]
    return [None if np.isnan(day) else float(day) for day in days]


def imported(tmp_path: Path, source: Path, plan: object):
    """The registry of a store after this import."""
    with closing(open_store(tmp_path / "x.db")) as store:
        report = store.import_source(source, map=plan, imported_on="2026-03-20")
        return report, store.load()


def test_a_month_alone_keeps_how_far_off_its_day_may_be(tmp_path):
    source = EXAMPLES / "month_of_birth.csv"
    _, registry = imported(tmp_path, source, EXAMPLES / "month_of_birth.toml")
    assert uncertain(registry) == [16.0, 16.0, None]


def age_map(path: Path) -> dict[str, object]:
    """A map of a register that has ages in completed months at visits, no birth dates."""
    place = {"centre_id": "A1", "sector_id": "S1", "project_id": "P1", "district_id": "D1"}
    born = {"from": "months", "age": "months", "on": "visit", "date": "%Y-%m-%d"}
    return {
        "tables": {
            "centres": {"rows": [place | {"setting": "rural"}]},
            "children": {
                "file": path.name,
                "columns": {
                    "child_id": "id",
                    "sex": "sex",
                    "birth_date": born,
                    "centre_id": {"value": "A1"},
                },
            },
            "measurements": {
                "file": path.name,
                "columns": {"child_id": "id", "measured_on": "visit", "weight_kg": "weight"},
            },
        }
    }


def test_an_age_at_visits_keeps_what_the_visits_together_leave_open(tmp_path):
    """14 months on 03-20 is a birth from 2024-12-21 to 2025-01-20; 13 on 03-04 leaves
    from 2025-01-05 on: 16 days, 8 to either side."""
    path = tmp_path / "visits.csv"
    path.write_text(
        "id,sex,visit,months,weight\nk1,F,2026-03-04,13,7.5\nk1,F,2026-03-20,14,7.6\n"
        "k2,M,2026-03-20,14,9.0\n"
    )
    _, registry = imported(tmp_path, path, age_map(path))
    assert uncertain(registry) == [8.0, 15.0]
    first, last = day_number("2025-01-05"), day_number("2025-01-20")
    born = int(registry.children["birth_date"][0])
    assert born - 8 <= first and last <= born + 8


def test_a_changed_uncertainty_is_a_changed_row(tmp_path):
    source = EXAMPLES / "month_of_birth.csv"
    text = source.read_text()
    with closing(open_store(tmp_path / "x.db")) as store:
        store.import_source(source, map=EXAMPLES / "month_of_birth.toml", imported_on="2026-03-20")
        before = store.digest()
        later = tmp_path / "month_of_birth.csv"
        later.write_text(text.replace("M1,F,01/2025", "M1,F,15/01/2025"))
        store.import_source(later, map=EXAMPLES / "month_of_birth.toml", imported_on="2026-03-25")
        assert store.digest() != before
        registry = store.load()
    clock = Clock(registry)
    days = [
        clock.child_on(np.array([0], np.int32), np.array([day_number(on)], np.int32))
        for on in ("2026-03-24", "2026-03-25")
    ]
    said = [float(day["birth_date_uncertain_days"][0]) for day in days]
    assert said[0] == 16.0 and np.isnan(said[1])


CHILDREN = (
    "child_id,sex,birth_date,birth_date_uncertain_days,centre_id\n"
    "c1,F,2024-06-15,16,A\nc2,M,2024-06-15,,A\n"
)
WEIGHED = "child_id,measured_on,weight_kg\nc1,{on},2.9\nc2,{on},2.9\n"


@pytest.mark.parametrize(
    ("on", "refused"), [("2024-06-15", 0), ("2024-05-30", 1), ("2024-05-29", 2)]
)
def test_only_a_weighing_before_every_possible_birth_is_before_birth(on: str, refused: int):
    source = tables(children=CHILDREN, measurements=WEIGHED.format(on=on))
    _, quarantine = build(source, imported_on=TODAY)
    assert quarantine.counts()["measurements"]["codes"].get("REG031", 0) == refused
    one = {"child_id": "c1", "sex": "F", "birth_date": "2024-06-15"}
    rows = {"measurements": [{"measured_on": on, "weight_kg": 2.9}]}
    _, problems = build_records(
        [one | {"birth_date_uncertain_days": 16} | rows, one | {"child_id": "c2"} | rows],
        imported_on=TODAY,
    )
    assert sum(map(len, problems)) == refused


@pytest.mark.parametrize("cell", ["-1", "184", "1.5", "about a month"])
def test_an_uncertainty_that_is_none_is_refused(cell: str):
    source = tables(
        children=CHILDREN.replace(",16,", f",{cell},"), measurements=WEIGHED.format(on=TODAY)
    )
    _, quarantine = build(source, imported_on=TODAY)
    assert quarantine.counts()["children"]["codes"] == {"REG038": 1}


def asked(measurement: dict[str, object], *, days: int | None, birth: str = "2024-06-15"):
    """Growth points and the classification of one girl of one measurement."""
    child = {
        "child_id": "k",
        "sex": "F",
        "birth_date": birth,
        "birth_date_uncertain_days": days,
        "measurements": [measurement],
    }
    registry, problems = build_records([child], imported_on=TODAY)
    assert problems == [[]]
    clock = Clock(registry)
    known = clock.known_by(np.array([0]), np.array([day_number(TODAY)]))
    (said,) = classifications(trace(clock, known))
    return growth_points(known), said


def weight_at(waz: float, age_days: int) -> float:
    """The weight (kg) of a girl of this WAZ, by the kernel's own inverse search."""
    from features.who.growth import point

    low, high = 3.0, 15.0
    for _ in range(60):
        middle = (low + high) / 2
        z = point(0, age_days, middle, np.nan, -1, np.nan, np.nan)[0]
        low, high = (middle, high) if z < waz else (low, middle)
    return low


AGE = day_number("2025-12-15") - day_number("2024-06-15")


def test_a_weight_for_age_whose_band_hangs_on_the_age_is_not_answered_and_flagged():
    near = {"measured_on": "2025-12-15", "weight_kg": weight_at(-3.02, AGE)}
    points, said = asked(near, days=16)
    assert np.isnan(points["waz"][0]) and points["age_uncertain"][0]
    assert said["age_uncertain"] is True and said["severely_underweight"] is None
    points, said = asked(near, days=None)
    assert points["waz"][0] == pytest.approx(-3.02, abs=0.01) and not points["age_uncertain"][0]
    assert said["age_uncertain"] is False and said["severely_underweight"] is True


def test_a_weight_for_age_far_from_every_cut_off_is_answered_as_before():
    far = {"measured_on": "2025-12-15", "weight_kg": weight_at(-1.0, AGE)}
    points, said = asked(far, days=16)
    assert points["waz"][0] == pytest.approx(-1.0, abs=0.01)
    assert not points["age_uncertain"][0] and said["age_uncertain"] is False


def test_an_arm_that_is_sam_if_the_infant_is_six_months_old_is_no_proof_of_being_well():
    """170 days by the recorded birth date, 154 to 186 in truth: 112 mm is SAM from 183 days on."""
    arm = {"measured_on": "2025-12-15", "weight_kg": 7.0, "height_cm": 66.0, "muac_mm": 112}
    points, said = asked(arm, days=16, birth="2025-06-28")
    assert points["valid"][0] == 0 and points["sam"][0] == 0 and points["age_uncertain"][0]
    assert np.isnan(points["whz"][0]) and said["nutrition_status"] == "cannot_say"
    points, said = asked(arm, days=None, birth="2025-06-28")
    assert points["valid"][0] == 1 and said["nutrition_status"] == "normal"


def test_sam_by_the_recorded_birth_date_stays_sam_and_is_flagged():
    arm = {"measured_on": "2025-12-15", "weight_kg": 7.0, "height_cm": 66.0, "muac_mm": 112}
    points, said = asked(arm, days=16, birth="2025-06-10")
    assert points["sam"][0] == 1 and points["age_uncertain"][0]
    assert said["nutrition_status"] == "SAM" and said["age_uncertain"] is True
