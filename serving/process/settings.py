"""All settings of the service from environment variables, read and checked at once: an invalid one
stops the start."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from registry.contract.errors import BadInput
from registry.machine.today import today
from serving.access.permissions import Issuer
from serving.http.bounds import Limits, setting
from serving.http.origins import Origins
from serving.http.proxies import Proxies

MOST_WORKERS = 64


@dataclass(frozen=True)
class Settings:
    """What the environment says of limits, workers, the issuer, the proxies before the service,
    and the sites whose pages may read the API."""

    limits: Limits
    workers: int
    issuer: Issuer | None
    proxies: Proxies
    origins: Origins


def checked() -> Settings:
    """The settings. Raises BadInput or UsageError with the name and the bound of the first that is
    wrong."""
    today()
    issuer = Issuer.configured()
    if issuer and (
        urlsplit(issuer.jwks).scheme not in ("http", "https") or not urlsplit(issuer.jwks).hostname
    ):
        raise BadInput(
            "LIM001", "SANKET_JWKS must be an address that begins with https:// or http://"
        )
    workers = setting("SANKET_WORKERS", int, 1, MOST_WORKERS)
    return Settings(
        Limits.configured(),
        int(workers or 1),
        issuer,
        Proxies.configured(),
        Origins.configured(),
    )
