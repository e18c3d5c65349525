"""The verb `simulate`: a synthetic registry on disk."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sanket.options import Json

if TYPE_CHECKING:
    from rich.console import Console


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command("simulate")(simulate)


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write the tables to; made when missing.")],
    children: Annotated[int, typer.Option(help="Children who live in the registry.")] = 20_000,
    months: Annotated[int, typer.Option(help="Calendar months of records.")] = 30,
    seed: Annotated[int, typer.Option(help="Same seed, same registry.")] = 1,
    format: Annotated[str, typer.Option(help="parquet or csv.")] = "parquet",
    noise: Annotated[
        float, typer.Option(help="Measuring error and rounding; 1 is calibrated, 0 none.")
    ] = 1.0,
    missing: Annotated[
        float, typer.Option(help="Odds of missed weighings and heights; 1 is calibrated.")
    ] = 1.0,
    informative: Annotated[
        float, typer.Option(help="How tellingly records are missing; 0 at random.")
    ] = 1.0,
    relapse: Annotated[
        float, typer.Option(help="How much is lost after discharge; 1 gives about 12 %.")
    ] = 1.0,
    set_point: Annotated[
        float, typer.Option(help="How strongly treated children go back to where they stood.")
    ] = 1.0,
    truth_draws: Annotated[
        int, typer.Option(help="Forward lives per landmark in OUT/truth; 0 for none.")
    ] = 100,
    as_json: Json = False,
) -> None:
    """Make a synthetic registry: a district's children, their care and their dirty records.

    Writes the contract's tables to OUT, the truth that nobody in real life knows to OUT/truth, and
    OUT/provenance.json, which says that it is synthetic. Its own rates are printed beside the
    published ones. The default of --children, --months and --seed is the demo's district.
    """
    from rich.console import Console
    from rich.progress import Progress

    from registry.simulate.dials import Dials
    from registry.simulate.write import simulate as write

    dials = Dials(
        noise=noise,
        missing=missing,
        informative=informative,
        relapse=relapse,
        set_point=set_point,
        truth_draws=truth_draws,
    )
    console = Console(stderr=True)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Living through the months", total=children)
        facts = write(
            out,
            children=children,
            months=months,
            seed=seed,
            format=format,
            dials=dials,
            progress=lambda done: progress.advance(task, done),
        )
    if as_json:
        _print_json(facts)
    else:
        _print_table(facts, console)


def _print_json(facts: dict[str, Any]) -> None:
    """One document; a rate of nothing (no admissions, say) is null."""
    import json
    import sys

    rates = {name: (value if value == value else None) for name, value in facts["rates"].items()}
    json.dump(facts | {"rates": rates}, sys.stdout, indent=2)
    sys.stdout.write("\n")


def _rate(value: float) -> str:
    """A rate as it is shown; one of nothing (no admissions, say) has none."""
    from registry.indian_digits import grouped

    if isnan(value):
        return "–"
    return f"{value:.3f}" if value < 100 else grouped(round(value))


def _print_table(facts: dict[str, Any], console: Console) -> None:
    """Own rates beside the published ones."""
    from rich.table import Table

    from registry.simulate.rates import PUBLISHED

    table = Table(
        "rate",
        "this registry",
        "published",
        "source",
        title="Synthetic: these children never lived",
    )
    for name, value in facts["rates"].items():
        published, source = PUBLISHED.get(name, ("", ""))
        table.add_row(name.replace("_", " "), _rate(value), published, source)
    console.print(table)
