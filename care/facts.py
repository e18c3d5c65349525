"""The table of facts that the pathway decides on: one row per (child, day), one column per fact.

Columns are NumPy arrays of one length. Days are int32 since 1970-01-01, NEVER where there is none; three-state
facts are int8: 1 yes, 0 no, -1 not known; the rest says its unit in its name.
"""

from __future__ import annotations

import numpy as np

from care import history
from care.protocol import Protocol
from features.clock import Known, Ragged
from registry.tables import CODE, DAY, NEVER, NUMBER, Table, of_one_length

COLUMNS: dict[str, tuple[type, float]] = {
    "day": (DAY, NEVER),
    "age_days": (DAY, -1),
    "registered_on": (DAY, NEVER),
    "left_reason": (CODE, -1),
    "died": (CODE, 0),
    "moved": (CODE, 0),
    "measured_on": (DAY, NEVER),
    "weighed_on": (DAY, NEVER),
    "height_on": (DAY, NEVER),
    "judged_on": (DAY, NEVER),
    "sam": (CODE, -1),
    "sam_since": (DAY, NEVER),
    "mam": (CODE, -1),
    "mam_on": (DAY, NEVER),
    "suw": (CODE, -1),
    "suw_since": (DAY, NEVER),
    "suw_on": (DAY, NEVER),
    "oedema_grade": (CODE, -1),
    "oedema_on": (DAY, NEVER),
    "oedema_seen_on": (DAY, NEVER),
    "found_sam_on": (DAY, NEVER),
    "complication": (CODE, -1),
    "appetite_test": (CODE, -1),
    "assessed_on": (DAY, NEVER),
    "checked_on": (DAY, NEVER),
    "poor_appetite": (CODE, -1),
    "programme": (CODE, -1),
    "admitted_on": (DAY, NEVER),
    "gain_kg": (NUMBER, float("nan")),
    "weight_loss_share": (NUMBER, 0.0),
    "exit_visits_met": (CODE, 0),
    "closed_programme": (CODE, -1),
    "closed_on": (DAY, NEVER),
    "outcome": (CODE, -1),
    "transfer_reason": (CODE, -1),
    "discharged_on": (DAY, NEVER),
}
"""Each fact's type and the value that stands for "nothing known".

- day: the day that is asked about; age_days: on that day; registered_on: the child's registration.
- left_reason: code of LEFT_REASON; died, moved: 1 where an episode, the register or a home visit said so (a home
  visit: and the child was not measured since).
- measured_on: last measurement of any kind; weighed_on, height_on: last weight, last height.
- judged_on: last valid measurement, of which sam and mam speak; mam_on: a later one without height whose arm says
  MAM; suw: of the last weight-for-age, suw_on its day; sam_since, suw_since: first of the unbroken row of such
  readings (a gap longer than a finding holds breaks it).
- oedema_grade: last grade written down (0 after a cure), oedema_on: since when, oedema_seen_on: of what day it is.
- found_sam_on: a home visit after the last valid measurement that found SAM again.
- complication, appetite_test (code of APPETITE), assessed_on: as the admission of the open episode says, else of
  the last closed one unless that ended in a cure or a step down.
- checked_on, poor_appetite: the last medical check.
- programme, admitted_on: the open episode.
- gain_kg: last weight less that of the last weighing of the episode which is at least the protocol's
  `no_gain_days` older (NaN where there is none); weight_loss_share: lost since the episode's highest weight.
- exit_visits_met: valid measurements in a row, up to the last, that meet the exit criteria in the episode.
- closed_programme, closed_on, outcome, transfer_reason: the last closed episode.
- discharged_on: the last discharge as cured from UCDC or VCDC.
"""


def table(rows: int, **columns: object) -> Table:
    """A facts table of so many rows: the given columns, all others "nothing known".

    A column is one value for all rows, or an array (or list) of that length. An unknown column is an error.
    """
    unknown = columns.keys() - COLUMNS.keys()
    if unknown:
        raise KeyError(f"no such fact: {', '.join(sorted(unknown))}")
    return Table({
        name: _column(columns.get(name, nothing), rows, kind) for name, (kind, nothing) in COLUMNS.items()
    })


def _column(given: object, rows: int, kind: type) -> np.ndarray:
    if isinstance(given, list):
        given = np.array(given)
    if isinstance(given, np.ndarray) and given.ndim:
        return given.astype(kind, copy=False)
    column = np.empty(rows, kind)
    column.fill(given)
    return column


def of(known: Known, points: Ragged, protocol: Protocol, *, day: int | None = None) -> Table:
    """The facts of each question of a view.

    known: `features.clock.Clock.known_by(child, day)`; points: `features.points.growth_points(known)`. With an
    earlier `day`, the facts of that day as the view's records now show them: for reports on past months, where a
    weight that was entered late counts in its own month; never for anything that is trained or scored.
    """
    today = known.day if day is None else np.full(len(known.day), day, DAY)
    facts = _from_children(known.children, today) | _from_records(known, judged(points, protocol), today, protocol)
    return of_one_length({name: facts[name].astype(kind, copy=False) for name, (kind, _) in COLUMNS.items()})


