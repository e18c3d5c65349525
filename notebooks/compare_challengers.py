"""Compare challengers: every training of a target that MLflow knows, with the same figures of each.

Figures of trainings that end on one day are of the same children. Whether one is surely better than
another say `notebooks/compare_two_runs.py` and, of a challenger that was not kept, `challenge.json`
among its run's artifacts: paired, by child.

`marimo edit notebooks/compare_challengers.py -- --store x.db --target relapse`
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import marimo as mo
    import pandas as pd

    from models.champion import models_folder, pointer
    from training.tracking import mlflow_runs

    asked = mo.cli_args()
    store, target = asked.get("store") or "demo/demo.db", asked.get("target") or "relapse"
    models = models_folder(store)
    runs = mlflow_runs.trainings(mlflow_runs.tracking_address(models), target)
    answers = (pointer(models, target) or {}).get("bundle")
    return answers, mo, pd, runs, target


@app.cell
def _(answers, mo, pd, runs, target):
    def words(figures, name):
        value, low, high = (figures.get(f"{name}{side}") for side in ("", "_low", "_high"))
        return None if None in (value, low, high) else f"{value:.3f} ({low:.3f} to {high:.3f})"

    compared = pd.DataFrame(
        [
            {
                "experiment": one["tags"].get("experiment", "the usual training"),
                "estimator": one["tags"].get("estimator", "blend"),
                "until": one["parameters"].get("until"),
                "seed": one["parameters"].get("seed"),
                "AUC": words(one["figures"], "auc"),
                "more than WHZ": words(one["figures"], "auc_more_than_whz"),
                "slope": words(one["figures"], "calibration_slope"),
                "observed over expected": words(one["figures"], "observed_over_expected"),
                "net benefit": words(one["figures"], "standardised_net_benefit"),
                "precision in the top tenth": words(one["figures"], "precision_at_top_tenth"),
                "AUC as used": words(one["figures"], "auc_as_used"),
                "children with the event": one["figures"].get("children_with_event_judged"),
                "only competes": one["tags"].get("benchmark_only", ""),
                "answers": answers is not None and one["tags"].get("bundle") == answers,
                "run": one["run_id"],
            }
            for one in runs
        ]
    )
    mo.vstack([mo.md(f"# {target}: {len(compared)} trainings, on the later block"), compared])
    return (compared,)


if __name__ == "__main__":
    _, defined = app.run()
    print(defined["compared"].to_string(index=False))
