"""The test of truth: whatever is told of a child is read back and compared with that child's
records.

Every template of `[reasons.*]` has its check here, in this file's own arithmetic over plain rows;
one without fails.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
from collections import Counter

import numpy as np
import pytest

from features.clock import Clock
from models.bundle import save
from models.champion import bundles_folder, models_folder, turn
from models.reasons import KEYS, SEASON
from models.scoring import score_children
from models.visits.listed_child import Reason
from registry.checks.table import build_records
from registry.contract.registry import day_date, day_number
from registry.simulate.dials import Dials
from registry.simulate.write import simulate
from registry.store.store import open_store
from serving.access.permissions import Scope
from serving.book.reader import Reader
from serving.book.scoring.scoring_run import score_store
from serving.database import engine_of
from serving.language.languages import LANGUAGES
from serving.language.telling import (
    ARM_RULES,
    FALLING_RULES,
    GROWTH_RULES,
    SAM_RULES,
    rule_line,
    step_words,
    told_reasons,
    why_line,
)
from serving.language.words import last_weight, risk_range, risk_words, words
from tests.support.child_records import Records, records_of
from tests.support.service_cases import bundle
from tests.support.told_sentences import MINUS, Read, read_day, readings, template, templates

CHILDREN = 500
UNTREATED = 200
"""Of them, children who are asked whether they may soon be SAM for the first time."""
DAYS_BEFORE_THE_END = 20
"""Scored in June, before the records end: the store knows later rows, which must not be told."""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """(rows of the book, their records, the day) after a real scoring run over a simulated
    registry."""
    folder = tmp_path_factory.mktemp("truth")
    simulate(
        folder / "registry",
        children=2900,
        months=10,
        seed=7,
        format="parquet",
        dials=Dials(truth_draws=0),
    )
    store = open_store(str(folder / "x.db"))
    store.import_source(str(folder / "registry"))
    registry = store.load()
    store.close()
    models = models_folder(str(folder / "x.db"))
    for target in ("relapse", "non_response", "onset"):
        turn(models, target, save(bundle(target), bundles_folder(models)).version)
    as_of = day_date(registry.recorded_until - DAYS_BEFORE_THE_END)
    score_store(str(folder / "x.db"), as_of=as_of, models_dir=models, accept_foreign=True)
    engine = engine_of(str(folder / "x.db"))
    reader = Reader(engine, Scope.of(["state:*"]))
    rows = reader.rows(reader.run())
    engine.dispose()
    # Those scored in care, some who are not treated, then every so many of the others: states of
    # every kind.
    rows.sort(key=lambda row: row.candidate.child_id[::-1])
    onset = [row for row in rows if row.candidate.target == "onset"]
    care = [row for row in rows if row.candidate.target not in (None, "onset")]
    others = [row for row in rows if row.candidate.target is None]
    chosen = [*care, *onset[:UNTREATED], *others, *onset[UNTREATED:]]
    assert len(onset) >= UNTREATED and len(chosen) >= CHILDREN
    return chosen[:CHILDREN], records_of(registry, as_of), as_of


def weighed(kid: Records, day: dt.date, kg: float) -> bool:
    """This weight stands in the register on this day."""
    return any(on == day and abs(own - kg) < 0.0051 for on, own in kid.weights())


def pair(read: Read, kid: Records, before: str, after: str) -> tuple[float, int] | None:
    """The change (kg) and its days between two weights that were told; None where one is in no
    register."""
    first, last = read.day(f"{before}_on"), read.day(f"{after}_on")
    kg = read.number(f"{before}_kg"), read.number(f"{after}_kg")
    if not (weighed(kid, first, kg[0]) and weighed(kid, last, kg[1]) and first < last):
        return None
    return round(kg[1] - kg[0], 3), (last - first).days


def trend(read, kid, holds) -> bool:
    """Two weights in the register, the later the newest of all, and what the words say of them."""
    found = pair(read, kid, "weight_before", "last_weight")
    newest = max(on for on, _ in kid.weights())
    return (
        found is not None
        and read.day("last_weight_on") == newest
        and 7 <= found[1] <= 60
        and holds(*found)
    )


def not_rising(read, kid) -> bool:
    """The newest weight is not above the one just before it."""
    days = sorted({on for on, _ in kid.weights()})
    last = [kg for on, kg in kid.weights() if on == days[-1]]
    before = [kg for on, kg in kid.weights() if on == days[-2]]
    return min(last) <= max(before) + 0.041


def stay_of(kid: Records) -> dict:
    """The latest stay in a UCDC or VCDC."""
    return [row for row in kid.episodes if row["programme"] in ("UCDC", "VCDC")][-1]


def stay_pair(read, kid, holds) -> bool:
    found, stay = pair(read, kid, "stay_first", "stay_last"), stay_of(kid)
    inside = stay["admitted_on"] <= read.day("stay_first_on") and (
        stay["closed_on"] is None or read.day("stay_last_on") <= stay["closed_on"]
    )
    return found is not None and inside and holds(*found)


def of_day(kid: Records, day: dt.date) -> list[dict]:
    return [row for row in kid.measurements if row["measured_on"] == day]


def same_z(value: float, z: float, decimals: int) -> bool:
    """A z that was told, to its decimals, is this one; a weight-based z of WHO may differ in the
    last digit."""
    return not math.isnan(z) and abs(value - z) <= 0.5 * 10**-decimals + 0.006


def newest_whz(read, kid) -> bool:
    """The WHZ of the newest weight: none newer stands beside it."""
    on, value = read.day("whz_on"), read.number("whz")
    newest = max(day for day, _ in kid.weights())
    return on >= newest and any(
        same_z(value, kid.whz(row), read.decimals("whz")) for row in of_day(kid, on)
    )


def arm(read, kid, name="last_muac") -> bool:
    return any(
        row["muac_mm"] is not None and abs(row["muac_mm"] / 10 - read.number(f"{name}_cm")) < 0.051
        for row in of_day(kid, read.day(f"{name}_on"))
    )


def newest_arm(read, kid) -> bool:
    days = [row["measured_on"] for row in kid.measurements if row["muac_mm"] is not None]
    return arm(read, kid) and read.day("last_muac_on") == max(days)


def weighed_since(kid: Records, day: dt.date) -> bool:
    return any(on > day for on, _ in kid.weights())


def at_admission(read, kid, *, whz=False, muac=False, oedema=False) -> bool:
    """What was read within two weeks before or a week after the admission."""
    on, admitted = read.day("admission_read_on"), stay_of(kid)["admitted_on"]
    if not -14 <= (on - admitted).days <= 7:
        return False
    rows = of_day(kid, on)
    fits = [True]
    if whz:
        value, decimals = read.number("admission_whz"), read.decimals("admission_whz")
        fits.append(any(same_z(value, kid.whz(row), decimals) for row in rows))
    if muac:
        mm = 10 * read.number("admission_muac_cm")
        fits.append(
            any(row["muac_mm"] is not None and abs(row["muac_mm"] - mm) < 0.51 for row in rows)
        )
    if oedema:
        fits.append(any((row["oedema"] or 0) >= 1 for row in rows))
    return all(fits)


def treatments_before(kid: Records) -> list[dt.date]:
    """The last day of each treatment before the one of the latest stay; within a week it is the
    same treatment."""
    runs: list[list[dict]] = []
    for row in kid.episodes:
        if row["admitted_on"] > stay_of(kid)["admitted_on"]:
            break
        ends = [one["closed_on"] for one in runs[-1]] if runs else []
        if runs and (None in ends or (row["admitted_on"] - max(ends)).days <= 7):
            runs[-1].append(row)
        else:
            runs.append([row])
    return [max(one["closed_on"] for one in run) for run in runs[:-1]]


def lately_checked(kid: Records, asked_on: dt.date) -> list[dict]:
    return [row for row in kid.checks if (asked_on - row["checked_on"]).days < 30]


def checks(read, kid, *, ill: bool) -> tuple[int, int, dt.date | None]:
    """(those with the sign, those that looked for it, the first of them) of the last 30 days."""
    signs = ("diarrhoea", "fever", "cough") if ill else ("poor_appetite",)
    rows = lately_checked(kid, read.asked_on)
    looked = [
        row
        for row in rows
        if any(row[sign] for sign in signs) or all(row[sign] == 0 for sign in signs)
    ]
    found = [row for row in looked if any(row[sign] for sign in signs)]
    return len(found), len(looked), looked[0]["checked_on"] if looked else None


def told_checks(read, kid, *, ill: bool, some: bool) -> bool:
    names = (
        ("ill_checks", "checks", "checks_from_on")
        if ill
        else ("poor_appetite_checks", "appetite_checks", "appetite_from_on")
    )
    found, looked, since = checks(read, kid, ill=ill)
    told = read.number(names[0]) if some else 0
    return (told, read.number(names[1]), read.day(names[2])) == (found, looked, since) and (
        found > 0
    ) == some


def appetite_tests(kid: Records) -> list[tuple[dt.date, str]]:
    """(day, result) of each test of the stay."""
    stay = stay_of(kid)
    made = [(stay["admitted_on"], stay["appetite_test"])]
    made += [
        (row["checked_on"], row["appetite_test"])
        for row in kid.checks
        if stay["admitted_on"] <= row["checked_on"]
        and (stay["closed_on"] is None or row["checked_on"] <= stay["closed_on"])
    ]
    return [(on, result) for on, result in made if result in ("pass", "fail")]


def no_weight_between(kid: Records, first: dt.date, last: dt.date) -> bool:
    days = {on for on, _ in kid.weights()}
    return {first, last} <= days and not any(first < on < last for on in days)


def weighed_often(read, kid) -> bool:
    start, stay = read.day("weighings_from_on"), stay_of(kid)
    if stay["closed_on"] is None:
        right, counted = (
            start == stay["admitted_on"],
            {on for on, _ in kid.weights() if on >= start},
        )
    else:
        right, counted = start == stay["closed_on"], {on for on, _ in kid.weights() if on > start}
    return right and len(counted) == read.number("weighings")


def food(read, kid, *, little: bool) -> bool:
    stay = stay_of(kid)
    until = stay["closed_on"] or read.asked_on
    given = sum(
        row["quantity"]
        for row in kid.rations
        if row["item"] == "EDNF" and stay["admitted_on"] <= row["issued_on"] <= until
    )
    days = (until - stay["admitted_on"]).days
    same = (read.number("food_sachets"), read.number("food_days")) == (round(given), days)
    return same and (given < 0.8 * days) == little


def attendance(read, kid) -> tuple[float, float] | None:
    year, month = read.month("attendance_month_on")
    for row in kid.attendance:
        if (row["month"].year, row["month"].month) == (year, month):
            return row["attended_days"], row["open_days"]
    return None


def came(read, kid, *, little: bool) -> bool:
    found = attendance(read, kid)
    told = read.number("attended_days"), read.number("open_days")
    newest = max(row["month"] for row in kid.attendance)
    is_newest = read.month("attendance_month_on") == (newest.year, newest.month)
    return found == told and is_newest and (told[0] < 0.8 * told[1]) == little


def months_old(kid: Records, asked_on: dt.date) -> int:
    months = 0
    while (kid.born.year * 12 + kid.born.month + months, kid.born.day) < (
        asked_on.year * 12 + asked_on.month,
        asked_on.day + 1,
    ):
        months += 1
    return months - 1


def height_for_age(read, kid) -> bool:
    on = read.day("haz_on")
    rows = [row for row in of_day(kid, on) if row["height_cm"] is not None]
    later = [
        row
        for row in kid.measurements
        if row["height_cm"] is not None and row["measured_on"] > on and -6 <= kid.z("haz", row) <= 6
    ]
    return not later and any(
        same_z(read.number("haz"), kid.z("haz", row), read.decimals("haz")) for row in rows
    )


def siblings_admitted(read, kid, everyone) -> bool:
    """Admissions as known the day before, a year back."""
    admitted = [
        row
        for other in kid.siblings
        for row in everyone[other].episodes
        if 1 <= (read.asked_on - row["admitted_on"]).days <= 366
    ]
    return len(admitted) == read.number("siblings_treated") > 0


def gained(kg: float, days: int, read: Read) -> float:
    """g/kg/day."""
    return 1000 * kg / (read.number("stay_first_kg") * days)


CHECKS = {
    ("falling_weight", "fell"): lambda r, k: (
        trend(r, k, lambda kg, days: kg < 0) and not_rising(r, k)
    ),
    ("falling_weight", "same"): lambda r, k: trend(r, k, lambda kg, days: abs(kg) <= 0.041),
    ("falling_weight", "rose"): lambda r, k: trend(r, k, lambda kg, days: kg > 0),
    ("falling_weight", "weights"): lambda r, k: trend(r, k, lambda kg, days: True),
    ("low_weight_for_height", "low"): lambda r, k: newest_whz(r, k) and r.number("whz") < -2,
    ("low_weight_for_height", "fair"): lambda r, k: newest_whz(r, k),
    ("low_muac", "unread"): lambda r, k: (
        newest_arm(r, k)
        and weighed_since(k, r.day("last_muac_on"))
        and r.number("last_muac_cm") < 12.5
    ),
    ("low_muac", "low"): lambda r, k: (
        newest_arm(r, k)
        and r.number("last_muac_cm") < 12.5
        and k.days(r.day("last_muac_on")) >= 183
    ),
    ("low_muac", "fair"): lambda r, k: (
        newest_arm(r, k) and not weighed_since(k, r.day("last_muac_on"))
    ),
    ("poor_gain", "loss"): lambda r, k: stay_pair(r, k, lambda kg, days: kg < 0),
    ("poor_gain", "little"): lambda r, k: stay_pair(r, k, lambda kg, days: gained(kg, days, r) < 5),
    ("poor_gain", "gains"): lambda r, k: stay_pair(r, k, lambda kg, days: kg > 0),
    ("poor_gain", "weights"): lambda r, k: stay_pair(r, k, lambda kg, days: True),
    ("early_in_recovery", "out"): lambda r, k: (
        stay_of(k)["closed_on"] == r.day("discharged_on") and stay_of(k)["outcome"] == "cured"
    ),
    ("severe_at_admission", "oedema"): lambda r, k: at_admission(r, k, oedema=True),
    ("severe_at_admission", "both"): lambda r, k: (
        at_admission(r, k, whz=True, muac=True)
        and r.number("admission_whz") < -3
        and r.number("admission_muac_cm") < 11.5
    ),
    ("severe_at_admission", "arm"): lambda r, k: (
        at_admission(r, k, muac=True) and r.number("admission_muac_cm") < 11.5
    ),
    ("severe_at_admission", "whz"): lambda r, k: (
        at_admission(r, k, whz=True) and r.number("admission_whz") < -3
    ),
    ("severe_at_admission", "fair_arm"): lambda r, k: at_admission(r, k, muac=True),
    ("severe_at_admission", "fair"): lambda r, k: at_admission(r, k, whz=True),
    ("earlier_episodes", "never"): lambda r, k: not treatments_before(k),
    ("earlier_episodes", "once"): lambda r, k: treatments_before(k) == [r.day("treated_before_on")],
    ("earlier_episodes", "times"): lambda r, k: (
        len(treatments_before(k)) == r.number("treated_before") > 1
        and treatments_before(k)[-1] == r.day("treated_before_on")
    ),
    ("length_of_stay", "stay"): lambda r, k: (
        (stay_of(k)["admitted_on"], stay_of(k)["closed_on"])
        == (r.day("stay_from_on"), r.day("stay_to_on"))
    ),
    ("length_of_stay", "so_far"): lambda r, k: (
        (stay_of(k)["admitted_on"], stay_of(k)["closed_on"]) == (r.day("admitted_on"), None)
    ),
    ("illness", "ill"): lambda r, k: told_checks(r, k, ill=True, some=True),
    ("illness", "never"): lambda r, k: told_checks(r, k, ill=True, some=False),
    ("illness", "unchecked"): lambda r, k: (
        k.checks[-1]["checked_on"] == r.day("last_check_on") and not lately_checked(k, r.asked_on)
    ),
    ("illness", "no_check"): lambda r, k: not k.checks,
    ("poor_appetite", "poor"): lambda r, k: told_checks(r, k, ill=False, some=True),
    ("poor_appetite", "not_passed"): lambda r, k: (
        appetite_tests(k)[-1] == (r.day("appetite_failed_on"), "fail")
    ),
    ("poor_appetite", "never"): lambda r, k: told_checks(r, k, ill=False, some=False),
    ("missed_weighings", "unseen"): lambda r, k: (
        r.day("last_weight_on") == max(on for on, _ in k.weights())
        and (r.asked_on - r.day("last_weight_on")).days > 10
    ),
    ("missed_weighings", "gap"): lambda r, k: (
        no_weight_between(k, r.day("gap_from_on"), r.day("gap_to_on"))
        and (r.day("gap_to_on") - r.day("gap_from_on")).days >= 14
    ),
    ("missed_weighings", "often"): lambda r, k: weighed_often(r, k),
    ("food_not_received", "part"): lambda r, k: food(r, k, little=True),
    ("food_not_received", "sachets"): lambda r, k: food(r, k, little=False),
    ("food_not_received", "ration"): lambda r, k: (
        r.day("ration_on") == max(row["issued_on"] for row in k.rations if row["item"] == "THR")
    ),
    ("poor_attendance", "seldom"): lambda r, k: came(r, k, little=True),
    ("poor_attendance", "days"): lambda r, k: came(r, k, little=False),
    ("lean_season", "rains"): lambda r, k: 6 <= r.asked_on.month <= 9,
    ("age", "young"): lambda r, k: months_old(k, r.asked_on) == r.number("age_months") < 24,
    ("age", "months"): lambda r, k: months_old(k, r.asked_on) == r.number("age_months"),
    ("low_birth_weight", "low"): lambda r, k: (
        abs(k.birth_weight_kg - r.number("birth_weight_kg")) < 0.0051
        and r.number("birth_weight_kg") < 2.5
    ),
    ("low_birth_weight", "fair"): lambda r, k: (
        abs(k.birth_weight_kg - r.number("birth_weight_kg")) < 0.0051
    ),
    ("stunted", "low"): lambda r, k: height_for_age(r, k) and r.number("haz") < -2,
    ("stunted", "fair"): height_for_age,
    ("family_and_centre", "siblings"): siblings_admitted,
    ("thin_records", "height"): lambda r, k: (
        r.day("last_height_on")
        == max(row["measured_on"] for row in k.measurements if row["height_cm"] is not None)
        and (r.asked_on - r.day("last_height_on")).days > 60
    ),
    ("thin_records", "no_height"): lambda r, k: all(
        row["height_cm"] is None for row in k.measurements
    ),
}
"""For each sentence, by (reason, form): whether it is true of a child's records (and, of siblings,
of everyone's)."""


