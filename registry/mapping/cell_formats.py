"""How an export writes its dates, decimals, codes, missing values and units, inferred from all
different cells of a column, for a person to correct."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.cells import BAD, encode, plain_digits, read_day, read_month, read_number
from registry.checks.missing_codes import suspected_missing
from registry.checks.oedema_words import NO_WORDS, NOTHING_WORDS, YES_WORDS, grade_in
from registry.contract.tables import MISSING_WORDS, SPECS
from registry.mapping.ambiguous import oedema_undecided
from registry.mapping.cell_units import named_unit, without_unit
from registry.mapping.code_words import UNKNOWN, plain_code, words_for
from registry.mapping.date_formats import (
    EXCEL_DAYS,
    SWAPPED,
    YEAR_ALONE,
    date_format_counts,
    half_swapped,
    is_year,
    possible_formats,
    whole_days,
    year_day_month,
)

_COMMA = re.compile(r"\d{1,3},\d{1,2}")
DAY_FIRST, MONTH_FIRST = "day", "month"
USUAL: dict[str, dict[tuple[float, float], str]] = {
    "weight_kg": {(3, 40): "kg", (1500, 40_000): "g", (41, 400): "100 g"},
    "birth_weight_kg": {(0.5, 6): "kg", (500, 6000): "g", (8, 60): "100 g"},
    "height_cm": {(35, 140): "cm", (0.35, 1.4): "m", (350, 1400): "mm"},
    "muac_mm": {(70, 250): "mm", (7, 25): "cm"},
}
"""Where the middle value of a column lies in each unit."""


MapSetting = str | int | list[str] | dict[str, str]
"""The value of one setting of a map's column."""


@dataclass
class CellFormat:
    """Settings of a map that a column seems to need, and what a person should know of them."""

    settings: dict[str, MapSetting] = field(default_factory=dict)
    remark: str = ""

    @property
    def date_formats(self) -> tuple[str, ...]:
        """The formats of its dates; none where they need none, `ask` where a person must say."""
        said = self.settings.get("date", ())
        return (said,) if isinstance(said, str) else tuple(said) if isinstance(said, list) else ()


def cell_counts(column: pa.ChunkedArray) -> dict[str, int]:
    """The different cells of a column with how often each stands there; what means an empty cell
    left out."""
    different = encode(column.combine_chunks())
    texts = different.dictionary.cast(pa.string()).to_pylist()
    at = pc.drop_null(different.indices).to_numpy(zero_copy_only=False)
    often = np.bincount(at, minlength=len(texts))
    return {
        text: int(count)
        for text, count in zip(texts, often, strict=True)
        if count and text and text.strip().lower() not in MISSING_WORDS
    }


def cell_format(
    table: str, column: str, counts: Mapping[str, int], *, order: str = "", unit: str = ""
) -> CellFormat | None:
    """The format of a column's different cells (with how often each occurs), none being empty.

    `order` is what another column of the sheet says of dates: the day or the month first. None:
    these cells cannot be this column at all. A unit that the header names is not questioned.
    """
    spec = SPECS[table].column(column)
    if column == "birth_date" and counts and all(map(is_year, counts)):
        return CellFormat(
            {"date": YEAR_ALONE, "day": 15}, "the year alone: taken as its middle, half a year off"
        )
    if spec.kind == "day":
        return _date(list(counts), order)
    if spec.kind == "month":
        return _month(list(counts), order)
    if spec.kind == "number":
        return _number(column, counts, unit)
    if spec.kind == "truth":
        return _truth(counts)
    return _codes(spec.codes, counts) if spec.kind == "code" else CellFormat()


def day_month_order(cells: Iterable[str]) -> set[str]:
    """Which comes first in these dates, where some of them show it: `14/03/2026` the day,
    `03/14/2026` the month."""
    shown = set()
    for cell in whole_days(cell for cell in cells if read_day(cell) is BAD):
        forms = possible_formats(cell)
        orders = {
            DAY_FIRST if form.startswith("%d") else MONTH_FIRST for form in forms if _partner(form)
        }
        shown |= orders if len(orders) == 1 else set()
    return shown


