"""The one small tree of errors: each has a code, says what is wrong, where, the bound and what to
do.

A bad *record* is a value (a row of the quarantine), never an exception; these are for a bad
request, a bad file as a whole, or a refusal. Messages never hold a child's measurements, names or
ids.
"""

from __future__ import annotations


class SanketError(Exception):
    """Base of all errors that a person can mend; `exit_code` is what the command `sanket` ends
    with."""

    exit_code = 70

    def __init__(self, code: str, message: str, **facts: object):
        super().__init__(message)
        self.code = code
        self.message = message
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def __reduce__(self) -> tuple[object, ...]:
        """Whole across processes: a worker's refusal reaches the command with its code."""
        return _again, (type(self), self.message, self.__dict__.copy())


def _again(kind: type[SanketError], message: str, told: dict[str, object]) -> SanketError:
    error = kind.__new__(kind, message)
    error.args = (message,)
    error.__dict__.update(told)
    return error


class UsageError(SanketError):
    """The words of the command or request do not fit together."""

    exit_code = 2


class BadInput(SanketError):
    """A source, store or file as a whole cannot be used; nothing was changed."""

    exit_code = 3


class Refused(SanketError):
    """A check or a permission says no."""

    exit_code = 5
