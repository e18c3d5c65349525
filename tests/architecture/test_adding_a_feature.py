"""Adding a feature changes one file: its column is declared beside the value, and everything else
follows."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = Path("features", "trajectory", "columns")
DECLARED = '    Feature("female", "0/1", "sex is female", "age"),\n'
FEATURE = '    Feature("age_weeks", "weeks", "age in whole weeks", "age", {"relapse": -1}),\n'
GIVEN = "        is_code(sex, Sex.FEMALE),\n"
VALUE = "        np.floor(days_apart(birth_date, today) / 7.0),\n"
PROGRAM = """
import json
import numpy as np
from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import CATALOGUE, NAMES, REASON_OF, fingerprint
from features.trajectory.smoother import DEFAULT_PRIORS
from registry.checks.table import build_records
from registry.contract.registry import day_number

girl = {"child_id": "girl", "sex": "F", "birth_date": "2025-01-01", "centre_id": "A",
        "birth_weight_kg": 2.6, "measurements": [{"measured_on": "2026-02-02", "weight_kg": 6.0}]}
registry, problems = build_records([girl])
assert problems == [[]]
day = np.array([day_number("2026-03-04")], np.int32)
(row,) = as_of(Clock(registry), np.zeros(1, np.int32), day, priors=DEFAULT_PRIORS)
print(json.dumps({
    "digest": fingerprint(),
    "values": {name: value for name, value in zip(NAMES, row.tolist()) if value == value},
    "reason": REASON_OF.get("age_weeks"),
    "directions": [feature.direction("relapse") for feature in CATALOGUE
                   if feature.name == "age_weeks"],
}))
"""


@pytest.fixture()
def house(tmp_path):
    """The rooms that features are made in, to be changed."""
    for room in ("registry", "features"):
        shutil.copytree(
            ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "simulate")
        )
    return tmp_path


def _ran(house: Path) -> subprocess.CompletedProcess:
    """A child's features in that house, interpreted: compiling it anew would take minutes."""
    environment = os.environ | {"PYTHONPATH": str(house), "NUMBA_DISABLE_JIT": "1"}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=house,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _add(house: Path, *, value: bool = True) -> None:
    file = house / COLUMNS / "child.py"
    text = file.read_text(encoding="utf-8")
    assert text.count(DECLARED) == text.count(GIVEN) == 1
    text = text.replace(DECLARED, DECLARED + FEATURE)
    file.write_text(text.replace(GIVEN, GIVEN + VALUE) if value else text, encoding="utf-8")


def test_a_feature_is_added_in_one_file(house):
    before = json.loads(_ran(house).stdout)
    _add(house)
    after = json.loads(_ran(house).stdout)
    assert before["values"]["age_days"] == 427 and "age_weeks" not in before["values"]
    assert after["values"] == before["values"] | {"age_weeks": 61}
    assert (after["reason"], after["directions"]) == ("age", [-1])
    assert after["digest"] != before["digest"]


def test_a_feature_that_is_declared_and_not_computed_is_refused(house):
    _add(house, value=False)
    assert "gives more or fewer values than it declares" in _ran(house).stderr
