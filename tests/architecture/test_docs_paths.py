"""Every file, folder and name of the code that a page of the documentation mentions is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("registry", "features", "care", "models", "training", "serving", "sanket")
BESIDE = ("benchmarks", "deploy", "docs", "notebooks", "tests", ".ci")
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")], key=str
)
"""CHANGELOG.md is not among them: it names what was."""
AT_A_FOLDER = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, ROOMS + BESIDE))})/[\w./*-]*")
A_FILE_ALONE = re.compile(r"(?<![\w./*-])[\w-]+\.(?:py|toml|jinja|npz|yaml|lock)(?![\w/])")
A_NAME = re.compile(rf"(?<![\w./-])(?:{'|'.join(ROOMS)})(?:\.(?!py\b)[A-Za-z_]\w*)+(?![\w/*-])")
A_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
NOT_OURS = {"sanket.features"}
"""Named on a page as what there is not."""
READERS_OWN = {"map.toml", "MAP.toml", "registry.toml", "FILE.toml", "experiment.toml"}
"""What a reader of the page makes."""


def quoted(page: Path) -> str:
    """What stands in code of the page: names are not looked for in plain sentences."""
    text = page.read_text(encoding="utf-8")
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, flags=re.DOTALL))


@cache
def file_names() -> frozenset[str]:
    """Names of all files of the rooms and of the folders beside them."""
    folders = (ROOT / folder for folder in ROOMS + BESIDE)
    inside = {path.name for folder in folders for path in folder.rglob("*") if path.is_file()}
    return frozenset(inside | {path.name for path in ROOT.iterdir()})


@cache
def names_of(module: Path) -> frozenset[str]:
    """What a module defines or imports at its top."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return frozenset(found)


def is_there(dotted: str) -> bool:
    """Whether `room.module.Name` (or `room.module.Class.method`) is a module or a name in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        at = ROOT.joinpath(*parts[:length])
        module = at.with_suffix(".py") if at.with_suffix(".py").is_file() else at / "__init__.py"
        if module.is_file():
            return all(part in names_of(module) for part in parts[length:])
    return False


def exists(path: str) -> bool:
    """Whether the tree has this path, or one that the pattern fits."""
    return any(ROOT.glob(path)) if "*" in path else (ROOT / path).exists()


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_what_a_page_names_is_there(page):
    text, code = page.read_text(encoding="utf-8"), quoted(page)
    paths = {path.rstrip(".") for path in AT_A_FOLDER.findall(text)}
    assert {path for path in paths if not exists(path)} == set()
    assert set(A_FILE_ALONE.findall(code)) - file_names() - READERS_OWN == set()
    assert {name for name in A_NAME.findall(code) if not is_there(name)} <= NOT_OURS


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_the_links_of_a_page_lead_somewhere(page):
    links = set(A_LINK.findall(page.read_text(encoding="utf-8")))
    ours = {link for link in links if "://" not in link}
    assert {link for link in ours if not (page.parent / link).exists()} == set()


def test_every_decision_is_in_their_list():
    folder = ROOT / "docs" / "decisions"
    listed = set(A_LINK.findall((folder / "README.md").read_text(encoding="utf-8")))
    assert listed == {page.name for page in folder.glob("*.md")} - {"README.md"}


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_every_page_is_linked_from_the_first_one(page):
    assert f"](docs/{page.name})" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_pages_that_the_code_names_are_there():
    modules = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    named = {
        page
        for module in modules
        for page in re.findall(r"(?<![\w/])docs/[\w/.-]+\.md", module.read_text(encoding="utf-8"))
    }
    assert named and {page for page in named if not exists(page)} == set()