def _date(cells: list[str], order: str) -> CellFormat | None:
    strange = whole_days(cell for cell in cells if read_day(cell) is BAD)
    if not strange:
        return CellFormat()
    if half_swapped(cells):
        return CellFormat(
            {"date": [SWAPPED, "%d/%m/%Y"]},
            "Excel seems to have taken the day for the month in its typed "
            "dates (all on days 1 to 12), and left the others as text: look at the source",
        )
    if all(
        plain_digits(cell).isdigit() and int(plain_digits(cell)) in EXCEL_DAYS for cell in strange
    ):
        return CellFormat(
            {"date": "excel_1900"},
            "days since 1900, as Excel counts them; excel_1904 where the workbook was an old Mac's",
        )
    shown = day_month_order(strange)
    order = next(iter(shown)) if len(shown) == 1 else "" if shown else order
    forms, left = [], strange
    never = set() if year_day_month(cells) else {"%Y-%d-%m"}
    while left:
        counts = {
            form: count
            for form, count in date_format_counts(left).by_format.items()
            if form not in never
        }
        best = max(counts, key=lambda form: (counts[form], _of_order(form, order)), default=None)
        if best is None:
            break
        forms.append(best)
        left = [cell for cell in left if best not in possible_formats(plain_digits(cell))]
    if not forms:
        readable = len(cells) - len(strange)
        return (
            CellFormat({}, f"{len(strange)} of its different cells are no dates, and are refused")
            if readable >= len(strange)
            else None
        )
    counts = dict(date_format_counts(strange).by_format)
    said = ", ".join(
        f"{form} {counts[form]}"
        for form in sorted(counts, key=counts.__getitem__, reverse=True)[:4]
    )
    total = (
        f"all {len(strange)} dates"
        if max(counts.values()) == len(strange)
        else f"{len(strange)} dates"
    )
    both = any(_partner(form) in counts for form in forms)
    if both and not order:
        which = 'write "%d/%m/%Y" where the day comes first, "%m/%d/%Y" where the month does'
        return CellFormat(
            {"date": "ask"}, f"{total}: {said}: {which}" + (" (they show both)" if shown else "")
        )
    if any("%d" not in form for form in forms):
        return CellFormat(
            {"date": forms[0] if len(forms) == 1 else forms, "day": 15},
            (
                f"{total}: {said}; the day is not written: half a month off at most, and no "
                "more is known"
            ),
        )
    return CellFormat({"date": forms[0] if len(forms) == 1 else forms}, f"{total}: {said}")


def _month(cells: list[str], order: str) -> CellFormat | None:
    strange = [cell for cell in cells if read_month(cell) is BAD]
    form = _date(strange, order) if strange else CellFormat()
    return form and CellFormat(form.settings | ({"day": 1} if "day" in form.settings else {}), "")


def _of_order(form: str, order: str) -> int:
    return int(form.startswith("%d") == (order != MONTH_FIRST))


def _partner(form: str) -> str:
    """The same format with day and month exchanged, of those that are numbers alone."""
    return (
        form.replace("%d", "%q").replace("%m", "%d").replace("%q", "%m")
        if "%d" in form and "%m" in form and not form.startswith("%Y")
        else ""
    )


def _number(column: str, counts: Mapping[str, int], unit: str) -> CellFormat | None:
    decimal: dict[str, MapSetting] = (
        {"decimal": ","} if any(_COMMA.fullmatch(cell.strip()) for cell in counts) else {}
    )
    plain = {cell.replace(",", ".") if decimal else cell: count for cell, count in counts.items()}
    if column == "oedema":
        return _oedema(counts)
    said = named_unit(plain) if column in USUAL and not unit else ""
    if said:
        plain = {without_unit(cell, said): count for cell, count in plain.items()}
    if not any(isinstance(read_number(cell), float) for cell in plain):
        return None
    missing = suspected_missing(plain)
    if column in USUAL:
        missing = sorted({*missing, *_words_or_zero(plain)})
    settings = decimal | ({"missing": list(missing)} if missing else {})
    remark = "these seem to stand for a missing value" if missing else ""
    if said:
        named = f"its cells name {said}"
        return CellFormat({"unit": said} | settings, f"{named}; {remark}" if remark else named)
    if not unit and (guessed := _unit_of(column, [cell for cell in plain if cell not in missing])):
        settings = {"unit": guessed} | settings
        remark = f"its middle value is one in {guessed}" + (f"; {remark}" if remark else "")
    return CellFormat(settings, remark)


