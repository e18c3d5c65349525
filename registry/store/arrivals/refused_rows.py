"""The rows that an import refused, into the store's quarantine: piece by piece, each once whatever
the number of imports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from registry.checks.rejected import QuarantinedRow, RejectedRows, fingerprints
from registry.store.arrivals.table_writer import next_number
from registry.store.bulk import Bulk

AT_ONCE = 20_000
"""Fingerprints in one SQL list: SQLite takes a statement of up to a million characters."""
TEXTS = {
    "table_name": "table",
    "code": "code",
    "column_name": "column",
    "value": "value",
    "bound": "bound",
    "raw": "raw",
}


class RefusedRows:
    """Writes what was refused and is not in quarantine already.

    A row in which nothing was measured is counted alone: nobody can mend it there, and a CAS export
    has millions.
    """

    def __init__(self, bulk: Bulk, import_no: int):
        self._bulk, self._import_no = bulk, import_no
        self._first = self._next = next_number(bulk, "quarantine", "no")
        self._table = ""
        self._seen: Counter[bytes] = Counter()

    @property
    def written(self) -> int:
        """How many rows were new to the quarantine."""
        return self._next - self._first

    def write(self, rows: RejectedRows) -> None:
        """Some more, in their order."""
        if rows.table != self._table:
            # Rows of two tables have no fingerprint in common.
            self._table, self._seen = rows.table, Counter()
        for piece in rows.without("REG036").pieces():
            prints = fingerprints(piece, self._seen)
            known = self._known(prints)
            new = [
                (row, print_)
                for row, print_ in zip(piece, prints, strict=True)
                if print_ not in known
            ]
            if new:
                self._bulk.ingest("quarantine", self._columns(new))
                self._next += len(new)

    def _known(self, prints: Sequence[str]) -> set[str]:
        """Those of them that an earlier import has put into quarantine."""
        known: set[str] = set()
        if self._first == 1:
            return known
        for start in range(0, len(prints), AT_ONCE):
            wanted = ",".join(f"'{print_}'" for print_ in prints[start : start + AT_ONCE])
            question = f"SELECT fingerprint FROM quarantine WHERE fingerprint IN ({wanted})"
            known.update(self._bulk.query(question)["fingerprint"].tolist())
        return known

    def _columns(self, rows: list[tuple[QuarantinedRow, str]]) -> Mapping[str, pa.Array]:
        count = len(rows)
        return {
            "no": pa.array(np.arange(self._next, self._next + count)),
            "import_no": pa.array(np.full(count, self._import_no)),
            "row_number": pa.array([row.row for row, _ in rows], pa.int64()),
            "fingerprint": pa.array([print_ for _, print_ in rows]),
            "state": pa.array(["open"] * count),
        } | {
            column: pa.array([_storable(getattr(row, name)) for row, _ in rows])
            for column, name in TEXTS.items()
        }


def _storable(text: str) -> str:
    """PostgreSQL takes no null character in a text."""
    return text.replace("\x00", "\\u0000")
