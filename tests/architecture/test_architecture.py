"""The house rules that a program can check: who imports whom, one room a heavy library, small
modules, no ends."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAY_IMPORT = {
    "registry": {"registry"},
    "features": {"registry", "features"},
    "care": {"registry", "features", "care"},
    "models": {"registry", "features", "care", "models"},
    "training": {"registry", "features", "care", "models", "training"},
    "serving": {"registry", "features", "care", "models", "serving"},
    "sanket": {"registry", "features", "care", "models", "training", "serving", "sanket"},
}
ROOMS = {
    "mlflow": {
        "training/tracking/mlflow_runs.py",
        "training/tracking/served_bundle.py",
        "training/tracking/travelling_model.py",
    },
    "bentoml": {"serving/service.py", "serving/process/bento.py"},
    "lightgbm": {
        "training/fitting/fit.py",
        "training/fitting/own_forest.py",
        "training/metrics/simple_models.py",
        "training/fitting/transfer.py",
        "training/fitting/visit_weights.py",
        "training/forecasting/learners.py",
        "models/bundle.py",
    },
    "shap": {"training/"},
    "optuna": {"training/fitting/tune.py"},
    "dask": set(),
    "distributed": {"registry/engine.py"},
    "fastapi": {"serving/"},
    "pypdfium2": {"serving/pages/areas/report/report_card.py"},
    "typer": {"sanket/"},
    "pickle": set(),
    "joblib": set(),
    "cloudpickle": set(),
    "dill": set(),
    "polars": set(),
}
"""Which modules (or folders) may import a library; every other may not."""
HEAVY = (
    "numpy",
    "pandas",
    "numba",
    "pyarrow",
    "scipy",
    "sklearn",
    "lightgbm",
    "matplotlib",
    "mlflow",
    "bentoml",
    "fastapi",
    "sqlalchemy",
    "optuna",
    "shap",
    "duckdb",
)
LONGEST_MODULE = 450
KNOWN_DATES = {"known_from", "known_until", "closed_known_from", "left_known_from"}


@cache
def modules(*rooms: str) -> tuple[str, ...]:
    """The modules of some rooms (all of them by default), as paths from the root."""
    return tuple(
        sorted(
            str(path.relative_to(ROOT))
            for room in rooms or MAY_IMPORT
            for path in (ROOT / room).rglob("*.py")
        )
    )


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


@cache
def nodes(module: str) -> tuple[ast.AST, ...]:
    """Every node of a module: walked once, read by many tests."""
    return tuple(ast.walk(tree(module)))


@cache
def imported(module: str, *, at_the_top: bool = False) -> set[str]:
    """Full names of what a module imports, anywhere or at its top alone."""
    found = set()
    for node in tree(module).body if at_the_top else nodes(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that a reader sees the room"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_of(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_one_way(room):
    wrong = {
        module: outside
        for module in modules(room)
        if (outside := (rooms_of(imported(module)) & set(MAY_IMPORT)) - MAY_IMPORT[room])
    }
    assert wrong == {}


@pytest.mark.parametrize("library", ROOMS)
def test_a_heavy_library_stays_in_its_room(library):
    allowed = tuple(ROOMS[library])
    outside = [
        module
        for module in modules()
        if library in rooms_of(imported(module)) and not (allowed and module.startswith(allowed))
    ]
    assert outside == []


def test_the_simulator_knows_nothing_of_how_its_children_will_be_judged():
    allowed = {
        "registry.contract.arrays",
        "registry.contract.codes",
        "registry.contract.days",
        "registry.contract.errors",
        "registry.simulate",
        "registry.read",
        "registry.store.store",
    }
    for module in modules("registry/simulate"):
        ours = {name for name in imported(module) if name.split(".")[0] in MAY_IMPORT}
        assert all(name.startswith(tuple(allowed)) for name in ours), module


def test_the_front_door_imports_the_house_only_inside_its_commands():
    # The last four are small tables that import nothing heavy: `--help` lists what is in them.
    allowed = {
        "sanket",
        "registry.contract.errors",
        "models.visits.hold_out",
        "serving.language.languages",
        "serving.visits.capacity",
        "serving.visits.paper.formats",
    }
    for module in modules("sanket"):
        house = {
            name for name in imported(module, at_the_top=True) if name.split(".")[0] in MAY_IMPORT
        }
        assert {name for name in house if not name.startswith(tuple(allowed))} == set(), module
        assert rooms_of(imported(module, at_the_top=True)) & set(HEAVY) == set(), module


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["visits", "--help"]])
def test_help_loads_no_heavy_library(words):
    program = (
        "import sys, json\nfrom sanket.app import main\n"
        "try:\n    main(json.loads(sys.argv[1]))\nexcept SystemExit as end:\n    assert "
        "end.code in (0, None)\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, json.dumps(words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert "Usage" in ran.stdout
    assert set(json.loads(ran.stderr.splitlines()[-1])) & set(HEAVY) == set()


def compared_names(module: str) -> Iterator[str]:
    """Names and columns in a comparison of two days (one with NEVER only asks whether there is a
    day)."""
    for node in nodes(module):
        parts = list(ast.walk(node)) if isinstance(node, ast.Compare) else []
        if any(isinstance(part, ast.Name) and part.id == "NEVER" for part in parts):
            continue
        for part in parts:
            if isinstance(part, ast.Name):
                yield part.id
            elif isinstance(part, ast.Attribute):
                yield part.attr
            elif isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant):
                yield str(part.slice.value)


def test_when_something_was_known_is_compared_by_the_clock_alone():
    comparing = {
        module
        for module in modules("features", "care", "models", "training")
        if KNOWN_DATES & set(compared_names(module))
    }
    # The probes recompute what the clock hides, by hand, to find it out if it ever leaks.
    assert comparing == {
        "features/clock.py",
        "training/cohorts/known_before.py",
        "training/evaluation/probes.py",
    }


def test_nothing_that_is_computed_asks_what_day_it_is():
    # Promoting is an act of a person on a day, and is noted with it.
    computed = set(modules("features", "models", "training", "registry/simulate")) - {
        "training/commands/promote.py"
    }
    asking = [
        module
        for module in computed
        for node in nodes(module)
        if isinstance(node, ast.Attribute)
        and node.attr in ("today", "utcnow", "now")
        and isinstance(node.value, ast.Name | ast.Attribute)
        and (getattr(node.value, "id", None) or getattr(node.value, "attr", ""))
        in ("date", "datetime", "dt")
    ]
    assert asking == []


PRIVATE_USES = {
    "serving/visits/paper/shaped_pdf.py": {"_out", "_set_font_for_page"},
}
"""Names with an underscore that are a library's own: each in one module, which says why, and with a
test (`test_shaped_pdf`, `test_server_parts`) that fails when the library changes it."""
OF_NAMED_TUPLES = {"_fields", "_replace", "_asdict", "_make"}


def own_names() -> set[str]:
    """Every name with an underscore that our own modules define."""
    defined = set()
    for node in (node for module in modules() for node in nodes(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.attr if isinstance(node, ast.Attribute) else node.id)
    return defined


def test_what_a_library_keeps_to_itself_is_used_in_one_place_each():
    ours, used = own_names() | OF_NAMED_TUPLES, {}
    for module in modules():
        names = {node.attr for node in nodes(module) if isinstance(node, ast.Attribute)}
        private = {name for name in names if re.match("_[^_]", name)} - ours
        private |= {
            part
            for name in imported(module)
            if name.split(".")[0] not in MAY_IMPORT
            for part in name.split(".")
            if re.match("_[^_]", part)
        }
        if private:
            used[module] = private
    assert used == PRIVATE_USES


def test_no_loop_over_groups_of_a_frame():
    calls = [
        module
        for module in modules("registry", "features", "care", "models", "training")
        for node in nodes(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("apply", "iterrows")
    ]
    assert calls == []


def test_modules_are_short():
    long = {
        module: lines
        for module in modules()
        if (lines := len((ROOT / module).read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE
    }
    assert long == {}


def test_functions_are_short():
    lengths = [
        node.end_lineno - node.lineno + 1 - _docstring_lines(node)
        for module in modules()
        for node in nodes(module)
        if isinstance(node, ast.FunctionDef)
    ]
    assert median(lengths) <= 10
    assert sum(length < 25 for length in lengths) / len(lengths) > 0.9


def _docstring_lines(node: ast.FunctionDef) -> int:
    first = node.body[0]
    told = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return first.end_lineno - first.lineno + 1 if told else 0


def test_a_module_says_what_it_is_for():
    assert [
        module for module in modules() if tree(module).body and not ast.get_docstring(tree(module))
    ] == []


@cache
def known_modules() -> dict[str, str]:
    """Each module's path by the name that it is imported by."""
    return {path[:-3].replace("/", "."): path for path in modules()}


