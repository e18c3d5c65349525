"""Builds a Bento that carries a models folder's champions: it scores with no store and no folder.

The champions become one model of BentoML's store, `sanket_champions:DIGEST`, labelled with their
versions; the Bento is built with its tag as argument (`serving.service.Carried`) and bears the
same labels.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from models.bundle import load
from models.champion import bundles_folder, pointer, turn
from models.targets import TARGETS
from registry.contract.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]
MODEL = "sanket_champions"
LAST_LINES = 5


@dataclass(frozen=True)
class CarriedChampions:
    """Champions in BentoML's store: the model's whole tag, and what each is, as labels."""

    tag: str
    labels: dict[str, str]


def build(folder: Path) -> tuple[str, CarriedChampions]:
    """Build a Bento with the champions of a models folder; its tag, and what it carries.

    BadInput SRV003 where the folder has no champion, BUN001 to BUN006 where one is not whole,
    SRV009 where BentoML does not build.
    """
    if not (ROOT / "bentofile.yaml").exists():
        raise BadInput("SRV009", f"there is no bentofile.yaml in {ROOT}: build from a checkout")
    carried = keep(folder)
    labels = [f"--label={name}={value}" for name, value in carried.labels.items()]
    command = [sys.executable, "-m", "bentoml", "build", "--output", "tag", *labels]
    command += ["--arg", f"champions={carried.tag}", str(ROOT)]
    surroundings = os.environ | {"BENTOML_DO_NOT_TRACK": "True"}
    done = subprocess.run(command, capture_output=True, text=True, env=surroundings)
    if done.returncode != 0:
        said = " / ".join(done.stderr.strip().splitlines()[-LAST_LINES:])
        raise BadInput("SRV009", f"`bentoml build` ended with {done.returncode}: {said}")
    return done.stdout.strip().removeprefix("__tag__:"), carried


def keep(folder: Path) -> CarriedChampions:
    """Put the champions of a models folder into BentoML's store, where they are not yet."""
    import bentoml

    versions = _versions(folder)
    tag = f"{MODEL}:{_digest(versions)}"
    labels = versions | {"synthetic": _said(_synthetic(folder, versions))}
    try:
        bentoml.models.get(tag)
    except bentoml.exceptions.NotFound:
        with bentoml.models.create(tag, labels=labels) as model:
            _copy(folder, versions, Path(model.path))
    return CarriedChampions(tag, labels)


def _versions(folder: Path) -> dict[str, str]:
    """The champion's version of each target that has one."""
    pointers = {target: pointer(folder, target) for target in TARGETS}
    versions = {target: str(found["bundle"]) for target, found in pointers.items() if found}
    if not versions:
        raise BadInput(
            "SRV003", f"there is no champion in {folder}: train a model and let it be promoted"
        )
    return versions


def _synthetic(folder: Path, versions: dict[str, str]) -> bool:
    """Whether any of them learnt from synthetic records. Loads and checks each."""
    found = [load(bundles_folder(folder) / version) for version in versions.values()]
    return any(bundle.facts.get("synthetic", False) for bundle in found)


def _said(truth: bool) -> str:
    return "yes" if truth else "no"


def _copy(folder: Path, versions: dict[str, str], to: Path) -> None:
    """A models folder of these champions alone: there is nothing to go back to."""
    for target, version in versions.items():
        place = bundles_folder(to) / version
        shutil.copytree(bundles_folder(folder) / version, place, dirs_exist_ok=True)
        turn(to, target, version)


def _digest(versions: dict[str, str]) -> str:
    named = "\n".join(f"{target} {version}" for target, version in sorted(versions.items()))
    return hashlib.sha256(named.encode()).hexdigest()[:16]
