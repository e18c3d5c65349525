"""Clients that generators make from the running service's document: they pass the strict checkers,
and each operation is called.

The generators are no part of `make setup` (one of them holds typer back, the other is npm's): the
Python one is installed here from its own lock, with hashes.
"""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from serving.answering.schemas import EXAMPLE
from tests.support.api_examples import CHILD, TODAY, example_service
from tests.support.browser import served
from tests.support.service_cases import token

pytestmark = pytest.mark.soak
ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
NPM_PACKAGES = (
    "openapi-typescript@7.13.0",
    "openapi-fetch@0.17.0",
    "typescript@5.9.3",
    "@types/node@24.10.1",
)


def ran(*words, cwd, **settings):
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, **settings
    )
    assert done.returncode == 0, (words, done.stdout[-3000:], done.stderr[-3000:])
    return done.stdout


@pytest.fixture
def site(tmp_path_factory):
    """A service of one client's own: each records the same outcome as the first to do so."""
    with example_service(tmp_path_factory.mktemp("clients")) as app, served(app) as address:
        yield address


@pytest.fixture
def document(site, tmp_path):
    """The running service's document, in a folder of its own."""
    with urllib.request.urlopen(f"{site}/v1/openapi.json", timeout=60) as answer:
        (tmp_path / "openapi.json").write_bytes(answer.read())
    return tmp_path / "openapi.json"


def test_the_python_client_is_strict_and_each_operation_is_called(site, document, tmp_path):
    uv, python = Path(sys.executable).with_name("uv"), tmp_path / "env" / "bin" / "python"
    lock = ROOT / "requirements-clients.lock"
    ran(uv, "venv", "-q", "--python", sys.executable, "env", cwd=tmp_path)
    ran(
        uv, "pip", "install", "-q", "--python", python, "--require-hashes", "-r", lock, cwd=tmp_path
    )
    (tmp_path / "config.yaml").write_text("post_hooks: []\npackage_name_override: sanket_client\n")
    generator = [python.with_name("openapi-python-client"), "generate", "--path", document]
    package = ["--config", "config.yaml", "--meta", "none", "--output-path", "sanket_client"]
    ran(*generator, *package, "--fail-on-warning", cwd=tmp_path)
    shutil.copy(SUPPORT / "generated_client_calls.py", tmp_path / "calls.py")
    checker = [sys.executable, "-m", "mypy", "--strict", "--python-executable", python]
    said = ran(*checker, "sanket_client", "calls.py", cwd=tmp_path)
    assert said.startswith("Success: no issues found")
    told = {
        "base_url": f"{site}/v1",
        "token": token("district:D1"),
        "example": EXAMPLE,
        "child_id": CHILD,
        "today": TODAY.isoformat(),
    }
    called = ran(python, "calls.py", cwd=tmp_path, input=json.dumps(told))
    assert called == "each operation was called\n"


def test_the_typescript_client_compiles_strictly_and_each_operation_is_called(
    site, document, tmp_path
):
    subprocess.run(["sh", ROOT / "deploy" / "machine.sh", "npm"], cwd=ROOT, check=True)
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    ran("npm", "install", "--no-audit", "--no-fund", *NPM_PACKAGES, cwd=tmp_path)
    bin_folder = tmp_path / "node_modules" / ".bin"
    ran(bin_folder / "openapi-typescript", document, "-o", "api.d.ts", cwd=tmp_path)
    shutil.copy(SUPPORT / "generated_client_calls.ts", tmp_path / "calls.ts")
    options = ["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes"]
    target = ["--target", "es2022", "--module", "nodenext", "--types", "node"]
    ran(bin_folder / "tsc", *options, *target, "calls.ts", cwd=tmp_path)
    words = [f"{site}/v1", token("district:D1"), CHILD, json.dumps(EXAMPLE)]
    assert (
        ran("node", "calls.js", *words, cwd=tmp_path, env=os.environ)
        == "each operation was called\n"
    )
