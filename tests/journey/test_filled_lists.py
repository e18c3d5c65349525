"""The loop: a list goes out, comes back filled in, and what was found is in the registry and off
the list."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from sqlalchemy.exc import OperationalError

from models.visits.ranking import rank
from registry.contract.errors import BadInput
from registry.contract.registry import NEVER
from registry.store.store import open_store
from sanket.app import main
from serving.access.permissions import Scope
from serving.book import ticks
from serving.book.reader import Reader
from serving.language.words import words
from serving.visits.filled_lists import finding_code, read_back, written_day
from serving.visits.from_store import listed_from_store
from serving.visits.paper.formats import render
from serving.visits.paper.xlsx import CODES_ROW, COLUMNS, HEADS_ROW
from tests.support.list_store import make_store
from tests.support.listed_children import AS_OF, in_danger

TODAY = dt.date(2026, 3, 20)


@pytest.fixture(autouse=True)
def on_the_day_of_the_list(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", TODAY.isoformat())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def store(made, tmp_path):
    """The store's own copy for a test that writes."""
    address = tmp_path / "list.db"
    address.write_bytes(Path(made).read_bytes())
    return str(address)


def listed(store: str) -> list[str]:
    return [
        row.candidate.child_id for row in listed_from_store(store, sector="S0001", capacity=20).rows
    ]


