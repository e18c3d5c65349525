"""The main figures of the report in words, each with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from models.targets import TARGETS, ReportWords
from training.evaluation.scored_rows import ENOUGH_EVENTS
from training.evaluation.visit_lists import AS_LISTED, OURS, RULES, WHZ_AS_LISTED, WHZ_ORDER
from training.metrics.discrimination import Estimate
from training.report.verdict import SHORT_LIST

FIRM_EVENTS = 100
"""Children with the event from which the main figures are firm (Collins et al. 2016, Statistics in
Medicine 35:214)."""
_REACHED = (
    (AS_LISTED, "danger first, then the model"),
    (WHZ_AS_LISTED, "danger first, then lowest WHZ"),
    (OURS, "the model alone"),
    (WHZ_ORDER, "lowest WHZ alone"),
    (RULES, "the protocol's rules alone"),
    ("chance", "chance"),
)


def sentences(figures: dict[str, Any], *, target: str) -> list[str]:
    """How many, how well told apart, how true, how late records change it, what visits found."""
    words = TARGETS[target].report
    return [
        _how_many(figures, words.happened),
        _apart(figures["discrimination"], words),
        _risks(figures, words),
        _as_used(figures["as_used"], figures["discrimination"]["overall"]["model"]),
        _later(figures["delayed"], events=figures["events"]),
        *_visits(figures, words.happened),
    ]


def _how_many(figures: dict[str, Any], event: str) -> str:
    known, events = figures["children_known"], figures["children_with_event"]
    how = (
        "too few to prove anything"
        if events < ENOUGH_EVENTS
        else "few, so read the intervals"
        if events < FIRM_EVENTS
        else "enough for the main figures"
    )
    return (
        f"{figures['children']:,} children were judged. Of {known:,} the outcome is known, "
        f"and {events:,} of them "
        f"{event}: {how}."
    )


def _apart(told: dict[str, Any], words: ReportWords) -> str:
    model, whz, same = told["overall"]["model"], told["overall"]["WHZ"], told["same_day"]
    return (
        f"Of two predictions of which one {words.came_one}, the model put that one first "
        f"{times(model)}; the last "
        f"weight-for-height (WHZ) alone did so {times(whz)}. A child has several "
        "predictions; among those made "
        f"equally long after {words.since} it was {times(same['model'])}, by WHZ "
        f"{times(same['WHZ'])}."
    )


def times(share: Estimate) -> str:
    """`78 times in 100 (73 to 83)`."""
    if math.isnan(share.value):
        return "an unknown share of times"
    if math.isnan(share.low) or share.low == share.high:
        return f"{100 * share.value:.0f} times in 100 (how surely is not known)"
    return f"{100 * share.value:.0f} times in 100 ({100 * share.low:.0f} to {100 * share.high:.0f})"


def _risks(figures: dict[str, Any], words: ReportWords) -> str:
    ratio, said, seen = (
        figures["true_risks"]["observed_over_expected"],
        figures["expected"],
        figures["prevalence"],
    )
    if math.isnan(ratio.value):
        return "Whether its percentages are true is not known: there are too few outcomes."
    word = (
        "too high"
        if ratio.high < 1
        else "too low"
        if ratio.low > 1
        else "right within what chance allows"
    )
    more = _off_the_line(figures["true_risks"]["curve"]) if ratio.low <= 1 <= ratio.high else ""
    return (
        f"Its predictions said {said:.1%} on average, and {seen:.1%} of them "
        f"{words.came} (predictions, not "
        f"children: each child counts as often as it was asked about): its percentages were {word} "
        f"({ratio.value:.2f} times as many events as said; {ratio.low:.2f} to "
        f"{ratio.high:.2f}){more}."
    )


def _as_used(used: dict[str, Any], own_day: Estimate) -> str:
    """Both figures: on the landmark's day, and as it will be used."""
    if math.isnan(used["auc"].value):
        return (
            f"How it does as it will be used ({used['words']}) is not known: too few outcomes of "
            f"the {used['asked']:,} predictions so made."
        )
    return (
        f"Judged on the landmark's day it put that one first {times(own_day)}; judged as it will "
        f"be used ({used['words']}) {times(used['auc'])}, and {used['not_scored']:,} of "
        f"{used['asked']:,} predictions could not be made on their day. On the same days, had "
        f"every record come in at once: {times(used['timely'])}."
    )


def _off_the_line(curve: list[Any]) -> str:
    """How many points of the calibration curve miss the line, in words; nothing where none does."""
    off = sum(not point.observed.low <= point.expected <= point.observed.high for point in curve)
    return (
        (
            f", but only on average: {off} of the {len(curve)} groups by risk miss the line of "
            "the curve"
        )
        if off
        else ""
    )


def _later(late: dict[str, Any], *, events: int) -> str:
    if not late["moved"]:
        return "Every record has its day of entry: the figures do not hang on an assumed one."
    model, whz, more = late["overall"]["model"], late["overall"]["WHZ"], late["more_than"]["WHZ"]
    told = (
        "with so few events that shows nothing"
        if events < ENOUGH_EVENTS
        else "still better"
        if more.low > 0
        else "not shown to be better then"
    )
    return (
        f"{late['moved']:.0%} of the records have an assumed day of entry. Had those come "
        f"in {late['days']} days "
        f"later, the model would have put that one first {times(model)} and WHZ, under the "
        "same delay, "
        f"{times(whz)}: {told}."
    )


def _visits(figures: dict[str, Any], event: str) -> Iterator[str]:
    short = {row["order"]: row for row in figures["lists"] if row["capacity"] == SHORT_LIST}
    if not short:
        return
    ours, events = short[AS_LISTED], figures["children_with_event"]
    if not ours["full"]:
        yield (
            f"No sector had more than {SHORT_LIST} children on its list: any order visits them all."
        )
    elif figures["events"] < ENOUGH_EVENTS:
        yield f"What visits would find cannot be compared: {events} children {event}."
    elif ours["where_chosen"] is None:
        yield (
            f"Only {ours['full']} of {ours['lists']} lists had more than {SHORT_LIST} "
            "children: too few to tell "
            "orders apart by what visits would find."
        )
    else:
        yield _reached(short)


def _reached(short: dict[str, dict[str, Any]]) -> str:
    ours = short[AS_LISTED]
    alone, both = (short[order]["where_chosen"]["more_than_whz"] for order in (OURS, AS_LISTED))
    if ours["where_chosen"]["recall"] is None:
        return f"No child on a list of more than {SHORT_LIST} had the event."
    parts = ", ".join(
        f"{short[order]['where_chosen']['recall']:.0%} by {words}" for order, words in _REACHED
    )
    return (
        f"{ours['full']} of {ours['lists']} lists had more children than the {SHORT_LIST} "
        "visits of a sector and "
        f"month; in all others any order visits everybody. In those {ours['full']}, of the "
        "places on the list "
        f"whose child later had the event, the visits reached {parts}. Visits to such "
        "children, of 100, by the "
        f"model less by lowest WHZ: {_difference(alone)}; with danger first in both "
        f"{_difference(both)}."
    )


def _difference(more: dict[str, Any]) -> str:
    if more["low"] is None:
        return f"{100 * more['value']:+.1f} (too few sectors for an interval)"
    sure = "" if more["low"] > 0 or more["high"] < 0 else ", which does not tell the two apart"
    return (
        f"{100 * more['value']:+.1f} ({100 * more['low']:+.1f} to {100 * more['high']:+.1f}{sure})"
    )
