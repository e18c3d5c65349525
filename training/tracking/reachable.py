"""Whether a tracking server answers: asked before anything long, since MLflow itself tries for
minutes and then speaks of retries."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request

from registry.contract.errors import BadInput

WITHIN_SECONDS = 5.0


def answers(address: str) -> bool:
    """Whether somebody answers at an http(s) address within five seconds, be it to refuse; True of
    any other address, which is a file or asked by MLflow in its own way."""
    if not address.lower().startswith(("http://", "https://")):
        return True
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/health", timeout=WITHIN_SECONDS):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False


def ask(address: str) -> None:
    """`BadInput` TRK001, with the address (without a password), where nobody answers."""
    if not answers(address):
        raise BadInput(
            "TRK001",
            f"no MLflow server answers at {shown(address)}: start it, or name another with "
            "--tracking (or MLFLOW_TRACKING_URI); nothing was begun",
        )


def shown(address: str) -> str:
    """The address without a user's name and password."""
    parts = urllib.parse.urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
