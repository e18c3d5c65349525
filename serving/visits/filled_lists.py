"""A visit list that comes back filled in (XLSX or CSV): its lines are read, what was found goes
into the registry, and the children come off the list."""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from models.visits.listed_child import counted_to
from models.visits.ranking import main_reason
from registry.contract.codes import VisitFinding
from registry.contract.errors import BadInput
from registry.sources.raw_sheet import RawSheet, ShortRows
from registry.sources.sheets import CSV_ENDINGS, is_text, sheets_of
from serving.language.arm import WRITTEN, arm_mm
from serving.language.languages import LANGUAGES
from serving.language.words import words

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from registry.store.importing import ImportReport
    from registry.store.store import Store

LARGEST_BYTES = 20_000_000
LARGEST_UNPACKED, MOST_PARTS = 16_000_000, 500
"""A workbook of 500 children unpacks to 2 MB, in 20 parts."""
WORKBOOK_ENDINGS = (".xlsx", ".xlsm")
KNOWN_BY = ("child_id", "finding")
"""The columns by which a list is known as one of ours."""
WANTED = ("child_id", "finding", "visited_on", "weight_kg", "muac_mm")
DAY_FORMS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
"""Written days: ISO, or day before month as in India."""


class LineFault(StrEnum):
    """Why a line, or its arm, is left out, as the command says it; the pages have words for each
    name (`[given_back]`)."""

    NO_CHILD = "no child_id"
    FINDING = (
        f"finding is not one of {', '.join(VisitFinding.texts())} "
        f"(or their words in {', '.join(LANGUAGES)})"
    )
    ARM = f"the arm cannot be read: {WRITTEN}"
    DAY = "visited_on is not a date: write 2026-03-16 or 16/03/2026"
    FUTURE = "visited_on lies in the future"
    CELLS = "more cells than the list has columns: put a decimal comma in quotes, or write a point"


class FileFault(StrEnum):
    """Why a file as a whole is no visit list; the pages have words for each value
    (`[given_back]`)."""

    NO_FILE = "no_file"
    NO_LIST = "no_list"
    TOO_LARGE = "too_large"
    UNPACKS = "unpacks"
    MANY_ROWS = "many_rows"


class NotAVisitList(BadInput):
    """LST004, and LST003 where there is no file: nothing of it is used."""

    def __init__(self, fault: FileFault, message: str):
        super().__init__("LST003" if fault is FileFault.NO_FILE else "LST004", message)
        self.fault = fault


@dataclass(frozen=True)
class ReturnedLine:
    """One child's line as it came back; None where nothing was filled in. `dated`: the line says
    its day itself. `row` and `sheet`: where it stands in the file."""

    child_id: str
    visited_on: dt.date
    finding: str | None
    weight_kg: str | None
    muac_mm: float | None
    dated: bool
    row: int
    sheet: str


@dataclass(frozen=True)
class LineProblem:
    """A line of the file, or its arm, that cannot be used."""

    row: int
    sheet: str
    fault: LineFault


@dataclass(frozen=True)
class ReturnedList:
    """A file that came back: its outcomes, the lines that cannot be used, and what it says of
    itself."""

    outcomes: tuple[ReturnedLine, ...]
    problems: tuple[LineProblem, ...]
    blank: int
    says: dict[str, str] = field(default_factory=dict)

    @property
    def listed_on(self) -> dt.date | None:
        """The day of the list, where the file says it."""
        return written_day(self.says.get("as_of", ""))


def read_back(path: Path, *, today: dt.date, visited_on: dt.date | None = None) -> ReturnedList:
    """Read a filled-in list. A line without a day counts as visited on `visited_on` (default:
    today).

    Raises BadInput: LST003 (no such file), LST004 (not a list of ours).
    """
    sheets = _sheets(path)
    lists = [sheet for sheet in sheets if set(KNOWN_BY) <= set(sheet.data.column_names)]
    if not lists:
        raise _not_ours(path)
    outcomes: list[ReturnedLine] = []
    problems: list[LineProblem] = []
    blank = 0
    for title, row, cells in (line for sheet in lists for line in _lines(sheet)):
        if not any(cells.get(name) for name in ("finding", "weight_kg", "muac_mm")):
            blank += 1
            continue
        arm, refused = _arm(cells)
        problems += [LineProblem(row, title, fault) for fault in refused]
        if refused and not (cells.get("finding") or cells.get("weight_kg")):
            continue
        day = _day(cells, today=today, otherwise=visited_on or today)
        if fault := _fault(cells, day):
            problems.append(LineProblem(row, title, fault))
        elif isinstance(day, dt.date):
            outcomes.append(_outcome(cells, arm, day, row=row, sheet=title))
    problems += [
        LineProblem(sheet.above + row, sheet.title, LineFault.CELLS)
        for sheet in lists
        for row, _ in sheet.refused
    ]
    return ReturnedList(tuple(outcomes), tuple(problems), blank, _facts(sheets))


