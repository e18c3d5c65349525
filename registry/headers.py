"""What the headers of an export mean: English, Hindi and Marathi, with a month or a unit in them."""

from __future__ import annotations

import re
import unicodedata

from registry.months import MONTH, pattern_of, without_month
from registry.plan import UNITS

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
    ("centres", "sector_id"): ("sector", "sector id", "circle", "beat", "beat name", "सेक्टर", "परिक्षेत्र", "बीट"),
    ("centres", "project_id"): ("project", "block", "project id", "परियोजना", "ब्लॉक", "प्रकल्प", "तालुका"),
    ("centres", "district_id"): ("district", "district id", "dist", "जिला", "ज़िला", "जिल्हा"),
    ("centres", "setting"): ("setting", "area type", "area", "urban rural", "क्षेत्र प्रकार", "क्षेत्र", "क्षेत्राचा प्रकार"),
    ("measurements", "measured_on"): ("measured on", "date of measurement", "date", "weighing date", "visit date",
                                      "वजन की तिथि", "माप की तिथि", "मोजमाप दिनांक", "वजन दिनांक"),
    ("measurements", "weight_kg"): ("weight", "weight kg", "wt", "वजन", "वज़न"),
    ("measurements", "height_cm"): ("height", "length", "height cm", "lenhei", "ht", "ऊंचाई", "लंबाई", "कद", "उंची"),
    ("measurements", "muac_mm"): ("muac", "arm circumference", "mid upper arm", "बांह का घेरा", "दंड घेर", "दंडाचा घेर"),
    ("measurements", "oedema"): ("oedema", "edema", "swelling", "सूजन", "सूज"),
    ("measurements", "reported_status"): ("nutrition status", "nutritional status", "status", "grade", "wasting",
                                          "category", "colour", "पोषण स्थिति", "श्रेणी", "पोषण स्थिती", "रंग"),
    ("measurements", "height_position"): ("position", "measured lying or standing", "स्थिति", "मोजण्याची स्थिती"),
}
"""Headers seen in exports and registers, by the column they mean."""
PERSONAL = ("name", "name of child", "child name", "beneficiary name", "mother name", "father name", "mobile", "phone",
            "aadhaar", "address", "नाम", "बच्चे का नाम", "माता का नाम", "पिता का नाम", "मोबाइल", "आधार", "पता",
            "बालकाचे नाव", "आईचे नाव", "मोबाईल", "पत्ता")
SURE = 82
"""Similarity (0 to 100) from which a header is proposed; below it a person decides alone."""
_UNIT = re.compile(r"[\s_(](kgs?|किग्रा|कि\.ग्रा\.|cm|सेमी|से\.मी\.|mm|मिमी|gms?|g|ग्राम)[.)]*$")
_UNITS = {"g": "g", "gm": "g", "gms": "g", "ग्राम": "g", "cm": "cm", "सेमी": "cm", "से.मी.": "cm", "mm": "mm",
          "मिमी": "mm"}


def propose(headers: list[str]) -> dict[str, dict[str, object]]:
    """For each header: the table and column it seems to mean and how sure (0 to 100), `personal`, or nothing.

    A header with a month in it (`weight_2026_03`, `Mar-26 Weight`, `मार्च 2026 वजन`) is proposed as a `wide` pattern;
    one that names another unit than the contract's (`wt_g`) comes with that `unit`. Of two headers that seem to mean
    one column, the surer has it.
    """
    found = {header: _propose(header) for header in headers}
    surest: dict[tuple, str] = {}
    for header, answer in found.items():
        meant = answer.get("table"), answer.get("column"), answer.get("wide")
        if meant[0] and (meant not in surest or answer["sure"] > found[surest[meant]]["sure"]):
            surest[meant] = header
    kept = set(surest.values())
    return {header: answer if "table" not in answer or "wide" in answer or header in kept else {}
            for header, answer in found.items()}


def _propose(header: str) -> dict[str, object]:
    month = MONTH.search(header)
    plain = _plain(without_month(header))
    unit = _UNIT.search(plain)
    plain = plain[: unit.start()].strip() if unit else plain
    if _closest(plain, PERSONAL) >= SURE:
        return {"personal": True}
    scores = {target: _closest(plain, (*_own_name(target), *words)) for target, words in WORDS.items()}
    target = max(scores, key=scores.__getitem__)
    if scores[target] < SURE:
        return {}
    found = {"table": target[0], "column": target[1], "sure": round(scores[target])}
    named = _UNITS.get(unit[1]) if unit else None
    if named in UNITS.get(target[1], {}) and UNITS[target[1]][named] != 1:
        found["unit"] = named
    return found | ({"wide": pattern_of(header)} if month else {})


def _own_name(target: tuple[str, str]) -> tuple[str, ...]:
    """A column's own name; but `name` alone is a child's before it is a centre's."""
    return () if target[1] == "name" else (target[1].replace("_", " "),)


def _closest(plain: str, words: tuple[str, ...]) -> float:
    from rapidfuzz import fuzz

    return max(fuzz.token_sort_ratio(plain, _plain(word)) for word in words)


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"[_\-/.:]", " ", text)
    return " ".join(text.split())
