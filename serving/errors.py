"""Why the service's own rooms refuse: one class for each reason, below HTTP and the command line.

Each has the code and the exit code with which the command `sanket` says it; what an HTTP client is
told of it stands once, in `serving/http/problems.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from registry.contract.errors import SanketError

FieldErrors = Iterable[dict[str, object]]


class ServingError(SanketError):
    """A refusal of this room. `errors`: `{"field", "problem"}` pairs without the values given."""

    stands_for = ""

    def __init__(self, message: str, *, errors: FieldErrors = ()):
        super().__init__(self.stands_for, message)
        self.errors = list(errors)


class BookUnreadable(ServingError):
    """The database of the score book does not answer, is broken or may not be read."""

    stands_for, exit_code = "LST013", 3

    @classmethod
    def of(cls, error: Exception) -> BookUnreadable:
        """The refusal that stands for an error of the database: its kind, nothing of what was
        asked."""
        kind = type(getattr(error, "orig", None) or error).__name__
        return cls(
            f"the score book cannot be read ({kind}): check that the store's database answers, is "
            "whole, and may be read by you"
        )


class NoScoreBook(BookUnreadable):
    """This service was started without a store."""


class NothingScored(ServingError):
    """The score book can be read, and no run stands in it by the day asked for."""

    stands_for, exit_code = "LST011", 3


class OutOfScope(ServingError):
    """A sector or a child that is not in the run, or that this reader may not see: never told
    apart."""

    stands_for, exit_code = "LST012", 3


class SectorNotNamed(ServingError):
    """The scope has several sectors: one must be named."""

    stands_for, exit_code = "LST012", 2


class OutcomeRefused(ServingError):
    """What a visit found does not have the documented form, or the registry would refuse it."""

    stands_for, exit_code = "LST014", 3


class NotKept(ServingError):
    """What was done cannot be written down now: the database is full, locked or away."""

    stands_for, exit_code = "LST015", 3


class NeverKept(NotKept):
    """An entry of the audit log that no database would keep as it is: no use trying again."""


class KeyTaken(ServingError):
    """An Idempotency-Key that came with another outcome before."""

    stands_for, exit_code = "LST016", 3


class AnsweringStill(ServingError):
    """A request with the same Idempotency-Key is being answered."""

    stands_for, exit_code = "LST017", 3


class AccessError(ServingError):
    """Who asks is not known, or may not do this."""

    exit_code = 5


class UnknownToken(AccessError):
    """No token, a forged one, an expired one, a malformed one: never told apart."""

    stands_for = "ACC008"


class NotPermitted(AccessError):
    """The role of the token does not allow this."""

    stands_for = "ACC009"


class IssuerUnreachable(AccessError):
    """The signing keys of the token's issuer could not be fetched."""

    stands_for = "ACC010"


class OtherSite(AccessError):
    """A form carried by a cookie that was not sent from the service's own pages."""

    stands_for = "ACC011"


class PastDeadline(ServingError):
    """An answer was not ready by its deadline."""

    stands_for, exit_code = "SRV008", 3
