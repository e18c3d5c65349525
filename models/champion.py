"""The champion's pointer: which bundle of a models folder answers for a target. Turned in one step.

x.models/bundles/<version>/         bundles (`models.bundle`)
x.models/champion-relapse.json      {"bundle": "<version>", "before": ["<version>", …]}
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.bundle import Bundle, load
from models.targets import TARGETS
from registry.contract.errors import BadInput


def models_folder(store_address: str) -> Path:
    """Where a store's models lie: $SANKET_MODELS, else `x.models` beside `x.db`, else
    ./sanket.models."""
    if configured := os.environ.get("SANKET_MODELS"):
        return Path(configured)
    if "://" in store_address:
        return Path("sanket.models")
    return Path(store_address).with_suffix(".models")


def bundles_folder(folder: Path) -> Path:
    """Where the bundles of a models folder lie."""
    return Path(folder) / "bundles"


def trained(folder: Path) -> bool:
    """Whether a models folder holds any bundle, promoted or not: until one is shown to work, lists
    go by the rules and by one measurement."""
    return any(bundles_folder(folder).glob("[!.]*"))


def pointer(folder: Path, target: str) -> dict[str, Any] | None:
    """What the pointer of a target says; None where there is no champion."""
    try:
        found: dict[str, Any] | None = json.loads(
            _pointer_file(folder, target).read_text(encoding="utf-8")
        )
        return found
    except FileNotFoundError:
        return None


def turn(folder: Path, target: str, version: str) -> None:
    """Make a bundle the champion: a reader sees the old pointer or the new one, never half of
    one."""
    if not (bundles_folder(folder) / version / "manifest.json").exists():
        raise BadInput("BUN004", f"there is no bundle {version} in {bundles_folder(folder)}")
    now = pointer(folder, target)
    before = [] if now is None else [now["bundle"], *now.get("before", [])]
    _write(folder, target, {"bundle": version, "before": before})


def turn_back(folder: Path, target: str) -> str:
    """Make the champion before this one the champion again; returns its version.

    It is loaded first: one that cannot answer any more is refused by its own code (BUN001 to
    BUN006, BUN010), and the present champion stays.
    """
    now = pointer(folder, target)
    if now is None or not now.get("before"):
        raise BadInput("BUN005", f"{target} has no earlier champion to go back to")
    version, *before = now["before"]
    found = load(bundles_folder(folder) / version)
    if found.target != target:
        raise BadInput("BUN010", f"bundle {version} is for {found.target}, not for {target}")
    _write(folder, target, {"bundle": version, "before": before})
    return str(version)


def champion(folder: Path, target: str, *, rehearsal: bool = False) -> Bundle | None:
    """The champion of a target, loaded and checked; None where there is none."""
    now = pointer(folder, target)
    return (
        None if now is None else load(bundles_folder(folder) / now["bundle"], rehearsal=rehearsal)
    )


def champions(folder: Path, *, rehearsal: bool = False) -> dict[str, Bundle]:
    """The champions of a models folder, by target (with their rehearsals where asked)."""
    found = {target: champion(folder, target, rehearsal=rehearsal) for target in TARGETS}
    return {target: bundle for target, bundle in found.items() if bundle is not None}


def of_versions(folder: Path, versions: Mapping[str, str]) -> dict[str, Bundle]:
    """The bundles of these versions, by target, loaded and checked: those that began a run go on
    with it, whatever is promoted meanwhile."""
    return {target: load(bundles_folder(folder) / version) for target, version in versions.items()}


def _pointer_file(folder: Path, target: str) -> Path:
    return Path(folder) / f"champion-{target}.json"


def _write(folder: Path, target: str, told: dict[str, Any]) -> None:
    half = Path(folder) / f".champion-{target}.{os.getpid()}"
    with half.open("w", encoding="utf-8") as file:
        json.dump(told, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(half, _pointer_file(folder, target))
