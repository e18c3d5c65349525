"""The sheet as PDF: A4, black and white, large print, one sheet per centre.

Where things stand on the page; how a line of Devanagari is written is `serving/paper_ink.py`.
"""

from __future__ import annotations

from models.ranking import VisitList
from serving.paper_ink import BODY, BOTTOM, LARGE, LEFT, RIGHT, SMALL, TOP, Paper, line_height
from serving.sheets import TICK_BOXES, Line, Sheet, beyond_lines, beyond_note, centre_name, key, sheets, stale_note
from serving.words import Words

PAD = 3.0
KEY = 11.0
"""Size of the key's letters: seven lines stand above the first child of a sheet."""
_OFFICERS_TOP = TOP + 62.0
"""The officer's children begin here at the latest, below a head of at most ten lines."""
BLANK_MM = 30.0
"""Room for a number or a date written by hand."""


def pdf(listed: VisitList, words: Words) -> bytes:
    """The list as a PDF: each centre begins a new sheet; an empty list is one sheet that says so."""
    paper = Paper(words)
    paper.set_title(f"{words('ui', 'visit_list')} {listed.sector_id} {listed.as_of}")
    centres = sheets(listed, words)
    for number, sheet in enumerate(centres, 1):
        place = words.say("ui", "sheet_of", n=number, total=len(centres))
        _sheet(paper, listed, sheet, words, number=number, place=place)
    if listed.beyond:
        _for_the_officer(paper, listed, words)
    if not centres:
        y = _head(paper, listed, words, centre="", place="")
        paper.paragraph(LEFT, y, words("ui", "empty_list"), width=RIGHT - LEFT, size=LARGE)
    return paper.finished()


def _sheet(paper: Paper, listed: VisitList, sheet: Sheet, words: Words, *, number: int, place: str) -> None:
    """One centre, on as many pages as its children need; its name stands on each."""
    y = _key(paper, words, _head(paper, listed, words, centre=sheet.centre, place=place))
    for count, line in enumerate(sheet.lines, 1):
        height = _block_height(paper, line, words)
        y = _room(paper, listed, sheet, words, place=place, y=y, height=height)
        _block(paper, line, words, number=f"{number}.{count}", y=y, height=height)
        y += height + PAD
    _also_here(paper, listed, sheet, words, place=place, y=y, number=number)
    _foot(paper, listed, words)


def _key(paper: Paper, words: Words, y: float) -> float:
    """What each box means, framed above the first child; the y below it."""
    top, width, indent = y, RIGHT - LEFT - 2 * PAD, LEFT + PAD
    y = paper.paragraph(indent, y + 1, words("ui", "key_title"), width=width, size=KEY, bold=True)
    for name, meaning in key(words):
        start = paper.line(indent, y, f"{name}:", size=KEY, bold=True) + 1.5
        first, *rest = _hanging(paper, meaning, first=RIGHT - PAD - start, width=width)
        paper.line(start, y, first, size=KEY)
        y += line_height(KEY)
        for line in rest:
            paper.line(indent, y, line, size=KEY)
            y += line_height(KEY)
    paper.set_line_width(0.3)
    paper.rect(LEFT, top, RIGHT - LEFT, y + 1 - top)
    return y + 1 + PAD


def _hanging(paper: Paper, text: str, *, first: float, width: float) -> list[str]:
    """A text in lines, the first narrower than the others, since its name stands before it."""
    begun, *over = paper.wrapped(text, width=first, size=KEY)
    rest = " ".join(over)
    return [begun, *(paper.wrapped(rest, width=width, size=KEY) if rest else [])]


def _room(
    paper: Paper, listed: VisitList, sheet: Sheet, words: Words, *, place: str, y: float, height: float
) -> float:
    """Where something of this height can begin: here, or below the head of a new page of the sheet."""
    if y + height <= BOTTOM - _foot_height(paper, listed, words):
        return y
    _foot(paper, listed, words)
    return _head(paper, listed, words, centre=sheet.centre, place=f"{place}, {words('ui', 'continued')}")


def _also_here(
    paper: Paper, listed: VisitList, sheet: Sheet, words: Words, *, place: str, y: float, number: int
) -> None:
    """Children in danger at this centre without a place on the list: the trip is made anyway; lines to fill in."""
    heading = f"{words('ui', 'also_here')}:"
    above = len(paper.wrapped(heading, width=RIGHT - LEFT, size=BODY, bold=True)) * line_height(BODY) + 1
    for at, line in enumerate(sheet.also_here):
        told = _also_told(line, words, number=f"{number}.{len(sheet.lines) + at + 1}")
        height = _also_height(paper, told, words)
        # The heading does not stand at a page's foot with its first child overleaf, and stands again above those there.
        before = y
        y = _room(paper, listed, sheet, words, place=place, y=y, height=height + (0 if at else above))
        if not at or y < before:
            y = paper.paragraph(LEFT, y, heading, width=RIGHT - LEFT, size=BODY, bold=True) + 1
        paper.set_line_width(0.3)
        paper.rect(LEFT, y, RIGHT - LEFT, height)
        below = paper.paragraph(LEFT + PAD, y + 1, told, width=RIGHT - LEFT - 2 * PAD, size=BODY)
        _boxes(paper, words, LEFT + PAD, below)
        _blanks(paper, words, LEFT + PAD, below + line_height(BODY) + 3)
        y += height + 1


