"""The drift report as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def drift_page(told: list[dict[str, Any]]) -> str:
    """The page of `training.commands.drift.as_dict` of each target."""
    room = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return room.get_template("drift.html.jinja").render(targets=told, month=told[0]["month"])
