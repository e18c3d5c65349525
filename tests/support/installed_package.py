"""The package as `pip install .` leaves it: built from this checkout's files, in a fresh environment outside of it."""

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = tuple(
    name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
)


@dataclass(frozen=True)
class Installed:
    """A fresh environment with the package in it; its commands run in a folder outside of the checkout."""

    wheel: Path
    folder: Path

    @property
    def packages(self) -> Path:
        return self.folder / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"

    def surroundings(self, **settings: str) -> dict[str, str]:
        """The environment variables of its commands: nothing points to the checkout."""
        kept = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
        return kept | {"NUMBA_CACHE_DIR": str(self.folder / "compiled")} | settings

    def run(self, command: str, *words: str, **settings: str) -> subprocess.CompletedProcess:
        """Run one of its commands (`sanket`, `python`) to its end."""
        return subprocess.run(
            [str(self.folder / "bin" / command), *words],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.surroundings(**settings),
        )


def kept_files() -> list[str]:
    """The files of the rooms that git keeps or would keep, as paths from the root."""
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *ROOMS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(name for name in set(told.stdout.splitlines()) if (ROOT / name).exists())


def installed(folder: Path) -> Installed:
    """Build the wheel and install it; what it depends on is read from where this test finds it."""
    source = folder / "source"
    for name in [*kept_files(), "pyproject.toml", "README.md", "LICENSE", "NOTICE"]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    offline = ["--no-deps", "--no-index"]
    subprocess.run(
        [*pip, "wheel", *offline, "--no-build-isolation", "--wheel-dir", str(folder), str(source)],
        check=True,
    )
    made = Installed(next(folder.glob("*.whl")), folder / "environment")
    venv.create(made.folder, with_pip=False, symlinks=True)
    subprocess.run(
        [*pip, "--python", str(made.folder / "bin" / "python"), "install", *offline, made.wheel],
        check=True,
    )
    # A folder named in a .pth file is read for packages, and its own .pth files (the checkout) are not.
    dependencies = Path(find_spec("numpy").origin).parents[1]
    (made.packages / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    return made