def _words_or_zero(counts: Mapping[str, int]) -> list[str]:
    """What is no number in a column of measures that are numbers nearly throughout (`Absent`), and
    0, which no child weighs."""
    numbers = sum(count for cell, count in counts.items() if read_number(cell) is not BAD)
    if 2 * numbers < sum(counts.values()):
        return []
    return [
        cell.strip()
        for cell in counts
        if read_number(cell) == 0
        or (read_number(cell) is BAD and not any(sign.isdecimal() for sign in cell))
    ]


def _unit_of(column: str, cells: Iterable[str]) -> str:
    """The unit in which the middle value would be a child's, where it is not the contract's."""
    values = [
        value for cell in cells if isinstance(value := read_number(cell), float) and value > 0
    ]
    if column not in USUAL or not values:
        return ""
    middle = float(np.median(values))
    fitting_units = [unit for (low, high), unit in USUAL[column].items() if low <= middle <= high]
    first = next(iter(USUAL[column].values()))
    return fitting_units[0] if fitting_units and first not in fitting_units else ""


def _oedema(counts: Mapping[str, int]) -> CellFormat | None:
    """Grades as they are; words and marks as codes, where each is known; 1 and 2 alone as WHO's yes
    and no, for a person to look at."""
    known = {cell.strip(): str(grade) for cell in counts if (grade := grade_in(cell)) is not None}
    if known:
        unknown = any(cell.strip() not in known and read_number(cell) is BAD for cell in counts)
        is_yes_or_no = {cell.strip().lower() for cell in known} & YES_WORDS
        if any(set(cell) == {"+"} for cell in known):
            known |= {"+" * grade: str(grade) for grade in (1, 2, 3)}
            says_none = any(grade_in(cell) == 0 or read_number(cell) == 0 for cell in counts)
            known |= dict.fromkeys(() if says_none else sorted(NOTHING_WORDS), "0")
        return CellFormat(
            {"codes": known},
            ("yes is taken as grade 1" if is_yes_or_no else "grades of oedema from words or marks")
            + ("; other words are left to be refused" if unknown else ""),
        )
    if oedema_undecided(counts) and any(isinstance(read_number(cell), float) for cell in counts):
        return CellFormat(
            {"codes": {"1": "1", "2": "0"}},
            "yes and no, as WHO's tools write 1 and 2: is it so? Grades of oedema would be 0 to 3",
        )
    if any(isinstance(read_number(cell), float) for cell in counts):
        return CellFormat()
    return None


def _truth(counts: Mapping[str, int]) -> CellFormat | None:
    said = {cell.strip().lower() for cell in counts}
    numbers = {read_number(cell) for cell in said}
    if numbers == {1.0, 2.0}:
        return CellFormat(
            {"codes": {"1": "true", "2": "false"}}, "1 = yes and 2 = no? Look at the form"
        )
    foreign = {
        cell.strip(): "true" if cell.strip().lower() in YES_WORDS else "false"
        for cell in counts
        if cell.strip().lower() in YES_WORDS | NO_WORDS and not cell.isascii()
    }
    return CellFormat({"codes": foreign} if foreign else {})


def _codes(codes: tuple[str, ...], counts: Mapping[str, int]) -> CellFormat | None:
    """None where no cell is a code, nor a word for one."""
    meant, own = words_for(codes, counts), {code.lower() for code in codes}
    said = {cell: plain_code(cell) for cell in counts}
    found = {
        cell.strip(): meant[word]
        for cell, word in said.items()
        if word in meant and plain_digits(cell).lower() not in own
    }
    if not found and not any(word in own for word in said.values()):
        return None
    known = {*meant, *own}
    missing = sorted(cell for cell, word in said.items() if word in UNKNOWN - known)
    settings: dict[str, MapSetting] = {"missing": missing} if missing else {}
    unknown = sum(word not in known | UNKNOWN for word in said.values())
    remarks = ["1 and 2 as WHO's tools and DHS write them: is it so?"] * bool(
        {"1", "2"} & {plain_digits(cell) for cell in found}
    ) + [f"{unknown} other words: rows with them are refused until their codes are said"] * bool(
        unknown
    )
    return CellFormat(settings | ({"codes": found} if found else {}), "; ".join(remarks))
