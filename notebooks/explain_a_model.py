"""Explain a model: the champion's strongest columns, SHAP's plots, and one prediction taken apart.

`marimo edit notebooks/explain_a_model.py -- --store x.db --target relapse`
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import marimo as mo
    import numpy as np
    import pandas as pd

    from features.clock import Clock
    from models.champion import champions, models_folder
    from models.reasons import grouped, strongest
    from training.commands.train import load_registry
    from training.evaluation import importance
    from training.evaluation.scored_rows import judged_rows

    store = mo.cli_args().get("store") or "demo/demo.db"
    target = mo.cli_args().get("target") or "relapse"
    bundle = champions(models_folder(store), rehearsal=True)[target]
    judged = judged_rows(Clock(load_registry(store)), bundle)
    return bundle, grouped, importance, judged, mo, np, pd, strongest


@app.cell
def _(bundle, importance, judged, mo):
    drawn = importance.drawings(importance.explanation(bundle, judged.matrix))
    mo.vstack([mo.md(f"# {bundle.target}: what moves its scores"), *drawn.values()])
    return (drawn,)


@app.cell
def _(bundle, grouped, judged, mo, np, pd, strongest):
    highest = judged.matrix[np.argmax(judged.risk)][None]
    scores = bundle.score(highest)
    parts = pd.DataFrame(
        strongest(grouped(scores.contributions)[0], count=8), columns=["reason", "log_odds"]
    )
    mo.vstack(
        [
            mo.md(
                f"## The highest risk, {scores.risk[0]:.2f} ({scores.low[0]:.2f} to "
                f"{scores.high[0]:.2f})"
            ),
            parts,
        ]
    )
    return (parts,)


if __name__ == "__main__":
    _, defined = app.run()
    print(defined["parts"].to_string(index=False))
