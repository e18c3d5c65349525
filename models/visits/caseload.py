"""How many children of an area are in treatment, in danger, overdue: one rule for pages, lists and
the API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from care.pathway.decide import IN_TREATMENT
from models.visits.listed_child import Candidate


@dataclass(frozen=True)
class Caseload:
    """Children of the score book: all of them, in treatment, in danger, and those whose step is
    late on the day to which their days late are counted, whoever is to do it and visited or not."""

    children: int = 0
    in_treatment: int = 0
    in_danger: int = 0
    overdue: int = 0


def is_overdue(child: Candidate) -> bool:
    """Whether the child's step is late on the day to which `overdue_days` is counted."""
    return (child.overdue_days or 0) > 0


def caseload(children: Iterable[Candidate]) -> Caseload:
    """The children counted."""
    everyone = list(children)
    return Caseload(
        len(everyone),
        sum(child.state in IN_TREATMENT for child in everyone),
        sum(child.danger for child in everyone),
        sum(map(is_overdue, everyone)),
    )
