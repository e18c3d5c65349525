"""What was found of one child, each finding with its day, and how far it has come towards its
discharge: in words, from the pathway's facts.

For the child's page and the referral slip.
"""

from __future__ import annotations

import datetime as dt
import math
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from care.pathway import facts as care_facts
from care.pathway.decide import findings
from care.pathway.gain_shown import gain_of
from care.pathway.history import LAST_CENTRE
from care.pathway.towards_discharge import MET, NOT_MET, TowardsDischarge, towards_discharge
from care.protocol import Protocol, standard
from features.clock import Clock, Known, Ragged
from features.criteria import criteria
from features.trajectory.points import growth_points
from registry.contract.codes import AppetiteTest
from registry.contract.errors import SanketError
from registry.contract.registry import NEVER, Registry, day_date, day_number
from serving.answering.child_growth import registry_of_child
from serving.language.arm import arm_cm
from serving.language.reason_wording import known as is_known
from serving.language.words import Words

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Standing:
    """Of one child: `findings`, one sentence each, what stands of SAM first; `discharge`, of an
    open stay at the centre: how many visits are met, then what the last one had and lacked."""

    findings: tuple[str, ...] = ()
    discharge: tuple[str, ...] = ()


def standing(
    known: Known, points: Ragged, protocol: Protocol, words: Words, *, told: Facts
) -> Standing:
    """Of the only question of a view. `told`: the child's facts as the score book keeps them, for
    the last WHZ."""
    facts = care_facts.rows_of(known, points, protocol)[0]
    stay = towards_discharge(known, points, protocol)
    return Standing(
        (
            *_of_sam(facts, words),
            *_measured(facts, told, words, judged=bool(np.isfinite(points["whz"]).any())),
            *_checked(facts, words),
            *_gained(points, facts, protocol, words),
        ),
        tuple(_discharge(stay, protocol, words)) if stay else (),
    )


def standing_of(
    store_address: str | None,
    child_id: str,
    as_of: dt.date,
    words: Words,
    *,
    told: Mapping[str, Any],
) -> Standing:
    """What was found of a child; empty where the registry is not at
    hand."""
    registry = records_of(store_address, child_id)
    if registry is None:
        return Standing()
    known = known_of(registry, child_id, as_of)
    return standing(known, growth_points(known), standard(), words, told=told)


def records_of(store_address: str | None, child_id: str) -> Registry | None:
    """The child's records; None where they cannot be read or there are none."""
    if not store_address:
        return None
    try:
        registry = registry_of_child(store_address, child_id)
    except (SanketError, SQLAlchemyError, sqlite3.Error, OSError):
        return None
    return registry if (registry.child_ids == child_id).any() else None


def known_of(registry: Registry, child_id: str, as_of: dt.date) -> Known:
    """What was known of the child by the end of a day."""
    found = np.flatnonzero(registry.child_ids == child_id)[:1].astype(np.int32)
    return Clock(registry).known_by(found, np.array([day_number(as_of)], np.int32))


def _on(day: float, words: Words) -> str:
    return words.day(day_date(int(day)), short=True)


def _known_day(facts: Facts, name: str) -> bool:
    return int(facts[name]) != NEVER


def _of_sam(facts: Facts, words: Words) -> Iterator[str]:
    """The findings of SAM that stand, the newest first; of each whether the child was measured
    since and that was not asked again."""
    found = sorted(findings(facts), key=lambda one: str(one["measured_on"]), reverse=True)
    for one in found:
        unasked = one["measured_on"] != day_date(int(facts["measured_on"]))
        yield words.say(
            "standing",
            "sam_unasked" if unasked else "sam",
            what=_of_criterion(one, words),
            date=words.day(one["measured_on"], short=True),  # type: ignore[arg-type]
        )
    if _known_day(facts, "arm_unasked_on"):
        arm = words.say("ui", "muac_line", cm=arm_cm(facts["open_arm_mm"]))
        day = _on(facts["arm_unasked_on"], words)
        yield words.say("standing", "before_cure", what=arm, date=day)


def _of_criterion(found: Facts, words: Words) -> str:
    value = found["value"]
    if found["criterion"] == "whz":
        return f"WHZ {words.z(value)}"
    if found["criterion"] == "muac_mm":
        return words.say("ui", "muac_line", cm=arm_cm(value))
    if found["criterion"] == "oedema":
        return words("ui", "oedema_found")
    return words.say("ui", "measurement_line", kg=words.kilograms(value))


