"""A filled-in list is given back at the page: row by row what was kept, what was not and why; what
is kept is in the registry, once."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import zipfile

import numpy as np
import openpyxl
import pytest
import sqlalchemy as sa

from registry.contract.codes import VisitFinding
from registry.contract.registry import NEVER, day_date, day_number
from registry.store.quarantine import refused as in_quarantine
from registry.store.store import open_store
from serving.access.permissions import COOKIE, Scope
from serving.app import create_app
from serving.audit import recorder
from serving.book import outbox
from serving.book.reader import Reader
from serving.book.scorebook import TICKS
from serving.http.bounds import Limits
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.pages import given_back_page
from serving.visits import given_back
from serving.visits.filled_lists import LARGEST_UNPACKED
from serving.visits.paper.xlsx import CODES_ROW, HEADS_ROW
from tests.support.list_store import children as all_children
from tests.support.list_store import make_store, token
from tests.support.service_cases import Client

TODAY = dt.date(2026, 3, 20)
ADDRESS = "/visits/given-back"
PATIENT = Limits(lag_seconds=60)


@pytest.fixture(autouse=True)
def on_a_day_after_the_list(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", TODAY.isoformat())
    monkeypatch.setattr(outbox.HandingOn, "_try", lambda self: None)


@pytest.fixture
def address(tmp_path):
    return make_store(tmp_path, count=12)


@pytest.fixture
def app(address):
    app = create_app(address, follow=False, log=Log(lambda _: None), limits=PATIENT)
    yield app
    app.close()


@pytest.fixture
def desk(app, address):
    return Desk(app, token(address))


class Desk:
    """A supervisor's browser at the page, without scripts."""

    def __init__(self, app, session: str, language: str = "en"):
        self.client = Client(app)
        self.cookies = {"Cookie": f"{COOKIE}={session}; sanket_language={language}"}

    def list(self, form: str = "xlsx") -> bytes:
        """The list as downloaded."""
        return self.client.get(f"/visits.{form}", headers=self.cookies).content

    def give(self, content: bytes, name: str = "list.xlsx", *, headers=None, **fields):
        """Send the form."""
        return self.client.ask(
            "POST",
            ADDRESS,
            files={"list": (name, content)},
            data=fields,
            headers=self.cookies | (headers or {}),
        )


