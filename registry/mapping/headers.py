"""Which column of the contract a header of an export means: in English, Hindi or Marathi, with a
month or a unit in it.

A header is compared as a set of words; a slip of one letter is forgiven in longer words, where only
one column can be meant. What is only like a known word is left open: a person decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TypedDict

from registry.checks.months import MONTH, composed, pattern_of, without_month
from registry.contract.tables import SPECS
from registry.mapping.header_words import (
    CONTACT,
    FILLERS,
    NOT_NOW,
    OTHER_PEOPLE,
    OTHERS,
    PERSONAL,
    QUALIFIERS,
    UNIT_WORDS,
    WORDS,
)
from registry.mapping.map_file import UNITS

OWN, EXACT, QUALIFIED, SLIP = 100, 98, 95, 85
"""How sure: the contract's own name, a known header, one with a word more, one with a letter wrong.
"""
SHARED = ("child_id", "centre_id", "recorded_on", "source", "item", "quantity", "appetite_test")
"""Columns that several tables have: a sheet's other columns say which is meant."""
MAKES = {
    "centres": {"sector_id", "project_id", "district_id", "setting", "name", "latitude"},
    "children": {"sex", "birth_date", "birth_weight_kg", "registered_on", "left_on", "family_id"},
    "measurements": {
        "weight_kg",
        "height_cm",
        "muac_mm",
        "oedema",
        "reported_status",
        "measured_on",
    },
    "episodes": {"episode_id", "programme", "admitted_on", "closed_on"},
    "checks": {"checked_on", "diarrhoea", "fever", "cough", "poor_appetite"},
    "rations": {"issued_on"},
    "attendance": {"open_days", "attended_days"},
    "visits": {"visited_on", "finding"},
    "stocks": {"counted_on"},
}
"""A sheet holds a table where it has one of these."""
_OF_MONTH = re.compile(r"(?<![^\W_])(months?|माह|महीना|महीने|महिना)(?![^\W_])", re.IGNORECASE)
"""`Weight in the month of June 2025`: the month itself has been taken out."""
_PATH = re.compile(r"[^\s/:()]+([/:][^\s/:()]+)+")
_INITIALS = re.compile(r"(?<![^\s(])([^\s.()]{1,4}\.){2,}([^\s.()]{0,4})(?![^\s)])")
_UNIT_OF = {word: unit for unit, words in UNIT_WORDS.items() for word in words.split()}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z]([a-z]|[A-Z]))")
_STAGE = re.compile(r"(.+\S)\s+[-–]\s+(\S.+)")
"""DHIS2 writes a stage of a programme before its data element: `Nutrition - Weight (kg)`."""


Targets = tuple[tuple[str, str], ...]
"""Columns that a header may mean, each with its table."""


class HeaderMeaning(TypedDict, total=False):
    """What a header seems to mean: `table`, `column`, how sure (0 to 100), the unit where it is not
    the contract's, the pattern where it names a month; `personal`; or nothing."""

    table: str
    column: str
    sure: int
    unit: str
    wide: str
    personal: bool


@dataclass
class _Likeness:
    """What a header means by itself: the columns that it may be, before the sheet's others tell
    which."""

    targets: Targets = ()
    sure: int = 0
    personal: bool = False
    unit: str = ""
    wide: str = ""


def header_meanings(headers: Sequence[str], *, name: str = "") -> dict[str, HeaderMeaning]:
    """For each header: the table and column it seems to mean and how sure (0 to 100), `personal`,
    or nothing.

    A header with a month in it (`weight_2026_03`, `Mar-26 Weight`, `मार्च 2026 वजन`) is proposed as
    a `wide` pattern; one that names another unit than the contract's (`wt_g`) comes with that
    `unit`. Of two headers that seem to mean one column, the surer (then the former) has it. `name`
    is the sheet's: one of the contract's says which table it is.
    """
    meant = {header: _meaning(header) for header in headers}
    if name.strip().lower() == "centres":
        own = _Likeness((("centres", "name"),), OWN)
        meant |= {header: own for header in headers if _bare(header) == "name"}
    meant = _of_a_stay(meant)
    tables = _tables_of(meant.values(), name)
    found = {header: _placed(answer, tables) for header, answer in meant.items()}
    surest: dict[tuple[str | None, str | None, str | None], str] = {}
    for header, answer in found.items():
        what = answer.get("table"), answer.get("column"), answer.get("wide")
        if what[0] and (what not in surest or answer["sure"] > found[surest[what]]["sure"]):
            surest[what] = header
    kept = set(surest.values())
    return {
        header: answer if "table" not in answer or "wide" in answer or header in kept else {}
        for header, answer in found.items()
    }


def _of_a_stay(meant: dict[str, _Likeness]) -> dict[str, _Likeness]:
    """Beside a day of admission, an exit is the stay's end: the child does not leave the
    registry."""
    stays = {column for found in meant.values() for table, column in found.targets}
    if "admitted_on" not in stays:
        return meant
    end = ("episodes", "closed_on")
    return {
        header: replace(found, targets=(end,)) if end in found.targets else found
        for header, found in meant.items()
    }


