"""The verbs of linkage: `link`, `encode`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sanket.options import Json, Store


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command("link")(link_)
    app.command("encode")(encode)


def link_(
    store: Store,
    other: Annotated[str, typer.Argument(help="The other register: a store, or a source.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The CSV file of pairs to write.")],
    map: Annotated[Path | None, typer.Option(help="A MAP.toml for a source.")] = None,
    names: Annotated[
        Path | None, typer.Option(help="STORE's names as `sanket encode` wrote them.")
    ] = None,
    other_names: Annotated[
        Path | None, typer.Option(help="The other register's names, encoded under the same key.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find the children who stand in two registers: `same`, or `look` where a person must decide.

    Nothing is changed in either. Names take part only as encoded by `sanket encode`.
    """
    from registry.contract.errors import UsageError
    from registry.indian_digits import grouped
    from registry.linkage.links import link, write_links
    from registry.linkage.name_encoding import read_filters
    from registry.linkage.opened_registers import opened
    from registry.linkage.register_view import with_names
    from sanket.progress import step

    if (names is None) != (other_names is None):
        raise UsageError("LNK006", "--names and --other-names go together")
    filters = read_filters((names, other_names)) if names and other_names else ({}, {})
    with step("Linking"):
        views = opened(store, other, map=map)
        links = link(*(with_names(one, its) for one, its in zip(views, filters, strict=True)))
        write_links(links, out)
    counts = links.counts()
    if as_json:
        typer.echo(json.dumps(counts))
        return
    for name, count in counts.items():
        typer.echo(f"{name.replace('_', ' '):16} {grouped(count):>12}")


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
