"""How many children neither of two registers knows: capture and recapture.

Chapman DG. Some properties of the hypergeometric distribution with applications to zoological
sample censuses. 1951: the estimate (n1 + 1)(n2 + 1) / (m + 1) - 1 of the whole, n1 and n2 being
known to each of two lists and m to both. Sources cited from memory (verified: false).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scipy.stats import hypergeom

FEWEST_IN_BOTH = 7
"""With fewer in both lists nothing is estimated: the estimate is then too low on average (Robson
and Regier 1964; verified: false)."""
TAIL = 0.025


@dataclass(frozen=True)
class Recapture:
    """Children known to each list, to both, and, estimated, to neither, with the 95 % interval."""

    here: int
    there: int
    both: int
    neither: float
    low: int
    high: int

    @property
    def known(self) -> int:
        """Children whom at least one list knows."""
        return self.here + self.there - self.both

    @property
    def share_known(self) -> float:
        """Of all children as estimated, those whom at least one list knows."""
        return self.known / max(self.known + self.neither, 1)


def neither(here: int, there: int, both: float) -> float:
    """Chapman's estimate of those on neither list. Example: 60 here, 50 there, 30 in both:
    61 x 51 / 31 - 1 = 99.4 in all, of whom 80 are known: 19.4."""
    whole = (here + 1) * (there + 1) / (both + 1) - 1
    return max(whole - (here + there - both), 0.0)


def estimate(here: int, there: int, both: int) -> Recapture | None:
    """What the two lists say of those on neither; None with fewer than `FEWEST_IN_BOTH` in both.

    The interval is exact: all sizes of the whole under which so many in both, or more, and so many
    or fewer, are each likelier than one in forty (m is hypergeometric given n1 and n2).
    """
    if both < FEWEST_IN_BOTH:
        return None
    known = here + there - both

    def as_few(whole: int) -> bool:
        return bool(hypergeom.cdf(both, whole, here, there) >= TAIL)

    def as_many(whole: int) -> bool:
        return bool(hypergeom.sf(both - 1, whole, here, there) >= TAIL)

    low = _first(as_few, known)
    high = _first(lambda whole: not as_many(whole), known)
    return Recapture(here, there, both, neither(here, there, both), low - known, high - 1 - known)


def _first(holds: Callable[[int], bool], start: int) -> int:
    """The first whole number from `start` on for which it holds, where it stays so once it does."""
    if holds(start):
        return start
    step = 1
    while not holds(start + step):
        step *= 2
    below, found = start + step // 2, start + step
    while found - below > 1:
        middle = (below + found) // 2
        below, found = (below, middle) if holds(middle) else (middle, found)
    return found


@dataclass(frozen=True)
class Sensitivity:
    """The estimate of those on neither list, were an assumption wrong by so much; and that in
    words."""

    name: str
    words: str
    neither: float


def sensitivities(found: Recapture, *, waiting: int) -> tuple[Sensitivity, ...]:
    """The estimate under wrong links and dependent lists. `waiting`: pairs of two children, one of
    each list, whom a person has not decided."""
    here, there, both = found.here, found.there, found.both

    def at(changed: float) -> float:
        return neither(here, there, min(max(changed, 0.0), here, there))

    said = (
        ("one_link_false", "if one of the links is of two children", at(both - 1)),
        ("one_link_missing", "if one link was missed", at(both + 1)),
        ("links_5_percent_false", "if 5 in 100 links are of two children", at(both * 0.95)),
        ("links_5_percent_missing", "if 5 in 100 links were missed", at(both / 0.95)),
        (
            "all_waiting_same",
            f"if all {waiting} pairs that wait for a person are one child each",
            at(both + waiting),
        ),
        # In a table of two by two the unseen cell is the odds ratio times the product of the other
        # two over that of both.
        (
            "likelier_if_known",
            "if the odds to be on one list are twice as high for a child on the other",
            2.0 * found.neither,
        ),
        (
            "less_likely_if_known",
            "if the odds to be on one list are half as high for a child on the other",
            0.5 * found.neither,
        ),
    )
    return tuple(Sensitivity(*one) for one in said)


ASSUMPTIONS = (
    "Independence: to be found by one register must make it neither likelier nor less likely to be "
    "found by the other. Where one worker fills both, children are on both or on neither: the "
    "estimate is then too low. Where a child handed from one system to the other leaves the first, "
    "it is too high.",
    "Closed population: nobody comes, goes, is cured or dies within the month or months counted.",
    "The same chance for all: a hamlet that neither register reaches is not seen by the estimate "
    "either.",
    "No wrong links: a missed link makes the estimate too high, a false one too low. By how much, "
    "stands beside it.",
    "What each register calls SAM is found by the same rules from its own measurements; a wrong "
    "reading that makes a child SAM in one register only makes the estimate too high.",
)
"""What has to be true for the estimate to be, in plain words."""
