"""The verbs of the service: `score`, `serve`, `bento`, `token`, `tokens`, `audit`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.visits.hold_out import MOST_SHARE, USUAL_PLACES
from sanket.options import Day, Json, Scheduler, Store, Workers, day_of

if TYPE_CHECKING:
    from registry.contract.registry import Registry


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command()(score)
    app.command()(serve)
    app.command()(bento)
    app.command()(token)
    app.command()(tokens)
    app.command()(audit)


def score(
    store: Store,
    as_of: Day,
    accept_foreign: Annotated[
        bool, typer.Option(help="use a champion that was trained on another registry all the same")
    ] = False,
    exercise: Annotated[
        bool,
        typer.Option(
            help="for practice: let a champion that learnt from synthetic records score real ones; "
            "every page says so"
        ),
    ] = False,
    holdout_share: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=MOST_SHARE,
            help="hold this share of children out of the lists' risk, by lot, to learn what visits "
            "change; never one in danger or with a late step. For an officer to decide "
            "(docs/visits.md)",
        ),
    ] = 0.0,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Score the children of STORE as of a day, into its score book.

    Writes the risks, reasons and states of every child in treatment or within 183 days of
    discharge, and of every child for whom the protocol asks more than a monthly weighing. Readers
    see the former list until the new one is whole; a run that was broken off goes on where it
    stopped. Earlier runs are kept. A large store is scored in parts, each of some whole sectors.
    """
    from rich.console import Console
    from rich.progress import Progress

    from registry.engine import Engine
    from serving.book.scoring.scoring_run import score_store

    engine = Engine.of(workers, scheduler)
    day = day_of(as_of, option="--as-of", code="SRV005")
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Scoring children", total=None)
        done = score_store(
            store,
            as_of=day,
            accept_foreign=accept_foreign,
            exercise=exercise,
            holdout_share=holdout_share,
            count_outcomes=_known_outcomes,
            engine=engine,
            progress=lambda ready, of: bar.update(task, completed=ready, total=of),
        )
    if as_json:
        import json

        typer.echo(json.dumps(done))
        return
    from registry.indian_digits import grouped

    scored = ", ".join(
        f"{grouped(count)} for {target.replace('_', '-')}"
        for target, count in done["scored"].items()
    )
    typer.echo(
        f"{grouped(done['children'])} children in the book as of {done['as_of']}: scored {scored}; "
        f"{grouped(done['in_danger'])} in danger by the protocol's rules."
    )
    if holdout_share:
        typer.echo(
            f"Held out by lot ({holdout_share:.0%} of all children): {done['held_out']} whom "
            f"a list of {USUAL_PLACES} would name for their risk alone; nobody in danger or late."
        )
    for target, told in done["levels"].items():
        typer.echo(f"{target.replace('_', '-')}: {_of_level(told)}")
    if done["exercise"]:
        typer.echo(
            "An exercise: the models learnt from synthetic records. Act on the rules, not "
            "on these risks."
        )


def _known_outcomes(registry: Registry, target: str, day: dt.date) -> int:
    """Asked only where a champion is of another registry: training's rules of outcomes are read
    then."""
    from features.clock import Clock
    from models.targets import TARGETS
    from registry.contract.registry import day_number
    from training.cohorts.censoring import known_outcomes

    return known_outcomes(Clock(registry), TARGETS[target], by=day_number(day))


def _of_level(told: dict[str, Any]) -> str:
    """What is said of the level of a champion of another registry (`models.level.level_told`)."""
    if told["fitted_on"]:
        said = f"level re-fitted on {told['fitted_on']} from {told['fitted_from']} outcomes"
        more = told["known"] >= 2 * told["fitted_from"]
        return said + (
            f"; {told['known']} are known now: `sanket recalibrate STORE` again" if more else ""
        )
    said = (
        "trained on another registry, and its level is not yet fitted to this one: "
        f"{told['known']} of {told['needed']} outcomes known"
    )
    if told["known"] < told["needed"]:
        return f"{said}. Until then go by the order, not by the percentages"
    return f"{said}. `sanket recalibrate STORE` fits it, `sanket promote` lets it answer"


def serve(
    store: Store,
    port: Annotated[int, typer.Option(min=1, max=65535, help="the port")] = 3000,
    host: Annotated[
        str, typer.Option(help="the address to listen on; others than this machine need TLS before")
    ] = ("127.0.0.1"),
    workers: Annotated[int, typer.Option(min=1, max=64, help="processes that answer")] = 1,
) -> None:
    """Start the service over STORE: the visit list's page, the API under /v1, probes and figures.

    It listens on 127.0.0.1; put a proxy with TLS before it to serve others (docs/serving.md).
    Ctrl-C stops all of it.
    """
    from serving.process.start import run

    raise SystemExit(
        run(
            store,
            host=host,
            port=port,
            workers=workers,
            say=lambda text: typer.echo(text, err=True),
        )
    )


