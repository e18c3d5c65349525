"""The Government Resolution's table 3.1, to the paisa."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.money import BudgetPlan, budget, paise, rupees, share
from registry.contract.errors import UsageError
from registry.indian_digits import grouped

RESOLUTION = BudgetPlan(
    children=10717,
    days=72,
    sachet_price_paise=2680,
    intensive_share=Decimal("0.20"),
    extra_sachets=2,
    pay_per_child_day_paise=1000,
    projects=104,
    administration_per_project_paise=2500000,
    contingency_per_project_paise=2500000,
    rounds=3,
)


@pytest.mark.parametrize(
    ("key", "a_round", "a_year"),
    [
        ("food", "Rs 2,06,79,523.20", "Rs 6,20,38,569.60"),
        ("extra_food", "Rs 82,70,265.60", "Rs 2,48,10,796.80"),
        ("pay", "Rs 77,16,240.00", "Rs 2,31,48,720.00"),
        ("children_total", "Rs 3,66,66,028.80", "Rs 10,99,98,086.40"),
        ("administration", "Rs 26,00,000.00", "Rs 26,00,000.00"),
        ("contingency", "Rs 26,00,000.00", "Rs 26,00,000.00"),
        ("total", "Rs 4,18,66,028.80", "Rs 11,51,98,086.40"),
    ],
)
def test_the_resolutions_table(key, a_round, a_year):
    line = budget(RESOLUTION).line(key)
    assert (rupees(line.round_paise), rupees(line.year_paise)) == (a_round, a_year)


def test_children_on_three_sachets_are_whole_and_rounded_down():
    assert RESOLUTION.intensive_children == 2143
    assert budget(RESOLUTION).sachets_round == (10717 + 2 * 2143) * 72


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "Rs 0.00"),
        (5, "Rs 0.05"),
        (99999, "Rs 999.99"),
        (100000, "Rs 1,000.00"),
        (10000000, "Rs 1,00,000.00"),
        (-123456789, "Rs -12,34,567.89"),
    ],
)
def test_rupees_as_india_writes_them(amount, text):
    assert rupees(amount) == text


@settings(max_examples=50)
@given(st.integers(-(10**15), 10**15))
def test_grouping_loses_no_digit(number):
    assert int(grouped(number).replace(",", "")) == number


@pytest.mark.parametrize("text", ["26.805", "-1", "NaN", "Infinity", "dear", ""])
def test_a_price_that_is_none_is_refused(text):
    with pytest.raises(UsageError):
        paise(text, name="--sachet-price")


@pytest.mark.parametrize("text", ["20", "-0.1", "1.01", "NaN"])
def test_a_share_that_is_none_is_refused(text):
    with pytest.raises(UsageError):
        share(text, name="--intensive-share")


def test_a_price_in_rupees_is_exact():
    assert paise("26.80", name="price") == 2680
    assert share("0.20", name="share") == Decimal("0.20")
