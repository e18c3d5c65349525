"""Events as a poller reads them: within its scope, each child by its key, from a cursor on."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from serving.answering.schema_parts import (
    DAY_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    TRUTH,
    many,
    obj,
    or_null,
    told,
)
from serving.book.areas.area_rollups import no_cursor
from serving.book.events import KINDS, BookEvent
from serving.book.reader import Reader
from serving.export.child_list import child_keys

FACTS = (
    "as_of",
    "state",
    "rule",
    "next_step",
    "who",
    "by_when",
    "finding",
    "visited_on",
    "target",
    "version",
)
"""What events tell beside kind and child; null where it is not of this kind."""


@dataclass(frozen=True)
class EventPage:
    """Events with the ids of the children whom they tell of; `next`: where to go on, now or later;
    `more`: whether there are more now; `gap`: older ones are gone, read the children anew."""

    events: list[dict[str, Any]]
    child_ids: list[str]
    next: str
    more: bool
    gap: bool


def event_page(reader: Reader, engine: sa.Engine, *, after: str | None, limit: int) -> EventPage:
    """The events after a cursor, at most so many. NothingScored, UsageError EXP004."""
    batch = reader.events(_number(after), limit)
    keyed = child_keys(engine)
    return EventPage(
        [_document(event, keyed) for event in batch.events],
        list(dict.fromkeys(one.child_id for one in batch.events if one.child_id)),
        _cursor(batch.read_to),
        len(batch.events) == limit,
        batch.gap,
    )


def _document(event: BookEvent, keyed: Any) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "at": event.at,
        "sector_id": event.sector_id or None,
        "child_key": None if event.child_id is None else keyed(event.child_id),
        **{name: event.told.get(name) for name in FACTS},
    }


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([number])).decode().rstrip("=")


def _number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        (number,) = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError):
        raise no_cursor() from None
    if type(number) is not int or not 0 <= number < 2**63:
        raise no_cursor()
    return number


EVENT_SCHEMAS: dict[str, Any] = {
    "Event": told(
        obj(
            kind={"type": "string", "enum": list(KINDS)},
            at=told(TIME, "when it was written down, UTC"),
            sector_id=told(TEXT_OR_NULL, "of the child, then"),
            child_key=told(TEXT_OR_NULL, "as in /children"),
            as_of=told(DAY_OR_NULL, "the scoring day"),
            state=or_null("State"),
            rule=or_null("Rule"),
            next_step=or_null("Step"),
            who=or_null("Who"),
            by_when=DAY_OR_NULL,
            finding=or_null("Finding"),
            visited_on=DAY_OR_NULL,
            target=or_null("Target"),
            version=told(TEXT_OR_NULL, "of the model that was promoted"),
        ),
        "run_published has as_of; child_in_danger (and not in the run before) as_of and what is to "
        "be done; finding_entered finding and visited_on; model_promoted target and version; all "
        "else is null",
    ),
    "EventPage": obj(
        events=many("Event", "in the order in which they were written down"),
        next=told(TEXT, "where to go on, now or later"),
        more=told(TRUTH, "whether there may be more now"),
        gap=told(TRUTH, "events were removed before they were read: read /children anew"),
    ),
}
"""The named schemas of events."""
