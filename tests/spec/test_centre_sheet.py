"""A centre's due list, made by hand: who stands on it, once, in which order, and as what.

`AS_OF` is Monday 16 March 2026.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

import pypdf
import pytest

from care.pathway.decide import STEPS
from care.pathway.rules_in_order import ORDER
from models.visits.centre_due import centre_due
from models.visits.listed_child import counted_to
from models.visits.ranking import rank
from models.visits.visit_order import GONE
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.visits.centre_sheet import STEP_ORDER, sheet_parts, told_of_sheet
from serving.visits.paper.centre_text import LONGEST_MESSAGE, message
from serving.visits.paper.formats import SHEET_FORMATS, render_sheet
from tests.support.listed_children import AS_OF, child, in_danger, overdue, sector, untreated

SAY = words("en")


def named(candidate, name, **changes):
    return replace(candidate, child_id=name, **changes)


def late(name, step, days, *, who="awc_worker"):
    """A child not in danger whose step is so many days late."""
    return named(
        overdue(),
        name,
        next_step=step,
        who=who,
        overdue_days=days,
        by_when=AS_OF - dt.timedelta(days=days),
        risk=None,
    )


def due_in(name, step, days):
    return named(child(), name, next_step=step, by_when=AS_OF + dt.timedelta(days=days), risk=None)


def sheet(*children, day=AS_OF, centre="A001", facts=None):
    return centre_due(
        [counted_to(one, day, as_of=AS_OF) for one in children],
        centre_id=centre,
        sector_id="S0001",
        as_of=AS_OF,
        day=day,
        facts=facts,
    )


def ids(children):
    return [one.child_id for one in children]


def visited(candidate, finding, days_ago):
    on = AS_OF - dt.timedelta(days=days_ago)
    return replace(candidate, last_visited_on=on, last_finding=finding)


def test_one_centre_by_hand():
    onset = [named(untreated(), f"onset {n}", risk=0.3 - n / 50) for n in range(7)]
    onset[1] = replace(onset[1], overdue_days=12, by_when=AS_OF - dt.timedelta(days=12))
    made = [
        due_in("in ten days", "weigh_fortnightly", 10),
        late("arm, 2 days", "measure_arm", 2),
        *onset,
        late("weighing, 30 days", "weigh_weekly", 30),
        late("weighing, 40 days", "weigh_weekly", 40),
        named(in_danger(facts={"whz": -3.1, "muac_mm": 121}), "SAM"),
        due_in("in two days", "weigh_fortnightly", 2),
        late("stopped coming", "bring_back", 1),
        named(in_danger(rule="complication", next_step="admit_nrc"), "to the NRC"),
        named(late("moved away", "weigh_weekly", 9), "left", state="left", next_step="none"),
        named(late("elsewhere", "weigh_weekly", 9), "another centre", centre_id="A002"),
    ]
    due = sheet(*made)
    assert ids(due.danger) == ["to the NRC", "SAM"]
    assert ids(due.late) == [
        "weighing, 40 days",
        "weighing, 30 days",
        "onset 1",
        "arm, 2 days",
        "stopped coming",
    ]
    assert ids(due.watch) == ["onset 0", "onset 2", "onset 3", "onset 4"]
    assert due.watched == {f"onset {n}" for n in range(5)}
    assert ids(due.due)[:1] == ["in two days"] and "onset 6" in ids(due.due)
    parts = {part.name: part for part in sheet_parts(due, SAY)}
    assert [group.heading for group in parts["late"].groups] == [
        SAY("steps", "bring_back"),
        SAY("steps", "measure_arm"),
        SAY("steps", "weigh_weekly"),
        SAY("steps", "weigh_monthly"),
    ]
    told = {line.child_id: line for line in parts["late"].lines}
    assert told["weighing, 40 days"].when == "40 days late (4 Feb 2026)"
    assert told["stopped coming"].when == "1 day late (15 Mar 2026)"
    assert told["onset 1"].note == "May soon be SAM", "the fifth of the five"
    assert "IN DANGER" in parts["danger"].title
    assert parts["danger"].lines[0].do == "Take to the NRC (ANM or medical officer)"


@pytest.mark.parametrize("finding", ["moved", "died"])
def test_who_moved_or_died_never_stands_on_it(finding):
    gone = [in_danger(1), overdue(2), untreated(3)]
    due = sheet(*(visited(one, finding, 1) for one in gone), overdue(4))
    assert told_of_sheet(due) == ["C00004"] and not due.watched
    by_register = [replace(one, state=state) for one in gone for state in GONE]
    assert not sheet(*by_register).children
    weighed_since = visited(overdue(2), finding, 30)
    assert told_of_sheet(sheet(weighed_since)) == ["C00002"], "weighed after it: not gone"


def test_a_visit_of_yesterday_takes_nobody_off_and_is_told():
    seen = [visited(one, "well", 1) for one in (in_danger(1), overdue(2))]
    due = sheet(*seen)
    assert told_of_sheet(due) == ["C00001", "C00002"]
    (danger, weighing) = (part.lines[0] for part in sheet_parts(due, SAY))
    assert danger.note == weighing.note == "Home visit: Well, 15 Mar 2026"


def test_every_child_with_a_step_stands_once_also_beyond_the_twenty_places():
    children = [
        *sector(120, centres=6, seed=5),
        *(untreated(500 + n, centre_id=f"A{n % 6:03d}", risk=0.02 * (n % 9)) for n in range(40)),
        *(late(f"late {n}", "measure_height", n, who="awc_worker") for n in range(1, 30)),
    ]
    children = [replace(one, centre_id=f"A{n % 6:03d}") for n, one in enumerate(children)]
    listed = rank(children, sector_id="S0001", capacity=20, as_of=AS_OF)
    told = []
    for centre in sorted({one.centre_id for one in children}):
        due = sheet(*children, centre=centre)
        told += told_of_sheet(due)
        assert all(one.danger for one in due.danger)
        assert not any(one.danger for one in (*due.late, *due.watch, *due.due))
        assert all((one.overdue_days or 0) > 0 for one in due.late)
        assert not any(one.overdue_days for one in (*due.watch, *due.due))
        lines = [line.child_id for part in sheet_parts(due, SAY) for line in part.lines]
        assert sorted(lines) == sorted(told_of_sheet(due)), "words lose nobody"
    assert sorted(told) == sorted(ids(children))
    named_by_list = {row.candidate.child_id for row in listed.rows} | set(ids(listed.beyond))
    unnamed = {one.child_id for one in children if one.overdue_days} - named_by_list
    assert len(unnamed) > 20, "late steps that the supervisor's list has no place for"


def test_days_late_are_counted_to_the_day_of_reading():
    due = sheet(due_in("soon", "weigh_monthly", 2), day=AS_OF + dt.timedelta(days=9))
    assert [(one.child_id, one.overdue_days) for one in due.late] == [("soon", 7)]
    assert due.until == dt.date(2026, 4, 24)
    told = message(due, SAY)
    assert "as of 16 Mar 2026" in told and "7 days late: soon" in told
    assert SAY.say("ui", "stale", n=9, date="16 March 2026", today="25 March 2026") in (
        render_sheet(due, SAY, form="txt").decode()
    )


def test_every_step_has_its_place():
    assert sorted(STEP_ORDER) == sorted(set(STEPS) - {"none"})
    assert {rule.state for rule in ORDER if rule.step == "none"} <= GONE


@pytest.fixture(scope="module")
def full():
    """A centre of 60 children."""
    mixed = [
        untreated(n, risk=0.01 * n) if n % 7 == 0 else one
        for n, one in enumerate(sector(60, centres=1, seed=3), 1)
    ]
    here = [replace(one, centre_id="A001", centre_name="Rampur Tola") for one in mixed]
    return sheet(*here, facts={"synthetic": True})


@pytest.mark.parametrize("language", ["en", "mr"])
def test_on_paper_60_children_take_two_pages_and_read_back(full, language):
    say = words(language)
    pages = pypdf.PdfReader(io.BytesIO(render_sheet(full, say, form="pdf"))).pages
    read = " ".join(" ".join(page.extract_text().split()) for page in pages)
    assert len(full.children) == 60 and len(pages) == 2
    assert say("ui", "synthetic") in read
    for form in ("txt", "html"):
        content = render_sheet(full, say, form=form).decode()
        assert all(content.count(one.child_id) == 1 for one in full.children)
    for part in sheet_parts(full, say):
        assert f"{part.title} ({len(part.lines)})" in read
        for line in part.lines:
            assert read.count(line.child_id) == 1
            assert f"{line.child_id} {line.whom} {line.last_weight} {line.when}" in read


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_holds_codes_alone_the_urgent_first_and_counts_the_rest(full, language):
    say = words(language)
    many = sheet(*full.danger, *full.late, *full.watch, *full.due, *_hundred_late())
    told = message(many, say)
    assert len(told) <= LONGEST_MESSAGE < len(told) + 80
    order = [one.child_id for part in sheet_parts(many, say) for one in part.lines]
    shown = [code for code in order if code in told]
    assert shown == order[: len(shown)], "nobody before one who is more urgent"
    assert sorted(shown, key=told.index) == shown
    left = set(order) - set(shown)
    urgent = left & set(ids([*many.danger, *many.late]))
    assert told.endswith(say.say("centre_sheet", "message_more", n=len(left), urgent=len(urgent)))
    assert "Rampur" not in told and "kg" not in told and "A001" in told
    whole = message(full, say)
    assert all(one.child_id in whole for one in full.children)


def _hundred_late():
    return [late(f"LATE{n:03d}", "measure_arm", 1 + n % 60) for n in range(100)]


def test_a_centre_where_nobody_needs_anything_says_so():
    due = sheet()
    for form in SHEET_FORMATS:
        assert len(render_sheet(due, SAY, form=form)) > 100
    assert SAY("centre_sheet", "empty") in render_sheet(due, SAY, form="txt").decode()
    assert SAY("centre_sheet", "empty") in message(due, SAY)
