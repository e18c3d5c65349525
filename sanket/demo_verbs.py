"""The verb `demo`: one district from nothing to a served visit list. Each step is a public
command's own function.

Training and serving never meet but here, at the front door; what is already there from an earlier
run is kept.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

CHILDREN, MONTHS, SEED = 20_000, 30, 1


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command()(demo)


def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="the port on 127.0.0.1")] = 3000,
    folder: Annotated[
        Path, typer.Option(help="where the demo's registry, store and models are kept")
    ] = Path("demo"),
    children: Annotated[
        int, typer.Option(min=5_000, help="children of the simulated district")
    ] = CHILDREN,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="start the service at the end")
    ] = True,
) -> None:
    """Simulate a district, import it, train both models, score and serve: the whole of Sanket in
    one go.

    The registry is synthetic: these children never lived, and the figures mean nothing clinically.
    Running it again goes on from what is there. Ctrl-C stops all of it.
    """
    from sanket.progress import steps
    from serving.process.start import port_is_free, run

    if serve:
        port_is_free(port)
    store = str(folder / "demo.db")
    with steps("Demo") as said:
        _registry(folder / "registry", children, said)
        _store(folder / "registry", store, said)
        _models(store, said)
        scored_on = _scores(store, said)
        _forecasts(store, scored_on, said)
    _say_where(store, scored_on)
    if serve:
        # The demo's records end on a day that is gone: counted to the real day, every step would be
        # months late.
        say = functools.partial(typer.echo, err=True)
        raise SystemExit(run(store, port=port, workers=1, today=scored_on, say=say))


def _registry(out: Path, children: int, said: Callable[[str], None]) -> None:
    from registry.indian_digits import grouped
    from registry.simulate.dials import Dials
    from registry.simulate.write import simulate

    if (out / "provenance.json").exists():
        said(f"the registry is there: {out}")
        return
    said(
        f"simulating a district: {grouped(children)} children, {MONTHS} months (the first "
        "time compiles for a while)"
    )
    simulate(
        out,
        children=children,
        months=MONTHS,
        seed=SEED,
        format="parquet",
        dials=Dials(truth_draws=0),
    )


def _store(source: Path, store: str, said: Callable[[str], None]) -> None:
    from registry.indian_digits import grouped
    from registry.store.store import open_store

    said(f"importing it into {store}")
    report = open_store(store).import_source(str(source))
    rows = sum(table["rows"] for table in report.tables.values())
    said(
        f"{grouped(rows)} rows, {report.share_quarantined:.2%} of them quarantined"
        if report.changed
        else "nothing new, nothing changed"
    )


def _models(store: str, said: Callable[[str], None]) -> None:
    from models.champion import models_folder, pointer
    from models.targets import TARGETS
    from training.commands.train import train

    missing = tuple(target for target in TARGETS if pointer(models_folder(store), target) is None)
    if not missing:
        said("both models are there")
        return
    for model in train(store, targets=missing, trials=0, said=said):
        figures = model["figures"]
        said(
            f"{model['target']}: "
            + (model["not_rehearsed"] or f"AUC {figures['auc']:.3f} on its later block")
            + (", now the champion" if model["champion"] else "")
        )
        if not model["champion"]:
            _let_answer(store, model, said)


def _let_answer(store: str, model: dict[str, Any], said: Callable[[str], None]) -> None:
    """A model that was not shown to work answers for made-up children all the same, by name."""
    from training.checks.finding import ISSUE
    from training.commands.promote import promote

    issues = {found["code"] for found in model["findings"] if found["outcome"] == ISSUE}
    if issues != {"RISK017"}:
        return
    because = "the demo's children never lived; nobody is visited by this model"
    promote(store, model["bundle"], accepted={"RISK017": because}, by="sanket demo")
    said(f"{model['target']}: not shown to work (RISK017), accepted for made-up children only")


def _scores(store: str, said: Callable[[str], None]) -> dt.date:
    """Score on the last day of the records; that day."""
    from registry.contract.registry import day_date
    from registry.indian_digits import grouped
    from registry.store.store import open_store
    from serving.book.scoring.scoring_run import score_store

    until = day_date(open_store(store).load(children=[]).recorded_until)
    said(f"scoring every child as of {until}")
    done = score_store(store, as_of=until)
    said(
        f"{grouped(done['children'])} children in the score book, "
        f"{grouped(done['in_danger'])} in danger by the rules"
    )
    return until


FORECAST_LEVEL, FORECAST = "centre", ("confirmed_sam", "admissions")
"""What the pages show, and what the budget's season is made of."""


def _forecasts(store: str, until: dt.date, said: Callable[[str], None]) -> None:
    """Publish what is expected, from the last month of the records, once."""
    from contextlib import closing

    from care.programme.published_forecast import newest
    from registry.store.store import open_store
    from training.forecasting import publication
    from training.forecasting.forecast_run import of_store, run

    with closing(open_store(store)) as held:
        for counted in FORECAST:
            found = newest(held.engine, counted)
            if found and found.as_of == until:
                said(f"the forecast of {counted} is there: from {found.origin}")
                continue
            panel_at, _ = of_store(store, counted, level=FORECAST_LEVEL)
            result = run(
                panel_at, as_of=until, horizons=publication.LEAST_HORIZON, level=FORECAST_LEVEL
            )
            found = publication.publish(
                held.engine,
                result,
                counted=counted,
                level=FORECAST_LEVEL,
                as_of=until,
                made_on=until,
            )
            said(f"published a forecast of {counted} from {found.origin}")


def _say_where(store: str, scored_on: dt.date) -> None:
    from registry.store.store import open_store
    from serving.access.permissions import issue, local_key

    sector = str(open_store(store).load(children=[]).sector_ids[0])
    token = issue(
        key=local_key(store), role="supervisor", scopes=[f"sector:{sector}"], name="demo", days=30
    )
    models = Path(store).with_suffix(".models")
    typer.echo(f"Demo sign-in (sector {sector}, 30 days): {token}", err=True)
    typer.echo(
        f"MLflow       .venv/bin/mlflow ui --backend-store-uri sqlite:///{models}/mlflow.db",
        err=True,
    )
    paper = f"sanket visits {store} --sector {sector} --as-of {scored_on} -o list.pdf"
    typer.echo(f"On paper     .venv/bin/{paper}", err=True)