def run(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def fill_in(path: Path, **lines: dict) -> None:
    """Write cells (by code) into the rows of children."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    columns = {cell.value: cell.column for cell in sheet[CODES_ROW]}
    for row in range(HEADS_ROW + 1, sheet.max_row + 1):
        for code, value in lines.get(sheet.cell(row, columns["child_id"]).value, {}).items():
            sheet.cell(row, columns[code], value)
    book.save(path)


def found(store: str) -> list[tuple]:
    """(child, finding, visited_on, listed_on) of every visit in the registry."""
    opened = open_store(store)
    registry = opened.load()
    opened.close()
    from registry.contract.codes import VisitFinding
    from registry.contract.registry import NEVER, day_date

    rows = registry.visits
    return [
        (
            str(registry.child_ids[rows["child"][i]]),
            VisitFinding.text_of(rows["finding"][i]),
            day_date(rows["visited_on"][i]),
            None if rows["listed_on"][i] == NEVER else day_date(rows["listed_on"][i]),
        )
        for i in range(rows.rows)
    ]


@pytest.mark.parametrize("language", ["en", "hi", "mr"])
def test_a_list_goes_out_and_comes_back(store, tmp_path, language, capsys):
    out = tmp_path / "list.xlsx"
    assert run("visits", store, "--sector", "S0001", "--lang", language, "-o", str(out)) == 0
    first, second, third = listed(store)[4:7]
    say = {"en": "Well", "hi": "अभी SAM है", "mr": "घरी नाही"}[language]
    fill_in(
        out,
        **{
            first: {
                "finding": say,
                "visited_on": dt.date(2026, 3, 18),
                "weight_kg": 7.9,
                "muac_mm": 121,
            },
            second: {"finding": "moved", "visited_on": "17/03/2026"},
        },
    )
    assert run("visits", "record", str(out), "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert done["tables"]["visits"]["kept"] == 2 and done["tables"]["measurements"]["kept"] == 1
    assert done["problems"] == [] and done["blank"] == 18
    code = {"en": "well", "hi": "sam_again", "mr": "away"}[language]
    assert sorted(found(store)) == sorted(
        [(first, code, dt.date(2026, 3, 18), AS_OF), (second, "moved", dt.date(2026, 3, 17), AS_OF)]
    )
    after = listed(store)
    assert first not in after and second not in after and third in after


@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.parametrize("said", ["Ill", "बीमार", "आजारी", "ill"])
def test_an_ill_child_comes_back_from_a_list_and_is_recorded_for_who_must_act(
    store, tmp_path, form, said
):
    out = tmp_path / f"list.{form}"
    assert run("visits", store, "--sector", "S0001", "-o", str(out)) == 0
    first = listed(store)[4]
    if form == "xlsx":
        fill_in(out, **{first: {"finding": said, "visited_on": dt.date(2026, 3, 19)}})
    else:
        rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
        next(row for row in rows if row["child_id"] == first).update(
            finding=said, visited_on="2026-03-19"
        )
        with out.open("w", encoding="utf-8", newline="") as written:
            table = csv.DictWriter(written, rows[0])
            table.writeheader()
            table.writerows(rows)
    for _ in range(2):
        assert run("visits", "record", str(out), "--store", store) == 0
        assert [line[:3] for line in found(store)] == [(first, "ill", dt.date(2026, 3, 19))]
        reader = Reader(open_store(store).engine, Scope.of(["sector:S0001"]))
        told = reader.told(reader.run(), since=TODAY)
        assert [(one.child_id, one.sector_id, one.finding, one.told_as) for one in told] == [
            (first, "S0001", "ill", "returned_list")
        ]
    elsewhere = Reader(open_store(store).engine, Scope.of(["sector:S0002"]))
    assert elsewhere.told(elsewhere.run(), since=TODAY) == []
    assert first not in listed(store)


def test_children_beyond_the_places_have_a_sheet_of_their_own_that_comes_back_too(store, tmp_path):
    out = tmp_path / "list.xlsx"
    assert run("visits", store, "--sector", "S0001", "--capacity", "1", "-o", str(out)) == 0
    beyond = [
        child.child_id for child in listed_from_store(store, sector="S0001", capacity=1).beyond
    ]
    book = openpyxl.load_workbook(out)
    others = book.worksheets[1]
    assert (
        [others.cell(row, 4).value for row in range(HEADS_ROW + 1, others.max_row + 1)]
        == beyond
        != []
    )
    columns = {cell.value: cell.column for cell in others[CODES_ROW]}
    others.cell(HEADS_ROW + 1, columns["finding"], "Died")
    book.save(out)
    assert run("visits", "record", str(out)) == 0
    assert [line[:2] for line in found(store)] == [(beyond[0], "died")]


def test_recording_twice_changes_nothing(store, tmp_path):
    out = tmp_path / "list.xlsx"
    run("visits", store, "--sector", "S0001", "-o", str(out))
    first = listed(store)[0]
    fill_in(out, **{first: {"finding": "well", "visited_on": "2026-03-18", "weight_kg": 7.9}})
    assert run("visits", "record", str(out)) == 0
    opened = open_store(store)
    before = opened.digest()
    assert run("visits", "record", str(out)) == 0
    assert opened.digest() == before
    opened.close()


@pytest.mark.parametrize("language", ["en", "hi", "mr"])
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_what_was_found_on_the_anms_part_comes_back_too(tmp_path, form, language):
    say = words(language)
    made = rank([in_danger(1)], sector_id="S0001", capacity=20, as_of=AS_OF)
    made = replace(made, anm=(in_danger(700),), beyond=(in_danger(900),))
    out = tmp_path / f"list.{form}"
    out.write_bytes(render(made, say, form=form))
    if form == "xlsx":
        book = openpyxl.load_workbook(out)
        for name in ("anm_sheet", "beyond_sheet"):
            book[say("ui", name)].cell(
                HEADS_ROW + 1, [code for code, _, _ in COLUMNS].index("finding") + 1
            ).value = say("findings", "away")
        book.save(out)
    else:
        head, *rows = out.read_text("utf-8-sig").splitlines()
        rows[1:] = [row.removesuffix(",,,,") + f",{say('findings', 'away')},,," for row in rows[1:]]
        out.write_text("\n".join([head, *rows]), "utf-8-sig")
    back = read_back(out, today=TODAY)
    assert [(one.child_id, one.finding) for one in back.outcomes] == [
        ("C00900", "away"),
        ("C00700", "away"),
    ]
    assert back.problems == () and back.blank == 1


def test_a_csv_comes_back_too(store, tmp_path, capsys):
    out = tmp_path / "list.csv"
    run("visits", store, "--sector", "S0001", "-o", str(out))
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"))))
    rows[0] |= {"finding": "Data wrong", "visited_on": "2026-03-18"}
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    assert run("visits", "record", str(out)) == 2 or "LST009" in capsys.readouterr().err
    assert run("visits", "record", str(out), "--store", store) == 0
    assert found(store)[0][:2] == (rows[0]["child_id"], "data_wrong")


def test_a_line_that_cannot_be_used_is_named_and_the_others_are_kept(store, tmp_path, capsys):
    out = tmp_path / "list.xlsx"
    run("visits", store, "--sector", "S0001", "-o", str(out))
    a, b, c, d = listed(store)[:4]
    fill_in(
        out,
        **{
            a: {"finding": "fine"},
            b: {"finding": "well", "visited_on": "soon"},
            c: {"finding": "well", "visited_on": dt.date(2999, 1, 1)},
            d: {"finding": "well"},
        },
    )
    assert run("visits", "record", str(out), "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert [problem["row"] for problem in done["problems"]] == [
        HEADS_ROW + 1,
        HEADS_ROW + 2,
        HEADS_ROW + 3,
    ]
    assert [visit[0] for visit in found(store)] == [d]
    assert "fine" not in json.dumps(done)


def test_a_measurement_that_cannot_be_right_is_quarantined_and_counted(store, tmp_path, capsys):
    out = tmp_path / "list.xlsx"
    run("visits", store, "--sector", "S0001", "-o", str(out))
    first = listed(store)[0]
    fill_in(out, **{first: {"finding": "well", "weight_kg": 790}})
    assert run("visits", "record", str(out), "--json") == 0
    counts = json.loads(capsys.readouterr().out)["tables"]
    assert (
        counts["visits"]["kept"] == 1
        and counts["measurements"]["quarantined"] == 1
        and counts["measurements"]["codes"]
    )


ARMS = ["11.4", 11.4, 114, "११.४", "11,4", "114 mm"]


def arms(store):
    opened = open_store(store)
    try:
        registry = opened.load()
    finally:
        opened.close()
    rows = registry.measurements
    visited = (rows["measured_on"] == rows["measured_on"].max()) & (rows["known_until"] == NEVER)
    return {
        str(registry.child_ids[rows["child"][i]]): rows["muac_mm"][i]
        for i in np.flatnonzero(visited)
    }


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_an_arm_comes_back_in_either_unit_and_is_kept_in_mm(store, tmp_path, capsys, form):
    out, children = tmp_path / f"list.{form}", listed(store)[: len(ARMS)]
    run("visits", store, "--sector", "S0001", "-o", str(out))
    written = dict(zip(children, ARMS, strict=True))
    if form == "xlsx":
        fill_in(
            out,
            **{child: {"finding": "sam_again", "muac_mm": arm} for child, arm in written.items()},
        )
    else:
        rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
        with out.open("w", encoding="utf-8", newline="") as back:
            table = csv.DictWriter(back, rows[0].keys())
            table.writeheader()
            table.writerows(
                row | {"finding": "sam_again", "muac_mm": written[row["child_id"]]}
                if row["child_id"] in written
                else row
                for row in rows
            )
    assert run("visits", "record", str(out), "--store", store, "--json") == 0
    assert json.loads(capsys.readouterr().out)["problems"] == []
    assert arms(store) == dict.fromkeys(children, 114.0)


def test_an_arm_in_neither_unit_is_told_and_the_finding_beside_it_is_kept_all_the_same(
    store, tmp_path, capsys
):
    out, (first, second, third) = tmp_path / "list.xlsx", listed(store)[:3]
    run("visits", store, "--sector", "S0001", "-o", str(out))
    fill_in(
        out,
        **{
            first: {"finding": "sam_again", "muac_mm": 40},
            second: {"weight_kg": 7.1, "muac_mm": 5.9},
            third: {"muac_mm": 26.1},
        },
    )
    assert run("visits", "record", str(out), "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert len(done["problems"]) == 3 and all(
        "6 to 26" in told["problem"] for told in done["problems"]
    )
    assert [visit[:2] for visit in found(store)] == [(first, "sam_again")]
    assert done["tables"]["measurements"]["kept"] == 1 and np.isnan(arms(store)[second])
    fill_in(out, **{first: {"finding": "sam_again", "muac_mm": 11.2}, third: {"muac_mm": ""}})
    assert run("visits", "record", str(out), "--json") == 0
    assert arms(store)[first] == 112.0 and len(found(store)) == 1


def test_a_blank_list_is_not_an_import(store, tmp_path, capsys):
    out = tmp_path / "list.xlsx"
    run("visits", store, "--sector", "S0001", "-o", str(out))
    assert run("visits", "record", str(out)) == 0
    assert "nothing was filled in" in capsys.readouterr().out and found(store) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"junk" * 1000, b"PK\x03\x04broken", b"a,b\n1,2\n", b"\xff\xfe\x00\x01,"],
    ids=range(5),
)
@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_a_file_that_is_no_list_of_ours_changes_nothing(store, tmp_path, content, ending, capsys):
    path = tmp_path / f"other{ending}"
    path.write_bytes(content)
    assert run("visits", "record", str(path), "--store", store) == 3
    assert "LST004" in capsys.readouterr().err and found(store) == []


def test_the_list_of_another_registry_is_refused(store, tmp_path, capsys):
    out = tmp_path / "list.xlsx"
    run("visits", store, "--sector", "S0001", "-o", str(out))
    fill_in(out, **{listed(store)[0]: {"finding": "well"}})
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    assert run("visits", "record", str(out), "--store", make_store(folder, count=3)) == 3
    assert "LST005" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["STORE"], 2, "LST012"),
        (["STORE", "--sector", "S9999"], 3, "LST012"),
        (["none.db", "--sector", "S1"], 3, "REG060"),
        (["STORE", "--sector", "S0001", "--format", "docx"], 2, "LST001"),
        (["STORE", "--sector", "S0001", "--lang", "fr"], 2, "LST002"),
        (["STORE", "--sector", "S0001", "--as-of", "soon"], 2, "LST010"),
        (["STORE", "--sector", "S0001", "--as-of", "2020-01-01"], 3, "LST011"),
        (["record"], 2, "LST008"),
        (["record", "none.xlsx"], 3, "LST003"),
        (["STORE", "--sector", "S0001", "-o", "/no/such/x.pdf"], 3, "LST007"),
    ],
)
def test_bad_requests_have_their_code(made, arguments, code, says, capsys):
    assert run("visits", *(made if word == "STORE" else word for word in arguments)) == code
    assert says in capsys.readouterr().err


def test_a_store_without_scores_says_what_to_do(tmp_path, capsys):
    open_store(str(tmp_path / "new.db")).close()
    assert run("visits", str(tmp_path / "new.db"), "--sector", "S0001") == 3
    assert "sanket score" in capsys.readouterr().err


def no_column(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("ALTER TABLE sanket_scores RENAME COLUMN page TO another")
    connection.close()


def no_whole_page(database: Path) -> None:
    """Every page of the book's rows is overwritten, as by a broken disk."""
    with sqlite3.connect(database) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        pages = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE tbl_name = 'sanket_scores'"
        )
        roots = [root for (root,) in pages if root]
    connection.close()
    with database.open("r+b") as file:
        for root in roots:
            file.seek((root - 1) * size)
            file.write(b"\xff" * size)


