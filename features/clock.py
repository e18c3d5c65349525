"""The clock: the registry as known by a day. The only place where the dates of records are
compared.

A question is always asked about (child, day). `known_by` answers with a view: for each question,
the rows of that child that were known by the end of that day, each cell masked that became known
later. Nothing else in `features/` sees the tables, so nothing else can see the future.

Worked example. Asha is admitted on 2026-03-02, weighed weekly, and discharged as cured on
2026-03-30. By 2026-03-29 her episode is known, its `closed_on` and `outcome` are not; by 2026-03-30
they are. Her March attendance is known from 2026-04-01. A weight of 2026-03-23 that the office
entered (`recorded_on`) on 2026-04-06 is known from 2026-04-06, and not before. A weight corrected
by an import of 2026-05-01 keeps its former value for every question about an earlier day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from registry.contract.arrays import AnyArray, Codes, Days, Floats, Ints
from registry.contract.registry import NEVER, OWN_DAY, Registry, Table, empty_table
from registry.machine.numba_kernels import njit

EVENT_TABLES = tuple(OWN_DAY)
Day = int | np.int32
"""One day as a number, in Python or out of an array of `Days`."""


@dataclass(frozen=True)
class Ragged:
    """Rows of one table for many questions: those of question i are `offsets[i]:offsets[i + 1]` of
    each column."""

    offsets: Ints
    rows: Table

    def __getitem__(self, column: str) -> AnyArray:
        return self.rows[column]

    @property
    def question(self) -> Ints:
        """For each row, the position of the question it answers."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def having(self, **columns: AnyArray) -> Ragged:
        """The same rows with further columns."""
        return replace(self, rows=self.rows.having(**columns))

    def of_questions(self, some: slice) -> Ragged:
        """That of a run of questions; rows are not copied."""
        first, after, _ = some.indices(len(self.offsets) - 1)
        return replace(self, offsets=self.offsets[first : after + 1])


@dataclass(frozen=True)
class Known:
    """What was known of each (child, day) by the end of that day.

    `children` has one row per question (code -1, NEVER or NaN where the child was not yet known);
    the six event tables are ragged, sorted by their own day within a question.
    """

    child: Days
    day: Days
    children: Table
    measurements: Ragged
    episodes: Ragged
    checks: Ragged
    rations: Ragged
    attendance: Ragged
    visits: Ragged

    def of_questions(self, some: slice) -> Known:
        """What was known of a run of questions; rows of events are not copied."""
        own = {name: getattr(self, name)[some] for name in ("child", "day")}
        events = {name: getattr(self, name).of_questions(some) for name in EVENT_TABLES}
        return replace(self, children=self.children.take(some), **own, **events)


@njit(cache=True, nogil=True)
def _count_known(
    child: Days, day: Days, start: Ints, own_day: Days, known_from: Days, known_until: Days
) -> Ints:
    counts = np.zeros(len(child) + 1, np.int64)
    for i in range(len(child)):
        seen = 0
        for row in range(start[child[i]], start[child[i] + 1]):
            if own_day[row] > day[i]:
                break
            if known_from[row] <= day[i] < known_until[row]:
                seen += 1
        counts[i + 1] = counts[i] + seen
    return counts


@njit(cache=True, nogil=True)
def _known_rows(
    child: Days,
    day: Days,
    start: Ints,
    own_day: Days,
    known_from: Days,
    known_until: Days,
    offsets: Ints,
) -> Ints:
    rows = np.empty(offsets[-1], np.int64)
    for i in range(len(child)):
        filled = offsets[i]
        for row in range(start[child[i]], start[child[i] + 1]):
            if own_day[row] > day[i]:
                break
            if known_from[row] <= day[i] < known_until[row]:
                rows[filled] = row
                filled += 1
    return rows


