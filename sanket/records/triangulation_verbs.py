"""The verb `triangulate`: two registers held against each other, or an extract of families."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sanket.options import Json, Store


def bind(app: typer.Typer) -> None:
    """Bind this verb."""
    app.command("triangulate")(triangulate)


def triangulate(
    store: Store,
    other: Annotated[
        str | None, typer.Option("--other", help="The other register: a store, or a source.")
    ] = None,
    links: Annotated[
        Path | None,
        typer.Option(help="What `sanket link STORE OTHER` wrote; without it they are linked now."),
    ] = None,
    kept: Annotated[
        str | None,
        typer.Option(
            help="Take the links that STORE keeps to the register of this name (`sanket link "
            "--keep NAME`, and what officers decided since)."
        ),
    ] = None,
    families: Annotated[
        Path | None,
        typer.Option(help="An extract of families (family_id, birth_date): who is not registered."),
    ] = None,
    map: Annotated[Path | None, typer.Option(help="A MAP.toml for a source.")] = None,
    months: Annotated[int, typer.Option(min=1, max=60, help="The last so many months.")] = 12,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The report: .csv, .html or .json.")
    ] = None,
    children: Annotated[
        Path | None,
        typer.Option(help="The ranked list of children's codes, for the owner of the file alone."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold two registers against each other: who is in one only, where they disagree, and how many
    SAM children neither may know. With --families: who of an extract is not registered.

    Counts alone are shown, small ones withheld. See docs/linkage.md.
    """
    from registry.contract.errors import UsageError

    if (other is None) == (families is None) or (families and (links or map or kept)):
        raise UsageError(
            "LNK013",
            "name the other register with --other (a store or a source; with --links what `sanket "
            "link` wrote of the two), or an extract of families with --families",
        )
    if families is not None:
        _families(store, families, out, children, as_json=as_json)
        return
    if other is None:
        return
    if links and kept:
        raise UsageError("LNK013", "--links and --kept are two sources of the same: name one")
    from care.triangulation.report import record, said, triangulated, write, write_children
    from care.triangulation.row_links import row_links
    from care.triangulation.two_systems import two_systems
    from registry.linkage.link_file import kept_links, read_links
    from registry.linkage.opened_registers import opened_registers
    from sanket.progress import step

    with step("Holding the registers against each other"):
        one, second = opened_registers(store, other, map=map)
        known = read_links(links) if links else kept_links(store, kept) if kept else None
        rows = row_links(one, second, known=known)
        found = triangulated(two_systems(one.registry, second.registry, rows, months=months))
    if out:
        write(found, out)
    if children:
        write_children(found, children)
    typer.echo(json.dumps(record(found), ensure_ascii=False) if as_json else said(found))


def _families(
    store: str, extract: Path, out: Path | None, missing: Path | None, *, as_json: bool
) -> None:
    from care.triangulation.families_report import held, record, said, write, write_missing
    from registry.contract.days import day_number
    from registry.linkage.family_extract import read_extract
    from registry.linkage.opened_registers import family_key, opened_alone
    from registry.machine.today import today
    from sanket.progress import step

    with step("Holding the families against the register"):
        alone = opened_alone(store)
        read = read_extract(extract, family_key(store), today=day_number(today()))
        one = held(read, alone.registry, alone.families)
    if out:
        write(one, out)
    if missing:
        write_missing(one, missing)
    typer.echo(json.dumps(record(one), ensure_ascii=False) if as_json else said(one))
