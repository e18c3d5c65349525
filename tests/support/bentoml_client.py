"""BentoML's own clients in a process of their own: importing BentoML changes a process's logging
and warnings.

As a program it reads one call a line from standard input, as JSON, and writes what came of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class ClientRaised(Exception):
    """What the client raised: its kind, its status where it has one, its text."""

    kind: str
    status: int | None
    text: str


class BentoClient:
    """Calls endpoints of a service by `bentoml.SyncHTTPClient`, or by `AsyncHTTPClient`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"BENTOML_DO_NOT_TRACK": "True"},
        )

    def call(
        self, port: int, token: str, act: str, *, by: str = "SyncHTTPClient", **arguments: Any
    ) -> Any:
        """The endpoint's answer; of `endpoints` what the client knows of them. ClientRaised."""
        url = f"http://127.0.0.1:{port}"
        asked = {"by": by, "url": url, "token": token, "act": act, "arguments": arguments}
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        if "raised" in told:
            raise ClientRaised(*told["raised"])
        return told["answer"]

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()


def _answer(asked: dict[str, Any]) -> Any:
    import asyncio

    import bentoml

    async def answered_async() -> Any:
        async with bentoml.AsyncHTTPClient(asked["url"], token=asked["token"]) as client:
            return await getattr(client, asked["act"])(**asked["arguments"])

    if asked["by"] == "AsyncHTTPClient":
        return asyncio.run(answered_async())
    with bentoml.SyncHTTPClient(asked["url"], token=asked["token"]) as client:
        if asked["act"] == "endpoints":
            return {
                name: {"input": one.input, "output": one.output}
                for name, one in client.endpoints.items()
            }
        return getattr(client, asked["act"])(**asked["arguments"])


def _answered(line: str) -> dict[str, Any]:
    try:
        return {"answer": _answer(json.loads(line))}
    except Exception as error:
        status = getattr(error, "error_code", None)
        return {"raised": [type(error).__name__, status and int(status), str(error)]}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_answered(line)), flush=True)
