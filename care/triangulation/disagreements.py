"""Where two registers say different things of one child, ranked by what the difference hides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from care.triangulation.seen_by_month import MAM, NORMAL, NOTHING, SAID, SAM
from care.triangulation.two_systems import System, TwoSystems
from registry.contract.arrays import AnyArray, Flags, Ints
from registry.contract.codes import Sex
from registry.contract.registry import NEVER, day_date

KINDS = (
    "sam_and_normal",
    "sam_and_not_registered",
    "sam_and_not_measured",
    "sam_and_mam",
    "treated_and_normal",
    "weights_of_one_day",
    "birth_date",
    "sex",
)
"""The gravest first: a child of whom one register says SAM and the other normal is lost to whoever
reads the other alone."""
WORDS = {
    "sam_and_normal": "SAM in one, normal in the other, in one month",
    "sam_and_not_registered": "SAM in one, not in the other register",
    "sam_and_not_measured": "SAM in one, not measured by the other in that month",
    "sam_and_mam": "SAM in one, MAM in the other, in one month",
    "treated_and_normal": "in treatment in one, normal and untreated in the other, in one month",
    "weights_of_one_day": "two weights of one day",
    "birth_date": "two dates of birth",
    "sex": "two sexes",
}
WEIGHTS_APART_KG = 0.15
"""Weights of one day this far apart are no matter of rounding to 100 g. verified: false (ours)."""


class Disagreement(NamedTuple):
    """One difference: its kind, the child's number, the month or day it is of (the newest), what
    each register says, and how far apart (months in which it is so, kg, days; for ranking)."""

    kind: str
    child: int
    when: str
    here: str
    there: str
    apart: float


def disagreements(systems: TwoSystems) -> list[Disagreement]:
    """All of them, the gravest kind first, within it the newest, then the furthest apart."""
    found = [
        *_of_status(systems),
        *_of_weights(systems),
        *_of_birth_dates(systems),
        *_of_sex(systems),
    ]
    newest = sorted(found, key=lambda one: (one.when, one.apart, -one.child), reverse=True)
    return sorted(newest, key=lambda one: KINDS.index(one.kind))


def counted(found: list[Disagreement]) -> dict[str, int]:
    """How many children there are of each kind."""
    seen = Counter(kind for kind, _ in {(one.kind, one.child) for one in found})
    return {kind: seen[kind] for kind in KINDS}


def treated_in(systems: TwoSystems, one: Disagreement) -> str:
    """Where the child was in treatment in that month: `here`, `there`, `both`, `nowhere`; empty
    for what is of no month."""
    if one.when[:7] not in systems.months.names:
        return ""
    month = systems.months.names.index(one.when[:7])
    here, there = (
        bool(system.by_month.treated[one.child, month]) for system in (systems.here, systems.there)
    )
    return {(1, 1): "both", (1, 0): "here", (0, 1): "there", (0, 0): "nowhere"}[here, there]


def _of_status(systems: TwoSystems) -> Iterator[Disagreement]:
    """One a child and kind: its newest month, and in how many months it is so."""
    here, there = systems.here.by_month, systems.there.by_month
    either = {kind: np.zeros(here.said.shape, np.bool_) for kind in KINDS[:5]}
    for one, other in ((here, there), (there, here)):
        sam, unseen = one.said == SAM, other.said == NOTHING
        either["sam_and_normal"] |= sam & (other.said == NORMAL)
        either["sam_and_not_registered"] |= sam & unseen & ~other.registered
        either["sam_and_not_measured"] |= sam & unseen & other.registered
        either["sam_and_mam"] |= sam & (other.said == MAM)
        knows = other.treated | (other.said != NORMAL)
        either["treated_and_normal"] |= one.treated & ~knows & ~sam
    for kind, where in either.items():
        yield from _newest(systems, kind, where)


def _newest(systems: TwoSystems, kind: str, where: Flags) -> Iterator[Disagreement]:
    children = np.flatnonzero(where.any(1))
    last = where.shape[1] - 1 - np.argmax(where[children, ::-1], axis=1)
    for child, month in zip(children.tolist(), last.tolist(), strict=True):
        here, there = (_said(one, child, month) for one in (systems.here, systems.there))
        many = float(where[child].sum())
        yield Disagreement(kind, child, systems.months.names[month], here, there, many)


def _said(system: System, child: int, month: int) -> str:
    if system.row[child] < 0:
        return "not registered"
    said = SAID[int(system.by_month.said[child, month])]
    if said == SAID[NOTHING] and not system.by_month.registered[child, month]:
        said = "not registered"
    return f"{said}, in treatment" if system.by_month.treated[child, month] else said


def _of_weights(systems: TwoSystems) -> Iterator[Disagreement]:
    """Days of the months on which both registers have one weight, not the same: the newest a
    child."""
    (mine, own), (theirs, others) = (
        _weights(systems, one) for one in (systems.here, systems.there)
    )
    keys, at, to = np.intersect1d(mine, theirs, assume_unique=True, return_indices=True)
    apart = np.abs(own[at] - others[to])
    rows = np.flatnonzero(apart >= WEIGHTS_APART_KG)
    child = keys[rows] >> 20
    newest = np.append(child[1:] != child[:-1], True) if len(rows) else np.empty(0, np.bool_)
    for row in rows[newest].tolist():
        here, there = f"{own[at[row]]:.1f} kg", f"{others[to[row]]:.1f} kg"
        day, number = day_date(int(keys[row] & (2**20 - 1))).isoformat(), int(keys[row] >> 20)
        yield Disagreement("weights_of_one_day", number, day, here, there, float(apart[row]))


def _weights(systems: TwoSystems, system: System) -> tuple[Ints, AnyArray]:
    """Keys of child and day, sorted, and the weight; a day on which one register has two weights is
    left out, since it disagrees with itself."""
    readings, months = system.readings, systems.months
    day, kg = readings["measured_on"].astype(np.int64), readings["weight_kg"]
    child = system.child[readings.question]
    known = (child >= 0) & ~np.isnan(kg) & (day >= months.starts[0]) & (day <= months.ends[-1])
    key, kg = (child * 2**20 + day)[known], kg[known]
    keys, first, at = np.unique(key, return_index=True, return_inverse=True)
    low, high = np.full(len(keys), np.inf), np.full(len(keys), -np.inf)
    np.minimum.at(low, at, kg)
    np.maximum.at(high, at, kg)
    alone = high - low < 1e-9
    return keys[alone], kg[first][alone]


def _of_birth_dates(systems: TwoSystems) -> Iterator[Disagreement]:
    mine, theirs = (_of_child(one, "birth_date") for one in (systems.here, systems.there))
    for child in np.flatnonzero((mine != theirs) & (mine != NEVER) & (theirs != NEVER)).tolist():
        here, there = (day_date(int(one[child])).isoformat() for one in (mine, theirs))
        apart = float(abs(int(mine[child]) - int(theirs[child])))
        yield Disagreement("birth_date", child, "", here, there, apart)


def _of_sex(systems: TwoSystems) -> Iterator[Disagreement]:
    mine, theirs = (_of_child(one, "sex") for one in (systems.here, systems.there))
    texts = Sex.texts()
    for child in np.flatnonzero((mine != theirs) & (mine >= 0) & (theirs >= 0)).tolist():
        if NEVER not in (mine[child], theirs[child]):
            yield Disagreement("sex", child, "", texts[mine[child]], texts[theirs[child]], 0.0)


def _of_child(system: System, column: str) -> Ints:
    """A column of each child's first row as known today; NEVER for who has none."""
    children = system.registry.children
    today = children.take(children["known_until"] == NEVER)
    values = np.full(len(system.registry.child_ids) + 1, NEVER, np.int64)
    values[today["child"]] = today[column]
    return np.where(system.row < 0, int(NEVER), values[system.row])
