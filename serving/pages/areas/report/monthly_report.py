"""What a month's report of an area says, as tables of texts: the same for paper, workbook and card.

All figures are those that the run decided to show, as on the area's page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.book.escalation.escalation_counts import level_of_escalations
from serving.book.escalation.escalation_kinds import KINDS
from serving.book.reader import Reader
from serving.book.scorebook import Run
from serving.book.scoring.list_outcomes import FATES
from serving.errors import NothingScored
from serving.language.words import Words
from serving.pages.areas import area_figures, area_page, area_shown
from serving.pages.areas.area_figures import NOW, cell, name_of
from serving.pages.areas.area_shown import AreaShown
from serving.pages.areas.attention import PartsAsked, reasons, whole_order
from serving.pages.areas.visits import lists_page
from serving.visits.sheet_lines import level_notes, practice_key

CARD = (
    "children",
    "screened",
    "sam",
    "in_treatment",
    "sam_untreated",
    "danger",
    "overdue",
    "cured",
    "defaulted",
    "died",
)
"""The counts of the card, of its month."""


@dataclass(frozen=True)
class ReportTable:
    """One table: its code, what it is called, a line below that, heads, rows, and how wide its
    columns are to each other."""

    code: str
    title: str
    note: str
    heads: list[str]
    rows: list[list[str]]
    widths: list[float]


@dataclass(frozen=True)
class MonthlyReport:
    """The report of an area: file name without its ending, title, what must be known first, tables,
    what stands at its end, and the card's counts by name."""

    file: str
    title: str
    area: str
    month: str
    warnings: list[str]
    tables: list[ReportTable]
    notes: list[str]
    counts: list[tuple[str, str]]


def monthly_report(
    reader: Reader, run: Run, words: Words, *, level: str, area_id: str
) -> MonthlyReport:
    """The report of the last month that a run counted. OutOfScope for an area that the scope does
    not hold; NothingScored where nothing of it was counted."""
    area = area_page.area_of(reader, run, level, area_id)
    months = list(area.records[:-1])
    if not months:
        raise NothingScored("the newest run counted nothing of this area")
    named = area_shown.link(level, area_id, words).name
    month = area_figures.month_name(months[-1], words)
    practice = practice_key(run.facts)
    believed = area_figures.believed(area.figures, words) if area.figures else None
    warned = [words("ui", practice)] if practice else []
    told = [f"{words('areas', 'believe')} {believed.counts} {believed.advice}"] if believed else []
    made = [
        _now(area, words),
        _treatment(area, words),
        _parts(reader, run, area, words),
        _escalations(reader, run, area, words),
        _lists(reader, run, area, words),
        _months(months, words),
    ]
    return MonthlyReport(
        file_name(level, area_id, str(months[-1]["month"])),
        words.say("report", "title", area=named, month=month),
        named,
        month,
        [*warned, *level_notes(run.facts, words), *told],
        [table for table in made if table is not None],
        [
            words("areas", "withheld_note"),
            words("areas", "figures_note"),
            words("ui", "abbreviations"),
        ],
        [(words("report", f"card_{name}"), cell(months[-1], name, words)) for name in CARD],
    )


def file_name(level: str, area_id: str, month: str) -> str:
    """`report-project-P01-2026-06`; what a file system or a header may not carry becomes `_`."""
    return f"report-{level}-{re.sub(r'[^A-Za-z0-9-]+', '_', area_id)}-{month}"


def _now(area: AreaShown, words: Words) -> ReportTable:
    """The month beside the one before and the same a year before."""
    months = list(area.records[:-1])
    before = area_figures.records_before(area.year_before)
    columns: list[Mapping[str, Any]] = [months[-1], *months[-2:-1], *before[-1:]]
    return ReportTable(
        "now",
        words.say("areas", "now", month=area_figures.month_name(months[-1], words)),
        "",
        [
            words("areas", "figure"),
            *(area_figures.month_name(record, words) for record in columns),
        ],
        [[name_of(name, words), *(cell(record, name, words) for record in columns)] for name in NOW]
        if not before
        else [
            [
                name_of(name, words),
                *(cell(record, name, words) for record in columns[:-1]),
                cell(before[-1], name, words) if name in area_figures.CHARTED else "",
            ]
            for name in NOW
        ],
        [3.0] + [1.0] * len(columns),
    )