def untrue(
    sentence: str, language: str, child_id: str, records: dict[str, Records], as_of: dt.date
) -> list[tuple]:
    """The (reason, form) of this sentence whose check the records do not pass; one not understood
    is untrue."""
    understood = list(readings(sentence, language, as_of))
    if not understood:
        return [("not understood", sentence)]
    kid = records[child_id]
    extra = {("family_and_centre", "siblings"): (records,)}
    return [
        read.path
        for read in understood
        if not CHECKS[read.path](read, kid, *extra.get(read.path, ()))
    ]


def test_every_sentence_for_a_reason_has_a_check():
    for language in LANGUAGES:
        assert set(templates(language)) == set(CHECKS)


RARE = [
    # Oedema at admission; the appetite test passed then and not at a later check; two treatments
    # before, one of them by way of the NRC and back; never measured in height.
    {
        "child_id": "swollen",
        "sex": "F",
        "birth_date": "2024-01-15",
        "centre_id": "A",
        "measurements": [
            {"measured_on": day, "weight_kg": kg, "oedema": oedema}
            for day, kg, oedema in (
                ("2026-05-01", 8.4, 2),
                ("2026-05-08", 7.9, 1),
                ("2026-05-15", 7.8, 0),
                ("2026-06-08", 7.6, 0),
            )
        ],
        "episodes": [
            {
                "episode_id": name,
                "programme": programme,
                "admitted_on": since,
                "closed_on": until,
                "outcome": outcome,
                "appetite_test": test,
            }
            for name, programme, since, until, outcome, test in (
                ("a", "UCDC", "2024-09-01", "2024-10-20", "cured", "pass"),
                ("b", "UCDC", "2025-07-01", "2025-07-10", "transferred", "fail"),
                ("c", "NRC", "2025-07-11", "2025-07-25", "cured", "pass"),
                ("d", "UCDC", "2025-07-27", "2025-08-30", "cured", "pass"),
                ("e", "UCDC", "2026-05-01", None, None, "pass"),
            )
        ],
        "checks": [{"checked_on": "2026-05-20", "appetite_test": "fail"}],
    },
    # An arm without height at the admission, and SAM found at home since.
    {
        "child_id": "armed",
        "sex": "M",
        "birth_date": "2025-01-31",
        "centre_id": "A",
        "measurements": [
            {"measured_on": "2026-04-28", "weight_kg": 6.1, "muac_mm": 121},
            {"measured_on": "2026-05-12", "weight_kg": 6.3},
        ],
        "episodes": [{"episode_id": "f", "programme": "VCDC", "admitted_on": "2026-04-28"}],
        "visits": [{"visited_on": "2026-06-01", "finding": "sam_again"}],
    },
]


