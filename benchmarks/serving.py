"""One model behind Sanket, behind plain FastAPI, and behind `mlflow models serve`, in one run, on
one core each.

Sanket takes a child's records: it validates them, computes z-scores, the trajectory and the
protocol's state, scores two targets, explains them and says why in words. The others take features
that were computed beforehand: `floor` is plain FastAPI + the same booster + `pred_contrib`;
`kernel` the same with our explanation kernel.

Throughput: four connections that never rest. Latency: one connection that never rests; and
open-loop arrivals (Poisson) at 70 % of the throughput, timed from when each request was due. Rounds
take turns, ratios are paired. CPU time is that of the server's processes: it is told about the same
on a busy machine and on an idle one.

    python benchmarks/serving.py [--json] [--seconds 3] [--rounds 3]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from multiprocessing import get_context
from pathlib import Path

# This file's folder would hide the package `serving` behind this file.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks import _serving_cpu, _serving_queue, _serving_stages
from benchmarks import _serving_parts as parts

KINDS = ("sanket", "floor", "kernel", "mlflow")
FIRST_PORT = 3950
START_SECONDS = 240


class Asker:
    """One connection to one server."""

    def __init__(self, port: int, asked: tuple[str, bytes, dict[str, str]]):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._path, self._body, self._headers = asked

    def __call__(self) -> float:
        """Ask once; the seconds it took. Raises where the answer is not 200."""
        began = time.perf_counter()
        self._connection.request("POST", self._path, self._body, self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{self._path} answered {answer.status}: {body[:200]!r}")
        return time.perf_counter() - began


def closed(port: int, asked, *, seconds: float, connections: int) -> list[float]:
    """Times of requests of connections that never rest."""
    times: list[float] = []
    until = time.perf_counter() + seconds

    def ask() -> None:
        asker = Asker(port, asked)
        while time.perf_counter() < until:
            times.append(asker())

    _together(ask, connections)
    return times


def open_loop(port: int, asked, *, seconds: float, rate: float) -> list[float]:
    """Times of requests that arrive at random at this rate, each counted from when it was due."""
    dice, due, dues = random.Random(1), 0.0, []
    while due < seconds:
        dues.append(due := due + dice.expovariate(rate))
    times, began, lock = [], time.perf_counter() + 0.1, threading.Lock()
    waiting = iter(dues)

    def ask() -> None:
        asker = Asker(port, asked)
        while True:
            with lock:
                due = next(waiting, None)
            if due is None:
                return
            time.sleep(max(0.0, began + due - time.perf_counter()))
            asker()
            times.append(time.perf_counter() - began - due)

    _together(ask, 16)
    return times


def _together(work, count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _in_another_process(results, function: str, *arguments, **settings) -> None:
    if len(cores := sorted(os.sched_getaffinity(0))) > 1:
        os.sched_setaffinity(0, cores[1:])
    results.put(globals()[function](*arguments, **settings))


def from_outside(function: str, *arguments, **settings) -> list[float]:
    """Times of a load that a second process makes."""
    context = get_context("fork")
    results = context.Queue()
    process = context.Process(
        target=_in_another_process, args=(results, function, *arguments), kwargs=settings
    )
    process.start()
    times = results.get(timeout=300)
    process.join()
    return times


def milliseconds(times: list[float], share: float) -> float:
    """A percentile of times, in ms."""
    return 1000 * sorted(times)[min(len(times) - 1, int(share * len(times)))]


def measure(port: int, process: int, one, many, seconds: float) -> dict[str, float]:
    """One round's figures of one server (its port, its process); `queue_p99_to_p50`: of a queue of
    these singles."""
    before = _serving_cpu.of_family(process)
    single = from_outside("closed", port, one, seconds=seconds, connections=1)
    spent = _serving_cpu.of_family(process) - before
    busy = from_outside("closed", port, one, seconds=seconds, connections=4)
    rate = len(busy) / seconds
    at_70 = from_outside("open_loop", port, one, seconds=2 * seconds, rate=0.7 * rate)
    batch = from_outside("closed", port, many, seconds=seconds, connections=1)
    return {
        "singles_per_second": rate,
        "p50_ms": milliseconds(single, 0.5),
        "p99_ms": milliseconds(single, 0.99),
        "p50_at_70_ms": milliseconds(at_70, 0.5),
        "p99_at_70_ms": milliseconds(at_70, 0.99),
        "cpu_ms": 1000 * spent / len(single),
        "queue_p99_to_p50": _serving_queue.p99_to_p50(single, load=0.7),
        "batch_p50_ms": milliseconds(batch, 0.5),
        "batch_children_per_second": 1000 / statistics.median(batch),
    }


def await_server(port: int, asked) -> None:
    """Wait until a server answers."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            Asker(port, asked)()
            return
        except (OSError, http.client.HTTPException):
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def stages() -> dict[str, float]:
    """Microseconds of each stage of one request, in this process."""
    return _serving_stages.microseconds()