@njit(cache=True, nogil=True)
def _latest_known(child: Days, day: Days, start: Ints, known_from: Days, known_until: Days) -> Ints:
    """Position of the version of each child's own row that was known by the day; -1 where there was
    none."""
    rows = np.full(len(child), -1, np.int64)
    for i in range(len(child)):
        for row in range(start[child[i]], start[child[i] + 1]):
            if known_from[row] <= day[i] < known_until[row]:
                rows[i] = row
    return rows


class Clock:
    """Asks a registry what was known by a day; holds where each child's rows begin, so make it
    once."""

    def __init__(self, registry: Registry):
        self.registry = registry
        children = np.arange(len(registry.child_ids) + 1)
        self._start = {
            name: np.searchsorted(registry.table(name)["child"], children)
            for name in (*EVENT_TABLES, "children")
        }

        self._setting = np.full(len(registry.centre_ids) + 1, -1, np.int8)
        self._setting[registry.centres["centre"]] = registry.centres["setting"]
        self.real_dates = "made_up_epoch" not in registry.facts

    def setting_of(self, centre: Days) -> Codes:
        """The setting (int8 code) of each centre by position; -1 where the centre is unknown
        (-1)."""
        return self._setting[centre]

    def known_by(self, child: Days | Ints, day: Days | Ints) -> Known:
        """What was known of each child by the end of its day.

        child: int32[n], positions in `registry.child_ids`; day: int32[n], days since 1970-01-01.
        """
        child, day = np.asarray(child, np.int32), np.asarray(day, np.int32)
        tables = {name: self._event_rows(name, child, day) for name in EVENT_TABLES}
        # `_event_rows` copied them: what is hidden here stays whole in the registry.
        stays = tables["episodes"]
        _mask_closes(
            stays.offsets,
            day,
            stays["closed_known_from"],
            stays["closed_on"],
            stays["outcome"],
            stays["transfer_reason"],
        )
        return Known(child, day, self.child_on(child, day), **tables)

    def area_of(self, centre: Days, of: str) -> Days:
        """The sector, project or district (position) of each centre by position; -1 where the
        centre is unknown (-1)."""
        areas = np.full(len(self.registry.centre_ids) + 1, -1, np.int32)
        areas[self.registry.centres["centre"]] = self.registry.centres[of]
        return areas[centre]

    def own_columns(self, known: Known) -> Floats:
        """The values of the tables beside the contract's (`Registry.beside`), float64 (n, columns)
        in their order, as known by the end of each question's day; NaN where nothing was.

        Example: rain of a sector, 40 mm known from 2026-03-01, corrected to 25 mm from 2026-04-10:
        a question of 2026-04-09 has 40, one of 2026-04-10 has 25, one of 2026-02-28 has NaN.
        """
        parts = [np.empty((len(known.day), 0))]
        for own in self.registry.beside:
            versions, key = own.versions, self._key_of(known, own.of)
            most = max(int(key.max(initial=-1)), int(versions["key"].max(initial=-1)))
            row = _latest_known(
                key,
                known.day,
                np.searchsorted(versions["key"], np.arange(most + 2)),
                versions["known_from"],
                versions["known_until"],
            )
            found = np.full((len(row), len(own.names)), np.nan)
            values = np.column_stack([versions[name] for name in own.names])
            found[row >= 0] = values[row[row >= 0]]
            parts.append(found)
        return np.concatenate(parts, axis=1)

    def _key_of(self, known: Known, of: str) -> Days:
        """Of what (position) each question's values are; -1 where that is not known by its day."""
        if of == "child":
            return np.where(known.children["sex"] >= 0, known.child, np.int32(-1))
        if of in ("family", "centre"):
            return known.children[of]
        return self.area_of(known.children["centre"], of)

    def known_since(self, child: int) -> tuple[int, int]:
        """The first day on which this child was in the registry, and the last on which more of it
        came to be known.

        A child that an import of 2026-11-28 brought is known from that day, whatever its weighings'
        own dates.
        """
        versions = [self.registry.table(name) for name in (*EVENT_TABLES, "children")]
        days = [table["known_from"][table["child"] == child] for table in versions]
        return int(days[-1].min(initial=NEVER)), int(np.concatenate(days).max(initial=-(10**6)))

    def _event_rows(self, name: str, child: Days, day: Days) -> Ragged:
        table, start = self.registry.table(name), self._start[name]
        if not table.rows:
            return Ragged(np.zeros(len(child) + 1, np.int64), table)
        versions = table[OWN_DAY[name]], table["known_from"], table["known_until"]
        offsets = _count_known(child, day, start, *versions)
        return Ragged(offsets, table.take(_known_rows(child, day, start, *versions, offsets)))

    def child_on(self, child: Days, day: Days) -> Table:
        """Each child's own row as known on its day (see `Known.children`)."""
        table = self.registry.children
        row = _latest_known(
            child, day, self._start["children"], table["known_from"], table["known_until"]
        )
        known = (table.take(row) if table.rows else _nobody(len(child))).having(child=child)
        _mask_children(
            row,
            day,
            known["left_known_from"],
            known["sex"],
            known["birth_date"],
            known["centre"],
            known["family"],
            known["birth_weight_kg"],
            known["birth_date_uncertain_days"],
            known["left_on"],
            known["left_reason"],
        )
        return known

    def stocks(self, day: int) -> Table:
        """What was counted in the centres' store rooms, as known by the end of a day."""
        counts = self.registry.stocks
        known = (counts["known_from"] <= day) & (day < counts["known_until"])
        return counts.take(known & (counts["counted_on"] <= day))


