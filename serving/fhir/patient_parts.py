"""A stored child's Patient and EpisodeOfCare, and the Organizations of its centre and areas. No
name, no address and none of the programme's own codes of the child."""

from __future__ import annotations

from collections.abc import Callable

from features.clock import Known
from registry.contract.arrays import AnyArray
from registry.contract.codes import (
    AppetiteTest,
    Code,
    LeftReason,
    Programme,
    Setting,
    Sex,
    StayOutcome,
    TransferReason,
)
from registry.contract.registry import Registry
from registry.contract.versions import EVER
from registry.fhir.fhir_codes import AREA_LEVELS, GENDERS, IDS, LEVELS, PROGRAMMES
from serving.fhir.fhir_parts import (
    Resource,
    area_id,
    concept,
    day_or_none,
    extension,
    filled,
    known,
    meta,
    reference,
)

_GENDER_OF = {sex: gender for gender, sex in GENDERS.items()}


def code_or_none(codes: type[Code], number: AnyArray | int) -> str | None:
    """The text of a code; None where it is missing."""
    return codes.text_of(int(number)) if int(number) >= 0 else None


def later(known_from: AnyArray | int, own_day: AnyArray | int) -> str | None:
    """The day on which a row was known, where that is not its own."""
    return day_or_none(known_from) if int(known_from) != int(own_day) else None


def patient(registry: Registry, view: Known, key: str, *, synthetic: bool) -> Resource:
    """The Patient of a view of one child."""
    child = {name: view.children[name][0] for name in view.children}
    left = day_or_none(child["left_on"])
    why_left = code_or_none(LeftReason, child["left_reason"])
    died = left is not None and why_left == LeftReason.DIED.text
    centre = int(child["centre"])
    sex = code_or_none(Sex, child["sex"])
    return filled(
        {
            "resourceType": "Patient",
            "id": key,
            "meta": meta(synthetic=synthetic),
            "extension": [
                *extension(
                    "birth-date-uncertain-days",
                    "Integer",
                    known(child["birth_date_uncertain_days"]),
                ),
                *extension("registered-on", "Date", day_or_none(child["registered_on"])),
                *extension("left-on", "Date", None if died else left),
                *extension("left-reason", "Code", None if died else why_left),
                *extension("recorded-on", "Date", later(child["known_from"], child["birth_date"])),
            ],
            "identifier": [{"system": IDS["child"], "value": key}],
            "active": left is None,
            "gender": _GENDER_OF[sex] if sex else "unknown",
            "birthDate": day_or_none(child["birth_date"]),
            "deceasedDateTime": left if died else None,
            "managingOrganization": _centre_reference(registry, centre),
        }
    )


def _centre_reference(registry: Registry, centre: int) -> Resource:
    if centre < 0:
        return {}
    code = str(registry.centre_ids[centre])
    named = {"identifier": {"system": IDS["centre"], "value": code}}
    return reference("Organization", area_id("centre", code)) | named


def episodes(
    view: Known, registry: Registry, key: str, keyed: Callable[[str], str], *, synthetic: bool
) -> list[Resource]:
    """The stays of a view of one child. Their ids are keyed too: a programme's own often holds the
    child's."""
    rows = view.episodes.rows
    made = []
    for i in range(rows.rows):
        row = {name: rows[name][i] for name in rows}
        closed = day_or_none(row["closed_on"])
        complications = known(row["complications"])
        period = {"start": day_or_none(row["admitted_on"]), "end": closed}
        programme = Programme.text_of(int(row["programme"]))
        told = (
            *extension("appetite-test", "Code", code_or_none(AppetiteTest, row["appetite_test"])),
            *extension(
                "complications", "Boolean", None if complications is None else bool(complications)
            ),
            *extension("outcome", "Code", code_or_none(StayOutcome, row["outcome"])),
            *extension(
                "transfer-reason", "Code", code_or_none(TransferReason, row["transfer_reason"])
            ),
            *extension("recorded-on", "Date", later(row["known_from"], row["admitted_on"])),
        )
        made.append(
            filled(
                {
                    "resourceType": "EpisodeOfCare",
                    "id": keyed(f"episode {registry.episode_ids[int(row['episode'])]}"),
                    "meta": meta(synthetic=synthetic),
                    "extension": list(told),
                    "status": "active" if closed is None else "finished",
                    "type": [concept(PROGRAMMES, programme)],
                    "patient": reference("Patient", key),
                    "period": filled(period),
                }
            )
        )
    return made


def organizations(registry: Registry, centre: int, day: int, *, synthetic: bool) -> list[Resource]:
    """A centre as known by a day, and the sector, project and district that it is part of."""
    rows = registry.centres
    of = (rows["centre"] == centre) & (rows["known_from"] <= day) & (day < rows["known_until"])
    found = of.nonzero()[0]
    if not len(found):
        return []
    at = int(found[-1])
    codes = {
        level: str(getattr(registry, f"{level}_ids")[int(rows[level][at])]) for level in LEVELS
    }
    names = registry.facts.get("centre_names")
    name = names.get(codes["centre"]) if isinstance(names, dict) else None
    told = [
        *extension("setting", "Code", code_or_none(Setting, rows["setting"][at])),
        *extension("recorded-on", "Date", later(rows["known_from"][at], int(EVER))),
    ]
    made = []
    for place, level in enumerate(LEVELS):
        above = LEVELS[place + 1] if place + 1 < len(LEVELS) else None
        made.append(
            filled(
                {
                    "resourceType": "Organization",
                    "id": area_id(level, codes[level]),
                    "meta": meta(synthetic=synthetic),
                    "extension": told if not place else [],
                    "identifier": [{"system": IDS[level], "value": codes[level]}],
                    "type": [concept(AREA_LEVELS, level)],
                    "name": name if not place else None,
                    "partOf": reference("Organization", area_id(above, codes[above]))
                    if above
                    else None,
                }
            )
        )
    return made
