"""The verb `areas import`: boundaries of sectors, projects and districts, for maps."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sanket.options import Json


def bind(app: typer.Typer) -> None:
    """Bind this room's verb."""
    areas = typer.Typer(help="Boundaries of areas, for the maps of reports.", no_args_is_help=True)
    areas.callback()(_areas)
    areas.command("import")(import_)
    app.add_typer(areas, name="areas")


def _areas() -> None:
    """Boundaries of areas, for the maps of reports."""


def import_(
    file: Annotated[Path, typer.Argument(help="GeoJSON: a FeatureCollection of polygons.")],
    to: Annotated[str, typer.Option("--to", help="The store whose areas these are.")],
    level: Annotated[
        str | None, typer.Option(help="sector, project or district; told from the ids if left out.")
    ] = None,
    id_property: Annotated[
        str | None,
        typer.Option("--id", help="The property with the programme's own code of the area."),
    ] = None,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Leave out areas that the store does not know.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Keep the boundaries of a GeoJSON file (WGS84) in the store.

    `sanket forecast STORE --report` then draws its areas on a map. An area that has a boundary
    already gets the new one. A file with a fault changes nothing (exit code 3).
    """
    from registry.store.boundaries import import_boundaries
    from registry.store.store import open_store

    store = open_store(to, must_exist=True)
    try:
        done = import_boundaries(
            store, file, level=level, property=id_property, skip_unknown=skip_unknown
        )
    finally:
        store.close()
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
        return
    typer.echo(
        f"{done.areas} {done.level}s have their boundaries, {done.replaced} of them new ones; "
        f"{done.without} have none yet"
    )
    if done.skipped:
        typer.echo(f"{done.skipped} areas of the file are no {done.level} of this store: left out")
    for note in done.notes:
        typer.secho(note, fg="red", bold=True)
