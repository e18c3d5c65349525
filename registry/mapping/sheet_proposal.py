"""The lines of a proposed map for one sheet, or for several of the same headers, written as TOML
with remarks for the person who corrects them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from registry.checks.ages import is_age_in_words
from registry.checks.cells import read_number
from registry.checks.months import BARE_MONTH, MONTH, composed, month_in, pattern_of
from registry.contract.tables import SPECS, bound
from registry.mapping.applied.reshape import as_text_table
from registry.mapping.cell_formats import (
    DAY_FIRST,
    MONTH_FIRST,
    CellFormat,
    MapSetting,
    cell_counts,
    cell_format,
    day_month_order,
)
from registry.mapping.header_words import NOT_NOW
from registry.mapping.headers import (
    MAKES,
    OWN,
    HeaderMeaning,
    age_in,
    header_meanings,
    is_age,
    unit_in,
    words_of,
)
from registry.sources.raw_sheet import RawSheet

PLACE_NAMES = {"file": "file", "sheet": "name"}
LINKS = ("child_id", "centre_id")
"""Columns that point to a table and do not make one."""


class SheetProposal:
    """What one sheet (or several alike) seems to hold."""

    def __init__(self, group: list[RawSheet], *, place: list[str]):
        self.group, self.place = group, place
        self.sheet = (
            group[0]
            if len(group) == 1
            else replace(
                group[0],
                data=pa.concat_tables(
                    [as_text_table(sheet.data) for sheet in group], promote_options="default"
                ),
            )
        )
        self.found = header_meanings(self.sheet.data.column_names, name=self.sheet.name)
        self.cells = {
            header: cell_counts(self.sheet.data[header])
            for header, answer in self.found.items()
            if answer
        }
        self.order = self._order()
        self.forms: dict[str, CellFormat] = {}
        self.unlike: dict[str, str] = {}
        for header, answer in self.found.items():
            if "table" in answer:
                self._look(header, answer)

    def _order(self) -> str:
        """What the sheet's dates show together: of one export, the day comes first in all, or the
        month."""
        shown: set[str] = set()
        for header, answer in self.found.items():
            if "table" in answer and SPECS[answer["table"]].column(answer["column"]).kind == "day":
                shown |= day_month_order(self.cells[header]) or _order_said(header)
        return next(iter(shown)) if len(shown) == 1 else ""

    def _look(self, header: str, answer: HeaderMeaning) -> None:
        """The form of a column's cells; a column whose cells cannot be what its header says is left
        out."""
        cells = self.cells[header]
        if "wide" in answer:
            alike = [
                name
                for name, other in self.found.items()
                if "wide" in other and other["column"] == answer["column"]
            ]
            cells = _added([self.cells[name] for name in alike])
        form = (
            cell_format(
                answer["table"],
                answer["column"],
                cells,
                order=self.order,
                unit=answer.get("unit", "") or ("said" if unit_in(header) else ""),
            )
            if cells
            else CellFormat()
        )
        if form is None and answer["sure"] < OWN:
            self.unlike[header] = answer["column"]
            self.found[header] = {}
        else:
            self.forms[header] = form or CellFormat()

    def says(self, table: str) -> int:
        """How much these sheets say of a table."""
        own = self.own(table)
        return len(own) + 100 * bool(own) * (self.sheet.name == table)

    def own(self, table: str) -> dict[str, str]:
        """Headers by the table's column; links to other tables alone make none."""
        own = {
            answer["column"]: header
            for header, answer in self.found.items()
            if answer.get("table") == table
        }
        return own if set(own) & MAKES[table] else {}

    def table_lines(self, table: str, *, chosen: bool) -> list[str]:
        """The map's lines for one table; a remark where another sheet says more of it."""
        own = self.own(table)
        if not own:
            return []
        if not chosen:
            said = ", ".join(f"{column} = {quoted(header)}" for column, header in own.items())
            place = (
                self.sheet.name
                if self.sheet.name != Path(self.sheet.file).stem.lower()
                else self.sheet.file
            )
            return [f"# {place or self.sheet.name} seems to hold {table} too: {said}", ""]
        names = {column.name for column in SPECS[table].columns}
        linked = {
            answer["column"]: header
            for header, answer in self.found.items()
            if answer.get("column") in LINKS and answer["column"] in names
        }
        by_month = {
            answer["column"]
            for answer in self.found.values()
            if answer.get("table") == table and "wide" in answer
        }
        columns = linked | {
            column: header for column, header in own.items() if column not in by_month
        }
        flat = table in ("centres", "children") and self.sheet.name != table
        lines = [f"[tables.{table}]", *self.place] + ["distinct = true"] * flat
        lines += [
            f"[tables.{table}.columns]",
            *(self._line(column, header) for column, header in columns.items()),
        ]
        wide = self._wide(table)
        own_day = SPECS[table].own_day
        given: set[str | None] = {*columns, own_day} if wide else set(columns)
        if own_day not in given and (line := self._by_month(table) or self._month_of(table)):
            given.add(own_day)
            lines.append(line)
        lines += [
            missing_line(table, column) for column in SPECS[table].required if column not in given
        ]
        if wide:
            by_day = all("{DD}" in line for line in wide)
            lines += [
                f"[tables.{table}.wide]",
                *(
                    [self._same_day()]
                    if by_day
                    else ["day = 15   # the day of the month that a month's cell is given"]
                ),
                f"[tables.{table}.wide.columns]",
                *wide,
            ]
        lines += [
            (
                f"# {answer['column']} stands once for each month; {quoted(header)} beside "
                "them is kept out"
            )
            for header, answer in self.found.items()
            if answer.get("table") == table
            and "wide" not in answer
            and answer["column"] in by_month
        ]
        return [*lines, ""]

    def _by_month(self, table: str) -> str:
        """A line that dates rows by a column of months, where a table of days has no other."""
        own = SPECS[table].own_day
        header = next(
            (header for header, answer in self.found.items() if answer.get("column") == "month"),
            None,
        )
        if header is None or own in (None, "month"):
            return ""
        form = cell_format(table, own, self.cells[header], order=self.order)
        return (
            f"{own} = {setting_table([header], form.settings)}   # {plain(form.remark)}"
            if form
            else ""
        )

    def _month_of(self, table: str) -> str:
        """A line that takes the month out of the files' or sheets' names, where all name one."""
        if not self.sheet.file or SPECS[table].own_day in (None, "month"):
            return ""
        for place in ("file", "sheet"):
            if all(month_in(getattr(sheet, PLACE_NAMES[place])) for sheet in self.group):
                return f'{SPECS[table].own_day} = {{ month_of = "{place}", day = 15 }}'
        return ""

    def _same_day(self) -> str:
        """A remark where all dates above the columns are of one day of the month."""
        days = {
            found[1]
            for header, answer in self.found.items()
            if "wide" in answer and (found := re.search(r"20\d\d-\d\d-(\d\d)", header))
        }
        year = next(iter(days))
        return (
            f"# all on day {year}: typed as Apr-{year}, Excel keeps 25 April of the year of typing "
            f"instead of April 20{year}: look at the source".replace("25 April", f"{year} April")
            if len(days) == 1
            else "# a date for each column"
        )

    def _without_year(self, unknown: list[str]) -> dict[str, str]:
        """Headers of a measure in a month without a year, with the pattern that a map may give."""
        found = {}
        for header in unknown:
            bare = BARE_MONTH.search(composed(header))
            if bare and not MONTH.search(composed(header)):
                rest = BARE_MONTH.sub(" ", composed(header), count=1).strip(" _-")
                column = header_meanings([rest]).get(rest, {}).get("column")
                if column in MAKES["measurements"] - {"measured_on"}:
                    pattern = BARE_MONTH.sub("{Month}", composed(header), count=1)
                    found[header] = f"{column} = {quoted(pattern)}"
        return found

    def _wide(self, table: str) -> list[str]:
        """A line for each column that stands once for each month, with all the patterns of its
        headers."""
        patterns: dict[str, dict[str, str]] = {}
        for header, answer in self.found.items():
            if answer.get("table") == table and "wide" in answer:
                patterns.setdefault(answer["column"], {}).setdefault(answer["wide"], header)
        return [self._wide_line(column, by_pattern) for column, by_pattern in patterns.items()]

    def _wide_line(self, column: str, by_pattern: dict[str, str]) -> str:
        """All patterns of one unit together; a list of tables where units differ."""
        units: dict[str, list[str]] = {}
        for pattern, header in by_pattern.items():
            units.setdefault(self.found[header].get("unit", ""), []).append(pattern)
        form = self.forms[next(iter(by_pattern.values()))]
        told = [
            setting_table(without_repeats(patterns), _with_unit(unit, form))
            for unit, patterns in units.items()
        ]
        remark = f"   # {plain(form.remark)}" if form.remark else ""
        return (
            f"{column} = "
            f"{told[0] if len(told) == 1 else '[' + ', '.join(map(as_table, told)) + ']'}{remark}"
        )

    def _line(self, column: str, header: str) -> str:
        answer, form = self.found[header], self.forms[header]
        settings = _with_unit(answer.get("unit", ""), form)
        remark = f"   # {plain(form.remark)}" if form.remark else ""
        return f"{column} = {setting_table([header], settings)}{remark}"

    def _age_lines(self) -> list[str]:
        """A remark on a column of ages, where dates say when children were seen and none when they
        were born."""
        seen = [
            header for header, answer in self.found.items() if answer.get("column") == "measured_on"
        ]
        if not seen or any(answer.get("column") == "birth_date" for answer in self.found.values()):
            return []
        when = self.forms[seen[0]].settings
        return [
            "# no birth date is recognised; it can be found from an age: birth_date = "
            + setting_table(headers, settings | {"on": seen[0], **when})
            for headers, settings in self._ages()
        ]

    def _ages(self) -> list[tuple[list[str], dict[str, MapSetting]]]:
        """Columns of ages, with what a map says of each; years and months of one age together."""
        names = self.sheet.data.column_names
        by_unit = {name: unit for name in names if (unit := age_in(name))}
        cells = {name: cell_counts(self.sheet.data[name]) for name in names if is_age(name)}
        ages: list[tuple[list[str], dict[str, MapSetting]]] = [
            ([name], {"age": "months"})
            for name, counts in cells.items()
            if name not in by_unit and counts and all(map(is_age_in_words, counts))
        ]
        years = [name for name, unit in by_unit.items() if unit == "years"]
        months = [name for name, unit in by_unit.items() if unit == "months"]
        if len(years) == len(months) == 1 and is_in_two_parts(
            *(cell_counts(self.sheet.data[name]) for name in (*years, *months))
        ):
            return [([*years, *months], as_settings(join="y ", age="months")), *ages]
        return [*(([name], as_settings(age=unit)) for name, unit in by_unit.items()), *ages]

    def left_lines(self) -> list[str]:
        """What was not taken: personal columns, columns whose cells are not what their header says,
        unknown ones."""
        personal = [header for header, answer in self.found.items() if answer.get("personal")]
        unknown = [
            header
            for header, answer in self.found.items()
            if not answer and header not in self.unlike
        ]
        unknown += [
            header
            for header, answer in self.found.items()
            if answer.get("column", "month") not in (*LINKS, "month")
            and not self.own(answer["table"])
        ]
        lines = [f"# kept out as personal: {', '.join(personal)}"] if personal else []
        lines += [
            f"# {header} is called like {column}, and its cells are not: kept out"
            for header, column in self.unlike.items()
        ]
        bare = [header for header in unknown if MONTH.fullmatch(composed(header))]
        if bare:
            patterns = one_or_list(without_repeats([pattern_of(header) for header in bare]))
            lines.append(
                f"# months that do not say what was measured: {', '.join(bare)}; where "
                "these are weights: "
                f"[tables.measurements.wide] day = 15, columns = {{ weight_kg = {patterns} }}"
            )
        if no_year := self._without_year(unknown):
            told = ", ".join(dict.fromkeys(no_year.values()))
            lines.append(
                f"# months without a year: {', '.join(no_year)}; say which is the first: "
                f'[tables.measurements.wide] day = 15, first_month = "2025-04", columns = '
                f"{{ {told} }}"
            )
            unknown = [header for header in unknown if header not in no_year]
        at_a_stay = [
            header for header in unknown if set(words_of(header)) & NOT_NOW and self.own("episodes")
        ]
        if at_a_stay:
            lines.append(
                f"# of admission or discharge: {', '.join(at_a_stay)}; measures among these are "
                "two measurements a row: [[tables.measurements]] twice (docs/examples/otp.toml)"
            )
            unknown = [header for header in unknown if header not in at_a_stay]
        lines += self._age_lines()
        unknown = [header for header in unknown if header not in bare]
        lines += [f"# not recognised, kept out: {', '.join(unknown)}"] if unknown else []
        return [*lines, ""] if lines else []


