"""The page `docs/rules.md`, written from the contract's declarations: `python -m
registry.contract.rules_page`."""

from __future__ import annotations

from pathlib import Path

from registry.contract.rules import RULES
from registry.contract.tables import SPECS, ColumnSpec, bound

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def page() -> str:
    """The whole page as Markdown."""
    rules = [f"| {rule.code} | {rule.title} | {rule.advice} |" for rule in RULES.values()]
    lines = [
        "# Tables, bounds and rules",
        "",
        (
            "Made from `registry/contract/tables.py` and `registry/contract/rules.py` by "
            "`python -m registry.contract.rules_page`; a test keeps it so."
        ),
        "",
        "## Rules",
        "",
        "REG001 to REG008 refuse a source as a whole (nothing is changed, exit code 3), "
        "except REG005, "
        "which like all others refuses one row.",
        "",
        "| code | what is wrong | what to do |",
        "|---|---|---|",
        *rules,
        "",
    ]
    for spec in SPECS.values():
        needed = "must be there" if spec.needed else "may be missing"
        lines += [
            f"## {spec.name}",
            "",
            f"Key: {', '.join(spec.key)}. The table {needed}.",
            "",
            "| column | kind | may be empty | bound | code |",
            "|---|---|---|---|---|",
            *(_line(column) for column in spec.columns),
            "",
        ]
    return "\n".join(lines)


def _line(column: ColumnSpec) -> str:
    limit = bound(column) if column.kind not in ("id", "text") else "1 to 500 characters"
    empty = "no" if column.required else "yes"
    return f"| {column.name} | {column.kind} | {empty} | {limit} | {column.rule} |".replace(
        "|  |", "| |"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