@pytest.fixture(scope="module")
def rare():
    """(facts, records, the day) of children with what is rare in a simulated registry."""
    as_of = dt.date(2026, 6, 10)
    registry, problems = build_records(RARE)
    assert problems == [[], []]
    day = np.full(len(RARE), day_number(as_of), np.int32)
    scored = score_children(Clock(registry), np.arange(len(RARE), dtype=np.int32), day, bundles={})
    facts = {str(name): scored.facts(at) for at, name in enumerate(registry.child_ids)}
    return facts, records_of(registry, as_of), as_of


FORCED = [Reason(key, sign * 0.5) for key in KEYS for sign in (1, -1)]
"""Every reason as if it raised, and as if it lowered, the risk."""


def test_every_sentence_for_a_reason_is_true_of_the_childs_records(book, rare):
    """What the scores of this day say, and what they would say with any other parts."""
    rows, records, as_of = book
    facts = {row.candidate.child_id: row.candidate.facts for row in rows}
    told = truth(facts, records, as_of) + truth(*rare)
    assert told.total() > 10_000
    assert set(told) == set(CHECKS), f"no child for {sorted(set(CHECKS) - set(told))}"


OF_A_STAY = re.compile(
    r"discharge|admission|admitted|home for|in treatment for|in treatment \d|treatment centre", re.I
)
"""How an English sentence speaks of a stay of the child's own."""
OF_A_STAY_ALONE = {
    "poor_gain",
    "early_in_recovery",
    "severe_at_admission",
    "length_of_stay",
    "earlier_episodes",
}


