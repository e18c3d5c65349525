"""The registry contract, declared once: tables, columns, units, codes, bounds, keys, and the rules
with their codes.

The importer, the API's checks, the store's schema and the page `docs/rules.md` are all made from
this declaration.
"""

from __future__ import annotations

from dataclasses import dataclass

from registry.contract import registry
from registry.contract.registry import NEVER, day_number

EARLIEST = day_number("1950-01-01")
"""No record of a child is older; earlier dates are an empty spreadsheet cell read as 1900."""
UNDER_FIVE = 1827
"""Days of age below which `MOST_UNDER_FIVE` holds."""
MOST_UNDER_FIVE = {"weight_kg": (40.0, "REG012"), "height_cm": (140.0, "REG013")}
"""What no child under five reaches: 40 kg is six standard deviations above WHO's median at 60
months, 140 cm is more. A decimal point lost (78 for 7.8) is caught by it; teenagers of a mixed
register are not."""
BEFORE_BIRTH = 300
"""Days before birth from which a child's registration is believed: mothers are registered when
pregnant."""
LONGEST_TEXT = 500
"""Characters in one cell of text; a longer one is a broken file, not a name."""


@dataclass(frozen=True)
class Column:
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
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    needed: bool = False

    def column(self, name: str) -> Column:
        """A column by name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of columns that may be neither missing nor empty."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def own_day(self) -> str | None:
        """The day a row is about; None for centres and children."""
        return registry.OWN_DAY.get(self.name)


@dataclass(frozen=True)
class Rule:
    """One rule: what is wrong, and what a person does about it."""

    code: str
    title: str
    advice: str


def _id(name: str, *, required: bool = True) -> Column:
    return Column(name, "id", required)


def _day(name: str, *, required: bool = False) -> Column:
    return Column(name, "day", required)


def _code(name: str, codes: tuple[str, ...], *, required: bool = False) -> Column:
    return Column(name, "code", required, codes)


def _number(
    name: str, low: float, high: float, unit: str, rule: str, *, required: bool = False, whole=False
) -> Column:
    return Column(name, "number", required, (), low, high, unit, rule, whole)


def _truth(name: str) -> Column:
    return Column(name, "truth")


RECORDED_ON = _day("recorded_on")

SPECS: dict[str, TableSpec] = {
    spec.name: spec
    for spec in (
        TableSpec(
            "centres",
            (
                _id("centre_id"),
                Column("name", "text"),
                _id("sector_id"),
                _id("project_id"),
                _id("district_id"),
                _code("setting", registry.SETTING, required=True),
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
                Column("family_id", "id"),
                _code("sex", registry.SEX, required=True),
                _day("birth_date", required=True),
                _id("centre_id"),
                _number("birth_weight_kg", 0.3, 7, "kg", "REG016"),
                _day("registered_on"),
                _day("left_on"),
                _code("left_reason", registry.LEFT_REASON),
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
                _code("height_position", registry.POSITION),
                _number("muac_mm", 40, 350, "mm", "REG014"),
                _number("oedema", 0, 3, "grade", "REG015", whole=True),
                _code("reported_status", registry.REPORTED_STATUS),
                Column("source", "id"),
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
                _code("programme", registry.PROGRAMME, required=True),
                _day("admitted_on", required=True),
                _code("appetite_test", registry.APPETITE),
                _truth("complications"),
                _day("closed_on"),
                _code("outcome", registry.OUTCOME),
                _code("transfer_reason", registry.TRANSFER_REASON),
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
                _code("examiner", registry.EXAMINER),
                _code("appetite_test", registry.APPETITE),
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
                _code("item", registry.ITEM, required=True),
                _number("quantity", 0, 1000, "packets", "REG017", required=True),
                RECORDED_ON,
            ),
            ("child_id", "issued_on", "item"),
        ),
        TableSpec(
            "attendance",
            (
                _id("child_id"),
                Column("month", "month", True),
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
                _code("finding", registry.FINDING, required=True),
                _day("listed_on"),
                RECORDED_ON,
            ),
            ("child_id", "visited_on"),
        ),
    )
}
"""The eight tables, in the order in which they are checked: what others refer to comes first."""

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule(
            "REG001",
            "table missing",
            "Add it to the source; centres, children and measurements must be there.",
        ),
        Rule(
            "REG002",
            "column missing",
            "Add the column, or name where it comes from in a map (`sanket map FILE`).",
        ),
        Rule(
            "REG003",
            "file cannot be read",
            "Export the file again; it is broken, cut short or of another kind.",
        ),
        Rule("REG004", "file is empty", "Export the file again; it holds no header."),
        Rule(
            "REG005",
            "row has the wrong number of cells",
            "Look at the row for a stray delimiter or a cut line.",
        ),
        Rule(
            "REG006",
            "map does not fit",
            "Correct the map; `sanket map FILE --check MAP.toml` tries it.",
        ),
        Rule(
            "REG007",
            "file is larger inside than allowed",
            "Export a plain CSV, or split the workbook.",
        ),
        Rule(
            "REG008",
            "column can be read in two ways",
            (
                "Say in a map which is meant; `sanket map FILE` proposes it and the message "
                "says how it is written."
            ),
        ),
        Rule("REG010", "id is empty", "Give the row its code from the register."),
        Rule("REG011", "required cell is empty", "Fill the cell at its source and import again."),
        Rule(
            "REG012",
            "weight out of range",
            "Check decimals and unit; grams need a map that declares them.",
        ),
        Rule(
            "REG013",
            "height out of range",
            "Check decimals and unit; metres need a map that declares them.",
        ),
        Rule(
            "REG014",
            "MUAC out of range",
            "Check decimals and unit; centimetres need a map that declares them.",
        ),
        Rule("REG015", "oedema is no grade", "Use 0, 1, 2 or 3 (bilateral pitting oedema)."),
        Rule(
            "REG016",
            "birth weight out of range",
            "Check decimals and unit; grams need a map that declares them.",
        ),
        Rule("REG017", "quantity out of range", "Give the number of packets of this issue."),
        Rule("REG018", "days out of range", "A month has 0 to 31 days."),
        Rule(
            "REG019", "latitude or longitude out of range", "Give degrees in WGS84, latitude first."
        ),
        Rule(
            "REG020",
            "not a number",
            "Write a plain number with a decimal point, or declare the comma in a map.",
        ),
        Rule("REG021", "not a date", "Write 2026-03-14, or declare the date's form in a map."),
        Rule("REG022", "not a month", "Write 2026-03."),
        Rule(
            "REG023",
            "not one of the codes",
            "Use the contract's codes, or translate them in a map.",
        ),
        Rule(
            "REG024",
            "neither true nor false",
            "Write true or false, or leave it empty for not assessed.",
        ),
        Rule(
            "REG025",
            "text too long or with control characters",
            "Look at the cell; the file may be broken here.",
        ),
        Rule(
            "REG026",
            "error of a spreadsheet, or a formula without its value",
            "Mend the formula at its source, or copy the values alone; then export again.",
        ),
        Rule(
            "REG027",
            "code cut short by a spreadsheet",
            "2.7501E+10 was a longer code: make its column text at the source and export again.",
        ),
        Rule(
            "REG029",
            "field that is not known",
            "Give it the name that the contract has; its value was not read.",
        ),
        Rule(
            "REG030",
            "date in the future",
            "Correct the date; nothing is known after the day of import.",
        ),
        Rule("REG031", "date before birth", "Correct the date or the child's birth date."),
        Rule(
            "REG032",
            "date too early to be true",
            "Correct the date; a spreadsheet's empty date reads as 1900.",
        ),
        Rule("REG033", "closed before admitted", "Correct one of the two dates."),
        Rule("REG034", "left before registered", "Correct one of the two dates."),
        Rule("REG035", "attended more days than open", "Correct one of the two numbers."),
        Rule(
            "REG036",
            "nothing measured",
            (
                "Nothing: an asked and empty month is counted, not kept. Fill the row at its "
                "source if it was taken."
            ),
        ),
        Rule("REG040", "exact repeat", "Nothing: the first of the equal rows was kept."),
        Rule(
            "REG041",
            "two different rows with one key",
            "Decide which is right and import it; neither was kept.",
        ),
        Rule(
            "REG050",
            "child not in the registry",
            "Import the child, then `sanket quarantine retry`.",
        ),
        Rule(
            "REG051",
            "centre not in the registry",
            "Import the centre, then `sanket quarantine retry`.",
        ),
        Rule("REG052", "child without a centre", "Give the child's centre."),
        Rule(
            "REG053",
            "child was forgotten",
            "Nothing: this child's records were erased on request and stay out.",
        ),
    )
}

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
MEASURED = ("weight_kg", "height_cm", "muac_mm", "oedema", "reported_status")
"""A row of measurements holds one of these, or nothing was measured (REG036)."""
MISSING_IDS = frozenset({"", "nan", "null", "none", "nat", "<na>", "---"})
"""The same in a column of ids, where `NA` or `-` may be somebody's code."""
TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1", "1.0"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "0", "0.0"})


def bound(column: Column) -> str:
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


def first_known(name: str, own_day: int) -> int:
    """From which day a row that nobody dated is known: its own day; a month's attendance on the
    next month's first.

    `first_known("attendance", day_number("2026-03-01"))` is the day number of 2026-04-01.
    """
    if name != "attendance" or own_day == NEVER:
        return own_day
    month = registry.day_date(own_day)
    return day_number(
        month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1, day=1)
    )
