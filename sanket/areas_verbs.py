"""The verbs `areas import` (boundaries of sectors, projects and districts, for maps) and `areas
report` (the monthly report of an area)."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sanket.options import Json, Language, Store, day_if_given, format_of, language_of
from serving.language.languages import DEFAULT_LANGUAGE


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    areas = typer.Typer(
        help="The monthly report of an area; boundaries for maps.", no_args_is_help=True
    )
    areas.callback()(_areas)
    areas.command("import")(import_)
    areas.command()(report)
    app.add_typer(areas, name="areas")


def _areas() -> None:
    """The monthly report of an area; boundaries for maps."""


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


def report(
    store: Store,
    out: Annotated[Path, typer.Option("-o", "--output", help="Where to write the file.")],
    level: Annotated[
        str, typer.Option(help="state, district, project, sector or centre.")
    ] = "state",
    area: Annotated[str, typer.Option(help="The area's code; left out for the state.")] = "state",
    lang: Language = DEFAULT_LANGUAGE,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="pdf, xlsx, png (the card) or card (as PDF); by OUT's ending where left out.",
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="By the newest run up to this day (YYYY-MM-DD).")
    ] = None,
) -> None:
    """The monthly report of an area, as the newest run counted it.

    At a glance beside the month and the year before, treatment beside Sphere's lines, the parts
    that need attention, open escalations, what came of the lists, twelve months. `-o card.png` is a
    card of counts alone, as a picture for a message; `--format card` is the same as a small PDF. No
    figure of fewer than five children is told.
    """
    from contextlib import closing

    from registry.contract.errors import BadInput
    from registry.store.store import open_store
    from serving.access.scope import Scope
    from serving.book.reader import Reader
    from serving.language.words import words
    from serving.pages.areas.report.monthly_report import monthly_report
    from serving.pages.areas.report.report_formats import REPORT_FORMS

    form = format_of(form, out, otherwise="pdf", among=REPORT_FORMS)
    spoken = words(language_of(lang))
    day = day_if_given(as_of, option="--as-of", code="LST010")
    with closing(open_store(store, must_exist=True)) as opened:
        reader = Reader(opened.engine, Scope.of(["state:*"]))
        made = monthly_report(reader, reader.run(day), spoken, level=level, area_id=area)
    try:
        out.write_bytes(REPORT_FORMS[form].made_by(made, spoken))
    except OSError as error:
        raise BadInput("LST007", f"cannot write {out}: {error.strerror}") from None
    typer.echo(f"{out}: {made.title}")