def test_of_a_child_that_nobody_treated_no_sentence_speaks_of_a_stay(book):
    """Neither by the facts nor by the line of the list, in any language."""
    rows, records, as_of = book
    never = [
        row
        for row in rows
        if row.candidate.target == "onset" and not records[row.candidate.child_id].episodes
    ]
    assert len(never) > UNTREATED / 2
    of_a_stay = ("stay_", "discharged", "admi", "days_since_discharge", "days_in_treatment")
    told = Counter()
    for row in never:
        facts = row.candidate.facts
        assert not [name for name in facts if name.startswith(of_a_stay)]
        spoken = {words("en").reason(reason, facts) for reason in FORCED} - {None}
        spoken |= {why_line(row.candidate, words("en"))}
        own = [one for one in spoken if "brothers and sisters" not in one]
        assert not [one for one in own if OF_A_STAY.search(one)]
        told.update(spoken)
    assert len(told) > 200
    facts = {row.candidate.child_id: row.candidate.facts for row in never}
    paths = set(truth(facts, records, as_of))
    assert not {key for key, _ in paths} & OF_A_STAY_ALONE


def truth(facts: dict[str, dict], records: dict[str, Records], as_of: dt.date) -> Counter:
    """How often each sentence was told of these children in the three languages; fails where one
    was untrue."""
    wrong, told = [], Counter()
    for (child_id, known), language in itertools.product(facts.items(), LANGUAGES):
        sentences = {words(language).reason(reason, known) for reason in FORCED} - {None}
        for sentence in sentences:
            wrong += [
                (child_id, sentence, path)
                for path in untrue(sentence, language, child_id, records, as_of)
            ]
            told.update(read.path for read in readings(sentence, language, as_of))
    assert not wrong, f"{len(wrong)} of {told.total()}, such as {wrong[:5]}"
    return told


