"""Every row against the contract: what cannot be right is refused with a code, the rest becomes
typed columns.

A rule looks at whole columns; nothing here runs once a row. Rows are judged by the first rule that
they break: what cannot be read, then bounds, then dates against each other, then ids that refer to
nothing, then keys.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.cells import CODE_AS_DATE, EMPTY, SPOILED_CODE, Parsed, parse, parse_known
from registry.checks.checked_table import OWN_IDS, CheckedTable
from registry.checks.one_child import build_records
from registry.checks.raw import ALL_AT_ONCE, Raw, Sizes, StoredIds
from registry.checks.verdicts import Quarantine, Verdicts
from registry.contract import tables
from registry.contract.arrays import AnyArray, Days, Floats, Texts
from registry.contract.days import LAST_DAY_UNDER_FIVE, NEVER, day_number
from registry.contract.registry import OWN_DAY, Registry
from registry.contract.tables import SPECS, TEXTS, ColumnSpec, TableSpec
from registry.contract.versions import centre_names, dated, last_day, registry_of
from registry.indian_digits import grouped
from registry.machine.memory import give_back
from registry.machine.today import today

DIRECTORIES = ("child", "centre")
"""Kinds of ids that later tables refer to; the texts of other kinds are their table's own."""
SPOILED = f"{SPOILED_CODE}|{CODE_AS_DATE}"
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


def check(raws: Mapping[str, Raw], *, imported_on: int, known: StoredIds | None = None) -> Checked:
    """Check tables in the contract's order. Absent tables are no fault here; absent columns count
    as empty."""
    run = Checking(imported_on, known or StoredIds(), sizes=ALL_AT_ONCE)
    tables, every = {}, dict(run.texts)
    for checked, texts in run.tables(raws):
        every |= texts
        with closing(checked):
            tables[checked.name] = next(checked.parts())
            run.quarantine.parts += checked.refused()
    texts = {kind: _objects(texts) for kind, texts in every.items()}
    return Checked(tables, texts, run.quarantine)


