"""Lines of a MAP.toml: headers, settings and remarks, quoted as TOML has them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from registry.contract.tables import SPECS, bound


def one_or_list(texts: list[str]) -> str:
    """One text, or a list of several."""
    return quoted(texts[0]) if len(texts) == 1 else f"[{', '.join(map(quoted, texts))}]"


def without_repeats(patterns: list[str]) -> list[str]:
    """Patterns that differ only in how a month's name is written are one."""
    joined: dict[str, str] = {}
    for pattern in patterns:
        plain = pattern.replace("{Mon}", "{Month}")
        joined[plain] = pattern if joined.get(plain, pattern) == pattern else plain
    return list(joined.values())


def setting_table(headers: list[str], settings: Mapping[str, object]) -> str:
    """What stands after a column's name: its header, or a table with its settings."""
    source = one_or_list(headers)
    if not settings:
        return source
    return (
        "{ " + ", ".join([f"from = {source}", *(_setting(*one) for one in settings.items())]) + " }"
    )


def as_table(told: str) -> str:
    """The same as a table in any case."""
    return told if told.startswith("{") else f"{{ from = {told} }}"


def _setting(name: str, value: object) -> str:
    if isinstance(value, dict):
        return (
            f"{name} = {{ "
            + ", ".join(f"{quoted(key)} = {quoted(code)}" for key, code in value.items())
            + " }"
        )
    if isinstance(value, list):
        return f"{name} = [{', '.join(map(quoted, value))}]"
    return f"{name} = {value if isinstance(value, int) else quoted(str(value))}"


def missing_line(table: str, column: str) -> str:
    """A remark for a column that must be there and is not."""
    limit = bound(SPECS[table].column(column))
    return f'# {column} = ?   (required: a header, or {{ value = "…" }} for all rows; {limit})'


def quoted(text: str) -> str:
    """A TOML string: its escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def plain(text: str) -> str:
    """Text for a comment, on one line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
