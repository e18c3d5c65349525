"""BentoML's thin shell: packaging, the running of processes, and the endpoints `score` and
`classify` as its clients know them. All that is ours is `serving.app`, to which every request goes.

One entry service, no `depends()`, nothing pickled, no adaptive batching (it halves the throughput
of trees). BentoML's own metrics, access log and tracing are off: its error log would print a
child's values, and ours count. Only what BentoML documents is used
(`tests/spec/test_server_parts.py`).
"""

from __future__ import annotations

import gc
import os
from typing import Any

# Before BentoML is imported: no call home, and one thread for each library that would start more.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# uvicorn would believe whoever is on this machine about the address of others; whom to believe is
# SANKET_PROXIES'.
os.environ["FORWARDED_ALLOW_IPS"] = "none"

import bentoml
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from registry.contract.errors import BadInput
from serving.answering.endpoint_types import AsOf, Children, ClassifyAnswer, Language, ScoreAnswer
from serving.api.bentoml_routes import answer_here
from serving.app import Application, create_app
from serving.http import connections
from serving.process import settings

STORE, MODELS = "SANKET_STORE", "SANKET_MODELS"
# A wrong setting stops BentoML here, before it starts a worker that would fail again and again.
SETTINGS = settings.checked()
connections.install(SETTINGS.limits)
PAST_OURS_SECONDS = 30
"""BentoML's own time limit on a request lies so far beyond ours, and never ends one."""


class Carried(BaseModel):
    """What a Bento was built with: `bentoml build --arg champions=TAG` (`sanket bento`)."""

    champions: str | None = Field(
        None, description="the champions that the Bento carries, as a model of BentoML's store"
    )


CARRIED = bentoml.use_arguments(Carried)


class Mounted:
    """The application as ASGI, made when the service starts: building a Bento needs no store."""

    app: Application | None = None

    @property
    def opened(self) -> Application:
        """The application. BadInput SRV001 before the service was started."""
        if self.app is None:
            raise BadInput("SRV001", "the service was not started")
        return self.app


mounted = Mounted()


class Straight:
    """BentoML starts and stops us; every request goes straight to our application.

    BentoML's layers before a mounted application cost 0.4 ms of CPU a request; this middleware,
    with tracing excluded, costs 0.036. None of BentoML's routes answers: its probes know less than
    ours, and its parsing knows no token.
    """

    def __init__(self, app: ASGIApp):
        self._life = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._life if scope["type"] == "lifespan" else mounted.opened
        await app(scope, receive, send)


@bentoml.service(
    name="sanket",
    workers=SETTINGS.workers,
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ".*"},
    traffic={"timeout": SETTINGS.limits.seconds + PAST_OURS_SECONDS},
)
class Sanket:
    """Which child in or just out of treatment for severe acute malnutrition to visit first, and
    why."""

    if CARRIED.champions:
        champions = bentoml.models.BentoModel(CARRIED.champions)

    def __init__(self) -> None:
        mounted.app = create_app(
            os.environ.get(STORE) or None, self._models_folder(), described=described()
        )
        mounted.opened.warm_up()
        # What is loaded now stays: taken out of the collector's sight, its pauses fall from 100 ms
        # to 3 ms.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)

    def _models_folder(self) -> str | None:
        """The folder of the champions: what is set, else what the Bento carries, else the
        store's."""
        carried = self.champions.path if CARRIED.champions else None
        return os.environ.get(MODELS) or carried

    @bentoml.api  # type: ignore[untyped-decorator]  # BentoML ships no types
    def score(
        self, children: Children, as_of: AsOf = None, language: Language = None
    ) -> ScoreAnswer:
        """Growth points, classification, the protocol's step, and each target's calibrated risk
        with its reasons: as `POST /v1/score`."""
        return _in_this_process("score", children, as_of, language)

    @bentoml.api  # type: ignore[untyped-decorator]  # BentoML ships no types
    def classify(
        self, children: Children, as_of: AsOf = None, language: Language = None
    ) -> ClassifyAnswer:
        """Growth points, classification and the protocol's step, by rules alone: as
        `POST /v1/classify`."""
        return _in_this_process("classify", children, as_of, language)

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]  # BentoML ships no types
    def stop(self) -> None:
        """Write what waits."""
        mounted.opened.close()


service: Any = Sanket
"""The same as BentoML has made it: the type of a class does not follow its decorator."""
service.add_asgi_middleware(Straight)


def _in_this_process(
    act: str, children: Children, as_of: AsOf, language: Language
) -> dict[str, Any]:
    """The answer for a program that has the service in its own process: a test, a notebook.

    A request of BentoML's does not come here: `Straight` lies before its routes. If one ever did,
    nobody would have asked for a token.
    """
    try:
        service.context.request  # noqa: B018  # what is asked is whether there is one
    except LookupError:
        asked = {"children": children, "as_of": as_of, "language": language}
        return answer_here(mounted.opened.state, act, asked)
    raise bentoml.exceptions.ServiceUnavailable("no request is answered past the guard")


def described() -> dict[str, Any]:
    """What BentoML says of the endpoints, by path: for its clients, and as an OpenAPI document."""
    document = service.openapi_spec.asdict()
    document["info"] = {
        "title": "sanket",
        "version": "1",
        "description": "BentoML's endpoints. Every route, with its refusals: /v1/openapi.json",
    }
    return {"/schema.json": service.schema(), "/docs.json": document}
