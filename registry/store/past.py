"""The past that comes in parts: what an import of it may add, and the days on which somebody has
asked already.

`sanket import --past` says that rows are known from their own days though other imports came
before. It may only add: what was answered on a day must not be rewritten.
"""

from __future__ import annotations

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


def refuse_rewriting(name: str, known_from: Days, changed: int, asked: int | None) -> None:
    """Raise Refused where a past import would change a row of history, or what was known on a day
    that was asked."""
    if changed and name in ANY_OWN_DAY:
        raise Refused(
            "REG068",
            f"--past adds the past and corrects nothing: {grouped(changed)} rows of {name} would "
            "change rows that an earlier import brought; import corrections without --past",
        )
    if asked is not None and (before := int((known_from <= asked).sum())):
        raise Refused(
            "REG068",
            f"a list was made for {day_date(asked)}, and {grouped(before)} rows of {name} would be "
            "known before that: import them without --past (known from today), or make a new store",
        )


def late_line(name: str, own_days: Days, recorded_on: Days, day: int) -> str:
    """What to say of rows that are old and undated in a later import; nothing where there are
    none."""
    old = (recorded_on == NEVER) & (own_days < day - OLD_DAYS)
    if not old.any():
        return ""
    first, last = day_date(own_days[old].min()), day_date(own_days[old].max())
    rows = f"{grouped(old.sum())} rows of {first} to {last}"
    return (
        f"LOOK: {name}: {rows} are known from {day_date(day)} only, as they came in a "
        "later import: no model can "
        "learn from them what was known then. A first load of the past in parts is "
        "declared by --past"
    )
