"""The verb `export`: visit lists, children and indicators as files for other tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sanket.options import Capacity, Json, Language, Store, day_if_given, language_of
from serving.language.languages import DEFAULT_LANGUAGE
from serving.visits.capacity import DEFAULT_CAPACITY

FHIR = "fhir"
"""The format that is resources, not rows."""
What = Annotated[str, typer.Argument(metavar="WHAT", help="One of visits, children, indicators.")]


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command()(export)


def export(
    store: Store,
    what: What,
    out: Annotated[
        Path, typer.Option("-o", "--output", help="The file to write; for fhir also a folder.")
    ],
    form: Annotated[
        str | None,
        typer.Option("--format", help="csv, parquet, jsonl or fhir (default: by -o, or csv)."),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="The newest run made on or before this day (YYYY-MM-DD)."),
    ] = None,
    capacity: Capacity = DEFAULT_CAPACITY,
    lang: Language = DEFAULT_LANGUAGE,
    as_json: Json = False,
) -> None:
    """Bulk for tools: the visit lists of every sector, every child of the score book with what each
    model said, or the programme's indicators of each place and month.

    `sanket export STORE children --format parquet -o children.parquet`. Columns have stable names
    with units (docs/connect.md). Every child goes into the audit log; counts under five children
    are left out of the indicators. A spreadsheet runs no cell of the CSV.

    `sanket export STORE children --format fhir -o children.ndjson` (or `-o FOLDER`): the children
    as FHIR R4 resources, named by key alone (docs/fhir.md).
    """
    from registry.contract.errors import UsageError
    from serving.export.export_columns import EXPORTS
    from serving.export.export_formats import EXPORT_FORMATS
    from serving.export.export_rows import ExportQuestion
    from serving.export.store_export import exported

    if what not in EXPORTS:
        raise UsageError("EXP001", f"WHAT is one of {', '.join(EXPORTS)}")
    ending = out.suffix[1:].lower()
    by_ending = {"ndjson": FHIR} | {name: name for name in EXPORT_FORMATS}
    form = form or by_ending.get(ending, "csv")
    if form not in (*EXPORT_FORMATS, FHIR) or (form == FHIR and what != "children"):
        forms = ", ".join(EXPORT_FORMATS)
        raise UsageError("EXP002", f"--format is one of {forms}, and of children also {FHIR}")
    day = day_if_given(as_of, option="--as-of", code="LST010")
    question = ExportQuestion(what, day, capacity, language_of(lang))
    if form == FHIR:
        from serving.fhir.fhir_export import fhir_exported

        done = fhir_exported(store, question, out=out)
    else:
        done = exported(store, question, form=form, out=out)
    typer.echo(json.dumps(done) if as_json else f"{done['rows']} rows of {done['as_of']} in {out}")
