"""What the figures come to, in plain sentences: the first thing that a reader of the report meets."""

from __future__ import annotations

import math
from collections.abc import Iterator

from models.problems import RELAPSE
from training.checks_of_figures import SLOPE_HIGH, SLOPE_LOW
from training.discrimination import Estimate
from training.finding import ISSUE
from training.judged import ENOUGH_EVENTS

FIRM_EVENTS = 100
"""Children with the event from which the main figures are firm (Collins et al. 2016, Statistics in Medicine 35:214)."""
SHORT_LIST = 10
EVENT = {True: "relapsed", False: "did not respond"}
_CAME = {"relapsed": "were followed by a relapse", "did not respond": "ended without response"}


def verdict(figures: dict, findings: list[dict]) -> str:
    """One sentence: what the model may be tried for on these records, or why not."""
    issues = [found["code"] for found in findings if found["outcome"] == ISSUE]
    if not findings:
        return "Not to be used: this model was never checked."
    if issues:
        return f"Not to be used as it is: {', '.join(issues)} found a fault (see its checks)."
    if figures["events"] < ENOUGH_EVENTS:
        return (f"Not shown to work, nor to fail: only {figures['events']} of the children judged had the event. "
                "No figure below proves anything.")
    if not figures["discrimination"]["more_than_whz"].low > 0:
        return "Not shown to be better than the last weight-for-height alone, which is simpler: use that."
    if not _true(figures["true_risks"]):
        return "May be tried to order visits. Its percentages are not true here: use the order, not the number."
    return "May be tried to order visits; its percentages were about right on these records."


def sentences(figures: dict, *, target: str) -> list[str]:
    """The main figures in words, each with its uncertainty."""
    event = EVENT[target == RELAPSE.target]
    return [_how_many(figures, event), _apart(figures["discrimination"]["overall"], event),
            _risks(figures, event), *_visits(figures["lists"], event)]


def _true(told: dict) -> bool:
    """Whether slope and observed over expected are within the bounds of the checks."""
    return all(SLOPE_LOW <= told[name].value <= SLOPE_HIGH for name in ("slope", "observed_over_expected"))


def _how_many(figures: dict, event: str) -> str:
    children, events = figures["children"], figures["events"]
    how = ("too few to prove anything" if events < ENOUGH_EVENTS else
           "few, so read the intervals" if events < FIRM_EVENTS else "enough for the main figures")
    return f"{children:,} children were judged, of whom {events:,} {event}: {how}."


def _apart(overall: dict[str, Estimate], event: str) -> str:
    model, whz = overall["model"], overall["WHZ"]
    return (f"Of two children of whom one {event}, the model put that one first {times(model)}; the last "
            f"weight-for-height (WHZ) alone did so {times(whz)}.")


def times(share: Estimate) -> str:
    """`78 times in 100 (73 to 83)`."""
    if math.isnan(share.value):
        return "an unknown share of times"
    return f"{100 * share.value:.0f} times in 100 ({100 * share.low:.0f} to {100 * share.high:.0f})"


def _risks(figures: dict, event: str) -> str:
    ratio, said, seen = (
        figures["true_risks"]["observed_over_expected"], figures["expected"], figures["prevalence"])
    if math.isnan(ratio.value):
        return "Whether its percentages are true is not known: there are too few outcomes."
    word = "too high" if ratio.high < 1 else "too low" if ratio.low > 1 else "right within what chance allows"
    return (f"Its predictions said {said:.1%} on average, and {seen:.1%} of them {_CAME[event]}: its percentages were "
            f"{word} ({ratio.value:.2f} times as many events as said; {ratio.low:.2f} to {ratio.high:.2f}).")


def _visits(lists: list[dict], event: str) -> Iterator[str]:
    short = {row["order"]: row for row in lists if row["capacity"] == SHORT_LIST}
    if not short:
        return
    ours = short["our risk"]
    if not ours["full"] or ours["recall"] is None:
        yield f"No sector had more than {SHORT_LIST} children on its list: any order visits them all."
        return
    reached = ", ".join(f"{100 * short[order]['recall']:.0f} by {words}" for order, words in (
        ("our risk", "the model"), ("the rules", "the protocol's rules alone"), ("lowest WHZ", "lowest WHZ"),
        ("chance", "chance")))
    yield (f"With {SHORT_LIST} home visits a sector and month, of 100 children who {event} the visits reached "
           f"{reached} ({ours['full']} of {ours['lists']} lists had more children than visits).")
