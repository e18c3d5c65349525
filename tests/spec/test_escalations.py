"""What an officer must see to: children whose place a nutritionist knows, followed from day to day
through their records. Nothing goes by resting, by age of the evidence, or by a child's leaving the
list."""

import datetime as dt

import pytest
import sqlalchemy as sa

from serving.book.escalation import escalation_records as records
from serving.book.escalation.escalation_records import Acting
from serving.book.scorebook import ESCALATIONS
from serving.book.ticks import Teller, tick
from tests.support.days_of_scoring import DaysOfScoring

CENTRES = """
A,Amba,S1,P1,D1,rural
B,Bela,S2,P1,D1,rural
C,Chand,S3,P2,D2,rural
"""
NAMES = (
    *("late", "soon", "rested", "complication", "oedema", "arrived", "losing", "gaining"),
    *("gone", "back", "found", "treated", "ill", "died", "long_dead", "well"),
)
SAM_ARM, WELL_ARM = 108, 132
MEASURED = [
    # Danger: SAM by the arm since 1 June, examined by the 6th at the latest: nobody did.
    ("late", "2026-06-01", 6.9, SAM_ARM, ""),
    # The same, but found yesterday: its day has not passed.
    ("soon", "2026-06-29", 6.9, SAM_ARM, ""),
    # The same as `late`, and visited on 27 June: the list lets it rest for a week.
    ("rested", "2026-06-01", 6.9, SAM_ARM, ""),
    ("complication", "2026-06-10", 6.9, SAM_ARM, ""),
    ("oedema", "2026-06-20", 8.4, WELL_ARM, 2),
    ("arrived", "2026-06-20", 8.4, WELL_ARM, 2),
    *(("losing", f"2026-06-{day:02}", kg, SAM_ARM, "") for day, kg in ((10, 7.0), (17, 6.9), (24, 6.7))),
    *(("gaining", f"2026-06-{day:02}", kg, SAM_ARM, "") for day, kg in ((10, 7.0), (17, 7.2), (24, 7.4))),
    ("gone", "2026-06-01", 7.0, SAM_ARM, ""),
    ("back", "2026-06-01", 7.0, SAM_ARM, ""),
    ("found", "2026-06-01", 8.6, WELL_ARM, ""),
    ("treated", "2026-06-01", 8.6, WELL_ARM, ""),
    ("ill", "2026-06-20", 8.6, WELL_ARM, ""),
    ("died", "2026-06-01", 8.6, WELL_ARM, ""),
    ("long_dead", "2025-11-01", 6.0, WELL_ARM, ""),
    ("well", "2026-06-20", 9.0, 140, 0),
]  # fmt: skip
STAYS = """
E1,complication,UCDC,2026-06-10,pass,true,,,
E2,arrived,NRC,2026-06-21,,,,,
E3,losing,UCDC,2026-06-10,pass,false,,,
E4,gaining,UCDC,2026-06-10,pass,false,,,
E5,gone,UCDC,2026-06-01,pass,false,2026-06-15,defaulted,
E6,back,UCDC,2026-06-01,pass,false,2026-06-15,defaulted,
E7,back,UCDC,2026-06-22,pass,false,,,
E8,treated,UCDC,2026-06-25,pass,false,,,
"""
VISITS = """
rested,2026-06-27,away
found,2026-06-22,sam_again
treated,2026-06-22,sam_again
ill,2026-06-25,ill
"""
LEFT = {"died": "2026-06-20,died", "long_dead": "2025-12-05,died"}


def measured(*rows):
    return "\n".join(f"{who},{day},{kg},74,lying,{arm},{feet}" for who, day, kg, arm, feet in rows)


@pytest.fixture
def days(tmp_path):
    made = DaysOfScoring(tmp_path)
    made.record(
        "2026-06-29",
        centres=CENTRES,
        children="\n".join(
            f"{name},F,2025-01-05,{'ABC'[at % 3]},2025-01-10,{LEFT.get(name, ',')}"
            for at, name in enumerate(NAMES)
        ),
        measurements=measured(*MEASURED),
        episodes=STAYS,
        visits=VISITS,
    )
    return made


def open_now(reader):
    """Who is open, of which kind, since when."""
    found = reader.escalations(reader.run(), ESCALATIONS.c.closed_on.is_(None))
    return {(one.child_id, one.kind): one.began_on.isoformat() for one in found}


def closed(reader, name):
    """How the child's closed ones were closed: kind, as whom, why."""
    found = reader.escalations(reader.run(), ESCALATIONS.c.child_id == name)
    return [(one.kind, one.closed_as, one.closed_because) for one in found if one.closed_on]


