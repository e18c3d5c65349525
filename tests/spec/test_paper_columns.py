"""Tables on paper: a line ends between words, in every language; what does not fit gets a wider column
or smaller letters, never a cut in a word."""

import io
import re

import pypdf
import pytest

from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.visits.paper.columns import fitted_columns, head_size, lines_of
from serving.visits.paper.ink import LEFT, RIGHT, Paper
from serving.visits.paper.list_tables import BETWEEN, head_row, others_columns, overview_columns

ROOM = RIGHT - LEFT
MARATHI = ["महिना", "मोजलेल्यांपैकी SAM", "उपचाराविना SAM", "उपचारादरम्यान मृत्यू", "बरे झाले नाहीत"]


@pytest.fixture
def paper():
    made = Paper(words("mr"))
    made.add_page()
    yield made
    made.finished()


def columns_of(paper, heads, rows, *, asked=None, room=ROOM, size=9.5):
    return fitted_columns(
        paper, heads, rows, asked=asked or [1.0] * len(heads), size=size, room=room, between=1.5
    )


def written(paper):
    """The lines of a page, as a reader copies them."""
    page = pypdf.PdfReader(io.BytesIO(paper.finished())).pages[0]
    texts = re.findall(rb"/ActualText <FEFF([0-9A-F]+)>", page.get_contents().get_data())
    return [bytes.fromhex(text.decode()).decode("utf-16-be") for text in texts]


def test_columns_are_as_asked_where_every_word_has_room(paper):
    made = columns_of(paper, ["का", "पान"], [["12", "3"]], asked=[3.0, 1.0])
    assert made.size == 9.5 and made.widths == pytest.approx([ROOM * 3 / 4, ROOM / 4])


def test_a_column_narrower_than_its_longest_word_is_widened_at_the_cost_of_others(paper):
    made = columns_of(paper, ["उपचारादरम्यान मृत्यू", "का"], [["0", "1"]], asked=[1.0, 30.0])
    assert made.size == 9.5 and sum(made.widths) == pytest.approx(ROOM)
    assert made.widths[0] > ROOM / 31
    assert paper.width_of("उपचारादरम्यान", size=9.5, bold=True) <= made.widths[0] - 1.5 + 1e-9


@pytest.mark.parametrize("room", [ROOM, 90.0, 60.0, 25.0])
def test_no_head_is_cut_in_a_word_however_little_room_there_is(paper, room):
    rows = [["ऑक्टो 2025", "10.2%", "120", "दाखवले नाही", "13"]]
    made = columns_of(paper, MARATHI, rows, room=room)
    assert sum(made.widths) <= room + 1e-6
    for head, width in zip(MARATHI, made.widths, strict=True):
        lines = lines_of(paper, head, width=width - 1.5, size=made.size, bold=True)
        assert " ".join(lines) == head


def test_short_cells_stay_on_one_line_in_letters_that_can_still_be_read(paper):
    rows = [["ऑक्टो 2025", "10.2%", "120", "दाखवले नाही", "दाखवले नाही"]]
    made = columns_of(paper, MARATHI, rows, room=84.0)
    assert 7.0 <= made.size < 9.5
    for told, width in zip(rows[0], made.widths, strict=True):
        assert lines_of(paper, told, width=width - 1.5, size=made.size) == [told]


def test_a_code_without_a_space_is_cut_between_letters_and_their_signs(paper):
    code = "अंगणवाडीक्रमांकत्रेपन्न"
    lines = lines_of(paper, code, width=9.0, size=12.0)
    assert len(lines) > 2 and "".join(lines) == code
    for line in lines:
        assert line[0] not in "\u0902\u093e\u093f\u0940\u0947\u094d", "a sign without its letter"
        assert not line.endswith("\u094d"), "half a letter"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("columns", [overview_columns, others_columns])
def test_the_heads_of_the_visit_list_are_whole_words_within_their_columns(language, columns):
    say = words(language)
    made, paper = columns(say, lambda line: ""), Paper(say)
    paper.add_page()
    head_row(paper, made, say, size=12.0).draw(20.0)
    size = head_size(
        paper,
        [column.head for column in made],
        [column.width - BETWEEN for column in made],
        size=12.0,
    )
    assert size > 9.0
    for column in made:
        for line in lines_of(paper, column.head, width=column.width - BETWEEN, size=size):
            assert paper.width_of(line, size=size) <= column.width - BETWEEN + 0.01
    told = " ".join([*(column.head for column in made), say("ui", "done")]).split()
    assert " ".join(written(paper)).split() == told


def test_a_head_that_is_too_long_for_its_column_is_written_smaller(paper):
    size = head_size(paper, ["क्रमांक", "का"], [8.0, 20.0], size=12.0)
    assert size < 12.0 and paper.width_of("क्रमांक", size=size) == pytest.approx(8.0)
    assert lines_of(paper, "क्रमांक", width=8.0, size=size) == ["क्रमांक"]
