"""Compare two runs: the same rows judged by two bundles, side by side.

`marimo edit notebooks/compare_two_runs.py -- --store x.db --one VERSION --other VERSION`
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import marimo as mo
    import pandas as pd

    from features.clock import Clock
    from features.trajectory.context import Context
    from models.bundle import load
    from models.champion import models_folder
    from training.commands.train import load_registry
    from training.evaluation.scored_rows import judged_cohort, judging, score_rows
    from training.report import figures_told, plots
    from training.tracking import mlflow_runs
    from training.tracking.find_bundle import find_bundle

    asked = mo.cli_args()
    store = asked.get("store") or "demo/demo.db"
    models = models_folder(store)
    tracked = mlflow_runs.tracking_address(models)
    one, other = (
        load(find_bundle(models, asked.get(name), tracked=tracked), rehearsal=True)
        for name in ("one", "other")
    )
    return (
        Clock,
        Context,
        figures_told,
        judged_cohort,
        judging,
        load_registry,
        mo,
        one,
        other,
        pd,
        plots,
        score_rows,
        store,
    )


@app.cell
def _(Clock, Context, judged_cohort, judging, load_registry, one, other, score_rows, store):
    clock = Clock(load_registry(store))
    context = Context(clock)
    later = max((one, other), key=lambda bundle: bundle.facts["trained_until"])
    block, rows = judged_cohort(clock, later)
    # Where the later one's rehearsal is judged, the other's is too: neither learnt from these
    # children.
    judged = [
        score_rows(clock, judging(bundle, block), rows, block=block, context=context)
        for bundle in (one, other)
    ]
    return block, judged


@app.cell
def _(block, figures_told, judged, mo, one, other, pd):
    figures = pd.DataFrame(
        {
            bundle.version: {
                "AUC": figures_told.discrimination(rows)["overall"]["model"].value,
                "scaled Brier": figures_told.true_risks(rows)["brier_scaled"].value,
                "slope": figures_told.true_risks(rows)["slope"].value,
            }
            for bundle, rows in zip((one, other), judged, strict=True)
        }
    )
    mo.vstack([mo.md(f"# Two models on the same rows ({block})"), figures])
    return (figures,)


@app.cell
def _(figures_told, judged, mo, plots):
    curves = [plots.calibration(figures_told.true_risks(rows)) for rows in judged]
    mo.hstack(curves)
    return (curves,)


if __name__ == "__main__":
    app.run()
