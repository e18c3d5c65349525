"""The visit list as sheets of lines, in words: what every form on paper and the page show of a
child.

A `ListLine` is one child. Identifiers are kept to the least: the programme's own code of the child
and the centre, sex, age; no family, no name, no phone.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from models.visits.listed_child import Candidate
from models.visits.ranking import BY_SCORE, PREVENTION, VisitList, VisitRow
from models.visits.visit_order import LATE_COUNTS_DAYS
from registry.contract.codes import VisitFinding
from registry.small_counts import SMALLEST_CELL, is_small
from serving.language.arm import arm_cm
from serving.language.centre_names import called, name_in_words
from serving.language.reason_wording import form_of, known
from serving.language.telling import (
    beside_short,
    rule_line,
    step_words,
    telling,
    what_to_do,
    why_line,
)
from serving.language.words import Words, how_often, last_weight, may_happen, whom
from serving.visits.group_notes import ages, group_notes

TICK_BOXES = tuple(
    sorted(
        VisitFinding.texts(),
        key=("well", "ill", "sam_again", "away", "moved", "data_wrong", "died").index,
    )
)
"""The findings in the order of the boxes, on paper and on the page: all that the registry's visits
know."""
STALE_DAYS = 3
"""From this day after the scoring on, a list says that it is old. verified: false."""
ARM_FROM_MONTHS = 6
"""Below this age an arm that was not measured is not missing: the cut-offs begin at six months (WHO
2013)."""


@dataclass(frozen=True)
class ListLine:
    """One child in words; `row` is what it was made from.

    `mark` is the number that stands with the child on every paper: its rank, with A before it for
    the ANM's children and B for those in danger beyond the places. `why_short` is the reason in
    three words; `step` what to do without its day. `arm`, `height`: the last ones, dated where they
    are not of the last weighing; `target`: the weight to reach, empty outside of treatment.
    """

    row: VisitRow
    number: int
    mark: str
    section: str
    child_id: str
    whom: str
    why: str
    why_short: str
    last_weight: str
    arm: str
    height: str
    target: str
    step: str
    late: str
    do: str
    who: str
    risk: str

    @property
    def measured(self) -> str:
        """`7.4 kg on 2 March 2026; arm 118 mm; height 70.0 cm (14 January 2026); weight to reach
        8.1 kg`."""
        return "; ".join(filter(None, (self.last_weight, self.arm, self.height, self.target)))

    @property
    def beyond(self) -> bool:
        """Whether the list has no place for the child."""
        return self.mark.startswith("B")

    def tag(self, words: Words) -> str:
        """The section in a word or two."""
        return words("sections_short", "beyond" if self.beyond else self.section)


@dataclass(frozen=True)
class CentreSheet:
    """One centre's children: one trip, one sheet of paper."""

    centre_id: str
    centre: str
    lines: tuple[ListLine, ...]
    also_here: tuple[ListLine, ...] = ()
    """Children in danger at this centre for whom the list has no place."""
    watch: tuple[str, ...] = ()
    """The centre's children who may soon be SAM and have no place: who, with the last weight; no
    risk, and no box to tick, for nobody is asked to visit them."""


def line_of(row: VisitRow, words: Words, *, mark: str = "") -> ListLine:
    """A row of the list in words."""
    child = row.candidate
    return ListLine(
        row=row,
        number=row.rank,
        mark=mark or str(row.rank),
        section=row.section,
        child_id=child.child_id,
        whom=whom(child, words),
        why=_why(row, words),
        why_short=why_short(row, words),
        last_weight=last_weight(child, words),
        arm=_arm(child, words),
        height=_height(child, words),
        target=_target(child, words),
        step=_step(row, words),
        late=_late(child, words),
        do=_in_time(
            row, _step(row, words) if row.section == "anm" else what_to_do(child, words), words
        ),
        who=words("who", child.who),
        risk=how_often(child, words),
    )


def why_short(row: VisitRow, words: Words) -> str:
    """Why, in about three words: the rule, and what stands beside it; or the strongest reason of
    which the facts say that something is amiss."""
    child = row.candidate
    if row.section not in BY_SCORE:
        rule = words("rules_short", child.rule) if child.rule else words("states", child.state)
        return ", ".join(filter(None, (rule, beside_short(child, words))))
    for reason in telling(child):
        form = form_of(reason, child.facts)
        if reason.log_odds > 0 and (form is None or form.says > 0):
            return words("reasons_short", reason.key)
    return words("sections_short", row.section)


def _step(row: VisitRow, words: Words) -> str:
    """What to do, in few words: the protocol's step, or the visit that a score asks for."""
    if row.section not in BY_SCORE:
        return step_words(row.candidate, words)
    return words("ui", "prevent_short" if row.section == PREVENTION else "visit_short")


def _late(child: Candidate, words: Words) -> str:
    """How late the step is, or by when it is due; empty where no day is set."""
    late = child.overdue_days or 0
    if late < 1:
        return (
            words.say("ui", "by_when", date=words.day(child.by_when, short=True))
            if child.by_when
            else ""
        )
    return words.say("ui", "overdue_by", n=late)


