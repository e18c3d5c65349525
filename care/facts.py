"""The table of facts that the pathway decides on: one row per (child, day), one column per fact.

Columns are NumPy arrays of one length. Days are int32 since 1970-01-01, NEVER where there is none; three-state
facts are int8: 1 yes, 0 no, -1 not known; the rest says its unit in its name.
"""

from __future__ import annotations

import numpy as np

from registry.tables import CODE, DAY, NEVER, NUMBER, Table

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
    "suw": (CODE, -1),
    "suw_since": (DAY, NEVER),
    "oedema_grade": (CODE, -1),
    "oedema_on": (DAY, NEVER),
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

day: the day that is asked about · age_days: on that day · left_reason: code of LEFT_REASON · died, moved: 1 if an
episode, the register or a home visit said so (moved: and the child was not measured since) · measured_on: last
measurement of any kind; weighed_on, height_on: last weight, last height · judged_on: last valid measurement, the
one that sam, mam and suw speak of · sam_since, suw_since: first of the unbroken row of such readings · oedema_grade:
last grade written down, oedema_on its day · found_sam_on: a home visit after the last valid measurement that found
SAM again · complication, appetite_test (code of APPETITE), assessed_on: as the admission of the open episode says, else
of the last closed one unless that ended in a cure or a step down · checked_on, poor_appetite: the last medical check · programme, admitted_on: the open episode
· gain_kg: last weight less that of the last weighing of the episode which is at least the protocol's no_gain_days older
(NaN where there is none) · weight_loss_share: lost since the episode's highest weight · exit_visits_met: valid measurements in a row, up to the
last, that meet the exit criteria within the episode · closed_programme, closed_on, outcome, transfer_reason: the
last closed episode · discharged_on: the last discharge as cured from UCDC or VCDC.
"""


def table(rows: int, **columns: object) -> Table:
    """A facts table of so many rows: the given columns, all others "nothing known".

    A column may be one value for all rows or an array. An unknown column is an error.
    """
    unknown = columns.keys() - COLUMNS.keys()
    if unknown:
        raise KeyError(f"no such fact: {', '.join(sorted(unknown))}")
    return Table({
        name: np.broadcast_to(np.asarray(columns.get(name, nothing)), rows).astype(kind)
        for name, (kind, nothing) in COLUMNS.items()
    })