def test_of_rare_children_the_sentences_are_these(rare):
    facts, _, _ = rare
    told = {
        name: {words("en").reason(reason, known) for reason in FORCED}
        for name, known in facts.items()
    }
    assert told["swollen"] >= {
        "At admission both feet were swollen (1 May)",
        "Did not pass the appetite test of 20 May",
        "Was in treatment 2 times before, the last time until 30 Aug",
        "No height is recorded",
    }
    assert not any("Lighter than" in (one or "") for one in told["swollen"]), (
        "water that went is no weight lost"
    )
    assert (
        "Arm at admission: 12.1 cm (28 Apr)" in told["armed"] and "16 months old" in told["armed"]
    )


# What stands beside the reasons: the rule with its basis, the step, the last weight, the days late,
# the risk.


def sam_answers(kid: Records, row: dict) -> dict[str, bool]:
    """What a row says of SAM by each criterion that it asks: oedema looked for, an arm from 183
    days, a WHZ that can be right on a height that still holds (on a doubted one it cannot say no).
    """
    age, said = kid.days(row["measured_on"]), {}
    if age > 1826:
        return said
    heights = [
        one
        for one in kid.measurements
        if one["height_cm"] is not None and one["measured_on"] <= row["measured_on"]
    ]
    held = heights and (row["measured_on"] - heights[-1]["measured_on"]).days <= (
        60 if age <= 730 else 90
    )
    if row["oedema"] is not None:
        said["oedema"] = row["oedema"] >= 1
    if row["muac_mm"] is not None and age >= 183:
        said["arm"] = row["muac_mm"] < 115
    doubted = kid.height_doubted(row)
    if held and -5 <= kid.whz(row) <= 5 and (kid.whz(row) < -3 or not doubted):
        said["whz"] = kid.whz(row) < -3
    # Too low to believe: a weight far under the child's height or age counts until a later one
    # answers it.
    too_low = [
        z < least
        for z, least in ((kid.whz(row) if held else math.nan, -5), (kid.z_of_age(row), -6))
        if not math.isnan(z)
    ]
    if too_low and (any(too_low) or not doubted):
        said["low"] = any(too_low)
    return said