def _arm(cells: dict[str, str]) -> tuple[float | None, list[LineFault]]:
    """The arm of a line in mm, written in cm or mm; else why it is left out: the finding beside it
    is still kept."""
    if not cells.get("muac_mm"):
        return None, []
    try:
        return arm_mm(cells["muac_mm"]), []
    except ValueError:
        return None, [LineFault.ARM]


def _day(cells: dict[str, str], *, today: dt.date, otherwise: dt.date) -> dt.date | LineFault:
    """The day of a line's visit: its own, or this one where it says none."""
    day = written_day(cells["visited_on"]) if cells.get("visited_on") else otherwise
    if day is None:
        return LineFault.DAY
    return LineFault.FUTURE if day > today else day


def _fault(cells: dict[str, str], day: dt.date | LineFault) -> LineFault | None:
    """Why a line cannot be used. Values of a child stay out of what is said."""
    if not cells.get("child_id"):
        return LineFault.NO_CHILD
    if cells.get("finding") and finding_code(cells["finding"]) is None:
        return LineFault.FINDING
    return day if isinstance(day, LineFault) else None


def _outcome(
    cells: dict[str, str], muac_mm: float | None, day: dt.date, *, row: int, sheet: str
) -> ReturnedLine:
    return ReturnedLine(
        cells["child_id"],
        day,
        finding_code(cells.get("finding")),
        cells.get("weight_kg") or None,
        muac_mm,
        dated=bool(cells.get("visited_on")),
        row=row,
        sheet=sheet,
    )


EARLIER_WORDS = {
    "sam again": "sam_again",
    "फिर sam": "sam_again",
    "पुन्हा sam": "sam_again",
    "away": "away",
    "कहीं और गए": "moved",
    "दुसरीकडे गेले": "moved",
}
"""Words of lists that went out before they were changed: what was given out still comes back."""


def finding_code(text: str | None) -> str | None:
    """The contract's code for a finding, given as code or as the word of any language."""
    wanted = " ".join((text or "").split()).casefold()
    spellings = {code: code for code in VisitFinding.texts()} | EARLIER_WORDS
    for language in LANGUAGES:
        spellings |= {
            words(language)("findings", code).casefold(): code for code in VisitFinding.texts()
        }
    return spellings.get(wanted)


def written_day(text: str) -> dt.date | None:
    """A day as people or spreadsheets write it; None where it is none."""
    for form in DAY_FORMS:
        try:
            return dt.datetime.strptime(text.strip().split(" ")[0].split("T")[0], form).date()
        except ValueError:
            continue
    return None


def _sheets(path: Path) -> list[RawSheet]:
    """The sheets of a file that may be a list of ours."""
    if not path.is_file():
        raise NotAVisitList(FileFault.NO_FILE, f"there is no file {path.name}")
    if path.stat().st_size > LARGEST_BYTES:
        raise NotAVisitList(
            FileFault.TOO_LARGE,
            f"{path.name} is larger than {LARGEST_BYTES // 1_000_000} MB: it is no visit list",
        )
    if path.suffix.lower() in WORKBOOK_ENDINGS:
        _refuse_unbounded(path)
    elif path.suffix.lower() not in CSV_ENDINGS or not is_text(path):
        raise _not_ours(path)
    try:
        return sheets_of(path, short_rows=ShortRows.FILL, header=KNOWN_BY)
    except BadInput:
        raise _not_ours(path) from None


def _refuse_unbounded(path: Path) -> None:
    """LST004 for a workbook that unpacks to more than any list of ours: a few MB can hold
    gigabytes."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, UnicodeError, RuntimeError, OSError):
        raise _not_ours(path) from None
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        most = LARGEST_UNPACKED // 1_000_000
        raise NotAVisitList(
            FileFault.UNPACKS, f"{path.name} unpacks to more than {most} MB: it is no visit list"
        )


def _facts(sheets: list[RawSheet]) -> dict[str, str]:
    """What a workbook's hidden sheet says of the list: a name and a value in each row."""
    if not any(sheet.title for sheet in sheets):
        return {}
    from serving.visits.paper.xlsx import BACK_SHEET

    hidden = next((sheet for sheet in sheets if sheet.title == BACK_SHEET), None)
    if hidden is None:
        return {}
    names, values = [*map(_texts, hidden.data.columns), [""] * hidden.data.num_rows][:2]
    return {name: value for name, value in zip(names, values, strict=True) if name}


def _lines(sheet: RawSheet) -> Iterator[tuple[str, int, dict[str, str]]]:
    """The lines of a list that say something, with their sheet and their numbers in the file; the
    row of heads below a workbook's codes is none."""
    columns = {name: _texts(sheet.data[name]) for name in WANTED if name in sheet.data.column_names}
    numbers = sheet.numbers if sheet.numbers is not None else range(1, sheet.data.num_rows + 1)
    for number, row in zip(numbers, zip(*columns.values(), strict=True), strict=True):
        cells = dict(zip(columns, row, strict=True))
        if any(row) and not _is_heads(cells):
            yield sheet.title, sheet.above + int(number), cells


