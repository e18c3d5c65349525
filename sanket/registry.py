"""Verbs of the registry: import, map, quarantine, quality, forget. See `bind`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

STORE = Annotated[str, typer.Argument(help="The store: a path ending in .db, or a postgresql:// address.")]
AS_JSON = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command("import")(import_)


def import_(
    source: Annotated[str, typer.Argument(help="A folder of tables, one file, or an SQL address.")],
    to: Annotated[str, typer.Option("--to", help="The store; made when missing.")],
    map: Annotated[Path | None, typer.Option(help="A MAP.toml that names where columns come from.")] = None,
    max_quarantined: Annotated[float, typer.Option(help="Accepted share of quarantined rows, in percent.")] = 100.0,
    imported_on: Annotated[str | None, typer.Option(hidden=True, help="Date of this import, to replay a past.")] = None,
    as_json: AS_JSON = False,
) -> None:
    """Bring records in: every row is checked; good ones are kept, the others quarantined with a code.

    Running it again changes nothing. Exit code 3: nothing could be used, nothing was changed. 4: done, but more rows
    were quarantined than `--max-quarantined` accepts.
    """
    from registry.store import open_store
    from sanket.progress import step

    with step(f"Importing {Path(source).name if '://' not in source else 'a database'}"):
        report = open_store(to).import_source(source, map=map, imported_on=imported_on)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        _print_report(report)
    if report.share_quarantined * 100 > max_quarantined:
        raise typer.Exit(4)


def _print_report(report) -> None:
    from rich.console import Console
    from rich.table import Table

    from registry.contract import RULES

    table = Table("table", "rows", "kept", "quarantined", "why")
    for name, counts in report.tables.items():
        why = "\n".join(f"{code} {RULES[code].title}: {many}" for code, many in counts["codes"].items())
        table.add_row(name, *(f"{counts[count]:,}" for count in ("rows", "kept", "quarantined")), why)
    console = Console()
    console.print(table)
    console.print(f"{report.import_id}: " + ("done" if report.changed else "nothing new, nothing changed"))
    for note in report.notes:
        console.print(note, markup=False)
