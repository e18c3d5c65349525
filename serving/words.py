"""What people read, in their language: words, sentences for reasons, numbers and dates as people write them.

The words are in `serving/words/{en,hi,mr}.toml`; this module chooses among them. A sentence says only what the
facts bear: which form of a reason is told (fell, rose only …) is decided here, once for all languages.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from pathlib import Path

from models.candidate import Candidate, Reason
from models.ranking import section
from models.severity import SAM_MUAC_MM, SAM_WHZ
from registry.grouping import grouped
from serving.arm import arm_cm
from serving.reason_forms import by_the_week, form_of, known

LANGUAGES = ("en", "hi", "mr")
MINUS = "\u2212"
TELLING = 1 / 3
"""Of the strongest reason's log-odds: a weaker one is not told in the one line."""


@dataclass(frozen=True)
class Words:
    """One language's words. `words("reasons", "low_muac", "low")` or, with facts, `say(..., muac_mm=...)`."""

    language: str
    tree: Mapping

    def __call__(self, *path: str) -> str:
        """The word at this path, as it stands in the file. KeyError where a language lacks it."""
        found = self.tree
        for part in path:
            found = found[part]
        return found

    def say(self, *path: str, **facts: object) -> str:
        """The word at this path with its facts filled in: `say("ui", "as_of", date="12 March 2026")`.

        Whole numbers are grouped as India does (1,456); for an `n` of 1 the word beside it that ends in `_one` is
        said, where the language files have one: `say("ui", "overdue_by", n=1)` is "1 day late".
        """
        *table, name = path
        if facts.get("n") == 1 and f"{name}_one" in self(*table):
            name += "_one"
        told = {fact: self.number(value) if isinstance(value, Integral) else value for fact, value in facts.items()}
        return self(*table, name).format(**told)

    def sentence(self, text: str) -> str:
        """A text with its full stop, and with one only: what ends in a stop already, or in a colon, stays as it is."""
        return text if text.endswith(("\u0964", ".", ":", "?")) else text + self("ui", "stop").rstrip()

    def day(self, day: dt.date | None, *, short: bool = False) -> str:
        """A date as people write it: 12 मार्च 2026; empty where there is none."""
        if day is None:
            return ""
        return f"{day.day} {self.tree['months_short' if short else 'months'][day.month - 1]} {day.year}"

    def number(self, value: float, decimals: int = 0) -> str:
        """A number with a real minus sign, Arabic numerals and Indian grouping: −2.4; 12,34,567."""
        whole, point, rest = f"{abs(value):.{decimals}f}".partition(".")
        text = grouped(int(whole)) + point + rest
        return MINUS + text if value < 0 and float(whole + point + rest) else text

    def kilograms(self, value: float) -> str:
        """A weight to the scale's digits: 7.4, 7.85."""
        text = f"{value:.2f}"
        return text[:-1] if text.endswith("0") else text

    def reason(self, reason: Reason, facts: Mapping) -> str:
        """The sentence for a reason, in the form that the facts bear; its label where that would contradict the score.

        "Missed no weighing" under what raises a risk reads as a mistake: there the reason is only named.
        """
        raises, facts = reason.log_odds > 0, by_the_week(facts)
        words, form = self("reasons", reason.key), form_of(reason, facts)
        if form is None:
            return words["short"] if raises else words["label"]
        if form.says == (-1 if raises else 1):
            return words["label"]
        told = {need: self._fact(need, facts[need]) for need in form.needs}
        if "muac_mm" in told:
            told["muac_cm"] = arm_cm(facts["muac_mm"])
        return words[form.name].format(**told)

    def _fact(self, name: str, value: float) -> str:
        if name == "weight_change_kg":
            return self.number(abs(value), 1)
        if name == "gain_g_week":
            return self.number(abs(value))
        if name in ("whz", "haz"):
            return self.number(value, 1)
        if name == "birth_weight_kg":
            return self.kilograms(value)
        return self.number(100 * value if name.endswith("_share") else value)


@cache
def words(language: str) -> Words:
    """The words of a language of LANGUAGES. KeyError for another."""
    if language not in LANGUAGES:
        raise KeyError(language)
    text = Path(__file__).with_name("words").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return Words(language, tomllib.loads(text))


def preferred(accept_language: str | None, *, otherwise: str = "en") -> str:
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


