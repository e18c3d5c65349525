"""Every row against the contract: what cannot be right is refused with a code, the rest becomes
typed columns.

A rule looks at whole columns; nothing here runs once a row. Rows are judged by the first rule that
they break: what cannot be read, then bounds, then dates against each other, then ids that refer to
nothing, then keys.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.cells import EMPTY, Parsed, parse
from registry.checks.one_child import build_records
from registry.checks.rejected import RejectedRows
from registry.checks.verdicts import Quarantine, Verdicts
from registry.contract import tables
from registry.contract.arrays import AnyArray, Days, Flags, Ints, Texts
from registry.contract.days import LAST_DAY_UNDER_FIVE, NEVER, day_number
from registry.contract.keys import key_numbers, repeats, sort_order
from registry.contract.registry import OWN_DAY, Registry
from registry.contract.tables import SPECS, TEXTS, ColumnSpec, TableSpec
from registry.contract.versions import centre_names, dated, last_day, registry_of
from registry.today import today

__all__ = ["Checked", "Raw", "StoredIds", "build", "build_records", "check", "raw_table"]


@dataclass
class Checked:
    """The kept rows as typed columns by table, sorted by key; ids are positions in `texts` by kind.

    Column names are `registry.contract.registry`' where a column goes into the registry (`child`,
    `centre`, …), the contract's otherwise (`source`, `name`, `recorded_on`). Positions of children
    and centres count the known ones first.
    """

    tables: dict[str, dict[str, AnyArray]]
    texts: dict[str, Texts]
    quarantine: Quarantine


def registry_of_checked(checked: Checked) -> Registry:
    """The registry that a first import of these rows gives, without a store."""
    versions = {name: dated(name, columns) for name, columns in checked.tables.items()}
    assumed = [
        columns["recorded_on"] == NEVER
        for name, columns in checked.tables.items()
        if name in OWN_DAY
    ]
    shares = np.concatenate(assumed) if assumed else np.empty(0, np.bool_)
    facts = {
        "synthetic": False,
        "registry_id": "",
        "centre_names": centre_names(versions, checked.texts),
        "share_assumed_dates": float(shares.mean()) if len(shares) else 0.0,
    }
    return registry_of(versions, checked.texts, recorded_until=last_day(versions), facts=facts)


@dataclass(frozen=True)
class Raw:
    """One table as it came, under the contract's column names.

    `numbers` are the rows' numbers in the source (1 is the first below the header) where rows are
    not simply counted; `refused` are rows that never became cells (too many, too few); `extra` are
    columns that were kept out; `declared` are columns of which a map says what their codes mean;
    `windows` those that hold days `earliest/latest` as yet.
    """

    data: pa.Table
    numbers: Ints | None = None
    refused: RejectedRows | None = None
    extra: tuple[str, ...] = ()
    declared: frozenset[str] = frozenset()
    windows: frozenset[str] = frozenset()


@dataclass(frozen=True)
class StoredIds:
    """Children and centres that a store already has (ids as Arrow texts), and who asked to be
    forgotten."""

    child_ids: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    born_from: Days = field(default_factory=lambda: np.empty(0, np.int32))
    """The earliest day on which each of these children may have been born."""
    centre_ids: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    is_forgotten: Callable[[Texts], Flags] | None = None
    """Which of these ids are of children who were forgotten; None where nobody was."""


def check(raws: Mapping[str, Raw], *, imported_on: int, known: StoredIds | None = None) -> Checked:
    """Check tables in the contract's order. Absent tables are no fault here; absent columns count
    as empty."""
    run = _Run(imported_on, known or StoredIds())
    for name, spec in SPECS.items():
        if name in raws:
            run.table(spec, raws[name])
    return Checked(run.tables, run.texts, run.quarantine)


class _Run:
    """One check over all tables: carries the directories of children and centres from table to
    table."""

    def __init__(self, imported_on: int, known: StoredIds):
        self.imported_on, self.is_forgotten = imported_on, known.is_forgotten
        self.children, self.centres, self.born_from = (
            known.child_ids,
            known.centre_ids,
            known.born_from,
        )
        self.tables: dict[str, dict[str, AnyArray]] = {}
        self.texts = {"child": _objects(self.children), "centre": _objects(self.centres)}
        self.quarantine = Quarantine()

    def table(self, spec: TableSpec, raw: Raw) -> None:
        """Check one table and keep its good rows."""
        verdicts = Verdicts(spec.name, raw.data.num_rows)
        cells = {column.name: _parsed(raw.data, column) for column in spec.columns}
        # First of all: nothing of a forgotten child may be kept, not even in quarantine under
        # another code.
        self._forgotten(verdicts, cells.get("child_id"))
        for column in spec.columns:
            if (spec.name == "centres" and not column.required) or column.name == "family_id":
                # A line break in a centre's name must not refuse its 900 children, nor a family's
                # code a child.
                cells[column.name] = self._without_bad(spec, column, cells[column.name])
            _check_column(verdicts, column, cells[column.name], self.imported_on)
        columns = {TEXTS.get(name, name): parsed.values for name, parsed in cells.items()}
        self._check_rows(verdicts, spec, cells, columns)
        _check_keys(verdicts, spec, cells)
        self._enter(verdicts, spec, cells, columns)
        self.tables[spec.name] = _sorted(
            spec, {name: values[verdicts.kept] for name, values in columns.items()}
        )
        self.quarantine.parts += filter(
            None, (raw.refused, verdicts.refused(raw.data, raw.numbers))
        )
        self.quarantine.came[spec.name] = raw.data.num_rows + len(raw.refused or ())

    def _without_bad(self, spec: TableSpec, column: ColumnSpec, parsed: Parsed) -> Parsed:
        """The cells that break no rule of their own; the others are counted and left empty."""
        alone = Verdicts(spec.name, len(parsed.values))
        _check_column(alone, column, parsed, self.imported_on)
        for code, many in alone.counts().items():
            self.quarantine.cells[spec.name, column.name, code] += many
        if alone.kept.all():
            return parsed
        empty = -1 if column.kind in ("id", "text") else EMPTY[column.kind]
        values = np.where(alone.kept, parsed.values, empty).astype(parsed.values.dtype)
        return Parsed(values, parsed.missing | ~alone.kept, None, parsed.texts)

    def _check_rows(
        self,
        verdicts: Verdicts,
        spec: TableSpec,
        cells: dict[str, Parsed],
        columns: dict[str, AnyArray],
    ) -> None:
        if spec.name == "children":
            columns["centre"] = _look_up(self.centres, cells["centre_id"])
            born = _first_day(cells)
            expected = born - tables.BEFORE_BIRTH
            _before(verdicts, cells["registered_on"], expected, "REG031", "registered_on")
            _before(verdicts, cells["left_on"], born, "REG031", "left_on")
            _before(
                verdicts,
                cells["left_on"],
                _or_early(cells["registered_on"].values),
                "REG034",
                "left_on",
            )
            verdicts.refuse(
                (columns["centre"] < 0) & ~cells["centre_id"].missing, "REG051", "centre_id"
            )
        elif spec.name == "stocks":
            columns["centre"] = _look_up(self.centres, cells["centre_id"])
            unknown = (columns["centre"] < 0) & ~cells["centre_id"].missing
            verdicts.refuse(unknown, "REG051", "centre_id")
        elif spec.name != "centres":
            self._check_history(verdicts, spec, cells, columns)

    def _check_history(
        self,
        verdicts: Verdicts,
        spec: TableSpec,
        cells: dict[str, Parsed],
        columns: dict[str, AnyArray],
    ) -> None:
        columns["child"] = child = _look_up(self.children, cells["child_id"])
        birth = np.append(self.born_from, np.int32(tables.EARLIEST))[child]
        own = OWN_DAY[spec.name]
        # A month is its first day: a child born on the 20th may attend in that month.
        _before(
            verdicts, cells[own], birth - 30 if spec.name == "attendance" else birth, "REG031", own
        )
        if spec.name == "episodes":
            _before(
                verdicts, cells["closed_on"], cells["admitted_on"].values, "REG033", "closed_on"
            )
        elif spec.name == "measurements":
            young = cells[own].values - birth <= LAST_DAY_UNDER_FIVE
            for name, (most, code) in tables.MOST_UNDER_FIVE.items():
                verdicts.refuse(young & (child >= 0) & (cells[name].values > most), code, name)
            nothing = np.logical_and.reduce([cells[name].missing for name in tables.MEASURED])
            verdicts.refuse(nothing, "REG036", tables.MEASURED[0])
        elif spec.name == "attendance":
            verdicts.refuse(
                cells["attended_days"].values > cells["open_days"].values, "REG035", "attended_days"
            )
        verdicts.refuse((child < 0) & ~cells["child_id"].missing, "REG050", "child_id")

    def _forgotten(self, verdicts: Verdicts, ids: Parsed | None) -> None:
        if ids is not None and self.is_forgotten is not None and len(ids.texts):
            gone = np.append(self.is_forgotten(ids.texts), False)
            verdicts.refuse(gone[ids.values], "REG053", "child_id")

    def _enter(
        self,
        verdicts: Verdicts,
        spec: TableSpec,
        cells: dict[str, Parsed],
        columns: dict[str, AnyArray],
    ) -> None:
        """Positions of texts: in the directories of children and centres, in sorted order of this
        table otherwise."""
        for name, kind in TEXTS.items():
            if name in cells and kind not in ("child", "centre"):
                columns[kind], self.texts[kind] = _in_order(cells[name], verdicts.kept)
        if spec.name == "centres":
            self.centres = _union(self.centres, cells["centre_id"], verdicts.kept)
            columns["centre"], self.texts["centre"] = (
                _look_up(self.centres, cells["centre_id"]),
                _objects(self.centres),
            )
        elif spec.name == "children":
            self.children = _union(self.children, cells["child_id"], verdicts.kept)
            columns["child"], self.texts["child"] = (
                _look_up(self.children, cells["child_id"]),
                _objects(self.children),
            )
            born = np.full(len(self.children), tables.EARLIEST, np.int32)
            born[: len(self.born_from)] = self.born_from
            born[columns["child"][verdicts.kept]] = _first_day(cells)[verdicts.kept]
            self.born_from = born


def _parsed(data: pa.Table, column: ColumnSpec) -> Parsed:
    if column.name in data.column_names:
        return parse(data[column.name], column)
    missing = np.ones(data.num_rows, bool)
    if column.kind in ("id", "text"):
        return Parsed(np.full(data.num_rows, -1, np.int32), missing, None)
    return Parsed(np.full(data.num_rows, EMPTY[column.kind]), missing, None)


_UNREADABLE = {
    "number": "REG020",
    "day": "REG021",
    "month": "REG022",
    "code": "REG023",
    "truth": "REG024",
}


def _check_column(verdicts: Verdicts, column: ColumnSpec, parsed: Parsed, imported_on: int) -> None:
    for code, rows in parsed.why.items():
        verdicts.refuse(rows, code, column.name)
    unreadable = column.rule if column.whole else _UNREADABLE.get(column.kind, "REG025")
    verdicts.refuse(parsed.bad, unreadable, column.name)
    if column.required:
        empty = parsed.missing if parsed.bad is None else parsed.missing & ~parsed.bad
        verdicts.refuse(empty, _empty_code(verdicts.table, column), column.name)
    if column.low is not None and column.high is not None:
        outside = (parsed.values < column.low) | (parsed.values > column.high)
        if column.whole:
            outside |= ~parsed.missing & (parsed.values != np.floor(parsed.values))
        verdicts.refuse(outside, column.rule, column.name)
    elif column.kind in ("day", "month"):
        verdicts.refuse(~parsed.missing & (parsed.values > imported_on), "REG030", column.name)
        verdicts.refuse(parsed.values < tables.EARLIEST, "REG032", column.name)


def _empty_code(table: str, column: ColumnSpec) -> str:
    if (table, column.name) == ("children", "centre_id"):
        return "REG052"
    return "REG010" if column.kind == "id" else "REG011"


def _before(verdicts: Verdicts, parsed: Parsed, limit: Days, code: str, column: str) -> None:
    verdicts.refuse(~parsed.missing & (parsed.values < limit), code, column)


def _first_day(cells: Mapping[str, Parsed]) -> Days:
    """The earliest day on which each child may have been born; NEVER where nobody wrote a day."""
    born = cells["birth_date"].values
    off = np.nan_to_num(cells["birth_date_uncertain_days"].values)
    first: Days = np.where(born == NEVER, NEVER, born - off).astype(np.int32)
    return first


def _or_early(days: Days) -> Days:
    return np.where(days == NEVER, np.int32(tables.EARLIEST), days)


def _check_keys(verdicts: Verdicts, spec: TableSpec, cells: dict[str, Parsed]) -> None:
    key = key_numbers([cells[name].values for name in spec.key])
    duplicate, conflict = repeats(
        key, [parsed.values for parsed in cells.values()], among=verdicts.kept
    )
    verdicts.refuse(duplicate, "REG040", spec.key[0])
    verdicts.refuse(
        conflict, "REG041", spec.key[-1] if spec.name != "measurements" else "measured_on"
    )


def _sorted(spec: TableSpec, columns: dict[str, AnyArray]) -> dict[str, AnyArray]:
    by = [TEXTS.get(name, name) for name in spec.key]
    by = ["child", "admitted_on", *by] if spec.name == "episodes" else by
    order = sort_order([columns[name] for name in by])
    return columns if order is None else {name: values[order] for name, values in columns.items()}


def _look_up(ids: pa.Array, parsed: Parsed) -> Days:
    """Positions in a directory of ids, -1 where not in it."""
    if not len(parsed.texts):
        return np.full(len(parsed.values), -1, np.int32)
    found = pc.index_in(pa.array(parsed.texts, pa.string()), value_set=ids)
    at: Days = np.append(found.fill_null(-1).to_numpy(zero_copy_only=False), -1).astype(np.int32)
    return at[parsed.values]


def _union(ids: pa.Array, parsed: Parsed, kept: Flags) -> pa.Array:
    """The directory with the kept rows' new ids after it, sorted."""
    present = pa.array(parsed.texts, pa.string()).take(pa.array(np.unique(parsed.values[kept])))
    new = present.filter(pc.invert(pc.is_in(present, value_set=ids)))
    return pa.concat_arrays([ids, new.take(pc.sort_indices(new))])


