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
from registry.contract.tables import SPECS
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


def unheard_of(
    tables: Mapping[str, Mapping[str, AnyArray]],
    *,
    sex: Codes | None = None,
    birth_date: Days | None = None,
    zscores: ZScores | None = None,
) -> list[str]:
    """The lines to say of an import's kept columns; `sex` and `birth_date` by child position, for
    z-scores."""
    lines = [line for name, columns in tables.items() for line in _codes(name, columns)]
    if "measurements" in tables:
        lines += _measures(tables["measurements"], sex, birth_date, zscores)
    return lines


def _codes(name: str, columns: Mapping[str, AnyArray]) -> list[str]:
    lines = []
    for column in SPECS[name].columns:
        values = columns.get(column.name)
        if values is None or column.kind not in ("code", "truth"):
            continue
        filled = values[values >= 0]
        if len(filled) < LEAST_ROWS:
            continue
        if column.name in SIGNS and (share := filled.mean()) > MOST_TRUE:
            lines.append(
                _line(
                    f"{name}.{column.name} is true",
                    share,
                    len(filled),
                    "is a code for no read as yes?",
                )
            )
        for at, code in enumerate(column.codes):
            share = float((filled == at).mean())
            if share > MOST_OF_CODE.get((name, column.name, code), 1.0):
                lines.append(
                    _line(
                        f"{name}.{column.name} is {code}",
                        share,
                        len(filled),
                        "are its codes read right?",
                    )
                )
    return lines


def _measures(
    rows: Mapping[str, AnyArray],
    sex: Codes | None,
    birth_date: Days | None,
    zscores: ZScores | None,
) -> list[str]:
    step = max(1, -(-len(rows["child"]) // AT_MOST))
    rows = {name: values[::step] for name, values in rows.items()}
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
