"""Made-up parts that the service's tests share: bundles of random trees, rows of the score book."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import json
import os
from pathlib import Path

import httpx
import numpy as np

from features.trajectory.catalogue import NAMES
from models.bundle import Bundle, Calibrator, save
from models.linear import Linear
from models.visits.listed_child import Candidate, Reason
from serving.access.permissions import issue
from serving.book import scorebook
from serving.book.publishing import publish
from serving.book.scorebook import BookRow, Score

AS_OF = dt.date(2026, 3, 14)
KEY = b"k" * 32


@functools.cache
def bundle(target: str, *, seed: int = 0, trees: int = 20) -> Bundle:
    """A bundle of random trees over the real catalogue; its scores mean nothing."""
    import lightgbm

    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(400, len(NAMES)))
    rows[rng.random(rows.shape) < 0.3] = np.nan
    happened = np.nan_to_num(rows[:, 0] - rows[:, 1]) + rng.normal(size=400) > 0
    settings = {
        "objective": "binary",
        "num_leaves": 8,
        "verbosity": -1,
        "num_threads": 1,
        "seed": seed,
    }
    booster = lightgbm.train(
        settings, lightgbm.Dataset(rows, happened, feature_name=list(NAMES)), trees
    )
    none = np.zeros(len(NAMES))
    knots = np.linspace(-4, 4, 9)
    calibrator = Calibrator(0.9, -0.2, knots, knots * 0 + 0.2, knots * 0 + 0.3)
    linear = Linear(-1.0, none, none + 1, rng.normal(size=len(NAMES)) / 50, none, none, none)
    return Bundle(
        target, booster.model_to_string(), linear, 0.7, calibrator, {}, facts={"synthetic": True}
    )


def promoted(folder: Path, made: Bundle) -> str:
    """Save a bundle and turn its target's pointer to it, as `sanket promote` does; its version."""
    saved = save(made, folder / "bundles")
    beside = folder / f".champion-{made.target}"
    beside.write_text(json.dumps({"bundle": saved.version}))
    os.replace(beside, folder / f"champion-{made.target}.json")
    return saved.version


def row(child_id: str, sector_id: str = "S1", **changes) -> BookRow:
    """A child of the score book, at risk of relapse."""
    reasons = (Reason("falling_weight", 0.7), Reason("illness", 0.2), Reason("age", -0.1))
    known = {
        "child_id": child_id,
        "centre_id": f"{sector_id}-A1",
        "centre_name": "Shivaji Nagar",
        "sector_id": sector_id,
        "setting": "urban",
        "latitude": 19.0,
        "longitude": 73.0,
        "sex": "F",
        "age_months": 18,
        "state": "follow_up",
        "rule": "follow_up",
        "next_step": "follow_up_weighing",
        "who": "awc_worker",
        "by_when": dt.date(2026, 3, 20),
        "overdue_days": 0,
        "danger": False,
        "target": "relapse",
        "risk": 0.4,
        "risk_low": 0.3,
        "risk_high": 0.5,
        "reasons": reasons,
        "facts": {"last_weight_kg": 7.3, "last_weight_on": dt.date(2026, 3, 2)},
    }
    score = Score("scored", None, 47, 0.4, 0.3, 0.5, -1.2, reasons, "abc")
    return BookRow(Candidate(**(known | changes)), {"relapse": score})


def book(
    engine, rows: list[BookRow], *, as_of: dt.date = AS_OF, made_from: dict | None = None
) -> scorebook.Run:
    """A published run of these rows. Sector S1 and S2 are of project P1, S3 of P2; P1 and P2 of
    district D1, D2."""
    places = [("S1", "P1", "D1"), ("S2", "P1", "D1"), ("S3", "P2", "D2")]
    run = scorebook.begin(engine, as_of=as_of, made_from=made_from or {}, places=places)
    scorebook.write_chunk(engine, run, 0, rows)
    publish(engine, run, facts={"synthetic": True, "protocol_version": "1"})
    return run


class Client:
    """Asks an ASGI application, one request at a time."""

    def __init__(self, app, token: str | None = None):
        self._app, self._headers = app, {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, method: str, path: str, **request) -> httpx.Response:
        """One request; its answer."""
        headers = self._headers | request.pop("headers", {})

        async def exchange() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://sanket.test"
            ) as client:
                return await client.request(method, path, headers=headers, **request)

        return asyncio.run(exchange())

    def get(self, path: str, **request) -> httpx.Response:
        """A GET."""
        return self.ask("GET", path, **request)

    def post(self, path: str, document: object = None, **request) -> httpx.Response:
        """A POST of a JSON document."""
        return self.ask("POST", path, **({"json": document} | request))


def token(*scopes: str, role: str = "officer") -> str:
    """A token of the tests' key."""
    return issue(key=KEY, role=role, scopes=scopes or ["state:*"], name="test")
