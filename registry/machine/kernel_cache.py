"""Where compiled functions are kept: one folder for each state of the sources that they come from.

Numba's cache notices a change in a function's own file, but not in the files of what it calls:
after an update, machine code made from the old callee would go on answering. Here any change in a
file with compiled functions, or in the contract's codes and days that they hold as constants, leads
to a fresh folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("registry", "features", "care", "models", "training")
PREFIX = "sanket-"
COMPILED_WHOLE = "registry/simulate/"
"""A folder of which every file is compiled into one function."""
CONSTANTS = ("registry/contract/codes.py", "registry/contract/days.py")
"""The contract's codes and days, which compiled functions hold as constants."""
UNUSED_DAYS = 14
"""A folder that no process has opened for so long is removed; a running service opened its own on
starting."""


def sources_digest(root: Path = ROOT) -> str:
    """SHA-256 (16 hexadecimal digits) of the names and contents of all sources with compiled
    functions."""
    told = hashlib.sha256()
    for room in ROOMS:
        for file in sorted((root / room).rglob("*.py")):
            text = file.read_bytes()
            name = file.relative_to(root).as_posix()
            if b"numba" in text or name.startswith(COMPILED_WHOLE) or name in CONSTANTS:
                told.update(f"{name}\n".encode() + text)
    return told.hexdigest()[:16]


def keep_by_sources() -> None:
    """Point Numba at the folder of these sources, under $NUMBA_CACHE_DIR or the checkout's own
    byte-code folder.

    Where neither can be written, Numba chooses as it always does.
    """
    asked = Path(os.environ.get("NUMBA_CACHE_DIR") or ROOT / "__pycache__")
    base = asked.parent if asked.name.startswith(PREFIX) else asked
    folder = base / f"{PREFIX}{sources_digest()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        _remove_unused(base)
    except OSError:
        return
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = str(folder)


def _remove_unused(base: Path) -> None:
    for old in base.glob(f"{PREFIX}*"):
        if time.time() - old.stat().st_mtime > UNUSED_DAYS * 86_400:
            shutil.rmtree(old, ignore_errors=True)