@njit(cache=True, nogil=True)
def _mask_children(
    row: Ints,
    day: Days,
    left_known_from: Days,
    sex: Codes,
    birth_date: Days,
    centre: Days,
    family: Days,
    birth_weight_kg: Floats,
    birth_date_uncertain_days: Floats,
    left_on: Days,
    left_reason: Codes,
) -> None:
    """Hide, in place, all of a child that was not known (row -1), and a leaving that was known
    later."""
    for i in range(len(row)):
        if row[i] < 0:
            sex[i], birth_date[i], centre[i], family[i], birth_weight_kg[i] = (
                -1,
                NEVER,
                -1,
                -1,
                np.nan,
            )
            birth_date_uncertain_days[i] = np.nan
        if row[i] < 0 or left_known_from[i] > day[i]:
            left_on[i], left_reason[i] = NEVER, -1


def _nobody(count: int) -> Table:
    """As many rows as asked for of children of whom nothing is known."""
    nothing = empty_table("children")
    return Table({name: np.zeros(count, column.dtype) for name, column in nothing.items()})


@njit(cache=True, nogil=True)
def _mask_closes(
    offsets: Ints,
    day: Days,
    closed_known_from: Days,
    closed_on: Days,
    outcome: Codes,
    transfer_reason: Codes,
) -> None:
    """Hide, in place, a close that was not known by the question's day."""
    for i in range(len(day)):
        for row in range(offsets[i], offsets[i + 1]):
            if closed_known_from[row] > day[i]:
                closed_on[row], outcome[row], transfer_reason[row] = NEVER, -1, -1


@njit(cache=True, nogil=True)
def days_apart(earlier: Day, later: Day) -> float:
    """Days from one day to another (compiled, for single days; NaN where either is NEVER)."""
    return np.nan if earlier == NEVER or later == NEVER else float(later) - float(earlier)


def days_between(earlier: AnyArray, later: AnyArray) -> Floats:
    """Days from one day to another (`days_apart` of arrays: NaN where either is NEVER)."""
    missing = (earlier == NEVER) | (later == NEVER)
    return np.where(missing, np.nan, np.subtract(later, earlier, dtype=np.float64))


def month_number(day: Days) -> Ints:
    """Months from January 1970 (int64) of day numbers."""
    return np.asarray(day).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


@njit(cache=True, nogil=True)
def year_angle(day: Day) -> float:
    """Where in the year a day lies, as an angle from 1 January (compiled; radians)."""
    return 2.0 * np.pi * ((day % 365.2425) / 365.2425)
