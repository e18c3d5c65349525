"""One import: read, check, merge with what the store has, write; all in one transaction, or nothing
at all."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from sqlalchemy import URL

from registry.checks.checked_table import CheckedTable
from registry.checks.mangled_codes import MangledCodes
from registry.checks.plausible import WholeColumns, ZScores
from registry.checks.raw import Raw, Sizes, StoredIds
from registry.checks.sorted_rows import PART_ROWS
from registry.checks.table import DIRECTORIES, Checking, how_far
from registry.checks.verdicts import TableCounts
from registry.contract.arrays import Ints
from registry.contract.days import NEVER, day_date, day_number
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import OWN_DAY, REF
from registry.contract.tables import SPECS, TEXTS
from registry.contract.versions import EVER
from registry.machine.memory import give_back
from registry.machine.today import today
from registry.mapping.ambiguous import refuse_undecided
from registry.privacy import hash_families
from registry.read import read
from registry.sources.sheets import Source
from registry.store.arrivals.ahead import ahead
from registry.store.arrivals.past import asked_until
from registry.store.arrivals.refused_rows import RefusedRows
from registry.store.arrivals.table_writer import COUNTED_FROM, Arrival, TableWriter, next_number
from registry.store.bulk import Bulk
from registry.store.forgetting import forgotten_among
from registry.store.ids import KINDS, Numbering
from registry.store.store_facts import imported_tables, recorded_until

if TYPE_CHECKING:
    from registry.store.store import Store

CHUNK_ROWS = 500_000
"""Rows of the source that are read and checked at once."""


@dataclass(frozen=True)
class ImportReport:
    """What one import did: `tables` counts rows, kept, quarantined and codes, by table; rows = kept
    + quarantined."""

    import_id: str
    imported_on: str
    tables: dict[str, TableCounts]
    changed: bool
    notes: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())
    """What a person should look at before believing the rest."""
    refused: tuple[int, ...] = field(default=(), repr=False)
    """Of rows out of quarantine, the quarantine's numbers of those that were refused again."""

    @property
    def share_quarantined(self) -> float:
        """Quarantined rows over rows, of all tables and without those in which nothing was
        measured; 0 where nothing came."""
        blank = sum(table["codes"].get("REG036", 0) for table in self.tables.values())
        rows = sum(table["rows"] for table in self.tables.values()) - blank
        return (
            (sum(table["quarantined"] for table in self.tables.values()) - blank) / rows
            if rows
            else 0.0
        )

    def as_json(self) -> dict[str, object]:
        """The public form."""
        return {
            "import_id": self.import_id,
            "imported_on": self.imported_on,
            "changed": self.changed,
            "tables": self.tables,
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }


def import_source(
    store: Store,
    source: str | Path | Source,
    *,
    map: object = None,
    imported_on: dt.date | str | None = None,
    past: bool = False,
    zscores: ZScores | None = None,
    workers: int | None = None,
    told: Callable[[str], None] | None = None,
) -> ImportReport:
    """Import a source (a path, an SQL address, or `registry.read.Source`) into a store.

    Running it again changes nothing and gives the same counts. `imported_on` (a date or ISO text,
    today by default) is never before the last import's. `past`: a first load of the past in parts,
    see `registry.store.past`. `zscores` is `features.who.growth.zscores` (rooms import one way
    only): with it, whole columns are looked at by z-scores too. `workers`: with two or more
    the next table is checked while one is written, by the one connection that writes. `told` hears
    how far a large table is.
    """
    day = day_number(imported_on or today())
    sizes = Sizes(CHUNK_ROWS, PART_ROWS, _beside(store.url))
    arrived = source if isinstance(source, Source) else read(source, map=map, sizes=sizes)
    if not arrived.retry:
        refuse_undecided(arrived.raws)
    past = past or arrived.past
    asked = asked_until(store) if past else None
    with store.bulk() as bulk:
        steps = _Import(
            bulk, store, arrived, day, past=past, asked=asked, workers=workers, told=told
        )
        return steps.run(zscores, sizes)


