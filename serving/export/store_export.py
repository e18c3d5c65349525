"""An export straight from a store into a file, for the command line: the score book read with the
scope of the whole state, and every child written into the audit log first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from registry.contract.errors import BadInput
from registry.store.store import open_store
from serving.access.scope import Scope
from serving.audit.command_entries import note_command
from serving.book.reader import Reader
from serving.export.export_formats import EXPORT_FORMATS
from serving.export.export_rows import ExportQuestion, export_of


def exported(address: str, question: ExportQuestion, *, form: str, out: Path) -> dict[str, object]:
    """Write an export of a store; what was written, of which day, and how many rows. The file is
    there whole or not at all, for its owner alone.

    BadInput REG060 (no store), EXP003 (the file cannot be written), AUD002; NothingScored.
    """
    store = open_store(address, must_exist=True)
    rows = 0
    try:
        run, batches = export_of(Reader(store.engine, Scope.of(["state:*"])), question)

        def noted() -> Iterator[list[dict[str, object]]]:
            nonlocal rows
            for batch in batches:
                note_command(address, store.engine, f"export_{question.what}", batch.child_ids)
                rows += len(batch.rows)
                yield batch.rows

        written_whole(EXPORT_FORMATS[form].encoded(question.what, noted()), out)
    finally:
        store.close()
    return {"export": question.what, "as_of": run.as_of.isoformat(), "rows": rows}


def written_whole(parts: Iterator[bytes], out: Path) -> None:
    """Write a file for its owner alone, which is there whole or not at all. BadInput EXP003."""
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with private_file(beside) as file:
            file.writelines(parts)
        beside.replace(out)
    except OSError as error:
        raise BadInput("EXP003", f"cannot write {out}: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)


def private_file(path: Path) -> IO[bytes]:
    """A new file of bytes that its owner alone may read."""
    return open(path, "wb", opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
