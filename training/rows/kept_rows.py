"""Landmark rows, and their features, as files: what a part of a store has done is not done again,
and what a model learnt from can be opened.

A file is written beside its place and then put there, so that it is whole or not there. Only the
owner of the store can read it: rows are children's, though no id stands in them (`child` is the
store's own number).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.targets import CENSORED, DID_NOT_HAPPEN, HAPPENED, OUTCOME_WORDS, Target
from registry.contract.arrays import AnyArray, Floats
from registry.contract.registry import NEVER
from training.cohorts.landmarks import Cohort
from training.cohorts.lives import Outcomes

ATTRITION = b"attrition"
OWN = ("index", "child", "day", "landmark", "outcome", "time", "remaining")
"""Columns of a `Cohort`."""
OF_INDEX = tuple(name for name in Outcomes._fields if name not in ("child", "episode"))
"""Columns of its `Outcomes`; a stay's position is the part's own and not kept."""

WORDS = np.array([OUTCOME_WORDS[code] for code in (DID_NOT_HAPPEN, HAPPENED, CENSORED)], object)
"""By the code of an outcome (-1 is the last)."""


def write(file: Path, table: pa.Table) -> None:
    """Write a table, whole or not at all; others cannot read it."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_suffix(".writing")
    part.touch(mode=0o600)
    pq.write_table(table, part, use_dictionary=False, compression="zstd", compression_level=1)
    part.replace(file)


def keep_rows(
    file: Path, rows: Cohort, child: AnyArray, attrition: Mapping[str, int] | None = None
) -> None:
    """Keep rows with their outcomes, weights, and the store's number of each row's `child`."""
    told = {"attrition": dict(attrition or {}), "labels_until": rows.labels_until}
    columns = as_columns(rows) | {"child": child}
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    write(file, table.replace_schema_metadata({ATTRITION: json.dumps(told)}))


def kept_rows(file: Path, target: Target) -> tuple[Cohort, dict[str, int]]:
    """(rows, attrition) of a file; `child` is the store's number."""
    table = pq.read_table(file, memory_map=False)
    told = json.loads((table.schema.metadata or {})[ATTRITION])
    found = {name: table[name].to_numpy() for name in table.column_names}
    return of_columns(target, found, labels_until=told["labels_until"]), told["attrition"]


def as_columns(rows: Cohort) -> dict[str, AnyArray]:
    """Rows as columns alone, each with what is told of its index."""
    columns: dict[str, AnyArray] = {name: getattr(rows, name) for name in OWN}
    columns |= {f"index_{name}": getattr(rows.outcomes, name)[rows.index] for name in OF_INDEX}
    for name in ("weight", "visited"):
        if (values := getattr(rows, name)) is not None:
            columns[name] = values
    return columns


def of_columns(
    target: Target, found: Mapping[str, AnyArray], *, labels_until: int | None
) -> Cohort:
    """Rows out of `as_columns`; `index`: any number that tells one index from another, and is
    greater for a later child."""
    _, first, index = np.unique(found["index"], return_index=True, return_inverse=True)
    of_index = {name: found[f"index_{name}"][first] for name in OF_INDEX}
    none = np.full(len(first), -1, np.int32)
    columns: dict[str, Any] = {name: found[name] for name in OWN[1:]}
    return Cohort(
        target=target,
        outcomes=Outcomes(child=found["child"][first], episode=none, **of_index),
        index=index.astype(np.int64),
        weight=found.get("weight"),
        visited=found.get("visited"),
        labels_until=labels_until,
        **columns,
    )


def together(parts: list[Cohort]) -> Cohort:
    """The rows of several parts in the order of their children, as the whole registry has them;
    each child is in one part only."""
    begins = np.cumsum([0, *(len(part.outcomes.child) for part in parts)])
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in OWN[1:]
    }
    index = np.concatenate(
        [part.index + begin for part, begin in zip(parts, begins[:-1], strict=True)]
    )
    beside: dict[str, Any] = {
        name: None
        if getattr(parts[0], name) is None
        else np.concatenate([getattr(part, name) for part in parts])
        for name in ("weight", "visited")
    }
    found = Outcomes(
        *(np.concatenate(columns) for columns in zip(*(p.outcomes for p in parts), strict=True))
    )
    rows = Cohort(
        target=parts[0].target,
        outcomes=found,
        index=index,
        labels_until=parts[0].labels_until,
        **columns,
        **beside,
    )
    rows = rows.take(np.argsort(rows.child, kind="stable"))
    # Indexes are numbered as they come, so that nothing tells in which part they were found.
    was, first, index = np.unique(rows.index, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    outcomes = Outcomes(*(column[was[order]] for column in found))
    return replace(rows, outcomes=outcomes, index=number[index])


def landmark_columns(rows: Cohort) -> dict[str, AnyArray]:
    """What a table of rows says of each, beside its features (docs/data-scientist.md)."""
    found, of = rows.outcomes, rows.index
    return {
        "index_on": dates(found.index_on[of]),
        "landmark_day": rows.landmark.astype(np.int64),
        "predicted_on": dates(rows.day),
        "outcome": np.array([OUTCOME_WORDS[int(code)] for code in (0, 1, -1)], object)[
            rows.outcome
        ],
        "event_on": dates(found.event_on[of]),
        "days_followed": rows.time.astype(np.int64),
        "followed_until": dates(found.followed_until[of]),
        "known_on": dates(found.known_on[of]),
    }


def feature_table(
    rows: Cohort, child: AnyArray, names: tuple[str, ...], matrix: Floats, **beside: AnyArray
) -> pa.Table:
    """Rows that a model learnt from, with their features; `child`: the store's number of each
    row's."""
    head = {"child": child, **landmark_columns(rows)}
    if rows.weight is not None:
        head["weight"] = rows.weight
    return as_table(head | beside, names, matrix)


def dates(day: AnyArray) -> AnyArray:
    """Dates (datetime64[s]) of day numbers; NaT where NEVER."""
    found: AnyArray = np.where(
        day == NEVER, np.datetime64("NaT", "s"), day.astype("datetime64[D]").astype("datetime64[s]")
    )
    return found


def as_table(head: Mapping[str, AnyArray], names: tuple[str, ...], matrix: Floats) -> pa.Table:
    """A table of rows: some columns, and their features by name."""
    columns = {name: pa.array(values, from_pandas=True) for name, values in head.items()}
    features = dict(zip(names, matrix.T, strict=True))
    return pa.table(columns | {name: pa.array(column) for name, column in features.items()})
