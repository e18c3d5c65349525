"""The synthetic registry: its form, its dirt, its calibration, and that the same seed gives the
same bytes."""

from __future__ import annotations

import ast
import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from numba import njit
from typer.testing import CliRunner

from features.who.growth import zscores
from registry.contract.errors import UsageError
from registry.simulate import growth_curves
from registry.simulate.book import NON_RESPONSE, RELAPSE
from registry.simulate.dials import Dials
from registry.simulate.rates import PUBLISHED, cumulative_incidence, rates
from registry.simulate.run import live_all
from registry.simulate.state import CENSORED, DID_NOT_HAPPEN, DIED, FAILED_DISCHARGE, HAPPENED
from registry.simulate.write import simulate
from sanket.app import app

runner = CliRunner()
ROOT = Path(__file__).parents[2]
TABLES = {
    "centres": "centre_id name sector_id project_id district_id setting latitude longitude",
    "children": (
        "child_id family_id sex birth_date centre_id birth_weight_kg registered_on left_on "
        "left_reason"
    ),
    "measurements": "child_id measured_on weight_kg height_cm height_position muac_mm oedema "
    "reported_status source "
    "recorded_on",
    "episodes": "episode_id child_id programme admitted_on appetite_test complications closed_on "
    "outcome "
    "transfer_reason",
    "checks": (
        "child_id checked_on diarrhoea fever cough poor_appetite examiner appetite_test "
        "sam_confirmed"
    ),
    "rations": "child_id issued_on item quantity",
    "attendance": "child_id month open_days attended_days",
    "visits": "child_id visited_on finding listed_on",
    "stocks": "centre_id counted_on item quantity",
}


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    """A district of 6,000 children and what the simulator says of it."""
    out = tmp_path_factory.mktemp("district")
    return out, simulate(out, children=6000, months=30, seed=7, dials=Dials(truth_draws=4))


def _read(folder, name):
    return pq.read_table(folder / f"{name}.parquet")


def test_home_visits_find_some_children_ill(district):
    out, _ = district
    found = _read(out, "visits")["finding"].to_pylist()
    assert 0.005 < found.count("ill") / len(found) < 0.2


def test_tables_have_the_contracts_columns(district):
    out, _ = district
    for name, columns in TABLES.items():
        assert _read(out, name).column_names == columns.split(), name


def test_dates_are_dates_and_codes_are_the_contracts(district):
    out, _ = district
    measurements, episodes = _read(out, "measurements"), _read(out, "episodes")
    assert str(measurements.schema.field("measured_on").type) == "date32[day]"
    assert set(measurements["reported_status"].to_pylist()) == {"green", "yellow", "red", None}
    assert set(measurements["height_position"].to_pylist()) == {"lying", "standing", None}
    assert set(episodes["programme"].to_pylist()) <= {"UCDC", "VCDC", "NRC", "CTC"}
    assert set(episodes["outcome"].to_pylist()) <= {
        "cured",
        "defaulted",
        "died",
        "not_recovered",
        "transferred",
        None,
    }


def test_the_folder_holds_tables_truth_and_provenance_only(district):
    out, facts = district
    assert {path.name for path in out.iterdir()} == {f"{name}.parquet" for name in TABLES} | {
        "truth",
        "provenance.json",
    }
    provenance = json.loads((out / "provenance.json").read_text())
    assert provenance["synthetic"] is True
    assert (provenance["seed"], provenance["months"], provenance["children"]) == (7, 30, 6000)


def test_rates_lie_near_the_published_ones(district):
    rates = district[1]["rates"]
    # 340 admissions: a share of 0.6 has a standard error of 0.027, and the bands are that much
    # wider.
    bands = {
        "true_wasted": (0.12, 0.26),
        "true_severely_wasted": (0.03, 0.11),
        "reported_red": (0.003, 0.03),
        "field_sam_confirmed": (0.35, 0.68),
        "months_missed": (0.14, 0.28),
        "heights_missing": (0.25, 0.36),
        "whole_cm": (0.45, 0.90),
        "treated_children": (0.025, 0.08),
        "cured": (0.35, 0.70),
        "defaulted": (0.08, 0.26),
        "died_in_care": (0.0, 0.03),
        "not_recovered_by_12_weeks": (0.3, 0.6),
        "relapse_by_183_days": (0.03, 0.25),
    }
    outside = {
        name: rates[name] for name, (low, high) in bands.items() if not low <= rates[name] <= high
    }
    assert not outside
    assert set(bands) <= set(PUBLISHED)


