"""A proposal for a map, from a file's headers in English, Hindi or Marathi, for a person to correct; and its trial."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from registry.check import Known, check
from registry.contract import SPECS
from registry.maps import Map, read_map
from registry.read import Sheet, sheets_of
from registry.tables import day_number

WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("children", "child_id"): ("child id", "beneficiary id", "child code", "registration no", "बच्चे की आईडी",
                               "लाभार्थी आईडी", "बच्चा कोड", "बालकाचा आयडी", "लाभार्थी क्रमांक", "बालक कोड"),
    ("children", "family_id"): ("family id", "household id", "hhid", "ppp id", "परिवार आईडी", "परिवार पहचान",
                                "कुटुंब आयडी", "कुटुंब क्रमांक"),
    ("children", "sex"): ("sex", "gender", "लिंग"),
    ("children", "birth_date"): ("birth date", "date of birth", "dob", "जन्म तिथि", "जन्म तारीख", "जन्मतारीख",
                                 "जन्म दिनांक"),
    ("children", "birth_weight_kg"): ("birth weight", "weight at birth", "जन्म वजन", "जन्म के समय वजन", "जन्मवेळचे वजन"),
    ("children", "centre_id"): ("centre id", "awc code", "anganwadi code", "awc id", "आंगनवाड़ी कोड", "केंद्र कोड",
                                "अंगणवाडी कोड", "अंगणवाडी केंद्र क्रमांक"),
    ("centres", "name"): ("centre name", "awc name", "anganwadi name", "आंगनवाड़ी का नाम", "अंगणवाडीचे नाव"),
    ("centres", "sector_id"): ("sector", "sector id", "circle", "सेक्टर", "परिक्षेत्र", "बीट"),
    ("centres", "project_id"): ("project", "block", "project id", "परियोजना", "ब्लॉक", "प्रकल्प", "तालुका"),
    ("centres", "district_id"): ("district", "district id", "जिला", "जिल्हा"),
    ("centres", "setting"): ("setting", "area type", "urban rural", "क्षेत्र प्रकार"),
    ("measurements", "measured_on"): ("measured on", "date of measurement", "weighing date", "visit date",
                                      "वजन की तिथि", "माप की तिथि", "मोजमाप दिनांक", "वजन दिनांक"),
    ("measurements", "weight_kg"): ("weight", "weight kg", "wt", "वजन", "वज़न"),
    ("measurements", "height_cm"): ("height", "length", "height cm", "lenhei", "ht", "ऊंचाई", "लंबाई", "कद", "उंची"),
    ("measurements", "muac_mm"): ("muac", "arm circumference", "mid upper arm", "बांह का घेरा", "दंड घेर", "दंडाचा घेर"),
    ("measurements", "oedema"): ("oedema", "edema", "swelling", "सूजन", "सूज"),
    ("measurements", "reported_status"): ("nutrition status", "grade", "wasting", "category", "पोषण स्थिति", "श्रेणी",
                                          "पोषण स्थिती"),
    ("measurements", "height_position"): ("position", "measured lying or standing", "स्थिति", "मोजण्याची स्थिती"),
}
"""Headers seen in exports and registers, by the column they mean."""
PERSONAL = ("name of child", "child name", "mother name", "father name", "mobile", "phone", "aadhaar", "address",
            "बच्चे का नाम", "माता का नाम", "पिता का नाम", "मोबाइल", "आधार", "पता", "बालकाचे नाव",
            "आईचे नाव", "मोबाईल", "पत्ता")
SURE = 82
"""Similarity (0 to 100) from which a header is proposed; below it a person decides alone."""
_MONTH = re.compile(r"(20\d{2})[-_ /.]?(0[1-9]|1[0-2])(?!\d)|\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
                    r"[-_ /.']{0,2}(\d{4}|\d{2})(?!\d)", re.IGNORECASE)


def propose(headers: list[str]) -> dict[str, dict[str, object]]:
    """For each header: the table and column it seems to mean and how sure (0 to 100), `personal`, or nothing.

    A header with a month in it (`weight_2026_03`, `Mar-26 Weight`) is proposed as a `wide` pattern.
    """
    return {header: _propose(header) for header in headers}


def _propose(header: str) -> dict[str, object]:
    month = _MONTH.search(header)
    plain = _plain(header[: month.start()] + " " + header[month.end():] if month else header)
    if _closest(plain, PERSONAL) >= SURE:
        return {"personal": True}
    scores = {target: _closest(plain, (target[1].replace("_", " "), *words)) for target, words in WORDS.items()}
    target = max(scores, key=scores.__getitem__)
    if scores[target] < SURE:
        return {}
    found = {"table": target[0], "column": target[1], "sure": round(scores[target])}
    return found | ({"wide": _pattern(header, month)} if month else {})


def _closest(plain: str, words: tuple[str, ...]) -> float:
    from rapidfuzz import fuzz

    return max(fuzz.token_sort_ratio(plain, _plain(word)) for word in words)


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"\((?:kg|kgs|cm|mm|g|gm|किग्रा|सेमी|मिमी)\.?\)|[_\-/.:]", " ", text)
    return " ".join(text.split())


def _pattern(header: str, month: re.Match) -> str:
    token = month[0]
    if month[1]:
        token = token.replace(month[1], "{YYYY}", 1)
        return header.replace(month[0], re.sub(r"\d{2}$", "{MM}", token), 1)
    name = re.match(r"[A-Za-z]+", token)[0]
    token = token.replace(name, "{Mon}" if len(name) == 3 else "{Month}", 1)
    return header.replace(month[0], token[: -len(month[4])] + ("{YYYY}" if len(month[4]) == 4 else "{YY}"), 1)


def proposal(path: Path) -> str:
    """A MAP.toml for a file, with what is unsure or missing as comments."""
    lines = [f"# Proposed from the headers of {path.name}. Correct it, then: sanket map {path.name} --check MAP.toml",
             '# Units are never guessed: write unit = "g", "m" or "cm" where the file is not in kg, cm and mm.', ""]
    for sheet in sheets_of(path):
        lines += _sheet_lines(path, sheet)
    return "\n".join(lines) + "\n"


def _sheet_lines(path: Path, sheet: Sheet) -> list[str]:
    found = propose(sheet.data.column_names)
    tables = {answer["table"] for answer in found.values() if "table" in answer}
    child = next((header for header, answer in found.items() if answer.get("column") == "child_id"), None)
    centre = next((header for header, answer in found.items() if answer.get("column") == "centre_id"), None)
    lines = []
    for name in (name for name in SPECS if name in tables):
        ids = {"child_id": child} if name not in ("centres", "children") else {"centre_id": centre}
        own = {answer["column"]: header for header, answer in found.items()
               if answer.get("table") == name and "wide" not in answer}
        lines += _table_lines(path, sheet, name, {key: value for key, value in ids.items() if value} | own)
        lines += _wide_lines(name, found)
    unknown = [header for header, answer in found.items() if not answer]
    personal = [header for header, answer in found.items() if answer.get("personal")]
    lines += [f"# kept out as personal: {', '.join(personal)}"] if personal else []
    return [*lines, f"# not recognised: {', '.join(unknown)}", ""] if unknown else [*lines, ""]


def _table_lines(path: Path, sheet: Sheet, name: str, own: Mapping[str, str]) -> list[str]:
    lines = [f"[tables.{name}]", f"file = {_quoted(path.name)}"]
    lines += ["distinct = true"] if name != "measurements" else []
    lines += [f"[tables.{name}.columns]", *(f"{column} = {_quoted(header)}" for column, header in own.items())]
    missing = [column for column in SPECS[name].required if column not in own]
    return [*lines, *(f"# {column} = ?   (required)" for column in missing), ""]


def _wide_lines(name: str, found: Mapping[str, Mapping]) -> list[str]:
    wide = {answer["column"]: answer["wide"] for answer in found.values()
            if answer.get("table") == name and "wide" in answer}
    if not wide:
        return []
    return [f"[tables.{name}.wide]", "day = 15   # the day of the month that a month's cell is given",
            f"[tables.{name}.wide.columns]",
            *(f"{column} = {_quoted(pattern)}" for column, pattern in wide.items()), ""]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def trial(path: Path, map_path: Path, *, rows: int = 1000) -> dict[str, dict[str, object]]:
    """What a map would do to the first rows of a file: rows, kept, quarantined and codes by table; nothing is kept.

    Ids are not looked up in tables that the map does not bring.
    """
    from registry.mapped import mapped_table

    plan: Map = read_map(map_path)
    sheets = {sheet.name: Sheet(sheet.name, sheet.data.slice(0, rows)) for sheet in sheets_of(path)}
    raws = {}
    for table in plan.tables:
        wanted = (table.sheet or "").lower() or (table.name if table.name in sheets else next(iter(sheets)))
        raws[table.name] = mapped_table(table, None if table.rows else sheets[wanted], plan)
    checked = check(raws, imported_on=day_number(dt.date.today()), known=Known())
    counts = checked.quarantine.counts()
    absent = {"REG050"} if "children" not in raws else set()
    absent |= {"REG051"} if "centres" not in raws else set()
    for name, table in counts.items():
        codes = {code: rows for code, rows in table["codes"].items() if code not in absent}
        refused = sum(codes.values())
        counts[name] = table | {"kept": table["rows"] - refused, "quarantined": refused, "codes": codes}
    return counts