def standing(kid: Records) -> dict[str, dt.date]:
    """By criterion, the newest day that said SAM, where no later day asked the same and said no."""
    found = {}
    for criterion in ("oedema", "arm", "whz", "low"):
        said: dict[dt.date, bool] = {}
        for row in kid.measurements:
            answer = sam_answers(kid, row).get(criterion)
            if answer is not None:
                said[row["measured_on"]] = said.get(row["measured_on"], False) or answer
        if said and said[max(said)]:
            found[criterion] = max(said)
    return found


def basis_is_true(basis: str, spoken, kid: Records, as_of: dt.date, *, whole: bool = True) -> bool:
    """Each criterion that stands, with its day and its value, and no other (`whole`: none left
    out); or a home visit later than all."""
    language, stands = spoken.language, standing(kid)
    if found := template(language, "ui", "sam_at_home").fullmatch(basis):
        day = read_day(found["date"], language, as_of)
        seen = any(row["visited_on"] == day and row["finding"] == "sam_again" for row in kid.visits)
        return seen and all(day > on for on in stands.values())
    told = {}
    for part in basis.split("; "):
        found = template(language, "ui", "sam_read_on").fullmatch(part)
        if not found:
            return False
        day = read_day(found["date"], language, as_of)
        named = {
            "whz": "WHZ" in found["what"],
            "oedema": spoken("ui", "oedema_found") in found["what"],
            "arm": bool(template(language, "ui", "muac_line").search(found["what"])),
            "low": bool(template(language, "ui", "measurement_line").search(found["what"])),
        }
        told |= {name: day for name in named if named[name]}
        numbers = [
            float(text.replace(MINUS, "-"))
            for text in re.findall(rf"{MINUS}?\d+\.?\d*", found["what"])
        ]
        until = [
            row["height_cm"]
            for row in kid.measurements
            if row["measured_on"] <= day and row["height_cm"]
        ]
        cells = [
            (kid.whz(row), row["weight_kg"] or 0, (row["muac_mm"] or 0) / 10, *until[-1:])
            for row in of_day(kid, day)
        ]
        own = set(itertools.chain(*cells))
        if not all(any(abs(number - value) < 0.06 for value in own) for number in numbers):
            return False
    fresh = {name: on for name, on in stands.items() if (as_of - on).days <= 63}
    return told == (fresh or stands) if whole else told.items() <= fresh.items()


