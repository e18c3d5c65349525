"""Reads tokens: who asks, in which role, for which area. A token is a JWT, signed by a configured
issuer or by the local key of the store.

`Scope` is the area; nothing reads the score book without one (`serving/book/reader.py`), so that
there is one place where a query is limited and no way around it. What a role may do:
`PERMISSIONS`.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jwt

from registry.contract.errors import BadInput, UsageError
from serving.access.local_keys import key_path, local_key
from serving.access.scope import LONGEST_NAME, Scope, is_name
from serving.errors import IssuerUnreachable, NotPermitted, OtherSite, UnknownToken

__all__ = [
    "PERMISSIONS",
    "TokenReader",
    "IssuedToken",
    "Issuer",
    "Person",
    "Scope",
    "bearer",
    "issue",
    "issued",
    "key_path",
    "local_key",
    "same_site",
    "unknown",
]

PERMISSIONS: dict[str, frozenset[str]] = {
    "supervisor": frozenset({"score", "see_areas", "see_children", "record_visits", "see_model"}),
    "officer": frozenset(
        {
            "score",
            "see_areas",
            "see_children",
            "record_visits",
            "close_escalations",
            "decide_links",
            "see_indicators",
            "see_model",
        }
    ),
    "analyst": frozenset({"score", "see_areas", "see_indicators", "see_model"}),
    "dashboard": frozenset({"score", "see_areas", "see_children", "see_indicators", "see_model"}),
}
"""What each role may do. An analyst sees figures and models, never a named child of the score book.
`see_areas`: the pages of the areas that the scope holds whole.
"""

COOKIE = "sanket_session"
LOCAL_ISSUER = "sanket-local"
LOCAL_ALGORITHM = "HS256"
ISSUER_ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "EdDSA")
"""Only asymmetric ones: with HS256 allowed here, a public key could be used as the secret of a
forged token."""
OTHER_SITE = "this form was sent from another site: open the page from the service's own address"
LEEWAY_SECONDS = 30
REFRESH_SECONDS = 10
"""The issuer's keys are fetched for an unknown key name at most this often."""
KEYS_SECONDS = 20
"""The issuer's keys are fetched anew after so long, and a token's seal is looked at again: a key
that was withdrawn opens nothing 40 seconds later."""


@dataclass(frozen=True)
class Person:
    """Who asks: a name for the audit log, a role, an area, when the token ends (seconds since
    1970), and its id."""

    name: str
    role: str
    scope: Scope
    expires: float
    token_id: str = ""

    def may(self, act: str) -> bool:
        """Whether the role allows this act."""
        return act in PERMISSIONS[self.role]

    def must(self, act: str) -> None:
        """Raises NotPermitted where the role does not allow this act."""
        if not self.may(act):
            raise NotPermitted(f"a {self.role} may not do this: ask for a token of another role")


@dataclass(frozen=True)
class IssuedToken:
    """A token that was made, and what the register keeps of it (`serving/access/tokens.py`): all
    but the token."""

    token: str
    token_id: str
    name: str
    role: str
    scope: tuple[str, ...]
    made: float
    expires: float


def issue(
    *,
    key: bytes,
    role: str,
    scopes: Iterable[str],
    name: str,
    days: float = 30,
    now: float | None = None,
) -> str:
    """The token alone; see `issued`."""
    return issued(key=key, role=role, scopes=scopes, name=name, days=days, now=now).token


def issued(
    *,
    key: bytes,
    role: str,
    scopes: Iterable[str],
    name: str,
    days: float,
    now: float | None = None,
) -> IssuedToken:
    """A token signed by the local key. Raises UsageError for an unknown role or scope, no area, or
    no name."""
    if role not in PERMISSIONS:
        raise UsageError("ACC003", f"a role is one of {', '.join(PERMISSIONS)}")
    if not (texts := Scope.of(scopes).texts):
        raise UsageError(
            "ACC001",
            "a token needs at least one scope: sector:ID, project:ID, district:ID or state:*",
        )
    if not is_name(name):
        raise UsageError(
            "ACC005", f"a name is 1 to {LONGEST_NAME} signs of plain text, without control signs"
        )
    now = time.time() if now is None else now
    token_id, ends = secrets.token_hex(8), int(now + days * 86_400)
    claims = {
        "iss": LOCAL_ISSUER,
        "sub": name,
        "role": role,
        "scope": texts,
        "iat": int(now),
        "exp": ends,
        "jti": token_id,
    }
    token = jwt.encode(claims, key, algorithm=LOCAL_ALGORITHM)
    return IssuedToken(token, token_id, name, role, tuple(texts), now, ends)


@dataclass(frozen=True)
class Issuer:
    """An outside issuer: its name, the address of its keys (JWKS), and whom the token must be meant
    for."""

    name: str
    jwks: str
    audience: str

    @classmethod
    def configured(cls) -> Issuer | None:
        """From SANKET_ISSUER, SANKET_JWKS and SANKET_AUDIENCE; None where no issuer is set."""
        if not (name := os.environ.get("SANKET_ISSUER")):
            return None
        if not (jwks := os.environ.get("SANKET_JWKS")):
            raise BadInput(
                "ACC004", "SANKET_ISSUER is set: set SANKET_JWKS to the address of its keys too"
            )
        return cls(name, jwks, os.environ.get("SANKET_AUDIENCE", "sanket"))


