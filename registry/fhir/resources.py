"""The resources of a FHIR source: Bundles and single resources in `.json`, NDJSON one a line; and
who is meant by a reference."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from registry.contract.errors import BadInput
from registry.fhir.fhir_codes import IDENTIFIER_TYPES, OURS
from registry.machine.today import programme_day

NDJSON_ENDINGS = (".ndjson", ".jsonl")
ENDINGS = (*NDJSON_ENDINGS, ".json")
LARGEST_BUNDLE = 512 << 20
"""Bytes of one JSON document: what is larger is exported as NDJSON, which is read line by line."""
DEEPEST = 3
"""Bundles within bundles."""
TOLD_BY = ("resourceType", "id", "identifier")
"""The elements that say which code a resource has."""
Resource = dict[str, Any]
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})")


Addressed = tuple[str | None, Resource]
"""A resource with the address that a Bundle gives it."""


class Resources:
    """All resources of a source in their order, as often as asked: of NDJSON one line is in memory
    at a time, of a JSON file the whole document. Raises BadInput REG003 for what is none."""

    def __init__(self, files: Sequence[Path] = (), documents: Sequence[object] = ()):
        self._files, self._documents = files, documents

    def __iter__(self) -> Iterator[Addressed]:
        for document in self._documents:
            yield from _flat(document, "a document")
        for file in self._files:
            for at, document in _documents(file):
                yield from _flat(document, f"line {at} of {file.name}" if at else file.name)


def _flat(
    resource: object, where: str, full_url: object = None, *, depth: int = 0
) -> Iterator[Addressed]:
    """A resource, or those of a Bundle."""
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        raise BadInput("REG003", f"{where} is no FHIR resource: it has no resourceType")
    if resource["resourceType"] != "Bundle":
        yield full_url if isinstance(full_url, str) else None, resource
        return
    if depth == DEEPEST:
        raise BadInput("REG003", f"{where} holds Bundles within Bundles: export it flat")
    for at, entry in enumerate(items(resource, "entry"), 1):
        # An entry without a resource asks a server to delete something.
        if entry.get("resource") is not None:
            told = f"entry {at} of {where}"
            yield from _flat(entry["resource"], told, entry.get("fullUrl"), depth=depth + 1)


def fhir_files(path: Path) -> list[Path]:
    """The FHIR files of a folder, or the one file; none where there is no FHIR."""
    if path.is_file():
        return [path] if path.suffix.lower() in ENDINGS else []
    return [
        file
        for file in (sorted(path.iterdir()) if path.is_dir() else ())
        if file.is_file()
        and not file.name.startswith((".", "~$"))
        and (file.suffix.lower() in NDJSON_ENDINGS or _is_fhir_json(file))
    ]


def _is_fhir_json(file: Path) -> bool:
    """Is this JSON of FHIR? A folder may hold other JSON (`provenance.json`)."""
    if file.suffix.lower() != ".json":
        return False
    with file.open("rb") as opened:
        return b'"resourceType"' in opened.read(1 << 16)


def _documents(file: Path) -> Iterator[tuple[int, object]]:
    """The JSON documents of a file, with their lines (0: the file is one document)."""
    try:
        if file.suffix.lower() in NDJSON_ENDINGS:
            with file.open("rb") as lines:
                for at, line in enumerate(lines, 1):
                    if line.strip(b" \t\r\n\xef\xbb\xbf"):
                        yield at, _json(line, f"line {at} of {file.name}")
            return
        if file.stat().st_size > LARGEST_BUNDLE:
            size = LARGEST_BUNDLE >> 20
            raise BadInput("REG003", f"{file.name} is larger than {size} MB: export it as NDJSON")
        yield 0, _json(file.read_bytes(), file.name)
    except OSError as error:
        raise BadInput("REG003", f"{file.name} cannot be read: {error.strerror}") from error


def _json(text: bytes, where: str) -> object:
    try:
        return orjson.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise BadInput("REG003", f"{where} is no JSON; export it again") from error


def items(resource: Resource, name: str) -> list[Resource]:
    """The objects of a repeated element; what is no object is passed over."""
    found = resource.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def part(resource: Resource, name: str) -> Resource:
    """An element that is an object; empty where it is none."""
    found = resource.get(name)
    return found if isinstance(found, dict) else {}


def text(resource: Resource, name: str) -> str:
    """An element as text; empty where it is missing or no plain value."""
    found = resource.get(name)
    return str(found) if isinstance(found, str | int | float) else ""


def codes_of(concept: Resource, system: str) -> list[str]:
    """The codes of a CodeableConcept in one system."""
    return [text(one, "code") for one in items(concept, "coding") if one.get("system") == system]


def extension(resource: Resource, url: str) -> Any:
    """The value of an extension, whatever its type; None where there is none."""
    for one in items(resource, "extension"):
        if one.get("url") == url:
            return next((one[key] for key in one if key.startswith("value")), None)
    return None


def extension_text(resource: Resource, url: str) -> str:
    """The value of an extension as a cell's text: true and false are words."""
    value = extension(resource, url)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def day_text(said: str) -> str:
    """A FHIR date or dateTime as the programme's day; a time without a zone, or a month alone, as
    it came, to be judged by the checks.

    Example: 2026-03-13T20:00:00Z is 2026-03-14 in India.
    """
    if not _INSTANT.fullmatch(said):
        return said
    try:
        return programme_day(dt.datetime.fromisoformat(said)).isoformat()
    except (ValueError, OverflowError):
        return said