def _also_told(line: Line, words: Words, *, number: str) -> str:
    return f"{number}  {line.child_id} ({line.whom}): {line.why}{words('ui', 'stop')}{line.do}"


def _also_height(paper: Paper, told: str, words: Words) -> float:
    lines = len(paper.wrapped(told, width=RIGHT - LEFT - 2 * PAD, size=BODY))
    return (lines + 2) * line_height(BODY) + 6


def _head(paper: Paper, listed: VisitList, words: Words, *, centre: str, place: str) -> float:
    """A new page with its head; the y below it."""
    paper.add_page()
    sector = f"{words('ui', 'sector')} {listed.sector_id}, {words.say('ui', 'as_of', date=words.day(listed.as_of))}"
    paper.line(LEFT, TOP, f"{words('ui', 'visit_list')}: {words('ui', 'visit_first')}", size=LARGE, bold=True)
    paper.line_to(RIGHT, TOP + 1, place, size=BODY)
    y = TOP + line_height(LARGE)
    paper.line(LEFT, y, f"{words('ui', 'centre')} {centre}" if centre else sector, size=LARGE, bold=bool(centre))
    paper.line_to(RIGHT, y + 1, sector if centre else "", size=SMALL)
    y += line_height(LARGE) + 1
    for said in _warnings(listed, words):
        y = paper.paragraph(LEFT, y, said, width=RIGHT - LEFT, size=SMALL, bold=True)
    for said in (words("ui", "bring"), words("ui", "fill_in")):
        y = paper.paragraph(LEFT, y, said, width=RIGHT - LEFT, size=BODY)
    return y + 2


def _for_the_officer(paper: Paper, listed: VisitList, words: Words) -> None:
    """The last sheet: the children in danger for whom the list has no place, on as many pages as they need."""
    width, pages = RIGHT - LEFT, [[]]
    room, sheet_of = BOTTOM - _OFFICERS_TOP, {centre: n for n, (centre, _) in enumerate(listed.by_centre(), 1)}
    for line in beyond_lines(listed, words):
        told = f"{line.number}. {line.child_id} ({line.whom}), {words('ui', 'centre')} "
        told += f"{centre_name(line.row.candidate, words)}: {line.why}{words('ui', 'stop')}{line.do}"
        if on := sheet_of.get(line.row.candidate.centre_id):
            told += f" ({words.say('ui', 'also_on_sheet', n=on)})"
        height = len(paper.wrapped(told, width=width, size=BODY)) * line_height(BODY) + 1.5
        if height > room:
            pages.append([])
            room = BOTTOM - _OFFICERS_TOP
        pages[-1].append(told)
        room -= height
    for number, page in enumerate(pages, 1):
        y = _officers_head(paper, listed, words, place=words.say("ui", "officers_page", n=number, total=len(pages)))
        for told in page:
            y = paper.paragraph(LEFT, y, told, width=width, size=BODY) + 1.5


def _officers_head(paper: Paper, listed: VisitList, words: Words, *, place: str) -> float:
    paper.add_page()
    sector = f"{words('ui', 'sector')} {listed.sector_id}, {words.say('ui', 'as_of', date=words.day(listed.as_of))}"
    paper.line(LEFT, TOP, words("ui", "beyond_title"), size=LARGE, bold=True)
    paper.line(LEFT, TOP + line_height(LARGE), sector, size=BODY)
    paper.line_to(RIGHT, TOP + line_height(LARGE), place, size=BODY)
    y = TOP + line_height(LARGE) + line_height(BODY)
    for said in _warnings(listed, words):
        y = paper.paragraph(LEFT, y, said, width=RIGHT - LEFT, size=SMALL, bold=True)
    y = paper.paragraph(LEFT, y, words("ui", "beyond_give"), width=RIGHT - LEFT, size=BODY)
    return y + 3


def _warnings(listed: VisitList, words: Words) -> list[str]:
    """What stands at the head of each page: that the records are made up, that the list is old."""
    synthetic = [words("ui", "synthetic")] if listed.facts.get("synthetic") else []
    return [*synthetic, *filter(None, [stale_note(listed, words)])]


