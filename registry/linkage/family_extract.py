"""An extract of families (Parivar Pehchan Patra: family, dates of birth), held against a register:
which of its children stand there.

Family codes are keyed as they are read and never kept; a child of the extract is its row number.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np

from registry.checks.cells import read_day
from registry.contract.arrays import Codes, Days, Floats, Ints, Texts
from registry.contract.codes import Sex
from registry.contract.days import LAST_DAY_UNDER_FIVE
from registry.contract.errors import BadInput
from registry.contract.registry import NEVER, Registry
from registry.linkage.candidate_pairs import joined
from registry.linkage.comparisons import birth_date_levels
from registry.linkage.one_to_one import one_to_one
from registry.privacy import keyed_hash
from registry.sources.family_codes import read_family_id

NEEDED, MAYBE = ("family_id", "birth_date"), ("sex", "sector_id", "centre_id")
ANOTHER_DATE = 4
"""Levels up to this (swapped, month only, 1 January) are one date written otherwise."""


class Registration(IntEnum):
    """Where a child of the extract stands with the register."""

    REGISTERED = 0
    LOOK = 1
    LEFT = 2
    SIBLINGS_ONLY = 3
    NOBODY = 4


WORDS = {
    Registration.REGISTERED: "registered",
    Registration.LOOK: "of the family, with another date of birth or sex: a person must look",
    Registration.LEFT: "registered once, and has left",
    Registration.SIBLINGS_ONLY: "not registered, a child of the family is",
    Registration.NOBODY: "not registered, nor is any child of the family",
}


@dataclass(frozen=True)
class FamilyExtract:
    """Its rows that can be used, each a child under five: line of the file, keyed hash of the
    family's code (and of the code without zeros in front, as a register may have got it), date of
    birth, sex (-1 unknown), sector or centre as texts (empty where not said); and how many rows
    were refused or left out, by why."""

    line: Ints
    family: Texts
    without_zeros: Texts
    birth_date: Days
    sex: Codes
    sector: Texts
    centre: Texts
    refused: dict[str, int]


def read_extract(path: Path, key: bytes, *, today: int) -> FamilyExtract:
    """The rows of a table with `family_id`, `birth_date` and, where there, `sex`, `sector_id`,
    `centre_id`; other columns are not read further. BadInput LNK014 without such a table."""
    from registry.sources.sheets import sheets_of

    sheets = [one for one in sheets_of(path) if set(NEEDED) <= set(one.data.column_names)]
    if len(sheets) != 1:
        raise BadInput("LNK014", f"{path.name} is no one table with {' and '.join(NEEDED)}")
    data = sheets[0].data
    columns = [
        data[name].to_pylist() if name in data.column_names else [None] * data.num_rows
        for name in (*NEEDED, *MAYBE)
    ]
    refused: Counter[str] = Counter()
    rows = []
    for line, cells in enumerate(zip(*columns, strict=True), start=2):
        family, born, sex, sector, centre = ("" if one is None else str(one) for one in cells)
        code, why = read_family_id(family)
        day = read_day(born)
        if why or not isinstance(day, int) or not 0 <= today - day <= LAST_DAY_UNDER_FIVE:
            refused[why or ("no_birth_date" if not isinstance(day, int) else "not_under_five")] += 1
            continue
        hashes = (keyed_hash(key, code), keyed_hash(key, code.lstrip("0")))
        rows.append((line, *hashes, day, _sex(sex), sector.strip(), centre.strip()))
    kinds = (np.int64, object, object, np.int32, np.int8, object, object)
    columns_of = list(zip(*rows, strict=True)) if rows else [()] * len(kinds)
    arrays = [np.array(cells, kind) for cells, kind in zip(columns_of, kinds, strict=True)]
    lines, codes, bare, days, sexes, sectors, centres = arrays
    return FamilyExtract(lines, codes, bare, days, sexes, sectors, centres, dict(refused))


def _sex(text: str) -> int:
    initial = text.strip().upper()[:1]
    return Sex.texts().index(initial) if initial in Sex.texts() else -1


@dataclass(frozen=True)
class Matched:
    """Of each row of the extract: its standing, and the position in the register's `child_ids` of
    the child it is or may be, or of a sibling (-1: nobody)."""

    standing: Codes
    child: Ints


def matched(extract: FamilyExtract, registry: Registry, families: Texts) -> Matched:
    """Each child of the extract with at most one of the register, within its family: the same date
    of birth before one that is written otherwise, one sex before two."""
    children = registry.children.take(registry.children["known_until"] == NEVER)
    place = {text: at for at, text in enumerate(families)}
    codes = zip(extract.family, extract.without_zeros, strict=True)
    family = np.array([place.get(one, place.get(bare, -1)) for one, bare in codes], np.int64)
    left, right, _ = joined(family, children["family"].astype(np.int64), most=None)
    gain = _gain(extract, left, children["birth_date"][right], children["sex"][right])
    level = birth_date_levels(extract.birth_date[left], children["birth_date"][right])
    taken, _ = one_to_one(left[gain > 0], right[gain > 0], gain[gain > 0])
    standing = np.full(len(extract.line), int(Registration.NOBODY), np.int8)
    child = np.full(len(extract.line), -1, np.int64)
    standing[left], child[left] = int(Registration.SIBLINGS_ONLY), children["child"][right]
    pairs = np.flatnonzero(gain > 0)[taken]
    rows, there = left[pairs], right[pairs]
    sexes = extract.sex[rows], children["sex"][there]
    sure = (level[pairs] <= 1) & ((sexes[0] == sexes[1]) | (sexes[0] < 0) | (sexes[1] < 0))
    gone = children["left_on"][there] != NEVER
    standing[rows] = np.where(
        sure,
        np.where(gone, int(Registration.LEFT), int(Registration.REGISTERED)),
        int(Registration.LOOK),
    )
    child[rows] = children["child"][there]
    return Matched(standing, child)


def _gain(extract: FamilyExtract, left: Ints, born: Days, sex: Codes) -> Floats:
    """What a pair of one family is worth: 0 for another child. Born within a week: written
    otherwise, since siblings are not."""
    level = birth_date_levels(extract.birth_date[left], born)
    mine = extract.sex[left]
    other_sex = (mine >= 0) & (sex >= 0) & (mine != sex)
    week = np.abs(extract.birth_date[left].astype(np.int64) - born) <= 7
    worth = np.select([level <= 1, level <= ANOTHER_DATE, week], [8.0, 4.0, 4.0], 0.0)
    return np.where(worth > 0, worth - 3.0 * other_sex, 0.0)
