"""What `sanket forecast` counts of a store: months counted by hand, known as of a day, missing
where none reported."""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from registry.checks.table import build
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import day_number
from registry.store.store import open_store
from sanket.app import app, main
from training.forecasting.store_counts import panel_of

LOW, WELL = 6.5, 8.8
"""kg at 74 cm, lying: WHZ under -3, and above -1."""


def centre(number, sector="S1", project="P1"):
    return {
        "centre_id": f"C{number}",
        "sector_id": sector,
        "project_id": project,
        "district_id": "D",
        "setting": "rural",
    }


def child(name, of):
    return {"child_id": name, "sex": "F", "birth_date": "2025-01-10", "centre_id": of}


def weighed(name, *days_and_weights):
    return [
        {
            "child_id": name,
            "measured_on": day,
            "weight_kg": kg,
            "height_cm": 74.0,
            "height_position": "lying",
        }
        for day, kg in days_and_weights
    ]


def stay(name, admitted, closed=None):
    return {
        "child_id": name,
        "episode_id": f"{name}{admitted}",
        "programme": "VCDC",
        "admitted_on": admitted,
        "closed_on": closed,
        "outcome": "cured" if closed else None,
    }


TABLES = {
    "centres": [centre(1), centre(2), centre(3, "S2", "P1")],
    "children": [child("a", "C1"), child("b", "C2"), child("c", "C3"), child("d", "C1")],
    "measurements": [
        *weighed("a", ("2026-02-20", LOW), ("2026-03-20", LOW), ("2026-04-20", LOW)),
        *weighed("b", ("2026-02-10", LOW), ("2026-03-10", WELL), ("2026-04-10", WELL)),
        *weighed("c", ("2026-02-10", WELL), ("2026-04-10", WELL)),
        *weighed("d", ("2026-02-10", WELL), ("2026-03-11", WELL), ("2026-04-30", WELL)),
    ],
    "episodes": [stay("a", "2026-03-21"), stay("d", "2026-02-11", "2026-04-02")],
    "rations": [
        {"child_id": "a", "issued_on": day, "item": item, "quantity": 14.0}
        for day, item in (
            ("2026-03-21", "EDNF"),
            ("2026-03-28", "EDNF"),
            ("2026-04-04", "EDNF"),
            ("2026-04-04", "THR"),
        )
    ],
}


@pytest.fixture(scope="module")
def registry():
    found, quarantine = build(
        {name: pd.DataFrame(rows) for name, rows in TABLES.items()}, imported_on="2026-05-01"
    )
    assert not quarantine.rows
    return found


def counted(registry, what, *, level="centre", as_of="2026-04-30"):
    panel = panel_of(registry, what, level=level, as_of=dt.date.fromisoformat(as_of))
    months = [panel.month_name(at) for at in range(panel.months)]
    return {
        str(area): dict(zip(months, row, strict=True))
        for area, row in zip(panel.areas, panel.counts, strict=True)
    }


def test_a_sam_counts_once_in_the_month_that_confirmed_it(registry):
    found = counted(registry, "confirmed_sam")
    assert found["C1"] == {"2026-02": 0, "2026-03": 1, "2026-04": 0}
    assert list(found["C2"].values()) == [0, 0, 0], (
        "one reading that the next one answered is no SAM"
    )


def test_a_centre_that_recorded_nothing_is_missing_and_not_zero(registry):
    found = counted(registry, "confirmed_sam")["C3"]
    assert found["2026-02"] == 0 and np.isnan(found["2026-03"]) and found["2026-04"] == 0


def test_admissions_children_in_treatment_and_sachets(registry):
    assert counted(registry, "admissions")["C1"] == {"2026-02": 1, "2026-03": 1, "2026-04": 0}
    assert counted(registry, "in_treatment")["C1"] == {"2026-02": 1, "2026-03": 2, "2026-04": 1}
    assert counted(registry, "ednf_sachets")["C1"] == {"2026-02": 0, "2026-03": 28, "2026-04": 14}


def test_a_sector_adds_up_its_centres(registry):
    assert counted(registry, "in_treatment", level="sector")["S1"] == {
        "2026-02": 1,
        "2026-03": 2,
        "2026-04": 1,
    }


