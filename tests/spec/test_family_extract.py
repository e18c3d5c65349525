"""An extract of families held against a register: who is registered, who must be looked at, who is
missing, and what a dirty extract does."""

import csv
import json

import numpy as np
import pytest

from care.triangulation.families import family_places
from care.triangulation.families_report import held, record, said, write, write_missing
from registry.checks.table import check, raw_table, registry_of_checked
from registry.contract.days import day_number
from registry.contract.errors import BadInput
from registry.linkage.family_extract import Registration, matched, read_extract
from registry.privacy import keyed_hash

KEY, TODAY = b"a key of one store", day_number("2026-06-30")
CENTRES = {
    "centre_id": ["A", "B"],
    "sector_id": ["S", "T"],
    "project_id": ["P"] * 2,
    "district_id": ["D"] * 2,
    "setting": ["rural"] * 2,
}


def register(rows: list[tuple]):
    """A register of children: id, family, sex, birth, centre, left_on."""
    names = ("child_id", "family_id", "sex", "birth_date", "centre_id", "left_on", "left_reason")
    table = {name: [(*row, "moved" if row[5] else None)[at] for row in rows]
             for at, name in enumerate(names)}  # fmt: skip
    table["family_id"] = [keyed_hash(KEY, family) for family in table["family_id"]]
    measured = {"child_id": [rows[0][0]], "measured_on": ["2026-01-01"], "weight_kg": ["9.1"]}
    tables = {"centres": CENTRES, "children": table, "measurements": measured}
    checked = check(
        {name: raw_table(one) for name, one in tables.items()}, imported_on=day_number("2026-05-01")
    )
    assert len(checked.quarantine) == 0, checked.quarantine.counts()
    return registry_of_checked(checked), checked.texts["family"]


REGISTER = [
    ("asha", "11111111", "F", "2023-05-07", "A", None),
    ("twin-f", "22222222", "F", "2024-02-02", "A", None),
    ("twin-m", "22222222", "M", "2024-02-02", "A", None),
    ("bala", "33333333", "M", "2023-03-04", "B", None),
    ("gone", "44444444", "F", "2024-08-08", "B", "2026-02-01"),
    ("zero", "555666", "F", "2024-09-09", "B", None),
    ("sib", "11111111", "M", "2025-05-05", "B", None),
]


def extract(tmp_path, *rows: str):
    path = tmp_path / "extract.csv"
    path.write_text("family_id,birth_date,sex,member_name,centre_id\n" + "\n".join(rows) + "\n")
    return read_extract(path, KEY, today=TODAY)


def standings(tmp_path, *rows: str) -> list[tuple[str, str]]:
    registry, families = register(REGISTER)
    found = matched(extract(tmp_path, *rows), registry, families)
    ids = [str(registry.child_ids[at]) if at >= 0 else "" for at in found.child]
    return [(Registration(one).name, child) for one, child in zip(found.standing, ids, strict=True)]


@pytest.mark.parametrize(
    "row, standing, child",
    [
        ("11111111,2023-05-07,F", "REGISTERED", "asha"),
        ("१११११११1,2023-05-07,F", "REGISTERED", "asha"),
        ("11111111.0,2023-05-07,", "REGISTERED", "asha"),
        ("11111111,2023-07-05,F", "LOOK", "asha"),
        ("11111111,2023-05-01,F", "LOOK", "asha"),
        ("11111111,2023-05-07,M", "LOOK", "asha"),
        ("44444444,2024-08-08,F", "LEFT", "gone"),
        ("33333333,2025-11-04,M", "SIBLINGS_ONLY", "bala"),
        ("99999999,2024-01-09,F", "NOBODY", ""),
        ("00555666,2024-09-09,F", "REGISTERED", "zero"),
    ],
)
def test_where_a_child_of_the_extract_stands(tmp_path, row, standing, child):
    assert standings(tmp_path, f"{row},,") == [(standing, child)]


def test_twins_go_each_to_their_own(tmp_path):
    found = standings(tmp_path, "22222222,2024-02-02,M,,", "22222222,2024-02-02,F,,")
    assert found == [("REGISTERED", "twin-m"), ("REGISTERED", "twin-f")]


