"""The verb `forecast`: how many to expect, where and when, with a band, and where to look now."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sanket.options import Json, Scheduler, Workers, day_if_given

if TYPE_CHECKING:
    import pandas as pd

    from registry.engine import Engine
    from registry.sources.geojson import Polygons
    from training.forecasting.forecast_run import PanelAt, Result

LEVELS = ("centre", "sector", "project", "district")
ENDINGS = (".csv", ".parquet")
MOST_MONTHS = 12


def bind(app: typer.Typer) -> None:
    """Bind this room's verb."""
    app.command()(forecast)


def forecast(
    source: Annotated[
        str, typer.Argument(help="A store, or a table of monthly counts: area, month, count.")
    ],
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="As known at the end of this day.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="Store: centre, sector (default), project, district; table: a parent column."
        ),
    ] = None,
    horizon: Annotated[
        int, typer.Option(min=1, max=MOST_MONTHS, help="How many months ahead.")
    ] = 6,
    counted: Annotated[
        str,
        typer.Option(
            help="Of a store: confirmed_sam, admissions, in_treatment, ednf_sachets, mam, relapse."
        ),
    ] = "confirmed_sam",
    backtest_from: Annotated[
        str | None,
        typer.Option(
            metavar="MONTH", help="Also every origin from this month on, beside what came."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Where to write: .csv or .parquet.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Also write one HTML page: alerts, map, areas ranked, plots."),
    ] = None,
    publish: Annotated[
        bool,
        typer.Option(
            "--publish",
            help="Of a store: also publish it, for the officers' pages, the budget and drift.",
        ),
    ] = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    tracking: Annotated[
        str | None,
        typer.Option(
            help="MLflow's address, or MLFLOW_TRACKING_URI: the forecast is then kept as a run."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Forecasts of monthly counts by area, with bands and alerts.

    A month that is not there, or whose count is empty, was not reported; it is no zero. Every
    further column of a table is a parent (one value an area) or a covariate (a number by month).
    Levels add up. With --backtest-from every past origin is made only from what was known then, and
    its error is told beside the best simple average. Without --publish nothing in the store
    changes; with it the forecast stands in place of the former one, whole or not at all.
    """
    import json

    from registry.contract.errors import UsageError
    from registry.engine import Engine
    from sanket.progress import steps
    from training.forecasting.forecast_page import page
    from training.forecasting.forecast_run import measured, run

    tracked = tracking or os.environ.get("MLFLOW_TRACKING_URI")
    if tracked:
        from training.tracking.reachable import ask

        ask(tracked)
    _writable(out, ENDINGS)
    _writable(report, (".html", ".htm"))
    first = _month(backtest_from)
    day = day_if_given(as_of, option="--as-of", code="FCT014")
    with steps("Forecast") as said:
        panel_at, last_day, level, vintages = _opened(
            source, by, counted, Engine.of(workers, scheduler)
        )
        if publish and not vintages:
            raise UsageError(
                "FCT015", "--publish with a table: only the forecast of a store is published"
            )
        result = run(
            panel_at,
            as_of=day or last_day,
            horizons=horizon,
            level=level,
            backtest_from=first,
            vintages=vintages,
            said=said,
        )
    if publish:
        _publish(source, result, counted=counted, level=level, as_of=day or last_day)
    if out:
        _write(result.rows, out)
    shown = ""
    if report or tracked:
        shown = page(
            result,
            title=Path(source).name,
            counted=_words(counted, vintages),
            boundaries=_boundaries(source, level) if vintages else {},
        )
    if report:
        report.write_text(shown, encoding="utf-8")
    told = {
        "origin": result.levels[0].panel.month_name(result.forecasts[0].origin),
        "level": level,
        "horizon": horizon,
        "counted": counted if vintages else "count",
        "areas": len(result.levels[0].panel.areas),
        "rows": len(result.rows),
        "published": publish,
        "out": str(out) if out else None,
        "warnings": list(result.warnings),
        "alerts": [alert.record() for alert in result.alerts],
        "backtest": measured(result) if result.past is not None else None,
    }
    if tracked:
        from training.forecasting.forecast_tracked import ForecastArtifacts, track

        asked = {"as_of": (day or last_day).isoformat(), "backtest_from": backtest_from}
        told["run_id"] = track(told, tracked, asked, ForecastArtifacts.of(result, shown))
    if as_json:
        print(
            json.dumps(
                told if out else told | {"forecast": _records(result.rows)}, ensure_ascii=False
            )
        )
    else:
        _say(result, told)


def _opened(
    source: str, by: str | None, counted: str, engine: Engine
) -> tuple[PanelAt, dt.date, str, bool]:
    """(panel at a day, the newest day of the source, level, whether it is a store)."""
    from registry.contract.errors import UsageError
    from training.forecasting.forecast_run import of_store, of_table
    from training.forecasting.sources.store_events import EVENTS

    if "://" not in source and Path(source).suffix.lower() not in (".db", ".sqlite", ".sqlite3"):
        return of_table(Path(source), by=by), dt.date(9999, 11, 30), by or "area", False
    if (by or "sector") not in LEVELS:
        raise UsageError("FCT011", f"--by is {by!r}: of a store give one of {', '.join(LEVELS)}")
    if counted not in EVENTS:
        raise UsageError("FCT010", f"--counted is {counted!r}: give one of {', '.join(EVENTS)}")
    panel_at, last_day = of_store(source, counted, level=by or "sector", engine=engine)
    return panel_at, last_day, by or "sector", True


def _publish(source: str, result: Result, *, counted: str, level: str, as_of: dt.date) -> None:
    from contextlib import closing

    from registry.store.store import open_store
    from training.forecasting import publication

    with closing(open_store(source, must_exist=True)) as store:
        publication.publish(store.engine, result, counted=counted, level=level, as_of=as_of)


def _boundaries(source: str, level: str) -> dict[str, Polygons]:
    """The boundaries that a store has of its areas of this level."""
    from registry.store.boundaries import boundaries
    from registry.store.store import open_store

    store = open_store(source, must_exist=True)
    try:
        return boundaries(store, level)
    finally:
        store.close()


def _writable(path: Path | None, endings: tuple[str, ...]) -> None:
    from registry.contract.errors import UsageError

    if path is None:
        return
    if path.suffix.lower() not in endings:
        raise UsageError(
            "FCT013", f"cannot write {path.name}: its ending must be {' or '.join(endings)}"
        )
    if not path.absolute().parent.is_dir():
        raise UsageError("FCT013", f"cannot write {path.name}: its folder is not there")


def _month(text: str | None) -> int | None:
    from registry.contract.errors import UsageError

    if text is None:
        return None
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise UsageError("FCT012", f"--backtest-from is a month: write it as 2026-03, not {text!r}")
    return (int(text[:4]) - 1970) * 12 + int(text[5:]) - 1


def _write(rows: pd.DataFrame, out: Path) -> None:
    if out.suffix.lower() == ".parquet":
        rows.to_parquet(out, index=False)
    else:
        rows.to_csv(out, index=False)


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return found


def _words(counted: str, store: bool) -> str:
    words = {
        "confirmed_sam": "New confirmed SAM by month of confirmation",
        "admissions": "Admissions",
        "in_treatment": "Children in treatment at the month's end",
        "ednf_sachets": "Sachets of EDNF given out",
        "mam": "Children whose last judged measurement of the month is MAM",
        "relapse": "Relapses within 183 days of a cure by month in which they became known",
    }
    return words[counted] if store else "Counts"


def _say(result: Result, told: dict[str, Any]) -> None:
    from training.forecasting.forecast_run import ranked

    typer.echo(f"{told['areas']} areas, {told['horizon']} months after {told['origin']}")
    for warning in told["warnings"]:
        typer.echo(f"note: {warning}")
    if told["published"]:
        typer.echo("published: the officers' pages, the budget and drift read it from now on")
    for row in ranked(result)[:10]:
        last = row["a_month_last_year"]
        typer.echo(
            f"  {row['area']:16} {row['a_month_expected']:9.1f} a month expected"
            + ("" if last is None else f", {last:.1f} in the last year")
        )
    for alert in told["alerts"][:20]:
        typer.echo(f"{alert['kind']}: {alert['text']}")
    if len(told["alerts"]) > 20:
        typer.echo(f"and {len(told['alerts']) - 20} further alerts (--json, --report)")
    for horizon, found in (told["backtest"] or {}).items():
        typer.echo(
            f"{horizon} ahead: error {found['error']:.2f}, {found['ratio']:.3f} of the "
            "best simple average "
            f"({found['best_average']}); 80 % band held {found['in_80']:.3f}, WIS "
            f"{found['interval_score']:.2f}"
        )
