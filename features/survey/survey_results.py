"""z-scores, flags, nutrition status, criterion and suspicions of a survey's rows, in the order of
the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from features import status
from features.survey import survey_cells
from features.survey.column_names import SurveyColumns
from features.survey.suspicion import KG_PER_POUND, Suspicions, refuse_impossible
from features.who.growth import INDICATORS, REFERENCE, rounded, zscores
from registry.contract.arrays import AnyArray, Codes, Flags, Floats
from registry.contract.days import DAYS_PER_MONTH

CUT_OFFS = (-3.0, -2.0, 2.0, 3.0)
"""WHO's cut-offs of every indicator."""
Reader = Callable[[pa.ChunkedArray], tuple[Floats, Flags]]
"""A column to its values and the mask of the cells that it cannot read."""
UNDERWEIGHT = ("SUW", "MUW", "normal")
STUNTING = ("severe", "moderate", "normal")


@dataclass(frozen=True)
class SurveyResults:
    """Everything that was read and found about n rows; arrays of n, z in order of INDICATORS, NaN
    missing."""

    read: dict[str, AnyArray]
    unrounded: dict[str, AnyArray]
    rounded: dict[str, AnyArray]
    flags: dict[str, AnyArray]
    status: dict[str, AnyArray]
    reference: AnyArray | None
    suspicions: Suspicions

    @property
    def rows(self) -> int:
        return len(self.read["sex"])


def results_of(
    table: pa.Table,
    columns: SurveyColumns,
    *,
    older: str | None = None,
    decimal_comma: bool = False,
) -> SurveyResults:
    """Compute every row of a table whose columns were found."""
    found = Suspicions(table.num_rows)
    read = _read(table, columns, found, decimal_comma=decimal_comma)
    refuse_impossible(read, found, arm_in_cm="armc_cm" in columns and "muac_mm" not in columns)
    sex, position = _code(read["sex"]), _code(read["height_position"])
    unrounded = _zscores(read | {"sex": sex, "height_position": position}, older=older)
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
    return SurveyResults(
        read=read | {"sex": sex, "height_position": position},
        unrounded=z,
        rounded=two_decimals,
        flags={name: unrounded[f"{name}_flag"] for name in INDICATORS},
        status=called,
        reference=unrounded.get("reference"),
        suspicions=found,
    )


def _zscores(read: Mapping[str, AnyArray], *, older: str | None = None) -> dict[str, AnyArray]:
    """WHO's z-scores of what was read: all its columns but the windows of birth dates."""
    return zscores(
        sex=read["sex"],
        age_days=read["age_days"],
        weight_kg=read["weight_kg"],
        height_cm=read["height_cm"],
        height_position=read["height_position"],
        muac_mm=read["muac_mm"],
        head_cm=read["head_cm"],
        oedema=read["oedema"],
        older=older,
    )


def is_classified(called: dict[str, AnyArray]) -> Flags:
    """Rows that are called SAM, MAM or normal."""
    named = np.array(status.WASTING)[status.nutrition_status(called)]
    classified: Flags = np.isin(named, ("SAM", "MAM", "normal"))
    return classified


def _code(values: Floats) -> Codes:
    """Codes of float64 (NaN missing) as int8 (-1 missing)."""
    return np.where(np.isnan(values), -1, values).astype(np.int8)


def _read(
    table: pa.Table, columns: SurveyColumns, found: Suspicions, *, decimal_comma: bool
) -> dict[str, Floats]:
    """Every column that we know as float64 (n,), NaN where missing or not read."""
    nothing = np.full(table.num_rows, np.nan)

    def take(name: str, code: str, reader: Reader) -> Floats:
        if name not in columns:
            return nothing
        values, unread = reader(table.column(columns.position[name]))
        found.add(code, unread)
        return values

    def numbers(name: str, code: str) -> Floats:
        return take(name, code, partial(survey_cells.numbers, decimal_comma=decimal_comma))

    def codes(name: str, code: str, words: dict[str, int]) -> Floats:
        return take(name, code, partial(survey_cells.codes, words=words))

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
        "sex": codes("sex", "sex_not_read", survey_cells.SEX),
        "age_days": age,
        "age_half_window": half_window,
        "weight_kg": numbers("weight_kg", "weight_not_read"),
        "height_cm": numbers("height_cm", "height_not_read"),
        "height_position": codes("height_position", "position_not_read", survey_cells.POSITION),
        "muac_mm": muac,
        "head_cm": numbers("head_cm", "head_not_read"),
        "oedema": take("oedema", "oedema_not_read", survey_cells.oedema),
    }


def _without_uncertain(
    unrounded: dict[str, AnyArray],
    read: dict[str, AnyArray],
    sex: AnyArray,
    position: AnyArray,
    found: Suspicions,
) -> dict[str, AnyArray]:
    """The z-scores that an uncertain birth date leaves standing: none where its two ends fall on
    different sides of a cut-off. A boy born in March 2024 is 16 days younger or older than taken;
    his WAZ of -3.02 may be -2.97."""
    half = read["age_half_window"]
    rows = np.flatnonzero(half > 0)
    if not len(rows):
        return {}
    some = {name: values[rows] for name, values in read.items()}
    some |= {"sex": sex[rows], "height_position": position[rows]}
    ends = [_zscores(some | {"age_days": some["age_days"] + off * half[rows]}) for off in (-1, 1)]
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
    sex: AnyArray, read: dict[str, AnyArray], waz: AnyArray, found: Suspicions
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


def columns_of(results: SurveyResults, *, unrounded: bool = False) -> dict[str, pa.Array]:
    """The columns that `sanket zscores` adds, in their order."""
    z = results.unrounded if unrounded else results.rounded
    added = {name: pa.array(z[name], mask=np.isnan(z[name])) for name in INDICATORS}
    added |= {f"{name}_flag": pa.array(flag, mask=flag < 0) for name, flag in results.flags.items()}
    called = results.status
    added["nutrition_status"] = _words(status.nutrition_status(called), status.WASTING)
    fired, spelled = status.criterion_codes(called), status.CRITERION
    added["criterion"] = _words(np.where(fired == 0, -1, fired), spelled)
    added["underweight"] = _words(_degree(called["suw"], called["muw"]), UNDERWEIGHT)
    added["stunting"] = _words(
        _degree(called["severe_stunting"], called["moderate_stunting"]), STUNTING
    )
    if results.reference is not None:
        added["reference"] = _words(results.reference, REFERENCE)
    position, texts = results.suspicions.words()
    empty = texts.index("") if "" in texts else -2
    added["suspicion"] = _words(np.where(position == empty, -1, position), texts)
    return added


def _degree(severe: Codes, moderate: Codes) -> Codes:
    """0 severe, 1 moderate, 2 neither, -1 cannot say."""
    return np.where(severe < 0, -1, 2 - 2 * (severe == 1) - (moderate == 1))


def _words(position: AnyArray, words: Sequence[str]) -> pa.Array:
    """Text from positions in a list; -1 is empty."""
    index = pa.array(position.astype(np.int32), mask=position < 0)
    return pa.DictionaryArray.from_arrays(index, pa.array(list(words), pa.string())).cast(
        pa.string()
    )
