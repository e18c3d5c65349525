"""A table's rows answered: z-scores, flags, status, criterion and suspicions, row for row in the
same order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features import status
from features.survey import survey_cells
from features.survey.column_names import Columns
from features.survey.suspicion import KG_PER_POUND, Suspicions, refuse_impossible
from features.who.growth import INDICATORS, REFERENCE, rounded, zscores
from features.who.lms import DAYS_PER_MONTH

CUT_OFFS = (-3.0, -2.0, 2.0, 3.0)
"""WHO's cut-offs of every indicator."""
UNDERWEIGHT = ("SUW", "MUW", "normal")
STUNTING = ("severe", "moderate", "normal")


@dataclass(frozen=True)
class Answers:
    """Everything that was read and found about n rows; arrays of n, z in order of INDICATORS, NaN
    missing."""

    read: dict[str, np.ndarray]
    unrounded: dict[str, np.ndarray]
    rounded: dict[str, np.ndarray]
    flags: dict[str, np.ndarray]
    status: dict[str, np.ndarray]
    reference: np.ndarray | None
    suspicions: Suspicions

    @property
    def rows(self) -> int:
        return len(self.read["sex"])


def answer(
    table: pa.Table, columns: Columns, *, older: str | None = None, decimal_comma: bool = False
) -> Answers:
    """Answer every row of a table whose columns were found."""
    found = Suspicions(table.num_rows)
    read = _read(table, columns, found, decimal_comma=decimal_comma)
    refuse_impossible(read, found, arm_in_cm="armc_cm" in columns and "muac_mm" not in columns)
    measured = {
        name: read[name]
        for name in ("age_days", "weight_kg", "height_cm", "muac_mm", "head_cm", "oedema")
    }
    sex, position = _code(read["sex"]), _code(read["height_position"])
    unrounded = zscores(sex=sex, height_position=position, older=older, **measured)
    unrounded |= _without_uncertain(unrounded, read, sex, position, found)
    z = {name: unrounded[name] for name in INDICATORS}
    two_decimals = {name: rounded(z[name]) for name in INDICATORS}
    called = status.classify(
        **{name: z[name] for name in ("waz", "haz", "whz")},
        **{name: read[name] for name in ("age_days", "muac_mm", "oedema")},
    )
    found.add(
        "classified_without_age",
        np.isnan(read["age_days"]) & is_classified(called) & ~found.has("age_not_read"),
    )
    found.add("standing_under_9_months", (position == 1) & (read["age_days"] < 9 * DAYS_PER_MONTH))
    _suspect_pounds(sex, read, two_decimals["waz"], found)
    return Answers(
        read=read | {"sex": sex, "height_position": position},
        unrounded=z,
        rounded=two_decimals,
        flags={name: unrounded[f"{name}_flag"] for name in INDICATORS},
        status=called,
        reference=unrounded.get("reference"),
        suspicions=found,
    )


def is_classified(called: dict[str, np.ndarray]) -> np.ndarray:
    """Rows that are called SAM, MAM or normal."""
    named = np.array(status.WASTING)[status.nutrition_status(called)]
    return np.isin(named, ("SAM", "MAM", "normal"))


def _code(values: np.ndarray) -> np.ndarray:
    """Codes of float64 (NaN missing) as int8 (-1 missing)."""
    return np.where(np.isnan(values), -1, values).astype(np.int8)


def _read(
    table: pa.Table, columns: Columns, found: Suspicions, *, decimal_comma: bool
) -> dict[str, np.ndarray]:
    """Every column that we know as float64 (n,), NaN where missing or not read."""
    nothing = np.full(table.num_rows, np.nan)

    def take(name: str, code: str, reader, *arguments, **options) -> np.ndarray:
        if name not in columns:
            return nothing
        values, unread = reader(table.column(columns.position[name]), *arguments, **options)
        found.add(code, unread)
        return values

    def numbers(name: str, code: str) -> np.ndarray:
        return take(name, code, survey_cells.numbers, decimal_comma=decimal_comma)

    ages, half_window = [numbers("age_days", "age_not_read")], nothing
    if "birth_date" in columns and "measured_on" in columns:
        ages.append(
            take("measured_on", "age_not_read", survey_cells.days)
            - take("birth_date", "age_not_read", survey_cells.days)
        )
        window = take("born_until", "age_not_read", survey_cells.days) - take(
            "born_from", "age_not_read", survey_cells.days
        )
        half_window = np.where(np.isnan(ages[0]), window / 2, 0.0)
    # Completed months come last: where both dates are there, they say more.
    ages.append(numbers("age_months", "age_not_read") * DAYS_PER_MONTH)
    age = ages[0]
    for other in ages[1:]:
        age = np.where(np.isnan(age), other, age)
    found.add("age_negative", age < 0)
    muac = (
        numbers("muac_mm", "muac_not_read")
        if "muac_mm" in columns
        else numbers("armc_cm", "muac_not_read") * 10
    )
    return {
        "sex": take("sex", "sex_not_read", survey_cells.codes, survey_cells.SEX),
        "age_days": age,
        "age_half_window": half_window,
        "weight_kg": numbers("weight_kg", "weight_not_read"),
        "height_cm": numbers("height_cm", "height_not_read"),
        "height_position": take(
            "height_position", "position_not_read", survey_cells.codes, survey_cells.POSITION
        ),
        "muac_mm": muac,
        "head_cm": numbers("head_cm", "head_not_read"),
        "oedema": take("oedema", "oedema_not_read", survey_cells.codes, survey_cells.OEDEMA),
    }


