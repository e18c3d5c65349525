"""A notebook run from its first cell to its last, in this process."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"


def notebook(name: str, *words: str) -> dict[str, Any]:
    """What the cells of `notebooks/<name>.py` define; `words`: as after `--` on a command line.
    Raises what a cell raises."""
    found = importlib.util.spec_from_file_location(f"notebook_{name}", FOLDER / f"{name}.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [f"{name}.py", *words])
        found.loader.exec_module(module)
        _, defined = module.app.run()
    return dict(defined)
