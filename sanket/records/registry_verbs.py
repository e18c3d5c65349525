"""The verbs of the registry: `import`, `map`, `quarantine`, `forget`, `quality`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sanket.options import Json, Store, day_if_given
from sanket.records import quality_verbs

if TYPE_CHECKING:
    from registry.store.store import Store as RegistryStore

TABLE = Annotated[str | None, typer.Option(help="Rows of this table only.")]
CODE = Annotated[str | None, typer.Option(help="Rows refused by this rule only, such as REG012.")]
ON = Annotated[str | None, typer.Option(hidden=True, help="Date of this import, to replay a past.")]


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command("import")(import_)
    app.command("map")(map_)
    quarantine = typer.Typer(
        help="Look at the rows that an import refused, and try them again.", no_args_is_help=True
    )
    for verb in (list_, show, export, retry):
        quarantine.command(verb.__name__.strip("_"))(verb)
    app.add_typer(quarantine, name="quarantine")
    app.command("forget")(forget)
    app.command("quality")(quality_verbs.quality)


def import_(
    source: Annotated[
        str,
        typer.Argument(help="A folder of tables or of FHIR, one file, or an SQL address."),
    ],
    to: Annotated[str, typer.Option("--to", help="The store; made when missing.")],
    map: Annotated[
        Path | None, typer.Option(help="A MAP.toml that names where columns come from.")
    ] = None,
    max_quarantined: Annotated[
        str, typer.Option(help="Accepted share of quarantined rows, in percent.")
    ] = "100",
    past: Annotated[
        bool,
        typer.Option(
            "--past", help="A first load of the past, in parts: rows are known from their own days."
        ),
    ] = False,
    imported_on: ON = None,
    workers: Annotated[
        int | None,
        typer.Option(help="2 or more: check the next table while one is written."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="tcp://…", help="Refused: an import has no work for a cluster."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring records in: every row is checked; good ones are kept, the others quarantined with a
    code.

    Running it again changes nothing. Exit code 3: nothing could be used, nothing was changed. 4:
    done, but more rows were quarantined than `--max-quarantined` accepts.
    """
    from features.who.growth import zscores
    from registry.contract.errors import UsageError
    from registry.engine import workers_asked
    from registry.store.store import made_for
    from sanket.progress import step

    accepted, workers = _percent(max_quarantined), workers_asked(workers)
    if scheduler is not None:
        raise UsageError(
            "ENG004",
            "--scheduler: one connection writes a store, and checking is the lesser part of an "
            "import; --workers 2 checks the next table while one is written",
        )
    day = day_if_given(imported_on, option="--imported-on", code="REG066")
    with step("Importing") as told, made_for(to) as store:
        report = store.import_source(
            source,
            map=map,
            imported_on=day,
            past=past,
            zscores=zscores,
            workers=workers,
            told=told,
        )
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        _print_counts(report.tables)
        typer.echo(
            f"{report.import_id}: " + ("done" if report.changed else "nothing new, nothing changed")
        )
        for note in report.notes:
            typer.echo(note)
        for warning in report.warnings:
            typer.secho(warning, fg="red", bold=True)
    if report.share_quarantined * 100 > accepted:
        raise typer.Exit(4)


def _percent(text: str) -> float:
    from registry.contract.errors import UsageError

    try:
        share = float(text.rstrip("% "))
    except ValueError:
        share = -1.0
    if not 0 <= share <= 100:
        raise UsageError("REG066", f"--max-quarantined is a percentage from 0 to 100, not {text}")
    return share


