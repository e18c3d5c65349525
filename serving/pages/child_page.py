"""A child's page: what the protocol asks for, both risks with their reasons, the growth chart, what
happened."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from care.pathway.decide import LEVEL_OF_CARE
from models.targets import TARGETS, Asked
from models.visits.listed_child import Candidate, counted_to
from models.visits.ranking import BY_SCORE, IN_TREATMENT, section
from models.visits.visit_order import CENTRE_STAFF
from serving.access.permissions import Person
from serving.book.linked_codes import other_codes
from serving.book.reader import day_of_reading
from serving.book.scorebook import BookRow, Score
from serving.book.scoring.child_asked import SCORABLE, child_asked
from serving.book.ticks import NEEDS_SOMEBODY
from serving.errors import OutOfScope
from serving.language.home_told import home_told
from serving.language.telling import rule_line, step_words, told_reasons, what_to_do, why_line
from serving.language.words import Words, last_weight, may_happen, risk_range, risk_words, whom
from serving.pages.growth_page import address_of_chart
from serving.pages.pictures import reason_bars
from serving.pages.session import see_other
from serving.pages.templates import html
from serving.pages.timeline import ChildHistory, history_of
from serving.process.service_state import ServiceState
from serving.visits.child.family_told import Sibling, siblings_of
from serving.visits.counselling import counselling
from serving.visits.group_notes import notes_of_child
from serving.visits.paper.referral_slip import ReferralSlip, referral_slip, slip_file_name
from serving.visits.sheet_lines import TICK_BOXES, centre_name, practice_key
from serving.visits.standing_findings import standing_of
from serving.visits.visit_outcomes import BOUNDS

UNTREATED = {"not_in_treatment", "not_discharged_as_cured"}
"""Why a child who was never treated has neither score: told as one sentence, since the two read as
a contradiction."""


@dataclass(frozen=True)
class TargetInWords:
    """One target in words: the risk, its range, what raises and lowers it, and whether its level
    was off for children like this one."""

    target: str
    question: str
    risk: str
    interval: str
    raising: tuple[str, ...]
    lowering: tuple[str, ...]
    bars: Markup
    level: tuple[str, ...] = ()
    raising_keys: tuple[str, ...] = ()


def show(
    state: ServiceState, request: Request, person: Person, words: Words, *, child_id: str
) -> Response:
    """The page; who saw it is written down first."""
    reader = state.reader(person)
    try:
        asked = child_asked(state.store_address, reader, child_id)
    except OutOfScope:
        if not (goes_on := reader.children_of_code(reader.run(), child_id)):
            raise
        return see_other(f"/children/{quote(goes_on[0], safe='')}")
    run, row = asked.run, asked.row
    siblings = siblings_of(state.store_address, reader, run, child_id)
    state.noted(request, person, "child", [child_id, *(one.child.child_id for one in siblings)])
    child = counted_to(row.candidate, day_of_reading(run.as_of), as_of=run.as_of)
    scored = any(score.risk is not None for score in row.scores.values())
    # Treatment lifts a child above the band, which carries on what was.
    ahead = scored and child.state not in IN_TREATMENT
    past: ChildHistory = history_of(
        state.store_address, child_id, run.as_of, words, told=child.facts, projected=ahead
    )
    told = [
        _told(target, score, risk, row, words, notes_of_child(child, target, run.facts, words))
        for target, score in row.scores.items()
        if (risk := score.risk) is not None and _asked(score, target, child)
    ]
    return html(
        "child.html",
        request,
        words,
        title=f"{words('ui', 'child')} {child_id}",
        person=person,
        child=child,
        other_codes=other_codes(state.book_engine, child_id),
        whom=whom(child, words),
        centre=centre_name(child, words),
        as_of=words.day(run.as_of),
        section=section(child),
        by_score=section(child) in BY_SCORE,
        why=_why(child, words),
        last_weight=last_weight(child, words),
        home=home_told(child, words),
        told=told,
        to_say=counselling(child, [key for part in told for key in part.raising_keys], words),
        to_do=what_to_do(child, words),
        step=step_words(child, words),
        rule=rule_line(child, words),
        outside=not asked.in_book,
        unscored=_unscored(row, words) if asked.in_book else _outside(row, words),
        chart=past.chart,
        chart_notes=past.notes,
        events=past.events,
        stay=past.stay,
        standing=past.standing,
        slip=f"/children/{quote(child_id, safe='')}/slip.pdf",
        growth=address_of_chart(child_id),
        siblings=[_of_family(one, words) for one in siblings],
        facts=run.facts,
        scored_on=run.as_of,
        findings=TICK_BOXES,
        needs_somebody=sorted(NEEDS_SOMEBODY),
        weight_kg=BOUNDS["weight_kg"],
        today=state.today().isoformat(),
        may_record=person.may("record_visits"),
        practice=practice_key(run.facts),
    )


def slip(
    state: ServiceState, request: Request, person: Person, words: Words, *, child_id: str
) -> Response:
    """The child's referral slip; who made it is written down first, and stands on it."""
    asked = child_asked(state.store_address, state.reader(person), child_id)
    run, row = asked.run, asked.row
    state.noted(request, person, "child", [child_id])
    day = day_of_reading(run.as_of)
    child = counted_to(row.candidate, day, as_of=run.as_of)
    stands = standing_of(state.store_address, child_id, run.as_of, words, told=child.facts)
    slip_of = ReferralSlip(child, day, stands.findings, run.facts, sent_by=person.name)
    download = {"Content-Disposition": f'attachment; filename="{slip_file_name(slip_of)}"'}
    return Response(referral_slip(slip_of, words), media_type="application/pdf", headers=download)