def own_id(resource: Resource, kind: str) -> str:
    """The programme's code of a child or an area: its identifier in our system, else the resource's
    id, else its medical record number. No other number is taken, least of all a national one."""
    named = items(resource, "identifier")
    ours = [text(one, "value") for one in named if one.get("system") == f"{OURS}:id:{kind}"]
    record = [
        text(one, "value") for one in named if "MR" in codes_of(part(one, "type"), IDENTIFIER_TYPES)
    ]
    return next((one for one in (*ours, text(resource, "id"), *record) if one), "")


class Directory:
    """Whom references mean: by a Bundle's addresses, by type and id, by an identifier of ours.

    Kept are Organizations, and of Patients what their code is told by: of those alone whose code
    is not their id, which a reference says itself.
    """

    def __init__(self) -> None:
        self._full: dict[str, Resource] = {}
        self._by_id: dict[str, Resource] = {}

    def take(self, full_url: str | None, resource: Resource) -> None:
        """One resource more."""
        kind, named = resource["resourceType"], text(resource, "id")
        if kind == "Observation":
            return
        kept = resource
        if kind != "Organization":
            kept = {name: resource[name] for name in TOLD_BY if name in resource}
        if full_url is not None:
            self._full[full_url] = kept
        if kind == "Organization" or (kind == "Patient" and own_id(resource, "child") != named):
            self._by_id[f"{kind}/{named}"] = kept
        elif kind == "Patient":
            self._by_id.pop(f"{kind}/{named}", None)

    def resource(self, reference: Resource) -> Resource | None:
        """The resource that a reference leads to; None where it did not come."""
        said = text(reference, "reference")
        return self._full.get(said) or self._by_id.get(_local(said))

    def id_of(self, reference: Resource, kind: str) -> str:
        """The programme's code of whom a reference means; empty where nobody can say."""
        if found := self.resource(reference):
            return own_id(found, kind)
        said, named = text(reference, "reference"), part(reference, "identifier")
        if not said or said.startswith("#"):
            # Of a person only the programme's own code: another may be a national number.
            known = kind != "child" or named.get("system") == f"{OURS}:id:{kind}"
            return text(named, "value") if known else ""
        return _local(said).rpartition("/")[2]


def _local(reference: str) -> str:
    """`Patient/7` of an absolute address, with or without a version."""
    parts = reference.split("/_history/")[0].rsplit("/", 2)
    return "/".join(parts[-2:])
