"""Birth weights that were observed, into the rows of their children."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.cells import Parsed, encode, positions
from registry.checks.checked_table import TextsSoFar
from registry.checks.raw import Sizes
from registry.checks.rejected import RejectedRows, together
from registry.contract.arrays import Ints
from registry.fhir.rows import TableRows
from registry.fhir.text_rows import TextRows

COLUMN = "birth_weight_kg"
SHARE = 16
"""Of the rows of a part so many are held as objects."""


class BirthWeights:
    """The birth weights of a source, by child."""

    def __init__(self, sizes: Sizes):
        self._values = TextRows(
            ("child_id", COLUMN, "code"),
            sizes,
            owner="child_id",
            at_once=max(sizes.part // SHARE, 1),
        )
        self._any = False

    def take(self, child: str, cell: str, code: str, number: int) -> None:
        """One value, with the code of the rule that it breaks (or nothing)."""
        self._any = True
        self._values.take((child, cell, code), number)

    def into(self, children: TableRows) -> None:
        """Each child's weight into its row (the last, of several); those that cannot be read,
        differ, or are of a child whose Patient did not come are rows of their own, to be
        quarantined."""
        if not self._any:
            return
        ids, last = _last_rows(children)
        weights, refused = [], []
        for data, numbers in self._values.parts():
            rows = np.append(last, -1)[positions(ids, data["child_id"].combine_chunks())]
            found, told = _judged(data, numbers, rows)
            weights.append(found)
            refused += [told] * (len(told.rows) > 0)
        if refused:
            children.refuse_all(_completed(children, refused))
        of_children = pa.concat_tables(weights).combine_chunks()
        children.changed(lambda data, numbers: _weighed(data, numbers, of_children))


@dataclass
class _Refused:
    """Values that are rows of their own; of each the first value of its child, and the row that it
    is told with (-1: none)."""

    rows: RejectedRows
    first: Ints
    told_with: Ints


def _last_rows(children: TableRows) -> tuple[pa.Array, Ints]:
    """The different ids of the children's rows, and the number of the last row of each."""
    ids, last = TextsSoFar(), np.empty(0, np.int64)
    for data, numbers in children.kept().numbered_chunks():
        different = encode(_ids_of(data))
        at = different.indices.to_numpy()
        texts = different.dictionary.to_numpy(zero_copy_only=False)
        child = ids.add(Parsed(at, at < 0, None, texts))
        last = np.append(last, np.full(len(ids) - len(last), -1))
        last[child] = numbers
    return ids.taken(), last


def _judged(data: pa.Table, numbers: Ints, rows: Ints) -> tuple[pa.Table, _Refused]:
    """The weight of each of these children with its row, and what is refused. All values of a child
    are here, by their numbers."""
    weights: dict[str, tuple[str, int]] = {}
    first: dict[str, int] = {}
    table, since, told_with = TableRows("children"), [], []
    each = zip(*(data[name].to_pylist() for name in data.column_names), strict=True)
    for (child, cell, code), number, row in zip(each, numbers.tolist(), rows.tolist(), strict=True):
        since_number = first.setdefault(child, number)
        column = COLUMN if code else "child_id"
        if not code and row < 0:
            code = "REG050"
        elif not code and weights.setdefault(child, (cell, row))[0] != cell:
            code = "REG041"
        if code:
            table.refuse({"child_id": child, COLUMN: cell}, number, code, column)
            since.append(since_number)
            told_with.append(row)
    cells, of_rows = [cell for cell, _ in weights.values()], [row for _, row in weights.values()]
    found = {
        "child_id": pa.array(weights, pa.string()),
        COLUMN: pa.array(cells, pa.string()),
        "row": pa.array(of_rows, pa.int64()),
    }
    return pa.table(found), _Refused(table.rejected(), np.array(since), np.array(told_with))


def _weighed(data: pa.Table, numbers: Ints, weights: pa.Table) -> pa.Table:
    """Some rows of children with their weights."""
    at = positions(weights["child_id"].combine_chunks(), _ids_of(data))
    rows = np.append(weights["row"].to_numpy(), -1)
    mine = (at >= 0) & (rows[at] == numbers)
    said = weights[COLUMN].combine_chunks().take(pa.array(at, mask=~mine))
    return data.set_column(data.column_names.index(COLUMN), COLUMN, said)


def _completed(children: TableRows, refused: list[_Refused]) -> RejectedRows:
    """Refused values with the other cells of their children's rows, by the first value of each
    child."""
    order = np.argsort(np.concatenate([one.first for one in refused]), kind="stable")
    told_with = np.concatenate([one.told_with for one in refused])[order]
    rows = together([one.rows for one in refused]).taken(order)
    found, numbers = [], []
    for data, of_rows in children.kept().numbered_chunks():
        wanted = np.isin(of_rows, told_with)
        found.append(data.filter(pa.array(wanted)))
        numbers.append(of_rows[wanted])
    at = np.searchsorted(np.concatenate(numbers), told_with)
    data = pa.concat_tables(found).take(pa.array(at, mask=told_with < 0))
    for name in ("child_id", COLUMN):
        data = data.set_column(data.column_names.index(name), name, rows.cells[name])
    return replace(rows, cells=data)


def _ids_of(data: pa.Table) -> pa.Array:
    return pc.fill_null(data["child_id"].combine_chunks(), "")
