"""One import: read, check, merge with what the store has, write; all in one transaction, or nothing
at all."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from registry.checks.mangled_codes import codes_mangled
from registry.checks.plausible import ZScores, unheard_of
from registry.checks.rejected import QuarantinedRow, fingerprints
from registry.checks.table import Checked, StoredIds, check
from registry.checks.verdicts import Quarantine, TableCounts
from registry.contract.arrays import AnyArray
from registry.contract.days import NEVER, day_date, day_number
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import ANY_OWN_DAY, OWN_DAY, REF
from registry.contract.tables import SPECS
from registry.contract.versions import EVER, dated, last_day
from registry.mapping.ambiguous import refuse_undecided
from registry.privacy import hash_families
from registry.read import read
from registry.sources.sheets import Source
from registry.store import schema
from registry.store.bulk import Bulk, to_arrow
from registry.store.forgetting import forgotten_among
from registry.store.ids import KINDS, Numbering
from registry.store.merge import merge
from registry.store.past import asked_until, late_line, refuse_rewriting
from registry.store.store_facts import imported_tables, recorded_until
from registry.today import today

if TYPE_CHECKING:
    from registry.store.store import Store

MANY = 100_000
"""Rows from which an empty table's index is better made after them."""


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
) -> ImportReport:
    """Import a source (a path, an SQL address, or `registry.read.Source`) into a store.

    Running it again changes nothing and gives the same counts. `imported_on` (a date or ISO text,
    today by default) is never before the last import's. `past`: a first load of the past in parts,
    see `registry.store.past`. `zscores` is `features.who.growth.zscores` (rooms import one way
    only): with it, whole columns are looked at by z-scores too.
    """
    day = day_number(imported_on or today())
    arrived = source if isinstance(source, Source) else read(source, map=map)
    if not arrived.retry:
        refuse_undecided(arrived.raws)
    past = past or arrived.past
    asked = asked_until(store) if past else None
    with store.bulk() as bulk:
        return _Import(bulk, store, arrived, day, past=past, asked=asked).run(zscores)


