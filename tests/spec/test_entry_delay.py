"""How late records come in: measured where imports came in, simulated where the past came in one;
and what a training that asks for everything sees."""

from dataclasses import replace

import numpy as np
import pytest

from registry.contract.registry import day_date, day_number
from tests.support.tiny_registry import tiny_registry
from training.cohorts.entry_delay import ENTRIES, IMPORTS, SIMULATED, as_recorded
from training.cohorts.known_until import known_until


@pytest.fixture(scope="module")
def registry():
    """Sixty children whose whole past came in one import."""
    return tiny_registry(60)


def entered(registry, known_from):
    """The registry with its weighings known from other days."""
    measured = registry.measurements.having(known_from=known_from.astype(np.int32))
    return replace(registry, measurements=measured)


def first_of_next_month(days):
    """The first day of the month after each day."""
    months = days.astype("datetime64[D]").astype("datetime64[M]") + 1
    return months.astype("datetime64[D]").astype(np.int64)


def test_a_first_import_is_known_until_its_records_end(registry):
    assert known_until(registry) == registry.recorded_until


def test_the_newest_import_counts_though_it_came_in_after_the_last_record(registry):
    """Records until the end of the month that an import of the fifth brought."""
    own = registry.measurements["measured_on"].astype(np.int64)
    came = registry.recorded_until + 5
    monthly = entered(registry, np.where(own > registry.recorded_until - 30, came, own))
    assert known_until(monthly) == came


def test_a_past_of_one_import_is_taken_to_have_come_in_monthly(registry):
    """A weighing of 14 March 2024 is scored from on 1 April, one of 1 April from 1 May."""
    late, delay = as_recorded(registry)
    own, known = (late.measurements[name] for name in ("measured_on", "known_from"))
    np.testing.assert_array_equal(known, first_of_next_month(own))
    assert delay.how == SIMULATED and 10 < delay.median_days < 20
    assert {day_date(int(day)).day for day in delay.days} == {1}


def test_stays_and_their_closes_come_in_late_too(registry):
    stays = as_recorded(registry)[0].episodes
    np.testing.assert_array_equal(stays["known_from"], first_of_next_month(stays["admitted_on"]))
    np.testing.assert_array_equal(
        stays["closed_known_from"], first_of_next_month(stays["closed_on"])
    )


def test_imports_are_measured_and_the_past_is_taken_to_have_come_in_alike(registry):
    """From 2024-10-01 on, imports of each month's first: they keep their days, and the months
    before get days like them."""
    own = registry.measurements["measured_on"].astype(np.int64)
    since = day_number("2024-10-01")
    come = np.where(own >= since, first_of_next_month(own), own)
    late, delay = as_recorded(entered(registry, come))
    known = late.measurements["known_from"]
    assert delay.how == IMPORTS
    np.testing.assert_array_equal(known[own >= since], come[own >= since])
    before = own < since
    assert np.all(known[before] > own[before]) and np.all(known[before] - own[before] <= 31)
    assert np.isin(known[before], delay.days).all()


def test_days_of_entry_are_measured_where_they_are_no_imports(registry):
    """Each weighing written down with its day of entry, nine days later in the middle."""
    own = registry.measurements["measured_on"].astype(np.int64)
    days = np.random.default_rng(3).integers(4, 15, len(own))
    late, delay = as_recorded(entered(registry, own + days))
    np.testing.assert_array_equal(late.measurements["known_from"], own + days)
    stays = late.episodes
    assert delay.how == ENTRIES and np.median(stays["known_from"] - stays["admitted_on"]) == (
        pytest.approx(9, abs=2)
    )
