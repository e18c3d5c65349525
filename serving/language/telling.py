"""What lists, pages and API say about a child: the one line why it is listed, the next step, the
reasons.

A reason is chosen by what sets the child apart: what it adds to this child's risk, less what it
usually adds in the sector (`models.reasons.usual`). The rain falls on all of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from care.protocol import standard
from models.reasons import SEASON
from models.visits.listed_child import Candidate, Reason
from models.visits.ranking import PREVENTION, section
from models.visits.visit_order import loses_fast
from serving.language.arm import arm_cm
from serving.language.reason_wording import form_of
from serving.language.words import Words

TELLING = 1 / 3
"""Of what sets the child apart most: a reason that does so less is not told in the one line."""
TOLD_FROM = 0.02
"""Log-odds under which a reason is not told in words: a fiftieth moves no one's order."""
SEASON_FROM = 0.1
"""The season is a reason of this child where its part differs by so much from the others'.
verified: false."""
MOST_TOLD = 8
SAM_RULES = (
    "sam_",
    "again",
    "oedema",
    "under_six",
    "small_sam",
    "very_low",
    "back_with_sam",
    "arm_old",
)
"""How the names of the rules begin that go by a finding of SAM."""
ARM_RULES = frozenset({"arm_open", "arm_due"})
"""Rules that go by an arm that was not measured again."""
GAIN_RULES = frozenset({"weight_lost", "loses_weight", "no_gain", "failing_gain", "slow_gain"})
"""Rules of treatment that go by weights."""
FALLING_RULES = frozenset({"follow_up_losing", "mam_losing", "losing_weight", "older_losing"})
"""Rules that go by a weight far under those of the three months before."""
READINGS_ON = ("last_weight_on", "last_muac_on", "sam_whz_on", "sam_muac_on", "sam_oedema_on")
"""Days of the readings that a list and a page show."""
TOLD_ON = (
    "sam_whz_on",
    "sam_muac_on",
    "sam_oedema_on",
    "sam_low_on",
    "now_ill_on",
    "poor_appetite_on",
)
"""Days that a rule's basis names itself."""
SAYS_ILL = frozenset({"sam_ill", "again_ill", "sam_old_ill", "ill_in_treatment", "found_ill"})
"""Rules whose words say that the child is ill."""
GROWTH_RULES = frozenset({"infant_losing", "infant_at_risk"})
WEIGHING_STEPS = frozenset(
    {"measure", "remeasure", "weigh_monthly", "weigh_weekly", "follow_up_weighing"}
)


@dataclass(frozen=True)
class ToldReason:
    """A reason in words; `key` None: all that has no sentence of its own, together."""

    key: str | None
    sentence: str
    log_odds: float


def told_reasons(
    reasons: Sequence[Reason], facts: Mapping[str, Any], words: Words
) -> list[ToldReason]:
    """The reasons of one score for a person, what sets the child apart first; the rest as one last
    part.

    The parts add up to what the reasons add up to. A reason whose sentence the facts do not bear,
    or whose sentence would say the contrary of its part, has none. The season is told beside others
    that raise or lower, never alone.
    """
    sentences = {
        reason.key: sentence
        for reason in reasons
        if abs(reason.log_odds) >= TOLD_FROM and (sentence := words.reason(reason, facts))
    }
    kept = sorted(
        (one for one in reasons if one.key in sentences),
        key=lambda one: (-abs(one.apart), one.key),
    )
    if all(one.key == SEASON for one in kept):
        kept = []
    kept = [one for one in kept if one.key != SEASON or abs(one.apart) >= SEASON_FROM][:MOST_TOLD]
    rest = sum(one.log_odds for one in reasons if one not in kept)
    told = [ToldReason(one.key, sentences[one.key], one.log_odds) for one in kept]
    return told + [ToldReason(None, words("ui", "other_reasons"), rest)] * (abs(rest) >= TOLD_FROM)