def as_settings(**settings: MapSetting) -> dict[str, MapSetting]:
    """These settings of a column."""
    return settings


def is_in_two_parts(years: Iterable[str], months: Iterable[str]) -> bool:
    """Are these the years of ages and the months beside them, none above 11?"""
    some, beside = ([read_number(cell) for cell in cells] for cells in (years, months))
    return any(isinstance(value, float) and value >= 1 for value in some) and all(
        isinstance(value, float) and 0 <= value < 12 for value in beside
    )


def _with_unit(unit: str, form: CellFormat) -> dict[str, MapSetting]:
    """The settings of a column, those of its header's unit first."""
    declared: dict[str, MapSetting] = {"unit": unit} if unit else {}
    return declared | form.settings


def _added(some: list[Mapping[str, int]]) -> dict[str, int]:
    whole: dict[str, int] = {}
    for counts in some:
        for text, count in counts.items():
            whole[text] = whole.get(text, 0) + count
    return whole


def _order_said(header: str) -> set[str]:
    """`DOB (dd/mm/yyyy)` says it."""
    said = re.search(r"(dd?)\W(mm?)\W|(mm?)\W(dd?)\W", header.lower())
    return {DAY_FIRST if said[1] else MONTH_FIRST} if said else set()


def one_or_list(texts: list[str]) -> str:
    """One text, or a list of several."""
    return quoted(texts[0]) if len(texts) == 1 else f"[{', '.join(map(quoted, texts))}]"