class _Import:
    """The steps of one import within one transaction."""

    def __init__(
        self, bulk: Bulk, store: Store, arrived: Source, day: int, *, past: bool, asked: int | None
    ):
        self.bulk, self.store, self.arrived, self.day = bulk, store, arrived, day
        self.past, self.asked = past, asked
        self.warnings: list[str] = []

    def run(self, zscores: ZScores | None) -> ImportReport:
        """All of it; nothing is visible before the last step."""
        self.bulk.write_alone()
        self.facts = dict(
            zip(*self.bulk.query("SELECT name, value FROM store_facts").values(), strict=True)
        )
        self._check_source()
        self.number = _next(self.bulk, "imports", "import_no")
        self.notes = [*self.arrived.notes, *self._late_tables()]
        self.ids = Numbering(self.bulk)
        raws = (
            self.arrived.raws
            if self.arrived.retry
            else hash_families(self.arrived.raws, self.store.url)
        )
        checked = check(raws, imported_on=self.day, known=self._known())
        self.notes += checked.quarantine.cell_lines()
        written = [self._write(name, checked) for name in checked.tables]
        self._look(checked, zscores)
        refused = self._quarantine(checked.quarantine)
        return self._close(checked, changed=any(written) or refused > 0)

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
            if had and not self.past and name not in had and raw.data.num_rows
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

    def _write(self, name: str, checked: Checked) -> bool:
        """Write a table's new and changed rows; was there anything?"""
        columns = checked.tables[name]
        for kind in KINDS:
            if kind in columns:
                columns[kind] = self.ids.number(kind, checked.texts[kind])[columns[kind]]
        first = not imported_tables(self.facts)
        columns = dated(name, columns, not_before=int(EVER) if first or self.past else self.day)
        if not first:
            columns = self._supersede(name, columns)
            if name in ANY_OWN_DAY and not self.past and not self.arrived.retry:
                line = late_line(name, columns[ANY_OWN_DAY[name]], columns["recorded_on"], self.day)
                self.warnings += [line] if line else []
        rows = len(columns["recorded_on"])
        if rows:
            self._append(name, columns, rows)
        return rows > 0

    def _supersede(self, name: str, columns: dict[str, AnyArray]) -> dict[str, AnyArray]:
        kinds = {"no": np.int64} | {
            column: kind
            for column, kind in schema.store_columns(name).items()
            if column not in ("recorded_on", "import_no")
        }
        present = self.bulk.query(
            f"SELECT {', '.join(kinds)} FROM {name} WHERE known_until IS NULL", kinds
        )
        found = merge(name, columns, present)
        if self.past:
            # A child that moved since its last part was, on the days before, where that part had
            # it.
            columns["known_from"][found.changed] = found.known_until[:] = self.day
            refuse_rewriting(
                name, columns["known_from"][found.fresh], len(found.superseded), self.asked
            )
        if len(found.superseded):
            self.bulk.ingest(
                "superseded",
                {
                    "no": pa.array(present["no"][found.superseded]),
                    "known_until": pa.array(found.known_until),
                },
            )
            self.bulk.execute(
                f"UPDATE {name} SET known_until = (SELECT known_until FROM superseded WHERE "
                f"superseded.no = {name}.no) WHERE no IN (SELECT no FROM superseded)"
            )
            self.bulk.execute("DELETE FROM superseded")
        return {column: values[found.fresh] for column, values in columns.items()}

    def _append(self, name: str, columns: dict[str, AnyArray], rows: int) -> None:
        first_no = _next(self.bulk, name, "no")
        kinds = schema.store_columns(name)
        arrays = {"no": pa.array(np.arange(first_no, first_no + rows))}
        columns = columns | {"import_no": np.full(rows, self.number, REF)}
        arrays |= {column: to_arrow(columns[column], kind) for column, kind in kinds.items()}
        if first_no == 1 and rows >= MANY:
            self.bulk.fill(name, arrays)
        else:
            self.bulk.ingest(name, arrays)
        if name in OWN_DAY:
            self._count("rows_history", rows)
            self._count("rows_assumed", int((columns["recorded_on"] == NEVER).sum()))
        until = max(recorded_until(self.facts), last_day({name: columns}))
        self.facts["recorded_until"] = str(until)

    def _look(self, checked: Checked, zscores: ZScores | None) -> None:
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
        self.warnings += codes_mangled(
            checked.quarantine.parts,
            children=checked.texts["child"],
            centres=checked.texts["centre"],
        )
        self.warnings += unheard_of(checked.tables, sex=sex, birth_date=born, zscores=zscores)

    def _count(self, fact: str, more: int) -> None:
        self.facts[fact] = str(int(self.facts.get(fact, 0)) + more)

    def _quarantine(self, quarantine: Quarantine) -> int:
        """Write what was refused and is not in quarantine already; how many rows? A row in which
        nothing was measured is counted alone: nobody can mend it there, and a CAS export has
        millions."""
        if self.arrived.retry:
            return 0
        if not len(quarantine):
            return 0
        known = set(self.bulk.query("SELECT fingerprint FROM quarantine")["fingerprint"])
        first = number = _next(self.bulk, "quarantine", "no")
        seen: Counter[bytes] = Counter()
        for rows in chain.from_iterable(
            part.without("REG036").pieces() for part in quarantine.parts
        ):
            new = [
                (row, print_)
                for row, print_ in zip(rows, fingerprints(rows, seen), strict=True)
                if print_ not in known
            ]
            if new:
                self.bulk.ingest("quarantine", _quarantine_columns(new, number, self.number))
                number += len(new)
        return number - first

    def _close(self, checked: Checked, *, changed: bool) -> ImportReport:
        counts = checked.quarantine.counts()
        earlier = self.bulk.query("SELECT import_id, checksum FROM imports ORDER BY import_no")
        numbers = [part.numbers for part in checked.quarantine.parts] if self.arrived.retry else []
        refused = tuple(np.concatenate(numbers).tolist()) if numbers else ()
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
        self._write_facts(checked)
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

    def _write_facts(self, checked: Checked) -> None:
        brought = sorted(imported_tables(self.facts) | set(checked.tables))
        self.facts |= {
            "imported_tables": json.dumps(brought),
            "imported_on": str(self.day),
        } | self.arrived.facts
        self.bulk.execute("DELETE FROM store_facts")
        names, values = list(self.facts), list(self.facts.values())
        self.bulk.ingest(
            "store_facts", {"name": pa.array(names), "value": pa.array(values, pa.string())}
        )


def _next(bulk: Bulk, table: str, column: str) -> int:
    last = bulk.query(
        f"SELECT COALESCE(MAX({column}), 0) AS last FROM {table}", {"last": np.int64}
    )["last"]
    return int(last[0]) + 1


def _quarantine_columns(
    rows: list[tuple[QuarantinedRow, str]], first_no: int, import_no: int
) -> Mapping[str, pa.Array]:
    count = len(rows)
    texts = {
        "table_name": "table",
        "code": "code",
        "column_name": "column",
        "value": "value",
        "bound": "bound",
        "raw": "raw",
    }
    return {
        "no": pa.array(np.arange(first_no, first_no + count)),
        "import_no": pa.array(np.full(count, import_no)),
        "row_number": pa.array([row.row for row, _ in rows], pa.int64()),
        "fingerprint": pa.array([print_ for _, print_ in rows]),
        "state": pa.array(["open"] * count),
    } | {
        column: pa.array([_storable(getattr(row, name)) for row, _ in rows])
        for column, name in texts.items()
    }


def _storable(text: str) -> str:
    """PostgreSQL takes no null character in a text."""
    return text.replace("\x00", "\\u0000")
