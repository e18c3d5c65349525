"""Columns that can be read in two ways, refused as a whole (REG008) until a map says which is
meant.

WHO's tools write oedema as 1 yes, 2 no, or y and n; the contract's are grades. Read as grades, a
survey without any oedema becomes one of severe malnutrition in every child.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from registry.checks.cells import BAD, encode, read_number
from registry.checks.table import Raw
from registry.contract.errors import BadInput
from registry.contract.tables import FALSE_WORDS, SPECS, TRUE_WORDS
from registry.mapping.date_formats import half_swapped
from registry.mapping.translate import half_swapped_words

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
