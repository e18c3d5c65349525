"""What `sanket forecast` counts of a store: months counted by hand, known as of a day, missing
where none reported."""

import datetime as dt
import json
from contextlib import closing
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from care.programme.published_forecast import areas_of, newest
from registry.checks.table import build
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import day_number
from registry.store.store import open_store
from sanket.app import app, main
from training.forecasting.sources.store_counts import panel_of

LOW, MODERATE, WELL = 6.5, 7.3, 8.8
"""kg at 74 cm, lying: WHZ under -3, between -3 and -2, and above -1."""


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


def of_one_child(weights, stays=()):
    """A registry of one child, weighed and treated on these days; another centre records on."""
    tables = {
        "centres": [centre(1), centre(2)],
        "children": [child("a", "C1"), child("z", "C2")],
        "measurements": [*weighed("a", *weights), *weighed("z", ("2026-07-31", WELL))],
        "episodes": [stay("a", *days) for days in stays],
    }
    found, quarantine = build(
        {name: pd.DataFrame(rows) for name, rows in tables.items() if rows},
        imported_on="2026-09-30",
    )
    assert not quarantine.rows
    return found


CURED = (("2025-12-01", "2026-01-10"),)


def test_a_relapse_counts_in_the_month_that_made_it_known():
    readings = ("2026-01-08", WELL), ("2026-03-01", LOW), ("2026-04-02", LOW), ("2026-05-30", LOW)
    found = of_one_child(readings, CURED)
    told = counted(found, "relapse", as_of="2026-05-31")["C1"]
    assert {month for month, count in told.items() if count > 0} == {"2026-04"}
    assert told["2026-04"] == 1, "SAM on 1 March, confirmed on 2 April; once for a discharge"
    known = counted(found, "relapse", as_of="2026-03-31")["C1"]
    assert np.nansum(list(known.values())) == 0, "one reading is no relapse yet"


def test_a_new_admission_is_a_relapse_and_one_before_day_14_is_not():
    again = of_one_child([("2026-01-08", WELL)], [*CURED, ("2026-02-20", None)])
    told = counted(again, "relapse", as_of="2026-02-28")["C1"]
    assert told["2026-02"] == 1 and np.nansum(list(told.values())) == 1
    failed = of_one_child([("2026-01-08", WELL)], [*CURED, ("2026-01-20", None)])
    assert np.nansum(list(counted(failed, "relapse", as_of="2026-02-28")["C1"].values())) == 0
    unseen = of_one_child([("2025-12-01", WELL)], [*CURED, ("2026-02-20", None)])
    assert np.nansum(list(counted(unseen, "relapse", as_of="2026-02-28")["C1"].values())) == 0, (
        "a cure that no reading of that week verifies is not in the cohort"
    )


def test_mam_is_a_child_whose_last_judged_measurement_of_the_month_says_so():
    found = of_one_child(
        [
            ("2026-02-05", MODERATE),
            ("2026-02-20", MODERATE),
            ("2026-03-05", MODERATE),
            ("2026-03-20", WELL),
            ("2026-04-05", WELL),
            ("2026-04-20", MODERATE),
            ("2026-05-10", LOW),
        ]
    )
    told = counted(found, "mam", as_of="2026-05-31")["C1"]
    assert told == {"2026-02": 1, "2026-03": 0, "2026-04": 1, "2026-05": 0}
    assert counted(found, "mam", as_of="2026-04-19")["C1"] == {"2026-02": 1, "2026-03": 0}


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


def test_a_stores_forecast_is_published_with_all_levels_above(store, capsys):
    options = ["--counted", "admissions", "--by", "centre", "--publish", "--json"]
    app(["forecast", str(store), *options], standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert told["published"] is True
    with closing(open_store(str(store))) as held:
        found = newest(held.engine, "admissions")
        areas = {
            level: areas_of(held.engine, found, level)
            for level in ("centre", "sector", "project", "district", "state")
        }
    assert (found.origin, found.horizon, found.as_of.isoformat()) == ("2025-11", 6, "2025-12-10")
    assert [sorted(areas[level]) for level in areas] == [
        ["C1", "C2"],
        ["S1", "S2"],
        ["P1"],
        ["D"],
        ["state"],
    ]
    whole = sum(one.mean for one in areas["sector"].values())
    np.testing.assert_allclose(areas["state"]["state"].mean, whole)
    state = [row["mean"] for row in told["forecast"] if row["area"] == "C1"]
    np.testing.assert_allclose(areas["centre"]["C1"].mean, state, atol=1e-4)
    for name in ("C1", "C2"):
        assert not any(count in range(1, 5) for count in areas["centre"][name].history)


def test_a_forecast_that_reaches_less_than_six_months_is_not_published(store):
    with pytest.raises(UsageError, match="FCT015"):
        app(["forecast", str(store), "--horizon", "3", "--publish"], standalone_mode=False)


def test_a_tables_forecast_has_no_store_to_be_published_in(tmp_path):
    table = tmp_path / "counts.csv"
    table.write_text("area,month,count\na,2026-01,3\n")
    with pytest.raises(UsageError, match="FCT015"):
        app(["forecast", str(table), "--publish"], standalone_mode=False)


@pytest.mark.parametrize(
    "options, named", [(("--by", "village"), "FCT011"), (("--counted", "deaths"), "FCT010")]
)
def test_what_a_store_does_not_know_is_refused(store, options, named):
    with pytest.raises(UsageError, match=named):
        app(["forecast", str(store), *options], standalone_mode=False)