def test_true_and_reported_status_differ(district):
    rates = district[1]["rates"]
    assert rates["reported_red"] < 0.5 * rates["true_severely_wasted"]


def test_dirt_is_there(district):
    out, _ = district
    measurements, children = (
        _read(out, "measurements").to_pandas(),
        _read(out, "children").to_pandas(),
    )
    known = set(children.child_id)
    assert (measurements.weight_kg > 40).any()
    assert measurements.duplicated().any()
    assert not measurements.child_id.isin(known).all()
    assert (measurements.source == "bal_samvardhan").any()
    assert measurements.recorded_on.notna().any()
    assert len(children) > 6000
    assert (measurements.measured_on > max(measurements.recorded_on.dropna())).any()


def _who_points(out, *, sources=("awc_register", "poshan_app")):
    """Measured rows of real children with WHO's z by `features.who.growth`: child_id, measured_on,
    muac_mm, whz."""
    rows, children = _read(out, "measurements").to_pandas(), _read(out, "children").to_pandas()
    rows = rows[rows.source.isin(sources) & rows.weight_kg.notna() & rows.height_cm.notna()]
    rows = rows.merge(children[["child_id", "sex", "birth_date"]], on="child_id")
    rows["age_days"] = (pd.to_datetime(rows.measured_on) - pd.to_datetime(rows.birth_date)).dt.days
    answer = zscores(
        sex=np.where(rows.sex == "M", 1, 0),
        age_days=rows.age_days.to_numpy(),
        weight_kg=rows.weight_kg.to_numpy(),
        height_cm=rows.height_cm.to_numpy(),
        oedema=np.where(rows.oedema.notna(), rows.oedema, np.nan),
        height_position=rows.height_position.map({"lying": 0, "standing": 1}).fillna(-1).to_numpy(),
    )
    rows["whz"] = np.where(answer["whz_flag"] == 0, answer["whz"], np.nan)
    return rows[rows.age_days.between(183, 1826)].dropna(subset=["whz"])


def test_whos_z_of_what_is_recorded_is_the_latent_z(tmp_path):
    # Without error of measurement what is left is rounding to 0.1 kg and 0.1 cm, and the
    # simulator's own curve.
    simulate(tmp_path, children=4000, months=12, seed=11, dials=Dials(noise=0.0, truth_draws=1))
    truth = _read(tmp_path, "truth/non_response").to_pandas()
    admitted = truth[truth.landmark_day == 0].rename(columns={"index_on": "measured_on"})
    points = _who_points(tmp_path, sources=("medical_officer",)).merge(
        admitted, on=["child_id", "measured_on"]
    )
    off = points.whz - points.true_whz
    assert len(off) > 40
    assert off.abs().quantile(0.9) < 0.20
    assert abs(off.median()) < 0.06


def test_arm_and_weight_for_height_agree_by_half(district):
    points = _who_points(district[0]).dropna(subset=["muac_mm"]).drop_duplicates("child_id")
    assert len(points) > 500
    assert 0.38 < points.muac_mm.corr(points.whz) < 0.62


def test_a_month_resembles_the_month_before_but_does_not_repeat_it(district):
    points = _who_points(district[0])
    points["month"] = (
        pd.to_datetime(points.measured_on).dt.to_period("M").map(lambda month: month.ordinal)
    )
    points = points.drop_duplicates(["child_id", "month"])
    later = points.assign(month=points.month - 1)
    pairs = points.merge(later, on=["child_id", "month"], suffixes=("", "_later"))
    assert len(pairs) > 5000
    assert 0.6 < pairs.whz.corr(pairs.whz_later) < 0.92


@pytest.fixture(scope="module")
def random_losses():
    """12,000 lives whose records are lost at random, so that Aalen and Johansen's estimate
    holds."""
    return live_all(
        children=12_000,
        months=30,
        seed=2,
        dials=Dials(informative=0.0, missing=0.3, truth_draws=24),
    )


def _realised(lives, target):
    """Cumulative incidence of the event among the realised lives of all indexes, and how many."""
    endings = lives.rows["endings"]
    mine = (endings["target"] == target) & (endings["outcome"] != FAILED_DISCHARGE)
    code, index = endings["outcome"][mine], endings["index_on"][mine]
    if target == NON_RESPONSE:  # a cure competes as a death does
        days = np.minimum(endings["day"][mine] - index, 92)
        return cumulative_incidence(days, np.where(code == DID_NOT_HAPPEN, DIED, code)), len(code)
    dated = (code == HAPPENED) | (code == CENSORED)
    days = np.where(dated, endings["event_on"][mine], endings["day"][mine]) - index
    return cumulative_incidence(np.minimum(days, 184), code), len(code)


