"""Arguments and options of several verbs, each declared once, and how their texts are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from registry.contract.errors import UsageError
from serving.language.languages import LANGUAGES
from serving.visits.capacity import MOST_VISITS
from serving.visits.paper.formats import FORMATS, SHEET_FORMATS

Store = Annotated[
    str,
    typer.Argument(
        metavar="STORE", help="The store: a path ending in .db, or a postgresql:// address."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Day = Annotated[str, typer.Option(metavar="DATE", help="The day, for example 2026-03-14.")]
Target = Annotated[
    str | None,
    typer.Option(help="relapse, non_response or onset; all where left out."),
]
Tracking = Annotated[
    str | None,
    typer.Option(
        help="MLflow's address; else MLFLOW_TRACKING_URI, else mlflow.db beside the bundles."
    ),
]
ProtocolFile = Annotated[
    Path | None,
    typer.Option(help="A state's own care protocol (TOML) instead of the built-in one."),
]
Capacity = Annotated[int, typer.Option(min=1, max=MOST_VISITS, help="Visits that can be made.")]
Language = Annotated[str, typer.Option("--lang", help=f"One of {', '.join(LANGUAGES)}.")]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help=(
            f"One of {', '.join(FORMATS)} (default: by -o, or txt); of a centre's sheet one of "
            f"{', '.join(SHEET_FORMATS)}."
        ),
    ),
]

Workers = Annotated[
    int | None,
    typer.Option(help="Work on the store's parts in so many processes of this machine."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="tcp://…",
        help="Work on them on a Dask cluster: its scheduler's address (or $SANKET_SCHEDULER).",
    ),
]


def day_of(text: str, *, option: str, code: str) -> dt.date:
    """A date as an option gives it. UsageError of this code for a text that is none."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            code, f"{option} is a date: write it as 2026-03-14, not {text!r}"
        ) from None


def day_if_given(text: str | None, *, option: str, code: str) -> dt.date | None:
    """A date that may be left out; see `day_of`."""
    return day_of(text, option=option, code=code) if text else None


def targets_of(text: str | None, *, backtest: bool = False) -> tuple[str, ...]:
    """The target asked for, else all that are trained (or can be backtested). UsageError TRN010 for
    another."""
    from models.targets import TARGETS

    known = tuple(TARGETS if backtest else TARGETS)
    if text is None:
        return known
    if text not in known:
        raise UsageError("TRN010", f"--target is {' or '.join(known)}")
    return (text,)


def language_of(text: str) -> str:
    """A language of the table. UsageError LST002 for another."""
    if text not in LANGUAGES:
        raise UsageError("LST002", f"a language is one of {', '.join(LANGUAGES)}")
    return text


def format_of(
    text: str | None, out: Path | None, *, otherwise: str, among: Collection[str] = FORMATS
) -> str:
    """A format: the one asked for, else that of the file to write, else `otherwise`. UsageError
    LST001 for one that is not `among` those of the list or sheet."""
    ending = out.suffix[1:].lower() if out else ""
    form = text or (ending if ending in among else otherwise)
    if form not in among:
        raise UsageError("LST001", f"a format is one of {', '.join(among)}")
    return form
