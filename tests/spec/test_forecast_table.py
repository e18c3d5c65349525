"""`sanket forecast` of a table: what it answers, what it refuses by name, and what a forecast must
keep to."""

import json

import numpy as np
import pandas as pd
import pytest

from registry.contract.errors import BadInput, UsageError
from sanket.app import app, main
from training.forecasting.sources.counts_table import read_table

COLUMNS = [
    "area",
    "origin",
    "month",
    "horizon",
    "mean",
    "q05",
    "q10",
    "q25",
    "q50",
    "q75",
    "q90",
    "q95",
]
LEVELS = COLUMNS[5:]


def counts(areas=8, months=36, *, mean=20.0, seed=1, first="2023-01", season=0.5):
    draw = np.random.default_rng(seed)
    names = [str(month) for month in pd.period_range(first, periods=months, freq="M")]
    wave = np.exp(season * np.cos(2 * np.pi * (np.arange(months) - 6) / 12))
    return pd.DataFrame(
        [
            {
                "area": f"A{area}",
                "district": f"D{area // 4}",
                "month": name,
                "count": int(draw.poisson(mean * (1 + area / areas) * wave[at])),
            }
            for area in range(areas)
            for at, name in enumerate(names)
        ]
    )


def written(folder, table, name="counts.csv"):
    path = folder / name
    table.to_csv(path, index=False)
    return path


def answered(folder, table, *options):
    out = folder / "out.csv"
    call("forecast", written(folder, table), "-o", out, *options)
    return pd.read_csv(out, dtype={"area": str})


def call(*words):
    try:
        main([*map(str, words)])
    except SystemExit as end:
        assert end.code in (0, None)


