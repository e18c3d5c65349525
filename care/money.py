"""What the scheme costs: the Government Resolution's table 3.1 from its parameters, exact to the
paisa.

All amounts are whole paise (int), so nothing is rounded anywhere. The table is that of the
Government of Maharashtra's Resolution of 5 March 2024 (UCDC), section 3.1: food for every child
(one sachet a day), two more sachets for the children who need three, the worker's and the helper's
pay, then two yearly sums per project.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from registry.contract.errors import UsageError
from registry.indian_digits import grouped

PAISE = 100


@dataclass(frozen=True, kw_only=True)
class BudgetPlan:
    """What a budget is made from. Money in paise; `intensive_share` (0 to 1) of the children take
    three sachets.

    `children` are those of one round; a round feeds each child for `days`; the year has `rounds` of
    them.
    """

    children: int
    days: int
    sachet_price_paise: int
    intensive_share: Decimal
    extra_sachets: int
    pay_per_child_day_paise: int
    projects: int
    administration_per_project_paise: int
    contingency_per_project_paise: int
    rounds: int

    @property
    def intensive_children(self) -> int:
        """Children on three sachets: whole children, rounded down (20 % of 10,717 are 2,143)."""
        return int(self.children * self.intensive_share)

    @property
    def sachets_a_child_day(self) -> Decimal:
        """Sachets that a child takes in a day on average (20 % on three: 1.4)."""
        return 1 + self.extra_sachets * self.intensive_share


@dataclass(frozen=True)
class BudgetLine:
    """One row of the table: what for, how it is worked out, a round's and a year's amount in
    paise."""

    key: str
    label: str
    working: str
    round_paise: int
    year_paise: int


@dataclass(frozen=True)
class Budget:
    """A plan and its table. `sachets_round` and `sachets_year` are the EDNF sachets it buys."""

    plan: BudgetPlan
    lines: tuple[BudgetLine, ...]
    sachets_round: int
    sachets_year: int

    def line(self, key: str) -> BudgetLine:
        """The row of this key (`food`, `extra_food`, `pay`, `children_total`, …, `total`)."""
        return next(line for line in self.lines if line.key == key)


def budget(plan: BudgetPlan) -> Budget:
    """The table of a plan.

    Worked example (the Resolution's own): 10,717 children, 72 days, Rs 26.80 a sachet, 20 % on
    three, Rs 10 a child-day of pay, 104 projects at Rs 25,000 + 25,000, three rounds: Rs
    4,18,66,028.80 the first round with the yearly sums, Rs 11,51,98,086.40 the year.
    """
    per_child = _per_child_lines(plan)
    children_total = _total("children_total", "A. Food and pay", per_child)
    fixed = _fixed_lines(plan)
    total = _total("total", "Total (A + B + C)", (children_total, *fixed))
    sachets = (plan.children + plan.intensive_children * plan.extra_sachets) * plan.days
    return Budget(plan, (*per_child, children_total, *fixed, total), sachets, sachets * plan.rounds)


def _per_child_lines(plan: BudgetPlan) -> tuple[BudgetLine, ...]:
    price, pay = rupees(plan.sachet_price_paise), rupees(plan.pay_per_child_day_paise)
    extra, intensive = plan.extra_sachets, plan.intensive_children
    return (
        _each_round(
            plan,
            "food",
            "One EDNF sachet a day for every child",
            f"{plan.children} x {price} x {plan.days}",
            plan.children * plan.sachet_price_paise * plan.days,
        ),
        _each_round(
            plan,
            "extra_food",
            "Further sachets for children on three a day",
            f"{intensive} x {extra} x {price} x {plan.days}",
            intensive * extra * plan.sachet_price_paise * plan.days,
        ),
        _each_round(
            plan,
            "pay",
            "Worker's and helper's pay",
            f"{plan.children} x {pay} x {plan.days}",
            plan.children * plan.pay_per_child_day_paise * plan.days,
        ),
    )


def _each_round(plan: BudgetPlan, key: str, label: str, working: str, paise: int) -> BudgetLine:
    return BudgetLine(key, label, working, paise, paise * plan.rounds)


def _fixed_lines(plan: BudgetPlan) -> tuple[BudgetLine, ...]:
    sums = (
        ("administration", "B. Administration, a year", plan.administration_per_project_paise),
        ("contingency", "C. Contingency, a year", plan.contingency_per_project_paise),
    )
    return tuple(
        BudgetLine(
            key,
            label,
            f"{plan.projects} x {rupees(each)}",
            plan.projects * each,
            plan.projects * each,
        )
        for key, label, each in sums
    )


def _total(key: str, label: str, lines: tuple[BudgetLine, ...]) -> BudgetLine:
    return BudgetLine(
        key,
        label,
        "",
        sum(line.round_paise for line in lines),
        sum(line.year_paise for line in lines),
    )


def rupees(paise: int) -> str:
    """An amount as India writes it: `rupees(11519808640)` is "Rs 11,51,98,086.40"."""
    sign, whole, rest = "-" if paise < 0 else "", *divmod(abs(paise), PAISE)
    return f"Rs {sign}{grouped(whole)}.{rest:02d}"


def paise(rupees_text: str | Decimal, *, name: str) -> int:
    """Paise of an amount in rupees; a fraction of a paisa, a negative amount or no number is
    refused."""
    amount = _number(rupees_text, name=name) * PAISE
    if amount < 0 or amount != amount.to_integral_value():
        raise UsageError(
            "CARE011",
            f"{name} is {rupees_text}: give rupees of 0 or more with at most two decimals.",
        )
    return int(amount)


def share(text: str | Decimal, *, name: str) -> Decimal:
    """A share between 0 and 1."""
    value = _number(text, name=name)
    if not 0 <= value <= 1:
        raise UsageError(
            "CARE012", f"{name} is {text}: give a share between 0 and 1, such as 0.20."
        )
    return value


def _number(text: str | Decimal, *, name: str) -> Decimal:
    try:
        value = Decimal(text)
    except (ArithmeticError, ValueError):
        raise UsageError(
            "CARE010", f"{name} is {text!r}: give a plain number, such as 26.80."
        ) from None
    if not value.is_finite():
        raise UsageError("CARE010", f"{name} is {text!r}: give a plain number, such as 26.80.")
    return value
