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
GOOD_SHARE = 0.8
"""A share of food or days from here on reads as good news."""
TELLING = 1 / 3
"""Of the strongest reason's log-odds: a weaker one is not told in the one line."""


@dataclass(frozen=True)
class Form:
    """One way to tell a reason: its name in the word files, when it may be told (facts, raises) -> bool.

    `says` is what a reader takes from it alone: 1 something amiss, -1 that all is well, 0 neither.
    """

    name: str
    needs: tuple[str, ...]
    told: Callable[[Mapping, bool], bool] = lambda facts, raises: True
    says: int = 0


FORMS: dict[str, tuple[Form, ...]] = {
    "falling_weight": (
        Form("fell", ("weight_change_kg", "weight_change_days"), lambda f, up: f["weight_change_kg"] < -0.04, 1),
        Form("same", ("weight_change_kg", "weight_change_days"), lambda f, up: f["weight_change_kg"] <= 0.04, 1),
        Form("rose_little", ("weight_change_kg", "weight_change_days"), lambda f, up: up, 1),
        Form("rose", ("weight_change_kg", "weight_change_days"), says=-1),
    ),
    "low_weight_for_height": (
        Form("low", ("whz",), lambda f, up: f["whz"] < -2, 1),
        Form("fair", ("whz",)),
    ),
    "low_muac": (Form("low", ("muac_mm",), lambda f, up: f["muac_mm"] < 125, 1), Form("fair", ("muac_mm",))),
    "poor_gain": (
        Form("loss", ("gain_g_kg_day",), lambda f, up: f["gain_g_kg_day"] < -0.04, 1),
        Form("little", ("gain_g_kg_day",), lambda f, up: up and f["gain_g_kg_day"] < GOOD_GAIN_G_KG_DAY, 1),
        Form("gains", ("gain_g_kg_day",), says=-1),
    ),
    "early_in_recovery": (
        Form("out", ("days_since_discharge",), lambda f, up: f["days_since_discharge"] < LONG_UNSEEN_DAYS * 3, 1),
        Form("out", ("days_since_discharge",)),
        Form("treated", ("days_in_treatment",)),
    ),
    "severe_at_admission": (),
    "earlier_episodes": (
        Form("never", ("episodes_before",), lambda f, up: f["episodes_before"] < 1, -1),
        Form("once", ("episodes_before",), lambda f, up: f["episodes_before"] == 1, 1),
        Form("times", ("episodes_before",), says=1),
    ),
    "length_of_stay": (Form("stay", ("length_of_stay_days",)), Form("so_far", ("days_in_treatment",))),
    "illness": (
        Form("no_checks", ("checks",), lambda f, up: f["checks"] < 1),
        Form("never", ("ill_checks", "checks"), lambda f, up: f["ill_checks"] < 1, -1),
        Form("ill", ("ill_checks", "checks"), says=1),
    ),
    "poor_appetite": (
        Form("no_checks", ("checks",), lambda f, up: f["checks"] < 1),
        Form("never", ("poor_appetite_checks", "checks"), lambda f, up: f["poor_appetite_checks"] < 1, -1),
        Form("poor", ("poor_appetite_checks", "checks"), says=1),
    ),
    "missed_weighings": (
        Form("missed_one", ("missed_weighings",), lambda f, up: f["missed_weighings"] == 1, 1),
        Form("missed", ("missed_weighings",), lambda f, up: f["missed_weighings"] > 1, 1),
        Form("unseen", ("days_since_seen",), lambda f, up: up and f["days_since_seen"] > LONG_UNSEEN_DAYS, 1),
        Form("never", ("missed_weighings",), says=-1),
    ),
    "food_not_received": (
        Form("part", ("ednf_share",), lambda f, up: f["ednf_share"] < GOOD_SHARE, 1),
        Form("part", ("ednf_share",), says=-1),
    ),
    "poor_attendance": (
        Form("days", ("attendance_share",), lambda f, up: f["attendance_share"] < GOOD_SHARE, 1),
        Form("days", ("attendance_share",), says=-1),
    ),
    "lean_season": (),
    "age": (
        Form("young", ("age_months",), lambda f, up: up and f["age_months"] < 24, 1),
        Form("months", ("age_months",)),
    ),
    "low_birth_weight": (
        Form("low", ("birth_weight_kg",), lambda f, up: f["birth_weight_kg"] < 2.5, 1),
        Form("fair", ("birth_weight_kg",)),
    ),
    "stunted": (Form("low", ("haz",), lambda f, up: f["haz"] < -2, 1), Form("fair", ("haz",))),
    "family_and_centre": (),
    "thin_records": (Form("unseen", ("days_since_seen",), lambda f, up: f["days_since_seen"] > LONG_UNSEEN_DAYS, 1),),
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
        """The sentence for a reason, in the form that the facts bear; its label where that would contradict the score.

        "Missed no weighing" under what raises a risk reads as a mistake: there the reason is only named.
        """
        raises = reason.log_odds > 0
        words, form = self("reasons", reason.key), form_of(reason, facts)
        if form is None:
            return words["short"] if raises else words["label"]
        if form.says == (-1 if raises else 1):
            return words["label"]
        return words[form.name].format(**{need: self._fact(need, facts[need]) for need in form.needs})

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


def form_of(reason: Reason, facts: Mapping) -> Form | None:
    """The first form of a reason that the facts bear; None where none is."""
    raises = reason.log_odds > 0
    known = (form for form in FORMS[reason.key] if all(_known(facts.get(need)) for need in form.needs))
    return next((form for form in known if form.told(facts, raises)), None)


def why_line(candidate: Candidate, words: Words) -> str:
    """The one line that says why a child is listed: the rule with what was measured, or the two strongest reasons."""
    if section(candidate) in ("danger", "overdue"):
        return rule_line(candidate, words)
    told = [words.reason(reason, candidate.facts) for reason in telling(candidate)]
    return ". ".join(dict.fromkeys(told)) or words("sections_short", "risk")


def telling(candidate: Candidate) -> list[Reason]:
    """The two strongest reasons that say something is amiss; where none does, the strongest as it is."""
    raising = strongest(candidate.reasons, len(candidate.reasons))
    least = raising[0].log_odds * TELLING if raising else 0.0
    forms = [(reason, form_of(reason, candidate.facts)) for reason in raising if reason.log_odds >= least]
    return [reason for reason, form in forms if form is None or form.says > 0][:2] or raising[:1]


def may_happen(candidate: Candidate, words: Words) -> str:
    """What the score is of, and how often: `May become SAM again (about 2 in 10 such children do)`."""
    word = {"relapse": "may_relapse", "non_response": "may_not_respond"}.get(candidate.target or "")
    if word is None or candidate.risk is None:
        return words("sections_short", "risk")
    return words.say("ui", word, risk=risk_words(candidate.risk, words))


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