def why_line(candidate: Candidate, words: Words) -> str:
    """The one line that says why a child is listed: the rule with what it goes by, or the two
    reasons that count; and what it is ill with beside."""
    if section(candidate) in ("danger", "overdue"):
        return rule_line(candidate, words)
    if not candidate.reasons:
        return rule_line(candidate, words)
    told = [words.reason(reason, candidate.facts) for reason in telling(candidate)]
    told += [said[:1].upper() + said[1:] for said in _ill_beside(candidate, words)]
    return words("ui", "stop").join(filter(None, told)) or words("ui", "several_signs")


def telling(candidate: Candidate) -> list[Reason]:
    """At most two reasons that raise the risk, say that something is amiss, and set this child
    apart most.

    Where none sets it apart (the whole sector has them), the one that raises it most; none where
    nothing is amiss.
    """
    raising = [one for one in candidate.reasons if one.log_odds >= TOLD_FROM]
    amiss = [one for one in raising if (form := form_of(one, candidate.facts)) and form.says > 0]
    own = sorted((one for one in amiss if one.apart > 0), key=lambda one: (-one.apart, one.key))
    least = {SEASON: SEASON_FROM}
    own = [one for one in own if one.apart >= max(TELLING * own[0].apart, least.get(one.key, 0.0))]
    if any(one.key != SEASON for one in own):
        return sorted(own[:2], key=lambda one: one.key == SEASON)
    common = [one for one in amiss if one.key != SEASON]
    return [max(common, key=lambda one: (one.log_odds, one.key))] if common else []


def rule_line(candidate: Candidate, words: Words) -> str:
    """The rule in words, with what it goes by and what stands beside it: `SAM, not yet examined
    (arm 11.2 cm on 3 Nov; ill on 1 Nov)`.

    Of a child in danger every finding of SAM that stands is told, whatever the rule goes by, and a
    loss of 5 % (`models.visits.visit_order.loses_fast`); fever, diarrhoea and poor appetite that
    hold are told of every child."""
    line = words("rules", candidate.rule) if candidate.rule else words("states", candidate.state)
    told = [_rule_basis(candidate, words)]
    if candidate.danger and not _is_sam(candidate.rule):
        told.append(_basis(candidate.facts, words, beside=True))
    if candidate.danger and loses_fast(candidate):
        told.append(_two_weights(candidate.facts, "weight_before", words))
    told += _ill_beside(candidate, words)
    told.append(_since(candidate, words))
    beside = "; ".join(dict.fromkeys(filter(None, told)))
    return f"{line} ({beside})" if beside else line


def _since(candidate: Candidate, words: Words) -> str:
    """From which day the rule's time counts, where the day by which the step is due lies before the
    newest reading: found first then, and found again since."""
    facts, due = candidate.facts, candidate.by_when
    began_on = facts.get("began_on")
    read = [facts[name] for name in READINGS_ON if facts.get(name) is not None]
    if due is None or began_on is None or not read or max(read) <= due:
        return ""
    if began_on in (facts.get(name) for name in TOLD_ON):
        return ""
    return words.say("ui", "since", date=words.lately(began_on, facts.get("asked_on")))


def _rule_basis(candidate: Candidate, words: Words) -> str:
    """What the rule goes by."""
    if _is_sam(candidate.rule):
        return _basis(candidate.facts, words)
    if candidate.rule == "older_at_risk":
        return _thin_body(candidate.facts, words)
    if candidate.rule in ARM_RULES:
        return _last_arm(candidate.facts, words)
    if candidate.rule in GAIN_RULES:
        return _gained(candidate, words)
    if candidate.rule in FALLING_RULES:
        return _fallen(candidate.facts, words)
    if candidate.rule in GROWTH_RULES:
        return _growth(candidate.facts, words)
    return _missing(candidate, words)


def _ill_beside(candidate: Candidate, words: Words) -> Iterator[str]:
    """Illness and poor appetite that hold, each with its day; illness found by a visit since the
    scoring too."""
    facts = candidate.facts
    asked_on, visited = facts.get("asked_on"), candidate.last_visited_on
    ill_on = facts.get("now_ill_on")
    if candidate.last_finding == "ill" and visited and asked_on and visited > asked_on:
        ill_on = visited
    for name, on in (("now_ill_on", ill_on), ("poor_appetite_on", facts.get("poor_appetite_on"))):
        if on is not None:
            yield words.say("ui", name, date=words.lately(on, asked_on))