class Checking:
    """One check over all tables: carries the directories of children and centres from table to
    table.

    `texts` are those of the kept rows by kind, as Arrow: of all tables' children and centres, the
    known ones first.
    """

    def __init__(
        self,
        imported_on: int,
        known: StoredIds,
        *,
        sizes: Sizes,
        told: Callable[[str], None] | None = None,
    ):
        self.imported_on, self.is_forgotten, self._told = imported_on, known.is_forgotten, told
        self.born_from, self.sizes = known.born_from, sizes
        self.texts = {"child": known.child_ids, "centre": known.centre_ids}
        self._trusted = {
            kind: not pc.any(pc.match_substring_regex(texts, SPOILED)).as_py()
            for kind, texts in self.texts.items()
        }
        self.quarantine = Quarantine()

    def tables(self, raws: Mapping[str, Raw]) -> Iterator[tuple[CheckedTable, dict[str, pa.Array]]]:
        """Each table that came, checked, with its texts by kind; the caller closes it."""
        for name, spec in SPECS.items():
            if name in raws:
                checked = self._table(spec, raws[name])
                self.quarantine.came[name] = checked.came
                self.quarantine.refused[name] = checked.codes()
                texts = self.texts
                self.texts = {kind: texts[kind] for kind in DIRECTORIES}
                yield checked, texts
                # What the caller is done with is not kept while the next is checked.
                del checked, texts

    def _table(self, spec: TableSpec, raw: Raw) -> CheckedTable:
        checked = CheckedTable(spec, raw, self.sizes)
        start = 0
        for data in checked.chunks():
            verdicts, contents = self._rows(spec, data)
            # The cells and what was made of them would take twice the room, as would two chunks.
            del data
            checked.take(start, verdicts, contents)
            start += verdicts.rows
            del verdicts, contents
            give_back()
            if self._told and raw.rows > self.sizes.chunk:
                self._told(how_far(spec.name, start, raw.rows, "checked"))
        directories = {kind: self.texts[kind] for kind in DIRECTORIES}
        self.texts |= checked.settle(directories)
        if spec.name == "children":
            self._enter_births(checked)
        give_back()
        return checked

    def _rows(
        self, spec: TableSpec, data: pa.Table
    ) -> tuple[Verdicts, dict[str, AnyArray | Parsed]]:
        """The verdicts over some rows, each by itself, and their columns by the names that they
        have in the registry; texts of the table's own as they were parsed."""
        verdicts = Verdicts(spec.name, data.num_rows)
        cells = {column.name: self._parsed(spec, data, column) for column in spec.columns}
        # First of all: nothing of a forgotten child may be kept, not even in quarantine under
        # another code.
        self._forgotten(verdicts, spec, cells.get("child_id"))
        for column in spec.columns:
            if (spec.name == "centres" and not column.required) or column.name == "family_id":
                # A line break in a centre's name must not refuse its 900 children, nor a family's
                # code a child.
                cells[column.name] = self._without_bad(spec, column, cells[column.name])
            _check_column(verdicts, column, cells[column.name], self.imported_on)
        referred = self._check_rows(verdicts, spec, cells)
        contents: dict[str, AnyArray | Parsed] = {
            TEXTS.get(name, name): parsed if name in TEXTS else parsed.values
            for name, parsed in cells.items()
        }
        return verdicts, contents | referred

    def _parsed(self, spec: TableSpec, data: pa.Table, column: ColumnSpec) -> Parsed:
        if self._is_looked_up(spec, column.name) and column.name in data.column_names:
            return parse_known(data[column.name], column, self.texts[TEXTS[column.name]])
        return _parsed(data, column)

    def _is_looked_up(self, spec: TableSpec, column: str) -> bool:
        """Are the values of this column positions in the directory that another table gave?"""
        kind = TEXTS.get(column, "")
        return kind in self._trusted and self._trusted[kind] and kind != OWN_IDS.get(spec.name)

    def _known_at(self, column: str, parsed: Parsed) -> Days:
        """Positions in the directory of what this column refers to, -1 where not in it."""
        kind = TEXTS[column]
        if self._trusted[kind]:
            unknown = parsed.values >= len(self.texts[kind])
            return np.where(unknown, np.int32(-1), parsed.values).astype(np.int32, copy=False)
        return _look_up(self.texts[kind], parsed)

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
        self, verdicts: Verdicts, spec: TableSpec, cells: dict[str, Parsed]
    ) -> dict[str, Days]:
        """The rules that look at several cells of a row; returns positions of the child and centre
        that it refers to."""
        if spec.name in ("children", "stocks"):
            centre = self._known_at("centre_id", cells["centre_id"])
            if spec.name == "children":
                _check_days_of_child(verdicts, cells)
            unknown = (centre < 0) & ~cells["centre_id"].missing
            verdicts.refuse(unknown, "REG051", "centre_id")
            return {"centre": centre}
        if spec.name == "centres":
            return {}
        return {"child": self._check_history(verdicts, spec, cells)}

    def _check_history(self, verdicts: Verdicts, spec: TableSpec, cells: dict[str, Parsed]) -> Days:
        child = self._known_at("child_id", cells["child_id"])
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
        return child

    def _forgotten(self, verdicts: Verdicts, spec: TableSpec, ids: Parsed | None) -> None:
        if ids is None or self.is_forgotten is None or not len(ids.texts):
            return
        # Whoever is in the directory was not forgotten: only the others were kept as texts.
        known = len(self.texts["child"]) if self._is_looked_up(spec, "child_id") else 0
        gone = np.append(self.is_forgotten(ids.texts), False)
        of_rows = np.where(ids.values >= known, ids.values - known, -1)
        verdicts.refuse(gone[of_rows], "REG053", "child_id")

    def _enter_births(self, checked: CheckedTable) -> None:
        """The earliest day of birth of each child of the directory, with those that came."""
        born = np.full(len(self.texts["child"]), tables.EARLIEST, np.int32)
        born[: len(self.born_from)] = self.born_from
        for rows in checked.columns(("child", "birth_date", "birth_date_uncertain_days")):
            off = np.nan_to_num(rows["birth_date_uncertain_days"])
            born[rows["child"]] = _earliest(rows["birth_date"], off)
        self.born_from = born


def how_far(name: str, done: int, rows: int, what: str) -> str:
    """A line for a person who waits: `measurements: 10,00,000 of 1,64,12,600 rows checked`."""
    return f"{name}: {grouped(done)} of {grouped(rows)} rows {what}"


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


def _check_days_of_child(verdicts: Verdicts, cells: dict[str, Parsed]) -> None:
    off = np.nan_to_num(cells["birth_date_uncertain_days"].values)
    born = _earliest(cells["birth_date"].values, off)
    expected = born - tables.BEFORE_BIRTH
    _before(verdicts, cells["registered_on"], expected, "REG031", "registered_on")
    _before(verdicts, cells["left_on"], born, "REG031", "left_on")
    registered = _or_early(cells["registered_on"].values)
    _before(verdicts, cells["left_on"], registered, "REG034", "left_on")


def _earliest(born: Days, off: Floats) -> Days:
    """The earliest day on which each child may have been born; NEVER where nobody wrote a day."""
    first: Days = np.where(born == NEVER, NEVER, born - off).astype(np.int32)
    return first


def _or_early(days: Days) -> Days:
    return np.where(days == NEVER, np.int32(tables.EARLIEST), days)


def _look_up(ids: pa.Array, parsed: Parsed) -> Days:
    """Positions in a directory of ids, -1 where not in it."""
    if not len(parsed.texts):
        return np.full(len(parsed.values), -1, np.int32)
    found = pc.index_in(pa.array(parsed.texts, pa.string()), value_set=ids)
    at: Days = np.append(found.fill_null(-1).to_numpy(zero_copy_only=False), -1).astype(np.int32)
    return at[parsed.values]


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