class TokenReader:
    """Reads tokens. With an issuer configured only its tokens count, and the local key opens
    nothing."""

    def __init__(self, *, key: bytes | None, issuer: Issuer | None = None, remembered: int = 4096):
        self._key, self._issuer = key, issuer
        self._keys = (
            jwt.PyJWKClient(issuer.jwks, lifespan=KEYS_SECONDS, timeout=3) if issuer else None
        )
        self._asked, self._failed = float("-inf"), float("-inf")
        self._given: list[jwt.PyJWK] = []
        self._known: dict[str, tuple[Person, float]] = {}
        self._remembered = remembered
        self._used: dict[str, float] = {}
        self.revoked: frozenset[str] = frozenset()
        """Ids of tokens that open nothing any more, whatever they say."""

    @property
    def key(self) -> bytes | None:
        """The key that signs the store's own tokens; None where an issuer's alone count."""
        return None if self._issuer else self._key

    @property
    def asks_elsewhere(self) -> bool:
        """Whether reading a token may wait for the issuer's address."""
        return self._issuer is not None

    def remembered(self, token: str) -> Person | None:
        """Who holds this token, where it was read before, has not ended, was not revoked and its
        key not looked at too long ago."""
        person, until = self._known.get(token, (None, 0.0))
        now = time.time()
        if (
            person is None
            or person.expires <= now
            or until <= now
            or person.token_id in self.revoked
        ):
            return None
        self._used[person.token_id] = now
        return person

    def person(self, token: str) -> Person:
        """Who holds this token. Raises UnknownToken for any token that is not good, without saying
        why."""
        if known := self.remembered(token):
            return known
        person = self._read(token)
        if person.token_id in self.revoked:
            raise unknown()
        if len(self._known) >= self._remembered:
            self._known.clear()
        now = time.time()
        self._known[token] = (person, now + KEYS_SECONDS if self._issuer else person.expires)
        self._used[person.token_id] = now
        return person

    def taken_used(self) -> dict[str, float]:
        """By token id, when it was used last since this was asked before (seconds since 1970)."""
        used, self._used = self._used, {}
        used.pop("", None)
        return used

    def _read(self, token: str) -> Person:
        try:
            claims = self._claims(token)
            role, scope = claims["role"], claims["scope"]
            if self._issuer is None and not isinstance(scope, list):
                raise unknown()
            token_id = claims.get("jti", "")
            person = Person(
                claims["sub"], role, Scope.claimed(scope), claims["exp"] + LEEWAY_SECONDS, token_id
            )
            if (
                not PERMISSIONS[role]
                or not person.scope.texts
                or not is_name(person.name)
                or not isinstance(token_id, str)
            ):
                raise unknown()
        except jwt.PyJWKClientConnectionError:
            raise IssuerUnreachable("the keys of the tokens' issuer cannot be fetched") from None
        except (jwt.PyJWTError, KeyError, AttributeError, TypeError, ValueError, UsageError):
            raise unknown() from None
        return person

    def _claims(self, token: str) -> dict[str, Any]:
        rules: dict[str, Any] = {
            "leeway": LEEWAY_SECONDS,
            "options": {"require": ["exp", "sub", "iss"]},
        }
        key: Any
        if self._issuer is None:
            key, rules["algorithms"] = self._key, [LOCAL_ALGORITHM]
            rules["issuer"] = LOCAL_ISSUER
        else:
            key = self._signing_key(jwt.get_unverified_header(token)["kid"])
            rules["algorithms"] = list(ISSUER_ALGORITHMS)
            rules |= {"issuer": self._issuer.name, "audience": self._issuer.audience}
        claims: dict[str, Any] = jwt.decode(token, key, **rules)
        return claims

    def _signing_key(self, name: str) -> Any:
        """The issuer's key of this name. Fetched anew for an unknown name, but not for every forged
        one."""
        for refresh in (False, True):
            if refresh and time.monotonic() - self._asked < REFRESH_SECONDS:
                break
            self._asked = time.monotonic() if refresh else self._asked
            for key in self._issued(refresh=refresh):
                if key.key_id == name:
                    return key.key
        raise jwt.InvalidKeyError

    def _issued(self, *, refresh: bool) -> list[jwt.PyJWK]:
        """The issuer's keys; while it cannot be reached, those that it gave last, not asked for
        each token."""
        if self._keys is None:
            return []
        if self._given and not refresh and time.monotonic() - self._failed < REFRESH_SECONDS:
            return self._given
        try:
            self._given = self._keys.get_signing_keys(refresh=refresh)
        except (jwt.PyJWKClientError, jwt.PyJWKSetError, ValueError):
            self._failed = time.monotonic()
            if refresh or not self._given:
                raise jwt.PyJWKClientConnectionError from None
        return self._given


def unknown() -> UnknownToken:
    """The one answer to no token, a forged, an expired and a malformed one."""
    return UnknownToken("a valid token is needed: make one with `sanket token`")


def bearer(headers: dict[str, str]) -> str | None:
    """The token of an Authorization header; None where there is none."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def same_site(*, host: str, origin: str | None, fetch_site: str | None) -> None:
    """Raises OtherSite where a form carried by a cookie was not sent from our own pages."""
    if fetch_site is not None and fetch_site not in ("same-origin", "none"):
        raise OtherSite(OTHER_SITE)
    if origin is not None and origin.partition("://")[2] != host:
        raise OtherSite(OTHER_SITE)
