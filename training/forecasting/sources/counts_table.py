"""A table of monthly counts (`area`, `month`, `count`; further columns are parents or covariates)
as a panel."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from registry.contract.errors import BadInput
from registry.sources.sheets import files_of, sheets_of
from training.forecasting.counts_panel import Panel, month_name

ASKED = ("area", "month", "count")
MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])(?:-\d\d)?")
MOST_COVARIATES = 8
LONGEST_YEARS = 50
SHOWN = 60


def read_table(path: Path) -> Panel:
    """The panel of a file: CSV, Parquet or a workbook's first sheet.

    A row that is not there and an empty count are months that nobody reported. Raises BadInput
    FCT001 (columns missing), FCT002 (a cell that is no month or no whole number from 0), FCT003 (an
    area's month twice), FCT004 (no count at all) and what `registry.sources.sheets` raises for a
    file that cannot be read.
    """
    table = pd.DataFrame(_texts(path))
    missing = [name for name in ASKED if name not in table]
    if missing:
        raise BadInput(
            "FCT001",
            f"{path.name} has no column {', '.join(missing)}: a table of monthly counts has "
            "area, month (2026-03) and count",
        )
    area, month, count = _areas(table, path), _months(table, path), _counts(table, path)
    known = np.isfinite(count)
    if not known.any():
        raise BadInput("FCT004", f"{path.name} holds no count: every month is missing")
    _refuse_twice(area, month, path)
    names, row = np.unique(area, return_inverse=True)
    first, last = int(month[known].min()), int(month[known].max())
    if last - first >= 12 * LONGEST_YEARS:
        raise BadInput(
            "FCT002",
            f"{path.name} runs from {month_name(first)} to {month_name(last)}: no more than "
            f"{LONGEST_YEARS} years are read; one of them is mistyped",
        )
    inside = (month >= first) & (month <= last)
    grid = _Grid(row[inside], month[inside] - first, (len(names), last - first + 1))
    parents, covariates, warnings = _further(table, row, names, grid, inside)
    return Panel(names, first, grid.of(count[inside]), parents, covariates, warnings)


class _Grid:
    """Puts cells of rows into areas by months."""

    def __init__(self, row: np.ndarray, column: np.ndarray, shape: tuple[int, int]):
        self.row, self.column, self.shape = row, column, shape

    def of(self, values: np.ndarray) -> np.ndarray:
        grid = np.full(self.shape, np.nan)
        grid[self.row, self.column] = values
        return grid


def _texts(path: Path) -> dict[str, np.ndarray]:
    if path.is_dir():
        raise BadInput(
            "FCT001", f"{path.name} is a folder: name the one table of monthly counts in it"
        )
    sheet = sheets_of(files_of(path)[0])[0]
    if sheet.refused:
        raise BadInput(
            "FCT001",
            f"{path.name}, row {sheet.refused[0][0]}: it has more or fewer cells than the first "
            "line names",
        )
    frame = sheet.data.to_pandas()
    return {str(name).strip().lower(): _text(frame[name]) for name in frame}


def _text(column: pd.Series) -> np.ndarray:
    """Cells as stripped text, empty where missing; a number without its point of nothing (7.0 is
    7)."""
    filled = column.astype(object).where(column.notna(), "")
    return np.array(
        [
            f"{cell:g}"
            if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e6
            else str(cell).strip()
            for cell in filled
        ],
        dtype=str,
    )


def _areas(table: pd.DataFrame, path: Path) -> np.ndarray:
    area = table["area"].to_numpy(str)
    empty = np.flatnonzero(area == "")
    if len(empty):
        raise BadInput("FCT002", f"{path.name}, row {empty[0] + 1}: area is empty")
    found: np.ndarray = area
    return found


def _months(table: pd.DataFrame, path: Path) -> np.ndarray:
    texts, place = np.unique(table["month"].to_numpy(str), return_inverse=True)
    numbers = np.zeros(len(texts), np.int64)
    for at, text in enumerate(texts):
        found = MONTH.match(text)
        if not found:
            row = int(np.flatnonzero(place == at)[0]) + 1
            raise BadInput(
                "FCT002", f"{path.name}, row {row}: month is {text[:SHOWN]!r}; write it as 2026-03"
            )
        numbers[at] = (int(found[1]) - 1970) * 12 + int(found[2]) - 1
    return numbers[place]


def _counts(table: pd.DataFrame, path: Path) -> np.ndarray:
    texts = table["count"].to_numpy(str)
    counts = pd.to_numeric(pd.Series(texts), errors="coerce").to_numpy(float)
    wrong = np.flatnonzero(
        (texts != "") & ~(np.isfinite(counts) & (counts >= 0) & (counts == np.rint(counts)))
    )
    if len(wrong):
        raise BadInput(
            "FCT002",
            f"{path.name}, row {wrong[0] + 1}: count is {texts[wrong[0]][:SHOWN]!r}; a count is a "
            f"whole number from 0, and empty where nobody reported ({len(wrong)} such rows)",
        )
    found: np.ndarray = counts
    return found


def _refuse_twice(area: np.ndarray, month: np.ndarray, path: Path) -> None:
    twice = np.flatnonzero(pd.DataFrame({"area": area, "month": month}).duplicated().to_numpy())
    if len(twice):
        at = twice[0]
        raise BadInput(
            "FCT003",
            f"{path.name}, row {at + 1}: area {area[at][:SHOWN]} has {month_name(int(month[at]))} "
            f"twice ({len(twice)} such rows); leave one count a month",
        )


def _further(
    table: pd.DataFrame, row: np.ndarray, names: np.ndarray, grid: _Grid, inside: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], tuple[str, ...]]:
    """Parents (one value an area, fewer values than areas), covariates (numbers by month), and what
    is left out."""
    parents: dict[str, np.ndarray] = {}
    covariates: dict[str, np.ndarray] = {}
    left_out: list[str] = []
    for name in (column for column in table if column not in ASKED):
        cells = table[name].to_numpy(str)
        told = cells != ""
        pairs = pd.DataFrame({"row": row[told], "cell": cells[told]}).drop_duplicates()
        numbers = pd.to_numeric(pd.Series(cells), errors="coerce").to_numpy(float)
        if len(pairs) == len(names) and pairs["row"].is_unique:
            parents[name] = pairs.sort_values("row")["cell"].to_numpy(str)
        elif told.any() and np.isfinite(numbers[told]).all() and len(covariates) < MOST_COVARIATES:
            covariates[name] = grid.of(numbers[inside])
        else:
            left_out.append(name)
    nested, loose = _nested(
        {
            name: parent
            for name, parent in parents.items()
            if 1 < len(np.unique(parent)) < len(names)
        }
    )
    warnings = [
        f"column {name} is left out: it is neither one parent an area nor a number by month"
        for name in left_out
    ]
    warnings += [
        f"column {name} is left out: its areas do not lie within those of the finer parents"
        for name in loose
    ]
    return nested, covariates, tuple(warnings)


def _nested(parents: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Parents from the finest up, each within the next; and those that cut across."""
    kept: dict[str, np.ndarray] = {}
    loose: list[str] = []
    for name in sorted(parents, key=lambda name: -len(np.unique(parents[name]))):
        finer = next(reversed(kept.values()), None)
        pairs = (
            None
            if finer is None
            else pd.DataFrame({"finer": finer, "own": parents[name]}).drop_duplicates()
        )
        if pairs is None or pairs["finer"].is_unique:
            kept[name] = parents[name]
        else:
            loose.append(name)
    return kept, loose
