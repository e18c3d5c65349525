"""What people read, in their language: words, sentences for reasons, numbers and dates as people write them.

The words are in `serving/words/{en,hi,mr}.toml`; this module chooses among them. A sentence says only what the
facts bear: which form of a reason is told (fell, rose only …) is decided here, once for all languages.
"""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.ranking import Candidate, Reason, section

LANGUAGES = ("en", "hi", "mr")
REASONS = (
    "falling_weight",
    "low_weight_for_height",
    "low_muac",
    "poor_gain",
    "early_in_recovery",
    "severe_at_admission",
    "earlier_episodes",
    "length_of_stay",
    "illness",
    "poor_appetite",
    "missed_weighings",
    "food_not_received",
    "poor_attendance",
    "lean_season",
    "age",
    "low_birth_weight",
    "stunted",
    "family_and_centre",
    "thin_records",
)
MINUS = "\u2212"
GOOD_GAIN_G_KG_DAY = 5.0
"""Below it a gain is told as "only": 5 to 10 g/kg/day is moderate (WHO 1998, inpatient norm)."""
LONG_UNSEEN_DAYS = 30


@dataclass(frozen=True)
class Form:
    """One way to tell a reason: its name in the word files, when it may be told (facts, raises) -> bool."""

    name: str
    needs: tuple[str, ...]
    told: Callable[[Mapping, bool], bool] = lambda facts, raises: True


FORMS: dict[str, tuple[Form, ...]] = {
    "falling_weight": (
        Form("fell", ("weight_change_kg", "weight_change_days"), lambda f, up: f["weight_change_kg"] < -0.04),
        Form("same", ("weight_change_kg", "weight_change_days"), lambda f, up: f["weight_change_kg"] <= 0.04),
        Form("rose_little", ("weight_change_kg", "weight_change_days"), lambda f, up: up),
        Form("rose", ("weight_change_kg", "weight_change_days")),
    ),
    "low_weight_for_height": (
        Form("low", ("whz",), lambda f, up: f["whz"] < -2),
        Form("fair", ("whz",)),
    ),
    "low_muac": (Form("low", ("muac_mm",), lambda f, up: f["muac_mm"] < 125), Form("fair", ("muac_mm",))),
    "poor_gain": (
        Form("loss", ("gain_g_kg_day",), lambda f, up: f["gain_g_kg_day"] < -0.04),
        Form("little", ("gain_g_kg_day",), lambda f, up: up and f["gain_g_kg_day"] < GOOD_GAIN_G_KG_DAY),
        Form("gains", ("gain_g_kg_day",)),
    ),
    "early_in_recovery": (Form("out", ("days_since_discharge",)), Form("treated", ("days_in_treatment",))),
    "severe_at_admission": (),
    "earlier_episodes": (
        Form("never", ("episodes_before",), lambda f, up: f["episodes_before"] < 1),
        Form("once", ("episodes_before",), lambda f, up: f["episodes_before"] == 1),
        Form("times", ("episodes_before",)),
    ),
    "length_of_stay": (Form("stay", ("length_of_stay_days",)), Form("so_far", ("days_in_treatment",))),
    "illness": (
        Form("no_checks", ("checks",), lambda f, up: f["checks"] < 1),
        Form("never", ("ill_checks", "checks"), lambda f, up: f["ill_checks"] < 1),
        Form("ill", ("ill_checks", "checks")),
    ),
    "poor_appetite": (
        Form("no_checks", ("checks",), lambda f, up: f["checks"] < 1),
        Form("never", ("poor_appetite_checks", "checks"), lambda f, up: f["poor_appetite_checks"] < 1),
        Form("poor", ("poor_appetite_checks", "checks")),
    ),
    "missed_weighings": (
        Form("missed_one", ("missed_weighings",), lambda f, up: f["missed_weighings"] == 1),
        Form("missed", ("missed_weighings",), lambda f, up: f["missed_weighings"] > 1),
        Form("unseen", ("days_since_seen",), lambda f, up: up and f["days_since_seen"] > LONG_UNSEEN_DAYS),
        Form("never", ("missed_weighings",)),
    ),
    "food_not_received": (Form("part", ("ednf_share",)),),
    "poor_attendance": (Form("days", ("attendance_share",)),),
    "lean_season": (),
    "age": (Form("young", ("age_months",), lambda f, up: up and f["age_months"] < 24), Form("months", ("age_months",))),
    "low_birth_weight": (
        Form("low", ("birth_weight_kg",), lambda f, up: f["birth_weight_kg"] < 2.5),
        Form("fair", ("birth_weight_kg",)),
    ),
    "stunted": (Form("low", ("haz",), lambda f, up: f["haz"] < -2), Form("fair", ("haz",))),
    "family_and_centre": (),
    "thin_records": (Form("unseen", ("days_since_seen",), lambda f, up: f["days_since_seen"] > LONG_UNSEEN_DAYS),),
}
"""Forms of each reason in the order in which they are tried; without one the short form (raising) or the label."""


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
        """The word at this path with its facts filled in: `say("ui", "as_of", date="12 March 2026")`."""
        return self(*path).format(**facts)

    def day(self, day: dt.date | None, *, short: bool = False) -> str:
        """A date as people write it: 12 मार्च 2026; empty where there is none."""
        if day is None:
            return ""
        return f"{day.day} {self.tree['months_short' if short else 'months'][day.month - 1]} {day.year}"

    def number(self, value: float, decimals: int = 0) -> str:
        """A number with a real minus sign and Arabic numerals: −2.4."""
        text = f"{value:.{decimals}f}"
        return text.replace("-", MINUS) if float(text) else text.lstrip("-")

    def kilograms(self, value: float) -> str:
        """A weight to the scale's digits: 7.4, 7.85."""
        text = f"{value:.2f}"
        return text[:-1] if text.endswith("0") else text

    def reason(self, reason: Reason, facts: Mapping) -> str:
        """The sentence for a reason, in the form that the facts bear."""
        raises = reason.log_odds > 0
        words = self("reasons", reason.key)
        for form in FORMS[reason.key]:
            if all(_known(facts.get(need)) for need in form.needs) and form.told(facts, raises):
                return words[form.name].format(**{need: self._fact(need, facts[need]) for need in form.needs})
        return words["short"] if raises else words["label"]

    def _fact(self, name: str, value: float) -> str:
        if name in ("weight_change_kg", "gain_g_kg_day"):
            return self.number(abs(value), 1)
        if name in ("whz", "haz"):
            return self.number(value, 1)
        if name == "birth_weight_kg":
            return self.kilograms(value)
        return self.number(100 * value if name.endswith("_share") else value)


