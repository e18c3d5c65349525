"""Outcomes that come back on a filled-in list (XLSX or CSV) and their way into the registry and off
the list."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from models.visits.listed_child import counted_to
from models.visits.ranking import main_reason
from registry.contract.errors import BadInput
from registry.contract.registry import FINDING
from serving.language.arm import WRITTEN, arm_mm
from serving.language.words import LANGUAGES, words

LARGEST_BYTES = 20_000_000
LARGEST_UNPACKED, MOST_PARTS = 16_000_000, 500
"""A workbook of 500 children unpacks to 2 MB, in 20 parts."""
WANTED = ("child_id", "finding", "visited_on", "weight_kg", "muac_mm")
DAY_FORMS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
"""Written days: ISO, or day before month as in India."""


@dataclass(frozen=True)
class Outcome:
    """One child's line as it came back; None where nothing was filled in."""

    child_id: str
    visited_on: dt.date
    finding: str | None
    weight_kg: str | None
    muac_mm: float | None


@dataclass(frozen=True)
class Returned:
    """A file that came back: its outcomes, the lines that cannot be used (row, why), and what it
    says of itself."""

    outcomes: tuple[Outcome, ...]
    problems: tuple[tuple[int, str], ...]
    blank: int
    says: dict[str, str] = field(default_factory=dict)

    @property
    def listed_on(self) -> dt.date | None:
        """The day of the list, where the file says it."""
        return dt.date.fromisoformat(self.says["as_of"]) if self.says.get("as_of") else None


def read_back(path: Path, *, today: dt.date, visited_on: dt.date | None = None) -> Returned:
    """Read a filled-in list. A line without a day counts as visited on `visited_on` (default:
    today).

    Raises BadInput: LST003 (no such file), LST004 (not a list of ours).
    """
    if not path.is_file():
        raise BadInput("LST003", f"there is no file {path.name}")
    if path.stat().st_size > LARGEST_BYTES:
        raise BadInput(
            "LST004",
            f"{path.name} is larger than {LARGEST_BYTES // 1_000_000} MB: it is no visit list",
        )
    rows, says = _rows_of_csv(path) if path.suffix.lower() == ".csv" else _rows_of_workbook(path)
    outcomes, problems, blank = [], [], 0
    for number, cells in rows:
        if not any(cells.get(name) for name in ("finding", "weight_kg", "muac_mm")):
            blank += 1
            continue
        arm, refused = _arm(cells)
        problems += [(number, refused)] * bool(refused)
        if refused and not (cells.get("finding") or cells.get("weight_kg")):
            continue
        read = _outcome(cells, arm, today=today, visited_on=visited_on or today)
        problems.append((number, read)) if isinstance(read, str) else outcomes.append(read)
    return Returned(tuple(outcomes), tuple(problems), blank, says)


def _arm(cells: dict[str, str]) -> tuple[float | None, str]:
    """The arm of a line in mm, written in cm or mm; else why it is left out: the finding beside it
    is still kept."""
    if not cells.get("muac_mm"):
        return None, ""
    try:
        return arm_mm(cells["muac_mm"]), ""
    except ValueError:
        return None, f"the arm cannot be read: {WRITTEN}"


def _outcome(
    cells: dict[str, str], muac_mm: float | None, *, today: dt.date, visited_on: dt.date
) -> Outcome | str:
    """A line's outcome, or why it cannot be used. Values of a child stay out of the message."""
    if not cells.get("child_id"):
        return "no child_id"
    finding = finding_code(cells.get("finding"))
    if cells.get("finding") and finding is None:
        return (
            f"finding is not one of {', '.join(FINDING)} (or their words in {', '.join(LANGUAGES)})"
        )
    day = written_day(cells["visited_on"]) if cells.get("visited_on") else visited_on
    if day is None:
        return "visited_on is not a date: write 2026-03-16 or 16/03/2026"
    if day > today:
        return "visited_on lies in the future"
    return Outcome(cells["child_id"], day, finding, cells.get("weight_kg") or None, muac_mm)


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
    spellings = {code: code for code in FINDING} | EARLIER_WORDS
    for language in LANGUAGES:
        spellings |= {words(language)("findings", code).casefold(): code for code in FINDING}
    return spellings.get(wanted)


def written_day(text: str) -> dt.date | None:
    """A day as people or spreadsheets write it; None where it is none."""
    for form in DAY_FORMS:
        try:
            return dt.datetime.strptime(text.strip().split(" ")[0].split("T")[0], form).date()
        except ValueError:
            continue
    return None


