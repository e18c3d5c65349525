"""Verbs of the front door: score, serve, token, audit."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

Store = Annotated[str, typer.Argument(help="a path ending in .db, or a postgresql:// address", metavar="STORE")]
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command()(score)
    app.command()(serve)
    app.command()(token)
    app.command()(audit)


def score(
    store: Store,
    as_of: Annotated[str, typer.Option(metavar="DATE", help="the day, for example 2026-03-14")],
    accept_foreign: Annotated[
        bool, typer.Option(help="use a champion that was trained on another registry all the same")
    ] = False,
    exercise: Annotated[
        bool, typer.Option(help="for practice: let a champion that learnt from synthetic records score real ones; "
                                "every page says so")
    ] = False,
    as_json: Json = False,
) -> None:
    """Score the children of STORE as of a day, into its score book.

    Writes the risks, reasons and states of every child in treatment or within 183 days of discharge, and of every
    child for whom the protocol asks more than a monthly weighing. Readers see the former list until the new one is
    whole; a run that was broken off goes on where it stopped. Earlier runs are kept.
    """
    from rich.console import Console
    from rich.progress import Progress

    from serving.scoring_run import score_store

    day = _day(as_of)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Scoring children", total=None)
        done = score_store(
            store, as_of=day, accept_foreign=accept_foreign, exercise=exercise,
            progress=lambda ready, of: bar.update(task, completed=ready, total=of),
        )
    if as_json:
        import json

        typer.echo(json.dumps(done))
        return
    from registry.grouping import grouped

    scored = ", ".join(f"{grouped(count)} for {target.replace('_', '-')}" for target, count in done["scored"].items())
    typer.echo(f"{grouped(done['children'])} children in the book as of {done['as_of']}: scored {scored}; "
               f"{grouped(done['in_danger'])} in danger by the protocol's rules.")
    if done["exercise"]:
        typer.echo("An exercise: the models learnt from synthetic records. Act on the rules, not on these risks.")


def _day(text: str) -> dt.date:
    from registry.errors import UsageError

    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError("SRV005", "--as-of is a date: write it as 2026-03-14") from None


def serve(
    store: Store,
    port: Annotated[int, typer.Option(min=1, max=65535, help="the port")] = 3000,
    host: Annotated[str, typer.Option(help="the address to listen on; others than this machine need TLS before")] = (
        "127.0.0.1"
    ),
    workers: Annotated[int, typer.Option(min=1, max=64, help="processes that answer")] = 1,
) -> None:
    """Start the service over STORE: the visit list's page, the API under /v1, probes and figures.

    It listens on 127.0.0.1; put a proxy with TLS before it to serve others (docs/serving.md). Ctrl-C stops all of it.
    """
    from serving.starting import run

    raise SystemExit(run(store, host=host, port=port, workers=workers, say=lambda text: typer.echo(text, err=True)))


def token(
    role: Annotated[str, typer.Option(help="supervisor, officer, analyst or dashboard")],
    scope: Annotated[list[str], typer.Option(help="sector:ID, project:ID, district:ID or state:*; may be repeated")],
    store: Annotated[str, typer.Argument(metavar="[STORE]", help="the store whose local key signs")] = "",
    at: Annotated[str, typer.Option("--store", metavar="STORE", help="the same, as an option")] = "",
    name: Annotated[str, typer.Option(help="whose token it is, for the audit log")] = "",
    days: Annotated[float, typer.Option(min=0.01, max=366, help="days until it ends")] = 30,
    as_json: Json = False,
) -> None:
    """Make a token for a person or a program, signed by the store's local key.

    Without STORE the key is $SANKET_KEY, or that of the one store in this folder. A missing key is made. Who holds
    the token may see the children of its scope until it ends: hand it over like a key.
    """
    from serving.access import issue, local_key
    from serving.starting import store_meant

    name = name or f"{role} {' '.join(scope)}"
    made = issue(key=local_key(store_meant(store or at)), role=role, scopes=scope, name=name, days=days)
    if as_json:
        import json

        typer.echo(json.dumps({"token": made, "role": role, "scope": scope, "days": days}))
    else:
        typer.echo(made)


def audit(
    store: Store,
    child: Annotated[str, typer.Option(metavar="CHILD", help="list who saw this child")] = "",
    as_json: Json = False,
) -> None:
    """Check that the audit log of STORE is whole, and say who saw a child.

    Ends with 5 where an entry was changed, dropped or put in from outside.
    """
    from serving.starting import audited

    report = audited(store, child_id=child or None)
    if as_json:
        import json

        typer.echo(json.dumps(report))
    else:
        typer.echo("The audit log is whole." if report["first_broken"] is None
                   else f"The audit log is broken at entry {report['first_broken']}.")
        for entry in report["entries"]:
            typer.echo(f"{entry['at']}  {entry['who']} ({entry['role']})  {entry['act']}  from {entry['came_from']}")
    if report["first_broken"] is not None:
        raise SystemExit(5)
