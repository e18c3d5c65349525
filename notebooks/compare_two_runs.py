"""Compare two runs: both bundles on the same rows, paired by child, as `sanket promote` compares a
challenger with the champion.

`marimo edit notebooks/compare_two_runs.py -- --store x.db --one VERSION --other VERSION`
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import marimo as mo
    import pandas as pd

    from features.clock import Clock
    from models.bundle import load
    from models.champion import models_folder
    from training.commands.train import load_registry
    from training.evaluation.challenge import challenge, sentence
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
    return Clock, challenge, load_registry, mo, one, other, pd, sentence, store


@app.cell
def _(Clock, challenge, load_registry, one, other, store):
    told = challenge(Clock(load_registry(store)), one, other)
    return (told,)


@app.cell
def _(mo, one, other, pd, sentence, told):
    def words(figure):
        return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"

    if isinstance(told, str):
        shown = mo.md(f"These two cannot be compared: {told}.")
    else:
        columns = {one.version: told.challenger, other.version: told.champion, "less": told.more}
        figures = pd.DataFrame(
            {
                title: {name: words(figure) for name, figure in of.items()}
                for title, of in columns.items()
            }
        )
        heading = mo.md(f"# Two models on the same rows\n\n{told.block}. {sentence(told)}.")
        shown = mo.vstack([heading, figures, pd.DataFrame(told.lists)])
    mo.vstack([shown])
    return (shown,)


if __name__ == "__main__":
    _, defined = app.run()
    told = defined["told"]
    print(told if isinstance(told, str) else defined["sentence"](told))
