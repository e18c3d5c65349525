"""Which column of a survey is the weight, the height, the age: our names, WHO Anthro's and ENA's. A
name that leaves the unit open is not taken."""

from __future__ import annotations

from dataclasses import dataclass, field

from registry.contract.errors import BadInput
from registry.mapping.headers import age_in, header_meanings, unit_in

NAMES: dict[str, tuple[str, ...]] = {
    "sex": ("sex", "gender"),
    "age_days": ("age_days", "age_in_days", "agedays"),
    "age_months": ("age_months", "age_in_months", "agemons", "agemonths", "months"),
    "birth_date": ("birth_date", "date_of_birth", "dob", "birthdat"),
    "measured_on": (
        "measured_on",
        "date_of_measurement",
        "measurement_date",
        "date_of_visit",
        "survdate",
    ),
    "weight_kg": ("weight_kg", "weight"),
    "height_cm": ("height_cm", "length_cm", "lenhei", "height", "length"),
    "height_position": ("height_position", "measure"),
    "muac_mm": ("muac_mm",),
    "armc_cm": ("armc", "muac_cm"),
    "head_cm": ("head_cm", "headc"),
    "oedema": ("oedema", "edema"),
}
"""What we read, and the names it may have, best first; case, blanks and dots in a name do not
matter."""

UNIT_OPEN = {
    "age": "age_days or age_months",
    "muac": "muac_mm or armc (cm)",
    "mid_upper_arm": "muac_mm or armc (cm)",
}

ENA = frozenset({"survdate", "birthdat", "edema", "cluster", "team", "months"})
"""Columns of ENA for SMART; where three of them stand, MUAC is in mm, as ENA has it."""
IN_WORDS = {
    "sex",
    "birth_date",
    "measured_on",
    "weight_kg",
    "height_cm",
    "height_position",
    "muac_mm",
    "oedema",
}
"""What may also be known by its words (`Weight (kg)`, `wt`, `जन्म तिथि`), as a map is proposed by
them."""
MEASURES = ("weight_kg", "height_cm", "muac_mm", "armc_cm", "head_cm")


@dataclass(frozen=True)
class SurveyColumns:
    """Position of each thing we read in the table's columns, and what a person should know about
    the choice."""

    position: dict[str, int]
    header: tuple[str, ...]
    warnings: tuple[str, ...] = field(default=())

    def __contains__(self, name: str) -> bool:
        return name in self.position

    def named(self) -> dict[str, str]:
        """What we read: the header that it was read from."""
        return {
            name: self.header[at]
            for name, at in self.position.items()
            if not name.startswith("born_")
        }


def plain(name: str) -> str:
    """A header in the form that names are compared in."""
    return (
        name.strip()
        .lstrip("\ufeff")
        .strip()
        .lower()
        .replace(" ", "_")
        .replace(".", "_")
        .replace("-", "_")
    )


def find(header: list[str], twice: frozenset[str] = frozenset()) -> SurveyColumns:
    """The columns of a header. Sex and one measure must be there; an age whose unit is open is
    refused.

    `twice` are names that stand in the file more than once.
    """
    plainly = [plain(name) for name in header]
    position: dict[str, int] = {}
    warnings: list[str] = []
    for ours, names in NAMES.items():
        there = [
            (name, at) for name in names for at, column in enumerate(plainly) if column == name
        ]
        if not there:
            continue
        position[ours] = there[0][1]
        if [name for name, _ in there].count(there[0][0]) > 1 or header[there[0][1]] in twice:
            raise BadInput("GRO104", f"two columns are called {there[0][0]}: rename or remove one")
        warnings += [
            f"column {header[at]} is not used: {header[there[0][1]]} is" for _, at in there[1:]
        ]
    _by_words(header, position, warnings)
    _ages_by_words(header, position, warnings)
    if "muac" in plainly and "muac_mm" not in position and len(ENA & set(plainly)) >= 3:
        position["muac_mm"] = plainly.index("muac")
        warnings.append("MUAC is read in mm, as ENA for SMART writes it")
    _refuse_unreadable(position, plainly, header)
    for name, advice in UNIT_OPEN.items():
        unread = name in plainly and plainly.index(name) not in position.values()
        if unread and not (name == "age" and _has_age(position)):
            warnings.append(
                f"LOOK: column {name} is not read, its unit is not said: call it {advice}"
            )
    if not _has_age(position):
        wanted = "age_days, age_months, or birth_date and measured_on"
        warnings.append(f"LOOK: no age ({wanted}): only weight for height is answered")
    return SurveyColumns(position, tuple(header), tuple(warnings))


def _by_words(header: list[str], position: dict[str, int], warnings: list[str]) -> None:
    """Columns known by their words, where no name of ours stands for them. Another unit in a header
    is not converted: a map declares it."""
    for name, answer in header_meanings(header).items():
        column, at = answer.get("column"), header.index(name)
        if (
            column not in IN_WORDS
            or "wide" in answer
            or at in position.values()
            or column in position
        ):
            continue
        if column == "muac_mm" and ("armc_cm" in position or unit_in(name) not in ("mm", "cm")):
            continue
        if answer.get("unit") == "cm":
            position["armc_cm"] = at
        elif "unit" in answer:
            warnings.append(
                f"LOOK: column {name} is not read: it names {answer['unit']}; declare it "
                "in a map (--map)"
            )
        else:
            position[column] = at


def _ages_by_words(header: list[str], position: dict[str, int], warnings: list[str]) -> None:
    """Ages in days and months known by their words (`Age (months)`, `आयु (माह)`); those in weeks
    and years are said."""
    units = [age_in(name) for name in header]
    for unit, ours in (("days", "age_days"), ("months", "age_months")):
        if ours not in position and units.count(unit) == 1:
            position[ours] = units.index(unit)
    warnings += [
        f"LOOK: column {name} is not read: it is an age in {unit}; a map (--map) finds the birth "
        "date from it and the day of the visit"
        for name, unit in zip(header, units, strict=True)
        if unit in ("weeks", "years") and not _has_age(position)
    ]


def _has_age(position: dict[str, int]) -> bool:
    return (
        "age_days" in position
        or "age_months" in position
        or {"birth_date", "measured_on"} <= set(position)
    )


def _refuse_unreadable(position: dict[str, int], plainly: list[str], header: list[str]) -> None:
    """Stop where nothing could be answered, saying which names were looked for and which were
    there."""
    there = ", ".join(name for name in header[:20]) or "none"
    if "sex" not in position:
        raise BadInput("GRO102", f"no column for sex (sex or gender). Columns there: {there}")
    if not any(name in position for name in MEASURES):
        wanted = ", ".join(NAMES[name][0] for name in MEASURES)
        raise BadInput(
            "GRO102",
            f"no measure: one of {wanted} (or WHO Anthro's names). Columns there: {there}",
        )
    if "age" in plainly and not _has_age(position):
        raise BadInput("GRO103", "column age does not say its unit: call it age_days or age_months")
