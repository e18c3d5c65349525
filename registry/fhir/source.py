"""A FHIR source (a Bundle, NDJSON, or a folder of them, with table files beside) as raw tables
under the contract's names."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from registry.checks.raw import ALL_AT_ONCE, Raw, Sizes
from registry.contract.errors import BadInput
from registry.fhir.fhir_codes import SYNTHETIC, TEST_DATA
from registry.fhir.observations import DayReadings
from registry.fhir.people import (
    centre_row,
    child_row,
    episode_row,
    has_left,
    is_centre,
    programme_of,
)
from registry.fhir.resources import (
    Directory,
    Resource,
    Resources,
    items,
    part,
    text,
)
from registry.fhir.rows import NotRead, TableRows

MADE_UP = {SYNTHETIC, TEST_DATA}
"""Tags of records that are no child's."""
READ = ("Organization", "Patient", "Observation", "EpisodeOfCare")
"""Types that are read; of the others a line says how many there were."""


Tables = tuple[dict[str, Raw], dict[str, str], tuple[str, ...]]
"""The raw tables, what the source says of itself, and a line for all that was not read."""


def fhir_tables(files: list[Path], sizes: Sizes = ALL_AT_ONCE) -> Tables:
    """The raw tables of these files.

    Tables are those of which a resource came; with children come measurements, be they none. Those
    of more rows than a chunk of `sizes` are left on disk. Raises BadInput REG001 (nothing for a
    table), REG003 (no JSON, no FHIR), REG004 (empty).
    """
    return tables_of(Resources(files), files[0].name, sizes)


def tables_of(resources: Resources, name: str = "", sizes: Sizes = ALL_AT_ONCE) -> Tables:
    """The same of resources from anywhere, which are read twice: whom references mean is known
    when all are."""
    directory, contents = Directory(), _Contents()
    for full_url, one in resources:
        directory.take(full_url, one)
        contents.take(one)
    if not contents.many:
        raise BadInput("REG004", f"{name} holds no resource: export it again")
    left_out = NotRead()
    tables = _tables(resources, directory, left_out, sizes)
    if not tables:
        held = ", ".join(sorted(kind[:60] for kind in contents.many))
        raise BadInput("REG001", f"{name} has no {', '.join(READ)} for us, but {held}")
    for kind, found in contents.many.items():
        if kind not in READ:
            left_out.counts[kind[:60]] += found
    facts = {"synthetic": "true"} if contents.is_synthetic else {}
    return {table.table: table.raw() for table in tables}, facts, left_out.lines()


class _Contents:
    """How many resources of each type a source holds, and whether one is tagged as made up: then
    the whole source is held to be."""

    def __init__(self) -> None:
        self.many: Counter[str] = Counter()
        self.is_synthetic = False

    def take(self, resource: Resource) -> None:
        """One resource more."""
        self.many[resource["resourceType"]] += 1
        tags = items(part(resource, "meta"), "tag")
        self.is_synthetic |= any(
            (text(tag, "system"), text(tag, "code")) in MADE_UP for tag in tags
        )


def _tables(
    resources: Resources, directory: Directory, left_out: NotRead, sizes: Sizes
) -> list[TableRows]:
    named = ("centres", "children", "measurements", "episodes")
    centres, children, measurements, episodes = (TableRows(name, sizes) for name in named)
    readings, seen = DayReadings(directory, left_out, sizes), Counter[str]()
    for _, one in resources:
        kind = one["resourceType"]
        seen[kind] += 1
        if kind == "Organization" and is_centre(one):
            centres.keep(centre_row(one, directory), seen[kind])
        elif kind == "Patient":
            row = child_row(one, directory)
            children.keep(row, seen[kind])
            if not row["left_on"] and has_left(one):
                left_out.add("leaving or death without its day (Patient): enter it in left_on")
        elif kind == "Observation":
            readings.take(one, seen[kind])
        elif kind == "EpisodeOfCare" and programme_of(one):
            episodes.keep(episode_row(one, directory), seen[kind])
        elif kind == "EpisodeOfCare":
            left_out.add("EpisodeOfCare of no programme of ours")
    readings.into(measurements)
    readings.birth_weights.into(children)
    came = [table for table in (centres, children, episodes) if not table.is_empty]
    # Children who were not measured yet are no source without its measurements.
    return [*came, measurements] if children in came or seen["Observation"] else came