def filled(content: bytes, lines: dict[int, dict]) -> bytes:
    """The workbook with cells written, by the number of the visit (1 on); `child_id` too."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    columns = {cell.value: cell.column for cell in sheet[CODES_ROW]}
    for number, cells in lines.items():
        for code, value in cells.items():
            sheet.cell(HEADS_ROW + number, columns[code]).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def children(content: bytes) -> list[str]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    column = next(cell.column for cell in sheet[CODES_ROW] if cell.value == "child_id")
    rows = range(HEADS_ROW + 1, sheet.max_row + 1)
    return [sheet.cell(row, column).value for row in rows if sheet.cell(row, column).value]


def table(*lines: str) -> bytes:
    """A list as CSV: child_id, finding, visited_on, weight_kg, muac_mm."""
    return "\n".join(["child_id,finding,visited_on,weight_kg,muac_mm", *lines]).encode()


def counts(answer) -> tuple[int, int, int, int]:
    """(kept, kept before, not kept, blank) as the English page says."""
    found = re.search(
        r"Rows kept: (\d+); kept before: (\d+); not kept: (\d+); left blank: (\d+)", answer.text
    )
    return tuple(map(int, found.groups()))


def rows_of(answer, part: str) -> list[str]:
    """The rows of a part of the page, as text."""
    section = re.search(rf'aria-labelledby="{part}".*?</section>', answer.text, re.DOTALL)
    items = re.findall(r"<li>(.*?)</li>", section[0], re.DOTALL) if section else []
    return [re.sub(r"<[^>]+>", "", item) for item in items]


def in_registry(address: str) -> tuple[list[tuple], dict[str, tuple]]:
    """Visits (child, finding, day), and weight and arm measured on or after the list's day by
    child (0: not taken), once all is handed on."""
    store = open_store(address)
    try:
        outbox.hand_on(store)
        registry = store.load()
        assert list(in_quarantine(store)) == []
    finally:
        store.close()
    visits, rows = registry.visits, registry.measurements
    found = [
        (
            str(registry.child_ids[visits["child"][i]]),
            VisitFinding.text_of(visits["finding"][i]),
            day_date(visits["visited_on"][i]),
        )
        for i in range(visits.rows)
        if visits["known_until"][i] == NEVER
    ]
    newest = (rows["known_until"] == NEVER) & (
        rows["measured_on"] > day_number(dt.date(2026, 3, 15))
    )
    measured = {
        str(registry.child_ids[rows["child"][i]]): tuple(
            float(np.nan_to_num(rows[name][i])) for name in ("weight_kg", "muac_mm")
        )
        for i in np.flatnonzero(newest)
    }
    return sorted(found), measured


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_comes_back_at_the_page_and_each_row_is_answered(app, address, language):
    desk, say = Desk(app, token(address), language), words(language)
    page = desk.client.get("/visits", headers=desk.cookies).text
    assert 'enctype="multipart/form-data"' in page and say("given_back", "title") in page
    first, second, third, fourth = children(blank := desk.list())[:4]
    back = filled(
        blank,
        {
            1: {
                "finding": say("findings", "well"),
                "visited_on": "18/03/2026",
                "weight_kg": 7.9,
                "muac_mm": 12.1,
            },
            2: {"finding": say("findings", "ill"), "visited_on": dt.date(2026, 3, 19)},
            3: {"finding": "fine", "visited_on": "18/03/2026"},
            4: {"finding": say("findings", "away"), "visited_on": "18/03/2026", "weight_kg": 790},
        },
    )
    answer = desk.give(back)
    assert answer.status_code == 200
    refused, kept = rows_of(answer, "refused"), rows_of(answer, "kept")
    assert len(refused) == 1 and str(HEADS_ROW + 3) in refused[0] and third not in refused[0]
    assert "fine" not in refused[0] and say("findings", "well") in refused[0]
    assert [child in row for child, row in zip((first, second, fourth), kept, strict=True)] == [
        True
    ] * 3
    assert say.day(dt.date(2026, 3, 18)) in kept[0] and "7.9" in kept[0] and "12.1" in kept[0]
    assert say("key", "ill")[1:] in kept[1].replace("&#39;", "'")
    assert say("given_back", "left_out") in kept[2] and say("ui", "fault_weight_kg") in kept[2]
    visits, measured = in_registry(address)
    assert visits == sorted(
        [
            (first, "well", dt.date(2026, 3, 18)),
            (second, "ill", dt.date(2026, 3, 19)),
            (fourth, "away", dt.date(2026, 3, 18)),
        ]
    )
    assert measured == {first: (7.9, 121.0)}
    assert first not in children(desk.list())


def test_the_same_file_again_keeps_nothing_twice_and_says_so(app, desk, address):
    lines = {
        1: {"finding": "Well", "visited_on": "18/03/2026", "weight_kg": 7.9},
        2: {"weight_kg": "7,4"},
    }
    back = filled(desk.list(), lines)
    assert counts(desk.give(back, visited_on="2026-03-19"))[:3] == (2, 0, 0)
    before = in_registry(address)
    with app.state.engine.connect() as connection:
        ticked = connection.execute(sa.select(TICKS)).all()
    again = desk.give(back, visited_on="2026-03-19")
    assert counts(again)[:3] == (0, 2, 0) and "Nothing was kept twice" in again.text
    with app.state.engine.connect() as connection:
        assert connection.execute(sa.select(TICKS)).all() == ticked
    assert in_registry(address) == before and len(before[0]) == 1
    corrected = filled(back, {1: {"finding": "Ill"}})
    assert counts(desk.give(corrected, visited_on="2026-03-19"))[:3] == (1, 1, 0)
    assert [line[1] for line in in_registry(address)[0]] == ["ill"]


def test_a_row_without_a_day_is_not_given_one_by_guess(desk, address):
    back = filled(desk.list(), {1: {"finding": "Well", "weight_kg": 7.9}})
    answer = desk.give(back)
    assert counts(answer)[:3] == (0, 0, 1) and "The day of the visit is missing" in answer.text
    assert in_registry(address) == ([], {})
    assert desk.give(back, visited_on="2026-03-21").status_code == 422
    assert desk.give(back, visited_on="soon").status_code == 422
    assert counts(desk.give(back, visited_on="2026-03-17"))[:3] == (1, 0, 0)
    assert [day for *_, day in in_registry(address)[0]] == [dt.date(2026, 3, 17)]


def test_a_csv_with_everything_that_can_be_wrong_with_a_row(desk, address):
    a, b, c, d, e, f = children(desk.list())[:6]
    answer = desk.give(
        table(
            f"{a},well,2026-03-18,,",
            f"{a},well,2026-03-18,,",
            f"{b},died,2026-03-18,,",
            f"{b},well,2026-03-18,,",
            f"{c},well,2026-03-21,,",
            f"{d},well,31/02/2026,,",
            f"{e},well,2016-03-18,,",
            f"{f},,2026-03-18,,40",
            f"{f},ill,2026-03-17,7,9,121",
            ",well,2026-03-18,,",
            f"{d},,,,",
            "x,well,1999-01-01,,",
        ),
        "list.CSV",
    )
    assert counts(answer) == (1, 1, 9, 1)
    told = dict(re.findall(r"Row (\d+): (.*)", "\n".join(rows_of(answer, "refused"))))
    assert told.keys() == {"4", "5", "6", "7", "8", "9", "10", "11", "13"}
    assert "something else of the same child" in told["4"] and told["4"] == told["5"]
    assert "future" in told["6"] and "cannot be read" in told["7"]
    assert "before the child" in told["8"] and "6 to 26" in told["9"]
    assert "more cells" in told["10"] and "code is missing" in told["11"]
    assert "no child of your lists" in told["13"]
    assert in_registry(address) == ([(a, "well", dt.date(2026, 3, 18))], {})


def test_a_child_of_another_sector_and_one_that_is_not_there_are_told_alike(desk, address):
    (known,) = (one.child_id for one in all_children(12) if one.sector_id == "S0002")
    mine = children(desk.list())[0]
    answer = desk.give(
        table(
            *(f"{one},well,2026-03-18,7.9," for one in (known, "C77777", mine)),
        ),
        "list.csv",
    )
    refused = rows_of(answer, "refused")
    assert [re.sub(r"\d", "", row) for row in refused] == [re.sub(r"\d", "", refused[0])] * 2
    assert known not in answer.text and "C77777" not in answer.text and counts(answer)[0] == 1
    assert [child for child, *_ in in_registry(address)[0]] == [mine]
    other = desk.give(table(f"{known},died,2026-03-18,,"), "list.csv")
    assert counts(other)[:3] == (0, 0, 1) and "list of another sector" in other.text
    assert in_registry(address)[0] == [(mine, "well", dt.date(2026, 3, 18))]


def test_who_gave_it_back_and_of_whom_is_audited_and_told(app, desk, address):
    first, second = children(blank := desk.list())[:2]
    cells = {"visited_on": "18/03/2026"}
    desk.give(filled(blank, {1: {"finding": "Ill"} | cells, 2: {"finding": "Well"} | cells}))
    with app.state.engine.connect() as connection:
        (noted,) = connection.execute(
            sa.select(recorder.ENTRIES).where(recorder.ENTRIES.c.act == "outcome")
        ).all()
    assert (noted.who, noted.role) == ("test-supervisor", "supervisor")
    assert len(json.loads(noted.children)) == 2 and first not in noted.children
    reader = Reader(app.state.engine, Scope.of(["sector:S0001"]))
    told = reader.told(reader.run(), since=TODAY)
    assert [(one.child_id, one.told_by, one.told_as) for one in told] == [
        (first, "test-supervisor", "supervisor")
    ]
    assert second not in children(desk.list())


def bomb(unpacked: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"<si><t>x</t></si>" * (unpacked // 17))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "status", "says"),
    [
        (b"junk" * 1000, "list.xlsx", 422, "no visit list"),
        (b"PK\x03\x04broken", "list.xlsx", 422, "no visit list"),
        (b"a,b\n1,2\n", "list.csv", 422, "no visit list"),
        (b"%PDF-1.7", "list.pdf", 422, "no visit list"),
        (b"child_id,finding\n", "../../etc/passwd", 422, "no visit list"),
        (b"", "", 422, "No file was chosen"),
        (b"x" * 1_100_000, "list.csv", 413, "larger than 1 MB"),
        (bomb(50_000_000), "list.xlsx", 422, f"{LARGEST_UNPACKED // 1_000_000} MB"),
        (table(*(f"C{n},well,2026-03-18,," for n in range(501))), "list.csv", 422, "500 rows"),
    ],
    ids=["junk", "broken", "other columns", "pdf", "a path", "none", "large", "bomb", "rows"],
)
def test_a_file_that_cannot_be_used_is_answered_with_what_and_what_to_do(
    desk, address, content, name, status, says
):
    answer = desk.give(content, name)
    assert answer.status_code == status and says in answer.text
    assert 'role="alert"' in answer.text and 'type="file"' in answer.text
    assert in_registry(address) == ([], {})


def test_a_file_beyond_what_the_service_reads_at_all_is_answered_on_the_page_too(address):
    small = Limits(lag_seconds=60, body_bytes=200_000)
    app = create_app(address, follow=False, log=Log(lambda _: None), limits=small)
    answer = Desk(app, token(address)).give(b"x" * 300_000)
    app.close()
    assert answer.status_code == 413 and "larger than 1 MB" in answer.text


def test_an_empty_list_says_what_to_do(desk):
    answer = desk.give(desk.list())
    assert answer.status_code == 200 and "No row is filled in" in answer.text
    assert counts(answer)[:3] == (0, 0, 0) and counts(answer)[3] > 0


def test_a_list_of_another_registry_is_refused(app, desk, address):
    book = openpyxl.load_workbook(io.BytesIO(desk.list()))
    for row in book["sanket"].iter_rows():
        if row[0].value == "registry_id":
            row[1].value = "another"
    out = io.BytesIO()
    book.save(out)
    with app.state.engine.begin() as connection:
        connection.execute(sa.text("""UPDATE sanket_runs SET facts = '{"registry_id": "this"}'"""))
    answer = desk.give(filled(out.getvalue(), {1: {"finding": "well", "visited_on": "2026-03-18"}}))
    assert answer.status_code == 422 and "LST005" in answer.text
    assert "another register" in answer.text and in_registry(address) == ([], {})


def test_only_who_may_record_visits_from_our_own_pages_gives_a_list_back(app, desk, address):
    back = filled(desk.list(), {1: {"finding": "well", "visited_on": "2026-03-18"}})
    foreign = desk.give(back, headers={"Origin": "https://elsewhere.test"})
    assert foreign.status_code == 403
    assert desk.give(back, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    dashboard = Desk(app, token(address, role="dashboard"))
    assert dashboard.give(back).status_code == 403
    assert "given-back" not in dashboard.client.get("/visits", headers=dashboard.cookies).text
    assert Desk(app, "none").give(back).headers["location"] == "/sign-in"
    plain = desk.client.ask("POST", ADDRESS, content="list=x", headers=desk.cookies)
    assert plain.status_code == 415
    kind = {"Content-Type": "multipart/form-data"}
    odd = desk.client.ask("POST", ADDRESS, content="x", headers=desk.cookies | kind)
    assert odd.status_code == 422
    assert in_registry(address) == ([], {})
    shown = desk.client.get(ADDRESS, headers=desk.cookies)
    assert shown.status_code == 200 and 'type="file"' in shown.text


def test_the_file_lies_nowhere_afterwards(desk, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(given_back_page.tempfile, "tempdir", str(folder))
    seen = []

    def read(path, **asked):
        seen.append(path.parent.parent == folder and path.name)
        return given_back_read(path, **asked)

    given_back_read = given_back.read_back
    monkeypatch.setattr(given_back, "read_back", read)
    desk.give(desk.list(), "../my list.xlsx")
    assert seen == ["list.xlsx"] and list(folder.iterdir()) == []


def test_a_table_of_findings_stands_in_the_csv_of_the_page_too(desk, address):
    rows = list(csv.DictReader(io.StringIO(desk.list("csv").decode("utf-8-sig"))))
    rows[0] |= {"finding": "Data wrong", "visited_on": "2026-03-18"}
    out = io.StringIO()
    made = csv.DictWriter(out, rows[0])
    made.writeheader()
    made.writerows(rows)
    assert counts(desk.give(out.getvalue().encode("utf-8-sig"), "list.csv"))[:3] == (1, 0, 0)
    assert in_registry(address)[0][0][:2] == (rows[0]["child_id"], "data_wrong")
