"""Two registers of one block, by hand: who stands where, what they say differently, what is graver,
and what is not shown to others."""

import csv
import json

import numpy as np
import pytest

from care.triangulation.counts import ALL_SECTORS, FOUND, counts_of, kinds_of_sam
from care.triangulation.disagreements import KINDS, counted, disagreements, treated_in
from care.triangulation.report import page, record, said, triangulated, write_children, write_counts
from care.triangulation.two_systems import RowLinks, two_systems
from registry.checks.table import check, raw_table, registry_of_checked
from registry.contract.days import day_number

WELL, SAM, MAM = (9.3, 76.0), (7.2, 76.0), (7.8, 76.0)
"""Weight and height of a girl of 17 to 19 months: WHZ near -0.5, under -3, between -3 and -2."""
CENTRES = {
    "centre_id": ["A", "B"],
    "sector_id": ["S", "T"],
    "project_id": ["P"] * 2,
    "district_id": ["D"] * 2,
    "setting": ["rural"] * 2,
}
NOBODY = (np.empty(0, np.int64), np.empty(0, np.int64))


def register(children: dict[str, dict], *, stays: list[tuple] = ()):
    """A register of girls of 2024-01-01 at centre A: `readings` by day, other cells by name."""
    rows = list(children.items())
    columns = {"sex": "F", "birth_date": "2024-01-01", "centre_id": "A"}
    table = {"child_id": [child for child, _ in rows]} | {
        name: [cells.get(name, usual) for _, cells in rows] for name, usual in columns.items()
    }
    readings = [
        (child, day, *what)
        for child, cells in rows
        for day, what in cells.get("readings", {}).items()
    ] + [("last", "2025-08-31", *WELL)]
    for name, usual in (("child_id", "last"), *columns.items()):
        table[name] = [*table[name], usual]
    names = ("child_id", "measured_on", "weight_kg", "height_cm")
    tables = {
        "centres": CENTRES,
        "children": table,
        "measurements": {name: [row[at] for row in readings] for at, name in enumerate(names)},
    }
    if stays:
        names = ("episode_id", "child_id", "programme", "admitted_on", "closed_on", "outcome")
        tables["episodes"] = {name: [row[at] for row in stays] for at, name in enumerate(names)}
    checked = check(
        {name: raw_table(one) for name, one in tables.items()}, imported_on=day_number("2026-01-01")
    )
    assert len(checked.quarantine) == 0, checked.quarantine.counts()
    return registry_of_checked(checked)


def held(here: dict, there: dict, *, pairs: list[tuple[str, str]], stays=(), waiting=(), months=3):
    one, other = register(here, stays=stays), register(there)
    place = [{str(child): at for at, child in enumerate(r.child_ids)} for r in (one, other)]

    def at(ids: list[tuple[str, str]]):
        return tuple(
            np.array([place[side][pair[side]] for pair in ids], np.int64) for side in (0, 1)
        )

    across = at([*pairs, ("last", "last")])
    return two_systems(
        one, other, RowLinks(across, at(list(waiting)), NOBODY, NOBODY), months=months
    )


def readings(what: tuple, day: str = "2025-08-05") -> dict:
    return {"readings": {day: what}}


def kinds(systems) -> list[tuple[str, str]]:
    """Kind and the child's id, here or there, in the order of the list."""
    found = []
    for one in disagreements(systems):
        for system in (systems.here, systems.there):
            if system.row[one.child] >= 0:
                found.append((one.kind, str(system.registry.child_ids[system.row[one.child]])))
                break
    return found


def test_what_hides_most_stands_first():
    here = {
        "asha": readings(SAM),
        "bela": readings(SAM),
        "chitra": readings(SAM),
        "devi": readings(WELL),
        "esha": readings(WELL) | {"birth_date": "2024-03-01"},
        "farah": readings(WELL) | {"sex": "M"},
        "gita": readings(MAM),
        "hema": readings(SAM),
    }
    there = {
        "p-asha": readings(WELL, "2025-08-20"),
        "p-chitra": {},
        "p-devi": readings((9.9, 76.0)),
        "p-esha": readings(WELL),
        "p-farah": readings(WELL),
        "p-gita": readings(WELL, "2025-08-21"),
        "p-hema": readings(MAM, "2025-08-12"),
    }
    pairs = [(one, f"p-{one}") for one in here if one != "bela"]
    stays = [("e1", "gita", "UCDC", "2025-08-01", None, None)]
    systems = held(here, there, pairs=pairs, stays=stays)
    assert kinds(systems) == [
        ("sam_and_normal", "asha"),
        ("sam_and_not_registered", "bela"),
        ("sam_and_not_measured", "chitra"),
        ("sam_and_mam", "hema"),
        ("treated_and_normal", "gita"),
        ("weights_of_one_day", "devi"),
        ("birth_date", "esha"),
        ("sex", "farah"),
    ]
    first, *_, treated = disagreements(systems)[:5]
    assert (first.here, first.there, first.when) == ("SAM", "normal", "2025-08")
    assert treated_in(systems, first) == "nowhere" and treated_in(systems, treated) == "here"
    assert treated.here == "MAM, in treatment"


def test_two_registers_that_say_the_same_do_not_disagree():
    systems = held({"asha": readings(SAM)}, {"p": readings(SAM)}, pairs=[("asha", "p")])
    assert disagreements(systems) == []
    assert counted([]) == dict.fromkeys(KINDS, 0)


