"""What FHIR can carry comes back as it went: import(export(records)) are the records, with keys in
place of the children's ids. And every resource passes the models of `fhir.resources`."""

from __future__ import annotations

import copy
import datetime as dt
import math

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.checks.table import build, check, registry_of_checked
from registry.contract.days import day_number
from registry.contract.registry import Registry
from registry.fhir.resources import Resources
from registry.fhir.source import tables_of
from serving.book.scorebook import Run
from serving.fhir.stored_children import FhirSource, SeenAreas
from serving.language.words import words
from tests.support.fhir_samples import organizations, patient, reading
from tests.support.fhir_validation import faults_of
from tests.support.service_cases import row

AS_OF = dt.date(2026, 3, 14)
BORN = dt.date(2024, 1, 10)
RUN = Run(1, AS_OF, "", True, {}, {"synthetic": True})
LOST = {
    "centres": {"latitude", "longitude"},
    "children": {"family"},
    "measurements": {"reported_status"},
    "episodes": {"episode"},
}
"""Columns that FHIR resources do not carry (docs/fhir.md), and ids that become keys."""


def keyed(text: str) -> str:
    return orjson.dumps(text).hex()[:60]


days = st.integers(60, 700).map(lambda age: BORN + dt.timedelta(age))
maybe = st.one_of


def tenths(low: int, high: int):
    return st.integers(low, high).map(lambda number: number / 10)


def later(day: dt.date, more: int | None) -> str | None:
    return None if more is None else (day + dt.timedelta(more)).isoformat()


@st.composite
def measurements(draw, child: str):
    day = draw(days)
    taken = {
        "weight_kg": draw(
            maybe(st.none(), tenths(20, 250), st.integers(2000, 20000).map(lambda g: g / 1000))
        ),
        "height_cm": draw(maybe(st.none(), tenths(450, 1200))),
        "muac_mm": draw(maybe(st.none(), st.integers(90, 180).map(float))),
        "oedema": draw(maybe(st.none(), st.integers(0, 3).map(float))),
    }
    if all(value is None for value in taken.values()):
        taken["muac_mm"] = 121.0
    position = draw(st.sampled_from([None, "lying", "standing"])) if taken["height_cm"] else None
    return taken | {
        "child_id": child,
        "measured_on": day.isoformat(),
        "height_position": position,
        "source": draw(st.sampled_from(["a", "b"])),
        "recorded_on": later(day, draw(maybe(st.none(), st.integers(1, 20)))),
    }


@st.composite
def stays(draw, child: str, number: int):
    day = draw(days)
    closed = draw(maybe(st.none(), st.integers(1, 60)))
    ends = {
        "closed_on": later(day, closed),
        "outcome": draw(st.sampled_from(["cured", "defaulted", "transferred"])) if closed else None,
        "transfer_reason": draw(st.sampled_from([None, "no_gain", "moved"])) if closed else None,
    }
    return ends | {
        "episode_id": f"E {child}/{number}",
        "child_id": child,
        "programme": draw(st.sampled_from(["UCDC", "VCDC", "NRC", "CTC"])),
        "admitted_on": day.isoformat(),
        "appetite_test": draw(st.sampled_from([None, "pass", "fail", "not_done"])),
        "complications": draw(st.sampled_from([None, "true", "false"])),
        "recorded_on": later(day, draw(maybe(st.none(), st.integers(1, 70)))),
    }


@st.composite
def children(draw, child: str):
    left = draw(maybe(st.none(), st.integers(720, 780)))
    return {
        "child_id": child,
        "sex": draw(st.sampled_from(["F", "M"])),
        "birth_date": BORN.isoformat(),
        "birth_date_uncertain_days": draw(maybe(st.none(), st.integers(0, 60))),
        "centre_id": draw(st.sampled_from(["A 1/ü", "A2"])),
        "birth_weight_kg": draw(maybe(st.none(), tenths(10, 45))),
        "registered_on": later(BORN, draw(maybe(st.none(), st.integers(0, 90)))),
        "left_on": later(BORN, left),
        "left_reason": draw(st.sampled_from([None, "moved", "died", "other"])) if left else None,
        "recorded_on": later(BORN, draw(maybe(st.none(), st.integers(1, 60)))),
    }


