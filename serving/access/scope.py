"""The area that a person may see, and what may stand as a name in a token or a log."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from registry.contract.errors import UsageError
from registry.contract.tables import LONGEST_TEXT

AREAS = ("sector", "project", "district", "state")
LONGEST_NAME = 200
TURNS_TEXT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of what follows: in a name they make a log read as what it does not
say."""


def is_name(text: object, *, longest: int = LONGEST_NAME) -> bool:
    """Whether this can be written down as a name: 1 to 200 signs of text, in any script; no half
    signs (surrogates), control signs or line breaks, which a database or a seal refuses."""
    return isinstance(text, str) and len(text) <= longest and _is_plain(text)


@functools.lru_cache(4096)
def _is_plain(text: str) -> bool:
    if not text.strip():
        return False
    return not any(
        sign in TURNS_TEXT or unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")
        for sign in text
    )


@dataclass(frozen=True)
class Scope:
    """The area that a person may see: sectors, projects, districts by id, or the whole state."""

    sectors: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    districts: frozenset[str] = frozenset()
    state: bool = False

    @classmethod
    def of(cls, texts: Iterable[str]) -> Scope:
        """From texts such as `sector:S0001`, `project:P01`, `district:D1`, `state:*`. Raises
        UsageError on others."""
        parts: dict[str, set[str]] = {area: set() for area in AREAS}
        for text in texts:
            area, _, name = text.partition(":")
            if (
                area not in AREAS
                or not is_name(name, longest=LONGEST_TEXT)
                or (area == "state" and name != "*")
            ):
                raise UsageError(
                    "ACC001", "a scope is sector:ID, project:ID, district:ID or state:*"
                )
            parts[area].add(name)
        return cls(
            frozenset(parts["sector"]),
            frozenset(parts["project"]),
            frozenset(parts["district"]),
            state=bool(parts["state"]),
        )

    @property
    def texts(self) -> list[str]:
        """The texts that `of` reads, sorted."""
        named = zip(AREAS, (self.sectors, self.projects, self.districts), strict=False)
        return (
            sorted(f"{area}:{name}" for area, names in named for name in names)
            + ["state:*"] * self.state
        )

    @classmethod
    def claimed(cls, scope: object) -> Scope:
        """From a token's claim: a list of such texts, each one area whatever signs its id has; or,
        as OAuth's issuers write it, one text of several separated by spaces, in which an id's own
        spaces are written %20.

        Example: ["sector:X state:*"] is one sector of an odd name and never the state.
        """
        if isinstance(scope, str):
            return cls.of(unquote(text, errors="strict") for text in scope.split(" ") if text)
        if not isinstance(scope, list) or not all(isinstance(text, str) for text in scope):
            raise UsageError("ACC001", "a token's scope is a list of texts")
        return cls.of(scope)

    @property
    def quoted(self) -> str:
        """The areas as one text to show, separated by spaces; signs in an id that could be taken
        for others as %20."""
        parts = (text.partition(":") for text in self.texts)
        return " ".join(
            f"{area}:{name if name == '*' and area == 'state' else quote(name)}"
            for area, _, name in parts
        )
