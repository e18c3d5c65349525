"""Patients, their centres and their stays: Patient to `children`, Organization to `centres`,
EpisodeOfCare to `episodes`. Names, addresses and telecoms are looked at nowhere."""

from __future__ import annotations

import calendar
import datetime as dt
import re

from registry.fhir.fhir_codes import AREA_LEVELS, EXTENSIONS, GENDERS, LEVELS, PROGRAMMES
from registry.fhir.resources import (
    Directory,
    Resource,
    codes_of,
    day_text,
    extension_text,
    items,
    own_id,
    part,
    text,
)
from registry.fhir.rows import Row

_PART_OF_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?")


def child_row(patient: Resource, directory: Directory) -> Row:
    """A Patient as a row of `children`. A death is a leaving; a birth date without its day is the
    middle of the days that it can be, with its uncertainty."""
    gender = text(patient, "gender")
    died = day_text(text(patient, "deceasedDateTime"))
    said = {name: extension_text(patient, url) for name, url in EXTENSIONS.items()}
    return {
        "child_id": own_id(patient, "child"),
        "sex": GENDERS.get(gender, gender),
        "centre_id": directory.id_of(part(patient, "managingOrganization"), "centre"),
        **_born(text(patient, "birthDate"), said["birth-date-uncertain-days"]),
        "registered_on": said["registered-on"],
        "left_on": said["left-on"] or died,
        "left_reason": said["left-reason"] or ("died" if died else ""),
        "recorded_on": said["recorded-on"],
    }


def _born(said: str, uncertain: str) -> Row:
    found = _PART_OF_DATE.fullmatch(said)
    try:
        year, month = (int(part or 0) for part in found.groups()) if found else (0, 0)
        first = dt.date(year, month or 1, 1)
        last = dt.date(year, month or 12, calendar.monthrange(year, month or 12)[1])
    except (ValueError, calendar.IllegalMonthError):
        return {"birth_date": day_text(said), "birth_date_uncertain_days": uncertain}
    days = (last - first).days
    return {
        "birth_date": (first + dt.timedelta(days // 2)).isoformat(),
        "birth_date_uncertain_days": str(days - days // 2),
    }


def has_left(patient: Resource) -> bool:
    """Does a Patient say that the child died or is no longer in care, be it without a day?"""
    return patient.get("deceasedBoolean") is True or patient.get("active") is False


def is_centre(organization: Resource) -> bool:
    """Is this Organization a centre, by our types, or none of our areas by them?"""
    levels = _levels(organization)
    return not levels or "centre" in levels


def _levels(organization: Resource) -> list[str]:
    return [code for one in items(organization, "type") for code in codes_of(one, AREA_LEVELS)]


def centre_row(organization: Resource, directory: Directory) -> Row:
    """An Organization as a row of `centres`: the areas are those that it is part of, by their
    level, or where they have none in their order."""
    row = {
        "centre_id": own_id(organization, "centre"),
        "name": text(organization, "name"),
        "setting": extension_text(organization, EXTENSIONS["setting"]),
        "recorded_on": extension_text(organization, EXTENSIONS["recorded-on"]),
    }
    within, place = part(organization, "partOf"), 0
    while within and place < len(LEVELS) - 1:
        place += 1
        area = directory.resource(within)
        level = next((one for one in _levels(area or {}) if one in LEVELS), LEVELS[place])
        row[f"{level}_id"] = directory.id_of(within, level)
        within = part(area or {}, "partOf")
    return row


def programme_of(episode: Resource) -> str:
    """The programme of an EpisodeOfCare; empty for care of another kind."""
    return next(
        (code for one in items(episode, "type") for code in codes_of(one, PROGRAMMES)),
        "",
    )


def episode_row(episode: Resource, directory: Directory) -> Row:
    """An EpisodeOfCare of a programme as a row of `episodes`."""
    period = part(episode, "period")
    said = {name: extension_text(episode, url) for name, url in EXTENSIONS.items()}
    return {
        "episode_id": text(episode, "id"),
        "child_id": directory.id_of(part(episode, "patient"), "child"),
        "programme": programme_of(episode),
        "admitted_on": day_text(text(period, "start")),
        "closed_on": day_text(text(period, "end")),
        "appetite_test": said["appetite-test"],
        "complications": said["complications"],
        "outcome": said["outcome"],
        "transfer_reason": said["transfer-reason"],
        "recorded_on": said["recorded-on"],
    }
