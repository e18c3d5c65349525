"""What day it is for the programme."""

from __future__ import annotations

import datetime as dt

import pytest

from registry.contract.errors import UsageError
from registry.machine import today as module
from registry.machine.today import today


class _At(dt.datetime):
    """A clock that stands at 20:00 UTC on 16 March 2026."""

    @classmethod
    def now(cls, tz=None):
        return dt.datetime(2026, 3, 16, 20, 0, tzinfo=dt.UTC).astimezone(tz)


@pytest.fixture
def in_the_evening(monkeypatch):
    for name in ("SANKET_TODAY", "SANKET_TIMEZONE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module.dt, "datetime", _At)


@pytest.mark.parametrize(
    ("zone", "day"), [(None, 17), ("Asia/Kolkata", 17), ("UTC", 16), ("America/New_York", 16)]
)
def test_it_is_tomorrow_in_india_before_it_is_on_a_server(in_the_evening, monkeypatch, zone, day):
    if zone:
        monkeypatch.setenv("SANKET_TIMEZONE", zone)
    assert today() == dt.date(2026, 3, day)


def test_the_calendar_can_stand_still(in_the_evening, monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", "2026-01-31")
    assert today() == dt.date(2026, 1, 31)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SANKET_TIMEZONE", "Mars/Olympus"),
        ("SANKET_TIMEZONE", "../etc/passwd"),
        ("SANKET_TODAY", "tomorrow"),
    ],
)
def test_a_zone_or_a_day_that_is_none_is_said(in_the_evening, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=name) as wrong:
        today()
    assert wrong.value.code == "REG069"
