"""How far a child in treatment at the centre has come towards its discharge: the visits that count,
and what the last one lacked.

The visits are counted by the pathway's own facts (`exit_visits_met`), and each criterion is judged
by the function that counts them (`care.pathway.findings`), asked of one criterion at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from care.pathway import facts as care_facts
from care.pathway.findings import _visit, judged
from care.pathway.heights import BELIEVED
from care.pathway.history import LAST_CENTRE
from care.protocol import Protocol
from features.clock import Known, Ragged
from registry.contract.arrays import AnyArray
from registry.contract.registry import NEVER

MET, NOT_MET, NOT_MEASURED = 1, 0, -1
CRITERIA = ("whz", "arm", "feet")
# A dozen rows: compiling the function anew for a call from here costs more than it saves.
_judge = getattr(_visit, "py_func", _visit)


@dataclass(frozen=True)
class TowardsDischarge:
    """Of an open stay: visits `met` of those `needed`, so many days apart; days since 1970-01-01.

    `criteria`: of the last day of measurement since admission (`asked_on`, NEVER before there is
    one), MET, NOT_MET or NOT_MEASURED by criterion; the arm and the feet stand among them only
    where they named the child SAM, or speak against a discharge. `counted_on`: the last visit that
    counts.
    """

    met: int
    needed: int
    apart_days: int
    asked_on: int
    counted_on: int
    criteria: Mapping[str, int]

    @property
    def too_soon(self) -> bool:
        """Whether the last visit met everything and came too soon after the one that counts."""
        all_met = bool(self.criteria) and set(self.criteria.values()) == {MET}
        return all_met and self.counted_on not in (self.asked_on, int(NEVER))


def towards_discharge(
    known: Known, points: Ragged, protocol: Protocol, i: int = 0
) -> TowardsDischarge | None:
    """Of question i's open stay in a UCDC or VCDC; None without one."""
    points = judged(known, points)
    now = care_facts.of(known, points, protocol)
    admitted = int(now["admitted_on"][i])
    if not 0 <= now["programme"][i] <= LAST_CENTRE:
        return None
    rows = np.arange(points.offsets[i], points.offsets[i + 1])
    rows = rows[points["measured_on"][rows] > admitted]
    days = sorted({admitted, *points["measured_on"][rows].tolist()})
    one = slice(i, i + 1)
    of_days = care_facts.of(
        known.of_questions(one),
        points.of_questions(one),
        protocol,
        days=np.array(days, np.int32),
    )
    met = of_days["exit_visits_met"].tolist()
    counted = [day for day, now, was in zip(days[1:], met[1:], met, strict=False) if now > was]
    last = rows[points["measured_on"][rows] == days[-1]]
    needs = {
        "arm": bool((of_days["open_arm_on"] != NEVER).any()),
        "feet": bool((of_days["oedema_grade"] > 0).any()),
    }
    return TowardsDischarge(
        met=int(now["exit_visits_met"][i]),
        needed=int(protocol["exit_visits"]),
        apart_days=int(protocol["exit_visits_apart_days"]),
        asked_on=int(days[-1]) if len(last) else int(NEVER),
        counted_on=int(counted[-1]) if counted and met[-1] else int(NEVER),
        criteria=_criteria(points, last, needs, protocol) if len(last) else {},
    )


def _criteria(
    points: Ragged, rows: AnyArray, needs: Mapping[str, bool], protocol: Protocol
) -> dict[str, int]:
    """What the readings of one day say of each criterion that is asked."""
    told = {name: _asked(name, points, rows, protocol) for name in CRITERIA}
    return {
        name: says for name, says in told.items() if name == "whz" or needs[name] or says == NOT_MET
    }


def _asked(criterion: str, points: Ragged, rows: AnyArray, protocol: Protocol) -> int:
    """One criterion alone: the columns of the others are set to what says nothing against a
    discharge."""
    count = len(rows)
    columns: dict[str, Any] = {
        "age": points["age_days"][rows],
        "whz": np.zeros(count),
        "muac": np.full(count, np.nan),
        "oedema": np.full(count, np.nan),
        "doubt": np.full(count, BELIEVED),
        "sam_now": np.zeros(count),
    }
    if criterion == "whz":
        columns |= {name: points[name][rows] for name in ("whz", "doubt")}
        # SAM by the arm or the feet is their own criterion's.
        columns["sam_now"] = np.minimum(points["sam_now"][rows], 0)
    elif criterion == "arm":
        columns["muac"] = points["muac_mm"][rows]
    else:
        columns["oedema"] = points["oedema"][rows]
    return int(
        _judge(
            0,
            count,
            columns["age"],
            columns["whz"],
            columns["muac"],
            columns["oedema"],
            columns["doubt"],
            columns["sam_now"],
            criterion == "arm",
            criterion == "feet",
            float(protocol["exit_whz"]),
            float(protocol["exit_muac_mm"]),
        )
    )