def _arm(child: Candidate, words: Words) -> str:
    mm = child.facts.get("last_muac_mm")
    if not known(mm):
        asked = child.age_months is None or child.age_months >= ARM_FROM_MONTHS
        return words("ui", "arm_none") if asked else ""
    told = words.say("ui", "muac_line", cm=arm_cm(mm))
    return _dated(told, child, "last_muac_on", words)


def _height(child: Candidate, words: Words) -> str:
    cm = child.facts.get("last_height_cm")
    if not known(cm):
        return words("ui", "height_none")
    return _dated(
        words.say("ui", "height_told", cm=words.number(cm, 1)), child, "last_height_on", words
    )


def _target(child: Candidate, words: Words) -> str:
    kg = child.facts.get("target_weight_kg")
    return words.say("ui", "to_reach", kg=words.kilograms(kg)) if known(kg) else ""


def _dated(told: str, child: Candidate, day: str, words: Words) -> str:
    """With its day, where that is not the day of the last weight."""
    taken = child.facts.get(day)
    if taken is None or taken == child.facts.get("last_weight_on"):
        return told
    return words.say("ui", "told_on", what=told, date=words.day(taken))


def _why(row: VisitRow, words: Words) -> str:
    """Why: the rule; or what may happen, and its reasons."""
    if row.section == "anm":
        return rule_line(row.candidate, words)
    why = why_line(row.candidate, words)
    return (
        f"{may_happen(row.candidate, words)}{words('ui', 'stop')}{why}"
        if row.section in BY_SCORE
        else why
    )


def _in_time(row: VisitRow, step: str, words: Words) -> str:
    """What to do, by when, and how late it is, where a rule asks for it."""
    child = row.candidate
    late = child.overdue_days or 0
    if row.section in BY_SCORE or (child.by_when is None and late < 1):
        return step
    if child.by_when is not None:
        step += (
            ", "
            f"{words.say('ui', 'due_since' if late > 0 else 'by_when', date=words.day(child.by_when))}"  # noqa: E501
        )
    if late < 1:
        return step
    return f"{step} ({words.say('ui', 'overdue_by', n=late)})"


def key(words: Words) -> list[tuple[str, str]]:
    """What each box means and asks for, and what to do where none fits: (box, meaning)."""
    boxes = [(words("findings", finding), words("key", finding)) for finding in TICK_BOXES]
    return [*boxes, (words("ui", "none_fits"), words("key", "other"))]


def sheets(listed: VisitList, words: Words) -> list[CentreSheet]:
    """The list by centre, in the order of the route; then, by id, the centres where nobody is
    visited and somebody is watched."""
    beyond, watched = beyond_lines(listed, words), listed.also_watch()
    visited = [
        CentreSheet(
            centre_id,
            centre_name(rows[0].candidate, words),
            tuple(line_of(row, words) for row in rows),
            tuple(line for line in beyond if line.row.candidate.centre_id == centre_id),
            _watch_lines(watched.pop(centre_id, ()), listed, words),
        )
        for centre_id, rows in listed.by_centre()
    ]
    others = (
        CentreSheet(
            centre_id,
            centre_name(children[0], words),
            (),
            watch=_watch_lines(children, listed, words),
        )
        for centre_id, children in watched.items()
    )
    return [*visited, *others]


def _watch_lines(children: Iterable[Candidate], listed: VisitList, words: Words) -> tuple[str, ...]:
    """`C00012 (girl, 14 months): 7.4 kg on 2 March 2026`, one for each child; a weight of more than
    two months ago is told as one."""
    day = listed.day or listed.as_of
    return tuple(
        f"{child.child_id} ({whom(child, words)}): {weight_told(child, day, words)}"
        for child in children
    )


def weight_told(child: Candidate, day: dt.date, words: Words, *, short: bool = False) -> str:
    """The last weight with its day; one of more than two months before `day` is told as one."""
    on = child.facts.get("last_weight_on")
    if on is None or (day - on).days <= LATE_COUNTS_DAYS:
        return last_weight(child, words, short=short)
    kg = words.kilograms(child.facts["last_weight_kg"])
    return words.say("ui", "last_weight_long_ago", kg=kg, date=words.day(on, short=short))


def ranked_lines(listed: VisitList, words: Words) -> list[ListLine]:
    """The children with a place, in words, the most urgent first."""
    return sorted((line_of(row, words) for row in listed.rows), key=lambda line: line.number)


def centre_name(candidate: Candidate, words: Words) -> str:
    """`Name (id)`, or the id alone where the centre has no name."""
    return called(candidate.centre_name, candidate.centre_id, words)


def short_centre_name(candidate: Candidate, words: Words) -> str:
    """A centre's name without its id, or the id where it has none."""
    name = candidate.centre_name
    return name_in_words(name, words) if name else candidate.centre_id


