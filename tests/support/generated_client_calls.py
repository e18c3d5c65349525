"""A dashboard's program over the client that `openapi-python-client` makes: one call of each
operation. `tests/journey/test_generated_clients.py` has it checked by `mypy --strict` beside the
generated package, and runs it against a running service."""

from __future__ import annotations

import datetime
import json
import sys

from sanket_client import AuthenticatedClient
from sanket_client.api.area import get_indicators, list_areas
from sanket_client.api.bulk import export_rows
from sanket_client.api.children import get_child, get_growth, list_children
from sanket_client.api.events import list_events
from sanket_client.api.models import get_champions
from sanket_client.api.stateless_answers import classify_children, score_children
from sanket_client.api.visits import list_visits, record_outcome
from sanket_client.models import (
    AreaPage,
    ChampionsAnswer,
    ChildPage,
    ChildrenRequest,
    ClassifyAnswer,
    EventPage,
    ExportRowsForm,
    ExportRowsWhat,
    GrowthAnswer,
    IndicatorsAnswer,
    ListAreasLevel,
    Outcome,
    OutcomeAnswer,
    Problem,
    ScoreAnswer,
    StoredChildAnswer,
    VisitListAnswer,
)


def stateless(client: AuthenticatedClient, example: dict[str, object]) -> None:
    """Children that come with their records."""
    asked = ChildrenRequest.from_dict(example)
    scored = score_children.sync(client=client, body=asked, accept_language="mr")
    assert isinstance(scored, ScoreAnswer) and scored.language == "mr"
    child = scored.children[0]
    assert child.status == "answered" and child.relapse and child.relapse.risk is not None
    assert 0 <= child.relapse.risk <= 1 and child.care and child.care.danger is False
    classified = classify_children.sync(client=client, body=asked)
    assert isinstance(classified, ClassifyAnswer) and classified.children[0].care == child.care


def stored(client: AuthenticatedClient, child_id: str) -> None:
    """Children of the score book."""
    page = list_children.sync(client=client, sector="S0002", limit=3)
    assert isinstance(page, ChildPage) and 0 < len(page.children) <= 3
    child = get_child.sync(child_id, client=client, history=True)
    assert isinstance(child, StoredChildAnswer) and child.child_id == child_id
    growth = get_growth.sync(child_id, client=client)
    assert isinstance(growth, GrowthAnswer)
    visits = list_visits.sync(client=client, sector="S0002", capacity=5)
    assert isinstance(visits, VisitListAnswer) and 0 < len(visits.rows) <= 5
    missing = get_child.sync("nobody", client=client)
    assert isinstance(missing, Problem) and missing.code == "API003"


def areas(client: AuthenticatedClient) -> None:
    """Figures of areas, events, models, a file."""
    page = list_areas.sync(client=client, level=ListAreasLevel.SECTOR, months=0)
    assert isinstance(page, AreaPage) and page.areas
    assert isinstance(get_indicators.sync(client=client), IndicatorsAnswer)
    assert isinstance(list_events.sync(client=client, limit=3), EventPage)
    assert isinstance(get_champions.sync(client=client), ChampionsAnswer)
    rows = export_rows.sync_detailed(
        ExportRowsWhat.CHILDREN, ExportRowsForm.CSV, client=client
    ).content
    assert b'"child_id"' in rows.splitlines()[0]


def outcome(client: AuthenticatedClient, child_id: str, today: str) -> None:
    """What a visit found, sent twice and noted once."""
    found = Outcome.from_dict({"visited_on": today, "finding": "well", "weight_kg": 7.4})
    for _ in range(2):
        noted = record_outcome.sync(child_id, client=client, body=found, idempotency_key="one")
        assert isinstance(noted, OutcomeAnswer), noted
    assert datetime.date.fromisoformat(today)


def main() -> None:
    """Each operation once."""
    told = json.load(sys.stdin)
    client = AuthenticatedClient(
        base_url=told["base_url"], token=told["token"], raise_on_unexpected_status=True
    )
    stateless(client, told["example"])
    stored(client, told["child_id"])
    areas(client)
    outcome(client, told["child_id"], told["today"])
    print("each operation was called")


if __name__ == "__main__":
    main()
