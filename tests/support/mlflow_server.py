"""A real `mlflow server` with one worker, for tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

BINARIES = Path(sys.executable).parent


def environment(**more: str) -> dict[str, str]:
    """This process's, with the project's commands on PATH, MLflow's telemetry off, and no run or
    experiment of ours."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return (
        own
        | {"PATH": f"{BINARIES}:{os.environ['PATH']}", "MLFLOW_DISABLE_TELEMETRY": "true"}
        | more
    )


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Its address; runs and artifacts lie in the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        BINARIES / "mlflow",
        "server",
        "--port",
        str(port),
        "--workers",
        "1",
        "--backend-store-uri",
        f"sqlite:///{folder}/server.db",
        "--artifacts-destination",
        str(folder / "artifacts"),
    ]
    running = subprocess.Popen(
        command,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, running)
        yield address
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        try:
            running.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def _wait_for(address: str, running: subprocess.Popen) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and running.poll() is None:
        try:
            if httpx.get(f"{address}/health").status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.3)
    raise TimeoutError("mlflow server did not start")
