"""`pip install .` gives a working `sanket`: every file that is read at run time is in the wheel, and nothing else."""

import ast
import csv
import functools
import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
import zipfile
from importlib.metadata import packages_distributions

import pytest
import typer

from sanket.app import app
from tests.support.installed_package import PROJECT, ROOMS, ROOT, installed, kept_files

VERBS = sorted(typer.main.get_command(app).commands)
READ = """
import inspect, pathlib
import jinja2
from care.protocol import standard
from features.criteria import criteria
from serving.language.words import words
from training.report import drift_page, report_page
for page, name in ((drift_page, "drift.html.jinja"), (report_page, "report.html.jinja")):
    room = pathlib.Path(inspect.getfile(page)).parent
    print(jinja2.FileSystemLoader(room).get_source(jinja2.Environment(), name)[1])
criteria(), standard()
print(*(words(language).language for language in ("en", "hi", "mr")))
"""
PLACES = (
    "import importlib, sys\nfor room in sys.argv[1:]: print(importlib.import_module(room).__file__)"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return installed(tmp_path_factory.mktemp("installed"))


def test_the_wheel_holds_every_file_of_the_rooms_and_no_other(made):
    with zipfile.ZipFile(made.wheel) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert inside == set(kept_files())
    assert {name.partition("/")[0] for name in inside} == set(ROOMS)
    assert any(name.endswith(".jinja") for name in inside)


def test_all_rooms_are_imported_from_where_they_were_installed(made):
    told = made.run("python", "-P", "-c", PLACES, *ROOMS)
    assert told.stdout.split() == [str(made.packages / room / "__init__.py") for room in ROOMS]


def test_no_other_package_brings_a_name_of_ours():
    owners = packages_distributions()
    assert {room: set(owners[room]) for room in ROOMS} == {room: {"sanket"} for room in ROOMS}


def test_its_command_knows_every_verb(made):
    told = made.run("sanket", "--help", COLUMNS="200")
    assert told.returncode == 0 and told.stderr == ""
    assert [verb for verb in VERBS if f" {verb} " not in told.stdout] == []


def test_its_templates_words_and_protocol_are_there(made):
    told = made.run("python", "-P", "-c", READ)
    assert told.returncode == 0, told.stderr
    templates = [f"training/report/{page}.html.jinja" for page in ("drift", "report")]
    assert told.stdout.split() == [
        *(str(made.packages / name) for name in templates),
        "en",
        "hi",
        "mr",
    ]


def test_it_answers_a_table_with_z_scores(made):
    (made.folder / "survey.csv").write_text("sex,age_days,weight_kg,height_cm\nF,400,8.1,72\n")
    # Interpreted: compiling takes longer than a test may, and gives the same figures.
    told = made.run("sanket", "zscores", "survey.csv", "-o", "scored.csv", NUMBA_DISABLE_JIT="1")
    assert told.returncode == 0, told.stderr
    with (made.folder / "scored.csv").open(newline="", encoding="utf-8") as scored:
        (row,) = csv.DictReader(scored)
    assert (row["waz"], row["haz"], row["whz"]) == ("-1.05", "-1.28", "-0.63")


@pytest.mark.parametrize("extra", PROJECT["project"]["optional-dependencies"])
def test_what_only_tests_or_benchmarks_read_is_not_asked_for(extra):
    named = {
        re.match(r"[\w-]+", asked).group().replace("-", "_")
        for asked in PROJECT["project"]["optional-dependencies"][extra]
    }
    assert {name for name, imported in imports_of_files().items() if imported & named} == set()


@functools.cache
def imports_of_files():
    """The names that each file of the rooms imports, by its own name."""
    return {
        name: set(imported(ast.parse((ROOT / name).read_text(encoding="utf-8"))))
        for name in kept_files()
        if name.endswith(".py")
    }


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield (getattr(node, "module", None) or "").partition(".")[0]
            yield from (alias.name.partition(".")[0] for alias in node.names)


@pytest.mark.soak
def test_the_whole_way_from_a_simulated_district_to_a_served_list(made):
    verbs = (
        ("demo", "--no-serve"),
        ("import", "demo/registry", "--to", "again.db"),
        ("visits", "demo/demo.db", "--json"),
        ("evaluate", "demo/demo.db", "-o", "report.html"),
    )
    for words in verbs:
        told = made.run("sanket", *words)
        if words[0] == "visits":
            assert told.returncode == 2 and "LST012" in told.stderr
            sector = told.stderr.split("there are ")[1].partition(",")[0].strip()
            told = made.run("sanket", *words, "--sector", sector)
            assert json.loads(told.stdout)["sector_id"] == sector
        assert told.returncode == 0, (words, told.stderr)
    assert "<html" in (made.folder / "report.html").read_text(encoding="utf-8")
    assert served(made, "demo/demo.db")["champions"]["relapse"]["version"]


def served(made, store):
    """What `/readyz` of the installed service says, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(made.folder / "bin" / "sanket"), "serve", store, "--port", str(port)]
    service = subprocess.Popen(command, cwd=made.folder, env=made.surroundings())
    try:
        until = time.monotonic() + 180
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as told:
                    return json.load(told)
            except OSError:
                assert time.monotonic() < until and service.poll() is None
                time.sleep(0.5)
    finally:
        service.send_signal(signal.SIGINT)
        assert service.wait(timeout=60) == 0