def _measured(facts: Facts, told: Facts, words: Words, *, judged: bool) -> Iterator[str]:
    """The last readings that are not told as findings of SAM already; `judged`: whether any WHZ
    ever could be."""

    def seen(what: str, on: float) -> str:
        return words.say("standing", "seen", what=what, date=_on(on, words))

    if is_known(told.get("whz")) and not _known_day(facts, "open_whz_on"):
        day = words.day(told["whz_on"], short=True)
        yield words.say("standing", "seen", what=f"WHZ {words.z(told['whz'])}", date=day)
    elif not judged and facts["age_days"] <= criteria().last_day:
        yield words("standing", "whz_none")
    if not math.isnan(facts["waz"]):
        kg, z = words.kilograms(facts["weight_kg"]), words.z(facts["waz"])
        yield seen(words.say("standing", "weight", kg=kg, z=z), facts["weighed_on"])
    if not _known_day(facts, "arm_on"):
        if facts["age_days"] >= criteria().muac_from_days:
            yield words("ui", "arm_none")
    elif facts["arm_on"] not in (facts["open_arm_on"], facts["arm_unasked_on"]):
        yield seen(words.say("ui", "muac_line", cm=arm_cm(facts["arm_mm"])), facts["arm_on"])
    if facts["oedema_grade"] < 0:
        yield words("standing", "feet_none")
    elif facts["oedema_grade"] == 0 and _known_day(facts, "oedema_seen_on"):
        yield seen(words("standing", "feet_clear"), facts["oedema_seen_on"])
    for code, since, key in (("mam", "mam_since", "mam"), ("suw", "suw_since", "underweight")):
        if facts[code] == 1 and _known_day(facts, since):
            yield words.say("standing", key, date=_on(facts[since], words))


def _checked(facts: Facts, words: Words) -> Iterator[str]:
    """Illness and poor appetite that stand, the newest test, and the gain in treatment."""
    for code, on in (("ill", "ill_on"), ("poor_appetite", "poor_on")):
        if facts[code] == 1 and _known_day(facts, on):
            yield words.say("standing", code, date=_on(facts[on], words))
    tests = {int(AppetiteTest.PASS): "test_pass", int(AppetiteTest.FAIL): "test_fail"}
    test = tests.get(int(facts["appetite_test"]))
    if test and _known_day(facts, "tested_on"):
        yield words.say("standing", test, date=_on(facts["tested_on"], words))
    if not _known_day(facts, "checked_on"):
        yield words("standing", "check_none")


def _gained(points: Ragged, facts: Facts, protocol: Protocol, words: Words) -> Iterator[str]:
    """The gain in treatment over the weeks that the rules look at: its two weights and days, what
    they make, and what the line through all weights makes, where that is another figure."""
    if not 0 <= facts["programme"] <= LAST_CENTRE or math.isnan(facts["rate_g_kg_day"]):
        return
    gain = gain_of(points, int(facts["admitted_on"]), int(protocol["rate_over_days"]))
    if gain is None:
        return
    plain = words.number(gain.rate_g_kg_day, 1)
    yield words.say(
        "standing",
        "rate",
        first=words.kilograms(gain.first_kg),
        first_on=_on(gain.first_on, words),
        kg=words.kilograms(gain.last_kg),
        on=_on(gain.last_on, words),
        days=gain.last_on - gain.first_on,
        rate=plain,
    )
    line = words.number(facts["rate_g_kg_day"], 1)
    if line != plain:
        yield words.say("standing", "rate_of_line", n=gain.weights, rate=line)


def _discharge(stay: TowardsDischarge, protocol: Protocol, words: Words) -> Iterator[str]:
    apart = stay.apart_days
    yield words.say("discharge", "met", met=stay.met, needed=stay.needed, apart=apart)
    if not stay.criteria:
        yield words("discharge", "none_yet")
        return
    limits = {
        "whz": words.number(protocol["exit_whz"]),
        "arm": arm_cm(protocol["exit_muac_mm"]),
        "feet": "",
    }
    said = "; ".join(
        words.say(
            "discharge",
            {MET: "yes", NOT_MET: "no"}.get(says, "unmeasured"),
            what=words.say("discharge", name, limit=limits[name]),
        )
        for name, says in stay.criteria.items()
    )
    yield f"{words.say('discharge', 'last', date=_on(stay.asked_on, words))} {said}"
    if stay.too_soon:
        yield words.say("discharge", "too_soon", apart=apart, date=_on(stay.counted_on, words))