def why_line(candidate: Candidate, words: Words) -> str:
    """The one line that says why a child is listed: the rule with what was measured, or the two strongest reasons."""
    if section(candidate) in ("danger", "overdue"):
        return rule_line(candidate, words)
    told = [words.reason(reason, candidate.facts) for reason in telling(candidate)]
    return words("ui", "stop").join(dict.fromkeys(told)) or words("sections_short", "risk")


def telling(candidate: Candidate) -> list[Reason]:
    """The two strongest reasons that say something is amiss; where none does, the strongest as it is."""
    raising = strongest(candidate.reasons, len(candidate.reasons))
    least = raising[0].log_odds * TELLING if raising else 0.0
    facts = by_the_week(candidate.facts)
    forms = [(reason, form_of(reason, facts)) for reason in raising if reason.log_odds >= least]
    amiss = [reason for reason, form in forms if (reason.key != "thin_records" if form is None else form.says > 0)]
    return amiss[:2] or raising[:1]


def may_happen(candidate: Candidate, words: Words) -> str:
    """What the score is of: `May become SAM again`. No figure: the family may read the sheet over a shoulder."""
    word = {"relapse": "may_relapse", "non_response": "may_not_respond"}.get(candidate.target or "")
    return words("ui", word) if word else words("sections_short", "risk")


def how_often(candidate: Candidate, words: Words) -> str:
    """What the score is, in children: `about 2 in 10 such children become SAM again`; or that there is none."""
    word = {"relapse": "such_relapse", "non_response": "such_not_respond"}.get(candidate.target or "")
    if word is None or candidate.risk is None:
        return words("ui", "not_scored")
    return words.say("ui", word, risk=risk_words(candidate.risk, words))


def rule_line(candidate: Candidate, words: Words) -> str:
    """The rule in words, with what was measured: `SAM, not yet examined (WHZ −3.4, arm 11.2 cm)`."""
    line = words("rules", candidate.rule) if candidate.rule else words("states", candidate.state)
    measured = _measured(candidate.facts, words) if _is_sam(candidate.rule) else []
    return f"{line} ({', '.join(measured)})" if measured else line


def _is_sam(rule: str | None) -> bool:
    return rule is not None and rule.startswith(("sam_", "again", "under_six"))


def _measured(facts: Mapping, words: Words) -> list[str]:
    """What was measured, as far as it is severe; where neither is any more, both.

    A WHZ of -3.02 is told with both decimals: as -3.0 it would not be severe.
    """
    whz, muac_mm, parts = facts.get("whz"), facts.get("muac_mm"), {}
    if known(whz):
        near = round(whz, 1) == SAM_WHZ and whz < SAM_WHZ
        parts[whz < SAM_WHZ] = [f"WHZ {words.number(whz, 2 if near else 1)}"]
    if known(muac_mm):
        arm = words.say("ui", "muac_line", cm=arm_cm(muac_mm))
        parts[muac_mm < SAM_MUAC_MM] = [*parts.get(muac_mm < SAM_MUAC_MM, []), arm]
    return parts.get(True) or parts.get(False, [])


def strongest(reasons: tuple[Reason, ...], count: int) -> list[Reason]:
    """The reasons that raise the risk most, the strongest first."""
    raising = sorted((reason for reason in reasons if reason.log_odds > 0), key=lambda reason: -reason.log_odds)
    return raising[:count]


def last_weight(candidate: Candidate, words: Words, *, short: bool = False) -> str:
    """The last weight with its date, or that there is none."""
    kg, day = candidate.facts.get("last_weight_kg"), candidate.facts.get("last_weight_on")
    if not known(kg) or day is None:
        return words("ui", "last_weight_none")
    return words.say("ui", "last_weight_line", kg=words.kilograms(kg), date=words.day(day, short=short))


def risk_words(risk: float, words: Words) -> str:
    """A risk as people count: `about 4 in 10`."""
    tenths = round(10 * risk)
    return words.say("ui", "risk_words", n=tenths) if tenths else words("ui", "risk_words_small")


def whom(candidate: Candidate, words: Words) -> str:
    """`girl, 14 months`."""
    sex = words("sex", candidate.sex)
    return words.say("ui", "months_sex", sex=sex, n=candidate.age_months) if candidate.age_months is not None else sex


def what_to_do(candidate: Candidate, words: Words) -> str:
    """The protocol's next step where a rule asks for the visit; else the visit itself."""
    if section(candidate) in ("danger", "overdue"):
        return words("steps", candidate.next_step)
    return words("ui", "visit_now")