FIRST = {
    ("late", "danger_late"): "2026-06-01",
    ("rested", "danger_late"): "2026-06-01",
    ("complication", "facility"): "2026-06-10",
    ("oedema", "facility"): "2026-06-20",
    ("losing", "losing"): "2026-06-24",
    ("gone", "defaulted"): "2026-06-15",
    ("found", "found_sam"): "2026-06-22",
    ("found", "danger_late"): "2026-06-22",
    ("ill", "found_ill"): "2026-06-25",
    ("died", "died"): "2026-06-20",
}


def test_each_child_stands_where_a_nutritionist_would_put_it(days):
    assert open_now(days.score("2026-06-30")) == FIRST


def test_nothing_goes_by_resting_by_the_age_of_evidence_or_by_leaving_the_list(days):
    days.score("2026-06-30")
    for day in ("2026-07-07", "2026-09-20", "2027-01-15"):
        found = open_now(days.score(day))
        assert found.items() >= FIRST.items(), (day, FIRST.keys() - found.keys())
    # Seven months on the evidence has run out for every rule; the child is still in the book.
    reader = days.reader()
    assert not reader.child("late")[1].candidate.danger
    assert {name for name, _ in FIRST} <= set(reader.child_ids(reader.run()))


ANSWERS = [
    ("late", "danger_late", {"measurements": "late,2026-07-02,8.4,74,lying,131,"}),
    ("complication", "facility", {"episodes": "N1,complication,NRC,2026-07-02,,,,,"}),
    ("oedema", "facility", {"episodes": "N2,oedema,NRC,2026-07-02,,,,,"}),
    ("losing", "losing", {"measurements": "losing,2026-07-01,7.3,74,lying,110,"}),
    ("gone", "defaulted", {"episodes": "N3,gone,UCDC,2026-07-02,pass,false,,,"}),
    ("found", "found_sam", {"episodes": "N4,found,UCDC,2026-07-02,pass,false,,,"}),
    ("found", "found_sam", {"measurements": "found,2026-07-02,8.6,74,lying,133,"}),
    ("ill", "found_ill", {"checks": "ill,2026-07-02,false,false,false,ANM,"}),
    ("died", "died", {"measurements": "died,2026-07-02,8.8,74,lying,133,"}),
]


@pytest.mark.parametrize(("name", "kind", "recorded"), ANSWERS)
def test_a_later_record_that_answers_it_closes_it_and_it_stays_on_record(
    days, name, kind, recorded
):
    days.score("2026-06-30")
    days.record("2026-07-03", **recorded)
    reader = days.score("2026-07-03")
    assert (name, kind) not in open_now(reader)
    assert open_now(reader).keys() | {(name, "danger_late"), (name, kind)} >= FIRST.keys()
    ((_, by, rule),) = [one for one in closed(reader, name) if one[0] == kind]
    assert by == "records" and rule == reader.child(name)[1].candidate.rule
    # It stays shut, and its child in the book for a month.
    assert (name, kind) not in open_now(days.score("2026-07-20"))


NO_ANSWERS = [
    # A weighing at the centre says nothing of a facility, an arm of 109 mm is SAM too.
    ("oedema", "facility", {"measurements": "oedema,2026-07-02,8.5,74,lying,133,"}),
    ("complication", "facility", {"measurements": "complication,2026-07-02,7.2,74,lying,112,"}),
    ("found", "found_sam", {"measurements": "found,2026-07-02,7.0,74,lying,109,"}),
    ("gone", "defaulted", {"measurements": "gone,2026-07-02,7.0,74,lying,109,"}),
    # A weight without an arm does not answer an arm.
    ("late", "danger_late", {"measurements": "late,2026-07-02,8.4,,,,"}),
    # A visit that met nobody, and one that found the child as ill as before.
    ("late", "danger_late", {"visits": "late,2026-07-02,away"}),
    ("ill", "found_ill", {"visits": "ill,2026-07-02,ill"}),
]


@pytest.mark.parametrize(("name", "kind", "recorded"), NO_ANSWERS)
def test_what_answers_something_else_closes_nothing(days, name, kind, recorded):
    days.score("2026-06-30")
    days.record("2026-07-03", **recorded)
    assert open_now(days.score("2026-07-03"))[name, kind] == FIRST[name, kind]


def number_of(reader, name, kind):
    found = reader.escalations(reader.run(), ESCALATIONS.c.child_id == name)
    return [one.number for one in found if one.kind == kind][-1]


OFFICER = Acting("Asha Rao", "officer", dt.date(2026, 7, 1))


