"""BentoML's thin shell: packaging and the running of processes. All that is ours is `serving.app`, mounted here.

One entry service, no `depends()`, nothing pickled, no adaptive batching (it halves the throughput of trees).
BentoML's own metrics, access log and tracing are off: its error log would print a child's values, and ours count.
"""

from __future__ import annotations

import gc
import os

# Before BentoML is imported: no call home, and one thread for each library that would start more.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import bentoml

from registry.errors import BadInput
from serving.app import Application, create_app
from serving.limits import PROBES

STORE, MODELS = "SANKET_STORE", "SANKET_MODELS"
STOP_SECONDS = 90
"""BentoML's own time limit: above ours, so that ours answers first."""


class Mounted:
    """The application as ASGI, made when the service starts: building a Bento needs no store."""

    app: Application | None = None

    async def __call__(self, scope, receive, send) -> None:
        await self.app(scope, receive, send)


mounted = Mounted()


class OwnProbes:
    """Answers the probes and unknown addresses ourselves, where BentoML would answer with less."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send) -> None:
        ours = scope["type"] == "http" and (scope["path"] in PROBES or scope["path"] == "/schema.json")
        await (mounted if ours else self._app)(scope, receive, send)


@bentoml.asgi_app(mounted, path="/")
@bentoml.service(
    name="sanket",
    workers=int(os.environ.get("SANKET_WORKERS", "1")),
    traffic={"timeout": STOP_SECONDS},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
class Sanket:
    """Which child in or just out of treatment for severe acute malnutrition to visit first, and why."""

    def __init__(self) -> None:
        if not (store := os.environ.get(STORE)):
            raise BadInput("SRV001", f"set {STORE} to the address of the store, or use `sanket serve STORE`")
        mounted.app = create_app(store, os.environ.get(MODELS))
        mounted.app.warm_up()
        # What is loaded now stays: taken out of the collector's sight, its pauses fall from 100 ms to 3 ms.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)

    @bentoml.on_shutdown
    def stop(self) -> None:
        """Write what waits."""
        mounted.app.close()


Sanket.add_asgi_middleware(OwnProbes)
