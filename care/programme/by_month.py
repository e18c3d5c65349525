"""The programme month by month: what each centre did, as sums that add up to sectors, projects and
districts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from care.pathway import facts
from care.pathway.conditions import CURED, DEFAULTED, DIED, NOT_RECOVERED, TRANSFERRED, UCDC, VCDC
from care.pathway.decide import IN_TREATMENT, STATES, place
from care.pathway.findings import judged
from care.programme import stays
from care.protocol import Protocol
from features.clock import Clock, Known, Ragged
from features.trajectory.points import growth_points
from registry.contract.arrays import Days, Flags, Floats, Ints
from registry.contract.codes import RationItem
from registry.contract.registry import NEVER, Registry, Table, day_date, day_number, empty_table

TREATED = tuple(STATES.index(state) for state in sorted(IN_TREATMENT))
UNTREATED = tuple(
    STATES.index(s)
    for s in ("sam_suspected", "appetite_test_due", "to_ucdc", "to_nrc", "sam_again")
)
"""Known SAM that is not in treatment, or not where it must be: no child is in both."""


AT_ONCE = 4096
"""Children whose months are placed together: what is known of them all at once would not fit into
a small memory."""


@dataclass(frozen=True)
class Months:
    """Sums by measure, each float64[months, centres]; `firsts` are the months' first days, `ends`
    their last."""

    firsts: tuple[dt.date, ...]
    ends: Days
    sums: dict[str, Floats]

    def taken(self, centres: Ints) -> Months:
        """The same of these centres (positions) alone."""
        return replace(self, sums={name: cells[:, centres] for name, cells in self.sums.items()})

    def between(self, start: int | None, stop: int | None) -> Months:
        """The same of some months alone, as a slice counts them."""
        part = slice(start, stop)
        sums = {name: cells[part] for name, cells in self.sums.items()}
        return Months(self.firsts[part], self.ends[part], sums)


def gathered(parts: Iterable[tuple[Ints, Months]], centres: int) -> Months | None:
    """The sums of all centres of a registry from those of some centres each: (positions, their
    sums), no centre twice. None without any part."""
    whole: Months | None = None
    for at, part in parts:
        if whole is None:
            empty = {name: np.zeros((len(part.ends), centres)) for name in part.sums}
            whole = replace(part, sums=empty)
        for name, cells in part.sums.items():
            whole.sums[name][:, at] = cells
    return whole


def calendar(*, until: int, months: int) -> tuple[tuple[dt.date, ...], Days]:
    """The last so many months up to the one of day `until`: their first days, and the days on which
    they are looked at (their last day; `until` itself in the month that is still running)."""
    last = day_date(until).replace(day=1)
    numbers = range(last.year * 12 + last.month - months, last.year * 12 + last.month + 1)
    firsts = [dt.date(number // 12, number % 12 + 1, 1) for number in numbers]
    ends = [min(day_number(first) - 1, until) for first in firsts[1:]]
    return tuple(firsts[:-1]), np.array(ends, np.int32)


def of(
    registry: Registry, protocol: Protocol, *, months: int = 12, until: int | None = None
) -> Months:
    """The sums of a registry's last months, every child placed on the pathway at each month's end.

    A month is told from the records known on day `until` (the last recorded one, where that is
    earlier or none is given): what was entered late counts in the month it happened in.
    """
    today = registry.recorded_until if until is None else min(until, registry.recorded_until)
    firsts, ends = calendar(until=today, months=months)
    starts = np.array([day_number(first) for first in firsts], np.int32)
    everyone = np.arange(len(registry.child_ids), dtype=np.int32)
    known = Clock(registry).known_by(everyone, np.full(len(everyone), today, np.int32))
    points = judged(known, growth_points(known))
    centre = centres_at(registry, known, ends)
    tally = _Tally(starts, ends, centre, len(registry.centre_ids))
    for first in range(0, max(len(everyone), 1), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        table = facts.of(known.of_questions(some), points.of_questions(some), protocol, days=ends)
        _add_standing(tally, some, table, protocol)
    _add_episodes(
        tally, known.episodes, stays.stays(known.episodes, points, recorded_until=int(ends[-1]))
    )
    _add_supplies(tally, known)
    return Months(firsts, ends, tally.sums)


def centres_at(registry: Registry, known: Known, ends: Days) -> Days:
    """Each child's centre at each month's end, int32[months, children]; the present one where none
    was known then."""
    only_children = replace(
        registry,
        measurements=empty_table("measurements"),
        episodes=empty_table("episodes"),
        checks=empty_table("checks"),
        rations=empty_table("rations"),
        attendance=empty_table("attendance"),
        visits=empty_table("visits"),
    )
    clock, now = Clock(only_children), known.children["centre"]
    children = np.arange(len(now), dtype=np.int32)
    if not (registry.children["known_until"] != NEVER).any():
        return np.broadcast_to(now, (len(ends), len(now)))
    then = [
        clock.known_by(children, np.full(len(now), end, np.int32)).children["centre"]
        for end in ends
    ]
    return np.stack([np.where(centre < 0, now, centre) for centre in then])


class _Tally:
    """Adds what happened to (month, centre) cells, by measure."""

    def __init__(self, starts: Days, ends: Days, centre: Days, centres: int):
        self.starts, self.ends, self.centre, self.centres = starts, ends, centre, centres
        self.sums: dict[str, Floats] = {}

    def cells(self, measure: str) -> Floats:
        return self.sums.setdefault(measure, np.zeros((len(self.ends), self.centres)))

    def add_children(self, some: slice, **masks: Flags) -> None:
        """Some children, for each of whom the mask (one row a child and month's end, a child's
        months together) is true."""
        centre = self.centre[:, some].T
        cell = np.arange(len(self.ends)) * self.centres + centre
        cell = np.where(centre < 0, len(self.ends) * self.centres, cell).ravel()
        for measure, mask in masks.items():
            self._add(measure, cell[mask])

    def _add(self, measure: str, cell: Ints, weights: Floats | None = None) -> None:
        """Rows into their cells; the one after the last is nowhere."""
        cells = len(self.ends) * self.centres
        counted = np.bincount(cell, weights, minlength=cells + 1)[:cells]
        self.cells(measure)[:] += counted.reshape(len(self.ends), self.centres)

    def add_events(
        self, measure: str, day: Days, child: Ints, amount: Floats | None = None
    ) -> None:
        """Amounts (1 each where none is given) of the months' events, in the centre of the child in
        that month."""
        month = np.searchsorted(self.starts, day, side="right") - 1
        inside = (month >= 0) & (day <= self.ends[-1])
        if amount is not None:
            inside &= ~np.isnan(amount)
        month, child = month[inside], child[inside]
        centre = self.centre[month, child]
        weights = None if amount is None else amount[inside]
        cell = np.where(centre < 0, len(self.ends) * self.centres, month * self.centres + centre)
        self._add(measure, cell, weights)


def _add_standing(tally: _Tally, some: slice, table: Table, protocol: Protocol) -> None:
    """Adds where some children stand at each month's end.

    table: `care.pathway.facts.of` these days.
    """
    start = np.tile(tally.starts, table.rows // len(tally.starts))
    placed = place(table, protocol)
    registered = np.where(
        table["registered_on"] == NEVER, table["day"] - table["age_days"], table["registered_on"]
    )
    here = (table["age_days"] >= 0) & (registered <= table["day"]) & (placed.step != 0)
    screened = here & _since(table["measured_on"], start)
    judged = here & _since(table["judged_on"], start)
    fed = here & ((table["programme"] == UCDC) | (table["programme"] == VCDC))
    tally.add_children(
        some,
        children=here,
        screened=screened,
        judged=judged,
        sam=judged & (table["sam"] == 1),
        mam=judged & (table["mam"] == 1),
        suw=screened & (table["suw"] == 1),
        in_treatment=here & np.isin(placed.state, TREATED),
        fed=fed,
        sam_untreated=here & np.isin(placed.state, UNTREATED),
        danger=here & placed.danger,
        overdue=here & (placed.overdue_days > 0),
    )


def _since(day: Days, start: Days) -> Flags:
    since: Flags = (day != NEVER) & (day >= start)
    return since


def _add_episodes(tally: _Tally, episodes: Ragged, stay: dict[str, Floats]) -> None:
    child, programme = episodes.question, episodes["programme"]
    centre = (programme == UCDC) | (programme == VCDC)
    admitted, closed, outcome = episodes["admitted_on"], episodes["closed_on"], episodes["outcome"]
    tally.add_events("admitted_ucdc", admitted[centre], child[centre])
    tally.add_events("admitted_nrc", admitted[~centre], child[~centre])
    endings = (
        ("cured", CURED),
        ("defaulted", DEFAULTED),
        ("died", DIED),
        ("not_recovered", NOT_RECOVERED),
        ("transferred", TRANSFERRED),
    )
    for name, code in endings:
        rows = centre & (outcome == code)
        tally.add_events(name, closed[rows], child[rows])
    cured = centre & (outcome == CURED)
    gained = cured & ~np.isnan(stay["gain_g_kg_day"])
    tally.add_events("gain_weighed", closed[gained], child[gained])
    for name in stays.COLUMNS:
        tally.add_events(name, closed[cured], child[cured], stay[name][cured])
    for month, days in _days_in_treatment(tally, admitted[centre], closed[centre]):
        tally.add_events("child_days", np.full(len(days), tally.ends[month]), child[centre], days)


def _days_in_treatment(tally: _Tally, admitted: Days, closed: Days) -> Iterator[tuple[int, Floats]]:
    """For each month, how many of its days each stay took up (the day of admission counts, that of
    closing not)."""
    for month, (start, end) in enumerate(zip(tally.starts, tally.ends, strict=True)):
        yield (
            month,
            np.maximum(np.minimum(closed, end + 1) - np.maximum(admitted, start), 0).astype(float),
        )


def _add_supplies(tally: _Tally, known: Known) -> None:
    rations, attendance = known.rations, known.attendance
    child = rations.question
    for item in RationItem:
        rows = rations["item"] == item
        tally.add_events(
            f"{item.text.lower()}_issued",
            rations["issued_on"][rows],
            child[rows],
            rations["quantity"][rows],
        )
    child = attendance.question
    for name in ("open_days", "attended_days"):
        tally.add_events(name, attendance["month"], child, attendance[name])
