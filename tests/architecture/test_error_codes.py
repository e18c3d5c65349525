"""Every error code is declared once, used, and in a page; a refusal from below HTTP is mapped once."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from registry.contract.error_codes import DECLARED, PAGE, families, page
from registry.contract.rules import RULES
from serving.errors import AccessError, ServingError
from serving.http.problems import KINDS, STATUS, TOLD_AS
from training.checks.run_checks import CHECKS

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("registry", "features", "care", "models", "training", "serving", "sanket")
CODE = re.compile(r"(?!SHA256)[A-Z]{3,4}\d{3}")
DECLARING = {"registry/contract/tables.py", "registry/contract/rules.py"}
BELOW_HTTP = ("access", "answering", "audit", "book", "process", "visits")
"""Folders of `serving/` that know no HTTP problem."""


def declared() -> list[str]:
    """All codes, as often as they are declared."""
    told = [one.code for family in families() for one in family.codes]
    return [*told, *RULES, *CHECKS]


@cache
def codes_in(module: Path) -> frozenset[str]:
    """The codes that stand in a module as texts of their own."""
    return frozenset(
        node.value
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and CODE.fullmatch(node.value)
    )


def modules() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def subclasses(kind: type) -> set[type]:
    return {one for below in kind.__subclasses__() for one in {below} | subclasses(below)}


def test_every_code_that_is_raised_is_declared():
    known = set(declared())
    unknown = {
        str(path.relative_to(ROOT)): sorted(codes_in(path) - known)
        for path in modules()
        if codes_in(path) - known
    }
    assert unknown == {}


def test_every_code_is_declared_once():
    told = declared()
    assert len(told) == len(set(told))
    # A second rule or check of one code would replace the first in its dictionary without a word.
    written = [
        code
        for path in modules()
        for code in re.findall(
            r'(?:Rule|@check)\(\s*"([A-Z]+\d{3})"', path.read_text(encoding="utf-8")
        )
    ]
    assert sorted(written) == sorted([*RULES, *CHECKS])


def test_no_code_is_declared_for_nothing():
    places = [path for path in modules() if str(path.relative_to(ROOT)) not in DECLARING]
    problems = ROOT / "serving" / "http" / "problems.py"
    used = {code for path in places if path != problems for code in codes_in(path)}
    used |= {code for code, _ in TOLD_AS.values()}
    bounds = ROOT / "registry" / "contract" / "tables.py"
    used |= {code for code in codes_in(bounds) if code in RULES}
    assert sorted(set(declared()) - used) == []


def test_a_code_says_what_is_wrong_and_what_to_do():
    for family in families():
        assert family.about and family.codes
        for one in family.codes:
            assert one.code.startswith(family.letters) and CODE.fullmatch(one.code)
            assert one.title and not one.title.endswith("."), one.code
            assert one.advice.endswith("."), one.code
            assert "|" not in one.title + one.advice
        titles = [one.title for one in family.codes]
        assert len(titles) == len(set(titles)), family.letters


def test_the_page_of_errors_is_made_from_the_declaration():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m registry.contract.error_codes"
    )
    assert DECLARED.is_file()


@pytest.mark.parametrize("pages", ["docs/*.md", "docs/checks/*.md"])
def test_no_page_names_a_code_that_is_not_there(pages):
    known = set(declared())
    for path in ROOT.glob(pages):
        # "PRJ001" in quotes is a project of the simulator's.
        told = set(re.findall(rf'(?<!")\b{CODE.pattern}\b', path.read_text(encoding="utf-8")))
        assert told <= known, path.name


def test_every_code_stands_in_a_page():
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    assert [code for code in declared() if code not in text] == []


def test_every_refusal_of_serving_has_one_code_and_one_problem():
    kinds = subclasses(ServingError) - {AccessError}
    known = set(declared())
    assert set(TOLD_AS) == kinds
    assert {kind.__name__ for kind in kinds if kind.stands_for not in known} == set()
    assert {kind.__name__ for kind in kinds if kind.exit_code not in (2, 3, 5)} == set()
    assert {code for code, _ in TOLD_AS.values()} <= set(KINDS) == set(STATUS)


@pytest.mark.parametrize("folder", BELOW_HTTP)
def test_below_http_nobody_speaks_of_http_problems(folder):
    speaking = [
        path.name
        for path in (ROOT / "serving" / folder).rglob("*.py")
        if "HttpProblem" in path.read_text(encoding="utf-8")
        or "serving.http.problems" in path.read_text(encoding="utf-8")
    ]
    assert speaking == []
