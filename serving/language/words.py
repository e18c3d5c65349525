"""What people read, in their language: words, sentences for reasons, numbers and dates as people
write them.

The words are in `serving/language/words/CODE.toml`; this module fills them. Which form of a
reason is told is decided in `serving/language/reason_wording.py`, which reasons in
`serving/language/telling.py`.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from pathlib import Path
from typing import Any

from models.targets import TARGETS
from models.visits.listed_child import Candidate, Reason
from registry.indian_digits import grouped
from serving.language.arm import arm_cm
from serving.language.languages import DEFAULT_LANGUAGE, LANGUAGES
from serving.language.reason_wording import SEVERE_Z, WASTED_Z, form_of, known

MINUS = "\u2212"
SAME_YEAR_DAYS = 300
"""A day so long ago cannot be taken for one of the year after."""
Z_FACTS = frozenset({"whz", "haz", "admission_whz"})
WORDS = Path(__file__).with_name("words")
NEARLY_CERTAIN = 0.95
"""A risk from here on is not counted in tenths: "10 in 10" would be a promise."""


@dataclass(frozen=True)
class Words:
    """One language's words. `words("reasons", "low_muac", "low")` or, with facts, `say(...,
    muac_mm=...)`."""

    language: str
    tree: Mapping[str, Any]

    def __call__(self, *path: str) -> str:
        """The word at this path, as it stands in the file. KeyError where a language lacks it."""
        word: str = self._at(path)
        return word

    def _at(self, path: Iterable[str]) -> Any:
        """What stands at this path of the file: a word, or a table of words."""
        found: Any = self.tree
        for part in path:
            found = found[part]
        return found

    def say(self, *path: str, **facts: object) -> str:
        """The word at this path with its facts filled in: `say("ui", "as_of", date="12 March
        2026")`.

        Whole numbers are grouped as India does (1,456); for an `n` of 1 the word beside it that
        ends in `_one` is said, where the language files have one: `say("ui", "overdue_by", n=1)` is
        "1 day late".
        """
        *table, name = path
        if facts.get("n") == 1 and f"{name}_one" in self._at(table):
            name += "_one"
        told = {
            fact: self.number(int(value)) if isinstance(value, Integral) else value
            for fact, value in facts.items()
        }
        return self(*table, name).format(**told)

    def of_target(self, target: str, key: str) -> str:
        """What is said of a target (`models/targets.toml`): its `name`, what it is a `risk` of,
        what `may` come, how many are `expected`, and of how many `such` children it comes."""
        return TARGETS[target].words[self.language][key]

    def sentence(self, text: str) -> str:
        """A text with its full stop, and with one only: what ends in a stop already, or in a colon,
        stays as it is."""
        return (
            text if text.endswith(("\u0964", ".", ":", "?")) else text + self("ui", "stop").rstrip()
        )

    def day(self, day: dt.date | None, *, short: bool = False) -> str:
        """A date as people write it: 12 मार्च 2026; empty where there is none."""
        if day is None:
            return ""
        return (
            f"{day.day} {self.tree['months_short' if short else 'months'][day.month - 1]} "
            f"{day.year}"
        )

    def day_of_week(self, day: dt.date) -> str:
        """The day of the week in short: Mon."""
        name: str = self.tree["weekdays_short"][day.weekday()]
        return name

    def number(self, value: float, decimals: int = 0) -> str:
        """A number with a real minus sign, Arabic numerals and Indian grouping: −2.4; 12,34,567."""
        whole, point, rest = f"{abs(value):.{decimals}f}".partition(".")
        text = grouped(int(whole)) + point + rest
        return MINUS + text if value < 0 and float(whole + point + rest) else text

    def kilograms(self, value: float) -> str:
        """A weight to the scale's digits: 7.4, 7.85."""
        text = f"{value:.2f}"
        return text[:-1] if text.endswith("0") else text

    def lately(self, day: dt.date, asked_on: dt.date | None) -> str:
        """A date of the last months without its year: 3 Nov; an older one with it: 3 Nov 2025."""
        whole = self.day(day, short=True)
        return (
            whole.rpartition(" ")[0]
            if asked_on and 0 <= (asked_on - day).days <= SAME_YEAR_DAYS
            else whole
        )

    def reason(self, reason: Reason, facts: Mapping[str, Any]) -> str | None:
        """The sentence for a reason, in the form that the facts bear; None where they bear none
        (see `form_of`)."""
        form = form_of(reason, facts)
        if form is None:
            return None
        told = {_written(need): self._fact(need, facts) for need in form.needs}
        return self("reasons", reason.key, form.name).format(**told)

    def _fact(self, name: str, facts: Mapping[str, Any]) -> str:
        value = facts[name]
        if name.endswith("_month_on"):
            return f"{self.tree['months'][value.month - 1]} {value.year}"
        if name.endswith("_on"):
            return self.lately(value, facts.get("asked_on"))
        if name.endswith("_kg"):
            return self.kilograms(value)
        if name.endswith("_muac_mm"):
            return arm_cm(value)
        return self.z(value) if name in Z_FACTS else self.number(value)

    def z(self, value: float) -> str:
        """A z-score to one decimal; to two where one would put it on a limit that it is under:
        -3.02, not -3.0."""
        near = value < round(value, 1) and round(value, 1) in (SEVERE_Z, WASTED_Z)
        return self.number(value, 2 if near else 1)


def _written(need: str) -> str:
    """The name of a fact in the sentences: an arm is read in cm."""
    return f"{need[:-2]}cm" if need.endswith("_muac_mm") else need


@cache
def words(language: str) -> Words:
    """The words of a language of LANGUAGES. KeyError for another."""
    if language not in LANGUAGES:
        raise KeyError(language)
    text = (WORDS / f"{language}.toml").read_text(encoding="utf-8")
    return Words(language, tomllib.loads(text))


def preferred(accept_language: str | None, *, otherwise: str = DEFAULT_LANGUAGE) -> str:
    """The best of LANGUAGES for an Accept-Language header: `mr-IN,mr;q=0.9,en;q=0.4` gives `mr`."""
    wishes = []
    for place, part in enumerate((accept_language or "")[:1000].split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            wishes.append((-float(quality or 1), place, tag.split("-")[0].lower()))
        except ValueError:
            continue
    known = [tag for weight, _, tag in sorted(wishes) if tag in LANGUAGES and weight < 0]
    return known[0] if known else otherwise


def may_happen(candidate: Candidate, words: Words) -> str:
    """What the score is of: `May become SAM again`. No figure: the family may read the sheet over a
    shoulder."""
    if candidate.target not in TARGETS:
        return words("sections_short", "risk")
    return words.of_target(candidate.target, "may")


def how_often(candidate: Candidate, words: Words) -> str:
    """What the score is, in children: `about 2 in 10 such children become SAM again`; or that there
    is none."""
    if candidate.target not in TARGETS or candidate.risk is None:
        why = candidate.why_not
        told = words("ui", "not_scored")
        return f"{told}: {words('not_scored', why)}" if why else told
    if candidate.risk >= NEARLY_CERTAIN:
        return words.of_target(candidate.target, "such_certain")
    risk = risk_words(candidate.risk, words)
    return words.of_target(candidate.target, "such").format(risk=risk)


def last_weight(candidate: Candidate, words: Words, *, short: bool = False) -> str:
    """The last weight with its date, or that there is none."""
    kg, day = candidate.facts.get("last_weight_kg"), candidate.facts.get("last_weight_on")
    if not known(kg) or day is None:
        return words("ui", "last_weight_none")
    return words.say(
        "ui", "last_weight_line", kg=words.kilograms(kg), date=words.day(day, short=short)
    )


def risk_words(risk: float, words: Words) -> str:
    """A risk as people count: `about 4 in 10`; never 0 in 10, and never 10 in 10."""
    tenths = round(10 * risk)
    if risk >= NEARLY_CERTAIN:
        return words("ui", "risk_words_certain")
    return words.say("ui", "risk_words", n=tenths) if tenths else words("ui", "risk_words_small")


def risk_range(low: float, high: float, words: Words) -> str:
    """The interval of a risk: `between 20 and 40 in 100`; an end that would be 0 or 100 is not
    told."""
    least, most = (words.number(100 * bound) for bound in (low, high))
    if least == "0":
        return words.say("ui", "risk_range_low", high=most) if most not in ("0", "100") else ""
    if most == "100":
        return words.say("ui", "risk_range_high", low=least) if least != "100" else ""
    return words.say("ui", "risk_range", low=least, high=most)


def whom(candidate: Candidate, words: Words) -> str:
    """`girl, 14 months`."""
    sex = words("sex", candidate.sex)
    return (
        words.say("ui", "months_sex", sex=sex, n=candidate.age_months)
        if candidate.age_months is not None
        else sex
    )
