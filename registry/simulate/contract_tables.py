"""From what was lived and written down to the contract's nine tables, as Arrow tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from registry.contract.arrays import AnyArray
from registry.contract.codes import (
    AppetiteTest,
    Examiner,
    HeightPosition,
    LeftReason,
    Programme,
    RationItem,
    ReportedStatus,
    Setting,
    Sex,
    StayOutcome,
    TransferReason,
    VisitFinding,
)
from registry.simulate.records import Whole
from registry.simulate.run import Columns, SimulatedLives
from registry.simulate.state import FOREVER

SOURCES = ("awc_register", "poshan_app", "medical_officer", "ucdc_register")


def codes(values: AnyArray, words: tuple[str, ...]) -> pa.Array:
    """Numbers of codes (-1 missing) to their texts."""
    values = np.asarray(values).astype(np.int64)
    return pa.array(words).take(pa.array(values, mask=values < 0))


def dates(days: np.ndarray) -> pa.Array:
    """Day numbers to date32; -1 and `FOREVER` are missing."""
    days = np.asarray(days).astype(np.int32)
    return pa.array(days, type=pa.int32(), mask=(days < 0) | (days == FOREVER)).cast(pa.date32())


def numbers(values: np.ndarray, digits: int) -> pa.Array:
    """Floats rounded to this many digits; NaN is missing."""
    values = np.round(np.asarray(values, dtype=np.float64), digits)
    return pa.array(values, mask=np.isnan(values))


def truths(values: np.ndarray) -> pa.Array:
    """1, 0, -1 to true, false, missing."""
    values = np.asarray(values).astype(np.int64)
    return pa.array(values > 0, mask=values < 0)


def texts(words: np.ndarray, positions: np.ndarray) -> pa.Array:
    """The words at these positions; -1 is missing."""
    positions = np.asarray(positions).astype(np.int64)
    return pa.array(words.tolist(), pa.string()).take(pa.array(positions, mask=positions < 0))


class Names:
    """Ids of one registry: the programme's own codes, drawn so that they say nothing about a
    child."""

    def __init__(self, lives: SimulatedLives, rng: np.random.Generator):
        place, people = lives.place, lives.people
        sectors = len(place.project_of_sector)
        self.child = np.char.add(
            "CH", np.char.zfill((rng.permutation(len(people.children)) + 1).astype(str), 8)
        )
        # A multiplier without a common factor gives every family its own eight digits.
        shuffled = rng.permutation(people.family.max() + 1) * 7_654_321 + int(
            rng.integers(90_000_000)
        )
        self.family = (shuffled % 90_000_000 + 10_000_000).astype(str)
        self.centre = np.char.add(
            "AWC", np.char.zfill((np.arange(len(place.centres)) + 1).astype(str), 5)
        )
        self.sector = np.char.add("SEC", np.char.zfill((np.arange(sectors) + 1).astype(str), 3))
        self.project = np.char.add(
            "PRJ", np.char.zfill((place.project_of_sector + 1).astype(str), 3)
        )
        self.district = np.char.add(
            "DIS", np.char.zfill((place.district_of_sector + 1).astype(str), 2)
        )


def centres_table(lives: SimulatedLives, names: Names, rng: np.random.Generator) -> pa.Table:
    """`centres`; one in twenty without coordinates."""
    place = lives.place
    count, sector = len(place.centres), place.centres["sector"]
    unplaced = rng.random(count) < 0.05
    return pa.table(
        {
            "centre_id": texts(names.centre, np.arange(count)),
            "name": pa.array([f"Anganwadi {number + 1}" for number in range(count)]),
            "sector_id": texts(names.sector, sector),
            "project_id": texts(names.project, sector),
            "district_id": texts(names.district, sector),
            "setting": codes(place.centres["setting"], Setting.texts()),
            "latitude": numbers(np.where(unplaced, np.nan, place.latitude), 5),
            "longitude": numbers(np.where(unplaced, np.nan, place.longitude), 5),
        }
    )


def children_table(lives: SimulatedLives, names: Names, rng: np.random.Generator) -> pa.Table:
    """`children`; an eighth without Family ID, a quarter without birth weight, some leavings never
    written."""
    children, family = lives.people.children, lives.people.family
    count = len(children)
    weight = np.where(
        rng.random(count) < 0.25, np.nan, np.round(children["birth_weight"] / 0.05) * 0.05
    )
    silent = (children["left_reason"] < 2) & (rng.random(count) < 0.25)
    left_on = np.where(silent, FOREVER, children["left_on"])
    return pa.table(
        {
            "child_id": texts(names.child, np.arange(count)),
            "family_id": texts(names.family, np.where(rng.random(count) < 0.12, -1, family)),
            "sex": codes(children["sex"], Sex.texts()),
            "birth_date": dates(children["birth"]),
            "centre_id": texts(names.centre, children["centre"]),
            "birth_weight_kg": numbers(weight, 2),
            "registered_on": dates(np.where(rng.random(count) < 0.05, -1, children["enrolled"])),
            "left_on": dates(left_on),
            "left_reason": codes(
                np.where(left_on == FOREVER, -1, children["left_reason"]), LeftReason.texts()
            ),
        }
    )


def measurements_table(rows: Columns, names: Names) -> pa.Table:
    """`measurements`, with `recorded_on` where the book has a day for it."""
    return pa.table(
        {
            "child_id": texts(names.child, rows["child"]),
            "measured_on": dates(rows["day"]),
            "weight_kg": numbers(rows["weight"], 2),
            "height_cm": numbers(rows["height"], 1),
            "height_position": codes(rows["standing"], HeightPosition.texts()),
            "muac_mm": numbers(rows["muac"], 0),
            "oedema": pa.array(rows["oedema"].astype(np.int8), mask=rows["oedema"] < 0),
            "reported_status": codes(rows["status"], ReportedStatus.texts()),
            "source": codes(rows["source"], SOURCES),
            "recorded_on": dates(rows["recorded"]),
        }
    )


def episodes_table(rows: Columns, names: Names) -> pa.Table:
    """`episodes`, numbered in the order of admission."""
    order = np.lexsort((rows["child"], rows["day"]))
    numbered = np.empty(len(order), np.int64)
    numbered[order] = np.arange(1, len(order) + 1)
    return pa.table(
        {
            "episode_id": pa.array([f"EP{number:07d}" for number in numbered], pa.string()),
            "child_id": texts(names.child, rows["child"]),
            "programme": codes(rows["programme"], Programme.texts()),
            "admitted_on": dates(rows["day"]),
            "appetite_test": codes(rows["appetite"], AppetiteTest.texts()),
            "complications": truths(rows["complications"]),
            "closed_on": dates(rows["closed"]),
            "outcome": codes(rows["outcome"], StayOutcome.texts()),
            "transfer_reason": codes(rows["reason"], TransferReason.texts()),
        }
    )


def checks_table(rows: Columns, names: Names) -> pa.Table:
    """`checks`."""
    seen = {name: truths(rows[name]) for name in ("diarrhoea", "fever", "cough", "poor_appetite")}
    return pa.table(
        {"child_id": texts(names.child, rows["child"]), "checked_on": dates(rows["day"])}
        | seen
        | {
            "examiner": codes(rows["examiner"], Examiner.texts()),
            "appetite_test": codes(rows["appetite_test"], AppetiteTest.texts()),
            "sam_confirmed": truths(np.full(len(rows["child"]), -1)),
        }
    )


def rations_table(rows: Columns, names: Names) -> pa.Table:
    """`rations`: EDNF in sachets, THR in packets, HCM in meals."""
    return pa.table(
        {
            "child_id": texts(names.child, rows["child"]),
            "issued_on": dates(rows["day"]),
            "item": codes(rows["item"], RationItem.texts()),
            "quantity": numbers(rows["quantity"], 0),
        }
    )


def attendance_table(rows: Columns, names: Names) -> pa.Table:
    """`attendance`, a row a child and month."""
    first = int(rows["day"].min()) if len(rows["day"]) else 0
    months = rows["day"].astype("datetime64[D]").astype("datetime64[M]").astype(int)
    base = np.datetime64(first, "D").astype("datetime64[M]").astype(int)
    words = np.array(
        [
            str(np.datetime64(int(base) + k, "M"))
            for k in range(int((months - base).max(initial=0)) + 1)
        ]
    )
    return pa.table(
        {
            "child_id": texts(names.child, rows["child"]),
            "month": texts(words, months - base),
            "open_days": pa.array(rows["open"]),
            "attended_days": pa.array(rows["attended"]),
        }
    )


def visits_table(rows: Columns, names: Names) -> pa.Table:
    """`visits`."""
    return pa.table(
        {
            "child_id": texts(names.child, rows["child"]),
            "visited_on": dates(rows["day"]),
            "finding": codes(rows["finding"], VisitFinding.texts()),
            "listed_on": dates(rows["listed"]),
        }
    )


def truth_table(
    lives: SimulatedLives, names: Names, target: Whole, realised: tuple[str, ...]
) -> pa.Table:
    """Landmarks of one target with the outcome's probability, and what became of it (`realised` by
    code)."""
    rows = lives.rows["landmarks"]
    mine = {name: column[rows["target"] == target] for name, column in rows.items()}
    outcome = _realised(lives.rows["endings"], mine, target)
    share = np.divide(
        mine["happened"], mine["lives"], out=np.full(len(outcome), np.nan), where=mine["lives"] > 0
    )
    return pa.table(
        {
            "child_id": texts(names.child, mine["child"]),
            "index_on": dates(mine["index_on"]),
            "landmark_day": pa.array((mine["day"] - mine["index_on"]).astype(np.int16)),
            "probability": pa.array(share, mask=np.isnan(share)),
            "draws": pa.array(mine["lives"]),
            "realised": codes(outcome, realised),
            "true_whz": numbers(mine["true_whz"], 3),
        }
    )


def _realised(endings: Columns, landmarks: Columns, target: Whole) -> np.ndarray:
    """Outcome code of each landmark's index, by child and index day."""
    mine = endings["target"] == target
    key = endings["child"][mine].astype(np.int64) * 2**20 + endings["index_on"][mine]
    order = np.argsort(key)
    wanted = landmarks["child"].astype(np.int64) * 2**20 + landmarks["index_on"]
    found = np.searchsorted(key[order], wanted)
    return endings["outcome"][mine][order][found] if len(wanted) else np.empty(0, np.int64)
