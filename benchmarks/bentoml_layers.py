"""CPU of a request's way through BentoML's layers to an application that does nothing, by each way
that there is to it. CPU time, so that other work on the machine changes little.

    python benchmarks/bentoml_layers.py [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time

WAYS = ("mounted", "middleware", "middleware_untraced", "subclass")
REQUESTS, ROUNDS = 500, 7
SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "POST",
    "path": "/v1/score",
    "raw_path": b"/v1/score",
    "query_string": b"",
    "root_path": "",
    "scheme": "http",
    "headers": [
        (b"host", b"127.0.0.1:3000"),
        (b"content-type", b"application/json"),
        (b"authorization", b"Bearer " + b"x" * 300),
        (b"content-length", b"900"),
    ],
    "client": ("127.0.0.1", 1234),
    "server": ("127.0.0.1", 3000),
}


async def nothing(scope, receive, send) -> None:
    """An application that does nothing."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Nothing:
    """The same as BentoML mounts one."""

    async def __call__(self, scope, receive, send) -> None:
        await nothing(scope, receive, send)


class Straight:
    """The middleware of `serving/service.py`."""

    def __init__(self, app):
        self._life = app

    async def __call__(self, scope, receive, send) -> None:
        await (self._life if scope["type"] == "lifespan" else nothing)(scope, receive, send)


def application(way: str):
    """BentoML's application, with the way to ours."""
    import bentoml

    class Direct(bentoml.Service):
        def to_asgi(self, is_main=True):
            return Straight(super().to_asgi(is_main))

    class Empty:
        """A service without endpoints."""

    settings = {"metrics": {"enabled": False}, "logging": {"access": {"enabled": False}}}
    if way == "middleware_untraced":
        settings |= {"tracing": {"excluded_urls": ".*"}}
    if way == "subclass":
        settings |= {"service_class": Direct}
    service = bentoml.service(name="empty", **settings)(Empty)
    if way == "mounted":
        service.mount_asgi_app(Nothing(), path="/")
    elif way.startswith("middleware"):
        service.add_asgi_middleware(Straight)
    return service.to_asgi()


async def microseconds(app) -> float:
    """CPU of one request: the median of the rounds."""

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message) -> None:
        pass

    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(REQUESTS):
            await app(dict(SCOPE), receive, send)
        rounds.append(1e6 * (time.process_time() - began) / REQUESTS)
    return statistics.median(rounds[1:])


def main() -> None:
    """Each way in a process of its own: BentoML keeps its settings for the whole process."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--json", action="store_true")
    reader.add_argument("--way", choices=WAYS, help="this one alone, in this process")
    asked = reader.parse_args()
    if asked.way:
        print(asyncio.run(microseconds(application(asked.way))))
        return
    surroundings = os.environ | {"BENTOML_DO_NOT_TRACK": "True"}
    told = {}
    for way in WAYS:
        command = [sys.executable, __file__, "--way", way]
        ran = subprocess.run(command, capture_output=True, text=True, env=surroundings, check=True)
        told[f"{way}_us"] = round(float(ran.stdout.splitlines()[-1]), 1)
    if asked.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