def _known(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


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
    told = [words.reason(reason, candidate.facts) for reason in strongest(candidate.reasons, 2)]
    return ". ".join(dict.fromkeys(told)) or words("sections_short", "risk")


def rule_line(candidate: Candidate, words: Words) -> str:
    """The rule in words, with what was measured: `SAM, not yet examined (WHZ −3.4, arm 112 mm)`."""
    line = words("rules", candidate.rule) if candidate.rule else words("states", candidate.state)
    measured = _measured(candidate.facts, words) if _is_sam(candidate.rule) else []
    return f"{line} ({', '.join(measured)})" if measured else line


def _is_sam(rule: str | None) -> bool:
    return rule is not None and rule.startswith(("sam_", "again", "under_six"))


def _measured(facts: Mapping, words: Words) -> list[str]:
    parts = []
    if _known(facts.get("whz")):
        parts.append(f"WHZ {words.number(facts['whz'], 1)}")
    if _known(facts.get("muac_mm")):
        parts.append(words.say("ui", "muac_line", mm=words.number(facts["muac_mm"])))
    return parts


def strongest(reasons: tuple[Reason, ...], count: int) -> list[Reason]:
    """The reasons that raise the risk most, the strongest first."""
    raising = sorted((reason for reason in reasons if reason.log_odds > 0), key=lambda reason: -reason.log_odds)
    return raising[:count]


def last_weight(candidate: Candidate, words: Words, *, short: bool = False) -> str:
    """The last weight with its date, or that there is none."""
    kg, day = candidate.facts.get("last_weight_kg"), candidate.facts.get("last_weight_on")
    if not _known(kg) or day is None:
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
