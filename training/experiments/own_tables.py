"""Columns of one's own (rain, distance, income) from a table: read, checked, and put beside the
registry's tables, where the clock hands them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.trajectory.catalogue import NAMES
from registry.contract.arrays import Texts
from registry.contract.registry import NEVER, OwnTable, Registry, Table
from registry.privacy import keyed_hash
from training.experiments.faults import Faults

BY = ("child_id", "family_id", "centre_id", "sector_id", "project_id", "district_id")
ENDINGS = (".csv", ".parquet")


@dataclass(frozen=True)
class OwnAsked:
    """One `[[own]]` of an experiment file: the `file`, the column `by` which it joins (BY), the
    column `known_from` with the day from which a row is known, and the `columns` to take."""

    file: Path
    by: str
    known_from: str
    columns: tuple[str, ...]


class FamilyCodes(dict[str, int]):
    """Positions of families by the keyed hashes that a store has for their codes; asked for a code,
    it hashes it with the store's `key`."""

    def __init__(self, hashes: Iterable[object], key: bytes | None):
        super().__init__({str(text): at for at, text in enumerate(hashes)})
        self._key = key

    def __missing__(self, code: str) -> float:
        hashed = keyed_hash(self._key, code) if self._key else ""
        return float(self[hashed]) if hashed in self else float("nan")


def keys(registry: Registry, families: Mapping[str, int]) -> dict[str, Mapping[str, int]]:
    """By column of BY, the position of each id; `families`: of codes as a table writes them."""
    texts: dict[str, Texts] = {
        "child_id": registry.child_ids,
        "centre_id": registry.centre_ids,
        "sector_id": registry.sector_ids,
        "project_id": registry.project_ids,
        "district_id": registry.district_ids,
    }
    told: dict[str, Mapping[str, int]] = {
        name: {str(text): at for at, text in enumerate(of)} for name, of in texts.items()
    }
    return told | {"family_id": families}


def read(
    asked: OwnAsked, where: str, known: Mapping[str, Mapping[str, int]], faults: Faults
) -> OwnTable | None:
    """The table as the registry holds it; None where a fault was noted.

    Rows of ids that the registry does not know play no part; a table that knows none of its ids is
    a fault. A row's values hold until the next row of the same id; an empty cell is not known.
    """
    frame = _opened(asked, where, faults)
    if frame is None:
        return None
    before = len(faults.found)
    key = frame[asked.by].str.strip().map(known[asked.by])
    if len(frame) and key.isna().all():
        faults.add(where, f"no {asked.by} of {asked.file.name} is in the store", "check the codes")
    days = _days(frame[asked.known_from], asked, where, faults)
    values = {name: _numbers(frame[name], asked, where, faults) for name in asked.columns}
    table = pd.DataFrame({"key": key, "known_from": days} | values)[key.notna()]
    twice = table.duplicated(["key", "known_from"], keep=False)
    if twice.any():
        line = int(np.flatnonzero(twice)[0])
        faults.add(
            where,
            f"{int(twice.sum())} rows share {asked.by} and {asked.known_from} (the first: row "
            f"{int(table.index[line]) + 2})",
            "a correction has a later day of its own",
        )
    return None if len(faults.found) > before else _versions(table, asked)


def _opened(asked: OwnAsked, where: str, faults: Faults) -> pd.DataFrame | None:
    """The table with every cell as text, or a fault."""
    if asked.file.suffix.lower() not in ENDINGS:
        faults.add(
            f"{where}.file", f"{asked.file.name} is no table", f"give {' or '.join(ENDINGS)}"
        )
        return None
    try:
        frame = (
            pd.read_parquet(asked.file)
            if asked.file.suffix.lower() == ".parquet"
            else pd.read_csv(asked.file, dtype=str, keep_default_na=False)
        )
    except (OSError, ValueError) as error:
        reason = type(error).__name__
        faults.add(f"{where}.file", f"{asked.file} cannot be read ({reason})", "check its path")
        return None
    missing = [name for name in (asked.by, asked.known_from, *asked.columns) if name not in frame]
    for name in missing:
        faults.add(where, f"{asked.file.name} has no column {name}", "name one that it has")
    return None if missing else frame.astype(object).where(frame.notna(), "").astype(str)


def _days(column: pd.Series, asked: OwnAsked, where: str, faults: Faults) -> np.ndarray:
    """Day numbers; a cell that is no date is a fault."""
    days = pd.to_datetime(column.str.strip().str[:10], format="%Y-%m-%d", errors="coerce")
    wrong = np.flatnonzero(days.isna())
    if len(wrong):
        faults.add(
            f"{where}.known_from",
            f"{len(wrong)} cells of {asked.known_from} are no date (the first: row {wrong[0] + 2})",
            "write each as 2026-03-14: the day from which somebody could know the row",
        )
    found: np.ndarray = days.fillna(pd.Timestamp(0)).to_numpy().astype("datetime64[D]")
    return found.astype(np.int32)


def _numbers(column: pd.Series, asked: OwnAsked, where: str, faults: Faults) -> np.ndarray:
    """Numbers, NaN where empty; a cell that is neither is a fault."""
    texts = column.str.strip()
    numbers = pd.to_numeric(texts.where(texts != "", None), errors="coerce")
    found: np.ndarray = numbers.to_numpy(np.float64)
    wrong = np.flatnonzero((np.isnan(found) & (texts != "").to_numpy()) | np.isinf(found))
    if len(wrong):
        faults.add(
            f"{where}.columns",
            f"{len(wrong)} cells of {column.name} are no number (the first: row {wrong[0] + 2})",
            "write numbers, or leave the cell empty where it is not known",
        )
    return found


def _versions(table: pd.DataFrame, asked: OwnAsked) -> OwnTable:
    """Sorted by key and day; each row is known until the next of its key."""
    table = table.sort_values(["key", "known_from"])
    key, day = table["key"].to_numpy(np.int32), table["known_from"].to_numpy(np.int32)
    until = np.full(len(key), NEVER, np.int32)
    until[:-1] = np.where(key[1:] == key[:-1], day[1:], NEVER)
    columns = {name: table[name].to_numpy(np.float64) for name in asked.columns}
    versions = Table({"key": key, "known_from": day, "known_until": until, **columns})
    return OwnTable(asked.by.removesuffix("_id"), asked.columns, versions)


def taken(asked: list[OwnAsked], faults: Faults) -> None:
    """Note names of columns that the catalogue has, or that are asked for twice."""
    names = [name for one in asked for name in one.columns]
    for name in dict.fromkeys(names):
        if name in NAMES:
            faults.add("own.columns", f"{name} is a feature of Sanket's own", "rename it")
        elif names.count(name) > 1:
            faults.add("own.columns", f"{name} is asked for twice", "rename one")
