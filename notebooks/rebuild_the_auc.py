"""Rebuild the report's AUC from a table of features: the bundle's risks of the rows that the report
judges, and scikit-learn's AUC of them.

`sanket features x.db --target relapse -o rows.parquet`, `sanket evaluate x.db -o report.html --json
> report.json`, then `marimo edit notebooks/rebuild_the_auc.py -- --store x.db --target relapse
--rows rows.parquet --report report.json`
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import json
    from pathlib import Path

    import marimo as mo
    import numpy as np
    import pandas as pd
    from sklearn.metrics import roc_auc_score

    from models.bundle import load
    from models.champion import bundles_folder, models_folder

    asked = mo.cli_args()
    store, target = asked.get("store") or "demo/demo.db", asked.get("target") or "relapse"
    rows = pd.read_parquet(asked.get("rows") or "rows.parquet")
    told = json.loads(Path(asked.get("report") or "report.json").read_text(encoding="utf-8"))
    model = next(one for one in told["models"] if one["target"] == target)
    bundle = load(bundles_folder(models_folder(store)) / model["bundle"], rehearsal=True)
    return bundle, mo, model, np, pd, roc_auc_score, rows


@app.cell
def _(bundle, mo, pd, rows):
    children = rows.groupby("block").child.nunique()
    with_event = rows[rows.outcome == "happened"].groupby("block").child.nunique()
    parts = pd.DataFrame({"rows": rows.block.value_counts(), "children": children})
    parts["children_with_event"] = with_event
    mo.vstack([mo.md(f"# Rows of {bundle.target}, by the part they played"), parts])
    return (parts,)


@app.cell
def _(bundle, mo, model, np, roc_auc_score, rows):
    figures = model["figures"]
    speaks = bundle.rehearsal if figures["block"] == "rehearsal" else bundle
    judged = rows[rows.judged & (rows.judged_weight > 0)]
    log_odds = speaks.log_odds(judged[list(speaks.columns)].to_numpy(float))
    risk = 1 / (1 + np.exp(-log_odds))
    auc = roc_auc_score(judged.outcome == "happened", risk, sample_weight=judged.judged_weight)
    reported = figures["discrimination"]["overall"]["model"]["value"]
    assert abs(risk - judged.judged_risk).max() < 1e-12, "the table's risks are not this bundle's"
    assert abs(auc - reported) < 1e-6, f"rebuilt {auc}, reported {reported}"
    mo.md(
        f"AUC {auc:.6f} rebuilt from {len(judged)} rows with a known outcome; the report says "
        f"{reported:.6f}."
    )
    return auc, reported


if __name__ == "__main__":
    _, defined = app.run()
    print(f"AUC {defined['auc']:.6f} rebuilt; the report says {defined['reported']:.6f}")
