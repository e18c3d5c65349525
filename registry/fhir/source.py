"""A FHIR source (a Bundle, NDJSON, or a folder of them, with table files beside) as raw tables
under the contract's names."""

from __future__ import annotations

from pathlib import Path

from registry.checks.table import Raw
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
    Resources,
    items,
    part,
    read_resources,
    text,
)
from registry.fhir.rows import NotRead, TableRows

READ = ("Organization", "Patient", "Observation", "EpisodeOfCare")
"""Types that are read; of the others a line says how many there were."""


def fhir_tables(files: list[Path]) -> tuple[dict[str, Raw], dict[str, str], tuple[str, ...]]:
    """The raw tables of these files, what the source says of itself, and a line for all that was
    not read.

    Tables are those of which a resource came; with children come measurements, be they none.
    Raises BadInput REG001 (nothing for a table), REG003, REG004.
    """
    resources = read_resources(files)
    tables, facts, lines = tables_of(resources)
    if not tables:
        held = ", ".join(sorted(kind[:60] for kind in resources.by_type))
        raise BadInput("REG001", f"{files[0].name} has no {', '.join(READ)} for us, but {held}")
    return tables, facts, lines


def tables_of(resources: Resources) -> tuple[dict[str, Raw], dict[str, str], tuple[str, ...]]:
    """The same of resources in memory; no table where none of them is for us."""
    left_out = NotRead()
    tables = _tables(resources, left_out)
    for kind, found in resources.by_type.items():
        if kind not in READ:
            left_out.counts[kind[:60]] += len(found)
    facts = {"synthetic": "true"} if _is_synthetic(resources) else {}
    return {table.table: table.raw() for table in tables}, facts, left_out.lines()


def _tables(resources: Resources, left_out: NotRead) -> list[TableRows]:
    directory = Directory(resources)
    of = resources.by_type
    named = ("centres", "children", "measurements", "episodes")
    centres, children, measurements, episodes = (TableRows(name) for name in named)
    for at, one in enumerate(of.get("Organization", ()), 1):
        if is_centre(one):
            centres.keep(centre_row(one, directory), at)
    for at, one in enumerate(of.get("Patient", ()), 1):
        row = child_row(one, directory)
        children.keep(row, at)
        if not row["left_on"] and has_left(one):
            left_out.add("leaving or death without its day (Patient): enter it in left_on")
    readings = DayReadings(directory, left_out)
    for at, one in enumerate(of.get("Observation", ()), 1):
        readings.take(one, at)
    readings.into(measurements)
    _weigh_births(children, readings)
    for at, one in enumerate(of.get("EpisodeOfCare", ()), 1):
        if programme_of(one):
            episodes.keep(episode_row(one, directory), at)
        else:
            left_out.add("EpisodeOfCare of no programme of ours")
    came = [table for table in (centres, children, episodes) if table.rows or table.refused]
    # Children who were not measured yet are no source without its measurements.
    return [*came, measurements] if children in came or "Observation" in of else came


def _weigh_births(children: TableRows, readings: DayReadings) -> None:
    """Birth weights into their children's rows; those that cannot be read, differ, or are of a
    child whose Patient did not come are rows of their own, to be quarantined."""
    rows = {row["child_id"]: row for row in children.rows}
    for child, weights in readings.birth_weights.items():
        row = rows.get(child)
        for value in weights:
            said = {"child_id": child, "birth_weight_kg": value.cell}
            if value.code:
                children.refuse((row or {}) | said, value.number, value.code, value.column)
            elif row is None:
                children.refuse(said, value.number, "REG050", "child_id")
            elif row.setdefault("birth_weight_kg", value.cell) != value.cell:
                children.refuse(row | said, value.number, "REG041", "child_id")


def _is_synthetic(resources: Resources) -> bool:
    """Is a resource tagged as made up? Then the whole source is held to be."""
    tags = {SYNTHETIC, TEST_DATA}
    return any(
        (text(tag, "system"), text(tag, "code")) in tags
        for found in resources.by_type.values()
        for one in found
        for tag in items(part(one, "meta"), "tag")
    )
