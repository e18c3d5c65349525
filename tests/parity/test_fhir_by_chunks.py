"""FHIR read a few resources at a time is FHIR read at once: the same rows and refused rows, in the
same order and under the same numbers, wherever the readings of a day and a child's Patient stand."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from registry.checks.raw import RawOnDisk, Sizes
from registry.contract.errors import BadInput
from registry.fhir.source import fhir_tables
from registry.store.store import Store
from tests.parity.test_import_by_chunks import both, one_key
from tests.support.fhir_samples import (
    organizations,
    patient,
    quantity,
    reading,
    write_bundle,
    write_ndjson,
)

__all__ = ["one_key"]
CHILDREN = [f"C{at}" for at in range(9)]
OURS = "urn:sanket:fhir:id:child"
READINGS = (
    ("29463-7", [7.3, 7.3, 7.4, 73], "kg"),
    ("29463-7", [1.1], "[stone_av]"),
    ("8302-2", [70, 71.5], "cm"),
    ("8306-3", [700, 715], "mm"),
    ("56072-2", [121, 108], "mm"),
    ("8339-4", [2400, 2400, 2500], "g"),
    ("8339-4", [5], "lb"),
    ("1234-5", [1], "kg"),
)


def patients(draw: random.Random) -> list[dict[str, Any]]:
    """Children: some with a code of their own beside the id, some twice, one dead."""
    found = [
        patient(
            child,
            birthDate=draw.choice(["2024-09-02", "2024-09", "2024"]),
            **(
                {"identifier": [{"system": OURS, "value": f"code-{child}"}]}
                if draw.random() < 0.4
                else {}
            ),
        )
        for child in CHILDREN
    ]
    again = [dict(draw.choice(found)) for _ in range(3)]
    again[0] |= {"deceasedDateTime": "2026-03-10"}
    again[1] = {name: one for name, one in again[1].items() if name != "identifier"}
    return draw.sample(found + again, len(found) + len(again))


def observations(draw: random.Random, many: int = 120) -> list[dict[str, Any]]:
    """Readings of few days, so that many are of one: repeats, conflicts, other units and codes."""
    found = []
    for _ in range(many):
        code, values, unit = draw.choice(READINGS)
        child = draw.choice([*CHILDREN, "stranger"])
        more: dict[str, Any] = {"subject": {"reference": f"Patient/{child}"}}
        if draw.random() < 0.1:
            more["subject"] = {"identifier": {"system": OURS, "value": f"code-{child}"}}
        if draw.random() < 0.3:
            more["meta"] = {"source": draw.choice(["app", "register"])}
        if draw.random() < 0.3:
            more["issued"] = draw.choice(["2026-03-05T00:00:00Z", "2026-03-09T20:00:00Z"])
        if draw.random() < 0.1:
            more["status"] = draw.choice(["entered-in-error", "registered"])
        if draw.random() < 0.1:
            coded = {"coding": [{"system": "http://loinc.org", "code": "56072-2"}]}
            more["component"] = [{"code": coded, "valueQuantity": quantity(12.1, "cm")}]
        day = draw.choice(["2026-03-02", "2026-03-02T20:00:00Z", "2026-03-03", "2026-13-01"])
        found.append(reading(code, draw.choice(values), unit, day, **more))
    return found


def stays(draw: random.Random) -> list[dict[str, Any]]:
    system = "urn:sanket:fhir:programme"
    return [
        {
            "resourceType": "EpisodeOfCare",
            "id": f"E{draw.randrange(20)}",
            "type": [{"coding": [{"system": system, "code": draw.choice(["NRC", "other"])}]}],
            "patient": {"reference": f"Patient/{draw.choice(CHILDREN)}"},
            "period": {"start": draw.choice(["2026-03-01", "2026-03-04"])},
        }
        for _ in range(25)
    ]


def in_files(draw: random.Random, folder: Path) -> None:
    """NDJSON in which readings stand before their children, a Bundle within it, and another kind."""
    folder.mkdir()
    people, read = patients(draw), observations(draw)
    within = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:7", "resource": patient("C77")},
            {"resource": reading("56072-2", 118, "mm", subject={"reference": "urn:uuid:7"})},
        ],
    }
    mixed = draw.sample([*people[5:], *read[:50], *stays(draw), {"resourceType": "Device"}], 50)
    write_ndjson(folder / "a.ndjson", *read[50:], within)
    write_ndjson(folder / "b.ndjson", *organizations(), *people[:5])
    write_ndjson(folder / "c.ndjson", *mixed)
    write_bundle(folder / "d.json", *read[:50], *people[5:])


def resources(seed: int, *, broken: str = ""):
    """A step: the resources of a seed imported twice; what the reports say, or the refusal."""

    def step(store: Store) -> object:
        folder = Path(str(store.url.database)).parents[1] / "in"
        if not folder.exists():
            in_files(random.Random(seed), folder)
            with (folder / "c.ndjson").open("a") as last:
                last.write(broken)
        try:
            first = store.import_source(folder, imported_on="2026-03-20")
        except BadInput as refusal:
            return refusal.code, refusal.message
        return first, store.import_source(folder, imported_on="2026-03-21")

    return step


@pytest.mark.parametrize("seed", range(3))
def test_resources_in_any_order(tmp_path, seed):
    both(tmp_path, [resources(seed)])


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3, 60))
def test_many_resources_in_any_order(tmp_path, seed):
    both(tmp_path, [resources(seed)])


def test_the_last_line_that_is_no_json(tmp_path):
    both(tmp_path, [resources(0, broken="{nonsense\n")])


def test_rows_are_left_on_disk_and_every_kind_of_refusal_is_there(tmp_path):
    in_files(random.Random(0), tmp_path / "in")
    files = sorted((tmp_path / "in").iterdir())
    raws, _, notes = fhir_tables(files, Sizes(10, 7, tmp_path))
    assert isinstance(raws["measurements"], RawOnDisk) and isinstance(raws["children"], RawOnDisk)
    assert {"REG028", "REG039", "REG040", "REG041"} <= set(counts(raws["measurements"]))
    assert {"REG028", "REG041", "REG050"} <= set(counts(raws["children"]))
    whole, _, said = fhir_tables(files)
    assert notes == said
    for name, raw in whole.items():
        told = [chunk.to_pylist() for chunk in raws[name].chunks(10)]
        assert sum(told, []) == raw.data.to_pylist()
        if raw.refused is not None:
            assert raws[name].refused.cells.to_pylist() == raw.refused.cells.to_pylist()
    # Nothing but what was given stands beside the store's place: the files have no names.
    assert {path.name for path in tmp_path.iterdir()} == {"in"}


def counts(raw) -> dict[str, int]:
    return {} if raw.refused is None else raw.refused.counts()