def test_weights_that_differ_by_rounding_or_by_the_day_are_no_disagreement():
    here = {"asha": {"readings": {"2025-08-05": (9.3, 76.0), "2025-08-12": (9.4, 76.0)}}}
    there = {"p": {"readings": {"2025-08-05": (9.4, 76.0), "2025-08-13": (9.9, 76.0)}}}
    assert disagreements(held(here, there, pairs=[("asha", "p")])) == []


def test_the_newest_month_counts_and_how_many_months_it_was_so():
    here = {"asha": {"readings": {"2025-06-10": SAM, "2025-07-10": SAM, "2025-08-10": WELL}}}
    there = {"p": {"readings": {"2025-06-12": WELL, "2025-07-12": WELL, "2025-08-12": WELL}}}
    (one,) = disagreements(held(here, there, pairs=[("asha", "p")]))
    assert (one.kind, one.when, one.apart) == ("sam_and_normal", "2025-07", 2.0)


def test_each_sam_child_is_of_one_kind():
    here = {"a": readings(SAM), "b": readings(SAM), "c": readings(SAM), "d": readings(WELL)}
    there = {"pa": readings(SAM), "pc": readings(WELL), "pd": readings(SAM), "pe": readings(SAM)}
    systems = held(here, there, pairs=[("a", "pa"), ("c", "pc"), ("d", "pd")])
    last = {
        name: int(kind[:, -1].sum())
        for name, kind in zip(FOUND, kinds_of_sam(systems), strict=True)
    }
    assert last == {
        "sam_both": 1,
        "sam_here_not_registered_there": 1,
        "sam_here_not_sam_there": 1,
        "sam_there_not_registered_here": 1,
        "sam_there_not_sam_here": 1,
    }


def test_a_child_who_stands_twice_in_one_register_counts_once():
    one, other = register({"a": readings(SAM), "a2": readings(WELL)}, stays=[]), register({"p": {}})
    ids = {str(child): at for at, child in enumerate(one.child_ids)}
    twice = (np.array([ids["a"]]), np.array([ids["a2"]]))
    systems = two_systems(one, other, RowLinks(NOBODY, NOBODY, twice, NOBODY), months=1)
    assert systems.children == 4  # a, p, and the last of each register
    child = systems.here.child[[ids["a"], ids["a2"]]]
    assert child[0] == child[1] and systems.here.by_month.said[child[0], 0] == 2


def many(count: int, what: tuple, prefix: str, **cells) -> dict:
    return {f"{prefix}{at}": readings(what) | cells for at in range(count)}


def district(both: int, here_only: int, there_only: int, *, lone: int = 0):
    """SAM children of sector S (in both, here only, there only) and well ones of T; `lone` SAM
    children of T here only."""
    here = many(both, SAM, "b") | many(here_only, SAM, "h") | many(20, WELL, "t", centre_id="B")
    here |= many(lone, SAM, "z", centre_id="B")
    there = many(both, SAM, "pb") | many(there_only, SAM, "q")
    return held(here, there, pairs=[(f"b{at}", f"pb{at}") for at in range(both)], months=2)


def test_counts_shares_and_the_estimate_of_a_sector():
    rows = {(row["sector"], row["month"]): row for row in counts_of(district(30, 12, 10)).rows()}
    row = rows["S", "2025-08"]
    assert (row["sam_both"], row["sam_here_not_registered_there"]) == (30, 12)
    assert row["sam_here_unknown_there_share"] == pytest.approx(12 / 42, abs=1e-4)
    assert row["sam_there_unknown_here_share"] == pytest.approx(10 / 40, abs=1e-4)
    assert row["sam_neither"] == pytest.approx(43 * 41 / 31 - 1 - 52, abs=0.05)
    assert rows["S", "2025-07/2025-08"]["sam_neither"] == row["sam_neither"]
    assert rows[ALL_SECTORS, "2025-08"]["sam_both"] == 30


def test_few_children_are_not_shown_nor_told_by_what_is():
    counts = counts_of(district(30, 12, 10, lone=2))
    rows = {(row["sector"], row["month"]): row for row in counts.rows()}
    kind = "sam_here_not_registered_there"
    assert rows["T", "2025-08"][kind] is None, "two children"
    assert rows["S", "2025-08"][kind] is None or rows[ALL_SECTORS, "2025-08"][kind] is None
    assert rows["T", "2025-08"]["sam_here_unknown_there_share"] is None
    assert rows["S", "2025-07"][kind] == 0


def test_what_others_see_holds_no_childs_code_and_the_list_is_its_owners(tmp_path):
    here = many(30, SAM, "secret") | {"solo7": readings(SAM)}
    there = many(30, SAM, "code") | many(8, SAM, "q")
    pairs = [(f"secret{at}", f"code{at}") for at in range(30)]
    found = triangulated(held(here, there, pairs=pairs, waiting=[("solo7", "q0")]))
    assert found.waiting_sam == 1
    write_counts(found, tmp_path / "counts.csv")
    texts = [page(found), json.dumps(record(found)), said(found)]
    for text in (*texts, (tmp_path / "counts.csv").read_text()):
        assert "secret" not in text and "code1" not in text and "solo7" not in text
    assert 'src="' not in texts[0] and "http" not in texts[0] and "all 1 pairs" not in texts[0]
    write_children(found, tmp_path / "children.csv")
    assert (tmp_path / "children.csv").stat().st_mode & 0o077 == 0
    with (tmp_path / "children.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))
    assert rows[0]["kind"] == "sam_and_not_registered"


def test_months_end_where_the_first_register_stops_to_speak():
    systems = held({"a": readings(SAM)}, {"p": {}}, pairs=[("a", "p")])
    assert systems.months.names == ("2025-06", "2025-07", "2025-08")