def _meaning(header: str) -> _Likeness:
    """What one header means by itself."""
    plain = _bare(header)
    if plain in SPECS_COLUMNS:
        targets = _without_name(SPECS_COLUMNS[plain])
        if targets:
            return _Likeness(targets, OWN)
    if _split(plain)[-1:] == ["by"]:
        return _Likeness()
    bare = without_month(header).strip(" _-")
    if bare != composed(header).strip(" _-"):
        bare = _OF_MONTH.sub(" ", bare).strip(" _-")
    read = [_words(text) for text in (bare, *_last_steps(bare), _within(header))]
    # Known words anywhere in a header come before a slip of the pen in all of it.
    tried = ((judge(words), unit) for judge in (_recognised, _slip) for words, unit in read)
    found, unit = next(
        ((found, unit) for found, unit in tried if found is not None), (_Likeness(), "")
    )
    if not found.targets:
        return found
    target = found.targets[0][1]
    if unit and unit not in UNITS.get(target, {unit: 1.0}):
        return _Likeness()
    is_other_unit = UNITS.get(target, {}).get(unit, 1.0) != 1.0
    wide = pattern_of(header) if MONTH.search(composed(header)) else ""
    return replace(found, unit=unit if is_other_unit else "", wide=wide)


def _without_name(targets: Targets) -> Targets:
    """`name` alone is a child's before it is a centre's."""
    return tuple(target for target in targets if target[1] != "name")


@cache
def _known() -> dict[frozenset[str], Targets]:
    """Every known header as a set of words, with the columns that it means."""
    known: dict[frozenset[str], Targets] = {}
    for target, words in WORDS.items():
        for word in words.split("|"):
            known.setdefault(_words(word)[0], ())
            known[_words(word)[0]] += (target,)
    for plain, targets in SPECS_COLUMNS.items():
        known.setdefault(_words(plain)[0], _without_name(targets))
    return {words: targets for words, targets in known.items() if words and targets}


@cache
def _not_ours() -> tuple[frozenset[frozenset[str]], frozenset[frozenset[str]]]:
    """The headers known to be personal, and those known to be none of ours, as sets of words."""
    personal, others = (
        frozenset(_words(word)[0] for word in words.split("|")) for words in (PERSONAL, OTHERS)
    )
    return personal, others


def _recognised(words: frozenset[str]) -> _Likeness | None:
    """What a set of words means: personal, surely nothing of ours (empty), or some columns; None
    where unknown."""
    personal, others = _not_ours()
    if not words:
        return None
    if words & CONTACT:
        return _Likeness(personal=True)
    if words in others:
        return _Likeness()
    if words in personal:
        return _Likeness(personal=True)
    if words in _known():
        return _Likeness(_known()[words], EXACT)
    fewer = frozenset(words - QUALIFIERS)
    if fewer != words and fewer:
        found = _recognised(fewer)
        return replace(found, sure=QUALIFIED) if found and fewer in _known() else found
    return None


def _slip(words: frozenset[str]) -> _Likeness | None:
    """The columns of a known header of which one longer word has a letter wrong (two in ten), where
    only one column is as near; None where there is none."""
    near: dict[Targets, int] = {}
    for known, targets in _known().items():
        far = _one_word_apart(words, known) if len(known) == len(words) else None
        if far is not None:
            near[targets] = min(far, near.get(targets, far))
    least = [targets for targets, far in near.items() if far == min(near.values())]
    return _Likeness(least[0], SLIP) if len(least) == 1 else None


def _one_word_apart(words: frozenset[str], known: frozenset[str]) -> int | None:
    """Letters between the one word in which two headers differ; None where more differ, or a short
    word or a digit."""
    from rapidfuzz.distance import OSA

    ours, theirs = words - known, known - words
    if len(ours) != 1 or len(theirs) != 1:
        return None
    mine, other = next(iter(ours)), next(iter(theirs))
    if min(len(mine), len(other)) < 5 or any(sign.isdigit() for sign in mine):
        return None
    allowed = 1 if len(other) < 10 else 2
    far = OSA.distance(mine, other, score_cutoff=allowed)
    return far if far <= allowed else None


def _tables_of(meant: Iterable[_Likeness], name: str) -> list[str]:
    """The contract's tables that a sheet seems to hold, the one that says most of it first."""
    score = dict.fromkeys(SPECS, 0.0)
    for found in meant:
        targets = [target for target in found.targets if target[1] not in SHARED]
        for table, column in targets:
            score[table] += (1 + (column in MAKES.get(table, ()))) / len(targets)
    if name.strip().lower() in score:
        score[name.strip().lower()] += 100
    return sorted(score, key=score.__getitem__, reverse=True)


def _placed(found: _Likeness, tables: list[str]) -> HeaderMeaning:
    """The meaning with one table: of several that have the column, the one that the sheet holds
    most of."""
    if not found.targets:
        return {"personal": True} if found.personal else {}
    column = found.targets[0][1]
    having = list(found.targets)
    if column in SHARED:
        having = [(table, column) for table in tables if column in SPECS_NAMES[table]]
    if column in ("child_id", "centre_id") and tables[0] in ("children", "measurements", "centres"):
        having = [("children", column)]
    table, column = min(having, key=lambda target: tables.index(target[0]))
    meaning: HeaderMeaning = {"table": table, "column": column, "sure": found.sure}
    if found.unit:
        meaning["unit"] = found.unit
    if found.wide:
        meaning["wide"] = found.wide
    return meaning