def beyond_lines(listed: VisitList, words: Words) -> list[ListLine]:
    """The children in danger for whom the list has no place, in words, numbered from B1."""
    return [
        line_of(VisitRow("danger", n, child), words, mark=f"B{n}")
        for n, child in enumerate(listed.beyond, 1)
    ]


def anm_lines(listed: VisitList, words: Words) -> list[ListLine]:
    """The children who need the ANM or medical officer at the centre and no home visit, numbered
    from A1."""
    return [
        line_of(VisitRow("anm", n, child), words, mark=f"A{n}")
        for n, child in enumerate(listed.anm, 1)
    ]


def sheet_notes(listed: VisitList, words: Words) -> list[str]:
    """What the reader of one sheet must know: that it is an exercise, that it is old, who is beyond
    the capacity."""
    practice = practice_key(listed.facts)
    said = [words("ui", practice)] if practice else []
    return [*said, *filter(None, [stale_note(listed, words), beyond_note(listed, words)])]


def practice_key(facts: Mapping[str, object]) -> str:
    """The words (`ui`) by which a page says that its run is no real one: its children are made up
    (`synthetic`), or its models learnt from made-up children (`exercise`); empty for a real run."""
    return next((key for key in ("synthetic", "exercise") if facts.get(key)), "")


def level_notes(facts: Mapping[str, Any], words: Words) -> list[str]:
    """Of each target whose model was trained on another registry, whether its level was fitted to
    this one (`models.level.level_told`), nothing of the others; of which ages too few children had
    the event to know their level (`models.level.ages_unknown`); and of which groups it was surely
    off (`serving.visits.group_notes`)."""
    foreign = [
        _level_note(told, words.of_target(target, "name"), words)
        for target, told in facts.get("levels", {}).items()
    ]
    return (
        foreign
        + [
            words.say(
                "ui",
                "level_of_ages",
                target=words.of_target(target, "name"),
                ages=", ".join(ages(since, to, words) for since, to in bands),
            )
            for target, bands in facts.get("ages_unknown", {}).items()
        ]
        + group_notes(facts, words)
    )


def _level_note(told: Mapping[str, Any], target: str, words: Words) -> str:
    if told["fitted_on"]:
        day = words.day(dt.date.fromisoformat(told["fitted_on"]))
        return words.say(
            "ui", "level_fitted", target=target, date=day, outcomes=told["fitted_from"]
        )
    known, needed = told["known"], told["needed"]
    if known is None:
        return words.say("ui", "level_open", target=target)
    if known >= needed:
        return words.say("ui", "level_ready", target=target)
    few = f"< {SMALLEST_CELL}" if is_small(known) else known
    return words.say("ui", "level_waits", target=target, known=few, needed=needed)


def stale_note(listed: VisitList, words: Words) -> str:
    """That the list is old: from the third day after the scoring day; empty before."""
    return stale_line(listed.as_of, listed.day or listed.as_of, words)


def stale_line(scored_on: dt.date, day: dt.date, words: Words) -> str:
    """The same of any list that was scored on one day and is read on another."""
    age_days = (day - scored_on).days
    if age_days < STALE_DAYS:
        return ""
    days = {"date": words.day(scored_on), "today": words.day(day)}
    return words.say("ui", "stale", n=words.number(age_days), **days)


def warnings(listed: VisitList, words: Words) -> list[str]:
    """What stands at the head of the overview and of each part that is handed on: that it is an
    exercise, or old."""
    beyond = beyond_note(listed, words)
    return [note for note in sheet_notes(listed, words) if note != beyond]


def notes(listed: VisitList, words: Words) -> list[str]:
    """What a reader of the whole list must know: synthetic, who is beyond capacity, whether a
    model's level is that of this place, who has no score."""
    said = [*sheet_notes(listed, words), *level_notes(listed.facts, words)]
    for fact, note in (
        ("not_scored", "not_scored_count"),
        ("no_cure", "no_cure_count"),
        ("lately_visited", "lately_visited_count"),
    ):
        if count := listed.facts.get(fact):
            said.append(words.say("ui", note, n=count))
    return said


def beyond_note(listed: VisitList, words: Words) -> str:
    """That children in danger have no place on the list; empty where all have."""
    return words.say("ui", "beyond", n=len(listed.beyond)) if listed.beyond else ""


def title(listed: VisitList, words: Words) -> str:
    """`Visit list: Sector S0001, as of 12 March 2026`."""
    as_of = words.say("ui", "as_of", date=words.day(listed.as_of))
    return f"{words('ui', 'visit_list')}: {words('ui', 'sector')} {listed.sector_id}, {as_of}"


def file_name(listed: VisitList, form: str) -> str:
    """`visits-S0001-2026-03-16.pdf`; what a file system or a header may not carry becomes `_`."""
    sector = re.sub(r"[^A-Za-z0-9-]+", "_", listed.sector_id)
    return f"visits-{sector}-{listed.as_of}.{form}"
