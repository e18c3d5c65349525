"""One of equal rows, where a map asks for it: a child's row that is repeated at each visit."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.contract.arrays import Ints

PRINT_BYTES = 16
"""Of what stands for a row of an earlier piece: two different ones are never alike."""


def distinct(data: pa.Table, numbers: Ints) -> tuple[pa.Table, Ints]:
    """The first of equal rows (plain texts), in their order."""
    rows = data.append_column("__row", pa.array(np.arange(data.num_rows)))
    first = rows.group_by(data.column_names).aggregate([("__row", "min")])["__row_min"].to_numpy()
    first = np.sort(first)
    return data.take(pa.array(first)), numbers[first]


class DistinctRows:
    """The first of equal rows, piece by piece. Of the rows of earlier pieces their fingerprints
    are kept, 16 bytes each."""

    def __init__(self) -> None:
        self._seen: list[pa.Array] = []

    def of(self, data: pa.Table, numbers: Ints) -> tuple[pa.Table, Ints]:
        """The rows of a piece (plain texts) that stand in no earlier one."""
        data, numbers = distinct(data, numbers)
        prints = fingerprints(data)
        new = np.ones(len(prints), bool)
        for seen in self._seen:
            at = pc.drop_null(pc.index_in(seen, value_set=prints)).to_numpy()
            new[at] = False
        if new.any():
            self._seen.append(prints.filter(pa.array(new)))
        return data.filter(pa.array(new)), numbers[new]


def fingerprints(data: pa.Table) -> pa.Array:
    """A fingerprint of each row; columns with their lengths, so that no two rows read the same."""
    parts = []
    for name in sorted(data.column_names):
        cells = data[name].combine_chunks()
        length = pc.binary_length(cells).cast(pa.string())
        parts.append(pc.fill_null(pc.binary_join_element_wise(length, cells, ":"), "-"))
    rows = pc.binary_join_element_wise(*parts, " ").to_pylist()
    prints = [blake2b(row.encode(), digest_size=PRINT_BYTES).digest() for row in rows]
    return pa.array(prints, pa.binary(PRINT_BYTES))