def beside_short(candidate: Candidate, words: Words) -> str:
    """What stands beside a rule, in a word each: swollen feet, ill, poor appetite; empty where the
    rule says so itself."""
    facts, rule = candidate.facts, candidate.rule or ""
    ill = facts.get("now_ill_on") is not None and rule not in SAYS_ILL
    poor = facts.get("poor_appetite_on") is not None and rule != "eats_poorly"
    found = (
        ("oedema_found", facts.get("sam_oedema_on") is not None and rule != "oedema"),
        ("ill_short", ill),
        ("poor_appetite", poor),
    )
    return ", ".join(words("ui", name) for name, stands in found if stands)


def _gained(candidate: Candidate, words: Words) -> str:
    """The two weights of a treatment that does not help: the stay's highest where over 5 % of it
    was lost, else the weight two weeks before; and the last one."""
    facts = candidate.facts
    before = "stay_high" if candidate.rule == "weight_lost" else "weight_before"
    return _two_weights(facts, before, words)


def _fallen(facts: Mapping[str, Any], words: Words) -> str:
    """The weight that the child had in the season before, and the last one."""
    if facts.get("fell_from_on") is None:
        return _growth(facts, words)
    return _two_weights(facts, "fell_from", words)


def _two_weights(facts: Mapping[str, Any], before: str, words: Words) -> str:
    """A weight before and the last one, each with its day; empty where either is not known."""
    asked_on = facts.get("asked_on")
    if facts.get(f"{before}_on") is None or facts.get("last_weight_on") is None:
        return ""
    return words.say(
        "ui",
        "weights_told",
        before=words.kilograms(facts[f"{before}_kg"]),
        before_on=words.lately(facts[f"{before}_on"], asked_on),
        kg=words.kilograms(facts["last_weight_kg"]),
        on=words.lately(facts["last_weight_on"], asked_on),
    )


def _growth(facts: Mapping[str, Any], words: Words) -> str:
    """What an infant or a child over five goes by: the weights that fell or did not rise, else the
    last arm."""
    if facts.get("weight_change_kg", 1.0) <= 0.0:
        return _two_weights(facts, "weight_before", words)
    return _last_arm(facts, words)


def _thin_body(facts: Mapping[str, Any], words: Words) -> str:
    """What a child over five goes by: the last arm, where it is under the limit; else its weight
    and height (BMI), where both are of one day."""
    mm, on = facts.get("newest_muac_mm"), facts.get("last_weight_on")
    if mm is not None and mm < standard()["older_arm_mm"]:
        return _last_arm(facts, words)
    if on is None or facts.get("last_height_on") != on:
        return ""
    kg = words.say("ui", "measurement_line", kg=words.kilograms(facts["last_weight_kg"]))
    cm = words.say("ui", "height_line", cm=words.number(facts["last_height_cm"], 1))
    date = words.lately(on, facts.get("asked_on"))
    return words.say("ui", "sam_read_on", what=f"{kg}, {cm}", date=date)


def _last_arm(facts: Mapping[str, Any], words: Words) -> str:
    """The last arm with its day; empty where there is none."""
    asked_on = facts.get("asked_on")
    if facts.get("last_muac_on") is None:
        return ""
    arm = words.say("ui", "muac_line", cm=arm_cm(facts["last_muac_mm"]))
    return words.say(
        "ui", "sam_read_on", what=arm, date=words.lately(facts["last_muac_on"], asked_on)
    )


def _is_sam(rule: str | None) -> bool:
    return rule is not None and rule.startswith(SAM_RULES)