def refused(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main([*map(str, words)])
    return end.value.code, capsys.readouterr().err.splitlines()[-1]


def test_every_area_and_month_ahead_has_one_row_in_the_public_form(tmp_path):
    rows = answered(tmp_path, counts(), "--horizon", "3")
    assert list(rows) == COLUMNS and len(rows) == 8 * 3
    assert set(rows["origin"]) == {"2025-12"} and set(rows["month"]) == {
        "2026-01",
        "2026-02",
        "2026-03",
    }
    assert (rows["mean"] > 0).all() and (rows[LEVELS].diff(axis=1).iloc[:, 1:] >= 0).all().all()
    assert (rows["q05"] <= rows["mean"]).all() and (rows["mean"] <= rows["q95"]).all()


def test_a_season_is_foreseen(tmp_path):
    rows = answered(tmp_path, counts(season=0.8)).groupby("month")["mean"].sum()
    assert rows["2026-06"] > 2 * rows["2026-01"]


def test_a_month_that_is_missing_is_not_low(tmp_path):
    table = counts(season=0.0)
    gaps = table[~((table["area"] == "A0") & (table["month"] >= "2025-09"))]
    empty = table.assign(count=table["count"].astype("Int64"))
    empty.loc[(empty["area"] == "A0") & (empty["month"] >= "2025-09"), "count"] = None
    whole, with_gaps = answered(tmp_path, table), answered(tmp_path, gaps)
    mean = [rows.loc[rows["area"] == "A0", "mean"].mean() for rows in (whole, with_gaps)]
    assert 0.8 < mean[1] / mean[0] < 1.25
    pd.testing.assert_frame_equal(with_gaps, answered(tmp_path, empty))


def test_the_order_of_rows_changes_nothing(tmp_path):
    table = counts()
    mixed = table.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(answered(tmp_path, table), answered(tmp_path, mixed))


def test_what_came_later_changes_no_forecast_of_an_earlier_day(tmp_path):
    table = counts()
    changed = table.copy()
    changed.loc[changed["month"] > "2025-06", "count"] *= 7
    then = [answered(tmp_path, rows, "--as-of", "2025-06-30") for rows in (table, changed)]
    assert set(then[0]["origin"]) == {"2025-06"}
    pd.testing.assert_frame_equal(*then)
    assert set(answered(tmp_path, table, "--as-of", "2025-06-29")["origin"]) == {"2025-05"}


def test_a_past_origin_is_what_would_have_been_said_then(tmp_path):
    table = counts()
    rows = answered(tmp_path, table, "--backtest-from", "2025-06", "--horizon", "2")
    assert list(rows) == [*COLUMNS, "count"]
    assert sorted(set(rows["origin"])) == [f"2025-{month:02}" for month in range(6, 13)]
    then = answered(tmp_path, table, "--as-of", "2025-06-30", "--horizon", "2")
    pd.testing.assert_frame_equal(
        rows.loc[rows["origin"] == "2025-06", COLUMNS].reset_index(drop=True), then
    )
    came = rows.merge(table, on=["area", "month"], how="left", suffixes=("", "_table"))
    assert came["count"].equals(came["count_table"].astype(float))
    assert rows.loc[rows["month"] > "2025-12", "count"].isna().all()


@pytest.mark.parametrize("mean", [20.0, 0.4])
def test_levels_add_up(tmp_path, mean):
    table = counts(mean=mean)
    areas = answered(tmp_path, table, "--json")
    from training.forecasting.forecast import forecast_at, levels_of

    finest, district = forecast_at(levels_of(read_table(written(tmp_path, table)), 6), 35)
    assert district.mean[0] == pytest.approx(finest.mean[:4].sum(axis=0))
    assert district.mean[1] == pytest.approx(finest.mean[4:].sum(axis=0))
    assert areas["mean"].sum() == pytest.approx(district.mean.sum(), abs=0.01)


def test_a_parent_column_is_a_level_of_its_own(tmp_path):
    rows = answered(tmp_path, counts(), "--by", "district")
    assert set(rows["area"]) == {"D0", "D1"}


def test_one_area_is_answered(tmp_path):
    rows = answered(tmp_path, counts(areas=1))
    assert len(rows) == 6 and rows["mean"].between(5, 80).all()


def test_six_months_are_answered_with_a_note_and_five_refused(tmp_path, capsys):
    call("forecast", written(tmp_path, counts(months=6)), "--json")
    told = json.loads(capsys.readouterr().out)
    assert len(told["forecast"]) == 48 and "season" in told["warnings"][0]
    code, said = refused(capsys, "forecast", written(tmp_path, counts(months=5)))
    assert code == 3 and "FCT005" in said


def test_areas_without_any_count_stay_near_zero(tmp_path):
    rows = answered(tmp_path, counts().assign(count=0))
    assert (rows["mean"] < 0.2).all() and (rows["q50"] == 0).all()


def test_an_area_that_appears_late_is_answered_near_its_own_counts(tmp_path):
    table = counts(season=0.0)
    late = table[(table["area"] != "A7") | (table["month"] >= "2025-10")]
    rows = answered(tmp_path, late, "--backtest-from", "2025-06")
    newest = rows[(rows["area"] == "A7") & (rows["origin"] == "2025-12")]
    assert newest["mean"].between(20, 60).all()
    assert set(rows.loc[rows["area"] == "A7", "origin"]) == {"2025-10", "2025-11", "2025-12"}


@pytest.mark.parametrize("cell", ["-3", "2.5", "many", "inf", "nan"])
def test_a_count_that_is_none_is_refused_by_its_row(tmp_path, capsys, cell):
    table = counts().astype({"count": str})
    table.loc[17, "count"] = cell
    path = tmp_path / "bad.csv"
    path.write_text(table.to_csv(index=False), encoding="utf-8")
    code, said = refused(capsys, "forecast", path)
    assert code == 3 and "FCT002" in said and "row 18" in said and cell in said


def test_a_month_twice_is_refused_by_its_row(tmp_path, capsys):
    table = counts()
    code, said = refused(capsys, "forecast", written(tmp_path, pd.concat([table, table.iloc[[5]]])))
    assert code == 3 and "FCT003" in said and "A0" in said and "2023-06" in said


@pytest.mark.parametrize(
    "change, named",
    [
        ({"month": "06/2025"}, "FCT002"),
        ({"month": "2025-13"}, "FCT002"),
        ({"area": ""}, "FCT002"),
        ({"month": "0202-01"}, "FCT002"),
    ],
)
def test_a_row_that_cannot_be_placed_is_refused(tmp_path, capsys, change, named):
    table = counts()
    for name, value in change.items():
        table.loc[3, name] = value
    code, said = refused(capsys, "forecast", written(tmp_path, table))
    assert code == 3 and named in said


def test_a_table_without_its_columns_or_counts_is_refused(tmp_path):
    with pytest.raises(BadInput, match="FCT001.*month"):
        read_table(written(tmp_path, counts().drop(columns="month")))
    with pytest.raises(BadInput, match="FCT004"):
        read_table(written(tmp_path, counts().assign(count="")))
    with pytest.raises(BadInput, match="REG003"):
        read_table(tmp_path / "nothing.csv")


def test_further_columns_are_parents_covariates_or_said_to_be_left_out(tmp_path):
    table = counts().assign(rain_mm=3.5, note="x")
    table.loc[4, "note"] = "y"
    table["rain_mm"] += np.arange(len(table)) % 5
    panel = read_table(written(tmp_path, table))
    assert list(panel.parents) == ["district"] and list(panel.covariates) == ["rain_mm"]
    assert len(panel.warnings) == 1 and "note" in panel.warnings[0]


@pytest.mark.parametrize(
    "options, named",
    [
        (("--by", "state"), "FCT011"),
        (("--backtest-from", "2026-01"), "FCT012"),
        (("--backtest-from", "June"), "FCT012"),
        (("--as-of", "yesterday"), "FCT014"),
        (("-o", "x.doc"), "FCT013"),
        (("--report", "no/folder/x.html"), "FCT013"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path, options, named):
    path = written(tmp_path, counts())
    with pytest.raises(UsageError, match=named):
        app(["forecast", str(path), *options], standalone_mode=False)


def test_the_report_is_one_file_with_a_plot_an_area(tmp_path):
    table = counts().replace({"area": {"A0": "<b>&"}})
    answered(tmp_path, table, "--report", tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("<svg") == 8 and "&lt;b&gt;&amp;" in text and "<b>&" not in text
    assert "src=" not in text and "href=" not in text
