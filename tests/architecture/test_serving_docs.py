"""The page about the service and the deployment files say what the code does."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from sanket.app import app as front_door
from serving.app import create_app
from serving.http.bounds import Limits
from serving.http.observe import Log
from serving.http.problems import KINDS
from tests.support.service_cases import KEY, Client, book, bundle, promoted, row, token

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "serving.md").read_text()


def test_every_problem_code_is_explained_with_its_status():
    told = re.findall(r"^\| (API\d+) \| (\d+) \| (.*) \|$", PAGE, flags=re.MULTILINE)
    assert told == [
        (code, str(kind.status), f"{kind.title}. {kind.meaning}") for code, kind in KINDS.items()
    ]


@pytest.mark.parametrize(
    "bound", ["body_bytes", "children", "seconds", "in_flight", "lag_seconds", "rate_per_second"]
)
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


def test_the_page_s_first_commands_work_as_they_stand(tmp_path):
    """Each curl of the page, asked of the application: its address, headers and body."""
    app = create_app(
        str(tmp_path / "x.db"),
        tmp_path / "x.models",
        key=KEY,
        log=Log(lambda _: None),
        follow=False,
    )
    promoted(tmp_path / "x.models", bundle("relapse"))
    app.state.champions.look()
    book(app.state.engine, [row("C-1", "S1")])
    block = re.search(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL).group(1)
    made, *asked = [shlex.split(command) for command in re.sub(r"\\\n", "", block).split("\ncurl ")]
    words = shlex.split(
        made[0].removeprefix("TOKEN=$(").removesuffix(")")
        + " "
        + " ".join(made[1:]).removesuffix(")")
    )
    taken = (
        typer.main.get_command(front_door)
        .commands[words[1]]
        .make_context(words[1], words[2:])
        .params
    )
    client = Client(app, token(*taken["scope"], role=taken["role"]))
    answers = [pasted(client, command) for command in asked]
    assert [answer.status_code for answer in answers] == [200] * len(asked) and len(asked) == 4
    assert answers[2].json()["sector_id"] == "S1" and answers[3].json()["language"] == "mr"
    assert answers[3].json()["children"][0]["status"] == "answered"
    app.close()


def pasted(client, words):
    """What curl would ask with these words."""
    address = next(word for word in words if word.startswith("http://127.0.0.1:3000"))
    body = words[words.index("--data") + 1] if "--data" in words else None
    given = dict(word.split(": ", 1) for word in words if re.match(r"[A-Z][A-Za-z-]+: ", word))
    assert body is None or given["Content-Type"] == "application/json"
    headers = {name: value for name, value in given.items() if name != "Authorization"}
    path = address.removeprefix("http://127.0.0.1:3000")
    return client.ask(
        "POST" if body else "GET", path, headers=headers, **({"content": body} if body else {})
    )