def _texts(column: pa.ChunkedArray) -> list[str]:
    """Cells without outer spaces and without the apostrophe that our CSV puts before a formula."""
    return [(cell or "").strip().removeprefix("'") for cell in column.to_pylist()]


def _is_heads(cells: dict[str, str]) -> bool:
    """Are these the heads that a workbook shows over its columns, in some language?"""
    return cells["child_id"] in _heads("child") or cells["finding"] in _heads("finding")


@cache
def _heads(word: str) -> frozenset[str]:
    return frozenset(words(language)("ui", word) for language in LANGUAGES)


def _not_ours(path: Path) -> NotAVisitList:
    return NotAVisitList(
        FileFault.NO_LIST,
        f"{path.name} is not a visit list: give back the XLSX or CSV that `sanket visits` made, "
        "with its columns child_id and finding",
    )


def record(store_address: str, returned: ReturnedList, *, today: dt.date) -> dict[str, object]:
    """Write outcomes into the registry (visits; measurements that were taken) and off the list;
    what was done.

    Recording the same file again changes nothing. BookUnreadable, before anything is written, where
    nobody can say what a visit was asked for; NotKept where the list alone could not be changed.
    """
    from registry.store.store import open_store

    store = open_store(store_address, must_exist=True)
    try:
        refuse_another_registry(returned, store.facts().get("registry_id"))
        ticks = _ticks(store.engine, returned)
        report = _import(store, returned, today) if returned.outcomes else None
        _take_off(store.engine, ticks)
    finally:
        store.close()
    counts = {
        name: {"rows": 0, "kept": 0, "quarantined": 0, "codes": {}}
        for name in ("visits", "measurements")
    }
    return {
        "import_id": report.import_id if report else None,
        "tables": counts
        | ({name: dict(table) for name, table in report.tables.items()} if report else {}),
        "blank": returned.blank,
        "problems": [{"row": one.row, "problem": one.fault} for one in returned.problems],
    }


def refuse_another_registry(returned: ReturnedList, here: object) -> None:
    """LST005 where the file names another registry than this one (its id)."""
    listed = returned.says.get("registry_id")
    if listed and here and listed != str(here):
        raise BadInput(
            "LST005",
            (
                "this list was made from another registry than this store: name the right one "
                "by --store"
            ),
        )


def _import(store: Store, returned: ReturnedList, today: dt.date) -> ImportReport:
    """Through the registry's own import, so that what a visit found is checked like every other
    record."""
    from serving.book.accepted import import_day
    from serving.book.outbox import SOURCE

    with tempfile.TemporaryDirectory() as folder:
        found = [outcome for outcome in returned.outcomes if outcome.finding]
        _write(
            Path(folder, "visits.csv"),
            ("child_id", "visited_on", "finding", "listed_on"),
            (
                (outcome.child_id, outcome.visited_on, outcome.finding, returned.listed_on or "")
                for outcome in found
            ),
        )
        measured = [
            outcome for outcome in returned.outcomes if outcome.weight_kg or outcome.muac_mm
        ]
        if measured:
            _write(
                Path(folder, "measurements.csv"),
                ("child_id", "measured_on", "weight_kg", "muac_mm", "source"),
                (
                    (one.child_id, one.visited_on, one.weight_kg or "", one.muac_mm or "", SOURCE)
                    for one in measured
                ),
            )
        report: ImportReport = store.import_source(
            folder, imported_on=max(today, import_day(store.engine))
        )
        return report


def _write(path: Path, head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(head)
        table.writerows(rows)


def _ticks(engine: Engine, returned: ReturnedList) -> list[dict[str, Any]]:
    """What takes each visited child off the list, with the reason that had asked for the visit;
    children who are on no list have none."""
    from serving.access.permissions import Scope
    from serving.book.reader import Reader
    from serving.errors import NothingScored, OutOfScope

    reader = Reader(engine, Scope.of(["state:*"]))
    ticks: list[dict[str, Any]] = []
    for outcome in returned.outcomes:
        if outcome.finding is None:
            continue
        try:
            run, row = reader.child(outcome.child_id, returned.listed_on)
        except (NothingScored, OutOfScope):
            continue
        ticks.append(
            {
                "child_id": outcome.child_id,
                "visited_on": outcome.visited_on,
                "finding": outcome.finding,
                "listed_on": returned.listed_on,
                "listed_for": main_reason(
                    counted_to(row.candidate, outcome.visited_on, as_of=run.as_of)
                ),
                "sector_id": row.candidate.sector_id,
            }
        )
    return ticks


def _take_off(engine: Engine, ticks: list[dict[str, Any]]) -> None:
    """Off the list at once. NotKept where the score book cannot be written: the registry has it
    all already."""
    from sqlalchemy.exc import SQLAlchemyError

    from serving.book.ticks import tick
    from serving.errors import NotKept

    try:
        if ticks:
            tick(engine, ticks)
    except (SQLAlchemyError, OSError):
        raise NotKept(
            "the findings are in the registry, and the list could not be changed: record the same "
            "file again once the store's database can be written"
        ) from None
