"""Monitoring: Prometheus metrics, and one JSON log line for each request. Neither holds a child's
id or values."""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
import sys
import traceback
from collections.abc import Callable

import orjson
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
ASKED_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")


class Metrics:
    """The figures of one application. Several worker processes share them through
    PROMETHEUS_MULTIPROC_DIR."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = self._counter(
            "sanket_requests", "Requests answered.", "route", "method", "status"
        )
        self.seconds = Histogram(
            "sanket_request_seconds",
            "Time to answer, by route.",
            ["route"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self.children = self._counter(
            "sanket_children", "Children answered for, by status.", "route", "status"
        )
        self.scores = self._counter(
            "sanket_scores", "Scores given, by target and status.", "target", "status"
        )
        self.refused = self._counter(
            "sanket_refused", "Requests refused before their work began.", "code"
        )
        self.bundle_faults = self._counter(
            "sanket_bundle_faults", "Champions that could not be loaded.", "target"
        )
        self.book_faults = self._counter(
            "sanket_book_faults", "Times that the score book could not be read."
        )
        self.bundle_ready = self._gauge(
            "sanket_bundle_ready", "1 where a champion answers for the target.", "target"
        )
        self.bundle_current = self._gauge(
            "sanket_bundle_current", "1 where it is the one pointed to.", "target"
        )
        self.list_age = self._gauge(
            "sanket_list_age_days", "Days since the newest complete scoring run."
        )
        self.drift = self._gauge(
            "sanket_risk_drift_psi", "Stability index of risks since the run before.", "target"
        )
        self.audit_held = self._gauge(
            "sanket_audit_held", "Audit entries that wait for a writable database."
        )
        self.in_flight = self._gauge("sanket_in_flight", "Requests being answered.")
        self.loop_lag = self._gauge(
            "sanket_loop_lag_seconds", "How late the service answers itself."
        )

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(
            name, meaning, labels, registry=self._registry, multiprocess_mode="livemostrecent"
        )

    def text(self) -> bytes:
        """All figures in Prometheus' text form."""
        if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            return generate_latest(self._registry)
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # the package types no call
        return generate_latest(shared)


def request_id(asked: str | None) -> str:
    """The id that the caller gave, where it is a plain one of 8 to 64 signs, or a new one."""
    return asked if asked and ASKED_ID.fullmatch(asked) else secrets.token_hex(8)


def place_of(error: BaseException) -> str:
    """Kind and place of an error. Its message may hold a child's values and is never written."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {where}"


class Log:
    """One line of JSON per event, on standard error by default."""

    def __init__(self, write: Callable[[str], object] | None = None):
        self._write = write or sys.stderr.write

    def line(self, event: str, **facts: object) -> None:
        """Write an event with its facts. Callers pass no child's id or value."""
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        try:
            self._write(orjson.dumps({"at": at, "event": event, **facts}).decode() + "\n")
        except OSError:
            # A full disk under the log must not stop the service from answering.
            return
