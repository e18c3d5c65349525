"""Parity: one child through training, the batch and the API gives the same bits, with its context
and without."""

import csv
import datetime as dt

import numpy as np
import pytest
import sqlalchemy as sa

from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from features.trajectory.smoother import DEFAULT_PRIORS
from models.bundle import save
from models.champion import bundles_folder, champions, models_folder, turn
from models.scoring import score_children
from registry.checks.table import build_records
from registry.store.store import open_store
from serving.book import scorebook
from serving.book.scoring.scoring_run import score_store
from tests.support.service_cases import bundle

AS_OF = dt.date(2026, 3, 14)
DAY = (AS_OF - dt.date(1970, 1, 1)).days


def _weighings(start: str, days: list[int], weight: float, gain: float) -> list[dict]:
    first = dt.date.fromisoformat(start)
    return [
        {
            "measured_on": (first + dt.timedelta(days=day)).isoformat(),
            "weight_kg": round(weight + gain * day, 1),
            "height_cm": 74.0 + at if at % 2 == 0 else None,
            "muac_mm": 118 + at if at % 3 == 0 else None,
        }
        for at, day in enumerate(days)
    ]


CHILDREN = [
    {
        "child_id": "in-treatment",
        "sex": "F",
        "birth_date": "2024-08-01",
        "centre_id": "A",
        "family_id": "11111111",
        "birth_weight_kg": 2.4,
        "measurements": _weighings(
            "2025-10-01", [0, 31, 60, 92, 120, 134, 141, 148, 160], 7.1, 0.004
        ),
        "episodes": [
            {
                "episode_id": "e1",
                "programme": "UCDC",
                "admitted_on": "2026-01-30",
                "appetite_test": "pass",
            }
        ],
        "checks": [
            {"checked_on": "2026-02-10", "diarrhoea": True, "poor_appetite": False},
            {"checked_on": "2026-02-20", "diarrhoea": False, "poor_appetite": True},
        ],
        "rations": [{"issued_on": "2026-02-01", "item": "EDNF", "quantity": 14}],
        "attendance": [{"month": "2026-01", "open_days": 24, "attended_days": 20}],
    },
    {
        "child_id": "discharged",
        "sex": "M",
        "birth_date": "2024-02-01",
        "centre_id": "A",
        "family_id": "11111111",
        "measurements": _weighings(
            "2025-09-01", [0, 40, 70, 77, 84, 91, 108, 130, 160, 190], 8.0, 0.006
        ),
        "episodes": [
            {
                "episode_id": "e2",
                "programme": "UCDC",
                "admitted_on": "2025-11-10",
                "closed_on": "2025-12-20",
                "outcome": "cured",
            }
        ],
    },
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parity")
    address = str(folder / "p.db")
    opened = open_store(address)
    opened.import_source(_folder(folder / "source"), imported_on=AS_OF.isoformat())
    opened.close()
    for target in ("relapse", "non_response"):
        saved = save(bundle(target), bundles_folder(folder / "p.models"))
        turn(folder / "p.models", target, saved.version)
    return address


def _folder(place):
    """The same children as a folder of tables."""
    place.mkdir()
    tables = {
        "centres": [
            {
                "centre_id": "A",
                "sector_id": "S",
                "project_id": "P",
                "district_id": "D",
                "setting": "urban",
            }
        ],
        "children": [
            {key: value for key, value in child.items() if not isinstance(value, list)}
            for child in CHILDREN
        ],
    }
    for name in ("measurements", "episodes", "checks", "rations", "attendance"):
        tables[name] = [
            {"child_id": child["child_id"]} | row
            for child in CHILDREN
            for row in child.get(name, [])
        ]
    for name, rows in tables.items():
        header = list(dict.fromkeys(key for row in rows for key in row))
        with (place / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, header)
            writer.writeheader()
            writer.writerows(rows)
    return str(place)


def _trained(store: str, *, with_context: bool):
    """As training sees them: the whole registry, all questions at once."""
    registry = open_store(store).load()
    clock = Clock(registry)
    child = np.array(
        [list(registry.child_ids).index(one["child_id"]) for one in CHILDREN], np.int32
    )
    day = np.full(len(child), DAY, np.int32)
    context = Context(clock) if with_context else None
    return (
        registry,
        clock,
        child,
        day,
        as_of(clock, child, day, priors=DEFAULT_PRIORS, context=context),
    )


@pytest.mark.parametrize("with_context", [True, False])
def test_training_and_scoring_see_the_same_row(store, with_context):
    _, clock, child, day, matrix = _trained(store, with_context=with_context)
    context = Context(clock) if with_context else None
    scored = score_children(
        clock, child[1:], day[1:], bundles=champions(models_folder(store)), context=context
    )
    np.testing.assert_array_equal(scored.rows[0], matrix[1])


def test_the_api_sees_the_row_that_training_sees_without_its_context(store):
    *_, matrix = _trained(store, with_context=False)
    for at, one in enumerate(CHILDREN):
        registry, problems = build_records([one], imported_on=AS_OF)
        assert not problems[0]
        alone = score_children(
            Clock(registry),
            np.zeros(1, np.int32),
            np.array([DAY], np.int32),
            bundles=champions(models_folder(store)),
        )
        setting = [name.startswith("setting") for name in NAMES]
        expected = np.where(setting, np.nan, matrix[at])
        np.testing.assert_array_equal(alone.rows[0], expected)


def test_the_batch_writes_the_risk_that_training_predicts(store):
    *_, matrix = _trained(store, with_context=True)
    done = score_store(store, as_of=AS_OF, exercise=True)
    assert done["children"] == 2
    with open_store(store).engine.connect() as connection:
        rows = connection.execute(sa.select(scorebook.ROWS.c.child_id, scorebook.ROWS.c.page)).all()
    pages = {child_id: scorebook.row_of(page) for child_id, page in rows}
    for at, (child_id, target) in enumerate(
        (("in-treatment", "non_response"), ("discharged", "relapse"))
    ):
        expected = champions(models_folder(store))[target].score(matrix[at : at + 1])
        found = pages[child_id].scores[target]
        assert (found.risk, found.risk_low, found.risk_high) == (
            expected.risk[0],
            expected.low[0],
            expected.high[0],
        )
        assert sum(reason.log_odds for reason in found.reasons) + expected.base == pytest.approx(
            expected.log_odds[0]
        )