@cache
def imported_modules(module: str) -> set[str]:
    """Our modules that a module imports when it runs (not for type checkers alone), as paths."""
    known = known_modules()
    only_typed = {
        id(inner)
        for node in nodes(module)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = set()
    for node in nodes(module):
        if isinstance(node, ast.ImportFrom) and id(node) not in only_typed:
            for alias in node.names:
                path = known.get(f"{node.module}.{alias.name}") or known.get(str(node.module))
                found |= {path} if path else set()
    return found


def boxes(folder: str) -> dict[str, set[str]]:
    """Arrows between the boxes of a folder: its files and folders, by name."""
    arrows: dict[str, set[str]] = {}
    inside = [path for path in modules() if path.startswith(f"{folder}/")]
    for module in inside:
        box = module[len(folder) + 1 :].split("/")[0]
        arrows.setdefault(box, set())
        for other in imported_modules(module):
            if other.startswith(f"{folder}/"):
                arrows[box].add(other[len(folder) + 1 :].split("/")[0])
        arrows[box].discard(box)
    return arrows


FOLDERS = sorted({str(Path(module).parent) for module in modules()})


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folders_boxes_have_no_circle(folder):
    order = TopologicalSorter(boxes(folder))
    order.prepare()


SIMULATED = "registry/simulate"
"""The one folder that is a world of its own, with as many files as that world has parts."""


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if folder != SIMULATED])
def test_a_reader_meets_few_boxes_in_a_folder(folder):
    assert len([box for box in boxes(folder) if box != "__init__.py"]) <= 16


