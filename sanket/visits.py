"""Verbs of the front door: see `bind`."""

from __future__ import annotations

import typer


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
