"""A second system's view of simulated children: other ids, fewer children, errors of copying, and
the truth of who is whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from registry.contract.arrays import AnyArray, Flags, Ints

MISSING, WRONG_BIRTH, TWINS = 0.15, 0.05, 0.02
"""Shares: children of each register whom the other lacks, dates of birth that were written wrong,
children who are given a twin."""
MONTH_ONLY, MOVED, ROWS_LOST, COPIED_WRONG, OTHER_DAY = 0.04, 0.03, 0.30, 0.06, 0.15
NO_FAMILY, WRONG_FAMILY, NO_BIRTH_WEIGHT, WRONG_SEX = 0.20, 0.01, 0.30, 0.005

Tables = dict[str, pa.Table]


class TwoRegisters(NamedTuple):
    """Both registers' tables (centres, children, measurements), of each true pair both ids and what
    makes it hard (`registered_twice`, `twin`, `month_only`, `wrong_birth`, `moved`, `plain`), and
    for every id of either register whose row it is: who stands twice in one has two rows there."""

    one: Tables
    other: Tables
    truth: dict[str, list[str]]
    person: dict[str, str]


def two_registers(
    tables: Mapping[str, pa.Table],
    rng: np.random.Generator,
    *,
    twice: Mapping[str, str] | None = None,
    own_readings: bool = False,
) -> TwoRegisters:
    """Two registers of the children of a simulation. `twice` are second ids of children who stand
    twice in it, with their first. With `own_readings` the second system weighs the children itself,
    on other days, and copies nothing."""
    twice = twice or {}
    children, measurements = _with_twins(tables, rng)
    count = children.num_rows
    in_one, in_other = rng.random(count) >= MISSING, rng.random(count) >= MISSING
    ids = np.array(children["child_id"].to_pylist(), object)
    new_ids = np.array([f"P{number:09d}" for number in rng.permutation(count) + 1], object)
    written, kind = _rewritten(children, tables["centres"], rng)
    written = written.set_column(0, "child_id", pa.array(new_ids))
    wrong = (1.0, 1.0) if own_readings else (COPIED_WRONG, OTHER_DAY)
    copied = _copied(measurements, (ids, new_ids), wrong, rng)
    both = in_one & in_other
    of_two = np.isin(ids.astype(str), [*twice, *twice.values()])
    kind[of_two & (kind != "twin")] = "registered_twice"
    first = [twice.get(child, child) for child in ids.tolist()]
    person = dict(zip([*ids.tolist(), *new_ids.tolist()], [*first, *first], strict=True))
    truth = {
        "child_id": ids[both].tolist(),
        "other_child_id": new_ids[both].tolist(),
        "kind": kind[both].tolist(),
    }
    one = _only(tables["centres"], children, measurements, in_one)
    return TwoRegisters(one, _only(tables["centres"], written, copied, in_other), truth, person)


def _only(
    centres: pa.Table, children: pa.Table, measurements: pa.Table, kept: Flags
) -> dict[str, pa.Table]:
    chosen = children.filter(pa.array(kept))
    there = np.isin(
        np.array(measurements["child_id"].to_pylist(), str),
        np.array(chosen["child_id"].to_pylist(), str),
    )
    return {
        "centres": centres,
        "children": chosen,
        "measurements": measurements.filter(pa.array(there)),
    }


def _with_twins(
    tables: Mapping[str, pa.Table], rng: np.random.Generator
) -> tuple[pa.Table, pa.Table]:
    """Children and measurements with twins: same family, centre and date of birth, weighed on the
    same days, a body of their own; half of them of the same sex."""
    children, rows = tables["children"], tables["measurements"]
    ids = children["child_id"].to_pylist()
    # Ids that the simulation's dirt repeats stay out: their truth would be two.
    children = children.filter(pa.array(_once(ids)))
    ids = children["child_id"].to_pylist()
    chosen = np.flatnonzero(rng.random(len(ids)) < TWINS / 2)
    twins = children.take(pa.array(chosen))
    names = {ids[at]: f"{ids[at]}T" for at in chosen}
    sex = np.array(twins["sex"].to_pylist(), object)
    swapped = np.where(sex == "F", "M", "F")
    sex = np.where(rng.random(len(sex)) < 0.5, sex, swapped)
    weight = _numbers(twins, "birth_weight_kg") * np.exp(rng.normal(0, 0.10, len(sex)))
    twins = _set(twins, "child_id", list(names.values()))
    twins = _set(twins, "sex", sex.tolist())
    twins = _set(twins, "birth_weight_kg", _empty(np.round(weight / 0.05) * 0.05))
    theirs = rows.filter(pa.array([one in names for one in rows["child_id"].to_pylist()]))
    owner = theirs["child_id"].to_pylist()
    size = {one: float(np.exp(rng.normal(0, 0.07))) for one in names}
    factor = np.array([size[one] for one in owner])
    theirs = _set(theirs, "child_id", [names[one] for one in owner])
    noisy = _numbers(theirs, "weight_kg") * factor + rng.normal(0, 0.1, len(owner))
    theirs = _set(theirs, "weight_kg", _empty(np.round(noisy, 1)))
    tall = _numbers(theirs, "height_cm") * factor**0.4 + rng.normal(0, 0.4, len(owner))
    theirs = _set(theirs, "height_cm", _empty(np.round(tall, 1)))
    return pa.concat_tables([children, twins]), pa.concat_tables([rows, theirs])


def _once(ids: list[str]) -> Flags:
    _, at, many = np.unique(np.array(ids, str), return_inverse=True, return_counts=True)
    alone: Flags = many[at] == 1
    return alone


def _rewritten(
    children: pa.Table, centres: pa.Table, rng: np.random.Generator
) -> tuple[pa.Table, AnyArray]:
    """The children as the second system has them, and what makes each hard to link."""
    count = children.num_rows
    kind = np.full(count, "plain", object)
    birth = np.array(children["birth_date"].to_pylist(), "datetime64[D]")
    draw = rng.random(count)
    wrong, month = draw < WRONG_BIRTH, (draw >= WRONG_BIRTH) & (draw < WRONG_BIRTH + MONTH_ONLY)
    moved = rng.random(count) < MOVED
    ids = np.array(children["child_id"].to_pylist(), str)
    twin = np.isin(ids, np.char.add(ids, "T")) | np.isin(np.char.add(ids, "T"), ids)
    for name, rows in (("moved", moved), ("month_only", month), ("wrong_birth", wrong)):
        kind[rows] = name
    kind[twin] = "twin"
    birth = np.where(month, birth.astype("datetime64[M]").astype("datetime64[D]"), birth)
    birth[wrong] = _mistyped(birth[wrong], rng)
    table = _set(children, "birth_date", birth.astype(object).tolist())
    sex = np.array(children["sex"].to_pylist(), object)
    flipped = rng.random(count) < WRONG_SEX
    table = _set(table, "sex", np.where(flipped, np.where(sex == "F", "M", "F"), sex).tolist())
    return _family_and_place(table, centres, moved, rng), kind


def _family_and_place(
    table: pa.Table, centres: pa.Table, moved: Flags, rng: np.random.Generator
) -> pa.Table:
    count = table.num_rows
    family = np.array(table["family_id"].to_pylist(), object)
    family[rng.random(count) < NO_FAMILY] = None
    other = rng.random(count) < WRONG_FAMILY
    family[other] = rng.permutation(family[other])
    weight = _numbers(table, "birth_weight_kg")
    weight[rng.random(count) < NO_BIRTH_WEIGHT] = np.nan
    centre = np.array(table["centre_id"].to_pylist(), object)
    names = np.array(centres["centre_id"].to_pylist(), object)
    centre[moved] = rng.choice(names, int(moved.sum()))
    table = _set(table, "family_id", family.tolist())
    table = _set(table, "birth_weight_kg", _empty(weight))
    return _set(table, "centre_id", centre.tolist())


def _mistyped(birth: AnyArray, rng: np.random.Generator) -> AnyArray:
    """A third each: day and month swapped (where that is a date), 1 January, some days off."""
    months = birth.astype("datetime64[M]")
    day = (birth - months.astype("datetime64[D]")).astype(int)
    month = months.astype(int) % 12
    years = birth.astype("datetime64[Y]")
    swapped = (years.astype("datetime64[M]") + day).astype("datetime64[D]") + month
    swapped = np.where(day < 12, swapped, birth + 1)
    off = birth + rng.choice([-30, -10, -2, -1, 1, 2, 10, 30], len(birth))
    how = rng.integers(0, 3, len(birth))
    return np.select([how == 0, how == 1], [swapped, years.astype("datetime64[D]")], off)


def _copied(
    measurements: pa.Table,
    names: tuple[AnyArray, AnyArray],
    wrong: tuple[float, float],
    rng: np.random.Generator,
) -> pa.Table:
    """Measurements as the second system has them: a part lost, and these shares read again, and
    taken some days later."""
    (ids, new_ids), (read_again, other_day) = names, wrong
    at: dict[str, str] = dict(zip(ids.tolist(), new_ids.tolist(), strict=True))
    owner = measurements["child_id"].to_pylist()
    known = np.array([one in at for one in owner], np.bool_)
    table = measurements.filter(pa.array(known & (rng.random(len(owner)) >= ROWS_LOST)))
    count = table.num_rows
    days = np.array(table["measured_on"].to_pylist(), "datetime64[D]")
    later: Ints = np.where(rng.random(count) < other_day, rng.integers(1, 6, count), 0)
    weight = _numbers(table, "weight_kg")
    again = rng.random(count) < read_again
    weight = np.where(again, np.round(weight * np.exp(rng.normal(0, 0.03, count)), 1), weight)
    table = _set(table, "child_id", [at[one] for one in table["child_id"].to_pylist()])
    table = _set(table, "measured_on", (days + later).astype(object).tolist())
    table = _set(table, "weight_kg", _empty(weight))
    return _set(table, "recorded_on", [None] * count)


def _numbers(table: pa.Table, name: str) -> AnyArray:
    return np.array(table[name].to_pandas(), np.float64)


def _empty(values: AnyArray) -> list[float | None]:
    return [None if value != value else float(value) for value in values]


def _set(table: pa.Table, name: str, values: Sequence[object]) -> pa.Table:
    at = table.column_names.index(name)
    return table.set_column(at, name, pa.array(values, table.schema.field(name).type))
