"""The care protocol: one versioned file of values, each with its source and whether that source was
seen."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from care.money import BudgetPlan, paise, share
from registry.contract.days import LAST_DAY_UNDER_FIVE
from registry.contract.errors import BadInput, SanketError, UsageError

TomlTable = dict[str, Any]
"""A table of a TOML file, before it is checked."""

PROTOCOL_FILE = Path(__file__).with_name("protocol.toml")

WHOLE, REAL = int, float
BOUNDS: dict[str, tuple[type, float, float]] = {
    "screen_every_days": (WHOLE, 1, 366),
    "finding_holds_days": (WHOLE, 7, 366),
    "illness_holds_days": (WHOLE, 1, 92),
    "same_day": (WHOLE, 0, 3),
    "remeasure_within_days": (WHOLE, 0, 92),
    "ask_birth_date_within_days": (WHOLE, 0, 92),
    "examine_within_days": (WHOLE, 0, 31),
    "test_appetite_within_days": (WHOLE, 0, 31),
    "admit_within_days": (WHOLE, 0, 31),
    "refer_within_days": (WHOLE, 0, 31),
    "nrc_under_days": (WHOLE, 0, 366),
    "oedema_to_nrc_from_grade": (WHOLE, 1, 3),
    "facility_under_kg": (REAL, 2, 6),
    "infant_arm_mm": (REAL, 90, 125),
    "infant_arm_from_days": (WHOLE, 0, 183),
    "infant_birth_weight_kg": (REAL, 1, 3),
    "infant_waz": (REAL, -4, 0),
    "infant_weigh_every_days": (WHOLE, 1, 31),
    "older_arm_mm": (REAL, 100, 150),
    "older_bmi": (REAL, 9, 15),
    "older_loss_share": (REAL, 0.01, 0.5),
    "weight_falls_share": (REAL, 0.01, 0.5),
    "mam_high_risk_arm_mm": (REAL, 115, 125),
    "mam_high_risk_under_days": (WHOLE, 183, LAST_DAY_UNDER_FIVE + 1),
    "mam_failing_days": (WHOLE, 14, 366),
    "mam_high_risk_every_days": (WHOLE, 1, 62),
    "programme_until_days": (WHOLE, LAST_DAY_UNDER_FIVE, 2557),
    "weigh_every_days": (WHOLE, 1, 31),
    "measure_height_every_days": (WHOLE, 1, 92),
    "check_every_days": (WHOLE, 1, 31),
    "no_gain_days": (WHOLE, 1, 84),
    "no_gain_kg": (REAL, 0, 1),
    "weight_loss_share": (REAL, 0.01, 0.5),
    "scale_precision_kg": (REAL, 0.005, 0.5),
    "rate_over_days": (WHOLE, 7, 62),
    "failing_after_days": (WHOLE, 7, 84),
    "slow_gain_g_kg_day": (REAL, 0, 10),
    "vcdc_check_every_days": (WHOLE, 1, 31),
    "vcdc_review_every_days": (WHOLE, 1, 62),
    "missed_weighings_days": (WHOLE, 1, 62),
    "usual_stay_days": (WHOLE, 1, 183),
    "longest_stay_days": (WHOLE, 1, 366),
    "review_within_days": (WHOLE, 0, 31),
    "nrc_review_days": (WHOLE, 1, 92),
    "nrc_longest_days": (WHOLE, 7, 183),
    "exit_whz": (REAL, -3, 0),
    "exit_muac_mm": (REAL, 115, 150),
    "exit_visits": (WHOLE, 1, 6),
    "exit_visits_apart_days": (WHOLE, 0, 31),
    "discharge_within_days": (WHOLE, 0, 31),
    "step_down_within_days": (WHOLE, 0, 31),
    "follow_up_days": (WHOLE, 0, 730),
    "follow_up_every_days": (WHOLE, 1, 92),
    "bring_back_within_days": (WHOLE, 0, 31),
    "arrival_within_days": (WHOLE, 0, 31),
    "sachet_grams": (REAL, 1, 1000),
    "fewest_sachets": (REAL, 0, 10),
    "most_sachets": (REAL, 0, 10),
    "sphere_cured_above": (REAL, 0, 1),
    "sphere_defaulted_below": (REAL, 0, 1),
    "sphere_died_below": (REAL, 0, 1),
    "smallest_cell": (WHOLE, 1, 100),
}
"""Every value that a protocol file must give: whole or real, and the least and greatest that make
sense."""

NOT_ABOVE = (
    ("usual_stay_days", "longest_stay_days"),
    ("weigh_every_days", "missed_weighings_days"),
    ("no_gain_days", "longest_stay_days"),
    ("no_gain_days", "rate_over_days"),
    ("examine_within_days", "finding_holds_days"),
    ("screen_every_days", "finding_holds_days"),
    ("fewest_sachets", "most_sachets"),
)
"""Pairs of values of which the first may not exceed the second."""

PLAN_KEYS = {
    "source",
    "verified",
    "children",
    "days",
    "sachet_price",
    "intensive_share",
    "pay_per_child_day",
    "projects",
    "administration_per_project",
    "contingency_per_project",
    "rounds",
}


@dataclass(frozen=True)
class Value:
    """One number of the protocol, where it comes from, and whether that text was seen."""

    value: float
    source: str
    verified: bool


@dataclass(frozen=True)
class Protocol(Mapping[str, float]):
    """The values by name (`protocol["no_gain_days"]`), and `cited` for the same with their
    sources."""

    name: str
    version: str
    cited: dict[str, Value]
    plans: dict[str, BudgetPlan]

    def __getitem__(self, name: str) -> float:
        return self.numbers[name]

    @cached_property
    def numbers(self) -> dict[str, float]:
        """The values by name, without their sources."""
        return {name: cited.value for name, cited in self.cited.items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self.cited)

    def __len__(self) -> int:
        return len(self.cited)

    def plan(self, name: str) -> BudgetPlan:
        """A budget plan by name; an unknown one is a usage error that lists those there are."""
        if name not in self.plans:
            raise UsageError(
                "CARE013", f"there is no plan {name!r}; there are: {', '.join(sorted(self.plans))}."
            )
        return self.plans[name]


@cache
def standard() -> Protocol:
    """The protocol that comes with Sanket: the Government Resolution of 5 March 2024."""
    return load(PROTOCOL_FILE)


def load(path: Path | str) -> Protocol:
    """A protocol file, checked as a whole: a wrong one raises BadInput CARE001 with all its faults
    at once."""
    try:
        document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(
            "CARE002", f"the protocol {Path(path).name} cannot be read: {error}"
        ) from None
    faults = faults_of(document)
    if faults:
        raise BadInput(
            "CARE001",
            "\n  ".join([f"the protocol {Path(path).name} has {len(faults)} faults:", *faults]),
        )
    cited = {name: Value(**entry) for name, entry in document["values"].items()}
    plans = {name: _plan(entry) for name, entry in document.get("plan", {}).items()}
    return Protocol(document["protocol"]["name"], document["protocol"]["version"], cited, plans)


def faults_of(document: TomlTable) -> list[str]:
    """Everything that is wrong with a protocol document, each in one line; empty when it can be
    used."""
    faults = [
        f"[{name}] is not a part of a protocol"
        for name in document.keys() - {"protocol", "values", "plan"}
    ]
    faults += [
        f"{name} is no table" for name, part in document.items() if not isinstance(part, dict)
    ]
    values, plans = (
        part if isinstance(part := document.get(name), dict) else {} for name in ("values", "plan")
    )
    faults += _heading_faults(document.get("protocol", {}))
    faults += [f"values.{name} is missing" for name in BOUNDS if name not in values]
    faults += [f"values.{name} is not known" for name in values if name not in BOUNDS]
    faults += [
        fault for name in BOUNDS if name in values for fault in _value_faults(name, values[name])
    ]
    faults += _order_faults(values)
    return faults + [fault for name, entry in plans.items() for fault in _plan_faults(name, entry)]


def _heading_faults(heading: object) -> list[str]:
    entry = heading if isinstance(heading, dict) else {}
    return [
        f"protocol.{key} is missing: give a text"
        for key in ("name", "version")
        if not (isinstance(entry.get(key), str) and entry[key].strip())
    ]


def _value_faults(name: str, entry: object) -> list[str]:
    if not isinstance(entry, dict):
        return [f"values.{name} is no table: give value, source and verified"]
    faults = [
        f"values.{name} has {key}, which is not known"
        for key in entry.keys() - {"value", "source", "verified"}
    ]
    return (
        faults + _number_faults(name, entry.get("value")) + _source_faults(f"values.{name}", entry)
    )


def _number_faults(name: str, value: object) -> list[str]:
    kind, least, most = BOUNDS[name]
    if isinstance(value, bool) or not isinstance(value, int if kind is WHOLE else (int, float)):
        return [
            f"values.{name}.value is {value!r}: give a {'whole ' if kind is WHOLE else ''}number"
        ]
    if not least <= value <= most:
        return [f"values.{name}.value is {value}: it must lie between {least} and {most}"]
    return []


def _source_faults(place: str, entry: TomlTable) -> list[str]:
    faults = []
    if not (isinstance(entry.get("source"), str) and entry["source"].strip()):
        faults.append(f"{place}.source is missing: say where the value comes from")
    if not isinstance(entry.get("verified"), bool):
        faults.append(f"{place}.verified is missing: true if that text was read, else false")
    return faults


def _order_faults(values: TomlTable) -> list[str]:
    def number(name: str) -> float | None:
        entry = values.get(name)
        value = entry.get("value") if isinstance(entry, dict) else None
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    pairs = [(low, number(low), high, number(high)) for low, high in NOT_ABOVE]
    return [
        f"values.{low}.value is {first}, above values.{high}.value, which is {second}"
        for low, first, high, second in pairs
        if first is not None and second is not None and first > second
    ]


def _plan_faults(name: str, entry: object) -> list[str]:
    if not isinstance(entry, dict):
        return [f"plan.{name} is no table"]
    faults = [f"plan.{name}.{key} is missing" for key in sorted(PLAN_KEYS - entry.keys())]
    faults += [f"plan.{name}.{key} is not known" for key in sorted(entry.keys() - PLAN_KEYS)]
    if faults:
        return faults
    for key in ("children", "days", "projects", "rounds"):
        if isinstance(entry[key], bool) or not isinstance(entry[key], int) or entry[key] < 0:
            faults.append(f"plan.{name}.{key} is {entry[key]!r}: give a whole number of 0 or more")
    faults += _source_faults(f"plan.{name}", entry)
    return faults + [fault for key in PLAN_MONEY for fault in _money_faults(name, key, entry[key])]


PLAN_MONEY = {
    "sachet_price": paise,
    "pay_per_child_day": paise,
    "administration_per_project": paise,
    "contingency_per_project": paise,
    "intensive_share": share,
}


def _money_faults(plan: str, key: str, text: object) -> list[str]:
    if not isinstance(text, str):
        return [
            (
                f'plan.{plan}.{key} is {text!r}: give it as text, such as "26.80", so that no '
                "paisa is lost"
            )
        ]
    try:
        PLAN_MONEY[key](text, name=f"plan.{plan}.{key}")
    except (SanketError, InvalidOperation) as error:
        return [getattr(error, "message", str(error))]
    return []


def _plan(entry: TomlTable) -> BudgetPlan:
    def money(key: str) -> int:
        return paise(entry[key], name=key)

    return BudgetPlan(
        children=entry["children"],
        days=entry["days"],
        projects=entry["projects"],
        rounds=entry["rounds"],
        sachet_price_paise=money("sachet_price"),
        pay_per_child_day_paise=money("pay_per_child_day"),
        intensive_share=Decimal(entry["intensive_share"]),
        extra_sachets=2,
        administration_per_project_paise=money("administration_per_project"),
        contingency_per_project_paise=money("contingency_per_project"),
    )