def _without_uncertain(
    unrounded: dict[str, np.ndarray],
    read: dict[str, np.ndarray],
    sex: np.ndarray,
    position: np.ndarray,
    found: Suspicions,
) -> dict[str, np.ndarray]:
    """The z-scores that an uncertain birth date leaves standing: none where its two ends fall on
    different sides of a cut-off. A boy born in March 2024 is 16 days younger or older than taken;
    his WAZ of -3.02 may be -2.97."""
    half = read["age_half_window"]
    rows = np.flatnonzero(half > 0)
    if not len(rows):
        return {}
    measured = {
        name: read[name][rows]
        for name in ("weight_kg", "height_cm", "muac_mm", "head_cm", "oedema")
    }
    ends = [
        zscores(
            sex=sex[rows],
            height_position=position[rows],
            age_days=read["age_days"][rows] + off * half[rows],
            **measured,
        )
        for off in (-1, 1)
    ]
    kept, any_gone = {}, np.zeros(len(half), bool)
    for name in INDICATORS:
        low, high = (np.digitize(rounded(end[name]), CUT_OFFS) for end in ends)
        gone = rows[(low != high) | (np.isnan(ends[0][name]) != np.isnan(ends[1][name]))]
        kept[name] = unrounded[name].copy()
        kept[f"{name}_flag"] = unrounded[f"{name}_flag"].copy()
        any_gone[gone[np.isfinite(kept[name][gone])]] = True
        kept[name][gone], kept[f"{name}_flag"][gone] = np.nan, -1
    found.add("age_uncertain", any_gone)
    return kept


def _suspect_pounds(
    sex: np.ndarray, read: dict[str, np.ndarray], waz: np.ndarray, found: Suspicions
) -> None:
    """Name the rows whose weight is implausibly high as kilograms and ordinary as pounds."""
    heavy = np.flatnonzero(waz > 5)
    if not len(heavy):
        return
    as_pounds = zscores(
        sex=sex[heavy],
        age_days=read["age_days"][heavy],
        weight_kg=read["weight_kg"][heavy] * KG_PER_POUND,
        height_cm=read["height_cm"][heavy],
    )
    ordinary = (abs(as_pounds["waz"]) <= 3) & ~(abs(as_pounds["whz"]) > 3)
    where = np.zeros(len(waz), bool)
    where[heavy[ordinary]] = True
    found.add("weight_pounds", where)


def columns_of(answers: Answers, *, unrounded: bool = False) -> dict[str, pa.Array]:
    """The columns that `sanket zscores` adds, in their order."""
    z = answers.unrounded if unrounded else answers.rounded
    added = {name: pa.array(z[name], mask=np.isnan(z[name])) for name in INDICATORS}
    added |= {f"{name}_flag": pa.array(flag, mask=flag < 0) for name, flag in answers.flags.items()}
    called = answers.status
    added["nutrition_status"] = _words(status.nutrition_status(called), status.WASTING)
    fired, spelled = status.criterion_codes(called), status.CRITERION
    added["criterion"] = _words(np.where(fired == 0, -1, fired), spelled)
    added["underweight"] = _words(_degree(called["suw"], called["muw"]), UNDERWEIGHT)
    added["stunting"] = _words(
        _degree(called["severe_stunting"], called["moderate_stunting"]), STUNTING
    )
    if answers.reference is not None:
        added["reference"] = _words(answers.reference, REFERENCE)
    position, texts = answers.suspicions.words()
    empty = texts.index("") if "" in texts else -2
    added["suspicion"] = _words(np.where(position == empty, -1, position), texts)
    return added


def _degree(severe: np.ndarray, moderate: np.ndarray) -> np.ndarray:
    """0 severe, 1 moderate, 2 neither, -1 cannot say."""
    return np.where(severe < 0, -1, 2 - 2 * (severe == 1) - (moderate == 1))


def _words(position: np.ndarray, words) -> pa.Array:
    """Text from positions in a list; -1 is empty."""
    index = pa.array(position.astype(np.int32), mask=position < 0)
    return pa.DictionaryArray.from_arrays(index, pa.array(list(words), pa.string())).cast(
        pa.string()
    )
