"""Another register's records of some children as a source for this store: every row with the
register's name, under the code that the child has there.

What another register says of a child's family is left out (families are one register's codes), and
its centres are: the child that goes on has a centre here, and the centre there stands in
`other_children` as text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from registry.checks.raw import Raw
from registry.contract.arrays import AnyArray, Days, Flags, Ints, Texts
from registry.contract.days import NEVER
from registry.contract.registry import OF_CENTRES, OWN_DAY, Registry
from registry.contract.tables import SPECS, ColumnSpec
from registry.sources.sheets import Source

LEFT_OUT = frozenset({"child_id", "family_id", "centre_id", "episode_id", "source", "recorded_on"})
"""Columns that are made anew, or not brought."""


def id_here(register: str, code: str) -> str:
    """The id in this store of a child of another register: `health:4711`."""
    return f"{register}:{code}"


def brought(registry: Registry, register: str, centre_here: Mapping[str, str]) -> Source:
    """The present records of these children of a registry (`centre_here`: by the child's code
    there, a centre of this store), as a source to import."""
    chosen = np.array([str(code) in centre_here for code in registry.child_ids] + [False])
    raws = {
        name: Raw(_table(registry, name, register, centre_here, chosen))
        for name in ("children", *OWN_DAY)
        if name not in OF_CENTRES
    }
    checksum = hashlib.sha256()
    for name, raw in raws.items():
        checksum.update(name.encode())
        checksum.update(pa.table(raw.data).combine_chunks().to_pandas().to_csv().encode())
    return Source(f"link: {register}", checksum.hexdigest(), raws)


def _table(
    registry: Registry,
    name: str,
    register: str,
    centre_here: Mapping[str, str],
    chosen: Flags,
) -> pa.Table:
    table = registry.table(name)
    table = table.take(np.flatnonzero(chosen[table["child"]] & (table["known_until"] == NEVER)))
    codes = [str(registry.child_ids[child]) for child in table["child"]]
    columns: dict[str, pa.Array] = {
        column.name: _cells(column, table[column.name])
        for column in SPECS[name].columns
        if column.name not in LEFT_OUT
    }
    columns["child_id"] = _texts([id_here(register, code) for code in codes])
    if name == "children":
        columns["centre_id"] = _texts([centre_here[code] for code in codes])
    if name == "episodes":
        ids: Texts = registry.episode_ids[table["episode"]]
        columns["episode_id"] = _texts([id_here(register, str(one)) for one in ids])
    if name == "measurements":
        columns["source"] = _texts(_sources(register, table["child"], table["measured_on"]))
    return pa.table(columns)


def _sources(register: str, child: Days, day: Days) -> list[str]:
    """The register's name; of several readings of a child and day, numbered from the second."""
    same = np.append(False, (np.diff(child) == 0) & (np.diff(day) == 0))[: len(child)]
    begins: Ints = np.flatnonzero(~same)
    nth = np.arange(len(child)) - np.repeat(begins, np.diff(np.append(begins, len(child))))
    return [f"{register} {at + 1}" if at else register for at in nth.tolist()]


def _cells(column: ColumnSpec, values: AnyArray) -> pa.Array:
    return _WRITTEN[column.kind](column, values)


def _coded(column: ColumnSpec, values: AnyArray) -> pa.Array:
    words = pa.array(column.codes, pa.string())
    return words.take(pa.array(values.astype(np.int64), mask=values < 0))


def _days(_: ColumnSpec, values: AnyArray) -> pa.Array:
    return pa.array(values, pa.int32(), mask=values == NEVER).cast(pa.date32())


def _months(column: ColumnSpec, values: AnyArray) -> pa.Array:
    return pa.array(
        [None if day is None else f"{day:%Y-%m}" for day in _days(column, values).to_pylist()]
    )


def _truths(_: ColumnSpec, values: AnyArray) -> pa.Array:
    return pa.array(values == 1, mask=np.isnan(values))


def _numbers(_: ColumnSpec, values: AnyArray) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def _texts(values: list[str]) -> pa.Array:
    return pa.array(values, pa.string())


_WRITTEN: dict[str, Callable[[ColumnSpec, AnyArray], pa.Array]] = {
    "code": _coded,
    "day": _days,
    "month": _months,
    "truth": _truths,
    "number": _numbers,
}