def test_an_officer_closes_with_a_reason_and_only_something_new_opens_it_again(days):
    reader = days.score("2026-06-30")
    for name, kind in (("late", "danger_late"), ("losing", "losing"), ("gone", "defaulted")):
        number = number_of(reader, name, kind)
        assert records.close(days.engine(), number, OFFICER, because="seen by the MO, note 12")
        assert not records.close(days.engine(), number, OFFICER, because="again")
    for day in ("2026-07-02", "2026-07-09"):
        reader = days.score(day)
        found = open_now(reader)
        assert {("late", "danger_late"), ("losing", "losing"), ("gone", "defaulted")}.isdisjoint(
            found
        )
        (was,) = reader.escalations(reader.run(), ESCALATIONS.c.child_id == "late")
        assert was.closed_by_person and was.holds, "closed, and the records still say so"
    assert closed(reader, "late") == [("danger_late", "officer", "seen by the MO, note 12")]
    # A new arm of SAM that is not acted on, a new weighing that lost, a new default.
    days.record(
        "2026-07-10",
        measurements="late,2026-07-10,6.9,74,lying,107,\nlosing,2026-07-08,6.4,74,lying,107,",
    )
    found = open_now(days.score("2026-07-10"))
    assert found["late", "danger_late"] == "2026-06-01"
    assert found["losing", "losing"] == "2026-07-08"
    assert ("gone", "defaulted") not in found


def test_what_was_closed_by_mistake_is_opened_again_and_both_stay_on_record(days):
    reader = days.score("2026-06-30")
    number = number_of(reader, "died", "died")
    records.close(days.engine(), number, OFFICER, because="mistake")
    (was,) = reader.escalations(reader.run(), ESCALATIONS.c.number == number)
    for _ in range(2):
        records.open_again(days.engine(), was, OFFICER)
    found = reader.escalations(reader.run(), ESCALATIONS.c.child_id == "died")
    assert [(one.opened_by, one.closed_because) for one in found] == [
        ("", "mistake"),
        ("Asha Rao", None),
    ]


def test_a_visits_finding_opens_one_at_once_and_its_correction_closes_it(days):
    days.score("2026-06-30")
    reader, asha = days.reader(), Teller("Asha", "supervisor")
    outcome = {
        "child_id": "well",
        "sector_id": "S1",
        "visited_on": dt.date(2026, 6, 30),
        "finding": "sam_again",
        "listed_on": None,
        "listed_for": None,
    }
    for _ in range(2):
        tick(days.engine(), [outcome], teller=asha)
    (one,) = reader.escalations(reader.run(), ESCALATIONS.c.child_id == "well")
    assert (one.kind, one.opened_by, one.opened_as) == ("found_sam", "Asha", "supervisor")
    # The run of a day before the visit knows nothing of it, and closes nothing.
    assert ("well", "found_sam") in open_now(days.score("2026-06-29"))
    tick(days.engine(), [outcome | {"finding": "ill"}], teller=asha)
    assert closed(reader, "well") == [("found_sam", "corrected", "")]
    assert ("well", "found_ill") in open_now(reader)
    tick(days.engine(), [outcome], teller=asha)
    assert ("well", "found_sam") in open_now(reader) and ("well", "found_ill") not in open_now(
        reader
    )


def test_a_run_of_a_former_day_changes_nothing_and_a_repeated_run_opens_nothing_twice(days):
    days.score("2026-06-30")
    before = open_now(days.reader())
    assert open_now(days.score("2026-06-10")) == before
    days.score("2026-06-30")
    reader = days.score("2026-07-01")
    found = reader.escalations(reader.run())
    assert len({(one.child_id, one.kind) for one in found}) == len(found)


def test_each_scope_has_its_own_and_a_forgotten_child_none(days):
    from registry.store.forgetting import forget
    from registry.store.store import open_store

    days.score("2026-06-30")
    own = days.reader("sector:S1")
    inside = {name for name, _ in open_now(own)}
    assert inside == {name for name, _ in FIRST if NAMES.index(name) % 3 == 0} and inside
    whole = days.reader()
    by_area = [
        len(whole.of_escalations(whole.run(), sa.select(ESCALATIONS), {"project_id": project}))
        for project in ("P1", "P2")
    ]
    assert sum(by_area) == len(FIRST) and all(by_area)
    store = open_store(days.address)
    assert forget(store, "late")["sanket_escalations"] == 1
    store.close()
    assert ("late", "danger_late") not in open_now(whole)


def test_a_weight_without_an_arm_and_then_months_answer_no_arm(days):
    """Weighed on 2 July, no arm since June: on 20 September the arm is too old for every rule."""
    days.score("2026-06-30")
    days.record("2026-07-03", measurements="late,2026-07-02,8.4,,,,")
    reader = days.score("2026-09-20")
    assert not reader.child("late")[1].candidate.danger
    assert open_now(reader)["late", "danger_late"] == "2026-06-01"
