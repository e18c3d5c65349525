"""What is written down: rows of all tables in one record array, filled by compiled code, sorted out
afterwards."""

from __future__ import annotations

import numpy as np

from registry.simulate.compiled import compiled
from registry.simulate.records import Book, Child, Record, Whole
from registry.simulate.state import FOREVER

ROW = np.dtype(
    [
        ("kind", "i1"),
        ("child", "i4"),
        ("day", "i4"),
        ("x", "f4"),
        ("y", "f4"),
        ("z", "f4"),
        ("a", "i4"),
        ("b", "i4"),
        ("c", "i4"),
        ("d", "i4"),
    ]
)
"""One row of any table; `FIELDS` says what x, y, z, a, b, c, d are called in each kind."""

MEASUREMENT, EPISODE, CHECK, RATION, ATTENDANCE, VISIT, LANDMARK, ENDING = map(np.int64, range(8))
KINDS = (
    "measurements",
    "episodes",
    "checks",
    "rations",
    "attendance",
    "visits",
    "landmarks",
    "endings",
)

FIELDS = {
    "measurements": {
        "x": "weight",
        "y": "height",
        "z": "muac",
        "a": "standing",
        "b": "oedema",
        "c": "status",
        "d": "source",
    },
    "episodes": {
        "x": "programme",
        "y": "appetite",
        "z": "complications",
        "a": "closed",
        "b": "outcome",
        "c": "reason",
    },
    "checks": {
        "a": "diarrhoea",
        "b": "fever",
        "c": "cough",
        "d": "poor_appetite",
        "x": "examiner",
        "y": "appetite_test",
    },
    "rations": {"a": "item", "x": "quantity"},
    "attendance": {"a": "open", "b": "attended"},
    "visits": {"a": "finding", "b": "listed"},
    "landmarks": {"a": "target", "b": "index_on", "x": "true_whz"},
    "endings": {"a": "target", "b": "index_on", "c": "outcome", "d": "event_on", "x": "gain"},
}

REGISTER, APP, OFFICER, TREATMENT = map(np.int64, range(4))
"""Sources of a measurement: the paper register, the phone application, a medical officer, the
treatment register."""

RELAPSE, NON_RESPONSE = map(np.int64, range(1, 3))
"""Targets of a landmark or ending."""


def empty_book(children: int, months: int) -> np.ndarray:
    """Room for a chunk: twice the mean of 1.0 rows a child and month, and one child treated all the
    time."""
    return np.empty(int(3.0 * children * months) + 40 * (months + 2) + 200, ROW)


def sorted_out(book: np.ndarray, rows: int) -> dict[str, dict[str, np.ndarray]]:
    """The used rows, by table and column.

    Raises `IndexError` when a chunk outgrew its room (nothing is lost silently).
    """
    if rows >= len(book):
        raise IndexError(f"{rows} rows outgrew the chunk's room")
    used = book[:rows]
    tables = {}
    for kind, name in enumerate(KINDS):
        part = used[used["kind"] == kind]
        columns = {"child": part["child"].copy(), "day": part["day"].copy()}
        tables[name] = columns | {new: part[old].copy() for old, new in FIELDS[name].items()}
    return tables


@compiled
def _next(book: Book, child: Child, kind: Whole) -> Record:
    """The next free row, which counts up in `child.rows`; when the book is full its last row is
    used again."""
    row: Record = book[min(child.rows, len(book) - 1)]
    child.rows += 1
    row.kind, row.child, row.day = kind, child.number, child.day
    return row


@compiled
def write_measurement(
    book: Book,
    child: Child,
    weight: float,
    height: float,
    muac: float,
    standing: Whole,
    oedema: Whole,
    colour: Whole,
    source: Whole,
) -> None:
    """One row; NaN and -1 are missing. standing: 1 standing, 0 lying."""
    if child.shadow == 0:
        row = _next(book, child, MEASUREMENT)
        row.x, row.y, row.z = weight, height, muac
        row.a, row.b, row.c, row.d = standing, oedema, colour, source


@compiled
def open_episode(
    book: Book, child: Child, programme: Whole, appetite: Whole, complications: Whole
) -> None:
    """A new episode from today; its row is remembered in `child.episode`."""
    child.programme, child.admitted = programme, child.day
    if child.shadow == 0:
        child.episode = child.rows
        row = _next(book, child, EPISODE)
        row.x, row.y, row.z = programme, appetite, complications
        row.a, row.b, row.c = FOREVER, -1, -1


@compiled
def close_episode(book: Book, child: Child, outcome: Whole, reason: Whole) -> None:
    """The running episode ends today."""
    child.programme = -1
    if child.shadow == 0:
        row = book[min(child.episode, len(book) - 1)]
        row.a, row.b, row.c = child.day, outcome, reason


@compiled
def write_check(
    book: Book,
    child: Child,
    diarrhoea: Whole,
    fever: Whole,
    cough: Whole,
    poor_appetite: Whole,
    examiner: Whole,
    appetite_test: Whole,
) -> None:
    """A medical check; -1 is not assessed or not written down."""
    if child.shadow == 0:
        row = _next(book, child, CHECK)
        row.a, row.b, row.c, row.d = diarrhoea, fever, cough, poor_appetite
        row.x, row.y = examiner, appetite_test


@compiled
def write_ration(book: Book, child: Child, item: Whole, quantity: float) -> None:
    """Food handed out: item 0 EDNF (sachets), 1 THR, 2 HCM."""
    if child.shadow == 0:
        row = _next(book, child, RATION)
        row.a, row.x = item, quantity


@compiled
def write_attendance(
    book: Book, child: Child, month: Whole, open_days: float, attended: float
) -> None:
    """Days attended in the month that begins on `month`."""
    if child.shadow == 0:
        row = _next(book, child, ATTENDANCE)
        row.day, row.a, row.b = month, open_days, attended


@compiled
def write_visit(book: Book, child: Child, finding: Whole, listed: Whole) -> None:
    """A home visit, what was found, and the day of the list that asked for it (-1: none)."""
    if child.shadow == 0:
        row = _next(book, child, VISIT)
        row.a, row.b = finding, listed


@compiled
def take_landmark(book: Book, child: Child, target: Whole, index_on: Whole) -> None:
    """Today is a landmark (never of both targets); the loop over days keeps the whole hidden state
    of it."""
    if child.shadow == 0:
        child.landmark = target
        row = _next(book, child, LANDMARK)
        row.a, row.b, row.x = target, index_on, child.whz


@compiled
def write_ending(
    book: Book, child: Child, target: Whole, index_on: Whole, outcome: Whole, event_on: Whole
) -> None:
    """How a watched discharge or admission ended, known today, with the gain in g/kg/day.

    event_on: day of the event, or of the last valid reading of a censored discharge.
    """
    if child.shadow == 0:
        row = _next(book, child, ENDING)
        row.a, row.b, row.c, row.d = target, index_on, outcome, event_on
        days = max(1.0 * (child.day - child.admitted), 1.0)
        row.x = 1000.0 * (child.weight - child.admission_weight) / (child.admission_weight * days)
