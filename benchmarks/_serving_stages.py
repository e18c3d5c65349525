"""Where one request's time goes: each stage alone, in microseconds (median), for a child with 30
measurements."""

from __future__ import annotations

import statistics
import time

import numpy as np
import orjson

from benchmarks._serving_parts import AS_OF, TARGETS, a_bundle, child
from care.pathway.decide import placed_rows
from care.protocol import standard
from features.clock import Clock
from features.trajectory.as_of import rows
from features.trajectory.trace import trace
from models.scoring import score_children
from registry.checks.table import build_records
from registry.contract.registry import day_number
from serving.answering.answers import _teller
from serving.answering.growth_points import classifications, growth_points
from serving.answering.request_shape import incoming


def microseconds(times: int = 400) -> dict[str, float]:
    """Median microseconds of each stage; `score_children` holds clock, trajectory, features,
    predict and explain."""
    bundles = {target: a_bundle(target).prepare() for target in TARGETS}
    body = orjson.dumps({"as_of": str(AS_OF), "children": [child(1)]})
    children = orjson.loads(body)["children"]
    registry, _ = build_records(children)
    one, day, protocol = (
        np.array([0], np.int32),
        np.array([day_number(AS_OF)], np.int32),
        standard(),
    )
    clock = Clock(registry)
    traced = trace(clock, clock.known_by(one, day))
    features = rows(traced)
    bundle = bundles["relapse"]
    scored = score_children(clock, one, day, bundles=bundles)
    answer = _teller(scored, "en")(0) | {"growth_points": growth_points(traced)[0]}
    work = {
        "parse": lambda: orjson.loads(body),
        "validate": lambda: build_records([part.records for part in incoming(children)]),
        "clock": lambda: Clock(registry).known_by(one, day),
        "trajectory": lambda: trace(clock, clock.known_by(one, day)),
        "features": lambda: rows(traced),
        "predict": lambda: bundle.forest.margin(features),
        "explain": lambda: bundle.forest.contributions(features),
        "score_children": lambda: score_children(clock, one, day, bundles=bundles),
        "z_scores": lambda: growth_points(traced),
        "classify": lambda: classifications(traced),
        "protocol": lambda: placed_rows(traced.known, traced.growth, protocol),
        "words": lambda: _teller(scored, "en")(0),
        "serialise": lambda: orjson.dumps(answer),
    }
    return {name: _median(call, times) for name, call in work.items()}


def _median(call, times: int) -> float:
    call()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return round(1e6 * statistics.median(taken), 1)
