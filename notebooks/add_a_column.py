"""Add a column: does a number of your own tell what the champion does not know yet? Asked before
any training, on the rows that the report judges.

The column joins through the clock: a prediction has what was known by its day. Then a logistic
regression beside the champion's own log-odds says what a standard deviation of it adds, with an
interval by child. If it holds 0, there is little to win by training with it.

`marimo edit notebooks/add_a_column.py -- --store x.db --target relapse --experiment rain.toml`
(an experiment file with one `[[own]]`; `sanket train x.db --experiment rain.toml` then trains)
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    from dataclasses import replace
    from pathlib import Path

    import marimo as mo
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    from features.clock import Clock
    from models.champion import champion, models_folder
    from training.evaluation.scored_rows import judged_rows
    from training.experiments.experiment_file import read
    from training.experiments.run_experiment import loaded
    from training.metrics.discrimination import bootstraps

    asked = mo.cli_args()
    store, target = asked.get("store") or "demo/demo.db", asked.get("target") or "relapse"
    registry, families = loaded(store)
    experiment = read(Path(asked.get("experiment") or "experiment.toml"), registry, families)
    names = [name for table in experiment.own for name in table.names]
    bundle = champion(models_folder(store), target, rehearsal=True)
    clock = Clock(replace(registry, beside=experiment.own))
    judged = judged_rows(clock, bundle)
    return LogisticRegression, bootstraps, bundle, judged, mo, names, np, pd


@app.cell
def _(bundle, judged, mo, names, np, pd):
    own = judged.matrix[:, len(bundle.columns) :]
    there = ~np.isnan(own)
    filled = np.where(there, own, np.nanmedian(own, axis=0))
    spread = filled.std(axis=0)
    standard = (filled - filled.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    known = pd.DataFrame({"column": names, "known on the day": there.mean(axis=0)})
    mo.vstack([mo.md(f"# What {', '.join(names)} would add for {bundle.target}"), known])
    return (standard,)


@app.cell
def _(LogisticRegression, bootstraps, judged, mo, names, np, pd, standard):
    def added(columns, log_odds, happened, weight):
        model = LogisticRegression(C=10.0, max_iter=200)
        beside = np.column_stack([log_odds, columns])
        return model.fit(beside, happened, sample_weight=weight).coef_[0, 1:]

    some = judged.known
    found = bootstraps(
        lambda at, happened, weight: added(
            standard[some][at.astype(int)], judged.log_odds[some][at.astype(int)], happened, weight
        ),
        np.arange(some.sum()),
        judged.happened[some],
        judged.weight[some],
        cluster=judged.rows.child[some],
        repeats=100,
    )
    table = pd.DataFrame(
        [
            {"column": name, "log-odds a standard deviation": of.value, "low": of.low}
            | {"high": of.high}
            for name, of in zip(names, found, strict=True)
        ]
    )
    mo.vstack([mo.md(f"On {int(some.sum())} rows with a known outcome, 95 % by child:"), table])
    return (table,)


if __name__ == "__main__":
    _, defined = app.run()
    print(defined["table"].to_string(index=False))
