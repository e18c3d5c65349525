"""A published forecast: whole or not at all, the newest stands, and small counts in it are withheld
with those that would give them away."""

import datetime as dt

import numpy as np
import pytest
import sqlalchemy as sa

from care.programme import published_forecast as book
from care.programme.published_forecast import AreaAlert, AreaForecast, Publication
from registry.contract.errors import UsageError
from registry.store.store import open_store
from training.forecasting.counts_panel import Panel
from training.forecasting.publication import hidden_counts


def publication(origin="2026-06", as_of=dt.date(2026, 6, 30), horizon=2):
    return Publication(
        counted="confirmed_sam",
        level="sector",
        origin=origin,
        horizon=horizon,
        as_of=as_of,
        made_on=dt.date(2026, 7, 2),
        facts={"warnings": ["few months"]},
    )


def area(name, first, level="sector", history=()):
    quantiles = np.array([[first + k for k in range(7)], [first + 1 + k for k in range(7)]])
    return AreaForecast(level, name, np.array([first, first + 1.0]), quantiles, history)


@pytest.fixture
def engine(tmp_path):
    store = open_store(str(tmp_path / "x.db"))
    yield store.engine
    store.close()


def test_what_is_published_is_read_back_as_it_was(engine):
    history = (3, None, book.WITHHELD, 12)
    alert = AreaAlert("sector", "S1", "above_band", "2026-06", 12.0, 4.5)
    book.publish(
        engine, publication(), [area("S1", 2.0, history=history), area("S2", 5.0)], [alert]
    )
    found = book.newest(engine, "confirmed_sam")
    assert (found.origin, found.level, found.made_on) == ("2026-06", "sector", dt.date(2026, 7, 2))
    assert found.months == ["2026-07", "2026-08"] and found.facts == {"warnings": ["few months"]}
    areas = book.areas_of(engine, found, "sector")
    assert list(areas) == ["S1", "S2"] and areas["S1"].history == history
    assert areas["S2"].mean.tolist() == [5.0, 6.0] and areas["S1"].quantiles[1, 6] == 9.0
    assert list(book.areas_of(engine, found, "sector", ["S2"])) == ["S2"]
    assert book.areas_of(engine, found, "district") == {}
    assert book.alerts_of(engine, found, "sector", ["S1"]) == [alert]
    assert book.alerts_of(engine, found, "sector", ["S2"]) == []


def test_a_year_ends_in_december():
    assert publication("2026-11", horizon=3).months == ["2026-12", "2027-01", "2027-02"]


def test_nothing_is_published_in_a_new_store(engine):
    assert book.newest(engine, "confirmed_sam") is None


def test_a_publication_that_breaks_off_leaves_the_former_one(engine):
    book.publish(engine, publication("2026-05", dt.date(2026, 5, 31)), [area("S1", 1.0)])

    def breaks_off():
        yield area("S1", 9.0)
        raise RuntimeError("the power fails")

    with pytest.raises(RuntimeError):
        book.publish(engine, publication(), breaks_off())
    twice = [area("S1", 9.0), area("S1", 9.0)]
    with pytest.raises(sa.exc.IntegrityError):
        book.publish(engine, publication(), twice)
    found = book.newest(engine, "confirmed_sam")
    assert found.origin == "2026-05"
    assert book.areas_of(engine, found, "sector")["S1"].mean[0] == 1.0
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(book.FORECASTS)) == 1


def test_the_last_one_of_a_month_stands_and_an_earlier_month_is_refused(engine):
    book.publish(engine, publication(), [area("S1", 1.0)])
    book.publish(engine, publication(), [area("S1", 3.0)])
    found = book.newest(engine, "confirmed_sam")
    assert book.areas_of(engine, found, "sector")["S1"].mean[0] == 3.0
    with pytest.raises(UsageError, match="FCT016"):
        book.publish(engine, publication("2026-05", dt.date(2026, 5, 31)), [area("S1", 7.0)])
    book.publish(engine, publication("2026-07", dt.date(2026, 7, 31)), [area("S1", 4.0)])
    assert [one.origin for one in book.published(engine, "confirmed_sam")] == ["2026-07", "2026-06"]
    by = dt.date(2026, 7, 30)
    assert book.newest(engine, "confirmed_sam", by=by).origin == "2026-06"


def test_only_the_newest_two_keep_the_counts_they_were_made_from(engine):
    for month in ("2026-05", "2026-06", "2026-07"):
        as_of = dt.date.fromisoformat(f"{month}-28")
        book.publish(engine, publication(month, as_of), [area("S1", 1.0, history=(7, 8))])
    kept = [
        book.areas_of(engine, one, "sector")["S1"].history
        for one in book.published(engine, "confirmed_sam")
    ]
    assert kept == [(7, 8), (7, 8), ()]


def test_a_small_count_is_withheld_with_one_beside_it():
    """S1 3 and S2 20 make P1's 23: who is told 23 and 20 knows the 3."""
    names = np.array(["S1", "S2", "S3"])
    projects = np.array(["P1", "P1", "P2"])
    counts = np.array([[3.0, 9.0], [20.0, 8.0], [30.0, np.nan]])
    finest = Panel(names, 600, counts, {"project": projects})
    above = finest.summed("project")
    of_sectors, of_projects = hidden_counts([finest, above], ["sector", "project"])
    assert of_sectors.tolist() == [[True, False], [True, False], [False, False]]
    assert of_projects.tolist() == [[False, False], [False, False]]
