"""The cells of one column as a map declares them: missing values, codes, decimal commas, units and
dates translated, ages turned to birth dates, family ids hashed.

Each different text is translated once. What cannot be translated stays as it is and is refused
later, by its rule.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.ages import birth_window, is_missing_age
from registry.checks.cells import (
    CODE_AS_DATE,
    MISSING,
    SPOILED_CODE,
    encode,
    plain_digits,
    read_day,
    read_number,
)
from registry.checks.months import month_in
from registry.contract.errors import BadInput
from registry.mapping.ambiguous import half_swapped_words, suspected_in_unit
from registry.mapping.cell_units import without_unit
from registry.mapping.date_formats import SWAPPED, DayOrder, iso_date
from registry.mapping.map_file import ColumnMap, Map
from registry.sources.raw_sheet import RawSheet


def column_cells(
    column: ColumnMap, sheet: RawSheet, plan: Map, used: set[str], *, as_text: bool = False
) -> pa.Array:
    """The cells of one column of the contract; the headers that it comes from are added to `used`.

    as_text: as plain texts, whatever they were.
    """
    rows = sheet.data.num_rows
    if column.dates == ("made_up_epoch",):
        return _same(str(plan.made_up_epoch), rows)
    if column.value is not None:
        return _same(column.value, rows)
    if column.month_of:
        return _same(_month_of(column, sheet), rows)
    if column.age:
        ages = as_texts(source_cells(column, sheet, used, as_text=True))
        visits = column_cells(visit_day(column), sheet, plan, used, as_text=True)
        return birth_windows(ages, visits, column)
    translated = bool(_steps(column, plan))
    cells = source_cells(column, sheet, used, as_text=as_text or translated)
    undecided = None
    if sheet.settled is not None:
        undecided = sheet.settled.undecided.get(place_of(column, sheet), "")
    cells = translate_cells(cells, column, plan, undecided=undecided)
    return as_texts(cells) if as_text else cells


def visit_day(column: ColumnMap) -> ColumnMap:
    """Where the day of the visit comes from at which an age was said."""
    return ColumnMap("measured_on", (column.on,), dates=column.dates)


def source_cells(
    column: ColumnMap, sheet: RawSheet, used: set[str], *, as_text: bool = True
) -> pa.Array:
    """The cells that a column comes from, before anything is translated; as they came, unless a
    text is made of them."""
    if column.join is not None:
        return _joined(column, sheet, used)
    header = find_header(sheet, column.headers, column.name, used)
    return cells_of(sheet, header, as_text=as_text)


def place_of(column: ColumnMap, sheet: RawSheet) -> tuple[str, ...]:
    """What a column is settled under: its name, and the headers that it comes from."""
    each = [(header,) for header in column.headers]
    wanted = [column.headers] if column.join is None else each
    return column.name, *(find_header(sheet, one, column.name, set()) for one in wanted)


def cells_of(sheet: RawSheet, header: str, *, as_text: bool) -> pa.Array:
    """The cells under a header as they came; as_text: a text is made of them."""
    cells = _combined(sheet.data[header])
    if not as_text or sheet.settled is None or header not in sheet.settled.fractions:
        return cells
    # Of a piece all may be whole, which would then lose the `.0` that the whole column keeps.
    return pc.if_else(pc.is_nan(cells), None, cells).cast(pa.string())


def _same(text: str, rows: int) -> pa.Array:
    return pa.array([text]).take(pa.array(np.zeros(rows, np.int8)))


def find_header(sheet: RawSheet, wanted: tuple[str, ...], name: str, used: set[str]) -> str:
    """The sheet's own spelling of the first of these headers that it has; noted as used."""
    by_name: dict[str, str] = {spaced(one): one for one in reversed(sheet.data.column_names)}
    header = next((by_name[spaced(one)] for one in wanted if spaced(one) in by_name), None)
    if header is None:
        raise BadInput(
            "REG006",
            f"{sheet.place} has no column {' or '.join(wanted)} for {name}; its columns are "
            f"{', '.join(sheet.data.column_names)[:500]}",
        )
    if header in sheet.twice:
        raise BadInput(
            "REG006",
            f"{sheet.place} names the column {header} twice, and {name} comes from it: rename one",
        )
    used.add(header)
    return header


