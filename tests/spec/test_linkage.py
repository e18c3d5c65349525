"""Two registers of one block, by hand: who is whom, as a register clerk would say, and who must be
looked at."""

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from registry.checks.table import check, raw_table, registry_of_checked
from registry.contract.days import day_number
from registry.linkage.comparisons import COMPARISONS, compared
from registry.linkage.fellegi_sunter import estimate
from registry.linkage.links import link, sentences
from registry.linkage.one_to_one import one_to_one
from registry.linkage.register_view import views_of, with_names
from sanket.app import main
from tests.support.registry_samples import folder

CENTRES = {
    "centre_id": ["A", "B", "C"],
    "sector_id": ["S", "S", "T"],
    "project_id": ["P"] * 3,
    "district_id": ["D"] * 3,
    "setting": ["rural"] * 3,
}
DAYS = ("2025-01-08", "2025-02-11", "2025-03-10", "2025-04-09")


def block(others: int = 60) -> Iterator[tuple]:
    """Unremarkable children of both registers, from whom the weights are learnt: id, family, sex,
    birth, centre, weight at birth, first weight, height."""
    draw = np.random.default_rng(5)
    for at in range(others):
        born = f"202{draw.integers(2, 5)}-{draw.integers(1, 13):02}-{draw.integers(2, 29):02}"
        weight = round(float(draw.uniform(6, 13)), 1)
        yield (
            f"k{at}", f"F{at}", "FM"[at % 2], born, "ABC"[at % 3], 2.0 + at % 9 / 10, weight,
            70.0 + at % 25,
        )  # fmt: skip


def register(rows: list[tuple], prefix: str = ""):
    """A checked register of these children, each weighed on four days."""
    names = ("child_id", "family_id", "sex", "birth_date", "centre_id", "birth_weight_kg")
    children = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    children["child_id"] = [prefix + row[0] for row in rows]
    weighed = [(prefix + row[0], day, row[6] + at * 0.2, row[7] + at) for row in rows
               for at, day in enumerate(DAYS) if row[6]]  # fmt: skip
    measured = dict(
        zip(
            ("child_id", "measured_on", "weight_kg", "height_cm"),
            map(list, zip(*weighed, strict=True)),
            strict=True,
        )
    )
    tables = {"centres": CENTRES, "children": children, "measurements": measured}
    checked = check(
        {name: raw_table(table) for name, table in tables.items()},
        imported_on=day_number("2026-01-01"),
    )
    assert len(checked.quarantine) == 0, checked.quarantine.counts()
    return checked


def views(one: list[tuple], other: list[tuple]):
    both = [register([*block(), *rows], prefix) for rows, prefix in ((one, ""), (other, "p-"))]
    registries = [registry_of_checked(checked) for checked in both]
    return views_of(*registries, families=tuple(checked.texts["family"] for checked in both))


def found(links) -> dict[tuple[str, str], str]:
    """Verdict by pair of ids."""
    pairs = zip(*links.ids(), strict=True)
    return {pair: "same" if same else "look" for pair, same in zip(pairs, links.same, strict=True)}


def verdicts(one: list[tuple], other: list[tuple]) -> dict[tuple[str, str], str]:
    return found(link(*views(one, other)))


def level(one: tuple, other: tuple, field: str) -> str:
    """The level of one comparison of two children."""
    mine, theirs = views([one], [other])
    left = np.flatnonzero(mine.child_ids == one[0])
    right = np.flatnonzero(theirs.child_ids == "p-" + other[0])
    at = [c.name for c in COMPARISONS].index(field)
    number = compared(mine, theirs, left, right)[0, at]
    return COMPARISONS[at].levels[number] if number >= 0 else "not known"


ASHA = ("asha", "F900", "F", "2023-05-07", "A", 2.4, 8.3, 77.0)


def changed(child: tuple, **cells) -> tuple:
    names = ("id", "family", "sex", "born", "centre", "birth_weight", "weight", "height")
    return tuple(cells.get(name, child[at]) for at, name in enumerate(names))


def test_the_same_child_under_two_ids_is_one():
    found = verdicts([ASHA], [ASHA])
    assert found["asha", "p-asha"] == "same"
    assert all(one == other.removeprefix("p-") for one, other in found)
    assert set(found.values()) == {"same"} and len(found) == 61


