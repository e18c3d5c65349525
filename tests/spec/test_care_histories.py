"""What holds on any history of records, from the registry's rows to the state."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from care.pathway import facts as care_facts
from care.pathway.decide import LEVEL_OF_CARE, STATES, place, placed_rows
from care.protocol import standard
from features.clock import Clock
from features.trajectory.points import growth_points
from registry.checks.table import build
from registry.contract.codes import Programme, StayOutcome
from registry.contract.registry import day_date, day_number

FIRST = day_number("2026-01-01")
LAST = 200
CENTRE = {
    "centre_id": "A",
    "sector_id": "S",
    "project_id": "P",
    "district_id": "D",
    "setting": "rural",
}
CHILD = {"child_id": "c", "sex": "F", "birth_date": "2025-01-10", "centre_id": "A"}
MAYBE = st.none()

READINGS = st.lists(
    st.fixed_dictionaries(
        {
            "day": st.integers(0, LAST),
            "weight_kg": st.floats(6.0, 9.5).map(lambda kg: round(kg, 1)),
            "height_cm": MAYBE | st.just(74.0),
            "muac_mm": MAYBE | st.integers(105, 150),
            "oedema": MAYBE | st.integers(0, 2),
        }
    ),
    max_size=10,
    unique_by=lambda reading: reading["day"],
)
STAYS = st.lists(
    st.fixed_dictionaries(
        {
            "day": st.integers(0, LAST),
            "programme": st.sampled_from(Programme.texts()),
            "length": MAYBE | st.integers(1, 100),
            "outcome": st.sampled_from(StayOutcome.texts()),
            "appetite_test": st.sampled_from(("pass", "fail", "not_done", None)),
            "complications": MAYBE | st.booleans(),
        }
    ),
    max_size=3,
)
CHECKS = st.lists(
    st.tuples(st.integers(0, LAST), MAYBE | st.booleans()),
    max_size=5,
    unique_by=lambda check: check[0],
)


def iso(day):
    return day_date(FIRST + day).isoformat()


def answer(readings, stays, checks):
    """The state on the last day, and how many days ago what stands of SAM was last read (None where
    nothing does)."""
    tables = {"centres": [CENTRE], "children": [CHILD]}
    tables["measurements"] = [
        {"child_id": "c", "measured_on": iso(one["day"]), "height_position": "lying"}
        | {name: one[name] for name in ("weight_kg", "height_cm", "muac_mm", "oedema")}
        for one in readings
    ]
    tables["episodes"] = [_episode(number, one) for number, one in enumerate(stays)]
    tables["checks"] = [
        {"child_id": "c", "checked_on": iso(day), "poor_appetite": poor} for day, poor in checks
    ]
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items() if rows}
    frames.setdefault("measurements", pd.DataFrame({"child_id": [], "measured_on": []}, dtype=str))
    registry, _ = build(frames, imported_on="2027-01-01")
    known = Clock(registry).known_by([0], [FIRST + LAST])
    points = growth_points(known)
    facts = care_facts.of(known, points, standard())
    placed = place(facts, standard())
    # A few children, as the API has them, are decided on plain numbers: the same facts, the same
    # answer.
    cells = {name: column[0].item() for name, column in facts.items()}
    assert repr(sorted(care_facts.rows_of(known, points, standard())[0].items())) == repr(
        sorted(cells.items())
    )
    assert placed_rows(known, points, standard()) == [placed.row(0)]
    return STATES[placed.state[0]], FIRST + LAST - int(facts["sam_on"][0]) if facts["sam"][
        0
    ] == 1 else None


def _episode(number, stay):
    closed = stay["length"] is not None and stay["day"] + stay["length"] <= LAST
    return {
        "child_id": "c",
        "episode_id": str(number),
        "programme": stay["programme"],
        "admitted_on": iso(stay["day"]),
        "appetite_test": stay["appetite_test"],
        "complications": stay["complications"],
        "closed_on": iso(stay["day"] + stay["length"]) if closed else None,
        "outcome": stay["outcome"] if closed else None,
    }


GONE = ("died", "left")


@settings(max_examples=25, deadline=None)
@given(READINGS, STAYS, CHECKS)
def test_sam_is_never_normal_and_oedema_never_lowers_the_care(readings, stays, checks):
    state, sam = answer(readings, stays, checks)
    if sam is not None and sam <= standard()["finding_holds_days"]:
        assert LEVEL_OF_CARE[state] >= 3 or state in GONE
    elif sam is not None:
        assert state not in ("screened_well", "mam_follow_up")
    today = {"day": LAST, "weight_kg": 8.0, "height_cm": 74.0, "muac_mm": None}
    earlier = [one for one in readings if one["day"] < LAST]
    plain, _ = answer([*earlier, today | {"oedema": 0}], stays, checks)
    swollen, _ = answer([*earlier, today | {"oedema": 1}], stays, checks)
    assert LEVEL_OF_CARE[swollen] >= LEVEL_OF_CARE[plain]
    assert swollen in ("to_nrc", "in_nrc", *GONE)


@settings(max_examples=25, deadline=None)
@given(READINGS, STAYS, CHECKS, st.data())
def test_a_failed_test_or_a_complication_never_lowers_the_care(readings, stays, checks, data):
    still = [number for number, one in enumerate(stays) if one["length"] is None]
    if not still:
        stays = [
            *stays,
            {
                "day": LAST - 5,
                "programme": "UCDC",
                "length": None,
                "outcome": "cured",
                "appetite_test": "pass",
                "complications": False,
            },
        ]
        still = [len(stays) - 1]
    chosen = data.draw(st.sampled_from(still))
    worse = data.draw(st.sampled_from(({"appetite_test": "fail"}, {"complications": True})))
    before, _ = answer(readings, stays, checks)
    graver = [one | worse if number == chosen else one for number, one in enumerate(stays)]
    after, _ = answer(readings, graver, checks)
    assert LEVEL_OF_CARE[after] >= LEVEL_OF_CARE[before]
