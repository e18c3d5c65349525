"""The champions that answer: read from a folder, followed as it changes, never half-changed.

The folder of a store `x.db` is `x.models/`. In it, `champion-relapse.json` and its like point to a
folder of checked bundles (`{"bundle": "NAME"}`, replaced in one step by `sanket promote`). A
request takes all champions once, at its beginning, so that no answer mixes two of a target.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from models.bundle import Bundle, load
from models.targets import TARGETS
from registry.contract.errors import BadInput, SanketError
from serving.http.observe import Log, Metrics, place_of

LOOK_SECONDS = 0.5
RETRY_SECONDS = 30
Promoted = Callable[[str, str, str], bool]
"""Tells of a target, a version and the pointer's mark that a model answers now; whether it was
told."""


@dataclass(frozen=True)
class Champion:
    """A loaded bundle, and the name by which answers cite it."""

    version: str
    bundle: Bundle

    @property
    def card(self) -> dict[str, Any]:
        """What the model is: its version, what it was trained on, and its card."""
        bundle = self.bundle
        return {
            "version": self.version,
            "target": bundle.target,
            "facts": bundle.facts,
            "card": bundle.card,
        }


class Champions:
    """The champions of a folder. `now` answers; `look` notices a changed pointer; a bad bundle
    changes nothing."""

    def __init__(
        self,
        folder: Path,
        *,
        metrics: Metrics,
        log: Log,
        read: Callable[[Path], Bundle] = load,
        promoted: Promoted = lambda target, version, mark: True,
    ):
        self._folder, self._read, self._metrics, self._log = Path(folder), read, metrics, log
        self._promoted = promoted
        self._untold: list[tuple[str, str, str]] = []
        self._tell_from = 0.0
        self.now: Mapping[str, Champion] = MappingProxyType({})
        self.faults: dict[str, str] = {}
        self._seen: dict[str, tuple[object, ...]] = {}
        self._looking = threading.Lock()
        self._stopped = threading.Event()

    def look(self) -> None:
        """Load what a changed pointer names. Where that fails, what answered goes on answering;
        `faults` says so."""
        with self._looking:
            for target in TARGETS:
                signature = self._signature(target)
                if signature != self._seen.get(target):
                    self._seen[target] = signature
                    self._take(target)

    def _signature(self, target: str) -> tuple[object, ...]:
        try:
            found = os.stat(self._pointer(target))
        except OSError as error:
            return (type(error).__name__,)
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _pointer(self, target: str) -> Path:
        return self._folder / f"champion-{target}.json"

    def _take(self, target: str) -> None:
        try:
            name = self._named(target)
            if target not in self.now or self.now[target].version != name:
                champion = Champion(name, self._made_ready(name, target))
                self.now = MappingProxyType({**self.now, target: champion})
                mark = "-".join(map(str, self._seen.get(target, ())))
                self._untold.append((target, name, mark))
                self._log.line("champion", target=target, version=name)
            self.faults.pop(target, None)
        except FileNotFoundError:
            if target in self.now:
                self._fault(target, "the pointer is gone")
            elif not TARGETS[target].optional:
                self._fault(target, "no champion is pointed to")
        except SanketError as error:
            self._fault(target, error.code)
        except Exception as error:
            self._fault(target, place_of(error))
        self._metrics.bundle_ready.labels(target).set(target in self.now)
        self._metrics.bundle_current.labels(target).set(
            target in self.now and target not in self.faults
        )

    def _made_ready(self, name: str, target: str) -> Bundle:
        bundle = self._read(self._folder / "bundles" / name)
        if bundle.target != target:
            raise BadInput(
                "BUN010", f"the bundle {name} is for {bundle.target}, and the pointer for {target}"
            )
        return bundle.prepare()

    def _named(self, target: str) -> str:
        name = orjson.loads(self._pointer(target).read_bytes())["bundle"]
        if not isinstance(name, str) or Path(name).name != name:
            raise ValueError("a pointer names a folder of `bundles`, not a path")
        return name

    def _fault(self, target: str, what: str) -> None:
        self.faults[target] = what
        self._metrics.bundle_faults.labels(target).inc()
        self._log.line("champion_fault", target=target, fault=what)

    def follow(self) -> None:
        """Look now, and from now on every half second in a thread of its own."""
        self.look()
        threading.Thread(target=self._go_on, name="champions", daemon=True).start()

    def _go_on(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            self.look()
            self.tell()

    def tell(self) -> None:
        """Tell of the models that answer since this was done before; what cannot be told now is
        tried again later."""
        if not self._untold or time.monotonic() < self._tell_from:
            return
        self._tell_from = time.monotonic() + RETRY_SECONDS
        while self._untold and self._promoted(*self._untold[0]):
            self._untold.pop(0)
            self._tell_from = 0.0

    def stop(self) -> None:
        """Follow no longer."""
        self._stopped.set()