def _print_counts(tables: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from registry.contract.rules import RULES
    from registry.indian_digits import grouped

    table = Table("table", "rows", "kept", "quarantined", "why")
    for name, counts in tables.items():
        why = "\n".join(
            f"{code} {RULES[code].title}: {many}" for code, many in counts["codes"].items()
        )
        table.add_row(
            name, *(grouped(counts[count]) for count in ("rows", "kept", "quarantined")), why
        )
    Console().print(table)


def map_(
    file: Annotated[
        str, typer.Argument(help="An export: CSV, XLSX, Parquet, a folder of these, or a database.")
    ],
    check: Annotated[
        Path | None, typer.Option(help="Try this MAP.toml on the first 1,000 rows.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Propose a MAP.toml from headers (English, Hindi, Marathi) and cells, or try one on the first
    rows."""
    from registry.mapping import headers, propose

    if check:
        counts = propose.try_map(file, check)
        if as_json:
            typer.echo(json.dumps(counts))
        else:
            _print_counts(counts)
    elif as_json:
        found = {
            sheet.name: headers.header_meanings(sheet.data.column_names, name=sheet.name)
            for sheet in propose.sheets_of_source(file)
        }
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        typer.echo(propose.propose_map(file), nl=False)


def _open(store: str) -> RegistryStore:
    from registry.store.store import open_store

    return open_store(store, must_exist=True)


def list_(store: Store, as_json: Json = False) -> None:
    """How many rows wait in quarantine, by table and rule."""
    from registry.indian_digits import grouped
    from registry.store import quarantine

    rows: list[dict[str, Any]] = quarantine.summary(_open(store))
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(
            f"{row['table']:13} {row['code']}  {grouped(row['rows']):>8}  {row['title']}. "
            f"{row['advice']}"
        )
    if not rows:
        typer.echo("nothing waits in quarantine")


def show(
    store: Store,
    table: TABLE = None,
    code: CODE = None,
    limit: Annotated[int, typer.Option(help="At most so many rows.")] = 20,
    as_json: Json = False,
) -> None:
    """The refused rows themselves, with the cell, the rule and its bound."""
    from registry.store import quarantine

    _known(table, code)
    rows = list(quarantine.refused(_open(store), table=table, code=code, limit=limit))
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(
            f"{row['import_id']} {row['table_name']} row {row['row_number']}: {row['code']} "
            f"{row['column_name']} = {row['value']!r}, bound: {row['bound']}\n    {row['raw']}"
        )
    if not rows:
        typer.echo("no such row waits in quarantine")


def export(
    store: Store,
    out: Annotated[Path, typer.Option("-o", "--out", help="The CSV file to write.")],
    table: TABLE = None,
    code: CODE = None,
) -> None:
    """Write refused rows as CSV; with --table in that table's columns: correct them, then `retry
    --corrected`."""
    from registry.store import quarantine

    _known(table, code)
    typer.echo(f"{quarantine.export(_open(store), out, table=table, code=code)} rows", err=True)


def _known(table: str | None, code: str | None) -> None:
    from registry.contract.errors import UsageError
    from registry.contract.rules import RULES
    from registry.contract.tables import SPECS

    if table and table not in SPECS:
        raise UsageError("REG066", f"no table {table}; there are {', '.join(SPECS)}")
    if code and code not in RULES:
        raise UsageError("REG066", f"no rule {code}; docs/rules.md lists them")


def retry(
    store: Store,
    corrected: Annotated[
        Path | None, typer.Option(help="A table's export with its cells corrected.")
    ] = None,
    imported_on: ON = None,
    as_json: Json = False,
) -> None:
    """Check waiting rows again: after their children were imported, or as corrected in an
    export."""
    from registry.store import quarantine

    day = day_if_given(imported_on, option="--imported-on", code="REG066")
    counts = quarantine.retry(_open(store), corrected=corrected, imported_on=day)
    typer.echo(
        json.dumps(counts)
        if as_json
        else f"{counts['released']} of {counts['tried']} rows let through"
    )


def forget(
    store: Store,
    child: Annotated[str | None, typer.Argument(help="The child's id.")] = None,
    unseen_since: Annotated[
        str | None, typer.Option(help="Erase all children without any record since.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Erase a child everywhere, for good; a tombstone (not the id) keeps it from coming back."""
    from models.champion import models_folder
    from registry.contract.errors import UsageError
    from registry.store import forgetting
    from training.rows.rows_folder import erase

    since = day_if_given(unseen_since, option="--unseen-since", code="REG066")
    if child is not None and since is None:
        opened, children = _open(store), [child]
    elif child is None and since is not None:
        opened = _open(store)
        children = forgetting.unseen_since(opened, since)
    else:
        raise UsageError("REG066", "name one child, or a day with --unseen-since")
    counts: dict[str, int] = {}
    for one in children:
        for name, rows in forgetting.forget(opened, one).items():
            counts[name] = counts.get(name, 0) + rows
    if counts:
        erase(models_folder(store))
    said = {"children": len(children), "rows": counts}
    typer.echo(
        json.dumps(said)
        if as_json
        else f"{len(children)} forgotten, {sum(counts.values())} rows erased"
    )
