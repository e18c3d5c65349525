"""The printed list as PDF: A4, black and white, to be printed on one side.

The overview of all visits, how to fill in the sheets, the centres' sheets in the order of the route
(several small ones on a page, with a line to cut along), then the ANM's part and the officer's.
What a block is: `blocks.py`; how a line of Devanagari is written: `ink.py`.
"""

from __future__ import annotations

from fpdf.prefs import ViewerPreferences

from models.visits.ranking import VisitList
from serving.language.words import Words
from serving.visits.paper.blocks import (
    WIDTH,
    Block,
    Part,
    draw_page,
    labelled,
    paginate,
    space,
    stack,
    text,
)
from serving.visits.paper.child_block import also_block, child_block, watch_block
from serving.visits.paper.ink import BODY, LARGE, LEFT, RIGHT, SMALL, Paper, line_height
from serving.visits.paper.list_tables import (
    SIZES,
    anm_columns,
    head_row,
    others_columns,
    overview_columns,
    pair,
    row,
    title,
)
from serving.visits.sheet_lines import (
    CentreSheet,
    ListLine,
    anm_lines,
    beyond_lines,
    beyond_note,
    key,
    notes,
    practice_key,
    ranked_lines,
    sheets,
    warnings,
)
from serving.visits.sheet_lines import title as title_of

READ = 12.0
"""Size in points of what is read once, at a table."""
CENTRE = 14.0
MOST_PAGES = 12
"""A list that needs more with every centre's sheet in one piece saves paper instead."""
OVERVIEW, HOW_TO, ANM, OFFICER = "overview", "how to", "anm", "officer"
"""Keys of the parts that are no centre's: a centre's is its id behind `CENTRE_KEY`."""
CENTRE_KEY = "centre:"


def pdf(listed: VisitList, words: Words) -> bytes:
    """The list as a PDF; an empty list is an overview that says so."""
    return _Print(listed, words).content()


