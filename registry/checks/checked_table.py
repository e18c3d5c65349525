"""One table after its rows were judged one by one: its keys, its texts in order, its kept rows in
parts, and those refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.cells import Parsed, positions
from registry.checks.raw import Raw, Sizes, settled_chunks
from registry.checks.rejected import RejectedRows
from registry.checks.sorted_rows import SortedRows, TablePart
from registry.checks.verdicts import Verdicts
from registry.contract.arrays import AnyArray, Days, Flags
from registry.contract.keys import key_numbers, repeats, sort_order
from registry.contract.tables import TEXTS, TableSpec

OWN_IDS = {"children": "child", "centres": "centre", "episodes": "episode"}
"""Tables of which each row brings an id of its own."""
TEXTS_TAKE = 4
"""How many times as much room a row with texts of its own takes."""
ROW = "row"
"""The column of the rows' numbers in the source, from 0, while the keys are looked at."""
NO_TEXTS = pa.array([], pa.string())


class CheckedTable:
    """Filled chunk by chunk (`take`), then settled once; from then on it can be read."""

    def __init__(self, spec: TableSpec, raw: Raw, sizes: Sizes):
        self.name, self.kept = spec.name, 0
        self.came = raw.rows + len(raw.refused or ())
        self._spec, self._raw = spec, raw
        self._key = [TEXTS.get(name, name) for name in spec.key]
        room = TEXTS_TAKE if spec.name in OWN_IDS else 1
        self._at_once, part_rows = max(sizes.chunk // room, 1), max(sizes.part // room, 1)
        self._verdicts = Verdicts(spec.name, raw.rows)
        self._rows = SortedRows(
            self._key[0],
            folder=sizes.folder,
            part_rows=part_rows,
            in_memory=raw.rows <= self._at_once,
        )
        self._texts: dict[str, TextsSoFar] = {}
        self._final: dict[str, Days] = {}
        """Of a kind's texts so far, the positions that the kept rows have in the end."""

    def chunks(self) -> Iterator[pa.Table]:
        """The rows of the source, each chunk of them for a `take`."""
        return settled_chunks(self._spec, self._raw, self._at_once)

    def take(
        self, start: int, verdicts: Verdicts, contents: Mapping[str, AnyArray | Parsed]
    ) -> None:
        """The verdicts and columns of a chunk of rows, from row `start` on."""
        self._verdicts.enter(start, verdicts)
        rows = verdicts.rows
        columns = {name: self._positions(name, cells) for name, cells in contents.items()}
        columns[ROW] = np.arange(start, start + rows)
        if not (kept := verdicts.kept).all():
            columns = {name: values[kept] for name, values in columns.items()}
        self._rows.add(columns)

    def settle(self, directories: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """Refuse repeats and conflicts among all rows; returns the texts of the kept ones by kind,
        in order: those of a directory with the new ones after it."""
        owner = self._key[0]
        if owner in self._texts and not self._rows.in_memory:
            self._order_by_text(owner, directories.get(owner, NO_TEXTS))
        used = {kind: np.zeros(len(so_far) + 1, bool) for kind, so_far in self._texts.items()}
        for part in self._rows.parts():
            self._check_keys(part, used)
        texts = {}
        for kind, so_far in self._texts.items():
            known = directories.get(kind, NO_TEXTS)
            texts[kind], self._final[kind] = entered(known, so_far.taken(), used[kind])
        self._texts.clear()
        return texts

    def parts(self) -> Iterator[dict[str, AnyArray]]:
        """The kept rows as typed columns, sorted by key, in parts of whole owners; at least one,
        which may be empty."""
        by = ["child", "admitted_on", *self._key] if self.name == "episodes" else self._key
        names, some = [name for name in self._rows.kinds if name != ROW], False
        for columns in self.columns(names):
            order = sort_order([columns[name] for name in by])
            if order is not None:
                columns = {name: values[order] for name, values in columns.items()}
            yield columns
            some = True
        if not some:
            yield {name: np.empty(0, self._rows.kinds[name]) for name in names}

    def columns(self, names: Sequence[str]) -> Iterator[dict[str, AnyArray]]:
        """Some columns of the kept rows, part by part, in no order."""
        for part in self._rows.parts():
            kept = self._verdicts.kept_of(part[ROW])
            yield {name: self._in_the_end(name, part[name], kept) for name in names}

    def codes(self) -> dict[str, int]:
        """How many rows each rule refused, those that never became cells among them."""
        counts = self._verdicts.counts()
        for code, many in _counts(self._raw.refused).items():
            counts[code] = counts.get(code, 0) + many
        return dict(sorted(counts.items()))

    def refused(self) -> Iterator[RejectedRows]:
        """The refused rows with their cells: those that never became any, then by their order in
        the source, chunk by chunk."""
        if self._raw.refused is not None:
            yield self._raw.refused
        found, verdicts = self._verdicts.refused, self._verdicts
        if not found.any():
            return
        for rows, cells in self._raw.some(found, self._at_once):
            numbers = self._raw.numbers_of(rows)
            yield RejectedRows(self.name, numbers, *verdicts.of(rows), cells)

    def close(self) -> None:
        """Give back what holds the rows."""
        self._rows.close()

    def _positions(self, name: str, cells: AnyArray | Parsed) -> AnyArray:
        if not isinstance(cells, Parsed):
            return cells
        return self._texts.setdefault(name, TextsSoFar()).add(cells)

    def _order_by_text(self, owner: str, directory: pa.Array) -> None:
        """Own the rows by the order that the texts have in the end, so that parts follow it."""
        so_far = self._texts[owner]
        everything = np.ones(len(so_far), bool)
        texts, rank = entered(directory, so_far.taken(), everything)
        so_far.hold(texts)
        in_order = self._rows.by_rank(rank)
        self._rows.close()
        self._rows = in_order

    def _check_keys(self, part: TablePart, used: Mapping[str, Flags]) -> None:
        rows, everything = part[ROW], np.ones(part.rows, bool)
        key = key_numbers([part[name] for name in self._key])
        contents = (part[name] for name in self._rows.kinds if name != ROW)
        duplicate, conflict = repeats(key, contents, among=everything)
        last = "measured_on" if self.name == "measurements" else self._spec.key[-1]
        self._verdicts.refuse_rows(rows[duplicate], "REG040", self._spec.key[0])
        self._verdicts.refuse_rows(rows[conflict], "REG041", last)
        kept = ~(duplicate | conflict)
        self.kept += int(kept.sum())
        for kind, flags in used.items():
            flags[part[kind][kept]] = True

    def _in_the_end(self, name: str, values: AnyArray, kept: Flags) -> AnyArray:
        values = values if kept.all() else values[kept]
        return self._final[name][values] if name in self._final else values


def _counts(refused: RejectedRows | None) -> dict[str, int]:
    return {} if refused is None else refused.counts()


class TextsSoFar:
    """A table's different texts of one column, in the order in which they came: piece by piece,
    since putting a state's together with each chunk would take their room twice every time."""

    def __init__(self) -> None:
        self._pieces: list[pa.Array] = []

    def __len__(self) -> int:
        return sum(map(len, self._pieces))

    def add(self, parsed: Parsed) -> Days:
        """A chunk's positions in all texts so far, -1 where empty."""
        came = pa.array(parsed.texts, pa.string())
        at, before = np.full(len(came) + 1, -1, np.int32), 0
        for piece in self._pieces:
            there = positions(piece, came)
            at[:-1] = np.where(there >= 0, there + before, at[:-1])
            before += len(piece)
        new = np.flatnonzero(at[:-1] < 0)
        if len(new):
            at[new] = before + np.arange(len(new), dtype=np.int32)
            self._pieces.append(came.take(pa.array(new)) if before else came)
        return at[parsed.values]

    def hold(self, texts: pa.Array) -> None:
        """Other texts in their place."""
        self._pieces = [texts]

    def taken(self) -> pa.Array:
        """All of them, which are let go here."""
        pieces, self._pieces = self._pieces, []
        return pa.concat_arrays(pieces) if pieces else NO_TEXTS


def entered(directory: pa.Array, texts: pa.Array, used: Flags) -> tuple[pa.Array, Days]:
    """The directory with the used texts that it lacks after it, sorted; and the position there of
    each text (int32, one more at the end: -1, of the missing; -1 also where neither used nor
    known)."""
    at = np.full(len(texts) + 1, -1, np.int32)
    if len(directory):
        at[:-1] = positions(directory, texts)
    new = np.flatnonzero(used[: len(texts)] & (at[:-1] < 0))
    came = texts.take(pa.array(new))
    order = pc.sort_indices(came).to_numpy()
    at[new[order]] = len(directory) + np.arange(len(new), dtype=np.int32)
    more = came.take(pa.array(order))
    return (pa.concat_arrays([directory, more]) if len(directory) else more), at