def spaced(header: str) -> str:
    """A header as headers are compared."""
    return " ".join(header.split()).lower()


def _month_of(column: ColumnMap, sheet: RawSheet) -> str:
    said = sheet.file if column.month_of == "file" else sheet.title or sheet.name
    month = month_in(said)
    if month is None:
        raise BadInput(
            "REG006",
            f"{column.name} is to come from the month in the {column.month_of}'s name, and {said} "
            "names none: call it such as 2026-03 or Mar-2026",
        )
    return str(month.replace(day=column.day))


def _joined(column: ColumnMap, sheet: RawSheet, used: set[str]) -> pa.Array:
    """Several columns as one text; empty where any is, so that no half of a code passes for a whole
    one."""
    headers = [find_header(sheet, (header,), column.name, used) for header in column.headers]
    parts = [code_part(sheet, header) for header in headers]
    whole = pc.binary_join_element_wise(*parts, column.join)
    for header, part in zip(headers, parts, strict=True):
        dates = sheet.settled is not None and header in sheet.settled.dates
        if sheet.settled is None:
            filled, dated = dated_cells(part)
            dates = filled == dated
        # What a spreadsheet spoiled stays by itself, to be refused: joined, it would pass for a
        # code.
        whole = pc.if_else(_spoiled(part, are_dates=dates), part, whole)
    return whole


def code_part(sheet: RawSheet, header: str) -> pa.Array:
    """One of the columns that are joined, without blanks around its cells."""
    part = pc.utf8_trim_whitespace(as_texts(cells_of(sheet, header, as_text=True)))
    return pc.if_else(pc.equal(part, ""), None, part)


def dated_cells(part: pa.Array) -> tuple[int, int]:
    """How many cells of a part of a code are filled, and how many are dates; a column of dates
    throughout is meant so."""
    dates = pc.sum(pc.match_substring_regex(part, CODE_AS_DATE)).as_py() or 0
    return len(part) - part.null_count, int(dates)


def _spoiled(part: pa.Array, *, are_dates: bool) -> pa.Array:
    """Where a part of a code is what a spreadsheet made of it."""
    cut, dates = (
        pc.fill_null(pc.match_substring_regex(part, form), False)
        for form in (SPOILED_CODE, CODE_AS_DATE)
    )
    return cut if are_dates else pc.or_(cut, dates)


def translate_cells(
    cells: pa.ChunkedArray | pa.Array, column: ColumnMap, plan: Map, *, undecided: str | None = None
) -> pa.Array:
    """A column with each different text translated as the map declares.

    undecided: of a piece, why the whole column can be read in two ways (or nothing). None: these
    cells are all, and looked at for it. Raises BadInput REG008 where it can.
    """
    cells = _combined(cells)
    steps = _steps(column, plan)
    if not steps:
        return cells
    different = encode(cells)
    texts = different.dictionary.to_pylist()
    if undecided is None:
        looked = TwoReadings(column)
        looked.look(different)
        undecided = looked.words()
    if undecided:
        raise BadInput("REG008", undecided)
    for step in steps:
        texts = [None if text is None else step(text) for text in texts]
    return pa.array(texts, pa.string()).take(different.indices)


class TwoReadings:
    """Would a declared form or unit read some cells of a column as something else than was
    written? Looked at piece by piece."""

    def __init__(self, column: ColumnMap):
        self._column = column
        can_be_swapped = column.dates and not {"iso", SWAPPED} & set(column.dates)
        self._days = DayOrder() if can_be_swapped else None
        self._counts: Counter[str] | None = None
        if column.factor != 1.0 and column.missing is None:
            self._counts = Counter()

    @property
    def are_asked(self) -> bool:
        """Is there anything to look for?"""
        return self._days is not None or self._counts is not None

    def look(self, different: pa.DictionaryArray) -> None:
        """Some cells more, as different texts and positions."""
        texts = different.dictionary.to_pylist()
        if self._days is not None:
            self._days.look(text for text in texts if text)
        if self._counts is not None:
            present = pc.drop_null(different.indices).to_numpy(zero_copy_only=False)
            counted = np.bincount(present, minlength=len(texts)).tolist()
            self._counts.update(
                {text: many for text, many in zip(texts, counted, strict=True) if text and many}
            )

    def words(self) -> str:
        """What a person has to say in the map; nothing where the column is decided."""
        name, factor = self._column.name, self._column.factor
        if self._days is not None and self._days.half_swapped:
            return half_swapped_words(name)
        codes = suspected_in_unit(self._counts, factor) if self._counts else []
        said = ", ".join(f'"{code}"' for code in codes)
        return (
            f"{name} holds {', '.join(codes)}, as files write what is missing, and in the "
            f"declared unit it would be read as a measure: say missing = [{said}], or missing = "
            "[] where these are measures"
        ) * bool(codes)