def _rows_of_csv(path: Path) -> tuple[list[tuple[int, dict[str, str]]], dict[str, str]]:
    try:
        table = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
        rows = [(number, _clean(row)) for number, row in enumerate(table, 2)]
    except (UnicodeDecodeError, csv.Error):
        raise _not_ours(path) from None
    if "child_id" not in (table.fieldnames or ()) or "finding" not in table.fieldnames:
        raise _not_ours(path)
    return rows, {}


def _clean(row: dict) -> dict[str, str]:
    return {
        name: (row.get(name) or "").strip().removeprefix("'")
        for name in WANTED
        if isinstance(row.get(name), str)
    }


def _rows_of_workbook(path: Path) -> tuple[list[tuple[int, dict[str, str]]], dict[str, str]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    from serving.visits.paper.xlsx import BACK_SHEET

    _bounded(path)
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        tables = {
            sheet.title: list(sheet.iter_rows(values_only=True, max_row=5000, max_col=50))
            for sheet in book
        }
        book.close()
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        OSError,
        TypeError,
        SyntaxError,
    ):
        raise _not_ours(path) from None
    says = {str(row[0]): str(row[1] or "") for row in tables.pop(BACK_SHEET, []) if row and row[0]}
    found = [lines for table in tables.values() if (lines := _lines_of(table)) is not None]
    if not found:
        raise _not_ours(path)
    return [line for lines in found for line in lines], says


def _bounded(path: Path) -> None:
    """LST004 for a workbook that unpacks to more than any list of ours: a few MB can hold
    gigabytes."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, UnicodeError, RuntimeError, OSError):
        raise _not_ours(path) from None
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        most = LARGEST_UNPACKED // 1_000_000
        raise BadInput("LST004", f"{path.name} unpacks to more than {most} MB: it is no visit list")


def _lines_of(table: list[tuple]) -> list[tuple[int, dict[str, str]]] | None:
    """The lines of one sheet of a workbook; None where it has no row of codes."""
    for place, row in enumerate(table[:10]):
        columns = {name: row.index(name) for name in WANTED if name in row}
        if {"child_id", "finding"} <= columns.keys():
            return _lines(table, place + 1, columns)
    return None


def _lines(
    table: list[tuple], start: int, columns: dict[str, int]
) -> list[tuple[int, dict[str, str]]]:
    """Cells under the row of codes, as text; the row of heads right below it is left out."""
    lines = []
    for number, row in enumerate(table[start + 1 :], start + 2):
        cells = {name: _text(row[place]) for name, place in columns.items()}
        if any(cells.values()):
            lines.append((number, cells))
    return lines


def _text(cell: object) -> str:
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return "" if cell is None else str(cell).strip()


def _not_ours(path: Path) -> BadInput:
    return BadInput(
        "LST004",
        f"{path.name} is not a visit list: give back the XLSX or CSV that `sanket visits` made, "
        "with its columns child_id and finding",
    )


def keep(store_address: str, returned: Returned, *, today: dt.date) -> dict:
    """Write outcomes into the registry (visits; measurements that were taken) and off the list;
    what was done.

    Recording the same file again changes nothing. BookUnreadable, before anything is written, where
    nobody can say what a visit was asked for.
    """
    from registry.store.store import open_store
    from serving.book.ticks import tick

    store = open_store(store_address, must_exist=True)
    try:
        _same_registry(store, returned)
        ticks = _ticks(store.engine, returned)
        report = _import(store, returned, today) if returned.outcomes else None
        if ticks:
            tick(store.engine, ticks)
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
        "problems": [{"row": row, "problem": problem} for row, problem in returned.problems],
    }


def _same_registry(store, returned: Returned) -> None:
    listed, here = returned.says.get("registry_id"), store.facts().get("registry_id")
    if listed and here and listed != str(here):
        raise BadInput(
            "LST005",
            (
                "this list was made from another registry than this store: name the right one "
                "by --store"
            ),
        )


def _import(store, returned: Returned, today: dt.date):
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
        return store.import_source(folder, imported_on=max(today, import_day(store.engine)))


def _write(path: Path, head: tuple[str, ...], rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(head)
        table.writerows(rows)


def _ticks(engine, returned: Returned) -> list[dict]:
    """What takes each visited child off the list, with the reason that had asked for the visit;
    children who are on no list have none."""
    from serving.access.permissions import Scope
    from serving.book.reader import Reader
    from serving.errors import NothingScored, OutOfScope

    reader, ticks = Reader(engine, Scope.of(["state:*"])), []
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