def test_a_class_name_stands_for_one_thing():
    places: dict[str, list[str]] = {}
    for module in modules():
        for node in nodes(module):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(module)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


SAME_NAME = {"app.py", "errors.py"}
"""The service's and the command line's application; the tree of errors and the service's own."""


def test_a_file_name_stands_for_one_thing():
    named = Counter(Path(module).name for module in modules())
    twice = {name for name, count in named.items() if count > 1}
    assert twice - {"__init__.py"} == SAME_NAME


def test_no_module_is_called_after_nothing():
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [module for module in modules() if Path(module).stem in vague] == []


def test_nothing_is_left_for_later():
    later = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|NotImplemented" r"Error)\b")
    places = [
        *modules(),
        *(
            str(path.relative_to(ROOT))
            for folder in ("tests", "benchmarks")
            for path in (ROOT / folder).rglob("*.py")
        ),
    ]
    assert [
        place for place in places if later.search((ROOT / place).read_text(encoding="utf-8"))
    ] == []


def test_no_test_is_passed_over():
    for path in (ROOT / "tests").rglob("*.py"):
        marks = {
            f"{node.value.attr}.{node.attr}"
            for node in nodes(str(path.relative_to(ROOT)))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)
        }
        calls = {
            node.func.attr
            for node in nodes(str(path.relative_to(ROOT)))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "pytest"
        }
        assert not marks & {"mark.skip", "mark.skipif", "mark.xfail"}, path.name
        assert not calls & {"skip", "xfail", "importorskip"}, path.name


def test_mlflow_finds_the_project():
    link = ROOT / "MLproject"
    assert link.is_symlink() and link.resolve() == ROOT / "mlproject.yaml"
    assert "name: sanket" in link.read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", [path.name for path in ROOT.glob("requirements*.lock")])
def test_a_lock_pins_with_hashes_and_names_no_host(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = re.findall(r"^[A-Za-z0-9][\w.\[\],-]*==", text, re.MULTILINE)
    assert pinned and "://" not in text and "index-url" not in text and "find-links" not in text
    assert len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE)) == len(pinned)
    assert text.count("--hash=sha256:") >= len(pinned)
