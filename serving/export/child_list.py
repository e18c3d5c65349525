"""The children of a run page by page, filtered, and what changed since a time: for a dashboard
that keeps a copy.

A cursor names the run, so that pages go on in the run in which they began, whatever is scored
meanwhile; and a place by sector and by the child's key, never by its id. The key is the keyed hash
that stands for a forgotten child too, so that a copy can find whom to erase.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace

import orjson
import sqlalchemy as sa

from models.visits.listed_child import counted_to
from registry.contract.registry import day_number
from registry.privacy import keyed_hash, tombstone_key
from registry.store import schema
from serving.book.areas.area_rollups import no_cursor
from serving.book.reader import Reader, day_of_reading
from serving.book.scorebook import BookRow, Run
from serving.errors import NoScoreBook

SECTORS_A_PAGE = 200
"""So many sectors are looked through for one page, however few children it finds there."""
LONGEST_RUN = dt.timedelta(days=1)
"""A run is named by when it was begun, and is seen when it is whole: what was begun within so long
before a time may not have been seen by then."""
CLOCKS = dt.timedelta(minutes=1)
"""A tick is stamped before it is written."""


@dataclass(frozen=True)
class ChildFilter:
    """Which children are asked for; None leaves it open. `min_risk` is of `target`, or of any
    target."""

    state: str | None = None
    danger: bool | None = None
    step: str | None = None
    centre: str | None = None
    sector: str | None = None
    target: str | None = None
    min_risk: float | None = None
    changed_since: dt.datetime | None = None

    def keeps(self, row: BookRow) -> bool:
        """Whether a row is asked for (`sector` and `changed_since` are looked at elsewhere)."""
        child = row.candidate
        told = {
            "state": child.state,
            "danger": child.danger,
            "step": child.next_step,
            "centre": child.centre_id,
        }
        same = all(getattr(self, name) in (None, value) for name, value in told.items())
        return same and self._at_risk(row)

    def _at_risk(self, row: BookRow) -> bool:
        if self.target is None and self.min_risk is None:
            return True
        risks = [
            score.risk
            for target, score in row.scores.items()
            if self.target in (None, target) and score.risk is not None
        ]
        return any(risk >= (self.min_risk or 0.0) for risk in risks)

    @property
    def digest(self) -> str:
        """Which filter this is: a cursor goes on with the one it began with."""
        return hashlib.sha256(orjson.dumps(asdict(self))).hexdigest()[:16]


@dataclass(frozen=True)
class Cursor:
    """Where the next page begins: after a key in a sector of a run; `told_at`: when the first page
    was made (UTC)."""

    run: int
    counted_to: str
    told_at: str
    sector: str
    key: str
    filter: str

    @property
    def text(self) -> str:
        """As a client keeps it."""
        plain = orjson.dumps(list(asdict(self).values()))
        return base64.urlsafe_b64encode(plain).decode().rstrip("=")

    @classmethod
    def of(cls, text: str, asked: ChildFilter) -> Cursor:
        """From its text. UsageError EXP004 for one that is none, or of another filter."""
        try:
            parts = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            run, *texts = parts
            if type(run) is not int or abs(run) > 2**31 or not all(map(_is_text, texts)):
                raise TypeError
            cursor = cls(run, *texts)
            dt.date.fromisoformat(cursor.counted_to)
        except (ValueError, TypeError):
            raise no_cursor() from None
        if cursor.filter != asked.digest:
            raise no_cursor()
        return cursor


def _is_text(part: object) -> bool:
    return isinstance(part, str)


@dataclass(frozen=True)
class ChildPage:
    """One page: the children with their keys, the cursor of the next one (None: that was the last),
    and on the last page of a question for changes the keys of those who are gone."""

    run: Run
    counted_to: str
    told_at: str
    children: list[tuple[str, BookRow]]
    next: str | None
    left: list[str]
    forgotten: list[str]


def child_page(
    reader: Reader, engine: sa.Engine, asked: ChildFilter, *, cursor: str | None, limit: int
) -> ChildPage:
    """The children that a filter keeps, at most `limit`, by sector and key, from a cursor on.

    A page may hold fewer, even none: `next` says whether there are more. OutOfScope where the
    cursor's run is no more, NothingScored, UsageError EXP004.
    """
    keyed = child_keys(engine)
    if cursor is None:
        run = reader.run()
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        at = Cursor(run.run, day_of_reading(run.as_of).isoformat(), now, "", "", asked.digest)
    else:
        at = Cursor.of(cursor, asked)
        run = reader.run_numbered(at.run)
    changes = Changes.since(reader, run, asked.changed_since)
    found: list[tuple[str, BookRow]] = []
    for place, rows in _sectors(reader, run, asked, at, changes, keyed):
        left = limit - len(found)
        found += rows[:left]
        if len(rows) > left:
            at = replace(at, sector=place, key=found[-1][0]) if left else at
            break
        if place is _MORE:
            break
        at = replace(at, sector=place, key=_LAST)
    else:
        gone = changes.gone(reader, run, keyed, engine) if changes else ([], [])
        return ChildPage(run, at.counted_to, at.told_at, found, None, *gone)
    return ChildPage(run, at.counted_to, at.told_at, found, at.text, [], [])


_LAST = "~"
"""Sorts after every key."""
_MORE = ""
"""Stands for the sectors that this page no longer looks through."""


def _sectors(
    reader: Reader,
    run: Run,
    asked: ChildFilter,
    at: Cursor,
    changes: Changes | None,
    keyed: Callable[[str], str],
) -> Iterator[tuple[str, list[tuple[str, BookRow]]]]:
    """From the cursor's sector on, each sector's children that are asked for, by key."""
    # Sorted here: databases do not agree on how texts are sorted.
    named = sorted(one.sector_id for one in reader.sectors(run, named=asked.sector))
    begun = [at.sector] if at.key != _LAST else []
    sectors = [sector for sector in named if sector > at.sector or sector in begun]
    day = dt.date.fromisoformat(at.counted_to)
    for number, sector in enumerate(sectors):
        if number == SECTORS_A_PAGE:
            yield _MORE, []
            return
        changed = changes.of_sector(reader, run, sector) if changes else None
        rows = [
            (keyed(child), replace(row, candidate=counted_to(row.candidate, day, as_of=run.as_of)))
            for row in reader.rows(run, sector)
            if (child := row.candidate.child_id)
            and (changed is None or child in changed)
            and asked.keeps(row)
        ]
        after = at.key if sector == at.sector else ""
        yield sector, sorted((one for one in rows if one[0] > after), key=lambda one: one[0])


@dataclass(frozen=True)
class Changes:
    """What was told before a time: a run that was surely seen then (None: not one), and since when
    ticks are new."""

    time: dt.datetime
    former: Run | None
    ticked: set[str]

    @classmethod
    def since(cls, reader: Reader, run: Run, time: dt.datetime | None) -> Changes | None:
        """The changes since a time; None where no time is asked for."""
        if time is None:
            return None
        surely = (time - LONGEST_RUN).astimezone(dt.UTC).isoformat(timespec="milliseconds")
        ticks = (time - CLOCKS).astimezone(dt.UTC).isoformat(timespec="milliseconds")
        return cls(time, reader.run_begun_by(surely), reader.ticked_after(run, ticks))

    def of_sector(self, reader: Reader, run: Run, sector: str) -> set[str]:
        """Children of a sector whose row is another than in the former run, or was ticked since."""
        before = reader.pages(self.former, sector) if self.former else {}
        now = reader.pages(run, sector)
        return {child for child, page in now.items() if before.get(child) != page} | self.ticked

    def gone(
        self, reader: Reader, run: Run, keyed: Callable[[str], str], engine: sa.Engine
    ) -> tuple[list[str], list[str]]:
        """Keys of the children who left the book or the scope since, and of all who were forgotten
        since."""
        left = reader.left_between(self.former, run) if self.former else []
        stones = schema.FORGOTTEN.c
        day = day_number((self.time - LONGEST_RUN).date())
        wanted = sa.select(stones.digest).where(stones.forgotten_on >= day)
        with engine.connect() as connection:
            forgotten = sorted(connection.scalars(wanted))
        return sorted(map(keyed, left)), forgotten


def child_keys(engine: sa.Engine) -> Callable[[str], str]:
    """From a child's id its key: the hash that stands for it when it is forgotten
    (`registry.store.forgetting`)."""
    facts = schema.FACTS.c
    wanted = sa.select(facts.value).where(facts.name == "registry_id")
    try:
        with engine.connect() as connection:
            registry_id = connection.scalar(wanted)
    except sa.exc.SQLAlchemyError:
        raise NoScoreBook("the store cannot be read") from None
    key = tombstone_key(engine.url, registry_id)
    return lambda child_id: keyed_hash(key, child_id)
