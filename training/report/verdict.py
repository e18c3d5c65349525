"""The conclusion of the report, in plain sentences at its top."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.checks.finding import ISSUE, OUTCOMES, PASS
from training.checks.of_columns import RAISED_ISSUE, RAISED_TIP
from training.checks.of_figures import SLOPE_HIGH, SLOPE_LOW
from training.evaluation.scored_rows import ENOUGH_EVENTS
from training.evaluation.visit_lists import AS_LISTED, OURS
from training.metrics.discrimination import Estimate

SINGLE = {
    "WHZ": "the last weight-for-height",
    "MUAC": "the last arm circumference (MUAC)",
    "no gain": "the days without gain",
}
"""Orders by one measurement, which a model must beat to be worth its trouble."""
SHORT_LIST = 10
TOLD_BY_FIGURES = frozenset({"RISK017", "RISK018"})
"""Checks whose answer the sentence gives from today's figures (shown to work), or that are asked
anew when somebody promotes (against the champion)."""
MAY_BE_TRIED = "May be tried to order visits"
FOR_SYNTHETIC = "Synthetic: nothing follows for real children. Were these real records: "


def verdict(
    figures: dict[str, Any], findings: list[dict[str, Any]], *, synthetic: bool = False
) -> str:
    """One sentence or two: what the model may be tried for on these records, or why not."""
    said = _said(figures, findings)
    return FOR_SYNTHETIC + said[0].lower() + said[1:] if synthetic else said


def _said(figures: dict[str, Any], findings: list[dict[str, Any]]) -> str:
    issues = [
        found["code"]
        for found in findings
        if found["outcome"] == ISSUE and found["code"] not in TOLD_BY_FIGURES
    ]
    if not findings:
        return "Not to be used: this model was never checked."
    if issues:
        return f"Not to be used as it is: {', '.join(issues)} found a fault (see its checks)."
    if figures["not_judged"]:
        return f"Not shown to work: {figures['not_judged']}."
    if figures["events"] < ENOUGH_EVENTS:
        return _too_few(figures)
    if simpler := not_beaten(figures["discrimination"]["more_than"]):
        return f"Not shown to be better than {SINGLE[simpler]} alone, which is simpler: use that."
    if late := not_beaten(figures["delayed"]["more_than"]):
        return _only_in_time(figures["delayed"], late)
    if not _true(figures["true_risks"]):
        return f"{MAY_BE_TRIED}. Its percentages are not true here: use the order, not the number."
    if figures["delayed"]["moved"] and not _true(figures["delayed"]):
        return (
            f"{MAY_BE_TRIED}. Its percentages were within a quarter of what happened only "
            "because records are "
            "taken to come in at once: use the order, not the number."
        )
    return (
        f"{MAY_BE_TRIED}; its percentages were within a quarter of what happened on these records."
    )


def may_be_tried(figures: dict[str, Any], findings: list[dict[str, Any]]) -> bool:
    """Whether nothing in the figures or the checks speaks against trying the model."""
    return _said(figures, findings).startswith(MAY_BE_TRIED)


def not_beaten(more_than: dict[str, Estimate]) -> str | None:
    """The single measurement that the model is least surely better than, where it is not surely
    better; else None."""
    least = min(
        (name for name in SINGLE if name in more_than), key=lambda name: _low(more_than[name])
    )
    return None if more_than[least].low > 0 else least


def _low(more: Estimate) -> float:
    """Its lower bound; a difference that is not known comes first."""
    return more.low if more.low == more.low else -1.0


def _too_few(figures: dict[str, Any]) -> str:
    ratio = figures["true_risks"]["observed_over_expected"]
    wrong = "too high" if ratio.high < 1 else "too low" if ratio.low > 1 else None
    percentages = f" Its percentages were {wrong}, even so." if wrong else ""
    return (
        f"Not shown to work: only {figures['children_with_event']} of the children judged "
        "had the event, and at "
        f"least {ENOUGH_EVENTS} are needed to say anything. What looks good below may be "
        f"chance.{percentages}"
    )


def _only_in_time(late: dict[str, Any], simpler: str) -> str:
    return (
        f"Not shown to be better than {SINGLE[simpler]} alone if records come in late: "
        "this is shown only if each "
        f"was known on its own day, which is assumed of {late['moved']:.0%} of them. "
        f"{late['days']} days later "
        f"the AUC falls to {_range(late['overall']['model'], 2)}, {SINGLE[simpler]} then has "
        f"{_range(late['overall'][simpler], 2)}. Find out how late records come before it is tried."
    )


def _range(told: Estimate, digits: int) -> str:
    return f"{told.value:.{digits}f} ({told.low:.{digits}f} to {told.high:.{digits}f})"


def _true(told: dict[str, Any]) -> bool:
    """Whether slope and observed over expected are within the bounds of the checks."""
    return all(
        SLOPE_LOW <= told[name].value <= SLOPE_HIGH for name in ("slope", "observed_over_expected")
    )


def warnings(figures: dict[str, Any]) -> list[str]:
    """What else speaks against the model, however good its verdict; empty where nothing does."""
    return [
        *_of_better_records(figures["better_records"]),
        *_of_late_records(figures),
        *_of_visits(figures),
        *_of_groups(figures),
    ]


def _of_better_records(bettered: list[dict[str, Any]]) -> Iterator[str]:
    for one in bettered:
        if one["noted"] > RAISED_TIP or one["raised"] > RAISED_ISSUE:
            yield (
                f"It can move the wrong way: a {one['record']} raised the risk of "
                f"{one['raised']:.0%} of the "
                f"children (of {one['noted']:.0%} by more than a trifle)."
            )


def _of_late_records(figures: dict[str, Any]) -> Iterator[str]:
    late, now = figures["delayed"], figures["discrimination"]["overall"]["model"]
    if (
        figures["events"] >= ENOUGH_EVENTS
        and late["moved"]
        and late["overall"]["model"].value < now.low
    ):
        yield (
            "It hangs on records coming in at once, which is assumed of "
            f"{late['moved']:.0%}: {late['days']} days "
            f"later its AUC is {_range(late['overall']['model'], 2)} instead of "
            f"{_range(now, 2)}, WHZ's "
            f"{_range(late['overall']['WHZ'], 2)}; its slope {_range(late['slope'], 2)}."
        )


def _of_visits(figures: dict[str, Any]) -> Iterator[str]:
    short = {
        row["order"]: row["where_chosen"]
        for row in figures["lists"]
        if row["capacity"] == SHORT_LIST
    }
    if figures["events"] < ENOUGH_EVENTS or not short:
        return
    for order, words in ((OURS, "by itself"), (AS_LISTED, "after danger by the rules")):
        if short[order] is None or not (short[order]["more_than_whz"]["low"] or 0.0) > 0:
            yield (
                f"In lists of {SHORT_LIST} visits, {words}, it was not shown to find more "
                "children than lowest "
                "weight-for-height."
            )
            return


def _of_groups(figures: dict[str, Any]) -> Iterator[str]:
    unknown = [
        by for by in ("sex", "age", "setting") if by not in {gap["by"] for gap in figures["gaps"]}
    ]
    if figures["events"] < ENOUGH_EVENTS:
        yield "Whether it is fair cannot be said: too few children had the event."
    elif unknown:
        yield f"Whether it is fair cannot be said by {', '.join(unknown)}: too few children."


def checked(findings: list[dict[str, Any]]) -> str:
    """The outcomes of the checks counted: `10 pass, 5 tips, 1 skipped`."""
    counts = {
        outcome: sum(found["outcome"] == outcome for found in findings) for outcome in OUTCOMES
    }
    told = [
        (
            f"{count} "
            f"{outcome.replace('_', ' ')}{'s' if outcome in ('tip', 'issue') and count > 1 else ''}"
        )
        for outcome, count in counts.items()
        if count
    ]
    return ", ".join(told) or "never checked"


def colour(figures: dict[str, Any], findings: list[dict[str, Any]]) -> str:
    """`issue`, `tip` or `pass` (which is green): only what may be tried, without tip or warning, is
    green."""
    outcomes = {found["outcome"] for found in findings}
    if not findings or ISSUE in outcomes:
        return "issue"
    clean = outcomes == {PASS} and not figures["not_judged"] and not warnings(figures)
    return "pass" if clean and may_be_tried(figures, findings) else "tip"