class _Import:
    """The steps of one import within one transaction."""

    def __init__(
        self,
        bulk: Bulk,
        store: Store,
        arrived: Source,
        day: int,
        *,
        past: bool,
        asked: int | None,
        workers: int | None,
        told: Callable[[str], None] | None,
    ):
        self.bulk, self.store, self.arrived, self.day = bulk, store, arrived, day
        self.past, self.asked, self.told = past, asked, told
        self.at_once = 2 if (workers or 1) > 1 else 1
        self.warnings: list[str] = []
        self.columns, self.mangled = WholeColumns(), MangledCodes()
        self.refused: list[Ints] = []

    def run(self, zscores: ZScores | None, sizes: Sizes) -> ImportReport:
        """All of it; nothing is visible before the last step."""
        self.bulk.write_alone()
        self.facts = dict(
            zip(*self.bulk.query("SELECT name, value FROM store_facts").values(), strict=True)
        )
        self._check_source()
        self.number = next_number(self.bulk, "imports", "import_no")
        self.notes = [*self.arrived.notes, *self._late_tables()]
        self.ids = Numbering(self.bulk)
        raws = (
            self.arrived.raws
            if self.arrived.retry
            else hash_families(self.arrived.raws, self.store.url)
        )
        checking = Checking(self.day, self._known(), sizes=sizes, told=self.told)
        written = self._write_all(checking, raws, sizes)
        self.notes += checking.quarantine.cell_lines()
        self._look(checking, zscores)
        return self._close(checking, changed=written)

    def _write_all(self, checking: Checking, raws: Mapping[str, Raw], sizes: Sizes) -> bool:
        """Check and write one table after the other; was there anything new?"""
        arrival = Arrival(
            self.number,
            self.day,
            first=not imported_tables(self.facts),
            past=self.past,
            retry=self.arrived.retry,
            asked=self.asked,
        )
        refused, written = RefusedRows(self.bulk, self.number), 0
        with ahead(checking.tables(raws), at_once=self.at_once) as tables:
            for table, texts in tables:
                with closing(table):
                    written += self._write(table, texts, arrival, sizes)
                    self._refuse_all(table, texts, refused)
                # Not kept while the next is checked.
                del table, texts
                give_back()
        return written + refused.written > 0

    def _write(
        self,
        table: CheckedTable,
        texts: Mapping[str, pa.Array],
        arrival: Arrival,
        sizes: Sizes,
    ) -> int:
        """Write a table's new and changed rows; how many?"""
        columns = SPECS[table.name].columns
        kinds = {TEXTS[column.name] for column in columns if column.name in TEXTS}
        numbers = {kind: self.ids.number(kind, texts[kind]) for kind in KINDS if kind in kinds}
        writer = TableWriter(
            self.bulk,
            table.name,
            arrival,
            numbers=numbers,
            rows=table.kept,
            part_rows=sizes.part,
        )
        done = 0
        for part in table.parts():
            writer.write(part)
            if not arrival.retry:
                self.columns.look(table.name, part, of=table.kept)
            done += len(part["recorded_on"])
            del part
            give_back()
            if self.told and table.kept > sizes.part:
                self.told(how_far(table.name, done, table.kept, "written"))
        if line := writer.finish():
            self.warnings.append(line)
        for kind in numbers.keys() - set(DIRECTORIES):
            self.ids.done_with(kind)
        if table.name in OWN_DAY:
            self._count("rows_history", writer.written)
            self._count("rows_assumed", writer.assumed)
        until = max(recorded_until(self.facts), writer.last_day)
        self.facts["recorded_until"] = str(until)
        return writer.written

    def _refuse_all(
        self, table: CheckedTable, texts: Mapping[str, pa.Array], refused: RefusedRows
    ) -> None:
        """Refused rows of a retry are in quarantine already."""
        for rows in table.refused():
            if self.arrived.retry:
                self.refused.append(rows.numbers)
                continue
            self.mangled.look(rows, children=texts["child"], centres=texts["centre"])
            refused.write(rows)

    def _check_source(self) -> None:
        last = int(self.facts.get("imported_on", int(EVER)))
        if self.day < last:
            raise UsageError(
                "REG063",
                f"the last import was on {day_date(last)}; an import cannot be dated before it",
            )
        present = set(self.arrived.raws) | imported_tables(self.facts)
        missing = [name for name, spec in SPECS.items() if spec.needed and name not in present]
        if missing:
            raise BadInput(
                "REG001",
                f"missing from the source: {', '.join(missing)}. Tables are named centres, "
                "children and measurements, or get these names by a map",
                tables=missing,
            )

    def _late_tables(self) -> list[str]:
        """A note for each table that first comes after the first import: its past is known from
        today only."""
        had = imported_tables(self.facts)
        late = [
            name
            for name, raw in self.arrived.raws.items()
            if had and not self.past and name not in had and raw.rows
        ]
        return [
            f"{name}: first came after the first import, so its rows are known from "
            f"{day_date(self.day)}; to give "
            "them their own dates, import all tables together into a new store"
            for name in late
        ]

    def _known(self) -> StoredIds:
        children = self.ids.texts("child")
        born = np.full(int(self.ids.numbers("child").max(initial=-1)) + 1, NEVER, np.int32)
        rows = self.bulk.query(
            "SELECT child, birth_date - CAST(COALESCE(birth_date_uncertain_days, 0) AS INTEGER) "
            "AS born_from FROM children WHERE known_until IS NULL",
            {"child": REF, "born_from": np.int32},
        )
        born[rows["child"]] = rows["born_from"]
        forgotten = forgotten_among(self.bulk, self.store.url)
        return StoredIds(
            children, born[self.ids.numbers("child")], self.ids.texts("centre"), forgotten
        )

    def _look(self, checking: Checking, zscores: ZScores | None) -> None:
        """Say aloud what no place has been seen to have."""
        if self.arrived.retry:
            return
        kinds = {"child": REF, "sex": np.int8, "birth_date": np.int32}
        rows = self.bulk.query(
            "SELECT child, sex, birth_date FROM children WHERE known_until IS NULL", kinds
        )
        last = int(rows["child"].max(initial=-1)) + 1
        sex, born = np.full(last, -1, np.int8), np.full(last, NEVER, np.int32)
        sex[rows["child"]], born[rows["child"]] = rows["sex"], rows["birth_date"]
        self.warnings += self.mangled.lines(children=checking.texts["child"])
        self.warnings += self.columns.lines(sex=sex, birth_date=born, zscores=zscores)

    def _count(self, fact: str, more: int) -> None:
        self.facts[fact] = str(int(self.facts.get(fact, 0)) + more)

    def _close(self, checking: Checking, *, changed: bool) -> ImportReport:
        counts = checking.quarantine.counts()
        earlier = self.bulk.query("SELECT import_id, checksum FROM imports ORDER BY import_no")
        refused = tuple(np.concatenate(self.refused).tolist()) if self.refused else ()
        same = [
            text
            for text, checksum in zip(*earlier.values(), strict=True)
            if checksum == self.arrived.checksum
        ]
        if same and not changed:
            return ImportReport(
                same[-1],
                str(day_date(self.day)),
                counts,
                False,
                tuple(self.notes),
                tuple(self.warnings),
                refused,
            )
        report = ImportReport(
            f"import-{self.number:04d}-{self.arrived.checksum[:8]}",
            str(day_date(self.day)),
            counts,
            changed,
            tuple(self.notes),
            tuple(self.warnings),
            refused,
        )
        self.ids.write()
        if self.ids.written >= COUNTED_FROM:
            self.bulk.count_anew("ids")
        self._write_facts(set(counts))
        self.bulk.ingest("imports", self._record(report))
        self.bulk.commit()
        return report

    def _record(self, report: ImportReport) -> dict[str, pa.Array]:
        try:
            who = getpass.getuser()
        except (KeyError, OSError):
            who = "unknown"
        return {
            "import_no": pa.array([self.number], pa.int32()),
            "import_id": pa.array([report.import_id]),
            "checksum": pa.array([self.arrived.checksum]),
            "source": pa.array([self.arrived.name]),
            "imported_on": pa.array([self.day], pa.int32()),
            "imported_by": pa.array([who]),
            "imported_at": pa.array([dt.datetime.now(dt.UTC).isoformat(timespec="seconds")]),
            "report": pa.array([json.dumps(report.as_json())]),
        }

    def _write_facts(self, tables: set[str]) -> None:
        brought = sorted(imported_tables(self.facts) | tables)
        self.facts |= {
            "imported_tables": json.dumps(brought),
            "imported_on": str(self.day),
        } | self.arrived.facts
        self.bulk.execute("DELETE FROM store_facts")
        names, values = list(self.facts), list(self.facts.values())
        self.bulk.ingest(
            "store_facts", {"name": pa.array(names), "value": pa.array(values, pa.string())}
        )


def _beside(url: URL) -> Path | None:
    """The folder of a SQLite store, which has room for its rows and is as private as it; None
    elsewhere."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Path(url.database).absolute().parent
