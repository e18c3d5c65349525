"""What a whole column says that no place has been seen to have: said aloud at import, for a person
to look at.

A share beyond these bounds is nearly always a coding read as another one (1 and 2 for yes and no,
months for days), or a register of treated children alone. Nothing is refused for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from registry.checks.missing_codes import suspected_missing
from registry.contract.arrays import AnyArray, Codes, Days, Flags, Floats, Ints
from registry.contract.days import LAST_DAY_UNDER_FIVE, NEVER
from registry.contract.tables import SPECS, ColumnSpec
from registry.indian_digits import grouped

ZScores = Callable[..., Mapping[str, Floats]]
"""`features.who.growth.zscores`: this room may not import it."""
WIDEST_Z = 40
"""Beyond it a z-score counts as this far."""
LEAST_ROWS = 30
"""Rows under which a share says little."""
AT_MOST = 200_000
"""Rows of which z-scores are taken, evenly from all: enough for a share."""
MOST_OEDEMA, MOST_SAM = 0.20, 0.35
"""Surveys have found bilateral oedema in up to 17 % of children and SAM in up to 29 % (Bay,
Somalia, July 2011). `verified: false`."""
MOST_OF_CODE = {
    ("children", "sex", "F"): 0.75,
    ("children", "sex", "M"): 0.75,
    ("children", "left_reason", "died"): 0.25,
    ("measurements", "reported_status", "red"): 0.35,
    ("measurements", "reported_status", "yellow"): 0.60,
    ("episodes", "outcome", "died"): 0.25,
    ("episodes", "appetite_test", "fail"): 0.60,
    ("visits", "finding", "died"): 0.15,
}
"""The share of one code among all filled cells beyond which it is said. Ours, `verified: false`."""
MOST_TRUE, SIGNS = 0.90, ("diarrhoea", "fever", "cough", "poor_appetite", "complications")
"""Signs of illness that nine of ten children do not have: a code for no was read as yes."""
YOUNG_DAYS, HEAVY_KG = 61, 7.5
"""No column of children under two months weighs so much at the middle: 97 of 100 boys of 60 days
weigh under 7.0."""
HIGH_Z = 3.0
"""A median WAZ and HAZ above this: no country's is above 1 (WHO's standard is a healthy
population)."""
SAM_WHZ, SAM_MUAC_MM, MUAC_FROM_DAYS, MUAC_TO_DAYS = -3.0, 115.0, 183, LAST_DAY_UNDER_FIVE


class WholeColumns:
    """What an import's kept rows say as whole columns: its codes counted, and an even sample of its
    measurements, table by table and part by part."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], Ints] = {}
        self._sampled: list[dict[str, AnyArray]] = []
        self._measured = 0

    def look(self, name: str, rows: Mapping[str, AnyArray], *, of: int) -> None:
        """Some of the `of` kept rows of a table, in their order; children as the numbers that
        `lines` goes by."""
        for column in SPECS[name].columns:
            if column.kind in ("code", "truth") and column.name in rows:
                values = rows[column.name]
                codes = np.bincount(values[values >= 0].astype(np.int64), minlength=2)
                self._count((name, column.name), codes)
        if name == "measurements":
            step = max(1, -(-of // AT_MOST))
            first = -self._measured % step
            self._sampled.append({key: values[first::step].copy() for key, values in rows.items()})
            self._measured += len(rows["child"])

    def lines(
        self,
        *,
        sex: Codes | None = None,
        birth_date: Days | None = None,
        zscores: ZScores | None = None,
    ) -> list[str]:
        """What to say; `sex` and `birth_date` by child, for z-scores."""
        lines = [
            line
            for (name, column), counts in self._codes.items()
            for line in _codes(name, SPECS[name].column(column), counts)
        ]
        if self._sampled:
            rows = {
                name: np.concatenate([part[name] for part in self._sampled])
                for name in self._sampled[0]
            }
            lines += _measures(rows, sex, birth_date, zscores)
        return lines

    def _count(self, column: tuple[str, str], codes: Ints) -> None:
        known = self._codes.get(column, np.zeros(0, np.int64))
        counts = np.zeros(max(len(known), len(codes)), np.int64)
        counts[: len(known)] += known
        counts[: len(codes)] += codes
        self._codes[column] = counts


def _codes(name: str, column: ColumnSpec, counts: Ints) -> list[str]:
    filled = int(counts.sum())
    if filled < LEAST_ROWS:
        return []
    lines = []
    if column.name in SIGNS and (share := counts[1] / filled) > MOST_TRUE:
        what, ask = f"{name}.{column.name} is true", "is a code for no read as yes?"
        lines.append(_line(what, share, filled, ask))
    for code, many in zip(column.codes, counts, strict=False):
        share = float(many / filled)
        if share > MOST_OF_CODE.get((name, column.name, code), 1.0):
            what = f"{name}.{column.name} is {code}"
            lines.append(_line(what, share, filled, "are its codes read right?"))
    return lines


def _measures(
    rows: Mapping[str, AnyArray],
    sex: Codes | None,
    birth_date: Days | None,
    zscores: ZScores | None,
) -> list[str]:
    z = None
    if zscores is not None and sex is not None and birth_date is not None and len(rows["child"]):
        age = (rows["measured_on"] - birth_date[rows["child"]]).astype(np.float64)
        age[birth_date[rows["child"]] == NEVER] = np.nan
        z = dict(
            zscores(
                sex=sex[rows["child"]].astype(np.int8),
                age_days=age,
                weight_kg=rows["weight_kg"],
                height_cm=rows["height_cm"],
                height_position=rows["height_position"].astype(np.int8),
                muac_mm=rows["muac_mm"],
                oedema=rows["oedema"],
            )
        ) | {"age": age}
    found = cases_of(rows["muac_mm"], rows["oedema"], z)
    lines = missing_codes_kept(rows) + shares_beyond(
        {name: ((cases & judged).sum(), judged.sum()) for name, (cases, judged) in found.items()}
    )
    high = far_too_high(counted_by_z(z)) if z is not None else []
    if not high and birth_date is not None:
        high = _heavy_newborns(rows, birth_date)
    return lines + high


def missing_codes_kept(rows: Mapping[str, Floats]) -> list[str]:
    """A line for each measure that holds what files write for a missing value: an arm of 88.8 mm
    would be SAM."""
    lines = []
    for name in ("weight_kg", "height_cm", "muac_mm"):
        different, often = np.unique(rows[name][np.isfinite(rows[name])], return_counts=True)
        counts = {f"{value:g}": int(count) for value, count in zip(different, often, strict=True)}
        if codes := suspected_missing(counts):
            lines.append(
                f"LOOK: {name} is {' or '.join(codes)} in "
                f"{grouped(sum(counts[code] for code in codes))} rows, as files write what is "
                f"missing: say missing = [{', '.join(codes)}] in a map where it is so"
            )
    return lines


def cases_of(
    muac_mm: Floats, oedema: Floats, z: Mapping[str, Floats] | None
) -> dict[str, tuple[Flags, Flags]]:
    """For oedema, and for SAM by any criterion: masks of the cases and of the rows that can be
    judged.

    z: `whz` and `age` (days); left out, SAM is judged by arm and oedema alone.
    """
    age = z["age"] if z is not None else np.full(len(muac_mm), float(MUAC_FROM_DAYS))
    arm = np.isfinite(muac_mm) & (age >= MUAC_FROM_DAYS) & (age <= MUAC_TO_DAYS)
    sam, judged = (oedema >= 1) | (arm & (muac_mm < SAM_MUAC_MM)), np.isfinite(oedema) | arm
    if z is not None:
        sam, judged = sam | (np.round(z["whz"], 2) < SAM_WHZ), judged | np.isfinite(z["whz"])
    return {"oedema": (oedema >= 1, np.isfinite(oedema)), "sam": (sam, judged)}


def shares_beyond(counts: Mapping[str, tuple[float, float]]) -> list[str]:
    """Lines for a share of oedema or SAM beyond what any place has seen, from (cases, judged) of
    each."""
    lines = []
    for name, what, most, ask in (
        ("oedema", "bilateral oedema", MOST_OEDEMA, "are 1 and 2 its yes and no?"),
        (
            "sam",
            "SAM",
            MOST_SAM,
            "are units, dates and codes read right, or is it a register of treatment alone?",
        ),
    ):
        cases, judged = counts[name]
        if judged >= LEAST_ROWS and cases / judged > most:
            lines.append(
                _line(
                    what,
                    cases / judged,
                    int(judged),
                    f"no place has seen more than {most:.0%}; {ask}",
                )
            )
    return lines


def _heavy_newborns(rows: Mapping[str, AnyArray], birth_date: Days) -> list[str]:
    """The same without z-scores: a column of newborns who weigh what children of a year and more
    do."""
    weighed = np.isfinite(rows["weight_kg"]) & (birth_date[rows["child"]] != NEVER)
    age = (rows["measured_on"] - birth_date[rows["child"]])[weighed]
    if (
        len(age) < LEAST_ROWS
        or np.median(age) > YOUNG_DAYS
        or np.median(rows["weight_kg"][weighed]) < HEAVY_KG
    ):
        return []
    return [
        f"LOOK: children of {np.median(age):.0f} days at the middle weigh "
        f"{np.median(rows['weight_kg'][weighed]):.1f} kg: months read as days? Or wrong "
        "birth dates?"
    ]


def _line(what: str, share: float, rows: int, ask: str) -> str:
    return f"LOOK: {what} in {share:.0%} of {grouped(rows)} rows: {ask}"


def counted_by_z(z: Mapping[str, Floats]) -> Ints:
    """How many rows have each WAZ and each HAZ, int64 (2, bins): by hundredths, of the rows that
    have both. Such counts of parts add up, and their median is the rows' own."""
    both = np.isfinite(z["waz"]) & np.isfinite(z["haz"])
    bins = [
        np.rint((np.clip(z[name][both], -WIDEST_Z, WIDEST_Z) + WIDEST_Z) * 100).astype(np.int64)
        for name in ("waz", "haz")
    ]
    return np.stack([np.bincount(of, minlength=200 * WIDEST_Z + 1) for of in bins])


def far_too_high(counted: Ints) -> list[str]:
    """A line where a whole column of children (`counted_by_z`) is far too heavy and too tall:
    completed months read as days."""
    rows = int(counted[0].sum())
    if rows < LEAST_ROWS:
        return []
    waz, haz = (_median(of) for of in counted)
    if min(waz, haz) <= HIGH_Z:
        return []
    return [
        "LOOK: children are far too heavy and too tall for their ages (median WAZ "
        f"{waz:+.1f}, HAZ {haz:+.1f}, "
        f"{grouped(rows)} rows): months read as days? Or wrong birth dates?"
    ]


def _median(counted: Ints) -> float:
    """The median of values counted by hundredths."""
    upto, rows = np.cumsum(counted), int(counted.sum())
    middle = np.searchsorted(upto, [(rows + 1) // 2, rows // 2 + 1])
    return float(middle.mean() / 100 - WIDEST_Z)