@pytest.mark.parametrize(
    "born, said",
    [
        ("2023-05-07", "same date of birth"),
        ("2023-07-05", "day and month swapped"),
        ("2023-05-01", "same month, one knows no day"),
        ("2023-01-01", "same year, one is 1 January"),
        ("2023-05-10", "born within a week"),
        ("2022-05-07", "one part of the date differs"),
        ("2023-06-20", "born within two months"),
        ("2024-11-19", "other date of birth"),
    ],
)
def test_a_date_of_birth_written_otherwise_is_told_and_linked_by_the_rest(born, said):
    other = changed(ASHA, born=born)
    assert level(ASHA, other, "birth_date") == said
    assert verdicts([ASHA], [other]).get(("asha", "p-asha")) == "same"


def test_a_child_who_moved_to_another_sector_is_found_by_its_measurements():
    moved = changed(ASHA, centre="C", family=None)
    assert level(ASHA, moved, "place") == "other sector"
    assert verdicts([ASHA], [moved])["asha", "p-asha"] == "same"


def test_twins_go_each_to_their_own_and_not_across():
    usha = changed(ASHA, id="usha", birth_weight=1.9, weight=7.1, height=74.0)
    found = verdicts([ASHA, usha], [usha, ASHA])
    assert found["asha", "p-asha"] == found["usha", "p-usha"] == "same"
    assert ("asha", "p-usha") not in found and ("usha", "p-asha") not in found


def test_one_twin_in_each_register_is_not_one_child():
    usha = changed(ASHA, id="usha", birth_weight=1.9, weight=7.1, height=74.0)
    assert verdicts([ASHA], [usha]).get(("asha", "p-usha")) != "same"


@pytest.mark.parametrize("cells", [{"sex": "M"}, {"birth_weight": 1.6}])
def test_a_twin_of_the_other_sex_or_size_who_was_never_weighed_is_not_one_child(cells):
    bare = changed(ASHA, weight=None)
    found = verdicts([bare], [changed(bare, id="usha", **cells)])
    assert found.get(("asha", "p-usha")) != "same"


def test_a_sex_mistyped_is_outweighed_by_the_same_readings():
    assert verdicts([ASHA], [changed(ASHA, sex="M")])["asha", "p-asha"] == "same"


def test_twins_whom_nothing_tells_apart_are_for_a_person():
    bare = changed(ASHA, weight=None, birth_weight=None)
    twins = [bare, changed(bare, id="usha")]
    found = verdicts(twins, twins)
    ours = {pair: said for pair, said in found.items() if pair[0] in ("asha", "usha")}
    assert len(ours) == 4 and set(ours.values()) == {"look"}


def test_a_sibling_of_the_same_family_and_centre_is_another_child():
    brother = changed(
        ASHA, id="bala", sex="M", born="2024-09-12", birth_weight=2.9, weight=6.4, height=64.0
    )
    found = verdicts([ASHA], [brother])
    assert ("asha", "p-bala") not in found


def test_registers_that_hashed_families_under_two_keys_are_compared_without_them():
    mine, theirs = (registry_of_checked(register([*block(), ASHA], to)) for to in ("", "p-"))
    names = [np.array([f"{key}{at}" for at in range(61)], object) for key in "xy"]
    one, other = views_of(mine, theirs, families=tuple(names))
    assert (one.family == -1).all() and (other.family == -1).all()
    assert found(link(one, other))["asha", "p-asha"] == "same"


def test_what_is_not_known_speaks_neither_for_nor_against():
    assert level(ASHA, changed(ASHA, family=None), "family") == "not known"
    assert level(ASHA, changed(ASHA, birth_weight=None), "birth_weight") == "not known"
    weights = estimate(np.zeros((0, len(COMPARISONS)), np.int8))
    assert (weights.bits(np.full((1, len(COMPARISONS)), -1, np.int8)) == 0).all()


def without_measurements(view):
    rows = ("measured_child", "measured_on", "weight_kg", "height_cm")
    return replace(view, **{name: getattr(view, name)[:0] for name in rows})


def test_a_register_that_never_weighed_anybody_is_linked_by_the_rest():
    one, other = views([ASHA], [ASHA])
    links = link(one, without_measurements(other))
    assert found(links)["asha", "p-asha"] == "same"
    assert "weight and height" not in " ".join(sentences(links))
    turned = link(without_measurements(other), one)
    assert len(turned.left) == len(links.left)


def test_an_empty_register_has_no_links():
    one, other = views([ASHA], [])
    nobody = {
        name: getattr(without_measurements(other), name)[:0]
        for name in ("child_ids", "sex", "birth_date", "birth_weight_kg", "centre", "sector")
        + ("district", "family", "filters", "named")
    }
    links = link(one, replace(without_measurements(other), **nobody))
    assert links.counts() | {"children": 0} == dict.fromkeys(links.counts(), 0)


