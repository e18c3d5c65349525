"""What was refused: kept in pieces, once, as it came, whatever its number."""

from __future__ import annotations

import json

import pytest

from registry import desk, refused
from registry.store import open_store
from tests.registry_samples import MEASUREMENTS, folder

BAD = "".join(f"c1,2025-03-{day:02},{weight},70,\n" for day, weight in enumerate(["x", "78", "900", "x", "0"], 1))


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store that writes refused rows two at a time."""
    monkeypatch.setattr(refused, "AT_ONCE", 2)
    opened = open_store(tmp_path / "x.db")
    yield opened
    opened.close()


def test_every_refused_row_is_kept_once_as_it_came(store, tmp_path):
    again = "c9,2025-01-01,7,70,\n" * 3
    source = folder(tmp_path / "in", measurements=MEASUREMENTS + BAD + again)
    first = store.import_source(source, imported_on="2026-01-01")
    second = store.import_source(source, imported_on="2026-01-02")
    assert first.tables == second.tables and first.tables["measurements"]["quarantined"] == 8
    assert first.changed and not second.changed
    rows = list(desk.refused(store))
    assert [row["row_number"] for row in rows] == list(range(5, 13))
    assert [row["no"] for row in rows] == list(range(1, 9))
    assert [(row["code"], row["value"], row["bound"]) for row in rows[:2]] == [
        ("REG020", "x", "a plain number"), ("REG012", "78", "0.5 to 150 kg, under five years at most 40")]
    assert [json.loads(row["raw"]) for row in rows[-3:]] == [
        {"child_id": "c9", "measured_on": "2025-01-01", "weight_kg": "7", "height_cm": "70"}] * 3


def test_waiting_rows_are_tried_again_in_pieces(store, tmp_path):
    later = "".join(f"c4,2025-03-0{day},7.{day},70,\n" for day in range(1, 6))
    store.import_source(folder(tmp_path / "in", measurements=MEASUREMENTS + BAD + later), imported_on="2026-01-01")
    child = "child_id,sex,birth_date,centre_id\nc4,F,2024-04-01,A\n"
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "children.csv").write_text(child)
    store.import_source(tmp_path / "more", imported_on="2026-01-02")
    assert desk.retry(store, imported_on="2026-01-03") == {"tried": 10, "released": 5}
    assert {row["code"] for row in desk.refused(store)} == {"REG020", "REG012"}
    assert store.load().measurements.rows == 4 + 5
