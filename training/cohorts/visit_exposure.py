"""Visits in the time at risk of a row: what a list changes before the outcome, and the model must
not mistake for the child's own course.

A model in use changes what it learns from. Children whom it names are visited; where visits help,
fewer of them have the event, and a model that is taught these outcomes tells them low risks: the
risk *with* visits. Taught *without* visits, a row is followed until the first visit that a list
asked for, and censored there (the strategy "no visit", Hernán and Robins 2020, chapter 21); who is
visited is not drawn by lot, so the rows that stay stand for those like them
(`training.fitting.visit_weights`). It needs some like them who were not visited: that is what
holding out is for (`models.visits.hold_out`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from features.clock import Clock
from models.targets import CENSORED
from registry.contract.arrays import Days, Flags
from registry.contract.codes import VisitFinding
from registry.contract.registry import NEVER
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import Cohort

MET = (VisitFinding.WELL, VisitFinding.SAM_AGAIN, VisitFinding.ILL)
"""Findings of a visit that met the child: only such a one can change anything."""
MOST_ALONE = 0.1
"""Rows for which no unvisited ones stand, from which on training says so. verified: false."""
VISIT_ANSWERS_DAYS = 28
"""A visit so long after a list answers it."""


def first_visit(
    clock: Clock,
    rows: Cohort,
    *,
    after: Days | None = None,
    asked_for: bool = False,
    known_by: int | None = None,
) -> Days:
    """The day of the first home visit after each row's own day (or `after`, another day of each)
    that met the child; NEVER without one.

    `asked_for`: only visits that name the list which asked for them (`listed_on`); `known_by`: only
    what was recorded by the end of a day. A visit is an exposure from its own day on and not
    before: nobody counts as visited while the visit lay ahead.
    """
    children = np.unique(rows.child)
    last = known_until(clock.registry) if known_by is None else known_by
    visits = clock.known_by(children, np.full(len(children), last, np.int32)).visits
    there = np.isin(visits["finding"], [int(one) for one in MET])
    if asked_for:
        there &= visits["listed_on"] != NEVER
    child = children[visits.question[there]].astype(np.int64)
    day = visits["visited_on"][there].astype(np.int64)
    order = np.lexsort((day, child))
    key = child[order] * NEVER + day[order]
    since = (rows.day if after is None else after).astype(np.int64)
    at = np.searchsorted(key, rows.child.astype(np.int64) * NEVER + since, side="right")
    found = np.append(key, -1)[at]
    same = found // NEVER == rows.child
    return np.where(same & (found >= 0), found % NEVER, NEVER)


def visited_in_time(
    clock: Clock, rows: Cohort, *, known_by: int | None = None
) -> tuple[Flags, Days]:
    """(mask of the rows that a list's visit met since their index, and before their outcome or
    their loss; days from the row to that visit, 0 where it lies behind).

    A visit on the day of the event found it, and did not forestall it.
    """
    begun = rows.outcomes.index_on[rows.index].astype(np.int64)
    visit = first_visit(clock, rows, after=begun - 1, asked_for=True, known_by=known_by)
    ahead = np.maximum(visit - rows.day, 0)
    return (visit <= rows.day) | (ahead < rows.time), ahead


def visits_told(rows: Cohort, met: Flags) -> dict[str, Any]:
    """What a bundle keeps of visits: `without_visits` (whether its rows end at them), and how many
    of its rows a list's visit `met` in time (`rows_visited`, `share_visited`)."""
    return {
        "without_visits": rows.visited is not None,
        "rows_visited": int(np.sum(met)),
        "share_visited": round(float(np.mean(met)), 4) if len(rows.index) else 0.0,
    }


def visits_in_words(facts: dict[str, Any]) -> str:
    """What `visits_told` found, as training and card say it; empty where no list's visit met a
    child in time."""
    if not facts.get("rows_visited"):
        return ""
    met = f"a list's visit had met the child in {facts['share_visited']:.0%} of the rows"
    if facts["without_visits"]:
        alone = 1.0 - facts.get("share_stood_for", 1.0)
        return f"{met}; they are followed until it, and the risk is that without visits" + (
            f". For {alone:.0%} of the rows nobody like them was left unvisited: hold some out by "
            "lot (`sanket score --holdout-share`)"
            if alone > MOST_ALONE
            else ""
        )
    return (
        f"{met}: where visits help, the risk is that with visits and too low for whoever is not "
        "visited (`sanket train --without-visits`; docs/judging.md)"
    )


def censored_at_visits(clock: Clock, rows: Cohort, *, known_by: int | None = None) -> Cohort:
    """The rows as if following them had ended at the first visit since their index that a list
    asked for; `visited` marks those it ended so (a row after it has no day left: it no longer tells
    what happens without visits). Rows that were censored so already stay as they are."""
    if rows.visited is not None:
        return rows
    visited, ahead = visited_in_time(clock, rows, known_by=known_by)
    return replace(
        rows,
        outcome=np.where(visited, CENSORED, rows.outcome).astype(rows.outcome.dtype),
        time=np.where(visited, ahead, rows.time).astype(rows.time.dtype),
        visited=visited,
    )
