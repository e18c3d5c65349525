"""What a store remembers about itself: text values by name in `store_facts`, typed on the way
out."""

from __future__ import annotations

import json
from collections.abc import Mapping

from registry.contract.versions import EVER


def recorded_until(stored: Mapping[str, str]) -> int:
    """The last day that the store's records speak of; `EVER` in a store without records."""
    return int(stored.get("recorded_until", int(EVER)))


def facts_of(stored: Mapping[str, str]) -> dict[str, object]:
    """The facts that go with a loaded registry."""
    rows, assumed = int(stored.get("rows_history", 0)), int(stored.get("rows_assumed", 0))
    facts: dict[str, object] = {
        "registry_id": stored["registry_id"],
        "synthetic": stored.get("synthetic") == "true",
        "share_assumed_dates": assumed / rows if rows else 0.0,
        "recorded_until": recorded_until(stored),
    }
    if "made_up_epoch" in stored:
        facts["made_up_epoch"] = stored["made_up_epoch"]
    return facts


def imported_tables(stored: Mapping[str, str]) -> set[str]:
    """Tables that some import has brought already."""
    return set(json.loads(stored.get("imported_tables", "[]")))
