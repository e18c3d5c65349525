"""`make` finds what the machine lacks, installs it where it may, else says so in one line; CI runs
on a bare machine.

The scripts are the real ones; the machine around them (its programs, its apt, its user) is made of
small scripts.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "deploy" / "machine.sh"
TEST_NEEDS = (
    "python3.11",
    "python3.11-venv",
    "libgomp1",
    "chromium",
    "chromium-driver",
    "nginx",
    "openssl",
)


class Machine:
    """A folder of programs, which are all that there is. `asked` is what was asked of apt, a line a
    call."""

    def __init__(self, folder: Path):
        self.programs, self.root, self._asked = folder / "bin", folder / "root", folder / "asked"
        self.programs.mkdir()
        self.root.mkdir()
        self._asked.touch()
        for name in ("grep", "head"):
            (self.programs / name).symlink_to(shutil.which(name))
        self.user(0)

    def has(self, name: str, does: str = "exit 0") -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{does}\n")
        path.chmod(0o755)

    def user(self, number: int) -> None:
        self.has("id", f"echo {number}")

    def has_apt(self, *, installs: str) -> None:
        self.has(
            "apt-get",
            f'echo "$DEBIAN_FRONTEND $*" >> {self._asked}\n[ "$1" = update ] && exit 0\n{installs}',
        )

    def asked(self) -> list[str]:
        return self._asked.read_text().splitlines()

    def make_ready(self, *packages: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", SCRIPT, *packages],
            cwd=self.root,
            capture_output=True,
            text=True,
            env={"PATH": str(self.programs)},
        )


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def brings(machine: Machine, *names: str) -> str:
    """What an apt does that brings these programs."""
    return "\n".join(f"/bin/cp {machine.programs}/id {machine.programs}/{name}" for name in names)


def test_nothing_is_asked_of_apt_where_nothing_is_missing(machine):
    for name in ("python3.11", "chromium", "chromedriver", "nginx", "openssl"):
        machine.has(name)
    machine.has_apt(installs="exit 1")
    done = machine.make_ready(*TEST_NEEDS)
    assert (done.returncode, done.stdout, done.stderr, machine.asked()) == (0, "", "", [])


def test_root_installs_what_is_missing_and_nothing_else(machine):
    machine.has("python3.11")
    machine.has("openssl")
    machine.has_apt(installs=brings(machine, "chromium", "chromedriver", "nginx"))
    done = machine.make_ready(*TEST_NEEDS)
    assert done.returncode == 0, done.stderr
    updated, installed = machine.asked()
    assert updated.startswith("noninteractive update") and installed.endswith(
        " chromium chromium-driver nginx"
    )
    assert (
        installed.startswith("noninteractive install -y") and "--no-install-recommends" in installed
    )
    assert machine.make_ready(*TEST_NEEDS).returncode == 0 and len(machine.asked()) == 2


def test_lightgbms_library_is_asked_of_python_itself_and_a_venv_is_asked_before_ours(machine):
    machine.has("python3.11", "case $2 in *ensurepip*|*libgomp*) exit 1; esac")
    machine.has_apt(installs=brings(machine, "python3.11"))
    assert machine.make_ready("python3.11", "python3.11-venv", "libgomp1").returncode == 0
    assert machine.asked()[1].endswith(" python3.11-venv libgomp1")


@pytest.mark.parametrize("user", ["not root", "root without apt"])
def test_who_may_not_install_is_told_in_one_line_what_to_install(machine, user):
    machine.has("python3.11", "case $2 in *libgomp*) exit 1; esac")
    for name in ("chromedriver", "nginx", "openssl"):
        machine.has(name)
    if user == "not root":
        machine.user(1000)
        machine.has_apt(installs="exit 1")
    done = machine.make_ready(*TEST_NEEDS)
    assert done.returncode == 2 and done.stdout == "" and machine.asked() == []
    assert (
        done.stderr.count("\n") == 1
        and "apt-get install --no-install-recommends libgomp1 chromium\n" in done.stderr
    )


def test_an_apt_that_cannot_is_quoted_in_that_line(machine):
    machine.has_apt(
        installs='echo "E: Unable to locate package python3.11"; echo "E: and more"; exit 100'
    )
    done = machine.make_ready("python3.11")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert (
        "(E: Unable to locate package python3.11)" in done.stderr
        and "PYTHON=/path/to/python3.11" in done.stderr
    )


def planned(target: str) -> str:
    """What make would do for this target; nothing is done."""
    told = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return told.stdout


def test_the_demo_asks_for_no_browser_and_the_tests_ask_for_all_that_they_use():
    asked = {
        target: re.search(r"machine\.sh (.*)", planned(target)).group(1).split()
        for target in ("demo", "test")
    }
    assert asked["test"] == list(TEST_NEEDS) and asked["demo"] == list(TEST_NEEDS[:3])


@pytest.mark.parametrize(
    ("ends", "code", "in_place"), [(0, 0, False), (2, 2, False), (75, 0, True), (None, 0, True)]
)
def test_ci_runs_on_a_fresh_machine_and_in_place_where_none_can_be_made(
    tmp_path, ends, code, in_place
):
    checkout, shared = tmp_path / "main", tmp_path / "shared"
    (checkout / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", checkout / ".ci")
    (checkout / "Makefile").write_text(
        "check:\n\t@echo gate in place\ntest:\n\t@echo 1 passed in place\n"
    )
    if ends is not None:
        shared.mkdir()
        (shared / "fresh-machine").write_text(f'echo "1 passed by $1"; exit {ends}\n')
        (shared / "fresh-machine").chmod(0o444)
    done = subprocess.run(
        ["bash", checkout / ".ci" / "run"],
        cwd="/",
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "CI": "true"},
    )
    assert done.returncode == code
    assert ("gate in place\n1 passed in place" in done.stdout) is in_place
    assert ("1 passed by make check && make test" in done.stdout) is (ends is not None)


def test_the_gate_is_ruff_its_format_and_types_and_a_commit_asks_ruff_of_the_checkout():
    gate = planned("check")
    for asked in ("ruff check .", "ruff format --check .", "mypy\n"):
        assert f".venv/bin/{asked}" in gate
    (hooks,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert hooks["repo"] == "local"
    entries = [hook["entry"] for hook in hooks["hooks"] if hook["language"] == "system"]
    assert [entry.partition(" --")[0] for entry in entries] == [
        ".venv/bin/ruff check",
        ".venv/bin/ruff format",
    ]


def test_types_are_strict_in_every_room_and_only_other_packages_are_excused():
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    rooms = {"registry", "features", "care", "models", "training", "serving", "sanket"}
    assert mypy["strict"] is True and set(mypy["files"]) == rooms
    assert "exclude" not in mypy
    for excused in mypy["overrides"]:
        assert set(excused) == {"module", "ignore_missing_imports"}
        assert not {name.partition(".")[0] for name in excused["module"]} & rooms