def _foot_notes(listed: VisitList, words: Words) -> list[str]:
    said = [words("ui", "return_by"), words("ui", "not_a_verdict")]
    return [*said, *filter(None, [beyond_note(listed, words)])]


def _foot_height(paper: Paper, listed: VisitList, words: Words) -> float:
    count = sum(len(paper.wrapped(note, width=RIGHT - LEFT, size=SMALL)) for note in _foot_notes(listed, words))
    return count * line_height(SMALL) + 2


def _foot(paper: Paper, listed: VisitList, words: Words) -> None:
    y = BOTTOM - _foot_height(paper, listed, words) + 2
    for note in _foot_notes(listed, words):
        y = paper.paragraph(LEFT, y, note, width=RIGHT - LEFT, size=SMALL)


def _told(line: Line, words: Words) -> list[tuple[str, str, bool]]:
    """Label, words, bold: the three lines that say why, what was last weighed, and what to do."""
    return [
        (words("ui", "why"), line.why, True),
        (words("ui", "what_to_do"), line.do, True),
        (words("ui", "last_weight"), line.last_weight, False),
    ]


def _label_width(paper: Paper, words: Words) -> float:
    labels = ("why", "what_to_do", "last_weight")
    return max(paper.width_of(f"{words('ui', label)}:", size=BODY) for label in labels) + 3


def _block_height(paper: Paper, line: Line, words: Words) -> float:
    width = RIGHT - LEFT - 2 * PAD - _label_width(paper, words)
    told = sum(len(paper.wrapped(text, width=width, size=BODY, bold=bold)) for _, text, bold in _told(line, words))
    return 2 * PAD + line_height(LARGE) + (told + 4) * line_height(BODY) + 8


def _block(paper: Paper, line: Line, words: Words, *, number: str, y: float, height: float) -> None:
    """One child, with its number on this sheet: who, why, what to do, and the boxes to fill in."""
    paper.set_line_width(0.5)
    paper.rect(LEFT, y, RIGHT - LEFT, height)
    x, y = LEFT + PAD, y + PAD
    end = paper.line(x, y, f"{number}  {line.child_id}", size=LARGE, bold=True)
    paper.line(end + 4, y + 0.8, f"({line.whom})", size=BODY)
    _tag(paper, words("sections_short", line.section), y, filled=line.section == "danger")
    y += line_height(LARGE)
    indent = _label_width(paper, words)
    for label, text, bold in _told(line, words):
        paper.line(x, y, f"{label}:", size=BODY)
        y = paper.paragraph(x + indent, y, text, width=RIGHT - PAD - x - indent, size=BODY, bold=bold)
    y += 1
    paper.line(x, y, f"{words('ui', 'found')}:", size=BODY)
    _boxes(paper, words, x, y + line_height(BODY))
    _blanks(paper, words, x, y + 2 * line_height(BODY) + 3)
    y += 3 * line_height(BODY) + 5
    paper.line_between(paper.line(x, y, f"{words('ui', 'what_was_done')}:", size=BODY) + 2, y + 5.6, RIGHT - PAD)


def _tag(paper: Paper, text: str, y: float, *, filled: bool) -> None:
    """The section at the right edge: white on black for danger, framed for the others."""
    width = paper.width_of(text, size=BODY, bold=True) + 4
    paper.set_fill_color(0)
    paper.rect(RIGHT - PAD - width, y - 0.5, width, line_height(BODY) + 0.5, style="F" if filled else "D")
    paper.set_text_color(255 if filled else 0)
    paper.line(RIGHT - PAD - width + 2, y, text, size=BODY, bold=True)
    paper.set_text_color(0)


def _boxes(paper: Paper, words: Words, x: float, y: float) -> None:
    """A box to tick before each finding, spread over what the line has left."""
    labels = [words("findings", finding) for finding in TICK_BOXES]
    widths = [5.5 + paper.width_of(label, size=BODY) for label in labels]
    gap = max(2.0, (RIGHT - PAD - x - sum(widths)) / (len(labels) - 1))
    for label, width in zip(labels, widths, strict=True):
        paper.rect(x, y + 0.7, 4.2, 4.2)
        paper.line(x + 5.5, y, label, size=BODY)
        x += width + gap


def _blanks(paper: Paper, words: Words, x: float, y: float) -> None:
    """Lines to write on: weight, arm, the day of the visit."""
    labels = [words("ui", name) for name in ("weight_found", "muac_found", "visited_on")]
    taken = sum(paper.width_of(label, size=BODY) + 2 for label in labels)
    blank = min(BLANK_MM, (RIGHT - PAD - x - taken - 8) / len(labels))
    for label in labels:
        end = paper.line(x, y, label, size=BODY) + 2
        paper.line_between(end, y + line_height(BODY) - 0.8, end + blank)
        x = end + blank + 4
