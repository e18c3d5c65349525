"""The verbs of growth: `zscores` for any table, `growth-chart` for one child of a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sanket.options import Store


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command()(zscores)
    app.command("growth-chart")(growth_chart)


def zscores(
    file: Annotated[
        Path, typer.Argument(help="CSV of any delimiter and encoding, XLSX or Parquet.")
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Where to write: .csv, .tsv, .parquet or .xlsx.")
    ],
    report: Annotated[
        Path | None, typer.Option(help="Also write one HTML page with distributions.")
    ] = None,
    map: Annotated[
        Path | None, typer.Option(help="A MAP.toml, as `sanket import` takes it.")
    ] = None,
    unrounded: Annotated[
        bool, typer.Option("--unrounded", help="All digits instead of two decimals.")
    ] = False,
    older: Annotated[
        str | None, typer.Option(help="who2007: also answer from 61 months by WHO 2007.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary as one JSON document.")
    ] = False,
) -> None:
    """WHO z-scores and nutrition status for every row of a table.

    Reads our names (sex, age_days, age_months, birth_date with measured_on, weight_kg, height_cm,
    height_position, muac_mm, head_cm, oedema), WHO Anthro's (weight, lenhei, measure, armc and
    headc in cm), ENA's (SURVDATE, BIRTHDAT, MONTHS, EDEMA, MUAC in mm), headers as people write
    them (Weight (kg), wt, DOB, वजन), and what a map declares: the same files and maps as `sanket
    import`. Keeps every column and row in its order and adds waz haz whz baz muacz hcz, a flag for
    each, nutrition_status, criterion, underweight, stunting and suspicion. No unit is guessed or
    converted: what looks like grams, metres or exchanged columns is answered with nothing, and
    `suspicion` says why. WHO 2006 gives nothing from 60 completed months.
    """
    import json

    from rich.console import Console

    from features.survey import score_file
    from features.survey.summary import words
    from registry.contract.errors import UsageError

    if older not in (None, "who2007"):
        raise UsageError("GRO003", f"--older takes who2007, not {older}")
    console = Console(stderr=True)
    with console.status("starting") as status:
        facts = score_file(
            file,
            out,
            unrounded=unrounded,
            older=older,
            report=report,
            map=map,
            step=lambda text: status.update(text),
        )
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        print(words(facts))


def growth_chart(
    store: Store,
    child: Annotated[str, typer.Argument(help="The child's id.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to draw: .svg or .png.")],
) -> None:
    """One child's points on WHO's curves, its treatment shaded.

    Weight for age, length or height for age, weight for height and MUAC, each where it was
    measured. A hollow point stands on a height that was carried forward.
    """
    from features.charts.child_chart import chart_of
    from registry.contract.errors import UsageError
    from registry.store.store import open_store

    kind = out.suffix.lower()
    if kind not in (".svg", ".png"):
        raise UsageError("GRO120", f"cannot draw {out.name}: its ending must be .svg or .png")
    if not out.absolute().parent.is_dir():
        raise UsageError("GRO121", f"cannot write {out.name}: its folder is not there")
    canvas = chart_of(open_store(store, must_exist=True).load(children=[child]), child, title=child)
    out.write_bytes(canvas.svg().encode() if kind == ".svg" else canvas.png())
