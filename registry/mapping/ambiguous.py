"""Columns that can be read in two ways, refused as a whole (REG008) until a map says which is
meant: oedema as yes and no or as grades, dates of which Excel swapped some days and months, numbers
such as 9999 that stand for a missing value.

WHO's tools write oedema as 1 yes, 2 no, or y and n; the contract's are grades. Read as grades, a
survey without any oedema becomes one of severe malnutrition in every child.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.cells import BAD, encode, read_number
from registry.checks.table import Raw
from registry.contract.errors import BadInput
from registry.contract.tables import FALSE_WORDS, SPECS, TRUE_WORDS
from registry.mapping.date_formats import SWAPPED, half_swapped

YES_WORDS = TRUE_WORDS - {"1", "1.0", "t"} | {"present", "positive", "हाँ", "हां", "हो", "होय", "आहे"}
NO_WORDS = FALSE_WORDS - {"0", "0.0", "f"} | {"absent", "negative", "नहीं", "नाही", "नहि"}
FEW = 0.05
"""Where so few rows hold any oedema, a column of 2 alone is a register that notes the swollen
children only."""


def refuse_undecided(raws: Mapping[str, Raw]) -> None:
    """Raise BadInput with every column of these tables that can be read in two ways."""
    faults = [fault for name, raw in raws.items() for fault in _faults(name, raw)]
    if faults:
        raise BadInput("REG008", "; ".join(faults), faults=faults)


def _faults(name: str, raw: Raw) -> Iterable[str]:
    columns = [
        column
        for column in SPECS[name].columns
        if column.name in raw.data.column_names and column.name not in raw.declared
    ]
    for column in columns:
        if column.name == "oedema":
            different = encode(raw.data["oedema"].combine_chunks())
            texts = [str(text) for text in different.dictionary.to_pylist() if text is not None]
            filled = 1 - different.null_count / max(len(different), 1)
            if said := oedema_undecided(texts, filled=filled):
                yield said
        elif column.kind == "day":
            different = encode(raw.data[column.name].combine_chunks())
            texts = [str(text) for text in different.dictionary.to_pylist() if text]
            if half_swapped(texts):
                yield f"{name}: {half_swapped_words(column.name)}"


def oedema_undecided(texts: Iterable[str], *, filled: float = 1.0) -> str:
    """What is to be decided about a column of oedema with these different cells; nothing where they
    are grades.

    `["1", "2"]` is undecided; `["0", "1", "2"]` is not: WHO's coding has no 0.
    """
    said = [text.strip().lower() for text in texts]
    # 8 and 9 are codes of these tools for what nobody knows, and refused as no grade.
    numbers = {
        value for text in said if isinstance(value := read_number(text), float) and 0 <= value <= 3
    }
    words = {text for text in said if read_number(text) is BAD}
    if words and words <= YES_WORDS | NO_WORDS and not numbers:
        codes = ", ".join(
            f'{word} = "{1 if word in YES_WORDS else 0}"'
            for word in sorted(words)
            if word.isascii()
        )
        return (
            "oedema is written as yes or no, and the contract's is a grade from 0 to 3: "
            "say in a map oedema = { "
            f'from = "…", codes = {{ {codes or "… = “1”"} }} }}'
        )
    if numbers and numbers <= {1.0, 2.0} and 2.0 in numbers and (1.0 in numbers or filled > FEW):
        return (
            "oedema holds only 1 and 2. As WHO's tools write it, 1 is yes, 2 is no: codes "
            '= { 1 = "1", 2 = "0" }. '
            'As grades every such child is SAM: codes = { 1 = "1", 2 = "2" }. Say in a map '
            "which is meant"
        )
    return ""


def half_swapped_words(name: str) -> str:
    """What is wrong with a half-swapped column, and what to say in a map."""
    return (
        f"{name}: Excel seems to have taken the day for the month wherever it could: its "
        "typed dates lie on days 1 "
        "to 12 only, and those left as text on days above 12. Say in a map "
        f'date = ["{SWAPPED}", "%d/%m/%Y"] to turn them back, or list "iso" where the '
        "typed dates are right"
    )


CANDIDATES = frozenset(
    {
        *range(9994, 10000),
        *range(99994, 100000),
        *range(994, 1000),
        99.9,
        999.9,
        99.99,
        999.99,
        9999.9,
        99.0,
        98.0,
        88.8,
        8888.0,
        888.0,
        77.7,
        7777.0,
        777.0,
        -1.0,
        -9.0,
        -88.0,
        -98.0,
        -99.0,
        -999.0,
        -9999.0,
    }
)
"""DHS: 9994 to 9999 (recode manual: 9994 not present, 9995 refused, 9996 out of plausible limits,
9998 do not know, 9999 missing); MICS: 99.9, 99.6, 999.9; `verified: false` for the others."""
NEVER_A_MEASURE = frozenset(range(9994, 10000)) | frozenset(range(99994, 100000))
LARGEST_MEASURE = 220
"""No weight in kg, height in cm or arm in mm of a child lies above."""
OFTEN, TIMES, NEAR, ABOVE = 5, 5, 0.02, 1.5
"""Suspected where it stands so often, and so many times as often as any number within 2 %; or
alone, half as much again as the greatest of the others."""


def suspected_missing(counts: Mapping[str, int]) -> list[str]:
    """The cells that seem to mean `missing`, of a column's different texts with how often each
    stands there."""
    numbers = {text: value for text in counts if isinstance(value := read_number(text), float)}
    plain = np.array([value for value in numbers.values() if value not in CANDIDATES])
    if not len(plain):
        return []
    often: dict[float, int] = {}
    for text, value in numbers.items():
        often[value] = often.get(value, 0) + counts[text]
    found = [
        text
        for text, value in numbers.items()
        if value in CANDIDATES
        and (
            value < 0 <= plain.min()
            or value in NEVER_A_MEASURE
            or value > ABOVE * plain.max()
            or _stands_out(value, often)
        )
    ]
    return sorted(found)


def _stands_out(value: float, often: Mapping[float, int]) -> bool:
    near = [
        count
        for other, count in often.items()
        if other != value and abs(other - value) <= NEAR * abs(value)
    ]
    return often[value] >= OFTEN and often[value] >= TIMES * max(near, default=1)


def suspected_in_unit(different: pa.DictionaryArray, factor: float) -> list[str]:
    """The suspects of a column that its declared unit would turn into measures (9999 g is 9.999
    kg)."""
    texts = different.dictionary.to_pylist()
    present = pc.drop_null(different.indices).to_numpy(zero_copy_only=False)
    counted = np.bincount(present, minlength=len(texts))
    counts = {
        text: int(count) for text, count in zip(texts, counted, strict=True) if text and count
    }
    return [
        text
        for text in suspected_missing(counts)
        if isinstance(value := read_number(text), float) and value * factor < LARGEST_MEASURE
    ]
