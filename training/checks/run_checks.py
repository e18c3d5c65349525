"""The numbered checks that a model passes before it may answer for anybody: RISK001 … RISK018.

`sanket train` runs them, the model card keeps what they found, `sanket promote` refuses on an
issue.
"""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np

from features.clock import Clock
from features.trajectory.context import Context
from training.checks import in_time, of_columns, of_figures
from training.checks.evidence import Evidence
from training.checks.finding import CHECKS, ISSUE, Check, Finding
from training.fitting.pipeline import Learned

ASKING = (in_time, of_columns, of_figures)
"""The modules that enter the checks."""
WITHOUT_RECORDS = frozenset({"RISK007"})
"""Checks that ask the program, not a training: asked again when a bundle is promoted."""


def run(
    learned: Learned,
    *,
    clock: Clock,
    context: Context | None = None,
    at_hand: np.ndarray | None = None,
) -> list[Finding]:
    """Every check on a training that has just ended, in the order of their numbers; `at_hand`:
    positions of the rows whose records the clock holds, where it does not hold all."""
    evidence = Evidence(clock, learned, context, at_hand)
    return [CHECKS[code].find(evidence) for code in sorted(CHECKS)]


def issues(findings: list[Finding]) -> list[Finding]:
    """Those that keep a model from being promoted."""
    return [finding for finding in findings if finding.outcome == ISSUE]


def page(numbered: Check) -> str:
    """The documentation page of one check (Markdown), from its code."""
    text = inspect.cleandoc(numbered.asks.__doc__ or "")
    return f"# {numbered.code}: {numbered.title}\n\n{text}\n"


def write_pages(folder: Path) -> None:
    """Write docs/checks/: one page a check, and a list."""
    folder.mkdir(parents=True, exist_ok=True)
    for code in sorted(CHECKS):
        (folder / f"{code}.md").write_text(page(CHECKS[code]), encoding="utf-8")
    (folder / "README.md").write_text(list_of_checks(), encoding="utf-8")


def list_of_checks() -> str:
    """The list of all checks (Markdown)."""
    lines = [f"- [{code}]({code}.md): {CHECKS[code].title}" for code in sorted(CHECKS)]
    head = (
        "# Checks before a model may be promoted\n\nMade from the code by "
        "`training.checks.run_checks.write_pages`.\n"
    )
    outcomes = (
        "\nEach says one of five: pass, tip, issue, skipped because …, not applicable because …\n"
    )
    return head + outcomes + "\n" + "\n".join(lines) + "\n"
