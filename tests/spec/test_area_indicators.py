"""An area's figures: none from which a withheld one can be worked out, and also from a book of an
earlier version."""

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from serving.access.permissions import Scope
from serving.book.area_indicators import indicators
from serving.book.disclosure import shares
from serving.book.reader import Reader
from serving.database import engine_of
from tests.support.service_cases import book, row


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 12), max_size=8))
def test_a_state_of_few_children_cannot_be_told_from_the_sum_of_all(counts):
    told = shares(counts)
    withheld = [state for state in counts if told[state] is None]
    assert all(told[state] in (None, count) for state, count in counts.items())
    assert all(state in withheld for state, count in counts.items() if count < 5)
    assert (
        not withheld
        or withheld == list(counts)
        or (len(withheld) > 1 and sum(counts[state] for state in withheld) >= 5)
    )


def test_a_book_of_an_earlier_version_is_completed_when_it_is_read(tmp_path):
    engine = engine_of(str(tmp_path / "x.db"))
    book(engine, [row("C-1", "S1")])
    with engine.begin() as connection:
        for table in ("sanket_run_areas", "sanket_ticks"):
            connection.execute(sa.text(f"DROP TABLE {table}"))
    engine.dispose()
    again = engine_of(str(tmp_path / "x.db"))
    reader = Reader(again, Scope.of(["state:*"]))
    assert [child.child_id for child in reader.candidates()] == ["C-1"]
    assert indicators(reader)["programme"]["sector"] == []
    again.dispose()
