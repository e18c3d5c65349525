"""A survey's file, read as `sanket import` reads it, and through the same map where there is one:
the columns from which z-scores are computed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from features.survey.column_names import SurveyColumns, find
from registry.checks.cells import read_number
from registry.contract.errors import BadInput
from registry.mapping.ambiguous import half_swapped_words, oedema_undecided
from registry.mapping.applied.mapped_rows import years_alone
from registry.mapping.applied.translate import as_texts, column_cells, translate_cells
from registry.mapping.cell_formats import cell_counts, cell_format, day_month_order
from registry.mapping.date_formats import SWAPPED
from registry.mapping.headers import age_in
from registry.mapping.map_file import ColumnMap, Map, read_map
from registry.mapping.sheet_proposal import is_in_two_parts
from registry.sources.raw_sheet import RawSheet, ShortRows
from registry.sources.sheets import is_text, sheets_of

MAPPED = {
    "children": ("sex", "birth_date"),
    "measurements": (
        "measured_on",
        "weight_kg",
        "height_cm",
        "height_position",
        "muac_mm",
        "oedema",
    ),
}
"""The columns of a map from which z-scores are answered."""


@dataclass(frozen=True)
class Survey:
    """A file's rows: `table` as it is written out again, `read` with the columns to answer from by
    `columns`.

    `decimal_comma`: numbers may be written so. `is_typed`: cells of a workbook, numbers among them.
    """

    table: pa.Table
    read: pa.Table
    columns: SurveyColumns
    decimal_comma: bool = False
    is_typed: bool = False


def read_survey(path: Path, map: Path | None = None) -> Survey:
    """Read the file and find its columns, by the map where there is one, else by their headers."""
    sheet, others = _sheet(path, read_map(map) if map else None)
    table = pa.table({name: _plain(sheet.data[name]) for name in sheet.data.column_names})
    decimal_comma = is_text(path) and not sheet.comma
    if map:
        read, columns = _mapped(replace(sheet, data=table), read_map(map))
    else:
        read, columns = _by_headers(table, sheet)
    warnings = (*columns.warnings, *sheet.notes, *others)
    return Survey(
        table, read, replace(columns, warnings=warnings), decimal_comma, not is_text(path)
    )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts as texts: cells that a file reader kept as positions are spelled out."""
    kind = column.type
    spelled = pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type)
    return column.cast(kind.value_type) if spelled else column


def _sheet(path: Path, plan: Map | None) -> tuple[RawSheet, list[str]]:
    """The file's table (of a workbook the sheet that the map names, or the first shown), and what
    was not read."""
    if not path.is_file():
        raise BadInput("GRO110", f"{path.name}: no such file")
    try:
        sheets = [
            sheet
            for sheet in sheets_of(path, short_rows=ShortRows.FILL, any_ending=True)
            if sheet.data.num_columns
        ]
    except BadInput as error:
        raise _told(path, error) from error
    shown = [sheet for sheet in sheets if not sheet.hidden] or sheets
    named = {name.lower() for table in plan.tables for name in table.sheets} if plan else set()
    sheet = next((one for one in sheets if one.name in named), shown[0])
    if sheet.refused:
        some = ", ".join(str(number + 1) for number, _ in sheet.refused[:5])
        raise BadInput(
            "GRO115",
            f"{path.name}: {len(sheet.refused)} rows have more cells than the header, first rows "
            f"{some}",
        )
    return sheet, [f"sheet {one.name} was not read" for one in sheets if one is not sheet]


def _told(path: Path, error: BadInput) -> BadInput:
    """The reader's refusal under the codes of `zscores`."""
    with path.open("rb") as file:
        start = file.read(8)
    code = (
        "GRO111"
        if error.code == "REG004"
        else "GRO112"
        if start.startswith(b"PAR1")
        else "GRO113"
        if start.startswith((b"PK", b"\xd0\xcf"))
        else "GRO114"
    )
    return BadInput(code, f"{error.message} (CSV, XLSX or Parquet is needed)")


def _mapped(sheet: RawSheet, plan: Map) -> tuple[pa.Table, SurveyColumns]:
    """The columns that the map names, translated; `birth_date` may be a window, from an age or a
    month."""
    used: set[str] = set()
    found: dict[str, pa.Array] = {}
    header: dict[str, str] = {}
    for table in plan.tables:
        if table.wide or table.values or table.parent:
            raise BadInput(
                "GRO107",
                f"[tables.{table.name}] reshapes its rows, and z-scores are answered row for row: "
                "import it, or give a map with columns alone",
            )
        for column in table.columns:
            if column.name in MAPPED.get(table.name, ()):
                found.setdefault(column.name, _cells(column, sheet, plan, used))
                header.setdefault(column.name, " + ".join(column.headers) or str(column.value))
    if "sex" not in found or not {"weight_kg", "height_cm", "muac_mm"} & set(found):
        raise BadInput(
            "GRO102", "the map names no sex (of children) or no measure (of measurements)"
        )
    declared = {column.name for table in plan.tables for column in table.columns if column.codes}
    if "sex" not in declared:
        _refuse_sex(found["sex"])
    if "oedema" not in declared:
        _refuse_oedema(found.get("oedema"))
    if "birth_date" in found:
        found |= _split_windows(found["birth_date"])
    names = tuple(header.get(name, name) for name in found)
    return pa.table(found), SurveyColumns({name: at for at, name in enumerate(found)}, names)


