"""Sentences read back: from a language's templates and a told sentence to the values in it, for the
test of truth."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from serving.language.words import Words, words

MINUS = "\u2212"


@dataclass(frozen=True)
class Read:
    """A sentence that was understood: which template it is, and its values as text."""

    path: tuple[str, ...]
    said: dict[str, str]
    language: str
    asked_on: dt.date

    def number(self, name: str) -> float:
        """A value as a number."""
        return float(self.said[name].replace(MINUS, "-"))

    def decimals(self, name: str) -> int:
        """How many decimals were told."""
        return len(self.said[name].partition(".")[2])

    def day(self, name: str) -> dt.date:
        """A value as a day; without a year, the last such day until the day asked about."""
        return read_day(self.said[name], self.language, self.asked_on)

    def month(self, name: str) -> tuple[int, int]:
        """(year, month) of a month that was told."""
        name_of_month, year = self.said[name].rsplit(" ", 1)
        return int(year), words(self.language).tree["months"].index(name_of_month) + 1


def read_day(text: str, language: str, asked_on: dt.date) -> dt.date:
    """`3 Nov` or `3 Nov 2025` in a language."""
    day, month, *year = text.split(" ")
    number = words(language).tree["months_short"].index(month) + 1
    if year:
        return dt.date(int(year[0]), number, int(day))
    this = dt.date(asked_on.year, number, int(day))
    return this if this <= asked_on else this.replace(year=asked_on.year - 1)


def _pattern(template: str, spoken: Words) -> re.Pattern:
    months = "|".join(map(re.escape, spoken.tree["months_short"]))
    whole = "|".join(map(re.escape, spoken.tree["months"]))
    kinds = {
        "month_on": rf"(?:{whole}) \d{{4}}",
        "on": rf"\d{{1,2}} (?:{months})(?: \d{{4}})?",
        "date": rf"\d{{1,2}} (?:{months})(?: \d{{4}})?",
        "what": ".+",
    }
    written, seen = "", set()
    for part in re.split(r"(\{\w+\})", template):
        name = part.strip("{}")
        if not part.startswith("{"):
            written += re.escape(part)
        elif name in seen:
            written += f"(?P={name})"
        else:
            seen.add(name)
            kind = "month_on" if name.endswith("month_on") else name.rpartition("_")[2]
            written += f"(?P<{name}>{kinds.get(kind, rf'[{MINUS}0-9.,]+')})"
    return re.compile(written)


@cache
def templates(language: str) -> dict[tuple[str, ...], re.Pattern]:
    """The pattern of every sentence for a reason, by (reason, form)."""
    spoken = words(language)
    return {
        (key, form): _pattern(text, spoken)
        for key, forms in spoken.tree["reasons"].items()
        for form, text in forms.items()
    }


@cache
def template(language: str, *path: str) -> re.Pattern:
    """The pattern of any other text of a language."""
    return _pattern(words(language)(*path), words(language))


def readings(sentence: str, language: str, asked_on: dt.date) -> Iterator[Read]:
    """Every template that this sentence may be: two may read alike, and then both must be true."""
    for path, pattern in templates(language).items():
        if found := pattern.fullmatch(sentence):
            yield Read(path, found.groupdict(), language, asked_on)
