"""Months as exports write them: names in English, Hindi and Marathi, and a month found in a header
or a file's name."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from registry.checks.cells import plain_digits

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan जनवरी जानेवारी जान",
            "february feb फरवरी फ़रवरी फेब्रुवारी फेब्रु",
            "march mar मार्च",
            "april apr अप्रैल एप्रिल",
            "may मई मे",
            "june jun जून",
            "july jul जुलाई जुलै",
            "august aug अगस्त ऑगस्ट",
            "september sept sep सितंबर सितम्बर सप्टेंबर सप्टें",
            "october oct अक्टूबर अक्तूबर ऑक्टोबर ऑक्टो",
            "november nov नवंबर नवम्बर नोव्हेंबर नोव्हें",
            "december dec दिसंबर दिसम्बर डिसेंबर डिसें",
        ),
        1,
    )
    for name in unicodedata.normalize("NFC", names).split()
}
"""Names of months: English, Hindi, Marathi."""
NAMED = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
TOKENS = {
    "{YYYY}": r"(?P<Y>\d{4})",
    "{YY}": r"(?P<y>\d{2})",
    "{MM}": r"(?P<m>\d{2})",
    "{M}": r"(?P<m>\d{1,2})",
    "{Mon}": rf"(?P<b>{NAMED})\.?",
    "{Month}": rf"(?P<b>{NAMED})\.?",
    "{DD}": r"(?P<d>\d{1,2})",
    "{N}": r"(?P<n>\d{1,3})",
}
"""What stands in a map's pattern of headers for a year, a month, a day, or the number of a visit.
`{Mon}` and `{Month}` both stand for any spelling of a month's name."""
MONTH = re.compile(
    r"(?<!\d)(20\d{2})([-_ /.]?)(0[1-9]|1[0-2])(?!\d)"
    r"|(?<!\d)(0[1-9]|1[0-2])([-_/.])(20\d{2})(?!\d)"
    rf"|(?<![^\W\d_])({NAMED})(\.?[-_ /.,'’]{{0,2}})(20\d{{2}}|\d{{2}})(?!\d)"
    rf"|(?<!\d)(20\d{{2}})([-_ /.,]{{0,2}})({NAMED})(?![^\W\d_])"
    r"|(?<![\d/.-])(0[1-9]|1[0-2])([-/'’])(1[5-9]|[23]\d)(?![\d/-])(?!\s*(?:m|mths?|months?|yrs?)\b)"
    rf"|(?<![\d/.-])([23]\d)(-)({NAMED})(?![^\W\d_])(?![-' ,.]{{0,2}}\d)",
    re.IGNORECASE,
)
"""A month in a header: `2026_03`, `03/2026`, `Mar-26`, `Sept. 2025`, `मार्च 2026`, `2026 March`,
`04/25`, and `25-Apr`, as Excel shows `Apr-25`."""
_WHOLE_DATE = re.compile(r"(?<!\d)20\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)")
BARE_MONTH = re.compile(rf"(?<![^\W\d_])(?:{NAMED})\.?(?![^\W\d_])", re.IGNORECASE)
"""A month's name, of no year."""


def composed(text: str) -> str:
    """A header in one spelling of its letters, its digits as 0 to 9: `मार्च २०२६` is `मार्च
    2026`."""
    return plain_digits(unicodedata.normalize("NFC", text))


def pattern_of(header: str) -> str:
    """A header with tokens in place of its month: `{Mon}-{YY} Weight` of `Mar-26 Weight`; itself
    where it has none."""
    header = composed(header)
    if whole := _WHOLE_DATE.search(header):
        return header[: whole.start()] + "{YYYY}-{MM}-{DD}" + header[whole.end() :]
    found = MONTH.search(header)
    if not found:
        return header
    year_first, by_number, by_name, name_last = found[1], found[4], found[7], found[10]
    if year_first:
        said = f"{{YYYY}}{found[2]}{{MM}}"
    elif by_number:
        said = f"{{MM}}{found[5]}{{YYYY}}"
    elif by_name:
        said = f"{_name_token(by_name)}{found[8].removeprefix('.')}{'{YYYY}' if len(found[9]) == 4 else '{YY}'}"  # noqa: E501
    elif name_last:
        said = f"{{YYYY}}{found[11]}{_name_token(found[12])}"
    else:
        said = f"{{MM}}{found[14]}{{YY}}" if found[13] else f"{{YY}}-{_name_token(found[18])}"
    return header[: found.start()] + said + header[found.end() :]


def _name_token(name: str) -> str:
    return "{Mon}" if len(name) == 3 and name.isascii() else "{Month}"


def without_month(header: str) -> str:
    """A header without its month."""
    header = composed(header)
    found = _WHOLE_DATE.search(header) or MONTH.search(header)
    return header[: found.start()] + " " + header[found.end() :] if found else header


def month_in(text: str) -> dt.date | None:
    """The first day of the month that a text names; None where it names none."""
    found = MONTH.search(composed(text))
    if not found:
        return None
    year = found[1] or found[6] or found[9] or found[10] or found[15] or found[16]
    month = found[3] or found[4] or found[13]
    number = int(month) if month else MONTHS[(found[7] or found[12] or found[18]).lower()]
    return dt.date(int(year) if len(year) == 4 else 2000 + int(year), number, 1)


def expression_of(pattern: str) -> re.Pattern[str]:
    """A map's pattern of headers as a regular expression; spaces and case do not matter."""
    expression = (
        re.escape(" ".join(composed(pattern).split())).replace(r"\{", "{").replace(r"\}", "}")
    )
    for token, group in TOKENS.items():
        expression = expression.replace(token, group)
    return re.compile(expression.replace(r"\ ", r"\s*"), re.IGNORECASE)


def month_of(parts: dict[str, str], first: dt.date | None = None) -> dt.date | None:
    """The month (its day where `{DD}` gave one) that the tokens of a pattern found; None where they
    give none. A month without a year is the next from `first` on: of April 2025 on, March is that
    of 2026."""
    year = int(parts["Y"]) if "Y" in parts else 2000 + int(parts["y"]) if "y" in parts else None
    month = int(parts["m"]) if "m" in parts else MONTHS.get(parts.get("b", "").lower())
    if year is None and first and month:
        year = first.year + (month < first.month)
    try:
        return dt.date(year, month, int(parts.get("d", 1))) if year and month else None
    except ValueError:
        return None