def _treatment(area: AreaShown, words: Words) -> ReportTable:
    lines = area_figures.treatment(area.records[-1], words)
    first, last = (area_figures.month_name(area.records[at], words) for at in (0, -2))
    return ReportTable(
        "treatment",
        words("areas", "treatment"),
        words.say("areas", "period", first=first, last=last),
        [words("areas", "figure"), words("areas", "value"), words("areas", "sphere")],
        [
            [line.name, line.value, f"{line.line}: {line.verdict}" if line.line else ""]
            for line in lines
        ],
        [3.0, 1.2, 2.0],
    )


def _parts(reader: Reader, run: Run, area: AreaShown, words: Words) -> ReportTable | None:
    """The area's own parts by what needs attention, each with the reasons."""
    below = next(iter(area_page.levels_below(area.level)), "")
    parts = area_page.parts_below(reader, run, area, below)
    if not parts:
        return None
    names = ("danger", "sam_untreated", "overdue", "coverage", "sam_share", "cured_share")
    return ReportTable(
        "parts",
        words("areas", "parts"),
        words("areas", "ranked"),
        [
            words("areas", "rank"),
            words("areas", "area"),
            words("areas", "why"),
            *(name_of(name, words) for name in names),
        ],
        [
            [
                words.number(rank),
                area_shown.link(part.level, part.place.place, words).name,
                words("areas", "and").join(reasons(part.figures, words)),
                *(cell(part.figures, name, words) for name in names),
            ]
            for rank, part in whole_order(parts, PartsAsked())
        ],
        [0.6, 1.7, 3.4, *[1.1] * len(names)],
    )


def _escalations(reader: Reader, run: Run, area: AreaShown, words: Words) -> ReportTable | None:
    """How many escalations were open of each kind when the run was published, as it withheld them;
    None where it counted none (a centre, a run of an earlier version)."""
    place = area.place.place
    counts = reader.area_pages(run, level_of_escalations(area.level), [place]).get(place)
    if counts is None:
        return None
    withheld = words("areas", "withheld")
    return ReportTable(
        "escalations",
        words("escalations", "title"),
        words("escalations", "help"),
        [words("report", "kind"), words("escalations", "counts")],
        [
            [
                words("escalations", f"kind_{kind}"),
                withheld if counts[kind] is None else words.number(counts[kind]),
            ]
            for kind in KINDS
        ],
        [4.0, 1.0],
    )


def _lists(reader: Reader, run: Run, area: AreaShown, words: Words) -> ReportTable | None:
    """What came of the lists over all months, with the caution; None where none is old enough."""
    lines = lists_page.of_all_months(reader, run, area, words)
    if not lines:
        return None
    return ReportTable(
        "lists",
        words("lists", "link"),
        words("lists", "caution"),
        [
            words("lists", "group"),
            words("lists", "listed"),
            *(words("lists", f"fate_{fate}") for fate in FATES),
        ],
        lines,
        [3.0, *[1.0] * (1 + len(FATES))],
    )


def _months(months: Sequence[Mapping[str, Any]], words: Words) -> ReportTable:
    names = area_figures.BY_MONTH
    return ReportTable(
        "months",
        words("areas", "months"),
        "",
        [words("areas", "month"), *(name_of(name, words) for name in names)],
        [
            [
                area_figures.month_name(record, words),
                *(cell(record, name, words) for name in names),
            ]
            for record in months[::-1]
        ],
        [1.3, *[1.0] * len(names)],
    )
