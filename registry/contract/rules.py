"""The rules that a source or a record can break: each with its code, title and advice.

The importer, the API's checks and the page `docs/rules.md` take them from here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RecordRule:
    """One rule: its code, what is wrong, and what a person does about it."""

    code: str
    title: str
    advice: str


RULES: dict[str, RecordRule] = {
    rule.code: rule
    for rule in (
        RecordRule(
            "REG001",
            "table missing",
            "Add it to the source; centres, children and measurements must be there.",
        ),
        RecordRule(
            "REG002",
            "column missing",
            "Add the column, or name where it comes from in a map (`sanket map FILE`).",
        ),
        RecordRule(
            "REG003",
            "file cannot be read",
            "Export the file again; it is broken, cut short or of another kind.",
        ),
        RecordRule("REG004", "file is empty", "Export the file again; it holds no header."),
        RecordRule(
            "REG005",
            "row has the wrong number of cells",
            "Look at the row for a stray delimiter or a cut line.",
        ),
        RecordRule(
            "REG006",
            "map does not fit",
            "Correct the map; `sanket map FILE --check MAP.toml` tries it.",
        ),
        RecordRule(
            "REG007",
            "file is larger inside than allowed",
            "Export a plain CSV, or split the workbook.",
        ),
        RecordRule(
            "REG008",
            "column can be read in two ways",
            (
                "Say in a map which is meant; `sanket map FILE` proposes it and the message "
                "says how it is written."
            ),
        ),
        RecordRule("REG010", "id is empty", "Give the row its code from the register."),
        RecordRule(
            "REG011", "required cell is empty", "Fill the cell at its source and import again."
        ),
        RecordRule(
            "REG012",
            "weight out of range",
            "Check decimals and unit; grams need a map that declares them.",
        ),
        RecordRule(
            "REG013",
            "height out of range",
            "Check decimals and unit; metres need a map that declares them.",
        ),
        RecordRule(
            "REG014",
            "MUAC out of range",
            "Check decimals and unit; centimetres need a map that declares them.",
        ),
        RecordRule("REG015", "oedema is no grade", "Use 0, 1, 2 or 3 (bilateral pitting oedema)."),
        RecordRule(
            "REG016",
            "birth weight out of range",
            "Check decimals and unit; grams need a map that declares them.",
        ),
        RecordRule("REG017", "quantity out of range", "Give the number of packets of this issue."),
        RecordRule("REG018", "days out of range", "A month has 0 to 31 days."),
        RecordRule(
            "REG019", "latitude or longitude out of range", "Give degrees in WGS84, latitude first."
        ),
        RecordRule(
            "REG020",
            "not a number",
            "Write a plain number with a decimal point, or declare the comma in a map.",
        ),
        RecordRule(
            "REG021", "not a date", "Write 2026-03-14, or declare the date's form in a map."
        ),
        RecordRule("REG022", "not a month", "Write 2026-03."),
        RecordRule(
            "REG023",
            "not one of the codes",
            "Use the contract's codes, or translate them in a map.",
        ),
        RecordRule(
            "REG024",
            "neither true nor false",
            "Write true or false, or leave it empty for not assessed.",
        ),
        RecordRule(
            "REG025",
            "text too long or with control characters",
            "Look at the cell; the file may be broken here.",
        ),
        RecordRule(
            "REG026",
            "error of a spreadsheet, or a formula without its value",
            "Mend the formula at its source, or copy the values alone; then export again.",
        ),
        RecordRule(
            "REG027",
            "code spoiled by a spreadsheet",
            (
                "2.7501E+10 was a longer code, 2026-03-05 or 5-Mar was 5-3, #### stood in a narrow "
                "column: make the column text at the source, enter the codes again, and export."
            ),
        ),
        RecordRule(
            "REG028",
            "unit not declared",
            (
                "Give a UCUM code that is read (weight kg, g, [lb_av]; lengths mm, cm, m); no unit "
                "is guessed."
            ),
        ),
        RecordRule(
            "REG029",
            "field that is not known",
            "Give it the name that the contract has; its value was not read.",
        ),
        RecordRule(
            "REG030",
            "date in the future",
            "Correct the date; nothing is known after the day of import.",
        ),
        RecordRule("REG031", "date before birth", "Correct the date or the child's birth date."),
        RecordRule(
            "REG032",
            "date too early to be true",
            "Correct the date; a spreadsheet's empty date reads as 1900.",
        ),
        RecordRule("REG033", "closed before admitted", "Correct one of the two dates."),
        RecordRule("REG034", "left before registered", "Correct one of the two dates."),
        RecordRule("REG035", "attended more days than open", "Correct one of the two numbers."),
        RecordRule(
            "REG036",
            "nothing measured",
            (
                "Nothing: an asked and empty month is counted, not kept. Fill the row at its "
                "source if it was taken."
            ),
        ),
        RecordRule(
            "REG037",
            "stock out of range",
            "Give the number of packets counted in this centre's store room.",
        ),
        RecordRule(
            "REG038",
            "uncertainty of a birth date out of range",
            "Give whole days, at most 183 (half a year) to either side of the birth date.",
        ),
        RecordRule(
            "REG039",
            "record not final",
            "Send it again once its status is final, amended, corrected or preliminary.",
        ),
        RecordRule("REG040", "exact repeat", "Nothing: the first of the equal rows was kept."),
        RecordRule(
            "REG041",
            "two different rows with one key",
            "Decide which is right and import it; neither was kept.",
        ),
        RecordRule(
            "REG042",
            "an Aadhaar number in the place of a family's code",
            "Give the family's code (Haryana's Family ID has 8 digits). The number was not kept.",
        ),
        RecordRule(
            "REG050",
            "child not in the registry",
            "Import the child, then `sanket quarantine retry`.",
        ),
        RecordRule(
            "REG051",
            "centre not in the registry",
            "Import the centre, then `sanket quarantine retry`.",
        ),
        RecordRule("REG052", "child without a centre", "Give the child's centre."),
        RecordRule(
            "REG053",
            "child was forgotten",
            "Nothing: this child's records were erased on request and stay out.",
        ),
    )
}
