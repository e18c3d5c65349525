"""A finding: what one numbered check says of one model, in one of five honest outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

PASS, TIP, ISSUE, SKIPPED, NOT_APPLICABLE = "pass", "tip", "issue", "skipped", "not_applicable"
OUTCOMES = (PASS, TIP, ISSUE, SKIPPED, NOT_APPLICABLE)


@dataclass(frozen=True)
class CheckResult:
    """What a check says: an outcome of `OUTCOMES`, one sentence (for the last two: the reason), and
    figures."""

    outcome: str
    message: str
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """A check's outcome on one model. An `issue` keeps the model from being promoted unless someone
    accepts it."""

    code: str
    title: str
    outcome: str
    message: str
    figures: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Finding:
        """What `as_dict` gave."""
        return cls(**told)


@dataclass(frozen=True)
class Check:
    """A numbered check: `asks` reads `training.checks.evidence.Evidence`; its docstring is its page
    in docs/checks/."""

    code: str
    title: str
    asks: Callable[..., CheckResult]

    def find(self, evidence: object) -> Finding:
        """Ask, and sign the answer with the check's number."""
        said = self.asks(evidence)
        return Finding(self.code, self.title, said.outcome, said.message, said.figures)


CHECKS: dict[str, Check] = {}
"""All checks by code; the modules `training.checks_*` fill it."""


def check(
    code: str, title: str
) -> Callable[[Callable[..., CheckResult]], Callable[..., CheckResult]]:
    """Enter a function as the numbered check `code`."""

    def enter(asks: Callable[..., CheckResult]) -> Callable[..., CheckResult]:
        if code in CHECKS:
            raise ValueError(f"{code} is taken")
        CHECKS[code] = Check(code, title, asks)
        return asks

    return enter


def passed(message: str, **figures: float) -> CheckResult:
    """Nothing to object to."""
    return CheckResult(PASS, message, figures)


def tip(message: str, **figures: float) -> CheckResult:
    """Worth knowing; no obstacle."""
    return CheckResult(TIP, message, figures)


def issue(message: str, **figures: float) -> CheckResult:
    """Reason not to promote."""
    return CheckResult(ISSUE, message, figures)


def skipped(because: str) -> CheckResult:
    """Could not be asked this time, because …"""
    return CheckResult(SKIPPED, because)


def not_applicable(because: str) -> CheckResult:
    """The question does not arise, because …"""
    return CheckResult(NOT_APPLICABLE, because)
