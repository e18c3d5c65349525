"""Dirt that no life explains: typing errors, repeats, impossible dates, lost links, one child in
two systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

TEN_TIMES, GRAMS, NO_WEIGHT = 0.0012, 0.0002, 0.0002
"""Shares of weights typed as 78 for 7.8, in grams, or as 0."""

REPEATED, CONFLICTING, WRONG_YEAR, BEFORE_BIRTH, UNKNOWN_CHILD = (
    0.0020,
    0.0004,
    0.0002,
    0.0002,
    0.0002,
)
TWO_SYSTEMS, LOST_CENTRE, GRAMS_AT_BIRTH, BORN_LATER = 0.010, 0.0010, 0.003, 0.0006


class Soiled(NamedTuple):
    """The tables as they would arrive, and the truth of who stands in them twice: `child_id` and
    `second_child_id`."""

    tables: dict[str, pa.Table]
    registered_twice: pa.Table


def _some(table: pa.Table, share: float, rng: np.random.Generator) -> np.ndarray:
    """Positions of a share of the rows (Poisson many, so that small registries have their share of
    dirt)."""
    count = min(rng.poisson(share * table.num_rows), table.num_rows)
    return np.sort(rng.choice(table.num_rows, count, replace=False))


def _changed(
    table: pa.Table, column: str, rows: np.ndarray, change: Callable[[pa.Array], pa.Array]
) -> pa.Table:
    """The table with some rows of one column changed."""
    mask = np.zeros(table.num_rows, bool)
    mask[rows] = True
    values = table[column].combine_chunks()
    new = pc.replace_with_mask(
        values, pa.array(mask), change(values.take(pa.array(rows))).cast(values.type)
    )
    return table.set_column(table.column_names.index(column), column, new)


def _shifted(days: int) -> Callable[[pa.Array], pa.Array]:
    return lambda values: pc.add(values.cast(pa.int32()), pa.scalar(days, pa.int32())).cast(
        pa.date32()
    )


def _mistype(measurements: pa.Table, rng: np.random.Generator) -> pa.Table:
    """78 for 7.8, grams, 0; the wrong year; heights in metres."""
    table = _changed(
        measurements,
        "weight_kg",
        _some(measurements, TEN_TIMES, rng),
        lambda v: pc.multiply(v, 10.0),
    )
    table = _changed(table, "weight_kg", _some(table, GRAMS, rng), lambda v: pc.multiply(v, 1000.0))
    table = _changed(
        table, "weight_kg", _some(table, NO_WEIGHT, rng), lambda v: pc.multiply(v, 0.0)
    )
    table = _changed(table, "height_cm", _some(table, GRAMS, rng), lambda v: pc.divide(v, 100.0))
    table = _changed(table, "measured_on", _some(table, WRONG_YEAR, rng), _shifted(3653))
    return _changed(table, "measured_on", _some(table, BEFORE_BIRTH, rng), _shifted(-3653))


def _repeat(measurements: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Exact repeats, and rows of one key with two weights."""
    repeats = measurements.take(pa.array(_some(measurements, REPEATED, rng)))
    other = measurements.take(pa.array(_some(measurements, CONFLICTING, rng)))
    other = _changed(other, "weight_kg", np.arange(other.num_rows), lambda v: pc.add(v, 0.4))
    return pa.concat_tables([measurements, repeats, other])


def _orphan(measurements: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Rows of a child that is in no list."""
    rows = _some(measurements, UNKNOWN_CHILD, rng)
    unknown = pa.array([f"CH9{number:07d}" for number in range(len(rows))], pa.string())
    return _changed(measurements, "child_id", rows, lambda values: unknown)


def _second_registration(tables: dict[str, pa.Table], rng: np.random.Generator) -> Soiled:
    """One child in two systems: a second id, often another birth date and no Family ID, some rows
    copied."""
    children, measurements = tables["children"], tables["measurements"]
    rows = _some(children, TWO_SYSTEMS, rng)
    twins = children.take(pa.array(rows))
    second = pa.array(
        [f"BS{number:07d}" for number in rng.choice(9_000_000, len(rows), replace=False)],
        pa.string(),
    )
    first = twins["child_id"].combine_chunks()
    twins = twins.set_column(0, "child_id", second)
    moved = np.flatnonzero(rng.random(len(rows)) < 0.6)
    off = pa.array(rng.integers(-40, 41, len(moved)).astype(np.int32))
    twins = _changed(
        twins, "birth_date", moved, lambda v: pc.add(v.cast(pa.int32()), off).cast(pa.date32())
    )
    twins = _changed(
        twins, "registered_on", np.arange(len(rows)), lambda v: pa.nulls(len(v), v.type)
    )
    unlinked = np.flatnonzero(rng.random(len(rows)) < 0.4)
    twins = _changed(twins, "family_id", unlinked, lambda v: pa.nulls(len(v), v.type))
    place = pc.index_in(measurements["child_id"], first)
    copied = pc.and_(pc.is_valid(place), pa.array(rng.random(measurements.num_rows) < 0.5))
    copies = measurements.filter(copied)
    copies = copies.set_column(0, "child_id", second.take(place.filter(copied).combine_chunks()))
    other = pa.array(["bal_samvardhan"] * copies.num_rows, pa.string())
    copies = copies.set_column(copies.column_names.index("source"), "source", other)
    soiled = tables | {
        "children": pa.concat_tables([children, twins]),
        "measurements": pa.concat_tables([measurements, copies]),
    }
    return Soiled(soiled, pa.table({"child_id": first, "second_child_id": second}))


def _mislead(children: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Birth weights in grams, children of an unknown centre, births after the last day."""
    table = _changed(
        children,
        "birth_weight_kg",
        _some(children, GRAMS_AT_BIRTH, rng),
        lambda v: pc.multiply(v, 1000.0),
    )
    table = _changed(
        table,
        "centre_id",
        _some(table, LOST_CENTRE, rng),
        lambda v: pa.array(["AWC99999"] * len(v), pa.string()),
    )
    return _changed(table, "birth_date", _some(table, BORN_LATER, rng), _shifted(3653 * 2))


def soil(tables: dict[str, pa.Table], rng: np.random.Generator) -> Soiled:
    """The tables as they would arrive, sorted by nothing in particular within a child."""
    tables, twice = _second_registration(tables, rng)
    measurements = _orphan(_repeat(_mistype(tables["measurements"], rng), rng), rng)
    checks = tables["checks"]
    repeated = checks.take(pa.array(_some(checks, REPEATED, rng)))
    soiled = tables | {
        "measurements": measurements,
        "children": _mislead(tables["children"], rng),
        "checks": pa.concat_tables([checks, repeated]),
    }
    return Soiled(soiled, twice)