def _steps(column: ColumnMap, plan: Map) -> list[Callable[[str], str | None]]:
    steps: list[Callable[[str], str | None]] = []
    if column.missing:
        steps.append(_blank_where(column.missing))
    if column.codes:
        steps.append(lambda text: column.codes.get(_code_key(text), text))
    if column.decimal != ".":
        steps.append(lambda text: text.replace(column.decimal, "."))
    if column.unit:
        steps.append(lambda text: without_unit(text, column.unit))
    if column.factor != 1.0:
        steps.append(lambda text: _scaled(text, column.factor))
    if forms := [form for form in column.dates if form not in ("iso", "made_up_epoch")]:
        steps.append(
            lambda text: next(
                filter(
                    None,
                    (
                        iso_date(text, form, epoch=plan.made_up_epoch, day=column.day)
                        for form in forms
                    ),
                ),
                text,
            )
        )
    if column.hashed:
        from registry.privacy import environment_key, keyed_hash

        key = environment_key()
        steps.append(lambda text: keyed_hash(key, text) if text.strip() else text)
    return steps


def _blank_where(missing: tuple[str, ...]) -> Callable[[str], str | None]:
    words = {plain_digits(word).lower() for word in missing}
    numbers = {value for word in missing if isinstance(value := read_number(word), float)}

    def blank(text: str) -> str | None:
        value = read_number(text)
        return None if plain_digits(text).lower() in words or value in numbers else text

    return blank


def _code_key(text: str) -> str:
    """A cell as codes are looked up: `1.0` is 1, `१` is 1."""
    word = plain_digits(text).lower()
    return word[:-2] if word.endswith(".0") and word[:-2].isdecimal() else word


def _scaled(text: str, factor: float) -> str:
    number = read_number(text)
    return repr(round(number * factor, 9)) if isinstance(number, float) else text


def birth_windows(ages: pa.Array, visits: pa.Array, column: ColumnMap) -> pa.Array:
    """Birth dates as windows `earliest/latest` from completed ages at a visit; null where one is
    missing.

    14 completed months on 2026-03-20 are a birth from 2024-12-21 to 2025-01-20.
    `registry.mapping.applied.birth_windows` narrows a child's windows to one date.
    """
    said, seen = ages.dictionary_encode(), visits.dictionary_encode()
    places = [pc.fill_null(one.indices, -1).to_numpy(zero_copy_only=False) for one in (said, seen)]
    pairs, at = np.unique(np.stack(places), axis=1, return_inverse=True)
    texts = [
        _window(said.dictionary[age].as_py(), seen.dictionary[visit].as_py(), column)
        if min(age, visit) >= 0
        else None
        for age, visit in pairs.T.tolist()
    ]
    return pa.array(texts, pa.string()).take(pa.array(at.ravel()))


def _window(age: str, visit: str, column: ColumnMap) -> str | None:
    day = read_day(visit)
    if is_missing_age(age) or day is MISSING:
        return None
    window = (
        birth_window(age, column.age, dt.date.fromordinal(day + 719163))
        if isinstance(day, int)
        else None
    )
    return f"{window[0]}/{window[1]}" if window else f"{age} at {visit}"


def _combined(cells: pa.ChunkedArray | pa.Array) -> pa.Array:
    return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells


def as_texts(cells: pa.Array) -> pa.Array:
    """Any column as plain texts."""
    if pa.types.is_string(cells.type):
        return cells
    different = encode(cells)
    return different.dictionary.cast(pa.string()).take(different.indices)
