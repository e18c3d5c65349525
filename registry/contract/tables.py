"""The registry contract, declared once: tables, columns, units, codes, bounds and keys.

The importer, the API's checks, the store's schema and the page `docs/rules.md` are all made from
this declaration.
"""

from __future__ import annotations

from dataclasses import dataclass

from registry.contract import registry
from registry.contract.codes import (
    AppetiteTest,
    Code,
    Examiner,
    HeightPosition,
    LeftReason,
    Programme,
    RationItem,
    ReportedStatus,
    Setting,
    Sex,
    StayOutcome,
    TransferReason,
    VisitFinding,
)
from registry.contract.days import day_number

EARLIEST = day_number("1950-01-01")
"""No record of a child is older; earlier dates are an empty spreadsheet cell read as 1900."""
MOST_UNDER_FIVE = {"weight_kg": (40.0, "REG012"), "height_cm": (140.0, "REG013")}
"""What no child under five reaches (up to `LAST_DAY_UNDER_FIVE`): 40 kg is six standard deviations
above WHO's median at 60 months, 140 cm is more. A decimal point lost (78 for 7.8) is caught by it;
teenagers of a mixed register are not."""
BEFORE_BIRTH = 300
"""Days before birth from which a child's registration is believed: mothers are registered when
pregnant."""
MOST_UNCERTAIN_DAYS = 183
"""A birth date is uncertain by half a year at most: of a child of whom only the year is known."""
LONGEST_TEXT = 500
"""Characters in one cell of text; a longer one is a broken file, not a name."""


@dataclass(frozen=True)
class ColumnSpec:
    """One column: `kind` is id, text, day, month, code, number or truth; bounds are inclusive."""

    name: str
    kind: str
    required: bool = False
    codes: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: str = ""
    rule: str = ""
    whole: bool = False


