"""The present versions that an import's rows may meet: read by the owners of a part of them, or by
their keys where these owners have too many."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from registry.contract.arrays import AnyArray
from registry.contract.keys import key_numbers
from registry.contract.registry import ANY_OWN_DAY
from registry.contract.tables import SPECS, TEXTS
from registry.store import schema
from registry.store.bulk import Bulk

INCOMING = "incoming_keys"
PRESENT = 2
"""Present rows for each row of a part, at its full size, up to which all of its owners are read."""


def present_rows(
    bulk: Bulk, name: str, part: Mapping[str, AnyArray], *, most: int
) -> dict[str, AnyArray]:
    """The present versions (all columns that say something, and `no`) of the rows with the keys of
    a part, and others of the same owners where all of these are no more than `most`."""
    kinds = {"no": np.int64} | {
        column: kind
        for column, kind in schema.store_columns(name).items()
        if column not in ("recorded_on", "import_no")
    }
    owner = TEXTS[SPECS[name].key[0]]
    # Episodes have no index of their own ids.
    theirs = "1 = 1"
    if owner != "episode":
        theirs = f"{owner} BETWEEN {int(part[owner].min())} AND {int(part[owner].max())}"
    many = bulk.query(f"SELECT COUNT(*) AS rows_ FROM {name} WHERE {theirs}", {"rows_": np.int64})
    wanted = ", ".join(f"{name}.{column}" for column in kinds)
    if many["rows_"][0] <= most:
        return bulk.query(
            f"SELECT {wanted} FROM {name} WHERE {theirs} AND known_until IS NULL", kinds
        )
    by = [owner] + ([ANY_OWN_DAY[name]] if name in ANY_OWN_DAY and owner != "episode" else [])
    _hand_over(bulk, [part[column] for column in by])
    same = " AND ".join(f"{name}.{column} = {INCOMING}.key_{at}" for at, column in enumerate(by))
    # A cross join keeps SQLite at taking the keys one by one, and the table by its index.
    found = bulk.query(
        f"SELECT {wanted} FROM {INCOMING} CROSS JOIN {name} WHERE {same} AND known_until IS NULL",
        kinds,
    )
    bulk.execute(f"DROP TABLE {INCOMING}")
    return found


def _hand_over(bulk: Bulk, keys: list[AnyArray]) -> None:
    """A temporary table of these keys, each once."""
    _, once = np.unique(key_numbers(keys), return_index=True)
    names = [f"key_{at}" for at in range(len(keys))]
    columns = ", ".join(f"{name} INTEGER" for name in names)
    bulk.execute(f"CREATE TEMPORARY TABLE {INCOMING} ({columns})")
    bulk.ingest_temporary(
        INCOMING,
        {name: pa.array(key[once].astype(np.int32)) for name, key in zip(names, keys, strict=True)},
    )
    if bulk.backend == "postgresql":
        bulk.execute(f"ANALYZE {INCOMING}")
