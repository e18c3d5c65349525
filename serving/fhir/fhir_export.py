"""All children of a run as NDJSON, one resource a line: as one file, or as a folder with a file for
each type. Each child is in the audit log before its first line is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import orjson

from registry.contract.errors import BadInput
from registry.store.single_sqlite import open_beside_the_book
from serving.access.scope import Scope
from serving.audit.command_entries import note_command
from serving.book.reader import Reader
from serving.book.scorebook import BookRow
from serving.export.child_list import child_keys
from serving.export.export_rows import ExportQuestion
from serving.export.store_export import private_file, written_whole
from serving.fhir.fhir_parts import Resource
from serving.fhir.stored_children import FhirSource, SeenAreas
from serving.language.words import words

TYPES = ("Organization", "Patient", "EpisodeOfCare", "Observation", "Condition", "RiskAssessment")
"""What is exported; what is referred to comes first."""
CHILDREN_AT_ONCE = 500
Noted = Callable[[list[str]], None]


def resource_batches(source: FhirSource, reader: Reader, noted: Noted) -> Iterator[list[Resource]]:
    """The resources of all children in a reader's scope, some hundred children at a time; `noted`
    gets their ids before they are given out."""
    areas = SeenAreas()
    for sector in reader.sectors(source.run):
        for rows in _parts(reader.rows(source.run, sector.sector_id)):
            children = source.children(rows)
            noted([child.child_id for child in children])
            told = [one for child in children for one in child.resources]
            yield [*areas.new(children), *told]


def _parts(rows: Sequence[BookRow]) -> Iterator[Sequence[BookRow]]:
    for start in range(0, len(rows), CHILDREN_AT_ONCE):
        yield rows[start : start + CHILDREN_AT_ONCE]


def ndjson(resources: list[Resource]) -> bytes:
    """One resource a line."""
    return b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in resources)


def fhir_exported(address: str, question: ExportQuestion, *, out: Path) -> dict[str, object]:
    """Write the children of a store's run as FHIR: into a file, or where `out` has no ending into a
    folder of files by type. There whole or not at all, for its owner alone.

    BadInput REG060 (no store), EXP003 (cannot be written), AUD002; NothingScored, BookUnreadable.
    """
    store = open_beside_the_book(address)
    try:
        reader = Reader(store.engine, Scope.of(["state:*"]))
        run = reader.run(question.as_of)
        source = FhirSource(address, run, child_keys(store.engine), words(question.language))

        def noted(child_ids: list[str]) -> None:
            note_command(address, store.engine, "export_fhir", child_ids)

        batches = resource_batches(source, reader, noted)
        counts = _into_folder(batches, out) if not out.suffix else _into_file(batches, out)
    finally:
        store.close()
    told = {name: counts[name] for name in TYPES if name in counts}
    return {
        "export": "children",
        "as_of": run.as_of.isoformat(),
        "rows": sum(told.values()),
        "resources": told,
    }


def _into_file(batches: Iterator[list[Resource]], out: Path) -> dict[str, int]:
    counts: dict[str, int] = {}

    def parts() -> Iterator[bytes]:
        for batch in batches:
            _count(counts, batch)
            yield ndjson(batch)

    written_whole(parts(), out)
    return counts


def _into_folder(batches: Iterator[list[Resource]], out: Path) -> dict[str, int]:
    """A file for each type that there is, in a folder that is not there yet."""
    if out.exists():
        raise BadInput("EXP003", f"cannot write {out}: it is there already; name a new folder")
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    counts: dict[str, int] = {}
    try:
        beside.mkdir(mode=0o700)
        files: dict[str, IO[bytes]] = {}
        try:
            for batch in batches:
                _count(counts, batch)
                for kind in {one["resourceType"] for one in batch}:
                    file = files.get(kind) or private_file(beside / f"{kind}.ndjson")
                    files[kind] = file
                    file.write(ndjson([one for one in batch if one["resourceType"] == kind]))
        finally:
            for file in files.values():
                file.close()
        beside.replace(out)
    except OSError as error:
        raise BadInput("EXP003", f"cannot write {out}: {error.strerror}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return counts


def _count(counts: dict[str, int], batch: list[Resource]) -> None:
    for one in batch:
        counts[one["resourceType"]] = counts.get(one["resourceType"], 0) + 1