def _cells(column: ColumnMap, sheet: RawSheet, plan: Map, used: set[str]) -> pa.Array:
    """A column's texts; a birth date of which the month alone is written is a window of that
    month's days."""
    cells = as_texts(_combined(column_cells(column, sheet, plan, used)))
    if column.name != "birth_date" or not column.day:
        return cells
    first, late = (
        as_texts(_combined(column_cells(replace(column, day=day), sheet, plan, used)))
        for day in (1, 28)
    )
    window = pc.binary_join_element_wise(first, late, "/")
    cells = pc.if_else(pc.fill_null(pc.equal(first, late), True), cells, window)
    year = pc.utf8_slice_codeunits(first, 0, 4)
    whole_year = pc.binary_join_element_wise(year, "-01-01/", year, "-12-31", "")
    return pc.if_else(years_alone(column, sheet), whole_year, cells)


def _split_windows(births: pa.Array) -> dict[str, pa.Array]:
    """Birth dates with the first and the last day that each may be: `2024-03-01/2024-03-31` is one
    of March."""
    different = births.dictionary_encode()
    ends = [
        (None, None, None) if text is None else _ends(text)
        for text in different.dictionary.to_pylist()
    ]
    middle, first, last = (
        pa.array([end[at] for end in ends], pa.string()).take(different.indices) for at in range(3)
    )
    return {"birth_date": middle, "born_from": first, "born_until": last}


def _ends(window: str) -> tuple[str, str, str]:
    first, _, last = window.partition("/")
    if not last:
        return first, first, first
    low, high = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    if (low.day, high.day) == (1, 28):
        high = (high + dt.timedelta(4)).replace(day=1) - dt.timedelta(1)
    return str(low + (high - low) / 2), str(low), str(high)


def _combined(cells: pa.ChunkedArray | pa.Array) -> pa.Array:
    return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells


def _by_headers(table: pa.Table, sheet: RawSheet) -> tuple[pa.Table, SurveyColumns]:
    """The table with its dates turned to ISO where all of them say how they are written."""
    columns = find(table.column_names, sheet.twice)
    _refuse_two_parts(table, columns)
    warnings = list(columns.warnings)
    days = [name for name in ("birth_date", "measured_on") if name in columns]
    counts = {name: cell_counts(table.column(columns.position[name])) for name in days}
    shown = set().union(*(day_month_order(cells) for cells in counts.values())) if days else set()
    order = next(iter(shown)) if len(shown) == 1 else ""
    for name in days:
        form = cell_format("children", "birth_date", counts[name], order=order)
        dates = form.date_formats if form else ()
        if form is None or not dates:
            continue
        if SWAPPED in dates:
            raise BadInput("GRO106", f"{half_swapped_words(name)} (--map MAP.toml)")
        if dates == ("ask",) or "day" in form.settings:
            warnings.append(
                f"LOOK: {name} cannot be read for sure ({form.remark}): say how in a map (--map)"
            )
            continue
        said = ColumnMap(name, dates=dates)
        at = columns.position[name]
        cells = translate_cells(table.column(at), said, Map(()))
        table = table.set_column(at, table.column_names[at], pa.chunked_array([as_texts(cells)]))
        warnings.append(f"{name} is read as {' or '.join(said.dates)}: {form.remark}")
    if "sex" in columns:
        _refuse_sex(_combined(table.column(columns.position["sex"])))
    if "oedema" in columns:
        _refuse_oedema(_combined(table.column(columns.position["oedema"])))
    return table, replace(columns, warnings=tuple(warnings))


def _refuse_two_parts(table: pa.Table, columns: SurveyColumns) -> None:
    """Years in one column and the months beside them in another: 3 would be the age of a child of 2
    years and 3 months."""
    years = [name for name in table.column_names if age_in(name) == "years"]
    if not years or "age_months" not in columns:
        return
    parts = (table.column(years[0]), table.column(columns.position["age_months"]))
    if is_in_two_parts(*(cell_counts(part) for part in parts)):
        raise BadInput(
            "GRO103",
            f"the age stands in two columns, {years[0]} and "
            f"{table.column_names[columns.position['age_months']]}: make one of them, age_months, "
            'or join them in a map (--map): join = "y ", age = "months"',
        )


def _refuse_sex(cells: pa.Array) -> None:
    """0 and 1 are no code of WHO's: 1 may be boys or girls."""
    if any(read_number(text) == 0 for text in cell_counts(pa.chunked_array([cells]))):
        raise BadInput(
            "GRO106",
            "sex holds 0, and whether 0 or 1 is girls is not said: say it in a map "
            '(--map MAP.toml), codes = { 0 = "M", 1 = "F" } or { 0 = "F", 1 = "M" }',
        )


def _refuse_oedema(cells: pa.Array | None) -> None:
    """1 and 2 alone may be grades or WHO's yes and no: 873 of 873 children of a survey would be
    SAM."""
    if cells is None:
        return
    counts = cell_counts(pa.chunked_array([cells]))
    filled = sum(counts.values()) / max(len(cells), 1)
    said = (
        oedema_undecided(counts, filled=filled)
        if all(isinstance(read_number(text), float) for text in counts)
        else ""
    )
    if said:
        raise BadInput("GRO106", f"{said} (--map MAP.toml)")
