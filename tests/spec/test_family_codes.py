"""A family's code in the spellings that arrive, and the number of a person that is written in its
place."""

import pytest

from registry.read import read
from registry.sources.family_codes import hold_aadhaar, is_aadhaar, plain_code, read_family_id
from registry.store.store import open_store
from tests.support.registry_samples import folder

AADHAAR = "234123412346"
"""A made-up number with the right check digit (nobody's: UIDAI's published example)."""


@pytest.mark.parametrize(
    "written, code, why",
    [
        ("12345678", "12345678", ""),
        (" 12345678 ", "12345678", ""),
        ("१२३४५६७८", "12345678", ""),
        ("12345678.0", "12345678", ""),
        ("1234 5678", "12345678", ""),
        ("1234567", "01234567", ""),
        ("345.0", "", "not_eight_digits"),
        ("123456789", "", "not_eight_digits"),
        ("1.2345678E+7", "", "not_eight_digits"),
        ("Patil", "", "not_eight_digits"),
        ("", "", "empty"),
        ("1234 5678 9012", "", "aadhaar"),
        ("२३४१२३४१२३४६", "", "aadhaar"),
    ],
)
def test_a_family_id_is_read_or_refused_by_name(written, code, why):
    assert read_family_id(written) == (code, why)


def test_verhoeffs_check_digit():
    assert is_aadhaar(AADHAAR) and is_aadhaar("2341 2341 2346")
    assert sum(is_aadhaar(AADHAAR[:-1] + str(last)) for last in range(10)) == 1
    swapped = AADHAAR[:4] + AADHAAR[5] + AADHAAR[4] + AADHAAR[6:]
    assert not is_aadhaar(swapped)
    assert not is_aadhaar("034123412346") and not is_aadhaar("2341234123")


def test_codes_of_twelve_digits_of_another_state_are_no_aadhaar_numbers():
    others = [f"{800000000000 + 7 * at}" for at in range(200)]
    assert 5 < sum(map(is_aadhaar, others)) < 40
    assert not hold_aadhaar(others) and hold_aadhaar([AADHAAR, "12345678"])


def test_other_codes_stay_as_they_are_written():
    assert [plain_code(text) for text in ("F-12", "27 501", "MH/4.0")] == [
        "F-12",
        "27 501",
        "MH/4.0",
    ]


def test_an_aadhaar_number_is_never_kept_and_its_child_stays(tmp_path):
    children = (
        "child_id,family_id,sex,birth_date,centre_id\n"
        f"c1,{AADHAAR},F,2024-01-01,A\nc2,2341 2341 2346,M,2024-02-01,A\nc3,१२३४५६७८,F,2024-03-01,B\n"
        "c4,12345678.0,F,2021-03-01,B\n"
    )
    source = folder(tmp_path / "in", children=children, measurements=_MEASURED)
    store = open_store(tmp_path / "x.db")
    report = store.import_source(source, imported_on="2026-01-01")
    registry = store.load()
    store.close()
    families = dict(zip(registry.child_ids, registry.children["family"].tolist(), strict=True))
    assert families["c1"] == families["c2"] == -1
    assert families["c3"] == families["c4"] >= 0, "one code in two spellings"
    assert any("family_id" in line and "REG042" in line for line in report.notes)
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("x.*"))
    for secret in (AADHAAR, "2341 2341 2346", "१२३४५६७८", "12345678"):
        assert secret.encode() not in kept
        assert not any(secret in line for line in report.notes)
    assert len(read(source).raws) == 3


_MEASURED = "child_id,measured_on,weight_kg,height_cm\nc1,2025-03-10,7.4,70\n"