class _Print:
    """One list on its way to paper: every part is measured, laid on pages, then drawn."""

    def __init__(self, listed: VisitList, words: Words):
        self.listed, self.words, self.paper = listed, words, Paper(words)
        self.paper.set_title(title_of(listed, words))
        self.paper.viewer_preferences = ViewerPreferences(duplex="Simplex")
        self.sheets = sheets(listed, words)
        self.page_of: dict[str, int] = {}

    def content(self) -> bytes:
        """The document's bytes."""
        first = paginate([self._overview(), self._how_to()])
        for page in first:
            page.cuts.clear()
        parts = [*map(self._centre, self.sheets), *self._for_others()]
        pages = first + paginate(parts)
        if len(pages) > MOST_PAGES:
            pages = first + paginate(parts, whole=False)
        self.page_of = {key: number for number, page in enumerate(pages, 1) for key in page.begins}
        foot = title_of(self.listed, self.words)
        for number, page in enumerate(pages, 1):
            draw_page(self.paper, page, self.words, foot=foot, number=number, total=len(pages))
        return self.paper.finished()

    # The overview, and how the sheets are filled in.

    def _overview(self) -> Part:
        """All visits on one page, in the largest letters with which they fit on it."""
        for size in SIZES:
            part = self._overview_in(size)
            if len(paginate([part])) == 1:
                break
        return part

    def _overview_in(self, size: float) -> Part:
        columns = overview_columns(self.words, lambda line: str(self._page(line) or ""))
        heads = head_row(self.paper, columns, self.words, size=size)
        again = title(self.paper, title_of(self.listed, self.words), [], size=CENTRE)
        rows = [
            row(self.paper, columns, line, size=size)
            for line in ranked_lines(self.listed, self.words)
        ]
        return Part(
            OVERVIEW,
            stack([self._overview_head(), heads]),
            stack([again, heads]),
            [*rows, self._where()],
        )

    def _overview_head(self) -> Block:
        said, listed = self.words, self.listed
        counts = said.say(
            "ui",
            "counts",
            rows=len(listed.rows),
            centres=len(listed.by_centre()),
            capacity=listed.capacity,
        )
        told = [(counts, READ, False)] if listed.rows else [(said("ui", "empty_list"), BODY, True)]
        warned = [(warning, SMALL, True) for warning in warnings(listed, said)]
        order = [(said("ui", "in_this_order"), SMALL, False)] if listed.rows else []
        return title(self.paper, title_of(listed, said), [*warned, *told, *order], size=LARGE)

    def _where(self) -> Block:
        """How many children stand elsewhere, and on which page. The words are measured with a page
        of two digits."""
        counts = (
            ("beyond_where", len(self.listed.beyond), OFFICER),
            ("anm_where", len(self.listed.anm), ANM),
        )
        asked = [(word, count, key) for word, count, key in counts if count]

        def told(word: str, count: int, page: int) -> Block:
            return text(
                self.paper, self.words.say("ui", word, n=count, page=page), size=SIZES[1], bold=True
            )

        def draw(y: float) -> None:
            stack(told(word, count, self.page_of[key]) for word, count, key in asked).draw(y + 1.5)

        return Block(sum(told(word, count, 88).height for word, count, _ in asked) + 1.5, draw)

    def _how_to(self) -> Part:
        say, paper = self.words, self.paper
        beyond = beyond_note(self.listed, say)
        read = [
            say("ui", "bring"),
            say("ui", "fill_in"),
            say("ui", "cut_here"),
            say("ui", "find_child"),
        ]
        noted = [say("ui", "return_by"), say("ui", "not_a_verdict"), *notes(self.listed, say)]
        noted = [note for note in noted if note not in warnings(self.listed, say)]
        also = [f"B: {say('ui', 'also_here')}{say('ui', 'stop').strip()}"] if beyond else []
        meaning = [
            labelled(paper, f"{name}:", told, size=READ, bold=False, x=LEFT, width=WIDTH)
            for name, told in key(say)
        ]
        blocks = [
            *(text(paper, told, size=READ) for told in read),
            space(2.5),
            text(paper, say("ui", "key_title"), size=READ, bold=True),
            *meaning,
            space(2.5),
            *(text(paper, told, size=READ) for told in [*also, *noted]),
            space(2.5),
            text(paper, say("ui", "abbreviations"), size=SMALL),
        ]
        head = title(paper, say("ui", "how_to"), [], size=CENTRE)
        return Part(HOW_TO, head, head, blocks)

    # The sheets.

    def _centre(self, sheet: CentreSheet) -> Part:
        blocks = [child_block(self.paper, line, self.words) for line in sheet.lines]
        blocks += [also_block(self.paper, line, self.words) for line in sheet.also_here]
        blocks += [watch_block(self.paper, sheet, self.words)] if sheet.watch else []
        again = f"{sheet.centre}, {self.words('ui', 'continued')}"
        return Part(
            CENTRE_KEY + sheet.centre_id,
            self._centre_head(sheet.centre),
            self._centre_head(again),
            blocks,
        )

    def _centre_head(self, centre: str) -> Block:
        """Centre at the left, sector and day at the right, and the two lines that go with every
        sheet."""
        paper, say = self.paper, self.words
        which = [f"{say('ui', 'sector')} {self.listed.sector_id}, {say.day(self.listed.as_of)}"]
        if practice := practice_key(self.listed.facts):
            which.insert(0, say("ui", f"{practice}_short"))
        room = WIDTH - max(paper.width_of(told, size=SMALL) for told in which) - 4
        name = text(paper, f"{say('ui', 'centre')} {centre}", size=CENTRE, bold=True, width=room)
        high = max(name.height, len(which) * line_height(SMALL))

        def draw(y: float) -> None:
            name.draw(y)
            for number, told in enumerate(which):
                paper.write_line_to(RIGHT, y + number * line_height(SMALL), told, size=SMALL)

        return stack(
            [Block(high, draw), text(paper, say("ui", "sheet_reminder"), size=SMALL), space(1.5)]
        )

    # What others do.

    def _for_others(self) -> list[Part]:
        """The ANM's part and the officer's, each only where it names a child."""
        say, parts = self.words, []
        if self.listed.anm:
            parts.append(
                self._part(
                    ANM, say("ui", "anm_part"), say("ui", "anm_part_give"), self._anm_blocks()
                )
            )
        if self.listed.beyond:
            columns = others_columns(say, lambda line: str(self._page(line) or ""))
            rows = [
                row(self.paper, columns, line, size=SMALL)
                for line in beyond_lines(self.listed, say)
            ]
            heads = head_row(self.paper, columns, say, size=SMALL)
            parts.append(
                self._part(
                    OFFICER, say("ui", "beyond_title"), say("ui", "beyond_give"), [heads, *rows]
                )
            )
        return parts

    def _anm_blocks(self) -> list[Block]:
        """Those in danger first, one a line; the others two a line; both below the step that they
        need."""
        paper, columns, lines = (
            self.paper,
            anm_columns(self.words),
            anm_lines(self.listed, self.words),
        )
        blocks = []
        for danger in (True, False):
            steps: dict[str, list[ListLine]] = {}
            for line in (line for line in lines if line.row.candidate.danger == danger):
                steps.setdefault(line.step, []).append(line)
            for step, those in steps.items():
                tag = f"{self.words('sections_short', 'danger')}: " if danger else ""
                rows = (
                    [row(paper, columns, line, size=SMALL) for line in those]
                    if danger
                    else [
                        pair(paper, those[at : at + 2], self.words, size=SMALL)
                        for at in range(0, len(those), 2)
                    ]
                )
                heading = stack(
                    [space(1.5), text(paper, f"{tag}{step} ({len(those)})", size=READ, bold=True)]
                )
                blocks += [stack([heading, rows[0]]), *rows[1:]]
        return blocks

    def _part(self, key: str, told: str, give: str, blocks: list[Block]) -> Part:
        warned = [(warning, SMALL, True) for warning in warnings(self.listed, self.words)]
        which = (title_of(self.listed, self.words), SMALL, False)
        begun = title(self.paper, told, [which, *warned, (give, SIZES[1], False)], size=CENTRE)
        again = title(
            self.paper, f"{told}, {self.words('ui', 'continued')}", [which, *warned], size=CENTRE
        )
        return Part(key, begun, again, blocks)

    def _page(self, line: ListLine) -> int | None:
        """The page on which the child's centre has its sheet; None where it has none."""
        return self.page_of.get(CENTRE_KEY + line.row.candidate.centre_id)
