"""Texts as positions: in a directory of ids that grows from table to table, and in a table's own
texts, chunk after chunk."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.cells import Parsed, positions
from registry.contract.arrays import Days, Flags

NO_IDS = pa.array([], pa.string())


class TextsSoFar:
    """A table's different texts of one column, in the order in which they came."""

    def __init__(self) -> None:
        self.texts: pa.Array = NO_IDS

    def add(self, parsed: Parsed) -> Days:
        """A chunk's positions in all texts so far, -1 where empty."""
        came = pa.array(parsed.texts, pa.string())
        if not len(self.texts):
            self.texts = came
            return parsed.values
        at = positions(self.texts, came)
        new = np.flatnonzero(at < 0)
        at = np.append(at, np.int32(-1))
        at[new] = len(self.texts) + np.arange(len(new), dtype=np.int32)
        self.texts = pa.concat_arrays([self.texts, came.take(pa.array(new))])
        return at[parsed.values]


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
