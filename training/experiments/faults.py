"""Faults of an experiment file, gathered so that all are said at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from registry.contract.errors import BadInput

SHOWN = 30


@dataclass
class Faults:
    """What is wrong with a `file`, each in a line: where, what, the bound, what to do."""

    file: str
    found: list[str] = field(default_factory=list)

    def add(self, where: str, what: str, todo: str) -> None:
        """Note one fault."""
        self.found.append(f"{where}: {what}; {todo}")

    def unknown(self, where: str, told: dict[str, Any], known: tuple[str, ...]) -> None:
        """Note every key that is none of those known."""
        for name in told:
            if name not in known:
                self.add(f"{where}{name}", "is not known here", f"give {', '.join(known)}")

    def raise_if_any(self) -> None:
        """`BadInput` TRN021 with all of them."""
        if not self.found:
            return
        more = len(self.found) - SHOWN
        lines = self.found[:SHOWN] + ([f"and {more} more"] if more > 0 else [])
        count = f"{len(self.found)} fault{'s' if len(self.found) > 1 else ''}"
        text = "\n".join(f"  {line}" for line in lines)
        raise BadInput("TRN021", f"{count} in {self.file}; nothing was trained:\n{text}")