def _in_order(parsed: Parsed, kept: Flags) -> tuple[Days, Texts]:
    """Positions in the sorted texts of the kept rows, and these."""
    used = np.zeros(len(parsed.texts) + 1, bool)
    used[parsed.values[kept]] = True
    present = np.flatnonzero(used[:-1])
    order = present[pc.sort_indices(pa.array(parsed.texts[present], pa.string())).to_numpy()]
    rank = np.full(len(parsed.texts) + 1, -1, np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[parsed.values], parsed.texts[order]


def _objects(ids: pa.Array) -> Texts:
    texts: Texts = ids.to_numpy(zero_copy_only=False).astype(object)
    return texts


def raw_table(source: Mapping[str, Any] | pa.Table) -> Raw:
    """A table given in memory (pandas, Arrow, or a dict of lists) as it would come from a file."""
    if isinstance(source, pa.Table):
        return Raw(source)
    return Raw(pa.table({name: _arrow(source[name]) for name in source}))


def _arrow(values: Iterable[Any]) -> pa.Array:
    """A list of any values as Arrow; mixed kinds become texts."""
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array(
            [None if value is None or value != value else str(value) for value in values]
        )


def build(
    sources: Mapping[str, Any], *, imported_on: dt.date | str | None = None
) -> tuple[Registry, Quarantine]:
    """The contract's tables (pandas, Arrow or dicts of lists) as a validated registry, as a first
    import would give it.

    `imported_on` is a date or ISO text; today where not given.
    """
    day = day_number(imported_on or today())
    checked = check({name: raw_table(source) for name, source in sources.items()}, imported_on=day)
    return registry_of_checked(checked), checked.quarantine