def bento(store: Store, as_json: Json = False) -> None:
    """Build a Bento that carries the champions of STORE: it scores with no store and no folder.

    The Bento lies in BentoML's own store (`bentoml list`), labelled with the models' versions;
    `bentoml serve TAG` runs it, `bentoml export TAG` and `bentoml containerize TAG` take it
    elsewhere. Needs a checkout of the sources.
    """
    import json

    from models.champion import models_folder
    from serving.process.bento import build

    tag, carried = build(models_folder(store))
    if as_json:
        typer.echo(json.dumps({"bento": tag, "model": carried.tag, "labels": carried.labels}))
        return
    typer.echo(f"{tag} carries {carried.tag}")
    for name, value in carried.labels.items():
        typer.echo(f"  {name:14} {value}")


def token(
    role: Annotated[str, typer.Option(help="supervisor, officer, analyst or dashboard")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(help="sector:ID, project:ID, district:ID or state:*; may be repeated"),
    ] = None,
    store: Annotated[
        str, typer.Argument(metavar="[STORE]", help="the store whose local key signs")
    ] = "",
    at: Annotated[
        str, typer.Option("--store", metavar="STORE", help="the same, as an option")
    ] = "",
    name: Annotated[str, typer.Option(help="whose token it is, for the audit log")] = "",
    days: Annotated[
        float | None,
        typer.Option(min=0.01, max=366, help="days until it ends (default: 7, of a dashboard 30)"),
    ] = None,
    link: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="make a sign-in link, good once within two days, in place of a token",
        ),
    ] = "",
    revoke: Annotated[
        str, typer.Option(metavar="ID", help="close the door to this token, by its id")
    ] = "",
    as_json: Json = False,
) -> None:
    """Make a token for a person or a program, signed by the store's local key; or revoke one.

    Without STORE the key is $SANKET_KEY, or that of the one store in this folder. A missing key is
    made. Who holds the token may see the children of its scope until it ends or is revoked: hand it
    over like a key. `sanket tokens` lists ids; `--revoke ID` counts within two seconds in a running
    service.
    """
    from serving.process.start import made_link, made_token, revoked_token, store_meant

    address = store_meant(store or at)
    if revoke:
        revoked_token(address, revoke)
        typer.echo(f"Revoked: {revoke}", err=True)
        return
    if link:
        typer.echo(made_link(address, link, role=role, scopes=scope or [], name=name, days=days))
        return
    made = made_token(address, role=role, scopes=scope or [], name=name, days=days)
    if as_json:
        import json

        said = {
            "token": made.token,
            "id": made.token_id,
            "role": role,
            "scope": list(made.scope),
            "name": made.name,
        }
        typer.echo(
            json.dumps(said | {"days": (made.expires - made.made) / 86_400}, ensure_ascii=False)
        )
    else:
        typer.echo(made.token)


def tokens(store: Store, as_json: Json = False) -> None:
    """The tokens of STORE: their ids, whose they are, what for, when last used, until when, and
    which were revoked.

    A token of an issuer of your own (SANKET_ISSUER) stands here only if it was made by `sanket
    token`.
    """
    from serving.process.start import tokens_of

    found = tokens_of(store)
    if as_json:
        import json

        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        state = f"revoked {one['revoked_at']}" if one["revoked_at"] else f"until {one['ends_at']}"
        typer.echo(
            f"{one['id']}  {one['who']} ({one['role']}: {', '.join(one['scope'])})  {state}  "
            f"last used {one['last_used_at'] or 'never'}"
        )
    if not found:
        typer.echo("no token was made for this store")


def audit(
    store: Store,
    child: Annotated[str, typer.Option(metavar="CHILD", help="list who saw this child")] = "",
    anchor: Annotated[
        bool,
        typer.Option("--anchor", help="print an anchor of the newest entry, to keep elsewhere"),
    ] = False,
    since: Annotated[
        str,
        typer.Option(
            metavar="ANCHOR", help="check that all up to an anchor taken earlier is still there"
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Check that the audit log of STORE is whole, and say who saw a child.

    Ends with 5 where an entry was changed, dropped or put in from outside, or where the log was
    cut: at its beginning (what grew older than a year is cut under a seal), or at its end by
    `--since ANCHOR`.
    """
    from serving.process.start import audited

    report = audited(store, child_id=child or None, kept_anchor=since or None)
    whole = report["first_broken"] is None and not report["cut"]
    if as_json:
        import json

        typer.echo(json.dumps(report))
    elif anchor and whole:
        typer.echo(report["anchor"])
    else:
        typer.echo(_wholeness(report), err=anchor)
        for entry in report["entries"]:
            typer.echo(
                f"{entry['at']}  {entry['who']} ({entry['role']})  {entry['act']}  from "
                f"{entry['came_from']}"
            )
    if not whole:
        raise SystemExit(5)


def _wholeness(report: dict[str, Any]) -> str:
    if report["first_broken"] is not None:
        return f"The audit log is broken at entry {report['first_broken']}."
    if report["cut"]:
        return "The audit log was cut: entries that it had are missing at its end."
    return "The audit log is whole."
