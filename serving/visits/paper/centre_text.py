"""A centre's due list as plain text: for a terminal, and as a message of codes for a phone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from models.visits.centre_due import CentreDue
from serving.language.words import Words
from serving.visits.centre_sheet import (
    DueLine,
    DuePart,
    sheet_count,
    sheet_parts,
    sheet_title,
    sheet_warnings,
)
from serving.visits.sheet_lines import STALE_DAYS, practice_key

LONGEST_MESSAGE = 1_500
"""Signs: what messengers show of one message without folding it."""
URGENT = frozenset({"danger", "late"})


def plain_text(due: CentreDue, words: Words) -> bytes:
    """The whole sheet, a line for each child (two where it is in danger)."""
    out = [sheet_title(due, words), *sheet_warnings(due, words), sheet_count(due, words)]
    for part in sheet_parts(due, words):
        out += ["", f"== {part.title} ({len(part.lines)}) ==", part.said]
        for group in part.groups:
            out += [f"{group.heading} ({len(group.lines)}):"] if group.heading else []
            for line in group.lines:
                out += _told(line, words, step=not group.heading, why=part.name == "danger")
    return ("\n".join([*out, "", words("ui", "not_a_verdict")]) + "\n").encode()


def _told(line: DueLine, words: Words, *, step: bool, why: bool) -> list[str]:
    parts = [f"{line.child_id} ({line.whom})", line.last_weight, line.when, line.note]
    told = ["  [ ] " + "; ".join(filter(None, parts))]
    if why:
        told.append(f"      {line.why}")
    if step:
        told.append(f"      {words('ui', 'what_to_do')}: {line.do}")
    return told


@dataclass(frozen=True)
class _Item:
    """A child in a message: the part and the step that it stands below, and what is said of it."""

    part: str
    step: str
    when: str
    child_id: str
    urgent: bool


def message(due: CentreDue, words: Words) -> str:
    """The sheet in at most `LONGEST_MESSAGE` signs: codes, steps and days, the most urgent first;
    then how many are left out, and how many of them are in danger or late.

    Neither name nor measurement stands in it: it may be read on a lock screen.
    """
    items = [item for part in sheet_parts(due, words) for item in _items(part, words)]
    said = [
        sheet_title(replace(due, centre_name=None), words),
        *([words("ui", f"{practice}_short")] if (practice := practice_key(due.facts)) else []),
    ]
    if due.age_days >= STALE_DAYS:
        said.append(words.say("ui", "as_of", date=words.day(due.as_of, short=True)))
    if not items:
        said.append(sheet_count(due, words))
    for shown in range(len(items), -1, -1):
        told = "\n".join([*said, *_laid(items[:shown]), *_left_out(items[shown:], words)])
        if len(told) <= LONGEST_MESSAGE:
            break
    return told


def _items(part: DuePart, words: Words) -> list[_Item]:
    title = words("centre_sheet", f"message_{part.name}")
    return [
        _Item(
            title,
            group.heading or line.do,
            line.when_short,
            line.child_id,
            part.name in URGENT,
        )
        for group in part.groups
        for line in group.lines
    ]


def _laid(items: Sequence[_Item]) -> list[str]:
    """The items below their part, those of one step on one line and those of one day behind it;
    their order is kept."""
    out = []
    for part, of_part in groupby(items, key=lambda item: item.part):
        out.append(f"{part}:")
        for step, of_step in groupby(of_part, key=lambda item: item.step):
            days = groupby(of_step, key=lambda item: item.when)
            out.append(f"- {step}: {'; '.join(_of_a_day(when, those) for when, those in days)}")
    return out


def _of_a_day(when: str, items: Iterable[_Item]) -> str:
    codes = ", ".join(item.child_id for item in items)
    return f"{when}: {codes}" if when else codes


def _left_out(items: Sequence[_Item], words: Words) -> list[str]:
    if not items:
        return []
    urgent = sum(item.urgent for item in items)
    return [words.say("centre_sheet", "message_more", n=len(items), urgent=urgent)]
