"""The synthetic registry: its form, its dirt, its calibration, and that the same seed gives the same bytes."""

from __future__ import annotations

import ast
import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from numba import njit

from registry.errors import UsageError
from registry.simulate import growth
from registry.simulate.dials import Dials
from registry.simulate.rates import PUBLISHED, cumulative_incidence
from registry.simulate.state import DID_NOT_HAPPEN, DIED, HAPPENED
from registry.simulate.write import simulate

ROOT = Path(__file__).parents[1]
TABLES = {
    "centres": "centre_id name sector_id project_id district_id setting latitude longitude",
    "children": "child_id family_id sex birth_date centre_id birth_weight_kg registered_on left_on left_reason",
    "measurements": "child_id measured_on weight_kg height_cm height_position muac_mm oedema reported_status source "
                    "recorded_on",
    "episodes": "episode_id child_id programme admitted_on appetite_test complications closed_on outcome "
                "transfer_reason",
    "checks": "child_id checked_on diarrhoea fever cough poor_appetite",
    "rations": "child_id issued_on item quantity",
    "attendance": "child_id month open_days attended_days",
    "visits": "child_id visited_on finding listed_on",
}


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    """A district of 6,000 children and what the simulator says of it."""
    out = tmp_path_factory.mktemp("district")
    return out, simulate(out, children=6000, months=30, seed=7, dials=Dials(truth_draws=24))


def _read(folder, name):
    return pq.read_table(folder / f"{name}.parquet")


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
        "cured", "defaulted", "died", "not_recovered", "transferred", None}


def test_the_folder_holds_tables_truth_and_provenance_only(district):
    out, facts = district
    assert {path.name for path in out.iterdir()} == {f"{name}.parquet" for name in TABLES} | {
        "truth", "provenance.json"}
    provenance = json.loads((out / "provenance.json").read_text())
    assert provenance["synthetic"] is True
    assert (provenance["seed"], provenance["months"], provenance["children"]) == (7, 30, 6000)


def test_rates_lie_near_the_published_ones(district):
    rates = district[1]["rates"]
    bands = {
        "true_wasted": (0.12, 0.26), "true_severely_wasted": (0.03, 0.11), "reported_red": (0.003, 0.03),
        "field_sam_confirmed": (0.35, 0.68), "months_missed": (0.14, 0.28), "heights_missing": (0.25, 0.36),
        "whole_cm": (0.45, 0.90), "treated_children": (0.025, 0.08), "cured": (0.35, 0.65),
        "defaulted": (0.08, 0.26), "died_in_care": (0.0, 0.03), "not_recovered_by_12_weeks": (0.3, 0.6),
        "relapse_by_183_days": (0.03, 0.25),
    }
    outside = {name: rates[name] for name, (low, high) in bands.items() if not low <= rates[name] <= high}
    assert not outside
    assert set(bands) <= set(PUBLISHED)


def test_true_and_reported_status_differ(district):
    rates = district[1]["rates"]
    assert rates["reported_red"] < 0.5 * rates["true_severely_wasted"]


def test_month_to_month_correlation_of_a_discharged_or_treated_child_is_not_perfect(district):
    out, _ = district
    truth = _read(out, "truth/relapse").to_pandas().sort_values(["child_id", "index_on", "landmark_day"])
    pairs = truth.assign(later=truth.groupby(["child_id", "index_on"])["true_whz"].shift(-1)).dropna(subset=["later"])
    assert 0.6 < np.corrcoef(pairs.true_whz, pairs.later)[0, 1] < 0.97


@pytest.mark.parametrize(("target", "tolerance"), [("relapse", 0.06), ("non_response", 0.07)])
def test_truth_agrees_with_what_happened(district, target, tolerance):
    out, _ = district
    truth = _read(out, f"truth/{target}").to_pandas()
    answered = truth[truth.realised.isin(["happened", "did_not_happen", "died"])]
    first = answered[answered.landmark_day == 0]
    assert len(first) > 50
    assert truth.probability.between(0, 1).all()
    high = answered.probability > answered.probability.median()
    happened = answered.realised == "happened"
    assert happened[high].mean() > happened[~high].mean() + 0.1
    # Censoring takes more of those at risk away, so the answered are close to, not equal to, all.
    assert abs(first.probability.mean() - (first.realised == "happened").mean()) < tolerance * 2


def test_dirt_is_there(district):
    out, _ = district
    measurements, children = _read(out, "measurements").to_pandas(), _read(out, "children").to_pandas()
    known = set(children.child_id)
    assert (measurements.weight_kg > 40).any()
    assert measurements.duplicated().any()
    assert not measurements.child_id.isin(known).all()
    assert (measurements.source == "bal_samvardhan").any()
    assert measurements.recorded_on.notna().any()
    assert len(children) > 6000
    assert (measurements.measured_on > max(measurements.recorded_on.dropna())).any()


def test_same_seed_same_bytes_and_another_seed_another_registry(tmp_path):
    digests = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        simulate(tmp_path / name, children=300, months=6, seed=seed, dials=Dials(truth_draws=3))
        files = sorted((tmp_path / name).rglob("*.parquet"))
        digests.append(hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest())
    assert digests[0] == digests[1] != digests[2]


def test_csv_has_iso_dates_and_replaces_parquet(tmp_path):
    simulate(tmp_path, children=60, months=3, seed=1, dials=Dials(truth_draws=0))
    simulate(tmp_path, children=60, months=3, seed=1, format="csv", dials=Dials(truth_draws=0))
    assert not list(tmp_path.glob("*.parquet"))
    born = pyarrow.csv.read_csv(tmp_path / "children.csv")["birth_date"]
    assert str(born.type) == "date32[day]"


def test_noise_dial_takes_the_error_away(tmp_path):
    quiet = simulate(tmp_path / "q", children=1500, months=12, seed=5, dials=Dials(noise=0.0, truth_draws=0))
    loud = simulate(tmp_path / "l", children=1500, months=12, seed=5, dials=Dials(noise=2.0, truth_draws=0))
    assert quiet["rates"]["whole_or_half_kg"] < loud["rates"]["whole_or_half_kg"]
    assert quiet["rates"]["whole_cm"] < 0.3 < loud["rates"]["whole_cm"]


def test_missing_dial(tmp_path):
    some = simulate(tmp_path / "s", children=800, months=12, seed=5, dials=Dials(missing=0.3, truth_draws=0))
    most = simulate(tmp_path / "m", children=800, months=12, seed=5, dials=Dials(missing=3.0, truth_draws=0))
    assert some["rates"]["months_missed"] + 0.1 < most["rates"]["months_missed"]


@pytest.mark.parametrize("wrong", [
    {"children": 3}, {"months": 0}, {"seed": -1}, {"format": "xlsx"},
])
def test_senseless_arguments_are_refused(tmp_path, wrong):
    arguments = {"children": 50, "months": 2, "seed": 1, "format": "csv"} | wrong
    with pytest.raises(UsageError):
        simulate(tmp_path, **arguments)


def test_senseless_dials_are_refused():
    with pytest.raises(UsageError):
        Dials(noise=-1)
    with pytest.raises(UsageError):
        Dials(truth_draws=-1)


def test_nothing_is_imported_from_the_rooms_that_are_judged():
    allowed = {"registry", "__future__", "numpy", "numba", "pyarrow", "collections", "concurrent", "dataclasses",
               "datetime", "hashlib", "json", "os", "pathlib", "typing"}
    for path in (ROOT / "registry" / "simulate").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= allowed, path.name


@njit
def _own_whz(sex, length, weight):
    return growth.whz(sex, length, weight)


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