def test_a_third_child_of_one_date_is_not_one_of_the_twins(tmp_path):
    rows = [f"22222222,2024-02-02,{sex},," for sex in "MFF"]
    found = [standing for standing, _ in standings(tmp_path, *rows)]
    assert sorted(found) == ["REGISTERED", "REGISTERED", "SIBLINGS_ONLY"]


def test_what_cannot_be_used_is_counted_by_why(tmp_path):
    found = extract(
        tmp_path,
        "2341 2341 2346,2024-01-01,F,,",
        "12,2024-01-01,F,,",
        ",2024-01-01,F,,",
        "11111111,7 May,F,,",
        "11111111,2015-01-01,F,,",
        "11111111,2027-01-01,F,,",
    )
    assert found.refused == {
        "aadhaar": 1, "not_eight_digits": 1, "empty": 1, "no_birth_date": 1, "not_under_five": 2,
    }  # fmt: skip
    assert len(found.line) == 0
    registry, families = register(REGISTER)
    assert record(held(found, registry, families))["children"] == 0


def test_a_file_that_is_no_extract_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("family,dob\n1,2\n")
    with pytest.raises(BadInput, match="LNK014"):
        read_extract(tmp_path / "x.csv", KEY, today=TODAY)


def test_coverage_by_sector_and_the_owners_list(tmp_path):
    rows = [f"{70000000 + at},2024-03-0{1 + at % 9},F,Sita Devi,A" for at in range(9)]
    rows += [f"{80000000 + at},2024-04-0{1 + at % 9},F,Sita Devi,B" for at in range(8)]
    registered = [(f"k{at}", f"{70000000 + at}", "F", f"2024-03-0{1 + at % 9}", "A", None)
                  for at in range(9)]  # fmt: skip
    registry, families = register(registered)
    one = held(extract(tmp_path, *rows), registry, families)
    by_sector = {row["sector"]: row for row in record(one)["rows"]}
    assert by_sector["S"]["registered"] == 9 and by_sector["S"]["coverage"] == 1
    assert by_sector["T"]["nobody"] == 8 and by_sector["T"]["coverage"] == 0
    assert by_sector["(all)"]["coverage"] == pytest.approx(9 / 17, abs=1e-4)
    for name in ("cover.csv", "cover.html", "cover.json"):
        write(one, tmp_path / name)
        assert "Sita" not in (tmp_path / name).read_text()
    write_missing(one, tmp_path / "missing.csv")
    assert (tmp_path / "missing.csv").stat().st_mode & 0o077 == 0
    with (tmp_path / "missing.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [int(line["line"]) for line in lines] == list(range(11, 19))
    assert {(line["sector"], line["standing"]) for line in lines} == {("T", "nobody")}
    assert "80000000" not in (tmp_path / "missing.csv").read_text() + said(one)
    assert "Sita" not in json.dumps(record(one))


def test_few_children_are_withheld(tmp_path):
    registry, families = register(REGISTER)
    one = held(extract(tmp_path, "11111111,2023-05-07,F,,"), registry, families)
    assert all(row["registered"] is None for row in record(one)["rows"])
    assert record(one)["families"]["siblings_at_two_centres"] is None


def test_siblings_at_two_centres_and_a_family_that_moved(tmp_path):
    from registry.store.store import open_store
    from tests.support.registry_samples import CENTRES as centres
    from tests.support.registry_samples import folder

    head = "child_id,family_id,sex,birth_date,centre_id\n"
    first = (
        head
        + "c1,1,F,2024-01-01,A\nc2,1,M,2022-02-01,B\nc3,2,F,2023-03-01,A\nc4,2,F,2025-03-01,A\n"
    )
    measured = "child_id,measured_on,weight_kg,height_cm\nc1,2025-03-10,7.4,70\n"
    store = open_store(tmp_path / "x.db")
    for at, text in enumerate((first, first.replace("c3,2,F,2023-03-01,A", "c3,2,F,2023-03-01,B"))):
        source = folder(tmp_path / f"in{at}", centres=centres, children=text, measurements=measured)
        store.import_source(source, imported_on=f"2026-0{at + 1}-01")
    found = family_places(store.load())
    store.close()
    assert found.with_siblings == 2
    assert found.siblings_at_two_centres == 2, "one family, and the one whose child has moved"
    assert found.moved_to_another_centre == 1
    assert isinstance(found.siblings_in_two_sectors, int | np.integer)
