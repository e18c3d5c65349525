"""Every error code but those of records, each with what is wrong and what to do.

A code is declared once, in `error_codes.toml` (TOML refuses a second), and the page
`docs/errors.md` is made from it: `python -m registry.contract.error_codes`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

DECLARED = Path(__file__).with_name("error_codes.toml")
PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


@dataclass(frozen=True)
class ErrorCode:
    """One code: what is wrong, and what a person does about it."""

    code: str
    title: str
    advice: str


@dataclass(frozen=True)
class Family:
    """The codes of one concern: their common letters, and what they are about."""

    letters: str
    about: str
    codes: tuple[ErrorCode, ...]


def families() -> tuple[Family, ...]:
    """All families, as the file orders them."""
    declared = tomllib.loads(DECLARED.read_text(encoding="utf-8"))
    return tuple(
        Family(
            letters,
            entries.pop("about"),
            tuple(ErrorCode(code, *said) for code, said in entries.items()),
        )
        for letters, entries in declared.items()
    )


def codes_of(letters: str) -> dict[str, ErrorCode]:
    """The codes of one family."""
    (family,) = (one for one in families() if one.letters == letters)
    return {one.code: one for one in family.codes}


def page() -> str:
    """The page `docs/errors.md` as Markdown."""
    lines = [
        "# Errors",
        "",
        "Made from `registry/contract/error_codes.toml` by `python -m "
        "registry.contract.error_codes`; a test keeps it so.",
        "",
        "A message is `CODE: what, where, the bound, what to do`. The command `sanket` ends with 0 "
        "(done), 2 (the words do not fit together), 3 (a file, store or source cannot be used; "
        "nothing was changed), 4 (more rows quarantined than allowed), 5 (a check or a permission "
        "says no) or 70 (our fault).",
        "",
        "Other codes: of records, REG001 to REG053, in [rules](rules.md); of the checks before a "
        "model may be promoted, RISK001 to RISK018, in [checks](checks/README.md); the HTTP status "
        "of each API code in [service](serving.md).",
        "",
    ]
    for family in families():
        lines += [f"## {family.letters}: {family.about}", ""]
        lines += ["| code | what is wrong | what to do |", "|---|---|---|"]
        lines += [f"| {one.code} | {one.title} | {one.advice} |" for one in family.codes]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