def test_an_earlier_day_knows_only_what_was_known_then(registry):
    assert list(counted(registry, "confirmed_sam", as_of="2026-03-31")["C1"].values()) == [0, 1]
    assert list(counted(registry, "confirmed_sam", as_of="2026-03-30")["C1"]) == ["2026-02"]
    late = pd.DataFrame(TABLES["episodes"]).assign(recorded_on=["2026-04-15", "2026-02-11"])
    told, _ = build(
        {**{name: pd.DataFrame(rows) for name, rows in TABLES.items()}, "episodes": late},
        imported_on="2026-05-01",
    )
    assert counted(told, "admissions", as_of="2026-03-31")["C1"]["2026-03"] == 0
    assert counted(told, "admissions")["C1"]["2026-03"] == 1


def test_a_child_that_moved_counts_where_it_was_then(registry):
    children = registry.children.take(np.array([0, 0, 1, 2, 3]))
    moved = day_number("2026-04-01")
    told = replace(
        registry,
        children=children.having(
            centre=np.array([0, 1, 1, 2, 0], np.int32),
            known_from=np.where(np.arange(5) == 1, moved, children["known_from"]).astype(np.int32),
            known_until=np.where(np.arange(5) == 0, moved, children["known_until"]).astype(
                np.int32
            ),
        ),
    )
    assert counted(told, "confirmed_sam")["C1"]["2026-03"] == 1
    found = counted(told, "in_treatment")
    assert found["C1"] == {"2026-02": 1, "2026-03": 2, "2026-04": 0} and found["C2"]["2026-04"] == 1


def test_a_day_before_the_first_month_is_refused(registry):
    with pytest.raises(BadInput, match="FCT004"):
        counted(registry, "admissions", as_of="2026-01-31")


def many_months():
    """Two sectors of one project; in each month one child of the first is confirmed SAM and two are
    admitted."""
    draw, days = (
        np.random.default_rng(1),
        pd.date_range("2024-01-15", "2025-12-15", freq="MS") + pd.Timedelta(days=9),
    )
    tables = {
        "centres": [centre(1), centre(2, "S2")],
        "children": [],
        "measurements": [],
        "episodes": [],
    }
    for at, day in enumerate(days):
        for number in range(1, 3):
            for nth in range(1 + draw.poisson(2)):
                name, on = f"k{at}_{number}_{nth}", day.date().isoformat()
                tables["children"].append(
                    child(name, f"C{number}")
                    | {"birth_date": (day.date() - dt.timedelta(400)).isoformat()}
                )
                tables["measurements"] += weighed(name, (on, LOW))
                tables["episodes"].append(stay(name, on))
    return tables


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forecast")
    source = folder / "source"
    source.mkdir()
    for name, rows in many_months().items():
        pd.DataFrame(rows).to_csv(source / f"{name}.csv", index=False)
    held = open_store(str(folder / "x.db"))
    held.import_source(str(source))
    held.close()
    return folder / "x.db"


def test_the_command_reads_a_store(store, capsys, tmp_path):
    out = tmp_path / "out.parquet"
    try:
        main(
            [
                "forecast",
                str(store),
                "--counted",
                "admissions",
                "--horizon",
                "2",
                "--backtest-from",
                "2025-09",
                "--json",
                "-o",
                str(out),
            ]
        )
    except SystemExit as end:
        assert end.code in (0, None)
    told = json.loads(capsys.readouterr().out)
    rows = pd.read_parquet(out)
    assert told["level"] == "sector" and told["areas"] == 2 and told["counted"] == "admissions"
    assert set(rows["area"]) == {"S1", "S2"} and rows["mean"].between(0.5, 12).all()
    assert rows.groupby("origin")["area"].size().eq(4).all() and set(told["backtest"]) == {"1", "2"}


@pytest.mark.parametrize(
    "options, named", [(("--by", "village"), "FCT011"), (("--counted", "deaths"), "FCT010")]
)
def test_what_a_store_does_not_know_is_refused(store, options, named):
    with pytest.raises(UsageError, match=named):
        app(["forecast", str(store), *options], standalone_mode=False)