def _of_family(one: Sibling, words: Words) -> tuple[str, str]:
    """A brother's or sister's code, and the line beside it."""
    measured = words.day(one.measured_on, short=True)
    said = "measured" if measured else "never_measured"
    state = words("states", one.child.state)
    last = words.say("family", said, date=measured)
    return one.child.child_id, f"({whom(one.child, words)}): {state}; {last}"


def _why(child: Candidate, words: Words) -> str:
    """The line that the list has: the rule, or what may happen and its reasons."""
    why = why_line(child, words)
    return (
        f"{may_happen(child, words)}{words('ui', 'stop')}{why}"
        if section(child) in BY_SCORE
        else why
    )


def _asked(score: Score, target: str, child: Candidate) -> bool:
    """Whether a risk is told: not of what the rules say has come already."""
    return score.risk is not None and child.state != TARGETS[target].moot_in_state


def _told(
    target: str, score: Score, risk: float, row: BookRow, words: Words, level: list[str]
) -> TargetInWords:
    title = f"{words('ui', 'reasons_chart')}: {words.of_target(target, 'name')}"
    low, high = score.risk_low, score.risk_high
    told = told_reasons(score.reasons, row.candidate.facts, words)
    own = [reason for reason in told if reason.key is not None]
    return TargetInWords(
        target,
        words.of_target(target, "risk"),
        risk_words(risk, words),
        risk_range(low, high, words) if low is not None and high is not None else "",
        tuple(reason.sentence for reason in own if reason.log_odds > 0),
        tuple(reason.sentence for reason in own if reason.log_odds < 0),
        reason_bars(told, words, title=title),
        tuple(level),
        tuple(reason.key for reason in own if reason.key and reason.log_odds > 0),
    )


def _outside(row: BookRow, words: Words) -> list[str]:
    """Why a child that no run kept has no score: what its records lack, or that nobody is asked to
    watch it."""
    why = {name: score.why_not for name, score in row.scores.items()}
    untreated = [why[name] for name in why if TARGETS[name].asked is Asked.UNTREATED]
    told = [words("not_scored", reason) for reason in untreated if reason and reason != SCORABLE]
    child = row.candidate
    since = child.danger or child.who in CENTRE_STAFF or LEVEL_OF_CARE[child.state] > 1
    return [words("ui", "outside_since")] * since + told or [words("ui", "outside_unwatched")]


def _unscored(row: BookRow, words: Words) -> list[str]:
    """Why there is no score, where no target has one: told once, the questions that do not arise
    left out."""
    if any(score.risk is not None for score in row.scores.values()):
        return []
    reasons = dict.fromkeys(
        score.why_not
        for target, score in row.scores.items()
        if score.why_not and not (score.why_not == "no_model" and TARGETS[target].optional)
    )
    own = row.candidate.why_not
    if own is not None and row.candidate.cure_not_shown:
        return [words("not_scored", own)]
    if set(reasons) == UNTREATED:
        return [words("ui", "not_scored_untreated")]
    if set(reasons) > UNTREATED:
        # What speaks against the question that is put to untreated children is the reason.
        reasons = dict.fromkeys(reason for reason in reasons if reason not in UNTREATED)
    return [words("not_scored", reason) for reason in reasons]
