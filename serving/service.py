"""BentoML's thin shell: packaging and the running of processes. All that is ours is `serving.app`,
mounted here.

One entry service, no `depends()`, nothing pickled, no adaptive batching (it halves the throughput
of trees). BentoML's own metrics, access log and tracing are off: its error log would print a
child's values, and ours count.
"""

from __future__ import annotations

import gc
import os

# Before BentoML is imported: no call home, and one thread for each library that would start more.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# uvicorn would believe whoever is on this machine about the address of others; whom to believe is
# SANKET_PROXIES'.
os.environ["FORWARDED_ALLOW_IPS"] = "none"

import bentoml
from _bentoml_sdk import Service  # no public name: `service_class` asks for one of its kind
from starlette.types import ASGIApp, Receive, Scope, Send

from registry.contract.errors import BadInput
from serving.app import Application, create_app
from serving.http import connections
from serving.process import settings

STORE, MODELS = "SANKET_STORE", "SANKET_MODELS"
# A wrong setting stops BentoML here, before it starts a worker that would fail again and again.
SETTINGS = settings.checked()
connections.install(SETTINGS.limits)


class Mounted:
    """The application as ASGI, made when the service starts: building a Bento needs no store."""

    app: Application | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.opened(scope, receive, send)

    @property
    def opened(self) -> Application:
        """The application. BadInput SRV001 before the service was started."""
        if self.app is None:
            raise BadInput("SRV001", f"the service was not started: it needs {STORE}")
        return self.app


mounted = Mounted()


class Shell:
    """BentoML starts and stops us; every request goes straight to the mounted application.

    BentoML's own layers before a mounted application cost 0.9 ms a request (measured beside 0.6 ms
    for all of uvicorn), hold a 60-second timer for each, and answer the probes with less than we
    know.
    """

    def __init__(self, life: ASGIApp):
        self._life = life

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._life if scope["type"] == "lifespan" else mounted)(scope, receive, send)


class Direct(Service):  # type: ignore[misc]  # BentoML ships no types
    """A BentoML service whose requests need none of BentoML's routes."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        return Shell(super().to_asgi(is_main))


@bentoml.asgi_app(mounted, path="/")
@bentoml.service(
    name="sanket",
    service_class=Direct,
    workers=SETTINGS.workers,
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
class Sanket:
    """Which child in or just out of treatment for severe acute malnutrition to visit first, and
    why."""

    def __init__(self) -> None:
        if not (store := os.environ.get(STORE)):
            raise BadInput(
                "SRV001", f"set {STORE} to the address of the store, or use `sanket serve STORE`"
            )
        mounted.app = create_app(store, os.environ.get(MODELS))
        mounted.opened.warm_up()
        # What is loaded now stays: taken out of the collector's sight, its pauses fall from 100 ms
        # to 3 ms.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]  # BentoML ships no types
    def stop(self) -> None:
        """Write what waits."""
        mounted.opened.close()