@pytest.mark.parametrize("target", [RELAPSE, NON_RESPONSE])
def test_truth_is_unbiased_for_what_happened(random_losses, target):
    marks = random_losses.rows["landmarks"]
    first = (marks["target"] == target) & (marks["day"] == marks["index_on"]) & (marks["lives"] > 0)
    share = marks["happened"][first] / marks["lives"][first]
    realised, indexes = _realised(random_losses, target)
    assert indexes > 200
    # The realised share is one draw per index; a third of the indexes is censored, which widens it
    # a little.
    error = np.sqrt(share.mean() * (1 - share.mean()) / (0.67 * indexes))
    assert abs(share.mean() - realised) < 3 * error
    assert share.std() > 0.05


def test_truth_ranks_what_happened(random_losses):
    marks, endings = random_losses.rows["landmarks"], random_losses.rows["endings"]
    key = ["child", "index_on"]
    marks, endings = (
        pd.DataFrame(rows)[lambda table: table.target == NON_RESPONSE] for rows in (marks, endings)
    )
    late = marks[marks.day - marks.index_on == 28].merge(endings[[*key, "outcome"]], on=key)
    late = late[late.outcome.isin([HAPPENED, DID_NOT_HAPPEN])]
    high = late.happened / late.lives > 0.5
    assert (late.outcome == HAPPENED)[high].mean() > (late.outcome == HAPPENED)[~high].mean() + 0.3


def _files(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes_and_another_seed_another_registry(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        simulate(tmp_path / name, children=300, months=6, seed=seed, dials=Dials(truth_draws=3))
    assert _files(tmp_path / "a") == _files(tmp_path / "b")
    assert (
        _files(tmp_path / "a")[Path("measurements.parquet")]
        != _files(tmp_path / "c")[Path("measurements.parquet")]
    )


@pytest.fixture(scope="module")
def both_formats(tmp_path_factory):
    """One registry written as Parquet and as CSV."""
    out = tmp_path_factory.mktemp("formats")
    for format in ("parquet", "csv"):
        simulate(
            out / format,
            children=2000,
            months=12,
            seed=1,
            format=format,
            dials=Dials(truth_draws=0),
        )
    return out


@pytest.mark.parametrize("name", TABLES)
def test_csv_says_what_parquet_says(both_formats, name):
    parquet = _read(both_formats / "parquet", name)
    options = pyarrow.csv.ConvertOptions(
        column_types=parquet.schema, strings_can_be_null=True, include_columns=parquet.column_names
    )
    read = pyarrow.csv.read_csv(both_formats / "csv" / f"{name}.csv", convert_options=options)
    assert parquet.num_rows > 0
    assert read.cast(parquet.schema).equals(parquet)


def test_a_new_format_replaces_the_former(tmp_path):
    for format in ("parquet", "csv"):
        simulate(tmp_path, children=60, months=3, seed=1, format=format, dials=Dials(truth_draws=0))
    assert {path.name for path in tmp_path.glob("*.*")} == {f"{name}.csv" for name in TABLES} | {
        "provenance.json"
    }


def test_noise_dial_takes_the_error_away(tmp_path):
    quiet = simulate(
        tmp_path / "q", children=1500, months=12, seed=5, dials=Dials(noise=0.0, truth_draws=0)
    )
    loud = simulate(
        tmp_path / "l", children=1500, months=12, seed=5, dials=Dials(noise=2.0, truth_draws=0)
    )
    assert quiet["rates"]["whole_or_half_kg"] < loud["rates"]["whole_or_half_kg"]
    assert quiet["rates"]["whole_cm"] < 0.3 < loud["rates"]["whole_cm"]


def _rates(children=1500, months=12, **dials):
    return rates(
        live_all(children=children, months=months, seed=5, dials=Dials(truth_draws=0, **dials))
    )


def test_missing_dial():
    assert _rates(missing=0.3)["months_missed"] + 0.1 < _rates(missing=3.0)["months_missed"]


def test_relapse_dial():
    mild, grave = (
        _rates(children=16_000, months=24, relapse=dial)["relapse_by_183_days"]
        for dial in (0.0, 3.0)
    )
    assert mild + 0.08 < grave


@pytest.mark.parametrize(("dial", "low", "high"), [(0.0, -0.12, 0.12), (2.0, 0.2, 0.9)])
def test_informative_dial_makes_missing_tell(dial, low, high):
    people = live_all(
        children=1500, months=18, seed=5, dials=Dials(truth_draws=0, informative=dial)
    ).people.children
    often = people[people["weighings"] >= 6]
    came = often["weighed"] / often["weighings"]
    assert low < np.corrcoef(came, often["adherence"])[0, 1] < high


def test_some_rows_are_the_colour_alone(district):
    rows = _read(district[0], "measurements").to_pandas()
    alone = rows.weight_kg.isna() & rows.height_cm.isna() & rows.muac_mm.isna()
    assert alone.sum() > 100
    assert rows.reported_status[alone].notna().all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"children": 3},
        {"months": 0},
        {"seed": -1},
        {"format": "xlsx"},
    ],
)
def test_senseless_arguments_are_refused(tmp_path, wrong):
    arguments = {"children": 50, "months": 2, "seed": 1, "format": "csv"} | wrong
    with pytest.raises(UsageError):
        simulate(tmp_path, **arguments)


