"""The past that comes in parts: what an import of it may add, and the days on which somebody has
asked already.

`sanket import --past` says that rows are known from their own days though other imports came
before. It may only add: what was answered on a day must not be rewritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from registry.contract.arrays import Days
from registry.contract.days import NEVER, day_date, day_number
from registry.contract.errors import Refused
from registry.contract.registry import ANY_OWN_DAY
from registry.indian_digits import grouped

if TYPE_CHECKING:
    from registry.store.store import Store

RUNS = "sanket_runs"
"""The score book's table of lists that were made (`serving.book.scorebook`), beside the registry's
tables."""
OLD_DAYS = 31
"""An undated row so much older than its import is the past, not this month's late register."""


def asked_until(store: Store) -> int | None:
    """The last day for which a list was made from this store; None where none was."""
    with store.engine.connect() as connection:
        if not inspect(connection).has_table(RUNS):
            return None
        last = connection.scalar(text(f"SELECT MAX(as_of) FROM {RUNS}"))
    return day_number(last) if last else None


@dataclass
class PastRows:
    """What a past import would do to one table, counted part by part."""

    changed: int = 0
    """Rows that another import brought and that it would change."""
    before: int = 0
    """Rows that would be known on a day for which a list was made."""

    def refuse_rewriting(self, name: str, asked: int | None) -> None:
        """Raise Refused where it would change a row of history, or what was known on a day that was
        asked."""
        if self.changed and name in ANY_OWN_DAY:
            raise Refused(
                "REG068",
                f"--past adds the past and corrects nothing: {grouped(self.changed)} rows of "
                f"{name} would change rows that an earlier import brought; import corrections "
                "without --past",
            )
        if asked is not None and self.before:
            raise Refused(
                "REG068",
                f"a list was made for {day_date(asked)}, and {grouped(self.before)} rows of {name} "
                "would be known before that: import them without --past (known from today), or "
                "make a new store",
            )


@dataclass
class LateRows:
    """Rows of one table that are old and undated in a later import, counted part by part."""

    rows: int = 0
    first: int = int(NEVER)
    last: int = -int(NEVER)

    def look(self, own_days: Days, recorded_on: Days, day: int) -> None:
        """Count those of a part, in an import of this day."""
        old = own_days[(recorded_on == NEVER) & (own_days < day - OLD_DAYS)]
        if len(old):
            self.rows += len(old)
            self.first = min(self.first, int(old.min()))
            self.last = max(self.last, int(old.max()))

    def line(self, name: str, day: int) -> str:
        """What to say of them; nothing where there are none."""
        if not self.rows:
            return ""
        rows = f"{grouped(self.rows)} rows of {day_date(self.first)} to {day_date(self.last)}"
        return (
            f"LOOK: {name}: {rows} are known from {day_date(day)} only, as they came in a "
            "later import: no model can "
            "learn from them what was known then. A first load of the past in parts is "
            "declared by --past"
        )
