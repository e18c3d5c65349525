"""The page about the service and the deployment files say what the code does."""

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from sanket.app import app as front_door
from serving.limits import Limits
from serving.problems import KINDS

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "serving.md").read_text()


def test_every_problem_code_is_explained_with_its_status():
    told = dict(re.findall(r"^\| (API\d+) \| (\d+) \|", PAGE, flags=re.MULTILINE))
    assert told == {code: str(kind.status) for code, kind in KINDS.items()}


@pytest.mark.parametrize("bound", ["body_bytes", "children", "seconds", "in_flight", "lag_seconds", "rate_per_second"])
def test_the_bounds_on_the_page_are_the_defaults(bound):
    told = re.search(rf"`SANKET_{bound.upper()}` ([\d.]+)", PAGE).group(1)
    assert float(told) == getattr(Limits(), bound)


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "sanket-score.service", "crontab"])
def test_the_commands_of_the_deployment_files_are_sankets(name):
    text = (ROOT / "deploy" / name).read_text()
    options = set(re.findall(r"--(?:host|port|as-of|workers)\b", text))
    commands = typer.main.get_command(front_door).commands
    verb = "serve" if "serve" in text else "score"
    known = {option for parameter in commands[verb].params for option in parameter.opts}
    assert options and options <= known


def test_each_verb_explains_itself():
    for verb in ("score", "serve", "token", "audit"):
        answer = CliRunner().invoke(front_door, [verb, "--help"])
        assert answer.exit_code == 0 and "STORE" in answer.output
