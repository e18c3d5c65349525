"""Why a centre's records are trusted or not, in words, with what to do and with whom to begin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from models.visits.centre_due import CentreDue
from serving.book.scoring.quality_reasons import checks_of
from serving.language.telling import step_told
from serving.language.words import Words

BEGIN_WITH = 10
HEIGHTS = frozenset({"measure_height"})
WEIGHTS = frozenset(
    {
        "measure",
        "remeasure",
        "weigh_monthly",
        "weigh_weekly",
        "weigh_fortnightly",
        "follow_up_weighing",
    }
)
MADE_GOOD_BY = {
    "missing_weight": WEIGHTS,
    "missing_height": HEIGHTS,
    "height_carried_forward": HEIGHTS,
    "identical_to_last_month": HEIGHTS,
    "no_growth": HEIGHTS,
}
"""The steps of the due list that make a failed check good; others are the whole centre's."""


def quality_told(quality: Mapping[str, Any] | None, due: CentreDue, words: Words) -> list[str]:
    """The score with its colour and month, then the checks that cost most and those that all
    children fail, each with its share and what to do; with the codes of the children on the sheet
    whose own step makes it good, the most urgent first.

    quality: what the run keeps of the centre (`serving.book.scoring.area_rows.quality_of`); None:
    no score. A book of an earlier version has no checks: the score is told alone.
    """
    if quality is None:
        return [words("quality_why", "none")]
    colour = words("ui", f"quality_{quality['colour']}")
    month = _month(quality["month"], words)
    score = score_told(quality, words)
    said = [words.say("quality_why", "score", colour=colour, score=score, month=month)]
    if "worst" not in quality:
        return said
    checks = [_check(name, share, due, words) for name, share in checks_of(quality).items()]
    return [*said, *(checks or [words("quality_why", "nothing")])]


def score_told(quality: Mapping[str, Any], words: Words) -> str:
    """The score in whole points, on its colour's side of the bounds: 80.4 is good, so 81; 79.6 is
    fair, so 79."""
    score = quality["score"]
    return words.number(math.ceil(score) if quality["colour"] == "green" else math.floor(score))


def quality_words(quality: Mapping[str, Any] | None, words: Words) -> str:
    """`fair (72)`, or that it is not known: few children measured, or no score of the last
    months."""
    if quality is None:
        return words("ui", "quality_unknown")
    return f"{words('ui', 'quality_' + quality['colour'])} ({score_told(quality, words)})"


def check_told(name: str, share: float, words: Words) -> str:
    """What is amiss, with the share that is, and what to do."""
    return words.say("quality_why", name, share=words.number(100 * share))


def _month(text: str, words: Words) -> str:
    """`March 2026` of `2026-03`."""
    year, month = text.split("-")
    return f"{words.tree['months'][int(month) - 1]} {year}"


def _check(name: str, share: float, due: CentreDue, words: Words) -> str:
    told = check_told(name, share, words)
    steps = MADE_GOOD_BY.get(name, frozenset())
    codes = [one.child_id for one in due.children if step_told(one) in steps][:BEGIN_WITH]
    if not codes:
        return told
    begin = words.say("quality_why", "start_with", codes=", ".join(codes))
    return f"{told}{words('ui', 'stop')}{begin}"
