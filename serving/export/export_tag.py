"""The ETag of an export: known before a row is made, from all that decides what the file tells."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import orjson
import sqlalchemy as sa

from registry.store import schema
from serving.book.reader import Reader, day_of_reading
from serving.book.scorebook import Run
from serving.export.export_rows import ExportQuestion
from serving.http.delivery import tag_of

ROOMS = ("care", "models", "serving")
"""Whose code and words an export is made by: an update of them makes another file."""


def export_tag(
    reader: Reader, engine: sa.Engine, run: Run, question: ExportQuestion, form: str
) -> str:
    """The ETag of an export within a scope: another one after a scoring run, a tick, a child that
    was forgotten, on another day of reading, or of other code."""
    facts = {
        "run": (run.run, run.made_at),
        "day": day_of_reading(run.as_of, question.as_of),
        "question": (question.what, question.capacity, question.language, form),
        "scope": reader.scope_texts,
        "ticks": reader.tick_state(),
        "forgotten": _forgotten(engine),
        "code": code_digest(),
    }
    return tag_of(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS))


def _forgotten(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(schema.FORGOTTEN.name):
            return 0
        return connection.scalar(sa.select(sa.func.count()).select_from(schema.FORGOTTEN)) or 0


@functools.cache
def code_digest() -> str:
    """A digest of the code and the words of the rooms that make an export; read once."""
    seal, root = hashlib.sha256(), Path(__file__).resolve().parents[2]
    for room in ROOMS:
        for path in sorted((root / room).rglob("*")):
            if path.suffix in (".py", ".toml"):
                seal.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return seal.hexdigest()[:16]