@pytest.mark.parametrize("broken", [no_column, no_whole_page])
def test_a_book_that_is_broken_is_never_called_unscored(store, tmp_path, broken, capsys):
    out = tmp_path / "list.xlsx"
    run("visits", store, "--sector", "S0001", "-o", str(out))
    fill_in(out, **{listed(store)[0]: {"finding": "well"}})
    broken(Path(store))
    asked = [
        ("visits", store, "--sector", "S0001"),
        ("visits", "record", str(out), "--store", store),
    ]
    for command in asked:
        capsys.readouterr()
        assert run(*command) == 3
        said = capsys.readouterr().err
        assert "LST013" in said and "cannot be read" in said and "sanket score" not in said
    assert found(store) == []


def test_findings_that_only_the_list_missed_are_said_and_recorded_by_the_same_file(
    store, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "list.xlsx"
    run("visits", store, "--sector", "S0001", "-o", str(out))
    visited = listed(store)[-1]
    fill_in(out, **{visited: {"finding": "well"}})
    with monkeypatch.context() as full:

        def no_room(*_, **__):
            raise OperationalError("", {}, sqlite3.OperationalError("database or disk is full"))

        full.setattr(ticks, "tick", no_room)
        assert run("visits", "record", str(out), "--store", store) == 3
    said = capsys.readouterr().err
    assert "LST015" in said and "same file again" in said
    assert len(found(store)) == 1 and visited in listed(store)
    assert run("visits", "record", str(out), "--store", store) == 0
    assert len(found(store)) == 1 and visited not in listed(store)


def test_json_is_one_document_and_nothing_else(made, capsysbinary):
    assert (
        run("visits", made, "--sector", "S0001", "--json", "--capacity", "5", "--lang", "mr") == 0
    )
    document = json.loads(capsysbinary.readouterr().out)
    assert len(document["rows"]) == 5 and document["as_of"] == "2026-03-16"


def test_the_command_line_starts_and_prints_the_list(made):
    done = subprocess.run(
        [sys.executable, "-m", "sanket.app", "visits", made, "--sector", "S0001", "--lang", "hi"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0 and "गृह भेंट सूची" in done.stdout.decode()


def test_spellings_of_findings_and_days():
    assert [
        finding_code(text) for text in ("WELL", " sam  again", "ठीक है", "पुन्हा SAM", "ok", None)
    ] == [
        "well",
        "sam_again",
        "well",
        "sam_again",
        None,
        None,
    ]
    assert [
        written_day(text)
        for text in ("2026-03-09", "09/03/2026", "9.3.2026", "2026-03-09 00:00:00")
    ] == [dt.date(2026, 3, 9)] * 4
    assert written_day("31/02/2026") is None and written_day("03/16/2026") is None


def test_a_store_address_carries_no_password():
    from registry.store.store import store_url
    from serving.visits.from_store import address_to_keep

    kept = address_to_keep(store_url("postgresql://me:secret@host/db"))
    assert "secret" not in kept and kept.startswith("postgresql://me@host")


def test_reading_back_needs_a_file(tmp_path):
    with pytest.raises(BadInput, match="LST003"):
        read_back(tmp_path / "none.xlsx", today=TODAY)


def as_excel_saves(path: Path, *, delimiter: str, encoding: str, skip: int = 0) -> Path:
    """A workbook's first sheet as a spreadsheet saves it as text: title, notes, codes, heads."""
    saved = path.with_suffix(".csv" if delimiter != "\t" else ".txt")
    with saved.open("w", encoding=encoding, newline="") as file:
        rows = list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))
        csv.writer(file, delimiter=delimiter).writerows(rows[skip:])
    return saved


@pytest.mark.parametrize("language", ["en", "hi", "mr"])
@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-16")]
)
def test_a_workbook_saved_as_text_comes_back_too(tmp_path, language, delimiter, encoding):
    say = words(language)
    made = rank([in_danger(n) for n in (1, 2)], sector_id="S0001", capacity=20, as_of=AS_OF)
    out = tmp_path / "list.xlsx"
    out.write_bytes(render(made, say, form="xlsx"))
    first, second = (row.candidate.child_id for row in made.rows)
    fill_in(out, **{first: {"finding": say("findings", "ill")}, second: {"finding": "no word"}})
    back = read_back(as_excel_saves(out, delimiter=delimiter, encoding=encoding), today=TODAY)
    assert [(one.child_id, one.finding) for one in back.outcomes] == [(first, "ill")]
    assert [one.row for one in back.problems] == [HEADS_ROW + 2]


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_the_first_child_is_read_where_the_row_of_heads_was_deleted(tmp_path, form):
    made = rank([in_danger(1)], sector_id="S0001", capacity=20, as_of=AS_OF)
    out = tmp_path / "list.xlsx"
    out.write_bytes(render(made, words("en"), form="xlsx"))
    child = made.rows[0].candidate.child_id
    fill_in(out, **{child: {"finding": "died"}})
    book = openpyxl.load_workbook(out)
    book.worksheets[0].delete_rows(HEADS_ROW)
    book.save(out)
    if form == "csv":
        out = as_excel_saves(out, delimiter=",", encoding="utf-8", skip=CODES_ROW - 1)
    back = read_back(out, today=TODAY)
    assert [(one.child_id, one.finding) for one in back.outcomes] == [(child, "died")]
    assert back.problems == ()


def test_an_unquoted_decimal_comma_is_told_and_no_weight_becomes_an_arm(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "child_id,finding,visited_on,weight_kg,muac_mm\n"
        "C1,ill,2026-03-18,7,9,121\n"
        "C2,well,2026-03-18\n"
        "C3,well,2026-03-18,8.1,124,,\n"
    )
    back = read_back(path, today=TODAY)
    assert [(one.child_id, one.weight_kg, one.muac_mm) for one in back.outcomes] == [
        ("C2", None, None),
        ("C3", "8.1", 124.0),
    ]
    (told,) = back.problems
    assert told.row == 2 and "more cells" in told.fault and "121" not in told.fault


def test_a_lost_value_on_a_list_is_told_and_not_taken_for_a_blank(tmp_path):
    made = rank([in_danger(1)], sector_id="S0001", capacity=20, as_of=AS_OF)
    out = tmp_path / "list.xlsx"
    out.write_bytes(render(made, words("en"), form="xlsx"))
    fill_in(out, **{made.rows[0].candidate.child_id: {"finding": "=#REF!"}})
    back = read_back(out, today=TODAY)
    assert back.outcomes == () and [one.row for one in back.problems] == [HEADS_ROW + 1]
