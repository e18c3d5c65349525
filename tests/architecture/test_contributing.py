"""CONTRIBUTING.md says what is true: its commands are there, and its steps for a rule of the pathway
are taken here, in a copy of the house."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
VALUE = """
[values.born_light_kg]
value = 2.0
source = "Made up for this test"
verified = false
"""
BOUND = '    "born_light_kg": (REAL, 1, 3),\n'
RULE = """def born_light(facts, protocol):
    return facts["birth_weight_kg"] < protocol["born_light_kg"]


SCREENING = (
    {rule}(
        "born_light",
        born_light,
        "screened_well",
        "weigh_fortnightly",
        "awc_worker",
        "Born light: weighed every two weeks.",
        ("weighed_on",),
        "infant_weigh_every_days",
        cites=("born_light_kg",),
    ),
"""
WORDS = {"rules": "Born light", "rules_short": "Born light"}
PROGRAM = """
import json
import sys

import numpy as np

from care.pathway import facts
from care.pathway.citations import record
from care.pathway.decide import FEW, RULES, place
from care.protocol import standard
from serving.language.words import words

TODAY = 20_000
well = {"age_days": 500, "sam": 0, "mam": 0, "suw": 0, "sam_on": TODAY - 3, "mam_on": TODAY - 3,
        "judged_on": TODAY - 3, "measured_on": TODAY - 3, "weighed_on": TODAY - 3,
        "height_on": TODAY - 3, "birth_weight_kg": float(sys.argv[1])}


def answers(rows):
    placed = place(facts.table(rows, day=TODAY, **well), standard())
    told = [placed.row(i) for i in range(rows)]
    assert all(one == told[0] for one in told)
    return {key: str(value) for key, value in told[0].items()}


few, many = answers(1), answers(FEW + 1)
assert few == many
print(json.dumps({
    "rule": few["rule"], "step": few["next_step"], "due": few["by_when"],
    "source": record(few["rule"], standard())["sources"],
    "words": [words(code)(table, few["rule"]) for code in ("en", "hi", "mr")
              for table in ("rules", "rules_short")],
}))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the rooms that a rule and its words are in, changed by the steps of the page."""
    there = tmp_path_factory.mktemp("house")
    for room in ("registry", "features", "care", "models", "serving"):
        leave = shutil.ignore_patterns("__pycache__", "simulate", "fonts", "static")
        shutil.copytree(ROOT / room, there / room, ignore=leave)
    return there


def changed(file: Path, before: str, after: str) -> None:
    """Put one text in the place of another that stands there once."""
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1, (file, before)
    file.write_text(text.replace(before, after), encoding="utf-8")


def add_a_rule(house: Path) -> None:
    """The steps under "A care rule"."""
    protocol = house / "care" / "protocol.toml"
    protocol.write_text(protocol.read_text(encoding="utf-8") + VALUE, encoding="utf-8")
    code = house / "care" / "protocol.py"
    bounds = re.search(r"^BOUNDS: .*\{\n", code.read_text(encoding="utf-8"), re.MULTILINE)
    changed(code, bounds.group(), bounds.group() + BOUND)
    screening = house / "care" / "pathway" / "rules" / "screening.py"
    group = re.search(
        r"^SCREENING\b.*\(\n    (\w+)\(\n", screening.read_text(encoding="utf-8"), re.MULTILINE
    )
    first = group.group().split("\n", 1)[1]
    changed(screening, group.group(), RULE.format(rule=group.group(1)) + first)
    for words in (house / "serving" / "language" / "words").glob("*.toml"):
        for table, word in WORDS.items():
            changed(words, f"[{table}]\n", f'[{table}]\nborn_light = "{word}"\n')


def answer(house: Path, birth_weight_kg: float) -> dict[str, object]:
    """What the pathway of that house says of a child who is well, by its weight at birth."""
    environment = os.environ | {"PYTHONPATH": str(house), "NUMBA_CACHE_DIR": str(house / "cache")}
    command = [sys.executable, "-c", PROGRAM, str(birth_weight_kg)]
    ran = subprocess.run(
        command, cwd=house, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_rule_is_a_predicate_what_follows_its_number_and_its_words(house):
    before = answer(house, 1.9)
    add_a_rule(house)
    after, heavier = answer(house, 1.9), answer(house, 2.0)
    assert before == heavier and before["rule"] == "well"
    assert (after["rule"], after["step"]) == ("born_light", "weigh_fortnightly")
    assert after["source"]["born_light_kg"]["source"] == "Made up for this test"
    assert after["words"] == ["Born light"] * 6


def test_the_tests_that_the_page_names_are_there():
    named = set(re.findall(r"(tests/[\w/]+\.py)(?:::(\w+))?", PAGE))
    missing = {
        (file, name)
        for file, name in named
        if not (ROOT / file).exists()
        or (name and f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8"))
    }
    assert named and missing == set()


def test_the_page_s_make_commands_are_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    asked = set(
        re.findall(
            r"\bmake ([a-z]+)\b", "\n".join(re.findall(r"`[^`]+`|```.*?```", PAGE, re.DOTALL))
        )
    )
    assert asked and {name for name in asked if f"\n{name}:" not in makefile} == set()