def compare(folder: Path, *, seconds: float, rounds: int, say) -> dict:
    """All figures: medians over rounds, and the ratios paired within a round."""
    rows = parts.make(folder)
    ports = {kind: FIRST_PORT + at for at, kind in enumerate(KINDS)}
    asked = {
        kind: [parts.question(kind, folder, rows, count) for count in (1, 1000)] for kind in KINDS
    }
    servers = {kind: parts.start(kind, folder, ports[kind]) for kind in KINDS}
    try:
        for kind in KINDS:
            await_server(ports[kind], asked[kind][0])
            Asker(ports[kind], asked[kind][1])()
        found = {kind: [] for kind in KINDS}
        for number in range(rounds):
            for kind in KINDS:
                found[kind].append(measure(ports[kind], servers[kind].pid, *asked[kind], seconds))
                say(f"round {number + 1}  {kind:7}  {_line(found[kind][-1])}")
    finally:
        for server in servers.values():
            _stop(server)
    return _ratios(found)


def _line(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.2f}" for name, value in figures.items())


def _stop(server) -> None:
    for wanted in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, wanted)
            server.wait(timeout=15)
        except ProcessLookupError:
            return
        except Exception:
            continue


def _ratios(found: dict[str, list[dict[str, float]]]) -> dict:
    def paired(name: str, other: str) -> float:
        pairs = zip(found["sanket"], found[other], strict=True)
        return round(statistics.median(ours[name] / theirs[name] for ours, theirs in pairs), 3)

    medians = {
        kind: {name: round(statistics.median(one[name] for one in rounds), 3) for name in rounds[0]}
        for kind, rounds in found.items()
    }
    tail = statistics.median(one["p99_at_70_ms"] / one["p50_at_70_ms"] for one in found["sanket"])
    return {
        "ratio_singles_to_mlflow": paired("singles_per_second", "mlflow"),
        "ratio_time_to_fastapi_floor": paired("p50_ms", "floor"),
        "ratio_time_to_kernel_floor": paired("p50_ms", "kernel"),
        "ratio_cpu_to_fastapi_floor": paired("cpu_ms", "floor"),
        "ratio_cpu_to_kernel_floor": paired("cpu_ms", "kernel"),
        "ratio_batch_to_mlflow": paired("batch_children_per_second", "mlflow"),
        "ratio_p99_to_p50_at_70": round(tail, 2),
        "queue_p99_to_p50_of_equal_singles": round(_serving_queue.p99_to_p50([1.0], load=0.7), 2),
        "servers": medians,
    }


def main() -> None:
    """Compare and print; with --json the last line is one object with the ratios by name."""
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--json", action="store_true")
    reader.add_argument("--seconds", type=float, default=3)
    reader.add_argument("--rounds", type=int, default=3)
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory(prefix="sanket-serving-") as folder:
        told = compare(
            Path(folder),
            seconds=asked.seconds,
            rounds=asked.rounds,
            say=lambda text: print(text, file=sys.stderr),
        )
    told["stages_us"] = stages()
    told["pauses_of_the_machine"] = _serving_cpu.pauses()
    if asked.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        if name.startswith("ratio"):
            print(f"{name}: {value}")
    print("stages of one request, in microseconds:", told["stages_us"])
    print("pauses of this machine with nothing else running:", told["pauses_of_the_machine"])


if __name__ == "__main__":
    main()
