"""What was refused: kept in pieces, once, as it came, whatever its number."""

from __future__ import annotations

import json

import pytest

from registry.checks import rejected
from registry.store import quarantine
from registry.store.store import open_store
from tests.support.registry_samples import MEASUREMENTS, folder

BAD = "".join(
    f"c1,2025-03-{day:02},{weight},70,\n"
    for day, weight in enumerate(["x", "78", "900", "x", "0"], 1)
)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store that writes refused rows two at a time."""
    monkeypatch.setattr(rejected, "AT_ONCE", 2)
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
    rows = list(quarantine.refused(store))
    assert [row["row_number"] for row in rows] == list(range(5, 13))
    assert [row["no"] for row in rows] == list(range(1, 9))
    assert [(row["code"], row["value"], row["bound"]) for row in rows[:2]] == [
        ("REG020", "x", "a plain number"),
        ("REG012", "78", "0.5 to 150 kg, under five years at most 40"),
    ]
    assert [json.loads(row["raw"]) for row in rows[-3:]] == [
        {"child_id": "c9", "measured_on": "2025-01-01", "weight_kg": "7", "height_cm": "70"}
    ] * 3


def test_waiting_rows_are_tried_again_in_pieces(store, tmp_path):
    later = "".join(f"c4,2025-03-0{day},7.{day},70,\n" for day in range(1, 6))
    store.import_source(
        folder(tmp_path / "in", measurements=MEASUREMENTS + BAD + later), imported_on="2026-01-01"
    )
    child = "child_id,sex,birth_date,centre_id\nc4,F,2024-04-01,A\n"
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "children.csv").write_text(child)
    store.import_source(tmp_path / "more", imported_on="2026-01-02")
    assert quarantine.retry(store, imported_on="2026-01-03") == {"tried": 10, "released": 5}
    assert {row["code"] for row in quarantine.refused(store)} == {"REG020", "REG012"}
    assert store.load().measurements.rows == 4 + 5


def run(*arguments: str) -> int:
    """The exit code of a command."""
    from sanket.app import main

    try:
        return main(list(arguments)) or 0
    except SystemExit as ended:
        return int(ended.code or 0)


def corrected(path, **changes: str) -> None:
    """Change cells of an export, as a person does: by the old text."""
    text = path.read_text(encoding="utf-8-sig")
    for old, new in changes.items():
        text = text.replace(old.removeprefix("_"), new)
    path.write_text(text, encoding="utf-8-sig")


def test_a_corrected_export_is_let_through_and_waits_no_longer(store, tmp_path, capsys):
    store.import_source(
        folder(tmp_path / "in", measurements=MEASUREMENTS + BAD), imported_on="2026-01-01"
    )
    address, out = str(tmp_path / "x.db"), tmp_path / "bad.csv"
    assert run("quarantine", "export", address, "-o", str(out), "--table", "measurements") == 0
    corrected(
        out,
        **{"_c1,2025-03-02,78,": "c1,2025-03-02,7.8,", "_c1,2025-03-03,900,": "c1,2025-03-03,9,"},
    )
    assert (
        run("quarantine", "retry", address, "--corrected", str(out), "--imported-on", "2026-01-02")
        == 0
    )
    assert "2 of 5 rows let through" in capsys.readouterr().out
    assert len(list(quarantine.refused(store))) == 3
    assert sorted(store.load().measurements["weight_kg"].tolist())[-2:] == [8.0, 9.0]
    assert (
        run("quarantine", "retry", address, "--corrected", str(out), "--imported-on", "2026-01-02")
        == 0
    )
    assert "0 of 3 rows let through" in capsys.readouterr().out


def test_a_corrected_child_keeps_the_hash_of_its_family(store, tmp_path, capsys):
    child = "child_id,family_id,sex,birth_date,centre_id\n"
    both = child + "c1,11111111,F,2024-01-01,A\nc2,11111111,X,2024-02-01,A\n"
    store.import_source(folder(tmp_path / "in", children=both), imported_on="2026-01-01")
    out = tmp_path / "bad.csv"
    assert (
        quarantine.export(store, out, table="children") == 1 and "11111111" not in out.read_text()
    )
    corrected(out, _X="F")
    assert quarantine.retry(store, corrected=out, imported_on="2026-01-02") == {
        "tried": 1,
        "released": 1,
    }
    families = store.load().children["family"]
    assert len(families) == 2 and families[0] == families[1] >= 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("child_id,weight_kg\nc1,7\n", 3),
        ("no,table_name,child_id\n1,shoes,c1\n", 3),
        ("no,table_name,child_id\n1,measurements,c1\n1,measurements,c1\n", 3),
        ("no,table_name,child_id\n", 3),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_what_to_do(store, tmp_path, text, code, capsys):
    store.import_source(
        folder(tmp_path / "in", measurements=MEASUREMENTS + BAD), imported_on="2026-01-01"
    )
    (tmp_path / "x.csv").write_text(text)
    assert (
        run("quarantine", "retry", str(tmp_path / "x.db"), "--corrected", str(tmp_path / "x.csv"))
        == code
    )
    assert "quarantine export STORE --table" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["quarantine", "show", "STORE", "--code", "REG999"], 2, "REG999"),
        (["quarantine", "show", "STORE", "--table", "shoes"], 2, "measurements"),
        (["quality", "STORE", "--month", "2026-13"], 2, "2026-03"),
        (["import", "FOLDER", "--to", "/no/such/folder/x.db"], 3, "REG060"),
        (["import", "FOLDER", "--to", "FOLDER/text.db"], 3, "REG060"),
        (["map", "nothing.csv"], 3, "nothing.csv"),
    ],
)
def test_what_cannot_be_done_is_told(store, tmp_path, arguments, code, said, capsys):
    source = folder(tmp_path / "in")
    (source / "text.db").write_text("this is no database" * 100)
    words = {
        "STORE": str(tmp_path / "x.db"),
        "FOLDER": str(source),
        "FOLDER/text.db": str(source / "text.db"),
    }
    assert run(*(words.get(word, word) for word in arguments)) == code
    assert said in capsys.readouterr().err


def test_quality_of_few_children_is_said_without_a_score(store, tmp_path, capsys):
    store.import_source(folder(tmp_path / "in"), imported_on="2026-01-01")
    assert run("quality", str(tmp_path / "x.db"), "--by", "sector") == 0
    assert "fewer than five children" in capsys.readouterr().out
    assert (
        run("quality", str(tmp_path / "x.db"), "--month", "2031-01", "-o", str(tmp_path / "q.csv"))
        == 0
    )
    assert "no child was measured in 2031-01" in capsys.readouterr().out
    assert (
        (tmp_path / "q.csv").read_text(encoding="utf-8-sig").startswith("centre,month,colour,score")
    )