def ill_is_true(part: str, spoken, kid: Records, as_of: dt.date) -> bool | None:
    """Illness and poor appetite of the last fortnight, found on that very day; None for a part that
    says neither."""
    language = spoken.language
    if found := template(language, "ui", "now_ill_on").fullmatch(part):
        day = read_day(found["date"], language, as_of)
        signs = [
            row["diarrhoea"] == 1 or row["fever"] == 1
            for row in kid.checks
            if row["checked_on"] == day
        ]
        signs += [row["finding"] == "ill" for row in kid.visits if row["visited_on"] == day]
        return any(signs) and 0 <= (as_of - day).days <= 14
    if found := template(language, "ui", "poor_appetite_on").fullmatch(part):
        day = read_day(found["date"], language, as_of)
        poor = [row["poor_appetite"] == 1 for row in kid.checks if row["checked_on"] == day]
        return any(poor) and 0 <= (as_of - day).days <= 14
    return None


def beside_is_true(part: str, spoken, kid: Records, as_of: dt.date, child) -> bool | None:
    """Illness; two weights of the register, the second the newest; from which day a step is
    counted. None for a part that is none of these."""
    language = spoken.language
    if (ill := ill_is_true(part, spoken, kid, as_of)) is not None:
        return ill
    if found := template(language, "ui", "weights_told").fullmatch(part):
        days = [read_day(found[name], language, as_of) for name in ("before_on", "on")]
        kg = [float(found[name]) for name in ("before", "kg")]
        known = all(weighed(kid, *one) for one in zip(days, kg, strict=True))
        lost = kg[1] < kg[0] or child.rule not in LOSING
        return known and lost and days[0] < days[1] == max(on for on, _ in kid.weights())
    if found := template(language, "ui", "since").fullmatch(part):
        day = read_day(found["date"], language, as_of)
        newest = max(row["measured_on"] for row in kid.measurements)
        return day <= child.by_when < newest
    return None


def body_is_true(part: str, spoken, kid: Records, as_of: dt.date) -> bool:
    """Of a child over five: an arm, or weight and height, all of that very day, the newest
    weighed."""
    found = template(spoken.language, "ui", "sam_read_on").fullmatch(part)
    day = read_day(found["date"], spoken.language, as_of)
    own = [
        value
        for row in of_day(kid, day)
        for value in (row["weight_kg"], row["height_cm"], (row["muac_mm"] or 0) / 10)
        if value is not None
    ]
    shown = [float(text) for text in re.findall(r"\d+\.?\d*", found["what"])]
    return all(any(abs(one - value) < 0.06 for value in own) for one in shown)


LOSING = {"weight_lost", "loses_weight", *FALLING_RULES}


def missing_is_true(told: str, spoken, kid: Records, as_of: dt.date) -> bool:
    """What is said to be missing: no height since that day (or ever), or a newest reading with
    weight and height."""
    heights = [row["measured_on"] for row in kid.measurements if row["height_cm"] is not None]
    newest = max(on for on, _ in kid.weights())
    if told == spoken("ui", "height_never"):
        return not heights
    for name in ("height_missing", "reading_doubtful"):
        if found := template(spoken.language, "ui", name).fullmatch(told):
            day = read_day(found["date"], spoken.language, as_of)
            return day == max(heights) and (
                day < newest if name == "height_missing" else day >= newest
            )
    return False


def growth_is_true(told: str, spoken, kid: Records, as_of: dt.date) -> bool:
    """Two weights of the register, the second the newest and no higher; or the newest arm."""
    language = spoken.language
    if found := template(language, "ui", "weights_told").fullmatch(told):
        days = [read_day(found[name], language, as_of) for name in ("before_on", "on")]
        kg = [float(found[name]) for name in ("before", "kg")]
        newest = days[1] == max(on for on, _ in kid.weights())
        return (
            newest
            and kg[1] <= kg[0]
            and all(weighed(kid, *one) for one in zip(days, kg, strict=True))
        )
    found = template(language, "ui", "sam_read_on").fullmatch(told)
    arms = [
        (row["measured_on"], row["muac_mm"])
        for row in kid.measurements
        if row["muac_mm"] is not None
    ]
    shown = float(re.search(r"\d+\.?\d*", found["what"])[0]) * 10
    return (
        read_day(found["date"], language, as_of) == arms[-1][0] and abs(shown - arms[-1][1]) < 0.6
    )


