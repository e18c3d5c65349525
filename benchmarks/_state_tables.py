"""The tables of a state to measure on: simulated in lots of a million children, put together.

Every lot is a registry of its own seed; its ids get the lot's mark, so that lots are districts
beside each other. One lot's memory is all that is needed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

A_LOT = 1_000_000
"""Children simulated at once."""


def simulated(source: Path, children: int, months: int, run: Callable[..., object]) -> None:
    """Tables of so many children in the folder `source`; one that is there is kept.

    run: calls `sanket` with these words. What was broken off goes on with the next lot.
    """
    if source.exists():
        return
    lots = [min(A_LOT, children - first) for first in range(0, children, A_LOT)]
    folders = [source.with_name(f"{source.name}.{at}") for at in range(len(lots))]
    for at, (folder, many) in enumerate(zip(folders, lots, strict=True)):
        if not folder.exists():
            words = ("--children", str(many), "--months", str(months), "--seed", str(at + 1))
            part = folder.with_suffix(".part")
            run("simulate", str(part), *words, "--truth-draws", "0")
            part.rename(folder)
    if len(folders) == 1:
        folders[0].rename(source)
        return
    part = source.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for table in sorted(folders[0].glob("*.parquet")):
        _put_together([folder / table.name for folder in folders], part / table.name)
    part.rename(source)
    for folder in folders:
        shutil.rmtree(folder)


def _put_together(files: list[Path], into: Path) -> None:
    """One Parquet file of several, read row group by row group."""
    with ExitStack() as opened:
        writer: pq.ParquetWriter | None = None
        for lot, file in enumerate(files):
            with pq.ParquetFile(file) as rows:
                for group in range(rows.num_row_groups):
                    table = _marked(rows.read_row_group(group), f"L{lot}")
                    writer = writer or opened.enter_context(
                        pq.ParquetWriter(into, table.schema, compression="zstd")
                    )
                    writer.write_table(table)


def _marked(table: pa.Table, mark: str) -> pa.Table:
    """The same rows with a mark before every id."""
    for at, name in enumerate(table.column_names):
        if name.endswith("_id"):
            ids = pc.binary_join_element_wise(mark, table[name], "")
            table = table.set_column(at, name, ids)
    return table