def test_why_is_told_in_plain_words_the_strongest_first():
    links = link(*views([ASHA], [ASHA]))
    at = list(links.ids()[0]).index("asha")
    why = list(sentences(links))[at]
    assert "many readings the same (+" in why and "name" not in why
    bits = [abs(float(part.split("(")[1].split()[0])) for part in why.split("; ")]
    assert bits == sorted(bits, reverse=True) and len(bits) == 6


def test_the_weights_come_back_from_pairs_of_known_shares():
    draw, many, share = np.random.default_rng(1), 40_000, 0.3
    true = draw.random(many) < share
    levels = np.full((many, len(COMPARISONS)), -1, np.int8)
    for at, m, u in ((0, 0.98, 0.5), (2, 0.9, 0.05), (3, 0.9, 0.1), (4, 0.85, 0.1)):
        levels[:, at] = draw.random(many) >= np.where(true, m, u)
    weights = estimate(levels)
    assert weights.share == pytest.approx(share, abs=0.02)
    assert weights.m[2][0] == pytest.approx(0.9, abs=0.02)
    assert weights.u[3][-1][0] == pytest.approx(0.1, abs=0.02)


def test_the_best_pairing_is_best_as_a_whole_and_says_how_contested_it_is():
    # Greedy would take 0-0 for 10 and leave 1 alone; together 0-1 and 1-0 are worth 17.
    left, right = np.array([0, 0, 1]), np.array([0, 1, 0])
    taken, margin = one_to_one(left, right, np.array([10.0, 9.0, 8.0]))
    assert taken.tolist() == [False, True, True]
    assert margin.tolist() == [0.0, 7.0, 7.0]
    alone = one_to_one(np.array([4]), np.array([2]), np.array([3.5]))
    assert alone[0].tolist() == [True] and alone[1].tolist() == [3.5]


def test_names_part_twins_whom_nothing_else_tells_apart():
    from registry.linkage.name_encoding import NameEncoder

    bare = changed(ASHA, weight=None, birth_weight=None)
    twins = [bare, changed(bare, id="usha")]
    one, other = views(twins, twins)
    encoder = NameEncoder(b"a key of two offices, thirty-two.", noise=np.random.default_rng(2))
    # Everybody has a name, or there is nothing to learn the weight of a name from.
    said = {
        f"k{at}": f"{['रमेश', 'सीता', 'गोपाल', 'मीना'][at % 4]} {chr(97 + at % 26)}oli"
        for at in range(60)
    }
    mine = said | {"asha": "Asha Kamble", "usha": "Rukmini Kamble"}
    theirs = said | {"asha": "आशा कांबळे", "usha": "रुक्मिणी कांबळे"}
    links = link(
        with_names(one, {child: encoder.filter({"name": text}) for child, text in mine.items()}),
        with_names(
            other, {"p-" + child: encoder.filter({"name": text}) for child, text in theirs.items()}
        ),
    )
    verdict = found(links)
    assert verdict["asha", "p-asha"] == verdict["usha", "p-usha"] == "same"


def test_the_command_writes_pairs_for_their_owner_alone_and_prints_counts_alone(tmp_path, capsys):
    store, out = str(tmp_path / "one.db"), tmp_path / "links.csv"
    main_(["import", str(folder(tmp_path / "in")), "--to", store])
    capsys.readouterr()
    main_(["link", store, str(folder(tmp_path / "other")), "-o", str(out), "--json"])
    told = capsys.readouterr()
    counts = json.loads(told.out)
    assert counts["children"] == counts["other_children"] == 3
    lines = out.read_text().splitlines()
    assert lines[0] == "child_id,other_child_id,verdict,confidence_bits,weight_bits,why"
    assert [line.split(",")[:2] for line in lines[1:]] == [["c1"] * 2, ["c2"] * 2, ["c3"] * 2]
    assert out.stat().st_mode & 0o077 == 0
    assert "c1" not in told.out + told.err


def main_(words: list[str]) -> None:
    """The command, which must end well."""
    try:
        main(words)
    except SystemExit as end:
        assert end.code in (0, None)


def test_one_store_twice_and_one_file_of_names_are_refused(tmp_path, capsys):
    for words in (
        ["link", "x.db", "x.db", "-o", "l"],
        ["link", "x.db", "y.db", "-o", "l", "--names", "n"],
    ):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code == 2 and "LNK006" in capsys.readouterr().err