def without_repeats(patterns: list[str]) -> list[str]:
    """Patterns that differ only in how a month's name is written are one."""
    joined: dict[str, str] = {}
    for pattern in patterns:
        plain = pattern.replace("{Mon}", "{Month}")
        joined[plain] = pattern if joined.get(plain, pattern) == pattern else plain
    return list(joined.values())


def setting_table(headers: list[str], settings: Mapping[str, object]) -> str:
    """What stands after a column's name: its header, or a table with its settings."""
    source = one_or_list(headers)
    if not settings:
        return source
    return (
        "{ " + ", ".join([f"from = {source}", *(_setting(*one) for one in settings.items())]) + " }"
    )


def as_table(told: str) -> str:
    """The same as a table in any case."""
    return told if told.startswith("{") else f"{{ from = {told} }}"


def _setting(name: str, value: object) -> str:
    if isinstance(value, dict):
        return (
            f"{name} = {{ "
            + ", ".join(f"{quoted(key)} = {quoted(code)}" for key, code in value.items())
            + " }"
        )
    if isinstance(value, list):
        return f"{name} = [{', '.join(map(quoted, value))}]"
    return f"{name} = {value if isinstance(value, int) else quoted(str(value))}"


def missing_line(table: str, column: str) -> str:
    """A remark for a column that must be there and is not."""
    limit = bound(SPECS[table].column(column))
    return f'# {column} = ?   (required: a header, or {{ value = "…" }} for all rows; {limit})'


def quoted(text: str) -> str:
    """A TOML string: its escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def plain(text: str) -> str:
    """Text for a comment, on one line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
