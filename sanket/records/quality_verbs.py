"""The verb `quality`: how far each centre's records can be trusted, by month."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from sanket.options import Json, Scheduler, Store, Workers


def quality(
    store: Store,
    by: Annotated[str, typer.Option(help="centre, sector, project or district.")] = "centre",
    month: Annotated[
        str | None, typer.Option(help="This month only (2026-03); the last one by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write every month as CSV.")
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Data quality of each centre and month: green, amber or red, with the eleven checks behind
    it."""
    from features.data_quality import AREAS, rows_of
    from features.quality_of_store import of_store
    from registry.contract.errors import UsageError
    from registry.engine import Engine
    from sanket.progress import step

    if by not in AREAS:
        raise UsageError("REG066", f"--by is one of {', '.join(AREAS)}")
    if month and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise UsageError("REG066", f"a month is written 2026-03, not {month}")
    engine = Engine.of(workers, scheduler)
    with step("Judging the records"):
        scored = of_store(store, by=by, engine=engine)
    if out:
        _write(out, rows_of(scored, month="all"))
    rows: list[dict[str, Any]] = rows_of(scored, month=month)
    for warning in scored.warnings:
        typer.secho(warning, fg="red", bold=True, err=as_json)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(f"{row[by]:16} {row['month']}  {_judged(row)}")
        for line in row["look"]:
            typer.secho(f"{'':26}{line}", fg="red", bold=True)
    if not rows:
        typer.echo(f"no child was measured {f'in {month}' if month else 'yet'}")


def _judged(row: dict[str, Any]) -> str:
    if row["score"] is None:
        return "fewer than five children"
    worst = ", ".join(f"{name} {share:.0%}" for name, share in row["worst"])
    every = (
        f"   at 100 %, so never green: {', '.join(row['at_100_percent'])}"
        if row["at_100_percent"]
        else ""
    )
    return f"{row['colour']:5}  {row['score']:5.1f}  {worst}{every}"


def _write(out: Path, rows: list[dict[str, Any]]) -> None:
    import csv

    from registry.sources.formula_guard import harmless

    with out.open("w", encoding="utf-8-sig", newline="") as file:
        lists = ("worst", "checks", "look", "at_100_percent")
        flat = [{key: row[key] for key in row if key not in lists} | row["checks"] for row in rows]
        # An area without a score has no checks, and may come first.
        writer = csv.DictWriter(
            file, list(dict.fromkeys(key for row in flat for key in row)) or ["month"]
        )
        writer.writeheader()
        writer.writerows(
            {name: harmless(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
            for row in flat
        )
