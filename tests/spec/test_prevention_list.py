"""Children who may soon be SAM and whom nobody treats: their places on the list, the box on each
centre's sheet, and the words for what to do."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.visits import ranking
from models.visits.prevention import AT_A_CENTRE, most_at_risk, to_watch
from models.visits.ranking import PREVENTION, rank, section
from models.visits.visit_order import PREVENTION_FROM
from serving.book.scorebook import BookRow, Score
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.pages import child_page
from serving.visits.lists import list_document, told_of
from serving.visits.paper.comma_separated import comma_separated
from serving.visits.paper.html import page
from serving.visits.paper.pdf import pdf
from serving.visits.paper.plain_text import plain_text
from serving.visits.sheet_lines import line_of, sheets
from tests.support.listed_children import AS_OF, child, in_danger, overdue, sector, untreated


def ranked(children, capacity=20):
    return rank(children, sector_id="S0001", capacity=capacity, as_of=AS_OF)


def rows(listed):
    return [(row.section, row.candidate.child_id) for row in listed.rows]


def named(made, name, **changes):
    return replace(made, child_id=name, **changes)


WASTED = named(untreated(), "thin and losing weight", risk=0.25)
MILD = named(untreated(risk=0.06), "MAM, steady")
WELL = named(untreated(risk=0.004, state="screened_well", rule=None), "well, far from SAM")
RELAPSING = named(child(risk=0.15), "home for 40 days, losing weight")
DEFAULTER = named(
    in_danger(rule="defaulted", state="defaulted", next_step="bring_back", who="awc_worker"),
    "left treatment",
)
LATE = named(overdue(), "weekly weighing nine days late")


def test_danger_then_late_then_relapse_then_who_may_soon_be_sam_and_nobody_far_from_it():
    assert rows(ranked([WELL, MILD, WASTED, RELAPSING, LATE, DEFAULTER])) == [
        ("danger", "left treatment"),
        ("overdue", "weekly weighing nine days late"),
        ("risk", "home for 40 days, losing weight"),
        (PREVENTION, "thin and losing weight"),
        (PREVENTION, "MAM, steady"),
    ]


def test_prevention_shares_the_places_of_risk_by_benefit_and_takes_none_of_danger():
    everybody = [MILD, WASTED, RELAPSING, DEFAULTER]
    assert rows(ranked(everybody, capacity=1)) == [("danger", "left treatment")]
    assert rows(ranked(everybody, capacity=2))[1:] == [(PREVENTION, "thin and losing weight")]
    assert rows(ranked(everybody, capacity=3))[1:] == [
        ("risk", "home for 40 days, losing weight"),
        (PREVENTION, "thin and losing weight"),
    ]


def test_what_a_rule_asks_for_goes_before_the_score():
    late = replace(WASTED, overdue_days=9, by_when=dt.date(2026, 3, 7))
    assert section(late) == "overdue"
    assert section(replace(WASTED, danger=True, rule="sam_suspected")) == "danger"
    assert section(replace(WASTED, state="left")) is None
    assert section(replace(WASTED, risk=PREVENTION_FROM - 0.001)) is None
    assert section(replace(WASTED, risk=None)) is None


def test_each_centres_worker_watches_five_whatever_the_supervisor_visits():
    risks = {"a": 0.31, "c": 0.12, "b": 0.12, "d": 0.06, "e": 0.04, "f": 0.03, "g": 0.01}
    here = [named(untreated(risk=risk), name) for name, risk in risks.items()]
    there = [named(untreated(risk=0.03, centre_id="A002"), "z")]
    found = to_watch([*reversed(here), *there])
    assert {centre: [one.child_id for one in those] for centre, those in found.items()} == {
        "A001": ["a", "b", "c", "d", "e"],
        "A002": ["z"],
    }
    listed = ranked([*here, *there], capacity=2)
    left = listed.also_watch()
    assert [one.child_id for one in left["A001"]] == ["c", "d", "e"]
    assert [one.child_id for one in left["A002"]] == ["z"]


def test_who_is_in_danger_in_care_gone_or_moved_away_is_not_in_the_box():
    moved = named(untreated(last_visited_on=AS_OF, last_finding="moved"), "moved")
    seen = named(untreated(last_visited_on=AS_OF, last_finding="well"), "seen today")
    others = [moved, DEFAULTER, RELAPSING, replace(WASTED, danger=True, rule="infant_at_risk")]
    listed = ranked([*others, replace(MILD, state="died"), seen])
    assert [one.child_id for one in listed.watch["A001"]] == ["seen today"]
    assert (PREVENTION, "seen today") not in rows(listed)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(0, 10_000))
def test_the_book_keeps_exactly_those_whom_the_list_will_name(count, seed):
    dice = random.Random(seed)
    children = [
        untreated(
            number,
            centre_id=f"A{dice.randrange(4):03d}",
            risk=dice.choice([None, 0.01, 0.02, 0.05, 0.05 + 1e-13, dice.random()]),
        )
        for number in range(count)
    ]
    centre = np.array([int(one.centre_id[1:]) for one in children], np.int64)
    risk = np.array([np.nan if one.risk is None else one.risk for one in children])
    chosen = most_at_risk(centre, risk, np.array([one.child_id for one in children], "U6"))
    kept = [one for one, wanted in zip(children, chosen, strict=True) if wanted]
    assert to_watch(kept) == to_watch(children)
    assert len(kept) == sum(map(len, to_watch(children).values()))
    assert all(len(those) <= AT_A_CENTRE for those in to_watch(children).values())


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30), st.integers(0, 50), st.integers(0, 10_000))
def test_without_onset_the_list_is_to_the_letter_what_it_is_without_prevention(
    capacity, count, seed
):
    children = sector(count, centres=6, seed=seed)
    listed = ranked(children, capacity)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "of_prevention", lambda one: False)
        patch.setattr(ranking, "to_watch", lambda those: {})
        without = ranked(children, capacity)
    spoken = words("hi")
    for form in (plain_text, page, comma_separated):
        assert form(listed, spoken) == form(without, spoken)
    document = list_document(listed, "en")
    assert document == list_document(without, "en")
    assert "watch" not in document and f"{PREVENTION}_in_all" not in document["facts"]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(0, 40), st.integers(0, 40), st.integers(0, 10_000))
def test_children_of_prevention_move_nobody_in_danger(capacity, count, more, seed):
    dice = random.Random(seed)
    known = sector(count, centres=6, seed=seed)
    added = [untreated(5000 + n, risk=round(dice.random(), 3)) for n in range(more)]
    listed, before = ranked([*known, *added], capacity), ranked(known, capacity)
    emergencies = [one.child_id for one in before.beyond]
    assert [one.child_id for one in listed.beyond] == emergencies
    kinds = [row.section for row in listed.rows]
    order = ("danger", "overdue", "risk", PREVENTION)
    assert kinds == sorted(kinds, key=order.index)
    asked = {one.child_id for one in known if one.danger}
    placed = {child_id for kind, child_id in rows(listed) if kind == "danger"}
    assert asked == placed | {one.child_id for one in (*listed.beyond, *listed.anm) if one.danger}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_to_do_for_such_a_child_is_said_in_plain_words(language):
    spoken = words(language)
    (row,) = ranked([WASTED]).rows
    line = line_of(row, spoken)
    assert line.section == PREVENTION and line.tag(spoken) == spoken("sections_short", PREVENTION)
    assert line.do == spoken("ui", "prevent_now") and line.step == spoken("ui", "prevent_short")
    assert line.why.startswith(spoken.of_target("onset", "may"))
    assert line.risk == spoken.of_target("onset", "such").format(
        risk=spoken.say("ui", "risk_words", n=2)
    )
    assert line.why_short == spoken("reasons_short", "falling_weight")
    untold = line_of(replace(row, candidate=replace(row.candidate, reasons=())), spoken)
    assert untold.why_short == spoken("sections_short", PREVENTION)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_box_stands_on_each_centres_own_sheet_with_the_last_weight_and_no_risk(language):
    spoken = words(language)
    at_home = [named(untreated(n, risk=0.5 - n / 100), f"K{n}") for n in range(3)]
    elsewhere = named(untreated(risk=0.03, centre_id="A002", centre_name="Kheda"), "K9")
    listed = ranked([*at_home, elsewhere, DEFAULTER], capacity=2)
    first, second = sheets(listed, spoken)
    assert [line.child_id for line in first.lines] == ["left treatment", "K0"]
    assert second.centre_id == "A002" and second.lines == ()
    weight = spoken.say("ui", "last_weight_line", kg="7.4", date=spoken.day(dt.date(2026, 3, 2)))
    age = spoken.say("ui", "months_sex", sex=spoken("sex", "F"), n=14)
    assert first.watch == tuple(f"{name} ({age}): {weight}" for name in ("K1", "K2"))
    assert second.watch == (f"K9 ({age}): {weight}",)
    long_after = sheets(replace(listed, day=dt.date(2026, 5, 2)), spoken)[1].watch[0]
    told = spoken.say("ui", "last_weight_long_ago", kg="7.4", date=spoken.day(dt.date(2026, 3, 2)))
    assert long_after == f"K9 ({age}): {told}", "61 days after the weight"
    for form in (plain_text, page):
        text = form(listed, spoken).decode()
        assert text.count(spoken("ui", "also_watch")) == 2 and first.watch[1] in text
    assert pdf(listed, spoken).startswith(b"%PDF")
    assert b"K9" not in comma_separated(listed, spoken), "nobody is asked to visit her"
    assert set(told_of(listed)) == {"left treatment", "K0", "K1", "K2", "K9"}
    assert list_document(listed, language)["watch"] == {"A001": ["K0", "K1", "K2"], "A002": ["K9"]}


def test_a_childs_page_says_what_the_list_says_and_why_there_is_no_score():
    spoken = words("en")
    (row,) = ranked([WASTED]).rows
    assert child_page._why(WASTED, spoken) == line_of(row, spoken).why

    def unscored(onset):
        why = {"relapse": "not_discharged_as_cured", "non_response": "not_in_treatment"} | onset
        none = (None,) * 5
        scores = {
            name: Score("not_scored", reason, *none, (), None) for name, reason in why.items()
        }
        return child_page._unscored(BookRow(WELL, scores), spoken)

    never_treated = [spoken("ui", "not_scored_untreated")]
    assert unscored({}) == unscored({"onset": "no_model"}) == never_treated
    assert unscored({"onset": "sam_waits"}) == [spoken("not_scored", "sam_waits")]
