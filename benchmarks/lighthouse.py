"""What Lighthouse says of the list, a child's page and the state's page of a store: performance,
accessibility, best practices and SEO out of 100, on a phone of 360 pixels (its slow 4G and slow
processor) and on a desktop; last, how fast this machine's processor was meanwhile (Lighthouse's
own index: some 1,100 where nothing else runs, and a performance is worth nothing under 500).

`.venv/bin/python benchmarks/lighthouse.py [STORE]` (default demo/demo.db) serves the store, puts
npm's Lighthouse into a temporary folder (its archive by a known checksum, what it needs as it was
published up to a day) and asks it with Debian's Chromium. `--json` prints one object as its last
line. Ends with 1 where performance or accessibility of a page is under 95.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

# This file's folder would hide the packages behind its files.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from registry.store.store import open_store
from serving.access.scope import Scope
from serving.app import create_app
from serving.book.reader import Reader
from serving.http.observe import Log
from tests.support.browser import PHONE, served

ROOT = Path(__file__).resolve().parents[1]
LIGHTHOUSE = "lighthouse@12.8.2"
"""The last that runs on Node 20, Debian's."""
ARCHIVE_SHA512 = (
    "+5SKYzVaTFj22MgoYDPNrP9tlD2/Ay7j3SxPSFD9FpPyVxGr4UtOQGKyrdZ7wCmcnBaFk0mCkPfARU3CsE0nvA=="
)
PUBLISHED_BY = "2026-11-01"
LEAST = 95
"""The score that a page must reach."""
TRIES = 3
"""Lighthouse now and then loses its trace, and asks to be run again."""
JUDGED = ("performance", "accessibility")
CATEGORIES = (*JUDGED, "best-practices", "seo")
TOLD = (*CATEGORIES, "processor")
DEVICES = {
    "phone": (
        f"--screenEmulation.width={PHONE[0]}",
        f"--screenEmulation.height={PHONE[1]}",
        "--screenEmulation.deviceScaleFactor=2",
    ),
    "desktop": ("--preset=desktop",),
}


def installed(folder: Path) -> Path:
    """Lighthouse in this folder; its program."""
    subprocess.run(["sh", "deploy/machine.sh", "npm", "chromium"], cwd=ROOT, check=True)
    _run("npm", "pack", "--silent", LIGHTHOUSE, folder=folder)
    (archive,) = folder.glob("lighthouse-*.tgz")
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != ARCHIVE_SHA512:
        raise SystemExit(f"{archive.name} is not what was pinned: sha512-{found}")
    (folder / "package.json").write_text('{"private": true}')
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", f"--before={PUBLISHED_BY}")
    _run("npm", "install", *quiet, f"./{archive.name}", folder=folder)
    return folder / "node_modules" / ".bin" / "lighthouse"


def scores(program: Path, address: str, token: str, device: str, *, rounds: int) -> dict[str, int]:
    """The four scores of a page for who holds the token, and the processor's index: the median of
    some rounds."""
    found = [_asked(program, address, token, device) for _ in range(rounds)]
    return {name: round(statistics.median(one[name] for one in found)) for name in TOLD}


def _asked(program: Path, address: str, token: str, device: str) -> dict[str, float]:
    cookie = json.dumps({"Cookie": f"sanket_session={token}"})
    said = _run(
        str(program),
        address,
        "--quiet",
        "--output=json",
        f"--extra-headers={cookie}",
        f"--only-categories={','.join(CATEGORIES)}",
        "--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage",
        *DEVICES[device],
        folder=program.parents[2],
    )
    report = json.loads(said)
    if keep := os.environ.get("SANKET_LIGHTHOUSE_REPORTS"):
        name = f"{address.split('/', 3)[3].split('?')[0].replace('/', '-')}-{device}.json"
        (Path(keep) / name).write_text(said)
    if error := report.get("runtimeError"):
        raise SystemExit(f"{address}: {error['message']}")
    found = {name: 100 * report["categories"][name]["score"] for name in CATEGORIES}
    return found | {"processor": report["environment"]["benchmarkIndex"]}


def _run(*words: str, folder: Path) -> str:
    chrome = {"CHROME_PATH": shutil.which("chromium") or "chromium"}
    for _ in range(TRIES):
        done = subprocess.run(
            words, cwd=folder, capture_output=True, text=True, env=os.environ | chrome
        )
        if done.returncode == 0:
            break
    if done.returncode:
        raise SystemExit(f"{words[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def pages(store: str) -> Iterator[tuple[str, str, str]]:
    """Each page's name, its address and the token of who reads it: the list and its first child by
    the supervisor of the store's first sector, the state by an officer."""
    with closing(open_store(store, must_exist=True)) as opened:
        reader = Reader(opened.engine, Scope.of(["state:*"]))
        run = reader.run()
        sector = min(reader.sectors(run), key=lambda one: one.sector_id).sector_id
        child = min(one.candidate.child_id for one in reader.rows(run, sector))
    supervisor = _token(store, "supervisor", f"sector:{sector}")
    yield "list", f"/visits?sector={sector}", supervisor
    yield "child", f"/children/{child}", supervisor
    yield "state", "/areas/state/state", _token(store, "officer", "state:*")


def _token(store: str, role: str, scope: str) -> str:
    front = Path(sys.executable).with_name("sanket")
    said = _run(
        str(front), "token", store, "--role", role, "--scope", scope, "--json", folder=Path.cwd()
    )
    token: str = json.loads(said)["token"]
    return token


def main() -> int:
    """Ask for all pages and print the scores."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("store", nargs="?", default="demo/demo.db")
    asked.add_argument("--rounds", type=int, default=3, help="how often each page is asked")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    found: dict[str, dict[str, Any]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(create_app(given.store, log=Log(lambda _: None), follow=False)) as app,
        served(app) as address,
    ):
        program = installed(Path(folder))
        print(f"{'page':<16}" + "".join(f"{name:>16}" for name in TOLD))
        for name, path, token in pages(given.store):
            for device in DEVICES:
                one = scores(program, address + path, token, device, rounds=given.rounds)
                found[f"{name}, {device}"] = one
                told = "".join(f"{one[category]:>16}" for category in TOLD)
                print(f"{f'{name}, {device}':<16}{told}", flush=True)
    if given.json:
        print(json.dumps(found))
    return int(any(one[name] < LEAST for one in found.values() for name in JUDGED))


if __name__ == "__main__":
    raise SystemExit(main())