def _basis(facts: Mapping[str, Any], words: Words, *, beside: bool = False) -> str:
    """By what SAM was found, and when: only the criteria that fired and were not answered since,
    the newest first; what is older than a finding holds only where nothing newer stands.

    Where a home visit found it since, that visit. `beside`: beside a rule that does not go by SAM;
    nothing old is told then, and no visit."""
    found: dict[dt.date, list[str]] = {}
    if facts.get("sam_oedema_on"):
        found.setdefault(facts["sam_oedema_on"], []).append(words("ui", "oedema_found"))
    if facts.get("sam_whz_on"):
        found.setdefault(facts["sam_whz_on"], []).append(f"WHZ {words.z(facts['sam_whz'])}")
    if facts.get("sam_muac_on"):
        arm = words.say("ui", "muac_line", cm=arm_cm(facts["sam_muac_mm"]))
        found.setdefault(facts["sam_muac_on"], []).append(arm)
    if facts.get("sam_low_on"):
        weight = words.say("ui", "measurement_line", kg=words.kilograms(facts["sam_low_kg"]))
        if facts.get("sam_low_cm"):
            weight = (
                f"{weight}, "
                f"{words.say('ui', 'height_line', cm=words.number(facts['sam_low_cm'], 1))}"
            )
        found.setdefault(facts["sam_low_on"], []).append(weight)
    asked_on, seen_on = facts.get("asked_on"), facts.get("sam_at_home_on")
    recent = {day: what for day, what in found.items() if _recent(day, asked_on)}
    found = recent if recent or beside else found
    seen_on = None if beside else seen_on
    if seen_on is not None and all(seen_on > day for day in found):
        return words.say("ui", "sam_at_home", date=words.lately(seen_on, asked_on))
    return "; ".join(
        words.say("ui", "sam_read_on", what=", ".join(found[day]), date=words.lately(day, asked_on))
        for day in sorted(found, reverse=True)
    )


def _recent(day: dt.date, asked_on: dt.date | None) -> bool:
    return asked_on is None or (asked_on - day).days <= standard()["finding_holds_days"]


def _weighed_in_time(candidate: Candidate) -> bool:
    """A step that asks for a measurement is late although the child was weighed since it was
    due."""
    weighed = candidate.facts.get("last_weight_on")
    late = (candidate.overdue_days or 0) > 0 and candidate.next_step in WEIGHING_STEPS
    # A book of an earlier version does not say when a height was measured.
    late = late and "asked_on" in candidate.facts
    return (
        late
        and weighed is not None
        and candidate.by_when is not None
        and weighed > candidate.by_when
    )


def _lacks_height(candidate: Candidate) -> bool:
    height_on = candidate.facts.get("last_height_on")
    return _weighed_in_time(candidate) and (
        height_on is None or height_on < candidate.facts["last_weight_on"]
    )


def _missing(candidate: Candidate, words: Words) -> str:
    """What is late where it is not the weight: the height, or a reading that can be used. Empty
    elsewhere."""
    if not _weighed_in_time(candidate):
        return ""
    facts = candidate.facts
    if not _lacks_height(candidate):
        return words.say(
            "ui",
            "reading_doubtful",
            date=words.lately(facts["last_weight_on"], facts.get("asked_on")),
        )
    if facts.get("last_height_on") is None:
        return words("ui", "height_never")
    return words.say(
        "ui", "height_missing", date=words.lately(facts["last_height_on"], facts.get("asked_on"))
    )


def step_told(candidate: Candidate) -> str:
    """The code of the step that is told: to measure the height where that alone is late, and the
    child was weighed since."""
    return "measure_height" if _lacks_height(candidate) else candidate.next_step


def step_words(candidate: Candidate, words: Words) -> str:
    """The protocol's next step (`step_told`) in words."""
    return words("steps", step_told(candidate))


def what_to_do(candidate: Candidate, words: Words) -> str:
    """The protocol's next step where a rule asks for the visit; else the visit itself, with food
    and ration where it is to prevent a first SAM."""
    asked_by = section(candidate)
    if asked_by in ("danger", "overdue"):
        return step_words(candidate, words)
    return words("ui", "prevent_now" if asked_by == PREVENTION else "visit_now")