@dataclass(frozen=True)
class TableSpec:
    """One table: its columns, its key, the column its rows are about in time, and whether it must
    be there."""

    name: str
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...]
    needed: bool = False

    def column(self, name: str) -> ColumnSpec:
        """A column by name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of columns that may be neither missing nor empty."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def own_day(self) -> str | None:
        """The day a row is about; None for centres and children."""
        return registry.ANY_OWN_DAY.get(self.name)


def _id(name: str, *, required: bool = True) -> ColumnSpec:
    return ColumnSpec(name, "id", required)


def _day(name: str, *, required: bool = False) -> ColumnSpec:
    return ColumnSpec(name, "day", required)


def _code(name: str, codes: type[Code], *, required: bool = False) -> ColumnSpec:
    return ColumnSpec(name, "code", required, codes.texts())


def _number(
    name: str,
    low: float,
    high: float,
    unit: str,
    rule: str,
    *,
    required: bool = False,
    whole: bool = False,
) -> ColumnSpec:
    return ColumnSpec(name, "number", required, (), low, high, unit, rule, whole)


def _truth(name: str) -> ColumnSpec:
    return ColumnSpec(name, "truth")


RECORDED_ON = _day("recorded_on")

SPECS: dict[str, TableSpec] = {
    spec.name: spec
    for spec in (
        TableSpec(
            "centres",
            (
                _id("centre_id"),
                ColumnSpec("name", "text"),
                _id("sector_id"),
                _id("project_id"),
                _id("district_id"),
                _code("setting", Setting, required=True),
                _number("latitude", -90, 90, "degrees", "REG019"),
                _number("longitude", -180, 180, "degrees", "REG019"),
                RECORDED_ON,
            ),
            ("centre_id",),
            needed=True,
        ),
        TableSpec(
            "children",
            (
                _id("child_id"),
                ColumnSpec("family_id", "id"),
                _code("sex", Sex, required=True),
                _day("birth_date", required=True),
                _number(
                    "birth_date_uncertain_days",
                    0,
                    MOST_UNCERTAIN_DAYS,
                    "days",
                    "REG038",
                    whole=True,
                ),
                _id("centre_id"),
                _number("birth_weight_kg", 0.3, 7, "kg", "REG016"),
                _day("registered_on"),
                _day("left_on"),
                _code("left_reason", LeftReason),
                RECORDED_ON,
            ),
            ("child_id",),
            needed=True,
        ),
        TableSpec(
            "measurements",
            (
                _id("child_id"),
                _day("measured_on", required=True),
                _number("weight_kg", 0.5, 150, "kg", "REG012"),
                _number("height_cm", 25, 220, "cm", "REG013"),
                _code("height_position", HeightPosition),
                _number("muac_mm", 40, 350, "mm", "REG014"),
                _number("oedema", 0, 3, "grade", "REG015", whole=True),
                _code("reported_status", ReportedStatus),
                ColumnSpec("source", "id"),
                RECORDED_ON,
            ),
            ("child_id", "measured_on", "source"),
            needed=True,
        ),
        TableSpec(
            "episodes",
            (
                _id("episode_id"),
                _id("child_id"),
                _code("programme", Programme, required=True),
                _day("admitted_on", required=True),
                _code("appetite_test", AppetiteTest),
                _truth("complications"),
                _day("closed_on"),
                _code("outcome", StayOutcome),
                _code("transfer_reason", TransferReason),
                RECORDED_ON,
            ),
            ("episode_id",),
        ),
        TableSpec(
            "checks",
            (
                _id("child_id"),
                _day("checked_on", required=True),
                _truth("diarrhoea"),
                _truth("fever"),
                _truth("cough"),
                _truth("poor_appetite"),
                _code("examiner", Examiner),
                _code("appetite_test", AppetiteTest),
                _truth("sam_confirmed"),
                RECORDED_ON,
            ),
            ("child_id", "checked_on"),
        ),
        TableSpec(
            "rations",
            (
                _id("child_id"),
                _day("issued_on", required=True),
                _code("item", RationItem, required=True),
                _number("quantity", 0, 1000, "packets", "REG017", required=True),
                RECORDED_ON,
            ),
            ("child_id", "issued_on", "item"),
        ),
        TableSpec(
            "attendance",
            (
                _id("child_id"),
                ColumnSpec("month", "month", True),
                _number("open_days", 0, 31, "days", "REG018", required=True),
                _number("attended_days", 0, 31, "days", "REG018", required=True),
                RECORDED_ON,
            ),
            ("child_id", "month"),
        ),
        TableSpec(
            "visits",
            (
                _id("child_id"),
                _day("visited_on", required=True),
                _code("finding", VisitFinding, required=True),
                _day("listed_on"),
                RECORDED_ON,
            ),
            ("child_id", "visited_on"),
        ),
        TableSpec(
            "stocks",
            (
                _id("centre_id"),
                _day("counted_on", required=True),
                _code("item", RationItem, required=True),
                _number("quantity", 0, 100_000, "packets", "REG037", required=True),
                RECORDED_ON,
            ),
            ("centre_id", "counted_on", "item"),
        ),
    )
}
"""The nine tables, in the order in which they are checked: what others refer to comes first."""

TEXTS = {
    "child_id": "child",
    "centre_id": "centre",
    "family_id": "family",
    "sector_id": "sector",
    "name": "name",
    "project_id": "project",
    "district_id": "district",
    "episode_id": "episode",
    "source": "source",
}
"""Columns of texts, and the kind under which positions in these texts go on."""

MISSING_WORDS = frozenset(
    {
        "",
        "nan",
        "na",
        "n/a",
        "n.a.",
        "#n/a",
        "#null!",
        "null",
        "none",
        "nil",
        "nat",
        "<na>",
        "-",
        "--",
        "---",
        "–",
        "—",
        ".",
        "..",
        "not measured",
        "not available",
        "not recorded",
        "data not entered",
        "unmeasured",
        "unweighed",
        "not weighed",
        "unknown",
        "nm",
        "n.m.",
        "not known",
        "no data",
        "दर्ज नहीं",
        "उपलब्ध नहीं",
        "अनुपलब्ध",
        "पता नहीं",
        "नापा नहीं",
        "वजन नहीं लिया",
        "नोंद नाही",
        "उपलब्ध नाही",
        "माहिती नाही",
        "मोजले नाही",
    }
)
"""Lower-cased texts that mean an empty cell, in every column but an id's; `sanket zscores` reads by
the same list. `#N/A` is how a spreadsheet looks up nothing and `#NULL!` how SPSS writes a missing
value; other errors are REG026."""
NO_VALUE = "#NO VALUE!"
"""What our readers write for a workbook's formula whose value was not stored with it."""
SPREADSHEET_ERRORS = frozenset(
    {
        NO_VALUE.lower(),
        "#ref!",
        "#div/0!",
        "#value!",
        "#name?",
        "#num!",
        "#spill!",
        "#calc!",
        "#getting_data",
    }
)
"""Lower-cased texts of a spreadsheet whose formula has no answer."""
AADHAAR_WITHHELD = "#AADHAAR WITHHELD!"
"""What stands in the place of an Aadhaar number, so that nothing keeps or repeats it."""
NO_TEXTS = SPREADSHEET_ERRORS | {AADHAAR_WITHHELD.lower()}
MEASURED = ("weight_kg", "height_cm", "muac_mm", "oedema", "reported_status")
"""A row of measurements holds one of these, or nothing was measured (REG036)."""
MISSING_IDS = frozenset({"", "nan", "null", "none", "nat", "<na>", "---"})
"""The same in a column of ids, where `NA` or `-` may be somebody's code."""
TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1", "1.0"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "0", "0.0"})


def bound(column: ColumnSpec) -> str:
    """The bound of a column in words, for a message: `0.5 to 60 kg`, `F, M`, `YYYY-MM-DD`."""
    if column.low is not None:
        most = MOST_UNDER_FIVE.get(column.name)
        young = f", under five years at most {most[0]:g}" if most else ""
        return f"{column.low:g} to {column.high:g} {column.unit}".strip() + young
    if column.codes:
        return ", ".join(column.codes)
    return {"day": "YYYY-MM-DD", "month": "YYYY-MM", "truth": "true, false or empty"}.get(
        column.kind, "not empty"
    )
