"""A whole state by parts: what each stage costs for a registry of N simulated children.

`--children 200000 --months 12`; each stage runs as its own `sanket` process: wall and CPU seconds
of it and its workers, the peak memory of the largest of its processes, bytes read and written, and
the machine's load (processes that waited for its processors, on average). Scoring is done by models
of a small registry of their own. `--workers 2` adds a second run of what takes workers; `--stages
train,score` runs these alone, `--keep FOLDER` goes on with what is there. `--json` for one object
on the last line.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# A script's own folder stands first on the path, and features.py and training.py there would hide
# the packages.
sys.path[0] = str(Path(__file__).resolve().parents[1])

SANKET = [sys.executable, "-c", "from sanket.app import main; main()"]
TAUGHT_ON = 12_000
"""Children of the small registry whose models score the large one."""
STAGES = ("import", "train", "score", "indicators", "quality", "forecast", "evaluate", "drift")
DRIFTED = 5
"""The exit code of a drift that was found."""


def main() -> None:
    """Simulate, then run the stages one after the other and print what each cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=50_000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--stages", help="of " + ", ".join(STAGES))
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    home = asked.keep or Path(tempfile.mkdtemp(prefix="sanket-state-"))
    home.mkdir(parents=True, exist_ok=True)
    try:
        stages = asked.stages.split(",") if asked.stages else STAGES
        found = _stages(home, asked.children, asked.months, asked.workers, stages)
    finally:
        if not asked.keep:
            shutil.rmtree(home, ignore_errors=True)
    if asked.json:
        print(json.dumps(found))


def _stages(
    home: Path, children: int, months: int, workers: int, stages: Sequence[str]
) -> dict[str, object]:
    store, source, small = home / "state.db", home / "tables", home / "small.db"
    if not source.exists():
        _run("simulate", str(source), "--children", str(children), "--months", str(months))
    if not small.exists():
        _run("simulate", str(home / "small"), "--children", str(TAUGHT_ON), "--months", "30")
        _run("import", str(home / "small"), "--to", str(small))
        _run("train", str(small), "--trials", "0")
    found: dict[str, object] = {"children": children, "months": months}

    def stage(name: str, *words: str) -> None:
        if name.split("_")[0] not in stages:
            return
        found[name] = cost = _run(*words)
        print(
            f"{name:20} {cost['wall_s']:8.1f} s  {cost['cpu_s']:8.1f} s CPU  "
            f"{cost['peak_gb']:6.2f} GB  read {cost['read_gb']:.2f} GB, "
            f"wrote {cost['written_gb']:.2f} GB, load {cost['load']:.1f}",
            file=sys.stderr,
            flush=True,
        )

    if "import" in stages:
        store.unlink(missing_ok=True)
    stage("import", "import", str(source), "--to", str(store))
    found["store_gb"] = round(store.stat().st_size / 2**30, 2)
    stage("train", "train", str(store), "--trials", "0")
    models = home / "state.models"
    shutil.copytree(home / "small.models", models, dirs_exist_ok=True)
    _answering(models, home / "small.models")
    day = _last_day(store)
    score = ("score", str(store), "--accept-foreign", "--as-of")
    stage("score", *score, day)
    stage("indicators", "indicators", str(store), "--by", "sector", "-o", str(home / "i.csv"))
    stage("quality", "quality", str(store), "-o", str(home / "q.csv"))
    stage("forecast", "forecast", str(store), "-o", str(home / "f.csv"))
    evaluate = ("evaluate", str(store), "-o", str(home / "r.html"))
    stage("evaluate", *evaluate)
    drift = ("drift", str(store), "--month", _month_before(day))
    stage("drift", *drift)
    if workers > 1:
        by = ("--workers", str(workers))
        stage(f"score_{workers}", *score, _before(day), *by)
        stage(f"indicators_{workers}", "indicators", str(store), *by)
        stage(f"evaluate_{workers}", *evaluate, *by)
        stage(f"drift_{workers}", *drift, *by)
    return found


def _answering(models: Path, small: Path) -> None:
    """Make the small registry's models the champions, shown to work or not: only their time is
    asked for."""
    from models.bundle import load
    from models.champion import bundles_folder, turn

    for folder in bundles_folder(small).glob("[!.]*"):
        turn(models, load(folder).target, folder.name)


def _last_day(store: Path) -> str:
    from registry.contract.registry import day_date
    from registry.store.store import open_store

    return day_date(open_store(store).load(children=()).recorded_until).isoformat()


def _before(day: str) -> str:
    import datetime as dt

    return (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()


def _month_before(day: str) -> str:
    """The last month that is over."""
    import datetime as dt

    first = dt.date.fromisoformat(day).replace(day=1)
    return f"{first - dt.timedelta(days=1):%Y-%m}"


def _run(*words: str) -> dict[str, float]:
    """The cost of one `sanket` command: its own process and those that it started."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen([*SANKET, *words], stdout=subprocess.DEVNULL)
    peak, moved, loads = 0, {"read_bytes": 0, "write_bytes": 0}, [os.getloadavg()[0]]
    while process.poll() is None:
        loads.append(os.getloadavg()[0])
        peak = max([peak, *map(_resident, _family(process.pid))])
        moved = _moved(process.pid) or moved
        time.sleep(0.2)
    if process.returncode not in (0, DRIFTED):
        raise SystemExit(f"sanket {' '.join(words)} ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall_s": round(time.perf_counter() - start, 1),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_gb": round(peak / 2**30, 2),
        "load": round(sum(loads) / len(loads), 1),
        "read_gb": round(moved["read_bytes"] / 2**30, 3),
        "written_gb": round(moved["write_bytes"] / 2**30, 3),
    }


def _family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for one in found:
        try:
            tasks = os.listdir(f"/proc/{one}/task")
            for task in tasks:
                text = Path(f"/proc/{one}/task/{task}/children").read_text(encoding="ascii")
                found += [int(number) for number in text.split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds now."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _moved(pid: int) -> dict[str, int]:
    """Bytes that a process had read from and written to disk so far."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return {}
    pairs = dict(line.split(": ") for line in lines)
    return {name: int(pairs[name]) for name in ("read_bytes", "write_bytes")}


if __name__ == "__main__":
    main()
