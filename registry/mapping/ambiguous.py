"""Columns that can be read in two ways, refused as a whole (REG008) until a map says which is
meant: oedema as yes and no or as grades, dates of which Excel swapped some days and months, numbers
such as 9999 that stand for a missing value.

WHO's tools write oedema as 1 yes, 2 no, or y and n; the contract's are grades. Read as grades, a
survey without any oedema becomes one of severe malnutrition in every child.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from registry.checks.cells import BAD, encode, read_number
from registry.checks.missing_codes import suspected_missing
from registry.checks.oedema_words import NO_WORDS, YES_WORDS, grade_in
from registry.checks.raw import Raw
from registry.contract.errors import BadInput
from registry.contract.tables import SPECS
from registry.mapping.date_formats import SWAPPED, DayOrder

LARGEST_MEASURE = 220
"""No weight in kg, height in cm or arm in mm of a child lies above."""
AT_ONCE = 1_000_000
"""Rows looked at together."""
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
        column.name
        for column in SPECS[name].columns
        if column.name in raw.data.column_names
        and column.name not in raw.declared
        and (column.name == "oedema" or column.kind == "day")
        # What has a type of days was never a text.
        and not pa.types.is_temporal(raw.data.schema.field(column.name).type)
    ]
    for column, (texts, days, empty) in _looked_at(raw, columns).items():
        if column == "oedema":
            if said := oedema_undecided(texts, filled=1 - empty / max(raw.rows, 1)):
                yield said
            continue
        if days.half_swapped:
            yield f"{name}: {half_swapped_words(column)}"
        if days.year_day_month:
            yield (
                f"{name}: {column} holds dates such as 2026-14-03, the day before the "
                'month: say in a map date = "%Y-%d-%m", or "iso" where those few are wrong'
            )


def _looked_at(
    raw: Raw, columns: Sequence[str]
) -> dict[str, tuple[dict[str, None], DayOrder, int]]:
    """Of each of these columns the different texts (of oedema), the order of its days (of the
    others: a state's times of day are too many to keep), and how many of its cells are empty."""
    texts: dict[str, dict[str, None]] = {name: {} for name in columns}
    days = {name: DayOrder() for name in columns}
    empty = dict.fromkeys(columns, 0)
    for data in raw.chunks(AT_ONCE, columns) if columns else ():
        for name in columns:
            different = encode(data[name].combine_chunks())
            filled = map(str, filter(None, different.dictionary.to_pylist()))
            if name == "oedema":
                texts[name] |= dict.fromkeys(filled)
            else:
                days[name].look(filled)
            empty[name] += different.null_count
    return {name: (texts[name], days[name], empty[name]) for name in columns}


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
        codes = ", ".join(f'"{word}" = "{1 if word in YES_WORDS else 0}"' for word in sorted(words))
        return (
            "oedema is written as yes or no, and the contract's is a grade from 0 to 3: "
            "say in a map oedema = { "
            f'from = "…", codes = {{ {codes} }} }}'
        )
    if any(grade_in(word) is not None for word in words) or (words and not numbers):
        return (
            "oedema is written in words or marks, and the contract's is a grade from 0 to 3: say "
            'in a map oedema = { from = "…", codes = { "+" = "1", … } }'
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


def suspected_in_unit(counts: Mapping[str, int], factor: float) -> list[str]:
    """The suspects among a column's different texts (with how often each stands there) that its
    declared unit would turn into measures (9999 g is 9.999 kg)."""
    return [
        text
        for text in suspected_missing(counts)
        if isinstance(value := read_number(text), float) and value * factor < LARGEST_MEASURE
    ]