def unit_in(header: str) -> str:
    """The unit that a header names, as a map has it; nothing where it names none."""
    return _words(_last_steps(without_month(header).strip(" _-"))[-1])[1]


def age_in(header: str) -> str:
    """The unit of an age that a header names (`Age (months)`, `agemons`); nothing where it is none,
    or names two."""
    words = set(_split(composed(header)))
    if words & {"agemons", "agemonths", "agedays"}:
        return "days" if "agedays" in words else "months"
    units = [unit for unit, names in AGE_WORDS.items() if words & names]
    # ENA's MONTHS; a column called Month or Year is one of dates.
    is_age = words & AGES or words in ({"months"}, {"years"})
    return units[0] if len(units) == 1 and is_age else ""


def is_age(header: str) -> bool:
    """Does a header call its column an age, in whatever unit?"""
    return bool(set(_split(composed(header))) & AGES)


AGES = frozenset({"age", "आयु", "उम्र", "वय"})
AGE_WORDS = {
    "days": frozenset({"days", "दिन", "दिवस"}),
    "weeks": frozenset({"weeks", "wks", "सप्ताह", "आठवडे"}),
    "months": frozenset({"months", "month", "mons", "mths", "माह", "महीने", "महिने"}),
    "years": frozenset({"years", "year", "yrs", "वर्ष", "वर्षे", "साल"}),
}
SPECS_NAMES = {name: {column.name for column in spec.columns} for name, spec in SPECS.items()}
SPECS_COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    column: tuple((table, column) for table, columns in SPECS_NAMES.items() if column in columns)
    for column in sorted(set().union(*SPECS_NAMES.values()))
}
"""Every column's own name, with the tables that have it."""


def _bare(header: str) -> str:
    return composed(header).strip().lower()


def _last_steps(header: str) -> tuple[str, ...]:
    """`group/sub/weight` is weight: Kobo and CommCare write the way to a question, as
    `form.group.weight` too. The last two steps come first (`child.id`); what is asked of a mother
    is none of ours."""
    header = composed(header).replace("@", "")
    if header.lower().startswith("data-"):
        header = header.replace("-", "/")
    if stage := _STAGE.fullmatch(header):
        other = set(_split(stage[1])) & (OTHER_PEOPLE | NOT_NOW)
        return (header,) if other else (header, stage[2])
    dotted = re.fullmatch(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)+", header)
    if not dotted and not _PATH.fullmatch(header):
        return (header,)
    *above, last = re.split(r"[/:.]" if dotted else r"[/:]", header)
    if {word for step in above for word in _split(step)} & (OTHER_PEOPLE | NOT_NOW):
        return (header,)
    known = _known().get(_words(above[-1])[0]), _known().get(_words(last)[0])
    # `weight/height` is a ratio, `measure:ht` a question in a group.
    if "/" in header and len(above) == 1 and all(known) and known[0] != known[1]:
        return (header,)
    return f"{above[-1]} {last}", last


def _within(header: str) -> str:
    """What stands in brackets: `माप (weight)`."""
    found = re.search(r"[(\[]([^()\[\]]+)[)\]]", composed(header))
    return without_month(found[1]) if found else ""


def _words(text: str) -> tuple[frozenset[str], str]:
    """The words of a header without fillers, marks and unit, and the unit."""
    text = unicodedata.normalize("NFKC", composed(text))
    outside = (
        re.sub(r"[(\[][^()\[\]]*[)\]]", " ", text)
        if re.sub(r"[(\[][^()\[\]]*[)\]]", "", text).strip()
        else text
    )
    inside = " ".join(re.findall(r"[(\[]([^()\[\]]*)[)\]]", text))
    words, unit = [], next((_UNIT_OF[word] for word in _split(inside) if word in _UNIT_OF), "")
    for at, word in enumerate(_split(outside)):
        if (
            word in _UNIT_OF
            and (at or len(_split(outside)) == 1)
            and not (word == "m" and "f" in _split(outside))
        ):
            unit = unit or _UNIT_OF[word]
        elif word not in FILLERS:
            words.append(word)
    return frozenset(words), unit


def words_of(header: str) -> list[str]:
    """The words of a header in small letters, without marks."""
    return _split(composed(header))


def _split(text: str) -> list[str]:
    text = re.sub(r"['’]s\b", " ", text)
    text = _INITIALS.sub(lambda found: found[0].replace(".", ""), text)
    text = _CAMEL.sub(" ", text)
    words = (
        re.sub(r"""[_\-/.:,;*#?&'’"|+=\\%()\[\]{}<>–—]""", " ", text)
        .lower()
        .replace("\u200d", "")
        .replace("\u200c", "")
        .split()
    )
    return ["date" if word == "dt" else word for word in words]
