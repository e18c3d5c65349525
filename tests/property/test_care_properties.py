"""What holds for any child: what did not ask never lowers danger, a lower weight never means less,
nor does illness."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from care.pathway.decide import LEVEL_OF_CARE, placed_rows
from care.protocol import standard
from features.clock import Clock
from features.trajectory.points import growth_points
from registry.checks.table import build
from registry.contract.registry import day_date, day_number

FIRST, LAST = day_number("2026-01-01"), 200
CENTRE = {
    "centre_id": "A",
    "sector_id": "S",
    "project_id": "P",
    "district_id": "D",
    "setting": "rural",
}
WELL = {"weight_kg": 8.6, "height_cm": 74.0}
FOUND = {
    "whz": {"weight_kg": 6.5, "height_cm": 74.0},
    "arm": WELL | {"muac_mm": 109},
    "oedema": WELL | {"oedema": 1},
    "low": {"weight_kg": 5.4, "height_cm": 74.0},
}
ASKS = {"whz": WELL, "arm": {"muac_mm": 132}, "oedema": {"oedema": 0}}
"""Readings that say "well" of one question; a weight on a height of the last weeks asks after WHZ.
"""


def iso(day):
    return day_date(FIRST + day).isoformat()


def answers(children):
    """The pathway's answer on the last day for each of these children: dicts of age_days, readings,
    stays, checks."""
    tables = {name: [] for name in ("children", "measurements", "episodes", "checks")}
    for number, child in enumerate(children):
        own = {"child_id": f"c{number}"}
        tables["children"].append(
            own
            | {
                "sex": "F",
                "birth_date": iso(LAST - child.get("age_days", 500)),
                "centre_id": "A",
            }
        )
        tables["measurements"] += [
            own | {"measured_on": iso(day)} | what for day, what in child["readings"]
        ]
        tables["episodes"] += [
            own | {"episode_id": f"e{number}", "programme": "UCDC", "admitted_on": iso(day)}
            for day in child.get("admitted", [])
        ]
        tables["checks"] += [
            own | {"checked_on": iso(day)} | what for day, what in child.get("checks", [])
        ]
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items() if rows} | {
        "centres": pd.DataFrame([CENTRE])
    }
    registry, _ = build(frames, imported_on="2027-01-01")
    known = Clock(registry).known_by(list(range(len(children))), [FIRST + LAST] * len(children))
    return placed_rows(known, growth_points(known), standard())


def no_less(before, after):
    """At least as much danger and care as before."""
    return (
        after["danger"] >= before["danger"]
        and LEVEL_OF_CARE[after["state"]] >= LEVEL_OF_CARE[before["state"]]
    )


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(sorted(FOUND)),
    st.integers(1, 62),
    st.lists(st.sampled_from(sorted(ASKS)), max_size=3, unique=True),
    st.lists(st.integers(0, 61), min_size=1, max_size=4, unique=True),
)
def test_what_did_not_ask_never_lowers_danger(found, ago, others, later):
    question = "whz" if found == "low" else found
    asked = [ASKS[other] for other in others if other != question] or [{"muac_mm": 140}]
    if question == "arm":
        asked = [
            {name: value for name, value in what.items() if name != "muac_mm"} or WELL
            for what in asked
        ]
    start = (LAST - ago, FOUND[found])
    readings = [
        (LAST - days, asked[at % len(asked)]) for at, days in enumerate(sorted(later)) if days < ago
    ]
    before, after = answers([{"readings": [start]}, {"readings": [start, *readings]}])
    assert before["danger"] and no_less(before, after), (before["rule"], after["rule"])


WEIGHTS = st.lists(st.floats(6.0, 9.5).map(lambda kg: round(kg, 1)), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(
    WEIGHTS,
    st.floats(0.1, 3.0),
    st.booleans(),
    st.sampled_from((120, 400, 900, 1860)),
    st.sampled_from((7, 14, 30)),
)
def test_a_lower_weight_never_means_less(weights, less, treated, age_days, apart):
    days = [LAST - apart * at for at in range(len(weights))][::-1]
    height = {120: 62.0, 400: 74.0, 900: 86.0, 1860: 104.0}[age_days]
    scale = {120: 0.75, 400: 1.0, 900: 1.3, 1860: 1.8}[age_days]
    rows = [
        (day, {"weight_kg": round(kg * scale, 2), "height_cm": height})
        for day, kg in zip(days, weights, strict=True)
    ]
    last = rows[-1][1]["weight_kg"]
    lower = [
        *rows[:-1],
        (LAST, {"weight_kg": round(max(last - less, 1.0), 2), "height_cm": height}),
    ]
    stay = [days[0]] if treated else []
    before, after = answers(
        [{"readings": one, "admitted": stay, "age_days": age_days} for one in (rows, lower)]
    )
    assert no_less(before, after), (rows, lower, before["rule"], after["rule"])


SIGNS = ("fever", "diarrhoea", "poor_appetite")


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(sorted(FOUND)),
    st.booleans(),
    st.integers(0, 20),
    st.sampled_from((None, "worker", "ANM", "MO")),
    st.lists(st.sampled_from(SIGNS), min_size=1, max_size=3, unique=True),
    st.sampled_from((100, 400)),
)
def test_illness_never_means_less(found, treated, ago, examiner, signs, age_days):
    readings = [(LAST - 30, FOUND[found]), (LAST - 21, WELL), (LAST, WELL | {"weight_kg": 8.8})]
    healthy = dict.fromkeys(SIGNS, False) | {"examiner": examiner}
    one = {"readings": readings, "admitted": [LAST - 28] if treated else [], "age_days": age_days}
    before, after = answers(
        [
            one | {"checks": [(LAST - ago, seen)]}
            for seen in (healthy, healthy | dict.fromkeys(signs, True))
        ]
    )
    assert no_less(before, after), (before["rule"], after["rule"])
