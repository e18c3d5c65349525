"""Whose rows of a returned list are taken: of children whom the token may see, now or, where no
book has them any more, on the day of the list."""

import datetime as dt
import time

import pytest

from serving.access.permissions import Person, Scope
from serving.app import create_app
from serving.book import outbox
from serving.http.observe import Log
from serving.visits.filled_lists import ReturnedLine, ReturnedList
from serving.visits.given_back import ReturnDesk
from tests.support.service_cases import KEY, book, row

MARCH, APRIL = dt.date(2026, 3, 1), dt.date(2026, 4, 1)


@pytest.fixture
def state(tmp_path, monkeypatch):
    """March's book has four children of S1 and one of S2; in April C-2 is well and in no book, C-3
    in that of S2, and C-4 has come from S2."""
    monkeypatch.setenv("SANKET_TODAY", "2026-04-02")
    monkeypatch.setattr(outbox.HandingOn, "_try", lambda self: None)
    app = create_app(
        str(tmp_path / "x.db"), tmp_path, key=KEY, log=Log(lambda _: None), follow=False
    )
    engine = app.state.engine
    book(
        engine, [*map(row, ("C-1", "C-2", "C-3")), row("C-4", "S2"), row("C-9", "S2")], as_of=MARCH
    )
    book(engine, [row("C-1"), row("C-4"), row("C-3", "S2"), row("C-9", "S2")], as_of=APRIL)
    yield app.state
    app.close()


def answered(state, *scopes: str, listed_on: str = "2026-03-01") -> dict[str, str]:
    """What becomes of each child's row before this token."""
    ids = ("C-1", "C-2", "C-3", "C-4", "C-9", "nobody")
    lines = tuple(
        ReturnedLine(one, dt.date(2026, 3, 5), "well", None, None, dated=True, row=n, sheet="")
        for n, one in enumerate(ids)
    )
    person = Person("test", "supervisor", Scope.of(scopes), time.time() + 60)
    desk = ReturnDesk(state, person, ReturnedList(lines, (), 0, {"as_of": listed_on}))
    answers = desk.answers(any_day=False)
    return {ids[one.row]: " ".join(one.why) or str(one.became) for one in answers}


def test_a_row_is_taken_of_a_child_of_the_scope_or_of_the_list_whom_no_book_has_now(state):
    kept, not_mine = "kept", "elsewhere"
    assert answered(state, "sector:S1") == {
        "C-1": kept, "C-2": kept, "C-3": not_mine, "C-4": kept, "C-9": not_mine, "nobody": not_mine
    }  # fmt: skip
    assert answered(state, "sector:S2") == {
        "C-1": not_mine, "C-2": not_mine, "C-3": kept, "C-4": not_mine, "C-9": kept,
        "nobody": not_mine,
    }  # fmt: skip
    assert answered(state, "project:P1") == dict.fromkeys(
        ("C-1", "C-2", "C-3", "C-4", "C-9"), kept
    ) | {"nobody": not_mine}
    assert set(answered(state, "sector:S3").values()) == {not_mine}


@pytest.mark.parametrize("listed_on", ["", "2020-01-01", "no day", "2026-04-01"])
def test_a_list_without_a_day_of_a_book_opens_nothing_more(state, listed_on):
    found = answered(state, "sector:S1", listed_on=listed_on)
    assert {child for child, said in found.items() if said == "kept"} == {"C-1", "C-4"}
