"""Outcomes that carry an Idempotency-Key: sent again with the same key and body they get the answer
of the first time, whatever became of the connection or the service in between."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from registry.store.schema import make_missing
from serving.errors import AnsweringStill, KeyTaken, NotKept, OutcomeRefused, ServingError
from serving.visits.visit_outcomes import REFUSED, VisitOutcome

HEADER = "idempotency-key"
KEPT_DAYS = 7
"""So long a key is remembered, counted from its first use."""
ANSWERING_SECONDS = 60
"""Whoever took longer to answer than a request may take (`Limits.seconds`) died over it."""
LONGEST_KEY = 200

TABLES = sa.MetaData()
KEYS = sa.Table(
    "sanket_idempotency_keys",
    TABLES,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("child_id", sa.String(500), nullable=False),
    sa.Column("asked", sa.String(64), nullable=False),
    sa.Column("begun_at", sa.String(32), nullable=False),
    sa.Column("answer", sa.Text),
)
"""The keys of the last days. digest: of who asked and the key; asked: of what was asked; answer:
JSON, none while it is made. A child that is forgotten takes its rows along."""


@dataclass(frozen=True)
class KeyedAnswer:
    """The answer to an outcome; `replayed`: it was made an earlier time."""

    document: dict[str, Any]
    replayed: bool


def key_given(headers: Mapping[str, str]) -> str | None:
    """The key of a request; None without one. OutcomeRefused where it is no plain text."""
    key = headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= sign <= "~" for sign in key):
        said = f"must be 1 to {LONGEST_KEY} visible ASCII signs"
        raise OutcomeRefused(REFUSED, errors=[{"field": "Idempotency-Key", "problem": said}])
    return key


def answered_once(
    engine: sa.Engine,
    who: str,
    key: str,
    outcome: VisitOutcome,
    make: Callable[[], dict[str, Any]],
) -> KeyedAnswer:
    """What `make` answers, made once for this key of this person.

    KeyTaken where the key came with another outcome, AnsweringStill where another request with it
    is being answered, NotKept where the database cannot be written. What is refused is not kept:
    the key may be used again.
    """
    digest = _digest(who, key)
    try:
        kept = _claimed(engine, digest, outcome)
        if kept is not None:
            return KeyedAnswer(orjson.loads(kept), replayed=True)
        try:
            document = make()
        except (ServingError, sa.exc.SQLAlchemyError, OSError):
            _forget(engine, digest)
            raise
        _keep(engine, digest, document)
    except (sa.exc.SQLAlchemyError, OSError):
        raise NotKept("the outcome cannot be written down: try again later") from None
    return KeyedAnswer(document, replayed=False)


def _digest(*parts: str) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _claimed(engine: sa.Engine, digest: str, outcome: VisitOutcome) -> str | None:
    """The answer that this key has already; None where it is ours to answer now."""
    make_missing(engine, TABLES)
    now = dt.datetime.now(dt.UTC)
    asked = hashlib.sha256(orjson.dumps(asdict(outcome))).hexdigest()
    row = {"digest": digest, "child_id": outcome.child_id, "asked": asked, "begun_at": _at(now)}
    try:
        with engine.begin() as connection:
            old = KEYS.c.begun_at < _at(now - dt.timedelta(KEPT_DAYS))
            connection.execute(sa.delete(KEYS).where(old))
            connection.execute(sa.insert(KEYS), row)
        return None
    except sa.exc.IntegrityError:
        return _of_former(engine, row, now)


def _of_former(engine: sa.Engine, row: dict[str, str], now: dt.datetime) -> str | None:
    """What became of an earlier request with this key; None where it died and this one goes on."""
    mine = KEYS.c.digest == row["digest"]
    with engine.begin() as connection:
        former = connection.execute(sa.select(KEYS).where(mine)).first()
        if former is not None and former.asked != row["asked"]:
            raise KeyTaken("this Idempotency-Key came with another outcome")
        if former is not None and former.answer is not None:
            return str(former.answer)
        dead = former is not None and former.begun_at < _at(
            now - dt.timedelta(seconds=ANSWERING_SECONDS)
        )
        # Of two who find it dead at once, one goes on.
        taken = sa.update(KEYS).where(mine, KEYS.c.begun_at == (former and former.begun_at))
        if dead and connection.execute(taken.values(begun_at=row["begun_at"])).rowcount == 1:
            return None
    raise AnsweringStill("a request with this Idempotency-Key is being answered")


def _keep(engine: sa.Engine, digest: str, document: dict[str, Any]) -> None:
    answer = orjson.dumps(document).decode()
    with engine.begin() as connection:
        connection.execute(sa.update(KEYS).where(KEYS.c.digest == digest).values(answer=answer))


def _forget(engine: sa.Engine, digest: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.delete(KEYS).where(KEYS.c.digest == digest, KEYS.c.answer.is_(None)))


def _at(time: dt.datetime) -> str:
    return time.isoformat(timespec="milliseconds")
