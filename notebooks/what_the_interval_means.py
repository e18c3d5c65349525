"""What the interval of a risk means: where nine in ten models lie that other children would have
taught. It is the uncertainty of the estimate, not of the child.

By tenth of risk: the mean interval beside what happened. A child either has the event or has not,
so that the outcomes of single children never lie in an interval; the share of many does, where the
model is well calibrated. Where a rehearsal is judged, the interval is the model's at that risk.

`marimo edit notebooks/what_the_interval_means.py -- --store x.db --target relapse`
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import marimo as mo
    import numpy as np
    import pandas as pd

    from features.clock import Clock
    from models.champion import champion, models_folder
    from training.commands.train import load_registry
    from training.evaluation.scored_rows import judged_rows
    from training.metrics.discrimination import bootstraps

    asked = mo.cli_args()
    store, target = asked.get("store") or "demo/demo.db", asked.get("target") or "relapse"
    bundle = champion(models_folder(store), target, rehearsal=True)
    judged = judged_rows(Clock(load_registry(store)), bundle)
    low, high = bundle.calibrator.interval(judged.log_odds)
    return bootstraps, bundle, high, judged, low, mo, np, pd


@app.cell
def _(bootstraps, bundle, high, judged, low, mo, np, pd):
    def share(happened, weight):
        return [np.average(happened, weights=weight)]

    order = np.flatnonzero(judged.known)[np.argsort(judged.risk[judged.known])]
    rows = []
    for number, part in enumerate(np.array_split(order, 10), 1):
        children = len(np.unique(judged.rows.child[part]))
        (seen,) = bootstraps(
            share,
            judged.happened[part],
            judged.weight[part],
            cluster=judged.rows.child[part],
            repeats=200,
        )
        rows.append(
            {
                "tenth": number,
                "children": children,
                "mean risk": judged.risk[part].mean(),
                "interval of the risk": f"{low[part].mean():.3f} to {high[part].mean():.3f}",
                "share with the event": seen.value,
                "95 % of the share": f"{seen.low:.3f} to {seen.high:.3f}",
            }
        )
    table = pd.DataFrame(rows)
    mo.vstack([mo.md(f"# {bundle.target}: intervals and outcomes, by tenth of risk"), table])
    return (table,)


@app.cell
def _(judged, low, high, mo, np):
    narrow = (high - low).mean()
    spread = judged.risk.std()
    mo.md(
        f"The mean interval is {narrow:.3f} wide; risks differ from child to child by "
        f"{spread:.3f} (standard deviation). More records would narrow the first. Nothing but "
        "knowing more of each child moves the second, and neither says which child it will be: at "
        f"the mean risk of {judged.risk.mean():.2f} an outcome still differs from its risk by "
        f"{np.sqrt((judged.risk * (1 - judged.risk)).mean()):.2f}."
    )
    return


if __name__ == "__main__":
    _, defined = app.run()
    print(defined["table"].to_string(index=False))