@st.composite
def registries(draw):
    ids = [f"C-{number}" for number in range(draw(st.integers(1, 3)))]
    centres = [
        {
            "centre_id": name,
            "name": title,
            "sector_id": sector,
            "project_id": "P1",
            "district_id": "D:1",
            "setting": setting,
            "recorded_on": day,
        }
        for name, title, sector, setting, day in (
            ("A 1/ü", "शिवाजी नगर", "S1", "urban", None),
            ("A2", None, "S 2", "tribal", "2024-01-15"),
        )
    ]
    measured = [one for child in ids for one in draw(st.lists(measurements(child), max_size=5))]
    treated = [
        draw(stays(child, number)) for child in ids for number in range(draw(st.integers(0, 2)))
    ]
    tables = {
        "centres": centres,
        "children": [draw(children(child)) for child in ids],
        "measurements": measured,
        "episodes": treated,
    }
    return {name: columns(rows) for name, rows in tables.items() if rows}


def columns(rows: list[dict]) -> dict[str, list]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def told(registry: Registry, *, named) -> dict[str, list]:
    """Every row of a registry as texts and numbers that do not depend on positions."""
    texts = {
        "child": [named(str(child)) for child in registry.child_ids],
        **{
            kind: [str(one) for one in getattr(registry, f"{kind}_ids")]
            for kind in ("centre", "sector", "project", "district")
        },
    }
    return {
        name: sorted(
            (
                {
                    column: texts[column][value] if column in texts and value >= 0 else plain(value)
                    for column, value in zip(table, values, strict=True)
                    if column not in LOST[name]
                }
                for table in [registry.table(name)]
                for values in zip(*table.values(), strict=True)
            ),
            key=repr,
        )
        for name in LOST
    }


def plain(value) -> object:
    number = float(value)
    return None if math.isnan(number) else number


def exported(registry: Registry) -> list[dict]:
    source = FhirSource("", RUN, keyed, words("en"))
    found = source.children_of(registry, [row(str(child)) for child in registry.child_ids])
    resources = [one for child in found for one in child.resources]
    return orjson.loads(orjson.dumps([*SeenAreas().new(found), *resources]))


@settings(max_examples=20, deadline=None)
@given(registries())
def test_what_was_exported_is_imported_as_it_was(tables):
    registry, _ = build(tables, imported_on="2026-03-14")
    sent = exported(registry)
    assert b"C-" not in orjson.dumps(sent)
    assert [fault for one in sent for fault in faults_of(one)] == []
    raws, facts, _ = tables_of(Resources(documents=sent))
    checked = check(raws, imported_on=day_number("2026-03-14"))
    assert facts == {"synthetic": "true"}
    if len(registry.children["child"]):
        assert not len(checked.quarantine), checked.quarantine.rows
    there, back = registry_of_checked(checked), registry
    ours, theirs = told(back, named=keyed), told(there, named=str)
    # A centre without a child of the list is not told of.
    used = {one["centre"] for one in ours["children"]}
    ours["centres"] = [one for one in ours["centres"] if one["centre"] in used]
    assert theirs == ours


JUNK = (
    None, True, -1, 1e308, "", "\x00", "2026-13-45", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
    [], {}, [None], [[]], "#x", "NaN", "2026-03-02T25:00:00Z",
)  # fmt: skip
BASE = [
    *organizations(),
    patient(deceasedDateTime="2026-03-10", identifier=[{"system": "a", "value": "b"}]),
    reading("29463-7", 7.3, "kg", issued="2026-03-03T00:00:00Z"),
    reading("8306-3", 74, "cm"),
    reading("8339-4", 2400, "g"),
]


def places(part, path=()):
    """The paths of every element under a document, but for its type."""
    inside = part.items() if isinstance(part, dict) else enumerate(part)
    for name, one in inside:
        if name != "resourceType":
            yield (*path, name)
            if isinstance(one, dict | list):
                yield from places(one, (*path, name))


ELEMENTS = [path for path in places(BASE) if len(path) > 1]
"""Not the resources themselves: a source with one that is none is refused whole."""


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ELEMENTS), st.sampled_from(JUNK)), max_size=3))
def test_whatever_stands_in_an_element_every_row_is_kept_or_quarantined(changes):
    sent = copy.deepcopy(BASE)
    for path, junk in changes:
        within = sent
        for name in path[:-1]:
            within = within[name] if _has(within, name) else None
        if _has(within, path[-1]):
            within[path[-1]] = junk
    raws, _, _ = tables_of(Resources(documents=sent))
    checked = check(raws, imported_on=day_number("2026-03-14"))
    counts = checked.quarantine.counts()
    assert all(one["rows"] == one["kept"] + one["quarantined"] for one in counts.values())
    observed = sum(one["resourceType"] == "Observation" for one in sent)
    assert counts["measurements"]["rows"] <= observed


def _has(part, name) -> bool:
    known = isinstance(part, dict) and name in part
    return known or (isinstance(part, list) and isinstance(name, int) and name < len(part))
