"""The deployment files hold: every path that they copy is there, every command is one that the
front door takes."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from sanket.app import app as front_door

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs" / "serving.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
STEPS = [
    step.split(maxsplit=1)
    for step in re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text()).splitlines()
    if step and not step.startswith("#")
]


def taken(words):
    """The front door's reading of a command; it raises where a verb or an option is not known."""
    verb, *rest = words
    return typer.main.get_command(front_door).commands[verb].make_context(verb, list(rest))


def of(instruction):
    return [rest for name, rest in STEPS if name == instruction]


def test_what_the_image_copies_is_there_and_all_of_our_packages_are_copied():
    copied = [word for rest in of("COPY") for word in rest.split()[:-1]]
    assert all((ROOT / word).exists() for word in copied)
    assert {
        name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    } <= set(copied)
    installing = MAKEFILE.partition("\nlock:")[0]
    needed = re.findall(r"requirements[\w-]*\.lock|pyproject\.toml|deploy/[\w.]+", installing)
    assert (
        "deploy/machine.sh" in needed
        and set(needed) <= set(copied)
        and PROJECT["project"]["readme"] in copied
    )


def test_the_image_has_what_setup_needs_of_a_machine():
    needs = re.search(r"^NEEDS := (.*)", MAKEFILE, re.MULTILINE).group(1).split()
    assert [name for name in needs if not name.startswith("python3.11")] == ["libgomp1"]
    assert (
        of("FROM")[0].startswith("python:3.11-")
        and "install --yes --no-install-recommends libgomp1" in of("RUN")[0]
    )


def test_the_image_starts_the_command_that_setup_makes():
    assert json.loads(of("ENTRYPOINT")[0]) == ["/sanket/.venv/bin/sanket"] and of("WORKDIR") == [
        "/sanket"
    ]
    assert "sanket" in PROJECT["project"]["scripts"]
    assert any(rest.startswith("make setup") for rest in of("RUN")) and "setup:" in MAKEFILE
    asked = taken(json.loads(of("CMD")[0])).params
    assert str(asked["port"]) == of("EXPOSE")[0] and asked["host"] == "0.0.0.0"
    assert (
        asked["store"].startswith(of("VOLUME")[0])
        and f":{asked['port']}/livez" in of("HEALTHCHECK")[0]
    )
    version = re.search(r"python:([\d.]+)-", of("FROM")[0]).group(1)
    assert (
        version in PROJECT["project"]["requires-python"]
        and f"PYTHON=python{version}" in of("RUN")[1]
    )


def test_the_services_of_compose_fit_together():
    services = COMPOSE["services"]
    for service in services.values():
        build = service.get("build")
        assert not build or (DEPLOY / build["context"] / build["dockerfile"]).resolve().exists()
        volumes = [volume.partition(":")[0] for volume in service.get("volumes", ())]
        assert set(volumes) <= set(COMPOSE["volumes"]) and set(
            service.get("depends_on", ())
        ) <= set(services)
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    asked = taken(services["service"]["command"]).params
    database = services["database"]["environment"]
    assert asked["store"] == (
        f"postgresql://{database['POSTGRES_USER']}:${{POSTGRES_PASSWORD}}@database:5432/{database['POSTGRES_DB']}"
    )
    tracking = services["service"]["environment"]["MLFLOW_TRACKING_URI"]
    words = services["mlflow"]["command"]
    assert tracking == f"http://mlflow:{words[words.index('--port') + 1]}"


def test_mlflow_takes_the_options_that_compose_gives_it():
    verb, *rest = COMPOSE["services"]["mlflow"]["command"]
    told = subprocess.run(
        [sys.executable, "-m", "mlflow", verb, "--help"], capture_output=True, text=True, check=True
    )
    given = {word for word in rest if word.startswith("--")}
    assert given and given <= set(re.findall(r"--[a-z-]+", told.stdout))


@pytest.mark.parametrize("name", ["sanket-score.service", "sanket-score.timer"])
def test_the_units_are_valid(name, tmp_path):
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read(DEPLOY / name)
    assert "Unit" in unit
    if name.endswith("service"):
        script = shlex.split(unit["Service"]["ExecStart"])[2].replace("%%", "%")
        words = shlex.split(script)
        assert words[:2] == ["exec", "/opt/sanket/.venv/bin/sanket"]
        store = unit["Service"]["Environment"].removeprefix("SANKET_STORE=")
        words = [
            word.replace("$SANKET_STORE", store).replace("$(date +%F)", "2026-03-14")
            for word in words
        ]
        assert taken(words[2:]).params["store"] == store
    elif analyze := shutil.which("systemd-analyze"):
        told = subprocess.run(
            [analyze, "calendar", unit["Timer"]["OnCalendar"]], capture_output=True, text=True
        )
        assert told.returncode == 0, told.stderr


def test_the_crontab_is_valid():
    lines = [
        line for line in (DEPLOY / "crontab").read_text().splitlines() if not line.startswith("#")
    ]
    assert lines[0] == "CRON_TZ=Asia/Kolkata"
    asked = []
    for line in lines[1:]:
        *times, command = line.split(maxsplit=5)
        assert (
            all(re.fullmatch(r"\*|\d+", time) for time in times)
            and re.search(r"(?<!\\)%", command) is None
        )
        words = shlex.split(command.replace("\\%", "%").replace("$(date +%F)", "2026-03-14"))
        asked.append(taken(words[1:]).params)
    assert [given.get("as_of") for given in asked] == ["2026-03-14", None]
    assert asked[1]["publish"]


def test_every_setting_of_the_environment_is_on_the_page():
    rooms = [ROOT / name for name in ("serving", "models", "deploy")]
    texts = [
        path.read_text()
        for room in rooms
        for path in room.rglob("*")
        if path.suffix in (".py", ".yaml", "") and path.is_file()
    ]
    named = {name for text in texts for name in re.findall(r"\bSANKET_[A-Z]+(?:_[A-Z]+)*\b", text)}
    assert named and named <= set(re.findall(r"\bSANKET_[A-Z]+(?:_[A-Z]+)*\b", PAGE))