def rows_of(known: Known, points: Ragged, protocol: Protocol) -> list[dict[str, float]]:
    """`of` as plain numbers, one dict for each question: for a few, columns cost more than what is in them."""
    facts = _from_records(known, judged(points, protocol), known.day, protocol)
    children = zip(*(known.children[name].tolist() for name in _OWN), known.day.tolist(), strict=True)
    cells = zip(*map(np.ndarray.tolist, facts.values()), strict=True)
    return [dict(zip(facts, row, strict=True)) | _of_child(*child) for row, child in zip(cells, children, strict=True)]


_OWN = ("birth_date", "registered_on", "left_on", "left_reason")
_NEVER = int(NEVER)


def _of_child(birth: int, registered_on: int, left_on: int, left_reason: int, today: int) -> dict[str, int]:
    """`_from_children` of one question's cells."""
    unknown = birth == _NEVER
    return {
        "day": today, "age_days": -1 if unknown else today - birth,
        "registered_on": _NEVER if unknown else registered_on, "left_reason": left_reason if left_on <= today else -1,
    }


def _from_records(known: Known, points: Ragged, today: np.ndarray, protocol: Protocol) -> dict[str, np.ndarray]:
    facts = _from_episodes(_Rows(known.episodes, "admitted_on", today))
    facts |= _from_points(_Rows(points, "measured_on", today), facts["admitted_on"], facts["discharged_on"], protocol)
    facts |= _from_checks(_Rows(known.checks, "checked_on", today))
    return facts | _from_visits(_Rows(known.visits, "visited_on", today), facts)


JUDGED = ("sam_now", "moderate", "underweight", "fit")


def judged(points: Ragged, protocol: Protocol) -> Ragged:
    """The points with what each reading alone says, int8 each (see `care.history.judge_rows`); done once is enough."""
    if JUDGED[0] in points.rows:
        return points
    columns = (points[name] for name in ("age_days", "muac_mm", "oedema", "waz", "whz", "valid", "sam"))
    out = np.empty((len(JUDGED), points.rows.rows), CODE)
    history.judge_rows(*columns, float(protocol["exit_whz"]), float(protocol["exit_muac_mm"]), *out)
    return points.having(**dict(zip(JUDGED, out, strict=True)))


class _Rows:
    """The rows of a ragged table up to each question's day."""

    def __init__(self, ragged: Ragged, own_day: str, today: np.ndarray):
        self.start = ragged.offsets[:-1]
        self.stop = history.until(ragged.offsets, ragged[own_day], today)
        self.today = today
        self.ragged = ragged

    def columns(self, *names: str) -> tuple[np.ndarray, ...]:
        rows = self.ragged.rows
        return tuple([rows[name] for name in names])


def _from_children(children: Table, today: np.ndarray) -> dict[str, np.ndarray]:
    unknown = children["birth_date"] == NEVER
    return {
        "day": today,
        "age_days": np.where(unknown, np.int32(-1), today - children["birth_date"]),
        "registered_on": np.where(unknown, NEVER, children["registered_on"]),
        "left_reason": np.where(children["left_on"] <= today, children["left_reason"], np.int8(-1)),
    }


def _from_episodes(rows: _Rows) -> dict[str, np.ndarray]:
    out = np.empty((len(history.EPISODE_FACTS), len(rows.start)), DAY)
    columns = rows.columns(
        "programme", "admitted_on", "appetite_test", "complications", "closed_on", "outcome", "transfer_reason"
    )
    history.episode_facts(rows.start, rows.stop, rows.today, *columns, out)
    return dict(zip(history.EPISODE_FACTS, out, strict=True))


def _from_points(rows: _Rows, admitted: np.ndarray, cured: np.ndarray, protocol: Protocol) -> dict[str, np.ndarray]:
    out = np.empty((len(history.POINT_FACTS), len(rows.start)), DAY)
    columns = rows.columns("measured_on", "weight_kg", "height_cm", "oedema", *JUDGED)
    history.point_facts(rows.start, rows.stop, *columns, admitted, cured, int(protocol["finding_holds_days"]), out)
    gain, loss = np.empty(len(rows.start)), np.empty(len(rows.start))
    weights = rows.columns("measured_on", "weight_kg", "waz")
    history.weight_facts(rows.start, rows.stop, *weights, admitted, int(protocol["no_gain_days"]), gain, loss)
    return dict(zip(history.POINT_FACTS, out, strict=True)) | {"gain_kg": gain, "weight_loss_share": loss}


def _from_checks(rows: _Rows) -> dict[str, np.ndarray]:
    checked_on, poor = np.empty(len(rows.start), DAY), np.empty(len(rows.start), CODE)
    history.check_facts(rows.start, rows.stop, *rows.columns("checked_on", "poor_appetite"), checked_on, poor)
    return {"checked_on": checked_on, "poor_appetite": poor}


def _from_visits(rows: _Rows, facts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found, moved = np.empty(len(rows.start), DAY), np.empty(len(rows.start), CODE)
    died, seen = facts["died"].astype(CODE), (facts["measured_on"], facts["judged_on"])
    history.visit_facts(rows.start, rows.stop, *rows.columns("visited_on", "finding"), *seen, found, moved, died)
    return {"found_sam_on": found, "moved": moved, "died": died}