def test_the_rule_tells_the_basis_that_fired_and_what_is_missing(book):
    rows, records, as_of = book
    wrong, told = Counter(), Counter()
    for row, language in itertools.product(rows, LANGUAGES):
        child, spoken = row.candidate, words(language)
        line, bare = rule_line(child, spoken), spoken("rules", child.rule)
        kid = records[child.child_id]
        late_height = step_words(child, spoken) != spoken("steps", child.next_step)
        if late_height:
            kg, cm = (
                [one["measured_on"] for one in kid.measurements if one[name] is not None]
                for name in ("weight_kg", "height_cm")
            )
            wrong["height is not what is late"] += not (
                max(kg) > child.by_when and (not cm or max(cm) < max(kg))
            )
            told["height is late"] += 1
        if line == bare:
            continue
        assert line.startswith(f"{bare} (") and line.endswith(")")
        parts, others = line[len(bare) + 2 : -1].split("; "), []
        for part in parts:
            true = beside_is_true(part, spoken, kid, as_of, child)
            others += [part] * (true is None)
            wrong[child.rule, part, child.child_id] += true is False
            told["beside"] += true is True
        basis, of_sam = "; ".join(others), child.rule.startswith(SAM_RULES)
        if not basis:
            continue
        if child.rule == "older_at_risk":
            sam = [part for part in others if "WHZ" in part or spoken("ui", "oedema_found") in part]
            true = all(body_is_true(part, spoken, kid, as_of) for part in others if part not in sam)
        elif of_sam or (child.danger and child.rule not in GROWTH_RULES):
            true = basis_is_true(basis, spoken, kid, as_of, whole=of_sam)
        else:
            arm_or_weight = child.rule in GROWTH_RULES | ARM_RULES
            check = growth_is_true if arm_or_weight else missing_is_true
            true = check(basis, spoken, kid, as_of)
        wrong[child.rule, basis, child.child_id] += not true
        told["sam"] += of_sam
    assert not +wrong
    assert told["sam"] > 100 and told["height is late"] > 0 and told["beside"] > 100, told


def test_the_last_weight_and_the_days_late_are_those_of_the_records(book):
    rows, records, as_of = book
    for row, language in itertools.product(rows, LANGUAGES):
        child, kid, spoken = row.candidate, records[row.candidate.child_id], words(language)
        line = last_weight(child, spoken)
        if line == spoken("ui", "last_weight_none"):
            assert not kid.weights()
            continue
        kg, on = child.facts["last_weight_kg"], child.facts["last_weight_on"]
        assert weighed(kid, on, kg) and on == max(day for day, _ in kid.weights())
        assert line == spoken.say(
            "ui", "last_weight_line", kg=spoken.kilograms(kg), date=spoken.day(on)
        )
        assert (child.overdue_days or 0) == max(
            0, (as_of - child.by_when).days if child.by_when else 0
        )


def test_what_is_told_adds_up_and_stands_on_one_side_only(book):
    """Raising and lowering sentences differ, parts add up to the score, and the season never stands
    alone."""
    rows, records, as_of = book
    scored = [
        (row, score) for row in rows for score in row.scores.values() if score.risk is not None
    ]
    assert len(scored) > 30
    for (row, score), language in itertools.product(scored, LANGUAGES):
        child, spoken = row.candidate, words(language)
        told = told_reasons(score.reasons, child.facts, spoken)
        own = [one for one in told if one.key is not None]
        assert sum(one.log_odds for one in told) == pytest.approx(
            sum(one.log_odds for one in score.reasons), abs=0.02
        )
        log_odds = score.base_log_odds + sum(one.log_odds for one in score.reasons)
        assert 1 / (1 + math.exp(-log_odds)) == pytest.approx(score.risk, abs=1e-9)
        assert len({one.sentence for one in own}) == len(own)
        assert [one.key for one in own] != [SEASON]
        for one in own:
            assert not untrue(one.sentence, language, child.child_id, records, as_of)
            assert one.log_odds == next(
                part.log_odds for part in score.reasons if part.key == one.key
            )


def test_the_line_of_a_list_is_made_of_sentences_that_were_checked(book):
    rows, records, as_of = book
    for row, language in itertools.product(rows, LANGUAGES):
        child, spoken = row.candidate, words(language)
        line = why_line(child, spoken)
        if line in (rule_line(child, spoken), spoken("ui", "several_signs")):
            continue
        parts = line.split(spoken("ui", "stop"))
        lowered = [part[:1].lower() + part[1:] for part in parts]
        kid = records[child.child_id]
        ill = [ill_is_true(part, spoken, kid, as_of) for part in lowered]
        assert False not in ill
        parts = [part for part, said in zip(parts, ill, strict=True) if said is None]
        assert len(parts) <= 2
        for sentence in parts:
            assert not untrue(sentence, language, child.child_id, records, as_of)
        rains = spoken("reasons", SEASON, "rains")
        assert parts != [rains]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_risk_is_never_told_as_none_or_all(language):
    spoken = words(language)
    for thousandths in range(1001):
        told = risk_words(thousandths / 1000, spoken)
        found = template(language, "ui", "risk_words").fullmatch(told)
        if found:
            tenths = int(found["n"])
            assert 1 <= tenths <= 9 and abs(tenths - thousandths / 100) <= 0.5001
        elif thousandths >= 950:
            assert told == spoken("ui", "risk_words_certain")
        else:
            assert told == spoken("ui", "risk_words_small") and thousandths <= 50
    for low, high in (
        (0.001, 0.04),
        (0.2, 0.4),
        (0.93, 0.999),
        (0.001, 0.999),
        (0.0, 1.0),
        (0.996, 0.999),
    ):
        numbers = [int(text) for text in re.findall(r"\d+", risk_range(low, high, spoken))]
        assert 0 not in numbers and numbers.count(100) <= 1
