"""A child's referral slip as PDF: one A5 page to go with the child, and below a dashed line the
answer that is torn off and sent back.

By code alone: it may be lost on the way.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.visits.listed_child import Candidate
from models.visits.visit_order import TO_A_FACILITY
from serving.language.telling import rule_line, step_words
from serving.language.words import Words, last_weight, whom
from serving.visits.paper.blocks import Block, labelled, space, stack, text
from serving.visits.paper.ink import Paper, line_height
from serving.visits.sheet_lines import centre_name, practice_key

A5_MM = (148.0, 210.0)
LEFT, RIGHT, TOP = 9.0, 139.0, 8.0
"""Edges of the print in mm on A5."""
WIDTH = RIGHT - LEFT
ANSWER_MM = 68.0
"""Height of the answer at the foot of the page."""
HEAD, READ, SMALL = 15.0, 10.5, 10.0
BOX_MM = 4.0
WRITING_MM = 8.0
OWN_WORK = frozenset({"awc_worker", "nobody"})


@dataclass(frozen=True)
class ReferralSlip:
    """A child to be sent: as the list sees it on `day`, what was found of it (sentences with their
    days), the run's facts, and who sends it (empty: a line to write on)."""

    child: Candidate
    day: dt.date
    findings: Sequence[str]
    facts: Mapping[str, Any]
    sent_by: str = ""


def slip_file_name(slip: ReferralSlip) -> str:
    """`slip-C00012-2026-03-16.pdf`; what a file system or a header may not carry becomes `_`."""
    child = re.sub(r"[^A-Za-z0-9-]+", "_", slip.child.child_id)
    return f"slip-{child}-{slip.day}.pdf"


def referral_slip(slip: ReferralSlip, words: Words) -> bytes:
    """The slip as a PDF of one page; findings for which it has no room are left out from the last,
    which is the least grave, and an ellipsis says so."""
    paper = Paper(words, page=A5_MM)
    paper.set_title(f"{words('slip', 'title')} {slip.child.child_id}")
    paper.add_page()
    room = A5_MM[1] - ANSWER_MM - TOP - 3.0
    upper = _upper(paper, slip, words, slip.findings)
    for shown in range(len(slip.findings) - 1, -1, -1):
        if upper.height <= room:
            break
        upper = _upper(paper, slip, words, [*slip.findings[:shown], "\u2026"])
    upper.draw(TOP)
    cut = A5_MM[1] - ANSWER_MM
    paper.cut_line(cut)
    _answer(paper, slip, words).draw(cut + 2.5)
    return paper.finished()


def _upper(paper: Paper, slip: ReferralSlip, words: Words, findings: Sequence[str]) -> Block:
    """What goes with the child."""
    child = slip.child

    def said(key: str, told: str, *, bold: bool = False) -> Block:
        label = f"{words('slip', key)}:"
        return labelled(paper, label, told, size=READ, bold=bold, x=LEFT, width=WIDTH)

    practice = practice_key(slip.facts)
    warned = [_text(paper, words("ui", f"{practice}_short"), bold=True)] if practice else []
    found = [_text(paper, f"– {told}") for told in findings] or [
        _text(paper, last_weight(child, words))
    ]
    danger = f" ({words('sections_short', 'danger')})" if child.danger else ""
    return stack(
        [
            text(paper, words("slip", "title"), size=HEAD, bold=True, x=LEFT, width=WIDTH),
            *warned,
            said("child", f"{child.child_id} ({whom(child, words)})", bold=True),
            said("centre", centre_name(child, words)),
            said("sector", child.sector_id),
            said("day", words.day(slip.day)),
            *_asked(paper, child, words),
            said("why", f"{rule_line(child, words)}{danger}", bold=True),
            space(1.0),
            _text(paper, f"{words('slip', 'findings')}:", bold=True),
            *found,
            space(1.0),
            _to_write(paper, words("slip", "sent_by"), slip.sent_by),
            _to_write(paper, words("slip", "signature")),
            _text(paper, words("slip", "no_name")),
        ]
    )


def _asked(paper: Paper, child: Candidate, words: Words) -> list[Block]:
    """To whom the child is sent, and for what: the protocol's step where it is another's work than
    the anganwadi worker's, else lines to write on."""
    if child.who in OWN_WORK:
        return [_to_write(paper, words("slip", name)) for name in ("to", "step")]
    to = words("slip", "to_nrc") if child.next_step == TO_A_FACILITY else words("who", child.who)
    step = f"{step_words(child, words)}{_when(child, words)}"
    return [
        labelled(paper, f"{words('slip', name)}:", told, size=READ, bold=True, x=LEFT, width=WIDTH)
        for name, told in (("to", to), ("step", step))
    ]


def _when(child: Candidate, words: Words) -> str:
    if child.by_when is None:
        return ""
    key = "due_since" if child.overdue_days else "by_when"
    return f", {words.say('ui', key, date=words.day(child.by_when, short=True))}"


def _answer(paper: Paper, slip: ReferralSlip, words: Words) -> Block:
    """What comes back: whose it is, boxes to tick, lines to write on."""
    child = slip.child
    which = (
        f"{words('slip', 'child')}: {child.child_id}; "
        f"{words('slip', 'centre')}: {child.centre_id}; "
        f"{words('slip', 'day')}: {words.day(slip.day, short=True)}"
    )
    boxes = ("admitted", "not_admitted", "not_sam")
    return stack(
        [
            _text(paper, words("slip", "answer"), bold=True),
            _text(paper, which),
            space(0.8),
            *(_box(paper, words("slip", name)) for name in boxes),
            *(
                _to_write(paper, words("slip", name))
                for name in ("elsewhere", "measured", "advice", "seen_on")
            ),
        ]
    )


def _text(paper: Paper, told: str, *, bold: bool = False) -> Block:
    return text(paper, told, size=SMALL, bold=bold, x=LEFT, width=WIDTH)


def _box(paper: Paper, told: str) -> Block:
    high = line_height(SMALL) + 0.8

    def draw(y: float) -> None:
        paper.set_line_width(0.4)
        paper.rect(LEFT, y + 0.3, BOX_MM, BOX_MM)
        paper.write_line(LEFT + BOX_MM + 1.5, y, told, size=SMALL)

    return Block(high, draw)


def _to_write(paper: Paper, label: str, written: str = "") -> Block:
    """A label with a line to write on, on which something may stand already."""

    def draw(y: float) -> None:
        y += WRITING_MM - line_height(SMALL) - 0.8
        end = paper.write_line(LEFT, y, f"{label}:", size=SMALL) + 2
        if written:
            paper.write_line(end, y, written, size=SMALL)
        paper.line_between(end, y + line_height(SMALL) - 0.4, RIGHT)

    return Block(WRITING_MM, draw)
