"""Said of children of a group whose risks were surely off when the model was trained, and whose
level was not moved (`models.level.groups_off`): on lists and pages of all such groups, on a child's
page of the child's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.age_bands import BANDS_MONTHS, band_names
from models.level import BOYS, GIRLS
from models.visits.listed_child import Candidate
from serving.language.words import Words

SEX_OF = {GIRLS: "F", BOYS: "M"}
GROUPS_OFF = "groups_off"
"""The fact of a run that holds the groups, by target."""


def group_notes(facts: Mapping[str, Any], words: Words) -> list[str]:
    """Of each target and direction its groups, in words; empty without any."""
    said = []
    for target, groups in facts.get(GROUPS_OFF, {}).items():
        for key, inside in (
            ("level_group_low", [one for one in groups if one["ratio"] > 1]),
            ("level_group_high", [one for one in groups if one["ratio"] < 1]),
        ):
            if inside:
                named = ", ".join(_named(one, words) for one in inside)
                name = words.of_target(target, "name")
                said.append(words.say("ui", key, target=name, groups=named))
    return said


def notes_of_child(
    child: Candidate, target: str, facts: Mapping[str, Any], words: Words
) -> list[str]:
    """The same of the groups that a child is of, for one target."""
    mine = [one for one in facts.get(GROUPS_OFF, {}).get(target, []) if _is_of(child, one)]
    return group_notes({GROUPS_OFF: {target: mine}}, words)


def ages(since: int, to: int | None, words: Words) -> str:
    """A band of ages from a month to before another (None: without an end)."""
    if not since:
        return words.say("ui", "ages_under", to=to)
    if to is None:
        return words.say("ui", "ages_from", since=since)
    return words.say("ui", "ages_between", since=since, last=to - 1)


def _band(group: str) -> tuple[int, int | None]:
    """The months of an age band by its name (from one, to before another; None: without an
    end)."""
    at = band_names(BANDS_MONTHS).index(group)
    bounds = [0, *BANDS_MONTHS, None]
    return bounds[at] or 0, bounds[at + 1]


def _named(one: Mapping[str, Any], words: Words) -> str:
    if one["by"] == "age":
        return ages(*_band(one["group"]), words)
    if one["by"] == "sex":
        return words("ui", "group_girls" if one["group"] == GIRLS else "group_boys")
    return words("setting", one["group"])


def _is_of(child: Candidate, one: Mapping[str, Any]) -> bool:
    if one["by"] == "age":
        since, to = _band(one["group"])
        months = child.age_months
        return months is not None and since <= months and (to is None or months < to)
    if one["by"] == "sex":
        return child.sex == SEX_OF[str(one["group"])]
    return child.setting == str(one["group"])