@pytest.mark.parametrize("children", [20, 60, 150, 240])
def test_a_registry_of_a_few_children_is_written_and_printed(tmp_path, children):
    out = str(tmp_path / "few")
    told = runner.invoke(
        app, ["simulate", out, "--children", str(children), "--months", "6", "--truth-draws", "0"]
    )

    assert told.exit_code == 0, told.output
    assert pq.read_table(tmp_path / "few" / "children.parquet").num_rows >= children


def test_senseless_dials_are_refused():
    with pytest.raises(UsageError):
        Dials(noise=-1)
    with pytest.raises(UsageError):
        Dials(truth_draws=-1)


def test_nothing_is_imported_from_the_rooms_that_are_judged():
    allowed = {
        "registry",
        "__future__",
        "numpy",
        "numba",
        "pyarrow",
        "collections",
        "concurrent",
        "dataclasses",
        "datetime",
        "math",
        "hashlib",
        "json",
        "os",
        "pathlib",
        "typing",
    }
    for path in (ROOT / "registry" / "simulate").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= allowed, path.name


def test_no_number_is_shared_with_the_rooms_that_are_judged():
    """The simulator takes names and codes of tables from the contract, and no other name of
    ours."""
    words = {
        "day_number",
        "day_date",
        "AnyArray",
        "Flags",
        "Ints",
        "Floats",
        "AppetiteTest",
        "Examiner",
        "VisitFinding",
        "RationItem",
        "LeftReason",
        "StayOutcome",
        "HeightPosition",
        "Programme",
        "ReportedStatus",
        "Setting",
        "Sex",
        "TransferReason",
        "UsageError",
    }
    for path in (ROOT / "registry" / "simulate").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            ours = isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "registry"
            if ours and not node.module.startswith("registry.simulate"):
                assert {alias.name for alias in node.names} <= words, path.name


@njit
def _own_whz(sex, length, weight):
    return growth_curves.whz(sex, length, weight)


def _ours(row):
    """Weight-for-length z of one of WHO's survey children by the simulator's curve."""
    days = round(float(row["age_days"]))
    standing = row["measure"] == "h" if days >= 274 else False
    length = float(row["lenhei"]) + (0.7 if standing else 0.0)
    return _own_whz(int(row["sex"] == "1"), length, float(row["weight"]))


def test_own_growth_curve_agrees_with_whos_answers():
    with (ROOT / "tests" / "data" / "who_igrowup_survey_498.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["anthroR_zwfl"] not in ("", "NA")]
    off = [abs(_ours(row) - float(row["anthroR_zwfl"])) for row in rows]
    assert len(off) > 400
    assert np.quantile(off, 0.9) < 0.1
    assert np.mean(np.array(off) < 0.2) > 0.97


def test_cumulative_incidence_by_hand():
    # Four followed: an event on day 1, a death on day 2, a loss on day 3, an event on day 4:
    # 1/4, then (1/2 free of both after day 2) x 1/1 of the one left.
    days, codes = np.array([1, 2, 3, 4]), np.array([HAPPENED, DIED, DID_NOT_HAPPEN, HAPPENED])
    assert cumulative_incidence(days, codes) == pytest.approx(0.25 + 0.5)
