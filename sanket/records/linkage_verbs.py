"""The verbs of linkage: `link`, `decide`, `encode`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from sanket.options import Json, Store, day_if_given


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command("link")(link_)
    app.command("decide")(decide_)
    app.command("encode")(encode)


def link_(
    store: Store,
    other: Annotated[
        str | None,
        typer.Argument(help="The other register: a store, or a source. None: STORE with itself."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The CSV file of pairs to write.")
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(help="Keep the links in STORE, and call the other register by this name."),
    ] = None,
    ask: Annotated[
        bool,
        typer.Option("--ask", help="STORE alone: let the pairs wait for a person at /links."),
    ] = False,
    map: Annotated[Path | None, typer.Option(help="A MAP.toml for a source.")] = None,
    names: Annotated[
        Path | None, typer.Option(help="STORE's names as `sanket encode` wrote them.")
    ] = None,
    other_names: Annotated[
        Path | None, typer.Option(help="The other register's names, encoded under the same key.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find the children who stand in two registers, or twice in one: `same`, or `look` where a
    person must decide.

    Without --keep nothing is changed in either. With it, `same` pairs are one child in STORE from
    today, `look` pairs wait at the page `/links`, and the other register's records of both are
    brought. Names take part only as encoded by `sanket encode`.
    """
    from registry.contract.errors import UsageError
    from registry.linkage.links import link, write_links
    from registry.linkage.name_encoding import read_filters
    from registry.linkage.opened_registers import opened_registers, views
    from registry.linkage.register_view import with_names
    from sanket.progress import step

    if other is None:
        if map or other_names or keep:
            raise UsageError("LNK006", "--map, --keep and --other-names are of a second register")
        _twice(store, out, names, ask=ask, as_json=as_json)
        return
    if ask:
        raise UsageError("LNK006", "--ask is for STORE alone; of two registers `look` pairs wait")
    if (names is None) != (other_names is None):
        raise UsageError("LNK006", "--names and --other-names go together")
    filters = read_filters((names, other_names)) if names and other_names else ({}, {})
    with step("Linking"):
        one, second = opened_registers(store, other, map=map)
        seen = views(one, second)
        links = link(*(with_names(view, its) for view, its in zip(seen, filters, strict=True)))
        if out is not None:
            write_links(links, out)
    counts = links.counts()
    if keep is not None:
        from registry.linkage.kept_links import keep as keep_links
        from registry.store.store import open_store

        with step("Keeping"), closing(open_store(store, must_exist=True)) as opened:
            counts |= keep_links(opened, one.registry, second.registry, links, keep)
    _tell(counts, as_json=as_json)


def _tell(counts: dict[str, int], *, as_json: bool) -> None:
    from registry.indian_digits import grouped

    if as_json:
        typer.echo(json.dumps(counts))
        return
    for name, count in counts.items():
        typer.echo(f"{name.replace('_', ' '):16} {grouped(count):>12}")


def _twice(store: str, out: Path | None, names: Path | None, *, ask: bool, as_json: bool) -> None:
    """Who stands twice in one register."""
    from registry.linkage.duplicates import duplicates
    from registry.linkage.links import write_links
    from registry.linkage.name_encoding import read_filters
    from registry.linkage.opened_registers import opened_alone, views
    from registry.linkage.register_view import with_names
    from sanket.progress import step

    with step("Looking for who stands twice"):
        alone = opened_alone(store)
        filters = read_filters((names, names))[0] if names else {}
        links = duplicates(with_names(views(alone, alone)[0], filters))
        if out is not None:
            write_links(links, out)
    counts = links.counts()
    del counts["other_children"]
    if ask:
        from registry.linkage.kept_links import ask as ask_a_person
        from registry.store.store import open_store

        with closing(open_store(store, must_exist=True)) as opened:
            counts |= ask_a_person(opened, links)
    _tell(counts, as_json=as_json)


def decide_(
    store: Store,
    child: Annotated[str, typer.Argument(help="The child's id, which goes on.")],
    other: Annotated[
        str, typer.Argument(help="The other id: here, or REGISTER:CODE of another register.")
    ],
    verdict: Annotated[
        str, typer.Argument(help="`same`, `different` (undoes a link) or `unsure`.")
    ],
    because: Annotated[str, typer.Option(help="Why, in a sentence.")] = "",
    on: Annotated[str | None, typer.Option(hidden=True, help="To replay a past.")] = None,
    as_json: Json = False,
) -> None:
    """Decide whether two ids are one child, from today; decide again to undo.

    Days before a decision keep their answers. Kept with the account that decided.
    """
    import getpass

    from registry.contract.days import day_number
    from registry.contract.errors import UsageError
    from registry.store.links.decisions import VERDICTS, decide, decision_day
    from registry.store.store import open_store
    from serving.audit.command_entries import note_command

    if verdict not in VERDICTS:
        raise UsageError("LNK006", f"a verdict is one of {', '.join(VERDICTS)}")
    day = day_if_given(on, option="--on", code="LNK009")
    with closing(open_store(store, must_exist=True)) as opened:
        note_command(store, opened.engine, "decide_link", [child, other])
        with opened.engine.connect() as connection:
            at = day_number(day) if day else decision_day(connection)
            connection.rollback()
            decide(connection, child, other, verdict, by=getpass.getuser(), on=at, because=because)
            connection.commit()
    typer.echo(json.dumps({"verdict": verdict}) if as_json else f"kept: {verdict}")


def encode(
    file: Annotated[Path, typer.Argument(help="A table with child_id, name, maybe mother_name.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The encoded file to write.")],
    as_json: Json = False,
) -> None:
    """Write names as keyed filters, so that two offices link without showing each other names.

    The key is the secret in SANKET_LINKAGE_KEY. Encoded names are still personal data: see
    docs/linkage.md.
    """
    from registry.linkage.name_encoding import encode_file

    counts = encode_file(file, out)
    typer.echo(
        json.dumps(counts)
        if as_json
        else f"{counts['encoded']} of {counts['rows']} children encoded"
    )
