"""Which column of a table is what: our names and WHO Anthro's. A name that leaves the unit open is not taken."""

from __future__ import annotations

from dataclasses import dataclass, field

from registry.errors import BadInput

NAMES: dict[str, tuple[str, ...]] = {
    "sex": ("sex", "gender"),
    "age_days": ("age_days", "age_in_days", "agedays"),
    "age_months": ("age_months", "age_in_months", "agemons", "agemonths"),
    "birth_date": ("birth_date", "date_of_birth", "dob"),
    "measured_on": ("measured_on", "date_of_measurement", "measurement_date", "date_of_visit"),
    "weight_kg": ("weight_kg", "weight"),
    "height_cm": ("height_cm", "length_cm", "lenhei", "height", "length"),
    "height_position": ("height_position", "measure"),
    "muac_mm": ("muac_mm",),
    "armc_cm": ("armc", "muac_cm"),
    "head_cm": ("head_cm", "headc"),
    "oedema": ("oedema", "edema"),
}
"""What we read, and the names it may have, best first; case, blanks and dots in a name do not matter."""

UNIT_OPEN = {"age": "age_days or age_months", "muac": "muac_mm or armc (cm)", "mid_upper_arm": "muac_mm or armc (cm)"}

MEASURES = ("weight_kg", "height_cm", "muac_mm", "armc_cm", "head_cm")


@dataclass(frozen=True)
class Columns:
    """Position of each thing we read in the table's columns, and what a person should know about the choice."""

    position: dict[str, int]
    header: tuple[str, ...]
    warnings: tuple[str, ...] = field(default=())

    def __contains__(self, name: str) -> bool:
        return name in self.position

    def named(self) -> dict[str, str]:
        """What we read: the header that it was read from."""
        return {name: self.header[at] for name, at in self.position.items()}


def plain(name: str) -> str:
    """A header in the form that names are compared in."""
    return name.strip().lstrip("\ufeff").strip().lower().replace(" ", "_").replace(".", "_").replace("-", "_")


def find(header: list[str]) -> Columns:
    """The columns of a header. Sex and one measure must be there; an age whose unit is open is refused."""
    plainly = [plain(name) for name in header]
    position: dict[str, int] = {}
    warnings: list[str] = []
    for ours, names in NAMES.items():
        there = [(name, at) for name in names for at, column in enumerate(plainly) if column == name]
        if not there:
            continue
        position[ours] = there[0][1]
        if [name for name, _ in there].count(there[0][0]) > 1:
            raise BadInput("GRO104", f"two columns are called {there[0][0]}: rename or remove one")
        warnings += [f"column {header[at]} is not used: {header[there[0][1]]} is" for _, at in there[1:]]
    _refuse_unreadable(position, plainly, header)
    for name, advice in UNIT_OPEN.items():
        if name in plainly and not (name == "age" and _has_age(position)):
            warnings.append(f"column {name} is not read, its unit is not said: call it {advice}")
    if not _has_age(position):
        names = "age_days, age_months, or birth_date and measured_on"
        warnings.append(f"no age ({names}): only weight for height is answered")
    return Columns(position, tuple(header), tuple(warnings))


def _has_age(position: dict[str, int]) -> bool:
    return "age_days" in position or "age_months" in position or {"birth_date", "measured_on"} <= set(position)


def _refuse_unreadable(position: dict[str, int], plainly: list[str], header: list[str]) -> None:
    """Stop where nothing could be answered, saying which names were looked for and which were there."""
    there = ", ".join(name for name in header[:20]) or "none"
    if "sex" not in position:
        raise BadInput("GRO102", f"no column for sex (sex or gender). Columns there: {there}")
    if not any(name in position for name in MEASURES):
        wanted = ", ".join(NAMES[name][0] for name in MEASURES)
        raise BadInput("GRO102", f"no measure: one of {wanted} (or WHO Anthro's names). Columns there: {there}")
    if "age" in plainly and not _has_age(position):
        raise BadInput("GRO103", "column age does not say its unit: call it age_days or age_months")
