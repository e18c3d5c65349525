"""Another district: how the champion does in each area of a kind, on the rows that its report
judges; intervals by child. Of a model that learnt from some areas only, also in the others.

`marimo edit notebooks/another_district.py -- --store x.db --target relapse --by district`
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    from dataclasses import replace

    import marimo as mo
    import numpy as np
    import pandas as pd

    from features.clock import Clock
    from models.bundle import load
    from models.champion import bundles_folder, models_folder, pointer
    from training.cohorts.areas_and_days import Population
    from training.commands.train import load_registry
    from training.evaluation.scored_rows import judged_rows
    from training.metrics.calibration import calibration
    from training.metrics.discrimination import auc, bootstraps

    asked = mo.cli_args()
    store, target = asked.get("store") or "demo/demo.db", asked.get("target") or "relapse"
    by, models = asked.get("by") or "district", models_folder(store)
    version = asked.get("bundle") or pointer(models, target)["bundle"]
    bundle = load(bundles_folder(models) / version, rehearsal=True)
    learnt = Population.of_facts(bundle.facts)
    everywhere = {name: of for name, of in bundle.facts.items() if name != "population"}
    clock = Clock(load_registry(store))
    judged = judged_rows(clock, replace(bundle, facts=everywhere))
    return auc, bootstraps, bundle, by, calibration, clock, judged, learnt, mo, np, pd


@app.cell
def _(auc, bootstraps, bundle, by, calibration, clock, judged, learnt, mo, np, pd):
    def figures(risk, happened, weight):
        measured = calibration(risk, happened, weight)
        return [auc(risk, happened, weight), measured.observed_over_expected]

    def of_area(area, here):
        events = len(np.unique(judged.rows.index[here & (judged.happened == 1)]))
        told = {"area": area, "predictions": int(here.sum()), "events": events}
        told["children"] = len(np.unique(judged.rows.child[here]))
        told["learnt from"] = bool(inside[here].all())
        if events < 5:
            return told | {"AUC": "too few events"}
        columns = (judged.risk[here], judged.happened[here], judged.weight[here])
        found = bootstraps(figures, *columns, cluster=judged.rows.child[here], repeats=200)
        words = [f"{of.value:.2f} ({of.low:.2f} to {of.high:.2f})" for of in found]
        return told | dict(zip(("AUC", "observed / expected"), words, strict=True))

    inside = learnt.judged(clock, judged.rows)
    centre = clock.child_on(judged.rows.child, judged.rows.day)["centre"]
    area = clock.area_of(centre, by)
    ids = getattr(clock.registry, f"{by}_ids").astype(str)
    rows = [of_area(ids[at], judged.known & (area == at)) for at in np.unique(area[area >= 0])]
    table = pd.DataFrame(rows)
    mo.vstack([mo.md(f"# {bundle.target} by {by}, bundle {bundle.version}"), table])
    return (table,)


if __name__ == "__main__":
    _, defined = app.run()
    print(defined["table"].to_string(index=False))
